/*
 * queue - files that wait to be looked at: settled, once each, fair per account
 *
 * Job:     see queue.h.
 * Touches: the heap.
 */
#include "queue.h"

#include <stdlib.h>
#include <string.h>

#include "xmem.h"

/* One account. Event entries in a heap by due time, background entries in a list. */
struct account {
	struct account *hash_next, *prev, *next;
	struct entry **heap;
	size_t count, room;
	struct entry *bg_first, *bg_last;
	size_t bg_count;
	mono_t flood; /* its last event while there are many at a time; .us 0: never */
	uint32_t uid;
};

#define ACCOUNT_SLOTS 4096
#define SPAN_SLOTS 1024

/* How many entries of an account were due at once since then. Two accounts may share a
 * slot: the count begins again then. */
struct span {
	mono_t since, burst_since;
	uint32_t uid, count, burst;
};

struct queue {
	int64_t settle_ms, settle_max_ms, uid_max;
	struct entry **slots;
	size_t slot_count, entries, bg_entries;
	struct account *by_uid[ACCOUNT_SLOTS];
	struct account *turn; /* whose turn is next; a ring */
	size_t accounts;
	struct span spans[SPAN_SLOTS];
};

static size_t
hash(const struct queue *q, uint64_t dev, uint64_t ino)
{
	uint64_t h = (ino ^ dev << 40) * 0x9e3779b97f4a7c15u;

	return (size_t)(h >> 32) & (q->slot_count - 1);
}

struct queue *
queue_new(int64_t settle_ms, int64_t settle_max_ms, int64_t uid_max)
{
	struct queue *q = xcalloc(1, sizeof *q);

	q->slot_count = 1024;
	q->slots = xcalloc(q->slot_count, sizeof *q->slots);
	queue_set(q, settle_ms, settle_max_ms, uid_max);
	return q;
}

void
queue_set(struct queue *q, int64_t settle_ms, int64_t settle_max_ms, int64_t uid_max)
{
	q->settle_ms = settle_ms;
	q->settle_max_ms = settle_max_ms;
	q->uid_max = uid_max;
}

static void
slots_grow(struct queue *q)
{
	struct entry **old = q->slots, *e, *next;
	size_t i, n = q->slot_count;

	q->slot_count = n * 2;
	q->slots = xcalloc(q->slot_count, sizeof *q->slots);
	for (i = 0; i < n; i++) {
		for (e = old[i]; e != NULL; e = next) {
			size_t h = hash(q, e->dev, e->ino);

			next = e->hash_next;
			e->hash_next = q->slots[h];
			q->slots[h] = e;
		}
	}
	free(old);
}

static void
hash_add(struct queue *q, struct entry *e)
{
	size_t h;

	if (q->entries >= q->slot_count)
		slots_grow(q);
	h = hash(q, e->dev, e->ino);
	e->hash_next = q->slots[h];
	q->slots[h] = e;
	q->entries++;
}

static void
hash_del(struct queue *q, struct entry *e)
{
	struct entry **p = &q->slots[hash(q, e->dev, e->ino)];

	while (*p != e)
		p = &(*p)->hash_next;
	*p = e->hash_next;
	q->entries--;
}

static struct entry *
hash_find(const struct queue *q, uint64_t dev, uint64_t ino)
{
	struct entry *e = q->slots[hash(q, dev, ino)];

	while (e != NULL && (e->ino != ino || e->dev != dev))
		e = e->hash_next;
	return e;
}

static struct account *
account_find(const struct queue *q, uint32_t uid)
{
	struct account *a = q->by_uid[uid % ACCOUNT_SLOTS];

	while (a != NULL && a->uid != uid)
		a = a->hash_next;
	return a;
}

