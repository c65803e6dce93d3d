/*
 * watch - the process that sees files change
 *
 * Job:       read kernel events, let files settle, share out per account, and hand judge
 *            read-only descriptors of regular files; say what is not watched.
 * Touches:   inotify or fanotify, the watched directories; reads no file's contents.
 * Privilege: starts as root, keeps CAP_DAC_READ_SEARCH under its own uid.
 * Talks to:  judge (FILE, GONE, SIGHT, HURRIED; WANT, HURRY, LOOK, SINCE), parent.
 * Never:     follows a link, opens a FIFO or device, blocks anyone (no FAN_*_PERM).
 * Exits:     0 told to stop or a peer is gone; 71 no way to watch at all; 75 start
 *            again: a file system came or went that needs privileges to be marked.
 */
#ifndef MAILBRAKE_WATCH_H
#define MAILBRAKE_WATCH_H

#include "conf.h"
#include "link.h"

/* The process's main: set up what needs privileges, give them up, run until told to stop.
 * Returns the exit code. */
int watch_main(const struct conf *c, struct link *judge, struct link *parent);

#endif
