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
#include <sys/mman.h>
#include <sys/mount.h>

#include "watch_judge.h"

static struct wj j;
static char top[PATH_MAX / 2];
static unsigned long counted, missed, wrong;
static char first_missed[8][PATH_MAX];

static void
die(const char *what)
{
	fprintf(stderr, "watch-oracle: %s: %s\n", what, strerror(errno));
	_exit(2);
}

static void
put_text(int fd, const char *kind, long i, int version)
{
	char text[128];
	int n = snprintf(text, sizeof text, "<?php /* %s %ld version %d */ ?>\n", kind, i,
			 version);

	if (write(fd, text, (size_t)n) != n)
		die("write");
}

static void
make_file(const char *path, const char *kind, long i, int version)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0)
		die(path);
	put_text(fd, kind, i, version);
	close(fd);
}

/* The directory of this kind's i-th file: 500 files a directory. */
static void
place(char *buf, const char *base, const char *kind, long i)
{
	snprintf(buf, PATH_MAX, "%s/%s/%s%ld", top, base, kind, i / 500);
	if (i % 500 == 0)
		mkdir(buf, 0755);
}

typedef void (*writer_fn)(long n);

#define P PATH_MAX + 64

static void
w_create(long n)
{
	char d[PATH_MAX], p[P];
	long i;

	for (i = 0; i < n; i++) {
		place(d, "home/a/www", "create", i);
		snprintf(p, sizeof p, "%s/f%ld.php", d, i);
		make_file(p, "create", i, 0);
	}
}

static void
w_temp_rename(long n)
{
	char d[PATH_MAX], p[P], q[P];
	long i;

	for (i = 0; i < n; i++) {
		place(d, "home/a/www", "rename", i);
		snprintf(p, sizeof p, "%s/.f%ld.tmp", d, i);
		snprintf(q, sizeof q, "%s/f%ld.php", d,
			 i / 2); /* every second replaces */
		make_file(p, "rename", i, 0);
		if (rename(p, q) != 0)
			die(q);
	}
}

static void
w_rename_in(long n)
{
	char d[PATH_MAX], p[P], q[P];
	long i;

	for (i = 0; i < n; i++) {
		place(d, "home/a/www", "in", i);
		snprintf(p, sizeof p, "%s/home/a/in.tmp", top);
		snprintf(q, sizeof q, "%s/f%ld.php", d, i);
		make_file(p, "in", i, 0);
		if (rename(p, q) != 0)
			die(q);
	}
}

static void
w_link(long n)
{
	char d[PATH_MAX], p[P], q[P];
	long i;

	for (i = 0; i < n; i++) {
		place(d, "home/a/www", "link", i);
		snprintf(p, sizeof p,
			 i % 2 ? "%s/home/a/link.tmp" : "%s/home/a/www/link.tmp", top);
		snprintf(q, sizeof q, "%s/f%ld.php", d, i);
		make_file(p, "link", i, 0);
		if (link(p, q) != 0 || unlink(p) != 0)
			die(q);
	}
}

/* written, linked to a second name, and the newer name removed again */
static void
w_unlink_newer(long n)
{
	char d[PATH_MAX], p[P], q[P];
	long i;

	for (i = 0; i < n; i++) {
		place(d, "home/a/www", "newer", i);
		snprintf(p, sizeof p, "%s/f%ld.php", d, i);
		snprintf(q, sizeof q, "%s/home/a/www/newer.tmp", top);
		make_file(p, "newer", i, 0);
		if (link(p, q) != 0 || unlink(q) != 0)
			die(q);
	}
}

static void
w_mkdir_p(long n)
{
	char p[P];
	long i;

	snprintf(p, sizeof p, "%s/home/a/www/deep", top);
	mkdir(p, 0755);
	for (i = 0; i < n; i++) {
		snprintf(p, sizeof p, "%s/home/a/www/deep/%ld", top, i);
		mkdir(p, 0755);
		strcat(p, "/b");
		mkdir(p, 0755);
		strcat(p, "/c");
		mkdir(p, 0755);
		strcat(p, "/f.php");
		make_file(p, "deep", i, 0);
	}
}

