/*
 * test_prefilter - what need not be asked of libyara is not, and what must be is
 *
 * Job:     conditions by the prefilter beside libyara's own answer; and no shipped rule
 *          that has libyara look at every file.
 * Touches: rules/ (tests run from the top of the tree); a file below TMPDIR.
 */
#include "t.h"

#include <stdlib.h>
#include <unistd.h>

#include "facts.h"
#include "php.h"
#include "prefilter.h"

static const struct row {
	const char *condition, *data; /* strings $a = "aa", $b = "bb", $c = "cc" */
	bool ask;                     /* must libyara be asked? */
} rows[] = {
    {"$a and $b", "aa", false},
    {"$a and $b", "aa bb", true},
    {"$a or $b", "cc", false},
    {"$a or $b or $c", "-- cc", true},
    {"not $a and $b", "cc", false},
    {"not $a and $b", "bb", true},
    {"$c and ($a or ($b and not $c))", "bb", false},
    {"$c and ($a or ($b and not $c))", "cc bb", true},
    {"2 of them", "aa", false},
    {"2 of them", "aa cc", true},
    {"all of ($a, $c)", "aa", false},
    {"#a > 1", "bb", false},
    {"#a > 1", "aa", true}, /* how often is libyara's to count */
    {"#a > #b", "cc", false},
    {"#a > #b", "bb bb", false},
    {"#a > #b", "aa", true},
    {"#a < #b", "aa", false},
    {"#a < #b", "bb", true},
    {"#a >= #b and $c", "aa bb", false},
    {"#a >= #b and $c", "bb cc", true},
    {"#a == #b and $c", "cc", true},
    {"2 of ($a, $a*) and not $b", "aa", true}, /* named twice, counted twice */
    {"2 of ($a, $b*) and not $c", "aa", false},
    {"filesize < 3 and $a", "aa bb", false},
    {"filesize < 3 and $a", "aa", true},
};

static struct err e;

static int
count(YR_SCAN_CONTEXT *ctx, int message, void *rule, void *arg)
{
	(void)ctx;
	(void)rule;
	*(int *)arg += message == CALLBACK_MSG_RULE_MATCHING;
	return CALLBACK_CONTINUE;
}

static void
load(struct rules *r, const char *text)
{
	const char *tmp = getenv("TMPDIR");
	const char *dirs[1];
	char path[256];
	int fd;

	(void)snprintf(path, sizeof path, "%s/prefilter.XXXXXX.yar",
		       tmp != NULL ? tmp : "/tmp");
	fd = mkstemps(path, 4);
	T_CHECK(fd >= 0);
	T_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	dirs[0] = path;
	T_CHECK(rules_load(r, dirs, 1, &e) == 0, "%s", e.text);
	(void)unlink(path);
}

static void
test_conditions(void)
{
	const struct prefilter_facts none = {NULL, 0};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *row = &rows[i];
		struct prefilter *p = NULL;
		struct rules r;
		char text[400];
		bool ask;
		int n = 0;

		(void)snprintf(text, sizeof text,
			       "rule one { strings: $a = \"aa\" $b = \"bb\" $c = \"cc\" "
			       "condition: (%s) or (all of them and #a > 9) }",
			       row->condition);
		load(&r, text);
		T_CHECK(prefilter_new(&p, &r, &none, &e) == 0, "%s", e.text);
		prefilter_pass(p, row->data, strlen(row->data));
		ask = prefilter_decide(p, NULL);
		T_CHECK(ask == row->ask, "%s: \"%s\" asks %d", row->condition, row->data,
			ask);
		T_EQ(yr_rules_scan_mem(r.yara, (const uint8_t *)row->data,
				       strlen(row->data), 0, count, &n, 0),
		     0);
		T_CHECK(n == 0 || ask || prefilter_sure(p, 0), "%s: \"%s\" is true",
			row->condition, row->data);
		prefilter_free(&p);
		rules_fini(&r);
	}
}

