/*
 * sandbox - a process that can look at what it is given, and nothing else
 *
 * Job:     limits, no new privileges, Landlock, a seccomp list.
 * Touches: the calling process, for good.
 * Source:  measured on libyara, libmagic and GMime: after start they read the
 *          descriptor, allocate and answer.
 */
#ifndef MAILBRAKE_SANDBOX_H
#define MAILBRAKE_SANDBOX_H

#include <stddef.h>

#include "err.h"

/*
 * Close the sandbox. memory_bytes: address space beyond what is mapped now. What is not
 * on the list kills the process (SIGSYS); openat alone gets EACCES, because iconv asks
 * for character sets by file and can do without. A kernel without Landlock is no error;
 * anything else that fails is (ERR_SYS).
 */
int sandbox_enter(size_t memory_bytes, struct err *e);

#endif
