/*
 * doctor - the checks of `mailbrake doctor`, between its two files
 *
 * Job:     see doctor.c.
 * Touches: see doctor.c.
 */
#ifndef MAILBRAKE_DOCTOR_H
#define MAILBRAKE_DOCTOR_H

#include "client.h"

struct doctor;

/* One row. state: ok, warn, bad, skipped. */
void doctor_say(struct doctor *d, const char *check, const char *state, const char *fmt,
		...) __attribute__((format(printf, 4, 5)));
const struct conf *doctor_conf(const struct doctor *d);

/* Does the wrapper stand where programs look for sendmail, and the real one behind it? */
void doctor_sendmail(struct doctor *d);
/* Do the worker and the rules compile and answer? */
void doctor_rules(struct doctor *d);
/* Which mail system, and can its log be read? */
void doctor_mta(struct doctor *d);
void doctor_direct(struct doctor *d);
/* What the kernel can do. */
void doctor_kernel(struct doctor *d);
/* Is `hands` left outside what systemd takes away? */
void doctor_unit(struct doctor *d);

#endif
