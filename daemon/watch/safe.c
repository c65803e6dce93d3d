/*
 * safe - open what a tenant owns without being led astray
 *
 * Job:     see safe.h.
 * Touches: the file system.
 * Source:  openat2(2), proc(5) on /proc/self/fd.
 */
#include "safe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#define ANYWHERE (RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)
#define BENEATH (ANYWHERE | RESOLVE_BENEATH | RESOLVE_NO_XDEV)
#define TRIES 4 /* openat2 says EAGAIN when a rename raced with it */

static bool no_openat2;

static int
open_resolved(int base, const char *path, int flags, uint64_t resolve)
{
	struct open_how how;
	long fd = -1;
	int i;

	memset(&how, 0, sizeof how);
	how.flags = (unsigned)(flags | O_CLOEXEC);
	how.resolve = resolve;
	for (i = 0; i < TRIES; i++) {
		fd = syscall(SYS_openat2, base, path, &how, sizeof how);
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return (int)fd;
}

/* One component, the way that works everywhere. */
static int
open_component(int base, const char *name, int flags, uint64_t resolve)
{
	struct stat a, b;
	int fd;

	if (strcmp(name, "..") == 0) {
		errno = EXDEV;
		return -1;
	}
	fd = openat(base, name, flags | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || (resolve & RESOLVE_NO_XDEV) == 0)
		return fd;
	if (fstat(base, &a) == 0 && fstat(fd, &b) == 0 && a.st_dev == b.st_dev)
		return fd;
	close(fd);
	errno = EXDEV;
	return -1;
}

/* The next piece of *path: as many components as fit; moves *path behind it. */
static bool
piece(const char **path, char *buf, size_t size, bool one)
{
	const char *p = *path;
	size_t n = 0, end = 0;

	while (*p == '/')
		p++;
	for (n = 0; p[n] != '\0' && n < size - 1; n++) {
		if (p[n] != '/')
			continue;
		end = n;
		if (one)
			break;
	}
	if (p[n] == '\0')
		end = n;
	if (end == 0) {
		*path = p;
		return false;
	}
	memcpy(buf, p, end);
	buf[end] = '\0';
	*path = p + end;
	return true;
}

static int
open_dir(int base, const char *path, int flags, uint64_t resolve)
{
	char buf[PATH_MAX];
	int at = base, next, saved;

	while (*path != '\0') {
		const char *begin = path;
		int how;

		if (!piece(&path, buf, sizeof buf, no_openat2)) {
			if (*path == '\0')
				break;
			errno = ENAMETOOLONG;
			next = -1;
		} else {
			how = (*path == '\0' ? flags : O_PATH) | O_DIRECTORY;
			next = no_openat2 ? open_component(at, buf, how, resolve)
					  : open_resolved(at, buf, how, resolve);
		}
		if (next < 0 && errno == ENOSYS && !no_openat2) {
			no_openat2 = true;
			path = begin;
			continue;
		}
		saved = errno;
		if (at != base)
			close(at);
		errno = saved;
		at = next;
		if (at < 0)
			return -1;
	}
	return at == base ? openat(base, ".", flags | O_DIRECTORY | O_CLOEXEC) : at;
}

int
safe_open_dir(int base, const char *path, int flags)
{
	return open_dir(base, path, flags, BENEATH);
}

int
safe_open_abs(const char *path, int flags)
{
	int slash = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), fd, saved;

	if (slash < 0)
		return -1;
	fd = open_dir(slash, path, flags, ANYWHERE);
	saved = errno;
	close(slash);
	errno = saved;
	return fd;
}

bool
safe_plain_dirs(int fd)
{
	struct statfs sf;

	return fstatfs(fd, &sf) == 0 &&
	       (sf.f_type == EXT4_SUPER_MAGIC || sf.f_type == XFS_SUPER_MAGIC ||
		sf.f_type == TMPFS_MAGIC);
}

static enum safe
why(int err)
{
	switch (err) {
	case ENOENT:
	case ESTALE:
		return SAFE_GONE;
	case ELOOP:
	case ENOTDIR:
	case EISDIR:
	case ENXIO:
	case EXDEV:
	case ENODEV:
		return SAFE_KIND;
	case EWOULDBLOCK:
	case ETXTBSY:
		return SAFE_BUSY;
	case EACCES:
	case EPERM:
		return SAFE_REFUSED;
	default:
		return SAFE_FAILED;
	}
}

/* From the O_PATH descriptor, which cannot be swapped, to a readable one. */
static enum safe
reopen(int path_fd, const struct stat *was, int *fd_out, struct stat *st_out)
{
	/* O_NOATIME is the owner's alone, and CAP_FOWNER's, which watch has not */
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	char self[40];
	int fd;

	(void)snprintf(self, sizeof self, "/proc/self/fd/%d", path_fd);
	fd = open(self, flags);
	if (fd < 0)
		return why(errno);
	if (fstat(fd, st_out) != 0 || !S_ISREG(st_out->st_mode) ||
	    st_out->st_ino != was->st_ino || st_out->st_dev != was->st_dev) {
		close(fd);
		return SAFE_KIND;
	}
	*fd_out = fd;
	return SAFE_OK;
}

enum safe
safe_open_file(int dir, const char *name, int *fd_out, struct stat *st_out)
{
	enum safe s = SAFE_KIND;
	struct stat st;
	int fd = -1;

	*fd_out = -1;
	if (strchr(name, '/') != NULL || *name == '\0')
		return SAFE_KIND;
	if (!no_openat2) {
		fd = open_resolved(dir, name, O_PATH | O_NOFOLLOW, BENEATH);
		if (fd < 0 && errno == ENOSYS)
			no_openat2 = true;
		else if (fd < 0)
			return why(errno);
	}
	if (no_openat2) {
		fd = open_component(dir, name, O_PATH, BENEATH);
		if (fd < 0)
			return why(errno);
	}
	if (fstat(fd, &st) != 0)
		s = SAFE_FAILED;
	else if (S_ISREG(st.st_mode))
		s = reopen(fd, &st, fd_out, st_out);
	close(fd);
	return s;
}
