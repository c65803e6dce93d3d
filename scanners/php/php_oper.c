/*
 * php_oper - binary operators on known values
 *
 * Job:     concatenation, arithmetic with wrap-around, bits (of strings too), comparison.
 * Touches: nothing.
 * Source:  PHP manual, "Operators".
 */
#include <string.h>
#include "php_int.h"

/* ^ & | of two strings, byte by byte. */
static bool
bits(struct php *p, unsigned op, struct val *a, const struct val *b)
{
	uint32_t min = a->len < b->len ? a->len : b->len, max = a->len + b->len - min;
	uint32_t n = op == O_OR ? max : min, i;
	char *to;
	struct val v;

	php_step(p, n / 8 + 1);
	to = php_raw(p, n);
	for (i = 0; i < min; i++) {
		unsigned x = (unsigned char)a->u.s[i], y = (unsigned char)b->u.s[i];

		to[i] = (char)(op == O_XOR ? x ^ y : op == O_AND ? (x & y) : x | y);
	}
	for (; i < n; i++)
		to[i] = a->len > i ? a->u.s[i] : b->u.s[i];
	php_v_str(&v, to, n);
	v.own = NULL;
	php_trail(p, &v, a->how, op == O_XOR ? "xor" : op == O_AND ? "and" : "or");
	if (!p->concrete)
		p->f->folds++;
	*a = v;
	return true;
}

/* 1, 0, or -1 if a comparison cannot be told. */
static int
compare(struct php *p, unsigned op, const struct val *a, const struct val *b)
{
	double d;
	int r;

	if (a->t == V_STR && b->t == V_STR)
		php_step(p, (a->len < b->len ? a->len : b->len) / 16);
	switch (op) {
	case O_SAME:
		return php_strict_eq(a, b);
	case O_NSAME:
		r = php_strict_eq(a, b);
		return r < 0 ? -1 : !r;
	case O_EQ:
		return php_loose_eq(p, a, b);
	case O_NEQ:
	case O_NEQ2:
		r = php_loose_eq(p, a, b);
		return r < 0 ? -1 : !r;
	default:
		break;
	}
	if (a->t == V_ARR || b->t == V_ARR || a->t == V_FUNC || b->t == V_FUNC)
		return -1;
	if (a->t == V_STR && b->t == V_STR)
		d = php_str_cmp(a, b);
	else
		d = php_to_dbl(a) - php_to_dbl(b);
	switch (op) {
	case O_LT:
		return d < 0;
	case O_GT:
		return d > 0;
	case O_LE:
		return d <= 0;
	case O_GE:
		return d >= 0;
	default:
		return -1;
	}
}

static bool
power(struct val *a, int64_t x, int64_t y)
{
	int64_t r = 1;

	if (y < 0 || y > 64)
		return false;
	for (; y > 0; y--)
		if (__builtin_mul_overflow(r, x, &r))
			return false;
	php_v_int(a, r);
	return true;
}

static bool
doubles(unsigned op, struct val *a, double x, double y)
{
	switch (op) {
	case O_ADD:
		php_v_dbl(a, x + y);
		return true;
	case O_SUB:
		php_v_dbl(a, x - y);
		return true;
	case O_MUL:
		php_v_dbl(a, x * y);
		return true;
	case O_DIV:
		if (!(y < 0) && !(y > 0))
			return false;
		php_v_dbl(a, x / y);
		return true;
	default:
		return false;
	}
}

static bool
integers(unsigned op, struct val *a, int64_t x, int64_t y)
{
	int64_t r;

	switch (op) {
	case O_ADD:
		if (__builtin_add_overflow(x, y, &r))
			return doubles(op, a, (double)x, (double)y);
		break;
	case O_SUB:
		if (__builtin_sub_overflow(x, y, &r))
			return doubles(op, a, (double)x, (double)y);
		break;
	case O_MUL:
		if (__builtin_mul_overflow(x, y, &r))
			return doubles(op, a, (double)x, (double)y);
		break;
	case O_DIV:
		if (y == 0 || (x == INT64_MIN && y == -1))
			return false;
		if (x % y != 0)
			return doubles(op, a, (double)x, (double)y);
		r = x / y;
		break;
	case O_MOD:
		if (y == 0)
			return false;
		r = y == -1 ? 0 : x % y;
		break;
	case O_SHL:
		r = y < 0 || y > 63 ? 0 : (int64_t)((uint64_t)x << y);
		break;
	case O_SHR:
		r = y < 0 || y > 63 ? (x < 0 ? -1 : 0) : x >> y;
		break;
	case O_AND:
		r = x & y;
		break;
	case O_OR:
		r = x | y;
		break;
	case O_XOR:
		r = x ^ y;
		break;
	case O_POW:
		return power(a, x, y);
	default:
		return false;
	}
	php_v_int(a, r);
	return true;
}

/* Does a string stand for a number with a fraction? */
static bool
fraction(const struct val *v)
{
	return v->t == V_DBL || (v->t == V_STR && v->len != 0 && v->len < 40 &&
				 memchr(v->u.s, '.', v->len) != NULL);
}

bool
php_binary(struct php *p, unsigned op, struct val *a, const struct val *b)
{
	struct val t = *b;
	int r;

	if (a->t == V_FUNC || t.t == V_FUNC)
		return false;
	switch (op) {
	case O_CAT:
		if (a->t == V_ARR)
			php_v_str(a, "Array", 5);
		if (t.t == V_ARR)
			php_v_str(&t, "Array", 5);
		if (!php_to_str(p, a) || !php_to_str(p, &t))
			return false;
		php_cat(p, a, &t);
		return a->t == V_STR;
	case O_XOR:
	case O_AND:
	case O_OR:
		if (a->t == V_STR && t.t == V_STR)
			return bits(p, op, a, &t);
		break;
	case O_SPACESHIP:
	case O_BSLASH:
		return false;
	case O_SAME:
	case O_NSAME:
	case O_EQ:
	case O_NEQ:
	case O_NEQ2:
	case O_LT:
	case O_GT:
	case O_LE:
	case O_GE:
		r = compare(p, op, a, &t);
		if (r < 0)
			return false;
		php_v_bool(a, r != 0);
		return true;
	default:
		break;
	}
	if (a->t == V_ARR || t.t == V_ARR)
		return false;
	if (op != O_MOD && op != O_SHL && op != O_SHR && (fraction(a) || fraction(&t)))
		return doubles(op, a, php_to_dbl(a), php_to_dbl(&t));
	return integers(op, a, php_to_int(a), php_to_int(&t));
}
