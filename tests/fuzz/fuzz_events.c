/*
 * fuzz_events - the kernel's event buffers with every byte hostile
 *
 * Job:     both parsers over the same bytes; each result must lie inside the buffer.
 * Touches: nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
inside(const uint8_t *data, size_t size, const void *p, size_t len)
{
	const uint8_t *q = p;

	if (len > 0 && (q < data || len > size || (size_t)(q - data) > size - len))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ino_event ino;
	struct fan_event fan;
	size_t at, before;

	for (at = before = 0; ino_next(data, size, &at, &ino) > 0; before = at) {
		if (at <= before || at > size)
			abort();
		if (ino.name[0] != '\0')
			inside(data, size, ino.name, strlen(ino.name) + 1);
	}
	for (at = before = 0; fan_next(data, size, &at, &fan) > 0; before = at) {
		if (at <= before || at > size)
			abort();
		if (fan.handle == NULL)
			continue;
		inside(data, size, fan.handle, fan.handle_len);
		inside(data, size, fan.name, strlen(fan.name) + 1);
	}
	return 0;
}
