/*
 * fuzz_php - any bytes through the whole PHP analysis
 *
 * Job:     lex, parse, fold, unpack, taint under small limits; what is promised of a
 *          view holds: texts within their bounds, marks well formed.
 * Touches: nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include "php.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct php
	    *p; /* as a worker keeps it: state must not leak between looks */
	const struct php_view *v;
	size_t i, k, sum = 0;
	volatile char c = 0;

	if (p == NULL) {
		struct php_limits l;

		php_limits_default(&l);
		l.memory_bytes = (size_t)24 << 20;
		l.output_bytes = 1 << 20;
		l.steps = 200000;
		l.loop_steps = 60000;
		p = php_new(&l);
		if (p == NULL)
			abort();
	}
	v = size > 0 && data[0] == '!' ? php_look_code(p, data + 1, size - 1)
				       : php_look(p, data, size);
	for (i = 0; i < v->text_len; i++)
		c = (char)(c ^ v->text[i]);
	for (k = 0; k < v->layer_count; k++) {
		sum += v->layers[k].len;
		for (i = 0; i < v->layers[k].len; i++)
			c = (char)(c ^ v->layers[k].data[i]);
		for (i = 0; i < v->layers[k].text_len; i++)
			c = (char)(c ^ v->layers[k].text[i]);
	}
	if (sum + v->text_len > 1 << 20 || v->layer_count > 64)
		abort();
	return 0;
}
