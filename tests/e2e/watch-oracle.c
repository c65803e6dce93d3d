/*
 * watch-oracle - is every file that exists in the end seen with what it holds in the end?
 *
 * Job:     writers of every kind at full speed, several at once, against a real watch;
 *          then the tree is walked and each file compared with what watch handed over.
 * Usage:   watch-oracle BACKEND FILES DIR [queue_uid_max [watches the kernel has for us]]
 *                                               exit 1: files were missed
 *          watch-oracle BACKEND FILES DIR fair  as root: one account writes FILES files
 *              as fast as it can, another one a file now and then; exit 1: that one
 *              waited as if it stood in the other's line
 * Touches: DIR, child processes; as root also own mount namespaces and foreign uids.
 */
#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <sys/mount.h>

#include "watch_judge.h"
#include "writers.h"

static struct wj j;
static unsigned long counted, missed, wrong;
static char first_missed[8][PATH_MAX];

static int
check_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)f;
	if (type != FTW_F || !S_ISREG(st->st_mode))
		return 0;
	counted++;
	if (wj_has(&j, path))
		return 0;
	if (wj_find(&j, st->st_dev, st->st_ino)->used)
		wrong++;
	if (missed < 8)
		snprintf(first_missed[missed], PATH_MAX, "%s", path);
	missed++;
	return 0;
}

/*
 * Nothing comes any more, and watch says that nothing waits. What the kernel had no
 * watches left for is found by rescans: one that began after the last write must be over.
 */
static void
settle(void)
{
	mono_t end = mono_after_ms(clock_mono(), 1800000);
	uint64_t rescans = j.sight.rescans;
	int quiet = 0;

	while (quiet < 2 && clock_mono().us < end.us) {
		long files = wj_pump(&j, 6000, 0); /* a SIGHT comes every 5 s */
		bool owed = strstr(j.degraded, "not watched") != NULL &&
			    j.sight.rescans < rescans + 2;

		if (files < 0)
			writers_die("watch is gone");
		if (files == 0 && j.sight.files_waiting == 0 &&
		    j.sight.rescan_dirs_left == 0 && !owed)
			quiet++;
		else
			quiet = 0;
	}
}

static int
by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* As uid 64102: `files` files from number `first` on, one every 20 ms. Collects how long
 * each waited; returns the 99th percentile, microseconds. */
static int64_t
quiet_writer(long first, long files)
{
	char p[P];
	mono_t end;
	pid_t pid;
	long i;

	j.delay_count = 0;
	pid = fork();
	if (pid == 0) {
		if (setgid(64102) != 0 || setuid(64102) != 0)
			writers_die("setuid");
		for (i = first; i < first + files; i++) {
			FILE *f;

			usleep(20000);
			snprintf(p, sizeof p, "%s/home/b/www/f%ld.php", writers_top, i);
			f = fopen(p, "w");
			if (f == NULL)
				writers_die(p);
			fprintf(f, "T%lld ", (long long)clock_mono().us);
			fclose(f);
		}
		_exit(0);
	}
	while (waitpid(pid, NULL, WNOHANG) == 0)
		if (wj_pump(&j, 20, 0) < 0)
			writers_die("watch is gone");
	end = mono_after_ms(clock_mono(), WJ_LONG_MS);
	while (j.delay_count < (size_t)files && clock_mono().us < end.us)
		if (wj_pump(&j, 20, 0) < 0)
			writers_die("watch is gone");
	if (j.delay_count == 0)
		writers_die("nothing came");
	qsort(j.delays, j.delay_count, sizeof j.delays[0], by_size);
	return j.delays[j.delay_count * 99 / 100];
}

/*
 * uid 64101 writes all it can beside it. Judge takes 1 ms for each: without
 * fairness the quiet account waits behind some 20,000 files, 20 s. A tenth of that is the
 * limit, and what it waits when it is alone says how much is the machine's doing.
 */
static int
fair(long n)
{
	char p[P];
	pid_t loud;
	int64_t alone, beside;

	snprintf(p, sizeof p, "%s/home/a/www", writers_top);
	(void)chown(p, 64101, 64101);
	snprintf(p, sizeof p, "%s/home/b", writers_top);
	mkdir(p, 0755);
	snprintf(p, sizeof p, "%s/home/b/www", writers_top);
	mkdir(p, 0755);
	(void)chown(p, 64102, 64102);
	(void)wj_pump(&j, 500, 0);
	wj_send_want(&j, 0);
	j.work_us = 1000;
	alone = quiet_writer(0, 100);
	loud = fork();
	if (loud == 0) {
		if (setgid(64101) != 0 || setuid(64101) != 0)
			writers_die("setuid");
		writers[0].fn(n); /* create */
		_exit(0);
	}
	beside = quiet_writer(100, 200);
	kill(loud, SIGKILL);
	(void)waitpid(loud, NULL, 0);
	printf(
	    "%s fair: %zu of 200 files of the quiet account, waited p50 %.1f ms p99 "
	    "%.1f ms worst %.1f ms (alone p99 %.1f ms); the loud one: %llu handed over, "
	    "%llu over its bound\n",
	    j.backend, j.delay_count, (double)j.delays[j.delay_count / 2] / 1e3,
	    (double)beside / 1e3, (double)j.delays[j.delay_count - 1] / 1e3,
	    (double)alone / 1e3, (unsigned long long)j.received,
	    (unsigned long long)j.sight.dropped);
	(void)wj_stop(&j);
	return j.delay_count < 200 || beside > 2000000 + 10 * alone;
}