/* What the rule "both" of this text says of data, first with php_seen = 0, then with 1. */
static void
asked_twice(const char *condition, bool first, bool second)
{
	static const char *const names[] = {"php_seen"};
	const struct prefilter_facts facts = {names, 1};
	struct prefilter *p = NULL;
	struct rules r;
	char text[400];
	int64_t value = 0;

	(void)snprintf(text, sizeof text,
		       "rule alone { strings: $a = \"none\" condition: $a }\n"
		       "rule alike { strings: $a = \"none\" condition: $a }\n"
		       "rule both { strings: $a = \"aa\" $b = \"bb\" "
		       "condition: %s or (filesize < 0 and all of them) }",
		       condition);
	load(&r, text);
	T_CHECK(prefilter_new(&p, &r, &facts, &e) == 0, "%s", e.text);
	prefilter_pass(p, "aa bb", 5);
	T_CHECK(prefilter_decide(p, &value) == first, "%s", condition);
	/* whatever names another rule has libyara's answer for it, or "not" means nothing */
	T_EQ(prefilter_maybe(p, 0),
	     strstr(condition, "alone") != NULL || strstr(condition, "al*") != NULL);
	value = 1;
	T_CHECK(prefilter_decide_new(p, &value) == second, "%s, the second time",
		condition);
	prefilter_free(&p);
	rules_fini(&r);
}

static void
test_twice(void)
{
	asked_twice("$a", true, false);
	asked_twice("$a and not $b", true, false);
	asked_twice("$a and php_seen == 1", false, true);
	asked_twice("$a and (not $b or php_seen == 1)", true, true);
	asked_twice("$a and any of (alone, alike)", true, true);
	asked_twice("$a and any of (al*)", true, true);
	asked_twice("$a and for any i in (1..2) : (i == 1 and not alone)", true, true);
}

#define FACTS_ROOM 256

/* Integer facts by name: a PHP page that was looked at, of which nothing else is known. */
static size_t
page_facts(const char **names, int64_t *values)
{
	const struct php_fact_row *row;
	size_t n = 0, i, k;

#define FACT_INT(id, text) names[n++] = #id;
#define FACT_STR(id, text)
	FACTS_TABLE
#undef FACT_INT
#undef FACT_STR
	row = php_fact_rows(&k);
	for (i = 0; i < k && n < FACTS_ROOM; i++)
		names[n++] = row[i].name;
	for (i = 0; i < n; i++)
		values[i] = strcmp(names[i], "has_php") == 0 ||
			    strcmp(names[i], "php_ext") == 0 ||
			    strcmp(names[i], "php_seen") == 0;
	return n;
}

/* A condition the prefilter cannot read makes libyara look at each file there is. */
static void
test_shipped(void)
{
	static const char *const dirs[] = {"rules"};
	static const char page[] = "<?php\necho 1;\n";
	const char *names[FACTS_ROOM];
	int64_t values[FACTS_ROOM];
	const struct prefilter_facts facts = {names, page_facts(names, values)};
	struct prefilter *p = NULL;
	struct rules r;
	size_t i;

	T_CHECK(rules_load(&r, dirs, 1, &e) == 0, "%s", e.text);
	T_CHECK(prefilter_new(&p, &r, &facts, &e) == 0, "%s", e.text);
	prefilter_pass(p, page, sizeof page - 1);
	if (prefilter_decide(p, values))
		for (i = 0; i < r.count; i++)
			T_CHECK(!prefilter_maybe(p, i) || prefilter_sure(p, i),
				"libyara is asked of %s for a page without a string",
				r.info[i].name);
	T_EQ(prefilter_decide(p, values), false);
	prefilter_free(&p);
	rules_fini(&r);
}

int
main(void)
{
	T_CHECK(rules_start(&e) == 0, "%s", e.text);
	test_conditions();
	test_twice();
	test_shipped();
	return T_DONE();
}
