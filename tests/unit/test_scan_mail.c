/*
 * test_scan_mail - recipients and fields of messages
 *
 * Job:     unit test of scanners/mailhead.c and mailbody.c.
 * Touches: nothing.
 */
#include "t.h"

#include <stdint.h>

#include "mailhead.h"
#include "msg.h"

static struct mail_head h;

static void
look(const char *text, const char *argv, size_t argv_len)
{
	mail_head_read(&h, text, strlen(text), argv, argv_len);
}
#define LOOK(text, argv) look(text, argv, sizeof(argv) - 1)

static void
test_rcpts(void)
{
	static const char msg[] = "To: a@x.test, \"B, C\" <b@y.test>\nCc: c@X.test.\n"
				  "Bcc: d@z.test\n\nTo: not@header.test\n";

	LOOK(msg, "sendmail\0-t\0");
	T_EQ(h.rcpts, 4);
	T_EQ(h.domain_count, 3);
	LOOK(msg, "sendmail\0-i\0q@w.test\0");
	T_EQ(h.rcpts, 1);
	T_STR(h.domains, "w.test");
	LOOK(msg, "sendmail\0-t\0-i\0-f\0me@own.test\0-Fme\0-oi\0-oem\0");
	T_EQ(h.rcpts, 4);
	LOOK(msg, "sendmail\0-fme@own.test\0-ti\0extra@w.test\0");
	T_EQ(h.rcpts, 5);
	LOOK(msg, "sendmail\0-i\0--\0-t@odd.test\0");
	T_EQ(h.rcpts, 1);
	LOOK("To: friends: a@x.test, b@x.test;, c@y.test\n\n", "sendmail\0-t\0");
	T_EQ(h.rcpts, 3);
	LOOK("To: \"never closed, a@x.test, b@y.test\n\n", "sendmail\0-t\0");
	T_CHECK(h.rcpts >= 2, "%llu", (unsigned long long)h.rcpts);
}

/* Only what every program reads as the same address is one that was met before. */
static void
test_rcpt_hashes(void)
{
	uint64_t one;

	LOOK("To: A <a@X.test>\n\n", "sendmail\0-t\0");
	T_EQ(h.rcpt_hash_count, 1);
	one = h.rcpt_hashes[0];
	LOOK("\n", "sendmail\0a@x.test\0b@x.test\0");
	T_EQ(h.rcpt_hash_count, 2);
	T_CHECK(h.rcpt_hashes[0] == one && h.rcpt_hashes[1] != one, "by address");
	LOOK("To: a@x.test (b@y.test)\n\n", "sendmail\0-t\0");
	T_EQ(h.rcpt_hash_count, 0);
	LOOK("To: <a@x.test> <b@y.test>\n\n", "sendmail\0-t\0");
	T_EQ(h.rcpt_hash_count, 0);
	LOOK("To: <@relay.test:a@x.test>\n\n", "sendmail\0-t\0");
	T_EQ(h.rcpt_hash_count, 0);
	LOOK("To: <a@x.test\n\n", "sendmail\0-t\0");
	T_EQ(h.rcpt_hash_count, 0);
	LOOK("To: \"a@x.test\"@y.test\n\n", "sendmail\0-t\0");
	T_EQ(h.rcpt_hash_count, 0);
}

static uint64_t
hash_of(const char *to)
{
	char text[200];

	(void)snprintf(text, sizeof text, "To: %s\n\n", to);
	LOOK(text, "sendmail\0-t\0");
	return h.rcpt_hash_count == 1 ? h.rcpt_hashes[0] : 0;
}

/* By a key nobody outside has; a tag is left out only where nobody else can get it. */
static void
test_rcpt_key(void)
{
	/* two that were one by the hash without a key there was before */
	static const char x[] = "victim0+1dbkaq01ocgfk1jjkggaaoitgvrm2i@x.test",
			  y[] = "victim1+o7tsb0qnzducs4r5cjucfacebz25ph@x.test";
	uint64_t one = hash_of("ann@gmail.com");

	T_CHECK(one != 0, "told");
	T_CHECK(hash_of("Ann+a.b@GMail.com") == one && hash_of("<ann+@gmail.com>") == one,
		"one mailbox");
	T_CHECK(hash_of("ann+a") != hash_of("ann"), "no domain");
	T_CHECK(hash_of("bob+a@gmail.com") != one && hash_of("ann@gmail.org") != one,
		"another's");
	T_CHECK(hash_of("ann+a@x.test") != hash_of("ann@x.test"), "maybe another's");
	T_CHECK(hash_of("+a@gmail.com") != hash_of("+b@gmail.com"), "no name, no tag");
	T_CHECK(hash_of(x) != hash_of(y), "made to be one");
	h.rcpt_key[ADDRESS_KEY - 1] ^= 1;
	T_CHECK(hash_of("ann@gmail.com") != one, "by the key");
	h.rcpt_key[ADDRESS_KEY - 1] ^= 1;
	T_CHECK(hash_of("ann@gmail.com") == one, "the same again");
}

