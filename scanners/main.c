/*
 * mailbrake-scan - looks into files and messages, in a sandbox
 *
 * Job:       compile the rules, fork the workers, keep them.
 * Privilege: none; its workers cannot open, connect or start anything.
 * Talks to:  one peer a link (judge, or `mailbrake scan`).
 * Never:     opens a path of the work it is given.
 * Exits:     0 the peer has closed its links, 64 usage, 71 the system refused,
 *            78 there is no rule that compiles.
 * Source:    mailbrake-scan(8).
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "compiled.h"
#include "scanengine.h"
#include "link.h"
#include "log.h"
#include "mailhead.h"
#include "rules.h"
#include "rulestool.h"
#include "text.h"
#include "zygote.h"

#define RULE_DIRS_MAX 16
#define TOOL_MAX_S 3600 /* the cost of thousands of rules takes long */

struct options {
	const char *dirs[RULE_DIRS_MAX];
	size_t dir_count;
	struct zygote_conf zygote;
	struct engine_conf engine;
	const char *tool; /* "check", "test", "trial": no workers */
	bool json, cost;
	const char *samples;
	int compiled_fd, compiled_out;
};

enum {
	OPT_RULES = 1,
	OPT_WORKERS,
	OPT_FD,
	OPT_CPU,
	OPT_WALL,
	OPT_SIZE,
	OPT_SUSPICIOUS,
	OPT_MALICIOUS,
	OPT_TOOL,
	OPT_JSON,
	OPT_COST,
	OPT_SAMPLES,
	OPT_PLAIN,
	OPT_COMPILED,
	OPT_COMPILED_OUT
};

static int
number(const char *name, const char *text, int64_t min, int64_t max)
{
	int64_t v = 0;

	if (!text_to_i64(text, min, max, &v))
		log_fatal(EX_USAGE, "usage option=%s value=\"%s\" min=%lld max=%lld",
			  name, text, (long long)min, (long long)max);
	return (int)v;
}

static const struct option opts[] = {
    {"rules", required_argument, NULL, OPT_RULES},
    {"workers", required_argument, NULL, OPT_WORKERS},
    {"link-fd", required_argument, NULL, OPT_FD},
    {"cpu-ms", required_argument, NULL, OPT_CPU},
    {"wall-ms", required_argument, NULL, OPT_WALL},
    {"size-max", required_argument, NULL, OPT_SIZE},
    {"suspicious", required_argument, NULL, OPT_SUSPICIOUS},
    {"malicious", required_argument, NULL, OPT_MALICIOUS},
    {"tool", required_argument, NULL, OPT_TOOL},
    {"json", no_argument, NULL, OPT_JSON},
    {"cost", no_argument, NULL, OPT_COST},
    {"samples", required_argument, NULL, OPT_SAMPLES},
    {"plain", no_argument, NULL, OPT_PLAIN},
    {"compiled-fd", required_argument, NULL, OPT_COMPILED},
    {"compiled-out", required_argument, NULL, OPT_COMPILED_OUT},
    {NULL, 0, NULL, 0}};

/* What a file may cost, and what its points mean. */
static bool
read_limit(struct options *o, int c)
{
	struct worker_conf *w = &o->zygote.worker;

	switch (c) {
	case OPT_CPU:
		w->cpu_ms = number("cpu-ms", optarg, 10, 60000);
		return true;
	case OPT_WALL:
		w->wall_ms = number("wall-ms", optarg, 10, 600000);
		return true;
	case OPT_SIZE:
		w->size_max = (size_t)number("size-max", optarg, 1024, 2147483647);
		return true;
	case OPT_SUSPICIOUS:
		o->engine.suspicious_points = number("suspicious", optarg, 1, 1000);
		return true;
	case OPT_MALICIOUS:
		o->engine.malicious_points = number("malicious", optarg, 1, 1000);
		return true;
	default:
		return false;
	}
}

