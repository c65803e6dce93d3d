/*
 * php_print - text in canonical form
 *
 * Job:     append to a bounded output: tokens as they are, literals, operators.
 * Touches: nothing.
 */
#include <string.h>
#include "php_lex.h"

#define LIT_BYTES 8192 /* of one literal shown */

void
php_out(struct php *p, struct out *o, const char *s, size_t n)
{
	if (n == 0)
		return;
	if (p->output + n > p->lim.output_bytes)
		php_stop(p, PHP_STOP_OUTPUT);
	p->output += n;
	if (o->cap - o->n < n) {
		size_t cap = (o->cap + n) * 2 + 256;
		char *np = php_raw(p, cap);

		p->kept++;

		if (o->n != 0)
			memcpy(np, o->p, o->n);
		o->p = np;
		o->cap = cap;
	}
	memcpy(o->p + o->n, s, n);
	o->n += n;
	o->last = s[n - 1];
}

void
php_out_str(struct php *p, struct out *o, const char *s)
{
	php_out(p, o, s, strlen(s));
}

/* A word, with a blank before it if another word ends here. */
void
php_out_word(struct php *p, struct out *o, const char *s, size_t n)
{
	if (n != 0 && p->cls[(unsigned char)o->last] & C_WORD &&
	    (p->cls[(unsigned char)s[0]] & C_WORD || s[0] == '$'))
		php_out(p, o, " ", 1);
	php_out(p, o, s, n);
}

void
php_out_lower(struct php *p, struct out *o, const char *s, size_t n)
{
	size_t i, at;

	php_out_word(p, o, s, n);
	for (at = o->n - n, i = 0; i < n; i++)
		if (o->p[at + i] >= 'A' && o->p[at + i] <= 'Z')
			o->p[at + i] = (char)(o->p[at + i] + 32);
}

/* A line of a literal that begins as the marks do. */
static bool
like_mark(const char *s, size_t i, size_t n)
{
	return s[i] == '@' && i > 0 && s[i - 1] == '\n' && i + 1 < n && s[i + 1] == '@';
}

void
php_out_lit(struct php *p, struct out *o, const char *s, size_t n)
{
	size_t i, from = 0, show = n > LIT_BYTES ? LIT_BYTES : n;

	php_out(p, o, p->cls[(unsigned char)o->last] & C_WORD ? " '" : "'",
		p->cls[(unsigned char)o->last] & C_WORD ? 2 : 1);
	for (i = 0; i < show; i++)
		if (s[i] == '\'' || s[i] == '\\' || like_mark(s, i, show)) {
			php_out(p, o, s + from, i - from);
			php_out(p, o, "\\", 1);
			from = i;
		}
	php_out(p, o, s + from, show - from);
	php_out_str(p, o, n > show ? "...'" : "'");
}

void
php_print_tok(struct php *p, struct out *o, const char *src, const struct tok *t)
{
	const char *s = src + t->off;

	switch (t->t) {
	case T_HTML:
		php_out_str(p, o, "echo");
		php_out_lit(p, o, s, t->len);
		php_out_str(p, o, ";\n");
		break;
	case T_ECHO:
		php_out_str(p, o, "echo ");
		break;
	case T_NAME:
		php_out_lower(p, o, s, t->len);
		break;
	case T_VAR:
		php_out_word(p, o, s - 1, t->len + 1);
		break;
	case T_STR:
	case T_DSTR:
	case T_BTICK:
		php_out_lit(p, o, s, t->len);
		break;
	case T_CAST:
		php_out_str(p, o, "(");
		php_out_lower(p, o, s, t->len);
		php_out_str(p, o, ")");
		break;
	case T_OP:
		if (t->w == O_SEMI)
			php_out_str(p, o, ";\n");
		else if (t->w == O_LBRC || t->w == O_RBRC)
			php_out_str(p, o, t->w == O_LBRC ? "{\n" : "}\n");
		else if (t->w != O_SILENT)
			php_out_str(p, o, php_op_text(t->w));
		break;
	case T_NUM:
		php_out_word(p, o, s, t->len);
		break;
	default:
		break;
	}
}

void
php_print_flat(struct php *p, struct out *o, struct source src, const struct tok *t,
	       uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		php_print_tok(p, o, src.s, &t[i]);
}
