/*
 * fuzz_php - any bytes through the whole PHP analysis
 *
 * Job:     lex, parse, fold, unpack, taint under small limits; what is promised of a
 *          view holds: every byte of it can be read, and it is within its bounds; the
 *          same bytes give the same view, whatever was looked at before.
 * Touches: nothing.
 */
#include "php_part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Few steps, so that many inputs are tried; for some more. */
static struct php *
engine(bool large)
{
	static struct php *both[2];

	if (both[large] == NULL)
		both[large] = part_engine(large ? 200000 : 6000);
	return both[large];
}

/* A first byte ! is left out and means: no open tag is needed. */
static const struct php_view *
look(struct php *p, const char *s, size_t n)
{
	return n > 0 && *s == '!' ? php_look_code(p, s + 1, n - 1) : php_look(p, s, n);
}

static void
condense(struct php *p, const char *s, size_t n)
{
	static char out[2048];
	bool whole;

	HOLDS(php_condense(p, s, n, n > 0 && *s == '!', out, sizeof(out), &whole) <=
	      sizeof(out));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct php *p = engine(part_one_in(data, size, 32));
	const char *s;
	uint64_t sum;

	if (size > PART_MAPPED)
		return 0;
	s = part_copy(data, size, 0);
	if (size % 8 == 3)
		condense(p, s, size);
	sum = part_view(look(p, s, size));
	if (part_one_in(data, size, 16)) {
		(void)look(p, "<?php function f($a){eval($a.'x');}f($_GET[1]);", 47);
		HOLDS(part_view(look(p, s, size)) == sum);
	}
	return 0;
}
