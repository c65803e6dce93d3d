/*
 * keeper - who writes down the compiled rules
 *
 * Job:     a process for the length of one start that takes the compiled rules from the
 *          scan process through a pipe and puts them into compiled_dir.
 * Touches: compiled_dir.
 *
 * The scan process may not write anywhere, and what it loads at the next start must
 * come from nobody else. It compiles before it has seen a byte of a tenant's, and its
 * end of the pipe is closed before its workers are forked.
 */
#ifndef MAILBRAKE_KEEPER_H
#define MAILBRAKE_KEEPER_H

#include "conf.h"

/*
 * Called in the scan process before it gives up root. Opens compiled_dir and forks the
 * keeper. *dir_out, *pipe_out: for --compiled-fd and --compiled-out, open over exec, or
 * -1 both when nothing can be kept (logged; the rules are compiled at each start).
 */
void keeper_start(const struct conf *c, int *dir_out, int *pipe_out);

#endif
