/*
 * rulelint - see rulelint.h
 *
 * Job:     the checks, one function each.
 * Touches: nothing but the notes.
 */
#include "rulelint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relint.h"
#include "text.h"
#include "xmem.h"
#include "yarasrc.h"

#define WEIGHT_MAX 200

/* One rule's name, to find it again in other files. */
struct seen {
	char *name;
	size_t source;
	unsigned line;
	bool own, hidden;
};

struct lint {
	struct rules *r;
	const struct rule_source *s;
	struct seen *seen;
	size_t seen_count;
	size_t foreign, no_points; /* rules of this file */
};

static unsigned
line_of(const struct rule_source *s, const char *at)
{
	const char *p;
	unsigned n = 1;

	for (p = s->text; p < at; p++)
		n += *p == '\n';
	return n;
}

static void
say(struct lint *l, const struct yrule *y, const char *at, bool own, const char *text)
{
	char name[200];

	(void)snprintf(name, sizeof name, "%.*s", (int)y->name_len, y->name);
	rules_note(l->r, own ? NOTE_LINT : NOTE_WARNING, l->s,
		   at != NULL ? line_of(l->s, at) : y->line, name, text);
}

/* The value of a meta as a token, or NULL. */
static const struct ytok *
meta(const struct yrule *y, const char *name)
{
	size_t i;

	for (i = 0; i + 2 < y->meta_count; i++)
		if (ytok_is(&y->meta[i], name) && ytok_is(&y->meta[i + 1], "="))
			return &y->meta[i + 2];
	return NULL;
}

static void
lint_own_meta(struct lint *l, const struct yrule *y)
{
	static const struct {
		const char *name, *say;
	} texts[] = {
	    {"group", "has no group: write group = \"...\", see GROUPS in rules/README"},
	    {"description", "has no description: one line on what it finds"},
	    {"since", "has no since: the version it came with, \"0.1\""},
	    {"reference", "has no reference: where this is described"},
	};
	const struct ytok *t;
	char number[24] = "";
	int64_t weight;
	size_t i;

	for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		t = meta(y, texts[i].name);
		if (t == NULL || t->kind != YTOK_STRING || t->len <= 2)
			say(l, y, NULL, true, texts[i].say);
	}
	t = meta(y, "weight");
	if (t != NULL)
		(void)snprintf(number, sizeof number, "%.*s", (int)t->len, t->at);
	if (t == NULL || !text_to_i64(number, 0, WEIGHT_MAX, &weight))
		say(l, y, t != NULL ? t->at : NULL, true,
		    "has no weight of 0 to 200 points: write weight = 60");
}

static void
lint_regex(struct lint *l, const struct yrule *y, const struct ystring *x, bool own)
{
	struct relint re = relint_look(x->at, x->len, x->re_nocase, x->re_dotall);
	char text[200];

	if (re.understood && re.leading) {
		(void)snprintf(text, sizeof text,
			       "%.*s begins with anything, any number of times: begin it "
			       "with what must be there",
			       (int)x->name.len, x->name.at);
		say(l, y, x->name.at, own, text);
	} else if (re.understood && re.unbounded) {
		(void)snprintf(
		    text, sizeof text,
		    "%.*s jumps without bound (.* .+ [^x]*): write how far, as "
		    "in .{0,200}",
		    (int)x->name.len, x->name.at);
		say(l, y, x->name.at, own, text);
	}
}

/* [-] and [4-]; [4-8] is bounded. */
static void
lint_hex(struct lint *l, const struct yrule *y, const struct ystring *x, bool own)
{
	char text[200];
	size_t i;

	for (i = 1; i + 1 < x->len; i++) {
		size_t k = i + 1;

		if (x->at[i] != '-')
			continue;
		while (k < x->len && x->at[k] == ' ')
			k++;
		if (k >= x->len || x->at[k] != ']')
			continue;
		(void)snprintf(text, sizeof text,
			       "%.*s jumps without bound: write how far, as in [4-200]",
			       (int)x->name.len, x->name.at);
		say(l, y, x->name.at, own, text);
		return;
	}
}

