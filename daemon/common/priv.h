/*
 * priv - become less
 *
 * Job:     look up the account a process runs as, and become it for good.
 * Touches: uid, gid, groups, capabilities, no_new_privs of this process.
 */
#ifndef MAILBRAKE_PRIV_H
#define MAILBRAKE_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

/* Running as root, so that privileges can be separated. */
bool priv_root(void);

/*
 * The uid and gid of an account by name, or by number ("64001": uid and gid alike, for
 * test systems without such accounts). ERR_INPUT when there is none; the text says how to
 * make it.
 */
int priv_lookup(const char *user, uid_t *uid_out, gid_t *gid_out, struct err *e);

/* The gid of a group by name or number; ERR_INPUT when there is none. */
int priv_group(const char *group, gid_t *gid_out, struct err *e);

/*
 * Become user for good: no supplementary groups, no way back, no_new_privs, and only the
 * capabilities of the mask (bits 1 << CAP_*) kept. Does nothing and succeeds when not
 * root (reduced form: one uid for all). Also: no core dumps, death with the parent.
 */
int priv_drop(const char *user, uint64_t caps, struct err *e);

/* The same, with one supplementary group: "systemd-journal" may read the journal. A group
 * that does not exist is left out. */
int priv_drop_group(const char *user, const char *group, uint64_t caps, struct err *e);

/* The parent's own: effective capabilities cut to the mask; the bounding set stays, so
 * that `hands`, which it starts, can become any owner and run a set-id MTA. */
int priv_trim(uint64_t caps, struct err *e);

#endif
