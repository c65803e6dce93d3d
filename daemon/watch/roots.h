/*
 * roots - the directories that watch_roots names, as they are now
 *
 * Job:     expand the globs, leave out what lies below another root or is reached through
 *          a link that a tenant could have made, and tell what came and what went.
 * Touches: the file system (reads directories).
 * Limits:  ROOTS_MAX roots; beyond it roots_refresh says so.
 */
#ifndef MAILBRAKE_ROOTS_H
#define MAILBRAKE_ROOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"

#define ROOTS_MAX 100000

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
	size_t refused; /* globs' results left out: reached through a tenant's link */
	bool full;
};

/* A root appeared (false: the backend could not take it; asked again at the next refresh)
 * or is no more (renamed, removed, another directory in its place). */
struct roots_calls {
	bool (*came)(struct roots *r, size_t number);
	void (*went)(struct roots *r, size_t number);
};

/* Look the globs up again and call for each difference. */
void roots_refresh(struct roots *r, const struct conf *c,
		   const struct roots_calls *calls);

/* The number of the live root that path lies in (or is), -1: none; *below_out: the rest
 * of path below it, without a leading slash. */
int roots_find(const struct roots *r, const char *path, const char **below_out);

/* Is the directory left out by watch_exclude? */
bool roots_excluded(const struct conf *c, const char *path);

void roots_fini(struct roots *r);

#endif
