/*
 * php_condense - a large file without what is only there to be long
 *
 * Job:     find comments, blanks, text between the tags and literals that are long, by
 *          the lexer that finds everything else, and leave their middles out.
 * Touches: nothing but the arena.
 */
#include <stdlib.h>
#include <string.h>
#include "php_int.h"
#include "php_lex.h"

enum {
	KEPT_COMMENT = 48, /* bytes of it that stay: how it begins is a fact */
	KEPT_BLANKS = 400, /* more than any rule asks for */
	KEPT_HTML = 16 << 10,
	KEPT_TEXT = 16 << 10, /* of a literal with blanks in it: prose */
	KEPT_BLOB = 512 << 10 /* of one without: it may be what is unpacked */
};

static void
cut(struct php *p, uint32_t from, uint32_t to)
{
	struct cut *had = p->cut;

	if (p->cut_n == p->cut_cap) {
		uint32_t cap = had == NULL ? 256 : p->cut_cap * 2;

		p->cut = php_alloc(p, cap * sizeof(*had));
		if (had != NULL)
			memcpy(p->cut, had, p->cut_n * sizeof(*had));
		p->cut_cap = cap;
	}
	p->cut[p->cut_n++] = (struct cut){from, to};
}

void
php_cut(struct php *p, enum php_long what, const char *s, uint32_t from, uint32_t to)
{
	uint32_t keep = KEPT_COMMENT; /* in halves: the end may close it */

	switch (what) {
	case PHP_LONG_COMMENT:
		break;
	case PHP_LONG_MORE: /* one was told of */
		cut(p, from, to);
		return;
	case PHP_LONG_BLANKS:
		keep = KEPT_BLANKS;
		break;
	case PHP_LONG_HTML:
		keep = KEPT_HTML;
		break;
	case PHP_LONG_LITERAL:
		if (to - from <= KEPT_TEXT)
			return;
		keep = memchr(s + from, ' ', KEPT_TEXT) != NULL ? KEPT_TEXT : KEPT_BLOB;
		p->cut_code = p->cut_code || to - from > keep;
		break;
	}
	if (to - from > keep)
		cut(p, from + keep / 2, to - keep / 2);
}

static size_t
copy_rest(const struct php *p, struct source src, char *out, size_t cap)
{
	size_t n = 0, part;
	uint32_t at = 0, i;

	for (i = 0; i <= p->cut_n; i++) {
		uint32_t end = i < p->cut_n ? p->cut[i].from : src.len;

		part = end - at < cap - n ? end - at : cap - n;
		memcpy(out + n, src.s + at, part);
		n += part;
		if (i < p->cut_n)
			at = p->cut[i].to;
	}
	return n;
}

/* Nothing on this stack frame changes after setjmp. */
static bool
guarded_lex(struct php *p, bool in_php)
{
	if (setjmp(p->out_of_it) != 0)
		return false;
	(void)php_lex(p, p->file, in_php, p->f);
	return true;
}

size_t
php_condense(struct php *p, const void *data, size_t len, bool in_php, char *out,
	     size_t cap, bool *all_code_out)
{
	struct source src;
	size_t left = len;
	uint32_t i;

	*all_code_out = true;
	if (len == 0 || len > INT32_MAX)
		return 0;
	php_clear(p);
	src.s = data;
	src.len = (uint32_t)len;
	p->file = src;
	p->cutting = true;
	if (!guarded_lex(p, in_php))
		return 0;
	p->cutting = false;
	for (i = 0; i < p->cut_n; i++)
		left -= p->cut[i].to - p->cut[i].from;
	*all_code_out = !p->cut_code && left <= cap;
	return copy_rest(p, src, out, cap);
}
