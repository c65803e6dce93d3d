/*
 * php_fn_arr - array functions
 *
 * Job:     computed on known arrays, with callbacks that can be computed.
 * Touches: nothing.
 * Source:  PHP manual, "Array functions".
 */
#include <string.h>
#include "php_int.h"

#define FN(name) \
	static bool name(struct php *p, struct val *a, unsigned n, struct val *out)

/* The next live element from *i on; NULL at the end. */
static struct ent *
next(const struct arr *a, uint32_t *i)
{
	while (*i < a->n) {
		struct ent *e = &a->e[(*i)++];

		if (!e->dead)
			return e;
	}
	return NULL;
}

static bool
is_arr(const struct val *a, unsigned n, unsigned i)
{
	return n > i && a[i].t == V_ARR;
}

FN(fn_count)
{
	(void)p;
	if (!is_arr(a, n, 0))
		return false;
	php_v_int(out, a[0].u.a->live);
	return true;
}

FN(fn_array_map)
{
	struct ent *e;
	uint32_t i = 0;

	if (n != 2 || a[1].t != V_ARR)
		return false;
	php_v_arr(p, out, a[1].u.a->live);
	while ((e = next(a[1].u.a, &i)) != NULL) {
		struct val v = php_call_value(p, &a[0], &e->v, 1);

		if (!known(&v))
			return false;
		*php_arr_at(p, out->u.a, &e->k) = v;
	}
	return true;
}

FN(fn_array_reverse)
{
	const struct arr *from;
	uint32_t i;

	if (!is_arr(a, n, 0))
		return false;
	from = a[0].u.a;
	php_step(p, from->n);
	php_v_arr(p, out, from->live);
	for (i = from->n; i > 0; i--) {
		struct ent *e = &from->e[i - 1];

		if (e->dead)
			continue;
		if (e->k.s != NULL)
			*php_arr_at(p, out->u.a, &e->k) = e->v;
		else
			*php_arr_push(p, out->u.a) = e->v;
	}
	return true;
}

FN(fn_array_merge)
{
	unsigned k;
	struct ent *e;

	php_v_arr(p, out, 0);
	for (k = 0; k < n; k++) {
		uint32_t i = 0;

		if (a[k].t != V_ARR)
			return false;
		php_step(p, a[k].u.a->n);
		while ((e = next(a[k].u.a, &i)) != NULL) {
			struct val v = e->v;

			if (e->k.s != NULL)
				*php_arr_at(p, out->u.a, &e->k) = v;
			else
				*php_arr_push(p, out->u.a) = v;
		}
	}
	return true;
}

FN(fn_array_flip)
{
	struct ent *e;
	uint32_t i = 0;

	if (!is_arr(a, n, 0))
		return false;
	php_step(p, a[0].u.a->n);
	php_v_arr(p, out, a[0].u.a->live);
	while ((e = next(a[0].u.a, &i)) != NULL) {
		struct key k;
		struct val *v;

		if (!known(&e->v) || !php_key(p, &e->v, &k))
			return false;
		v = php_arr_at(p, out->u.a, &k);
		if (e->k.s != NULL)
			php_v_str(v, e->k.s, e->k.len);
		else
			php_v_int(v, e->k.i);
	}
	return true;
}

/* The elements of the first array whose text is in none of the others. */
FN(fn_array_diff)
{
	struct ent *e, *f;
	uint32_t i = 0, j;
	unsigned k;
	bool out_of_it;

	if (n < 2 || !is_arr(a, n, 0))
		return false;
	php_v_arr(p, out, 0);
	while ((e = next(a[0].u.a, &i)) != NULL) {
		out_of_it = false;
		for (k = 1; k < n && !out_of_it; k++) {
			if (a[k].t != V_ARR)
				return false;
			php_step(p, a[k].u.a->n);
			for (j = 0; !out_of_it && (f = next(a[k].u.a, &j)) != NULL;) {
				int eq = php_loose_eq(p, &e->v, &f->v);

				if (eq < 0)
					return false;
				out_of_it = eq != 0;
			}
		}
		if (!out_of_it)
			*php_arr_at(p, out->u.a, &e->k) = e->v;
	}
	return true;
}

