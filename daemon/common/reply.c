/*
 * reply - one SMTP answer, cut down to what its sender meant
 *
 * Job:     see reply.h. One pass over the bytes, no allocation, no recursion.
 * Touches: nothing.
 */
#include "reply.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define INPUT_MAX 6144 /* bytes of an answer that are read at all */

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

/* Three digits 200..599 at s, not followed by a fourth; 0 when not. */
static int
code_at(const char *s, const char *end)
{
	if (end - s < 3 || s[0] < '2' || s[0] > '5' || !digit(s[1]) || !digit(s[2]))
		return 0;
	if (end - s > 3 && (digit(s[3]) || s[3] == '.' || isalpha((unsigned char)s[3])))
		return 0;
	return (s[0] - '0') * 100 + (s[1] - '0') * 10 + (s[2] - '0');
}

/* An enhanced code d.ddd.ddd at s: its length, 0 when it is none (1.2.3.4 is an address).
 */
static size_t
enhanced_at(const char *s, const char *end, int enh[3])
{
	const char *p = s;

	for (int i = 0; i < 3; i++) {
		int n = 0, digits = 0;

		while (p < end && digit(*p) && digits < 4) {
			n = n * 10 + (*p++ - '0');
			digits++;
		}
		if (digits == 0 || digits > 3)
			return 0;
		enh[i] = n;
		if (i < 2) {
			if (p >= end || *p != '.')
				return 0;
			p++;
		}
	}
	if (enh[0] != 2 && enh[0] != 4 && enh[0] != 5)
		return 0;
	if (p < end && (digit(*p) || (*p == '.' && p + 1 < end && digit(p[1]))))
		return 0;
	return (size_t)(p - s);
}

static const char *
find(const char *s, const char *end, const char *what)
{
	return memmem(s, (size_t)(end - s), what, strlen(what));
}

/* The words an MTA puts before the answer it quotes. */
static const char *
after_preface(const char *s, const char *end)
{
	static const char *const mark[] = {"other server returned was: ",
					   "remote server was: ",
					   "did not like our RCPT TO:",
					   "did not like our DATA:",
					   " said: ",
					   "refused to talk to me: ",
					   "Remote Server returned '"};
	const char *p, *q;

	for (size_t i = 0; i < sizeof(mark) / sizeof(mark[0]); i++)
		if ((p = find(s, end, mark[i])) != NULL)
			return p + strlen(mark[i]);
	if ((p = find(s, end, "rror from remote mail server after ")) != NULL)
		for (q = p; (q = find(q, end, ": ")) != NULL; q += 2)
			if (code_at(q + 2, end) != 0)
				return q + 2;
	if (end - s > 5 && strncasecmp(s, "smtp;", 5) == 0)
		return s + 5;
	return s;
}

static bool
address_char(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 ||
	       (c != '\0' && strchr(".!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

struct writer {
	struct reply *r;
	const char *p, *end;
	bool line_start;
};

static void
put(struct writer *w, char c)
{
	struct reply *r = w->r;

	if (blank(c)) {
		if (r->len == 0 || r->text[r->len - 1] == ' ')
			return;
		c = ' ';
	}
	if (r->len + 1 < sizeof(r->text))
		r->text[r->len++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* At the start of a line or word: a repeated "550-5.7.1 " is not part of the text. */
static bool
skip_codes(struct writer *w)
{
	int enh[3];
	size_t n;
	const char *p = w->p;
	int code = code_at(p, w->end);
	bool first = w->r->len == 0;

	if (code != 0 && (code == w->r->code || (w->r->code == 0 && first))) {
		w->r->code = code;
		p += 3;
		if (p < w->end && (*p == '-' || *p == ':' || *p == ' '))
			p++;
		while (p < w->end && *p == ' ')
			p++;
	} else if (!first) {
		return false;
	}
	if (p < w->end && *p == '#')
		p++;
	if ((n = enhanced_at(p, w->end, enh)) != 0) {
		if (w->r->enh[0] == 0)
			memcpy(w->r->enh, enh, sizeof(enh));
		p += n;
	} else if (p > w->p && p[-1] == '#') {
		p--;
	}
	if (p == w->p)
		return false;
	w->p = p;
	return true;
}

/* Behind the quoted string that begins at p, or p when it does not end. */
static const char *
after_quotes(const char *p, const char *end)
{
	const char *q;

	for (q = p + 1; q < end && q - p < 320; q++) {
		if (*q == '\\' && q + 1 < end)
			q++;
		else if (*q == '"')
			return q + 1;
	}
	return p;
}

/* name@host becomes "@": nobody's local part may look like a refusal's words. */
static bool
skip_address(struct writer *w)
{
	const char *p = w->p, *at;

	if (p < w->end && *p == '"') /* "any words"@host (RFC 5321 4.1.2) */
		p = after_quotes(p, w->end);
	while (p < w->end && address_char(*p) && p - w->p < 320)
		p++;
	at = p;
	if (p >= w->end || *p != '@' || p == w->p)
		return false;
	for (p++; p < w->end && p - at < 256; p++)
		if (!isalnum((unsigned char)*p) && *p != '.' && *p != '-' &&
		    (unsigned char)*p < 0x80)
			break;
	if (p - at < 2)
		return false;
	while (p[-1] == '.')
		p--;
	put(w, '@');
	w->p = p;
	return true;
}

/* An enhanced code that does not stand first: "(#5.1.1)", "rejected [5.7.1]". */
static void
late_enhanced(struct reply *r)
{
	const char *end = r->text + r->len;
	int enh[3];

	for (const char *p = r->text; p < end; p++) {
		if (*p != '4' && *p != '5')
			continue;
		if (p > r->text &&
		    (isalnum((unsigned char)p[-1]) || strchr(".-_/=", p[-1])))
			continue;
		if (enhanced_at(p, end, enh) != 0) {
			memcpy(r->enh, enh, sizeof(enh));
			return;
		}
	}
}

void
reply_read(struct reply *r, int code, const char *s, size_t len)
{
	struct writer w = {.r = r, .line_start = true};
	const char *tail;

	r->code = code >= 200 && code <= 599 ? code : 0;
	r->enh[0] = r->enh[1] = r->enh[2] = 0;
	r->len = 0;
	if (len > INPUT_MAX)
		len = INPUT_MAX;
	w.end = s + len;
	w.p = after_preface(s, w.end);
	if ((tail = find(w.p, w.end, " (in reply to ")) != NULL)
		w.end = tail;
	while (w.p < w.end && (blank(*w.p) || *w.p == '"'))
		w.p++;
	bool word = true;
	while (w.p < w.end) {
		char c = *w.p;

		if (c == '\\' && w.p + 1 < w.end && (w.p[1] == 'n' || w.p[1] == 'r')) {
			put(&w, ' ');
			w.p += 2;
			word = true;
			continue;
		}
		if (word && skip_codes(&w)) {
			put(&w, ' ');
			continue;
		}
		if (!(w.p > s && address_char(w.p[-1])) && address_char(c) &&
		    skip_address(&w)) {
			word = false;
			continue;
		}
		if (c != '\0')
			put(&w, c);
		word = blank(c);
		w.p++;
	}
	while (r->len > 0 && r->text[r->len - 1] == ' ')
		r->len--;
	r->text[r->len] = '\0';
	if (r->enh[0] == 0)
		late_enhanced(r);
}
