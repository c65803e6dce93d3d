/*
 * scan_progress - how far a scan is, on a terminal
 *
 * Job:     one line on standard error with rate and time left; a thread counts
 *          the files ahead of the scan.
 * Touches: standard error when it is a terminal; else nothing.
 */
#ifndef MAILBRAKE_SCAN_PROGRESS_H
#define MAILBRAKE_SCAN_PROGRESS_H

#include <stdint.h>

struct scan_count {
	uint64_t files, bytes, malicious, suspicious, unscanned;
};

struct progress;

/* *out is NULL when standard error is no terminal; the others then do nothing. */
/* done: files an earlier part of this scan has looked at. */
void progress_start(struct progress **out, char **roots, uint64_t done);
/* Show, at most every 200 ms. */
void progress_show(struct progress *p, const struct scan_count *c);
/* Make room for a line of output. */
void progress_clear(struct progress *p);
void progress_stop(struct progress **p);

#endif
