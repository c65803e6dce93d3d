/*
 * test_watch_hostile - what an account can do to process watch with names and places
 *
 * Job:     directories deeper than PATH_MAX, directories swapped for links while files
 *          are written, rename loops, a directory of many files, leases, mounts that go.
 * Touches: a temporary directory, child processes; as root an own mount namespace.
 */
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "watch_frame.h"

#define DEEP 700 /* levels of 12 bytes: 8,400 */

static void
write_at(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0 || close(fd) != 0) {
		printf("%s: %s\n", name, strerror(errno));
		exit(1);
	}
}

static void
stop(int exit_code)
{
	int status = wj_stop(&j);

	T_EQ(j.bad, 0);
	T_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == exit_code, "status %d",
		status);
}

static bool
seen_inode(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       wj_find(&j, st.st_dev, st.st_ino)->used;
}

static bool
sees_inode(int dir, const char *name)
{
	mono_t end = mono_after_ms(clock_mono(), WJ_LONG_MS);

	while (!seen_inode(dir, name) && clock_mono().us < end.us)
		if (wj_pump(&j, 20, 0) < 0)
			return false;
	return seen_inode(dir, name);
}

/* A file deeper than any path: seen as an event, and again by the walk of a new start. */
static void
test_deep(void)
{
	int fd = open(at("home/a/www"), O_PATH | O_DIRECTORY), next, i;

	start("");
	for (i = 0; i < DEEP; i++) {
		T_EQ(mkdirat(fd, "directory-xx", 0755) == 0 || errno == EEXIST, 1);
		next = openat(fd, "directory-xx", O_PATH | O_DIRECTORY);
		close(fd);
		fd = next;
		if (fd < 0)
			break;
	}
	T_CHECK(fd >= 0);
	write_at(fd, "deep.php", "deep");
	(void)wj_pump(&j, 5000, 600);
	T_CHECK(sees_inode(fd, "deep.php"));
	T_CHECK(wj_hurry(&j, (uint32_t)geteuid(), 1));
	stop(0);
	start("");
	(void)wj_pump(&j, 5000, 600);
	T_CHECK(sees_inode(fd, "deep.php"));
	stop(0);
	/* out of the way, from the bottom up */
	unlinkat(fd, "deep.php", 0);
	for (i = 0; i < DEEP; i++) {
		next = openat(fd, "..", O_PATH | O_DIRECTORY);
		close(fd);
		fd = next;
		unlinkat(fd, "directory-xx", AT_REMOVEDIR);
	}
	close(fd);
}

