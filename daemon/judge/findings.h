/*
 * findings - how many findings are kept of an account
 *
 * Job:     count what an account adds to the store; beyond FINDINGS_MAX forget the
 *          gone ones, then the weakest. Its evidence does not change by that: the engine
 *          counts the worst files only.
 * Touches: the store.
 * Limits:  FINDINGS_UIDS accounts are counted; a full table forgets the count of one, and
 *          counts it afresh when it has another finding.
 */
#ifndef MAILBRAKE_FINDINGS_H
#define MAILBRAKE_FINDINGS_H

#include <stdint.h>

#define FINDINGS_MAX 4096 /* of one account, live and gone */
#define FINDINGS_TRIM 512 /* forgotten at once */
#define FINDINGS_UIDS 4096

/* n more were put (or put again). */
void findings_added(int64_t uid, uint64_t n);

/* Forgotten since the daemon began (status), and of one account as far as that is known
 * (explain). */
uint64_t findings_forgotten(void);
uint64_t findings_forgotten_of(int64_t uid);

#endif
