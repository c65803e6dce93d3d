/*
 * php_frame - what a look at PHP found, for a test
 *
 * Job:     a fact by its name; is a text in what was made of the file?
 * Touches: nothing.
 */
#ifndef MAILBRAKE_PHP_FRAME_H
#define MAILBRAKE_PHP_FRAME_H

#include "t.h"

#include <stdint.h>

#include "php.h"

/* INT64_MIN: there is no such fact. */
static inline int64_t
fact(const struct php_view *v, const char *name)
{
	size_t n, i;
	const struct php_fact_row *f = php_fact_rows(&n);

	for (i = 0; i < n; i++)
		if (strcmp(f[i].name, name) == 0)
			return *(const int64_t *)(const void *)((const char *)&v->facts +
								f[i].offset);
	return INT64_MIN;
}

/* In the text of the file or of a layer. */
static inline int
shows(const struct php_view *v, const char *want)
{
	size_t i;

	if (memmem(v->text, v->text_len, want, strlen(want)) != NULL)
		return 1;
	for (i = 0; i < v->layer_count; i++)
		if (v->layers[i].text != NULL &&
		    memmem(v->layers[i].text, v->layers[i].text_len, want,
			   strlen(want)) != NULL)
			return 1;
	return 0;
}

#endif
