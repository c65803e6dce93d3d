/*
 * test_held - a held message is whole or not there
 *
 * Job:     unit test of daemon/judge/held.c and held_head.c.
 * Touches: a temporary directory; children of its own.
 */
#include "t.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "held.h"

static char dir[] = "/tmp/mailbrake-test-held-XXXXXX";
static struct err e;
static struct conf conf;

static const char argv[] = "/usr/sbin/sendmail\0-t\0-f\0a\xff\x80@b.test\0";
static const char env[] = "LANG=C\0X=\xc3\xa9\0";

static struct held_head
head_of(uid_t uid)
{
	return (struct held_head){.uid = uid,
				  .gid = 100,
				  .t = clock_wall(),
				  .rcpts = 3,
				  .login = "web1",
				  .cwd = "/home/web1/\xfe",
				  .reason = "flagged file",
				  .claimed_from = "A <a@b.test>",
				  .claimed_subject = "\x1b[2J \"hi\"",
				  .claimed_script = "",
				  .claimed_message_id = NULL,
				  .argv = argv,
				  .argv_len = sizeof argv - 1,
				  .env = env,
				  .env_len = sizeof env - 1};
}

static int
body_of(const void *p, size_t len)
{
	int fd = memfd_create("body", MFD_CLOEXEC);

	T_CHECK(fd >= 0 && write(fd, p, len) == (ssize_t)len);
	return fd;
}

static struct held_dir *
must_open(void)
{
	struct held_dir *d = NULL;

	T_CHECK(held_dir_open(&d, dir, &e) == 0, "%s", e.text);
	if (d == NULL)
		exit(1);
	return d;
}

static void
test_round(void)
{
	static const char body[] = "From: a\r\n\r\n.\n\0\xff end without newline";
	struct held_dir *d = must_open();
	struct held_head h = head_of(1001);
	const struct held_head *g;
	struct held *m = NULL;
	char got[128], name[200];
	struct stat st;
	uint64_t n, bytes;
	int fd = body_of(body, sizeof body);

	T_EQ(held_scan(d, NULL, NULL, &e), 0);
	T_CHECK(held_write(d, &conf, &h, fd, sizeof body, &e) == 0, "%s", e.text);
	T_CHECK(held_id_ok(h.id), "%s", h.id);
	(void)snprintf(name, sizeof name, "%s/held/%s", dir, h.id);
	T_EQ(stat(name, &st), 0);
	T_EQ(st.st_mode & 07777, 0600);
	T_EQ(st.st_nlink, 1);
	held_usage(d, 1001, &n, &bytes);
	T_EQ(n, 1);
	T_EQ(bytes, sizeof body);

	T_EQ(held_open(d, h.id, true, &m, &e), 1);
	g = held_head(m);
	T_EQ(g->uid, 1001);
	T_EQ(g->t.us, h.t.us);
	T_STR(g->cwd, "/home/web1/\xfe");
	T_STR(g->claimed_subject, "\x1b[2J \"hi\"");
	T_STR(g->claimed_message_id, "");
	T_STR(g->sha256, h.sha256);
	T_EQ(g->argv_len, sizeof argv - 1);
	T_CHECK(memcmp(g->argv, argv, sizeof argv - 1) == 0);
	T_EQ(g->env_len, sizeof env - 1);
	T_CHECK(memcmp(g->env, env, sizeof env - 1) == 0);
	T_EQ(read(held_fd(m), got, sizeof got), sizeof body);
	T_CHECK(memcmp(got, body, sizeof body) == 0);
	T_EQ(held_offset(m) % 4096, 0);
	held_close(&m);

	/* a body shorter than said, and nothing is left of it */
	T_EQ(held_write(d, &conf, &h, fd, sizeof body + 1, &e), -1);
	T_EQ(e.code, ERR_INPUT);
	T_EQ(held_scan(d, NULL, NULL, &e), 1);
	T_EQ(held_remove(d, "../../etc/passwd", &e), -1);
	T_EQ(held_open(d, "0000000000000000", false, &m, &e), 0);
	T_EQ(held_remove(d, "0000000000000000", &e), 0);
	close(fd);
	held_dir_close(&d);
}

