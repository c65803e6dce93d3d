/*
 * ctl_report - the commands that look at all accounts together
 *
 * Job:     report: what was held, found and refused in some days; top: who sends most
 *          right now.
 * Touches: the store and the engine, by reading.
 * Source:  the fields of the rows: daemon/client/columns.def.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl_row.h"
#include "hub.h"
#include "pool.h"
#include "reason.h"
#include "text.h"
#include "xmem.h"

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

#define TALLIES (sizeof tally_rows / sizeof *tally_rows)

/* Asked for on a thread: rows of large tables are gone through. */
struct report {
	struct report *next;
	struct ctl *c; /* NULL: nobody waits any more */
	wall_t since;
	int64_t days;
	char dir[sizeof hub.conf.state_dir];
	size_t kind; /* while it reads */
	struct {
		size_t kind;
		char name[96];
		int64_t count, part;
	} rows[TALLIES * REPORT_ROWS];
	size_t count;
	int result;
	struct err err;
};

static struct report *reports;

static bool
tally_row(void *arg, const char *name, int64_t count, int64_t part)
{
	struct report *r = arg;

	r->rows[r->count].kind = r->kind;
	(void)text_copy(r->rows[r->count].name, sizeof r->rows[0].name, name);
	r->rows[r->count].count = count;
	r->rows[r->count].part = part;
	return ++r->count < TALLIES * REPORT_ROWS;
}

static void
read_tallies(void *arg)
{
	struct report *r = arg;

	for (r->kind = 0; r->kind < TALLIES && r->result == 0; r->kind++)
		r->result = store_tally_each(r->dir, tally_rows[r->kind].what, r->since,
					     REPORT_ROWS, tally_row, r, &r->err);
}

static void
send_row(struct ctl *c, const struct tally *kind, const char *name, int64_t count,
	 int64_t part)
{
	char text[128];
	int64_t uid;

	if (kind->what == TALLY_SENDERS && text_to_i64(name, 0, UINT32_MAX - 1, &uid))
		name = hub_login((uint64_t)uid);
	else if (kind->what == TALLY_PROVIDERS && name[0] == '\0')
		name = "(others)";
	else if (kind->what == TALLY_HOLDS)
		name = reason_says(reason_of_word(name));
	(void)snprintf(text, sizeof text, "%s %lld %s", kind->before, (long long)part,
		       kind->after);
	ctl_row(c, json_pack("{s:s, s:o, s:I, s:s, s:I}", "kind", kind->kind, "name",
			     ctl_text(name), "count", (json_int_t)count, "text", text,
			     "part", (json_int_t)part));
}

static void
tallied(void *arg)
{
	struct report *r = arg, **at;
	size_t i;

	for (at = &reports; *at != r; at = &(*at)->next)
		;
	*at = r->next;
	if (r->c != NULL && r->result != 0) {
		ctl_end(r->c, 71, "%s", r->err.text);
	} else if (r->c != NULL) {
		ctl_row(r->c,
			json_pack("{s:s, s:s, s:I, s:s}", "kind", "period", "name",
				  "days", "count", (json_int_t)r->days, "text",
				  "what happened since then; the largest of each kind"));
		for (i = 0; i < r->count; i++)
			send_row(r->c, &tally_rows[r->rows[i].kind], r->rows[i].name,
				 r->rows[i].count, r->rows[i].part);
		ctl_end_rows(r->c);
	}
	free(r);
}

void
ctl_report_forget(const struct ctl *c)
{
	struct report *r;

	for (r = reports; r != NULL; r = r->next)
		if (r->c == c)
			r->c = NULL;
}

void
ctl_report(struct ctl *c, struct strings *args)
{
	const char *given = strings_next(args);
	int64_t days = REPORT_DAYS;
	struct report *r;

	if (given != NULL && !text_to_i64(given, 1, REPORT_DAYS_MAX, &days)) {
		ctl_end(c, 64, "report takes days, 1 to %d", REPORT_DAYS_MAX);
		return;
	}
	(void)store_sync(hub.store, NULL); /* what happened a moment ago as well */
	r = xcalloc(1, sizeof *r);
	r->c = c;
	r->days = days;
	r->since = clock_wall();
	r->since.us -= days * DAY_US;
	(void)text_copy(r->dir, sizeof r->dir, hub.conf.state_dir);
	r->next = reports;
	reports = r;
	pool_run(UINT32_MAX, read_tallies, tallied, r);
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
