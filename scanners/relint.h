/*
 * relint - what a regular expression of a rule can cost
 *
 * Job:     take one expression apart and say whether it jumps without bound,
 *          begins with anything, or keeps libyara in too many states at once.
 * Touches: nothing.
 * Source:  YARA's manual, "Regular expressions". Measured with libyara 4.2.3 on
 *          64 kB of text made for the expression: (.{1,30}a){1,20} took 96 s,
 *          (\w{1,50}){1,50} ended the scan with "too many fibers",
 *          a product of 12 took 0.1 s for 16 kB, one of 64 took 4 s.
 */
#ifndef MAILBRAKE_RELINT_H
#define MAILBRAKE_RELINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RELINT_STATES_MAX 64 /* of nested repeats; see above */

struct relint {
	bool understood; /* else the rest says nothing */
	bool leading;    /* begins with anything, any number of times */
	bool unbounded;  /* . or a negated class any number of times */
	uint64_t states; /* of repeats within repeats that can stand in each other's
			    place; 1: none */
};

/* Look at the text between the slashes. */
struct relint relint_look(const char *re, size_t len, bool nocase, bool dotall);

#endif
