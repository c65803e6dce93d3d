/*
 * test_rulelint - what is said of rules, and what of a foreign set still works
 *
 * Job:     expressions as a table; rule files in the forms that sets in the field
 *          have: one with includes and no metadata, one with scores, one of our own.
 * Touches: a directory below TMPDIR.
 */
#include "t.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relint.h"
#include "rulelint.h"
#include "scanengine.h"

static void
expressions(void)
{
	static const struct {
		const char *re;
		bool leading, unbounded;
		uint64_t states; /* at least; 1: exactly */
	} row[] = {
	    {"eval\\s?\\(", false, false, 1},
	    {"eval.{0,200}base64", false, false, 1},
	    {"eval.*base64", false, true, 1},
	    {"eval[^;]+base64", false, true, 1},
	    {"eval\\w+x", false, false, 1},
	    {".*eval", true, true, 1},
	    {"(a|.*)eval", true, true, 1},
	    {"x?eval", false, false, 1},
	    {"[^x]+eval", true, true, 1},
	    {"(\\w{1,50}){1,50}!", false, false, 2500},
	    {"eval(.{1,30}a){1,20}b", false, false, 600},
	    {"eval(\\w{1,8}\\s?){1,8}!", false, false, 64},
	    {"eval(\\w{0,3}\\s?){1,4}!", false, false, 12},
	    /* the comma tells where a round ends */
	    {"(\\d{1,4},){3,90};", false, false, 1},
	    {"(chr\\(\\d{1,4}\\)\\.){3,30};", false, false, 1},
	    {"[\\]x]{2,4}[a-]{1,3}", false, false, 1},
	    {"a{2}b{,3}c{4,}", false, false, 1},
	};
	size_t i;

	for (i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct relint r = relint_look(row[i].re, strlen(row[i].re), false, false);

		T_CHECK(r.understood, "%s", row[i].re);
		T_CHECK(r.leading == row[i].leading, "%s", row[i].re);
		T_CHECK(r.unbounded == row[i].unbounded, "%s", row[i].re);
		T_CHECK(row[i].states == 1 ? r.states == 1 : r.states >= row[i].states,
			"%s: %llu", row[i].re, (unsigned long long)r.states);
	}
	T_CHECK(!relint_look("(a", 2, false, false).understood);
	T_CHECK(!relint_look("[a", 2, false, false).understood);
	T_CHECK(!relint_look("a)", 2, false, false).understood);
}

static char dir[256];

