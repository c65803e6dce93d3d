/*
 * ctl - the admin's commands
 *
 * Job:     take CTL from root and the members of admin_group, answer in rows.
 * Touches: everything judge owns, through its modules.
 * Source:  the fields of the rows: daemon/client/columns.def.
 */
#ifndef MAILBRAKE_CTL_H
#define MAILBRAKE_CTL_H

#include <stdbool.h>
#include <stdint.h>

#define CTL_CLIENTS 32

void ctl_listen(int listen_fd);

/* DONE of hands for TAKE or PUTBACK; false: not one of ours. */
bool ctl_done(uint64_t asked, bool ok, const char *text);

#endif
