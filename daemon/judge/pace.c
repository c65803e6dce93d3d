/*
 * pace - see pace.h
 *
 * Job:     see pace.h.
 * Touches: nothing.
 */
#include "pace.h"

#define DEBT_MAX_US 60000000 /* a clock that stood still must not stop it for long */

void
pace_cost(struct pace *p, int64_t cpu_us)
{
	p->debt_us += cpu_us;
	if (p->debt_us > DEBT_MAX_US)
		p->debt_us = DEBT_MAX_US;
}

int64_t
pace_wait_us(struct pace *p, mono_t now, int64_t share, int64_t cpus)
{
	int64_t past = mono_diff_us(now, p->paid);

	p->paid = now;
	if (past > 0)
		p->debt_us -= past > DEBT_MAX_US ? p->debt_us : past * share * cpus / 100;
	if (p->debt_us <= 0 || share >= 100) {
		p->debt_us = 0;
		return 0;
	}
	return p->debt_us * 100 / (share * cpus) + 1;
}
