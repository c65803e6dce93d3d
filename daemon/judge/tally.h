/*
 * tally - what became of the mail to each provider, and by whose doing
 *
 * Job:     the counters of the last hour, day and week, summed by provider and by
 *          account; the account that drives a provider's share of failures up.
 * Touches: the store's counters.
 */
#ifndef MAILBRAKE_TALLY_H
#define MAILBRAKE_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "provider_table.h"

/* Accounts compared for one provider; with more the one with the fewest failures makes
 * room: its mail is in the sums only. */
#define TALLY_WHO_MAX 512

enum span { SPAN_1H, SPAN_24H, SPAN_7D, SPANS };

struct tally_who {
	int64_t uid;
	uint64_t sent, failed, ip; /* of 24 h; failed: deferred and refused */
	uint64_t fault; /* refused for good, for content, recipients or its domain */
};

struct tally {
	uint64_t sent[SPANS], deferred[SPANS], bounced[SPANS], scope[SCOPE_COUNT];
	uint64_t fault; /* of 24 h, by all accounts */
	struct tally_who who[TALLY_WHO_MAX];
	unsigned whos;
};

/* provider_count(brakes_table()) of them, free(3) is the caller's; NULL: e says why. */
struct tally *tally_all(struct err *e);

/* The account with the most failures of 24 h; NULL: none failed. */
const struct tally_who *tally_worst(const struct tally *t);

/*
 * The account that drives the provider's share of refusals up: with enough answers
 * (least), over the half of all that is somebody's fault. NULL: nobody does.
 */
const struct tally_who *tally_driver(const struct tally *t, uint64_t least);

/* Lower bound of a share in percent, as wilson_low_ppm. */
double tally_low_percent(uint64_t part, uint64_t whole);

/* Something was counted: the next minute looks at it. */
void tally_counted(void);
/* Every minute: tell the engine who drives a provider's share up. */
void tally_minute(void);

#endif
