/*
 * test_watch - process watch as judge sees it: what is handed over, what is refused
 *
 * Job:     start a real watch over a temporary directory and play judge to it.
 * Touches: temporary directories, child processes. Both backends at once; without root
 *          (or a kernel for it) fanotify falls back to inotify, which is tested then.
 */
#include <sched.h>
#include <sys/mount.h>

#include "watch_frame.h"

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0) {
		printf("%s: %s\n", path, strerror(errno));
		exit(1);
	}
}

static void
stop(void)
{
	T_EQ(j.bad, 0);
	T_EQ(wj_stop(&j), 0);
}

static void
test_kinds(void)
{
	int fd;

	start("");
	write_file(at("home/a/www/one.php"), "one");
	write_file(at("home/a/tmp.php"), "renamed in");
	T_EQ(rename(at("home/a/tmp.php"), at("home/a/www/two.php")), 0);
	write_file(at("home/a/x.php"), "linked");
	T_EQ(link(at("home/a/x.php"), at("home/a/www/three.php")), 0);
	mkdir(at("home/a/www/d"), 0755);
	mkdir(at("home/a/www/d/e"), 0755);
	mkdir(at("home/a/www/d/e/f"), 0755);
	write_file(at("home/a/www/d/e/f/four.php"), "deep at once");
	write_file(at("home/a/www/new\nline\xff.php"), "hostile name");
	fd = open(at("home/a/www"), O_TMPFILE | O_RDWR, 0600);
	if (fd >= 0) {
		char self[64];

		T_EQ(write(fd, "tmpfile", 7), 7);
		snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
		T_EQ(linkat(AT_FDCWD, self, AT_FDCWD, at("home/a/www/five.php"),
			    AT_SYMLINK_FOLLOW),
		     0);
		close(fd);
	}
	mkdir(at("home/a/out"), 0755);
	write_file(at("home/a/out/six.php"), "in a directory moved in");
	T_EQ(rename(at("home/a/out"), at("home/a/www/in")), 0);
	(void)wj_pump(&j, 3000, 400);
	T_CHECK(wj_sees(&j, at("home/a/www/one.php")));
	T_CHECK(wj_sees(&j, at("home/a/www/two.php")));
	T_CHECK(wj_sees(&j, at("home/a/www/three.php")));
	T_CHECK(wj_sees(&j, at("home/a/www/d/e/f/four.php")));
	T_CHECK(wj_sees(&j, at("home/a/www/new\nline\xff.php")));
	if (fd >= 0)
		T_CHECK(wj_sees(&j, at("home/a/www/five.php")));
	T_CHECK(wj_sees(&j, at("home/a/www/in/six.php")));
	/* in directories that were renamed after they were entered */
	T_EQ(rename(at("home/a/www/d"), at("home/a/www/g")), 0);
	write_file(at("home/a/www/g/e/f/seven.php"), "after a rename");
	write_file(at("home/a/www/one.php"), "one, changed");
	(void)wj_pump(&j, 3000, 400);
	T_CHECK(wj_sees(&j, at("home/a/www/g/e/f/seven.php")));
	T_CHECK(strstr(j.last_path, top) != NULL);
	T_CHECK(wj_sees(&j, at("home/a/www/one.php")));
	stop();
}

static bool
handed_over(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && wj_find(&j, st.st_dev, st.st_ino)->used;
}

/* Nothing but regular files is handed over, and nothing outside the roots. */
static void
test_refused(void)
{
	start("");
	mkdir(at("home/a/outside"), 0755);
	write_file(at("home/a/outside/secret"), "not under a root");
	T_EQ(symlink(at("home/a/outside/secret"), at("home/a/www/link.php")), 0);
	T_EQ(symlink(at("home/a/outside"), at("home/a/www/dirlink")), 0);
	T_EQ(mkfifo(at("home/a/www/fifo.php"), 0644), 0);
	write_file(at("home/a/outside/more"), "more");
	/* what came to rest before this one is there before it, or never */
	write_file(at("home/a/www/last.php"), "the last");
	T_CHECK(wj_sees(&j, at("home/a/www/last.php")));
	(void)wj_pump(&j, 600, 300);
	T_CHECK(!handed_over(at("home/a/outside/secret")));
	T_CHECK(!handed_over(at("home/a/outside/more")));
	T_CHECK(!handed_over(at("home/a/www/link.php")));
	T_CHECK(!handed_over(at("home/a/www/fifo.php")));
	stop();
}

/* LOOK, and wait for GONE. */
static void
looked(uint64_t uid, uint64_t dev, uint64_t ino, const char *path, uint64_t asked)
{
	mono_t end = mono_after_ms(clock_mono(), WJ_LONG_MS);

	wj_look(&j, (uint32_t)uid, dev, ino, path, asked);
	while (j.gone != asked && clock_mono().us < end.us)
		if (wj_pump(&j, 20, 0) < 0)
			break;
	T_EQ(j.gone, asked);
}

