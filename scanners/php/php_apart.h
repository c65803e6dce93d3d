/*
 * php_apart.h - request data that something has made harmless for some sinks
 *
 * Job:     escapeshellarg() makes one word of it, in_array() has found it in a list of
 *          constants: its taint moves to bits of its own (TA_APART), so that what is of
 *          the request otherwise is not forgiven with it.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_PHP_APART_H
#define MAILBRAKE_PHP_APART_H

#include "php_call.h"

/* The taint as if nothing had been made of it. */
uint32_t php_bare(uint32_t taint);
/* The same if it is quoted; what is listed stays so. */
uint32_t php_unquoted(uint32_t taint);
/* Set apart, for the reason in how: TA_QUOTED or TA_LISTED, with TA_RISKY or without. */
uint32_t php_apart(uint32_t taint, uint32_t how);
/* system, exec, popen ..: the first argument is a command for a shell. */
bool php_runs_command(unsigned w);
/* sprintf, implode: what they are given is in the result as it was. */
bool php_only_joins(unsigned w);
/* The arguments of a function that makes something else of what it is given. */
void php_unquote_args(struct args *a);
/* Strings put together: where they say a shell what to run, a quoted one is bare again.
 * from: the first of the operands' nodes, evaluated. */
uint32_t php_joined_nodes(const struct php *p, const struct node *from, uint32_t taint);
/* The same of a .= b. */
uint32_t php_joined_pair(const struct val *a, const struct val *b, uint32_t taint);
/* The same of sprintf() and implode(), by their arguments. */
uint32_t php_joined_args(unsigned w, const struct args *a, uint32_t taint);
/* May this word name, or be a part of, what runs commands or code, or a program's file?
 * Then a list that holds it does not make what to call or write harmless. */
bool php_names_sink(const struct val *word);

#endif
