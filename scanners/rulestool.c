/*
 * rulestool - see rulestool.h
 *
 * Job:     check and test the rules.
 * Touches: the rule files, standard output.
 */
#include "rulestool.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "link.h"
#include "log.h"
#include "rulecost.h"
#include "rulelint.h"
#include "rules.h"
#include "rulesamples.h"
#include "text.h"

/* As a JSON string: text is safe (text_safe), a path may hold anything but NUL. */
static void
put_json(const char *name, const char *s)
{
	printf("\"%s\":\"", name);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			(void)putchar('\\');
		(void)putchar((unsigned char)*s < ' ' ? '?' : *s);
	}
	printf("\"");
}

static const char *
kind_name(enum note_kind k)
{
	return k == NOTE_ERROR || k == NOTE_LINT ? "error"
	       : k == NOTE_SKIPPED               ? "skipped"
						 : "warning";
}

static void
print_note(const struct rule_note *n, bool json)
{
	if (json) {
		printf("{");
		put_json("path", n->path);
		printf(",\"line\":%u,", n->line);
		put_json("rule", n->rule);
		printf(",\"kind\":\"%s\",", kind_name(n->kind));
		put_json("text", n->text);
		printf("}\n");
		return;
	}
	printf("%s:", n->path);
	if (n->line > 0)
		printf("%u:", n->line);
	printf(" %s:", kind_name(n->kind));
	if (n->rule[0] != '\0')
		printf(" rule %s:", n->rule);
	printf(" %s\n", n->text);
}

static int
check(const struct rules_tool *t)
{
	struct rules r;
	struct err e;
	size_t i, errors = 0, warnings = 0;
	int rc = rules_load(&r, t->dirs, t->dir_count, &e);

	if (rc == 0)
		rules_lint(&r);
	else if (r.note_count == 0)
		printf("%s\n", e.text);
	for (i = 0; i < r.note_count; i++) {
		print_note(&r.note[i], t->json);
		errors += r.note[i].kind == NOTE_ERROR || r.note[i].kind == NOTE_LINT;
		warnings += r.note[i].kind == NOTE_WARNING;
	}
	if (t->json)
		printf("{\"rules\":%zu,\"files\":%zu,\"errors\":%zu,\"warnings\":%zu,"
		       "\"skipped\":%u,\"broken_files\":%u}\n",
		       r.count, r.source_count, errors, warnings, r.skipped, r.broken);
	else
		printf("%zu rules in %zu files: %zu errors, %zu warnings, %u rules "
		       "skipped, %u files left out\n",
		       r.count, r.source_count, errors, warnings, r.skipped, r.broken);
	if (r.notes_lost > 0)
		fprintf(stderr, "%zu further notes are not shown\n", r.notes_lost);
	rules_fini(&r);
	return rc != 0 || errors + r.broken > 0;
}

/* --- samples --- */

/* Where the samples of a directory of rules are; false: it has none. */
static bool
samples_of(char *out, size_t size, const char *dir)
{
	(void)snprintf(out, size, "%s/samples", dir);
	if (access(out, R_OK) == 0)
		return true;
	(void)snprintf(out, size, "%s/../tests/samples", dir);
	return access(out, R_OK) == 0;
}

/* each: a rule beside a directory of samples must have one (a set in a folder below need
 * not). */
static int
run_samples(const struct rules_tool *t, const struct rules *r, bool each,
	    struct sample_count *n, sample_fn fn, void *arg, struct err *e)
{
	char dir[4096];
	size_t i;

	*n = (struct sample_count){0};
	if (t->samples != NULL)
		return rules_samples(r, t->engine, t->samples, NULL, n, fn, arg, e);
	for (i = 0; i < t->dir_count; i++)
		if (samples_of(dir, sizeof dir, t->dirs[i]) &&
		    rules_samples(r, t->engine, dir, each ? t->dirs[i] : NULL, n, fn, arg,
				  e) != 0)
			return -1;
	return 0;
}

static void
print_fault(void *arg, const char *what, const char *path, const char *text)
{
	const struct rules_tool *t = arg;
	char none[] = "";
	const struct rule_note n = {.path = (char *)(uintptr_t)path,
				    .rule = none,
				    .text = (char *)(uintptr_t)text};

	if (t->json) {
		printf("{\"kind\":\"%s\",", what);
		put_json("path", path);
		printf(",");
		put_json("text", text);
		printf("}\n");
	} else
		print_note(&n, false);
}

