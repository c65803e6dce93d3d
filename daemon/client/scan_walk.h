/*
 * scan_walk - every file below some paths, opened without following a link
 *
 * Job:     a depth-first walk; gives one open file at a time.
 * Touches: the directories and files below the paths named.
 * Limits:  WALK_DEPTH directories deep; what lies deeper is told, not skipped silently.
 */
#ifndef MAILBRAKE_SCAN_WALK_H
#define MAILBRAKE_SCAN_WALK_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define WALK_DEPTH 200
#define WALK_PATH 16384

struct walk {
	char **roots; /* borrowed, NULL-terminated */
	size_t root;
	struct {
		DIR *dir;
		size_t path_len;
	} level[WALK_DEPTH];
	size_t depth;
	bool count_only; /* do not open, only count */
	char path[WALK_PATH];
};

enum walk_kind {
	WALK_END,
	WALK_FILE,  /* fd and st are set */
	WALK_ERROR, /* reason is set: this file or directory could not be had */
};

struct walk_entry {
	enum walk_kind kind;
	int fd;           /* the caller's to close */
	const char *path; /* until the next call */
	const char *reason;
	struct stat st;
};

void walk_init(struct walk *w, char **roots, bool count_only);
/* A root that is a symbolic link is followed (it was asked for); nothing below one is. */
void walk_next(struct walk *w, struct walk_entry *out);
void walk_fini(struct walk *w);

#endif
