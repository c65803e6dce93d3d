/*
 * mt_scan - small tools to take a log line apart by position
 *
 * Job:     see mt_scan.h.
 * Touches: nothing; stamps without a zone use the C library's local time.
 * Source:  RFC 3164 and RFC 5424/3339 stamps; Exim's log_timestamp format (spec ch. 53).
 */
#include "mt_scan.h"

#include <stdio.h>
#include <time.h>

const char *
slice_find(struct slice a, const char *s)
{
	return a.s == NULL ? NULL : memmem(a.s, a.len, s, strlen(s));
}

struct slice
slice_domain(struct slice a)
{
	const char *at = a.s == NULL ? NULL : memrchr(a.s, '@', a.len);

	return at == NULL ? (struct slice){NULL, 0} : slice_of(at + 1, a.s + a.len);
}

struct slice
slice_plain_domain(struct slice a)
{
	struct slice d = slice_domain(a);

	for (const char *p = a.s; d.s != NULL && p < d.s - 1; p++)
		if (memchr("%!@:\"\\", *p, 6) != NULL)
			return (struct slice){NULL, 0};
	return d;
}

char *
slice_copy(char *dst, size_t size, struct slice a)
{
	size_t n = a.len < size - 1 ? a.len : size - 1;

	if (n > 0)
		memcpy(dst, a.s, n);
	dst[n] = '\0';
	return dst;
}

bool
cursor_word(struct cursor *c, struct slice *out)
{
	const char *blank;

	if (c->p >= c->end)
		return false;
	blank = memchr(c->p, ' ', (size_t)(c->end - c->p));
	if (blank == NULL)
		blank = c->end;
	*out = slice_of(c->p, blank);
	c->p = blank < c->end ? blank + 1 : blank;
	return true;
}

bool
cursor_take(struct cursor *c, const char *s)
{
	size_t n = strlen(s);

	if ((size_t)(c->end - c->p) < n || memcmp(c->p, s, n) != 0)
		return false;
	c->p += n;
	return true;
}

bool
cursor_number(struct cursor *c, uint64_t *out)
{
	const char *p = c->p;
	uint64_t n = 0;

	while (p < c->end && *p >= '0' && *p <= '9' && p - c->p < 18)
		n = n * 10 + (uint64_t)(*p++ - '0');
	if (p == c->p)
		return false;
	c->p = p;
	*out = n;
	return true;
}

/* n digits exactly. */
static bool
digits(struct cursor *c, int n, int *out)
{
	int v = 0;

	if (c->end - c->p < n)
		return false;
	for (int i = 0; i < n; i++) {
		if (c->p[i] < '0' || c->p[i] > '9')
			return false;
		v = v * 10 + (c->p[i] - '0');
	}
	c->p += n;
	*out = v;
	return true;
}

static bool
hms(struct cursor *c, struct tm *tm)
{
	return digits(c, 2, &tm->tm_hour) && cursor_take(c, ":") &&
	       digits(c, 2, &tm->tm_min) && cursor_take(c, ":") &&
	       digits(c, 2, &tm->tm_sec) && tm->tm_hour < 24 && tm->tm_min < 60 &&
	       tm->tm_sec <= 60;
}

static bool
date(struct cursor *c, struct tm *tm)
{
	if (!digits(c, 4, &tm->tm_year) || !cursor_take(c, "-") ||
	    !digits(c, 2, &tm->tm_mon) || !cursor_take(c, "-") ||
	    !digits(c, 2, &tm->tm_mday))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon--;
	return tm->tm_year >= 70 && tm->tm_mon >= 0 && tm->tm_mon < 12 &&
	       tm->tm_mday >= 1 && tm->tm_mday <= 31;
}

/* ".456" to microseconds; absent is 0. */
static int
fraction(struct cursor *c)
{
	int us = 0, scale = 100000;

	if (!cursor_take(c, "."))
		return 0;
	for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++, scale /= 10)
		us += (*c->p - '0') * scale;
	return us;
}

/* "+01:00", "+0100" or "Z": seconds east; false when there is none. */
static bool
zone(struct cursor *c, int *east_s)
{
	struct cursor k = *c;
	int h, m, sign;

	if (cursor_take(c, "Z")) {
		*east_s = 0;
		return true;
	}
	if (k.p >= k.end || (*k.p != '+' && *k.p != '-'))
		return false;
	sign = *k.p++ == '-' ? -1 : 1;
	if (!digits(&k, 2, &h))
		return false;
	cursor_take(&k, ":");
	if (!digits(&k, 2, &m))
		return false;
	*east_s = sign * (h * 3600 + m * 60);
	*c = k;
	return true;
}

