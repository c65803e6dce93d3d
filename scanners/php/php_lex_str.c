/*
 * php_lex_str - strings, heredocs, and what the lexer counts
 *
 * Job:     find the end of every kind of string in one pass; facts known from
 *          tokens alone; the decision that a file is worth a full look.
 * Touches: nothing.
 */
#include <string.h>
#include "php_lex.h"

#define TOP_BYTES 4096   /* where NUL says that a file is no text */
#define ATTR_BYTES 16384 /* the longest attribute */

void
php_lex_classes(uint8_t cls[256])
{
	unsigned c;

	memset(cls, 0, 256);
	for (c = 0; c < 256; c++) {
		if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
			cls[c] |= C_BLANK;
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		    c >= 0x80)
			cls[c] |= C_ALPHA | C_WORD;
		if (c >= '0' && c <= '9')
			cls[c] |= C_DIGIT | C_WORD | C_HEX;
		if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
			cls[c] |= C_HEX;
	}
	cls['_'] |= C_UNDER;
	cls['"'] |= C_QUOTE;
	cls['`'] |= C_QUOTE;
	cls['\\'] |= C_QUOTE;
	cls['$'] |= C_QUOTE;
	cls['{'] |= C_QUOTE;
}

/* Past the braces of {$...} opened at i; strings in it do not count. */
static uint32_t
braced(const struct lexer *x, uint32_t i)
{
	unsigned depth = 0;

	for (; i < x->len; i++) {
		char c = x->s[i];

		if (c == '{') {
			depth++;
		} else if (c == '}') {
			if (--depth == 0)
				return i + 1;
		} else if (c == '\'' || c == '"') {
			for (i++; i < x->len && x->s[i] != c; i++)
				if (x->s[i] == '\\')
					i++;
		}
	}
	return x->len;
}

/* Is the escape at i one that hides: hex, octal, unicode. */
static bool
hides(const struct lexer *x, uint32_t i)
{
	char c = i + 1 < x->len ? x->s[i + 1] : 0;

	return c == 'x' || (c >= '0' && c <= '7') ||
	       (c == 'u' && i + 2 < x->len && x->s[i + 2] == '{');
}

/* One step over a special byte of a string that interpolates. */
static uint32_t
special(struct lexer *x, uint32_t i, unsigned *flag, unsigned *hidden)
{
	char c = x->s[i], d = i + 1 < x->len ? x->s[i + 1] : 0;

	if (c == '\\') {
		*flag |= TF_ESC;
		*hidden += hides(x, i);
		return i + 2;
	}
	if (c == '$' && (d == '{' || x->cls[(unsigned char)d] & C_ALPHA)) {
		*flag |= TF_INTERP;
		return d == '{' ? braced(x, i + 1) : i + 1;
	}
	if (c == '{' && d == '$') {
		*flag |= TF_INTERP;
		return braced(x, i);
	}
	return i + 1;
}

static void
count_str(struct lexer *x, uint32_t from, uint32_t len, unsigned hidden)
{
	x->f->string_bytes += len;
	if ((int64_t)len > x->f->longest_string)
		x->f->longest_string = len;
	x->f->escapes += hidden;
	if (hidden >= 4)
		x->p->trigger = true;
	if (len >= 40 && memmem(x->s + from, len, "<?php", 5) != NULL)
		x->p->trigger = true; /* a program in a string */
	if (len >= 512 && memchr(x->s + from, ' ', 256) == NULL)
		x->p->trigger = true; /* a blob */
}

/* include of a literal that is no plain path to PHP. */
static void
judge_include(struct lexer *x, const struct tok *t, const char *s)
{
	const struct tok *before = t - 1;
	struct val v;

	if (before->t == T_OP && (before->w == O_LPAR || before->w == O_SILENT) &&
	    x->t.n > 2)
		before--;
	if (before->t != T_NAME ||
	    (before->w != W_INCLUDE && before->w != W_REQUIRE &&
	     before->w != W_INCLUDE_ONCE && before->w != W_REQUIRE_ONCE))
		return;
	php_v_str(&v, s, t->len);
	if ((t->flag & TF_ESC) || php_odd_path(&v))
		x->p->trigger = true;
}

