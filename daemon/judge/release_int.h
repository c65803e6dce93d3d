/*
 * release_int - what the files of release share
 *
 * Job:     rows of held mail, read and written in one way.
 * Touches: the store.
 */
#ifndef MAILBRAKE_RELEASE_INT_H
#define MAILBRAKE_RELEASE_INT_H

#include "release.h"

struct release_row {
	int64_t attempt;
	char state[16];
};

/* The row of a held message: 1 found, 0 there is none, -1 the store cannot be read. */
int release_row(const char *id, struct release_row *out);

/* A failure is told by hub_store_warn. */
void release_set_state(const char *id, const char *state, int64_t attempt,
		       const char *result);

/* Hands has this message now; attempt: which one it is. */
bool release_at_work(const char *id, int64_t *attempt);

#endif
