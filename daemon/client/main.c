/*
 * mailbrake - what an admin types
 *
 * Job:       find the verb and run it.
 * Privilege: the caller's.
 * Exits:     the verb's; 64 usage.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "log.h"
#include "replay.h"
#include "scan.h"

static const struct verb {
	const char *name;
	int (*fn)(int argc, char **argv);
	const char *help;
} verbs[] = {
    {"scan", scan_main, "look into files, without the daemon"},
    {"rules", rules_main, "check or test rule files"},
    {"replay", replay_main, "judge an old log or a trace, without the daemon"},
};
#define VERBS (sizeof verbs / sizeof verbs[0])

int
main(int argc, char **argv)
{
	size_t i;

	log_init("mailbrake", false);
	for (i = 0; argc > 1 && i < VERBS; i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].fn(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		printf("usage: mailbrake VERB ...\n");
		for (i = 0; i < VERBS; i++)
			printf("  %-10s %s\n", verbs[i].name, verbs[i].help);
		return 0;
	}
	fprintf(stderr, "mailbrake: no such verb; see mailbrake --help\n");
	return EX_USAGE;
}