/* The account's queue, made when it has none; a new one waits for a whole round. */
static struct account *
account_get(struct queue *q, uint32_t uid)
{
	struct account *a = account_find(q, uid);

	if (a != NULL)
		return a;
	a = xcalloc(1, sizeof *a);
	a->uid = uid;
	a->hash_next = q->by_uid[uid % ACCOUNT_SLOTS];
	q->by_uid[uid % ACCOUNT_SLOTS] = a;
	if (q->turn == NULL) {
		a->prev = a->next = q->turn = a;
	} else {
		a->next = q->turn;
		a->prev = q->turn->prev;
		a->prev->next = a;
		q->turn->prev = a;
	}
	q->accounts++;
	return a;
}

static void
account_drop_if_empty(struct queue *q, struct account *a)
{
	struct account **p = &q->by_uid[a->uid % ACCOUNT_SLOTS];

	if (a->count > 0 || a->bg_count > 0)
		return;
	while (*p != a)
		p = &(*p)->hash_next;
	*p = a->hash_next;
	if (q->turn == a)
		q->turn = a->next == a ? NULL : a->next;
	a->prev->next = a->next;
	a->next->prev = a->prev;
	q->accounts--;
	free(a->heap);
	free(a);
}

/* --- heap by due time --- */

static void
heap_set(struct account *a, size_t i, struct entry *e)
{
	a->heap[i] = e;
	e->at = i;
}