static void
w_append(long n)
{
	char d[PATH_MAX], p[P];
	long i;
	int fd, round;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < n; i++) {
			place(d, "home/a/www", "append", i);
			snprintf(p, sizeof p, "%s/f%ld.php", d, i);
			fd = open(p, O_WRONLY | O_CREAT | O_APPEND, 0644);
			if (fd < 0)
				die(p);
			put_text(fd, "append", i, round);
			close(fd);
		}
	}
}

static void
w_mmap(long n)
{
	char d[PATH_MAX], p[P];
	long i;

	for (i = 0; i < n; i++) {
		char *m;
		int fd;

		place(d, "home/a/www", "mmap", i);
		snprintf(p, sizeof p, "%s/f%ld.php", d, i);
		fd = open(p, O_RDWR | O_CREAT, 0644);
		if (fd < 0 || ftruncate(fd, 100) != 0)
			die(p);
		m = mmap(NULL, 100, PROT_WRITE, MAP_SHARED, fd, 0);
		if (m == MAP_FAILED)
			die("mmap");
		close(fd); /* the mapping keeps the file open for writing */
		snprintf(m, 100, "mmap %ld", i);
		munmap(m, 100);
	}
}

static void
w_truncate(long n)
{
	char d[PATH_MAX], p[P];
	long i;
	int fd;

	for (i = 0; i < n; i++) {
		place(d, "home/a/www", "trunc", i);
		snprintf(p, sizeof p, "%s/f%ld.php", d, i);
		make_file(p, "trunc", i, 0);
	}
	for (i = 0; i < n; i++) {
		snprintf(p, sizeof p, "%s/home/a/www/trunc%ld/f%ld.php", top, i / 500, i);
		fd = open(p, O_WRONLY);
		if (fd < 0 || ftruncate(fd, 10 + i % 7) != 0)
			die(p);
		close(fd);
	}
}

static void
w_tmpfile(long n)
{
	char d[PATH_MAX], p[P], self[64];
	long i;
	int fd;

	for (i = 0; i < n; i++) {
		place(d, "home/a/www", "tmpfile", i);
		snprintf(p, sizeof p, "%s/f%ld.php", d, i);
		fd = open(d, O_TMPFILE | O_RDWR, 0600);
		if (fd < 0)
			return; /* not every file system has it */
		put_text(fd, "tmpfile", i, 0);
		snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
		if (linkat(AT_FDCWD, self, AT_FDCWD, p, AT_SYMLINK_FOLLOW) != 0)
			die(p);
		close(fd);
	}
}

/* a whole directory is made outside and moved in */
static void
w_dir_in(long n)
{
	char d[P], p[P + 64], q[P];
	long i, k;

	for (i = 0; i < n / 50; i++) {
		snprintf(d, sizeof d, "%s/home/a/dir.tmp", top);
		mkdir(d, 0755);
		for (k = 0; k < 50; k++) {
			if (k == 25) {
				strcat(d, "/sub");
				mkdir(d, 0755);
			}
			snprintf(p, sizeof p, "%s/f%ld.php", d, k);
			make_file(p, "dirin", i * 50 + k, 0);
		}
		snprintf(d, sizeof d, "%s/home/a/dir.tmp", top);
		snprintf(q, sizeof q, "%s/home/a/www/dirin%ld", top, i);
		if (rename(d, q) != 0)
			die(q);
	}
}

