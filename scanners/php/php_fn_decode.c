/*
 * php_fn_decode - decoders
 *
 * Job:     base64, zlib in its three wrappings, rot13, hex, URL, uuencode, reversal:
 *          what attackers wrap code in, computed on known strings.
 * Touches: nothing. zlib's memory comes from the arena.
 * Source:  PHP manual; RFC 4648, 1950-1952; uuencode of POSIX.
 */
#include <string.h>
#include <zlib.h>
#include "php_int.h"

static int
b64(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Other bytes are skipped, as PHP does. */
bool
php_base64(struct php *p, const struct val *in, struct val *out)
{
	char *to = php_raw(p, in->len / 4 * 3 + 4);
	uint32_t i, n = 0, bits = 0, acc = 0;

	php_step(p, in->len / 16 + 1);
	for (i = 0; i < in->len; i++) {
		int v = b64((unsigned char)in->u.s[i]);

		if (v < 0)
			continue;
		acc = acc << 6 | (uint32_t)v;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			to[n++] = (char)(acc >> bits & 255);
		}
	}
	php_v_str(out, to, n);
	return true;
}

static bool
fn_base64(struct php *p, struct val *a, unsigned n, struct val *out)
{
	return n >= 1 && php_to_str(p, &a[0]) && php_base64(p, &a[0], out);
}

static voidpf
z_alloc(voidpf opaque, uInt n, uInt size)
{
	return php_raw(opaque, (size_t)n * size);
}

static void
z_free(voidpf opaque, voidpf at)
{
	(void)opaque;
	(void)at;
}

/* What could be inflated up to a bad byte counts: samples are often cut. */
static bool
inflate_str(struct php *p, const struct val *in, int bits, struct val *out)
{
	z_stream z;
	size_t cap = (size_t)in->len * 4 + 256, max = p->lim.output_bytes / 2;
	char *to;
	int r;

	if (max > STR_BYTES)
		max = STR_BYTES;
	if (cap > max)
		cap = max;
	memset(&z, 0, sizeof(z));
	z.zalloc = z_alloc;
	z.zfree = z_free;
	z.opaque = p;
	if (inflateInit2(&z, bits) != Z_OK)
		return false;
	z.next_in = (Bytef *)(uintptr_t)in->u.s;
	z.avail_in = in->len;
	to = php_raw(p, cap);
	for (;;) {
		z.next_out = (Bytef *)to + z.total_out;
		z.avail_out = (uInt)(cap - z.total_out);
		r = inflate(&z, Z_NO_FLUSH);
		if (r != Z_OK || z.avail_out != 0)
			break;
		if (cap >= max) { /* a bomb, or beyond what we keep */
			php_note(p, PHP_STOP_OUTPUT);
			break;
		}
		cap = cap * 2 > max ? max : cap * 2;
		to = memcpy(php_raw(p, cap), to, z.total_out);
	}
	php_step(p, z.total_out / 16 + in->len / 16 + 50);
	php_shrink(p, to, cap, z.total_out);
	if (z.total_out == 0)
		return false;
	php_v_str(out, to, z.total_out);
	return true;
}

static bool
fn_gzinflate(struct php *p, struct val *a, unsigned n, struct val *out)
{
	return n >= 1 && php_to_str(p, &a[0]) && inflate_str(p, &a[0], -15, out);
}

static bool
fn_gzuncompress(struct php *p, struct val *a, unsigned n, struct val *out)
{
	return n >= 1 && php_to_str(p, &a[0]) && inflate_str(p, &a[0], 15, out);
}

static bool
fn_gzdecode(struct php *p, struct val *a, unsigned n, struct val *out)
{
	return n >= 1 && php_to_str(p, &a[0]) && inflate_str(p, &a[0], 15 + 32, out);
}

static bool
fn_rot13(struct php *p, struct val *a, unsigned n, struct val *out)
{
	char *to;
	uint32_t i;

	if (n < 1 || !php_to_str(p, &a[0]))
		return false;
	to = php_raw(p, a[0].len);
	php_step(p, a[0].len / 16 + 1);
	for (i = 0; i < a[0].len; i++) {
		char c = a[0].u.s[i];

		if (c >= 'a' && c <= 'z')
			c = (char)('a' + (c - 'a' + 13) % 26);
		else if (c >= 'A' && c <= 'Z')
			c = (char)('A' + (c - 'A' + 13) % 26);
		to[i] = c;
	}
	php_v_str(out, to, a[0].len);
	return true;
}

static bool
fn_strrev(struct php *p, struct val *a, unsigned n, struct val *out)
{
	char *to;
	uint32_t i;

	if (n < 1 || !php_to_str(p, &a[0]))
		return false;
	to = php_raw(p, a[0].len);
	php_step(p, a[0].len / 16 + 1);
	for (i = 0; i < a[0].len; i++)
		to[i] = a[0].u.s[a[0].len - 1 - i];
	php_v_str(out, to, a[0].len);
	return true;
}

