/*
 * release - what leaves the hold, and how
 *
 * Job:     send held messages as their owners, once; discard; expire;
 *          bring files and rows of held mail together after a restart.
 * Touches: held mail, the store, the link to hands.
 *
 * Once: the state "releasing" is on the disk before hands is asked, "released" before the
 * file is removed. A message found in "releasing" at the start may or may not have been
 * sent: it becomes "unsure", is kept and said, and goes again only by an admin's `release
 * ID --again`.
 */
#ifndef MAILBRAKE_RELEASE_H
#define MAILBRAKE_RELEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "held.h"

/* state: the word of its row now, "missing" when there is none; why: "" when it was done as
 * asked. The strings live until it returns. */
typedef void (*release_fn)(void *arg, const char *id, const char *state, const char *why);

/* Queue one message; again: also when its state is "unsure". fn is called once, later. */
void release_one(const char *id, bool again, release_fn fn, void *arg);
/* Nobody listens for the results of this arg any more. */
void release_forget(const void *arg);

/* Remove n held messages for good, with one sync for all; fn is called for each before it
 * returns. */
void release_discard(char (*ids)[HELD_ID], size_t n, release_fn fn, void *arg);

/* DONE of hands for an INJECT; false: not one of ours. */
bool release_done(uint64_t asked, bool ok, int64_t exit_code, const char *text);

/* hands is gone: what it was sending is unsure now. */
void release_hands_gone(void);

/* Rows and files together; once, at start. */
void release_recover(void);

/* Rows for held files that have none: a new database was begun while we ran. */
void release_adopt(void);

/*
 * Something changed that may have caused a hold: when none of the account's mail is held,
 * here or in the MTA's own queue, all of it was reviewed, and a hold whose cause is gone
 * ends. who: "admin" when a person spoke, "files" when only files changed. false: some is
 * held.
 */
bool release_reviewed(uint32_t uid, const char *who);

/* Once an hour: give up what nobody reviewed in held_expire_s, loudly, and warn before.
 */
void release_expire(void);

#endif
