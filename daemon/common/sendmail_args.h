/*
 * sendmail_args - what a sendmail command line asks for
 *
 * Job:     tell "a message comes on standard input" from everything else a program
 *          called sendmail is asked to do; nothing more is interpreted, because
 *          the MTAs do not agree on the rest.
 * Touches: nothing.
 * Source:  sendmail(1) of Postfix 3.7, exim(8) 4.96, sendmail 8.17 op.me; options
 *          and what they take were tried against Postfix and Exim.
 */
#ifndef MAILBRAKE_SENDMAIL_ARGS_H
#define MAILBRAKE_SENDMAIL_ARGS_H

#include <stdbool.h>

struct sendmail_args {
	bool message;  /* a message follows on standard input; false: pass straight on */
	bool dot_ends; /* a line of a single "." ends it (no -i, no -oi) */
};

/* Read argv[0..argc-1]; argc >= 1. Cannot fail: what is not understood is a message,
 * except words that only other duties have (-bs, -q, mailq, --version). */
struct sendmail_args sendmail_args_read(int argc, char *const *argv);

#endif
