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

/*
 * tool: "check" or "test". samples: directory of the samples, NULL: tests/samples or
 * samples beside the first of dirs. Returns an exit status: 0 all is well, 1 something is
 * not (each said on standard output, as JSON a line when asked), 64 no such tool, 66 no
 * rules or samples.
 */
int rules_tool(const char *tool, const char *const *dirs, size_t dir_count,
	       const char *samples, bool json, bool cost);

#endif
