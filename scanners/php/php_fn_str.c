/*
 * php_fn_str - string functions that cut, join and replace
 *
 * Job:     computed on known values; any other use of them is unknown.
 * Touches: nothing.
 * Source:  PHP manual, "String functions".
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "php_int.h"

#define REPEAT_BYTES (64 << 10)

#define FN(name) \
	static bool name(struct php *p, struct val *a, unsigned n, struct val *out)

static bool
want(struct php *p, struct val *a, unsigned n, unsigned count)
{
	unsigned i;

	if (n < count)
		return false;
	for (i = 0; i < count; i++)
		if (!php_to_str(p, &a[i]))
			return false;
	return true;
}

FN(fn_chr)
{
	char *to;

	if (n < 1 || a[0].t == V_ARR)
		return false;
	to = php_raw(p, 1);
	to[0] = (char)(php_to_int(&a[0]) & 255);
	php_v_str(out, to, 1);
	return true;
}

FN(fn_ord)
{
	if (!want(p, a, n, 1))
		return false;
	php_v_int(out, a[0].len != 0 ? (unsigned char)a[0].u.s[0] : 0);
	return true;
}

FN(fn_strlen)
{
	if (!want(p, a, n, 1))
		return false;
	php_v_int(out, a[0].len);
	return true;
}

FN(fn_substr)
{
	int64_t from, len, total;

	if (!want(p, a, n, 1) || n < 2 || a[1].t == V_ARR)
		return false;
	total = a[0].len;
	from = php_to_int(&a[1]);
	len = n > 2 && a[2].t != V_NULL ? php_to_int(&a[2]) : INT32_MAX;
	if (from < 0)
		from = from + total < 0 ? 0 : from + total;
	if (from > total)
		from = total;
	if (len < 0)
		len = total - from + len;
	if (len < 0)
		len = 0;
	if (len > total - from)
		len = total - from;
	php_v_str(out, a[0].u.s + from, (size_t)len);
	return true;
}

static void
piece(struct php *p, struct val *out, const char *s, size_t n)
{
	struct val v;

	php_v_str(&v, s, n);
	if (out->t == V_STR)
		php_cat(p, out, &v);
}

FN(fn_implode)
{
	struct val sep, one;
	const struct arr *arr;
	uint32_t i;
	bool first = true;

	if (n < 1)
		return false;
	php_v_str(&sep, "", 0);
	if (n > 1) {
		unsigned s = a[0].t == V_ARR ? 1 : 0;

		sep = a[s];
		if (!php_to_str(p, &sep) || a[1 - s].t != V_ARR)
			return false;
		arr = a[1 - s].u.a;
	} else {
		if (a[0].t != V_ARR)
			return false;
		arr = a[0].u.a;
	}
	php_v_str(out, "", 0);
	for (i = 0; i < arr->n && out->t == V_STR; i++) {
		if (arr->e[i].dead)
			continue;
		one = arr->e[i].v;
		if (!known(&one) || !php_to_str(p, &one))
			return false;
		if (!first && sep.len != 0)
			php_cat(p, out, &sep);
		if (out->t == V_STR)
			php_cat(p, out, &one);
		first = false;
	}
	return out->t == V_STR;
}

FN(fn_explode)
{
	const char *s, *end;
	uint32_t sep;
	int64_t max = INT32_MAX;

	if (!want(p, a, n, 2) || a[0].len == 0)
		return false;
	if (n > 2)
		max = php_to_int(&a[2]);
	if (max < 1)
		return false;
	s = a[1].u.s;
	end = s + a[1].len;
	sep = a[0].len;
	php_v_arr(p, out, 0);
	php_step(p, a[1].len / 16 + 1);
	for (;;) {
		const char *at = --max > 0 && s < end
				     ? memmem(s, (size_t)(end - s), a[0].u.s, sep)
				     : NULL;
		struct val *v = php_arr_push(p, out->u.a);

		php_step(p, 1);
		php_v_str(v, s, (size_t)((at != NULL ? at : end) - s));
		if (at == NULL)
			return true;
		s = at + sep;
	}
}

/* One search string for another, from left to right. */
static bool
replace(struct php *p, struct val *s, const struct val *from, const struct val *to,
	bool fold)
{
	struct val out;
	const char *at = s->u.s, *end = at + s->len, *hit;

	if (from->len == 0 || from->len > s->len)
		return true;
	php_v_str(&out, "", 0);
	php_step(p, s->len / 8 + 1);
	for (;;) {
		if (!fold) {
			hit = memmem(at, (size_t)(end - at), from->u.s, from->len);
		} else {
			for (hit = at; hit + from->len <= end; hit++)
				if (strncasecmp(hit, from->u.s, from->len) == 0)
					break;
			if (hit + from->len > end)
				hit = NULL;
		}
		if (hit == NULL)
			break;
		piece(p, &out, at, (size_t)(hit - at));
		piece(p, &out, to->u.s, to->len);
		if (out.t != V_STR)
			return false;
		at = hit + from->len;
	}
	piece(p, &out, at, (size_t)(end - at));
	out.how = s->how;
	out.taint = s->taint;
	*s = out;
	return out.t == V_STR;
}