FN(fn_array_keys)
{
	struct ent *e;
	uint32_t i = 0;

	if (n != 1 || !is_arr(a, n, 0))
		return false;
	php_step(p, a[0].u.a->n);
	php_v_arr(p, out, a[0].u.a->live);
	while ((e = next(a[0].u.a, &i)) != NULL) {
		if (e->k.s != NULL)
			php_v_str(php_arr_push(p, out->u.a), e->k.s, e->k.len);
		else
			php_v_int(php_arr_push(p, out->u.a), e->k.i);
	}
	return true;
}

FN(fn_array_values)
{
	struct ent *e;
	uint32_t i = 0;

	if (!is_arr(a, n, 0))
		return false;
	php_step(p, a[0].u.a->n);
	php_v_arr(p, out, a[0].u.a->live);
	while ((e = next(a[0].u.a, &i)) != NULL)
		*php_arr_push(p, out->u.a) = e->v;
	return true;
}

FN(fn_array_slice)
{
	struct ent *e;
	uint32_t i = 0;
	int64_t from, len, at = 0, live;

	if (n < 2 || !is_arr(a, n, 0))
		return false;
	live = a[0].u.a->live;
	from = php_to_int(&a[1]);
	if (from < 0)
		from = from + live < 0 ? 0 : from + live;
	if (from > live)
		from = live;
	len = n > 2 && a[2].t != V_NULL ? php_to_int(&a[2]) : live;
	if (len < 0)
		len += live - from;
	php_step(p, a[0].u.a->n);
	php_v_arr(p, out, 0);
	for (; (e = next(a[0].u.a, &i)) != NULL; at++)
		if (at >= from && at - from < len) {
			if (e->k.s != NULL)
				*php_arr_at(p, out->u.a, &e->k) = e->v;
			else
				*php_arr_push(p, out->u.a) = e->v;
		}
	return true;
}

FN(fn_range)
{
	int64_t from, to, step = 1;
	bool letters;

	if (n < 2 || a[0].t == V_ARR || a[1].t == V_ARR)
		return false;
	letters = a[0].t == V_STR && a[1].t == V_STR && a[0].len == 1 && a[1].len == 1 &&
		  (a[0].u.s[0] > '9' || a[1].u.s[0] > '9');
	from = letters ? (unsigned char)a[0].u.s[0] : php_to_int(&a[0]);
	to = letters ? (unsigned char)a[1].u.s[0] : php_to_int(&a[1]);
	if (n > 2)
		step = php_to_int(&a[2]);
	if (step < 0 && step > INT32_MIN)
		step = -step;
	if (step <= 0 || step > 1000000 || from > 100000000 || to > 100000000 ||
	    from < -100000000 || to < -100000000 ||
	    (to > from ? to - from : from - to) / step > 100000)
		return false;
	php_v_arr(p, out, 0);
	for (;; from += from < to ? step : -step) {
		struct val *v = php_arr_push(p, out->u.a);

		php_step(p, 1);
		php_v_int(v, from);
		if (letters) {
			char *c = php_raw(p, 1);

			c[0] = (char)from;
			php_v_str(v, c, 1);
		}
		if (from == to || (from < to ? to - from : from - to) < step)
			return true;
	}
}

FN(fn_array_search)
{
	struct ent *e;
	uint32_t i = 0;

	if (n < 2 || a[1].t != V_ARR)
		return false;
	while ((e = next(a[1].u.a, &i)) != NULL) {
		int eq = php_loose_eq(p, &a[0], &e->v);

		php_step(p, 1);
		if (eq < 0)
			return false;
		if (eq == 0)
			continue;
		if (e->k.s != NULL)
			php_v_str(out, e->k.s, e->k.len);
		else
			php_v_int(out, e->k.i);
		return true;
	}
	php_v_bool(out, false);
	return true;
}

