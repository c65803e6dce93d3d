/*
 * test_providers - the shipped provider table against its own examples, and the parser's
 * limits
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "provider_table.h"
#include "reply.h"
#include "t.h"

static const char *table_path = "rules/providers";

static void
say(void *arg, const char *line)
{
	(void)arg;
	printf("%s\n", line);
}

static void
check(const struct provider_table *t, const char *mx, const char *domain,
      const char *reply, const char *provider, const char *scope)
{
	struct provider_verdict v;

	provider_classify(t, mx, domain, 0, reply, strlen(reply), &v);
	T_CHECK(strcmp(v.provider, provider) == 0, "%s: %s", reply, v.provider);
	T_CHECK(strcmp(reply_scope_name(v.scope), scope) == 0, "%s: %s by %s", reply,
		reply_scope_name(v.scope), v.row);
}

/* The sentences of the manual: scope decides, and wrong-scope signals look alike. */
static void
test_scopes(const struct provider_table *t)
{
	check(t, "hotmail-com.olc.protection.outlook.com", NULL,
	      "550 5.7.1 part of their network is on our block list (S3150).",
	      "microsoft", "ip");
	check(t, "EXAMPLE-COM.mail.protection.outlook.com.", "example.com",
	      "550 5.7.509 does not pass DMARC verification", "microsoft365", "auth");
	check(t, NULL, "Hotmail.FR",
	      "451 4.7.650 rate limited due to IP reputation (S775)", "microsoft",
	      "ip-throttle");
	check(t, "mx.evil.test", "evil.test", "550 block list (S3150)", "microsoft",
	      "ip");
	check(t, "", "", "554 blocked using zen.spamhaus.org", "other", "ip");
	check(t, "", "", "554 Sender address [a@b.test] blocked using dbl.spamhaus.org",
	      "other", "domain");
	check(t, "", "", "554 blocked using multi.uribl.com", "other", "content");
	check(t, "", "", "", "other", "unknown");
	check(t, "", "", "552 5.2.2 <spamhaus-blocked@a.test>... Mailbox Full", "other",
	      "recipient");
}

/* A text may name a provider, but then its origin is told. */
static void
test_from(const struct provider_table *t)
{
	struct provider_verdict v;
	const char *s =
	    "550 block list (S3150) see http://mail.live.com/mail/troubleshooting.aspx";

	provider_classify(t, "mx.evil.test", "evil.test", 0, s, strlen(s), &v);
	T_EQ(v.from, PROVIDER_FROM_REPLY);
	provider_classify(t, "mx1.hotmail.com", "", 0, s, strlen(s), &v);
	T_EQ(v.from, PROVIDER_FROM_MX);
	provider_classify(t, "mx1.nothotmail.com", "msn.com", 0, s, strlen(s), &v);
	T_EQ(v.from, PROVIDER_FROM_DOMAIN);
	T_EQ(provider_find(t, "nothotmail.com", NULL), -1);
	T_EQ(provider_find(t, NULL, NULL), -1);
	T_CHECK(provider_domain(t, provider_by_name(t, "microsoft"), 80) != NULL);
}

static void
test_reply(void)
{
	static const struct {
		int code;
		const char *in, *text, *enh;
		int want;
	} row[] = {
	    {0, "550 5.1.1 User unknown", "user unknown", "5.1.1", 550},
	    {0, "550-5.7.1 one\\n550 5.7.1 two", "one two", "5.7.1", 550},
	    {550, "550-5.7.26 A 550-5.7.26 B 550 5.7.26 c", "a b c", "5.7.26", 550},
	    {0, "host mx[192.0.2.1] said: 450 4.2.0 later (in reply to RCPT TO command)",
	     "later", "4.2.0", 450},
	    {0,
	     "SMTP error from remote mail server after RCPT TO:<a@b.c>: 552 full 1.2.3.4",
	     "full 1.2.3.4", "0.0.0", 552},
	    {0, "553 sorry (#5.7.1)", "sorry (#5.7.1)", "5.7.1", 553},
	    {0, "550 <a.b@c.test>: no", "<@>: no", "0.0.0", 550},
	    {421, "try  later", "try later", "0.0.0", 421},
	    {0, "", "", "0.0.0", 0},
	    {0, "5.1.1", "", "5.1.1", 0},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct reply r;
		char enh[40];

		reply_read(&r, row[i].code, row[i].in, strlen(row[i].in));
		snprintf(enh, sizeof(enh), "%d.%d.%d", r.enh[0], r.enh[1], r.enh[2]);
		T_STR(r.text, row[i].text);
		T_STR(enh, row[i].enh);
		T_EQ(r.code, row[i].want);
	}
}

/* A table with one fault names its line and its reason. */
static void
test_faults(void)
{
	static const struct {
		const char *text, *why;
	} row[] = {
	    {"x\n", "t:1: \"x\" without"},
	    {"scope ip wait\n", "t:1: \"scope\" before"},
	    {"row A\n", "t:1: name"},
	    {"row a\nscope sideways wait\n", "t:2: scope"},
	    {"row a\nscope ip dance\n", "t:2: action"},
	    {"row a\ncode 99\n", "t:2: code"},
	    {"row a\nenh 5.7\n", "t:2: enhanced"},
	    {"row a\ntext a~b\n", "t:2: a '~' inside"},
	    {"row a\ntext *\n", "t:2: a pattern"},
	    {"row a\nfor nobody\n", "t:2: provider"},
	    {"row a\nscope ip wait\ntext x\nexample y\n", "row a (line 1) lacks"},
	    {"row a\nscope ip wait\nsource s\nexample y\n", "matches everything"},
	    {"row a\ntext x\nsource s\nexample y\nscope ip wait\nrow a\n",
	     "t:6: row a is there"},
	    {"provider p\nmx nodot\n", "t:2: \"nodot\""},
	    {"provider p\ntitle T\nmx .a.b .a.b\nrow r\ntext x\nscope ip wait\nsource s\n"
	     "example x\n",
	     "t: .a.b is there twice"},
	    {"", "t: no rows"},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct provider_table *t;
		struct err e = {ERR_NONE, ""};

		T_EQ(provider_table_parse(row[i].text, strlen(row[i].text), "t", &t, &e),
		     -1);
		T_CHECK(t == NULL);
		T_CHECK(strstr(e.text, row[i].why) != NULL, "%s", e.text);
	}
}

int
main(void)
{
	struct provider_table *t;
	struct err e;
	unsigned faults = 1;

	if (access(table_path, R_OK) != 0)
		table_path = "../rules/providers";
	T_EQ(provider_table_check(table_path, say, NULL, &faults, &e), 0);
	T_EQ(faults, 0);
	if (provider_table_load(table_path, &t, &e) == -1) {
		printf("%s\n", e.text);
		return 1;
	}
	T_CHECK(provider_row_count(t) > 150);
	T_CHECK(provider_count(t) > 40);
	test_scopes(t);
	test_from(t);
	test_reply();
	test_faults();
	provider_table_free(&t);
	return T_DONE();
}
