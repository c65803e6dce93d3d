/*
 * lint_msg - is a message in the form that providers ask of bulk mail?
 *
 * Job:     see lint_msg.h. The header is judged here, the parts in lint_parts.c.
 * Touches: nothing.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lint_impl.h"

static unsigned
how_many(const struct lint *l, const char *name)
{
	unsigned n = 0;

	for (unsigned i = 0; i < l->fields; i++)
		n += lint_is(l->field[i].name, name);
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
			lint_say(l, "error", "header-twice", "RFC 5322 3.6; RFC 2045 3",
				 "%s stands %u times: Google refuses such mail", once[i],
				 n);
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
	const struct field *from = lint_get(l->field, l->fields, "From");
	const struct field *date = lint_get(l->field, l->fields, "Date");
	const struct field *id = lint_get(l->field, l->fields, "Message-ID");

	if (from == NULL)
		lint_say(l, "error", "from-missing", "RFC 5322 3.6", "there is no From");
	else if (address_domain(from->value).len == 0)
		lint_say(l, "error", "from-address", "RFC 5322 3.6.2",
			 "From holds no address");
	if (date == NULL)
		lint_say(l, "error", "date-missing", "RFC 5322 3.6", "there is no Date");
	else if (!good_date(date->value))
		lint_say(l, "warn", "date-form", "RFC 5322 3.3",
			 "Date is not in its form");
	if (id == NULL)
		lint_say(l, "warn", "message-id-missing", "RFC 5322 3.6.4",
			 "there is no Message-ID");
	else if (memchr(id->value.s, '<', id->value.len) == NULL ||
		 memchr(id->value.s, '@', id->value.len) == NULL)
		lint_say(l, "error", "message-id-form", "RFC 5322 3.6.4",
			 "Message-ID is not <left@right>");
	if (lint_get(l->field, l->fields, "To") == NULL &&
	    lint_get(l->field, l->fields, "Cc") == NULL &&
	    lint_get(l->field, l->fields, "Bcc") == NULL)
		lint_say(l, "warn", "to-missing", "RFC 5322 3.6.3", "no To, Cc or Bcc");
	if (lint_get(l->field, l->fields, "Subject") == NULL)
		lint_say(l, "warn", "subject-missing", "RFC 5322 3.6.5",
			 "there is no Subject");
	if (lint_get(l->field, l->fields, "Content-Type") != NULL &&
	    lint_get(l->field, l->fields, "MIME-Version") == NULL)
		lint_say(l, "warn", "mime-version", "RFC 2045 4",
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
		lint_say(l, "error", "line-length", "RFC 5322 2.1.1",
			 "a line has %zu bytes, not 998 at most", longest);
	if (bare != 0)
		lint_say(l, "error", "bare-cr", "RFC 5322 2.3",
			 "%zu carriage returns stand alone", bare);
	if (eight != 0)
		lint_say(l, "warn", "header-8bit", "RFC 2047; RFC 6532",
			 "%zu bytes of the header are neither ASCII nor encoded", eight);
	if (memchr(all.s, '\0', all.len) != NULL)
		lint_say(l, "error", "nul", "RFC 5322 2.3", "there is a NUL byte");
}

static void
check_alignment(struct lint *l)
{
	const struct field *from = lint_get(l->field, l->fields, "From");
	const struct field *dkim = lint_get(l->field, l->fields, "DKIM-Signature"),
			   *other;
	const char *d;
	struct text dom, f;

	if (from == NULL || (f = address_domain(from->value)).len == 0)
		return;
	if (dkim == NULL) {
		if (l->bulk)
			lint_say(l, "info", "dkim-missing",
				 "Google 81126, Yahoo and Microsoft sender rules",
				 "no DKIM-Signature here; the MTA may add it later");
	} else if ((d = lint_find(dkim->value, "d=")) != NULL) {
		dom = (struct text){d + 2, strcspn(d + 2, "; \t\r\n")};
		if (!aligned(dom, f))
			lint_say(l, "error", "dkim-alignment", "RFC 7489 3.1.1",
				 "the DKIM signature's domain is not that of From");
	}
	other = lint_get(l->field, l->fields, "Return-Path");
	if (other != NULL && address_domain(other->value).len != 0 &&
	    !aligned(address_domain(other->value), f))
		lint_say(l, "warn", "spf-alignment", "RFC 7489 3.1.2",
			 "the envelope sender's domain is not that of From: SPF does not "
			 "align");
}

static void
check_unsubscribe(struct lint *l)
{
	const struct field *u = lint_get(l->field, l->fields, "List-Unsubscribe");
	const struct field *post = lint_get(l->field, l->fields, "List-Unsubscribe-Post");
	const struct field *dkim = lint_get(l->field, l->fields, "DKIM-Signature");
	static const char src[] = "RFC 8058; Google 81126 and Yahoo sender rules";

	if (u == NULL) {
		lint_say(l, "error", "list-unsubscribe", src,
			 "bulk mail without List-Unsubscribe");
		return;
	}
	if (lint_find(u->value, "<https://") == NULL)
		lint_say(l, "error", "list-unsubscribe-https", src,
			 "List-Unsubscribe holds no <https://...>");
	if (post == NULL || lint_find(post->value, "List-Unsubscribe=One-Click") == NULL)
		lint_say(l, "error", "one-click", src,
			 "no List-Unsubscribe-Post: List-Unsubscribe=One-Click");
	if (dkim != NULL && lint_find(dkim->value, "list-unsubscribe") == NULL)
		lint_say(l, "warn", "unsubscribe-signed", "RFC 8058 4",
			 "the DKIM signature does not cover List-Unsubscribe");
}

static void
check_bulk(struct lint *l)
{
	if (!l->bulk)
		return;
	check_unsubscribe(l);
	if ((l->has_text || l->has_html) && !l->has_link)
		lint_say(l, "warn", "unsubscribe-link",
			 "Google 81126: a clearly visible link in the body",
			 "no word for unsubscribing was found in the body");
	if ((l->has_text || l->has_html) && !l->has_address)
		lint_say(l, "warn", "postal-address",
			 "CAN-SPAM Act 5(a)(5); UWG and others",
			 "nothing in the body looks like a postal address");
}

unsigned
lint_message(const char *data, size_t len, bool bulk, lint_fn fn, void *arg)
{
	static struct lint l;
	struct text all = {data, len > LINT_BYTES_MAX ? LINT_BYTES_MAX : len}, body;
	struct part whole;
	const struct field *prec;

	memset(&l, 0, sizeof(l));
	l.fn = fn;
	l.arg = arg;
	l.fields = lint_fields(all, l.field, FIELDS_MAX, &body);
	prec = lint_get(l.field, l.fields, "Precedence");
	l.bulk = bulk || lint_get(l.field, l.fields, "List-Unsubscribe") != NULL ||
		 lint_get(l.field, l.fields, "List-Id") != NULL ||
		 (prec != NULL &&
		  (lint_begins(prec->value, "bulk") || lint_begins(prec->value, "list")));
	check_once(&l);
	check_needed(&l);
	check_bytes(&l, all, (struct text){all.s, (size_t)(body.s - all.s)});
	check_alignment(&l);
	whole = lint_part(l.field, l.fields, body);
	lint_walk(&l, &whole);
	if (l.has_html && !l.has_text)
		lint_say(&l, "warn", "html-only",
			 "SpamAssassin MIME_HTML_ONLY; RFC 2046 5.1.4",
			 "HTML without a text part");
	check_bulk(&l);
	return l.count;
}
