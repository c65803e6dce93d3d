/*
 * budget - the processor time that looking into one file may cost
 *
 * Job:     scan_cpu_ms and a file's size to milliseconds, for who keeps it and who counts.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_BUDGET_H
#define MAILBRAKE_BUDGET_H

#include <stdint.h>

#define BUDGET_STEP_BYTES (1u << 20)

/*
 * Half as much again for each mebibyte begun after the first, twice as much at most: a
 * long list of data takes its time, and nobody gets more than two files' worth for one.
 */
static inline int64_t
budget_ms(int64_t cpu_ms, uint64_t size)
{
	uint64_t more = size > 0 ? (size - 1) / BUDGET_STEP_BYTES : 0;

	return more == 0 ? cpu_ms : more == 1 ? cpu_ms + cpu_ms / 2 : 2 * cpu_ms;
}

#endif
