/*
 * php_parse_str - string tokens to literals and interpolations
 *
 * Job:     escapes of both kinds of quotes; "a $b[c] {$d->e} ${f}" into parts.
 * Touches: nothing.
 * Source:  PHP manual, "Strings".
 */
#include <string.h>
#include "php_lex.h"
#include "php_parse.h"

struct node *
php_lit(struct parser *x, const char *s, uint32_t len)
{
	struct node *n = php_node(x, N_LIT);

	n->s = s;
	n->len = len;
	n->v = php_alloc(x->p, sizeof(*n->v));
	n->v->t = V_STR;
	n->v->u.s = s;
	n->v->len = len;
	n->flags |= NF_CONSTV;
	return n;
}

struct utf8 {
	char s[4];
	unsigned n;
};

static struct utf8
encode(uint32_t c)
{
	struct utf8 u = {{0}, 0};

	if (c < 0x80) {
		u.s[u.n++] = (char)c;
	} else if (c < 0x800) {
		u.s[u.n++] = (char)(0xc0 | c >> 6);
		u.s[u.n++] = (char)(0x80 | (c & 63));
	} else if (c < 0x10000) {
		u.s[u.n++] = (char)(0xe0 | c >> 12);
		u.s[u.n++] = (char)(0x80 | (c >> 6 & 63));
		u.s[u.n++] = (char)(0x80 | (c & 63));
	} else if (c < 0x110000) {
		u.s[u.n++] = (char)(0xf0 | c >> 18);
		u.s[u.n++] = (char)(0x80 | (c >> 12 & 63));
		u.s[u.n++] = (char)(0x80 | (c >> 6 & 63));
		u.s[u.n++] = (char)(0x80 | (c & 63));
	}
	return u;
}

static unsigned
hex(char c)
{
	return (unsigned)(c >= 'a' ? c - 'a' + 10 : c >= 'A' ? c - 'A' + 10 : c - '0');
}

/* A number of up to max digits of the base at *i; moves *i. */
static uint32_t
digits(const struct parser *x, const char *s, uint32_t *i, uint32_t end, unsigned max,
       unsigned base)
{
	uint32_t v = 0;

	for (; max > 0 && *i < end; max--, (*i)++) {
		if (!(x->p->cls[(unsigned char)s[*i]] & C_HEX) || hex(s[*i]) >= base)
			break;
		v = v * base + hex(s[*i]);
	}
	return v;
}

/* \ at s[*i] in double quotes: append what it stands for; moves *i. */
static uint32_t
escape(const struct parser *x, const char *s, uint32_t *i, uint32_t end, char *to)
{
	static const char from[] = "nrtvef\\$\"`", is[] = "\n\r\t\v\033\f\\$\"`";
	char c = s[*i + 1];
	const char *at = c == 0 ? NULL : strchr(from, c);
	uint32_t k;
	struct utf8 u;

	if (at != NULL) {
		to[0] = is[at - from];
		*i += 2;
		return 1;
	}
	if (c >= '0' && c <= '7') {
		*i += 1;
		to[0] = (char)digits(x, s, i, end, 3, 8);
		return 1;
	}
	if (c == 'x' && *i + 2 < end && x->p->cls[(unsigned char)s[*i + 2]] & C_HEX) {
		*i += 2;
		to[0] = (char)digits(x, s, i, end, 2, 16);
		return 1;
	}
	if (c == 'u' && *i + 2 < end && s[*i + 2] == '{') {
		k = *i + 3;
		u = encode(digits(x, s, &k, end, 6, 16));
		if (k < end && s[k] == '}' && u.n != 0) {
			memcpy(to, u.s, u.n);
			*i = k + 1;
			return u.n;
		}
	}
	to[0] = '\\';
	*i += 1;
	return 1;
}

static struct node *
literal(struct parser *x, const char *s, uint32_t len, bool dbl)
{
	char *to;
	uint32_t i = 0, n = 0;

	if (len == 0 || memchr(s, '\\', len) == NULL)
		return php_lit(x, s, len);
	to = php_raw(x->p, len);
	while (i < len) {
		if (s[i] != '\\' || i + 1 >= len)
			to[n++] = s[i++];
		else if (dbl)
			n += escape(x, s, &i, len, to + n);
		else if (s[i + 1] == '\\' || s[i + 1] == '\'')
			to[n++] = s[i + 1], i += 2;
		else
			to[n++] = s[i++];
	}
	return php_lit(x, to, n);
}

/* Parse the PHP in {$ .. } or ${ .. }. */
static struct node *
inner(struct parser *x, const char *s, uint32_t len)
{
	struct parser y;
	struct source src = {s, len};
	struct php_facts none;
	struct toks t;
	struct node *n;

	php_step(x->p, len / 4 + 16);
	memset(&none, 0, sizeof(none));
	t = php_lex(x->p, src, true, &none);
	memset(&y, 0, sizeof(y));
	y.p = x->p;
	y.src = src;
	y.v = t.v;
	y.n = t.n;
	y.depth = x->depth + 1;
	n = php_expr(&y, 0);
	return y.bad ? NULL : n;
}

