/*
 * providers - the verbs about mail providers that need no daemon
 *
 * Job:     classify: the provider table over standard input. forwarders: who forwards to
 *          the large providers. lint: the form of one message. providers_check: the
 *          table's own check.
 * Touches: standard input and output, the table, the files named.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "classify.h"
#include "client.h"
#include "forwarders.h"
#include "lint_msg.h"
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
		return cli_usage(c,
				 "it reads one JSON object a line from standard input");
	if ((code = load(c, dir, &t)) != 0)
		return code;
	bad = classify_stream(t, stdin, stdout, c->json);
	provider_table_free(&t);
	if (fflush(stdout) == EOF || ferror(stdin))
		return cli_fail(c, EX_IOERR, "cannot read or write");
	return bad != 0 ? EX_DATAERR : EX_OK;
}

/* --- rules check -----------------------------------------------------------------------
 */

static void
say_fault(void *arg, const char *text)
{
	const struct cli *c = arg;
	char safe[700];

	(void)cli_fail(c, EX_DATAERR, "%s", text_safe(safe, sizeof(safe), text));
}

int
providers_check(struct cli *c)
{
	char path[4096], line[512];
	unsigned faults = 0;
	struct err e;

	if (!provider_table_path(NULL, path, sizeof(path)))
		return cli_fail(c, EX_NOINPUT,
				"the table of mail providers is not there");
	if (provider_table_check(path, say_fault, c, &faults, &e) == -1)
		return cli_fail(c, EX_DATAERR, "%s",
				text_safe(line, sizeof(line), e.text));
	return faults == 0 ? EX_OK : EX_DATAERR;
}

/* --- forwarders ------------------------------------------------------------------------
 */

/* What the daemon counted, by target; NULL: it does not run, or may not be asked. */
struct forwarding {
	struct table *out;
	json_t *counts, *sums; /* target -> row; the rows without a target */
};

static void
on_count(void *arg, const json_t *row, int fd)
{
	struct forwarding *w = arg;
	const char *target = json_string_value(json_object_get(row, "target"));

	(void)fd;
	if (row == NULL)
		return;
	if (target != NULL)
		(void)json_object_set_new(w->counts, target, json_deep_copy(row));
	else
		(void)json_array_append_new(w->sums, json_deep_copy(row));
}

/* The counts of a target, once: two forwarders to one target share them. */
static void
put_counts(struct forwarding *w, json_t *row, const char *target)
{
	static const char *const name[] = {"sent", "failed", "share_percent",
					   "failed_percent"};
	const json_t *n = target == NULL ? NULL : json_object_get(w->counts, target);

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		json_t *v = n == NULL ? NULL : json_object_get(n, name[i]);

		(void)json_object_set_new(row, name[i],
					  v == NULL ? json_null() : json_deep_copy(v));
	}
}

static void
on_forwarder(void *arg, const struct forwarder *f)
{
	struct forwarding *w = arg;
	char buf[3][1024];
	const char *target =
	    text_utf8(buf[1], sizeof(buf[1]), f->target, strlen(f->target));
	json_t *row = json_pack(
	    "{s:s, s:s, s:s, s:s}", "provider", f->provider, "address",
	    text_utf8(buf[0], sizeof(buf[0]), f->address, strlen(f->address)), "target",
	    target, "file", text_utf8(buf[2], sizeof(buf[2]), f->file, strlen(f->file)));

	put_counts(w, row, target);
	table_row(w->out, row);
	json_decref(row);
}

/* Forwarded mail to each provider in all: some forwarders are in no file we know. */
static void
put_sums(struct forwarding *w)
{
	size_t i;
	json_t *row;

	json_array_foreach(w->sums, i, row)
	{
		(void)json_object_set_new(row, "address", json_string("(all)"));
		(void)json_object_set_new(row, "file", json_string(""));
		table_row(w->out, row);
	}
}

static bool
daemon_there(struct cli *c)
{
	char path[512];

	if (cli_conf(c) != 0)
		return false;
	(void)snprintf(path, sizeof(path), "%s/ctl.sock", c->conf.run_dir);
	return access(path, R_OK | W_OK) == 0;
}

int
cmd_forwarders(struct cli *c, int argc, char **argv)
{
	struct forwarding w = {.counts = json_object(), .sums = json_array()};
	struct provider_table *t;
	unsigned n, unread;
	int code;

	(void)argc;
	if ((code = load(c, NULL, &t)) != 0)
		return code;
	w.out = table_new(c, "forwarders");
	if (daemon_there(c))
		(void)ctl_ask(c, "forwards", 1, argv, on_count, &w);
	n = forwarders_each(t, c->prefix == NULL ? "" : c->prefix, on_forwarder, &w,
			    &unread);
	put_sums(&w);
	n += (unsigned)json_array_size(w.sums);
	table_free(&w.out);
	json_decref(w.counts);
	json_decref(w.sums);
	provider_table_free(&t);
	if (unread != 0)
		return cli_fail(c, EX_NOPERM, "%u files could not be read whole", unread);
	return n == 0 ? EXIT_NOTHING : EX_OK;
}

/* --- lint ------------------------------------------------------------------------------
 */

static void
on_finding(void *arg, const struct lint_finding *f)
{
	json_t *row = json_pack("{s:s, s:s, s:s, s:s}", "severity", f->severity, "check",
				f->check, "text", f->text, "source", f->source);

	table_row(arg, row);
	json_decref(row);
}

int
cmd_lint(struct cli *c, int argc, char **argv)
{
	bool bulk = argc == 3 && strcmp(argv[1], "--bulk") == 0;
	const char *path = argv[argc - 1];
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
	struct table *out;
	char *buf, safe[512];
	unsigned n;
	size_t len;

	if (argc == 3 && !bulk)
		return cli_usage(c, "one file is needed");
	if (f == NULL)
		return cli_fail(c, EX_NOINPUT, "%s: %s",
				text_safe(safe, sizeof(safe), path), strerror(errno));
	if ((buf = malloc(LINT_BYTES_MAX)) == NULL)
		return cli_fail(c, EX_OSERR, "out of memory");
	len = fread(buf, 1, LINT_BYTES_MAX, f);
	if (ferror(f)) {
		free(buf);
		return cli_fail(c, EX_IOERR, "%s", strerror(errno));
	}
	out = table_new(c, "lint");
	n = lint_message(buf, len, bulk, on_finding, out);
	table_free(&out);
	free(buf);
	if (f != stdin)
		fclose(f);
	return n == 0 ? EXIT_NOTHING : EX_OK;
}
