/*
 * test_postfix_log - Postfix's lines as Postfix 3.7 wrote them, and what a stranger can
 * do to them
 */
#include "mtlog_frame.h"

static int
feed(const char *program, const char *s)
{
	char line[2000];
	int n = snprintf(line, sizeof(line), "Nov 22 01:02:03 web1 postfix/%s[1099]: %s",
			 program, s);

	return feed_line(line, (size_t)n);
}

static void
test_story(void)
{
	T_EQ(feed("pickup", "2CEFF108A34: uid=2001 from=<bounce@victim.example>"), 0);
	T_EQ(feed("cleanup", "2CEFF108A34: message-id=<uid=0 from=<root>@x>"), 0);
	T_EQ(feed("qmgr",
		  "2CEFF108A34: from=<b@v.example>, size=307, nrcpt=3 (queue active)"),
	     1);
	T_EQ(ev.kind, MT_SUBMIT);
	T_EQ(ev.uid, 2001);
	T_EQ(ev.rcpts, 3);
	T_EQ(ev.size, 307);
	T_EQ(wall_s(ev.time), 1795309323);
	T_EQ(feed("qmgr",
		  "2CEFF108A34: from=<b@v.example>, size=307, nrcpt=3 (queue active)"),
	     0);
	T_EQ(feed("smtp", "2CEFF108A34: to=<ok@example.org>, "
			  "relay=203.0.113.10[203.0.113.10]:25, delay=0.08, "
			  "delays=0.05/0.01/0.01/0, dsn=2.0.0, status=sent (250 2.0.0 "
			  "Ok: queued as SINK)"),
	     1);
	T_EQ(ev.kind, MT_SENT);
	T_EQ(ev.code, 250);
	T_EQ(ev.uid, 2001);
	T_EQ(ev.local, 0);
	T_EQ(feed("smtp", "2CEFF108A34: to=<block@hotmail.com>, "
			  "relay=mx1.hotmail.com[203.0.113.12]:25, "
			  "delay=0.1, delays=0/0/0/0, dsn=5.7.1, status=bounced (host "
			  "mx1.hotmail.com[203.0.113.12] said: 550 5.7.1 Unfortunately "
			  "(S3140) (in reply to "
			  "MAIL FROM command))"),
	     1);
	T_EQ(ev.kind, MT_BOUNCE);
	T_EQ(ev.code, 550);
	T_STR(ev.enhanced, "5.7.1");
	T_STR(text(ev.text), "550 5.7.1 Unfortunately (S3140)");
	T_STR(text(ev.host), "mx1.hotmail.com");
	T_STR(text(ev.ip), "203.0.113.12");
	T_EQ(feed("smtp", "2CEFF108A34: to=<a@gmx.de>, orig_to=<b@own.test>, "
			  "relay=mx01.gmx.net[203.0.113.13]:25, "
			  "delay=1, dsn=4.0.0, status=deferred (host "
			  "mx01.gmx.net[203.0.113.13] refused to "
			  "talk to me: 554-gmx.net 554 IP address is block listed)"),
	     1);
	T_EQ(ev.kind, MT_DEFER);
	T_STR(text(ev.orig_domain), "own.test");
	T_EQ(ev.code, 554);
	/* a local part that names somebody else is nobody of that domain */
	T_EQ(feed("smtp", "2CEFF108A34: to=<a@gmx.de>, orig_to=<a%gmx.de@own.test>, "
			  "relay=mx.example.org[203.0.113.1]:25, delay=0.1, "
			  "delays=0/0/0/0.1, dsn=2.0.0, status=sent (250 2.0.0 OK)"),
	     1);
	T_STR(text(ev.orig_domain), "");
	T_EQ(feed("retry", "2CEFF108A34: to=<a@outlook.com>, relay=none, delay=1, "
			   "delays=0/0/0/0, dsn=4.7.0, "
			   "status=deferred (mailbrake hold)"),
	     1);
	T_EQ(ev.own, 1);
	T_EQ(ev.answered, 0);
	T_EQ(feed("qmgr", "2CEFF108A34: removed"), 1);
	T_EQ(ev.kind, MT_DONE);
	T_EQ(ev.uid, 2001);
}

