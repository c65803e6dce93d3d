/*
 * fuzz_mta - requests of MTAs
 *
 * Job:     daemon/judge/mta_request.c, daemon/judge/milter.c and daemon/mtlog/qfile.c on
 *          hostile bytes.
 * Touches: nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "milter.h"
#include "mta_request.h"
#include "qfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A connection's bytes, packet by packet. */
static void
filter(const char *p, size_t len)
{
	struct milter m = {.open = false};
	char out[MILTER_OUT];
	size_t n;
	int64_t whole;

	while (len > 0 && (whole = milter_whole(p, len)) > 0) {
		if ((size_t)whole > len)
			abort();
		if (milter_packet(&m, p, (size_t)whole, out, &n) == MILTER_WRONG)
			return;
		if (n > sizeof out || strlen(m.id) >= sizeof m.id ||
		    strlen(m.sender) >= sizeof m.sender)
			abort();
		p += whole;
		len -= (size_t)whole;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mta_request r;
	struct err e;
	int64_t uid = qfile_uid((const char *)data, size, "2CEFF108A34");
	int64_t whole = mta_request_whole((const char *)data, size);

	filter((const char *)data, size);
	if (whole > (int64_t)size || uid < -2)
		abort();
	if (whole > 0 &&
	    mta_request_parse((const char *)data, (size_t)whole, &r, &e) == 0 &&
	    (strlen(r.id) >= sizeof r.id || r.ouid < -1))
		abort();
	return 0;
}
