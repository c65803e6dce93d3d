/*
 * fs_probe - what one backend sees on one file system
 *
 * Usage:   fs_probe BACKEND DIR [ELSEWHERE]     prints one cell of the table in
 *          mailbraked(8). ELSEWHERE: another place at which the same files can be
 *          written. exit 1: what was written was not all seen.
 * Touches: DIR/www, ELSEWHERE/www, a child process.
 */
#include <limits.h>
#include <sys/mman.h>

#include "watch_judge.h"

static struct wj j;
static const char *top;
static int64_t wait_s = 3; /* for each file: FS_WAIT_S where it must be seen */

static const char *
at(const char *base, const char *name)
{
	static char buf[4][PATH_MAX];
	static int n;
	char *p = buf[n++ & 3];

	snprintf(p, sizeof buf[0], "%s/%s", base, name);
	return p;
}

static void
put(const char *path, const char *text, int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | flags, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		printf("(%s: %s) ", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* The file's pages are written through a mapping, as databases and some editors do. */
static void
put_mapped(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0644);
	char *m = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, 100) == 0)
		m = mmap(NULL, 100, PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (m == MAP_FAILED)
		return;
	memcpy(m, "mapped", 6);
	munmap(m, 100);
}

static const char *const here[] = {"made",    "old",    "moved",   "linked",
				   "d/e/new", "mapped", "subvol/x"};

static void
write_here(void)
{
	put(at(top, "www/made"), "made", 0);
	put(at(top, "www/old"), "appended", O_APPEND);
	put(at(top, "tmp"), "moved", 0);
	(void)rename(at(top, "tmp"), at(top, "www/moved"));
	put(at(top, "tmp"), "linked", 0);
	if (link(at(top, "tmp"), at(top, "www/linked")) != 0)
		printf("(link: %s) ", strerror(errno));
	(void)unlink(at(top, "tmp"));
	mkdir(at(top, "www/d"), 0755);
	mkdir(at(top, "www/d/e"), 0755);
	put(at(top, "www/d/e/new"), "in a just-made directory", 0);
	put_mapped(at(top, "www/mapped"));
	if (access(at(top, "www/subvol"), F_OK) == 0)
		put(at(top, "www/subvol/x"), "in a subvolume", 0);
}

/* Those of the names that exist and were seen; waits for each, but not for ever. */
static void
count(const char *where, const char *const *names, size_t n, int *missed)
{
	size_t i, there = 0, seen = 0;
	char path[PATH_MAX];

	for (i = 0; i < n; i++) {
		mono_t end = mono_after_ms(clock_mono(), wait_s * 1000);

		snprintf(path, sizeof path, "%s/www/%s", top, names[i]);
		if (access(path, F_OK) != 0)
			continue;
		there++;
		while (!wj_has(&j, path) && clock_mono().us < end.us)
			if (wj_pump(&j, 20, 0) < 0)
				exit(2);
		if (wj_has(&j, path))
			seen++;
		else
			printf("(not %s) ", names[i]);
	}
	printf("%s %zu of %zu; ", where, seen, there);
	*missed += seen < there;
}

int
main(int argc, char **argv)
{
	static const char *const elsewhere[] = {"made2", "old2", "d2/new"};
	char conf[PATH_MAX + 256];
	int missed = 0;

	if (argc < 3)
		return 64;
	if (getenv("FS_WAIT_S") != NULL)
		wait_s = strtol(getenv("FS_WAIT_S"), NULL, 10);
	top = argv[2];
	mkdir(at(top, "www"), 0755);
	put(at(top, "www/old"), "old", 0);
	put(at(top, "www/old2"), "old", 0);
	snprintf(conf, sizeof conf,
		 "watch_roots = %s/www\nwatch_backend = %s\nsettle_ms = 30\n"
		 "user_watch = %u\n",
		 top, argv[1], geteuid() == 0 ? 64002 : 0);
	wj_start(&j, conf, 256);
	if (!wj_ready(&j))
		printf("not ready: ");
	if (strcmp(j.backend, argv[1]) != 0) {
		printf("%s\n", j.degraded);
		(void)wj_stop(&j);
		return 0;
	}
	write_here();
	count("written here", here, sizeof here / sizeof here[0], &missed);
	if (argc > 3) {
		put(at(argv[3], "www/made2"), "made elsewhere", 0);
		put(at(argv[3], "www/old2"), "appended elsewhere", O_APPEND);
		mkdir(at(argv[3], "www/d2"), 0755);
		put(at(argv[3], "www/d2/new"), "made elsewhere", 0);
		count("elsewhere", elsewhere, 3, &missed);
	}
	printf("%s\n", j.degraded);
	(void)wj_stop(&j);
	return missed > 0;
}
