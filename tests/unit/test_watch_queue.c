/*
 * test_watch_queue - settling, turns, bounds and places of the queue of files
 *
 * Job:     unit test of daemon/watch/queue.c, dirs.c, handles.c: pure modules, time
 *          given.
 * Touches: nothing.
 */
#include "t.h"

#include <stdlib.h>

#include "dirs.h"
#include "handles.h"
#include "queue.h"

static struct seen
file(uint32_t uid, uint64_t ino, uint32_t dir, const char *name, enum file_cause cause)
{
	return (struct seen){
	    .dev = 1, .ino = ino, .uid = uid, .dir = dir, .name = name, .cause = cause};
}

static mono_t
ms(int64_t t)
{
	return (mono_t){t * 1000};
}

static enum queue_put
put(struct queue *q, uint32_t uid, uint64_t ino, int64_t t)
{
	struct seen s = file(uid, ino, 1, "f", CAUSE_EVENT);
	uint32_t out;

	return queue_put(q, &s, ms(t), &out);
}

/* The inode of the next entry, 0: none. */
static uint64_t
next(struct queue *q, int64_t t, bool spare)
{
	struct entry *e = queue_next(q, ms(t), spare);
	uint64_t ino = e == NULL ? 0 : e->ino;

	entry_free(e);
	return ino;
}

static void
test_settle(void)
{
	struct queue *q = queue_new(200, 1000, 100);
	mono_t due;

	T_CHECK(!queue_due(q, &due));
	T_EQ(put(q, 1, 7, 0), QUEUE_NEW);
	T_EQ(next(q, 199, true), 0);
	T_EQ(put(q, 1, 7, 199), QUEUE_MERGED); /* touched again: waits again */
	T_EQ(next(q, 398, true), 0);
	T_CHECK(queue_due(q, &due), "none is due");
	T_EQ(due.us, 399000);
	T_EQ(next(q, 399, true), 7);
	T_EQ(queue_waiting(q), 0);
	/* one that never rests comes after settle_max_ms */
	for (int64_t t = 1000; t < 2000; t += 50) {
		T_EQ(put(q, 1, 8, t) == QUEUE_FULL, 0);
		T_EQ(next(q, t, true), 0);
	}
	T_EQ(next(q, 2000, true), 8);
	queue_free(&q);
}

/* What need not settle is due at once; what comes after that does not put it off. */
static void
test_at_once(void)
{
	struct queue *q = queue_new(200, 1000, 100);
	struct seen s = file(1, 7, 1, "f", CAUSE_EVENT);
	uint32_t out;
	struct entry *e;
	int n;

	T_EQ(put(q, 1, 7, 0), QUEUE_NEW); /* made, not closed yet */
	T_EQ(next(q, 10, true), 0);
	s.at_once = true;
	T_EQ(queue_put(q, &s, ms(11), &out), QUEUE_MERGED);
	T_EQ(put(q, 1, 7, 12), QUEUE_MERGED);
	s.name = "g"; /* renamed meanwhile */
	T_EQ(queue_put(q, &s, ms(13), &out), QUEUE_MERGED);
	e = queue_next(q, ms(13), true);
	T_CHECK(e != NULL && e->ino == 7 && e->first.us == 0 && e->last.us == 13000);
	/* one that could not be opened waits for its time, or for the next event */
	queue_back(q, e, ms(13), 5000);
	T_EQ(next(q, 14, true), 0);
	T_EQ(queue_put(q, &s, ms(15), &out), QUEUE_MERGED);
	T_EQ(next(q, 15, true), 7);
	/* of a walk: it has no such hurry */
	s.cause = CAUSE_WALK;
	T_EQ(queue_put(q, &s, ms(20), &out), QUEUE_NEW);
	T_EQ(next(q, 20, false), 0);
	T_EQ(put(q, 1, 7, 21), QUEUE_MERGED);
	T_EQ(next(q, 220, false), 0);
	T_EQ(next(q, 221, false), 7);
	queue_free(&q);
	/* so many at a time are due at once, of each account */
	q = queue_new(200, 1000, 10000);
	s = file(1, 1000, 1, "f", CAUSE_EVENT);
	s.at_once = true;
	for (n = 0; n < QUEUE_AT_ONCE + 32; n++, s.ino++)
		T_EQ(queue_put(q, &s, ms(5000 + n), &out), QUEUE_NEW);
	s.uid = 2;
	T_EQ(queue_put(q, &s, ms(5160), &out), QUEUE_NEW);
	for (n = 0; next(q, 5160, true) != 0; n++)
		continue;
	T_EQ(n, QUEUE_AT_ONCE + 1);
	/* fewer in a burst */
	s.uid = 3;
	for (n = 0; n < QUEUE_BURST + 5; n++) {
		s.ino++;
		T_EQ(queue_put(q, &s, ms(5160), &out), QUEUE_NEW);
	}
	for (n = 0; next(q, 5160, true) != 0; n++)
		continue;
	T_EQ(n, QUEUE_BURST);
	s.uid = 1;
	s.ino++;
	T_EQ(queue_put(q, &s, ms(5360), &out), QUEUE_NEW); /* a new span */
	for (n = 0; next(q, 5360, true) != 0; n++)
		continue;
	T_EQ(n, 32 + 5 + 1);
	queue_free(&q);
}