static void
heap_up(struct account *a, size_t i)
{
	struct entry *e = a->heap[i];

	while (i > 0 && a->heap[(i - 1) / 2]->due.us > e->due.us) {
		heap_set(a, i, a->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	heap_set(a, i, e);
}

static void
heap_down(struct account *a, size_t i)
{
	struct entry *e = a->heap[i];
	size_t c;

	while ((c = 2 * i + 1) < a->count) {
		if (c + 1 < a->count && a->heap[c + 1]->due.us < a->heap[c]->due.us)
			c++;
		if (a->heap[c]->due.us >= e->due.us)
			break;
		heap_set(a, i, a->heap[c]);
		i = c;
	}
	heap_set(a, i, e);
}

static void
heap_add(struct account *a, struct entry *e)
{
	if (a->count == a->room) {
		a->room = a->room == 0 ? 16 : a->room * 2;
		a->heap = xreallocarray(a->heap, a->room, sizeof(struct entry *));
	}
	a->count++;
	heap_set(a, a->count - 1, e);
	heap_up(a, a->count - 1);
}

static void
heap_del(struct account *a, size_t i)
{
	struct entry *last = a->heap[--a->count];

	if (i == a->count)
		return;
	heap_set(a, i, last);
	heap_up(a, i);
	heap_down(a, last->at);
}

static void
bg_add(struct queue *q, struct account *a, struct entry *e)
{
	e->next = NULL;
	e->prev = a->bg_last;
	if (a->bg_last != NULL)
		a->bg_last->next = e;
	else
		a->bg_first = e;
	a->bg_last = e;
	a->bg_count++;
	q->bg_entries++;
}

static void
bg_del(struct queue *q, struct account *a, struct entry *e)
{
	if (e->prev != NULL)
		e->prev->next = e->next;
	else
		a->bg_first = e->next;
	if (e->next != NULL)
		e->next->prev = e->prev;
	else
		a->bg_last = e->prev;
	a->bg_count--;
	q->bg_entries--;
}

static bool
is_event(const struct entry *e)
{
	return e->cause == CAUSE_EVENT;
}

/* Take an entry out of everything; the caller owns it then. */
static struct entry *
take(struct queue *q, struct account *a, struct entry *e)
{
	if (is_event(e))
		heap_del(a, e->at);
	else
		bg_del(q, a, e);
	hash_del(q, e);
	account_drop_if_empty(q, a);
	return e;
}

static void
insert(struct queue *q, struct entry *e)
{
	struct account *a = account_get(q, e->uid);

	hash_add(q, e);
	if (is_event(e))
		heap_add(a, e);
	else
		bg_add(q, a, e);
}

/* When it has settled. */
static mono_t
settled(const struct queue *q, const struct entry *e)
{
	mono_t rest = mono_after_ms(e->last, q->settle_ms);
	mono_t most = mono_after_ms(e->first, q->settle_max_ms);

	return rest.us < most.us ? rest : most;
}

static bool
floods(const struct queue *q, const struct account *a, mono_t now)
{
	return a->flood.us != 0 && mono_diff_us(now, a->flood) < q->settle_ms * 1000;
}

/*
 * Of what an account writes at a time the first QUEUE_AT_ONCE are due at once, of a burst
 * fewer. The rest of it, and what follows as long as it does not pause, is bulk work.
 */
static bool
may_at_once(struct queue *q, struct account *a, mono_t now)
{
	struct span *s = &q->spans[a->uid % SPAN_SLOTS];

	if (s->uid != a->uid || mono_diff_us(now, s->since) >= q->settle_ms * 1000)
		*s = (struct span){.since = now, .burst_since = now, .uid = a->uid};
	if (mono_diff_us(now, s->burst_since) >= QUEUE_BURST_MS * 1000) {
		s->burst_since = now;
		s->burst = 0;
	}
	if (++s->count <= QUEUE_AT_ONCE && ++s->burst <= QUEUE_BURST &&
	    !floods(q, a, now))
		return true;
	a->flood = now;
	return false;
}

/* It was seen now. */
static void
set_due(struct queue *q, struct entry *e, bool at_once, mono_t now)
{
	if (e->at_once)
		return;
	e->at_once =
	    at_once && is_event(e) && may_at_once(q, account_get(q, e->uid), now);
	e->due = e->at_once || !is_event(e) ? now : settled(q, e);
}

static size_t
bound(const struct queue *q)
{
	size_t share = QUEUE_ALL / (q->accounts + 1);

	if (share < QUEUE_UID_LEAST)
		share = QUEUE_UID_LEAST;
	return share < (size_t)q->uid_max ? share : (size_t)q->uid_max;
}

/*
 * When the account's next event entry is due. Bulk work is not looked into while it is
 * under way (its writer pays for it, on busy processors), but for what waited long
 * enough, or would soon not find room.
 */
static mono_t
next_due(const struct queue *q, const struct account *a)
{
	const struct entry *e = a->heap[0];
	mono_t rest = mono_after_ms(a->flood, q->settle_ms);
	mono_t most = mono_after_ms(e->first, q->settle_max_ms);

	if (a->flood.us == 0 || e->at_once || a->count > bound(q) / 2)
		return e->due;
	if (rest.us > most.us)
		rest = most;
	return rest.us > e->due.us ? rest : e->due;
}

static bool
has_room(const struct queue *q, const struct seen *s)
{
	const struct account *a = account_find(q, s->uid);

	if (a == NULL || (s->sure && s->cause != CAUSE_EVENT))
		return true;
	return s->cause == CAUSE_EVENT ? a->count < bound(q) : a->bg_count < QUEUE_BG_MAX;
}

/* Replace an entry by one whose name is the newest it was seen under. */
static struct entry *
renamed(const struct entry *e, const struct seen *s, uint32_t *dir_out)
{
	size_t n = strlen(s->name) + 1;
	struct entry *new = xcalloc(1, sizeof *new + n);

	memcpy(new, e, sizeof *new);
	memcpy(new->name, s->name, n);
	/* one reference comes with s, one was e->dir's, one e->dir_before's when it moved
	 */
	*dir_out = e->moved ? e->dir : UINT32_MAX;
	new->dir = s->dir;
	new->dir_before = e->dir_before;
	new->moved = true;
	return new;
}

enum queue_put
queue_put(struct queue *q, const struct seen *s, mono_t now, uint32_t *dir_out)
{
	struct entry *e = hash_find(q, s->dev, s->ino), *new;
	size_t n = strlen(s->name) + 1;

	*dir_out = UINT32_MAX;
	if (e == NULL) {
		if (!has_room(q, s))
			return QUEUE_FULL;
		e = xcalloc(1, sizeof *e + n);
		memcpy(e->name, s->name, n);
		e->dev = s->dev;
		e->ino = s->ino;
		e->uid = s->uid;
		e->dir = e->dir_before = s->dir;
		e->cause = (uint8_t)s->cause;
		e->ctime_us = s->ctime_us;
		e->first = e->last = now;
		set_due(q, e, s->at_once, now);
		insert(q, e);
		return QUEUE_NEW;
	}
	new = take(q, account_find(q, e->uid), e);
	if (e->dir != s->dir || strcmp(e->name, s->name) != 0) {
		new = renamed(e, s, dir_out);
		entry_free(e);
	} else {
		*dir_out = s->dir;
	}
	if (s->cause == CAUSE_EVENT && !is_event(new)) {
		new->cause = CAUSE_EVENT;
		new->first = now;
	}
	new->uid = s->uid; /* it may have been given away since */
	new->last = now;
	set_due(q, new, s->at_once, now);
	insert(q, new);
	return QUEUE_MERGED;
}

struct entry *
queue_next(struct queue *q, mono_t now, bool spare)
{
	struct account *a = q->turn;
	size_t i, n = q->accounts;

	for (i = 0; i < n; i++, a = a->next) {
		if (a->count > 0 && next_due(q, a).us <= now.us) {
			q->turn = a->next;
			return take(q, a, a->heap[0]);
		}
	}
	for (i = 0, a = q->turn; spare && q->bg_entries > 0 && i < n; i++, a = a->next) {
		if (a->bg_count > 0 && a->bg_first->due.us <= now.us) {
			q->turn = a->next;
			return take(q, a, a->bg_first);
		}
	}
	return NULL;
}

struct entry *
queue_next_uid(struct queue *q, uint32_t uid)
{
	struct account *a = account_find(q, uid);

	if (a == NULL)
		return NULL;
	/* the last of the heap is a leaf: among the newest, and cheap to take */
	return take(q, a, a->count > 0 ? a->heap[a->count - 1] : a->bg_first);
}

void
queue_back(struct queue *q, struct entry *take_e, mono_t now, int64_t delay_ms)
{
	take_e->due = mono_after_ms(now, delay_ms);
	take_e->at_once = false; /* what is seen next may bring it forward again */
	insert(q, take_e);
}

void
entry_free(struct entry *e)
{
	free(e);
}

bool
queue_due(const struct queue *q, mono_t *due_out)
{
	const struct account *a = q->turn;
	size_t i;
	bool found = false;

	for (i = 0; i < q->accounts; i++, a = a->next) {
		mono_t due = a->count > 0 ? next_due(q, a) : (mono_t){INT64_MAX};

		if (a->count == 0 || (found && due.us >= due_out->us))
			continue;
		*due_out = due;
		found = true;
	}
	return found;
}

size_t
queue_waiting(const struct queue *q)
{
	return q->entries;
}

size_t
queue_waiting_uid(const struct queue *q, uint32_t uid)
{
	const struct account *a = account_find(q, uid);

	return a == NULL ? 0 : a->count + a->bg_count;
}

size_t
queue_waiting_background(const struct queue *q)
{
	return q->bg_entries;
}

size_t
queue_room_background(const struct queue *q, uint32_t uid)
{
	const struct account *a = account_find(q, uid);
	size_t n = a == NULL ? 0 : a->bg_count;

	return n < QUEUE_BG_MAX ? QUEUE_BG_MAX - n : 0;
}

void
queue_free(struct queue **q)
{
	struct queue *p = *q;

	while (p != NULL && p->turn != NULL) {
		struct account *a = p->turn;

		entry_free(take(p, a, a->count > 0 ? a->heap[0] : a->bg_first));
	}
	if (p != NULL)
		free(p->slots);
	free(p);
	*q = NULL;
}
