/*
 * hub - what the modules of process judge share
 *
 * Job:     one place for the settings, the links and the stores of this process.
 * Touches: nothing by itself; main.c fills it.
 */
#ifndef MAILBRAKE_HUB_H
#define MAILBRAKE_HUB_H

#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "address.h"
#include "conf.h"
#include "held.h"
#include "store.h"
#include "wire.h"

/* Counted since the start of this process; shown by status and metrics. */
struct hub_counters {
	uint64_t passed, held, refused, unchecked_head, timed_out, sender_gave_up;
	uint64_t files_seen, files_known, files_clean, files_suspicious, files_malicious;
	uint64_t files_unscanned, released, discarded, unsure, alerts, alerts_left_out;
	uint64_t bad_peers;
};

struct hub {
	struct conf conf;
	char
	    needs_restart[200]; /* settings changed since the start that a reload can't */
	struct wire parent, watch, hands, mtlog;
	struct store *store;
	struct held_dir *held;
	struct engine *engine;
	struct hub_counters count;
	wall_t started;
	unsigned char rcpt_key[ADDRESS_KEY]; /* kept: what the records know of addresses
					      * is by it */
	bool reduced;                        /* not started as root: one uid for all */
	bool changed; /* the engine learned something: store it soon */
	struct {
		bool known;
		char backend[32], degraded[512];
		uint64_t ready, dirs, files_waiting, files_sent, overflows, rescans;
		uint64_t rescan_dirs_left, rescan_dirs_done, dropped, start_ms;
	} sight;
	struct {
		bool known;
		char mta[32], file[256], degraded[512];
		uint64_t lines, damaged, forged, behind_bytes;
	} ears;
};

extern struct hub hub;

/* Whose a request to hands is: the upper half of its number, by which the answer finds
 * its way. */
enum asked_space {
	ASKED_RELEASE = 1,
	ASKED_ASIDE,
	ASKED_QUEUE,
	ASKED_BRAKE,
	ASKED_ALERT,
	ASKED_HOLDS,
	ASKED_SPACES
};

/* The next number of a space. */
uint64_t hub_asked(enum asked_space space);

/* A row could not be stored: say so once a minute. */
void hub_store_warn(const struct err *e);

/* The login name of a uid, its number when it has none; looked up at most once a minute.
 * One of 256 texts that stay until another uid takes the place. */
const char *hub_login(uint64_t uid);

/* Our own alerts are sent as this process's account: not an account's mail. */
bool hub_is_ours(int64_t uid);

/* The uid of a login name; a number is no name here. -1: there is none. For logins of
 * SMTP. */
int64_t hub_uid_of_name(const char *name);

/* The uid of a login name or a number; -1: there is none. */
int64_t hub_uid(const char *name);

#endif
