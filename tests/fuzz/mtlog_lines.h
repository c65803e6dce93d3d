/*
 * mtlog_lines - any bytes as lines of an MTA's log
 */
#ifndef MAILBRAKE_MTLOG_LINES_H
#define MAILBRAKE_MTLOG_LINES_H

#include <stdint.h>
#include <string.h>

#include "mtlog.h"

/* Every slice must lie in memory that may be read: touch each byte. */
static inline unsigned
touch(struct slice s)
{
	unsigned sum = 0;

	for (size_t i = 0; s.s != NULL && i < s.len; i++)
		sum += (unsigned char)s.s[i];
	return sum;
}

static inline void
mtlog_lines(enum mtlog_mta mta, const uint8_t *data, size_t size)
{
	static struct mtlog *m;
	static volatile unsigned sink;
	const char *p = (const char *)data, *end = p + size;
	struct mt_event ev;

	if (m == NULL)
		m = mtlog_new(mta, wall_from_s(1795312800));
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		if (nl == NULL)
			nl = end;
		if (mtlog_line(m, p, (size_t)(nl - p), &ev) == 1)
			sink += touch(ev.queue_id) + touch(ev.user) + touch(ev.auth) +
				touch(ev.sender) + touch(ev.claimed_cwd) +
				touch(ev.rcpt) + touch(ev.rcpt_domain) + touch(ev.host) +
				touch(ev.ip) + touch(ev.text);
		p = nl < end ? nl + 1 : end;
	}
}

#endif
