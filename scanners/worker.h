/*
 * worker - one sandboxed process that answers SCAN
 *
 * Job:     receive a descriptor, read it, look, answer; one job at a time.
 * Touches: its link, the descriptors it is given, its timers.
 */
#ifndef MAILBRAKE_WORKER_H
#define MAILBRAKE_WORKER_H

#include <stdatomic.h>
#include <stdint.h>

#include "scanengine.h"

struct worker_conf {
	int cpu_ms, wall_ms;
	size_t size_max;
};

/* What a worker is at, in memory it shares with the zygote, which reads it after a death.
 */
struct worker_slot {
	_Atomic uint32_t busy; /* 0: between jobs */
	uint32_t kind;         /* enum scan_kind */
	uint64_t asked, size;
	int32_t cpu_ms; /* it may cost */
	/* what is found so far, for a death by the budget; found: it is whole */
	_Atomic uint32_t found;
	int32_t score;
	uint32_t findings_len;
	char type[64], sha256[65], findings[16384];
	_Atomic uint64_t jobs; /* done by this slot, all workers in it */
};

/*
 * Close the sandbox and serve link_fd until the other end closes it. Exits the process: 0
 * then; 71 when the sandbox cannot be closed; 76 when the peer breaks the protocol. A job
 * over its budget ends the process by SIGPROF (processor time) or SIGALRM (wall time).
 */
void worker_main(int link_fd, struct scanengine *en, const struct worker_conf *c,
		 struct worker_slot *slot) __attribute__((noreturn));

#endif
