/*
 * test_store_faults - a crash, a full disk, rows without end, damage
 *
 * Job:     unit test of db/: what a fault may cost.
 * Touches: a temporary directory; children of its own.
 */
#include "store_frame.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* A group is one transaction; a process that dies in it leaves the groups before it. */
static void
test_crash(void)
{
	struct store *s;
	int status;
	pid_t pid;

	begin_anew();
	pid = fork();
	if (pid == 0) {
		int i;

		if (store_open(&s, dir, &e) != 0)
			_exit(2);
		for (i = 0; i < 150; i++) {
			(void)put_account(s, i, "clear");
			if (i == 99 && store_sync(s, &e) != 0)
				_exit(3);
		}
		_exit(0); /* 50 rows are in an open transaction */
	}
	T_EQ(waitpid(pid, &status, 0), pid);
	T_EQ(status, 0);
	s = must_open();
	T_EQ(accounts(s), 100);
	store_close(&s);
}

/* No file may grow beyond it; what was allowed before. */
static struct rlimit
limit_files(rlim_t bytes)
{
	struct rlimit old, tight;

	T_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight = old;
	tight.rlim_cur = bytes;
	T_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
	return old;
}

/* A full disk (a limit on the size of files): rows wait and are written when it is over.
 */
static void
test_full(void)
{
	struct rlimit old;
	struct store *s;
	struct store_status st;
	static char big[20000];
	struct store_decision d = {.uid = 1,
				   .subject = "",
				   .from = "",
				   .to = "",
				   .reason = "",
				   .who = "",
				   .facts = big};
	int i, n = 0;

	memset(big, 'x', sizeof big - 1);
	s = open_anew();
	T_EQ(store_sync(s, &e), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	old = limit_files(262144);
	for (i = 0; i < 60; i++) {
		T_EQ(store_decision_add(s, &d, &e), 0);
		(void)store_flush(s, mono_after_ms(clock_mono(), 100), &e);
	}
	T_EQ(store_sync(s, &e), -1);
	store_status(s, &st);
	T_EQ(st.state, STORE_RETRYING);
	T_CHECK(st.waiting > 0 && st.lost == 0, "%llu wait",
		(unsigned long long)st.waiting);
	T_CHECK(st.problem[0] != '\0');
	/* still an answer to what was committed before */
	T_EQ(store_decision_each(s, 1, 1000, count_decision, &n, &e), 0);
	T_EQ(n + (int)st.waiting, 60);
	T_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
	T_EQ(store_flush(s, mono_after_ms(clock_mono(), 2 * STORE_RETRY_MS), &e), 0);
	store_status(s, &st);
	T_EQ(st.state, STORE_OK);
	T_EQ(st.waiting, 0);
	n = 0;
	T_EQ(store_decision_each(s, 1, 1000, count_decision, &n, &e), 0);
	T_EQ(n, 60);
	store_close(&s);
}

/* The queue is bounded: beyond it rows are refused and counted; clean files go first. */
static void
test_queue_bound(void)
{
	struct rlimit old;
	struct store *s;
	struct store_status st;
	static char big[1 << 20];
	int i, refused = 0;

	s = open_anew();
	old = limit_files(131072);
	memset(big, 'x', sizeof big);
	for (i = 0; i < 80; i++) {
		char name[16];

		(void)snprintf(name, sizeof name, "k%d", i);
		refused += store_kv_put(s, name, big, sizeof big, &e) != 0;
	}
	store_status(s, &st);
	T_CHECK(refused > 10 && st.lost == (uint64_t)refused, "%d", refused);
	T_EQ(e.code, ERR_AGAIN);
	struct store_file f = {.dev = 1, .ino = 1};
	T_EQ(store_file_put(s, &f, &e), -1);
	store_status(s, &st);
	T_EQ(st.lost_clean, 1);
	T_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
	T_EQ(store_flush(s, mono_after_ms(clock_mono(), 2 * STORE_RETRY_MS), &e), 0);
	store_status(s, &st);
	T_EQ(st.waiting, 0);
	store_close(&s);
}

static void
put_accounts(struct store *s, int n)
{
	for (int i = 0; i < n; i++)
		T_EQ(put_account(s, i, "held"), 0);
}

static void
noise(const char *tail, long at, size_t len)
{
	char p[256], buf[4096];
	size_t i;
	unsigned x = 12345;
	int fd;

	path_of(p, sizeof p, tail);
	fd = open(p, O_WRONLY);
	T_CHECK(fd >= 0, "%s", p);
	T_CHECK(lseek(fd, at, SEEK_SET) == at);
	while (len > 0) {
		for (i = 0; i < sizeof buf; i++)
			buf[i] = (char)((x = x * 1103515245u + 12345u) >> 16);
		T_CHECK(write(fd, buf, sizeof buf) == (ssize_t)sizeof buf);
		len = len > sizeof buf ? len - sizeof buf : 0;
	}
	(void)close(fd);
}

static void
unlink_all(const char *db)
{
	char name[320];

	(void)unlink(db);
	(void)snprintf(name, sizeof name, "%s-wal", db);
	(void)unlink(name);
	(void)snprintf(name, sizeof name, "%s-shm", db);
	(void)unlink(name);
}

/* Noise over the closed file: its head, its shape, its middle. */
static void
test_damage(void)
{
	struct store *s;
	struct store_status st;
	struct stat sb;
	int round;

	for (round = 0; round < 3; round++) {
		static const struct {
			long at;
			size_t bytes;
		} hit[] = {{0, 65536}, {8192, 65536}, {131072, 16384}};
		struct store_trust trust = {1001, "script", "/home/a/x.php", "root", {1},
					    {0},  "why"};

		s = open_anew();
		put_accounts(s, 2000);
		T_EQ(store_trust_put(s, &trust, &e), 0);
		T_EQ(store_sync(s, &e), 0);
		store_close(&s);
		noise("", hit[round].at, hit[round].bytes);
		s = must_open();
		store_status(s, &st);
		T_EQ(st.generation, 2);
		T_CHECK(stat(st.set_aside, &sb) == 0, "%s", st.set_aside);
		T_EQ(st.salvage_whole, false);
		if (round == 2) { /* damage among the rows: the others are saved */
			T_CHECK(accounts(s) > 1000 && accounts(s) < 2000, "%d",
				accounts(s));
			T_CHECK(st.salvaged > (uint64_t)accounts(s));
		} else { /* the shape itself is gone */
			T_EQ(accounts(s), 0);
			T_EQ(st.salvaged, 0);
		}
		T_EQ(put_account(s, 1, "held"), 0);
		T_EQ(store_sync(s, &e), 0);
		store_close(&s);
		unlink_all(st.set_aside);
	}
}

/* Killed before the damaged one was looked through: the next start does it, once. */
static void
test_damage_later(void)
{
	struct store *s;
	struct store_status st;
	char again[1024], out[64];

	s = open_anew();
	put_accounts(s, 2000);
	T_EQ(store_sync(s, &e), 0);
	store_close(&s);
	noise("", 131072, 16384);
	s = must_open();
	store_status(s, &st);
	store_close(&s);
	(void)snprintf(again, sizeof again,
		       "delete from account; insert into kv values('salvage','%s')",
		       st.set_aside);
	shell(again, out, sizeof out);
	s = must_open();
	T_CHECK(accounts(s) > 1000, "%d", accounts(s));
	store_close(&s);
	shell("delete from account", out, sizeof out);
	s = must_open();
	T_EQ(accounts(s), 0); /* once was enough */
	store_close(&s);
	unlink_all(st.set_aside);
}

/* Damaged under our feet: what is put meanwhile arrives in the new one. */
static void
test_damage_open(void)
{
	struct store *s;
	struct store_status st;
	int i;

	s = open_anew();
	put_accounts(s, 20000);
	T_EQ(store_sync(s, &e), 0);
	store_close(&s);
	s = must_open();
	noise("", 0, 65536 * 8);
	T_EQ(store_check(s, &e), -1);
	for (i = 0; i < 3000; i++)
		T_EQ(put_account(s, i * 6, "held"), 0);
	(void)store_sync(s, &e);
	(void)store_flush(s, mono_after_ms(clock_mono(), 2000), &e);
	store_status(s, &st);
	T_EQ(st.generation, 2);
	T_EQ(st.state, STORE_OK);
	T_EQ(st.waiting, 0);
	T_CHECK(accounts(s) > 0);
	store_close(&s);
	unlink_all(st.set_aside);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	test_crash();
	test_full();
	test_queue_bound();
	test_damage();
	test_damage_later();
	test_damage_open();
	begin_anew();
	T_EQ(rmdir(dir), 0);
	return T_DONE();
}
