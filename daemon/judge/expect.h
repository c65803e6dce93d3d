/*
 * expect - messages that were judged and will be seen again
 *
 * Job:     a message the wrapper asked about, or that was released, reaches
 *          the MTA's hook and log too; count it once. Per account, how many
 *          may still come; not which: an account that uses one up by other
 *          means has had the other counted instead. A message to the account's own
 *          domains was counted as nothing: its ticket lets the next one of as many
 *          recipients in, and the log tells by where it is delivered whether that one was
 *          the account's own, too.
 * Touches: nothing but its table.
 * Limits:  EXPECT_UIDS accounts; a full one forgets the account asked longest
 *          ago, whose mail is then counted twice, never less than once.
 */
#ifndef MAILBRAKE_EXPECT_H
#define MAILBRAKE_EXPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"

#define EXPECT_UIDS 8192
#define EXPECT_ALIASES \
	50 /* recipients the MTA may have added to a message, as its log counts */
#define EXPECT_S 600 /* a message that did not come by then failed on its way */

enum expect_where { EXPECT_HOOK, EXPECT_LOG, EXPECT_PLACES };

#define EXPECT_OWN_RCPTS 10 /* of one message to own domains; see own.h */
#define EXPECT_SCRIPT 256   /* bytes of a script's name that is kept */
/* So long the hook waits for the log to say where they went. */
#define EXPECT_OWN_S 3600

enum expect_ticket {
	EXPECT_NOT,     /* nobody judged it */
	EXPECT_COUNTED, /* its recipients were */
	EXPECT_OWN,     /* judged as the account's own: see expect_delivered */
};

/* So many recipients of own messages the hook lets in before the log told where they
 * went. */
void expect_own_max(uint64_t rcpts);
/* Does the log tell where they went? If not, no time makes those good that were let in.
 */
void expect_log_tells(bool tells);

/* One more message of uid to rcpts recipients will be seen in each place. */
void expect_add(uint32_t uid, uint64_t rcpts, mono_t now);
/* The same to own domains; script: "" unknown. */
void expect_add_own(uint32_t uid, uint64_t rcpts, const char *script, mono_t now);
/* The account is held: what it was promised before is void. */
void expect_drop(uint32_t uid);
/* The hook judged one: it will be seen in the log. */
void expect_log_only(uint32_t uid, uint64_t rcpts, mono_t now);

/*
 * One was seen: the ticket it used up. Both messages and recipients must be covered by
 * what was judged, so that one small message is no ticket for a large one. own_out: how
 * many recipients of it may be the account's own.
 */
enum expect_ticket expect_take(uint32_t uid, enum expect_where where, uint64_t rcpts,
			       uint64_t *own_out, mono_t now);

/* One was seen by the hook, which told its recipients: all the account's own or not. An
 * own message's ticket lets in nobody else's; EXPECT_OWN then waits for no log. */
enum expect_ticket expect_take_told(uint32_t uid, uint64_t rcpts, bool own, mono_t now);

/*
 * A copy of a message that had a ticket reached its end, at a recipient of the account's
 * own or another's. true: another's, and nobody counted it. Tickets do not say which
 * message they are for, so what is compared is the account's sum.
 */
bool expect_delivered(uint32_t uid, enum expect_ticket ticket, bool to_own);

/* A copy went on from an own recipient to another's, and it was not the first from there,
 * or to one never met. true: nobody counted it. */
bool expect_forwarded(uint32_t uid);
/* The script that sent the account's last own message, by its claim; "" unknown. Until
 * the next call. */
const char *expect_own_script(uint32_t uid);

#endif
