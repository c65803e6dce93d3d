/*
 * place - the directories, sockets and the lock of a daemon that starts
 *
 * Job:     make run_dir, state_dir and state_dir/held with the owner and mode each needs,
 *          make sure that no other daemon runs in run_dir, listen at the sockets.
 * Privilege: the parent's, before it trims them.
 */
#ifndef MAILBRAKE_PLACE_H
#define MAILBRAKE_PLACE_H

#include "conf.h"
#include "err.h"

/* Listening descriptors; the parent only hands them to judge. */
struct sockets {
	int submit; /* run_dir/submit.sock: wrappers, anyone */
	int ctl;    /* run_dir/ctl.sock: the command line, admin_group */
	int mta;    /* run_dir/mta.sock: the MTA's own hooks, a line protocol */
};

/*
 * Make the places and listen. The lock on run_dir/mailbraked.pid lives as long as the
 * process. 0; -1: ERR_AGAIN another daemon runs in run_dir, ERR_INPUT a path is too long
 * or a user of the settings unknown, ERR_SYS anything the system said.
 */
int place_take(const struct conf *c, struct sockets *s, struct err *e);

/* Tell systemd that mail can be judged (sd_notify(3)); nothing without NOTIFY_SOCKET. */
void place_notify_ready(void);

#endif
