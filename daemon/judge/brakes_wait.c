/*
 * brakes_wait - the mail that waits behind a brake
 *
 * Job:     which recipients wait, who goes first, and letting them out.
 * Touches: the link to hands, the engine by reading.
 */
#include "brakes_int.h"

#include <stdio.h>
#include <string.h>

#include "hub.h"
#include "log.h"
#include "loop.h"
#include "mt_event.h"
#include "text.h"
#include "xmem.h"

#define POSTFIX_LAG_MS 3000 /* hands compiles the map and reloads: well below this */
#define LET_OUT_MS 180000   /* let out, but no outcome came: it waits again */
#define NONE UINT32_MAX
#define BUCKETS 4096

/* One recipient of a message that waits for a braked provider. */
struct waiting {
	char id[32], rcpt[160];
	int provider;
	int64_t uid;
	bool used, let_out, forced;
	mono_t due; /* when it may be forced, then: when it was */
	uint32_t next;
};

static struct waiting *list;
static uint32_t head[BUCKETS], hand;

static uint32_t
bucket(const char *id)
{
	return (uint32_t)(text_hash(id, strlen(id)) >> 32) % BUCKETS;
}

static void
forget(struct waiting *w)
{
	uint32_t *at = &head[bucket(w->id)], me = (uint32_t)(w - list);

	while (*at != me)
		at = &list[*at].next;
	*at = w->next;
	w->used = false;
	brakes.list_changed |= w->let_out;
	w->let_out = false;
	brakes.desk[w->provider].waiting--;
	brakes.count.waiting--;
}

static struct waiting *
find(const char *id, const char *rcpt)
{
	for (uint32_t i = head[bucket(id)]; i != NONE; i = list[i].next)
		if (strcmp(list[i].id, id) == 0 && strcmp(list[i].rcpt, rcpt) == 0)
			return &list[i];
	return NULL;
}

void
brakes_wait_for(const struct m_outcome *o, int provider, int64_t uid)
{
	struct waiting *w;

	if (strlen(o->queue_id) >= sizeof(w->id) || strlen(o->rcpt) >= sizeof(w->rcpt) ||
	    find(o->queue_id, o->rcpt) != NULL)
		return;
	/* who is on the way keeps his place */
	for (uint32_t k = 0; k < BRAKES_WAITING && list[hand].let_out; k++)
		hand = (hand + 1) % BRAKES_WAITING;
	w = &list[hand];
	if (w->used) {
		brakes.count.untracked++;
		if (w->let_out)
			return;
		forget(w); /* the oldest: it goes when the brake is lifted */
	}
	hand = (hand + 1) % BRAKES_WAITING;
	memset(w, 0, sizeof(*w));
	(void)text_copy(w->id, sizeof(w->id), o->queue_id);
	(void)text_copy(w->rcpt, sizeof(w->rcpt), o->rcpt);
	w->provider = provider;
	w->uid = uid;
	w->used = true;
	w->next = head[bucket(w->id)];
	head[bucket(w->id)] = (uint32_t)(w - list);
	brakes.desk[provider].waiting++;
	brakes.count.waiting++;
}

void
brakes_gone(const char *queue_id)
{
	uint32_t i, next;

	if (list == NULL)
		return;
	for (i = head[bucket(queue_id)]; i != NONE; i = next) {
		next = list[i].next;
		if (strcmp(list[i].id, queue_id) == 0)
			forget(&list[i]);
	}
}

/* 0 goes first, 1 last; -1: not at all (its account is held). */
static int
rank(int64_t uid)
{
	static struct explanation x;
	static struct {
		int64_t uid;
		mono_t at;
		int rank;
	} cache[256];
	unsigned i = (unsigned)(uid & 255);

	if (uid < 0)
		return 1;
	if (cache[i].uid == uid && cache[i].at.us != 0 &&
	    mono_diff_us(loop_now(), cache[i].at) < 1000000)
		return cache[i].rank;
	cache[i].uid = uid;
	cache[i].at = loop_now();
	cache[i].rank = !engine_explain(hub.engine, (uint32_t)uid, &x) ? 0
			: x.state == ACCT_HELD                         ? -1
			: x.state == ACCT_CLEAR                        ? 0
								       : 1;
	return cache[i].rank;
}

unsigned
brakes_wait_let_out(int provider, unsigned n)
{
	bool postfix = strcmp(hub.ears.mta, "postfix") == 0;
	unsigned done = 0;

	for (int want = 0; want <= 1 && done < n; want++)
		for (uint32_t k = 0; k < BRAKES_WAITING && done < n; k++) {
			struct waiting *w = &list[(hand + k) % BRAKES_WAITING];

			if (!w->used || w->let_out || w->provider != provider ||
			    rank(w->uid) != want)
				continue;
			w->let_out = true;
			w->forced = false;
			w->due = mono_after_ms(loop_now(), postfix ? POSTFIX_LAG_MS : 0);
			brakes.list_changed |= postfix;
			done++;
		}
	return done;
}

static void
send_force(const char *ids, size_t len)
{
	struct m_queue m = {.asked = hub_asked(ASKED_BRAKE),
			    .verb = QUEUE_FORCE,
			    .uid = 0,
			    .ids = ids,
			    .ids_len = len};
	struct err e;

	if (len == 0)
		return;
	if (m_queue_put(wire_out(), &m, &e) != 0 ||
	    wire_send(&hub.hands, wire_out(), &e) != 0) {
		brakes.count.failed++;
		log_warn_rate("force", 60, "force_not_told error=\"%s\"", e.text);
	}
}

void
brakes_wait_force_due(void)
{
	static char ids[BRAKES_LIST_BYTES];
	size_t len = 0;

	for (uint32_t i = 0; i < BRAKES_WAITING; i++) {
		struct waiting *w = &list[i];

		if (!w->used || !w->let_out || mono_diff_us(loop_now(), w->due) < 0)
			continue;
		if (!w->forced && strings_add(ids, sizeof(ids), &len, w->id)) {
			w->forced = true;
			w->due = mono_after_ms(loop_now(), LET_OUT_MS);
			brakes.count.forced++;
		} else if (w->forced) {
			w->let_out = w->forced = false;
			brakes.list_changed = true;
		}
	}
	send_force(ids, len);
}

void
brakes_wait_tried(const struct m_outcome *o)
{
	struct waiting *w = find(o->queue_id, o->rcpt);

	if (w != NULL && o->kind != MT_DEFER)
		forget(w);
	else if (w != NULL)
		w->let_out = w->forced = false;
}

bool
brakes_wait_put(char *buf, size_t size, size_t *len)
{
	char pass[200];
	bool fits = true;

	for (uint32_t i = 0; brakes.count.waiting > 0 && i < BRAKES_WAITING; i++)
		if (list[i].used && list[i].let_out) {
			snprintf(pass, sizeof(pass), "!%s", list[i].rcpt);
			fits &= strings_add(buf, size, len, pass);
		}
	return fits;
}

void
brakes_wait_forget_all(void)
{
	for (uint32_t i = 0; brakes.count.waiting > 0 && i < BRAKES_WAITING; i++)
		if (list[i].used)
			forget(&list[i]);
}

void
brakes_wait_init(void)
{
	list = xcalloc(BRAKES_WAITING, sizeof(*list));
	for (unsigned i = 0; i < BUCKETS; i++)
		head[i] = NONE;
}
