/*
 * known_good - files and rules an admin vouches for
 *
 * Job:     the admin's words "this content", "what lies here", "what this rule
 *          finds" is good, for a time and with a reason: kept over restarts, ended when
 *          their time is over, applied to every verdict.
 * Touches: the store (table trust); has files looked at again when a word changes.
 * Limits:  KNOWN_GOOD_MAX words; a further one is refused.
 */
#ifndef MAILBRAKE_KNOWN_GOOD_H
#define MAILBRAKE_KNOWN_GOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "ctl_row.h"

#define KNOWN_GOOD_MAX 1000

/* At the start: read what was said before. */
void known_good_load(void);
/* Once a minute: end what is over. */
void known_good_tick(void);

/*
 * Why this file's findings do not count: "hash ...: reason" or "path ...: reason" of a
 * word in force, or NULL. sha256 may be "". Static, until the next call.
 */
const char *known_good_file(uint64_t uid, const char *path, const char *sha256);
/* The same for one finding: file or rule. */
const char *known_good_finding(uint64_t uid, const char *path, const char *sha256,
			       const char *rule);

/* The rules that do not count in this account's files, as a list (msg.h) into buf; its
 * length. */
size_t known_good_rules(uint64_t uid, char *buf, size_t size);

/* `known-good [list]`, `known-good add ...`, `known-good end ID...` */
void known_good_ctl(struct ctl *c, struct strings *args);

#endif
