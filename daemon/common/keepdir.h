/*
 * keepdir - a directory of files that only root, or we ourselves, can have written
 *
 * Job:     read and write whole files of a directory that is trusted by its owner and
 *          mode: what was compiled once and is loaded again.
 * Touches: that directory, through its descriptor.
 *
 * A file is trusted when it and its directory belong to root or to our own uid and
 * nobody else may write them; names are never followed through a link. Who else owns
 * a directory above can exchange it, but not make one that root owns.
 */
#ifndef MAILBRAKE_KEEPDIR_H
#define MAILBRAKE_KEEPDIR_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

#define KEEPDIR_FILES_MAX 8           /* the oldest go when there are more */
#define KEEPDIR_BYTES_MAX (64u << 20) /* of one file */

/*
 * Open the directory, made (0755) when it is not there and make is true. Returns a
 * descriptor (close on exec, the caller's to close) or -1: ERR_SYS; ERR_DENIED: somebody
 * else owns it or may write it.
 */
int keepdir_open(const char *path, bool make, struct err *e);

/* Is the open directory fit to be read from? ERR_DENIED, ERR_SYS. */
int keepdir_check(int dir_fd, struct err *e);

/*
 * Read a file whole. *out is the caller's to free. ERR_AGAIN: there is none by this
 * name; ERR_DENIED: not to be trusted; ERR_SYS.
 */
int keepdir_read(int dir_fd, const char *name, void **out, size_t *len_out,
		 struct err *e);

/*
 * Write a file whole, in the place of one by this name (mode 0644), and remove the
 * oldest beyond KEEPDIR_FILES_MAX. ERR_SYS; ERR_INPUT: the name is not of hexadecimal
 * digits alone. No fsync: what reads it checks its sum.
 */
int keepdir_write(int dir_fd, const char *name, const void *data, size_t len,
		  struct err *e);

#endif
