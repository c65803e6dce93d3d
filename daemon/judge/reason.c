/*
 * reason - why an account's mail passes or waits: one word, one sentence each
 *
 * Job:     see reason.h.
 * Touches: nothing.
 */
#include "reason.h"

#include <string.h>

static const struct {
	const char *word, *says, *differs;
} reasons[REASON_COUNT] = {
#define REASON_ROW(sym, word, says, differs) [REASON_##sym] = {word, says, differs},
    REASON_TABLE(REASON_ROW)
#undef REASON_ROW
};

const char *
reason_word(enum reason r)
{
	return (unsigned)r < REASON_COUNT ? reasons[r].word : "unknown";
}

const char *
reason_says(enum reason r)
{
	return (unsigned)r < REASON_COUNT ? reasons[r].says : "unknown";
}

const char *
reason_differs(enum reason r)
{
	return (unsigned)r < REASON_COUNT ? reasons[r].differs : "";
}

enum reason
reason_of_word(const char *word)
{
	for (unsigned i = 0; i < REASON_COUNT; i++)
		if (strcmp(reasons[i].word, word) == 0)
			return (enum reason)i;
	return REASON_COUNT;
}
