/*
 * gate - is this worth the rules' time, and what is it?
 *
 * Job:     the type of a file from its first bytes, and whether anything in it
 *          could be run by a web server or a shell: a PHP, Perl, Python or
 *          shell program (also hidden in an image), a server's local settings.
 * Touches: libmagic with a small database of its own, only for what the first
 *          bytes do not tell.
 */
#ifndef MAILBRAKE_GATE_H
#define MAILBRAKE_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct gate;

struct gate_answer {
	const char *type; /* a MIME type; until the next call */
	bool look;        /* the rules must see it */
	bool php;         /* there is an open tag somewhere */
};

/* magic_file: text of a magic(5) database. NULL: no libmagic, other types are general. */
int gate_new(struct gate **out, const char *magic_file, struct err *e);
void gate_free(struct gate **g);

struct gate_answer gate_ask(struct gate *g, const uint8_t *p, size_t len,
			    const char *path);

#endif
