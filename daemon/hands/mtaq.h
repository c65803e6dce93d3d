/*
 * mtaq - what can be done to the queue of an MTA
 *
 * Job:     one struct an MTA: the program and arguments for each verb, what its brake
 *          file holds.
 * Touches: nothing; the verbs themselves are in queue.c and brake.c.
 */
#ifndef MAILBRAKE_MTAQ_H
#define MAILBRAKE_MTAQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "msg.h"

#define MTAQ_BESIDE ".smarthost" /* behind the name of brake_file */
#define MTAQ_IDS_MAX 8192        /* messages in one request */

/* What a request did to one message. */
enum mtaq_fate { FATE_DONE, FATE_NOT, FATE_GONE };

struct mtaq {
	const char *name; /* "exim", "postfix" */
	const char *const
	    *program; /* candidates, NULL at the end: the first that is there */
	bool (*good_id)(const char *id);
	const char
	    *option[4];    /* by enum queue_verb; NULL: one process an id, see force */
	bool ids_on_stdin; /* else they follow the option */
	/*
	 * After the program ended: is it done? dir: the MTA's queue, by the settings;
	 * out: what is left of the program's text, moved on to behind what was told of id
	 * (ids are asked in the order they were given).
	 */
	enum mtaq_fate (*fate)(const char *dir, const char *id, unsigned verb,
			       const char **out);
	/* whose it is by the MTA's own file (owner.h), the queue's place by the settings
	 */
	int64_t (*owner)(const char *id);
	/* the program and option that deliver one message now */
	const char *const *force_program;
	const char *force_option;
	/* what makes the MTA try what was thawed now, and not at its next queue run; it
	 * keeps to the retry times of everything else. NULL at the end */
	const char *const *kick_program;
	const char *kick[4];
	/* one line of the brake file */
	void (*brake_line)(FILE *f, const char *domain);
	/* one line that lets a single recipient through, NULL: not needed */
	void (*pass_line)(FILE *f, const char *address);
	/* one line that sends a domain's mail by another server */
	void (*relay_line)(FILE *f, const char *domain, const char *host, unsigned port);
	bool relay_beside; /* those lines stand in a file of their own: MTAQ_BESIDE */
	bool holds_uids;   /* it reads which accounts' mail does not go: held_list.h */
	/* the program that compiles the file, NULL: it is read as it is */
	const char *const *compiler;
	/* the program that makes running processes look at it now; its only argument is
	 * "reload" */
	const char *const *reloader;
};

extern const struct mtaq mtaq_exim, mtaq_postfix;

/* By the setting mta; "auto" by the programs that are there; NULL: none. */
const struct mtaq *mtaq_find(const char *setting);

/* The first candidate that may be executed; NULL: none. */
const char *mtaq_program(const char *const *candidates);

#endif
