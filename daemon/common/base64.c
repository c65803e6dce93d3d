/*
 * base64 - see base64.h
 *
 * Job:     see base64.h.
 * Touches: nothing.
 */
#include "base64.h"

#include <nettle/base64.h>

void
base64_text(char *dst, const void *p, size_t len)
{
	base64_encode_raw(dst, len, p);
	dst[BASE64_TEXT(len) - 1] = '\0';
}

bool
base64_bytes(void *dst, size_t *len_out, const char *s, size_t len)
{
	struct base64_decode_ctx c;

	*len_out = 0;
	base64_decode_init(&c);
	return len % 4 == 0 && base64_decode_update(&c, len_out, dst, len, s) == 1 &&
	       base64_decode_final(&c) == 1;
}
