/*
 * php_coders - what packers wrap code in, to be unwrapped again
 *
 * Job:     encoders, each with the PHP function that undoes it.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_PHP_CODERS_H
#define MAILBRAKE_PHP_CODERS_H

#include <zlib.h>
#include "php_part.h"

#define TEXT_MAX 512
#define BIG (16 << 10)

struct text {
	unsigned char s[BIG];
	size_t n;
};

static void
put(struct text *t, const void *s, size_t n)
{
	HOLDS(n <= sizeof(t->s) - t->n);
	if (n != 0)
		memcpy(t->s + t->n, s, n);
	t->n += n;
}

static void
put_c(struct text *t, unsigned c)
{
	unsigned char b = (unsigned char)c;

	put(t, &b, 1);
}

/* --- encoders: what an attacker's packer does --- */

static void
to_base64(const struct text *in, struct text *out)
{
	static const char digit[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t i;

	for (i = 0; i < in->n; i += 3) {
		unsigned w = (unsigned)in->s[i] << 16, left = (unsigned)(in->n - i);

		w |= left > 1 ? (unsigned)in->s[i + 1] << 8 : 0;
		w |= left > 2 ? in->s[i + 2] : 0;
		put_c(out, (unsigned char)digit[w >> 18]);
		put_c(out, (unsigned char)digit[w >> 12 & 63]);
		put_c(out, left > 1 ? (unsigned char)digit[w >> 6 & 63] : '=');
		put_c(out, left > 2 ? (unsigned char)digit[w & 63] : '=');
	}
}

static void
to_hex(const struct text *in, struct text *out)
{
	static const char digit[] = "0123456789abcdef0123456789ABCDEF";
	size_t i;

	for (i = 0; i < in->n; i++) {
		put_c(out, (unsigned char)digit[in->s[i] >> 4]);
		put_c(out, (unsigned char)digit[16 + (in->s[i] & 15)]);
	}
}

static void
to_url(const struct text *in, struct text *out)
{
	static const char digit[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < in->n; i++) {
		if (in->s[i] % 3 == 0 && in->s[i] != '%' && in->s[i] != '+') {
			put_c(out, in->s[i]); /* some stand for themselves */
			continue;
		}
		put_c(out, '%');
		put_c(out, (unsigned char)digit[in->s[i] >> 4]);
		put_c(out, (unsigned char)digit[in->s[i] & 15]);
	}
}

static void
to_uu(const struct text *in, struct text *out)
{
	size_t i, k;

	for (i = 0; i < in->n; i += 45) {
		size_t len = in->n - i < 45 ? in->n - i : 45;

		put_c(out, (unsigned)len + 32);
		for (k = i; k < i + len; k += 3) {
			unsigned w = (unsigned)in->s[k] << 16;

			w |= k + 1 < in->n ? (unsigned)in->s[k + 1] << 8 : 0;
			w |= k + 2 < in->n ? in->s[k + 2] : 0;
			put_c(out, (w >> 18) + 32);
			put_c(out, (w >> 12 & 63) + 32);
			put_c(out, (w >> 6 & 63) + 32);
			put_c(out, (w & 63) + 32);
		}
		put_c(out, '\n');
	}
	put_c(out, ' ');
}

static void
to_rot13(const struct text *in, struct text *out)
{
	size_t i;

	for (i = 0; i < in->n; i++) {
		unsigned c = in->s[i], l = c | 32;

		put_c(out, l >= 'a' && l <= 'z' ? (l < 'n' ? c + 13 : c - 13) : c);
	}
}

static void
to_reverse(const struct text *in, struct text *out)
{
	size_t i;

	for (i = in->n; i > 0; i--)
		put_c(out, in->s[i - 1]);
}

/* zlib in three wrappings: its state is made once. */
static void
deflated(const struct text *in, struct text *out, unsigned which)
{
	static const int bits[3] = {-9, 9, 9 + 16};
	static z_stream z[3];
	static bool made[3];

	if (!made[which])
		HOLDS(deflateInit2(&z[which], 1, Z_DEFLATED, bits[which], 1,
				   Z_DEFAULT_STRATEGY) == Z_OK);
	made[which] = true;
	HOLDS(deflateReset(&z[which]) == Z_OK);
	z[which].next_in = (Bytef *)(uintptr_t)in->s;
	z[which].avail_in = (uInt)in->n;
	z[which].next_out = out->s + out->n;
	z[which].avail_out = (uInt)(sizeof(out->s) - out->n);
	HOLDS(deflate(&z[which], Z_FINISH) == Z_STREAM_END);
	out->n = sizeof(out->s) - z[which].avail_out;
}

static void
to_deflate(const struct text *in, struct text *out)
{
	deflated(in, out, 0);
}

static void
to_zlib(const struct text *in, struct text *out)
{
	deflated(in, out, 1);
}

static void
to_gzip(const struct text *in, struct text *out)
{
	deflated(in, out, 2);
}

/* --- the decoders and what undoes what --- */

static const struct coder {
	uint16_t w;
	const char *trail;
	void (*encode)(const struct text *in, struct text *out);
	unsigned num, den; /* num / den as long as what goes in, and a few */
} coders[] = {
    {W_BASE64_DECODE, "base64", to_base64, 3, 4},
    {W_GZINFLATE, "gzinflate", to_deflate, 0, 0},
    {W_GZUNCOMPRESS, "gzuncompress", to_zlib, 0, 0},
    {W_GZDECODE, "gzdecode", to_gzip, 0, 0},
    {W_ZLIB_DECODE, "zlib", to_zlib, 0, 0},
    {W_STR_ROT13, "rot13", to_rot13, 1, 1},
    {W_STRREV, "strrev", to_reverse, 1, 1},
    {W_URLDECODE, "url", to_url, 1, 1},
    {W_RAWURLDECODE, "url", to_url, 1, 1},
    {W_HEX2BIN, "hex", to_hex, 1, 2},
    {W_CONVERT_UUDECODE, "uu", to_uu, 1, 1},
};
#define CODERS (sizeof(coders) / sizeof(coders[0]))

#endif
