/*
 * mtlog_frame - lines of an MTA's log for a test, and what is made of them
 *
 * Job:     a reader begun anew, lines given to it, an event's words as text.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_MTLOG_FRAME_H
#define MAILBRAKE_MTLOG_FRAME_H

#include "t.h"

#include <stdlib.h>
#include <time.h>

#include "mtlog.h"

static struct mtlog *m;
static struct mt_event ev; /* of the last line */

static inline void
begin(enum mtlog_mta mta)
{
	setenv("TZ", "UTC", 1);
	tzset();
	m = mtlog_new(mta, wall_from_s(1795312800));
}

static inline const char *
text(struct slice s)
{
	static char buf[8][400];
	static int k;
	char *b = buf[k++ % 8];

	snprintf(b, sizeof(buf[0]), "%.*s", s.s == NULL ? 0 : (int)s.len,
		 s.s == NULL ? "" : s.s);
	return b;
}

static inline int
feed_line(const char *line, size_t len)
{
	/* an exact copy: the parser may not look past the end */
	static char *last;
	char *copy = malloc(len);
	int rc;

	memcpy(copy, line, len);
	rc = mtlog_line(m, copy, len, &ev);
	free(last);
	last = copy;
	return rc;
}

#endif
