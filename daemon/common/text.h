/*
 * text - foreign text made safe, and small text tools
 *
 * Job:     whatever a tenant or a remote server wrote passes here before it
 *          reaches a log, a terminal, a mail or JSON.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_TEXT_H
#define MAILBRAKE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Copy len bytes of src to dst (size bytes, always terminated) so that it is one line of
 * valid UTF-8 which cannot drive a terminal or break a log line: control bytes, DEL, C1
 * controls (U+0080..U+009F), bidirectional overrides, line separators and invalid UTF-8
 * become \xHH of their bytes; a backslash becomes \\. Cut at a whole character, with
 * "..." when something was left out. Returns dst.
 */
char *text_safe_n(char *dst, size_t size, const void *src, size_t len);

/* The same for a terminated string; NULL reads as "". */
char *text_safe(char *dst, size_t size, const char *src);

/*
 * Copy src as valid UTF-8 for JSON: nothing is escaped (the JSON library does that), but
 * bytes that are not UTF-8 become U+FFFD. Cut at a whole character. Returns dst.
 */
char *text_utf8(char *dst, size_t size, const void *src, size_t len);

/* FNV-1a, 64 bit. What is kept on the disk by it must be found again: never another one. */
uint64_t text_hash(const void *bytes, size_t len);

/* Copy with truncation; true when all of src fitted. dst is always terminated (size > 0).
 */
bool text_copy(char *dst, size_t size, const char *src);

/* Whole-string decimal number within [min, max] into *out; false when it is anything
 * else. */
bool text_to_i64(const char *s, int64_t min, int64_t max, int64_t *out);

/* May s stand in a map or list of the MTA as a domain? Lower-case letters, digits, dots
 * and dashes, nothing that means something there. */
bool text_is_domain(const char *s);

/* Lower-case ASCII in place; returns s. */
char *text_lower(char *s);

/* Blanks, tabs and returns are cut off the end in place; where it begins behind those
 * before it. */
char *text_trim(char *s);

/* len bytes as 2 * len lower-case hex digits and a NUL; returns dst. */
char *text_hex(char *dst, const void *bytes, size_t len);

/* "1.2 MB", "512 B": bytes for people. Returns dst. */
char *text_bytes(char *dst, size_t size, uint64_t bytes);

/* "3d 4h", "12 min", "5 s": a span for people. Returns dst. */
char *text_span(char *dst, size_t size, int64_t seconds);

#endif
