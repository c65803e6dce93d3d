/*
 * client - what the verbs of mailbrake(1) share
 *
 * Job:     the verbs (verbs.def), the global options, the exit codes, the
 *          talk with the daemon, and the printing of rows (columns.def).
 * Touches: standard output and error, the control socket.
 */
#ifndef MAILBRAKE_CLIENT_H
#define MAILBRAKE_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sysexits.h>

#include "conf.h"
#include "err.h"

#define EXIT_NOTHING 1 /* nothing matched */

/* The global options, taken from anywhere before "--" and removed from argv. */
struct cli {
	bool json; /* one JSON object a line */
	bool tty;  /* standard output is a terminal: colours, widths */
	bool colour;
	int width;             /* of it, columns */
	const char *conf_path; /* --conf, or the installed one */
	const char *prefix;    /* --prefix, or NULL */
	const char *verb;
	struct conf conf; /* loaded by cli_conf */
};

#define VERB(name, fn, min, max, listed, args, help, more) \
	int fn(struct cli *c, int argc, char **argv);
#define OWN(name, fn, listed, args, help, more) int fn(int argc, char **argv);
#include "verbs.def"

/*
 * Load c->conf: the file of --conf (which must be there), or the installed one (defaults
 * when it is not), then --prefix. 0, or an exit code after having said why.
 */
int cli_conf(struct cli *c);

/* "mailbrake VERB: text" on standard error; returns code. */
int cli_fail(const struct cli *c, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* "mailbrake: VERB: text; usage: mailbrake VERB ARGS"; returns EX_USAGE. */
int cli_usage(const struct cli *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* One row that came from the daemon. fd: what came with it, or -1; the caller closes it.
 */
typedef void (*ctl_row_fn)(void *arg, const json_t *row, int fd);

/*
 * Send the verb and its arguments to the daemon, give each row to fn, return the exit
 * code the daemon gives: EX_UNAVAILABLE when it is not there, EX_NOPERM when it refuses
 * us. What it says at the end is printed (standard output when the code is 0, else
 * error).
 */
int ctl_ask(struct cli *c, const char *verb, int argc, char **argv, ctl_row_fn fn,
	    void *arg);

/* `rules check` of the provider table: EX_OK, or EX_DATAERR after having said each fault.
 */
int providers_check(struct cli *c);

/* `rules reload`: have the daemon try the rule files and take them when they are good. */
int rules_reload(struct cli *c, int argc, char **argv);

/* ctl_ask with the rows printed. */
int ctl_run(struct cli *c, const char *verb, int argc, char **argv);

/* --- rows (table.c) --- */

/*
 * Print one row (a JSON object, borrowed) of `verb` to standard output: as JSON, or by
 * the columns of columns.def as a table line or a record. Foreign text is made safe. A
 * verb that columns.def does not know prints its fields by name.
 */
struct table;
struct table *table_new(const struct cli *c, const char *verb);
void table_row(struct table *t, const json_t *row);
/* Print what waits. */
void table_flush(struct table *t);
/* The same (a table is laid out over at most 200 rows at a time) and free. */
void table_free(struct table **t);

#endif
