/*
 * holds - the MTA's own list of the accounts that are held
 *
 * Job:     tell hands which accounts are held, whenever that changes: where the MTA reads
 *          such a list (Exim), no message of theirs leaves from then on, also those
 *          that mailq has not frozen yet or does not know.
 * Touches: the link to hands.
 */
#ifndef MAILBRAKE_HOLDS_H
#define MAILBRAKE_HOLDS_H

#include <stdbool.h>
#include <stdint.h>

/* An account is held now, or (freed) is not any more; or hands is new: told at once, but
 * once for all that change together. */
void holds_changed(bool freed);

/* Once a minute: tell again what could not be written. */
void holds_minute(void);

/* DONE of hands. */
void holds_done(bool ok, const char *text);

#endif
