/*
 * alert - tell the admin, once per incident
 *
 * Job:     group what happens into incidents (one per account and kind),
 *          bound how often they are told, have hands mail them and run the hooks.
 * Touches: the store (incidents), the link to hands.
 * Source:  settings alert_*; one incident is told when it begins and then at
 *          most once per alert_interval_s with a count, not once per message.
 */
#ifndef MAILBRAKE_ALERT_H
#define MAILBRAKE_ALERT_H

#include <stdint.h>

#include "account.h"
#include "msg.h"

/* A file was found suspicious or malicious. */
void alert_file(uint64_t uid, const char *path, const struct m_verdict *v);

/* An account's state changed. */
void alert_decision(const struct decision *d);

/* Something of the brake itself does not work; key: a literal, one incident each. */
void alert_degraded(const char *key, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Incidents kept by the store from before this start. */
void alert_restore(void);

/* Once a minute: tell what waited for its interval. */
void alert_tick(void);

#endif
