/*
 * child - what a child process does between fork and exec
 *
 * Job:     put its descriptors where it looks for them, close all others, become the
 *          program of its role.
 * Touches: the descriptors of the child; starts the keeper of the compiled rules.
 */
#ifndef MAILBRAKE_CHILD_H
#define MAILBRAKE_CHILD_H

#include <stdbool.h>

#include "conf.h"
#include "msg.h"

/*
 * Called in the child, right after fork. fds[0..n-1] become descriptors 3, 4, ...
 * (enum child_fd; -1 leaves one closed); the array is overwritten. name: the role's word
 * for `mailbraked -x`. trial: the scan process only loads the rules and runs their
 * samples. Never returns: a child that can't be made ends with 71 or 78 (sysexits).
 */
_Noreturn void child_run(const struct conf *c, enum role role, const char *name,
			 bool trial, int *fds, int n);

#endif
