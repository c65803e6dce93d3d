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

#include "text.h"

#define OPEN_FILE (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

void
walk_init(struct walk *w, char **roots, bool count_only)
{
	w->roots = roots;
	w->root = 0;
	w->depth = 0;
	w->count_only = count_only;
	w->path[0] = '\0';
	w->from_at = NULL;
}

bool
walk_from(struct walk *w, size_t root, const char *path)
{
	size_t i, n;

	for (i = 0; i <= root; i++)
		if (w->roots[i] == NULL)
			return false;
	n = strlen(w->roots[root]);
	if (strncmp(path, w->roots[root], n) != 0 || strlen(path) >= sizeof w->from)
		return false;
	w->root = root;
	if (path[n] == '\0') { /* the root was a file, and is done */
		w->root++;
		return true;
	}
	if (path[n] != '/' && (n == 0 || path[n - 1] != '/'))
		return false;
	(void)memcpy(w->from, path, strlen(path) + 1);
	w->from_at = w->from + n + (path[n] == '/');
	return true;
}

static void
pop(struct walk *w)
{
	w->depth--;
	closedir(w->level[w->depth].dir);
	names_free(&w->level[w->depth].names);
}

void
walk_fini(struct walk *w)
{
	while (w->depth > 0)
		pop(w);
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
	w->level[w->depth].names = (struct names){0};
	w->level[w->depth].err = 0;
	w->depth++;
	return true;
}

/* Read the names of the deepest level after `after`, within its share of the memory. */
static void
read_names(struct walk *w, const char *after, bool inclusive)
{
	size_t used = 0, i;
	int err;

	for (i = 0; i + 1 < w->depth; i++)
		used += names_memory(&w->level[i].names);
	used = used > WALK_NAMES ? WALK_NAMES : used;
	err = names_read(&w->level[w->depth - 1].names, w->level[w->depth - 1].dir, after,
			 inclusive, (WALK_NAMES - used) / 2 + 65536);
	if (err != 0)
		w->level[w->depth - 1].err = err;
}

/* The first names of a level just entered; where the walk takes up, from there on. */
static void
enter(struct walk *w)
{
	const size_t len = w->level[w->depth - 1].path_len;
	char name[256];
	size_t n;

	/* only the very directory on the way is entered in its midst */
	if (w->from_at != NULL && (memcmp(w->path, w->from, len) != 0 ||
				   w->from_at != w->from + len + (w->from[len] == '/')))
		w->from_at = NULL;
	n = w->from_at != NULL ? strcspn(w->from_at, "/") : sizeof name;
	if (n >= sizeof name) {
		w->from_at = NULL;
		read_names(w, NULL, false);
		return;
	}
	memcpy(name, w->from_at, n);
	name[n] = '\0';
	if (w->from_at[n] == '\0') {
		w->from_at = NULL;
		read_names(w, name, false);
	} else {
		w->from_at += n + 1;
		read_names(w, name, true);
	}
}

/* 1: *out is an answer; 0: a directory was entered or there is nothing to say. */
static int
visit(struct walk *w, int dir, const char *name, unsigned char type, bool root,
      struct walk_entry *out)
{
	const int nofollow = root ? 0 : O_NOFOLLOW;
	struct stat *st = &out->st, above;
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
	out->dir_uid =
	    dir != AT_FDCWD && fstat(dir, &above) == 0 ? (int64_t)above.st_uid : -1;
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

/* The next name of the deepest level, or NULL. */
static const char *
next_name(struct walk *w, unsigned char *type)
{
	struct names *n = &w->level[w->depth - 1].names;
	DIR *d = w->level[w->depth - 1].dir;
	const char *name;
	struct dirent *ent;
	char last[256];

	if (w->count_only) {
		errno = 0;
		ent = readdir(d);
		w->level[w->depth - 1].err = errno;
		*type = ent == NULL ? DT_UNKNOWN : ent->d_type;
		return ent == NULL ? NULL : ent->d_name;
	}
	if (n->bytes == NULL)
		enter(w);
	name = names_next(n, type);
	if (name == NULL && n->more) {
		(void)text_copy(last, sizeof last, n->bytes + n->at[n->count - 1] + 1);
		rewinddir(d);
		read_names(w, last, false);
		name = names_next(n, type);
	}
	return name;
}

/* 1: *out; 0: go on. */
static int
next_in_dir(struct walk *w, struct walk_entry *out)
{
	size_t at = w->level[w->depth - 1].path_len;
	DIR *d = w->level[w->depth - 1].dir;
	unsigned char type;
	const char *name;

	name = next_name(w, &type);
	if (name == NULL) {
		int err = w->level[w->depth - 1].err;

		w->path[at] = '\0';
		pop(w);
		if (err == 0)
			return 0;
		trouble(w, out, strerror(err));
		return 1;
	}
	if (w->count_only && (strcmp(name, ".") == 0 || strcmp(name, "..") == 0))
		return 0;
	if (!join(w, at, name)) {
		trouble(w, out, "its path is longer than 16 kB");
		return 1;
	}
	return visit(w, dirfd(d), name, type, false, out);
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
