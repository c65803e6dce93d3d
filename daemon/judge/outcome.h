/*
 * outcome - what the MTA's log says
 *
 * Job:     take OUTCOME of mtlog: count mail that went around the wrapper,
 *          refusals and bounces to the account that caused them, and keep
 *          mailq up to date.
 * Touches: the engine, the store's counters, the provider table.
 */
#ifndef MAILBRAKE_OUTCOME_H
#define MAILBRAKE_OUTCOME_H

#include <stdbool.h>

#include "msg.h"
#include "wire.h"

struct outcome_counts {
	uint64_t submissions, expected, bypassed, unknown_owner, sent, deferred, bounced;
	uint64_t claims; /* events of a log that any local user can write to */
};

/* Read the provider table; a table that cannot be read is said, and scopes are unknown.
 */
void outcome_init(void);

/* OUTCOME and EARS of mtlog. */
void outcome_on_msg(struct wire *w, struct msg *m);

struct outcome_counts outcome_counts(void);

/* May the log act, or is it only counted? See mta_log_trust. */
bool outcome_trusted(void);

#endif