/* How many of these are due in a row. */
static size_t
due_now(struct queue *q, int64_t at_ms)
{
	size_t n = 0;

	while (next(q, at_ms, true) != 0)
		n++;
	return n;
}

/* Bulk work waits while it is under way; for the longest time, and the room, there is. */
static void
test_bulk(void)
{
	struct queue *q = queue_new(200, 1000, 10000);
	struct seen s = file(1, 1000, 1, "f", CAUSE_EVENT),
		    other = file(2, 7, 1, "g", CAUSE_EVENT);
	mono_t due;
	uint32_t out;
	int64_t at;

	s.at_once = other.at_once = true;
	for (size_t n = 0; n < QUEUE_BURST + 100; n++, s.ino++)
		T_EQ(queue_put(q, &s, ms(5000), &out), QUEUE_NEW);
	T_EQ(due_now(q, 5000), QUEUE_BURST);
	for (at = 5100; at <= 5900; at += 100, s.ino++)
		T_EQ(queue_put(q, &s, ms(at), &out), QUEUE_NEW);
	T_EQ(due_now(q, 5900), 0);
	T_CHECK(queue_due(q, &due), "none is due");
	T_EQ(due.us, ms(6000).us);
	/* another account's file does not wait for it */
	T_EQ(queue_put(q, &other, ms(5900), &out), QUEUE_NEW);
	T_EQ(next(q, 5900, true), 7);
	T_EQ(due_now(q, 6000), 100);
	T_EQ(due_now(q, 6099), 0);
	T_EQ(due_now(q, 6100), 9); /* 200 ms after the last */
	T_EQ(queue_put(q, &s, ms(6100), &out), QUEUE_NEW);
	T_EQ(due_now(q, 6100), 1); /* it paused */
	s.ino++;
	/* more than half of what it may have waiting: that much is not put off */
	for (size_t n = 0; n < 5001; n++, s.ino++)
		T_EQ(queue_put(q, &s, ms(7000), &out), QUEUE_NEW);
	T_EQ(due_now(q, 7000), QUEUE_BURST);
	for (size_t n = 0; n < 4000; n++, s.ino++)
		T_EQ(queue_put(q, &s, ms(7199), &out), QUEUE_NEW);
	T_EQ(due_now(q, 7200), 5001 - QUEUE_BURST + 4000 - 5000);
	queue_free(&q);
}

static void
test_turns(void)
{
	struct queue *q = queue_new(0, 0, 100000);
	uint64_t i, seen_b = 0;

	for (i = 1; i <= 10000; i++)
		T_EQ(put(q, 1, i, 0) == QUEUE_NEW, 1);
	T_EQ(put(q, 2, 20000, 5), QUEUE_NEW);
	T_EQ(put(q, 3, 30000, 5), QUEUE_NEW);
	for (i = 1; i <= 3; i++)
		if (next(q, 10, true) >= 20000)
			seen_b++;
	T_EQ(seen_b, 2); /* the others did not wait for ten thousand */
	T_EQ(queue_waiting_uid(q, 1), 9999);
	T_EQ(queue_waiting_uid(q, 2), 0);
	queue_free(&q);
}