static void
test_forms(void)
{
	T_EQ(feed("smtpd",
		  "5704E108751: client=localhost[127.0.0.1]:60130, sasl_method=PLAIN, "
		  "sasl_username=u@v.example"),
	     0);
	T_EQ(feed("qmgr",
		  "5704E108751: from=<u@v.example>, size=1, nrcpt=1 (queue active)"),
	     1);
	T_STR(text(ev.auth), "u@v.example");
	T_EQ(feed("smtpd", "4W5L9r0z3Bz1xyz: client=localhost[127.0.0.1]"), 0);
	T_EQ(feed("qmgr", "4W5L9r0z3Bz1xyz: from=<>, size=1, nrcpt=1 (queue active)"), 1);
	T_EQ(ev.local_client, 1);
	T_EQ(feed("postsuper", "5704E108751: placed on hold"), 1);
	T_EQ(ev.kind, MT_FREEZE);
	T_EQ(feed("postsuper", "5704E108751: released from hold"), 1);
	T_EQ(ev.kind, MT_THAW);
	T_EQ(feed("cleanup",
		  "5704E108751: hold: header Received: by x (Postfix): y; from=<a@b>"),
	     1);
	T_EQ(ev.kind, MT_FREEZE);
	T_EQ(feed("local", "5704E108751: to=<box@v.example>, relay=local, delay=0, "
			   "dsn=2.0.0, status=sent "
			   "(delivered to mailbox)"),
	     1);
	T_EQ(ev.local, 1);
	T_EQ(feed("smtp", "5704E108751: to=<a@b.test>, relay=none, delay=30, dsn=4.4.1, "
			  "status=deferred "
			  "(connect to b.test[198.51.100.1]:25: Connection timed out)"),
	     1);
	T_EQ(ev.answered, 0);
	T_EQ(ev.own, 0);
	T_EQ(feed("smtpd", "NOQUEUE: reject: RCPT from x[1.2.3.4]: 554 5.7.1"), 0);
	T_EQ(feed("qmgr", "ABCDEF1: from=<x@y.z>, size=1, nrcpt=1 (queue active)"), 0);
	T_EQ(mtlog_counts(m).orphaned, 1);
	T_EQ(feed("anvil", "statistics: max connection rate 1/60s"), 0);
	const char *rfc = "2026-11-22T01:02:03.500000+01:00 web1 postfix/pickup[9]: "
			  "AAAAA1: uid=7 from=<r>";
	T_EQ(mtlog_line(m, rfc, strlen(rfc), &ev), 0);
	rfc = "2026-11-22T01:02:03.500000+01:00 web1 postfix/qmgr[9]: AAAAA1: from=<r>, "
	      "size=5, nrcpt=1 (q";
	T_EQ(mtlog_line(m, rfc, strlen(rfc), &ev), 1);
	T_CHECK(ev.time.us == INT64_C(1795305723500000));
	rfc = "Dec 31 23:59:59 web1 dovecot: imap-login: Login";
	T_EQ(mtlog_line(m, rfc, strlen(rfc), &ev), 0);
}

