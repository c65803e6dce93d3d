/*
 * mailbrake - what an admin types
 *
 * Job:       take the global options, find the verb in verbs.def, run it.
 * Privilege: the caller's.
 * Talks to:  judge, over run_dir/ctl.sock (ctl.c).
 * Never:     opens the database.
 * Exits:     the verb's; 64 usage.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client.h"
#include "log.h"
#include "paths.h"
#include "replay.h"
#include "scan.h"
#include "text.h"

#define ARGS_MAX 4096

static const struct verb {
	const char *name;
	int (*fn)(struct cli *c, int argc, char **argv);
	int (*own)(int argc, char **argv);
	int min, max; /* arguments; max -1: any number */
	bool listed;
	const char *args, *help, *more;
} verbs[] = {
#define VERB(name, fn, min, max, listed, args, help, more) \
	{name, fn, NULL, min, max, listed, args, help, more},
#define OWN(name, fn, listed, args, help, more) \
	{name, NULL, fn, 0, -1, listed, args, help, more},
#include "verbs.def"
};
#define VERBS (sizeof verbs / sizeof verbs[0])

static void
help(void)
{
	char left[64];
	size_t i;

	printf("usage: mailbrake [--json] [--conf FILE] [--prefix DIR] VERB ...\n");
	for (i = 0; i < VERBS; i++) {
		if (!verbs[i].listed)
			continue;
		(void)snprintf(left, sizeof left, "%s %s", verbs[i].name, verbs[i].args);
		printf("  %-26s %s\n", left, verbs[i].help);
	}
	printf("Also:");
	for (i = 0; i < VERBS; i++)
		if (!verbs[i].listed)
			printf(" %s", verbs[i].name);
	printf(". VERB --help tells more.\n"
	       "Exit: 0 done, 1 nothing matched, 64 usage, 69 no daemon, 77 not "
	       "allowed.\n");
}

static int
help_verb(const struct verb *v)
{
	printf("usage: mailbrake %s%s%s\n%s\n%s", v->name, v->args[0] == '\0' ? "" : " ",
	       v->args, v->help, v->more);
	return 0;
}

