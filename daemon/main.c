/*
 * mailbraked - holds the mail of a hacked account before the spam leaves
 *
 * Job:     options; then the parent (proc.c), or with -x one of the roles it starts.
 * Touches: the configuration file.
 * Exits:   0 stopped as asked, 64 usage, 71 the system refused, 78 settings that cannot
 *          work.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "conf_fd.h"
#include "hands.h"
#include "judge.h"
#include "link.h"
#include "log.h"
#include "mtlog.h"
#include "paths.h"
#include "proc.h"
#include "watch.h"

static const struct role_entry {
	const char *name;
	enum role role;
	int (*run)(const struct conf *, struct link *judge, struct link *parent);
} roles[] = {
    {"judge", ROLE_JUDGE, NULL},
    {"watch", ROLE_WATCH, watch_main},
    {"hands", ROLE_HANDS, hands_main},
    {"mtlog", ROLE_MTLOG, mtlog_main},
};

static int
run_role(const char *name)
{
	static struct conf c;
	struct link judge, parent;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof roles / sizeof roles[0]; i++)
		if (strcmp(roles[i].name, name) == 0)
			break;
	if (i == sizeof roles / sizeof roles[0]) {
		fprintf(stderr, "mailbraked: -x %s: no such role\n", name);
		return 64;
	}
	log_init(roles[i].name, false);
	if (conf_fd_wait(CHILD_PARENT, &c, &e) != 0)
		log_fatal(71, "start error=\"%s\"", e.text);
	log_init(roles[i].name, c.syslog);
	link_init(&parent, CHILD_PARENT, roles[i].role, ROLE_PARENT, 65536);
	if (roles[i].run == NULL)
		return judge_main(&c, &parent);
	link_init(&judge, CHILD_JUDGE, roles[i].role, ROLE_JUDGE, 4 * MSG_MAX);
	return roles[i].run(&c, &judge, &parent);
}

static void
usage(FILE *out)
{
	fputs("usage: mailbraked [--conf FILE] [--prefix DIR] [-n]\n"
	      "  --conf FILE   settings (default " MB_SYSCONFDIR
	      "/mailbrake/mailbrake.conf)\n"
	      "  --prefix DIR  run below DIR: DIR/etc, DIR/var/lib, DIR/run\n"
	      "  -n            check the settings, print them, and exit\n"
	      "  --version\n"
	      "It stays in the foreground and logs to standard error. SIGHUP reads the "
	      "settings\n"
	      "and the rules again; a bad file changes nothing. `mailbrake` is the "
	      "command line.\n",
	      out);
}

int
main(int argc, char **argv)
{
	static const struct option longs[] = {{"conf", required_argument, NULL, 'c'},
					      {"prefix", required_argument, NULL, 'p'},
					      {"help", no_argument, NULL, 'h'},
					      {"version", no_argument, NULL, 'V'},
					      {NULL, 0, NULL, 0}};
	const char *given = NULL, *prefix = NULL, *role = NULL;
	static struct conf c;
	static char path[512];
	bool check = false;
	struct err e;
	int o;

	while ((o = getopt_long(argc, argv, "nx:h", longs, NULL)) != -1) {
		switch (o) {
		case 'c':
			given = optarg;
			break;
		case 'p':
			prefix = optarg;
			break;
		case 'n':
			check = true;
			break;
		case 'x':
			role = optarg;
			break;
		case 'h':
			usage(stdout);
			return 0;
		case 'V':
			printf("mailbraked %s, messages %d\n", MB_VERSION, MSG_VERSION);
			return 0;
		default:
			usage(stderr);
			return 64;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return 64;
	}
	if (role != NULL)
		return run_role(role);
	log_init("parent", false);
	if (paths_conf(path, sizeof path, given, prefix, &e) != 0 ||
	    conf_load(&c, path, &e) != 0 || conf_prefix(&c, prefix, &e) != 0) {
		fprintf(stderr, "mailbraked: %s\n", e.text);
		return 78;
	}
	if (check) {
		conf_print(&c, false, stdout);
		return 0;
	}
	log_init("parent", c.syslog);
	return proc_run(&c, path, prefix);
}
