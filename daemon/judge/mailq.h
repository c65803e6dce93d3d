/*
 * mailq - whose messages are in the MTA's queue
 *
 * Job:     know from the log which queue ids belong to which account, so
 *          that a hold freezes exactly these, and a release thaws exactly
 *          what we froze.
 * Touches: the link to hands.
 * Limits:  MAILQ_MAX messages; beyond it the oldest is forgotten and counted
 *          (it is then not frozen: status says so).
 */
#ifndef MAILBRAKE_MAILQ_H
#define MAILBRAKE_MAILQ_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"

#define MAILQ_MAX 200000
#define MAILQ_ID 32 /* bytes of a queue id with its NUL */

struct mailq_entry {
	char id[MAILQ_ID];
	uint32_t uid;
	uint32_t rcpts;
	wall_t t;
	bool frozen; /* by us */
};

/* What was frozen before a restart; once, when the store is open. */
void mailq_load(void);

/* The MTA accepted a message of uid. */
void mailq_add(uint32_t uid, const char *id, uint32_t rcpts, wall_t t);
/* It left the queue. */
void mailq_gone(const char *id);

/* The account is held: freeze what it has in the queue; and the opposite. */
void mailq_freeze(uint32_t uid);
void mailq_thaw(uint32_t uid);
/* Freeze one message that came after the hold. */
void mailq_freeze_one(const char *id);
/* Throw one frozen message away. false: it is not one we froze. */
bool mailq_drop(const char *id);

struct mailq_counts {
	uint64_t known, frozen, forgotten, failed;
};
struct mailq_counts mailq_counts(void);

/* DONE of hands for a QUEUE; false: not one of ours. */
bool mailq_done(uint64_t asked, bool ok, const char *text);

#endif
