/*
 * people - whom an account wrote to lately, in fixed memory
 *
 * Job:     see people.h.
 * Touches: heap.
 */
#include "people.h"

#include <stdlib.h>
#include <string.h>

#include "place_hash.h"
#include "xmem.h"

#define SET 8U    /* places where one may be */
#define LEAST 64U /* a table begins with */

static uint16_t
day_of(int64_t now_s)
{
	return (uint16_t)(now_s / 86400);
}

static unsigned
days_since(const struct person *x, int64_t now_s)
{
	return (uint16_t)(day_of(now_s) - x->day);
}

static struct person *
set_of(const struct people *p, uint32_t hash)
{
	return p->all + (hash & (p->room / SET - 1)) * SET;
}

/* Nobody remembers him any more. */
static bool
gone(const struct person *x, int64_t now_s)
{
	return days_since(x, now_s) > BUYER_DAYS;
}

static struct person *
find(const struct people *p, uint32_t hash, int64_t now_s)
{
	struct person *set = p->room == 0 ? NULL : set_of(p, hash);

	for (unsigned i = 0; set != NULL && i < SET; i++)
		if (set[i].hash == hash)
			return gone(&set[i], now_s) ? NULL : &set[i];
	return NULL;
}

void
people_look(const struct people *p, uint64_t salt, uint64_t script,
	    const uint64_t *hashes, size_t count, int64_t now_s, struct people_count *out)
{
	uint8_t by = (uint8_t)place_hash(salt, script);

	*out = (struct people_count){0};
	for (size_t i = 0; i < count; i++) {
		const struct person *x = find(p, place_hash(salt, hashes[i]), now_s);

		if (x == NULL || x->more >= BUYER_DUE)
			continue;
		out->due++;
		out->ours += x->by == by;
	}
}

bool
people_room(struct people *p, uint32_t room)
{
	if (room != 0 && room != LEAST && room != LEAST * 4 && room != PEOPLE_MAX)
		return false;
	free(p->all);
	*p = (struct people){.room = room};
	if (room > 0)
		p->all = xcalloc(room, sizeof(*p->all));
	return true;
}

void
people_free(struct people *p)
{
	free(p->all);
	*p = (struct people){0};
}

/* A place in its set: free, or of somebody forgotten; else, in a table that is hardly
 * used, of who was met first. NULL: the table is full. */
static struct person *
place(struct people *p, uint32_t hash, int64_t now_s)
{
	struct person *set = set_of(p, hash), *oldest = set;

	for (unsigned i = 0; i < SET; i++) {
		if (set[i].hash == hash)
			return &set[i];
		if (set[i].hash == 0) {
			p->used++;
			return &set[i];
		}
		if (days_since(&set[i], now_s) > days_since(oldest, now_s))
			oldest = &set[i];
	}
	if (gone(oldest, now_s) || p->used < p->room / 2)
		return oldest;
	return p->room == PEOPLE_MAX ? oldest : NULL;
}

static void
widen(struct people *p, int64_t now_s)
{
	struct people old = *p;

	p->all = NULL;
	(void)people_room(p, old.room == 0 ? LEAST : old.room * 4);
	for (uint32_t i = 0; i < old.room; i++) {
		const struct person *x = &old.all[i];
		struct person *to = NULL;

		if (x->hash != 0 && !gone(x, now_s))
			to = place(p, x->hash, now_s);
		if (to != NULL)
			*to = *x;
	}
	free(old.all);
}

static void
meet_one(struct people *p, uint32_t hash, uint8_t by, int64_t now_s)
{
	struct person *x = find(p, hash, now_s);

	if (x != NULL) {
		x->more = (uint8_t)(x->more + (x->more < UINT8_MAX));
		return;
	}
	while ((x = p->room == 0 ? NULL : place(p, hash, now_s)) == NULL)
		widen(p, now_s);
	*x = (struct person){hash, day_of(now_s), by, 0};
}

void
people_meet(struct people *p, uint64_t salt, uint64_t script, const uint64_t *hashes,
	    size_t count, int64_t now_s)
{
	uint8_t by = (uint8_t)place_hash(salt, script);

	for (size_t i = 0; i < count; i++)
		meet_one(p, place_hash(salt, hashes[i]), by, now_s);
}
