/*
 * config - `mailbrake config check|show|example`
 *
 * Job:     read the settings as the daemon would, and say so; what the manuals
 *          take from tables is printed here too (manual.c).
 * Touches: the configuration file, standard output.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "manual.h"
#include "paths.h"

static json_t *
list_json(const char *list)
{
	json_t *a = json_array();
	char word[CONF_STR_MAX];
	const char *at = NULL;

	while (conf_list_next(list, &at, word, sizeof word))
		(void)json_array_append_new(a, json_string(word));
	return a;
}

/* The settings as one JSON object: what conf_print says, numbers as numbers, a list's
 * values as an array. */
static json_t *
as_json(const struct conf *c)
{
	json_t *o = json_object();

#define SECTION(title)
#define NUM(name, def, min, max, unit, text) \
	json_object_set_new(o, #name, json_integer(c->name));
#define BOOL(name, def, text) json_object_set_new(o, #name, json_boolean(c->name));
#define STR(name, def, text) json_object_set_new(o, #name, json_string(c->name));
#define WORD(name, def, words, text) json_object_set_new(o, #name, json_string(c->name));
#define LIST(name, def, text) json_object_set_new(o, #name, list_json(c->name));
#include "conf.def"
	return o;
}

int
cmd_config(struct cli *c, int argc, char **argv)
{
	char path[4096];
	struct err e;
	int code;

	(void)argc;
	code = manual_print(argv[1]);
	if (code != 0)
		return code > 0 ? 0 : cli_fail(c, EX_IOERR, "%s", strerror(errno));
	if (strcmp(argv[1], "check") != 0 && strcmp(argv[1], "show") != 0)
		return cli_usage(c, "check, show or example is needed");
	code = cli_conf(c);
	if (code != 0)
		return code;
	if (strcmp(argv[1], "show") == 0 && c->json) {
		json_t *o = as_json(&c->conf);

		(void)json_dumpf(o, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
		printf("\n");
		json_decref(o);
	} else if (strcmp(argv[1], "show") == 0) {
		conf_print(&c->conf, false, stdout);
	} else if (!c->json &&
		   paths_conf(path, sizeof path, c->conf_path, c->prefix, &e) == 0) {
		printf("%s: %s\n", path,
		       access(path, F_OK) == 0 ? "good" : "not there: the defaults hold");
	}
	return 0;
}
