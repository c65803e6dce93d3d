/*
 * php_value - PHP's values and arrays
 *
 * Job:     scalars and their conversions, strings that grow at their end without
 *          copying, ordered hashes copied on write.
 * Touches: nothing.
 * Source:  PHP manual, "Type juggling".
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "php_int.h"

#define FLAT 8 /* arrays up to this are searched from end to end */

void
php_v_str(struct val *v, const char *s, size_t n)
{
	memset(v, 0, sizeof(*v));
	v->t = V_STR;
	v->u.s = s;
	v->len = (uint32_t)n;
}

void
php_v_int(struct val *v, int64_t i)
{
	memset(v, 0, sizeof(*v));
	v->t = V_INT;
	v->u.i = i;
}

void
php_v_bool(struct val *v, bool b)
{
	memset(v, 0, sizeof(*v));
	v->t = V_BOOL;
	v->u.i = b;
}

void
php_v_dbl(struct val *v, double d)
{
	memset(v, 0, sizeof(*v));
	v->t = V_DBL;
	v->u.d = d;
}

void
php_v_arr(struct php *p, struct val *v, uint32_t cap)
{
	memset(v, 0, sizeof(*v));
	v->t = V_ARR;
	v->u.a = php_alloc(p, sizeof(*v->u.a));
	v->u.a->cap = cap;
	if (cap != 0)
		v->u.a->e = php_alloc(p, cap * sizeof(*v->u.a->e));
}

bool
php_to_str(struct php *p, struct val *v)
{
	char text[40];
	int n = 0;

	switch (v->t) {
	case V_STR:
		return true;
	case V_INT:
		n = snprintf(text, sizeof(text), "%" PRId64, v->u.i);
		break;
	case V_DBL:
		n = snprintf(text, sizeof(text), "%.14G", v->u.d);
		break;
	case V_BOOL:
		n = v->u.i ? 1 : 0;
		text[0] = '1';
		break;
	case V_NULL:
		break;
	default:
		return false;
	}
	v->t = V_STR;
	v->u.s = n > 0 ? memcpy(php_raw(p, (size_t)n), text, (size_t)n) : "";
	v->len = (uint32_t)n;
	v->own = NULL;
	return true;
}

/* What a string begins with as a number: integer in *i_out or double in *d_out (true). */
static bool
number(const struct val *v, int64_t *i_out, double *d_out)
{
	char text[64];
	size_t n = v->len < sizeof(text) - 1 ? v->len : sizeof(text) - 1;
	char *end, *dend;

	memcpy(text, v->u.s, n);
	text[n] = 0;
	*i_out = strtoll(text, &end, 10);
	*d_out = 0;
	if (*end != '.' && *end != 'e' && *end != 'E')
		return false;
	if (strpbrk(text, "xXnNiI") != NULL) /* strtod knows more than PHP */
		return false;
	*d_out = strtod(text, &dend);
	return dend > end;
}

int64_t
php_to_int(const struct val *v)
{
	int64_t i = 0;
	double d = 0;

	switch (v->t) {
	case V_INT:
	case V_BOOL:
		return v->u.i;
	case V_DBL:
		d = v->u.d;
		break;
	case V_STR:
		if (!number(v, &i, &d))
			return i;
		break;
	case V_ARR:
		return v->u.a->live != 0;
	default:
		return 0;
	}
	return d > -9.2e18 && d < 9.2e18 ? (int64_t)d : 0;
}

double
php_to_dbl(const struct val *v)
{
	int64_t i = 0;
	double d = 0;

	if (v->t == V_DBL)
		return v->u.d;
	if (v->t == V_STR)
		return number(v, &i, &d) ? d : (double)i;
	return (double)php_to_int(v);
}

bool
php_truthy(const struct val *v)
{
	switch (v->t) {
	case V_INT:
	case V_BOOL:
		return v->u.i != 0;
	case V_DBL:
		return v->u.d < 0 || v->u.d > 0;
	case V_STR:
		return v->len > 1 || (v->len == 1 && v->u.s[0] != '0');
	case V_ARR:
		return v->u.a->live != 0;
	case V_FUNC:
		return true;
	default:
		return false;
	}
}

