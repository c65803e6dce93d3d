/*
 * opener - opens the log for a process that may not
 *
 * Job:     a small process that keeps the right to read any file and uses it for a fixed
 * list of paths only; its peer names one by its number and gets a descriptor. Privilege:
 * root, CAP_DAC_READ_SEARCH alone. The one who parses strangers' lines has none of it.
 * Talks to: the process that started it, one byte at a time.
 * Never:   reads a log, takes a path from its peer, opens anything but a regular file for
 * reading.
 */
#ifndef MAILBRAKE_OPENER_H
#define MAILBRAKE_OPENER_H

#include "err.h"

#define OPENER_PATHS 8

/*
 * Start it for these paths (n <= OPENER_PATHS; copied). Not root: none is needed, and
 * opener_get opens directly.
 */
int opener_start(const char *const *path, int n, struct err *e);

/* Open path number i: a descriptor, or -1 with errno. Waits at most two seconds. */
int opener_get(int i);

#endif
