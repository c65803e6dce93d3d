/*
 * writers - see writers.h
 *
 * Job:     each way a file comes to be on a server, as fast as it goes.
 * Touches: the tree below writers_top; tar, git, rsync and PHP as children.
 */
#include "writers.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

char writers_top[PATH_MAX / 2];

void
writers_die(const char *what)
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
		writers_die("write");
}

void
writers_file(const char *path, const char *kind, long i, int version)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0)
		writers_die(path);
	put_text(fd, kind, i, version);
	close(fd);
}

/* The directory of this kind's i-th file: 500 files a directory. */
static void
place(char *buf, const char *base, const char *kind, long i)
{
	snprintf(buf, PATH_MAX, "%s/%s/%s%ld", writers_top, base, kind, i / 500);
	if (i % 500 == 0)
		mkdir(buf, 0755);
}

static void
w_create(long n)
{
	char d[PATH_MAX], p[P];
	long i;

	for (i = 0; i < n; i++) {
		place(d, "home/a/www", "create", i);
		snprintf(p, sizeof p, "%s/f%ld.php", d, i);
		writers_file(p, "create", i, 0);
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
		writers_file(p, "rename", i, 0);
		if (rename(p, q) != 0)
			writers_die(q);
	}
}

static void
w_rename_in(long n)
{
	char d[PATH_MAX], p[P], q[P];
	long i;

	for (i = 0; i < n; i++) {
		place(d, "home/a/www", "in", i);
		snprintf(p, sizeof p, "%s/home/a/in.tmp", writers_top);
		snprintf(q, sizeof q, "%s/f%ld.php", d, i);
		writers_file(p, "in", i, 0);
		if (rename(p, q) != 0)
			writers_die(q);
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
			 i % 2 ? "%s/home/a/link.tmp" : "%s/home/a/www/link.tmp",
			 writers_top);
		snprintf(q, sizeof q, "%s/f%ld.php", d, i);
		writers_file(p, "link", i, 0);
		if (link(p, q) != 0 || unlink(p) != 0)
			writers_die(q);
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
		snprintf(q, sizeof q, "%s/home/a/www/newer.tmp", writers_top);
		writers_file(p, "newer", i, 0);
		if (link(p, q) != 0 || unlink(q) != 0)
			writers_die(q);
	}
}

static void
w_mkdir_p(long n)
{
	char p[P];
	long i;

	snprintf(p, sizeof p, "%s/home/a/www/deep", writers_top);
	mkdir(p, 0755);
	for (i = 0; i < n; i++) {
		snprintf(p, sizeof p, "%s/home/a/www/deep/%ld", writers_top, i);
		mkdir(p, 0755);
		strcat(p, "/b");
		mkdir(p, 0755);
		strcat(p, "/c");
		mkdir(p, 0755);
		strcat(p, "/f.php");
		writers_file(p, "deep", i, 0);
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
				writers_die(p);
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
			writers_die(p);
		m = mmap(NULL, 100, PROT_WRITE, MAP_SHARED, fd, 0);
		if (m == MAP_FAILED)
			writers_die("mmap");
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
		writers_file(p, "trunc", i, 0);
	}
	for (i = 0; i < n; i++) {
		snprintf(p, sizeof p, "%s/home/a/www/trunc%ld/f%ld.php", writers_top,
			 i / 500, i);
		fd = open(p, O_WRONLY);
		if (fd < 0 || ftruncate(fd, 10 + i % 7) != 0)
			writers_die(p);
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
			writers_die(p);
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
		snprintf(d, sizeof d, "%s/home/a/dir.tmp", writers_top);
		mkdir(d, 0755);
		for (k = 0; k < 50; k++) {
			if (k == 25) {
				strcat(d, "/sub");
				mkdir(d, 0755);
			}
			snprintf(p, sizeof p, "%s/f%ld.php", d, k);
			writers_file(p, "dirin", i * 50 + k, 0);
		}
		snprintf(d, sizeof d, "%s/home/a/dir.tmp", writers_top);
		snprintf(q, sizeof q, "%s/home/a/www/dirin%ld", writers_top, i);
		if (rename(d, q) != 0)
			writers_die(q);
	}
}

