/*
 * scan_walk - see scan_walk.h
 *
 * Job:     the walk.
 * Touches: openat, readdir, fstat.
 */
#include "scan_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OPEN_FILE (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

void
walk_init(struct walk *w, char **roots, bool count_only)
{
	w->roots = roots;
	w->root = 0;
	w->depth = 0;
	w->count_only = count_only;
	w->path[0] = '\0';
}

void
walk_fini(struct walk *w)
{
	while (w->depth > 0)
		closedir(w->level[--w->depth].dir);
}

static void
trouble(struct walk *w, struct walk_entry *out, const char *reason)
{
	out->kind = WALK_ERROR;
	out->path = w->path;
	out->reason = reason;
	out->fd = -1;
}

/* Own files and root's can be read without leaving a trace in their times. */
static int
open_quietly(int dir, const char *name, int flags)
{
	int fd = openat(dir, name, flags | O_NOATIME);

	return fd < 0 && errno == EPERM ? openat(dir, name, flags) : fd;
}

/* Go down into the directory open at fd, whose path is w->path. */
static bool
push(struct walk *w, int take_fd, struct walk_entry *out)
{
	DIR *d;

	if (w->depth == WALK_DEPTH) {
		close(take_fd);
		trouble(w, out, "more than 200 directories deep");
		return false;
	}
	d = fdopendir(take_fd);
	if (d == NULL) {
		trouble(w, out, strerror(errno));
		close(take_fd);
		return false;
	}
	w->level[w->depth].dir = d;
	w->level[w->depth].path_len = strlen(w->path);
	w->depth++;
	return true;
}

/* 1: *out is an answer; 0: a directory was entered or there is nothing to say. */
static int
visit(struct walk *w, int dir, const char *name, unsigned char type, bool root,
      struct walk_entry *out)
{
	const int nofollow = root ? 0 : O_NOFOLLOW;
	struct stat *st = &out->st;
	int fd;

	if (type == DT_LNK && !root)
		return 0;
	if (type == DT_UNKNOWN || (type != DT_REG && type != DT_DIR)) {
		if (fstatat(dir, name, st, root ? 0 : AT_SYMLINK_NOFOLLOW) != 0) {
			trouble(w, out, strerror(errno));
			return 1;
		}
		if (S_ISLNK(st->st_mode))
			return 0;
		if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode)) {
			trouble(w, out, "not a regular file");
			return 1;
		}
		type = S_ISDIR(st->st_mode) ? DT_DIR : DT_REG;
	}
	if (type == DT_DIR) {
		fd = open_quietly(dir, name, OPEN_FILE | O_DIRECTORY | nofollow);
		if (fd >= 0)
			return push(w, fd, out) ? 0 : 1;
		trouble(w, out, strerror(errno));
		return 1;
	}
	if (w->count_only) {
		out->kind = WALK_FILE;
		out->fd = -1;
		return 1;
	}
	fd = open_quietly(dir, name, OPEN_FILE | nofollow);
	if (fd < 0 || fstat(fd, st) != 0 || !S_ISREG(st->st_mode)) {
		trouble(w, out, fd < 0 ? strerror(errno) : "not a regular file");
		if (fd >= 0)
			close(fd);
		return 1;
	}
	out->kind = WALK_FILE;
	out->fd = fd;
	out->path = w->path;
	return 1;
}

static bool
join(struct walk *w, size_t at, const char *name)
{
	size_t n = strlen(name);

	if (at > 0 && w->path[at - 1] != '/')
		w->path[at++] = '/';
	if (at + n + 2 > sizeof w->path) {
		w->path[at] = '\0';
		return false;
	}
	memcpy(w->path + at, name, n + 1);
	return true;
}

/* 1: *out; 0: go on. */
static int
next_in_dir(struct walk *w, struct walk_entry *out)
{
	DIR *d = w->level[w->depth - 1].dir;
	size_t at = w->level[w->depth - 1].path_len;
	struct dirent *ent;

	errno = 0;
	ent = readdir(d);
	if (ent == NULL) {
		int err = errno;

		w->path[at] = '\0';
		closedir(d);
		w->depth--;
		if (err == 0)
			return 0;
		trouble(w, out, strerror(err));
		return 1;
	}
	if (strcmp(ent->d_name, ".") == 0 || strcmp(ent->d_name, "..") == 0)
		return 0;
	if (!join(w, at, ent->d_name)) {
		trouble(w, out, "its path is longer than 16 kB");
		return 1;
	}
	return visit(w, dirfd(d), ent->d_name, ent->d_type, false, out);
}

void
walk_next(struct walk *w, struct walk_entry *out)
{
	out->kind = WALK_END;
	out->fd = -1;
	out->path = w->path;
	out->reason = "";
	for (;;) {
		if (w->depth > 0) {
			if (next_in_dir(w, out) != 0)
				return;
			continue;
		}
		if (w->roots[w->root] == NULL) {
			out->kind = WALK_END;
			return;
		}
		if (!join(w, 0, w->roots[w->root++])) {
			trouble(w, out, "its path is longer than 16 kB");
			return;
		}
		if (visit(w, AT_FDCWD, w->path, DT_UNKNOWN, true, out) != 0)
			return;
	}
}
