/*
 * maillist - see maillist.h
 *
 * Job:     an address list into recipients, their domains and hashes.
 * Touches: nothing.
 */
#include "maillist.h"

#include <ctype.h>
#include <string.h>

#include "msg.h"

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
	}
	if (ats > 1 || len == 0 || h->rcpt_hash_count >= MAILHEAD_RCPTS_MAX)
		h->rcpts_unclear = true;
	else
		h->rcpt_hashes[h->rcpt_hash_count++] = address_hash(h->rcpt_key, p, len);
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

void
mail_list_read(struct mail_head *h, const char *p, size_t len)
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
