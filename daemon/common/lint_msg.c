/*
 * lint_msg - is a message in the form that providers ask of bulk mail?
 *
 * Job:     see lint_msg.h. Own small reader: two passes over the header, one walk over
 *          the parts, bounded in depth, count and bytes.
 * Touches: nothing.
 */
#include "lint_msg.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define FIELDS_MAX 512
#define DEPTH_MAX 6
#define PARTS_MAX 200

struct text {
	const char *s;
	size_t len;
};

struct field {
	struct text name, value; /* value: folded lines as they stand */
};

struct part {
	struct text type, encoding, body;
};

struct lint {
	lint_fn fn;
	void *arg;
	unsigned count;
	struct field field[FIELDS_MAX];
	unsigned fields, parts;
	bool bulk, has_text, has_html, has_link, has_address, truncated;
};

static void say(struct lint *l, const char *severity, const char *check,
		const char *source, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

static void
say(struct lint *l, const char *severity, const char *check, const char *source,
    const char *fmt, ...)
{
	char text[300];
	struct lint_finding f = {check, severity, source, text};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	l->count++;
	l->fn(l->arg, &f);
}

/* The first occurrence, letters of any case. */
static const char *
find(struct text t, const char *what)
{
	size_t n = strlen(what);

	for (size_t i = 0; i + n <= t.len; i++)
		if (strncasecmp(t.s + i, what, n) == 0)
			return t.s + i;
	return NULL;
}

static bool
is(struct text t, const char *s)
{
	return t.len == strlen(s) && strncasecmp(t.s, s, t.len) == 0;
}

static bool
begins(struct text t, const char *s)
{
	size_t n = strlen(s);

	while (t.len > 0 && isspace((unsigned char)*t.s)) {
		t.s++;
		t.len--;
	}
	return t.len >= n && strncasecmp(t.s, s, n) == 0;
}

/* --- the header --- */

/* Split off the header's fields; what follows the empty line is *body. */
static unsigned
read_fields(struct text in, struct field *out, unsigned max, struct text *body)
{
	const char *p = in.s, *end = in.s + in.len;
	unsigned n = 0;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p)), *stop, *colon;

		stop = nl == NULL ? end : nl;
		if (stop == p || (stop == p + 1 && *p == '\r')) {
			p = nl == NULL ? end : nl + 1;
			break;
		}
		if ((*p == ' ' || *p == '\t') && n > 0) {
			out[n - 1].value.len = (size_t)(stop - out[n - 1].value.s);
		} else if (n < max &&
			   (colon = memchr(p, ':', (size_t)(stop - p))) != NULL) {
			out[n].name = (struct text){p, (size_t)(colon - p)};
			out[n++].value =
			    (struct text){colon + 1, (size_t)(stop - colon - 1)};
		}
		p = nl == NULL ? end : nl + 1;
	}
	*body = (struct text){p, (size_t)(end - p)};
	return n;
}

static const struct field *
get(const struct field *f, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (is(f[i].name, name))
			return &f[i];
	return NULL;
}

static unsigned
how_many(const struct lint *l, const char *name)
{
	unsigned n = 0;

	for (unsigned i = 0; i < l->fields; i++)
		n += is(l->field[i].name, name);
	return n;
}

/* The domain of the first address of a field; len 0 when there is none. */
static struct text
address_domain(struct text v)
{
	const char *lt = memchr(v.s, '<', v.len), *at, *end = v.s + v.len;

	at = memchr(lt == NULL ? v.s : lt, '@', (size_t)(end - (lt == NULL ? v.s : lt)));
	if (at == NULL)
		return (struct text){v.s, 0};
	v.s = ++at;
	while (at < end && (isalnum((unsigned char)*at) || *at == '.' || *at == '-'))
		at++;
	v.len = (size_t)(at - v.s);
	return v;
}

/* The same organisation, as far as two labels tell: a.shop.test and shop.test. */
static bool
aligned(struct text a, struct text b)
{
	struct text longer = a.len >= b.len ? a : b, shorter = a.len >= b.len ? b : a;

	if (shorter.len == 0 ||
	    strncasecmp(longer.s + longer.len - shorter.len, shorter.s, shorter.len) != 0)
		return false;
	return longer.len == shorter.len || longer.s[longer.len - shorter.len - 1] == '.';
}

