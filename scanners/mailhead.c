/*
 * mailhead - see mailhead.h
 *
 * Job:     argument vector and header fields into counts and claims; what an address
 *          list holds is maillist.c's.
 * Touches: GMime for encoded words and for the body's parts.
 * Source:  RFC 5322 (fields, address lists), sendmail(1).
 */
#include "mailhead.h"

#include <ctype.h>
#include <gmime/gmime.h>
#include <string.h>
#include <strings.h>

#include "mailbody.h"
#include "maillist.h"
#include "msg.h"
#include "text.h"

/* Options whose value is the rest of the word, or the next word (Postfix's list; Exim
 * knows the same ones). */
#define TAKES_VALUE "ABCFLNORVXbefhopr"
/* Of these, the ones that Exim reads as plain switches: a value that looks like an
 * address is counted as one. */
#define MAY_BE_SWITCH "NRUAB"

void
mail_head_start(void)
{
	g_mime_init();
}

/* Walk the letters of one option word; returns the letter that wants the next word, or 0.
 */
static char
option_word(struct mail_head *h, const char *w, bool *from_header)
{
	const char *c;

	for (c = w + 1; *c != '\0'; c++) {
		if (*c == 't')
			*from_header = true;
		if (strchr(TAKES_VALUE, *c) == NULL) {
			/* -q10m, -qff, -d, -M..: the rest belongs to the letter */
			if (strchr("qdDM", *c) != NULL)
				return 0;
			continue;
		}
		if (c[1] == '\0')
			return *c;
		if (strchr(MAY_BE_SWITCH, *c) != NULL && strchr(c, '@') != NULL)
			mail_list_read(h, c + 1, strlen(c + 1));
		return 0;
	}
	return 0;
}

static bool
read_args(struct mail_head *h, const void *argv, size_t argv_len)
{
	struct strings s = strings_of(argv, argv_len);
	bool from_header = false, options = true;
	char wants = 0;
	const char *w;

	(void)strings_next(&s); /* argv[0] */
	while ((w = strings_next(&s)) != NULL) {
		if (wants != 0) {
			if (strchr(MAY_BE_SWITCH, wants) != NULL &&
			    strchr(w, '@') != NULL)
				mail_list_read(h, w, strlen(w));
			wants = 0;
		} else if (options && strcmp(w, "--") == 0)
			options = false;
		else if (options && w[0] == '-' && w[1] != '\0')
			wants = option_word(h, w, &from_header);
		else
			mail_list_read(h, w, strlen(w));
	}
	return from_header;
}

/* The next field of the header [*at, end): name and raw value with its continuations. */
struct field {
	const char *name, *value;
	size_t name_len, value_len;
};

static bool
next_field(const char **at, const char *end, struct field *f)
{
	const char *p = *at, *colon, *nl;

	if (p >= end || *p == '\n' || *p == '\r')
		return false;
	nl = memchr(p, '\n', (size_t)(end - p));
	if (nl == NULL)
		nl = end;
	colon = memchr(p, ':', (size_t)(nl - p));
	if (colon == NULL)
		return false; /* MTAs take such a line for the body */
	f->name = p;
	f->name_len = (size_t)(colon - p);
	while (f->name_len > 0 &&
	       (p[f->name_len - 1] == ' ' || p[f->name_len - 1] == '\t'))
		f->name_len--;
	f->value = colon + 1;
	while (nl + 1 < end && (nl[1] == ' ' || nl[1] == '\t')) {
		const char *n = memchr(nl + 1, '\n', (size_t)(end - nl - 1));

		nl = n != NULL ? n : end;
	}
	f->value_len = (size_t)(nl - f->value);
	*at = nl < end ? nl + 1 : end;
	return true;
}

static bool
is(const struct field *f, const char *name)
{
	return f->name_len == strlen(name) &&
	       strncasecmp(f->name, name, f->name_len) == 0;
}

/* Unfold and trim into dst; a NUL becomes a blank. */
static void
field_text(const struct field *f, char *dst, size_t size)
{
	size_t i, n = 0;

	for (i = 0; i < f->value_len && n + 1 < size; i++) {
		char c = f->value[i];

		if (c == '\r' || c == '\n')
			continue;
		if (c == '\0' || c == '\t')
			c = ' ';
		if (c == ' ' && (n == 0 || dst[n - 1] == ' '))
			continue;
		dst[n++] = c;
	}
	while (n > 0 && dst[n - 1] == ' ')
		n--;
	dst[n] = '\0';
}

