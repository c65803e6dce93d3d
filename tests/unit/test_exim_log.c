/*
 * test_exim_log - Exim's lines as Exim 4.96 wrote them, and what a stranger can do to
 * them
 */
#include "mtlog_frame.h"

static int
feed(const char *s)
{
	return feed_line(s, strlen(s));
}

/* Recipients are counted behind the subject; words of the sender's hide none. */
static void
test_rcpts(void)
{
	static const struct {
		const char *rest;
		unsigned rcpts;
	} row[] = {
	    {"id=x@mb.test T=\"wait for me\" from <mba@mb.test> for a@b.c d@e.f", 2},
	    {"id=x@mb.test T=\"say \\\" for you\" from <mba@mb.test> for a@b.c", 1},
	    {"id=x@mb.test from <mba@mb.test> for a@b.c d@e.f \"a for b\"@example.org",
	     5},
	    {"id=x@mb.test T=\"order for a@b.c\" from <mba@mb.test> for a@b.c", 1},
	    {"id=x T=\" from <mba@mb.test> for a@b.c d@e.f g@h.i \" for b\"@example.org",
	     4},
	    {"id=x@mb.test T=\"no end for a@b.c", 0},
	    {"id=x@mb.test T=\"s\"", 0},
	};
	char line[512];

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		snprintf(line, sizeof line,
			 "2026-11-22 01:02:03 [5489] 1xUu5U-0001QX-0R <= mba@mb.test "
			 "U=mba P=local S=363 %s",
			 row[i].rest);
		T_EQ(feed(line), 1);
		T_CHECK(ev.rcpts >= row[i].rcpts && ev.rcpts <= row[i].rcpts + 1,
			"%s: %u, wanted %u", row[i].rest, (unsigned)ev.rcpts,
			row[i].rcpts);
	}
}

static void
test_story(void)
{
	T_EQ(feed("2026-11-22 01:02:03 [5489] cwd=/home/mba/public_html 4 args: "
		  "/usr/sbin/sendmail "
		  "-t -i -fbounce@victim.example"),
	     0);
	T_EQ(feed("2026-11-22 01:02:03 [5489] 1xUu5U-0001QX-0R <= mba@mb.test U=mba "
		  "P=local S=363 "
		  "T=\"t OK\" from <mba@mb.test> for ok@example.org b@example.net"),
	     1);
	T_EQ(ev.kind, MT_SUBMIT);
	T_STR(text(ev.queue_id), "1xUu5U-0001QX-0R");
	T_STR(text(ev.user), "mba");
	T_STR(text(ev.claimed_cwd), "/home/mba/public_html");
	T_EQ(ev.rcpts, 2);
	T_EQ(ev.size, 363);
	T_EQ(feed("2026-11-22 01:02:04 [5490] 1xUu5U-0001QX-0R => ok@example.org "
		  "F=<mba@mb.test> "
		  "P=<mba@mb.test> R=r_all T=remote_smtp H=203.0.113.10 [203.0.113.10] "
		  "C=\"250 "
		  "2.0.0 Ok: queued as SINK\" QT=28s DT=0s"),
	     1);
	T_EQ(ev.kind, MT_SENT);
	T_EQ(ev.code, 250);
	T_EQ(ev.local, 0);
	T_STR(text(ev.user), "mba");
	T_STR(text(ev.rcpt_domain), "example.org");
	T_STR(text(ev.ip), "203.0.113.10");
	T_EQ(
	    feed(
		"2026-11-22 01:02:04 [5490] 1xUu5U-0001QX-0R == defer@outlook.com R=r_ms "
		"T=remote_smtp defer (-45) H=mx.outlook.com [203.0.113.11] DT=0s: SMTP "
		"error "
		"from remote mail server after MAIL FROM:<mba@mb.test>: 451 4.7.650 The "
		"mail "
		"server [203.0.113.1] has been temporarily rate limited due to IP "
		"reputation. "
		"(S775)"),
	    1);
	T_EQ(ev.kind, MT_DEFER);
	T_EQ(ev.answered, 1);
	T_EQ(ev.code, 451);
	T_STR(ev.enhanced, "4.7.650");
	T_STR(text(ev.host), "mx.outlook.com");
	T_EQ(
	    feed(
		"2026-11-22 01:02:04 [5490] 1xUu5U-0001QX-0R == defer@outlook.com R=r_ms "
		"T=remote_smtp defer (-54) DT=0s: retry time not reached for any host "
		"for "
		"'outlook.com'"),
	    1);
	T_EQ(ev.own, 1);
	T_EQ(ev.answered, 0);
	T_EQ(feed("2026-11-22 01:02:04 [5490] 1xUu5U-0001QX-0R == b@hotmail.com defer "
		  "(-23) DT=0s: "
		  "domain is held"),
	     1);
	T_EQ(ev.own, 1);
	T_EQ(
	    feed(
		"2026-11-22 01:02:04 1xUu5U-0001QX-0R ** block@hotmail.com F=<m@mb.test> "
		"P=<m@mb.test> R=r_ms T=remote_smtp H=mx1.hotmail.com [203.0.113.12]: "
		"SMTP error "
		"from remote mail server after RCPT TO:<block@hotmail.com>: 550-5.7.1 "
		"line "
		"one\\n550 5.7.1 (S3140). DT=0s"),
	    1);
	T_EQ(ev.kind, MT_BOUNCE);
	T_EQ(ev.code, 550);
	T_STR(ev.enhanced, "5.7.1");
	T_STR(text(ev.text), "550-5.7.1 line one\\n550 5.7.1 (S3140).");
	T_EQ(feed("2026-11-22 01:02:05 [1] 1xUu5U-0001QX-0R Completed QT=2s"), 1);
	T_EQ(ev.kind, MT_DONE);
	T_STR(text(ev.user), "mba");
}

