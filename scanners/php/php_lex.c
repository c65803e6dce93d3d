/*
 * php_lex - PHP source to tokens, in one pass
 *
 * Job:     open and close tags, HTML between, comments, strings of every kind, casts;
 *          count on the way what is known without understanding, and say whether the
 *          file is worth understanding (p->trigger).
 * Touches: nothing.
 * Source:  PHP manual, "Basic syntax"; zend_language_scanner.l for the corners (a close
 *          tag ends a // comment; flexible heredoc since 7.3).
 */
#include <string.h>
#include <strings.h>
#include "php_int.h"
#include "php_lex.h"

#define STRAY_BYTES 64        /* of code, to tell it from bytes by chance */
#define STRAY_WORK (1u << 20) /* bytes of a file looked at for that */

static void
push(struct lexer *x, unsigned type, unsigned w, uint32_t off, uint32_t len)
{
	struct tok *t;

	if (x->t.n == x->t.cap) {
		uint32_t cap = x->t.cap == 0 ? x->len / 8 + 64 : x->t.cap * 2;
		struct tok *v = (struct tok *)(void *)php_raw(x->p, cap * sizeof(*v));

		if (x->t.n != 0)
			memcpy(v, x->t.v, x->t.n * sizeof(*v));
		x->t.v = v;
		x->t.cap = cap;
	}
	t = &x->t.v[x->t.n++];
	t->t = (uint8_t)type;
	t->flag = 0;
	t->w = (uint16_t)w;
	t->off = off;
	t->len = len;
}

void
php_lex_push(struct lexer *x, unsigned type, unsigned flag, uint32_t off, uint32_t len)
{
	push(x, type, 0, off, len);
	x->t.v[x->t.n - 1].flag = (uint8_t)flag;
}

static void
push_op(struct lexer *x, enum op o, uint32_t len)
{
	push(x, T_OP, o, x->at, len);
	x->at += len;
}

static int
at(const struct lexer *x, uint32_t i)
{
	return i < x->len ? (unsigned char)x->s[i] : -1;
}

static bool
begins(const struct lexer *x, uint32_t i, const char *what)
{
	size_t n = strlen(what);

	return x->len - i >= n && strncasecmp(x->s + i, what, n) == 0;
}

/* A short tag in text, not two stray bytes of an image or <?xml. */
static bool
short_tag(const struct lexer *x, uint32_t i)
{
	uint32_t k;

	if (begins(x, i + 2, "xml"))
		return false;
	for (k = i + 2; k < i + 10 && k < x->len; k++) {
		unsigned char c = (unsigned char)x->s[k];

		if (c >= 0x7f || (c < 32 && c != '\n' && c != '\r' && c != '\t'))
			return false;
	}
	return true;
}

/*
 * The end of the quoted string or comment at i; i: there is none. The file's end, too,
 * for what only the whole lexer could tell: a heredoc, an attribute, code in a string.
 */
static uint32_t
past_text(const struct lexer *x, uint32_t i)
{
	const char *end;
	int c = at(x, i), d = at(x, i + 1);

	if (c == '/' && d == '*') {
		end = memmem(x->s + i + 2, x->len - i - 2, "*/", 2);
		return end == NULL ? x->len : (uint32_t)(end - x->s) + 2;
	}
	if ((c == '#' && d == '[') || begins(x, i, "<<<"))
		return x->len;
	if (c == '#' || (c == '/' && d == '/')) {
		for (i++; i < x->len; i++)
			if (x->s[i] == '\n' || x->s[i] == '\r' ||
			    (x->s[i] == '?' && at(x, i + 1) == '>'))
				break;
		return i;
	}
	if (c != '"' && c != '\'' && c != '`')
		return i;
	for (i++; i < x->len && x->s[i] != c; i++) {
		d = at(x, i + 1);
		if (x->s[i] == '\\')
			i++;
		else if (c != '\'' &&
			 ((x->s[i] == '{' && d == '$') || (x->s[i] == '$' && d == '{')))
			return x->len;
	}
	return i < x->len ? i + 1 : x->len;
}

