/*
 * mt_event - one thing that happened in the mail system, as its log tells it
 *
 * Job:     the struct every grammar fills, whatever the MTA.
 * Touches: nothing.
 *
 * Nearly every field is foreign text: senders, recipients, HELO names, subjects and
 * replies are written by tenants and remote servers. A slice points into the line (or
 * into the parser's table) and lives until the next line is fed.
 */
#ifndef MAILBRAKE_MT_EVENT_H
#define MAILBRAKE_MT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"

struct slice {
	const char *s; /* not terminated; NULL when absent */
	size_t len;
};

enum mt_kind {
	MT_SUBMIT, /* a message was accepted: who, from where, how many recipients */
	MT_SENT, /* one recipient's copy was taken by `host`, or delivered here (local) */
	MT_DEFER,   /* not now; `answered` says whether a remote server said so */
	MT_BOUNCE,  /* never; `answered` likewise */
	MT_FREEZE,  /* queue_id waits for an admin */
	MT_THAW,    /* queue_id moves again */
	MT_DONE,    /* queue_id left the queue (for a short id: it may come again) */
	MT_REFUSED, /* a submission that our own MTA did not take */
};

struct mt_event {
	enum mt_kind kind;
	wall_t time; /* of the line; wall_t {0} when it has none */
	struct slice queue_id;

	/* whose: facts the MTA had from the kernel or from its own login check; on
	 * outcomes they are joined from the submission with the same queue id, absent
	 * when unknown */
	int64_t uid; /* Postfix pickup; -1 otherwise */
	struct slice
	    user; /* Exim U= of a local submission: a login name, from the kernel's uid */
	struct slice auth;   /* SMTP login: "plain:box@a.test" gives "box@a.test" */
	struct slice sender; /* envelope sender, "" for a bounce */
	bool bounce;       /* MT_SUBMIT made by the MTA itself (empty sender, no owner) */
	bool local_client; /* MT_SUBMIT over SMTP from this machine, without login */

	/* claims */
	struct slice claimed_script; /* X-PHP-Script or the like, when the log has it */
	struct slice claimed_cwd;    /* Exim cwd= of the process that submitted */

	unsigned rcpts; /* MT_SUBMIT: recipients, 0 when the log does not tell */
	uint64_t size;  /* bytes, 0 unknown */

	struct slice rcpt, rcpt_domain; /* outcomes */
	struct slice orig_domain;  /* of the address before aliases, when the log tells of
				     one and its local part is plain */
	struct slice forwarded_as; /* the queue id under which Postfix's local(8) sent it
				      on, for a .forward or an alias */
	struct slice host, ip;     /* remote server, or the client of a submission */
	int port;                  /* client's port, 0 unknown */
	bool local;                /* the delivery was to a mailbox or program here */
	bool answered; /* the remote server answered: code, enhanced, text are its */
	bool own; /* our own doing: a brake, a hold, a retry time; never a provider's word
		   */
	int code; /* of the answer, 0 none */
	char enhanced[16];
	struct slice text; /* the answer, or why there was none; multi-line ones with "\n"
			      as \ and n */
};

#endif
