/*
 * fuzz_php_fn - PHP's own functions on any values
 *
 * Job:     the first byte says which of the functions that are computed, the others
 *          make its arguments: numbers, strings, arrays within arrays. What comes back
 *          is a whole value: lengths are within their bounds, every byte can be read,
 *          an array's count and its index are right; the arguments' bytes stay.
 * Touches: nothing.
 */
#include "php_part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARGS 4
#define INPUT_MAX 256
#define NEST_MAX 3

struct reader {
	struct php *p;
	const unsigned char *s;
	size_t n;
};

static unsigned
next(struct reader *r)
{
	if (r->n == 0)
		return 0;
	r->n--;
	return *r->s++;
}

static int64_t
number(struct reader *r, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes-- > 0)
		v = v << 8 | next(r);
	return (int64_t)v;
}

static void
string(struct reader *r, struct val *v)
{
	size_t n = next(r) & 63;

	if (n > r->n)
		n = r->n;
	php_v_str(v, (const char *)r->s, n);
	r->s += n;
	r->n -= n;
}

static void value(struct reader *r, struct val *v, unsigned nest);

static void
array(struct reader *r, struct val *v, unsigned nest)
{
	unsigned count = next(r) & 15;
	struct val key, one;
	struct key k;

	php_v_arr(r->p, v, count & 3);
	while (count-- > 0 && r->n > 0) {
		unsigned how = next(r);

		value(r, &one, nest + 1);
		if (how % 4 == 0) {
			value(r, &key, NEST_MAX);
			if (known(&key) && php_key(r->p, &key, &k))
				*php_arr_at(r->p, v->u.a, &k) = one;
		} else {
			*php_arr_push(r->p, v->u.a) = one;
		}
		if (how % 16 == 3) { /* a hole */
			k = (struct key){.i = how / 16};
			(void)php_arr_del(v->u.a, &k);
		}
	}
}

/* Deeper than NEST_MAX there are no arrays. */
static void
value(struct reader *r, struct val *v, unsigned nest)
{
	static const double odd[] = {0.0, -0.5, 1e300, -1e19, 9.3e18, 1.0 / 3};

	switch (next(r) % 9) {
	case 0:
		memset(v, 0, sizeof(*v));
		v->t = V_NULL;
		break;
	case 1:
		php_v_bool(v, next(r) & 1);
		break;
	case 2:
		php_v_int(v, (int8_t)next(r));
		break;
	case 3:
		php_v_int(v, number(r, 8));
		break;
	case 4:
		php_v_dbl(v, odd[next(r) % 6]);
		break;
	case 5:
		if (nest < NEST_MAX)
			array(r, v, nest);
		else
			php_v_int(v, INT64_MIN);
		break;
	case 6:
		*v = php_unknown(nest == 0 ? 0 : TA_POST);
		if (nest == 0) /* a function gets known arguments only */
			php_v_int(v, INT64_MAX);
		break;
	default:
		string(r, v);
		break;
	}
}

static void check(struct php *p, const struct val *v, unsigned depth);

static void
check_arr(struct php *p, const struct arr *a, unsigned depth)
{
	uint32_t i, live = 0;

	HOLDS(a->n <= a->cap && a->live <= a->n);
	for (i = 0; i < a->n; i++) {
		if (a->e[i].dead)
			continue;
		live++;
		if (a->e[i].k.s != NULL)
			(void)part_sum(0, a->e[i].k.s, a->e[i].k.len);
		HOLDS(php_arr_get(a, &a->e[i].k) == &a->e[i].v);
		check(p, &a->e[i].v, depth + 1);
	}
	HOLDS(live == a->live);
}

static void
check(struct php *p, const struct val *v, unsigned depth)
{
	HOLDS(v->t <= V_FUNC && depth < 16);
	if (v->t == V_STR) {
		HOLDS(v->len <= STR_BYTES);
		(void)part_sum(0, v->u.s, v->len);
	} else if (v->t == V_ARR) {
		check_arr(p, v->u.a, depth);
	}
}

static php_fn *
fn_of(unsigned w)
{
	const char *trail;
	php_fn *fn = php_fn_decode(w, &trail);

	fn = fn != NULL ? fn : php_fn_str(w);
	fn = fn != NULL ? fn : php_fn_text(w);
	return fn != NULL ? fn : php_fn_arr(w);
}

/* The functions there are. */
static unsigned
list(php_fn *all[256])
{
	unsigned w, count = 0;

	for (w = 1; w < W__N; w++) {
		php_fn *fn = fn_of(w);

		if (fn != NULL && count < 256)
			all[count++] = fn;
	}
	return count;
}

static php_fn *
pick(unsigned which)
{
	static php_fn *all[256];
	static unsigned count;

	if (count == 0)
		count = list(all);
	return all[which % count];
}

static void
parts(struct php *p)
{
	struct reader r = {p, (const unsigned char *)p->file.s, p->file.len};
	php_fn *fn = pick(next(&r));
	struct val a[ARGS], out = php_unknown(0);
	unsigned i, n = next(&r) % (ARGS + 1);

	p->globals = p->scope = php_scope_new(p, NULL);
	p->props = php_scope_new(p, NULL);
	for (i = 0; i < n; i++)
		value(&r, &a[i], 0);
	if (fn(p, a, n, &out)) {
		check(p, &out, 0);
		if (out.t != V_ARR && out.t != V_FUNC && known(&out)) {
			(void)php_to_int(&out);
			(void)php_to_dbl(&out);
			(void)php_truthy(&out);
			HOLDS(php_to_str(p, &out));
			check(p, &out, 0);
		}
	}
	for (i = 0; i < n; i++)
		check(p, &a[i], 0);
}

/* Nothing on this stack frame changes after setjmp. */
static void
guarded(struct php *p)
{
	if (setjmp(p->out_of_it) == 0)
		parts(p);
	else
		HOLDS(p->stop > PHP_STOP_INPUT && p->stop < PHP_STOP_COUNT);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct php *p;

	if (p == NULL)
		p = part_engine(20000);
	if (size < 2 || size > INPUT_MAX)
		return 0;
	php_clear(p);
	p->file.len = (uint32_t)size;
	p->file.s = part_copy(data, size, 0);
	guarded(p);
	HOLDS(memcmp(p->file.s, data, size) == 0);
	return 0;
}