/* Do the bytes after the name's end begin what a call is given? */
static bool
called(const struct lexer *x, uint32_t i)
{
	uint32_t from;

	while (i < x->len && x->cls[(unsigned char)x->s[i]] & C_BLANK)
		i++;
	if (begins(x, i, "/*"))
		return true;
	if (at(x, i) != '(')
		return false;
	for (i++; i < x->len && x->cls[(unsigned char)x->s[i]] & C_BLANK;)
		i++;
	for (from = i; i < x->len && x->cls[(unsigned char)x->s[i]] & C_WORD;)
		i++;
	if (i > from)
		return at(x, i) == '('; /* not "the system (see below)" */
	return i < x->len && strchr("$\"'`@&", x->s[i]) != NULL && x->s[i] != '\0';
}

/*
 * Where, at or after i, the next name stands that programs have and chance does not: a
 * request's variable, or a call worth a look. The file's end: nowhere. Asked with i ever
 * greater, so that no byte is read twice.
 */
static uint32_t
next_sign(struct lexer *x, uint32_t i)
{
	uint32_t from;
	unsigned w;

	if (x->sign >= i)
		return x->sign;
	while (i < x->len) {
		if (!(x->cls[(unsigned char)x->s[i]] & C_WORD)) {
			i++;
			continue;
		}
		for (from = i; i < x->len && x->cls[(unsigned char)x->s[i]] & C_WORD;)
			i++;
		x->sign = from;
		if (begins(x, from, "php://in"))
			return from;
		w = i - from < 4 ? W_NONE : php_word(x->p, x->s + from, i - from);
		if (w == W_NONE)
			continue;
		if (x->s[from - 1] == '$') {
			if (w >= W_U_GET && w <= W_HTTP_RAW_POST_DATA)
				return from;
		} else if ((php_word_flags(w) & WF_TRIG || w == W_GETENV ||
			    w == W_FILTER_INPUT || w == W_FILTER_INPUT_ARRAY) &&
			   called(x, i)) {
			return from;
		}
	}
	x->sign = x->len;
	return x->sign;
}

/*
 * A short tag stands by chance in every few megabytes of pictures, fonts and documents.
 * Code has no control characters but in its strings and comments; PHP before 8 would pass
 * over them, so that what else the file holds has a say. In a file full of such tags it
 * has the only one after a while.
 */
static bool
stray(struct lexer *x, uint32_t i)
{
	uint32_t from = i;
	bool odd = x->stray_bytes > STRAY_WORK;
	unsigned n;

	if (!x->binary || !x->p->stray)
		return false;
	for (n = 0; n < STRAY_BYTES && i < x->len && !odd; n++) {
		unsigned char c = (unsigned char)x->s[i];
		uint32_t past = past_text(x, i);

		if (begins(x, i, "?>") || begins(x, i, "__halt_compiler"))
			break;
		odd = past == i && c < 32 && !(x->cls[c] & C_BLANK);
		i = past == i ? i + 1 : past;
	}
	x->stray_bytes += i - from;
	return odd && next_sign(x, from) == x->len;
}

/* Length of an open tag at '<', 0 if it is none; *echo_out: <?= */
static uint32_t
open_tag(struct lexer *x, uint32_t i, bool *echo_out)
{
	*echo_out = false;
	if (at(x, i + 1) == '?') {
		if (begins(x, i + 2, "php") &&
		    (i + 5 >= x->len || x->cls[at(x, i + 5)] & C_BLANK))
			return i + 5 < x->len ? 6 : 5;
		*echo_out = at(x, i + 2) == '=';
		if ((!*echo_out && !short_tag(x, i)) || stray(x, i + 2))
			return 0;
		return *echo_out ? 3 : 2;
	}
	if (begins(x, i, "<script")) {
		uint32_t k = i + 7, end = i + 64 < x->len ? i + 64 : x->len;

		while (k < end && x->s[k] != '>')
			k++;
		if (k == end || memmem(x->s + i, k - i, "php", 3) == NULL ||
		    (memmem(x->s + i, k - i, "language", 8) == NULL &&
		     memmem(x->s + i, k - i, "LANGUAGE", 8) == NULL))
			return 0;
		return k + 1 - i;
	}
	return 0;
}

