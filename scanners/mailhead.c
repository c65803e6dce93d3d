/*
 * mailhead - see mailhead.h
 *
 * Job:     argument vector and header fields into counts and claims.
 * Touches: GMime for encoded words and for the body's parts.
 * Source:  RFC 5322 (fields, address lists), sendmail(1).
 */
#include "mailhead.h"

#include <ctype.h>
#include <gmime/gmime.h>
#include <string.h>
#include <strings.h>

#include "mailbody.h"
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

/* false: it is none, or there is no room for it. */
static bool
note_domain(struct mail_head *h, const char *p, size_t len)
{
	char d[256];
	struct strings s;
	const char *one;
	size_t i;

	while (len > 0 && p[len - 1] == '.')
		len--;
	if (len == 0 || len >= sizeof d)
		return false;
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c <= ' ' || c == 0x7f)
			return false;
		d[i] = (char)tolower(c);
	}
	d[len] = '\0';
	s = strings_of(h->domains, h->domains_len);
	while ((one = strings_next(&s)) != NULL)
		if (strcmp(one, d) == 0)
			return true;
	if (h->domain_count >= MAILHEAD_DOMAINS_MAX ||
	    !strings_add(h->domains, sizeof h->domains, &h->domains_len, d))
		return false;
	h->domain_count++;
	return true;
}

static bool
blank(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (isspace((unsigned char)p[i]) == 0)
			return false;
	return true;
}

/* The hash of one plain address; anything that two programs may read differently makes
 * the whole message unclear. */
static void
note_hash(struct mail_head *h, const char *p, size_t len)
{
	uint64_t x = UINT64_C(0xcbf29ce484222325);
	unsigned ats = 0;

	while (len > 0 && isspace((unsigned char)*p) != 0)
		p++, len--;
	while (len > 0 && isspace((unsigned char)p[len - 1]) != 0)
		len--;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)tolower((unsigned char)p[i]);

		if (isalnum(c) == 0 && strchr("@._+-=", c) == NULL)
			h->rcpts_unclear = true;
		ats += c == '@';
		x = (x ^ c) * UINT64_C(0x100000001b3);
	}
	if (ats > 1 || len == 0 || h->rcpt_hash_count >= MAILHEAD_RCPTS_MAX)
		h->rcpts_unclear = true;
	else
		h->rcpt_hashes[h->rcpt_hash_count++] = x == 0 ? 1 : x;
}

/* A walk over a piece of an address list: what stands at p[at], and where. */
struct walk {
	const char *p;
	size_t len, at;
	unsigned comment;
	bool quoted, angle;
	bool raw; /* quotes and comments are not looked at: one was never closed */
};

/* What one character of the list is to an address. */
enum sort {
	SORT_COMMENT,
	SORT_QUOTED,  /* in quotes, or the one that ends them */
	SORT_QUOTE,   /* begins them */
	SORT_ESCAPED, /* a backslash; the character behind it is stepped over, too */
	SORT_OPEN,
	SORT_CLOSE,
	SORT_BLANK,
	SORT_WORD,
};

static enum sort
step(struct walk *w)
{
	char c = w->p[w->at++];

	if (c == '\\' && w->at < w->len && !w->raw) {
		w->at++;
		return w->comment > 0 ? SORT_COMMENT
		       : w->quoted    ? SORT_QUOTED
				      : SORT_ESCAPED;
	}
	if (w->quoted) {
		w->quoted = c != '"';
		return SORT_QUOTED;
	}
	if (!w->raw && (c == '(' || w->comment > 0)) {
		w->comment += c == '(';
		w->comment -= c == ')';
		return SORT_COMMENT;
	}
	if (c == '"' && !w->raw) {
		w->quoted = true;
		return SORT_QUOTE;
	}
	if (c == '<' || c == '>') {
		w->angle = c == '<';
		return c == '<' ? SORT_OPEN : SORT_CLOSE;
	}
	return isspace((unsigned char)c) != 0 || c == '\0' ? SORT_BLANK : SORT_WORD;
}

/* The domain behind an @ at p[at - 1], blanks and comments stepped over. */
static bool
note_domain_at(struct mail_head *h, const char *p, size_t len, size_t at)
{
	struct walk w = {.p = p, .len = len, .at = at};
	size_t from = at, end;
	enum sort s = SORT_BLANK;

	while (w.at < len && (s == SORT_BLANK || s == SORT_COMMENT)) {
		from = w.at;
		s = step(&w);
	}
	if (s != SORT_WORD)
		return false;
	for (end = from; end < len && isspace((unsigned char)p[end]) == 0 &&
			 strchr("()<>,;:\"@\\", p[end]) == NULL;)
		end++;
	return note_domain(h, p + from, end - from);
}

/* What a piece between commas holds. */
struct piece {
	uint64_t ats, angle_ats; /* outside quotes and comments; of these, in <> */
	uint64_t angles;
	uint64_t words;       /* outside <> and comments */
	uint64_t later_words; /* of these, behind the first < */
	size_t open, close;   /* of the first <>; close 0: there is none */
};