static bool
see_problem(void *arg, const char *id, const struct held_head *h, const char *problem)
{
	int *n = arg;

	(void)id;
	if (h == NULL) {
		(*n)++;
		T_CHECK(problem != NULL && problem[0] != '\0');
	}
	return true;
}

/* One byte off in the body or the head, cut, lengthened, renamed. */
static void
test_damage(void)
{
	struct held_dir *d = must_open();
	struct held_head h = head_of(7);
	struct held *m = NULL;
	char name[200], other[200], buf[4200];
	int fd = body_of("hello\n", 6), f, bad = 0;

	T_EQ(held_write(d, &conf, &h, fd, 6, &e), 0);
	(void)snprintf(name, sizeof name, "%s/held/%s", dir, h.id);
	f = open(name, O_RDWR);
	T_EQ(read(f, buf, sizeof buf), 4096 + 6);
	T_EQ(pwrite(f, "j", 1, 4096), 1);
	T_EQ(held_open(d, h.id, false, &m, &e), 1);
	held_close(&m);
	T_EQ(held_open(d, h.id, true, &m, &e), -1);
	T_CHECK(strstr(e.text, "SHA-256") != NULL, "%s", e.text);
	T_CHECK(m == NULL);
	T_EQ(pwrite(f, "h", 1, 4096), 1);
	T_EQ(held_open(d, h.id, true, &m, &e), 1);
	held_close(&m);
	T_EQ(ftruncate(f, 4096 + 5), 0);
	T_EQ(held_open(d, h.id, false, &m, &e), -1);
	T_EQ(e.code, ERR_INPUT);
	T_EQ(ftruncate(f, 100), 0);
	T_EQ(held_open(d, h.id, false, &m, &e), -1);
	T_EQ(pwrite(f, buf, 4096 + 6, 0), 4096 + 6);
	T_EQ(pwrite(f, "X", 1, 60), 1);
	(void)held_open(d, h.id, false, &m, &e);
	held_close(&m);
	T_EQ(pwrite(f, buf, 4096 + 6, 0), 4096 + 6);
	(void)snprintf(other, sizeof other, "%s/held/zzzzzzzzzzzzzzzz", dir);
	T_EQ(link(name, other), 0);
	T_EQ(held_open(d, "zzzzzzzzzzzzzzzz", false, &m, &e), -1);
	T_CHECK(held_scan(d, see_problem, &bad, &e) >= 1);
	T_EQ(bad, 1);
	T_EQ(held_remove(d, "zzzzzzzzzzzzzzzz", &e), 1);
	T_EQ(held_remove(d, h.id, &e), 1);
	T_EQ(held_remove(d, h.id, &e), 0);
	close(f);
	close(fd);
	held_dir_close(&d);
}

static int
files_in_dir(void)
{
	char name[128];
	struct dirent *de;
	int n = 0;
	DIR *dp;

	(void)snprintf(name, sizeof name, "%s/held", dir);
	dp = opendir(name);
	while (dp != NULL && (de = readdir(dp)) != NULL)
		n += de->d_name[0] != '.' || strlen(de->d_name) > 2;
	if (dp != NULL)
		closedir(dp);
	return n;
}

