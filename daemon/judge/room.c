/*
 * room - see room.h
 *
 * Job:     see room.h.
 * Touches: nothing but its list.
 */
#include "room.h"

#include <stddef.h>
#include <string.h>

#define BUCKETS 4096

static struct seat *oldest, *newest;

void
room_add(struct seat *s)
{
	s->older = newest;
	s->newer = NULL;
	if (newest == NULL)
		oldest = s;
	else
		newest->newer = s;
	newest = s;
}

void
room_take(struct seat *s)
{
	if (s->older == NULL)
		oldest = s->newer;
	else
		s->older->newer = s->newer;
	if (s->newer == NULL)
		newest = s->older;
	else
		s->newer->older = s->older;
}

uint64_t
room_of(uint32_t uid)
{
	uint64_t n = 0;

	for (const struct seat *s = oldest; s != NULL; s = s->newer)
		n += s->uid == uid && !s->refused;
	return n;
}

struct seat *
room_excess(uint32_t uid)
{
	struct seat *first = NULL;
	unsigned n = 0;

	for (struct seat *s = oldest; s != NULL; s = s->newer) {
		if (s->uid != uid || !s->refused)
			continue;
		n++;
		if (first == NULL && s->silent)
			first = s;
	}
	return n > ROOM_REFUSALS ? first : NULL;
}

struct seat *
room_victim(void)
{
	static uint32_t counts[BUCKETS];
	struct seat *other = NULL;
	uint32_t most = 0;

	memset(counts, 0, sizeof counts);
	for (const struct seat *s = oldest; s != NULL; s = s->newer)
		if (++counts[s->uid % BUCKETS] > counts[most])
			most = s->uid % BUCKETS;
	for (struct seat *s = oldest; s != NULL; s = s->newer) {
		if (s->uid % BUCKETS != most)
			continue;
		if (s->silent)
			return s;
		if (!s->busy)
			other = s;
	}
	return other;
}
