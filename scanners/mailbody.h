/*
 * mailbody - hashes by which letters of one campaign are told
 *
 * Job:     the two hashes of struct mail_head (described there).
 * Touches: GMime, on a buffer.
 */
#ifndef MAILBRAKE_MAILBODY_H
#define MAILBRAKE_MAILBODY_H

#include <stddef.h>
#include <stdint.h>

uint64_t mail_subject_hash(const char *subject);

/* The message is data[0..len); its header ends at head_len. */
uint64_t mail_body_hash(const void *data, size_t head_len, size_t len);

#endif
