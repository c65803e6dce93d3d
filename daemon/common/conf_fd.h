/*
 * conf_fd - the settings on their way from the parent to its children
 *
 * Job:     one sealed memory file a set of settings; each child reads the same bytes, and
 *          none of them needs the right to open the settings' file.
 * Touches: the descriptors it is given.
 */
#ifndef MAILBRAKE_CONF_FD_H
#define MAILBRAKE_CONF_FD_H

#include "conf.h"
#include "err.h"

/* In the parent: the settings as a sealed descriptor, which the caller closes; -1. */
int conf_fd_make(const struct conf *c, struct err *e);

/* In a child: read the settings of a CONF message's descriptor (closed here). 0, or -1:
 * ERR_SYS unreadable, ERR_INPUT too large or not settings. */
int conf_fd_take(int take_fd, struct conf *c, struct err *e);

/* In a child that starts: wait for the parent's first message, CONF, at most 10 s. */
int conf_fd_wait(int link_fd, struct conf *c, struct err *e);

#endif