static const struct verb *
verb_of(const char *name)
{
	size_t i;

	for (i = 0; i < VERBS; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

int
cli_fail(const struct cli *c, int code, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	fprintf(stderr, "mailbrake%s%s: %s\n", c->verb == NULL ? "" : " ",
		c->verb == NULL ? "" : c->verb, text);
	return code;
}

int
cli_usage(const struct cli *c, const char *fmt, ...)
{
	const struct verb *v = c->verb == NULL ? NULL : verb_of(c->verb);
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	cli_fail(c, EX_USAGE, "%s", text);
	if (v == NULL)
		fprintf(stderr, "mailbrake --help lists the verbs\n");
	else
		fprintf(stderr, "usage: mailbrake %s %s\n", v->name, v->args);
	return EX_USAGE;
}

int
cli_conf(struct cli *c)
{
	char path[4096];
	struct err e;

	if (paths_conf(path, sizeof path, c->conf_path, c->prefix, &e) != 0)
		return cli_fail(c, EX_USAGE, "%s", e.text);
	if (access(path, F_OK) != 0 && c->conf_path == NULL)
		conf_defaults(&c->conf);
	else if (conf_load(&c->conf, path, &e) != 0)
		return cli_fail(c, e.code == ERR_INPUT ? EX_CONFIG : EX_NOINPUT, "%s",
				e.text);
	if (c->prefix != NULL && conf_prefix(&c->conf, c->prefix, &e) != 0)
		return cli_fail(c, EX_USAGE, "%s", e.text);
	return 0;
}

/* A global option at argv[i]: how many words it takes, 0 when it is none, -1 when its
 * value is missing. */
static int
global(struct cli *c, int argc, char **argv, int i)
{
	const char **to;

	if (strcmp(argv[i], "--json") == 0) {
		c->json = true;
		return 1;
	}
	to = strcmp(argv[i], "--conf") == 0     ? &c->conf_path
	     : strcmp(argv[i], "--prefix") == 0 ? &c->prefix
						: NULL;
	if (to == NULL)
		return 0;
	if (i + 1 >= argc)
		return -1;
	*to = argv[i + 1];
	return 2;
}

/* For a verb that reads its own options: the global ones given before it go after it. */
static int
run_own(const struct cli *c, const struct verb *v, int argc, char **argv)
{
	static char *args[ARGS_MAX];
	static char json[] = "--json", conf[] = "--conf", prefix[] = "--prefix";
	int n = 0, i;

	if (argc + 6 > ARGS_MAX)
		return cli_usage(c, "more than %d arguments", ARGS_MAX - 6);
	args[n++] = argv[0];
	if (c->json)
		args[n++] = json;
	if (c->conf_path != NULL) {
		args[n++] = conf;
		args[n++] = (char *)(uintptr_t)c->conf_path;
	}
	if (c->prefix != NULL) {
		args[n++] = prefix;
		args[n++] = (char *)(uintptr_t)c->prefix;
	}
	for (i = 1; i < argc; i++)
		args[n++] = argv[i];
	args[n] = NULL;
	return v->own(n, args);
}

int
cmd_rules(struct cli *c, int argc, char **argv)
{
	static const struct verb rules = {.own = rules_main};
	int code;

	if (argc == 2 && strcmp(argv[1], "reload") == 0)
		return rules_reload(c, argc, argv);
	if (argc == 2 && strcmp(argv[1], "check") == 0 &&
	    (code = providers_check(c)) != EX_OK)
		return code;
	return run_own(c, &rules, argc, argv);
}

static int
run(struct cli *c, const struct verb *v, int argc, char **argv)
{
	bool options = true;
	int n = 0, i, took;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0)
			return help_verb(v);
	if (v->own != NULL)
		return run_own(c, v, argc, argv);
	for (i = 0; i < argc; i += (took > 0 ? took : 1)) {
		took = options && i > 0 ? global(c, argc, argv, i) : 0;
		if (took < 0)
			return cli_usage(c, "%s needs a value", argv[i]);
		if (took > 0)
			continue;
		if (options && i > 0 && strcmp(argv[i], "--") == 0) {
			options = false;
			continue;
		}
		argv[n++] = argv[i];
	}
	argv[n] = NULL;
	if (n - 1 < v->min)
		return cli_usage(c, "too few arguments");
	if (v->max >= 0 && n - 1 > v->max)
		return cli_usage(c, "too many arguments");
	return v->fn(c, n, argv);
}

int
main(int argc, char **argv)
{
	struct cli c = {.width = 80};
	const struct verb *v;
	struct winsize ws;
	char safe[80];
	int i = 1, took;

	log_init("mailbrake", false);
	c.tty = isatty(STDOUT_FILENO) == 1;
	c.colour = c.tty && getenv("NO_COLOR") == NULL;
	if (c.tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col >= 40)
		c.width = ws.ws_col;
	while (i < argc && (took = global(&c, argc, argv, i)) != 0) {
		if (took < 0)
			return cli_usage(&c, "%s needs a value", argv[i]);
		i += took;
	}
	if (i < argc &&
	    (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "help") == 0)) {
		help();
		return 0;
	}
	if (i < argc && strcmp(argv[i], "--version") == 0) {
		printf("mailbrake %s\n", MB_VERSION);
		return 0;
	}
	if (i >= argc)
		return cli_usage(&c, "a verb is missing");
	v = verb_of(argv[i]);
	if (v == NULL)
		return cli_usage(&c, "there is no verb \"%s\"",
				 text_safe(safe, sizeof safe, argv[i]));
	c.verb = v->name;
	return run(&c, v, argc - i, argv + i);
}