/* files are written into a directory that is renamed all the time */
static void
w_dir_rename(long n)
{
	char d[P], p[P + 64], q[P];
	long i;

	snprintf(d, sizeof d, "%s/home/a/www/ren0", top);
	mkdir(d, 0755);
	for (i = 0; i < n; i++) {
		snprintf(p, sizeof p, "%s/f%ld.php", d, i);
		make_file(p, "dirren", i, 0);
		if (i % 100 != 99)
			continue;
		snprintf(q, sizeof q, "%s/home/a/www/ren%ld", top, i / 100 % 2 + 1);
		if (strcmp(d, q) != 0 && rename(d, q) != 0)
			die(q);
		memcpy(d, q, sizeof d);
	}
}

static void
w_rewrite(long n)
{
	char p[P];
	long i;

	snprintf(p, sizeof p, "%s/home/a/www/rewrite", top);
	mkdir(p, 0755);
	for (i = 0; i < n; i++) {
		snprintf(p, sizeof p, "%s/home/a/www/rewrite/f%ld.php", top, i % 97);
		make_file(p, "rewrite", i, 1);
	}
}

static void
run(const char *dir, char *const argv[])
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (chdir(dir) != 0)
			_exit(126);
		execvp(argv[0], argv);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	if (status != 0)
		fprintf(stderr, "watch-oracle: %s: status %d\n", argv[0], status);
}

/* A writer for which the machine has no program is said, not passed over. */
static bool
has_program(const char *name, const char *check)
{
	if (system(check) == 0)
		return true;
	printf("not tested: %s\n", name);
	return false;
}

/* n files, 100 a directory, to be copied. */
static void
make_source(const char *base, const char *kind, long n, int version)
{
	char d[P], p[P + 64];
	long i;

	snprintf(d, sizeof d, "%s/%s", top, base);
	mkdir(d, 0755);
	for (i = 0; i < n; i++) {
		snprintf(d, sizeof d, "%s/%s/d%ld", top, base, i / 100);
		if (i % 100 == 0)
			mkdir(d, 0755);
		snprintf(p, sizeof p, "%s/f%ld.php", d, i);
		make_file(p, kind, i, version);
	}
}

/* rsync: a hidden temporary file each, renamed over the old one */
static void
w_rsync(long n)
{
	char d[P], to[P];
	int version;

	if (!has_program("rsync", "rsync --version >/dev/null 2>&1"))
		return;
	snprintf(d, sizeof d, "%s/sync/", top);
	snprintf(to, sizeof to, "%s/home/a/www/sync", top);
	for (version = 0; version < 2; version++) {
		make_source("sync", "rsync", n / 2, version);
		run(top,
		    (char *[]){(char *)"rsync", (char *)"-a", (char *)"-c", d, to, NULL});
	}
}

/* An archive unpacked by PHP, as a content manager's updater does it. */
static void
w_php_zip(long n)
{
	static const char pack[] =
	    "$z = new ZipArchive; $z->open($argv[1], ZipArchive::CREATE); "
	    "for ($i = 0; $i < (int)$argv[2]; $i++) $z->addFromString('zip/d' . "
	    "intdiv($i, 100) . \"/f$i.php\", \"<?php // zip $i\"); $z->close();";
	static const char unpack[] =
	    "$z = new ZipArchive; $z->open($argv[1]); $z->extractTo($argv[2]);";
	char archive[P], www[P], count[32];

	if (!has_program("ZIP through PHP",
			 "php -r 'exit(class_exists(\"ZipArchive\") ? 0 : 1);' "
			 ">/dev/null 2>&1"))
		return;
	snprintf(archive, sizeof archive, "%s/src.zip", top);
	snprintf(www, sizeof www, "%s/home/a/www", top);
	snprintf(count, sizeof count, "%ld", n);
	run(top,
	    (char *[]){(char *)"php", (char *)"-r", (char *)pack, archive, count, NULL});
	run(www,
	    (char *[]){(char *)"php", (char *)"-r", (char *)unpack, archive, www, NULL});
}