static void
test_forms(void)
{
	T_EQ(feed("2026-11-22 01:02:03.250 +0100 [9] 1xUu5U-00000001QX0-0R0a <= <> "
		  "R=1xUu6u-0004s2-0R U=Debian-exim P=local S=2161 T=\"Mail delivery "
		  "failed\" from "
		  "<> for mba@mb.test"),
	     1);
	T_EQ(ev.bounce, 1);
	T_EQ(ev.sender.len, 0);
	T_CHECK(ev.time.us == INT64_C(1795305723250000), "%lld", (long long)ev.time.us);
	T_EQ(feed("2026-11-22 01:02:03 [2] 1xUu6z-00055S-1e <= spam@victim.example H=(x) "
		  "[127.0.0.1]:59492 P=esmtp S=218 T=\"via smtp\" from <s@v.example> for "
		  "a@b.c"),
	     1);
	T_EQ(ev.local_client, 1);
	T_EQ(ev.port, 59492);
	T_CHECK(ev.user.s == NULL);
	T_EQ(
	    feed(
		"2026-11-22 01:02:03 [2] 1xUu6z-00055S-1f <= u@v.example H=([127.0.0.1]) "
		"[127.0.0.1]:37288 P=esmtpa A=plain:u@victim.example S=9 for a@b.c"),
	    1);
	T_STR(text(ev.auth), "u@victim.example");
	T_EQ(ev.local_client, 0);
	T_EQ(feed("2026-11-22 01:02:03 1xUu6z-00055S-1f => |/usr/bin/x -a <box@a.test> "
		  "R=r T=p"),
	     1);
	T_EQ(ev.local, 1);
	T_STR(text(ev.rcpt), "box@a.test");
	T_EQ(
	    feed(
		"2026-11-22 01:02:03 1xUu6z-00055S-1f => box <box@a.test> R=r T=maildir"),
	    1);
	T_STR(text(ev.rcpt_domain), "a.test");
	T_EQ(feed("2026-11-22 01:02:03 1xUu6z-00055S-1f frozen by root"), 1);
	T_EQ(ev.kind, MT_FREEZE);
	T_EQ(feed("Nov 22 01:02:03 web1 exim[77]: 1xUu6z-00055S-1g <= a@b.c U=mbb "
		  "P=local S=1"),
	     1);
	T_STR(text(ev.user), "mbb");
	T_EQ(feed("2026-11-22 01:02:03 1xUu6z-00055S-1h ** x@gone.test R=dns: "
		  "Unrouteable address"),
	     1);
	T_EQ(ev.answered, 0);
	T_STR(text(ev.text), "Unrouteable address");
	T_EQ(
	    feed("2026-11-22 01:02:03 1xUu6z-00055S-1h == x@y.test T=remote_smtp defer "
		 "(-44): SMTP "
		 "error from remote mail server after RCPT TO:<x@y.test>: host mx.y.test "
		 "[198.51.100.1]: 452 4.2.2 full"),
	    1);
	T_EQ(ev.code, 452);
	T_STR(text(ev.host), "mx.y.test");
	T_EQ(feed("2026-11-22 01:02:03 1xUu6z-00055S-1h == x@y.test T=remote_smtp defer "
		  "(110) "
		  "H=mx.y.test [198.51.100.1]: Connection timed out"),
	     1);
	T_EQ(ev.answered, 0);
	T_EQ(ev.own, 0);
	T_EQ(feed("2026-11-22 01:02:03 Start queue run: pid=1"), 0);
	T_EQ(feed(""), 0);
	T_EQ(feed("2026-11-22 01:02:03 1xUu6z-00055S-1h => "), 0);
	T_EQ(feed("nonsense"), 0);
}

