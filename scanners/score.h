/*
 * score - findings into points
 *
 * Job:     sum distinct rules, with a cap per group.
 * Touches: nothing.
 * Source:  rules/README, GROUPS.
 */
#ifndef MAILBRAKE_SCORE_H
#define MAILBRAKE_SCORE_H

#include <stddef.h>

#include "msg.h"

#define SCORE_SUPPORTED 50 /* points from which supporting groups count */
#define SCORE_GROUPS 32    /* further groups share the last place */

struct score {
	struct {
		const char *group; /* borrowed from the rules */
		int points, cap;
	} row[SCORE_GROUPS];
	size_t rows;
};

/* Add one rule's points; the caller adds each rule once. */
void score_add(struct score *s, const char *group, int points);
/* The sum, at least 0. Groups that only support (context, manner) count from
 * SCORE_SUPPORTED points of the others on: they make sure, they do not accuse. */
int score_sum(const struct score *s);
/* The most points all rules of one group can give together. */
int score_cap(const char *group);

#endif