/* HTML up to the next open tag. */
static void
html(struct lexer *x)
{
	uint32_t from = x->at, i = from, n = 0;
	bool is_echo = false;

	for (;;) {
		const char *lt = i < x->len ? memchr(x->s + i, '<', x->len - i) : NULL;

		if (lt == NULL) {
			i = x->len;
			break;
		}
		i = (uint32_t)(lt - x->s);
		n = open_tag(x, i, &is_echo);
		if (n != 0)
			break;
		i++;
	}
	if (i > from)
		push(x, T_HTML, 0, from, i - from);
	if (x->p->cutting)
		php_cut(x->p, PHP_LONG_HTML, x->s, from, i);
	if (n == 0) {
		x->f->tail_bytes = x->closed ? (int64_t)(x->len - from) : 0;
		x->at = x->len;
		return;
	}
	if (x->f->tags++ == 0)
		x->f->lead_bytes = i;
	x->script = n > 6;
	x->at = i + n;
	x->open_at = x->at;
	x->in_php = true;
	if (is_echo)
		push(x, T_ECHO, 0, i, n);
}

static void
close_tag(struct lexer *x, uint32_t n)
{
	uint32_t block = x->at - x->open_at;

	push(x, T_OP, O_SEMI, x->at, 0);
	x->f->code_bytes += block;
	x->at += n;
	if (x->f->tags == 1 && begins(x, x->at, "<?php"))
		x->f->first_block = block;
	if (at(x, x->at) == '\n')
		x->at++;
	else if (at(x, x->at) == '\r' && at(x, x->at + 1) == '\n')
		x->at += 2;
	x->in_php = false;
	x->closed = true;
}

/* A // or # comment ends at the line's end or before a close tag. */
static void
line_comment(struct lexer *x)
{
	uint32_t i = x->at;

	while (i < x->len && x->s[i] != '\n' && x->s[i] != '\r' &&
	       !(x->s[i] == '?' && at(x, i + 1) == '>'))
		i++;
	php_lex_comment(x, i);
}

static void
block_comment(struct lexer *x)
{
	uint32_t i = x->at + 2;

	for (;;) {
		const char *star = i < x->len ? memchr(x->s + i, '*', x->len - i) : NULL;

		if (star == NULL) {
			i = x->len;
			break;
		}
		i = (uint32_t)(star - x->s) + 1;
		if (at(x, i) == '/') {
			i++;
			break;
		}
	}
	php_lex_comment(x, i);
}

static void
name(struct lexer *x)
{
	uint32_t from = x->at, i = from, part;
	unsigned w;

	if (x->s[i] == '\\')
		from = ++i;
	part = i;
	for (;;) {
		while (i < x->len && x->cls[(unsigned char)x->s[i]] & C_WORD)
			i++;
		if (at(x, i) != '\\' || i + 1 >= x->len ||
		    !(x->cls[(unsigned char)x->s[i + 1]] & C_ALPHA))
			break;
		i++;
		part = i;
	}
	w = part == from ? php_word(x->p, x->s + from, i - from) : W_NONE;
	push(x, T_NAME, w, from, i - from);
	x->at = i;
	php_lex_name(x, w);
}

static void
variable(struct lexer *x)
{
	uint32_t from = x->at + 1, i = from;

	while (i < x->len && x->cls[(unsigned char)x->s[i]] & C_WORD)
		i++;
	push(x, T_VAR,
	     x->s[from] == '_' || i - from == 7 || i - from == 4 || i - from == 18
		 ? php_word(x->p, x->s + from, i - from)
		 : W_NONE,
	     from, i - from);
	x->at = i;
	php_lex_var(x);
}

static void
number(struct lexer *x)
{
	uint32_t i = x->at;

	if (x->s[i] == '0' && (at(x, i + 1) | 32) == 'x') {
		for (i += 2;
		     i < x->len && x->cls[(unsigned char)x->s[i]] & (C_HEX | C_UNDER);)
			i++;
	} else if (x->s[i] == '0' && (at(x, i + 1) | 32) == 'b') {
		for (i += 2; at(x, i) == '0' || at(x, i) == '1' || at(x, i) == '_';)
			i++;
	} else {
		while (i < x->len && x->cls[(unsigned char)x->s[i]] & (C_DIGIT | C_UNDER))
			i++;
		if (at(x, i) == '.' && at(x, i + 1) != '.' &&
		    (at(x, i + 1) < 0 || x->cls[at(x, i + 1)] & C_DIGIT || i > x->at))
			for (i++; i < x->len && x->cls[(unsigned char)x->s[i]] & C_DIGIT;)
				i++;
		if ((at(x, i) | 32) == 'e') {
			uint32_t k = i + 1;

			if (at(x, k) == '+' || at(x, k) == '-')
				k++;
			if (k < x->len && x->cls[(unsigned char)x->s[k]] & C_DIGIT)
				for (i = k; i < x->len &&
					    x->cls[(unsigned char)x->s[i]] & C_DIGIT;)
					i++;
		}
		if (at(x, i) == 'o' || at(x, i) == 'O') /* 0o17 */
			for (i++; i < x->len && x->cls[(unsigned char)x->s[i]] & C_DIGIT;)
				i++;
	}
	push(x, T_NUM, 0, x->at, i - x->at);
	x->at = i;
	php_lex_num(x);
}

