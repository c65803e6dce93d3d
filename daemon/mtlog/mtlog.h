/*
 * mtlog - the MTA's log, read
 *
 * Job:     a log file's lines -> struct mt_event, with what belongs together joined: cwd
 *          lines to submissions by pid, outcomes to submissions by queue id.
 * Touches: memory of a fixed size, given back by mtlog_free(); the C library's time
 *          zone.
 * Limits:  MTLOG_IDS messages in flight and MTLOG_PIDS processes are remembered; beyond
 *          that the oldest is forgotten and its outcomes come without an owner
 *          (counted).
 */
#ifndef MAILBRAKE_MTLOG_H
#define MAILBRAKE_MTLOG_H

#include "mt_event.h"

#define MTLOG_LINE_MAX 32768 /* a longer line is cut there, by the reader */
#define MTLOG_IDS 65536
#define MTLOG_PIDS 1024

enum mtlog_mta {
	MTLOG_EXIM,
	MTLOG_POSTFIX,
};

struct mtlog_counts {
	uint64_t lines;
	uint64_t events;
	uint64_t damaged; /* lines of the MTA's form that did not parse; never an event */
	uint64_t foreign; /* other programs' lines in the same file */
	uint64_t orphaned; /* outcomes whose submission is not known */
};

struct mtlog;

/* now: to give traditional syslog stamps their year, and never one from the future. */
struct mtlog *mtlog_new(enum mtlog_mta mta, wall_t now);
void mtlog_free(struct mtlog **m);
void mtlog_set_now(struct mtlog *m, wall_t now);

/*
 * Feed one line without its newline. 1: *ev is filled; its slices live until the next
 * call. 0: the line tells nothing of interest, or was damaged. The line's bytes are only
 * read.
 */
int mtlog_line(struct mtlog *m, const char *line, size_t len, struct mt_event *ev);

/* The same for an entry of the journal, which has its own time, program and process. */
int mtlog_entry(struct mtlog *m, struct slice ident, struct slice text, wall_t time,
		uint64_t pid, struct mt_event *ev);

/* fn for each message that was accepted and has not left: an MT_SUBMIT of it. */
void mtlog_each(const struct mtlog *m, void (*fn)(void *arg, const struct mt_event *ev),
		void *arg);

struct mtlog_counts mtlog_counts(const struct mtlog *m);

/* Which MTA wrote these lines? 1 and *out from the first telling line, else 0. */
int mtlog_guess(const char *line, size_t len, enum mtlog_mta *out);

/* The process mtlog. Declared here so that the parent needs one header. */
struct conf;
struct link;
int mtlog_main(const struct conf *c, struct link *judge, struct link *parent);

#endif
