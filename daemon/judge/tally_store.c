/*
 * tally_store - the tallies, from the store
 *
 * Job:     counters of hours -> sums; once a minute to the engine.
 * Touches: the store's counters, the engine.
 */
#include "tally.h"

#include <stdlib.h>
#include <string.h>

#include "brakes.h"
#include "hub.h"
#include "pool.h"
#include "text.h"
#include "xmem.h"

#define NAME 64                    /* of a provider */
#define TALLY_KEY (UINT32_MAX - 2) /* of the pool */

static const int64_t span_h[SPANS] = {1, 24, 168};

struct sum {
	struct tally *tally; /* provider_count of them */
	int64_t hour;
	/* on a thread the table of providers is not looked at: it may be replaced */
	char (*names)[NAME];
	unsigned name_count;
};

/* Once a minute: the counters of a busy server's day are gone through on a thread. */
static struct minute {
	struct sum sum;
	char dir[sizeof hub.conf.state_dir];
	int result;
	struct err err;
} minute;
static bool minute_at_work;
/* Something was counted since the last one, or that told of an account: if neither, and
 * the day's window did not move, this minute's answer is the last one's, nobody. */
static bool minute_due = true;
static int64_t minute_hour;

void
tally_counted(void)
{
	minute_due = true;
}

static struct tally_who *
who_of(struct tally *t, int64_t uid)
{
	struct tally_who *least = &t->who[0];

	for (unsigned i = 0; i < t->whos; i++) {
		if (t->who[i].uid == uid)
			return &t->who[i];
		if (t->who[i].failed < least->failed)
			least = &t->who[i];
	}
	if (t->whos < TALLY_WHO_MAX)
		least = &t->who[t->whos++];
	*least = (struct tally_who){.uid = uid};
	return least;
}

static void
count_day(struct tally *t, const struct store_counter *v, bool sent)
{
	enum reply_scope scope = reply_scope_of(v->scope);
	uint64_t n = (uint64_t)v->count;
	struct tally_who *w = who_of(t, v->uid);
	bool fault = strcmp(v->outcome, "bounced") == 0 &&
		     (scope == SCOPE_CONTENT || scope == SCOPE_RECIPIENT ||
		      scope == SCOPE_DOMAIN || scope == SCOPE_UNKNOWN);

	if (!sent)
		t->scope[scope] += n;
	t->fault += fault ? n : 0;
	w->sent += sent ? n : 0;
	w->failed += sent ? 0 : n;
	w->fault += fault ? n : 0;
	w->ip += scope == SCOPE_IP || scope == SCOPE_IP_THROTTLE ? n : 0;
}

static int
provider_of(const struct sum *s, const char *name)
{
	for (unsigned i = 0; i < s->name_count; i++)
		if (strcmp(s->names[i], name) == 0)
			return (int)i;
	return s->names == NULL ? provider_by_name(brakes_table(), name) : -1;
}

static bool
on_counter(void *arg, const struct store_counter *v)
{
	struct sum *s = arg;
	int id = provider_of(s, v->provider);
	struct tally *t = id < 0 ? NULL : &s->tally[id];
	bool sent = strcmp(v->outcome, "sent") == 0;

	if (t == NULL)
		return true;
	for (int k = 0; k < SPANS; k++)
		if (s->hour - v->hour < span_h[k])
			*(sent                                  ? &t->sent[k]
			  : strcmp(v->outcome, "deferred") == 0 ? &t->deferred[k]
								: &t->bounced[k]) +=
			    (uint64_t)v->count;
	if (s->hour - v->hour < span_h[SPAN_24H])
		count_day(t, v, sent);
	return true;
}

struct tally *
tally_all(struct err *e)
{
	struct sum s = {.hour = wall_s(clock_wall()) / 3600};

	s.tally = xcalloc(provider_count(brakes_table()), sizeof(*s.tally));
	if (store_counter_each(hub.store, s.hour - span_h[SPAN_7D] + 1, on_counter, &s,
			       e) == 0)
		return s.tally;
	free(s.tally);
	return NULL;
}

static void
minute_read(void *arg)
{
	struct minute *m = arg;

	m->result = store_tally_counters(m->dir, m->sum.hour - span_h[SPAN_24H] + 1,
					 on_counter, &m->sum, &m->err);
}

/* An account may drive several: what counts is where it is worst. */
static void
minute_done(void *arg)
{
	struct minute *m = arg;

	minute_at_work = false;
	if (m->result != 0) {
		hub_store_warn(&m->err);
		minute_due = true;
	}
	for (unsigned i = 0; m->result == 0 && i < m->sum.name_count; i++) {
		const struct tally_who *w =
		    tally_driver(&m->sum.tally[i], (uint64_t)hub.conf.refusal_min);
		uint64_t n = w == NULL ? 0 : w->fault + w->sent;

		if (w == NULL || w->uid <= 0 || n > UINT32_MAX || hub_is_ours(w->uid))
			continue;
		minute_due = true;
		engine_refusals(hub.engine, (uint32_t)w->uid, (uint32_t)w->fault,
				(uint32_t)n);
	}
	free(m->sum.tally);
	free(m->sum.names);
	m->sum = (struct sum){0};
}

void
tally_minute(void)
{
	int64_t hour = wall_s(clock_wall()) / 3600;
	struct store_status st;
	unsigned n;

	/* the last one is not done: it is the next minute's turn */
	if (brakes_table() == NULL || minute_at_work ||
	    (!minute_due && hour == minute_hour))
		return;
	store_status(hub.store, &st);
	minute_due = st.waiting > 0; /* not to be read yet */
	minute_hour = hour;
	n = provider_count(brakes_table());
	minute.sum = (struct sum){.hour = hour, .name_count = n};
	minute.sum.tally = xcalloc(n, sizeof(*minute.sum.tally));
	minute.sum.names = xcalloc(n, sizeof(*minute.sum.names));
	for (unsigned i = 0; i < n; i++)
		(void)text_copy(minute.sum.names[i], NAME,
				provider_name(brakes_table(), (int)i));
	(void)text_copy(minute.dir, sizeof(minute.dir), hub.conf.state_dir);
	minute_at_work = true;
	pool_run(TALLY_KEY, minute_read, minute_done, &minute);
}
