/*
 * keep - the accounts: what the engine knows is in the store, what it decides is done
 *
 * Job:     open the store and held mail and fill the engine; store the accounts that
 *          changed, in groups; carry out the engine's decisions (a row, an alert, the
 *          MTA's queue); begin again with a new database when the old one was damaged.
 * Touches: the store, held mail, the engine.
 */
#ifndef MAILBRAKE_KEEP_H
#define MAILBRAKE_KEEP_H

#include "account.h"

/* Open all, once, at the start; log_fatal(71) when it can't be. */
void keep_open(void);
/* The engine's settings by hub.conf. */
void keep_settings(struct engine_conf *ec);
/* After each round of the loop: what was decided is synced now, the rest soon. */
void keep_round(void);
/* Something changed an account: have it stored within 2 s. */
void keep_soon(void);
/* Once a minute, last: what this minute changed is stored at once, not by another timer. */
void keep_minute(void);
/* Once a minute: is the database whole? What is in memory goes into a new one. */
void keep_check(void);
/* At the end: every account that changed. */
void keep_all(void);

#endif
