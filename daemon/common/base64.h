/*
 * base64 - bytes as text and back
 *
 * Job:     RFC 4648 with its padding, by libnettle.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_BASE64_H
#define MAILBRAKE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Room for the text of n bytes, with its NUL. */
#define BASE64_TEXT(n) (((n) + 2) / 3 * 4 + 1)

/* dst has BASE64_TEXT(len) bytes; terminated. */
void base64_text(char *dst, const void *p, size_t len);
/* dst has len / 4 * 3 bytes. false: s (len bytes) is not whole base64. */
bool base64_bytes(void *dst, size_t *len_out, const char *s, size_t len);

#endif