static void
decoded_text(const struct field *f, char *dst, size_t size)
{
	char raw[2048], *text;

	field_text(f, raw, sizeof raw);
	text = g_mime_utils_header_decode_text(NULL, raw);
	(void)text_utf8(dst, size, text != NULL ? text : raw,
			strlen(text != NULL ? text : raw));
	g_free(text);
}

/* X-PHP-Originating-Script: 1001:send.php; X-PHP-Script: host/dir/send.php for 192.0.2.1
 */
static void
read_script(struct mail_head *h, const struct field *f)
{
	char v[1024];
	const char *from = v;
	char *end;

	field_text(f, v, sizeof v);
	if (is(f, "X-PHP-Originating-Script") && strchr(v, ':') != NULL)
		from = strchr(v, ':') + 1;
	else if ((end = strstr(v, " for ")) != NULL)
		*end = '\0';
	if (h->claimed_script[0] == '\0' || is(f, "X-PHP-Script"))
		(void)text_utf8(h->claimed_script, sizeof h->claimed_script, from,
				strlen(from));
}

static void
read_bulk(struct mail_head *h, const struct field *f)
{
	char v[64];

	field_text(f, v, sizeof v);
	if (is(f, "Precedence") &&
	    (strcasecmp(v, "bulk") == 0 || strcasecmp(v, "list") == 0 ||
	     strcasecmp(v, "junk") == 0))
		h->bulk |= MAIL_BULK_PRECEDENCE;
	else if (is(f, "List-Unsubscribe"))
		h->bulk |= MAIL_BULK_UNSUBSCRIBE;
	else if (is(f, "List-Id"))
		h->bulk |= MAIL_BULK_LIST_ID;
	else if (is(f, "Auto-Submitted") && strcasecmp(v, "no") != 0)
		h->bulk |= MAIL_BULK_AUTO;
}

static void
read_field(struct mail_head *h, const struct field *f, bool from_header)
{
	static const char *const lists[] = {"To",        "Cc",        "Bcc",
					    "Resent-To", "Resent-Cc", "Resent-Bcc"};
	size_t i;

	for (i = 0; from_header && i < sizeof lists / sizeof lists[0]; i++)
		if (is(f, lists[i]))
			mail_list_read(h, f->value, f->value_len);
	if (is(f, "From") && h->from[0] == '\0')
		decoded_text(f, h->from, sizeof h->from);
	else if (is(f, "Subject") && h->subject[0] == '\0')
		decoded_text(f, h->subject, sizeof h->subject);
	else if (is(f, "Message-ID") && h->message_id[0] == '\0')
		decoded_text(f, h->message_id, sizeof h->message_id);
	else if (is(f, "X-PHP-Originating-Script") || is(f, "X-PHP-Script"))
		read_script(h, f);
	else
		read_bulk(h, f);
}

/* Postfix's sendmail steps over any number of these. */
static bool
mbox_line(const char *p, const char *end)
{
	p += p < end && *p == '>';
	return end - p >= 5 && memcmp(p, "From ", 5) == 0;
}

void
mail_head_read(struct mail_head *h, const void *data, size_t len, const void *argv,
	       size_t argv_len)
{
	const char *at = data, *end = at + len;
	struct field f;
	bool from_header;

	h->ok = true;
	h->reason = "";
	h->rcpts = h->domain_count = 0;
	h->bulk = 0;
	h->from[0] = h->subject[0] = h->message_id[0] = h->claimed_script[0] = '\0';
	h->domains_len = 0;
	h->rcpt_hash_count = 0;
	h->rcpts_unclear = false;
	h->rcpts_nowhere = 0;
	from_header = read_args(h, argv, argv_len);
	if (len > MAILHEAD_BYTES_MAX)
		end = at + MAILHEAD_BYTES_MAX;
	while (mbox_line(at, end)) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));

		at = nl != NULL ? nl + 1 : end;
	}
	while (next_field(&at, end, &f))
		read_field(h, &f, from_header);
	if (at == end && len > MAILHEAD_BYTES_MAX) {
		h->ok = false;
		h->reason = "the header is longer than 1 MiB";
	}
	if (h->rcpts_unclear || h->rcpt_hash_count != h->rcpts)
		h->rcpt_hash_count = 0;
	h->subject_hash = mail_subject_hash(h->subject);
	h->body_hash = mail_body_hash(data, (size_t)(at - (const char *)data), len);
}