static void
test_look(void)
{
	struct stat st;

	write_file(at("home/a/www/look.php"), "look");
	T_EQ(stat(at("home/a/www/look.php"), &st), 0);
	start("");
	wj_look(&j, st.st_uid, st.st_dev, st.st_ino, at("home/a/www/look.php"), 7);
	looked(st.st_uid + 1, st.st_dev, st.st_ino, at("home/a/www/look.php"), 8);
	T_EQ(j.asked, 7);
	looked(st.st_uid, st.st_dev, st.st_ino + 1, at("home/a/www/look.php"), 9);
	T_EQ(j.gone_ino, st.st_ino + 1);
	looked(st.st_uid, 0, 0, at("home/a/www/../outside/secret"), 10);
	looked(st.st_uid, 0, 0, at("home/a/www/link.php"), 11);
	/* outside of what is watched: that does not mean that it is not there */
	looked(0, 1, 1, "/etc/passwd", 12);
	T_EQ(j.gone_ino, 0);
	T_EQ(unlink(at("home/a/www/look.php")), 0);
	looked(st.st_uid, st.st_dev, st.st_ino, at("home/a/www/look.php"), 13);
	T_EQ(j.gone_ino, st.st_ino);
	looked(st.st_uid, 1, 1, at("home/a/www/none/look.php"), 14);
	T_EQ(j.gone_ino, 1);
	stop();
}

/* First start: everything; later: what changed since. */
static void
test_since(void)
{
	uint64_t n;
	int i;

	mono_t end = mono_after_ms(clock_mono(), WJ_LONG_MS);

	start("");
	T_CHECK(wj_sees(&j, at("home/a/www/g/e/f/four.php")));
	while (j.causes[CAUSE_WALK] <= 5 && clock_mono().us < end.us)
		if (wj_pump(&j, 20, 0) < 0)
			break;
	T_CHECK(j.causes[CAUSE_WALK] > 5, "%llu",
		(unsigned long long)j.causes[CAUSE_WALK]);
	T_EQ(j.causes[CAUSE_EVENT], 0);
	/* judge was asked for each, and none was sent that it did not want */
	T_CHECK(j.founds > 0);
	T_EQ(j.found_files, j.found_wanted);
	n = j.found_files;
	stop();
	start_wanting("", 0);
	j.sated = true;
	wj_send_want(&j, WJ_WANT);
	for (i = 0; i < 200 && j.found_files < n; i++)
		(void)wj_pump(&j, 50, 0);
	T_EQ(j.found_files, n);
	T_EQ(j.received, 0);
	/* what changes afterwards comes as ever */
	write_file(at("home/a/www/g/e/f/four.php"), "changed");
	T_CHECK(wj_sees(&j, at("home/a/www/g/e/f/four.php")));
	stop();
}

static void
test_new_account(void)
{
	start("watch_glob_s = 3600\n");
	mkdir(at("home/b"), 0755);
	mkdir(at("home/b/www"), 0755);
	write_file(at("home/b/www/new.php"), "of a new account");
	(void)wj_pump(&j, 500, 0);
	T_CHECK(wj_sees(&j, at("home/b/www/new.php")));
	/* the root is renamed and another put in its place */
	T_EQ(rename(at("home/b/www"), at("home/b/old")), 0);
	mkdir(at("home/b/www"), 0755);
	write_file(at("home/b/www/again.php"), "in the new root");
	T_CHECK(wj_hurry(&j, (uint32_t)geteuid(), 1));
	T_CHECK(wj_has(&j, at("home/b/www/again.php")) || j.hurried_left > 0);
	T_CHECK(wj_sees(&j, at("home/b/www/again.php")));
	/* a link that an account makes is no root */
	mkdir(at("home/c"), 0755);
	if (geteuid() == 0)
		T_EQ(lchown(at("home/c"), 64003, 64003), 0);
	mkdir(at("home/secret"), 0700);
	write_file(at("home/secret/file"), "of another");
	/* the account's from the first moment: one of root's would be followed */
	T_EQ(symlink(at("home/secret"), at("link")), 0);
	if (geteuid() == 0)
		T_EQ(lchown(at("link"), 64003, 64003), 0);
	T_EQ(rename(at("link"), at("home/c/www")), 0);
	(void)wj_pump(&j, 300, 0);
	if (geteuid() == 0)
		T_CHECK(!wj_has(&j, at("home/secret/file")));
	stop();
}

/* What an account closed before it was asked about is there before the answer; on a
 * machine so busy that it is not, the answer says that something is left. */
static void
test_hurry(void)
{
	int i, missing = 0, there = 0;
	uint32_t uid = (uint32_t)geteuid();

	start("settle_ms = 5000\nsettle_max_ms = 20000\n");
	(void)wj_pump(&j, 2000, 500);
	for (i = 1; i <= 1000; i++) {
		char name[64];

		if (i % 10 == 0) {
			snprintf(name, sizeof name, "home/a/www/h%d", i);
			mkdir(at(name), 0755);
			snprintf(name, sizeof name, "home/a/www/h%d/m.php", i);
		} else {
			snprintf(name, sizeof name, "home/a/www/h%d.php", i);
		}
		write_file(at(name), name);
		if (!wj_hurry(&j, uid, (uint64_t)i)) {
			T_CHECK(0, "no answer to %d", i);
			break;
		}
		if (wj_has(&j, at(name)))
			there++;
		else
			missing += j.hurried_left == 0;
	}
	T_EQ(missing, 0);
	T_CHECK(there >= 500, "%d of 1000 were there before the answer", there);
	stop();
}