static void
read_options(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		switch (c) {
		case OPT_RULES:
			if (o->dir_count == RULE_DIRS_MAX)
				log_fatal(EX_USAGE, "usage too many --rules, at most %d",
					  RULE_DIRS_MAX);
			o->dirs[o->dir_count++] = optarg;
			break;
		case OPT_WORKERS:
			o->zygote.workers =
			    number("workers", optarg, 1, ZYGOTE_WORKERS_MAX);
			break;
		case OPT_FD:
			o->zygote.first_fd = number("link-fd", optarg, 3, 1000);
			break;
		case OPT_TOOL:
			o->tool = optarg;
			break;
		case OPT_JSON:
			o->json = true;
			break;
		case OPT_COST:
			o->cost = true;
			break;
		case OPT_SAMPLES:
			o->samples = optarg;
			break;
		case OPT_COMPILED:
			o->compiled_fd = number("compiled-fd", optarg, 3, 1000);
			break;
		case OPT_COMPILED_OUT:
			o->compiled_out = number("compiled-out", optarg, 3, 1000);
			break;
		case OPT_PLAIN:
			o->engine.prefilter = false;
			o->engine.thorough = true;
			break;
		default:
			if (!read_limit(o, c))
				log_fatal(EX_USAGE, "usage see mailbrake-scan(8)");
		}
	}
	if (optind != argc || o->dir_count == 0)
		log_fatal(EX_USAGE,
			  "usage --rules DIR is needed, and no other arguments");
}

/* Rules that cannot be had at all are said to the peer too: it may not look at our log.
 */
static void
no_rules(const struct options *o, const struct rules *r, const struct err *e)
{
	static struct msg m;
	const struct m_ready v = {.rules = 0,
				  .rules_version = "",
				  .broken = r->broken > 0 ? r->broken : 1,
				  .problem = e->text};
	int i;

	for (i = 0; i < o->zygote.workers; i++) {
		struct link l;

		link_init(&l, o->zygote.first_fd + i, ROLE_SCANNER, ROLE_CLIENT, MSG_MAX);
		if (m_ready_put(&m, &v, NULL) == 0)
			(void)link_send(&l, &m, NULL);
		link_fini(&l);
	}
	log_fatal(EX_CONFIG, "rules error=\"%s\"", e->text);
}

static const char *
magic_file(const struct options *o, char *buf, size_t size)
{
	size_t i;

	for (i = 0; i < o->dir_count; i++) {
		(void)snprintf(buf, size, "%s/types.magic", o->dirs[i]);
		if (access(buf, R_OK) == 0)
			return buf;
	}
	return NULL;
}

/* Rules and engine, compiled or loaded. Both descriptors are closed again: no worker may
 * inherit a way to what the next start trusts. */
static struct scanengine *
make_engine(struct options *o, struct rules *rules)
{
	struct compiled *c = compiled_new(o->compiled_fd, o->compiled_out);
	struct scanengine *en;
	static char magic[4096];
	struct err e;

	if (rules_load_kept(rules, o->dirs, o->dir_count, c, &e) != 0)
		no_rules(o, rules, &e);
	if (rules->broken > 0)
		log_warn("rules_broken files=%u problem=\"%s\"", rules->broken,
			 rules->problem);
	o->engine.magic_file = magic_file(o, magic, sizeof magic);
	if (scanengine_new(&en, rules, &o->engine, &e) != 0)
		log_fatal(EX_OSERR, "engine error=\"%s\"", e.text);
	if (compiled_write(c, &e) != 0)
		log_warn("compiled_rules kept=no error=\"%s\"", e.text);
	rules->compiled = NULL;
	compiled_free(&c);
	if (o->compiled_fd >= 0)
		close(o->compiled_fd);
	if (o->compiled_out >= 0)
		close(o->compiled_out);
	return en;
}

static int
run_tool(struct options *o)
{
	static char magic[4096];
	const struct rules_tool t = {.tool = o->tool,
				     .dirs = o->dirs,
				     .dir_count = o->dir_count,
				     .samples = o->samples,
				     .json = o->json,
				     .cost = o->cost,
				     .engine = &o->engine,
				     .link_fd = o->zygote.first_fd};

	o->engine.magic_file = magic_file(o, magic, sizeof magic);
	(void)alarm(TOOL_MAX_S);
	return rules_tool(&t);
}

int
main(int argc, char **argv)
{
	static struct rules rules;
	struct options o = {
	    .zygote =
		{1, 3, 50, 100, {.cpu_ms = 250, .wall_ms = 5000, .size_max = 32u << 20}},
	    .engine = {.suspicious_points = 50,
		       .malicious_points = 100,
		       .prefilter = true,
		       .unwrap = true},
	    .compiled_fd = -1,
	    .compiled_out = -1};
	struct scanengine *en;
	struct err e;

	log_init("scan", false);
	read_options(&o, argc, argv);
	if (rules_start(&e) != 0)
		log_fatal(EX_OSERR, "start error=\"%s\"", e.text);
	if (o.tool != NULL)
		return run_tool(&o);
	mail_head_start();
	en = make_engine(&o, &rules);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	o.zygote.suspicious_points = o.engine.suspicious_points;
	o.zygote.malicious_points = o.engine.malicious_points;
	return zygote_run(en, &rules, &o.zygote);
}