void
php_cat(struct php *p, struct val *a, const struct val *b)
{
	size_t n = (size_t)a->len + b->len;
	struct buf *o = a->own;
	uint32_t taint = a->taint | b->taint;
	const struct trail *how = a->how != NULL ? a->how : b->how;

	if (n > STR_BYTES) {
		memset(a, 0, sizeof(*a));
		a->taint = taint;
		return;
	}
	php_step(p, b->len / 64 + 1);
	if (o == NULL || a->u.s + a->len != o->p + o->len || o->cap - o->len < b->len) {
		php_step(p, a->len / 64);
		o = php_alloc(p, sizeof(*o));
		o->cap = n + n / 2 + 24;
		o->p = php_raw(p, o->cap);
		if (a->len != 0)
			memcpy(o->p, a->u.s, a->len);
		o->len = a->len;
		a->own = o;
		a->u.s = o->p;
	}
	if (b->len != 0)
		memcpy(o->p + o->len, b->u.s, b->len);
	o->len += b->len;
	a->len = (uint32_t)n;
	a->taint = taint;
	a->how = how;
	a->flags = VF_HID;
}

bool
php_key(struct php *p, const struct val *v, struct key *k_out)
{
	struct val t = *v;
	uint32_t i;

	memset(k_out, 0, sizeof(*k_out));
	if (v->t == V_INT || v->t == V_BOOL || v->t == V_DBL) {
		k_out->i = php_to_int(v);
		return true;
	}
	if ((v->t != V_STR && v->t != V_NULL) || !php_to_str(p, &t))
		return false;
	i = t.len > 1 && t.u.s[0] == '-';
	if (t.len > i && t.len < 18 && (t.u.s[i] != '0' || t.len == 1)) {
		while (i < t.len && t.u.s[i] >= '0' && t.u.s[i] <= '9')
			i++;
		if (i == t.len) {
			k_out->i = php_to_int(&t);
			return true;
		}
	}
	k_out->s = t.u.s;
	k_out->len = t.len;
	return true;
}

static uint32_t
key_hash(const struct key *k)
{
	uint32_t h = 2166136261u, i;

	if (k->s == NULL)
		return (uint32_t)k->i * 2654435761u ^ (uint32_t)((uint64_t)k->i >> 32);
	for (i = 0; i < k->len; i++)
		h = (h ^ (unsigned char)k->s[i]) * 0x01000193u;
	return h ^ h >> 15;
}

static bool
key_eq(const struct key *a, const struct key *b)
{
	if (a->s == NULL || b->s == NULL)
		return a->s == NULL && b->s == NULL && a->i == b->i;
	return a->len == b->len && memcmp(a->s, b->s, a->len) == 0;
}

static uint32_t
find(const struct arr *a, const struct key *k)
{
	uint32_t i, at;

	if (a->slots == 0) {
		for (i = 0; i < a->n; i++)
			if (!a->e[i].dead && key_eq(&a->e[i].k, k))
				return i;
		return UINT32_MAX;
	}
	for (at = key_hash(k) & (a->slots - 1); a->slot[at] != 0;
	     at = (at + 1) & (a->slots - 1)) {
		i = a->slot[at] - 1;
		if (!a->e[i].dead && key_eq(&a->e[i].k, k))
			return i;
	}
	return UINT32_MAX;
}

struct val *
php_arr_get(const struct arr *a, const struct key *k)
{
	uint32_t i = find(a, k);

	return i == UINT32_MAX ? NULL : &a->e[i].v;
}

static void
rehash(struct php *p, struct arr *a)
{
	uint32_t i, slots = 32;

	while (slots < a->cap * 2)
		slots *= 2;
	a->slot = php_alloc(p, slots * sizeof(*a->slot));
	a->slots = slots;
	for (i = 0; i < a->n; i++) {
		uint32_t at = key_hash(&a->e[i].k) & (slots - 1);

		while (a->slot[at] != 0)
			at = (at + 1) & (slots - 1);
		a->slot[at] = i + 1;
	}
}

static struct val *
append(struct php *p, struct arr *a, const struct key *k)
{
	struct ent *e;

	if (a->n == a->cap) {
		uint32_t cap = a->cap == 0 ? 8 : a->cap * 2;

		php_step(p, a->n / 8 + 1);
		e = php_alloc(p, cap * sizeof(*e));
		if (a->n != 0)
			memcpy(e, a->e, a->n * sizeof(*e));
		a->e = e;
		a->cap = cap;
		if (cap > FLAT)
			rehash(p, a);
	} else if (a->slots == 0 && a->cap > FLAT) {
		rehash(p, a);
	}
	e = &a->e[a->n++];
	e->k = *k;
	e->dead = false;
	memset(&e->v, 0, sizeof(e->v));
	a->live++;
	if (a->slots != 0) {
		uint32_t at = key_hash(k) & (a->slots - 1);

		while (a->slot[at] != 0)
			at = (at + 1) & (a->slots - 1);
		a->slot[at] = a->n;
	}
	if (k->s == NULL && k->i >= a->next && k->i < INT64_MAX)
		a->next = k->i + 1;
	return &e->v;
}

