/*
 * fuzz_php - any bytes through the whole PHP analysis
 *
 * Job:     lex, parse, fold, unpack, taint under small limits; what is promised of a
 *          view holds: every byte of it can be read, and it is within its bounds.
 * Touches: nothing.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include "php.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Two, as workers keep them: state must not leak from one look to the next. */
static struct php *
engine(int large)
{
	static struct php *both[2];
	struct php_limits l;

	if (both[large] != NULL)
		return both[large];
	php_limits_default(&l);
	l.memory_bytes = (size_t)24 << 20;
	l.output_bytes = 1 << 20;
	l.steps = large ? 200000 : 12000; /* few, so that many inputs are tried */
	l.loop_steps = l.steps / 2;
	both[large] = php_new(&l);
	if (both[large] == NULL)
		abort();
	return both[large];
}

static char
touch(const char *s, size_t n)
{
	char c = 0;
	size_t i;

	for (i = 0; i < n; i++)
		c = (char)(c ^ s[i]);
	return c;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct php *p = engine(size % 16 == 0);
	const struct php_view *v;
	size_t k, sum;
	volatile char c;

	if (size % 8 == 3) {
		static char out[2048];
		bool whole;

		if (php_condense(p, data, size, data[0] == '!', out, sizeof(out),
				 &whole) > sizeof(out))
			abort();
	}
	v = size > 0 && data[0] == '!' ? php_look_code(p, data + 1, size - 1)
				       : php_look(p, data, size);
	c = touch(v->text, v->text_len);
	sum = v->text_len;
	for (k = 0; k < v->layer_count; k++) {
		sum += v->layers[k].len + v->layers[k].text_len;
		c = (char)(c ^ touch(v->layers[k].data, v->layers[k].len));
		c = (char)(c ^ touch(v->layers[k].text, v->layers[k].text_len));
	}
	(void)c;
	if (sum > 1 << 20 || v->layer_count > 64)
		abort();
	return 0;
}
