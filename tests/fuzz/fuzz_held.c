/*
 * fuzz_held - the head of a held message's file
 *
 * Job:     parse any bytes; what parses must come back the same from its own
 *          format.
 * Touches: nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "held.h"
#include "held_head.h"
#include "msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct held_head h, g;
	char *buf = NULL, *text = NULL, *again = NULL;
	uint64_t offset;
	size_t len;
	struct err e;

	if (held_parse(data, size, &h, &buf, &offset, &e) != 0)
		return 0;
	if (!held_id_ok(h.id) || offset > size || strlen(h.sha256) != 64)
		abort();
	(void)strings_count(h.argv, h.argv_len);
	if (held_format(&h, &text, &len, &e) == 0) {
		if (held_parse(text, len, &g, &again, &offset, &e) != 0)
			abort();
		if (g.argv_len != h.argv_len || memcmp(g.argv, h.argv, h.argv_len) != 0 ||
		    strcmp(g.cwd, h.cwd) != 0 || g.size != h.size || g.uid != h.uid)
			abort();
	}
	free(again);
	free(text);
	free(buf);
	return 0;
}
