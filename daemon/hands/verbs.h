/*
 * verbs - what the files of hands share
 *
 * Job:     the verbs, one function a message of msg.def, and how they answer.
 * Touches: see each.
 */
#ifndef MAILBRAKE_VERBS_H
#define MAILBRAKE_VERBS_H

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "msg.h"

/* The settings in force; they may change between two messages. */
const struct conf *hands_conf(void);

/* Answer DONE to judge; text is one safe line already. Exactly one for each message that
 * came. */
void hands_done(uint64_t asked, bool ok, int64_t exit_code, const char *text);

/* The same for a QUEUE that freezes, thaws or drops: which of its ids are not done. */
void hands_queued(const struct m_queued *q);
/* The same for DIRECT. */
void hands_tries(const struct m_tries *t);

/*
 * The verbs. m is borrowed; a verb that keeps m->fd sets it to -1. Each answers with
 * hands_done, at once or when its work has ended.
 */
void verb_inject(struct msg *m);
void verb_alert(struct msg *m);
void verb_take(struct msg *m);
void verb_putback(struct msg *m);
void verb_queue(struct msg *m);
void verb_brake(struct msg *m);
void verb_direct(struct msg *m);
void verb_holds(struct msg *m);

/* The daemon stops: what the MTA holds back for a brake is let go; takes no list any
 * more. Its jobs may still run when it returns. */
void brake_stop(void);

/* Have the MTA try soon what may go now and did not before. */
void queue_kick(void);

#endif
