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
	uint64_t own[EXPECT_PLACES]; /* messages to own domains, still to come */
	uint64_t counted;            /* recipients judged, not yet delivered */
	mono_t unproven_since;
	unsigned
	    unproven; /* own ones the hook let in, not yet delivered to own domains */
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
	if (mono_diff_us(now, s->last) > (int64_t)EXPECT_S * 1000000) {
		memset(s->messages, 0, sizeof s->messages);
		memset(s->own, 0, sizeof s->own);
	}
	if (mono_diff_us(now, s->unproven_since) > (int64_t)EXPECT_OWN_S * 1000000)
		s->unproven = 0;
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
expect_add(uint32_t uid, uint64_t rcpts, bool own, mono_t now)
{
	struct slot *s = find(uid, true);

	if (own) {
		forget_old(s, now);
		s->last = now;
		s->own[EXPECT_HOOK]++;
		s->own[EXPECT_LOG]++;
		return;
	}
	add(s, EXPECT_HOOK, rcpts, now);
	add(s, EXPECT_LOG, rcpts, now);
	s->counted += rcpts;
}

void
expect_log_only(uint32_t uid, uint64_t rcpts, mono_t now)
{
	struct slot *s = find(uid, true);

	add(s, EXPECT_LOG, rcpts, now);
	s->counted += rcpts;
}

/* A message to own domains passed for nothing, and so may one that only says so: as
 * many as the log may be behind. */
static bool
take_own(struct slot *s, enum expect_where where, uint64_t rcpts, uint64_t more,
	 mono_t now)
{
	if (s->own[where] == 0 || rcpts > EXPECT_OWN_RCPTS + more)
		return false;
	if (where == EXPECT_HOOK) {
		if (s->unproven >= EXPECT_OWN_HOOK)
			return false;
		if (s->unproven++ == 0)
			s->unproven_since = now;
	}
	s->own[where]--;
	return true;
}

enum expect_ticket
expect_take(uint32_t uid, enum expect_where where, uint64_t rcpts, mono_t now)
{
	struct slot *s = find(uid, false);
	/* the log counts recipients after aliases and always_bcc */
	uint64_t more = where == EXPECT_LOG ? EXPECT_ALIASES : 0;

	if (s == NULL)
		return EXPECT_NOT;
	forget_old(s, now);
	if (s->messages[where] == 0 || s->rcpts[where] + more < rcpts)
		return take_own(s, where, rcpts, more, now) ? EXPECT_OWN : EXPECT_NOT;
	s->messages[where]--;
	s->rcpts[where] -= rcpts < s->rcpts[where] ? rcpts : s->rcpts[where];
	return EXPECT_COUNTED;
}

bool
expect_delivered(uint32_t uid, enum expect_ticket ticket, bool to_own)
{
	struct slot *s = find(uid, false);

	if (to_own) {
		if (s != NULL && ticket == EXPECT_OWN && s->unproven > 0)
			s->unproven--;
		return false;
	}
	if (s != NULL && s->counted > 0) {
		s->counted--;
		return false;
	}
	return ticket == EXPECT_OWN;
}
