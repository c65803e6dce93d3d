/*
 * yarasrc - see yarasrc.h
 *
 * Job:     a tokenizer and a flat parser.
 * Touches: nothing.
 */
#include "yarasrc.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "xmem.h"

struct lexer {
	const char *text, *at, *end;
	bool value; /* a regular expression may stand here; else / divides */
};

bool
ytok_is(const struct ytok *t, const char *word)
{
	return t->len == strlen(word) && memcmp(t->at, word, t->len) == 0;
}

static void
skip_blank(struct lexer *l)
{
	while (l->at < l->end) {
		if (isspace((unsigned char)*l->at) != 0)
			l->at++;
		else if (l->end - l->at >= 2 && l->at[0] == '/' && l->at[1] == '/') {
			while (l->at < l->end && *l->at != '\n')
				l->at++;
		} else if (l->end - l->at >= 2 && l->at[0] == '/' && l->at[1] == '*') {
			l->at += 2;
			while (l->end - l->at >= 2 &&
			       (l->at[0] != '*' || l->at[1] != '/'))
				l->at++;
			l->at = l->end - l->at >= 2 ? l->at + 2 : l->end;
		} else
			return;
	}
}

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) != 0 || c == '_';
}

/* To the unescaped closing byte, which is included. */
static void
quoted(struct lexer *l, char close)
{
	for (l->at++; l->at < l->end && *l->at != close; l->at++)
		if (*l->at == '\\' && l->at + 1 < l->end)
			l->at++;
	if (l->at < l->end)
		l->at++;
}

static struct ytok
next(struct lexer *l)
{
	struct ytok t = {YTOK_END, l->at, 0};
	char c;

	skip_blank(l);
	t.at = l->at;
	if (l->at >= l->end)
		return t;
	c = *l->at;
	if (c == '"') {
		t.kind = YTOK_STRING;
		quoted(l, '"');
	} else if (c == '/' && l->value) {
		t.kind = YTOK_REGEX;
		quoted(l, '/');
		while (l->at < l->end && (*l->at == 'i' || *l->at == 's'))
			l->at++;
	} else if (c == '$' || c == '#' || c == '@' ||
		   (c == '!' && l->at + 1 < l->end && is_word(l->at[1]))) {
		t.kind = YTOK_VAR;
		for (l->at++; l->at < l->end && is_word(*l->at); l->at++)
			;
		if (c == '$' && l->at < l->end && *l->at == '*')
			l->at++;
	} else if (isdigit((unsigned char)c) != 0) {
		t.kind = YTOK_NUMBER;
		while (l->at < l->end && is_word(*l->at))
			l->at++;
	} else if (is_word(c)) {
		t.kind = YTOK_WORD;
		while (l->at < l->end &&
		       (is_word(*l->at) || (*l->at == '.' && l->at[1] != '.')))
			l->at++;
	} else {
		t.kind = YTOK_OP;
		l->at++;
		if (l->at < l->end && ((*l->at == '=' && strchr("<>=!", c) != NULL) ||
				       (c == '.' && *l->at == '.') ||
				       ((c == '<' || c == '>') && *l->at == c)))
			l->at++;
	}
	t.len = (size_t)(l->at - t.at);
	/* after a value comes an operator; after anything else a value */
	l->value = !(t.kind == YTOK_NUMBER || t.kind == YTOK_VAR || ytok_is(&t, ")") ||
		     (t.kind == YTOK_WORD && !ytok_is(&t, "matches")));
	return t;
}

static bool
section(const struct ytok *t)
{
	return ytok_is(t, "meta") || ytok_is(t, "strings") || ytok_is(t, "condition");
}

static void
tok_add(struct ytok **list, size_t *n, struct ytok t)
{
	if ((*n & (*n - 1)) == 0)
		*list = xreallocarray(*list, *n == 0 ? 1 : *n * 2, sizeof **list);
	(*list)[(*n)++] = t;
}

static unsigned
modifier(const struct ytok *t)
{
	static const struct {
		const char *word;
		unsigned mod;
	} row[] = {{"nocase", YMOD_NOCASE}, {"wide", YMOD_WIDE},
		   {"ascii", YMOD_ASCII},   {"fullword", YMOD_FULLWORD},
		   {"private", 0},          {"xor", YMOD_OTHER},
		   {"base64", YMOD_OTHER},  {"base64wide", YMOD_OTHER}};
	size_t i;

	for (i = 0; i < sizeof row / sizeof row[0]; i++)
		if (ytok_is(t, row[i].word))
			return row[i].mod | 0x100;
	return 0;
}

