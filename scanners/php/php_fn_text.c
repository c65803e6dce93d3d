/*
 * php_fn_text - functions that change the form of text and numbers
 *
 * Job:     case, trimming, encodings that are no disguise by themselves, bases.
 * Touches: nothing.
 * Source:  PHP manual.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "php_int.h"

#define FN(name) \
	static bool name(struct php *p, struct val *a, unsigned n, struct val *out)

static bool
str1(struct php *p, struct val *a, unsigned n)
{
	return n >= 1 && php_to_str(p, &a[0]);
}

static char *
copy(struct php *p, const struct val *v, struct val *out)
{
	char *to = php_raw(p, v->len);

	php_step(p, v->len / 16 + 1);
	if (v->len != 0)
		memcpy(to, v->u.s, v->len);
	php_v_str(out, to, v->len);
	return to;
}

FN(fn_lower)
{
	char *to;
	uint32_t i;

	if (!str1(p, a, n))
		return false;
	to = copy(p, &a[0], out);
	for (i = 0; i < out->len; i++)
		if (to[i] >= 'A' && to[i] <= 'Z')
			to[i] = (char)(to[i] + 32);
	return true;
}

FN(fn_upper)
{
	char *to;
	uint32_t i;

	if (!str1(p, a, n))
		return false;
	to = copy(p, &a[0], out);
	for (i = 0; i < out->len; i++)
		if (to[i] >= 'a' && to[i] <= 'z')
			to[i] = (char)(to[i] - 32);
	return true;
}

FN(fn_ucfirst)
{
	char *to;

	if (!str1(p, a, n))
		return false;
	to = copy(p, &a[0], out);
	if (out->len != 0 && to[0] >= 'a' && to[0] <= 'z')
		to[0] = (char)(to[0] - 32);
	return true;
}

FN(fn_lcfirst)
{
	char *to;

	if (!str1(p, a, n))
		return false;
	to = copy(p, &a[0], out);
	if (out->len != 0 && to[0] >= 'A' && to[0] <= 'Z')
		to[0] = (char)(to[0] + 32);
	return true;
}

static bool
trim(struct php *p, struct val *a, unsigned n, struct val *out, bool left, bool right)
{
	const char *set = " \t\n\r\v";
	size_t set_len = 6; /* with the NUL */
	uint32_t from = 0, to;

	if (!str1(p, a, n))
		return false;
	if (n > 1) {
		if (!php_to_str(p, &a[1]) || memmem(a[1].u.s, a[1].len, "..", 2) != NULL)
			return false;
		set = a[1].u.s;
		set_len = a[1].len;
	}
	to = a[0].len;
	if (set_len > 256)
		return false;
	while (left && from < to && memchr(set, a[0].u.s[from], set_len) != NULL)
		from++;
	while (right && to > from && memchr(set, a[0].u.s[to - 1], set_len) != NULL)
		to--;
	php_step(p, (a[0].len - (to - from)) / 4 + 1);
	php_v_str(out, a[0].u.s + from, to - from);
	return true;
}

FN(fn_trim)
{
	return trim(p, a, n, out, true, true);
}

FN(fn_ltrim)
{
	return trim(p, a, n, out, true, false);
}

FN(fn_rtrim)
{
	return trim(p, a, n, out, false, true);
}

FN(fn_same)
{
	if (!str1(p, a, n))
		return false;
	*out = a[0];
	return true;
}

FN(fn_bin2hex)
{
	static const char digit[] = "0123456789abcdef";
	char *to;
	uint32_t i;

	if (!str1(p, a, n) || a[0].len > STR_BYTES / 2)
		return false;
	php_step(p, a[0].len / 8 + 1);
	to = php_raw(p, a[0].len * 2);
	for (i = 0; i < a[0].len; i++) {
		to[2 * i] = digit[(unsigned char)a[0].u.s[i] >> 4];
		to[2 * i + 1] = digit[(unsigned char)a[0].u.s[i] & 15];
	}
	php_v_str(out, to, a[0].len * 2);
	return true;
}