/* str_replace(string or array, string or array, string) */
static bool
str_replace(struct php *p, struct val *a, unsigned n, struct val *out, bool fold)
{
	struct val s, from, to;
	uint32_t i, k = 0;

	if (n < 3 || a[2].t == V_ARR)
		return false;
	s = a[2];
	if (!php_to_str(p, &s))
		return false;
	if (a[0].t != V_ARR) {
		if (!want(p, a, n, 2) || !replace(p, &s, &a[0], &a[1], fold))
			return false;
		*out = s;
		return true;
	}
	for (i = 0; i < a[0].u.a->n; i++) {
		if (a[0].u.a->e[i].dead)
			continue;
		from = a[0].u.a->e[i].v;
		php_v_str(&to, "", 0);
		if (a[1].t != V_ARR) {
			to = a[1];
		} else {
			while (k < a[1].u.a->n && a[1].u.a->e[k].dead)
				k++;
			if (k < a[1].u.a->n)
				to = a[1].u.a->e[k++].v;
		}
		if (!known(&from) || !known(&to) || !php_to_str(p, &from) ||
		    !php_to_str(p, &to) || !replace(p, &s, &from, &to, fold))
			return false;
	}
	*out = s;
	return true;
}

FN(fn_str_replace)
{
	return str_replace(p, a, n, out, false);
}

FN(fn_str_ireplace)
{
	return str_replace(p, a, n, out, true);
}

/* strtr(s, array): the longest key first. */
static bool
strtr_array(struct php *p, const struct val *s, const struct arr *map, struct val *out)
{
	uint32_t i, max = 0;

	for (i = 0; i < map->n; i++) {
		struct val k;

		if (map->e[i].k.s != NULL) {
			max = map->e[i].k.len > max ? map->e[i].k.len : max;
		} else {
			php_v_int(&k, map->e[i].k.i);
			(void)php_to_str(p, &k);
			max = k.len > max ? k.len : max;
		}
	}
	if (max > 256)
		return false;
	php_v_str(out, "", 0);
	for (i = 0; i < s->len && out->t == V_STR;) {
		uint32_t k = max < s->len - i ? max : s->len - i;
		struct val sub, *v = NULL;
		struct key key;

		for (; k > 0; k--) {
			php_step(p, 1);
			php_v_str(&sub, s->u.s + i, k);
			if (php_key(p, &sub, &key) &&
			    (v = php_arr_get(map, &key)) != NULL)
				break;
		}
		if (k == 0) {
			piece(p, out, s->u.s + i++, 1);
		} else {
			sub = *v;
			if (!known(&sub) || !php_to_str(p, &sub))
				return false;
			php_cat(p, out, &sub);
			i += k;
		}
	}
	return out->t == V_STR;
}

FN(fn_strtr)
{
	unsigned char map[256];
	char *to;
	uint32_t i, len;

	if (!want(p, a, n, 1) || n < 2)
		return false;
	if (n == 2)
		return a[1].t == V_ARR && strtr_array(p, &a[0], a[1].u.a, out);
	if (!want(p, a, n, 3))
		return false;
	for (i = 0; i < 256; i++)
		map[i] = (unsigned char)i;
	len = a[1].len < a[2].len ? a[1].len : a[2].len;
	for (i = 0; i < len; i++)
		map[(unsigned char)a[1].u.s[i]] = (unsigned char)a[2].u.s[i];
	php_step(p, a[0].len / 16 + 1);
	to = php_raw(p, a[0].len);
	for (i = 0; i < a[0].len; i++)
		to[i] = (char)map[(unsigned char)a[0].u.s[i]];
	php_v_str(out, to, a[0].len);
	php_trail(p, out, a[0].how, "strtr");
	return true;
}

