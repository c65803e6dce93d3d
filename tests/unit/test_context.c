/*
 * test_context - facts of place, name, time and owner: each is known, none accuses alone
 *
 * Job:     one row a fact; all of them together on honest PHP; the lists of checksums.
 * Touches: rules/ (tests run from the top of the tree).
 */
#include "t.h"

#include <stdlib.h>

#include "facts.h"
#include "rules.h"
#include "scanengine.h"
#include "sums.h"

#define DAY (INT64_C(86400) * 1000000)
#define NOW (INT64_C(20000) * DAY)
#define WEB 999999

static const struct row {
	const char *rule;
	struct engine_file f;
} rows[] = {
    {"context_upload_dir", {.path = "/home/a/www/wp-content/uploads/x.php"}},
    {"context_upload_dir", {.path = "/home/a/www/cache/x.php"}},
    {"context_upload_dir", {.path = "/home/a/www/images/x.php"}},
    {"context_hidden", {.path = "/home/a/www/.well-known/x.php"}},
    {"context_core_name", {.path = "/home/a/www/wp-content/wp-login.php"}},
    {"context_core_name", {.path = "/home/a/www/images/configuration.php"}},
    {"context_core_name", {.path = "/home/a/www/sites/default/files/settings.php"}},
    {"context_core_name", {.path = "/home/a/www/modules/settings.inc.php"}},
    {"context_double_extension", {.path = "/home/a/www/picture.jpg.php"}},
    {"context_double_extension", {.path = "/home/a/www/page.php.txt"}},
    {"context_backdated",
     {.path = "/home/a/www/x.php",
      .mtime_us = NOW - 400 * DAY,
      .ctime_us = NOW - DAY,
      .now_us = NOW}},
    {"context_owner", {.path = "/home/a/www/x.php", .uid = 1001, .dir_uid = 1002}},
    {"context_web_writer", {.path = "/home/a/www/x.php", .uid = WEB, .dir_uid = 1002}},
    {"context_executable", {.path = "/home/a/www/x.php", .mode = 0100755}},
    {"context_core_changed", {.path = "/home/a/www/wp-includes/version.php"}},
};

static bool
found(const struct engine_result *r, const char *rule)
{
	struct strings s = strings_of(r->findings, r->findings_len);
	const char *name;

	while ((name = strings_next(&s)) != NULL) {
		if (strcmp(name, rule) == 0)
			return true;
		(void)strings_next(&s);
		(void)strings_next(&s);
	}
	return false;
}

static void
contexts(struct scanengine *en)
{
	static const char text[] = "<?php\necho date('Y');\n";
	static struct engine_result r;
	struct engine_file all = {.path =
				      "/home/a/www/wp-content/uploads/.x/wp-login.php",
				  .mtime_us = NOW - 400 * DAY,
				  .ctime_us = NOW - DAY,
				  .now_us = NOW,
				  .mode = 0100777,
				  .uid = WEB,
				  .dir_uid = 1002};
	struct engine_file none = {.path = "/home/a/www/page.php",
				   .mtime_us = NOW - 400 * DAY,
				   .ctime_us = NOW - 400 * DAY,
				   .now_us = NOW,
				   .mode = 0100644,
				   .uid = 1002,
				   .dir_uid = 1002};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		scanengine_scan(en, text, sizeof text - 1, &rows[i].f, &r);
		T_CHECK(found(&r, rows[i].rule), "%s: %s", rows[i].rule, rows[i].f.path);
		T_CHECK(r.verdict == VERDICT_CLEAN && r.score == 0, "%s: %d points",
			rows[i].rule, r.score);
		scanengine_scan(en, text, sizeof text - 1, &none, &r);
		T_CHECK(!found(&r, rows[i].rule), "%s without its fact", rows[i].rule);
	}
	scanengine_scan(en, text, sizeof text - 1, &all, &r);
	T_CHECK(r.findings_count >= 6, "%u of all at once", r.findings_count);
	T_CHECK(r.verdict == VERDICT_CLEAN && r.score == 0, "all at once: %d points",
		r.score);
	none.uid = -1; /* not known is no difference */
	scanengine_scan(en, text, sizeof text - 1, &none, &r);
	T_CHECK(!found(&r, "context_owner"));
	none.mode = 0100755;
	scanengine_scan(en, "#!/usr/bin/php\n<?php echo 1;", 28, &none, &r);
	T_CHECK(!found(&r, "context_executable"), "a program of the command line");
}

#define SUM_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SUM_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SUM_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static void
lists(struct sums *s)
{
	static const char list[] =
	    "# package: press 1\n" SUM_A "  wp-includes/version.php\n" SUM_A
	    "  index.php\n" SUM_A "  wp-includes/a/b.php\n";
	static const char other[] =
	    "# package: press 2\n" SUM_B "  wp-includes/version.php";
	static const char *const bad[] = {"x", "zz" SUM_A "  a/b.php\n",
					  SUM_A " a/b.php\n", "\n" SUM_A "\n"};
	struct err e;
	size_t i;

	T_EQ(sums_add(s, list, sizeof list - 1, &e), 0);
	T_EQ(sums_add(s, other, sizeof other - 1, &e), 0);
	T_EQ(sums_count(s), 3);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		T_CHECK(sums_add(s, bad[i], strlen(bad[i]), &e) != 0, "%s", bad[i]);
	sums_sort(s);
	T_CHECK(!sums_changed(s, "/home/a/www/wp-includes/version.php", SUM_A));
	T_CHECK(!sums_changed(s, "/home/a/www/wp-includes/version.php", SUM_B));
	T_CHECK(sums_changed(s, "/home/a/www/wp-includes/version.php", SUM_C));
	T_CHECK(!sums_changed(s, "/home/a/www/wp-includes/other.php", SUM_C));
	T_CHECK(!sums_changed(s, "/home/a/www/index.php", SUM_C));
	T_CHECK(!sums_changed(s, "version.php", SUM_C));
	T_CHECK(sums_changed(s, "/wp-includes/a/b.php", SUM_C));
	T_CHECK(!sums_changed(s, "/wp-includes/a/b.php", ""));
}

int
main(void)
{
	static const char *const dirs[] = {"rules"};
	struct engine_conf c = {.suspicious_points = 50,
				.malicious_points = 100,
				.prefilter = true,
				.unwrap = true};
	struct scanengine *en = NULL;
	struct rules r;
	struct err e;

	T_EQ(rules_start(&e), 0);
	T_CHECK(rules_load(&r, dirs, 1, &e) == 0, "%s", e.text);
	lists(r.sums);
	T_CHECK(scanengine_new(&en, &r, &c, &e) == 0, "%s", e.text);
	facts_add_web_user(WEB);
	if (en != NULL)
		contexts(en);
	scanengine_free(&en);
	rules_fini(&r);
	return T_DONE();
}