static void
test_bounds(void)
{
	struct queue *q = queue_new(0, 0, 100);
	uint64_t i;
	uint32_t u, dir;
	struct seen s;
	size_t most = 0;

	for (i = 1; i <= 100; i++)
		T_EQ(put(q, 1, i, 0) == QUEUE_NEW, 1);
	T_EQ(put(q, 1, 101, 0), QUEUE_FULL);
	T_EQ(put(q, 1, 50, 0), QUEUE_MERGED); /* known ones always merge */
	T_EQ(put(q, 2, 102, 0), QUEUE_NEW);   /* another account has its own bound */
	T_EQ(queue_waiting(q), 101);
	queue_free(&q);
	/* many accounts together stay bounded too */
	q = queue_new(0, 0, 10000000);
	for (u = 1; u <= 50; u++)
		for (i = 0; put(q, u, (uint64_t)u << 32 | i, 0) == QUEUE_NEW; i++)
			continue;
	most = queue_waiting(q);
	T_CHECK(most < 8u * QUEUE_ALL, "%zu", most);
	T_CHECK(queue_waiting_uid(q, 50) >= QUEUE_UID_LEAST);
	queue_free(&q);
	/* background */
	q = queue_new(0, 0, 100);
	for (i = 1; i <= QUEUE_BG_MAX + 10; i++) {
		s = file(1, i, 1, "f", CAUSE_WALK);
		T_EQ(queue_put(q, &s, ms(0), &dir) == QUEUE_NEW, i <= QUEUE_BG_MAX);
	}
	T_EQ(queue_room_background(q, 1), 0);
	s = file(1, 888888, 1, "f", CAUSE_WALK);
	s.sure = true; /* was asked for while there was room */
	T_EQ(queue_put(q, &s, ms(0), &dir), QUEUE_NEW);
	T_EQ(put(q, 1, 999999, 1), QUEUE_NEW); /* events have room still */
	T_EQ(next(q, 1, false), 999999);
	T_EQ(next(q, 1, false), 0); /* no spare credits: no background */
	T_EQ(next(q, 1, true), 1);
	T_EQ(put(q, 1, 2, 1), QUEUE_MERGED); /* an event makes it one */
	T_EQ(next(q, 1, false), 2);
	queue_free(&q);
}

static void
test_places(void)
{
	struct queue *q = queue_new(0, 0, 100);
	struct seen s = file(1, 5, 10, "a", CAUSE_EVENT);
	struct entry *e;
	uint32_t out;

	T_EQ(queue_put(q, &s, ms(0), &out), QUEUE_NEW);
	s.dir = 11;
	s.name = "longer name";
	T_EQ(queue_put(q, &s, ms(0), &out), QUEUE_MERGED);
	T_EQ(out, UINT32_MAX); /* both places are held */
	s.dir = 12;
	T_EQ(queue_put(q, &s, ms(0), &out), QUEUE_MERGED);
	T_EQ(out, 11); /* the one in between is given back */
	T_EQ(queue_put(q, &s, ms(0), &out), QUEUE_MERGED);
	T_EQ(out, 12); /* nothing new: ours is given back */
	e = queue_next(q, ms(0), true);
	T_CHECK(e != NULL);
	if (e != NULL) {
		T_EQ(e->dir, 12);
		T_EQ(e->dir_before, 10);
		T_CHECK(e->moved);
		T_STR(e->name, "longer name");
		queue_back(q, e, ms(0), 50);
	}
	T_EQ(next(q, 49, true), 0);
	e = queue_next_uid(q, 1);
	T_CHECK(e != NULL && e->ino == 5);
	entry_free(e);
	T_CHECK(queue_next_uid(q, 1) == NULL);
	/* given to another account: its turn, not the old one's */
	T_EQ(put(q, 1, 6, 0), QUEUE_NEW);
	T_EQ(put(q, 2, 6, 0), QUEUE_MERGED);
	T_EQ(queue_waiting_uid(q, 1), 0);
	T_EQ(queue_waiting_uid(q, 2), 1);
	queue_free(&q);
}

