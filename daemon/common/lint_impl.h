/*
 * lint_impl - a message as lint_msg reads it, seen only by lint_*.c
 *
 * Job:     text of known length, the header's fields, the parts; what is told of them.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_LINT_IMPL_H
#define MAILBRAKE_LINT_IMPL_H

#include "lint_msg.h"

#define FIELDS_MAX 512

struct text {
	const char *s;
	size_t len;
};

struct field {
	struct text name, value; /* value: folded lines as they stand */
};

struct part {
	struct text type, encoding, body;
};

struct lint {
	lint_fn fn;
	void *arg;
	unsigned count;
	struct field field[FIELDS_MAX];
	unsigned fields, parts;
	bool bulk, has_text, has_html, has_link, has_address;
};

void lint_say(struct lint *l, const char *severity, const char *check, const char *source,
	      const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* The first occurrence, letters of any case; NULL: none. */
const char *lint_find(struct text t, const char *what);
/* Letters of any case; begins passes over white space before it. */
bool lint_is(struct text t, const char *s);
bool lint_begins(struct text t, const char *s);

/* Split off the header's fields, max of them; what follows the empty line is *body. */
unsigned lint_fields(struct text in, struct field *out, unsigned max, struct text *body);
/* The first one of that name; NULL: none. */
const struct field *lint_get(const struct field *f, unsigned n, const char *name);
/* A part with these fields, of the type and encoding they name. */
struct part lint_part(const struct field *f, unsigned n, struct text body);
/* What follows name ("boundary=") in a Content-Type; len 0: it is not there. */
struct text lint_parameter(struct text type, const char *name);

/* Look through a part and those in it: has_* of l are set, a bad boundary is told. */
void lint_walk(struct lint *l, const struct part *p);

#endif