static void
check_once(struct lint *l)
{
	static const char *const once[] = {"From",
					   "Sender",
					   "Reply-To",
					   "To",
					   "Cc",
					   "Bcc",
					   "Message-ID",
					   "In-Reply-To",
					   "References",
					   "Subject",
					   "Date",
					   "MIME-Version",
					   "Content-Type",
					   "Content-Transfer-Encoding",
					   "List-Unsubscribe",
					   "List-Unsubscribe-Post"};
	unsigned n;

	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++)
		if ((n = how_many(l, once[i])) > 1)
			say(l, "error", "header-twice", "RFC 5322 3.6; RFC 2045 3",
			    "%s stands %u times: Google refuses such mail", once[i], n);
}

static bool
good_date(struct text v)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char buf[64], month[4], zone[8];
	int day, year, h, m, s = 0;
	const char *comma, *p = buf;

	snprintf(buf, sizeof(buf), "%.*s", v.len > 60 ? 60 : (int)v.len, v.s);
	if ((comma = strchr(buf, ',')) != NULL)
		p = comma + 1;
	if (sscanf(p, "%d %3s %d %d:%d:%d %7s", &day, month, &year, &h, &m, &s, zone) !=
		7 &&
	    sscanf(p, "%d %3s %d %d:%d %7s", &day, month, &year, &h, &m, zone) != 6)
		return false;
	return day >= 1 && day <= 31 && year >= 1990 && h >= 0 && h < 24 && m >= 0 &&
	       m < 60 && strlen(month) == 3 && strstr(months, month) != NULL &&
	       (zone[0] == '+' || zone[0] == '-' || isupper((unsigned char)zone[0]));
}

static void
check_needed(struct lint *l)
{
	const struct field *from = get(l->field, l->fields, "From");
	const struct field *date = get(l->field, l->fields, "Date");
	const struct field *id = get(l->field, l->fields, "Message-ID");

	if (from == NULL)
		say(l, "error", "from-missing", "RFC 5322 3.6", "there is no From");
	else if (address_domain(from->value).len == 0)
		say(l, "error", "from-address", "RFC 5322 3.6.2",
		    "From holds no address");
	if (date == NULL)
		say(l, "error", "date-missing", "RFC 5322 3.6", "there is no Date");
	else if (!good_date(date->value))
		say(l, "warn", "date-form", "RFC 5322 3.3", "Date is not in its form");
	if (id == NULL)
		say(l, "warn", "message-id-missing", "RFC 5322 3.6.4",
		    "there is no Message-ID");
	else if (memchr(id->value.s, '<', id->value.len) == NULL ||
		 memchr(id->value.s, '@', id->value.len) == NULL)
		say(l, "error", "message-id-form", "RFC 5322 3.6.4",
		    "Message-ID is not <left@right>");
	if (get(l->field, l->fields, "To") == NULL &&
	    get(l->field, l->fields, "Cc") == NULL &&
	    get(l->field, l->fields, "Bcc") == NULL)
		say(l, "warn", "to-missing", "RFC 5322 3.6.3", "no To, Cc or Bcc");
	if (get(l->field, l->fields, "Subject") == NULL)
		say(l, "warn", "subject-missing", "RFC 5322 3.6.5",
		    "there is no Subject");
	if (get(l->field, l->fields, "Content-Type") != NULL &&
	    get(l->field, l->fields, "MIME-Version") == NULL)
		say(l, "warn", "mime-version", "RFC 2045 4",
		    "Content-Type without MIME-Version");
}

