/*
 * expect - messages that were judged and will be seen again
 *
 * Job:     see expect.h.
 * Touches: nothing but its table.
 */
#include "expect.h"

#include <string.h>

#include "text.h"

static struct slot {
	uint32_t uid;
	bool used;
	mono_t last;
	uint64_t messages[EXPECT_PLACES], rcpts[EXPECT_PLACES]; /* still to come */
	/* messages to own domains, still to come, by their number of recipients less 1 */
	uint64_t own[EXPECT_PLACES][EXPECT_OWN_RCPTS];
	uint64_t counted; /* recipients judged, not yet delivered */
	mono_t unproven_since;
	/* recipients of own ones that the hook let in, not yet delivered to own domains
	 */
	uint64_t unproven;
	char script[EXPECT_SCRIPT]; /* that sent the last own one, by its claim */
} slots[EXPECT_UIDS];

static uint64_t own_max = 5;
static bool log_tells = true;

enum told { UNTOLD, TOLD_OWN, TOLD_OTHERS };

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
	if (log_tells &&
	    mono_diff_us(now, s->unproven_since) > (int64_t)EXPECT_OWN_S * 1000000)
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
expect_own_max(uint64_t rcpts)
{
	own_max = rcpts;
}

void
expect_log_tells(bool tells)
{
	log_tells = tells;
}

void
expect_add_own(uint32_t uid, uint64_t rcpts, const char *script, mono_t now)
{
	struct slot *s = find(uid, true);

	if (rcpts == 0 || rcpts > EXPECT_OWN_RCPTS)
		return;
	forget_old(s, now);
	s->last = now;
	s->own[EXPECT_HOOK][rcpts - 1]++;
	s->own[EXPECT_LOG][rcpts - 1]++;
	if (!text_copy(s->script, sizeof s->script, script))
		s->script[0] = '\0';
}

const char *
expect_own_script(uint32_t uid)
{
	const struct slot *s = find(uid, false);

	return s == NULL ? "" : s->script;
}

void
expect_drop(uint32_t uid)
{
	struct slot *s = find(uid, false);

	if (s == NULL)
		return;
	memset(s->messages, 0, sizeof s->messages);
	memset(s->own, 0, sizeof s->own);
}

void
expect_add(uint32_t uid, uint64_t rcpts, mono_t now)
{
	struct slot *s = find(uid, true);

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

/*
 * A message to own domains passed for nothing, and so may one that only says so, of as
 * many recipients. The hook's are few until the log told where they went; the log comes
 * too late to hold anything, and counts what aliases added.
 */
static uint64_t
take_own(struct slot *s, enum expect_where where, uint64_t rcpts, enum told told,
	 mono_t now)
{
	uint64_t more = where == EXPECT_LOG ? EXPECT_ALIASES : 0;
	uint64_t n = rcpts < EXPECT_OWN_RCPTS ? rcpts : EXPECT_OWN_RCPTS;

	if (told == TOLD_OTHERS)
		return 0;
	if (where == EXPECT_HOOK && told == UNTOLD && s->unproven + rcpts > own_max)
		return 0;
	while (n > 0 && (s->own[where][n - 1] == 0 || n + more < rcpts))
		n--;
	if (n == 0)
		return 0;
	if (where == EXPECT_HOOK && told == UNTOLD) {
		if (s->unproven == 0)
			s->unproven_since = now;
		s->unproven += rcpts;
	}
	s->own[where][n - 1]--;
	return n;
}

static enum expect_ticket
take(uint32_t uid, enum expect_where where, uint64_t rcpts, enum told told,
     uint64_t *own_out, mono_t now)
{
	struct slot *s = find(uid, false);
	/* the log counts recipients after aliases and always_bcc */
	uint64_t more = where == EXPECT_LOG ? EXPECT_ALIASES : 0;

	*own_out = 1; /* what came with another's ticket may be the owner's own */
	if (s == NULL)
		return EXPECT_NOT;
	forget_old(s, now);
	if (s->messages[where] == 0 || s->rcpts[where] + more < rcpts) {
		*own_out = take_own(s, where, rcpts, told, now);
		return *own_out > 0 ? EXPECT_OWN : EXPECT_NOT;
	}
	s->messages[where]--;
	s->rcpts[where] -= rcpts < s->rcpts[where] ? rcpts : s->rcpts[where];
	return EXPECT_COUNTED;
}

enum expect_ticket
expect_take(uint32_t uid, enum expect_where where, uint64_t rcpts, uint64_t *own_out,
	    mono_t now)
{
	return take(uid, where, rcpts, UNTOLD, own_out, now);
}

enum expect_ticket
expect_take_told(uint32_t uid, uint64_t rcpts, bool own, mono_t now)
{
	uint64_t ignored;

	return take(uid, EXPECT_HOOK, rcpts, own ? TOLD_OWN : TOLD_OTHERS, &ignored, now);
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

bool
expect_forwarded(uint32_t uid)
{
	struct slot *s = find(uid, false);

	if (s == NULL || s->counted == 0)
		return true;
	s->counted--;
	return false;
}
