/*
 * provider - may mail go to a provider?
 *
 * Job:     see provider.h.
 * Touches: nothing.
 */
#include "provider.h"

#include <string.h>

const struct brake_conf brake_defaults = {
    .list_count = 5,
    .rate_count = 3,
    .window_s = 3600,
    .list_s = 7200,
    .rate_s = 1800,
    .longest_s = 86400,
    .probe_s = 900,
    .pace_s = 60,
    .pace_first = 5,
    .pace_last = 160,
    .forgive_s = 86400,
};

const char *
brake_state_name(enum brake_state s)
{
	static const char *const name[] = {"clear", "braked", "probing", "paced"};

	return s <= BRAKE_PACED ? name[s] : "clear";
}

const char *
brake_cause_name(enum brake_cause c)
{
	static const char *const name[] = {"none", "list", "rate", "admin"};

	return c <= BRAKE_BY_ADMIN ? name[c] : "none";
}

bool
brake_holds(const struct brake *b)
{
	return b->state != BRAKE_CLEAR;
}

static wall_t
after(wall_t t, int64_t s)
{
	return (wall_t){t.us + s * 1000000};
}

static void
enter(struct brake *b, enum brake_state state, wall_t t)
{
	b->state = state;
	b->since = t;
	b->owed = 0;
}

/* Remember one signal; how many there were in the window that ends at t. */
static unsigned
remember(int64_t *ring, unsigned *at, wall_t t, int64_t window_s)
{
	unsigned n = 0;

	ring[*at] = t.us;
	*at = (*at + 1) % BRAKE_RING;
	for (unsigned i = 0; i < BRAKE_RING; i++)
		n += ring[i] != 0 && ring[i] > t.us - window_s * 1000000 &&
		     ring[i] <= t.us;
	return n;
}

/* Each relapse doubles the time. */
static bool
brake_for(struct brake *b, const struct brake_conf *c, enum brake_cause cause, wall_t t)
{
	int64_t s = cause == BRAKE_BY_LIST ? c->list_s : c->rate_s;

	for (unsigned i = 0; i < b->relapses && s < c->longest_s; i++)
		s *= 2;
	b->hold_s = s < c->longest_s ? s : c->longest_s;
	b->cause = cause;
	b->signals = 0;
	enter(b, BRAKE_BRAKED, t);
	b->until = after(t, b->hold_s);
	return true;
}

static bool
relapse(struct brake *b, const struct brake_conf *c, enum brake_cause cause, wall_t t)
{
	if (b->relapses < 16)
		b->relapses++;
	return brake_for(b, c, cause, t);
}

static bool
clear(struct brake *b, wall_t t)
{
	memset(b->list, 0, sizeof(b->list));
	memset(b->rate, 0, sizeof(b->rate));
	enter(b, BRAKE_CLEAR, t);
	return true;
}

static bool
on_signal(struct brake *b, const struct brake_conf *c, enum brake_event what, wall_t t)
{
	bool list = what == BRAKE_LIST;
	enum brake_cause cause = list ? BRAKE_BY_LIST : BRAKE_BY_RATE;
	unsigned n = list ? remember(b->list, &b->list_at, t, c->window_s)
			  : remember(b->rate, &b->rate_at, t, c->window_s);

	switch (b->state) {
	case BRAKE_CLEAR:
		return n >= (list ? c->list_count : c->rate_count) &&
		       brake_for(b, c, cause, t);
	case BRAKE_BRAKED:
		b->signals++;
		return false;
	case BRAKE_PROBING:
	case BRAKE_PACED:
		return relapse(b, c, cause, t);
	}
	return false;
}

/* Time went on; empty: nothing waits. */
static bool
on_time(struct brake *b, const struct brake_conf *c, bool empty, wall_t t)
{
	if (b->state == BRAKE_CLEAR) {
		if (b->relapses != 0 && t.us - b->since.us >= c->forgive_s * 1000000)
			b->relapses = 0;
		return false;
	}
	if (b->state == BRAKE_PACED && empty)
		return clear(b, t);
	if (t.us < b->until.us)
		return false;
	switch (b->state) {
	case BRAKE_BRAKED:
		if (b->cause == BRAKE_BY_ADMIN)
			return false;
		enter(b, BRAKE_PROBING, t);
		b->owed = 1;
		b->until = after(t, c->probe_s);
		return true;
	case BRAKE_PROBING:
		b->owed = 1; /* the last one got no clear answer */
		b->until = after(t, c->probe_s);
		return false;
	case BRAKE_PACED:
		if (b->pace > c->pace_last)
			return clear(b, t);
		b->owed += b->pace;
		b->pace *= 2;
		b->until = after(t, c->pace_s);
		return false;
	case BRAKE_CLEAR:
		break;
	}
	return false;
}

static bool
on_taken(struct brake *b, const struct brake_conf *c, wall_t t)
{
	if (b->state != BRAKE_PROBING)
		return false; /* braked: one that was in flight says nothing of now */
	enter(b, BRAKE_PACED, t);
	b->pace = c->pace_first * 2;
	b->owed = c->pace_first;
	b->until = after(t, c->pace_s);
	return true;
}

static bool
on_other(struct brake *b, const struct brake_conf *c, wall_t t)
{
	/* refused for its own reasons: another one soon */
	if (b->state == BRAKE_PROBING && b->owed == 0 &&
	    b->until.us > after(t, c->pace_s).us)
		b->until = after(t, c->pace_s);
	return false;
}

bool
brake_step(struct brake *b, const struct brake_conf *c, enum brake_event what, wall_t t)
{
	switch (what) {
	case BRAKE_LIST:
	case BRAKE_RATE:
		return on_signal(b, c, what, t);
	case BRAKE_TICK:
	case BRAKE_EMPTY:
		return on_time(b, c, what == BRAKE_EMPTY, t);
	case BRAKE_TAKEN:
		return on_taken(b, c, t);
	case BRAKE_OTHER:
		return on_other(b, c, t);
	case BRAKE_HOLD:
		if (b->state == BRAKE_BRAKED && b->cause == BRAKE_BY_ADMIN)
			return false;
		b->cause = BRAKE_BY_ADMIN;
		enter(b, BRAKE_BRAKED, t);
		b->until = (wall_t){0};
		return true;
	case BRAKE_LIFT:
		b->relapses = 0;
		return b->state != BRAKE_CLEAR && clear(b, t);
	}
	return false;
}

void
brake_let_out(struct brake *b, unsigned n)
{
	b->owed -= n < b->owed ? n : b->owed;
}
