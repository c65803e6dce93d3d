/*
 * keepdir - see keepdir.h
 *
 * Job:     see keepdir.h.
 * Touches: the directory it is given.
 */
#include "keepdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAME_LEN_MAX 128

static int
trusted(const struct stat *st, const char *what, struct err *e)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return err_set(e, ERR_DENIED, "%s belongs to uid %u", what,
			       (unsigned)st->st_uid);
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return err_set(e, ERR_DENIED, "%s may be written by others (mode %04o)",
			       what, (unsigned)(st->st_mode & 07777));
	return 0;
}

int
keepdir_check(int dir_fd, struct err *e)
{
	struct stat st;

	if (fstat(dir_fd, &st) != 0)
		return err_sys(e, "compiled rules: directory");
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_DENIED, "compiled rules: not a directory");
	return trusted(&st, "compiled rules: directory", e);
}

int
keepdir_open(const char *path, bool make, struct err *e)
{
	int fd;

	if (make && mkdir(path, 0755) != 0 && errno != EEXIST)
		return err_sys(e, "%s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "%s", path);
	if (keepdir_check(fd, e) != 0) {
		close(fd);
		return -1;
	}
	/* the umask may have cut what the unprivileged reader needs */
	if (make)
		(void)fchmod(fd, 0755);
	return fd;
}

static int
read_all(int fd, char *buf, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = read(fd, buf + have, len - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		have += (size_t)n;
	}
	return 0;
}

int
keepdir_read(int dir_fd, const char *name, void **out, size_t *len_out, struct err *e)
{
	struct stat st;
	char *buf = NULL;
	int fd;

	if (keepdir_check(dir_fd, e) != 0)
		return -1;
	fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		err_sys(e, "compiled rules: %s", name);
		if (errno == ENOENT && e != NULL)
			e->code = ERR_AGAIN;
		return -1;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    st.st_size > (off_t)KEEPDIR_BYTES_MAX) {
		err_set(e, ERR_DENIED, "compiled rules: %s: not a file, or too large",
			name);
		goto fail;
	}
	if (trusted(&st, "compiled rules: file", e) != 0)
		goto fail;
	buf = malloc((size_t)st.st_size);
	if (buf == NULL || read_all(fd, buf, (size_t)st.st_size) != 0) {
		err_set(e, ERR_SYS, "compiled rules: %s: cannot be read", name);
		goto fail;
	}
	close(fd);
	*out = buf;
	*len_out = (size_t)st.st_size;
	return 0;
fail:
	free(buf);
	close(fd);
	return -1;
}

static bool
name_fits(const char *name)
{
	size_t n = strspn(name, "0123456789abcdef");

	return n > 0 && n < NAME_LEN_MAX && name[n] == '\0';
}

/* Remove the oldest while there are too many, and what a broken write left. */
static void
prune(int dir_fd)
{
	char oldest[NAME_LEN_MAX];
	struct dirent *ent;
	struct timespec least = {0};
	struct stat st;
	unsigned count;
	DIR *d;
	int fd;

	for (;;) {
		count = 0;
		fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 || (d = fdopendir(fd)) == NULL) {
			if (fd >= 0)
				close(fd);
			return;
		}
		while ((ent = readdir(d)) != NULL) {
			if (!name_fits(ent->d_name) ||
			    fstatat(dir_fd, ent->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
				continue;
			if (count++ == 0 || st.st_mtim.tv_sec < least.tv_sec ||
			    (st.st_mtim.tv_sec == least.tv_sec &&
			     st.st_mtim.tv_nsec < least.tv_nsec)) {
				least = st.st_mtim;
				(void)snprintf(oldest, sizeof oldest, "%.127s",
					       ent->d_name);
			}
		}
		closedir(d);
		if (count <= KEEPDIR_FILES_MAX || unlinkat(dir_fd, oldest, 0) != 0)
			return;
	}
}

int
keepdir_write(int dir_fd, const char *name, const void *data, size_t len, struct err *e)
{
	char temp[64];
	struct timespec t = {0};
	size_t done = 0;
	int fd;

	if (!name_fits(name))
		return err_set(e, ERR_INPUT, "compiled rules: an unfit name");
	/* the pid alone is not unique where processes have their own numbers */
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	(void)snprintf(temp, sizeof temp, ".new.%ld.%ld", (long)getpid(), t.tv_nsec);
	(void)unlinkat(dir_fd, temp, 0);
	fd = openat(dir_fd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return err_sys(e, "compiled rules: %s", temp);
	while (done < len) {
		ssize_t n = write(fd, (const char *)data + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			err_sys(e, "compiled rules: write");
			goto fail;
		}
		done += (size_t)n;
	}
	if (fchmod(fd, 0644) != 0 || renameat(dir_fd, temp, dir_fd, name) != 0) {
		err_sys(e, "compiled rules: %s", name);
		goto fail;
	}
	close(fd);
	prune(dir_fd);
	return 0;
fail:
	close(fd);
	(void)unlinkat(dir_fd, temp, 0);
	return -1;
}
