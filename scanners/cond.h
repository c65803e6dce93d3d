/*
 * cond - can this rule still be true?
 *
 * Job:     a YARA condition as a small program over "was this string seen at
 *          all" and the facts; answers "certainly not", "perhaps" or
 *          "certainly".
 * Touches: nothing.
 *
 * Three-valued: each part can be true, can be false, or both. What is not
 * understood can be both, so an answer of "not" or "certainly" is always right; a
 * test runs libyara with and without it over the corpora.
 */
#ifndef MAILBRAKE_COND_H
#define MAILBRAKE_COND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "yarasrc.h"

struct cond; /* one rule's program */

/* COND_SURE: facts alone decide it, or strings that are not there. */
enum cond_answer { COND_NO, COND_MAYBE, COND_SURE };

/* The facts by number: the value of each, as libyara is told it. */
struct cond_env {
	const uint8_t *seen; /* by string number (see cond_new): 1 seen, 0 not */
	const int64_t *facts;
	const uint8_t *rules; /* by rule number: enum cond_answer, the answers so far */
	uint64_t filesize;
};

/* Number of a fact (integers only) by name, or -1. */
typedef int (*cond_fact_fn)(const char *name, size_t len);
/* Number of an earlier rule of the same file, or -1. */
typedef int (*cond_rule_fn)(void *arg, const char *name, size_t len);

/* string_base: the number of the rule's first string. */
struct cond *cond_new(const struct yrule *r, unsigned string_base, cond_fact_fn fact,
		      cond_rule_fn rule, void *arg);
void cond_free(struct cond **c);
/* Does its answer hang on strings and the size alone: the same for the same bytes? */
bool cond_of_strings(const struct cond *c);
enum cond_answer cond_ask(const struct cond *c, const struct cond_env *env);

#endif
