/*
 * rulestool - `mailbrake rules check` and `rules test`
 *
 * Job:     compile and lint rule files; run each rule on its own samples and
 *          all of them on the benign set; measure what each costs.
 * Touches: the rule files, the samples, standard output.
 */
#ifndef MAILBRAKE_RULESTOOL_H
#define MAILBRAKE_RULESTOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "scanengine.h"

struct rules_tool {
	const char *tool; /* "check", "test" or "trial" */
	const char *const *dirs;
	size_t dir_count;
	const char *samples; /* NULL: samples beside each of dirs, see below */
	bool json, cost;
	const struct engine_conf *engine;
	int link_fd; /* trial: who asks is told here */
};

/*
 * Samples are in DIR/samples of each directory of rules, or, in the source tree, in
 * DIR/../tests/samples.
 *
 * check and test say each fault on standard output (as JSON a line when asked) and return
 * 0, 1 when there was one, 64 no such tool, 66 no sample at all. trial is what a reload
 * does first: load, run the samples, answer READY on link_fd with what is wrong; 0 the
 * rules may be used, 1 they may not.
 */
int rules_tool(const struct rules_tool *t);

#endif
