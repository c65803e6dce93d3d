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

/* A file that has set_aside_points: set it aside, unless an admin put it back before. */
void ctl_files_take(uint64_t uid, uint64_t dev, uint64_t ino, const char *path);

/* hands is gone: what it was asked for is answered with that. */
void ctl_files_hands_gone(void);
/* Once a minute: what a stop of judge or hands interrupted is looked at and said. */
void ctl_files_tick(void);

/* DONE of hands for TAKE or PUTBACK; false: not one of ours. */
bool ctl_done(uint64_t asked, bool ok, const char *text);

#endif
