/*
 * fuzz_mta - requests of MTAs
 *
 * Job:     daemon/judge/mta_request.c on hostile bytes.
 * Touches: nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mta_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mta_request r;
	struct err e;
	int64_t whole = mta_request_whole((const char *)data, size);

	if (whole > (int64_t)size)
		abort();
	if (whole > 0 &&
	    mta_request_parse((const char *)data, (size_t)whole, &r, &e) == 0 &&
	    (strlen(r.id) >= sizeof r.id || r.ouid < -1))
		abort();
	return 0;
}
