/*
 * forwards - mail that no account here sent, by where it went
 *
 * Job:     what is forwarded to a large provider, how much of all mail to it that is,
 *          and how much of it was not taken; since the daemon began.
 * Touches: nothing.
 * Limits:  FORWARDS_MAX addresses; beyond it the one with the least mail makes room, and
 *          its mail is in the sums only.
 */
#ifndef MAILBRAKE_FORWARDS_H
#define MAILBRAKE_FORWARDS_H

#include "msg.h"
#include "provider_table.h"

#define FORWARDS_MAX 1024

struct forward_count {
	uint64_t sent, failed; /* failed: deferred and refused */
};

struct forward {
	char address[160];
	int provider;
	struct forward_count n;
};

/* One delivery to a provider; uid < 0: nobody here submitted it. */
void forwards_outcome(const struct m_outcome *o, int provider, int64_t uid, bool sent);

/* Slot i, in no order; NULL at the end. */
const struct forward *forwards_get(unsigned i);

/* All mail to the provider, and what of it was forwarded. */
struct forward_count forwards_all(int provider);
struct forward_count forwards_forwarded(int provider);

#endif
