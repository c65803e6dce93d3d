/*
 * rulesamples - every rule on its own sample, all rules on honest files
 *
 * Job:     run samples/hit/RULE.b64 and samples/benign/NAME.b64 (base64, so that
 *          no scanner or web server trips over them) of a directory.
 * Touches: those files.
 * Format:  RULE is what stands before the first dot of the name; RULE.2.b64 is a second
 *          sample of it.
 */
#ifndef MAILBRAKE_RULESAMPLES_H
#define MAILBRAKE_RULESAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "scanengine.h"

#define SAMPLE_BYTES_MAX (4u << 20)

struct sample_count {
	size_t hits, misses; /* samples that their rule finds, and does not */
	size_t benign,
	    benign_hits; /* honest files, and those of them that are reported */
	size_t rules;    /* rules that have a sample */
	size_t unknown;  /* samples of rules that are not loaded */
	size_t without;  /* rules that should have a sample, and have none */
};

/* Called for what is wrong: what is "miss", "benign" or "differs" (with the prefilter
 * another verdict than without), "unreadable", or "without": the rule named by text has
 * no sample. */
typedef void (*sample_fn)(void *arg, const char *what, const char *path,
			  const char *text);

/*
 * Run the samples below dir (hit/ and benign/); one that is not there counts nothing.
 * Adds to *count. A sample is offered under several names and places until its rule finds
 * it: a rule may ask for them. rules_dir, if not NULL: each rule of the files that lie in
 * it (not deeper) must have a sample. 0; -1 and *e: the engine cannot be had.
 */
int rules_samples(const struct rules *r, const struct engine_conf *c, const char *dir,
		  const char *rules_dir, struct sample_count *count, sample_fn fn,
		  void *arg, struct err *e);

/* Decode base64 in place; the length. What is no base64 ends it. */
size_t sample_decode(uint8_t *data, size_t len);

#endif
