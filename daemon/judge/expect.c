/*
 * expect - messages that were judged and will be seen again
 *
 * Job:     see expect.h.
 * Touches: nothing but its table.
 */
#include "expect.h"

#include <string.h>

static struct slot {
	uint32_t uid;
	bool used;
	mono_t last;
	uint64_t messages[EXPECT_PLACES], rcpts[EXPECT_PLACES]; /* still to come */
} slots[EXPECT_UIDS];

#define PROBES 8

static struct slot *
find(uint32_t uid, bool make)
{
	uint32_t h = uid * 2654435761U;
	struct slot *oldest = NULL;
	size_t i;

	for (i = 0; i < PROBES; i++) {
		struct slot *s = &slots[(h + i) % EXPECT_UIDS];

		if (s->used && s->uid == uid)
			return s;
		if (oldest == NULL || (!s->used && oldest->used) ||
		    (s->used == oldest->used && s->last.us < oldest->last.us))
			oldest = s;
	}
	if (!make)
		return NULL;
	memset(oldest, 0, sizeof *oldest);
	oldest->uid = uid;
	oldest->used = true;
	return oldest;
}

static void
forget_old(struct slot *s, mono_t now)
{
	if (mono_diff_us(now, s->last) > (int64_t)EXPECT_S * 1000000)
		memset(s->messages, 0, sizeof s->messages);
}

static void
add(struct slot *s, enum expect_where where, uint64_t rcpts, mono_t now)
{
	forget_old(s, now);
	if (s->messages[where] == 0)
		s->rcpts[where] = 0;
	s->last = now;
	s->messages[where]++;
	s->rcpts[where] += rcpts;
}

void
expect_add(uint32_t uid, uint64_t rcpts, mono_t now)
{
	struct slot *s = find(uid, true);

	add(s, EXPECT_HOOK, rcpts, now);
	add(s, EXPECT_LOG, rcpts, now);
}

void
expect_log_only(uint32_t uid, uint64_t rcpts, mono_t now)
{
	add(find(uid, true), EXPECT_LOG, rcpts, now);
}

bool
expect_take(uint32_t uid, enum expect_where where, uint64_t rcpts, mono_t now)
{
	struct slot *s = find(uid, false);
	uint64_t room;

	if (s == NULL)
		return false;
	forget_old(s, now);
	room = s->rcpts[where];
	/* the log counts recipients after aliases and always_bcc */
	if (where == EXPECT_LOG)
		room += EXPECT_ALIASES;
	if (s->messages[where] == 0 || room < rcpts)
		return false;
	s->messages[where]--;
	s->rcpts[where] -= rcpts < s->rcpts[where] ? rcpts : s->rcpts[where];
	return true;
}
