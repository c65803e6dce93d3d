/*
 * jplace - where reading of the journal stopped, as a file keeps it
 *
 * Job:     two slots, written in turn, each with a number and a sum: one that was torn by
 *          a crash is seen, and the other is the place just before it.
 * Touches: nothing.
 * Format:  JPLACE_SLOT bytes a slot: "journal2 NUMBER CURSOR SUM\n", then NULs. SUM:
 *          FNV-1a of what stands before it, 16 hexadecimal digits.
 */
#ifndef MAILBRAKE_JPLACE_H
#define MAILBRAKE_JPLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal.h"

#define JPLACE_SLOT 512 /* a sector of a disk */
#define JPLACE_FILE (2 * JPLACE_SLOT)

struct jplace {
	uint64_t number;
	char cursor[JOURNAL_CURSOR];
};

/* A slot's text; it belongs at (number % 2) * JPLACE_SLOT. false: no such cursor. */
bool jplace_print(const struct jplace *p, char dst[JPLACE_SLOT]);

/*
 * The newest whole slot of the file's first len bytes. 1; 0: there is none, and nothing
 * of ours stands there; -1: there was one, and it is damaged.
 */
int jplace_parse(const char *file, size_t len, struct jplace *out);

#endif