/* How often a file came. */
static unsigned
times(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? wj_find(&j, st.st_dev, st.st_ino)->times : 0;
}

/* A file that is closed comes at once; written again and again it settles first. */
static void
test_at_once(void)
{
	unsigned before;
	int i;

	start("settle_ms = 60000\nsettle_max_ms = 60000\n");
	(void)wj_pump(&j, 2000, 500);
	write_file(at("home/a/www/once.php"), "1");
	for (i = 0; i < 300 && !wj_has(&j, at("home/a/www/once.php")); i++)
		(void)wj_pump(&j, 100, 20);
	T_CHECK(wj_has(&j, at("home/a/www/once.php")));
	before = times(at("home/a/www/once.php"));
	for (i = 0; i < 1000; i++)
		write_file(at("home/a/www/once.php"), i % 2 ? "22" : "333");
	(void)wj_pump(&j, 500, 0);
	T_EQ(times(at("home/a/www/once.php")), before);
	T_CHECK(wj_hurry(&j, (uint32_t)geteuid(), 1));
	T_EQ(times(at("home/a/www/once.php")), before + 1);
	stop();
}

/* Until so many files came, and a little longer: no more may. */
static void
comes_and_no_more(uint64_t files)
{
	mono_t end = mono_after_ms(clock_mono(), WJ_LONG_MS);

	while (j.received < files && clock_mono().us < end.us)
		if (wj_pump(&j, 20, 0) < 0)
			break;
	(void)wj_pump(&j, 300, 0);
	T_EQ(j.received, files);
}

/* Without credits nothing comes; with n credits n files do. */
static void
test_credits(void)
{
	int i;

	start("");
	(void)wj_pump(&j, 3000, 700);
	j.greedy = false;
	j.received = 0;
	for (i = 0; i < 200; i++) {
		char name[64];

		snprintf(name, sizeof name, "home/a/www/c%d.php", i);
		write_file(at(name), name);
	}
	comes_and_no_more(WJ_WANT); /* all credits were given back until now */
	wj_send_want(&j, 10);
	comes_and_no_more(WJ_WANT + 10);
	stop();
}

/* A tree that was there before: watched down to its leaves, but for what is left out or
 * mounted in it. As root in an own mount namespace, so in a process of its own. */
static void
crawl(void)
{
	char more[PATH_MAX * 4];
	bool mounted;
	int i;

	for (i = 0; i < 300; i++) {
		char name[64];

		snprintf(name, sizeof name, "home/t/www/s%d", i);
		mkdir(at(name), 0755);
		snprintf(name, sizeof name, "home/t/www/s%d/leaf", i);
		mkdir(at(name), 0755);
	}
	mkdir(at("home/t/www/out"), 0755);
	mkdir(at("home/t/www/out/below"), 0755);
	mkdir(at("home/t/www/mounted"), 0755);
	T_EQ(symlink(at("home/t"), at("home/t/www/link")), 0);
	mounted = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
		  mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		  mount(at("home/t/www/s0"), at("home/t/www/mounted"), NULL, MS_BIND,
			NULL) == 0;
	snprintf(more, sizeof more,
		 "watch_roots = %s\nwatch_backend = %s\nwatch_exclude = %s\n"
		 "settle_ms = 30\nuser_watch = %u\n",
		 at("home/t/www"), backend, at("home/*/www/out"),
		 geteuid() == 0 ? 64002 : 0);
	wj_start(&j, more, WJ_WANT);
	T_CHECK(wj_ready(&j), "degraded: %s", j.degraded);
	if (strcmp(j.backend, "inotify") == 0)
		T_EQ(j.sight.dirs, mounted ? 601 : 602);
	write_file(at("home/t/www/s299/leaf/x.php"), "at a leaf");
	write_file(at("home/t/www/out/below/x.php"), "left out");
	write_file(at("home/t/www/s0/x.php"), "written by its own path");
	T_CHECK(wj_sees(&j, at("home/t/www/s299/leaf/x.php")));
	T_CHECK(wj_sees(&j, at("home/t/www/s0/x.php")));
	T_CHECK(!wj_has(&j, at("home/t/www/out/below/x.php")));
	stop();
}

static void
test_crawl(void)
{
	int status = -1;
	pid_t pid;

	mkdir(at("home/t"), 0755);
	mkdir(at("home/t/www"), 0755);
	pid = fork();
	if (pid == 0) {
		t_failed = 0;
		crawl();
		exit(t_failed != 0);
	}
	T_EQ(waitpid(pid, &status, 0), pid);
	T_EQ(status, 0);
}

static void
all(void)
{
	test_kinds();
	test_refused();
	test_look();
	test_since();
	test_new_account();
	test_hurry();
	test_at_once();
	test_credits();
	test_crawl();
}

int
main(void)
{
	return both_backends("test_watch", all);
}
