/*
 * proc - the processes of the daemon, and what keeps them running
 *
 * Job:     start, wire, restart with back-off, reload and stop the children
 *          of the table in proc.c.
 * Privilege: root, capabilities cut to what starting children needs.
 * Never:   reads a byte from any of them.
 */
#ifndef MAILBRAKE_PROC_H
#define MAILBRAKE_PROC_H

#include "conf.h"
#include "err.h"

/* Descriptors a child finds open when it starts. */
enum child_fd {
	CHILD_PARENT = 3, /* link to the parent: the first message is CONF */
	CHILD_JUDGE =
	    4, /* link to judge; in judge itself the listening socket for wrappers */
	CHILD_CTL = 5, /* judge only: the listening socket for the command line */
	CHILD_MTA = 6, /* judge only: the listening socket for the MTA's own hooks */
	CHILD_LAST = 6,
};

/*
 * Run the daemon until SIGTERM or SIGINT; SIGHUP reads conf_path again. c: the settings
 * in force, prefix: see conf_prefix (or NULL). Returns the exit code.
 */
int proc_run(const struct conf *c, const char *conf_path, const char *prefix);

#endif
