/*
 * provider - may mail go to a provider?
 *
 * Job:     signals about our address -> brake the provider, probe it, release in steps.
 * Touches: nothing: no clock, no allocation, no I/O. brake_step is the only place a
 *          brake changes.
 * Source:  the thresholds are what large senders use: 5 block-list texts an hour stop a
 *          provider for 2 hours, 3 rate texts for 30 minutes.
 *
 *   clear --(5 list texts or 3 rate texts in an hour)--> braked
 *   braked --(time is over)--> probing: one message of an account without evidence is let
 * out probing --(it was taken)--> paced: 5, 10, 20 ... messages a minute probing, paced
 * --(list or rate text)--> braked, twice as long as before, a day at most paced
 * --(nothing waits, or the steps are through)--> clear
 *
 * Only SCOPE_IP and SCOPE_IP_THROTTLE of a provider known by its MX host or domain are
 * signals; every other refusal is somebody's own and changes nothing here.
 */
#ifndef MAILBRAKE_PROVIDER_H
#define MAILBRAKE_PROVIDER_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"

enum brake_state {
	BRAKE_CLEAR,
	BRAKE_BRAKED,
	BRAKE_PROBING,
	BRAKE_PACED,
};

enum brake_event {
	BRAKE_TICK,  /* time went on */
	BRAKE_LIST,  /* a block-list text (scope ip) */
	BRAKE_RATE,  /* a rate text (scope ip-throttle) */
	BRAKE_TAKEN, /* the provider took a message */
	BRAKE_OTHER, /* it refused one for another reason */
	BRAKE_EMPTY, /* time went on, and nothing waits for this provider */
	BRAKE_HOLD,  /* an admin says: brake until I say otherwise */
	BRAKE_LIFT,  /* an admin says: let it flow */
};

enum brake_cause { BRAKE_BY_NOBODY, BRAKE_BY_LIST, BRAKE_BY_RATE, BRAKE_BY_ADMIN };

struct brake_conf {
	unsigned list_count, rate_count;  /* signals within window_s that brake */
	int64_t window_s, list_s, rate_s; /* ... for so long */
	int64_t longest_s;                /* a relapse doubles, up to this */
	int64_t probe_s; /* a probe without a clear answer is repeated after this */
	int64_t pace_s;  /* between two steps of the release */
	unsigned pace_first, pace_last; /* messages in a step, doubled each time */
	int64_t forgive_s;              /* clear so long: relapses are forgotten */
};

#define BRAKE_RING 16 /* signals remembered of each kind; thresholds are at most this */

struct brake {
	enum brake_state state;
	enum brake_cause cause;
	wall_t since; /* of the state */
	wall_t until; /* braked: probe then; probing: again then; paced: next step then */
	int64_t hold_s;
	unsigned relapses, pace;
	unsigned owed; /* messages that may be let out now: brake_let_out */
	int64_t list[BRAKE_RING], rate[BRAKE_RING]; /* times, us; 0 none */
	unsigned list_at, rate_at;
	uint64_t signals; /* since braked: in flight when the brake fell */
};

/* The defaults above. */
extern const struct brake_conf brake_defaults;

/* true: the state changed (b->state is the new one). */
bool brake_step(struct brake *b, const struct brake_conf *c, enum brake_event what,
		wall_t t);

/* n of the owed messages were let out. */
void brake_let_out(struct brake *b, unsigned n);

/* "clear", "braked", "probing", "paced"; "list", "rate", "admin", "none". Static. */
const char *brake_state_name(enum brake_state s);
const char *brake_cause_name(enum brake_cause c);

/* Mail to the provider waits in the MTA (in every state but clear). */
bool brake_holds(const struct brake *b);

#endif
