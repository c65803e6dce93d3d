/*
 * roots - the directories that watch_roots names, as they are now
 *
 * Job:     expand the globs without following a link that an account made, leave out what
 *          lies below another root, tell what came and what went, and notice at once (not
 *          only every watch_glob_s) that a root appeared, was renamed or unmounted.
 * Touches: the file system (reads directories), an inotify of its own.
 * Limits:  ROOTS_MAX roots, ROOTS_TENANT_MAX below one directory that is not root's, so
 *          that no account can use them up; beyond it `full` or `cut` say so.
 */
#ifndef MAILBRAKE_ROOTS_H
#define MAILBRAKE_ROOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"

#define ROOTS_MAX 100000
#define ROOTS_TENANT_MAX 1000

struct root {
	char *path; /* absolute, without links; NULL: this number is free */
	uint64_t dev, ino;
	uint32_t uid; /* owner of the directory */
	uint32_t dir; /* the backend's number of it */
	bool watched; /* the backend has it */
	bool seen;    /* in this refresh */
};

struct roots {
	struct root *all; /* by number; numbers stay while the root does */
	size_t count;     /* numbers in use or free */
	size_t live;
	uint32_t *order; /* numbers of the live ones by path */
	size_t order_count;
	size_t refused; /* left out: reached through a link that an account made */
	size_t cut;     /* directories with more than ROOTS_TENANT_MAX matches */
	bool full;
	bool unmounted;    /* a file system with a root, or one to come, was unmounted */
	int in;            /* the inotify; -1: none */
	uint64_t *awaited; /* by watch descriptor: what name would make a root (bits) */
	size_t awaited_count;
};

/* A root appeared (false: the backend could not take it; asked again at the next refresh)
 * or is no more (renamed, removed, another directory in its place). */
struct roots_calls {
	bool (*came)(struct roots *r, size_t number);
	void (*went)(struct roots *r, size_t number);
};

/* An empty set. Without an inotify (in < 0 afterwards) only refreshes notice changes. */
void roots_init(struct roots *r);
void roots_fini(struct roots *r);

/* Look the globs up again and call for each difference. */
void roots_refresh(struct roots *r, const struct conf *c,
		   const struct roots_calls *calls);

/* Read what waits in r->in. true: the roots may be different now, refresh them. */
bool roots_drain(struct roots *r, const struct conf *c);

/* The number of the live root that path lies in (or is), -1: none; *below_out: the rest
 * of path below it, without a leading slash. */
int roots_find(const struct roots *r, const char *path, const char **below_out);

/* Is the directory left out by watch_exclude? */
bool roots_excluded(const struct conf *c, const char *path);

#endif