FN(fn_str_repeat)
{
	int64_t times, i;
	char *to;

	if (!want(p, a, n, 1) || n < 2)
		return false;
	times = php_to_int(&a[1]);
	if (a[0].len == 0 && times > 0)
		times = 0; /* nothing, however often: it must not cost so often */
	if (times < 0 || (times > 0 && a[0].len > REPEAT_BYTES / times))
		return false; /* filler, not a disguise */
	php_step(p, a[0].len * (uint64_t)times / 16 + 1);
	to = php_raw(p, a[0].len * (size_t)times);
	for (i = 0; i < times; i++)
		memcpy(to + i * a[0].len, a[0].u.s, a[0].len);
	php_v_str(out, to, a[0].len * (size_t)times);
	return true;
}

FN(fn_str_split)
{
	uint32_t i, len = 1;

	if (!want(p, a, n, 1))
		return false;
	if (n > 1)
		len = (uint32_t)(php_to_int(&a[1]) & 0x7fffffff);
	if (len == 0)
		return false;
	php_v_arr(p, out, 0);
	for (i = 0; i < a[0].len; i += len) {
		php_step(p, 1);
		php_v_str(php_arr_push(p, out->u.a), a[0].u.s + i,
			  a[0].len - i < len ? a[0].len - i : len);
		if (len > a[0].len)
			break;
	}
	return true;
}

/* %05b, %08b: the bits of a number, as decoders write them. */
static void
format_bits(struct php *p, uint64_t bits, unsigned width, struct val *out)
{
	char text[64], *to = text + sizeof(text);
	size_t len;

	do {
		*--to = (char)('0' + (bits & 1));
		bits >>= 1;
	} while (to > text && (bits != 0 || text + sizeof(text) - to < (int)width));
	len = (size_t)(text + sizeof(text) - to);
	piece(p, out, memcpy(php_raw(p, len), to, len), len);
}

/* sprintf with %s %d %c %x %u %b %% and argument numbers; padding with zeros only. */
static bool
format_one(struct php *p, char f, unsigned width, struct val *v, struct val *out)
{
	char text[80];
	int len;

	if (width > 64 || (width != 0 && strchr("duxXb", f) == NULL))
		return false;

	switch (f) {
	case 's':
		if (!php_to_str(p, v))
			return false;
		piece(p, out, v->u.s, v->len);
		return true;
	case 'c':
		text[0] = (char)(php_to_int(v) & 255);
		piece(p, out, memcpy(php_raw(p, 1), text, 1), 1);
		return true;
	case 'd':
	case 'u':
	case 'x':
	case 'X':
		len = f == 'x'   ? snprintf(text, sizeof(text), "%0*llx", (int)width,
					    (unsigned long long)php_to_int(v))
		      : f == 'X' ? snprintf(text, sizeof(text), "%0*llX", (int)width,
					    (unsigned long long)php_to_int(v))
				 : snprintf(text, sizeof(text), "%0*lld", (int)width,
					    (long long)php_to_int(v));
		piece(p, out, memcpy(php_raw(p, (size_t)len), text, (size_t)len),
		      (size_t)len);
		return true;
	case 'b':
		format_bits(p, (uint64_t)php_to_int(v), width, out);
		return true;
	default:
		return false;
	}
}

