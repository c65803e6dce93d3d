/*
 * fuzz_php_nest - layers within layers through the whole analysis
 *
 * Job:     text wrapped by one to four encoders, in eval(one(of(another('..')))): it must
 *          come back as a layer that says how it was come by.
 * Touches: nothing.
 */
#include "php_coders.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
put_literal(struct text *t, const struct text *s)
{
	size_t i;

	put_c(t, '\'');
	for (i = 0; i < s->n; i++) {
		if (s->s[i] == '\'' || s->s[i] == '\\')
			put_c(t, '\\');
		put_c(t, s->s[i]);
	}
	put_c(t, '\'');
}

/* <?php eval(one(of(another('..')))); with 1 to 4 decoders; how: as the layer says it */
static void
nest(const uint8_t *which, unsigned count, const char *s, size_t n, struct text *code,
     struct text *how)
{
	static struct text layer[2];
	unsigned i, now = 0;

	layer[0].n = 0;
	put(&layer[0], s, n);
	for (i = 0; i < count; i++) { /* the innermost encoding is undone last */
		layer[!now].n = 0;
		coders[which[i] % CODERS].encode(&layer[now], &layer[!now]);
		now = !now;
	}
	code->n = how->n = 0;
	put(code, "<?php eval(", 11);
	for (i = 0; i < count; i++) {
		const char *name = php_word_text(coders[which[i] % CODERS].w);

		put(code, name, strlen(name));
		put_c(code, '(');
	}
	put_literal(code, &layer[now]);
	for (i = count; i > 0; i--) {
		const char *trail = coders[which[i - 1] % CODERS].trail;

		put_c(code, ')');
		put(how, trail, strlen(trail));
		put_c(how, i > 1 ? '>' : 0);
	}
	put(code, ");", 2);
}

/* The layer that is the text; it is looked at as code, so there may be others. */
static const struct php_layer *
layer_of(const struct php_view *v, const uint8_t *text, size_t n)
{
	size_t k;

	for (k = 0; k < v->layer_count; k++)
		if (v->layers[k].len == n && v->layers[k].depth == 1 &&
		    memcmp(v->layers[k].data, text, n) == 0)
			return &v->layers[k];
	return NULL;
}

/* A byte for the count, four for the encoders, the text. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct php *p;
	static struct text code, how;
	const struct php_layer *l;
	const struct php_view *v;

	if (p == NULL)
		p = part_engine(20000);
	if (size < 9 || size > TEXT_MAX)
		return 0;
	nest(data + 1, 1 + data[0] % 4, (const char *)data + 5, size - 5, &code, &how);
	v = php_look(p, part_copy(code.s, code.n, 0), code.n);
	(void)part_view(v);
	l = layer_of(v, data + 5, size - 5);
	HOLDS(l != NULL);
	HOLDS(strcmp(l->how, (const char *)how.s) == 0);
	return 0;
}