/* files are written into a directory that is renamed all the time */
static void
w_dir_rename(long n)
{
	char d[P], p[P + 64], q[P];
	long i;

	snprintf(d, sizeof d, "%s/home/a/www/ren0", writers_top);
	mkdir(d, 0755);
	for (i = 0; i < n; i++) {
		snprintf(p, sizeof p, "%s/f%ld.php", d, i);
		writers_file(p, "dirren", i, 0);
		if (i % 100 != 99)
			continue;
		snprintf(q, sizeof q, "%s/home/a/www/ren%ld", writers_top,
			 i / 100 % 2 + 1);
		if (strcmp(d, q) != 0 && rename(d, q) != 0)
			writers_die(q);
		memcpy(d, q, sizeof d);
	}
}

static void
w_rewrite(long n)
{
	char p[P];
	long i;

	snprintf(p, sizeof p, "%s/home/a/www/rewrite", writers_top);
	mkdir(p, 0755);
	for (i = 0; i < n; i++) {
		snprintf(p, sizeof p, "%s/home/a/www/rewrite/f%ld.php", writers_top,
			 i % 97);
		writers_file(p, "rewrite", i, 1);
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

	snprintf(d, sizeof d, "%s/%s", writers_top, base);
	mkdir(d, 0755);
	for (i = 0; i < n; i++) {
		snprintf(d, sizeof d, "%s/%s/d%ld", writers_top, base, i / 100);
		if (i % 100 == 0)
			mkdir(d, 0755);
		snprintf(p, sizeof p, "%s/f%ld.php", d, i);
		writers_file(p, kind, i, version);
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
	snprintf(d, sizeof d, "%s/sync/", writers_top);
	snprintf(to, sizeof to, "%s/home/a/www/sync", writers_top);
	for (version = 0; version < 2; version++) {
		make_source("sync", "rsync", n / 2, version);
		run(writers_top,
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
	snprintf(archive, sizeof archive, "%s/src.zip", writers_top);
	snprintf(www, sizeof www, "%s/home/a/www", writers_top);
	snprintf(count, sizeof count, "%ld", n);
	run(writers_top,
	    (char *[]){(char *)"php", (char *)"-r", (char *)pack, archive, count, NULL});
	run(www,
	    (char *[]){(char *)"php", (char *)"-r", (char *)unpack, archive, www, NULL});
}

/* tar and git, the real ones */
static void
w_programs(long n)
{
	char p[P * 5], www[P], archive[P];

	snprintf(www, sizeof www, "%s/home/a/www", writers_top);
	snprintf(archive, sizeof archive, "%s/src.tar", writers_top);
	make_source("src", "tar", n, 0);
	run(writers_top,
	    (char *[]){(char *)"tar", (char *)"cf", archive, (char *)"src", NULL});
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
	    writers_top, writers_top, www, www);
	/* no repacking that goes on after the last command */
	(void)setenv("GIT_CONFIG_PARAMETERS", "'gc.auto=0' 'maintenance.auto=false'", 1);
	run(writers_top, (char *[]){(char *)"sh", (char *)"-c", p, NULL});
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
	snprintf(www, sizeof www, "%s/home/a/www/ns", writers_top);
	mkdir(www, 0755);
	snprintf(d, sizeof d, "%s/bind", writers_top);
	mkdir(d, 0755);
	if (mount(www, d, NULL, MS_BIND, NULL) != 0)
		writers_die("bind mount");
	for (i = 0; i < n; i++) {
		snprintf(p, sizeof p, "%s/f%ld.php", i % 2 ? d : www, i);
		writers_file(p, "ns", i, 0);
	}
}

/* through a bind mount that everybody sees; main made and removes it */
static void
w_bind(long n)
{
	char p[P];
	long i;

	snprintf(p, sizeof p, "%s/bound/here", writers_top);
	if (access(p, F_OK) != 0) {
		printf("not tested: bind mount\n");
		return;
	}
	for (i = 0; i < n; i++) {
		snprintf(p, sizeof p, "%s/bound/f%ld.php", writers_top, i);
		writers_file(p, "bind", i, 0);
	}
}

const struct writer writers[] = {
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
const size_t writers_count = sizeof writers / sizeof writers[0];