static int
hex(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
url(struct php *p, const struct val *in, bool plus, struct val *out)
{
	char *to = php_raw(p, in->len);
	uint32_t i, n = 0;

	php_step(p, in->len / 16 + 1);
	for (i = 0; i < in->len; i++) {
		unsigned char c = (unsigned char)in->u.s[i];

		if (c == '%' && in->len - i > 2 &&
		    hex((unsigned char)in->u.s[i + 1]) >= 0 &&
		    hex((unsigned char)in->u.s[i + 2]) >= 0) {
			c = (unsigned char)(hex((unsigned char)in->u.s[i + 1]) * 16 +
					    hex((unsigned char)in->u.s[i + 2]));
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		to[n++] = (char)c;
	}
	php_v_str(out, to, n);
	return true;
}

static bool
fn_urldecode(struct php *p, struct val *a, unsigned n, struct val *out)
{
	return n >= 1 && php_to_str(p, &a[0]) && url(p, &a[0], true, out);
}

static bool
fn_rawurldecode(struct php *p, struct val *a, unsigned n, struct val *out)
{
	return n >= 1 && php_to_str(p, &a[0]) && url(p, &a[0], false, out);
}

static bool
fn_hex2bin(struct php *p, struct val *a, unsigned n, struct val *out)
{
	char *to;
	uint32_t i;

	if (n < 1 || !php_to_str(p, &a[0]))
		return false;
	to = php_raw(p, a[0].len / 2 + 1);
	php_step(p, a[0].len / 16 + 1);
	for (i = 0; i + 1 < a[0].len; i += 2) {
		int h = hex((unsigned char)a[0].u.s[i]),
		    l = hex((unsigned char)a[0].u.s[i + 1]);

		if (h < 0 || l < 0)
			return false;
		to[i / 2] = (char)(h * 16 + l);
	}
	php_v_str(out, to, a[0].len / 2);
	return true;
}

static bool
fn_uudecode(struct php *p, struct val *a, unsigned n, struct val *out)
{
	char *to;
	uint32_t i = 0, o = 0;
	const char *s;

	if (n < 1 || !php_to_str(p, &a[0]))
		return false;
	s = a[0].u.s;
	to = php_raw(p, a[0].len + 64);
	php_step(p, a[0].len / 16 + 1);
	while (i < a[0].len) {
		uint32_t len = (uint32_t)(s[i++] - 32) & 63, got = 0;

		if (len == 0)
			break;
		for (; got < len && i + 4 <= a[0].len; i += 4) {
			uint32_t w = ((uint32_t)(s[i] - 32) & 63) << 18 |
				     ((uint32_t)(s[i + 1] - 32) & 63) << 12 |
				     ((uint32_t)(s[i + 2] - 32) & 63) << 6 |
				     ((uint32_t)(s[i + 3] - 32) & 63);
			unsigned k;

			for (k = 0; k < 3 && got < len; k++, got++)
				to[o++] = (char)(w >> (16 - 8 * k) & 255);
		}
		if (got < len)
			break;
		while (i < a[0].len && s[i] != '\n')
			i++;
		i++;
	}
	php_v_str(out, to, o);
	return o != 0;
}

/* pack() of the formats that hide strings: H* h* A* a* C* c* N n V v. */
static bool
fn_pack(struct php *p, struct val *a, unsigned n, struct val *out)
{
	char f, *to;
	uint32_t i;

	if (n < 2 || !php_to_str(p, &a[0]) || a[0].len == 0)
		return false;
	f = a[0].u.s[0];
	if ((f | 32) == 'h') {
		if (!php_to_str(p, &a[1]) || !fn_hex2bin(p, a + 1, 1, out))
			return false;
		if (f == 'h') {
			to = memcpy(php_raw(p, out->len), out->u.s, out->len);
			for (i = 0; i < out->len; i++)
				to[i] = (char)(((unsigned char)to[i] >> 4) |
					       ((unsigned char)to[i] << 4 & 0xf0));
			out->u.s = to;
		}
		return true;
	}
	if ((f | 32) == 'a' && php_to_str(p, &a[1])) {
		*out = a[1];
		return true;
	}
	if ((f | 32) != 'c')
		return false;
	to = php_raw(p, n);
	for (i = 1; i < n; i++)
		to[i - 1] = (char)php_to_int(&a[i]);
	php_v_str(out, to, n - 1);
	return true;
}

php_fn *
php_fn_decode(unsigned w, const char **trail_out)
{
	static const struct {
		uint16_t w;
		php_fn *fn;
		const char *trail;
	} t[] = {
	    {W_BASE64_DECODE, fn_base64, "base64"},
	    {W_GZINFLATE, fn_gzinflate, "gzinflate"},
	    {W_GZUNCOMPRESS, fn_gzuncompress, "gzuncompress"},
	    {W_GZDECODE, fn_gzdecode, "gzdecode"},
	    {W_ZLIB_DECODE, fn_gzdecode, "zlib"},
	    {W_STR_ROT13, fn_rot13, "rot13"},
	    {W_STRREV, fn_strrev, "strrev"},
	    {W_URLDECODE, fn_urldecode, "url"},
	    {W_RAWURLDECODE, fn_rawurldecode, "url"},
	    {W_HEX2BIN, fn_hex2bin, "hex"},
	    {W_CONVERT_UUDECODE, fn_uudecode, "uu"},
	    {W_PACK, fn_pack, "pack"},
	};
	size_t i;

	*trail_out = NULL;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (t[i].w == w) {
			*trail_out = t[i].trail;
			return t[i].fn;
		}
	return NULL;
}
