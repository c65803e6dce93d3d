/*
 * direct - who connects straight to remote mail ports, past the MTA
 *
 * Job:     keep what the firewall counted by account (contrib/nftables), ask hands for it
 *          once a minute, and tell when an account begins to.
 * Touches: the link to hands.
 * Limits:  DIRECT_UIDS accounts; those beyond are counted together.
 */
#ifndef MAILBRAKE_DIRECT_H
#define MAILBRAKE_DIRECT_H

#include <stdbool.h>
#include <stdint.h>

#include "msg.h"

#define DIRECT_UIDS 4096

/* Begin to ask, soon; then once a minute. */
void direct_init(void);
void direct_minute(void);

/* TRIES of hands. */
void direct_tries(struct msg *m);

/* Connections of uid within the day the firewall remembers; 0: none, or not counted. */
uint64_t direct_of(uint32_t uid);

struct direct_counts {
	bool known; /* the firewall's set was read */
	uint64_t uids, connections, left_out;
	const char *why; /* when it is not known */
};
struct direct_counts direct_counts(void);

#endif
