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

#include <stdbool.h>
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

/*
 * Hands is through with one. exit_code: enum alert_told in msg.h; anything else: nobody
 * was reached, and it is tried again (after a minute, then twice as long, at most an
 * hour). text: what went wrong.
 */
void alert_done(uint64_t asked, int64_t exit_code, const char *text);

/* Hands ended: what it was telling is told again; the admin may get it twice. */
void alert_hands_gone(void);

/* For status. fault: what was wrong with the last one, "" when it was told. */
struct alert_state {
	uint64_t failed;    /* tries that reached nobody */
	uint64_t forgotten; /* before anybody was told: too many waited */
	char fault[300];
};
struct alert_state alert_state(void);

/* Incidents kept by the store from before this start. */
void alert_restore(void);

/* Once a minute: tell what waited for its interval. */
void alert_tick(void);

#endif
