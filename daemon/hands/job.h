/*
 * job - run one program for a verb, without waiting for it
 *
 * Job:     fork, become whom the verb says, exec, keep the first bytes of what
 *          it prints, kill it at its time-out, call back at its end.
 * Touches: processes; memory files for output.
 * Limits:  JOBS_MAX at once.
 */
#ifndef MAILBRAKE_JOB_H
#define MAILBRAKE_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

#define JOBS_MAX 8       /* programs at once */
#define JOB_OUT_MAX 2048 /* bytes of output that are kept */

/* What every program is given: nothing of ours, nothing of a stranger's. */
#define JOB_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
/* ... and one whose words we read: JOB_PATH, LANG=C. */
extern const char *const job_env[];

struct job_spec {
	const char *program;     /* absolute path, from the settings */
	const char *const *argv; /* NULL at the end */
	const char *const *env;  /* NULL at the end */
	int stdin_fd;            /* borrowed; -1: /dev/null */
	int out_fd;              /* borrowed: what it prints goes there; 0: to job_end */
	bool as_owner;           /* become uid, gid and the groups of login */
	uid_t uid;
	gid_t gid;
	const char *login; /* must exist with this very uid, or the program is not run */
	const char *cwd;   /* entered as the owner; NULL, or not possible: "/" */
	int timeout_s;
};

/* A program of the MTA or the system, argv[0], as root and with no input. */
struct job_spec job_plain(const char *const *argv, int timeout_s);

struct job_end {
	bool ran;         /* false: the program was never started; text says why */
	bool timed_out;   /* it was killed; what it did before is not known */
	int exit_code;    /* its own, or 128 + the signal that ended it; -1 when !ran */
	const char *text; /* one safe line of what it printed; borrowed for the call */
};
typedef void (*job_fn)(void *arg, const struct job_end *end);

/*
 * Start. fn(arg, end) is called once, from the loop, when it has ended. Everything in *s
 * is the caller's. ERR_AGAIN: JOBS_MAX run already; ERR_SYS: no process could be made. In
 * both cases nothing was started and fn is not called.
 */
int job_start(const struct job_spec *s, job_fn fn, void *arg, struct err *e);

/* How many more may be started now. */
int job_free(void);

/* Collect what has ended (on SIGCHLD) and kill what is over its time (on a timer). */
void job_reap(void);
void job_kill_late(void);

#endif
