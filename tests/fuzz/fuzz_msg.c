/*
 * fuzz_msg - every message decoder on hostile bytes
 *
 * Job:     first byte: the type; the rest: its body. What decodes is encoded
 *          again and must come out the same.
 * Touches: nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct msg in, again;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e;

	if (size < 1 || size - 1 > MSG_MAX)
		return 0;
	in.type = (enum msg_type)(1 + data[0] % (MSG_TYPES - 1));
	in.fd = -1;
	in.len = size - 1;
	memcpy(in.body, data + 1, size - 1);
	switch (in.type) {
#define M(NAME, name, from, to, fds, max, text) \
	case MSG_##NAME: { \
		struct m_##name v; \
		if (m_##name##_get(&in, &v, &e) == 0 && \
		    m_##name##_put(&again, &v, &e) == 0 && \
		    (again.len != in.len || memcmp(again.body, in.body, in.len) != 0)) \
			abort(); \
		break; \
	}
		MSG_TABLE(M)
#undef M
	case MSG_NONE:
	case MSG_TYPES:
		break;
	}
	if (in.type == MSG_VERDICT) {
		struct strings s = strings_of(data + 1, size - 1);

		while (strings_next(&s) != NULL)
			;
	}
	return 0;
}
