/*
 * rules - the rule files, compiled once for all workers
 *
 * Job:     read *.yar and *.yara of some directories, compile them with
 *          libyara, keep what score needs to know of each rule.
 * Touches: the rule files, libyara. Called before the sandbox is closed.
 * Format:  rules/README; YARA's own manual.
 *
 * A file that does not compile is left out and said (broken, problem): the
 * others go on, and the set never shrinks silently.
 */
#ifndef MAILBRAKE_RULES_H
#define MAILBRAKE_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <yara.h>

#include "err.h"

#define RULES_FILES_MAX 4096
#define RULES_FILE_BYTES_MAX (64u << 20)
#define RULES_DEFAULT_WEIGHT 50 /* points of a foreign rule that does not say */

struct rule_info {
	const char *name;  /* borrowed from the compiled rules */
	const char *group; /* as above, or "other" */
	int points;        /* meta: weight; else score; else RULES_DEFAULT_WEIGHT */
};

/* A rule file's text, kept for the prefilter and the lint. */
struct rule_source {
	char *path;
	char *text;
	size_t len;
	bool broken;
	bool look; /* look.yar: for the prefilter only, libyara never sees it */
};

struct rules {
	YR_RULES *yara;         /* NULL: there is no rule at all */
	struct rule_info *info; /* by position in yara->rules_table */
	size_t count;
	struct rule_source *source;
	size_t source_count;
	unsigned broken;    /* files left out */
	char problem[2048]; /* what is wrong with the first of them; "" if nothing */
	char version[33];   /* changes when a rule, its points or this program changes */
};

/* yr_initialize; once a process, before all else. */
int rules_start(struct err *e);

/*
 * Load every rule file of the directories (a path may also name one file), in order of
 * directory, then name. A directory that is not there is skipped when it is not the
 * first. ERR_SYS: the first cannot be read; ERR_INPUT: not one rule compiled. In both
 * cases r->problem says more and r needs no rules_fini.
 */
int rules_load(struct rules *r, const char *const *dirs, size_t dir_count, struct err *e);

void rules_fini(struct rules *r);

/* What we know of a rule that libyara reports. Never NULL. */
const struct rule_info *rules_info(const struct rules *r, const YR_RULE *rule);

#endif
