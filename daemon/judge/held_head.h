/*
 * held_head - the text head of a held message's file
 *
 * Job:     struct held_head to bytes (held_format) and back (held_parse, in
 *          held.h, strict).
 * Touches: nothing.
 */
#ifndef MAILBRAKE_HELD_HEAD_H
#define MAILBRAKE_HELD_HEAD_H

#include "held.h"

/* The bytes before the body: *buf_out (free it), *len_out is a multiple of 4096. The
 * length does not depend on what id and sha256 hold. ERR_INPUT: more than HELD_HEAD_MAX.
 */
int held_format(const struct held_head *h, char **buf_out, size_t *len_out,
		struct err *e);

#endif