/* Whatever a stranger writes stays where it stands. */
static void
test_hostile(void)
{
	T_EQ(feed("2026-11-22 01:02:03 [3] 1xUu6z-00056S-1e <= a@b.c H=mx (x) "
		  "[198.51.100.7] P=esmtp "
		  "S=9 id=x U=root A=plain:victim@v T=\"y U=root\" from <a@b.c> for z@v"),
	     1);
	T_CHECK(ev.user.s == NULL);
	T_CHECK(ev.auth.s == NULL);
	T_EQ(feed("2026-11-22 01:02:03 [3] 1xUu6z-00056S-1f <= \"x U=root P=local\"@b.c "
		  "U=mbb P=local "
		  "S=9"),
	     1);
	T_STR(text(ev.user), "mbb");
	T_EQ(feed("2026-11-22 01:02:03 [3] 1xUu6z-00056S-1g <= a@b.c H=(x [127.0.0.1] "
		  "A=plain:victim@v) [198.51.100.7] P=smtp S=9"),
	     1);
	T_CHECK(ev.auth.s == NULL);
	T_EQ(ev.local_client, 0);
	T_EQ(feed("2026-11-22 01:02:03 [3] 1xUu6z-00056S-1h <= a@b.c H=h [198.51.100.7] "
		  "U=root P=smtp "
		  "S=9"),
	     1);
	T_CHECK(ev.user.s == NULL); /* ident */
	T_EQ(feed("2026-11-22 01:02:03 1xUu6z-00056S-1f == c@d.e R=r T=t defer (-44) "
		  "H=mx.d.e "
		  "[198.51.100.9]: SMTP error from remote mail server after MAIL "
		  "FROM:<\"x>: 550 5.7.1 "
		  "(S3150)\"@b.c>: 450 4.2.0 later"),
	     1);
	T_EQ(ev.code, 450);
	T_EQ(feed("2026-11-22 01:02:03 1xUu6z-00056S-1f => \"q H=mx1.hotmail.com "
		  "[1.2.3.4]: \"@d.e "
		  "F=<\"x> H=evil [6.6.6.6] y\"@b.c> R=r T=t H=mx.d.e [198.51.100.9]"),
	     1);
	T_STR(text(ev.host), "mx.d.e");
	T_STR(text(ev.rcpt_domain), "d.e");
}

int
main(void)
{
	begin(MTLOG_EXIM);
	test_rcpts();
	test_story();
	test_forms();
	test_hostile();
	T_EQ(mtlog_counts(m).damaged, 1);
	mtlog_free(&m);
	return T_DONE();
}
