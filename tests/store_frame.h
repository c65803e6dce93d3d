/*
 * store_frame - a store of its own for a test
 *
 * Job:     a temporary directory, a store in it begun anew, rows put and counted.
 * Touches: that directory; sqlite3(1) as a child.
 */
#ifndef MAILBRAKE_STORE_FRAME_H
#define MAILBRAKE_STORE_FRAME_H

#include "t.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store.h"

static char dir[] = "/tmp/mailbrake-test-store-XXXXXX";
static struct err e;

static inline void
path_of(char *buf, size_t size, const char *tail)
{
	(void)snprintf(buf, size, "%s/" STORE_FILE "%s", dir, tail);
}

static inline void
begin_anew(void)
{
	static const char *const tails[] = {"", "-wal", "-shm"};
	for (size_t i = 0; i < 3; i++) {
		char p[256];

		path_of(p, sizeof p, tails[i]);
		(void)unlink(p);
	}
}

static inline struct store *
must_open(void)
{
	struct store *s = NULL;

	T_CHECK(store_open(&s, dir, &e) == 0, "%s", e.text);
	if (s == NULL)
		exit(1);
	return s;
}

static inline struct store *
open_anew(void)
{
	begin_anew();
	return must_open();
}

/* What the store calls for each row, into an int. */
#define COUNT(row) \
	static inline bool count_##row(void *arg, const struct store_##row *v) \
	{ \
		(void)v; \
		++*(int *)arg; \
		return true; \
	}
COUNT(account)
COUNT(decision)
COUNT(held)
COUNT(incident)
COUNT(finding)

/* So many rows are told; ... are the arguments of each before where they are counted. */
#define T_ROWS(want, each, ...) \
	do { \
		int t_rows = 0; \
		T_EQ(each(__VA_ARGS__, &t_rows, &e), 0); \
		T_EQ(t_rows, want); \
	} while (0)

static inline int
accounts(struct store *s)
{
	int n = 0;

	T_EQ(store_account_each(s, count_account, &n, &e), 0);
	return n;
}

static inline int
put_account(struct store *s, int64_t uid, const char *state)
{
	struct store_account a = {.uid = uid,
				  .login = "web1",
				  .state = state,
				  .word = "none",
				  .reason = "",
				  .record = "a\0b",
				  .record_len = 3};

	return store_account_put(s, &a, &e);
}

/* sqlite3(1) on the database: what it prints, in out. */
static inline void
shell(const char *script, char *out, size_t size)
{
	char path[256];
	int fds[2], status;
	size_t used = 0;
	ssize_t n;
	pid_t pid;

	path_of(path, sizeof path, "");
	T_EQ(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], 1);
		close(fds[0]);
		execlp("sqlite3", "sqlite3", path, script, (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	while (used < size - 1 && (n = read(fds[0], out + used, size - 1 - used)) > 0)
		used += (size_t)n;
	out[used] = '\0';
	close(fds[0]);
	T_EQ(waitpid(pid, &status, 0), pid);
	T_CHECK(status == 0, "sqlite3 ended with %d: %s", status, out);
}

#endif
