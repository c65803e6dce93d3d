/*
 * fuzz_exim_log - any bytes as lines of the MTA's log
 */
#include "mtlog_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	mtlog_lines(MTLOG_EXIM, data, size);
	return 0;
}
