/*
 * tell - what judge is told of the log's events
 *
 * Job:     OUTCOME of an event, OWNER for a WHOSE.
 * Touches: judge's link.
 */
#ifndef MAILBRAKE_TELL_H
#define MAILBRAKE_TELL_H

#include <stdbool.h>

#include "mt_event.h"
#include "wire.h"

/* more_flags: OUTCOME_* beside the event's own. false: it found no room, and is lost. */
bool tell_outcome(struct wire *judge, const struct mt_event *ev, unsigned more_flags);

/* Whose an SMTP login's account is, or a message in Postfix's queue: m asks for it. */
void tell_whose(struct wire *judge, struct msg *m);

#endif