static const char *
path_of(const char *name)
{
	static char path[512];

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static void
put(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	T_CHECK(f != NULL, "%s", name);
	if (f == NULL)
		return;
	(void)fputs(text, f);
	(void)fclose(f);
}

static const struct rule_note *
noted(const struct rules *r, const char *rule, const char *text)
{
	size_t i;

	for (i = 0; i < r->note_count; i++)
		if (strcmp(r->note[i].rule, rule) == 0 &&
		    strstr(r->note[i].text, text) != NULL)
			return &r->note[i];
	return NULL;
}

static int
load(struct rules *r)
{
	const char *dirs[] = {dir};
	struct err e;
	int rc = rules_load(r, dirs, 1, &e);

	if (rc == 0)
		rules_lint(r);
	return rc;
}

/* How many findings a text has, with the prefilter and without. */
static void
scanned(const struct rules *r, const char *text, unsigned findings)
{
	static struct engine_result out;
	struct engine_conf c = {.suspicious_points = 50, .malicious_points = 100};
	const struct engine_file f = {.path = "/srv/a.php"};
	struct scanengine *en;
	struct err e;
	int i;

	T_EQ(scanengine_new(&en, r, &c, &e), 0);
	for (i = 0; en != NULL && i < 2; i++) {
		scanengine_prefilter(en, i == 0);
		scanengine_scan(en, text, strlen(text), &f, &out);
		T_CHECK(out.findings_count == findings, "%s: %u, prefilter %d", text,
			out.findings_count, i == 0);
	}
	scanengine_free(&en);
}

#define META_OWN \
	"meta: group = \"t\" weight = 20 description = \"d\" since = \"0.1\" " \
	"reference = \"r\" "

static void
own_rules(void)
{
	const struct rule_note *n;
	struct rules r;

	put("own.yar", "rule fine { " META_OWN "strings: $a = \"wxyz\" condition: $a }\n"
		       "rule bare { meta: weight = 20\n"
		       " strings: $a = /abcd.*efgh/\n"
		       " condition: $a }\n"
		       "rule slow { " META_OWN "strings: $a = /a.b/ condition: $a }\n"
		       "rule hexa { " META_OWN
		       "strings: $a = { 01 02 03 04 [4-] 05 } condition: $a }\n");
	put("twice.yar", "rule fine { " META_OWN "condition: filesize == 3 }\n");
	T_EQ(load(&r), 0);
	T_EQ(r.count, 5);
	T_EQ(r.broken, 0);
	T_CHECK(noted(&r, "bare", "no group") != NULL);
	T_CHECK(noted(&r, "bare", "no description") != NULL);
	T_CHECK(noted(&r, "bare", "no since") != NULL);
	T_CHECK(noted(&r, "bare", "no reference") != NULL);
	T_CHECK((n = noted(&r, "bare", "jumps without bound")) != NULL && n->line == 3 &&
		n->kind == NOTE_LINT && strstr(n->path, "own.yar") != NULL);
	T_CHECK((n = noted(&r, "slow", "four fixed bytes")) != NULL &&
		n->kind == NOTE_LINT);
	T_CHECK(noted(&r, "hexa", "[4-200]") != NULL);
	T_CHECK((n = noted(&r, "fine", "is taken by a rule of")) != NULL &&
		strstr(n->path, "twice.yar") != NULL);
	rules_fini(&r);
	/* one that is wrong makes its whole file wrong: nothing of it is loaded */
	put("own.yar", "rule one { condition: true }\n\nrule two { " META_OWN
		       "condition: nothing_of_this_name }\n");
	T_EQ(load(&r), 0);
	T_EQ(r.broken, 1);
	T_EQ(r.count, 1);
	T_CHECK((n = noted(&r, "two", "undefined identifier")) != NULL && n->line == 3 &&
		n->kind == NOTE_ERROR);
	T_CHECK(strstr(r.problem, "own.yar:3: undefined") != NULL, "%s", r.problem);
	rules_fini(&r);
	(void)unlink(path_of("own.yar"));
	(void)unlink(path_of("twice.yar"));
}

static void
foreign_sets(void)
{
	const struct rule_note *n;
	struct rules r;

	/* no metadata at all, a private global rule, a white list in an included file */
	(void)mkdir(path_of("lists"), 0700);
	put("a.yar", "import \"hash\"\ninclude \"list.yar\"\n"
		     "/* include \"nothing.yar\" */\n"
		     "global private rule IsText { condition: filesize < 5MB }\n"
		     "rule Odd { strings: $a = \"oddly\" condition: $a and not Known }\n"
		     "rule Wild { strings: $a = /wild(.{1,30}a){1,20}b/ condition: $a }\n"
		     "rule OnWild { strings: $a = \"onwild\" condition: $a or Wild }\n");
	put("list.yar", "include \"lists/one.yar\"\n"
			"private rule Known { condition: One or filesize == 7 }\n");
	put("lists/one.yar", "private rule One {\n condition:\n  filesize == 9\n}\n");
	/* authors, scores and tags */
	put("b.yar",
	    "rule HKTL_Thing : TOOL {\n meta:\n  author = \"somebody\"\n"
	    "  score = 75\n  date = \"2024-01-01\"\n  id = \"1-2\"\n strings:\n"
	    "  $x1 = \"thing.exe\" ascii wide nocase\n condition: 1 of them }\n");
	put("c.yar", "rule P_Thing {\n meta: author = \"x\" quality = 85 score = 60\n"
		     " tags = \"FILE\"\n condition: filesize == 1 and name_of_another }\n"
		     "rule P_Other { meta: score = 65 condition: filesize == 2 }\n");
	put("d.yar", "import \"cuckoo_of_another_build\"\n"
		     "rule D { condition: filesize == 4 }\n");
	T_EQ(load(&r), 0);
	T_EQ(r.broken, 0);
	T_CHECK((n = noted(&r, "Wild", "repeats a repeat")) != NULL &&
		n->kind == NOTE_SKIPPED && n->line == 6);
	T_CHECK((n = noted(&r, "OnWild", "undefined identifier \"Wild\"")) != NULL &&
		n->kind == NOTE_SKIPPED);
	T_CHECK(noted(&r, "P_Thing", "undefined identifier") != NULL);
	T_EQ(r.skipped, 3);
	/* IsText, Odd, Known, One; HKTL_Thing; P_Other; D; list.yar is not loaded twice
	 */
	T_EQ(r.count, 7);
	T_EQ(r.source_count, 4);
	T_CHECK((n = noted(&r, "", "1 of 1 rules of this foreign set")) != NULL &&
		n->kind == NOTE_WARNING);
	/* a rule that is false and named, or global, is still asked by libyara */
	scanned(&r, "<?php oddly", 1);
	scanned(&r, "<?php evenly", 0);
	rules_fini(&r);
	put("a.yar", "global rule Long { condition: filesize > 40 }\n"
		     "rule Odd { strings: $a = \"oddly\" condition: $a }\n");
	T_EQ(load(&r), 0);
	scanned(&r, "<?php oddly", 0);
	rules_fini(&r);
	/* not above, not elsewhere */
	put("a.yar", "include \"../x.yar\"\nrule R { condition: true }\n");
	T_EQ(load(&r), 0);
	T_EQ(r.broken, 1);
	T_CHECK(strstr(r.problem, "below this one's directory") != NULL, "%s", r.problem);
	rules_fini(&r);
	put("a.yar", "include \"a.yar\"\n");
	T_EQ(load(&r), 0);
	T_CHECK(strstr(r.problem, "8 deep") != NULL, "%s", r.problem);
	rules_fini(&r);
}

int
main(void)
{
	const char *tmp = getenv("TMPDIR");
	struct err e;
	const char *const names[] = {"a.yar", "b.yar",    "c.yar",
				     "d.yar", "list.yar", "lists/one.yar"};
	size_t i;

	expressions();
	(void)snprintf(dir, sizeof dir, "%s/rulelint.XXXXXX", tmp != NULL ? tmp : "/tmp");
	T_CHECK(mkdtemp(dir) != NULL);
	T_EQ(rules_start(&e), 0);
	own_rules();
	foreign_sets();
	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		(void)unlink(path_of(names[i]));
	(void)rmdir(path_of("lists"));
	(void)rmdir(dir);
	return T_DONE();
}
