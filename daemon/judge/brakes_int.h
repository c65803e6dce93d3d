/*
 * brakes_int - what the files of brakes share
 *
 * Job:     the desk of each provider, and the calls between brakes_*.c.
 * Touches: nothing by itself.
 */
#ifndef MAILBRAKE_BRAKES_INT_H
#define MAILBRAKE_BRAKES_INT_H

#include <stdio.h>

#include "brakes.h"

#define BRAKES_LIST_BYTES 60000

struct brake_desk {
	struct brake brake;
	struct brake_sample sample[BRAKES_SAMPLES];
	unsigned samples; /* ever; the ring's place is samples % BRAKES_SAMPLES */
	uint64_t waiting;
};

struct brakes {
	const struct provider_table *table; /* NULL: none */
	struct brake_desk desk[PROVIDER_MAX];
	struct brakes_counts count;
	uint64_t pushed;   /* the newest list's number */
	mono_t retry_at;   /* a list that failed is told again then */
	bool list_changed; /* what the MTA has is not what it should have */
	bool any;          /* one is not clear */
	bool keep_changed; /* a domain was learnt that must be held after a restart */
};

extern struct brakes brakes;

/* --- brakes_wait.c: one recipient of a message that waits for a braked provider */
void brakes_wait_init(void);
/* This message waits now. */
void brakes_wait_for(const struct m_outcome *o, int provider, int64_t uid);
/* It was tried; kind: enum mt_kind. */
void brakes_wait_tried(const struct m_outcome *o);
/* Choose up to n that wait, the oldest of the clean accounts first; how many it chose. */
unsigned brakes_wait_let_out(int provider, unsigned n);
/* Those whose time has come are delivered; those of whom nothing was heard wait again. */
void brakes_wait_force_due(void);
/* All are clear: the MTA's own queue runs take what waits. */
void brakes_wait_forget_all(void);
/* Add "!recipient" of each that is let out; false: it does not fit. */
bool brakes_wait_put(char *buf, size_t size, size_t *len);

/* --- brakes_list.c: the domains that are held */
void brakes_list_init(void);
/* Tell hands the whole list, now. */
void brakes_push(void);
/* A domain that no table names, but whose mail went to the provider's MX. */
void brakes_list_learn(const char *domain, int provider);
/* Those domains of a provider, one line each, as brakes_restore reads them. */
void brakes_list_write(FILE *f, int provider);
/* The provider of a message that was never tried because it is held; -1: none. */
int brakes_list_provider(const char *domain);

/* This message went by the smarthost: it says nothing of the provider. */
bool brakes_by_smarthost(const struct m_outcome *o);

/* --- brakes_keep.c: over a restart */
void brakes_keep(void);
void brakes_restore(void);

/* --- brakes_seen.c */
void brakes_seen_sample(const struct m_outcome *o, const struct provider_verdict *v,
			int64_t uid);
void brakes_seen_unknown(const struct m_outcome *o, const struct provider_verdict *v);

#endif
