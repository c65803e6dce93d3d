/*
 * ctl_choose - which held messages of an account are meant, and for how long a word holds
 *
 * Job:     see ctl_choose.h.
 * Touches: held mail by reading, the store by reading.
 */
#include "ctl_choose.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hub.h"
#include "loop.h"
#include "pool.h"
#include "text.h"
#include "xmem.h"

#define CHOOSE_STEP 32 /* files looked into at once; messages are answered in between */
/* What a worker names of a message's domains: scanners/mailhead.h. */
#define DOMAINS_NAMED 100
#define DOMAINS_BYTES 16384
#define DOMAIN_BYTES 256
#define CHOOSE_KEY (UINT32_MAX - 1) /* of the pool: choices wait for each other */
#define SPAN_MAX INT64_C(315360000)

struct choosing {
	struct ctl *c; /* NULL: nobody waits any more, and the thread still reads */
	bool reading;
	struct choice what;
	int64_t uid;
	char dir[sizeof hub.conf.state_dir];
	char (*ids)[HELD_ID];
	size_t count, kept;
	int result;
	struct err err;
	void (*fn)(struct ctl *c);
};

int64_t
choice_span_s(const char *text)
{
	static const struct {
		char unit;
		int64_t s;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	char digits[20];
	size_t n = strlen(text), i;
	int64_t v;

	if (n < 2 || n > sizeof digits)
		return -1;
	memcpy(digits, text, n - 1);
	digits[n - 1] = '\0';
	if (!text_to_i64(digits, 1, SPAN_MAX, &v))
		return -1;
	for (i = 0; i < sizeof units / sizeof units[0]; i++)
		if (text[n - 1] == units[i].unit)
			return v * units[i].s > SPAN_MAX ? SPAN_MAX : v * units[i].s;
	return -1;
}

/* A date of the server's clock; -1: it is none. last: of a day alone, its last second. */
static int64_t
date_us(const char *text, bool last)
{
	static const char *const forms[] = {"%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M",
					    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S",
					    "%Y-%m-%d"};
	const size_t count = sizeof forms / sizeof forms[0];

	for (size_t i = 0; i < count; i++) {
		struct tm tm = {.tm_isdst = -1};
		const char *end = strptime(text, forms[i], &tm);
		time_t t;

		if (end == NULL || *end != '\0')
			continue;
		if (last && i == count - 1) {
			tm.tm_hour = 23;
			tm.tm_min = tm.tm_sec = 59;
		}
		t = mktime(&tm);
		return t == (time_t)-1 ? -1 : (int64_t)t * 1000000;
	}
	return -1;
}

int64_t
choice_time_us(const char *text, wall_t now)
{
	int64_t s = choice_span_s(text);

	if (s >= 0)
		return now.us - s * 1000000;
	if (text_to_i64(text, CHOICE_UNIX_MIN, INT64_C(4102444800), &s))
		return s * 1000000;
	return date_us(text, false);
}

int64_t
choice_end_us(const char *text)
{
	return date_us(text, true);
}

int
choice_option(struct ctl *c, struct choice *ch, const char *name, struct strings *args)
{
	const struct {
		const char *name;
		char *dst;
		size_t size;
		int64_t *time;
		bool *has;
	} options[] = {{"--script", ch->script, sizeof ch->script, NULL, NULL},
		       {"--subject", ch->subject, sizeof ch->subject, NULL, NULL},
		       {"--domain", ch->domain, sizeof ch->domain, NULL, NULL},
		       {"--before", NULL, 0, &ch->before_us, &ch->has_before},
		       {"--after", NULL, 0, &ch->after_us, &ch->has_after}};
	const char *value;
	char shown[80];
	size_t i;

	for (i = 0; i < sizeof options / sizeof options[0]; i++)
		if (strcmp(name, options[i].name) == 0)
			break;
	if (i == sizeof options / sizeof options[0])
		return 0;
	value = strings_next(args);
	if (value == NULL || value[0] == '\0') {
		ctl_end(c, 64, "%s needs a value", options[i].name);
		return -1;
	}
	if (options[i].time != NULL)
		*options[i].time = choice_time_us(value, clock_wall());
	if (options[i].time != NULL
		? *options[i].time < 0
		: !text_copy(options[i].dst, options[i].size, value)) {
		ctl_end(c, 64, "%s: %s is not understood%s", options[i].name,
			text_safe(shown, sizeof shown, value),
			options[i].time == NULL
			    ? ""
			    : "; a time is 90m, 12h or 3d (so long ago), 2026-01-31 or "
			      "\"2026-01-31 18:00\", or seconds since 1970");
		return -1;
	}
	if (options[i].has != NULL)
		*options[i].has = true;
	ch->any = true;
	return 1;
}

static bool
by_row(void *arg, const struct store_held *v)
{
	struct choosing *w = arg;
	const struct choice *ch = &w->what;

	if ((ch->script[0] != '\0' && fnmatch(ch->script, v->script, 0) != 0) ||
	    (ch->subject[0] != '\0' &&
	     fnmatch(ch->subject, v->subject, FNM_CASEFOLD) != 0) ||
	    (ch->has_before && v->t.us >= ch->before_us) ||
	    (ch->has_after && v->t.us < ch->after_us))
		return true;
	(void)text_copy(w->ids[w->count++], HELD_ID, v->id);
	return w->count < CTL_IDS_MAX;
}

/* Only the message's own file knows all its recipients' domains. */
static bool
by_domain(const char *id, const char *glob)
{
	struct held *held = NULL;
	struct strings s;
	const char *one;
	struct err e;
	size_t n = 0;
	bool fits = false;

	if (held_open(hub.held, id, false, &held, &e) != 1)
		return false;
	s = strings_of(held_head(held)->domains, held_head(held)->domains_len);
	for (one = strings_next(&s); one != NULL; one = fits ? strings_next(&s) : NULL) {
		fits = fnmatch(glob, one, FNM_CASEFOLD) == 0;
		n++;
	}
	/* as full as a list of domains gets: it may have more */
	if (n >= DOMAINS_NAMED ||
	    held_head(held)->domains_len > DOMAINS_BYTES - DOMAIN_BYTES)
		fits = false;
	held_close(&held);
	return fits;
}

static void
step(void *arg)
{
	struct ctl *c = arg;
	struct choosing *w = c->choosing;
	size_t end = c->id_next + CHOOSE_STEP;

	c->step_timer = -1;
	for (; c->id_next < c->id_count && c->id_next < end; c->id_next++) {
		if (!by_domain(c->ids[c->id_next], w->what.domain))
			continue;
		if (w->kept != c->id_next)
			memcpy(c->ids[w->kept], c->ids[c->id_next], HELD_ID);
		w->kept++;
	}
	if (c->id_next < c->id_count) {
		c->step_timer = loop_once(1, step, c);
		return;
	}
	c->id_count = w->kept;
	c->id_next = 0;
	w->fn(c);
}

static void
choosing_free(struct choosing *w)
{
	free(w->ids);
	free(w);
}

static void
read_rows(void *arg)
{
	struct choosing *w = arg;

	w->result = store_tally_held(w->dir, w->uid, by_row, w, &w->err);
}

static void
rows_read(void *arg)
{
	struct choosing *w = arg;
	struct ctl *c = w->c;

	w->reading = false;
	if (w->result != 0)
		hub_store_warn(&w->err);
	if (c == NULL) {
		choosing_free(w);
		return;
	}
	free(c->ids);
	c->ids = w->ids;
	w->ids = NULL;
	c->id_count = w->count;
	if (w->what.domain[0] != '\0')
		step(c);
	else
		w->fn(c);
}

void
ctl_choose(struct ctl *c, int64_t uid, const struct choice *ch, void (*fn)(struct ctl *c))
{
	struct choosing *w;
	struct err e;

	ctl_choose_forget(c);
	c->choosing = w = xcalloc(1, sizeof *w);
	w->c = c;
	w->reading = true;
	w->what = *ch;
	w->uid = uid;
	w->fn = fn;
	w->ids = xcalloc(CTL_IDS_MAX, sizeof *w->ids);
	(void)text_copy(w->dir, sizeof w->dir, hub.conf.state_dir);
	c->id_count = c->id_next = 0;
	/* its rows may be a hundred thousand; what was held until now is to be among them
	 */
	if (store_sync(hub.store, &e) != 0)
		hub_store_warn(&e);
	pool_run(CHOOSE_KEY, read_rows, rows_read, w);
}

void
ctl_choose_forget(struct ctl *c)
{
	struct choosing *w = c->choosing;

	c->choosing = NULL;
	if (w == NULL)
		return;
	w->c = NULL;
	if (!w->reading)
		choosing_free(w);
}