/* What the token before says about a literal just pushed. */
static void
judge_str(struct lexer *x)
{
	const struct tok *t = x->t.v + x->t.n - 1;
	const char *s = x->s + t->off;

	if (x->t.n < 2)
		return;
	judge_include(x, t, s);
	if (x->t.n < 3)
		return;
	if (t[-1].t == T_OP && t[-1].w == O_LPAR && t[-2].t == T_NAME) {
		if (t[-2].w == W_DEFINED &&
		    php_word_flags(php_word(x->p, s, t->len)) & WF_GUARD)
			x->f->guard++;
		if ((t[-2].w == W_FILE_GET_CONTENTS || t[-2].w == W_FOPEN ||
		     t[-2].w == W_FILE) &&
		    t->len > 10 && memcmp(s, "http", 4) == 0)
			x->p->trigger = true;
		if (t[-2].w == W_PREG_REPLACE && t->len > 2) {
			uint32_t i = t->len;

			while (i > 0 && x->cls[(unsigned char)s[i - 1]] & C_ALPHA)
				if (s[--i] == 'e')
					x->p->trigger = true;
		}
	}
	if (t[-1].t == T_OP && t[-1].w == O_CAT &&
	    (t[-2].t == T_STR || t[-2].t == T_DSTR) && t->len <= 4 && t[-2].len <= 8 &&
	    ++x->bits >= 4)
		x->p->trigger = true;
}

void
php_lex_quoted(struct lexer *x)
{
	char q = x->s[x->at];
	uint32_t from = x->at + 1, i = from;
	unsigned flag = 0, hidden = 0;

	if (q == '\'') {
		for (; i < x->len && x->s[i] != '\''; i++)
			if (x->s[i] == '\\') {
				flag |= TF_ESC;
				i++;
			}
	} else {
		while (i < x->len && x->s[i] != q) {
			if (x->cls[(unsigned char)x->s[i]] & C_QUOTE)
				i = special(x, i, &flag, &hidden);
			else
				i++;
		}
	}
	if (i > x->len)
		i = x->len;
	php_lex_push(x,
		     q == '\''  ? T_STR
		     : q == '"' ? T_DSTR
				: T_BTICK,
		     flag, from, i - from);
	x->at = i < x->len ? i + 1 : i;
	if (x->p->cutting)
		php_cut(x->p, PHP_LONG_LITERAL, x->s, from, i);
	count_str(x, from, i - from, hidden);
	if (q == '`')
		x->p->trigger = true;
	judge_str(x);
}

/* Does the line at i close the heredoc? The index past the label, or 0. */
static uint32_t
closes(const struct lexer *x, uint32_t i, const char *label, uint32_t n)
{
	while (i < x->len && (x->s[i] == ' ' || x->s[i] == '\t'))
		i++;
	if (x->len - i < n || memcmp(x->s + i, label, n) != 0)
		return 0;
	i += n;
	return i == x->len || !(x->cls[(unsigned char)x->s[i]] & C_WORD) ? i : 0;
}

bool
php_lex_heredoc(struct lexer *x)
{
	uint32_t i = x->at + 3, label, n, from, line, end;
	unsigned flag = TF_HERE, hidden = 0;
	char q = 0;

	while (i < x->len && (x->s[i] == ' ' || x->s[i] == '\t'))
		i++;
	if (i < x->len && (x->s[i] == '\'' || x->s[i] == '"'))
		q = x->s[i++];
	label = i;
	while (i < x->len && x->cls[(unsigned char)x->s[i]] & C_WORD)
		i++;
	n = i - label;
	if (n == 0 || !(x->cls[(unsigned char)x->s[label]] & C_ALPHA))
		return false;
	if (q != 0 && (i >= x->len || x->s[i++] != q))
		return false;
	if (i < x->len && x->s[i] == '\r')
		i++;
	if (i >= x->len || (x->s[i] != '\n' && x->s[i - 1] != '\r'))
		return false;
	if (x->s[i] == '\n')
		i++;
	from = line = i;
	for (end = 0; line < x->len; line++) {
		const char *nl;

		if ((end = closes(x, line, x->s + label, n)) != 0)
			break;
		nl = memchr(x->s + line, '\n', x->len - line);
		line = nl == NULL ? x->len : (uint32_t)(nl - x->s);
	}
	if (line > x->len)
		line = x->len;
	x->at = end != 0 ? end : x->len;
	end = line > from && x->s[line - 1] == '\n' ? line - 1 : line;
	if (end > from && x->s[end - 1] == '\r')
		end--;
	for (i = from; q != '\'' && i < end;)
		if (x->cls[(unsigned char)x->s[i]] & C_QUOTE)
			i = special(x, i, &flag, &hidden);
		else
			i++;
	php_lex_push(x, q == '\'' ? T_STR : T_DSTR, flag, from, end - from);
	count_str(x, from, end - from, hidden);
	return true;
}

