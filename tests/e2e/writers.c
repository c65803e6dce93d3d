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
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
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

static void below(char *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void make_dir(char *buf, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
below_v(char *buf, const char *fmt, va_list ap)
{
	size_t n = (size_t)snprintf(buf, P, "%s/", writers_top);

	if (vsnprintf(buf + n, P - n, fmt, ap) >= (int)(P - n))
		writers_die("path too long");
}

/* A path in the tree, into buf, which has P bytes. */
static void
below(char *buf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	below_v(buf, fmt, ap);
	va_end(ap);
}

/* The same, and the directory is made. */
static void
make_dir(char *buf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	below_v(buf, fmt, ap);
	va_end(ap);
	mkdir(buf, 0755);
}

/* The directory of this kind's i-th file: 500 files a directory. */
static void
dir_of(char *buf, const char *kind, long i)
{
	below(buf, "home/a/www/%s%ld", kind, i / 500);
	if (i % 500 == 0)
		mkdir(buf, 0755);
}

/* This kind's i-th file, its directory made. */
static void
file_of(char *buf, const char *kind, long i)
{
	dir_of(buf, kind, i);
	below(buf, "home/a/www/%s%ld/f%ld.php", kind, i / 500, i);
}

static void
move(const char *from, const char *to)
{
	if (rename(from, to) != 0)
		writers_die(to);
}

/* A second name for it, and one of the two removed again. */
static void
link_and_unlink(const char *from, const char *to, const char *gone)
{
	if (link(from, to) != 0 || unlink(gone) != 0)
		writers_die(to);
}

static void
w_create(long n)
{
	char p[P];

	for (long i = 0; i < n; i++) {
		file_of(p, "create", i);
		writers_file(p, "create", i, 0);
	}
}

static void
w_temp_rename(long n)
{
	char p[P], q[P];

	for (long i = 0; i < n; i++) {
		dir_of(p, "rename", i);
		below(p, "home/a/www/rename%ld/.f%ld.tmp", i / 500, i);
		/* every second replaces */
		below(q, "home/a/www/rename%ld/f%ld.php", i / 500, i / 2);
		writers_file(p, "rename", i, 0);
		move(p, q);
	}
}

static void
w_rename_in(long n)
{
	char p[P], q[P];

	below(p, "home/a/in.tmp");
	for (long i = 0; i < n; i++) {
		file_of(q, "in", i);
		writers_file(p, "in", i, 0);
		move(p, q);
	}
}

static void
w_link(long n)
{
	char p[P], q[P];

	for (long i = 0; i < n; i++) {
		below(p, "home/a/%slink.tmp", i % 2 ? "" : "www/");
		file_of(q, "link", i);
		writers_file(p, "link", i, 0);
		link_and_unlink(p, q, p);
	}
}

/* written, linked to a second name, and the newer name removed again */
static void
w_unlink_newer(long n)
{
	char p[P], q[P];

	below(q, "home/a/www/newer.tmp");
	for (long i = 0; i < n; i++) {
		file_of(p, "newer", i);
		writers_file(p, "newer", i, 0);
		link_and_unlink(p, q, q);
	}
}

static void
w_mkdir_p(long n)
{
	char p[P];

	make_dir(p, "home/a/www/deep");
	for (long i = 0; i < n; i++) {
		make_dir(p, "home/a/www/deep/%ld", i);
		make_dir(p, "home/a/www/deep/%ld/b", i);
		make_dir(p, "home/a/www/deep/%ld/b/c", i);
		below(p, "home/a/www/deep/%ld/b/c/f.php", i);
		writers_file(p, "deep", i, 0);
	}
}

static void
w_append(long n)
{
	char p[P];

	for (int round = 0; round < 2; round++) {
		for (long i = 0; i < n; i++) {
			int fd;

			file_of(p, "append", i);
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
	char p[P];

	for (long i = 0; i < n; i++) {
		char *m;
		int fd;

		file_of(p, "mmap", i);
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
	char p[P];

	for (long i = 0; i < n; i++) {
		file_of(p, "trunc", i);
		writers_file(p, "trunc", i, 0);
	}
	for (long i = 0; i < n; i++) {
		int fd;

		below(p, "home/a/www/trunc%ld/f%ld.php", i / 500, i);
		fd = open(p, O_WRONLY);
		if (fd < 0 || ftruncate(fd, 10 + i % 7) != 0)
			writers_die(p);
		close(fd);
	}
}

static void
w_tmpfile(long n)
{
	char d[P], p[P], self[64];

	for (long i = 0; i < n; i++) {
		int fd;

		dir_of(d, "tmpfile", i);
		file_of(p, "tmpfile", i);
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
	char d[P], p[P];

	for (long i = 0; i < n / 50; i++) {
		make_dir(d, "home/a/dir.tmp");
		for (long k = 0; k < 50; k++) {
			if (k == 25)
				make_dir(p, "home/a/dir.tmp/sub");
			below(p, "home/a/dir.tmp/%sf%ld.php", k < 25 ? "" : "sub/", k);
			writers_file(p, "dirin", i * 50 + k, 0);
		}
		below(p, "home/a/www/dirin%ld", i);
		move(d, p);
	}
}

/* files are written into a directory that is renamed all the time */
static void
w_dir_rename(long n)
{
	char p[P], q[P];
	long name = 0, next;

	make_dir(p, "home/a/www/ren0");
	for (long i = 0; i < n; i++) {
		below(p, "home/a/www/ren%ld/f%ld.php", name, i);
		writers_file(p, "dirren", i, 0);
		if (i % 100 != 99)
			continue;
		next = i / 100 % 2 + 1;
		below(p, "home/a/www/ren%ld", name);
		below(q, "home/a/www/ren%ld", next);
		if (next != name)
			move(p, q);
		name = next;
	}
}

static void
w_rewrite(long n)
{
	char p[P];

	make_dir(p, "home/a/www/rewrite");
	for (long i = 0; i < n; i++) {
		below(p, "home/a/www/rewrite/f%ld.php", i % 97);
		writers_file(p, "rewrite", i, 1);
	}
}

/* Its status. */
static int
run(const char *dir, const char *const argv[])
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (chdir(dir) != 0)
			_exit(126);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	return status;
}

static void
must_run(const char *dir, const char *const argv[])
{
	int status = run(dir, argv);

	if (status != 0)
		fprintf(stderr, "watch-oracle: %s: status %d\n", argv[0], status);
}

/* the arguments of a program */
#define ARGV(...) ((const char *[]){__VA_ARGS__, NULL})

/* A writer for which the machine has no program is said, not passed over. */
static bool
has_program(const char *name, const char *check)
{
	if (run("/", ARGV("sh", "-c", check)) == 0)
		return true;
	printf("not tested: %s\n", name);
	return false;
}

/* n files, 100 a directory, to be copied. */
static void
make_source(const char *base, const char *kind, long n, int version)
{
	char p[P];

	make_dir(p, "%s", base);
	for (long i = 0; i < n; i++) {
		if (i % 100 == 0)
			make_dir(p, "%s/d%ld", base, i / 100);
		below(p, "%s/d%ld/f%ld.php", base, i / 100, i);
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
	below(d, "sync/");
	below(to, "home/a/www/sync");
	for (version = 0; version < 2; version++) {
		make_source("sync", "rsync", n / 2, version);
		must_run(writers_top, ARGV("rsync", "-a", "-c", d, to));
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
	below(archive, "src.zip");
	below(www, "home/a/www");
	snprintf(count, sizeof count, "%ld", n);
	must_run(writers_top, ARGV("php", "-r", pack, archive, count));
	must_run(www, ARGV("php", "-r", unpack, archive, www));
}

/* tar and git, the real ones */
static void
w_programs(long n)
{
	char p[P * 5], www[P], archive[P];

	below(www, "home/a/www");
	below(archive, "src.tar");
	make_source("src", "tar", n, 0);
	must_run(writers_top, ARGV("tar", "cf", archive, "src"));
	must_run(www, ARGV("tar", "xf", archive));
	snprintf(
	    p, sizeof p,
	    "cd '%s/src' && git init -q . && git add -A && git -c user.name=o -c "
	    "user.email=o@o.test commit -qm one && git clone -q '%s/src' '%s/clone' && "
	    "for i in 1 2 3; do for f in d0/*; do echo $i >> $f; done; git add -A && "
	    "git -c user.name=o -c user.email=o@o.test commit -qm $i; done && "
	    "cd '%s/clone' && git pull -q && git checkout -q HEAD~2 && "
	    "git checkout -q HEAD~1",
	    writers_top, writers_top, www, www);
	/* no repacking that goes on after the last command */
	(void)setenv("GIT_CONFIG_PARAMETERS", "'gc.auto=0' 'maintenance.auto=false'", 1);
	must_run(writers_top, ARGV("sh", "-c", p));
}

/* in another mount namespace, and through a bind mount there */
static void
w_namespace(long n)
{
	char d[P], p[P + 64], www[P];

	if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0)
		return;
	(void)mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	make_dir(www, "home/a/www/ns");
	make_dir(d, "bind");
	if (mount(www, d, NULL, MS_BIND, NULL) != 0)
		writers_die("bind mount");
	for (long i = 0; i < n; i++) {
		snprintf(p, sizeof p, "%s/f%ld.php", i % 2 ? d : www, i);
		writers_file(p, "ns", i, 0);
	}
}

/* through a bind mount that everybody sees; main made and removes it */
static void
w_bind(long n)
{
	char p[P];

	below(p, "bound/here");
	if (access(p, F_OK) != 0) {
		printf("not tested: bind mount\n");
		return;
	}
	for (long i = 0; i < n; i++) {
		below(p, "bound/f%ld.php", i);
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
