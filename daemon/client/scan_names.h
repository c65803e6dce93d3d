/*
 * scan_names - the names in a directory, in order, in bounded memory
 *
 * Job:     read a directory's names sorted by their bytes, so many at a time as the
 *          memory allows; a directory of any size is read in several passes.
 * Touches: readdir.
 */
#ifndef MAILBRAKE_SCAN_NAMES_H
#define MAILBRAKE_SCAN_NAMES_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct names {
	char *bytes; /* each: its d_type, then the terminated name */
	uint32_t *at;
	size_t len, room, count, slots, next;
	bool more; /* there are names after the last one: read again */
};

/*
 * Fill *n with the names after `after` (NULL: all; inclusive: with it), the first of them
 * when not all fit into about `limit` bytes (at least 16384). "." and ".." are left out.
 * Returns 0, or errno of readdir; *n then holds what could be read.
 */
int names_read(struct names *n, DIR *d, const char *after, bool inclusive, size_t limit);

/* The next name of *n, or NULL; until the next names_read. */
const char *names_next(struct names *n, unsigned char *type_out);

/* Bytes of memory in use. */
size_t names_memory(const struct names *n);

void names_free(struct names *n);

#endif
