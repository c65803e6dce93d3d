/*
 * providers - the verbs about mail providers that need no daemon
 *
 * Job:     `mailbrake classify`: the provider table over standard input.
 * Touches: standard input and output, the table.
 */
#include <string.h>

#include "classify.h"
#include "client.h"
#include "text.h"

/* The table of --rules DIR, or the installed one. 0, or an exit code after having said
 * why. */
static int
load(const struct cli *c, const char *dir, struct provider_table **t)
{
	char path[4096], line[512];
	struct err e;

	if (!provider_table_path(dir, path, sizeof(path)))
		return cli_fail(c, EX_NOINPUT, "no provider table at %s",
				text_safe(line, sizeof(line), path));
	if (provider_table_load(path, t, &e) == -1)
		return cli_fail(c, EX_CONFIG, "%s",
				text_safe(line, sizeof(line), e.text));
	return 0;
}

int
cmd_classify(struct cli *c, int argc, char **argv)
{
	struct provider_table *t;
	const char *dir = NULL;
	unsigned long bad;
	int code;

	if (argc == 3 && strcmp(argv[1], "--rules") == 0)
		dir = argv[2];
	else if (argc != 1)
		return cli_usage(c, "one JSON object a line is read from standard input");
	if ((code = load(c, dir, &t)) != 0)
		return code;
	bad = classify_stream(t, stdin, stdout, c->json);
	provider_table_free(&t);
	if (fflush(stdout) == EOF || ferror(stdin))
		return cli_fail(c, EX_IOERR, "cannot read or write");
	return bad != 0 ? EX_DATAERR : EX_OK;
}