struct val *
php_arr_at(struct php *p, struct arr *a, const struct key *k)
{
	uint32_t i = find(a, k);

	return i == UINT32_MAX ? append(p, a, k) : &a->e[i].v;
}

struct val *
php_arr_push(struct php *p, struct arr *a)
{
	struct key k = {NULL, 0, a->next};

	if (k.i == INT64_MAX) /* there is no next: it may be taken */
		return php_arr_at(p, a, &k);
	return append(p, a, &k);
}

bool
php_arr_del(struct arr *a, const struct key *k)
{
	uint32_t i = find(a, k);

	if (i == UINT32_MAX)
		return false;
	a->e[i].dead = true; /* its slot stays taken, so that chains are not cut */
	a->live--;
	return true;
}

void
php_arr_own(struct php *p, struct val *v)
{
	struct arr *old = v->u.a, *a;
	uint32_t i;

	if (!old->shared)
		return;
	php_step(p, old->n + 1);
	a = php_alloc(p, sizeof(*a));
	a->cap = old->live + 4;
	a->e = php_alloc(p, a->cap * sizeof(*a->e));
	for (i = 0; i < old->n; i++)
		if (!old->e[i].dead) {
			a->e[a->n++] = old->e[i];
			if (old->e[i].v.t == V_ARR)
				old->e[i].v.u.a->shared = true;
		}
	a->live = a->n;
	a->next = old->next;
	if (a->cap > FLAT)
		rehash(p, a);
	v->u.a = a;
}

int
php_str_cmp(const struct val *a, const struct val *b)
{
	uint32_t n = a->len < b->len ? a->len : b->len;
	int c = n != 0 ? memcmp(a->u.s, b->u.s, n) : 0;

	return c != 0 ? c : (a->len > b->len) - (a->len < b->len);
}

static bool
numeric(const struct val *v)
{
	uint32_t i = 0;

	if (v->t != V_STR)
		return v->t == V_INT || v->t == V_DBL;
	if (v->len == 0)
		return false;
	if (v->u.s[0] == '-' || v->u.s[0] == '+')
		i++;
	for (; i < v->len; i++)
		if ((v->u.s[i] < '0' || v->u.s[i] > '9') && v->u.s[i] != '.')
			return false;
	return true;
}

int
php_strict_eq(const struct val *a, const struct val *b)
{
	if (!known(a) || !known(b))
		return -1;
	if (a->t != b->t)
		return 0;
	switch (a->t) {
	case V_STR:
		return a->len == b->len && php_str_cmp(a, b) == 0;
	case V_INT:
	case V_BOOL:
		return a->u.i == b->u.i;
	case V_NULL:
		return 1;
	default:
		return -1;
	}
}

int
php_loose_eq(struct php *p, const struct val *a, const struct val *b)
{
	(void)p;
	if (a->t == V_ARR && b->t == V_ARR && (a->u.a->live == 0 || b->u.a->live == 0))
		return a->u.a->live == b->u.a->live;
	if (!known(a) || !known(b) || a->t == V_ARR || b->t == V_ARR || a->t == V_FUNC ||
	    b->t == V_FUNC)
		return -1;
	if (a->t == V_BOOL || b->t == V_BOOL || a->t == V_NULL || b->t == V_NULL) {
		if ((a->t == V_NULL && b->t == V_STR) ||
		    (a->t == V_STR && b->t == V_NULL))
			return a->t == V_STR ? a->len == 0 : b->len == 0;
		return php_truthy(a) == php_truthy(b);
	}
	if (numeric(a) && numeric(b)) {
		double d = php_to_dbl(a) - php_to_dbl(b);

		return !(d < 0 || d > 0);
	}
	if (a->t == V_STR && b->t == V_STR)
		return a->len == b->len && php_str_cmp(a, b) == 0;
	return -1;
}

void
php_trail(struct php *p, struct val *v, const struct trail *prev, const char *name)
{
	struct trail *t = php_alloc(p, sizeof(*t));

	t->prev = prev;
	t->name = name;
	t->n = prev == NULL ? 1 : prev->n + 1;
	v->how = t;
	v->flags |= VF_HID;
}
