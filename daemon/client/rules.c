/*
 * rules - `mailbrake rules check|test`
 *
 * Job:     hand the question to mailbrake-scan, the one program that knows libyara.
 * Touches: exec of mailbrake-scan.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf.h"
#include "paths.h"
#include "scan.h"

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
run(const char *const *args)
{
	char program[4096];
	struct conf c;
	struct err e;

	conf_defaults(&c);
	if (paths_worker(program, sizeof program, &c, &e) != 0) {
		fprintf(stderr, "mailbrake rules: %s\n", e.text);
		return EX_UNAVAILABLE;
	}
	/* execv takes char *const * for history's sake and changes nothing */
	execv(program, (char *const *)(void *)(size_t)args);
	perror(program);
	return EX_UNAVAILABLE;
}

int
rules_main(int argc, char **argv)
{
	static const struct option opts[] = {{"json", no_argument, NULL, 'j'},
					     {"cost", no_argument, NULL, 'c'},
					     {"samples", required_argument, NULL, 's'},
					     {NULL, 0, NULL, 0}};
	static char dir[4096];
	const char *args[ARGS_MAX + 1] = {"mailbrake-scan"}, *tool;
	size_t n = 1;
	struct conf conf;
	struct err e;
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (c == '?' || n + 8 > ARGS_MAX)
			return usage();
		args[n++] = c == 'j' ? "--json" : c == 'c' ? "--cost" : "--samples";
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
	if (optind == argc) {
		conf_defaults(&conf);
		if (paths_rules(dir, sizeof dir, &conf, &e) != 0) {
			fprintf(stderr, "mailbrake rules: %s\n", e.text);
			return EX_UNAVAILABLE;
		}
		args[n++] = "--rules";
		args[n++] = dir;
	}
	for (; optind < argc && n + 3 < ARGS_MAX; optind++) {
		args[n++] = "--rules";
		args[n++] = argv[optind];
	}
	args[n] = NULL;
	return run(args);
}