static void
test_limits(void)
{
	struct held_dir *d = must_open();
	struct conf c = conf;
	struct held_head h = head_of(5);
	struct rlimit old, tight;
	static char big[300000], huge[600000];
	int fd = body_of(big, sizeof big), before;
	uint64_t n, bytes;

	T_EQ(held_scan(d, NULL, NULL, &e), 1);
	c.held_messages_max = 2;
	T_EQ(held_write(d, &c, &h, fd, 10, &e), 0);
	T_EQ(held_write(d, &c, &h, fd, 10, &e), 0);
	T_EQ(held_write(d, &c, &h, fd, 10, &e), -1);
	T_EQ(e.code, ERR_AGAIN);
	T_CHECK(strstr(e.text, "held_messages_max 2") != NULL, "%s", e.text);
	c = conf;
	c.held_bytes_max = 1000;
	T_EQ(held_write(d, &c, &h, fd, 981, &e), -1);
	T_EQ(held_write(d, &c, &h, fd, 980, &e), 0);
	c = conf;
	c.held_free_min = INT64_MAX / 2;
	T_EQ(held_write(d, &c, &h, fd, 10, &e), -1);
	T_CHECK(strstr(e.text, "held_free_min") != NULL, "%s", e.text);

	/* a full disk: said as such, nothing left behind, not counted */
	before = files_in_dir();
	T_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight = old;
	tight.rlim_cur = 100000;
	(void)signal(SIGXFSZ, SIG_IGN);
	T_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
	T_EQ(held_write(d, &conf, &h, fd, sizeof big, &e), -1);
	T_EQ(e.code, ERR_AGAIN);
	T_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
	T_EQ(files_in_dir(), before);
	held_usage(d, 5, &n, &bytes);
	T_EQ(n, 3);
	T_EQ(bytes, 1000);
	T_EQ(held_write(d, &conf, &h, fd, sizeof big, &e), 0);

	/* a head beyond its limit is the giver's fault */
	memset(huge, 'x', sizeof huge - 1);
	h.env = huge;
	h.env_len = sizeof huge;
	T_EQ(held_write(d, &conf, &h, fd, 10, &e), -1);
	T_EQ(e.code, ERR_INPUT);
	T_EQ(files_in_dir(), before + 1);
	close(fd);
	held_dir_close(&d);
}

static bool
check_sorted(void *arg, const char *id, const struct held_head *h, const char *problem)
{
	char *last = arg;

	T_CHECK(problem == NULL && h != NULL, "%s", problem == NULL ? "" : problem);
	T_CHECK(strcmp(last, id) < 0, "%s before %s", last, id);
	(void)snprintf(last, HELD_ID, "%s", id);
	return true;
}

/* Ids rise even when the clock does not. */
static void
test_order(void)
{
	struct held_dir *d = must_open();
	struct held_head h = head_of(9);
	char last[HELD_ID] = "";
	int fd = body_of("x", 1), i;

	h.t.us -= 1000000;
	for (i = 0; i < 50; i++) {
		char was[HELD_ID];

		(void)snprintf(was, sizeof was, "%s", i == 0 ? "" : h.id);
		h.t.us -= 10;
		T_EQ(held_write(d, &conf, &h, fd, 1, &e), 0);
		T_CHECK(strcmp(was, h.id) < 0);
	}
	T_CHECK(held_scan(d, check_sorted, last, &e) > 50);
	close(fd);
	held_dir_close(&d);
}

struct crowd {
	struct held_dir *d;
	unsigned first;
	int written, refused;
};

static void *
write_crowd(void *arg)
{
	struct crowd *w = arg;
	struct conf c = conf;
	struct err why;
	int fd = memfd_create("body", MFD_CLOEXEC), i;

	c.held_messages_max = 60;
	if (write(fd, "x", 1) != 1)
		return NULL;
	for (i = 0; i < 100; i++) {
		/* one account in common, and many of one's own */
		struct held_head h = head_of(i % 2 == 0 ? 4 : w->first + (unsigned)i);

		if (held_write(w->d, &c, &h, fd, 1, &why) == 0)
			w->written++;
		else
			w->refused += why.code == ERR_AGAIN;
	}
	close(fd);
	return NULL;
}