static void
lint_name(struct lint *l, const struct yrule *y, bool own)
{
	struct seen *other = NULL;
	size_t i, at = (size_t)(l->s - l->r->source);
	char text[600];

	for (i = 0; i < l->seen_count && other == NULL; i++)
		if (strlen(l->seen[i].name) == y->name_len &&
		    memcmp(l->seen[i].name, y->name, y->name_len) == 0)
			other = &l->seen[i];
	if (other != NULL && !other->hidden && !y->private_rule) {
		(void)snprintf(
		    text, sizeof text,
		    "its name is taken by a rule of %s (line %u): findings and "
		    "known-good words name rules, so give it another",
		    l->r->source[other->source].path, other->line);
		say(l, y, NULL, own && other->own, text);
	}
	if (other != NULL)
		return;
	if ((l->seen_count & (l->seen_count - 1)) == 0)
		l->seen = xreallocarray(
		    l->seen, l->seen_count == 0 ? 1 : l->seen_count * 2, sizeof *l->seen);
	l->seen[l->seen_count] = (struct seen){.name = xcalloc(y->name_len + 1, 1),
					       .source = at,
					       .line = y->line,
					       .own = own,
					       .hidden = y->private_rule};
	memcpy(l->seen[l->seen_count++].name, y->name, y->name_len);
}

static void
lint_rule(struct lint *l, const struct yrule *y)
{
	bool own = rules_own_form(y);
	size_t i;

	lint_name(l, y, own);
	if (own)
		lint_own_meta(l, y);
	else if (!y->private_rule) {
		const struct ytok *t = meta(y, "score");

		l->foreign++;
		l->no_points += t == NULL || t->kind != YTOK_NUMBER;
	}
	for (i = 0; i < y->string_count; i++) {
		if (y->strings[i].kind == YSTRING_REGEX)
			lint_regex(l, y, &y->strings[i], own);
		else if (y->strings[i].kind == YSTRING_HEX)
			lint_hex(l, y, &y->strings[i], own);
	}
}

static void
lint_source(struct lint *l)
{
	struct yarasrc src;
	char text[300];
	size_t i;

	l->foreign = l->no_points = 0;
	if (!yarasrc_parse(&src, l->s->text, l->s->len))
		rules_note(l->r, NOTE_WARNING, l->s, 0, NULL,
			   "is not understood as a whole by the prefilter: every file is "
			   "given to libyara, which costs four times as much");
	for (i = 0; i < src.count; i++)
		lint_rule(l, &src.rules[i]);
	yarasrc_free(&src);
	if (l->no_points == 0)
		return;
	(void)snprintf(text, sizeof text,
		       "%zu of %zu rules of this foreign set say no points (weight, "
		       "score): each counts %d, in the group \"other\"",
		       l->no_points, l->foreign, RULES_DEFAULT_WEIGHT);
	rules_note(l->r, NOTE_WARNING, l->s, 0, NULL, text);
}

/* What libyara warned of: for a rule of our own form that is an error. */
static void
sharpen(struct lint *l, size_t notes)
{
	size_t i, k;

	for (i = 0; i < notes; i++) {
		struct rule_note *n = &l->r->note[i];

		for (k = 0; n->kind == NOTE_WARNING && k < l->seen_count; k++)
			if (l->seen[k].own && strcmp(l->seen[k].name, n->rule) == 0)
				n->kind = NOTE_LINT;
	}
}

void
rules_lint(struct rules *r)
{
	struct lint l = {.r = r};
	size_t i, notes = r->note_count;

	for (i = 0; i < r->source_count; i++) {
		l.s = &r->source[i];
		if (!l.s->broken)
			lint_source(&l);
	}
	sharpen(&l, notes);
	for (i = 0; i < l.seen_count; i++)
		free(l.seen[i].name);
	free(l.seen);
}