/* local(8) sends on under an id that no pickup line names. */
static void
test_forwarded(void)
{
	T_EQ(feed("pickup", "E94E4AD8598: uid=2003 from=<shop>"), 0);
	T_EQ(feed("qmgr",
		  "E94E4AD8598: from=<s@m.test>, size=304, nrcpt=1 (queue active)"),
	     1);
	T_EQ(feed("cleanup", "03F51AD8786: message-id=<x@m.test>"), 0);
	T_EQ(feed("local",
		  "E94E4AD8598: to=<s@own.test>, relay=local, delay=0.15, "
		  "delays=0.13/0.01/0/0.01, dsn=2.0.0, status=sent (forwarded as "
		  "03F51AD8786)"),
	     1);
	T_EQ(ev.local, 1);
	T_EQ(ev.uid, 2003);
	T_STR(text(ev.forwarded_as), "03F51AD8786");
	/* no submission: it was one already */
	T_EQ(
	    feed("qmgr", "03F51AD8786: from=<s@m.test>, size=4, nrcpt=60 (queue active)"),
	    0);
	T_EQ(feed("qmgr", "E94E4AD8598: removed"), 1);
	T_EQ(feed("smtp", "03F51AD8786: to=<f@d.test>, orig_to=<s@own.test>, "
			  "relay=mx.d.test[198.51.100.1]:25, delay=1, dsn=2.0.0, "
			  "status=sent (250 2.0.0 forwarded as BBBBB1)"),
	     1);
	T_EQ(ev.uid, 2003);
	T_STR(text(ev.orig_domain), "own.test");
	T_EQ(ev.forwarded_as.len, 0);
	/* another program's words, and no queue id */
	T_EQ(feed("smtp", "03F51AD8786: to=<f@d.test>, relay=mx.d.test[198.51.100.1]:25, "
			  "delay=1, dsn=2.0.0, status=sent (forwarded as BBBBB1)"),
	     1);
	T_EQ(ev.forwarded_as.len, 0);
	T_EQ(feed("local", "03F51AD8786: to=<f@d.test>, relay=local, delay=1, dsn=2.0.0, "
			   "status=sent (forwarded as ../x)"),
	     1);
	T_EQ(ev.forwarded_as.len, 0);
}

static void
test_hostile(void)
{
	T_EQ(feed("pickup",
		  "BBBBB2: uid=2002 from=<\"x>, size=1, nrcpt=99999 uid=0\"@v.example>"),
	     0);
	T_EQ(feed("qmgr", "BBBBB2: from=<\"x>, size=9, nrcpt=777 \"@v.example>, size=5, "
			  "nrcpt=2 (queue active)"),
	     1);
	T_EQ(ev.uid, 2002);
	T_EQ(ev.rcpts, 2);
	T_EQ(feed("smtp", "BBBBB2: to=<\"a>, relay=mx1.hotmail.com[1.2.3.4]:25, "
			  "status=bounced (host h[1] said: "
			  "550 (S3150))\"@d.test>, relay=mx.d.test[198.51.100.1]:25, "
			  "delay=1, dsn=4.2.0, "
			  "status=deferred (host mx.d.test[198.51.100.1] said: 450 4.2.0 "
			  "later (in reply to RCPT "
			  "TO command))"),
	     1);
	T_EQ(ev.code, 450);
	T_STR(text(ev.rcpt_domain), "d.test");
	T_STR(text(ev.host), "mx.d.test");
	T_EQ(feed("cleanup", "BBBBB2: warning: header Subject: x postfix/smtp[1]: "
			     "CCCCC3: to=<a@b>, status=sent"),
	     0);
	T_EQ(feed("smtp", "BBBBB2: to=<unclosed, relay=x"), 0);
	T_EQ(mtlog_counts(m).damaged, 1);
}

/* More messages in flight than fit: the oldest is forgotten, none is mixed up. */
static void
test_full(void)
{
	char s[200];

	for (int i = 0; i < MTLOG_IDS + 100; i++) {
		snprintf(s, sizeof(s), "F%07X: uid=%d from=<a@b.c>", (unsigned)i,
			 3000 + i % 1000);
		T_CHECK(feed("pickup", s) == 0);
	}
	snprintf(s, sizeof(s), "F%07X: from=<a@b.c>, size=5, nrcpt=2 (queue active)", 5u);
	T_EQ(feed("qmgr", s), 0);
	snprintf(s, sizeof(s), "F%07X: from=<a@b.c>, size=5, nrcpt=2 (queue active)",
		 (unsigned)MTLOG_IDS);
	T_EQ(feed("qmgr", s), 1);
	T_EQ(ev.uid, 3000 + MTLOG_IDS % 1000);
}

int
main(void)
{
	begin(MTLOG_POSTFIX);
	test_story();
	test_forms();
	test_forwarded();
	test_hostile();
	test_full();
	mtlog_free(&m);
	return T_DONE();
}
