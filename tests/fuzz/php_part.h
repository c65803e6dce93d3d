/*
 * php_part - what the fuzz targets of the PHP analysis share
 *
 * Job:     engines under small limits, an input with nothing readable behind it, and
 *          what is asserted of every view and every token.
 * Touches: maps two pieces of memory, once.
 */
#ifndef MAILBRAKE_PHP_PART_H
#define MAILBRAKE_PHP_PART_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "php_int.h"

/* What does not hold is a finding: said, then the end. */
#define HOLDS(what) \
	do { \
		if (!(what)) { \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, \
				__LINE__, #what); \
			abort(); \
		} \
	} while (0)

#define PART_OUTPUT ((size_t)1 << 20)
#define PART_MAPPED ((size_t)64 << 10)

static inline struct php *
part_engine(uint64_t steps)
{
	struct php_limits l;
	struct php *p;

	php_limits_default(&l);
	l.memory_bytes = (size_t)24 << 20;
	l.output_bytes = PART_OUTPUT;
	l.steps = steps;
	l.loop_steps = steps / 2;
	p = php_new(&l);
	HOLDS(p != NULL);
	return p;
}

/*
 * A copy that ends where nothing can be read: a byte too far is seen without ASan too.
 * Which of two places: an input must outlive the look at another one.
 */
static inline const char *
part_copy(const void *data, size_t size, unsigned which)
{
	static char *end[2];

	HOLDS(size <= PART_MAPPED && which < 2);
	if (end[which] == NULL) {
		char *m = mmap(NULL, PART_MAPPED * 2, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		HOLDS(m != MAP_FAILED);
		end[which] = m + PART_MAPPED;
		HOLDS(mprotect(end[which], PART_MAPPED, PROT_NONE) == 0);
	}
	if (size != 0)
		memcpy(end[which] - size, data, size);
	return end[which] - size;
}

/* Reads every byte. */
static inline uint64_t
part_sum(uint64_t h, const void *data, size_t n)
{
	const unsigned char *s = data;
	size_t i;

	h ^= n;
	for (i = 0; i < n; i++)
		h = (h ^ s[i]) * 1099511628211ull;
	return h;
}

/* Everything a view says, its bounds checked on the way. */
static inline uint64_t
part_view(const struct php_view *v)
{
	uint64_t h = part_sum(14695981039346656037ull, v->text, v->text_len);
	size_t k, sum = v->text_len;

	HOLDS(v->layer_count <= 100);
	for (k = 0; k < v->layer_count; k++) {
		const struct php_layer *l = &v->layers[k];

		HOLDS(l->depth >= 1 && l->kind <= PHP_LAYER_LITERAL);
		HOLDS(memchr(l->how, 0, sizeof(l->how)) != NULL);
		HOLDS(l->text != NULL || l->text_len == 0);
		h = part_sum(h, l->data, l->len);
		h = part_sum(h, l->text, l->text_len);
		h = part_sum(h, l->how, strlen(l->how));
		h = h * 31 + l->kind * 7 + l->depth;
		sum += l->len + l->text_len;
	}
	HOLDS(sum <= PART_OUTPUT);
	h = part_sum(h, &v->facts, sizeof(v->facts));
	HOLDS(v->stop < PHP_STOP_COUNT);
	return h * 31 + (uint64_t)v->stop * 4 + v->php * 2 + v->plain + v->steps;
}

/* One input in so many, by its bytes: what is dear is not done for each. */
static inline bool
part_one_in(const uint8_t *data, size_t size, unsigned n)
{
	return part_sum(0, data, size < 16 ? size : 16) % 1009 % n == 0;
}

#endif