/* A directory and a link to another account's directory change places all the time. */
static void
test_swap(void)
{
	struct stat st;
	pid_t pid;
	int secret, i;

	mkdir(at("secret"), 0755);
	secret = open(at("secret"), O_PATH | O_DIRECTORY);
	write_at(secret, "f0.php", "another's");
	write_at(secret, "f1.php", "another's");
	mkdir(at("home/a/www/swap"), 0755);
	T_EQ(symlink(at("secret"), at("home/a/www/link")), 0);
	start("");
	pid = fork();
	if (pid == 0) {
		for (;;)
			(void)syscall(SYS_renameat2, AT_FDCWD, at("home/a/www/swap"),
				      AT_FDCWD, at("home/a/www/link"),
				      2 /* RENAME_EXCHANGE */);
	}
	for (i = 0; i < 3000; i++) {
		char name[64];
		int fd;

		snprintf(name, sizeof name, "home/a/www/%s/f%d.php",
			 i & 1 ? "swap" : "link", i & 3);
		/* through whichever is the directory just now; "secret" is not written to
		 */
		fd = open(at(name), O_WRONLY | O_NOFOLLOW | O_CREAT, 0644);
		if (fd >= 0)
			close(fd);
		if (i % 100 == 0)
			(void)wj_pump(&j, 1, 0);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	(void)wj_pump(&j, 2000, 500);
	T_EQ(fstatat(secret, "f0.php", &st, 0), 0);
	T_CHECK(!wj_find(&j, st.st_dev, st.st_ino)->used,
		"another's file was handed over");
	T_CHECK(!seen_inode(secret, "f1.php"));
	/* and it sees what comes afterwards */
	write_at(secret, "../home/a/www/after.php", "after");
	(void)wj_pump(&j, 2000, 300);
	T_CHECK(wj_sees(&j, at("home/a/www/after.php")));
	stop(0);
	close(secret);
}

/* Many files in one directory, few credits, a small bound: all come in the end. */
static void
test_many(void)
{
	int dir, i, missing = 0;

	mkdir(at("home/a/www/many"), 0755);
	dir = open(at("home/a/www/many"), O_PATH | O_DIRECTORY);
	start("queue_uid_max = 100\n");
	for (i = 0; i < 5000; i++) {
		char name[32];

		snprintf(name, sizeof name, "f%d.php", i);
		write_at(dir, name, name);
	}
	for (i = 0; i < 5000; i++) {
		char name[32];

		snprintf(name, sizeof name, "f%d.php", i);
		missing +=
		    !(missing == 0 ? sees_inode(dir, name) : seen_inode(dir, name));
	}
	T_EQ(missing, 0);
	stop(0);
	close(dir);
}

/* A lease makes a plain open wait for 45 s; ours must not. */
static void
test_lease(void)
{
	int dir = open(at("home/a/www"), O_PATH | O_DIRECTORY), fd;
	int64_t before;

	start("");
	write_at(dir, "leased.php", "leased");
	fd = open(at("home/a/www/leased.php"), O_RDWR);
	(void)signal(SIGIO, SIG_IGN);
	if (fd < 0 || fcntl(fd, F_SETLEASE, F_WRLCK) != 0) {
		T_CHECK(fd >= 0);
		goto out; /* not every file system has leases */
	}
	(void)wj_pump(&j, 300, 0);
	T_CHECK(!seen_inode(dir, "leased.php"));
	before = clock_mono().us;
	write_at(dir, "other.php", "not delayed");
	(void)wj_pump(&j, 200, 0);
	T_CHECK(sees_inode(dir, "other.php"));
	T_CHECK(clock_mono().us - before < 40000000);
	(void)fcntl(fd, F_SETLEASE, F_UNLCK);
	T_CHECK(sees_inode(dir, "leased.php"));
out:
	stop(0);
	if (fd >= 0)
		close(fd);
	close(dir);
}

/* Root only: a file system with a root goes and comes back. */
static void
test_mounts(void)
{
	int status = 0;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return;
	mkdir(at("home/m"), 0755);
	mkdir(at("home/m/www"), 0755);
	if (mount("none", at("home/m/www"), "tmpfs", 0, NULL) != 0)
		return;
	start("watch_glob_s = 1\n");
	write_at(AT_FDCWD, at("home/m/www/one.php"), "one");
	(void)wj_pump(&j, 1000, 300);
	T_CHECK(wj_sees(&j, at("home/m/www/one.php")));
	T_EQ(umount(at("home/m/www")), 0); /* nothing of ours keeps it busy */
	(void)wj_pump(&j, 500, 0);
	T_EQ(mount("none", at("home/m/www"), "tmpfs", 0, NULL), 0);
	(void)wj_pump(&j, 1500, 0);
	write_at(AT_FDCWD, at("home/m/www/two.php"), "two");
	if (strcmp(j.backend, "fanotify") == 0) {
		/* it cannot mark without privileges: it must end, to be started again;
		 * the link is closed before the process has ended */
		mono_t end = mono_after_ms(clock_mono(), 2 * WJ_LONG_MS);
		pid_t ended;

		while ((ended = waitpid(j.pid, &status, WNOHANG)) == 0 &&
		       clock_mono().us < end.us)
			if (wj_pump(&j, 1000, 0) < 0)
				usleep(10000);
		T_EQ(ended, j.pid);
		T_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 75, "status 0x%x",
			status);
		link_fini(&j.link);
		link_fini(&j.parent);
		free(j.files);
		start("");
		(void)wj_pump(&j, 1000, 400);
	}
	(void)wj_pump(&j, 1000, 400);
	T_CHECK(wj_sees(&j, at("home/m/www/two.php")));
	stop(0);
	(void)umount(at("home/m/www"));
}

/* No watches left in the kernel: said, and what changes is found all the same, later. */
static void
test_unwatched(void)
{
	pid_t pid;
	int status = -1, fd;

	mkdir(at("home/a/www/wide"), 0777);
	for (fd = 0; fd < 20; fd++) {
		char name[64];

		snprintf(name, sizeof name, "home/a/www/wide/d%d", fd);
		mkdir(at(name), 0777);
		T_EQ(chmod(at(name), 0777), 0);
	}
	pid = fork();
	if (pid != 0) {
		T_EQ(waitpid(pid, &status, 0), pid);
		T_CHECK(status == 0, "status %d", status);
		return;
	}
	/* an own user namespace, in which nobody but us has watches */
	t_failed = 0;
	fd = unshare(CLONE_NEWUSER) == 0
		 ? open("/proc/sys/user/max_inotify_watches", O_WRONLY)
		 : -1;
	if (strcmp(backend, "inotify") != 0 || fd < 0 || write(fd, "12", 2) != 2)
		_exit(0);
	start("");
	(void)wj_pump(&j, 300, 0);
	T_CHECK(strstr(j.degraded, "max_user_watches") != NULL, "%s", j.degraded);
	fd = open(at("home/a/www/wide/d19/late.php"), O_WRONLY | O_CREAT, 0666);
	T_CHECK(fd >= 0);
	if (fd >= 0)
		T_EQ(write(fd, "late", 4), 4);
	close(fd);
	for (status = 0; status < 180 && !wj_has(&j, at("home/a/www/wide/d19/late.php"));
	     status++)
		(void)wj_pump(&j, 1000, 0);
	T_CHECK(wj_has(&j, at("home/a/www/wide/d19/late.php")));
	T_CHECK(j.sight.rescans > 0);
	stop(0);
	exit(t_failed != 0);
}

static void
all(void)
{
	test_deep();
	test_swap();
	test_many();
	test_lease();
	if (getenv("WATCH_SLOW") != NULL) {
		test_mounts(); /* half a minute: watch does not start again sooner */
		test_unwatched();
	}
}

int
main(void)
{
	return both_backends("test_watch_h", all);
}