static void
check_bytes(struct lint *l, struct text all, struct text header)
{
	size_t longest = 0, line = 0, bare = 0, eight = 0;

	for (size_t i = 0; i < all.len; i++) {
		line = all.s[i] == '\n' ? 0 : line + 1;
		longest = line > longest ? line : longest;
		bare += all.s[i] == '\r' && (i + 1 == all.len || all.s[i + 1] != '\n');
	}
	for (size_t i = 0; i < header.len; i++)
		eight += (unsigned char)header.s[i] >= 0x80;
	if (longest > 999)
		say(l, "error", "line-length", "RFC 5322 2.1.1",
		    "a line has %zu bytes, not 998 at most", longest);
	if (bare != 0)
		say(l, "error", "bare-cr", "RFC 5322 2.3",
		    "%zu carriage returns stand alone", bare);
	if (eight != 0)
		say(l, "warn", "header-8bit", "RFC 2047; RFC 6532",
		    "%zu bytes of the header are neither ASCII nor encoded", eight);
	if (memchr(all.s, '\0', all.len) != NULL)
		say(l, "error", "nul", "RFC 5322 2.3", "there is a NUL byte");
}

static void
check_alignment(struct lint *l)
{
	const struct field *from = get(l->field, l->fields, "From");
	const struct field *dkim = get(l->field, l->fields, "DKIM-Signature"), *other;
	const char *d;
	struct text dom, f;

	if (from == NULL || (f = address_domain(from->value)).len == 0)
		return;
	if (dkim == NULL) {
		if (l->bulk)
			say(l, "info", "dkim-missing",
			    "Google 81126, Yahoo and Microsoft sender rules",
			    "no DKIM-Signature here; the MTA may add it later");
	} else if ((d = find(dkim->value, "d=")) != NULL) {
		dom = (struct text){d + 2, strcspn(d + 2, "; \t\r\n")};
		if (!aligned(dom, f))
			say(l, "error", "dkim-alignment", "RFC 7489 3.1.1",
			    "the DKIM signature's domain is not that of From");
	}
	other = get(l->field, l->fields, "Return-Path");
	if (other != NULL && address_domain(other->value).len != 0 &&
	    !aligned(address_domain(other->value), f))
		say(l, "warn", "spf-alignment", "RFC 7489 3.1.2",
		    "the envelope sender's domain is not that of From: SPF does not "
		    "align");
}

/* --- bulk --- */

static void
check_unsubscribe(struct lint *l)
{
	const struct field *u = get(l->field, l->fields, "List-Unsubscribe");
	const struct field *post = get(l->field, l->fields, "List-Unsubscribe-Post");
	const struct field *dkim = get(l->field, l->fields, "DKIM-Signature");
	static const char src[] = "RFC 8058; Google 81126 and Yahoo sender rules";

	if (u == NULL) {
		say(l, "error", "list-unsubscribe", src,
		    "bulk mail without List-Unsubscribe");
		return;
	}
	if (find(u->value, "<https://") == NULL)
		say(l, "error", "list-unsubscribe-https", src,
		    "List-Unsubscribe holds no <https://...>");
	if (post == NULL || find(post->value, "List-Unsubscribe=One-Click") == NULL)
		say(l, "error", "one-click", src,
		    "no List-Unsubscribe-Post: List-Unsubscribe=One-Click");
	if (dkim != NULL && find(dkim->value, "list-unsubscribe") == NULL)
		say(l, "warn", "unsubscribe-signed", "RFC 8058 4",
		    "the DKIM signature does not cover List-Unsubscribe");
}

static void
check_bulk(struct lint *l)
{
	if (!l->bulk)
		return;
	check_unsubscribe(l);
	if ((l->has_text || l->has_html) && !l->has_link)
		say(l, "warn", "unsubscribe-link",
		    "Google 81126: a clearly visible link in the body",
		    "no word for unsubscribing was found in the body");
	if ((l->has_text || l->has_html) && !l->has_address)
		say(l, "warn", "postal-address", "CAN-SPAM Act 5(a)(5); UWG and others",
		    "nothing in the body looks like a postal address");
}

/* --- the parts --- */

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

		for (int n = 0; n < 20 && (at = find(rest, words[i])) != NULL; n++) {
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

	if (is(p->encoding, "base64"))
		t.len = decode_base64(p->body, buf, sizeof(buf));
	else if (is(p->encoding, "quoted-printable"))
		t.len = decode_qp(p->body, buf, sizeof(buf));
	else
		t = p->body;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		l->has_link = l->has_link || find(t, words[i]) != NULL;
	l->has_address = l->has_address || postal_address(t);
}

