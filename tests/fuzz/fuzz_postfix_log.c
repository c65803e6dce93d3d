/*
 * fuzz_postfix_log - any bytes as lines of the MTA's log
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mtlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every slice must lie in memory that may be read: touch each byte. */
static unsigned
touch(struct slice s)
{
	unsigned sum = 0;

	for (size_t i = 0; s.s != NULL && i < s.len; i++)
		sum += (unsigned char)s.s[i];
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mtlog *m;
	static volatile unsigned sink;
	const char *p = (const char *)data, *end = p + size;
	struct mt_event ev;

	if (m == NULL)
		m = mtlog_new(MTLOG_POSTFIX, wall_from_s(1795312800));
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
	return 0;
}
