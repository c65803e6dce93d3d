/*
 * test_rules_switch - a string that is off is not found, and is as it was when on again
 *
 * Job:     strings anywhere, at one place, of an expression and in parts, off and on.
 * Touches: a file below TMPDIR.
 */
#include "t.h"

#include <stdlib.h>
#include <unistd.h>

#include "rules.h"

static const char rule_text[] =
    "rule words { strings: $a = \"abc\" condition: $a }\n"
    "rule placed { strings: $a = \"head\" condition: $a at 0 }\n"
    "rule expression { strings: $a = /[0-9]{3,5}x?/ condition: #a > 1 }\n"
    "rule parts { strings: $a = { 61 62 63 [0-500] 78 79 7a } condition: $a }\n";
static const char data[] = "head abc 12345 678 and so on xyz";

static struct rules rules;
static YR_SCANNER *scanner;

static int
count(YR_SCAN_CONTEXT *ctx, int message, void *rule, void *arg)
{
	(void)ctx;
	(void)rule;
	*(int *)arg += message == CALLBACK_MSG_RULE_MATCHING;
	return CALLBACK_CONTINUE;
}

/* Rules that are true of data. */
static int
matches(void)
{
	int n = 0;

	yr_scanner_set_callback(scanner, count, &n);
	T_EQ(yr_scanner_scan_mem(scanner, (const uint8_t *)data, sizeof data - 1), 0);
	return n;
}

int
main(void)
{
	const char *tmp = getenv("TMPDIR");
	const char *dirs[1];
	char path[256];
	struct err e;
	uint32_t i, rule;
	int fd;

	(void)snprintf(path, sizeof path, "%s/switch.XXXXXX.yar",
		       tmp != NULL ? tmp : "/tmp");
	fd = mkstemps(path, 4);
	T_CHECK(fd >= 0);
	T_EQ(write(fd, rule_text, sizeof rule_text - 1), sizeof rule_text - 1);
	close(fd);
	dirs[0] = path;
	T_EQ(rules_start(&e), 0);
	T_CHECK(rules_load(&rules, dirs, 1, &e) == 0, "%s", e.text);
	(void)unlink(path);
	T_EQ(rules.count, 4);
	T_EQ(yr_scanner_create(rules.yara, &scanner), 0);
	T_EQ(matches(), 4);
	for (rule = 0; rule < 4; rule++) {
		for (i = 0; i < rules.yara->num_strings; i++)
			rules_string_on(&rules, i,
					rules.yara->strings_table[i].rule_idx != rule);
		T_CHECK(matches() == 3, "without rule %u: %d", rule, matches());
	}
	for (i = 0; i < rules.yara->num_strings; i++)
		rules_string_on(&rules, i, false);
	T_EQ(matches(), 0);
	for (i = 0; i < rules.yara->num_strings; i++)
		rules_string_on(&rules, i, true);
	T_EQ(matches(), 4);
	yr_scanner_destroy(scanner);
	rules_fini(&rules);
	return T_DONE();
}
