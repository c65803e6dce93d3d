/*
 * targets - where an account's own mail goes on to
 *
 * Job:     remember per account the addresses outside that its own recipients' mail was
 *          sent on to, as the log told: who reads his mail elsewhere has one or two, and
 *          the same ones each day; who has others each time writes to strangers.
 * Touches: nothing but its table; only accounts whose mail goes on are in it.
 * Limits:  TARGETS_UIDS accounts, TARGETS of each; the one used longest ago is forgotten
 *          for another, and is new then. Not kept for a restart: after it an account's
 *          first TARGETS_FREE are free again, and its others are new once more.
 */
#ifndef MAILBRAKE_TARGETS_H
#define MAILBRAKE_TARGETS_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"

#define TARGETS_UIDS 2048
#define TARGETS 16
#define TARGETS_FREE 2    /* an account's first ones */
#define TARGETS_LENGTH 96 /* bytes of an address with its NUL; a longer one is new */

/* A copy went on to this address. true: one did before, or it is among the first. */
bool targets_known(uint32_t uid, const char *address, mono_t now);

#endif
