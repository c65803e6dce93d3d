/*
 * test_php_look - normalised text and facts, one row a behaviour
 *
 * Job:     rows of (PHP, text expected in the normalised code, or a fact and its value).
 * Touches: nothing.
 */
#include <stdlib.h>
#include "php.h"
#include "t.h"

static const struct row {
	const char *in,
	    *want; /* want: in the text of the file or of a layer; NULL: only the fact */
	const char *fact;
	int64_t value;
} rows[] = {
    {"<?php /* x */ EVAL ( $a ) ; // y ?>", "eval($a);\n", "php_comments", 2},
    {"abc<?= $_GET['a'] ?>def", "echo 'abc';\necho $_GET['a'];\necho 'def';", "php_tags",
     1},
};

static int64_t
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

static int
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

int
main(void)
{
	struct php_limits lim;
	struct php *p;
	size_t i;

	php_limits_default(&lim);
	p = php_new(&lim);
	T_CHECK(p != NULL, "no memory");
	for (i = 0; p != NULL && i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct php_view *v = php_look(p, rows[i].in, strlen(rows[i].in));

		if (rows[i].want != NULL)
			T_CHECK(shows(v, rows[i].want),
				"row %zu: %s\n  wanted %s\n  text %.*s", i, rows[i].in,
				rows[i].want, (int)v->text_len, v->text);
		if (rows[i].fact != NULL)
			T_CHECK(fact(v, rows[i].fact) == rows[i].value,
				"row %zu: %s: %s is %lld", i, rows[i].in, rows[i].fact,
				(long long)fact(v, rows[i].fact));
	}
	php_free(&p);
	T_CHECK(p == NULL, "not set to NULL");
	return T_DONE();
}
