/*
 * sendmail_claim - which script may have called us
 *
 * Job:     gather hints about the calling script: the environment, an open
 *          script file that PHP left to us, the command line of the parents.
 *          All of it lies within the sender's reach: claims, never facts.
 * Touches: the environment, /proc/self/fd, /proc/PID/{cmdline,stat,cwd}.
 * Source:  measured with PHP 8.2 cli, cgi and fpm.
 */
#ifndef MAILBRAKE_SENDMAIL_CLAIM_H
#define MAILBRAKE_SENDMAIL_CLAIM_H

#include <stddef.h>

#define CLAIM_MAX 4096 /* bytes of a path; PATH_MAX */

/*
 * Write the likeliest path of the calling script to dst (size bytes), or "". cwd: ours.
 * Call it before inherited descriptors are closed: php-fpm leaves its entry script open
 * when the opcode cache did not have it yet.
 */
void sendmail_claim_script(const char *cwd, char *dst, size_t size);

#endif
