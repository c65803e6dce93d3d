/*
 * room - whose connection makes place when there are too many
 *
 * Job:     keep the wrappers' connections in the order they came, and say which of them
 *          goes: of one account beyond its share the oldest that says nothing, of all of
 *          them one of the account that has the most. A quiet account's newcomer stays.
 * Touches: nothing but its list.
 */
#ifndef MAILBRAKE_ROOM_H
#define MAILBRAKE_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#define ROOM_REFUSALS 8 /* of one account beyond its share: told, when they speak */

struct seat {
	struct seat *older, *newer;
	uint32_t uid;
	bool silent;  /* it said nothing yet */
	bool refused; /* beyond its account's share */
	bool busy;    /* its message is being written: not to be ended */
	void *who;
};

/* The newest. */
void room_add(struct seat *s);
void room_take(struct seat *s);

/* Those of uid that are not refused. */
uint64_t room_of(uint32_t uid);

/* More than ROOM_REFUSALS of uid are refused: the oldest silent one; NULL: none is to
 * go. */
struct seat *room_excess(uint32_t uid);

/*
 * There are too many: the oldest silent one of the account that has the most (accounts
 * whose numbers share a bucket are as one), else its newest that is not busy; NULL: all
 * of its are.
 */
struct seat *room_victim(void);

#endif
