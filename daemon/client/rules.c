/*
 * rules - `mailbrake rules check|test|reload`
 *
 * Job:     hand the question to mailbrake-scan, the one program that knows libyara; ask
 *          the daemon's parent for a reload and wait for what becomes of it.
 * Touches: exec of mailbrake-scan; a signal to the daemon.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "client.h"
#include "conf.h"
#include "paths.h"
#include "scan.h"
#include "text.h"

#define ARGS_MAX 64

static int
usage(void)
{
	fprintf(stderr,
		"usage: mailbrake rules check|test [--json] [--cost] [--samples DIR] "
		"[FILE|DIR...]\n");
	return EX_USAGE;
}

static int
run(const struct conf *c, const char *const *args)
{
	char program[4096];
	struct err e;

	if (paths_worker(program, sizeof program, c, &e) != 0) {
		fprintf(stderr, "mailbrake rules: %s\n", e.text);
		return EX_UNAVAILABLE;
	}
	/* execv takes char *const * for history's sake and changes nothing */
	execv(program, (char *const *)(void *)(size_t)args);
	perror(program);
	return EX_UNAVAILABLE;
}

/* The daemon's rules: the shipped ones and the admin's. */
static int
add_dirs(const struct conf *c, const char **args, size_t *n)
{
	static char dir[4096];
	struct err e;

	if (paths_rules(dir, sizeof dir, c, &e) != 0) {
		fprintf(stderr, "mailbrake rules: %s\n", e.text);
		return EX_UNAVAILABLE;
	}
	args[(*n)++] = "--rules";
	args[(*n)++] = dir;
	if (access(c->rules_local_dir, F_OK) == 0) {
		args[(*n)++] = "--rules";
		args[(*n)++] = c->rules_local_dir;
	}
	return 0;
}

/* Only the places matter, so a file that is not there is no fault. */
static int
settings(struct conf *c, const char *given, const char *prefix)
{
	char path[4096];
	struct err e;

	conf_defaults(c);
	if (paths_conf(path, sizeof path, given, prefix, &e) == 0 &&
	    (given != NULL || access(path, F_OK) == 0) && conf_load(c, path, &e) != 0) {
		fprintf(stderr, "mailbrake rules: %s\n", e.text);
		return EX_CONFIG;
	}
	if (prefix != NULL && conf_prefix(c, prefix, &e) != 0) {
		fprintf(stderr, "mailbrake rules: %s\n", e.text);
		return EX_USAGE;
	}
	return 0;
}

int
rules_main(int argc, char **argv)
{
	static const struct option opts[] = {{"json", no_argument, NULL, 'j'},
					     {"cost", no_argument, NULL, 'c'},
					     {"samples", required_argument, NULL, 's'},
					     {"conf", required_argument, NULL, 'f'},
					     {"prefix", required_argument, NULL, 'p'},
					     {NULL, 0, NULL, 0}};
	const char *args[ARGS_MAX + 1] = {"mailbrake-scan"}, *tool;
	const char *given = NULL, *prefix = NULL;
	static struct conf conf;
	size_t n = 1;
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (c == '?' || n + 10 > ARGS_MAX)
			return usage();
		if (c == 'f')
			given = optarg;
		else if (c == 'p')
			prefix = optarg;
		else
			args[n++] = c == 'j'   ? "--json"
				    : c == 'c' ? "--cost"
					       : "--samples";
		if (c == 's')
			args[n++] = optarg;
	}
	if (optind >= argc)
		return usage();
	tool = argv[optind++];
	if (strcmp(tool, "check") != 0 && strcmp(tool, "test") != 0)
		return usage();
	args[n++] = "--tool";
	args[n++] = tool;
	if ((c = settings(&conf, given, prefix)) != 0 ||
	    (optind == argc && (c = add_dirs(&conf, args, &n)) != 0))
		return c;
	for (; optind < argc && n + 3 < ARGS_MAX; optind++) {
		args[n++] = "--rules";
		args[n++] = argv[optind];
	}
	args[n] = NULL;
	return run(&conf, args);
}

/* --- reload --- */

struct reloading {
	struct cli *c;
	struct table *table;
	int code; /* of the signal */
};

/*
 * The parent reads nobody, so it is told by a signal. The lock on its file says that the
 * number in it is the daemon's and not that of whoever got it after a crash.
 */
static int
signal_parent(struct cli *c)
{
	char path[512], text[24] = "";
	int64_t pid = 0;
	int fd, held = 0;

	(void)snprintf(path, sizeof path, "%s/mailbraked.pid", c->conf.run_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0) {
		struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

		held = fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK;
		if (read(fd, text, sizeof text - 1) <= 0)
			text[0] = '\0';
		close(fd);
	}
	text[strcspn(text, "\n")] = '\0';
	if (!held || !text_to_i64(text, 2, INT32_MAX, &pid))
		return cli_fail(c, EX_UNAVAILABLE, "no daemon is running (%s)", path);
	if (kill((pid_t)pid, SIGHUP) == 0)
		return 0;
	if (errno == EPERM)
		return cli_fail(c, EX_NOPERM, "only root may reload the rules");
	return cli_fail(c, EX_UNAVAILABLE, "the daemon: %s", strerror(errno));
}

static void
reload_row(void *arg, const json_t *row, int fd)
{
	struct reloading *r = arg;
	const char *state = json_string_value(json_object_get(row, "state"));

	if (fd >= 0)
		close(fd);
	if (state == NULL || strcmp(state, "asked") != 0) {
		if (row == NULL)
			table_flush(r->table);
		else
			table_row(r->table, row);
		return;
	}
	/* judge listens now: what comes of it cannot be missed */
	r->code = signal_parent(r->c);
	if (r->code != 0)
		exit(r->code);
}

int
rules_reload(struct cli *c, int argc, char **argv)
{
	struct reloading r = {.c = c};
	int code;

	r.table = table_new(c, "rules");
	code = ctl_ask(c, "rules", argc, argv, reload_row, &r);
	table_free(&r.table);
	return code;
}
