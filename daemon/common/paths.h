/*
 * paths - where the program's own files are
 *
 * Job:     find the worker and the rules, installed or in a build tree.
 * Touches: /proc/self/exe, access(2).
 */
#ifndef MAILBRAKE_PATHS_H
#define MAILBRAKE_PATHS_H

#include <stddef.h>

#include "conf.h"
#include "err.h"

/* The configuration file: `given`, or PREFIX/etc/mailbrake/mailbrake.conf (prefix may be
 * NULL). */
int paths_conf(char *out, size_t size, const char *given, const char *prefix,
	       struct err *e);

/* mailbrake-scan: beside the running program, else in libexec_dir. */
int paths_worker(char *out, size_t size, const struct conf *c, struct err *e);

/*
 * The shipped rules: rules_dir when it is there, else, in a build tree, ../rules beside
 * the running program's folder.
 */
int paths_rules(char *out, size_t size, const struct conf *c, struct err *e);

/* Where compiled rules are kept: compiled_dir, or "compiled" in state_dir. ERR_INPUT: too
 * long. */
int paths_compiled(char *out, size_t size, const struct conf *c, struct err *e);

#endif
