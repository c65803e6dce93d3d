/*
 * test_msg - the message codec: every row there and back, and what must be refused
 *
 * Job:     unit test of daemon/common/msg.c and link.c.
 * Touches: a socket pair.
 */
#include "t.h"

#include <string.h>
#include <unistd.h>

#include "link.h"
#include "msg.h"

static struct msg m, got;

static void
test_codec(void)
{
	struct m_verdict v = {.asked = 7,
			      .verdict = VERDICT_MALICIOUS,
			      .score = -3,
			      .type = "text/x-php",
			      .sha256 = "ab",
			      .reason = "",
			      .findings = "r\0g\0005\0",
			      .findings_len = 6};
	struct m_verdict w;
	struct err e;

	T_EQ(m_verdict_put(&m, &v, &e), 0);
	T_EQ(m_verdict_get(&m, &w, &e), 0);
	T_EQ(w.asked, 7);
	T_EQ(w.score, -3);
	T_STR(w.type, "text/x-php");
	T_EQ(strings_count(w.findings, w.findings_len), 3);
	m.len--;
	T_EQ(m_verdict_get(&m, &w, &e), -1);
	m.len += 2;
	T_EQ(m_verdict_get(&m, &w, &e), -1);
}

static void
test_limit(void)
{
	static char big[5000];
	struct m_answer a = {.answer = SUBMIT_PASS, .text = big};
	struct err e;

	memset(big, 'x', sizeof big - 1);
	T_EQ(m_answer_put(&m, &a, &e), -1);
	T_CHECK(strstr(e.text, "2048") != NULL, "%s", e.text);
}

static void
test_permission(void)
{
	T_CHECK(msg_allowed(MSG_SUBMIT, ROLE_WRAPPER, ROLE_JUDGE, 10, true));
	T_CHECK(!msg_allowed(MSG_CTL, ROLE_WRAPPER, ROLE_JUDGE, 10, false));
	T_CHECK(!msg_allowed(MSG_INJECT, ROLE_WATCH, ROLE_HANDS, 10, true));
	T_CHECK(!msg_allowed(MSG_WANT, ROLE_JUDGE, ROLE_WATCH, 10, true));
	T_CHECK(!msg_allowed(MSG_TYPES, ROLE_ANY, ROLE_ANY, 0, false));
}

static void
test_link(void)
{
	struct m_want want = {.count = 12}, read_back;
	struct link a, b;
	struct err e;
	int fds[2];

	T_EQ(link_pair(fds, &e), 0);
	link_init(&a, fds[0], ROLE_JUDGE, ROLE_WATCH, 4096);
	link_init(&b, fds[1], ROLE_WATCH, ROLE_JUDGE, 4096);
	T_EQ(link_recv(&b, &got, &e), 0);
	T_EQ(m_want_put(&m, &want, &e), 0);
	T_EQ(link_send(&a, &m, &e), 0);
	T_EQ(link_recv(&b, &got, &e), 1);
	T_EQ(m_want_get(&got, &read_back, &e), 0);
	T_EQ(read_back.count, 12);
	/* a descriptor where none may be is refused */
	T_EQ(m_want_put(&m, &want, &e), 0);
	m.fd = 0;
	T_EQ(link_send(&a, &m, &e), -1);
	T_EQ(e.code, ERR_INPUT);
	T_EQ(write(a.fd, "junk", 4), 4);
	T_EQ(link_recv(&b, &got, &e), -1);
	T_EQ(e.code, ERR_INPUT);
	link_fini(&a);
	T_EQ(link_recv(&b, &got, &e), -1);
	T_EQ(e.code, ERR_SYS);
	link_fini(&b);
}

int
main(void)
{
	test_codec();
	test_limit();
	test_permission();
	test_link();
	return T_DONE();
}
