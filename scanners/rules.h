/*
 * rules - the rule files, compiled once for all workers
 *
 * Job:     read *.yar and *.yara of some directories, compile them with
 *          libyara, keep what score needs to know of each rule.
 * Touches: the rule files, libyara. Called before the sandbox is closed.
 * Format:  rules/README; YARA's own manual.
 *
 * A file that does not compile is left out and said (broken, problem): the
 * others go on, and the set never shrinks silently. Of a foreign set (rules
 * without our metadata) only the rule that this engine cannot have is left
 * out and said (skipped): what it names we do not know, or its expression
 * would keep libyara busy without bound.
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
#define RULES_NOTES_MAX 4000
#define RULES_INCLUDES_MAX 256  /* in one file, nested 8 deep at most */
#define RULES_DEFAULT_WEIGHT 50 /* points of a foreign rule that does not say */

struct rule_info {
	const char *name;  /* borrowed from the compiled rules */
	const char *group; /* as above, or "other" */
	int points;        /* meta: weight; else score; else RULES_DEFAULT_WEIGHT */
};

/* Where a line of a source came from: its first line, until the next part begins. */
struct rule_part {
	unsigned at, line; /* line `at` of the source is line `line` of path */
	char *path;
};

/* A rule file's text with what it includes, kept for the prefilter and the lint. */
struct rule_source {
	char *path;
	char *text;
	size_t len;
	struct rule_part *part;
	size_t part_count;
	bool broken;
	bool look; /* look.yar: for the prefilter only, libyara never sees it */
};

/* What there is to say of a file or a rule. */
enum note_kind {
	NOTE_ERROR,   /* the file is left out */
	NOTE_SKIPPED, /* the rule is left out, the others of its file work */
	NOTE_WARNING, /* works, but slowly, or not as it could */
	NOTE_LINT     /* a rule in our own form that breaks our own rules */
};

struct rule_note {
	enum note_kind kind;
	char *path, *rule, *text; /* rule "" when none is meant; text is made safe */
	unsigned line;            /* 0: the whole file */
};

struct rules {
	struct compiled *compiled;  /* borrowed, or NULL: nothing is kept */
	YR_RULES *yara;             /* NULL: there is no rule at all */
	struct rule_string *string; /* as compiled, by position in yara->strings_table */
	struct rule_info *info;     /* by position in yara->rules_table */
	size_t count;
	struct rule_source *source;
	size_t source_count;
	char **included; /* files that others include: not loaded on their own */
	size_t included_count;
	struct rule_note *note; /* at most RULES_NOTES_MAX; notes_lost are further ones */
	size_t note_count, notes_lost;
	struct sums *sums;  /* of the *.sums files; sums.h */
	uint64_t sums_hash; /* of their text */
	unsigned broken;    /* files left out */
	unsigned skipped;   /* rules left out of files that work */
	char problem[2048]; /* what is wrong with the first of them; "" if nothing */
	char version[33];   /* changes when a rule, its points or this program changes */
};

/* yr_initialize; once a process, before all else. */
int rules_start(struct err *e);

/*
 * Load every rule file of the directories (a path may also name one file), in order of
 * directory, then name. A directory that is not there is skipped when it is not the
 * first. ERR_SYS: the first cannot be read; ERR_INPUT: not one rule compiled. In both
 * cases r->problem and r->note say more; rules_fini is needed in any case.
 */
int rules_load(struct rules *r, const char *const *dirs, size_t dir_count, struct err *e);

/*
 * The same with what an earlier start kept (compiled.h), without the notes then; c is
 * borrowed as long as r.
 */
struct compiled;
int rules_load_kept(struct rules *r, const char *const *dirs, size_t dir_count,
		    struct compiled *c, struct err *e);

/* What compiling gave into r->compiled, and from there (rules_kept.c). false: it does not
 * fit, *r is unchanged. */
void rules_keep(struct rules *r);
bool rules_from_kept(struct rules *r);

/*
 * Have libyara look for string i of yara->strings_table or not; all are on after loading.
 * The rules are changed in place: one scanner of them at a time, which sets those it needs.
 */
void rules_string_on(const struct rules *r, uint32_t i, bool on);
/* For that, after loading. */
int rules_strings_start(struct rules *r, struct err *e);

/* Find and read the files: rules_load's first half (rules_read.c). */
int rules_read(struct rules *r, const char *dir, bool must, struct err *e);
/* Leave out of the sources what another one includes. */
void rules_drop_included(struct rules *r);
/* Keep a note; line: of the source's text (0: none), rule may be NULL. */
void rules_note(struct rules *r, enum note_kind kind, const struct rule_source *s,
		unsigned line, const char *rule, const char *text);

/* Does the rule carry our metadata (a weight; or a group and a since)? Else it is of a
 * foreign set. */
struct yrule;
bool rules_own_form(const struct yrule *r);

void rules_fini(struct rules *r);

#endif
