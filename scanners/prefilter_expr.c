/*
 * prefilter_expr - YARA strings as Hyperscan expressions
 *
 * Job:     text, hex and regular expressions, so that whatever libyara finds
 *          the expression finds too (it may find more).
 * Touches: nothing.
 * Source:  YARA's manual, "Strings"; Hyperscan's, "Pattern support".
 */
#include <ctype.h>
#include <hs.h>
#include <stdio.h>
#include <string.h>

#include "prefilter.h"
#include "yarasrc.h"

#define REPEAT_EXACT 8 /* longer repeats are cut to so many, or more */

struct buf {
	char *at;
	size_t size, len;
	bool full;
};

static void
put(struct buf *b, const char *s)
{
	size_t n = strlen(s);

	if (b->len + n + 1 > b->size) {
		b->full = true;
		return;
	}
	memcpy(b->at + b->len, s, n + 1);
	b->len += n;
}

static void
put_byte(struct buf *b, unsigned char c, bool wide)
{
	char t[16];

	(void)snprintf(t, sizeof t, "\\x%02x", c);
	put(b, t);
	if (wide)
		put(b, "\\x00");
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void
put_text(struct buf *b, const struct ystring *s, bool wide)
{
	size_t i;

	for (i = 0; i < s->len; i++) {
		char c = s->at[i];

		if (c == '\\' && i + 1 < s->len) {
			c = s->at[++i];
			if (c == 'n')
				c = '\n';
			else if (c == 't')
				c = '\t';
			else if (c == 'r')
				c = '\r';
			else if (c == 'x' && i + 2 < s->len) {
				c = (char)(hex_digit(s->at[i + 1]) * 16 +
					   hex_digit(s->at[i + 2]));
				i += 2;
			}
		}
		put_byte(b, (unsigned char)c, wide);
	}
}

/* Two hex digits or wildcards. */
static bool
put_nibbles(struct buf *b, char hi, char lo)
{
	int h = hex_digit(hi), l = hex_digit(lo), i;
	char t[32];

	if (hi == '?' && lo == '?') {
		put(b, ".");
	} else if (hi == '?' && l >= 0) {
		put(b, "[");
		for (i = 0; i < 16; i++)
			put_byte(b, (unsigned char)(i * 16 + l), false);
		put(b, "]");
	} else if (lo == '?' && h >= 0) {
		(void)snprintf(t, sizeof t, "[\\x%x0-\\x%xf]", (unsigned)h, (unsigned)h);
		put(b, t);
	} else if (h >= 0 && l >= 0) {
		put_byte(b, (unsigned char)(h * 16 + l), false);
	} else
		return false;
	return true;
}

/* [4] [4-8] [4-] [-] */
static bool
put_jump(struct buf *b, const char *p, size_t len)
{
	char t[64], in[32];
	char *dash;

	if (len >= sizeof in)
		return false;
	memcpy(in, p, len);
	in[len] = '\0';
	dash = strchr(in, '-');
	if (dash == NULL)
		(void)snprintf(t, sizeof t, ".{%s}", in);
	else if (dash == in)
		(void)snprintf(t, sizeof t, ".*");
	else {
		*dash = ',';
		(void)snprintf(t, sizeof t, ".{%s}", in);
	}
	put(b, t);
	return strspn(in, "0123456789,- ") == len;
}

static bool
put_hex(struct buf *b, const struct ystring *s)
{
	size_t i = 0;

	while (i < s->len) {
		char c = s->at[i];

		if (isspace((unsigned char)c) != 0)
			i++;
		else if (c == '(' || c == ')' || c == '|') {
			char t[4] = {c, '\0'};

			put(b, c == '(' ? "(?:" : t);
			i++;
		} else if (c == '[') {
			const char *end = memchr(s->at + i, ']', s->len - i);

			if (end == NULL ||
			    !put_jump(b, s->at + i + 1, (size_t)(end - s->at) - i - 1))
				return false;
			i = (size_t)(end - s->at) + 1;
		} else if (i + 1 < s->len && put_nibbles(b, c, s->at[i + 1]))
			i += 2;
		else
			return false; /* a comment, ~: libyara knows, we need not */
	}
	return b->len > 0;
}

/*
 * A repeat {m,n} at p: for the prefilter it is m or more, which finds more and compiles
 * in a hundredth of the time (bounded repeats are copied out state by state). Returns its
 * length, 0 when it is none.
 */
static size_t
put_repeat(struct buf *b, const char *p, size_t len)
{
	const char *close = memchr(p, '}', len);
	unsigned least = 0;
	char t[16];
	size_t i, n;

	if (close == NULL || (n = (size_t)(close - p) + 1) < 3)
		return 0;
	for (i = 1; i + 1 < n; i++)
		if (isdigit((unsigned char)p[i]) == 0 && p[i] != ',')
			return 0;
	for (i = 1; isdigit((unsigned char)p[i]) != 0 && least < 1000; i++)
		least = least * 10 + (unsigned)(p[i] - '0');
	if (memchr(p, ',', n) == NULL && least <= REPEAT_EXACT) {
		(void)snprintf(t, sizeof t, "{%u}", least);
		put(b, t);
		return n;
	}
	if (least > REPEAT_EXACT)
		least = REPEAT_EXACT;
	if (least < 2)
		put(b, least == 0 ? "*" : "+");
	else {
		(void)snprintf(t, sizeof t, "{%u,}", least);
		put(b, t);
	}
	return n;
}

/* YARA's dialect is PCRE's but for {,n}, which is {0,n}, and \/, which is /. */
static void
put_regex(struct buf *b, const struct ystring *s)
{
	bool set = false; /* inside [] */
	size_t i, n;

	for (i = 0; i < s->len; i++) {
		char t[4] = {s->at[i], '\0'};

		if (t[0] == '\\' && i + 1 < s->len) {
			t[1] = s->at[++i];
			put(b, t[1] == '/' ? "/" : t);
			continue;
		}
		if (t[0] == '{' && !set &&
		    (n = put_repeat(b, s->at + i, s->len - i)) > 0) {
			i += n - 1;
			continue;
		}
		if (set)
			set = t[0] != ']';
		else if (t[0] == '[') {
			set = true;
			put(b, t);
			/* a ] that comes first belongs to the set */
			if (i + 1 < s->len && s->at[i + 1] == '^')
				put(b, (i++, "^"));
			if (i + 1 < s->len && s->at[i + 1] == ']')
				put(b, (i++, "\\]"));
			continue;
		}
		put(b, t);
	}
}

int
prefilter_expression(const struct ystring *s, int which, char *out, size_t size,
		     unsigned *flags_out)
{
	struct buf b = {out, size, 0, false};
	bool wide =
	    (s->mods & YMOD_WIDE) != 0 && ((s->mods & YMOD_ASCII) == 0 || which == 1);

	*flags_out = HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY | HS_FLAG_PREFILTER;
	out[0] = '\0';
	if ((s->mods & YMOD_OTHER) != 0)
		return 0;
	if ((s->mods & YMOD_NOCASE) != 0 || s->re_nocase)
		*flags_out |= HS_FLAG_CASELESS;
	switch (s->kind) {
	case YSTRING_TEXT:
		put_text(&b, s, wide);
		break;
	case YSTRING_HEX:
		*flags_out |= HS_FLAG_DOTALL;
		if (!put_hex(&b, s))
			return 0;
		break;
	case YSTRING_REGEX:
		if (wide)
			return 0;
		if (s->re_dotall)
			*flags_out |= HS_FLAG_DOTALL;
		put_regex(&b, s);
		break;
	}
	if (b.full || b.len == 0)
		return 0;
	return (s->mods & YMOD_WIDE) != 0 && (s->mods & YMOD_ASCII) != 0 ? 2 : 1;
}
