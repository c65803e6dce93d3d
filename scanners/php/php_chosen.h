/*
 * php_chosen.h - one among the functions of the file
 *
 * Job:     a value that is one of them, whichever the request asks for, and its call.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_PHP_CHOSEN_H
#define MAILBRAKE_PHP_CHOSEN_H

#include "php_side.h"

/* An element of a known array whose key is not known. */
struct val php_of_table(struct php *p, const struct val *table);
/* v, unknown, begins with first: is that a beginning of the file's functions only? */
void php_of_prefix(struct php *p, const struct val *first, struct val *v);
/* Is f such a value? */
bool php_chosen(const struct val *f);
/* Each of them may be called with a. */
struct val php_call_chosen(struct php *p, const struct val *f, const struct args *a);

#endif
