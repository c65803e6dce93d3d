/*
 * fuzz_text - foreign text made safe
 *
 * Job:     whatever goes in, what comes out is one line of printable UTF-8 that fits.
 * Touches: nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char out[64], all[8192], back[8192];
	size_t i, room;

	for (room = 1; room <= sizeof out; room += 9) {
		text_safe_n(out, room, data, size);
		if (strlen(out) >= room)
			abort();
		for (i = 0; out[i] != '\0'; i++)
			if ((unsigned char)out[i] < 0x20 || out[i] == 0x7f)
				abort();
		text_utf8(out, room, data, size);
		if (strlen(out) >= room)
			abort();
	}
	/* valid UTF-8 stays valid: a second pass changes nothing */
	text_utf8(all, sizeof all, data, size);
	text_utf8(back, sizeof back, all, strlen(all));
	if (strcmp(all, back) != 0)
		abort();
	return 0;
}