/* Local time to seconds; the same minute is converted once. */
static int64_t
local_s(struct stamp_base *b, const struct tm *tm)
{
	int64_t key =
	    ((((int64_t)tm->tm_year * 12 + tm->tm_mon) * 32 + tm->tm_mday) * 24 +
	     tm->tm_hour) *
		60 +
	    tm->tm_min;

	if (b->cache_key != key) {
		struct tm t = *tm;

		t.tm_sec = 0;
		t.tm_isdst = -1;
		b->cache_s = (int64_t)mktime(&t);
		b->cache_key = key;
	}
	return b->cache_s + tm->tm_sec;
}

static wall_t
stamp_end(struct stamp_base *b, struct tm *tm, int us, bool zoned, int east_s)
{
	int64_t s = zoned ? (int64_t)timegm(tm) - east_s : local_s(b, tm);

	return (wall_t){s * 1000000 + us};
}

bool
stamp_exim(struct stamp_base *b, struct cursor *c, wall_t *out)
{
	struct cursor k = *c;
	struct tm tm = {0};
	int us, east = 0;
	bool zoned;

	if (!date(&k, &tm) || !cursor_take(&k, " ") || !hms(&k, &tm))
		return false;
	us = fraction(&k);
	if (!cursor_take(&k, " "))
		return false;
	zoned = zone(&k, &east) && cursor_take(&k, " ");
	*out = stamp_end(b, &tm, us, zoned, east);
	*c = k;
	return true;
}

static bool
month(struct cursor *c, int *out)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
		if (c->end - c->p >= 3 && memcmp(c->p, names + 3 * i, 3) == 0) {
			c->p += 3;
			*out = i;
			return true;
		}
	return false;
}

/* The year that puts the stamp last before tomorrow. */
static void
guess_year(const struct stamp_base *b, struct tm *tm)
{
	time_t now = (time_t)wall_s(b->now) + 86400;
	struct tm n;

	if (localtime_r(&now, &n) == NULL)
		return;
	tm->tm_year = n.tm_year;
	if (tm->tm_mon > n.tm_mon || (tm->tm_mon == n.tm_mon && tm->tm_mday > n.tm_mday))
		tm->tm_year--;
}

bool
stamp_syslog(struct stamp_base *b, struct cursor *c, wall_t *out)
{
	struct cursor k = *c;
	struct tm tm = {0};
	int us = 0, east = 0;
	uint64_t day;
	bool zoned = false;

	if (date(&k, &tm)) {
		if (!cursor_take(&k, "T") || !hms(&k, &tm))
			return false;
		us = fraction(&k);
		zoned = zone(&k, &east);
	} else {
		k = *c;
		if (!month(&k, &tm.tm_mon) || !cursor_take(&k, " "))
			return false;
		cursor_take(&k, " ");
		if (!cursor_number(&k, &day) || day < 1 || day > 31 ||
		    !cursor_take(&k, " ") || !hms(&k, &tm))
			return false;
		tm.tm_mday = (int)day;
		guess_year(b, &tm);
	}
	if (!cursor_take(&k, " "))
		return false;
	*out = stamp_end(b, &tm, us, zoned, east);
	*c = k;
	return true;
}

bool
syslog_split(struct stamp_base *b, const char *line, size_t len, struct syslog_line *out)
{
	struct cursor c = {line, line + len};
	struct slice tag;
	const char *bracket;

	if (!stamp_syslog(b, &c, &out->time) || !cursor_word(&c, &out->host) ||
	    !cursor_word(&c, &tag) || tag.len < 2 || tag.s[tag.len - 1] != ':')
		return false;
	tag.len--;
	out->ident = tag;
	out->pid = 0;
	if ((bracket = memchr(tag.s, '[', tag.len)) != NULL) {
		struct cursor k = {bracket + 1, tag.s + tag.len};

		out->ident = slice_of(tag.s, bracket);
		if (!cursor_number(&k, &out->pid) || !cursor_take(&k, "]"))
			return false;
	}
	out->text = slice_of(c.p, c.end);
	return true;
}

bool
answer_parse(struct slice s, struct mt_event *ev)
{
	struct cursor c = {s.s, s.s + s.len};
	int code, n = 0;
	const char *from;

	if (!digits(&c, 3, &code) || code < 200 || code > 599)
		return false;
	if (c.p < c.end && *c.p != ' ' && *c.p != '-')
		return false;
	ev->code = code;
	ev->text = s;
	ev->answered = true;
	ev->enhanced[0] = '\0';
	if (c.p < c.end)
		c.p++;
	from = c.p;
	while (c.p < c.end && c.p - from < 11 &&
	       ((*c.p >= '0' && *c.p <= '9') || *c.p == '.'))
		n += *c.p++ == '.';
	if (n == 2 && c.p - from >= 5 && (c.p == c.end || *c.p == ' ') &&
	    strchr("245", *from) != NULL && from[1] == '.')
		slice_copy(ev->enhanced, sizeof(ev->enhanced), slice_of(from, c.p));
	return true;
}
