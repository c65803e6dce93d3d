/*
 * safe - open what a tenant owns without being led astray
 *
 * Job:     open directories and regular files below a descriptor; never follow a
 *          symbolic link, never leave the base, never open a FIFO, device or socket,
 *          never wait for a lease.
 * Touches: the file system; opens only, reads nothing.
 * Source:  openat2(2); fcntl(2) on leases: an open with O_NONBLOCK fails with
 *          EWOULDBLOCK where a plain one hangs for lease-break-time (45 s).
 */
#ifndef MAILBRAKE_SAFE_H
#define MAILBRAKE_SAFE_H

#include <stdbool.h>
#include <sys/stat.h>

/*
 * Open the directory at path below base (relative; "" is base itself); longer than
 * PATH_MAX is fine. flags: O_PATH or O_RDONLY. Returns the fd, or -1 with errno (ELOOP,
 * ENOTDIR: a link or no directory is in the way; EXDEV: another file system is mounted
 * there).
 */
int safe_open_dir(int base, const char *path, int flags);

/*
 * Open the directory at the absolute path, no link followed; other file systems may be
 * crossed. The caller compares what it got with what it expects. As safe_open_dir.
 */
int safe_open_abs(const char *path, int flags);

/*
 * Is fd on a file system whose directories count the ".." of each one below as a link, and
 * have a position behind their last name that no other name has: the largest of its kind?
 * (ext4, XFS, tmpfs.)
 */
bool safe_plain_dirs(int fd);

enum safe {
	SAFE_OK,
	SAFE_GONE,    /* nothing of that name, or its directory is gone */
	SAFE_KIND,    /* a link, directory, FIFO, socket or device */
	SAFE_BUSY,    /* its owner holds a lease: try again later */
	SAFE_REFUSED, /* no right to read it */
	SAFE_FAILED,  /* anything else: errno */
};

/*
 * Open the regular file `name` (one component) in dir for reading. SAFE_OK: *fd_out is
 * the caller's and *st_out is its fstat. Access time is left alone where the kernel lets
 * us.
 */
enum safe safe_open_file(int dir, const char *name, int *fd_out, struct stat *st_out);

#endif
