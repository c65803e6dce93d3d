/*
 * aside - what is kept beside a file that was set aside, so that it can go back
 *
 * Job:     write and read ID.was in the set-aside folder: where the file was, its
 *          owner, mode, times and extended attributes (ACLs are among them).
 * Touches: the folder it is given.
 * Format:  lines "key value"; bytes that are not ours (path, attributes) in hex.
 */
#ifndef MAILBRAKE_ASIDE_H
#define MAILBRAKE_ASIDE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "err.h"

#define ASIDE_ATTRS 16      /* extended attributes of one file; more is refused */
#define ASIDE_ATTR_MAX 4096 /* bytes of one */
#define ASIDE_ID_MAX 64     /* "dev-ino" in hex */

struct aside_attr {
	char name[256];
	size_t len;
	unsigned char value[ASIDE_ATTR_MAX];
};

struct aside_was {
	char path[PATH_MAX];
	uint64_t uid, gid, mode;
	int64_t atime_ns, mtime_ns;
	bool copied; /* the folder holds a copy: another file system */
	size_t attr_count;
	struct aside_attr attr[ASIDE_ATTRS];
};

/* The id is of the one form that may be a file name here: hex, '-', hex. */
bool aside_id_ok(const char *id);

/* What fd is now. ERR_INPUT: too many or too long attributes; ERR_SYS. */
int aside_look(int fd, const char *path, struct aside_was *out, struct err *e);

/* Write ID.was (fsynced); ERR_INPUT when there is one already, and the file beside it. */
int aside_write(int dir, const char *id, const struct aside_was *w, struct err *e);
int aside_read(int dir, const char *id, struct aside_was *out, struct err *e);
void aside_forget(int dir, const char *id);

/* Give fd back its owner, mode, attributes and times, in the order that keeps each. */
int aside_restore(int fd, const struct aside_was *w, struct err *e);

#endif