/* home/a/www/bind also at bound, until the end of our own mount namespace. */
static void
bind_mount(void)
{
	char d[P], www[P];

	snprintf(www, sizeof www, "%s/home/a/www/bind", writers_top);
	snprintf(d, sizeof d, "%s/bound", writers_top);
	mkdir(www, 0755);
	mkdir(d, 0755);
	if (geteuid() != 0 || mount(www, d, NULL, MS_BIND, NULL) != 0)
		return;
	snprintf(d, sizeof d, "%s/bound/here", writers_top);
	writers_file(d, "bind", -1, 0);
}

/* A user namespace of our own, in which nobody but us has watches. */
static void
few_watches(const char *number)
{
	int fd = unshare(CLONE_NEWUSER) == 0
		     ? open("/proc/sys/user/max_inotify_watches", O_WRONLY)
		     : -1;

	if (fd < 0 || write(fd, number, strlen(number)) < 0) {
		printf("not tested: only %s watches\n", number);
		exit(0);
	}
	close(fd);
}

/* The tree, and watch on it. fair: no settling, and judge takes its time. */
static void
begin(const char *backend, const char *dir, const char *queue_uid_max, bool is_fair)
{
	static const char *const parts[] = {"home", "home/a", "home/a/www"};
	char conf[PATH_MAX + 512], p[P];
	size_t i;

	/* mounts of ours end with us, whatever happens */
	if (geteuid() == 0 && (unshare(CLONE_NEWNS) != 0 ||
			       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0))
		writers_die("mount namespace");
	snprintf(writers_top, sizeof writers_top, "%s/oracle.XXXXXX", dir);
	if (mkdtemp(writers_top) == NULL)
		writers_die(writers_top);
	chmod(writers_top, 0755);
	for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		snprintf(p, sizeof p, "%s/%s", writers_top, parts[i]);
		mkdir(p, 0755);
	}
	snprintf(conf, sizeof conf,
		 "watch_roots = %s/home/*/www\nwatch_backend = %s\nsettle_ms = %d\n"
		 "queue_uid_max = %s\nuser_watch = %u\n",
		 writers_top, backend, is_fair ? 0 : 50, queue_uid_max,
		 geteuid() == 0 ? 64002 : 0);
	wj_start(&j, conf, is_fair ? 16 : 256);
	if (!wj_ready(&j))
		writers_die("watch is not ready");
}

/* All of them at once, n files each; until the last has ended. Seconds. */
static double
write_all(long n)
{
	size_t i, running = writers_count;
	mono_t from = clock_mono();

	for (i = 0; i < writers_count; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			if (geteuid() == 0 && writers[i].uid != 0 &&
			    setuid(writers[i].uid) != 0)
				writers_die("setuid");
			writers[i].fn(n);
			_exit(0);
		}
	}
	while (running > 0) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid == j.pid)
			writers_die("watch ended");
		if (pid > 0 && status != 0)
			fprintf(stderr, "watch-oracle: a writer ended with %d\n", status);
		running -= pid > 0;
		if (pid == 0 && wj_pump(&j, 20, 0) < 0)
			writers_die("watch is gone");
	}
	return (double)mono_diff_us(clock_mono(), from) / 1e6;
}

int
main(int argc, char **argv)
{
	char p[P];
	size_t i;
	double took;
	bool is_fair = argc > 4 && strcmp(argv[4], "fair") == 0;

	if (argc < 4)
		return 64;
	if (argc > 5)
		few_watches(argv[5]);
	begin(argv[1], argv[3], argc > 4 && !is_fair ? argv[4] : "20000", is_fair);
	if (is_fair)
		return fair(strtol(argv[2], NULL, 10));
	bind_mount();
	took = write_all(strtol(argv[2], NULL, 10) / (long)writers_count);
	settle();
	snprintf(p, sizeof p, "%s/home/a/www", writers_top);
	(void)nftw(p, check_one, 64, FTW_PHYS);
	printf("%s: %lu files, %lu missed (%lu of them seen with other content), %llu "
	       "handed over "
	       "(event %llu walk %llu rescan %llu), wrote for %.1f s, overflows %llu "
	       "rescans %llu "
	       "over bound %llu bad %llu\n",
	       j.backend, counted, missed, wrong, (unsigned long long)j.received,
	       (unsigned long long)j.causes[0], (unsigned long long)j.causes[1],
	       (unsigned long long)j.causes[2], took,
	       (unsigned long long)j.sight.overflows, (unsigned long long)j.sight.rescans,
	       (unsigned long long)j.sight.dropped, (unsigned long long)j.bad);
	if (j.degraded[0] != '\0')
		printf("degraded: %s\n", j.degraded);
	for (i = 0; i < missed && i < 8; i++)
		printf("missed: %s\n", first_missed[i]);
	(void)wj_stop(&j);
	return counted == 0 || missed > 0 || j.bad > 0;
}
