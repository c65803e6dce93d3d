/*
 * expect - messages that were judged and will be seen again
 *
 * Job:     a message the wrapper asked about, or that was released, reaches
 *          the MTA's hook and log too; count it once. Per account, how many
 *          may still come; not which: an account that uses one up by other
 *          means has had the other counted instead.
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

/* One more message of uid to rcpts recipients will be seen in each place. */
void expect_add(uint32_t uid, uint64_t rcpts, mono_t now);
/* The hook judged one: it will be seen in the log. */
void expect_log_only(uint32_t uid, uint64_t rcpts, mono_t now);

/*
 * One was seen: true when it was expected (and is now used up). Both messages and
 * recipients must be covered by what was judged, so that one small message is no ticket
 * for a large one.
 */
bool expect_take(uint32_t uid, enum expect_where where, uint64_t rcpts, mono_t now);

#endif
