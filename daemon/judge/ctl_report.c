/*
 * ctl_report - the commands that look at all accounts together
 *
 * Job:     report: what was held, found and refused in some days; top: who sends most
 *          right now.
 * Touches: the store and the engine, by reading.
 * Source:  the fields of the rows: daemon/client/columns.def.
 */
#include <stdio.h>
#include <string.h>

#include "ctl_row.h"
#include "hub.h"
#include "reason.h"
#include "text.h"

#define DAY_US (86400 * 1000000LL)
#define REPORT_DAYS 7
#define REPORT_DAYS_MAX 3650
#define REPORT_ROWS 10 /* of a kind */
#define TOP_ROWS 50

/* text: with the second number of the tally. */
static const struct tally {
	const char *kind;
	enum store_tally what;
	const char *before, *after;
} tally_rows[] = {
    {"hold", TALLY_HOLDS, "holds, of", "accounts"},
    {"held", TALLY_HELD, "messages, to", "recipients"},
    {"account", TALLY_HELD_ACCOUNTS, "messages held, to", "recipients"},
    {"sender", TALLY_SENDERS, "deliveries tried,", "not taken"},
    {"provider", TALLY_PROVIDERS, "deliveries tried,", "not taken"},
    {"rule", TALLY_RULES, "files newly found, of", "accounts"},
};

struct report {
	struct ctl *c;
	const struct tally *kind;
};

static bool
tally_row(void *arg, const char *name, int64_t count, int64_t part)
{
	const struct report *r = arg;
	char text[128];
	int64_t uid;

	if (r->kind->what == TALLY_SENDERS && text_to_i64(name, 0, UINT32_MAX - 1, &uid))
		name = hub_login((uint64_t)uid);
	else if (r->kind->what == TALLY_PROVIDERS && name[0] == '\0')
		name = "(others)";
	else if (r->kind->what == TALLY_HOLDS)
		name = reason_says(reason_of_word(name));
	(void)snprintf(text, sizeof text, "%s %lld %s", r->kind->before, (long long)part,
		       r->kind->after);
	ctl_row(r->c, json_pack("{s:s, s:o, s:I, s:s, s:I}", "kind", r->kind->kind,
				"name", ctl_text(name), "count", (json_int_t)count,
				"text", text, "part", (json_int_t)part));
	return true;
}

void
ctl_report(struct ctl *c, struct strings *args)
{
	const char *given = strings_next(args);
	int64_t days = REPORT_DAYS;
	struct report r = {.c = c};
	wall_t since = clock_wall();
	struct err e;
	size_t i;

	if (given != NULL && !text_to_i64(given, 1, REPORT_DAYS_MAX, &days)) {
		ctl_end(c, 64, "report takes days, 1 to %d", REPORT_DAYS_MAX);
		return;
	}
	since.us -= days * DAY_US;
	ctl_row(c, json_pack("{s:s, s:s, s:I, s:s}", "kind", "period", "name", "days",
			     "count", (json_int_t)days, "text",
			     "what happened since then; the largest of each kind"));
	for (i = 0; i < sizeof tally_rows / sizeof *tally_rows; i++) {
		r.kind = &tally_rows[i];
		if (store_tally_each(hub.store, r.kind->what, since, REPORT_ROWS,
				     tally_row, &r, &e) != 0) {
			ctl_end(c, 71, "%s", e.text);
			return;
		}
	}
	ctl_end_rows(c);
}

struct busy {
	uint32_t uid;
	enum acct_state state;
	uint32_t rcpts[VOL_WINDOWS];
};

struct busiest {
	struct busy all[TOP_ROWS];
	size_t count;
};

/* By the last minute, then by longer and longer ones. */
static int
busier(const uint32_t *a, const uint32_t *b)
{
	int w;

	for (w = 0; w < VOL_WINDOWS; w++)
		if (a[w] != b[w])
			return a[w] > b[w] ? 1 : -1;
	return 0;
}

static void
take_busy(void *ctx, uint32_t uid, enum acct_state state,
	  const uint32_t rcpts[VOL_WINDOWS])
{
	struct busiest *t = ctx;
	size_t i = t->count;

	if (rcpts[VOL_24H] == 0 && state != ACCT_HELD)
		return;
	if (t->count < TOP_ROWS)
		t->count++;
	else if (busier(rcpts, t->all[--i].rcpts) <= 0)
		return;
	for (; i > 0 && busier(rcpts, t->all[i - 1].rcpts) > 0; i--)
		t->all[i] = t->all[i - 1];
	t->all[i] = (struct busy){.uid = uid, .state = state};
	memcpy(t->all[i].rcpts, rcpts, sizeof t->all[i].rcpts);
}

void
ctl_top(struct ctl *c, struct strings *args)
{
	static struct busiest t;
	uint64_t messages, bytes;
	size_t i;

	(void)args;
	t.count = 0;
	engine_volumes(hub.engine, take_busy, &t);
	for (i = 0; i < t.count; i++) {
		const struct busy *b = &t.all[i];

		held_usage(hub.held, b->uid, &messages, &bytes);
		ctl_row(c, json_pack("{s:o, s:I, s:s, s:I, s:I, s:I, s:I, s:I}", "login",
				     ctl_text(hub_login(b->uid)), "uid",
				     (json_int_t)b->uid, "state", state_name(b->state),
				     "rcpts_1m", (json_int_t)b->rcpts[VOL_1M],
				     "rcpts_10m", (json_int_t)b->rcpts[VOL_10M],
				     "rcpts_1h", (json_int_t)b->rcpts[VOL_1H],
				     "rcpts_24h", (json_int_t)b->rcpts[VOL_24H],
				     "held_messages", (json_int_t)messages));
	}
	ctl_end_rows(c);
}
