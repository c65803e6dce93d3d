/*
 * test_workers - a file's verdict is by the rules in force
 *
 * Job:     unit test of daemon/judge/workers.c: the workers of two sets, played here.
 * Touches: sockets.
 */
#include "workers.h"

#include <poll.h>

#include "link.h"
#include "loop.h"
#include "t.h"

#define OTHER_SET 64

static struct link old_mail, old_file, new_mail, new_file;
static struct msg in, out;
static unsigned answers;
static int64_t score;

static void
on_answer(struct job *j, const struct m_verdict *v, const struct m_head *h)
{
	(void)j;
	(void)h;
	answers++;
	score = v == NULL ? -1 : v->score;
}

static void
stop(void *arg)
{
	(void)arg;
	loop_stop();
}

/* What was sent is read in one round. */
static void
turn(void)
{
	(void)loop_once(1, stop, NULL);
	loop_run();
}

static void
worker(struct link *l, uint64_t index)
{
	struct err e;
	int fds[2];

	T_EQ(link_pair(fds, &e), 0);
	link_init(l, fds[0], ROLE_SCANNER, ROLE_CLIENT, MSG_MAX);
	workers_peer(fds[1], index);
}

static void
ready(struct link *l, const char *version)
{
	const struct m_ready v = {.rules = 1, .rules_version = version, .problem = ""};
	struct err e;

	T_EQ(m_ready_put(&out, &v, &e), 0);
	T_EQ(link_send(l, &out, &e), 0);
	turn();
}

/* The number of the job that came; 0: none did. */
static uint64_t
given(struct link *l)
{
	struct m_scan v;
	struct err e;

	if (link_recv(l, &in, &e) != 1)
		return 0;
	if (in.fd >= 0)
		link_fd_discard(in.fd);
	return m_scan_get(&in, &v, &e) == 0 ? v.asked : 0;
}

static void
verdict(struct link *l, uint64_t asked, int64_t points)
{
	const struct m_verdict v = {.asked = asked,
				    .verdict = VERDICT_CLEAN,
				    .score = points,
				    .type = "",
				    .sha256 = "",
				    .reason = "",
				    .findings = ""};
	struct err e;

	T_EQ(m_verdict_put(&out, &v, &e), 0);
	T_EQ(link_send(l, &out, &e), 0);
	turn();
}

static void
ask(void)
{
	const struct m_scan scan = {.kind = SCAN_FILE, .path = "/x", .argv = ""};
	int fds[2];
	struct err e;

	T_EQ(link_pair(fds, &e), 0);
	link_fd_discard(fds[1]);
	(void)workers_ask(&scan, fds[0], on_answer, NULL);
	turn();
}

int
main(void)
{
	const struct conf c = {.scan_retries = 0, .scan_cpu_share = 100};
	uint64_t asked;

	workers_init(&c);
	worker(&old_mail, 0);
	worker(&old_file, 1);
	ready(&old_mail, "old");
	ready(&old_file, "old");
	ask();
	asked = given(&old_file);
	T_CHECK(asked != 0);
	/* it is at work while other rules come into force, and ends after that */
	worker(&new_mail, OTHER_SET);
	worker(&new_file, OTHER_SET + 1);
	ready(&new_mail, "new");
	T_CHECK(strcmp(workers_rules_version(), "new") == 0);
	verdict(&old_file, asked, 1);
	T_EQ(answers, 0);
	ready(&new_file, "new");
	T_EQ(given(&new_file), asked);
	verdict(&new_file, asked, 2);
	T_EQ(answers, 1);
	T_EQ(score, 2);
	/* the same rules in another set: what was begun counts */
	ask();
	asked = given(&new_file);
	worker(&old_file, 1);
	ready(&old_file, "new");
	verdict(&new_file, asked, 3);
	T_EQ(answers, 2);
	T_EQ(score, 3);
	return T_DONE();
}
