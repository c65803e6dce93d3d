/*
 * direct - who connects straight to remote mail ports, past the MTA
 *
 * Job:     see direct.h.
 * Touches: the link to hands.
 */
#include "direct.h"

#include <stdlib.h>
#include <string.h>

#include "alert.h"
#include "hub.h"
#include "log.h"
#include "loop.h"
#include "subuid.h"
#include "text.h"

#define FIRST_MS 3000
#define ABSENT_ROUNDS 10 /* without the set, only each so many minutes */
#define TELL_MIN 5       /* connections of an account that are told */

static struct entry {
	uint32_t uid;
	bool told;
	uint64_t connections;
} * entries;
static struct direct_counts count = {.why = "not asked yet"};
static char why[200];
static uint64_t asked;
static unsigned rounds_left;

static struct entry *
find(uint32_t uid)
{
	uint64_t i;

	for (i = 0; entries != NULL && i < count.uids; i++)
		if (entries[i].uid == uid)
			return &entries[i];
	return NULL;
}

uint64_t
direct_of(uint32_t uid)
{
	const struct entry *x = find(uid);

	return x == NULL ? 0 : x->connections;
}

struct direct_counts
direct_counts(void)
{
	return count;
}

void
direct_minute(void)
{
	struct m_direct m = {.asked = asked + 1};
	struct err e;

	if (rounds_left > 0) {
		rounds_left--;
		return;
	}
	if (m_direct_put(wire_out(), &m, &e) == 0 &&
	    wire_send(&hub.hands, wire_out(), &e) == 0)
		asked++;
}

static void
ask(void *arg)
{
	(void)arg;
	direct_minute();
}

void
direct_init(void)
{
	(void)loop_once(FIRST_MS, ask, NULL);
}

/* "UID PACKETS"; several uids may be one account's */
static void
take(struct entry *to, const char *row, uint64_t *uids)
{
	char word[24];
	const char *space = strchr(row, ' ');
	uint32_t account;
	int64_t uid, n;
	uint64_t i;

	if (space == NULL || (size_t)(space - row) >= sizeof word)
		return;
	memcpy(word, row, (size_t)(space - row));
	word[space - row] = '\0';
	if (!text_to_i64(word, 0, UINT32_MAX - 1, &uid) ||
	    !text_to_i64(space + 1, 0, INT64_MAX, &n))
		return;
	account = subuid_account((uint32_t)uid);
	for (i = 0; i < *uids && to[i].uid != account; i++)
		;
	if (i == *uids)
		to[(*uids)++] = (struct entry){.uid = account};
	to[i].connections += (uint64_t)n;
}

/* All of its uids are added up: is it told, or was it before? */
static void
tell(struct entry *x)
{
	const struct entry *was = find(x->uid);

	x->told = was != NULL && was->told && was->connections <= x->connections;
	if (!x->told && x->connections >= TELL_MIN) {
		x->told = true;
		log_info("direct uid=%u connections=%llu", (unsigned)x->uid,
			 (unsigned long long)x->connections);
		alert_degraded("direct-smtp",
			       "Account %s (uid %u) connects straight to remote mail "
			       "servers, past every check: %llu connections. "
			       "contrib/nftables can refuse them.",
			       hub_login(x->uid), (unsigned)x->uid,
			       (unsigned long long)x->connections);
	}
}

void
direct_tries(struct msg *m)
{
	static struct entry fresh[DIRECT_UIDS];
	static struct entry kept[DIRECT_UIDS];
	struct m_tries t;
	struct strings s;
	const char *row;
	uint64_t uids = 0, i;
	struct err e;

	if (m_tries_get(m, &t, &e) != 0 || t.asked != asked)
		return;
	if (t.ok == 0) {
		(void)text_safe(why, sizeof why, t.text);
		count = (struct direct_counts){.why = why};
		rounds_left = ABSENT_ROUNDS - 1;
		return;
	}
	s = strings_of(t.tries, t.tries_len);
	while (uids < DIRECT_UIDS && (row = strings_next(&s)) != NULL)
		take(fresh, row, &uids);
	for (i = 0; i < uids; i++)
		tell(&fresh[i]);
	memcpy(kept, fresh, sizeof kept);
	entries = kept;
	count =
	    (struct direct_counts){.known = true, .uids = uids, .left_out = t.left_out};
	while (strings_next(&s) != NULL)
		count.left_out++;
	for (i = 0; i < uids; i++)
		count.connections += kept[i].connections;
}
