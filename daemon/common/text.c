/*
 * text - foreign text made safe, and small text tools
 *
 * Job:     see text.h.
 * Touches: nothing.
 * Source:  UTF-8 by RFC 3629 (no surrogates, no overlong forms, up to U+10FFFF).
 */
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Length of the valid UTF-8 sequence at p (1..4) and its code point, or 0 when invalid.
 */
static size_t
utf8_at(const unsigned char *p, size_t left, uint32_t *cp)
{
	static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t c = p[0];
	size_t n, i;

	if (c < 0x80) {
		*cp = c;
		return 1;
	}
	n = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC2 ? 2 : 0;
	if (n == 0 || n > left || c > 0xF4)
		return 0;
	c &= 0xFFU >> (n + 1);
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3FU);
	}
	if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return 0;
	*cp = c;
	return n;
}

/* Code points that can move, hide or reorder what a reader sees. */
static bool
is_unsafe(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7F && cp <= 0x9F) || cp == 0x061C ||
	       (cp >= 0x200B && cp <= 0x200F) || (cp >= 0x2028 && cp <= 0x202E) ||
	       (cp >= 0x2060 && cp <= 0x206F) || cp == 0xFEFF ||
	       (cp >= 0xFFF9 && cp <= 0xFFFB) || (cp >= 0xE0000 && cp <= 0xE0FFF);
}

static bool
put(char *dst, size_t size, size_t *at, const char *s, size_t n)
{
	/* keep room for "..." and the terminator */
	if (*at + n + 4 > size)
		return false;
	memcpy(dst + *at, s, n);
	*at += n;
	return true;
}

char *
text_safe_n(char *dst, size_t size, const void *src, size_t len)
{
	const unsigned char *p = src;
	size_t i = 0, at = 0, n, k;
	char hex[20];
	uint32_t cp = 0;

	if (size == 0)
		return dst;
	while (i < len) {
		n = utf8_at(p + i, len - i, &cp);
		if (n > 0 && !is_unsafe(cp) && cp != '\\') {
			if (!put(dst, size, &at, (const char *)p + i, n))
				break;
			i += n;
			continue;
		}
		if (n == 0)
			n = 1;
		if (p[i] == '\\') {
			memcpy(hex, "\\\\", 3);
		} else {
			for (k = 0; k < n; k++)
				(void)snprintf(hex + 4 * k, 5, "\\x%02x", p[i + k]);
		}
		if (!put(dst, size, &at, hex, strlen(hex)))
			break;
		i += n;
	}
	for (k = 0; i < len && k < 3 && at + 1 < size; k++)
		dst[at++] = '.';
	dst[at] = '\0';
	return dst;
}

char *
text_safe(char *dst, size_t size, const char *src)
{
	return text_safe_n(dst, size, src == NULL ? "" : src,
			   src == NULL ? 0 : strlen(src));
}

char *
text_utf8(char *dst, size_t size, const void *src, size_t len)
{
	const unsigned char *p = src;
	size_t i = 0, at = 0, n;
	uint32_t cp = 0;

	if (size == 0)
		return dst;
	while (i < len) {
		n = utf8_at(p + i, len - i, &cp);
		if (at + (n == 0 ? 3 : n) + 1 > size)
			break;
		if (n == 0 || cp == 0) {
			if (at + 4 > size)
				break;
			memcpy(dst + at, "\xEF\xBF\xBD", 3);
			at += 3;
			i++;
			continue;
		}
		memcpy(dst + at, p + i, n);
		at += n;
		i += n;
	}
	dst[at] = '\0';
	return dst;
}

uint64_t
text_hash(const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	uint64_t h = UINT64_C(14695981039346656037);

	for (; len > 0; len--)
		h = (h ^ *p++) * UINT64_C(1099511628211);
	return h;
}

bool
text_copy(char *dst, size_t size, const char *src)
{
	size_t n = strlen(src);
	bool fits = n < size;

	if (size == 0)
		return false;
	if (!fits)
		n = size - 1;
	memcpy(dst, src, n);
	dst[n] = '\0';
	return fits;
}

bool
text_to_i64(const char *s, int64_t min, int64_t max, int64_t *out)
{
	char *end;
	long long v;

	if (s == NULL || *s == '\0' || *s == ' ' || *s == '\t' || *s == '+')
		return false;
	errno = 0;
	v = strtoll(s, &end, 10);
	if (errno != 0 || *end != '\0' || v < min || v > max)
		return false;
	*out = v;
	return true;
}

bool
text_is_domain(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n < 254 && s[0] != '.' && s[0] != '-' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789.-") == n;
}

char *
text_lower(char *s)
{
	char *p;

	for (p = s; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return s;
}

char *
text_trim(char *s)
{
	char *end;

	s += strspn(s, " \t");
	end = s + strlen(s);
	while (end > s && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		*--end = '\0';
	return s;
}

char *
text_hex(char *dst, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i++) {
		dst[2 * i] = "0123456789abcdef"[p[i] >> 4];
		dst[2 * i + 1] = "0123456789abcdef"[p[i] & 15];
	}
	dst[2 * len] = '\0';
	return dst;
}

char *
text_bytes(char *dst, size_t size, uint64_t bytes)
{
	static const char *const unit[] = {"kB", "MB", "GB", "TB"};
	double v = (double)bytes / 1000.0;
	size_t i = 0;

	if (bytes < 1000) {
		(void)snprintf(dst, size, "%u B", (unsigned)bytes);
		return dst;
	}
	while (v >= 1000.0 && i < 3) {
		v /= 1000.0;
		i++;
	}
	(void)snprintf(dst, size, "%.1f %s", v, unit[i]);
	return dst;
}

char *
text_span(char *dst, size_t size, int64_t seconds)
{
	long long s = seconds < 0 ? 0 : seconds;

	if (s < 120)
		(void)snprintf(dst, size, "%lld s", s);
	else if (s < 7200)
		(void)snprintf(dst, size, "%lld min", s / 60);
	else if (s < 172800)
		(void)snprintf(dst, size, "%lldh %lldmin", s / 3600, s % 3600 / 60);
	else
		(void)snprintf(dst, size, "%lldd %lldh", s / 86400, s % 86400 / 3600);
	return dst;
}
