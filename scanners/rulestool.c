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

#include "rulecost.h"
#include "rulelint.h"
#include "rules.h"

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
check(const char *const *dirs, size_t dir_count, bool json)
{
	struct rules r;
	struct err e;
	size_t i, errors = 0, warnings = 0;
	int rc = rules_load(&r, dirs, dir_count, &e);

	if (rc == 0)
		rules_lint(&r);
	else if (r.note_count == 0) {
		printf("%s\n", e.text);
		return 1;
	}
	for (i = 0; i < r.note_count; i++) {
		print_note(&r.note[i], json);
		errors += r.note[i].kind == NOTE_ERROR || r.note[i].kind == NOTE_LINT;
		warnings += r.note[i].kind == NOTE_WARNING;
	}
	if (json)
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

int
rules_tool(const char *tool, const char *const *dirs, size_t dir_count,
	   const char *samples, bool json, bool cost)
{
	if (strcmp(tool, "test") == 0 && cost && samples != NULL) {
		struct rules r;
		struct err e;

		if (rules_load(&r, dirs, dir_count, &e) != 0) {
			printf("%s\n", e.text);
			return 1;
		}
		return rule_cost(&r, samples, json);
	}
	if (strcmp(tool, "check") == 0)
		return check(dirs, dir_count, json);
	return EX_USAGE;
}
