/*
 * mta - the second sensor: what goes around the wrapper
 *
 * Job:     answer the MTA's own hooks (Exim's readsocket, Postfix's policy
 *          delegation and non_smtpd_milters) about messages the wrapper did not
 *          see: the MTA's binary used directly, SMTP to localhost, authenticated
 *          mail. Whose a message of Postfix's sendmail is, and whose an SMTP login
 *          "box@domain" is, mtlog is asked.
 * Touches: its connections, the engine.
 * Source:  contrib/exim, contrib/postfix. Only pass or hold: an MTA that is
 *          told "defer" loses local mail (measured with Exim).
 * Limits:  MTA_CLIENTS connections; only root and the accounts of mta_users
 *          may ask.
 */
#ifndef MAILBRAKE_MTA_H
#define MAILBRAKE_MTA_H

#include <stdint.h>

#include "msg.h"

#define MTA_CLIENTS 1024

struct mta_counts {
	uint64_t asked, expected, bypassed, held, unknown_uid, refused_peers;
	uint64_t unasked;   /* mtlog was not there to say whose it is: passed */
	uint64_t taken_out; /* Postfix removes the line that says whose it is: passed */
	uint64_t unknown_login; /* with a login that is no account's we know of: passed */
	uint64_t full;          /* an MTA found no room, and took its message unasked */
	uint64_t late; /* held, but the MTA had not waited: frozen by its queue id */
	/* from this machine, nobody knows whose: held in the MTA's queue without a row */
	uint64_t held_nameless;
};

void mta_listen(int listen_fd);
/* OWNER of mtlog. */
void mta_owner(struct msg *m);
struct mta_counts mta_counts(void);

#endif
