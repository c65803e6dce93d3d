/*
 * score - see score.h
 *
 * Job:     caps per group.
 * Touches: nothing.
 * Source:  rules/README, GROUPS.
 */
#include "score.h"

#include <stdbool.h>
#include <string.h>

struct group_row {
	const char *name;
	int cap;
	bool support; /* counts only beside another group's points */
};

static const struct group_row groups[] = {
    {"context", 30, true},  /* where a file lies, what it is called */
    {"manner", 60, true},   /* habits: errors off, time limit off, forged headers */
    {"packing", 90, false}, /* disguise alone is no proof: licences are packed too */
    {"info", 0, true},
    /* signs.yar: of one subject, however many, never a verdict */
    {"page", 90, false},
    {"page2", 60, false},
    {"page3", 60, false},
    {"page4", 50, false},
    {"packing3", 60, false},
    {"hidden3", 60, false},
};

static const struct group_row *
group_row(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof groups / sizeof groups[0]; i++)
		if (strcmp(groups[i].name, name) == 0)
			return &groups[i];
	return NULL;
}

int
score_cap(const char *group)
{
	const struct group_row *g = group_row(group);

	return g != NULL ? g->cap : 200;
}

void
score_add(struct score *s, const char *group, int points)
{
	size_t i;

	for (i = 0; i < s->rows; i++)
		if (strcmp(s->row[i].group, group) == 0)
			break;
	if (i == s->rows) {
		if (s->rows == SCORE_GROUPS)
			i = SCORE_GROUPS - 1;
		else
			s->rows++;
		if (s->row[i].group == NULL) {
			s->row[i].group = group;
			s->row[i].cap = score_cap(group);
		}
	}
	s->row[i].points += points;
	if (s->row[i].points > s->row[i].cap)
		s->row[i].points = s->row[i].cap;
}

int
score_sum(const struct score *s)
{
	int own = 0, support = 0;
	size_t i;

	for (i = 0; i < s->rows; i++) {
		const struct group_row *g = group_row(s->row[i].group);

		if (g != NULL && g->support)
			support += s->row[i].points;
		else
			own += s->row[i].points;
	}
	if (own >= SCORE_SUPPORTED)
		own += support;
	return own > 0 ? own : 0;
}
