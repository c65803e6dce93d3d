/*
 * classify - the provider table over a stream of answers
 *
 * Job:     what `mailbrake classify` does: one answer of a mail server a line in, what
 *          it means out.
 * Touches: the two streams.
 */
#ifndef MAILBRAKE_CLASSIFY_H
#define MAILBRAKE_CLASSIFY_H

#include <stdbool.h>
#include <stdio.h>

#include "provider_table.h"

/* Answer every line of in on out; the number of damaged lines. */
unsigned long classify_stream(const struct provider_table *t, FILE *in, FILE *out,
			      bool json);

#endif
