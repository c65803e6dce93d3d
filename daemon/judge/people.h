/*
 * people - whom an account wrote to lately, in fixed memory
 *
 * Job:     say of a message's recipients who is due a message: an order's invoice, its
 *          shipping.
 * Touches: heap, for the table. Times are arguments: lived seconds.
 * Limits:  PEOPLE_MAX, 8 bytes each, as many places as it needs; of more the oldest is
 *          forgotten.
 */
#ifndef MAILBRAKE_PEOPLE_H
#define MAILBRAKE_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEOPLE_MAX 1024
#define BUYER_DAYS 3 /* over a weekend; what is written later is another visit */
#define BUYER_DUE 2  /* messages of a visit after its first: an invoice, the shipping */

struct person {
	uint32_t hash; /* keyed; 0: free */
	uint16_t day;  /* lived, of the visit's first message */
	uint8_t by;    /* keyed: the script that wrote it */
	uint8_t more;  /* messages of the visit after it */
};

struct people {
	struct person *all; /* room of them, in sets of 8 */
	uint32_t room, used;
};

/* Of one message, recipients. */
struct people_count {
	uint32_t due;  /* buyers who are due a message */
	uint32_t ours; /* of them, those that the same script met */
};

void people_look(const struct people *p, uint64_t salt, uint64_t script,
		 const uint64_t *hashes, size_t count, int64_t now_s,
		 struct people_count *out);

/* They were written to. */
void people_meet(struct people *p, uint64_t salt, uint64_t script, const uint64_t *hashes,
		 size_t count, int64_t now_s);

/* For a record that is read: places for room people; false: no such table. */
bool people_room(struct people *p, uint32_t room);

void people_free(struct people *p);

#endif