/* A million random operations keep the counts right and lose nothing. */
static void
test_random(void)
{
	struct queue *q = queue_new(5, 20, 50);
	unsigned long in = 0, out = 0, i;
	uint64_t x = 88172645463325252u;

	for (i = 0; i < 300000; i++) {
		struct seen s;
		struct entry *e;
		uint32_t release;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		s = file((uint32_t)(x >> 8 & 7), x >> 16 & 1023, (uint32_t)(x >> 32 & 3),
			 (x >> 40 & 1) ? "a" : "b",
			 (x >> 41 & 3) == 0 ? CAUSE_WALK : CAUSE_EVENT);
		if ((x & 3) != 0) {
			in +=
			    queue_put(q, &s, ms((int64_t)i / 100), &release) == QUEUE_NEW;
			continue;
		}
		e = (x & 4) != 0 ? queue_next(q, ms((int64_t)i / 100), (x & 64) != 0)
				 : queue_next_uid(q, s.uid);
		out += e != NULL;
		entry_free(e);
	}
	T_EQ(queue_waiting(q), in - out);
	while (next(q, 1 << 30, true) != 0 || queue_waiting(q) > 0)
		out++;
	queue_free(&q);
	T_CHECK(q == NULL);
}

static void
test_dirs(void)
{
	struct dirs *d = dirs_new();
	uint32_t root, i;
	char name[32];

	dirs_set(d, 1, DIRS_ROOT | 3, "", 100);
	dirs_set(d, 2, 1, "a", 101);
	dirs_set(d, 3, 2, "b", 102);
	T_STR(dirs_path(d, 3, &root), "a/b");
	T_EQ(root, 3);
	T_STR(dirs_path(d, 1, &root), "");
	T_CHECK(dirs_same(d, 3, 102) && !dirs_same(d, 3, 103));
	dirs_set(d, 2, 1, "renamed", 101); /* one node, and all below it follow */
	T_STR(dirs_path(d, 3, &root), "renamed/b");
	dirs_set(d, 2, 3, "loop", 101); /* a cycle ends */
	T_CHECK(dirs_path(d, 3, &root) == NULL);
	dirs_set(d, 2, 1, "a", 101);
	dirs_del(d, 2);
	T_CHECK(dirs_path(d, 3, &root) == NULL);
	T_EQ(dirs_count(d), 2);
	dirs_del(d, 2);
	T_EQ(dirs_count(d), 2);
	for (i = 0; i < 100000; i++) { /* churn: pages and names come and go */
		snprintf(name, sizeof name, "name%u", i);
		dirs_set(d, 100 + i, 1, name, i);
		if (i >= 5000)
			dirs_del(d, 100 + i - 5000);
		if (i % 7 == 0)
			dirs_set(d, 100 + i, 1, "short", i);
	}
	T_EQ(dirs_count(d), 5002);
	T_STR(dirs_path(d, 100 + 99998, &root), "name99998");
	dirs_free(&d);
}

static void
test_handles(void)
{
	struct handles *h = handles_new();
	struct handle *a, *b;
	uint32_t number, i;
	unsigned char big[HANDLE_LEN_MAX + 1] = {0};

	a = handles_get(h, 0, 1, (const unsigned char *)"12345678", 8);
	number = a->number;
	handles_hold(h, number);
	b = handles_get(h, 1, 1, (const unsigned char *)"12345678", 8);
	T_CHECK(a != b &&
		handles_get(h, 0, 1, (const unsigned char *)"12345678", 8) == a);
	T_CHECK(handles_get(h, 0, 1, big, sizeof big) == NULL);
	for (i = 0; i < 3 * HANDLES_IDLE; i++)
		(void)handles_get(h, 0, 2, (const unsigned char *)&i, sizeof i);
	T_CHECK(handles_count(h) <= HANDLES_IDLE + 1);
	T_CHECK(handles_at(h, number) == a); /* held ones stay */
	handles_release(h, number);
	for (i = 0; i < 2 * HANDLES_IDLE; i++)
		(void)handles_get(h, 0, 3, (const unsigned char *)&i, sizeof i);
	a = handles_at(h, number);
	T_CHECK(a == NULL || a->type != 1);
	handles_free(&h);
}

int
main(void)
{
	test_settle();
	test_at_once();
	test_bulk();
	test_turns();
	test_bounds();
	test_places();
	test_random();
	test_dirs();
	test_handles();
	return T_DONE();
}
