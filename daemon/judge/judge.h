/*
 * judge - the process that counts, decides and holds
 *
 * Job:     own the state directory; answer wrappers and admins; ask the
 *          workers, the watch and the hands.
 * Privilege: its own account, no capability.
 * Never:   opens a path it was told, parses a file's or a message's contents, execs.
 */
#ifndef MAILBRAKE_JUDGE_H
#define MAILBRAKE_JUDGE_H

#include "conf.h"
#include "link.h"

/* The process; descriptors as in proc.h. parent's descriptor is taken. Returns the exit
 * code. */
int judge_main(const struct conf *c, struct link *parent);

#endif
