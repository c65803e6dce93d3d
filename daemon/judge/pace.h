/*
 * pace - background work within its share of the processors
 *
 * Job:     say when the next piece of background work may begin, from what the ones
 *          before it cost.
 * Touches: nothing; time is an argument.
 */
#ifndef MAILBRAKE_PACE_H
#define MAILBRAKE_PACE_H

#include <stdint.h>

#include "clock.h"

struct pace {
	int64_t debt_us; /* processor time used and not yet paid off by waiting */
	mono_t paid;     /* up to when it was paid off */
};

/* A piece of work cost so much; until the debt is paid no other should begin. */
void pace_cost(struct pace *p, int64_t cpu_us);

/*
 * Microseconds until work may begin, 0: now. share: percent of all processors (1..100;
 * 100: always now); cpus: how many there are. A pause is not saved up: after a quiet hour
 * there is one piece of work at once, not an hour's worth.
 */
int64_t pace_wait_us(struct pace *p, mono_t now, int64_t share, int64_t cpus);

#endif
