/*
 * workers - work for the scan workers
 *
 * Job:     a queue of jobs (files and messages), one at a time to each
 *          worker, answers back to whoever asked; workers that come, go and
 *          are exchanged with the rules.
 * Touches: the links to the workers.
 * Limits:  the first worker of each set takes messages only, so that mail
 *          never waits behind files; of three or more the second takes no
 *          background files (walks, rescans), so that a file that changed never
 *          waits behind one of those. Background files come last and within
 *          scan_cpu_share. Files are bounded by what watch is granted, messages
 *          by the clients there may be.
 */
#ifndef MAILBRAKE_WORKERS_H
#define MAILBRAKE_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "msg.h"

struct job;
/* Exactly one of v (a file) and h (a message) is given; both are borrowed until it
 * returns. */
typedef void (*job_fn)(struct job *j, const struct m_verdict *v, const struct m_head *h);

struct job {
	struct job *next;
	uint64_t asked; /* set by workers_ask */
	enum scan_kind kind;
	int fd; /* the job's own */
	struct m_scan scan;
	char *path, *argv; /* heap copies that scan points into */
	unsigned tries;
	const char *lost; /* why nobody could answer; a literal */
	job_fn done;
	void *arg;
};

void workers_init(const struct conf *c);
void workers_conf(const struct conf *c);

/* A new worker's link. Sets: index below 64 is set 0, below WORKERS_TRIAL set 1; see
 * proc.c. */
#define WORKERS_TRIAL 128 /* not a worker: the trial of new rules, see reload.h */
void workers_peer(int take_fd, uint64_t index);

/*
 * Copy what scan points to and queue the job; take_fd becomes the job's. done is called
 * once, in the loop; with verdict UNSCANNED or ok = 0 and a reason when no worker could
 * answer. A file's verdict is by the rules in force: one that others had begun with is
 * looked at again.
 */
struct job *workers_ask(const struct m_scan *scan, int take_fd, job_fn done, void *arg);

/* Once a round: answer for jobs that could not be given to anybody. */
void workers_round(void);

/* Nobody waits for this answer any more: done will not be called. */
void workers_forget(struct job *j);

struct workers_state {
	unsigned workers, ready;
	uint64_t waiting, files_done, mails_done, lost, rules, rules_broken,
	    rules_skipped;
	char rules_version[80], problem[512];
};
void workers_state(struct workers_state *out);

/* The version of the rules in force, "" before any worker was ready. Static. */
const char *workers_rules_version(void);

/* Called when a set of workers is in force and all of them are ready, with other rules or
 * the same. */
void workers_on_rules(void (*fn)(void));

#endif
