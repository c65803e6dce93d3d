/*
 * zygote - the parent of the workers
 *
 * Job:     fork one worker a link from a process that has everything loaded,
 *          replace the dead at once, and answer for them.
 * Touches: processes, links.
 */
#ifndef MAILBRAKE_ZYGOTE_H
#define MAILBRAKE_ZYGOTE_H

#include "scanengine.h"
#include "worker.h"

#define ZYGOTE_WORKERS_MAX 64

struct zygote_conf {
	int workers, first_fd; /* links are first_fd .. first_fd + workers - 1 */
	int suspicious_points, malicious_points;
	struct worker_conf worker;
};

/*
 * Say READY on each link, fork the workers, keep them; returns the exit status when the
 * last link was closed by its peer: 0, or 71 when workers could not be kept alive.
 *
 * A worker that died at work is answered for: VERDICT unscanned or HEAD not ok, with the
 * reason "cpu: ..", "time: ..", "memory: .." (each would come again) or "crash: ..".
 * What it had found when its time ran out counts: enough points are a verdict all the
 * same.
 */
int zygote_run(struct scanengine *en, const struct rules *rules,
	       const struct zygote_conf *c);

#endif