static struct text
trim(struct text t)
{
	while (t.len > 0 && isspace((unsigned char)t.s[0])) {
		t.s++;
		t.len--;
	}
	while (t.len > 0 && isspace((unsigned char)t.s[t.len - 1]))
		t.len--;
	return t;
}

static struct text
parameter(struct text type, const char *name)
{
	const char *at = find(type, name), *end = type.s + type.len, *stop;

	if (at == NULL)
		return (struct text){"", 0};
	at += strlen(name);
	if (at < end && *at == '"') {
		at++;
		stop = memchr(at, '"', (size_t)(end - at));
		return (struct text){at, (size_t)((stop == NULL ? end : stop) - at)};
	}
	for (stop = at; stop < end && *stop != ';' && !isspace((unsigned char)*stop);)
		stop++;
	return (struct text){at, (size_t)(stop - at)};
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
		const struct field *type, *enc;
		struct part q;
		unsigned n;

		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL)
			nl = end - 1;
		if ((size_t)(end - p) < boundary.len + 2 || p[0] != '-' || p[1] != '-' ||
		    memcmp(p + 2, boundary.s, boundary.len) != 0)
			continue;
		if (from != NULL) {
			l->parts++;
			n = read_fields((struct text){from, (size_t)(p - from)}, here, 32,
					&q.body);
			type = get(here, n, "Content-Type");
			enc = get(here, n, "Content-Transfer-Encoding");
			q.type = type == NULL ? (struct text){"text/plain", 10}
					      : trim(type->value);
			q.encoding =
			    enc == NULL ? (struct text){"7bit", 4} : trim(enc->value);
			walk(l, &q, depth + 1);
		}
		from = nl + 1;
	}
}

static void
walk(struct lint *l, const struct part *p, int depth)
{
	struct text boundary;

	if (begins(p->type, "multipart/")) {
		boundary = parameter(p->type, "boundary=");
		if (boundary.len == 0 || boundary.len > 70)
			say(l, "error", "boundary", "RFC 2046 5.1.1",
			    "a multipart without a good boundary");
		else if (depth < DEPTH_MAX)
			walk_parts(l, p->body, boundary, depth);
	} else if (begins(p->type, "text/html")) {
		l->has_html = true;
		look_for_link(l, p);
	} else if (begins(p->type, "text/plain")) {
		l->has_text = true;
		look_for_link(l, p);
	}
}

unsigned
lint_message(const char *data, size_t len, bool bulk, lint_fn fn, void *arg)
{
	static struct lint l;
	struct text all = {data, len > LINT_BYTES_MAX ? LINT_BYTES_MAX : len};
	struct part whole;
	const struct field *type, *enc, *prec;

	memset(&l, 0, sizeof(l));
	l.fn = fn;
	l.arg = arg;
	l.fields = read_fields(all, l.field, FIELDS_MAX, &whole.body);
	prec = get(l.field, l.fields, "Precedence");
	l.bulk = bulk || get(l.field, l.fields, "List-Unsubscribe") != NULL ||
		 get(l.field, l.fields, "List-Id") != NULL ||
		 (prec != NULL &&
		  (begins(prec->value, "bulk") || begins(prec->value, "list")));
	check_once(&l);
	check_needed(&l);
	check_bytes(&l, all, (struct text){all.s, (size_t)(whole.body.s - all.s)});
	check_alignment(&l);
	type = get(l.field, l.fields, "Content-Type");
	enc = get(l.field, l.fields, "Content-Transfer-Encoding");
	whole.type = type == NULL ? (struct text){"text/plain", 10} : trim(type->value);
	whole.encoding = enc == NULL ? (struct text){"7bit", 4} : trim(enc->value);
	walk(&l, &whole, 0);
	if (l.has_html && !l.has_text)
		say(&l, "warn", "html-only",
		    "SpamAssassin MIME_HTML_ONLY; RFC 2046 5.1.4",
		    "HTML without a text part");
	check_bulk(&l);
	return l.count;
}
