/*
 * compiled - what compiling the rules gave, kept for the next start
 *
 * Job:     find and keep libyara's and Hyperscan's compiled forms of one set of rules.
 *          Compiling costs a second or two of processor time, loading a few
 *          milliseconds (measured).
 * Touches: a directory that is trusted by owner and mode (keepdir.h), or a pipe to who
 *          may write it.
 * Format:  "MBCOMP1\n", key (32 bytes), SHA-256 of what follows, then for each part its
 *          length (8 bytes, this machine's order) and its bytes.
 *
 * The key is a hash of the rules' text and file names, of the names of the facts, of this
 * program and the two libraries as they are loaded (their build ids, sizes and times)
 * and of the processor's features. Whatever differs is another key: then the rules are
 * compiled as if there were nothing. Compiled rules are code to libyara: that is why
 * nothing is read that another uid could have written.
 */
#ifndef MAILBRAKE_COMPILED_H
#define MAILBRAKE_COMPILED_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

struct compiled;
struct rules;

enum compiled_part {
	COMPILED_SOURCES, /* rules_kept.c says */
	COMPILED_YARA,    /* as yr_rules_save_stream writes it */
	COMPILED_ALWAYS,  /* a byte a string: 1 not in the database */
	COMPILED_HS,      /* as hs_serialize_database writes it */
	COMPILED_PARTS,
};

/*
 * dir_fd: the directory, or -1: only kept in memory. out_fd: a pipe that takes what is
 * to be kept, or -1: it is written to the directory when that is our own. Both are
 * borrowed. Never NULL.
 */
struct compiled *compiled_new(int dir_fd, int out_fd);
void compiled_free(struct compiled **c);

/* Look for the rules whose sources were read. true: all parts are there. */
bool compiled_find(struct compiled *c, const struct rules *r);

/* Was it found? */
bool compiled_found(const struct compiled *c);

/* A part of what was found; borrowed until compiled_free. */
const void *compiled_part(const struct compiled *c, enum compiled_part which,
			  size_t *len_out);

/* What was found is of no use after all: the parts are made anew and kept. */
void compiled_spoil(struct compiled *c);

/* Keep a part of what is being compiled; a copy is taken. */
void compiled_keep(struct compiled *c, enum compiled_part which, const void *data,
		   size_t len);

/*
 * Write what was kept, if it is new and whole. 0: done, or there was nothing to do.
 * ERR_SYS, ERR_DENIED: it could not be; the next start compiles again.
 */
int compiled_write(struct compiled *c, struct err *e);

#endif
