/*
 * fuzz_mailhead - any bytes as a message, with -t
 *
 * Job:     mail_head_read and both hashes over hostile input.
 * Touches: nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailhead.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char argv[] = "sendmail\0-t\0-i\0";
	static struct mail_head h;
	static int started;

	if (!started)
		mail_head_start();
	started = 1;
	mail_head_read(&h, data, size, argv, sizeof argv - 1);
	if (h.domains_len > sizeof h.domains || h.domain_count > MAILHEAD_DOMAINS_MAX)
		abort();
	return 0;
}