/* The end of the quoted string or comment at i, i: there is none, 0: it does not end. */
static uint32_t
attr_text(const struct lexer *x, uint32_t i)
{
	const char *s = x->s, *end;
	char q = s[i];

	if (q == '/' && i + 1 < x->len && s[i + 1] == '*') {
		end = memmem(s + i + 2, x->len - i - 2, "*/", 2);
		return end == NULL ? 0 : (uint32_t)(end - s) + 2;
	}
	if (q == '#' || (q == '/' && i + 1 < x->len && s[i + 1] == '/')) {
		end = memchr(s + i, '\n', x->len - i);
		return end == NULL ? 0 : (uint32_t)(end - s);
	}
	if (q != '\'' && q != '"')
		return i;
	for (i++; i < x->len && s[i] != q; i++)
		i += s[i] == '\\';
	return i < x->len ? i + 1 : 0;
}

/*
 * An attribute of several lines. Before PHP 8 its first line is a comment and the rest is
 * code, in which the bracket that ends it would have no other: so it runs nowhere, unless
 * what is a string or comment differs, and then it is none here.
 */
static bool
long_attr(struct lexer *x)
{
	uint32_t i = x->at + 1, past;
	uint32_t end = x->len - i < ATTR_BYTES ? x->len : i + ATTR_BYTES;
	unsigned depth = 0;
	bool first = true;

	while (i < end) {
		char c = x->s[i];

		past = i > x->at + 1 ? attr_text(x, i) : i;
		if (past == 0 || c == 0 || strchr(";{}`$<?", c) != NULL)
			return false;
		if (past > i) {
			if (first && memchr(x->s + i, '\n', past - i) != NULL)
				return false;
			i = past;
			continue;
		}
		first &= c != '\n';
		depth += c == '[' || c == '(';
		depth -= c == ']' || c == ')';
		i++;
		if (depth == 0) {
			x->at = i;
			return true;
		}
	}
	return false;
}

bool
php_lex_attr(struct lexer *x)
{
	uint32_t i;
	unsigned depth = 0;

	for (i = x->at + 1; i < x->len && x->s[i] != '\n'; i++) {
		if (x->s[i] == '[')
			depth++;
		if (x->s[i] == ']' && --depth == 0) {
			x->at = i + 1;
			return true;
		}
		if (x->s[i] == '?' && i + 1 < x->len && x->s[i + 1] == '>')
			break;
	}
	return long_attr(x);
}

void
php_lex_comment(struct lexer *x, uint32_t end)
{
	if (x->f->comments++ == 0)
		x->f->first_comment = x->at;
	if (x->f->code_before_comment == 0 && end - x->at > 3 &&
	    memcmp(x->s + x->at, "/**", 3) == 0)
		x->f->code_before_comment = x->t.n != 0 ? (int64_t)x->t.n : -1;
	x->f->comment_bytes += end - x->at;
	if (x->p->cutting) {
		php_cut(x->p,
			x->p->cut_tok == x->t.n + 1 ? PHP_LONG_MORE : PHP_LONG_COMMENT,
			x->s, x->at, end);
		x->p->cut_tok = x->t.n + 1;
	}
	x->at = end;
}

/* $a{3}, and .$a[3].$a[8]: names put together from letters. */
void
php_lex_num(struct lexer *x)
{
	const struct tok *t = x->t.v + x->t.n - 1;

	if (x->t.n < 4 || t[-1].t != T_OP || t[-2].t != T_VAR)
		return;
	if (t[-1].w == O_LBRC ||
	    (t[-1].w == O_LBRK && t[-3].t == T_OP && t[-3].w == O_CAT && ++x->bits >= 4))
		x->p->trigger = true;
}

void
php_lex_var(struct lexer *x)
{
	switch (php_new_name(x->t.v[x->t.n - 1].w)) {
	case W_U_COOKIE:
		x->f->cookie_reads++;
		x->f->request_reads++;
		x->p->trigger = true;
		break;
	case W_U_FILES:
		x->f->files_reads++;
		x->f->request_reads++;
		x->p->trigger = true;
		break;
	case W_U_GET:
	case W_U_POST:
	case W_U_REQUEST:
		x->f->request_reads++;
		x->p->trigger = true;
		break;
	case W_GLOBALS:
	case W_HTTP_RAW_POST_DATA:
		x->p->trigger = true;
		break;
	default:
		break;
	}
}

