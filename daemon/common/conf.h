/*
 * conf - the settings
 *
 * Job:     read, check and print mailbrake.conf; conf.def is the one table.
 * Touches: conf_load reads the file named; the rest nothing.
 */
#ifndef MAILBRAKE_CONF_H
#define MAILBRAKE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "err.h"

#define CONF_STR_MAX 4096 /* bytes of one value, lists joined */

struct conf {
#define SECTION(title)
#define NUM(name, def, min, max, unit, text) int64_t name;
#define BOOL(name, def, text) bool name;
#define STR(name, def, text) char name[256];
#define WORD(name, def, words, text) char name[32];
#define LIST(name, def, text) char name[CONF_STR_MAX];
#include "conf.def"
};

/* Fill with the defaults. */
void conf_defaults(struct conf *c);

/*
 * Read settings from text (len bytes) over what *c holds. file names it in errors.
 * ERR_INPUT names the line, the value, the limits and the unit; *c is then undefined. A
 * LIST named in the text replaces its default; named again it adds.
 */
int conf_parse(struct conf *c, const char *text, size_t len, const char *file,
	       struct err *e);

/* Defaults, then the file. A file that is not there is ERR_SYS with errno ENOENT. */
int conf_load(struct conf *c, const char *path, struct err *e);

/*
 * Put dir before every absolute path setting, so that a whole system runs below it:
 * state_dir, compiled_dir, run_dir, hook_dir, brake_file, rules_local_dir. ERR_INPUT when
 * a path gets too long.
 */
int conf_prefix(struct conf *c, const char *dir, struct err *e);

/* Print in the form conf_parse reads; with_help: a comment block before each setting. */
void conf_print(const struct conf *c, bool with_help, FILE *out);

/* Print the list of settings as mdoc(7) for mailbrake.conf(5). */
void conf_print_mdoc(FILE *out);

/* What a reload does not change: it is read once, with privileges that are given up. */
#define CONF_OF_START \
	"state_dir run_dir user_judge user_watch user_scan user_mtlog admin_group " \
	"own_domains syslog"
/* What makes mtlog another reader: a reload starts it again. */
#define CONF_OF_MTLOG "mta mta_log mta_log_trust mta_users postfix_queue_dir"

/*
 * The settings of names (words) that are not the same in a and b, as words in out. True
 * when there is one.
 */
bool conf_differs(const struct conf *a, const struct conf *b, const char *names,
		  char *out, size_t size);

/*
 * Walk the words of a LIST: *at starts NULL; each call copies the next word to word (size
 * bytes) and returns true; false at the end. Words longer than size - 1 are skipped.
 */
bool conf_list_next(const char *list, const char **at, char *word, size_t size);

#endif
