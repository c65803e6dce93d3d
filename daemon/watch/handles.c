/*
 * handles - directories by the kernel's own handle (fanotify's numbers)
 *
 * Job:     see handles.h.
 * Touches: the heap.
 */
#include "handles.h"

#include <stdlib.h>
#include <string.h>

#include "xmem.h"

struct handles {
	struct handle **slots;
	size_t slot_count, count;
	struct handle **by_number;
	uint32_t *free_numbers;
	size_t numbers, numbers_room, free_count;
	struct handle *oldest, *newest; /* that nobody holds */
	size_t idle;
};

static size_t
hash(uint32_t fs, int type, const unsigned char *bytes, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u ^ fs ^ (uint64_t)(unsigned)type << 32;

	while (len-- > 0)
		h = (h ^ *bytes++) * 0x100000001b3u;
	return (size_t)(h ^ h >> 29);
}

static size_t
slot_of(const struct handles *h, const struct handle *e)
{
	return hash(e->fs, e->type, e->bytes, e->len) & (h->slot_count - 1);
}

struct handles *
handles_new(void)
{
	struct handles *h = xcalloc(1, sizeof *h);

	h->slot_count = 1024;
	h->slots = xcalloc(h->slot_count, sizeof(struct handle *));
	return h;
}

static void
grow(struct handles *h)
{
	struct handle **old = h->slots, *e, *next;
	size_t i, n = h->slot_count, s;

	h->slot_count = n * 2;
	h->slots = xcalloc(h->slot_count, sizeof(struct handle *));
	for (i = 0; i < n; i++) {
		for (e = old[i]; e != NULL; e = next) {
			next = e->hash_next;
			s = slot_of(h, e);
			e->hash_next = h->slots[s];
			h->slots[s] = e;
		}
	}
	free(old);
}

static void
idle_add(struct handles *h, struct handle *e)
{
	e->newer = NULL;
	e->older = h->newest;
	if (h->newest != NULL)
		h->newest->newer = e;
	else
		h->oldest = e;
	h->newest = e;
	h->idle++;
}

static void
idle_del(struct handles *h, struct handle *e)
{
	if (e->older != NULL)
		e->older->newer = e->newer;
	else
		h->oldest = e->newer;
	if (e->newer != NULL)
		e->newer->older = e->older;
	else
		h->newest = e->older;
	h->idle--;
}

static void
forget(struct handles *h, struct handle *e)
{
	struct handle **p = &h->slots[slot_of(h, e)];

	idle_del(h, e);
	while (*p != e)
		p = &(*p)->hash_next;
	*p = e->hash_next;
	h->by_number[e->number] = NULL;
	h->free_numbers[h->free_count++] = e->number;
	h->count--;
	free(e);
}

static uint32_t
number(struct handles *h)
{
	if (h->free_count > 0)
		return h->free_numbers[--h->free_count];
	if (h->numbers == h->numbers_room) {
		h->numbers_room = h->numbers_room == 0 ? 1024 : h->numbers_room * 2;
		h->by_number =
		    xreallocarray(h->by_number, h->numbers_room, sizeof(struct handle *));
		h->free_numbers =
		    xreallocarray(h->free_numbers, h->numbers_room, sizeof(uint32_t));
	}
	return (uint32_t)h->numbers++;
}

struct handle *
handles_get(struct handles *h, uint32_t fs, int type, const unsigned char *bytes,
	    size_t len)
{
	struct handle *e;
	size_t s;

	if (len > HANDLE_LEN_MAX)
		return NULL;
	s = hash(fs, type, bytes, len);
	for (e = h->slots[s & (h->slot_count - 1)]; e != NULL; e = e->hash_next) {
		if (e->fs != fs || e->type != type || e->len != len ||
		    memcmp(e->bytes, bytes, len) != 0)
			continue;
		if (e->refs == 0 && e != h->newest) {
			idle_del(h, e);
			idle_add(h, e);
		}
		return e;
	}
	while (h->idle >= HANDLES_IDLE)
		forget(h, h->oldest);
	if (h->count >= h->slot_count)
		grow(h);
	e = xcalloc(1, sizeof *e + len);
	e->fs = fs;
	e->type = type;
	e->len = (uint8_t)len;
	memcpy(e->bytes, bytes, len);
	e->number = number(h);
	h->by_number[e->number] = e;
	s &= h->slot_count - 1;
	e->hash_next = h->slots[s];
	h->slots[s] = e;
	h->count++;
	idle_add(h, e);
	return e;
}

struct handle *
handles_at(const struct handles *h, uint32_t n)
{
	return n < h->numbers ? h->by_number[n] : NULL;
}

void
handles_hold(struct handles *h, uint32_t n)
{
	struct handle *e = handles_at(h, n);

	if (e != NULL && e->refs++ == 0)
		idle_del(h, e);
}

void
handles_release(struct handles *h, uint32_t n)
{
	struct handle *e = handles_at(h, n);

	if (e != NULL && --e->refs == 0)
		idle_add(h, e);
}

size_t
handles_count(const struct handles *h)
{
	return h->count;
}

void
handles_free(struct handles **hp)
{
	struct handles *h = *hp;
	size_t i;

	if (h == NULL)
		return;
	for (i = 0; i < h->numbers; i++)
		free(h->by_number[i]);
	free(h->by_number);
	free(h->free_numbers);
	free(h->slots);
	free(h);
	*hp = NULL;
}