/* (int) and the like: ( blanks type blanks ). */
static bool
cast(struct lexer *x)
{
	uint32_t i = x->at + 1, from, end;
	unsigned w;

	while (at(x, i) == ' ' || at(x, i) == '\t')
		i++;
	from = i;
	while (i < x->len && i < from + 9 && x->cls[(unsigned char)x->s[i]] & C_ALPHA)
		i++;
	end = i;
	while (at(x, i) == ' ' || at(x, i) == '\t')
		i++;
	if (at(x, i) != ')')
		return false;
	w = php_word(x->p, x->s + from, end - from);
	switch (w) {
	case W_INT:
	case W_INTEGER:
	case W_BOOL:
	case W_BOOLEAN:
	case W_FLOAT:
	case W_DOUBLE:
	case W_REAL:
	case W_STRING:
	case W_BINARY:
	case W_ARRAY:
	case W_OBJECT:
	case W_UNSET:
		push(x, T_CAST, w, from, end - from);
		x->at = i + 1;
		return true;
	default:
		return false;
	}
}

static void
oper(struct lexer *x)
{
	unsigned n = 1, o;

	o = php_op_at(x->p, x->s + x->at, x->len - x->at, &n);
	if (o == O_NONE) {
		x->at++; /* a byte that PHP would not take */
		x->f->binary++;
		return;
	}
	if (o == O_DOLLAR)
		x->p->trigger = true; /* ${..}, $$x */
	push_op(x, (enum op)o, n);
}

static void
blanks(struct lexer *x)
{
	uint32_t from = x->at;

	while (x->at < x->len && x->cls[(unsigned char)x->s[x->at]] & C_BLANK)
		x->at++;
	if (x->p->cutting)
		php_cut(x->p, PHP_LONG_BLANKS, x->s, from, x->at);
}

static void
token(struct lexer *x)
{
	int c = at(x, x->at), d = at(x, x->at + 1);
	unsigned cls = x->cls[c];

	if (cls & C_BLANK) {
		blanks(x);
	} else if (cls & C_ALPHA || (c == '\\' && d >= 0 && x->cls[d] & C_ALPHA)) {
		name(x);
	} else if (c == '$' && d >= 0 && x->cls[d] & C_ALPHA) {
		variable(x);
	} else if (c == '\'' || c == '"' || c == '`') {
		php_lex_quoted(x);
	} else if (cls & C_DIGIT || (c == '.' && d >= 0 && x->cls[d] & C_DIGIT)) {
		number(x);
	} else if (c == '#' && !(d == '[' && php_lex_attr(x))) {
		line_comment(x);
	} else if (c == '/' && d == '/') {
		line_comment(x);
	} else if (c == '/' && d == '*') {
		block_comment(x);
	} else if (c == '?' && d == '>') {
		close_tag(x, 2);
	} else if (c == '<' && x->script && begins(x, x->at, "</script>")) {
		close_tag(x, 9);
	} else if (c == '<' && d == '<' && at(x, x->at + 2) == '<' &&
		   php_lex_heredoc(x)) {
		return;
	} else if (c == '(') {
		php_lex_call(x);
		if (!cast(x))
			push_op(x, O_LPAR, 1);
	} else if (c != '#') {
		oper(x);
	}
}

struct toks
php_lex(struct php *p, struct source src, bool in_php, struct php_facts *f)
{
	struct lexer x;

	memset(&x, 0, sizeof(x));
	x.p = p;
	x.f = f;
	x.cls = p->cls;
	x.s = src.s;
	x.len = src.len;
	x.in_php = in_php;
	php_lex_file(&x);
	while (x.at < x.len) {
		if (!x.in_php)
			html(&x);
		else
			token(&x);
		if (x.halted)
			break;
	}
	if (x.in_php)
		x.f->code_bytes += x.len - x.open_at;
	push(&x, T_END, 0, x.len, 0);
	x.t.n--;
	x.f->tokens += x.t.n;
	return x.t;
}
