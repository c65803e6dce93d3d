/*
 * rulestool - see rulestool.h
 *
 * Job:     check and test the rules.
 * Touches: the rule files, standard output.
 */
#include "rulestool.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "rulecost.h"
#include "rules.h"

static int
check(const char *const *dirs, size_t dir_count)
{
	struct rules r;
	struct err e;

	if (rules_load(&r, dirs, dir_count, &e) != 0) {
		printf("%s\n", e.text);
		return 1;
	}
	printf("%zu rules, %u broken files%s%s\n", r.count, r.broken,
	       r.broken > 0 ? ": " : "", r.problem);
	rules_fini(&r);
	return r.broken > 0;
}

int
rules_tool(const char *tool, const char *const *dirs, size_t dir_count,
	   const char *samples, bool json, bool cost)
{
	if (strcmp(tool, "test") == 0 && cost && samples != NULL) {
		struct rules r;
		struct err e;

		if (rules_load(&r, dirs, dir_count, &e) != 0) {
			printf("%s\n", e.text);
			return 1;
		}
		return rule_cost(&r, samples, json);
	}
	if (strcmp(tool, "check") == 0)
		return check(dirs, dir_count);
	return EX_USAGE;
}
