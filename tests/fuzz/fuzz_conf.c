/*
 * fuzz_conf - the settings parser
 *
 * Job:     daemon/common/conf.c on any bytes; what it takes must be inside its limits.
 * Touches: nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct conf c;
	struct err e;

	conf_defaults(&c);
	e.text[0] = '\0';
	if (conf_parse(&c, (const char *)data, size, "fuzz", &e) == 0) {
		if (c.settle_ms < 0 || c.scan_cpu_ms < 10 || c.unknown_rcpt_max > 1000)
			abort();
	} else if (e.text[0] == '\0') {
		abort();
	}
	return 0;
}
