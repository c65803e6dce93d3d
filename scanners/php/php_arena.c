/*
 * php_arena - memory of one look
 *
 * Job:     give zeroed memory until the look ends, from blocks that are kept for the
 *          next one; more than the limit, or none from the system, ends the look.
 * Touches: the heap.
 */
#include <stdlib.h>
#include <string.h>
#include "php_int.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define HIDE(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define SHOW(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#define RED_ZONE 16 /* between allocations, so that a byte too far is seen */
#else
#define HIDE(p, n) ((void)0)
#define SHOW(p, n) ((void)0)
#define RED_ZONE 0
#endif

#define BLOCK_BYTES ((size_t)256 << 10)
#define KEEP_BYTES ((size_t)8 << 20) /* kept between looks; the rest goes back */

static char *
body(struct block *b)
{
	return (char *)b + sizeof(*b);
}

/* The next block that holds n bytes. */
static struct block *
more(struct php *p, size_t n)
{
	struct arena *a = &p->arena;
	struct block *b;
	size_t size =
	    a->now != NULL && a->held > BLOCK_BYTES * 8 ? BLOCK_BYTES * 4 : BLOCK_BYTES;

	while (a->now != NULL && a->now->next != NULL) {
		a->now = a->now->next;
		if (a->now->size >= n)
			return a->now;
	}
	if (size < n)
		size = n;
	if (size > a->max || a->held > a->max - size)
		php_stop(p, PHP_STOP_MEMORY);
	b = malloc(sizeof(*b) + size);
	if (b == NULL)
		php_stop(p, PHP_STOP_MEMORY);
	b->next = NULL;
	b->size = size;
	b->used = 0;
	HIDE(body(b), size);
	if (a->now == NULL)
		a->first = b;
	else
		a->now->next = b;
	a->now = b;
	a->held += size;
	return b;
}

char *
php_raw(struct php *p, size_t n)
{
	struct block *b = p->arena.now;
	char *at;
	size_t want;

	if (n > p->arena.max)
		php_stop(p, PHP_STOP_MEMORY);
	want = ((n + 7) & ~(size_t)7) + RED_ZONE;
	if (b == NULL || b->size - b->used < want)
		b = more(p, want);
	at = body(b) + b->used;
	b->used += want;
	SHOW(at, n);
	return at;
}

struct place
php_place(const struct php *p)
{
	struct place at = {p->arena.now, p->arena.now != NULL ? p->arena.now->used : 0};

	return at;
}

void
php_release(struct php *p, struct place at)
{
	struct block *b = at.block;

	if (b == NULL)
		return;
	HIDE(body(b) + at.used, b->used - at.used);
	b->used = at.used;
	p->arena.now = b;
	for (b = b->next; b != NULL; b = b->next) {
		HIDE(body(b), b->used);
		b->used = 0;
	}
}

void
php_shrink(struct php *p, char *at, size_t had, size_t now)
{
	struct block *b = p->arena.now;
	size_t old = ((had + 7) & ~(size_t)7) + RED_ZONE,
	       want = ((now + 7) & ~(size_t)7) + RED_ZONE;

	if (b == NULL || at + old != body(b) + b->used)
		return;
	b->used -= old - want;
	HIDE(at + now, had - now);
}

void *
php_alloc(struct php *p, size_t n)
{
	return memset(php_raw(p, n), 0, n);
}

void
php_arena_reset(struct arena *a)
{
	struct block *b, *next;
	size_t kept = 0;

	for (b = a->first; b != NULL; b = b->next) {
		HIDE(body(b), b->used);
		b->used = 0;
		kept += b->size;
		if (kept >= KEEP_BYTES && b->next != NULL) {
			for (next = b->next, b->next = NULL; next != NULL;) {
				struct block *dead = next;

				next = next->next;
				a->held -= dead->size;
				SHOW(body(dead), dead->size);
				free(dead);
			}
		}
	}
	a->now = a->first;
}

void
php_arena_free(struct arena *a)
{
	struct block *b, *next;

	for (b = a->first; b != NULL; b = next) {
		next = b->next;
		SHOW(body(b), b->size);
		free(b);
	}
	memset(a, 0, sizeof(*a));
}
