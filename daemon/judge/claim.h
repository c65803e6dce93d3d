/*
 * claim - which script a message comes from, as far as its sender can be believed
 *
 * Job:     what the wrapper, the message's head and the directory claim -> one name.
 * Touches: the engine, asked for findings.
 *
 * All there is are claims, so the worst of them counts, and only among equals the best.
 * How old the named file is, is a fact (files_changed): but whoever names an old file's
 * name gets no more by it than that script's own history (policy.h, "claimed").
 */
#ifndef MAILBRAKE_CLAIM_H
#define MAILBRAKE_CLAIM_H

#include <limits.h>
#include <stdint.h>

struct claims {
	const char *script; /* the wrapper's word, "" none */
	const char *header; /* X-PHP-Originating-Script, "" none */
	const char *cwd;
};

/* The paths the wrapper's word and the header mean; "" when they name none. */
void claim_of_wrapper(const struct claims *c, char path[PATH_MAX]);
void claim_of_header(const struct claims *c, char path[PATH_MAX]);

/* The script's name; ends in a slash when only a directory is known. Caller frees. */
char *claim_name(const struct claims *c, uint32_t uid);

#endif
