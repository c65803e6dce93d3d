/*
 * found - what a walk found, as FOUND carries it from watch to judge
 *
 * Job:     the layout of FOUND.files: for each directory (or part of a large one) a
 *          struct found_dir and behind it its files, in the order they were read.
 * Touches: nothing.
 * Wire:    host order, no gaps; both ends are the same machine.
 */
#ifndef MAILBRAKE_FOUND_H
#define MAILBRAKE_FOUND_H

#include <stdint.h>

#define FOUND_FILES_MAX 3072 /* in one message, which holds 128 kB */

struct found_dir {
	uint64_t dev, ino; /* of the directory; its files are on the same device */
	uint32_t part;     /* 0, 1, ...: which stretch of a large directory */
	uint32_t count;    /* files that follow */
};

/* All that tells one state of a file from another, and one place from another. */
struct found_file {
	uint64_t ino, size;
	int64_t ctime_us;
	uint64_t name;          /* a hash of its name */
	uint32_t ctime_ns, uid; /* ctime_ns: what ctime_us leaves out */
};

#endif