/* As many as the MTA that reads the most: measured with Postfix 3.7. */
static void
test_rcpts_most(void)
{
	static const struct {
		const char *to;
		uint64_t rcpts, nowhere;
	} cases[] = {
	    {"a@x.test b@x.test c@x.test", 3, 0},
	    {"a@x.test\n b@x.test", 2, 0},
	    {"<a@x.test><b@y.test>", 2, 0},
	    {"<a@x.test> b@x.test c@x.test", 3, 0},
	    {"x <a@x.test> y <b@x.test>", 3, 1},
	    {"a@x.test\"b@x.test\"c@x.test", 3, 1},
	    {"a@x.test(x)b@x.test(y)c@x.test", 3, 0},
	    {"a@x.test\\, b@x.test", 2, 0},
	    {"a@[127.0.0.1] b@x.test", 2, 0},
	    {"root daemon bin", 3, 3},
	    {"\"a\"@x.test \"b\"@x.test", 2, 0},
	    {"(never closed a@x.test b@x.test", 2, 0},
	    {"a@x.test b@x.test: c@x.test", 3, 0},
	    {"a@x.test\r b@x.test: c@x.test,\r\rd@x.test", 4, 0},
	    /* one address, whatever is said with it */
	    {"a@x.test", 1, 0},
	    {"\"b@x.test, c\" <a@x.test>", 1, 0},
	    {"b@x.test <a@x.test>", 1, 0},
	    {"\"b@x.test\" <a@x.test> ", 1, 0},
	    {"a@x.test (b@x.test)", 1, 0},
	    {"(b@x.test) a@x.test", 1, 0},
	    {"\"x \\\" <b@x.test>, \\\" y\" <a@x.test>", 1, 0},
	    {"\"a b\"@x.test", 1, 0},
	    {"a@(x)x.test", 1, 0},
	    {"Friends of root <a@x.test>", 1, 0},
	    {"\"b@x.test\": a@x.test;", 1, 0},
	    {"My friends: a@x.test, \"B\" <b@x.test>;", 2, 0},
	    {"undisclosed-recipients:;", 0, 0},
	    {"root", 1, 1},
	    {"<root>", 1, 1},
	    {"a@", 1, 1},
	    {" , ,", 0, 0},
	    {"<>", 0, 0},
	};
	char text[200];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		(void)snprintf(text, sizeof text, "To: %s\n\nx\n", cases[i].to);
		LOOK(text, "sendmail\0-t\0");
		T_CHECK(h.rcpts == cases[i].rcpts && h.rcpts_nowhere == cases[i].nowhere,
			"%s: %llu, %llu nowhere", cases[i].to,
			(unsigned long long)h.rcpts, (unsigned long long)h.rcpts_nowhere);
	}
}

/* Own domains beside others whose address is written with a comment. */
static void
test_domains(void)
{
	LOOK("To: me@own.test, v1@gmail.test (x), v2@(x)web.test, \"a\"@y.test(z)\n\n",
	     "sendmail\0-t\0");
	T_EQ(h.rcpts, 4);
	T_EQ(h.domain_count, 4);
	T_EQ(h.rcpts_nowhere, 0);
	T_EQ(h.rcpt_hash_count, 0);
	LOOK("To: v%web.test@own.test\n\n", "sendmail\0-t\0");
	T_EQ(h.rcpt_hash_count, 0);
	LOOK("To: web.test!v@own.test\n\n", "sendmail\0-t\0");
	T_EQ(h.rcpt_hash_count, 0);
}

static void
test_mbox_lines(void)
{
	LOOK("From x Mon\nFrom y Mon\n>From z\nTo: a@x.test\nBcc: b@x.test\n\nx\n",
	     "sendmail\0-t\0");
	T_EQ(h.rcpts, 2);
	LOOK(">From x Mon\nTo: a@x.test\n\nx\n", "sendmail\0-t\0");
	T_EQ(h.rcpts, 1);
	LOOK(">From", "sendmail\0-t\0");
	T_EQ(h.rcpts, 0);
}

static void
test_fields(void)
{
	LOOK("From: Me <me@z.test>\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n 12\n"
	     "Message-ID: <1@z.test>\nX-PHP-Originating-Script: 1001:send.php\n"
	     "List-Unsubscribe: <mailto:u@z.test>\nPrecedence: bulk\n\nx",
	     "sendmail\0-t\0");
	T_CHECK(h.ok, "%s", h.reason);
	T_STR(h.subject, "Gr\xc3\xbc\xc3\x9f"
			 "e 12");
	T_STR(h.claimed_script, "send.php");
	T_STR(h.message_id, "<1@z.test>");
	T_EQ(h.bulk, MAIL_BULK_UNSUBSCRIBE | MAIL_BULK_PRECEDENCE);
}

static unsigned
apart(uint64_t a, uint64_t b)
{
	return (unsigned)__builtin_popcountll(a ^ b);
}

static void
test_hashes(void)
{
	uint64_t a, b, c, s;

	LOOK("Subject: Offer 1234\n\nDear Anna, today we have a very special offer for "
	     "all our "
	     "good friends, look at it before the end of the week and tell others, code "
	     "77A\n",
	     "sendmail\0-t\0");
	a = h.body_hash;
	s = h.subject_hash;
	LOOK("Subject: offer 99\n\nDear Berta, today we have a very special offer for "
	     "all our "
	     "good friends, look at it before the end of the week and tell others, code "
	     "81B\n",
	     "sendmail\0-t\0");
	b = h.body_hash;
	T_CHECK(s == h.subject_hash, "digits and case are folded");
	LOOK("Subject: x\n\nThe invoice for your order is attached, please pay within "
	     "fourteen "
	     "days to the account that is named below, with many thanks from the shop\n",
	     "sendmail\0-t\0");
	c = h.body_hash;
	T_CHECK(a != 0 && b != 0 && c != 0, "hashes are there");
	T_CHECK(apart(a, b) < 20, "near: %u", apart(a, b));
	T_CHECK(apart(a, c) > apart(a, b) + 4, "far: %u", apart(a, c));
}

int
main(void)
{
	mail_head_start();
	test_rcpts();
	test_rcpt_hashes();
	test_rcpt_key();
	test_rcpts_most();
	test_domains();
	test_mbox_lines();
	test_fields();
	test_hashes();
	return T_DONE();
}