/* Several threads hold at once: the quota is kept to the message, none is miscounted. */
static void
test_threads(void)
{
	struct held_dir *d = must_open();
	struct crowd w[4];
	pthread_t t[4];
	uint64_t n, bytes, before;
	int i, written = 0, refused = 0;

	T_CHECK(held_scan(d, NULL, NULL, &e) >= 0);
	held_usage(d, (uid_t)-1, &before, &bytes);
	for (i = 0; i < 4; i++) {
		w[i] = (struct crowd){.d = d, .first = 100000u * (unsigned)(i + 1)};
		T_EQ(pthread_create(&t[i], NULL, write_crowd, &w[i]), 0);
	}
	for (i = 0; i < 4; i++) {
		T_EQ(pthread_join(t[i], NULL), 0);
		written += w[i].written;
		refused += w[i].refused;
	}
	T_EQ(written, 260);
	T_EQ(refused, 140);
	held_usage(d, 4, &n, &bytes);
	T_EQ(n, 60);
	held_usage(d, (uid_t)-1, &n, &bytes);
	T_EQ(n, before + 260);
	/* a later walk finds them all and counts nothing twice */
	T_EQ(held_scan(d, NULL, NULL, &e), (long long)n);
	held_usage(d, 4, &n, &bytes);
	T_EQ(n, 60);
	held_dir_close(&d);
}

static void
write_forever(int report)
{
	static char body[70000];
	struct held_dir *d;
	struct held_head h = head_of(42);
	int fd = body_of(body, sizeof body);

	if (held_dir_open(&d, dir, &e) != 0)
		_exit(2);
	for (;;) {
		if (held_write(d, &conf, &h, fd, sizeof body, &e) != 0)
			_exit(3);
		if (write(report, h.id, HELD_ID - 1) != HELD_ID - 1)
			_exit(4);
	}
}

/* kill -9 at any moment: every id that was answered is there and whole, and so is every
 * other file. */
static void
test_kill(void)
{
	int round, fds[2], status, said = 0;
	struct held_dir *d;
	struct held *m;
	char id[HELD_ID];

	for (round = 0; round < 25; round++) {
		T_EQ(pipe(fds), 0);
		pid_t pid = fork();

		if (pid == 0) {
			close(fds[0]);
			write_forever(fds[1]);
		}
		close(fds[1]);
		/* on a busy machine the first one takes a while */
		if (round % 2 == 0)
			(void)poll(&(struct pollfd){.fd = fds[0], .events = POLLIN}, 1,
				   10000);
		usleep((useconds_t)(2000 + round * 331));
		T_EQ(kill(pid, SIGKILL), 0);
		T_EQ(waitpid(pid, &status, 0), pid);
		T_CHECK(WIFSIGNALED(status), "child ended with %d", status);
		d = must_open();
		while (read(fds[0], id, HELD_ID - 1) == HELD_ID - 1) {
			id[HELD_ID - 1] = '\0';
			said++;
			T_EQ(held_open(d, id, true, &m, &e), 1);
			held_close(&m);
		}
		close(fds[0]);
		char last[HELD_ID] = "";
		T_CHECK(held_scan(d, check_sorted, last, &e) >= said);
		held_dir_close(&d);
	}
	T_CHECK(said > 0, "no message was held in time");
}

static bool
remove_one(void *arg, const char *id, const struct held_head *h, const char *problem)
{
	(void)h;
	(void)problem;
	T_EQ(held_remove(arg, id, &e), 1);
	return true;
}

int
main(void)
{
	struct held_dir *d;
	char name[128];
	uint64_t n, bytes;

	if (mkdtemp(dir) == NULL)
		return 1;
	conf_defaults(&conf);
	conf.held_free_min = 0;
	test_round();
	test_damage();
	test_limits();
	test_order();
	test_threads();
	test_kill();
	d = must_open();
	T_CHECK(held_scan(d, remove_one, d, &e) >= 0);
	T_EQ(held_scan(d, NULL, NULL, &e), 0);
	held_usage(d, (uid_t)-1, &n, &bytes);
	T_EQ(n + bytes, 0);
	held_dir_close(&d);
	T_EQ(files_in_dir(), 0);
	(void)snprintf(name, sizeof name, "%s/held", dir);
	T_EQ(rmdir(name), 0);
	T_EQ(rmdir(dir), 0);
	return T_DONE();
}
