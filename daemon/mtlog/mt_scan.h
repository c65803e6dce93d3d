/*
 * mt_scan - small tools to take a log line apart by position
 *
 * Job:     slices, a cursor over a line, time stamps, the syslog header, the SMTP answer.
 * Touches: nothing; stamps without a zone use the C library's local time.
 */
#ifndef MAILBRAKE_MT_SCAN_H
#define MAILBRAKE_MT_SCAN_H

#include <string.h>

#include "mt_event.h"

/* Where we are in a line. */
struct cursor {
	const char *p, *end;
};

static inline struct slice
slice_of(const char *s, const char *end)
{
	return (struct slice){s, (size_t)(end - s)};
}

static inline bool
slice_is(struct slice a, const char *s)
{
	return a.len == strlen(s) && memcmp(a.s, s, a.len) == 0;
}

static inline bool
slice_begins(struct slice a, const char *s)
{
	size_t n = strlen(s);

	return a.len >= n && memcmp(a.s, s, n) == 0;
}

/* The first s in the slice, NULL when it is not there. */
const char *slice_find(struct slice a, const char *s);

/* The domain of an address: after the last '@'; {NULL,0} when there is none. */
struct slice slice_domain(struct slice address);

/* The same where the local part names nobody else: with a % or !, an @, a colon or a
 * quote in it, an MTA may send it on to whom it names; {NULL,0} then. */
struct slice slice_plain_domain(struct slice address);

/* The slice as a C string, cut; returns dst. */
char *slice_copy(char *dst, size_t size, struct slice a);

/* Take the word up to the next blank, and the blank. false at the end. */
bool cursor_word(struct cursor *c, struct slice *out);

/* Take exactly s; false (and nothing taken) when it does not stand here. */
bool cursor_take(struct cursor *c, const char *s);

/* Decimal digits, at most 18 of them. */
bool cursor_number(struct cursor *c, uint64_t *out);

/* What stamps without a year or zone are measured against. */
struct stamp_base {
	wall_t now;
	int64_t cache_key; /* of the minute that was converted last */
	int64_t cache_s;
};

/* "2026-11-22 01:02:03[.456] [+0100 ]" (Exim) with the blank after it. */
bool stamp_exim(struct stamp_base *b, struct cursor *c, wall_t *out);
/* "2026-11-22T01:02:03.123456+00:00 " or "Nov 22 01:02:03 ", with the blank after it. */
bool stamp_syslog(struct stamp_base *b, struct cursor *c, wall_t *out);

/* A syslog line's parts; text is what the program said. */
struct syslog_line {
	wall_t time;
	struct slice host, ident; /* "postfix/smtp" */
	uint64_t pid;             /* 0: none */
	struct slice text;
};

/* false: no syslog header here. */
bool syslog_split(struct stamp_base *b, const char *line, size_t len,
		  struct syslog_line *out);

/* Fill code, enhanced and text of *ev from an SMTP answer; false: it begins with no code.
 */
bool answer_parse(struct slice s, struct mt_event *ev);

#endif
