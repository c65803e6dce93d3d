/*
 * brakes - every provider's brake, and the mail that waits behind it
 *
 * Job:     outcomes -> provider.c's events; what provider.c says -> the list of braked
 *          domains and the messages that are let out, through hands; refusals that no
 *          row knows are collected.
 * Touches: the link to hands, the store (decisions, one value), the engine by reading.
 * Limits:  BRAKES_WAITING messages are known by id: beyond it they are let out only when
 *          the brake is lifted (counted). BRAKES_LEARNED domains seen at a provider's
 *          MX.
 */
#ifndef MAILBRAKE_BRAKES_H
#define MAILBRAKE_BRAKES_H

#include "msg.h"
#include "provider.h"
#include "provider_table.h"

#define BRAKES_WAITING 20000
#define BRAKES_LEARNED 4000
#define BRAKES_SAMPLES 8
#define BRAKES_UNKNOWN 64

struct brake_sample {
	wall_t t;
	int64_t uid;
	int code;
	enum reply_scope scope;
	char row[48], text[320]; /* text: safe */
	char domain[128];        /* of the envelope sender, "" none */
};

struct brake_unknown {
	char provider[48], text[320]; /* text: as the rows are matched against it */
	int code;
	uint64_t count;
	wall_t first, last;
};

struct brakes_counts {
	uint64_t waiting, untracked, pushes, forced, failed;
	unsigned
	    failing; /* lists in a row that the MTA did not take; 0: it has the last */
};

/* t: borrowed for good; NULL: no table, nothing is ever braked. Restores what was braked
 * before this start and tells the MTA again. */
void brakes_init(const struct provider_table *t);
/* Time goes on: once a minute, and by itself once a second while that is needed. */
void brakes_tick(void);
/* Once a round. */
void brakes_round(void);

/* The settings changed: tell the MTA again, even if that is an empty list. */
void brakes_conf_changed(void);

/* One delivery event; v: its classification. Our own deferrals come here as well. */
void brakes_outcome(const struct m_outcome *o, const struct provider_verdict *v,
		    int64_t uid);
/* A message left the queue. */
void brakes_gone(const char *queue_id);
/* DONE of hands for a list or a delivery. */
void brakes_done(uint64_t asked, bool ok, const char *text);

/* For the rows of mailbrake(1). */
const struct provider_table *brakes_table(void);
const struct brake *brakes_of(int provider);
uint64_t brakes_waiting(int provider);
/* Its mail goes by the smarthost now. */
bool brakes_relayed(int provider);
unsigned brakes_samples(int provider, const struct brake_sample **out);
unsigned brakes_unknown(const struct brake_unknown **out);
struct brakes_counts brakes_counts(void);

/* An admin's word: BRAKE_HOLD or BRAKE_LIFT. true: it changed something. */
bool brakes_word(int provider, enum brake_event word, const char *who);

#endif
