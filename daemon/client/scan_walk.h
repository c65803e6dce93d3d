/*
 * scan_walk - every file below some paths, opened without following a link
 *
 * Job:     a depth-first walk, names in the order of their bytes; gives one open file at
 *          a time.
 * Touches: the directories and files below the paths named.
 * Limits:  WALK_DEPTH directories deep; what lies deeper is told, not skipped silently.
 */
#ifndef MAILBRAKE_SCAN_WALK_H
#define MAILBRAKE_SCAN_WALK_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "scan_names.h"

#define WALK_DEPTH 200
#define WALK_PATH 16384
#define WALK_NAMES ((size_t)64 << 20) /* bytes of names kept at all levels together */

struct walk {
	char **roots; /* borrowed, NULL-terminated */
	size_t root;
	struct {
		DIR *dir;
		size_t path_len;
		struct names names;
		int err; /* errno of reading it, told after its names */
	} level[WALK_DEPTH];
	size_t depth;
	bool count_only; /* do not open, only count: in the order of the directory */
	char path[WALK_PATH];
	char from[WALK_PATH]; /* the walk begins after this path; at: where its name of */
	const char *from_at;  /* the next level begins; NULL: the place is reached */
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
	int64_t dir_uid; /* owner of the directory it lies in, -1: not known */
};

void walk_init(struct walk *w, char **roots, bool count_only);
/*
 * Before the first walk_next: begin after the file `path` below roots[root], a path the
 * walk has given. What was made since before that place is not seen. false: no such root,
 * or the path is not below it.
 */
bool walk_from(struct walk *w, size_t root, const char *path);
/* A root that is a symbolic link is followed (it was asked for); nothing below one is. */
void walk_next(struct walk *w, struct walk_entry *out);
void walk_fini(struct walk *w);

#endif