FN(fn_in_array)
{
	if (!fn_array_search(p, a, n, out))
		return false;
	php_v_bool(out, out->t != V_BOOL);
	return true;
}

FN(fn_array_key_exists)
{
	struct key k;

	if (n < 2 || a[1].t != V_ARR || !php_key(p, &a[0], &k))
		return false;
	php_v_bool(out, php_arr_get(a[1].u.a, &k) != NULL);
	return true;
}

FN(fn_array_combine)
{
	struct ent *e, *f;
	uint32_t i = 0, j = 0;

	if (n < 2 || !is_arr(a, n, 0) || !is_arr(a, n, 1) ||
	    a[0].u.a->live != a[1].u.a->live)
		return false;
	php_step(p, a[0].u.a->n);
	php_v_arr(p, out, a[0].u.a->live);
	while ((e = next(a[0].u.a, &i)) != NULL && (f = next(a[1].u.a, &j)) != NULL) {
		struct key k;

		if (!known(&e->v) || !php_key(p, &e->v, &k))
			return false;
		*php_arr_at(p, out->u.a, &k) = f->v;
	}
	return true;
}

FN(fn_array_sum)
{
	struct ent *e;
	uint32_t i = 0;
	uint64_t sum = 0;

	if (!is_arr(a, n, 0))
		return false;
	php_step(p, a[0].u.a->n);
	while ((e = next(a[0].u.a, &i)) != NULL) {
		if (!known(&e->v))
			return false;
		sum += (uint64_t)php_to_int(&e->v);
	}
	php_v_int(out, (int64_t)sum);
	return true;
}

static bool
extreme(struct php *p, struct val *a, unsigned n, struct val *out, int sign)
{
	unsigned i;

	(void)p;
	if (n < 2)
		return false;
	*out = a[0];
	for (i = 0; i < n; i++) {
		if (a[i].t != V_INT)
			return false;
		if (sign > 0 ? a[i].u.i > out->u.i : a[i].u.i < out->u.i)
			*out = a[i];
	}
	return true;
}

FN(fn_max)
{
	return extreme(p, a, n, out, 1);
}

FN(fn_min)
{
	return extreme(p, a, n, out, -1);
}

FN(fn_end)
{
	const struct arr *arr;
	uint32_t i;

	(void)p;
	if (!is_arr(a, n, 0))
		return false;
	arr = a[0].u.a;
	for (i = arr->n; i > 0; i--)
		if (!arr->e[i - 1].dead) {
			*out = arr->e[i - 1].v;
			return known(out);
		}
	return false;
}

FN(fn_reset)
{
	struct ent *e;
	uint32_t i = 0;

	(void)p;
	if (!is_arr(a, n, 0) || (e = next(a[0].u.a, &i)) == NULL)
		return false;
	*out = e->v;
	return known(out);
}

php_fn *
php_fn_arr(unsigned w)
{
	static php_fn *const t[W__N] = {[W_COUNT] = fn_count,
					[W_SIZEOF] = fn_count,
					[W_ARRAY_MAP] = fn_array_map,
					[W_ARRAY_REVERSE] = fn_array_reverse,
					[W_ARRAY_MERGE] = fn_array_merge,
					[W_ARRAY_FLIP] = fn_array_flip,
					[W_ARRAY_DIFF] = fn_array_diff,
					[W_ARRAY_KEYS] = fn_array_keys,
					[W_ARRAY_VALUES] = fn_array_values,
					[W_ARRAY_SLICE] = fn_array_slice,
					[W_RANGE] = fn_range,
					[W_ARRAY_SEARCH] = fn_array_search,
					[W_IN_ARRAY] = fn_in_array,
					[W_ARRAY_KEY_EXISTS] = fn_array_key_exists,
					[W_ARRAY_COMBINE] = fn_array_combine,
					[W_ARRAY_SUM] = fn_array_sum,
					[W_MAX] = fn_max,
					[W_MIN] = fn_min,
					[W_END] = fn_end,
					[W_RESET] = fn_reset,
					[W_CURRENT] = fn_reset};

	return t[w];
}
