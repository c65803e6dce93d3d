/*
 * mailq_int - what the files of mailq share
 *
 * Job:     the table of queued messages, and the calls between mailq*.c.
 * Touches: nothing by itself.
 */
#ifndef MAILBRAKE_MAILQ_INT_H
#define MAILBRAKE_MAILQ_INT_H

#include "mailq.h"

#include "store.h"

#define MAILQ_OWNERS 65536 /* accounts whose numbers are this far apart share a bound */
#define MAILQ_NONE UINT32_MAX
#define MAILQ_RETRY_MS 500 /* doubled each time */

enum mailq_is { MAILQ_MOVING, MAILQ_FROZEN };
enum mailq_wish { MAILQ_MOVE, MAILQ_FREEZE, MAILQ_DROP };

struct mailq_node {
	char id[MAILQ_ID];
	uint32_t uid, rcpts, next;
	uint32_t older, newer; /* in its owner's list */
	wall_t t;
	mono_t due;         /* not asked again before */
	uint8_t is, want;   /* enum mailq_is, enum mailq_wish */
	uint8_t tries, req; /* req: 1 + the request it is in, 0: none */
	uint8_t ticket;     /* enum expect_ticket */
	uint8_t forwards;   /* own recipients that nothing went on from yet */
	bool used, ours;    /* ours: it has a row; told by the hook or frozen by us;
			     * changed by mailq_set_ours */
	bool kept;          /* its account's hold ended by time: only an admin thaws it */
	bool sent_on;       /* for a .forward or an alias, under an id of its own */
	bool hooked; /* the MTA's hook was told to hold it: its line comes after a thaw */
};

struct mailq_owner {
	uint32_t oldest, newest, count;
};

struct mailq {
	struct mailq_node *nodes;      /* MAILQ_MAX, made when first needed */
	struct mailq_owner *owners[2]; /* MAILQ_OWNERS each: of what is not ours, is */
	uint32_t ours_count;
	bool rows_only; /* there may be rows of frozen mail that have no node */
	struct mailq_counts count;
};

extern struct mailq mailq;

/* --- mailq_table.c */
struct mailq_node *mailq_find(const char *id);
/* It is not yet as it shall be. */
bool mailq_differs(const struct mailq_node *n);
void mailq_set(struct mailq_node *n, enum mailq_is is, enum mailq_wish want);
void mailq_set_ours(struct mailq_node *n, bool ours);
/* Forget n; its row stays as it is. */
void mailq_unlink(struct mailq_node *n);
uint32_t mailq_ours_of(uint32_t uid);

/* --- mailq_rows.c: what we freeze is held mail, and a restart must know of it */
const char *mailq_row_state(const struct mailq_node *n);
void mailq_put_row_as(const struct mailq_node *n, const char *state, const char *result);
void mailq_put_row(const struct mailq_node *n);
void mailq_set_row(const char *id, const char *state, const char *why);
/* It is frozen, and what that means. */
void mailq_row_frozen(const struct mailq_node *n);
/* A node for a row, at the cost of another of its owner. */
void mailq_load_row(const char *id);
/* Where there is place without forgetting what is frozen; for store_held_each. */
bool mailq_load_if_place(void *arg, const struct store_held *v);

/* --- mailq.c: a message of a held account was thawed or is gone from the queue, by whom
 * soever: its hold may end when that was the last. */
void mailq_reviewed(uint32_t uid);

/* --- mailq_ask.c: hands is asked, and answers */
/* Tell who waits for a discard of it: as release_fn. */
void mailq_tell(const char *id, const char *state, const char *why);
/* A little later, so that what comes together is asked for together. */
void mailq_soon(void);

/* --- mailq.c: wishes */
void mailq_want(struct mailq_node *n, enum mailq_wish w);
void mailq_let_move(struct mailq_node *n);

#endif