/* tar and git, the real ones */
static void
w_programs(long n)
{
	char p[P * 5], www[P], archive[P];

	snprintf(www, sizeof www, "%s/home/a/www", top);
	snprintf(archive, sizeof archive, "%s/src.tar", top);
	make_source("src", "tar", n, 0);
	run(top, (char *[]){(char *)"tar", (char *)"cf", archive, (char *)"src", NULL});
	run(www, (char *[]){(char *)"tar", (char *)"xf", archive, NULL});
	snprintf(
	    p, sizeof p,
	    "cd '%s/src' && git init -q . && git add -A && git -c user.name=o -c "
	    "user.email=o@o.test commit -qm one && git clone -q '%s/src' '%s/clone' && "
	    "for i in 1 2 3; do for f in d0/*; do echo $i >> $f; done; git add -A && git "
	    "-c "
	    "user.name=o -c user.email=o@o.test commit -qm $i; done && cd '%s/clone' && "
	    "git "
	    "pull -q && git checkout -q HEAD~2 && git checkout -q HEAD~1",
	    top, top, www, www);
	/* no repacking that goes on after the last command */
	(void)setenv("GIT_CONFIG_PARAMETERS", "'gc.auto=0' 'maintenance.auto=false'", 1);
	run(top, (char *[]){(char *)"sh", (char *)"-c", p, NULL});
}

/* in another mount namespace, and through a bind mount there */
static void
w_namespace(long n)
{
	char d[P], p[P + 64], www[P];
	long i;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0)
		return;
	(void)mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	snprintf(www, sizeof www, "%s/home/a/www/ns", top);
	mkdir(www, 0755);
	snprintf(d, sizeof d, "%s/bind", top);
	mkdir(d, 0755);
	if (mount(www, d, NULL, MS_BIND, NULL) != 0)
		die("bind mount");
	for (i = 0; i < n; i++) {
		snprintf(p, sizeof p, "%s/f%ld.php", i % 2 ? d : www, i);
		make_file(p, "ns", i, 0);
	}
}

/* through a bind mount that everybody sees; main made and removes it */
static void
w_bind(long n)
{
	char p[P];
	long i;

	snprintf(p, sizeof p, "%s/bound/here", top);
	if (access(p, F_OK) != 0) {
		printf("not tested: bind mount\n");
		return;
	}
	for (i = 0; i < n; i++) {
		snprintf(p, sizeof p, "%s/bound/f%ld.php", top, i);
		make_file(p, "bind", i, 0);
	}
}