static uint32_t
word_end(const struct parser *x, const char *s, uint32_t i, uint32_t len)
{
	while (i < len && x->p->cls[(unsigned char)s[i]] & C_WORD)
		i++;
	return i;
}

/* $name, $name[..], $name->name at s[*i]. */
static struct node *
simple(struct parser *x, const char *s, uint32_t *i, uint32_t len)
{
	uint32_t end = word_end(x, s, *i + 1, len), k;
	struct node *n = php_var_node(x, s + *i + 1, end - *i - 1), *up;
	struct kids kk = {NULL, NULL};

	*i = end;
	if (end < len && s[end] == '[') {
		struct node *idx;

		for (k = end + 1; k < len && s[k] != ']' && k < end + 80; k++)
			;
		if (k >= len || s[k] != ']' || k == end + 1)
			return n;
		idx = s[end + 1] == '$' ? php_var_node(x, s + end + 2, k - end - 2)
					: php_lit(x, s + end + 1, k - end - 1);
		if (idx->kind == N_LIT && idx->len > 1 &&
		    idx->s[0] == '\'') { /* as heredocs have it */
			idx->v->u.s = ++idx->s;
			idx->v->len = idx->len -= 2;
		}
		up = php_node(x, N_INDEX);
		php_kid(x, up, &kk, n);
		php_kid(x, up, &kk, idx);
		*i = k + 1;
		return up;
	}
	if (end + 2 < len && s[end] == '-' && s[end + 1] == '>' &&
	    x->p->cls[(unsigned char)s[end + 2]] & C_ALPHA) {
		struct node *m = php_node(x, N_NAME);

		k = word_end(x, s, end + 2, len);
		m->s = s + end + 2;
		m->len = k - end - 2;
		m->w = (uint16_t)php_word(x->p, m->s, m->len);
		up = php_node(x, N_PROP);
		php_kid(x, up, &kk, n);
		php_kid(x, up, &kk, m);
		*i = k;
		return up;
	}
	return n;
}

/* The } that closes the { at i, as the lexer counted. */
static uint32_t
close_brace(const char *s, uint32_t i, uint32_t len)
{
	unsigned depth = 0;

	for (; i < len; i++) {
		char c = s[i];

		if (c == '{')
			depth++;
		else if (c == '}' && --depth == 0)
			return i;
		else if (c == '\'' || c == '"')
			for (i++; i < len && s[i] != c; i++)
				if (s[i] == '\\')
					i++;
	}
	return len;
}

static struct node *
complex(struct parser *x, const char *s, uint32_t *i, uint32_t len)
{
	bool dollar = s[*i] == '$';
	uint32_t from = *i + (dollar ? 2 : 1), end = close_brace(s, from - 1, len), k;
	struct node *n;
	struct kids kk = {NULL, NULL};

	*i = end < len ? end + 1 : len;
	if (!dollar)
		return inner(x, s + from, end - from);
	k = word_end(x, s, from, end);
	if (k == end)
		return php_var_node(x, s + from, end - from);
	if (s[k] == '[' && k > from) { /* ${name[..]} is $name[..] */
		char *var = php_raw(x->p, end - from + 1);

		var[0] = '$';
		memcpy(var + 1, s + from, end - from);
		return inner(x, var, end - from + 1);
	}
	n = php_node(x, N_VARVAR);
	php_kid(x, n, &kk, inner(x, s + from, end - from));
	return n->kid == NULL ? NULL : n;
}

struct node *
php_string(struct parser *x, const struct tok *t)
{
	const char *s = x->src.s + t->off;
	struct node *n;
	struct kids k = {NULL, NULL};
	uint32_t i, from = 0;
	bool escaped = (t->flag & TF_ESC) != 0;

	if (!(t->flag & TF_INTERP) || x->depth >= PARSE_DEPTH) {
		if (!escaped)
			return php_lit(x, s, t->len);
		return literal(x, s, t->len, t->t != T_STR);
	}
	n = php_node(x, N_INTERP);
	for (i = 0; i < t->len;) {
		char d = i + 1 < t->len ? s[i + 1] : 0;
		struct node *part;
		uint32_t at = i;

		if (s[i] == '\\') {
			i += 2;
			continue;
		}
		if (s[i] == '{' && d == '$')
			part = complex(x, s, &i, t->len);
		else if (s[i] == '$' && d == '{')
			part = complex(x, s, &i, t->len);
		else if (s[i] == '$' && x->p->cls[(unsigned char)d] & C_ALPHA)
			part = simple(x, s, &i, t->len);
		else {
			i++;
			continue;
		}
		if (at > from)
			php_kid(x, n, &k, literal(x, s + from, at - from, true));
		php_kid(x, n, &k, part);
		from = i;
	}
	if (from < t->len)
		php_kid(x, n, &k, literal(x, s + from, t->len - from, true));
	return n;
}