/* It does behind a blank, and where a quote or a comment stands between two. */
static bool
begins_word(enum sort before, enum sort s, char last, char c)
{
	bool stuck = last == '@' || last == '.' || c == '@' || c == '.';

	if (s == SORT_QUOTE)
		return !stuck;
	if ((s != SORT_WORD && s != SORT_ESCAPED) || before == SORT_WORD ||
	    before == SORT_ESCAPED)
		return false;
	return before == SORT_BLANK || before == SORT_OPEN || before == SORT_CLOSE ||
	       !stuck;
}

/* found: tell h the domains of the @s that count, and here how many had one. */
static struct piece
look_at_piece(struct mail_head *h, struct walk w, bool angle_only, uint64_t *found)
{
	struct piece n = {.ats = 0};
	enum sort before = SORT_BLANK, s;
	char last = ' ';

	while (w.at < w.len) {
		size_t i = w.at;
		bool inside = w.angle;
		char c = w.p[i];

		s = step(&w);
		if (s == SORT_WORD && c == '@') {
			n.ats++;
			n.angle_ats += inside;
			if (found != NULL && (inside || !angle_only))
				*found += note_domain_at(h, w.p, w.len, w.at);
		}
		if (s == SORT_OPEN && n.angles++ == 0)
			n.open = w.at;
		if (s == SORT_CLOSE && n.angles == 1 && n.close == 0)
			n.close = i;
		if (!inside && begins_word(before, s, last, c)) {
			n.words++;
			n.later_words += n.angles > 0;
		}
		before = s;
		last = s == SORT_COMMENT ? last : c;
	}
	return n;
}

/*
 * What stands between two commas. MTAs differ in what they make of more than one address
 * there (Postfix puts in the comma that is missing; what stands before one <> at the end
 * is no address to anybody): as many as the most that one of them reads.
 */
static void
note_address(struct mail_head *h, const char *p, size_t len, bool raw)
{
	struct walk w = {.p = p, .len = len, .raw = raw};
	struct piece n;
	uint64_t count, found = 0;
	bool one_angle;

	if (blank(p, len))
		return;
	n = look_at_piece(h, w, false, NULL);
	one_angle = !raw && n.angles == 1 && n.close > 0 &&
		    blank(p + n.close + 1, len - n.close - 1);
	if (one_angle && blank(p + n.open, n.close - n.open))
		return;
	if (one_angle)
		count = n.angle_ats;
	else if (raw)
		count = n.ats;
	else if (n.angles > 0)
		count =
		    n.angles + n.later_words > n.ats ? n.angles + n.later_words : n.ats;
	else
		count = n.words > n.ats ? n.words : n.ats;
	if (count == 0)
		count = 1;
	h->rcpts += count;
	(void)look_at_piece(h, w, one_angle, &found);
	h->rcpts_nowhere += found < count ? count - found : 0;
	if (count > 1 || raw || (n.angles > 0 && !one_angle))
		h->rcpts_unclear = true;
	else if (one_angle)
		note_hash(h, p + n.open, n.close - n.open);
	else
		note_hash(h, p, len);
}

/*
 * The name before the colon of a group is no address; but where the group is not ended,
 * Postfix takes all but its last word for some.
 */
static void
note_group(struct mail_head *h, const char *p, size_t len)
{
	struct piece n = look_at_piece(h, (struct walk){.p = p, .len = len}, false, NULL);

	if (n.ats > 0)
		note_address(h, p, len, false);
	else if (n.words > 1)
		h->rcpts_unclear = true;
}

/*
 * Split an address list at commas and semicolons outside quotes, comments and angle
 * brackets; "name:" of a group is no address. Linear, no recursion, no allocation.
 */
static void
note_list(struct mail_head *h, const char *p, size_t len)
{
	struct walk w = {.p = p, .len = len};
	size_t from = 0;
	bool open;

	while (w.at < len) {
		size_t i = w.at;
		bool plain = step(&w) == SORT_WORD && !w.angle;

		if (plain && p[i] == ':') {
			note_group(h, p + from, i - from);
			from = i + 1;
		} else if (plain && (p[i] == ',' || p[i] == ';')) {
			note_address(h, p + from, i - from, false);
			from = i + 1;
		}
	}
	/* an unclosed quote, comment or bracket hides what follows from us, not from
	 * every MTA: count the pieces it may be taken for */
	open = w.quoted || w.comment > 0 || w.angle;
	h->rcpts_unclear = h->rcpts_unclear || open;
	if (open)
		for (size_t i = from; i < len; i++)
			if (p[i] == ',') {
				note_address(h, p + from, i - from, true);
				from = i + 1;
			}
	if (from < len)
		note_address(h, p + from, len - from, open);
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
			note_list(h, c + 1, strlen(c + 1));
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
				note_list(h, w, strlen(w));
			wants = 0;
		} else if (options && strcmp(w, "--") == 0)
			options = false;
		else if (options && w[0] == '-' && w[1] != '\0')
			wants = option_word(h, w, &from_header);
		else
			note_list(h, w, strlen(w));
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
			note_list(h, f->value, f->value_len);
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