static const struct writer {
	const char *name;
	writer_fn fn;
	unsigned uid; /* as this account, when root */
} writers[] = {
    {"create", w_create, 0},
    {"temp+rename", w_temp_rename, 0},
    {"rename in", w_rename_in, 0},
    {"link", w_link, 0},
    {"newer name gone", w_unlink_newer, 0},
    {"mkdir -p", w_mkdir_p, 0},
    {"append", w_append, 0},
    {"mmap", w_mmap, 0},
    {"truncate", w_truncate, 0},
    {"O_TMPFILE", w_tmpfile, 0},
    {"directory in", w_dir_in, 0},
    {"directory renamed", w_dir_rename, 0},
    {"rewrite", w_rewrite, 0},
    {"tar, git", w_programs, 0},
    {"namespace", w_namespace, 0},
    {"rsync", w_rsync, 0},
    {"ZIP through PHP", w_php_zip, 0},
    {"bind mount", w_bind, 0},
};
#define WRITERS (sizeof writers / sizeof writers[0])

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
			die("watch is gone");
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
			die("setuid");
		for (i = first; i < first + files; i++) {
			FILE *f;

			usleep(20000);
			snprintf(p, sizeof p, "%s/home/b/www/f%ld.php", top, i);
			f = fopen(p, "w");
			if (f == NULL)
				die(p);
			fprintf(f, "T%lld ", (long long)clock_mono().us);
			fclose(f);
		}
		_exit(0);
	}
	while (waitpid(pid, NULL, WNOHANG) == 0)
		if (wj_pump(&j, 20, 0) < 0)
			die("watch is gone");
	end = mono_after_ms(clock_mono(), WJ_LONG_MS);
	while (j.delay_count < (size_t)files && clock_mono().us < end.us)
		if (wj_pump(&j, 20, 0) < 0)
			die("watch is gone");
	if (j.delay_count == 0)
		die("nothing came");
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

	snprintf(p, sizeof p, "%s/home/a/www", top);
	(void)chown(p, 64101, 64101);
	snprintf(p, sizeof p, "%s/home/b", top);
	mkdir(p, 0755);
	snprintf(p, sizeof p, "%s/home/b/www", top);
	mkdir(p, 0755);
	(void)chown(p, 64102, 64102);
	(void)wj_pump(&j, 500, 0);
	wj_send_want(&j, 0);
	j.work_us = 1000;
	alone = quiet_writer(0, 100);
	loud = fork();
	if (loud == 0) {
		if (setgid(64101) != 0 || setuid(64101) != 0)
			die("setuid");
		w_create(n);
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

	snprintf(www, sizeof www, "%s/home/a/www/bind", top);
	snprintf(d, sizeof d, "%s/bound", top);
	mkdir(www, 0755);
	mkdir(d, 0755);
	if (geteuid() != 0 || mount(www, d, NULL, MS_BIND, NULL) != 0)
		return;
	snprintf(d, sizeof d, "%s/bound/here", top);
	make_file(d, "bind", -1, 0);
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

int
main(int argc, char **argv)
{
	char conf[PATH_MAX + 512], p[P];
	long n;
	size_t i, running = WRITERS;
	mono_t begin;
	double took;

	bool is_fair;

	if (argc < 4)
		return 64;
	is_fair = argc > 4 && strcmp(argv[4], "fair") == 0;
	n = strtol(argv[2], NULL, 10) / (long)WRITERS;
	snprintf(top, sizeof top, "%s/oracle.XXXXXX", argv[3]);
	if (mkdtemp(top) == NULL)
		die(top);
	if (argc > 5)
		few_watches(argv[5]);
	/* mounts of ours end with us, whatever happens */
	if (geteuid() == 0 && (unshare(CLONE_NEWNS) != 0 ||
			       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0))
		die("mount namespace");
	chmod(top, 0755);
	snprintf(p, sizeof p, "%s/home", top);
	mkdir(p, 0755);
	snprintf(p, sizeof p, "%s/home/a", top);
	mkdir(p, 0755);
	snprintf(p, sizeof p, "%s/home/a/www", top);
	mkdir(p, 0755);
	snprintf(conf, sizeof conf,
		 "watch_roots = %s/home/*/www\nwatch_backend = %s\nsettle_ms = %d\n"
		 "queue_uid_max = %s\nuser_watch = %u\n",
		 top, argv[1], is_fair ? 0 : 50, argc > 4 && !is_fair ? argv[4] : "20000",
		 geteuid() == 0 ? 64002 : 0);
	wj_start(&j, conf, is_fair ? 16 : 256);
	if (!wj_ready(&j))
		die("watch is not ready");
	if (is_fair)
		return fair(strtol(argv[2], NULL, 10));
	bind_mount();
	begin = clock_mono();
	for (i = 0; i < WRITERS; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			if (geteuid() == 0 && writers[i].uid != 0 &&
			    setuid(writers[i].uid) != 0)
				die("setuid");
			writers[i].fn(n);
			_exit(0);
		}
	}
	while (running > 0) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid == j.pid)
			die("watch ended");
		if (pid > 0 && status != 0)
			fprintf(stderr, "watch-oracle: a writer ended with %d\n", status);
		running -= pid > 0;
		if (pid == 0 && wj_pump(&j, 20, 0) < 0)
			die("watch is gone");
	}
	took = (double)mono_diff_us(clock_mono(), begin) / 1e6;
	settle();
	snprintf(p, sizeof p, "%s/home/a/www", top);
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