/* The value after "$a =" and its modifiers; the token after them in *t. */
static bool
read_string(struct lexer *l, struct ystring *s, struct ytok *t)
{
	unsigned m;

	skip_blank(l);
	if (l->at < l->end && *l->at == '{') {
		s->kind = YSTRING_HEX;
		s->at = l->at + 1;
		while (l->at < l->end && *l->at != '}')
			l->at++;
		s->len = (size_t)(l->at - s->at);
		if (l->at < l->end)
			l->at++;
	} else {
		l->value = true;
		*t = next(l);
		if (t->len < 2 || (t->kind != YTOK_STRING && t->kind != YTOK_REGEX))
			return false;
		s->kind = t->kind == YTOK_STRING ? YSTRING_TEXT : YSTRING_REGEX;
		s->at = t->at + 1;
		s->len = t->len - 2;
		if (t->kind == YTOK_REGEX) {
			while (s->at[s->len] != '/') {
				s->re_nocase |= s->at[s->len] == 'i';
				s->re_dotall |= s->at[s->len] == 's';
				s->len--;
			}
		}
	}
	*t = next(l);
	while (t->kind == YTOK_WORD && (m = modifier(t)) != 0) {
		s->mods |= m & 0xff;
		*t = next(l);
		if (ytok_is(t, "(")) { /* xor(1-9), base64("alphabet") */
			while (t->kind != YTOK_END && !ytok_is(t, ")"))
				*t = next(l);
			*t = next(l);
		}
	}
	return true;
}

static bool
read_strings(struct lexer *l, struct yrule *r, struct ytok *t)
{
	*t = next(l);
	while (t->kind == YTOK_VAR) {
		struct ystring s = {.name = *t};
		struct ytok eq = next(l);

		if (!ytok_is(&eq, "=") || !read_string(l, &s, t))
			return false;
		if ((r->string_count & (r->string_count - 1)) == 0)
			r->strings = xreallocarray(
			    r->strings, r->string_count == 0 ? 1 : r->string_count * 2,
			    sizeof *r->strings);
		r->strings[r->string_count++] = s;
	}
	return true;
}

/* From the token after the name to the closing brace. */
static bool
read_body(struct lexer *l, struct yrule *r)
{
	struct ytok t = next(l), name;

	while (t.kind != YTOK_END && !ytok_is(&t, "{"))
		t = next(l);
	t = next(l);
	while (section(&t)) {
		name = t;
		t = next(l);
		if (!ytok_is(&t, ":"))
			return false;
		if (ytok_is(&name, "strings")) {
			if (!read_strings(l, r, &t))
				return false;
			continue;
		}
		l->value = true;
		t = next(l);
		while (t.kind != YTOK_END && !ytok_is(&t, "}") &&
		       !(ytok_is(&name, "meta") && t.kind == YTOK_WORD &&
			 (ytok_is(&t, "strings") || ytok_is(&t, "condition")))) {
			if (ytok_is(&name, "meta"))
				tok_add(&r->meta, &r->meta_count, t);
			else
				tok_add(&r->cond, &r->cond_count, t);
			t = next(l);
		}
	}
	return ytok_is(&t, "}") && r->cond_count > 0;
}

bool
yarasrc_parse(struct yarasrc *out, const char *text, size_t len)
{
	struct lexer l = {text, text, text + len, true};
	bool is_private = false, global = false;
	const char *from = NULL, *counted = text;
	unsigned line = 1;
	struct ytok t;

	*out = (struct yarasrc){NULL, 0};
	for (t = next(&l); t.kind != YTOK_END; t = next(&l)) {
		struct yrule r = {.private_rule = is_private, .global = global};

		if (ytok_is(&t, "private"))
			is_private = true;
		else if (ytok_is(&t, "global"))
			global = true;
		else if (!ytok_is(&t, "rule"))
			continue;
		if (from == NULL)
			from = t.at;
		if (!ytok_is(&t, "rule"))
			continue;
		t = next(&l);
		r.name = t.at;
		r.name_len = t.len;
		r.from = from;
		for (; counted < t.at; counted++)
			line += *counted == '\n';
		r.line = line;
		is_private = global = false;
		from = NULL;
		if ((out->count & (out->count - 1)) == 0)
			out->rules = xreallocarray(
			    out->rules, out->count == 0 ? 1 : out->count * 2, sizeof r);
		if (!read_body(&l, &r)) {
			free(r.meta);
			free(r.strings);
			free(r.cond);
			return false;
		}
		r.to = l.at;
		out->rules[out->count++] = r;
		l.value = true;
	}
	return true;
}

bool
yarasrc_include(const char *text, size_t len, size_t *pos, struct yinclude *out)
{
	struct lexer l = {text, text + *pos, text + len, true};
	struct ytok t, name;

	for (t = next(&l); t.kind != YTOK_END; t = next(&l)) {
		if (t.kind != YTOK_WORD || !ytok_is(&t, "include"))
			continue;
		name = next(&l);
		if (name.kind != YTOK_STRING || name.len < 2)
			continue;
		out->from = (size_t)(t.at - text);
		out->to = (size_t)(name.at + name.len - text);
		out->name = name.at + 1;
		out->name_len = name.len - 2;
		*pos = out->to;
		return true;
	}
	*pos = len;
	return false;
}

void
yarasrc_free(struct yarasrc *s)
{
	size_t i;

	for (i = 0; i < s->count; i++) {
		free(s->rules[i].meta);
		free(s->rules[i].strings);
		free(s->rules[i].cond);
	}
	free(s->rules);
	s->rules = NULL;
	s->count = 0;
}