FN(fn_base64_encode)
{
	static const char digit[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *to;
	uint32_t i, k = 0;

	if (!str1(p, a, n) || a[0].len > STR_BYTES / 2)
		return false;
	php_step(p, a[0].len / 8 + 1);
	to = php_raw(p, a[0].len / 3 * 4 + 8);
	for (i = 0; i < a[0].len; i += 3) {
		uint32_t w = (uint32_t)(unsigned char)a[0].u.s[i] << 16;

		if (i + 1 < a[0].len)
			w |= (uint32_t)(unsigned char)a[0].u.s[i + 1] << 8;
		if (i + 2 < a[0].len)
			w |= (unsigned char)a[0].u.s[i + 2];
		to[k++] = digit[w >> 18];
		to[k++] = digit[w >> 12 & 63];
		to[k++] = i + 1 < a[0].len ? digit[w >> 6 & 63] : '=';
		to[k++] = i + 2 < a[0].len ? digit[w & 63] : '=';
	}
	php_v_str(out, to, k);
	return true;
}

/* stripslashes: \x is x; stripcslashes: escapes of C. */
static bool
strip(struct php *p, const struct val *v, struct val *out, bool c)
{
	static const char from[] = "nrtvafb", is[] = "\n\r\t\v\a\f\b";
	char *to = php_raw(p, v->len);
	uint32_t i, k = 0;

	php_step(p, v->len / 8 + 1);
	for (i = 0; i < v->len; i++) {
		char d = v->u.s[i];
		const char *at;

		if (d != '\\' || i + 1 >= v->len) {
			to[k++] = d;
			continue;
		}
		d = v->u.s[++i];
		at = c && d != 0 ? strchr(from, d) : NULL;
		if (at != NULL) {
			d = is[at - from];
		} else if (c && (d == 'x' || (d >= '0' && d <= '7'))) {
			unsigned base = d == 'x' ? 16 : 8, max = d == 'x' ? 2 : 3, x = 0;

			i += d == 'x';
			for (; max > 0 && i < v->len; max--, i++) {
				unsigned char e = (unsigned char)v->u.s[i];
				unsigned h = e >= '0' && e <= '9' ? e - (unsigned)'0'
								  : (e | 32u) - 'a' + 10;

				if (h >= base)
					break;
				x = x * base + h;
			}
			i--;
			d = (char)x;
		}
		to[k++] = d;
	}
	php_v_str(out, to, k);
	return true;
}

FN(fn_stripslashes)
{
	return str1(p, a, n) && strip(p, &a[0], out, false);
}

FN(fn_stripcslashes)
{
	return str1(p, a, n) && strip(p, &a[0], out, true);
}

/* &#65; &#x41; &lt; &gt; &quot; &amp; &#039; */
FN(fn_entities)
{
	static const struct {
		const char *s;
		char c;
	} known_one[] = {
	    {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"amp;", '&'}, {"apos;", '\''}};
	char *to;
	uint32_t i, k = 0;

	if (!str1(p, a, n))
		return false;
	php_step(p, a[0].len / 8 + 1);
	to = php_raw(p, a[0].len);
	for (i = 0; i < a[0].len; i++) {
		char c = a[0].u.s[i];
		uint32_t left = a[0].len - i - 1, j;

		if (c == '&' && left > 3 && a[0].u.s[i + 1] == '#') {
			unsigned x = 0, base = (a[0].u.s[i + 2] | 32) == 'x' ? 16 : 10;

			for (j = i + (base == 16 ? 3 : 2); j < a[0].len && j < i + 9;
			     j++) {
				unsigned char e = (unsigned char)a[0].u.s[j];
				unsigned h = e >= '0' && e <= '9' ? e - (unsigned)'0'
								  : (e | 32u) - 'a' + 10;

				if (h >= base)
					break;
				x = x * base + h;
			}
			if (j < a[0].len && a[0].u.s[j] == ';' && x < 256) {
				c = (char)x;
				i = j;
			}
		} else if (c == '&') {
			for (j = 0; j < sizeof(known_one) / sizeof(known_one[0]); j++) {
				size_t len = strlen(known_one[j].s);

				if (left >= len &&
				    memcmp(a[0].u.s + i + 1, known_one[j].s, len) == 0) {
					c = known_one[j].c;
					i += (uint32_t)len;
					break;
				}
			}
		}
		to[k++] = c;
	}
	php_v_str(out, to, k);
	return true;
}

static bool
parse_base(struct php *p, struct val *a, unsigned n, struct val *out, int base)
{
	char text[32];

	if (!str1(p, a, n) || a[0].len >= sizeof(text))
		return false;
	memcpy(text, a[0].u.s, a[0].len);
	text[a[0].len] = 0;
	php_v_int(out, strtoll(text, NULL, base));
	return true;
}

FN(fn_hexdec)
{
	return parse_base(p, a, n, out, 16);
}

FN(fn_octdec)
{
	return parse_base(p, a, n, out, 8);
}

FN(fn_bindec)
{
	return parse_base(p, a, n, out, 2);
}

static void
write_base(struct php *p, uint64_t x, unsigned base, struct val *out)
{
	char text[65];
	unsigned at = sizeof(text);

	do {
		text[--at] = "0123456789abcdefghijklmnopqrstuvwxyz"[x % base];
		x /= base;
	} while (x != 0);
	php_v_str(out,
		  memcpy(php_raw(p, sizeof(text) - at), text + at, sizeof(text) - at),
		  sizeof(text) - at);
}

FN(fn_dechex)
{
	if (n < 1 || a[0].t == V_ARR)
		return false;
	write_base(p, (uint64_t)php_to_int(&a[0]), 16, out);
	return true;
}

FN(fn_decbin)
{
	if (n < 1 || a[0].t == V_ARR)
		return false;
	write_base(p, (uint64_t)php_to_int(&a[0]), 2, out);
	return true;
}

FN(fn_base_convert)
{
	char text[64];
	int64_t from, to;

	if (n < 3 || !str1(p, a, n) || a[0].len >= sizeof(text))
		return false;
	from = php_to_int(&a[1]);
	to = php_to_int(&a[2]);
	if (from < 2 || from > 36 || to < 2 || to > 36)
		return false;
	memcpy(text, a[0].u.s, a[0].len);
	text[a[0].len] = 0;
	write_base(p, strtoull(text, NULL, (int)from), (unsigned)to, out);
	return true;
}

FN(fn_intval)
{
	(void)p;
	if (n < 1)
		return false;
	if (n > 1)
		return parse_base(p, a, n, out, (int)(php_to_int(&a[1]) & 31));
	php_v_int(out, php_to_int(&a[0]));
	return true;
}

FN(fn_round)
{
	double d;

	(void)p;
	if (n != 1 || a[0].t == V_ARR)
		return false;
	if (a[0].t == V_INT) {
		*out = a[0];
		return true;
	}
	d = php_to_dbl(&a[0]);
	if (!(d > -9.2e18 && d < 9.2e18)) /* no int64_t */
		return false;
	php_v_int(out, (int64_t)(d + (d < 0 ? -0.5 : 0.5)));
	return true;
}

FN(fn_floor)
{
	double d;
	int64_t i;

	(void)p;
	if (n < 1 || a[0].t == V_ARR)
		return false;
	d = php_to_dbl(&a[0]);
	if (!(d > -1e15 && d < 1e15))
		return false;
	i = (int64_t)d;
	php_v_int(out, (double)i > d ? i - 1 : i);
	return true;
}

FN(fn_abs)
{
	(void)p;
	if (n < 1 || a[0].t != V_INT || a[0].u.i == INT64_MIN)
		return false;
	php_v_int(out, a[0].u.i < 0 ? -a[0].u.i : a[0].u.i);
	return true;
}

FN(fn_crc32)
{
	if (!str1(p, a, n))
		return false;
	php_step(p, a[0].len / 64 + 1);
	php_v_int(out, (int64_t)crc32(0, (const Bytef *)a[0].u.s, a[0].len));
	return true;
}

FN(fn_is_string)
{
	(void)p;
	if (n < 1)
		return false;
	php_v_bool(out, a[0].t == V_STR);
	return true;
}

FN(fn_is_array)
{
	(void)p;
	if (n < 1)
		return false;
	php_v_bool(out, a[0].t == V_ARR);
	return true;
}

php_fn *
php_fn_text(unsigned w)
{
	static php_fn *const t[W__N] = {[W_STRTOLOWER] = fn_lower,
					[W_STRTOUPPER] = fn_upper,
					[W_UCFIRST] = fn_ucfirst,
					[W_LCFIRST] = fn_lcfirst,
					[W_TRIM] = fn_trim,
					[W_LTRIM] = fn_ltrim,
					[W_RTRIM] = fn_rtrim,
					[W_CHOP] = fn_rtrim,
					[W_BIN2HEX] = fn_bin2hex,
					[W_BASE64_ENCODE] = fn_base64_encode,
					[W_STRIPSLASHES] = fn_stripslashes,
					[W_STRIPCSLASHES] = fn_stripcslashes,
					[W_HTML_ENTITY_DECODE] = fn_entities,
					[W_HTMLSPECIALCHARS_DECODE] = fn_entities,
					[W_HEXDEC] = fn_hexdec,
					[W_OCTDEC] = fn_octdec,
					[W_BINDEC] = fn_bindec,
					[W_DECHEX] = fn_dechex,
					[W_DECBIN] = fn_decbin,
					[W_BASE_CONVERT] = fn_base_convert,
					[W_INTVAL] = fn_intval,
					[W_ROUND] = fn_round,
					[W_FLOOR] = fn_floor,
					[W_ABS] = fn_abs,
					[W_CRC32] = fn_crc32,
					[W_STRVAL] = fn_same,
					[W_IS_STRING] = fn_is_string,
					[W_IS_ARRAY] = fn_is_array};

	return t[w];
}
