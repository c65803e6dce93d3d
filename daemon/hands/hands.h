/*
 * hands - the one process that acts as somebody else
 *
 * Job:     carry out the closed table of verbs in main.c for judge: send a held
 *          message as its owner, alert, set files aside, work the MTA's queue.
 * Privilege: root, outside the sandbox: set-id MTAs break below no_new_privs.
 * Talks to: judge and the parent, over links it was born with; listens nowhere.
 * Never:   takes a path without checking device, inode and owner again, runs a
 *          shell, runs anything that judge names: only what the settings name.
 * Exits:   0 asked to stop, or judge or the parent is gone.
 */
#ifndef MAILBRAKE_HANDS_H
#define MAILBRAKE_HANDS_H

#include "conf.h"
#include "link.h"

/* The process. c, judge and parent are the caller's and live as long as the process. */
int hands_main(const struct conf *c, struct link *judge, struct link *parent);

#endif