static int
cost(const struct rules_tool *t, struct rules *r)
{
	char dir[4096];
	size_t i;
	int rc = EX_NOINPUT;

	if (t->samples != NULL)
		return rule_cost(r, t->samples, t->json);
	for (i = 0; i < t->dir_count && rc != 0; i++)
		if (samples_of(dir, sizeof dir, t->dirs[i]))
			rc = rule_cost(r, dir, t->json);
	return rc;
}

static int
test(const struct rules_tool *t)
{
	struct sample_count n;
	struct rules r;
	struct err e;
	int rc = 0;

	if (rules_load(&r, t->dirs, t->dir_count, &e) != 0 ||
	    run_samples(t, &r, true, &n, print_fault, (void *)(uintptr_t)t, &e) != 0) {
		fprintf(stderr, "mailbrake rules test: %s\n", e.text);
		rules_fini(&r);
		return 1;
	}
	if (n.hits + n.misses + n.benign == 0 && !t->cost) {
		fprintf(stderr, "mailbrake rules test: there is no sample; --samples DIR "
				"with DIR/hit/RULE.b64 and DIR/benign/NAME.b64\n");
		rules_fini(&r);
		return EX_NOINPUT;
	}
	if (t->cost)
		rc = cost(t, &r);
	if (t->json)
		printf("{\"rules\":%zu,\"rules_with_samples\":%zu,\"hits\":%zu,"
		       "\"misses\":%zu,\"benign\":%zu,\"benign_hits\":%zu,"
		       "\"unknown\":%zu,\"without\":%zu}\n",
		       r.count, n.rules, n.hits, n.misses, n.benign, n.benign_hits,
		       n.unknown, n.without);
	else
		printf("%zu rules, %zu of them with samples: %zu hits, %zu misses; %zu "
		       "honest files, %zu reported; %zu samples of other rules; "
		       "%zu rules without one\n",
		       r.count, n.rules, n.hits, n.misses, n.benign, n.benign_hits,
		       n.unknown, n.without);
	if (r.broken > 0)
		fprintf(stderr, "%u files left out: %s\n", r.broken, r.problem);
	if (n.misses + n.without + n.benign_hits + r.broken > 0)
		rc = 1;
	rules_fini(&r);
	return rc;
}

/* --- the trial of a reload --- */

static void
first_fault(void *arg, const char *what, const char *path, const char *text)
{
	struct rules *r = arg;

	(void)what;
	r->broken++;
	if (r->problem[0] == '\0')
		(void)snprintf(r->problem, sizeof r->problem, "%s: %s", path, text);
}

static int
trial(const struct rules_tool *t)
{
	static struct msg m;
	struct m_ready v = {.rules_version = ""};
	struct sample_count n;
	struct rules r;
	struct link l;
	struct err e;

	if (rules_load(&r, t->dirs, t->dir_count, &e) != 0 ||
	    (r.broken == 0 && run_samples(t, &r, false, &n, first_fault, &r, &e) != 0)) {
		r.broken += r.broken == 0;
		if (r.problem[0] == '\0')
			(void)text_copy(r.problem, sizeof r.problem, e.text);
	}
	v.rules = r.count;
	v.rules_version = r.version;
	v.broken = r.broken;
	v.skipped = r.skipped;
	v.problem = r.problem;
	if (r.broken > 0)
		log_warn("rules_refused problem=\"%s\"", r.problem);
	link_init(&l, t->link_fd, ROLE_SCANNER, ROLE_CLIENT, MSG_MAX);
	if (m_ready_put(&m, &v, &e) != 0 || link_send(&l, &m, &e) != 0)
		log_warn("rules_trial error=\"%s\"", e.text);
	link_fini(&l);
	return r.broken > 0;
}

int
rules_tool(const struct rules_tool *t)
{
	if (strcmp(t->tool, "check") == 0)
		return check(t);
	if (strcmp(t->tool, "test") == 0)
		return test(t);
	return strcmp(t->tool, "trial") == 0 ? trial(t) : EX_USAGE;
}
