/*
 * lint_parts - see lint_impl.h
 *
 * Job:     one walk over a message's parts, bounded in depth and count: which kinds of
 *          text it has, and whether they tell how to unsubscribe and from where it comes.
 * Touches: nothing.
 */
#include <ctype.h>
#include <string.h>

#include "lint_impl.h"

#define DEPTH_MAX 6
#define PARTS_MAX 200

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 32);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t
decode_qp(struct text in, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < in.len && n < size; i++) {
		if (in.s[i] != '=') {
			out[n++] = in.s[i];
		} else if (i + 2 < in.len && hex(in.s[i + 1]) >= 0 &&
			   hex(in.s[i + 2]) >= 0) {
			out[n++] = (char)(hex(in.s[i + 1]) << 4 | hex(in.s[i + 2]));
			i += 2;
		} else {
			while (i + 1 < in.len && in.s[i] != '\n')
				i++;
		}
	}
	return n;
}

static size_t
decode_base64(struct text in, char *out, size_t size)
{
	static const char set[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned v = 0, bits = 0;
	size_t n = 0;

	for (size_t i = 0; i < in.len && n < size && in.s[i] != '='; i++) {
		const char *at = in.s[i] == '\0' ? NULL : strchr(set, in.s[i]);

		if (at == NULL)
			continue;
		v = v << 6 | (unsigned)(at - set);
		if ((bits += 6) >= 8) {
			bits -= 8;
			out[n++] = (char)(v >> bits & 0xff);
		}
	}
	return n;
}

static bool
digits_near(const char *at, struct text t)
{
	const char *from = at - t.s > 80 ? at - 80 : t.s;
	const char *to = t.s + t.len - at > 80 ? at + 80 : t.s + t.len;

	for (; from < to; from++)
		if (isdigit((unsigned char)*from))
			return true;
	return false;
}

/* The word of a street or a box, with a number near it. */
static bool
postal_address(struct text t)
{
	static const char *const words[] = {" street",
					    " st.",
					    " road",
					    " rd.",
					    " avenue",
					    " ave",
					    " blvd",
					    " lane",
					    " drive",
					    " suite",
					    "p.o. box",
					    "po box",
					    "postfach",
					    "stra\xc3\x9f"
					    "e",
					    "strasse",
					    "str. ",
					    "platz ",
					    "weg ",
					    "gasse ",
					    " rue ",
					    " via ",
					    " calle ",
					    "avenida",
					    " ulica ",
					    " ul. ",
					    "straat",
					    " rua ",
					    "gatan ",
					    " floor",
					    " laan ",
					    "allee "};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct text rest = t;
		const char *at;

		for (int n = 0; n < 20 && (at = lint_find(rest, words[i])) != NULL; n++) {
			if (digits_near(at, t))
				return true;
			rest = (struct text){at + 1, (size_t)(t.s + t.len - at - 1)};
		}
	}
	return false;
}

static void
look_for_link(struct lint *l, const struct part *p)
{
	static char buf[1 << 20];
	static const char *const words[] = {
	    "unsubscri",      "opt out",   "opt-out",       "abmeld",
	    "abbestell",      "austragen", "désabonn",      "desabonn",
	    "désinscri",      "desinscri", "darse de baja", "dar de baja",
	    "cancelar",       "disiscri",  "cancella",      "uitschrij",
	    "afmeld",         "avregistr", "wypis",         "odhl",
	    "отпис",          "退订",      "配信停止",      "abonelikten",
	    "cancelar inscri"};
	struct text t = {buf, 0};

	if (lint_is(p->encoding, "base64"))
		t.len = decode_base64(p->body, buf, sizeof(buf));
	else if (lint_is(p->encoding, "quoted-printable"))
		t.len = decode_qp(p->body, buf, sizeof(buf));
	else
		t = p->body;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		l->has_link = l->has_link || lint_find(t, words[i]) != NULL;
	l->has_address = l->has_address || postal_address(t);
}

static void walk(struct lint *l, const struct part *p, int depth);

/* Each part between "--boundary" lines. */
static void
walk_parts(struct lint *l, struct text body, struct text boundary, int depth)
{
	static struct field f[DEPTH_MAX + 1][32];
	const char *p = body.s, *end = body.s + body.len, *from = NULL, *nl;

	for (; p < end && l->parts < PARTS_MAX; p = nl + 1) {
		struct field *here = f[depth];
		struct text inner;
		struct part q;
		unsigned n;

		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL)
			nl = end - 1;
		if ((size_t)(end - p) < boundary.len + 2 || p[0] != '-' || p[1] != '-' ||
		    memcmp(p + 2, boundary.s, boundary.len) != 0)
			continue;
		if (from != NULL) {
			l->parts++;
			n = lint_fields((struct text){from, (size_t)(p - from)}, here, 32,
					&inner);
			q = lint_part(here, n, inner);
			walk(l, &q, depth + 1);
		}
		from = nl + 1;
	}
}

static void
walk(struct lint *l, const struct part *p, int depth)
{
	struct text boundary;

	if (lint_begins(p->type, "multipart/")) {
		boundary = lint_parameter(p->type, "boundary=");
		if (boundary.len == 0 || boundary.len > 70)
			lint_say(l, "error", "boundary", "RFC 2046 5.1.1",
				 "a multipart without a good boundary");
		else if (depth < DEPTH_MAX)
			walk_parts(l, p->body, boundary, depth);
	} else if (lint_begins(p->type, "text/html")) {
		l->has_html = true;
		look_for_link(l, p);
	} else if (lint_begins(p->type, "text/plain")) {
		l->has_text = true;
		look_for_link(l, p);
	}
}

void
lint_walk(struct lint *l, const struct part *p)
{
	walk(l, p, 0);
}
