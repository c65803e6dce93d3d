/*
 * form - the form of the bulk mail that is sent now
 *
 * Job:     what a sample of each account's bulk mail lacks that large providers ask for:
 *          shown, never a ground to hold anything.
 * Touches: nothing but the log.
 * Limits:  FORM_MAX accounts, the one not seen for longest makes room; a line a day in
 *          the log for each.
 */
#ifndef MAILBRAKE_FORM_H
#define MAILBRAKE_FORM_H

#include "clock.h"

#define FORM_MAX 512

struct form {
	int64_t uid;
	uint64_t looked,
	    wanting;      /* messages of the sample, and those that lacked something */
	wall_t last;      /* wanting */
	char checks[256]; /* of that message: names of lint's checks, safe */
};

/*
 * One message of the sample. checks: what the worker found, "" nothing; from: the
 * address in its From, a claim; login: of its account.
 */
void form_note(int64_t uid, const char *login, const char *checks, const char *from,
	       wall_t now);

/* NULL: no message of it was looked at. */
const struct form *form_of(int64_t uid);

#endif
