/*
 * mailq - whose messages are in the MTA's queue
 *
 * Job:     know from the log and the MTA's hook which queue ids belong to which
 *          account, so that a hold freezes exactly these, and a release thaws exactly
 *          what we froze; say a message is frozen when the MTA's queue says so.
 * Touches: the link to hands, the rows of held mail.
 * Limits:  MAILQ_MAX messages, MAILQ_UID_MAX of one account; beyond it the oldest that is
 *          not frozen is forgotten and counted (it is then not frozen: status says so).
 *          Of what is frozen only its own account's is, and its row is taken up again
 *          when there is place. MAILQ_REQUESTS of MAILQ_BATCH ids
 *          are asked for at once. A message is asked about MAILQ_TRIES times (one that
 *          is just being delivered is locked); then it is given up, counted and told.
 */
#ifndef MAILBRAKE_MAILQ_H
#define MAILBRAKE_MAILQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "msg.h"

#define MAILQ_MAX 200000
#define MAILQ_UID_MAX (MAILQ_MAX / 4) /* of one account */
#define MAILQ_ID 32                   /* bytes of a queue id with its NUL */
#define MAILQ_BATCH 2000              /* ids in one request */
#define MAILQ_REQUESTS 4   /* requests at once; hands has more places than these */
#define MAILQ_TRIES 14     /* a quarter of an hour: longer than a delivery that hangs */
#define MAILQ_DROP_TRIES 5 /* somebody waits for the answer */

/* What was frozen before a restart; when the store and the accounts are read. */
void mailq_load(void);
/* Once a minute: thaw what stayed frozen after its account's hold ended. */
void mailq_minute(void);

/* The MTA accepted a message of uid. */
void mailq_add(uint32_t uid, const char *id, uint32_t rcpts, wall_t t);
/* The MTA's hook was told to hold it: it is frozen as soon as it is in the queue. */
void mailq_held(uint32_t uid, const char *id, uint32_t rcpts, wall_t t);
/* The enum expect_ticket a message had when it was added; EXPECT_NOT: none, unknown. own:
 * its recipients that may be the account's own. */
void mailq_ticket_set(const char *id, unsigned ticket, uint64_t own);
/* A copy went on from an own recipient. false: as many as there are did before. */
bool mailq_forward(const char *id);
/* It was sent on, from an own recipient, under an id of its own. */
void mailq_sent_on_set(const char *id);
bool mailq_sent_on(const char *id);
unsigned mailq_ticket(uint32_t uid, const char *id);
/* It is known as uid's, and frozen or to be. */
bool mailq_knows(uint32_t uid, const char *id);
/*
 * Mail of uid is frozen or to be: nobody has reviewed it yet. What is being thrown away
 * counts until it is gone.
 */
bool mailq_holds(uint32_t uid);
/* It left the queue. */
void mailq_gone(const char *id);

/* The account is held: freeze what it has in the queue; and the opposite. */
void mailq_freeze(uint32_t uid);
void mailq_thaw(uint32_t uid);
/*
 * The hold ended by its time, and nobody reviewed what is frozen: it stays so until an
 * admin releases the account (mailq_thaw) or discards it. How many messages that is.
 */
uint64_t mailq_keep(uint32_t uid);
/*
 * It passes though its account is held: an admin released it. That is kept for a restart;
 * let_go: so it was since t, or it was thawed.
 */
void mailq_pass(const char *id);
bool mailq_let_go(uint32_t uid, const char *id, wall_t t);
/* Freeze one message that came after the hold. */
void mailq_freeze_one(const char *id);

/*
 * Throw one frozen message away. false: it is not one we froze, and fn is not called.
 * Else fn(arg, id, state, why) is called when the MTA's queue has answered: as release_fn.
 */
typedef void (*mailq_fn)(void *arg, const char *id, const char *state, const char *why);
bool mailq_drop(const char *id, mailq_fn fn, void *arg);
/* arg is gone: call nothing with it. */
void mailq_forget(const void *arg);

struct mailq_counts {
	uint64_t known, frozen, forgotten;
	uint64_t pending; /* asked for, not yet confirmed */
	uint64_t failed;  /* given up */
	uint64_t foreign; /* said to be an account's, and were not */
};
struct mailq_counts mailq_counts(void);

/* QUEUED of hands. */
void mailq_queued(struct msg *m);
/* DONE of hands for a QUEUE that could not be tried. */
void mailq_done(uint64_t asked, bool ok, const char *text);
/* hands is gone: what was asked is asked again. */
void mailq_hands_gone(void);

#endif