FN(fn_sprintf)
{
	uint32_t i, from = 0;
	unsigned next = 1;

	if (!want(p, a, n, 1))
		return false;
	php_v_str(out, "", 0);
	for (i = 0; i < a[0].len; i++) {
		unsigned arg = 0, width = 0;
		uint32_t k = i + 1;

		if (a[0].u.s[i] != '%')
			continue;
		piece(p, out, a[0].u.s + from, i - from);
		if (k < a[0].len && a[0].u.s[k] == '%') {
			from = k;
			i = k;
			continue;
		}
		while (k < a[0].len && a[0].u.s[k] >= '0' && a[0].u.s[k] <= '9' &&
		       k < i + 4)
			arg = arg * 10 + (unsigned)(a[0].u.s[k++] - '0');
		if (arg != 0 && k < a[0].len && a[0].u.s[k] == '$') {
			k++;
		} else if (k != i + 1) {
			if (a[0].u.s[i + 1] != '0')
				return false;
			width = arg;
			arg = next++;
		} else {
			arg = next++;
		}
		if (arg >= n || k >= a[0].len || a[arg].t == V_ARR ||
		    !format_one(p, a[0].u.s[k], width, &a[arg], out))
			return false;
		i = k;
		from = k + 1;
	}
	if (from < a[0].len)
		piece(p, out, a[0].u.s + from, a[0].len - from);
	return out->t == V_STR;
}

FN(fn_strpos)
{
	const char *at;
	uint32_t from = 0;

	if (!want(p, a, n, 2))
		return false;
	if (n > 2) {
		int64_t f = php_to_int(&a[2]);

		if (f < 0 || f > a[0].len)
			return false;
		from = (uint32_t)f;
	}
	php_step(p, a[0].len / 32 + 1);
	at = memmem(a[0].u.s + from, a[0].len - from, a[1].u.s, a[1].len);
	if (at == NULL)
		php_v_bool(out, false);
	else
		php_v_int(out, at - a[0].u.s);
	return true;
}

FN(fn_strstr)
{
	const char *at;

	if (!want(p, a, n, 2))
		return false;
	at = memmem(a[0].u.s, a[0].len, a[1].u.s, a[1].len);
	if (at == NULL)
		php_v_bool(out, false);
	else if (n > 2 && php_truthy(&a[2]))
		php_v_str(out, a[0].u.s, (size_t)(at - a[0].u.s));
	else
		php_v_str(out, at, (size_t)(a[0].u.s + a[0].len - at));
	return true;
}

FN(fn_strcmp)
{
	if (!want(p, a, n, 2))
		return false;
	php_v_int(out, php_str_cmp(&a[0], &a[1]));
	return true;
}

FN(fn_substr_replace)
{
	struct val part[4];
	int64_t end;

	if (!want(p, a, n, 2) || n < 3)
		return false;
	part[0] = a[0];
	php_v_int(&part[1], 0);
	part[2] = a[2];
	if (php_to_int(&a[2]) < 0 || !fn_substr(p, part, 3, out))
		return false;
	part[3] = *out;
	part[3].own = NULL;
	php_cat(p, &part[3], &a[1]);
	if (__builtin_add_overflow(php_to_int(&a[2]),
				   n > 3 ? php_to_int(&a[3]) : (int64_t)a[0].len, &end))
		return false;
	php_v_int(&part[1], end);
	part[0] = a[0];
	if (part[3].t != V_STR || php_to_int(&part[1]) < 0 || !fn_substr(p, part, 2, out))
		return false;
	php_cat(p, &part[3], out);
	*out = part[3];
	return out->t == V_STR;
}

php_fn *
php_fn_str(unsigned w)
{
	static php_fn *const t[W__N] = {[W_CHR] = fn_chr,
					[W_ORD] = fn_ord,
					[W_STRLEN] = fn_strlen,
					[W_MB_STRLEN] = fn_strlen,
					[W_SUBSTR] = fn_substr,
					[W_MB_SUBSTR] = fn_substr,
					[W_IMPLODE] = fn_implode,
					[W_JOIN] = fn_implode,
					[W_EXPLODE] = fn_explode,
					[W_STR_REPLACE] = fn_str_replace,
					[W_STR_IREPLACE] = fn_str_ireplace,
					[W_STRTR] = fn_strtr,
					[W_STR_REPEAT] = fn_str_repeat,
					[W_STR_SPLIT] = fn_str_split,
					[W_SPRINTF] = fn_sprintf,
					[W_STRPOS] = fn_strpos,
					[W_STRSTR] = fn_strstr,
					[W_STRCMP] = fn_strcmp,
					[W_SUBSTR_REPLACE] = fn_substr_replace};

	return t[w];
}