void
php_lex_name(struct lexer *x, unsigned w)
{
	const struct tok *t = x->t.v + x->t.n - 1;
	struct php_facts *f = x->f;

	if (x->t.n > 1 && t[-1].t == T_OP && (t[-1].w == O_ARROW || t[-1].w == O_SCOPE))
		return;
	switch (w) {
	case W_FUNCTION:
		f->functions++;
		break;
	case W_CLASS:
	case W_INTERFACE:
	case W_TRAIT:
		f->classes++;
		break;
	case W_USE: /* what a closure uses stands behind its parameters */
		f->namespaces += x->t.n < 2 || t[-1].t != T_OP || t[-1].w != O_RPAR;
		break;
	case W_NAMESPACE:
		f->namespaces++;
		break;
	case W_INCLUDE:
	case W_INCLUDE_ONCE:
	case W_REQUIRE:
	case W_REQUIRE_ONCE:
		f->includes++;
		break;
	case W_FOR:
	case W_FOREACH:
	case W_WHILE:
	case W_DO:
		f->loops++;
		break;
	case W_ECHO:
	case W_PRINT:
		f->echo_count++;
		break;
	case W_GOTO:
		f->goto_count++;
		x->p->trigger = true;
		break;
	case W_U__HALT_COMPILER:
		f->halt++;
		php_lex_push(x, T_HALT, 0, x->at, x->len - x->at);
		x->halted = true;
		break;
	default:
		if (w != W_NONE && php_word_flags(w) & WF_ENC) {
			f->encoder++;
			x->p->trigger = true;
		}
		break;
	}
}

/* The name before ( is a function called, a method, or declared. */
void
php_lex_call(struct lexer *x)
{
	const struct tok *t;
	unsigned flags, before = O_NONE;

	if (x->t.n == 0)
		return;
	t = x->t.v + x->t.n - 1;
	if (t->t == T_VAR ||
	    (t->t == T_OP && (t->w == O_RBRK || t->w == O_RPAR || t->w == O_RBRC))) {
		if (t->t != T_OP || t->w == O_RBRK)
			x->p->trigger = true; /* called through a variable */
		return;
	}
	if (t->t != T_NAME || t->w == W_NONE)
		return;
	flags = php_word_flags(t->w);
	if (x->t.n > 1 && t[-1].t == T_OP)
		before = t[-1].w;
	if (before == O_ARROW || before == O_SCOPE) {
		if (t->w == W_ADDADDRESS || t->w == W_SETFROM || t->w == W_SEND)
			x->p->trigger |= t->w != W_SEND;
		return;
	}
	if (x->t.n > 1 && t[-1].t == T_NAME && t[-1].w == W_FUNCTION)
		return;
	if (flags & WF_TRIG)
		x->p->trigger = true;
	if (t->w == W_CHR && ++x->chrs >= 5)
		x->p->trigger = true;
	x->f->mail_calls += (flags & WF_MAIL) != 0;
	x->f->i18n += (flags & WF_I18N) != 0;
	x->f->nonce += (flags & WF_NONCE) != 0;
	x->f->framework += (flags & WF_FRAME) != 0;
}

void
php_lex_file(struct lexer *x)
{
	static const char *const magics[] = {
	    "GIF8", "\x89PNG",  "\xff\xd8\xff", "BM",    "%PDF",    "PK\3\4",
	    "RIFF", "\0\0\1\0", "II*\0",        "MM\0*", "\x1f\x8b"};
	static const unsigned char lens[] = {4, 4, 3, 2, 4, 4, 4, 4, 4, 4, 2};
	uint32_t i, from = 0;
	size_t k;

	for (k = 0; k < sizeof(lens); k++)
		if (x->len > lens[k] && memcmp(x->s, magics[k], lens[k]) == 0 &&
		    !x->in_php)
			x->f->image = 1;
	x->binary = x->f->image != 0 ||
		    memchr(x->s, '\0', x->len < TOP_BYTES ? x->len : TOP_BYTES) != NULL;
	for (i = 0; i < x->len; i = from) {
		const char *nl = memchr(x->s + i, '\n', x->len - i);

		from = nl == NULL ? x->len : (uint32_t)(nl - x->s) + 1;
		if (from - i > x->f->longest_line)
			x->f->longest_line = from - i;
	}
}
