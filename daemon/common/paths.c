/*
 * paths - where the program's own files are
 *
 * Job:     see paths.h.
 * Touches: /proc/self/exe, access(2).
 */
#include "paths.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The folder of the running program, or "" when it cannot be told. */
static void
own_folder(char *out, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", out, size - 1);
	char *slash;

	out[n > 0 ? n : 0] = '\0';
	slash = strrchr(out, '/');
	if (slash != NULL)
		*slash = '\0';
}

static int
fits(int n, size_t size, const char *what, struct err *e)
{
	if (n >= 0 && (size_t)n < size)
		return 0;
	return err_set(e, ERR_INPUT, "path of %s is longer than %zu bytes", what,
		       size - 1);
}

int
paths_conf(char *out, size_t size, const char *given, const char *prefix, struct err *e)
{
	if (given != NULL)
		return fits(snprintf(out, size, "%s", given), size, "the configuration",
			    e);
	return fits(snprintf(out, size, "%s%s/mailbrake/mailbrake.conf",
			     prefix == NULL ? "" : prefix, MB_SYSCONFDIR),
		    size, "the configuration", e);
}

int
paths_worker(char *out, size_t size, const struct conf *c, struct err *e)
{
	char own[512];

	own_folder(own, sizeof own);
	if (fits(snprintf(out, size, "%s/mailbrake-scan", own), size, "the worker", e) !=
	    0)
		return -1;
	if (access(out, X_OK) == 0)
		return 0;
	if (fits(snprintf(out, size, "%s/mailbrake-scan", c->libexec_dir), size,
		 "the worker", e) != 0)
		return -1;
	if (access(out, X_OK) == 0)
		return 0;
	return err_sys(e, "%s", out);
}

int
paths_rules(char *out, size_t size, const struct conf *c, struct err *e)
{
	char own[512];

	if (fits(snprintf(out, size, "%s", c->rules_dir), size, "the rules", e) != 0)
		return -1;
	if (access(out, R_OK | X_OK) == 0)
		return 0;
	own_folder(own, sizeof own);
	if (fits(snprintf(out, size, "%s/../rules", own), size, "the rules", e) != 0)
		return -1;
	if (access(out, R_OK | X_OK) == 0)
		return 0;
	return err_set(e, ERR_INPUT, "there are no rules at %s (rules_dir)",
		       c->rules_dir);
}

int
paths_compiled(char *out, size_t size, const struct conf *c, struct err *e)
{
	if (c->compiled_dir[0] != '\0')
		return fits(snprintf(out, size, "%s", c->compiled_dir), size,
			    "compiled_dir", e);
	return fits(snprintf(out, size, "%s/compiled", c->state_dir), size,
		    "compiled_dir", e);
}
