/*
 * inotify - one watch a directory; works everywhere and without privileges
 *
 * Job:     the backend for kernels and users that fanotify is not for. The watch on a
 *          directory is set first and the directory read after it, so that nothing made
 *          in between is missed (libinotifytools' own crawl reads first: it saw 0.27 % of
 *          the files dropped into just-made directories).
 * Touches: inotify, the file system; its working directory.
 * Source:  inotify(7). libinotifytools for the kernel's limits.
 */
#include "backend.h"

#include <errno.h>
#include <fcntl.h>
#include <inotifytools/inotifytools.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "dirs.h"
#include "events.h"
#include "log.h"
#include "safe.h"
#include "xmem.h"

#define MASK \
	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ONLYDIR | IN_DONT_FOLLOW | \
	 IN_EXCL_UNLINK)
#define MASK_ROOT (MASK | IN_MOVE_SELF)
#define BUFFER 65536
#define CACHE 64 /* directories and roots kept open during one round */
/* numbers of directories for which the kernel had no watch left; descriptors never get
 * there */
#define UNWATCHED_FIRST 0x7f000000u
#define UNWATCHED_MAX 0x00ffffffu

struct cached {
	uint32_t key;
	bool used;
	int fd; /* -1: it could not be opened */
	struct stat st;
};

static int in = -1;
static const struct conf *conf;
static const struct roots *roots;
static const struct backend_calls *calls;
static struct dirs *dirs;
static struct cached dir_cache[CACHE], root_cache[CACHE];
static uint32_t unwatched_next;
static uint64_t unwatched;
static const char *unwatched_why;

static int
ino_open(const struct conf *c, const struct roots *r, const struct backend_calls *bc,
	 struct err *e)
{
	in = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (in < 0)
		return err_sys(e, "inotify_init1 (%d instances allowed)",
			       inotifytools_get_max_user_instances());
	conf = c;
	roots = r;
	calls = bc;
	dirs = dirs_new();
	unwatched_next = 0;
	unwatched = 0;
	unwatched_why = "";
	return 0;
}

static void
cache_clear(struct cached *cache)
{
	size_t i;

	for (i = 0; i < CACHE; i++) {
		if (cache[i].used && cache[i].fd >= 0)
			close(cache[i].fd);
		cache[i].used = false;
	}
}

static void
ino_round_end(void)
{
	cache_clear(dir_cache);
	cache_clear(root_cache);
}

static void
ino_close(void)
{
	ino_round_end();
	if (in >= 0)
		close(in);
	in = -1;
	dirs_free(&dirs);
}

static int
ino_fd(void)
{
	return in;
}

static size_t
ino_pending(void)
{
	int n = 0;

	return ioctl(in, FIONREAD, &n) == 0 && n > 0 ? (size_t)n : 0;
}

/* The slot for key, emptied when another has it; *hit: it holds key already. */
static struct cached *
cache_slot(struct cached *cache, uint32_t key, bool *hit)
{
	struct cached *c = &cache[key % CACHE];

	*hit = c->used && c->key == key;
	if (!*hit && c->used && c->fd >= 0)
		close(c->fd);
	c->key = key;
	c->used = true;
	if (!*hit)
		c->fd = -1;
	return c;
}

/* The root's directory, checked to be the one we watch. Borrowed until the round ends. */
static int
root_fd(uint32_t number)
{
	const struct root *r = &roots->all[number];
	struct cached *c;
	bool hit;

	if (number >= roots->count || r->path == NULL) {
		errno = ENOENT;
		return -1;
	}
	c = cache_slot(root_cache, number, &hit);
	if (hit)
		return c->fd;
	c->fd = safe_open_abs(r->path, O_PATH);
	if (c->fd >= 0 && (fstat(c->fd, &c->st) != 0 || c->st.st_ino != r->ino ||
			   c->st.st_dev != r->dev)) {
		close(c->fd);
		c->fd = -1;
		errno = ESTALE;
	}
	if (c->fd < 0)
		calls->roots_changed();
	return c->fd;
}

static int
ino_dir_open(uint32_t dir, int flags, struct stat *st)
{
	uint32_t root;
	const char *path = dirs_path(dirs, dir, &root);
	int base, fd;

	if (path == NULL) {
		errno = ENOENT;
		return -1;
	}
	base = root_fd(root);
	if (base < 0) {
		errno = ENOENT;
		return -1;
	}
	fd = safe_open_dir(base, path, flags);
	if (fd < 0)
		return -1;
	if (fstat(fd, st) == 0 && dirs_same(dirs, dir, st->st_ino))
		return fd;
	close(fd);
	errno = ESTALE;
	return -1;
}

/*
 * The directory of an event, open for this round. Where it is not at its place any more
 * the watch goes: it was moved out of the roots, or an IN_MOVED_TO that follows brings it
 * back under its new name, and walks it.
 */
static int
event_dir(uint32_t wd, struct stat **st_out)
{
	struct cached *c;
	bool hit;

	c = cache_slot(dir_cache, wd, &hit);
	*st_out = &c->st;
	if (hit)
		return c->fd;
	c->fd = ino_dir_open(wd, O_PATH, &c->st);
	if (c->fd >= 0)
		return c->fd;
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
		calls->again(wd);
	} else if (wd < UNWATCHED_FIRST) {
		(void)inotify_rm_watch(in, (int)wd);
		dirs_del(dirs, wd);
	}
	return -1;
}

static void
on_name(uint32_t wd, const struct ino_event *ev)
{
	struct stat *dst, st;
	int fd = event_dir(wd, &dst);

	if (fd < 0)
		return;
	if (fstatat(fd, ev->name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			calls->again(wd);
		return;
	}
	if (S_ISREG(st.st_mode))
		calls->file(wd, ev->name, &st,
			    (ev->mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0);
	else if (S_ISDIR(st.st_mode) && (ev->mask & (IN_CREATE | IN_MOVED_TO)) != 0)
		calls->subdir(wd, ev->name, st.st_uid);
}

static void
on_event(const struct ino_event *ev)
{
	uint32_t wd = (uint32_t)ev->wd, root;
	bool is_root;

	if ((ev->mask & IN_Q_OVERFLOW) != 0) {
		calls->lost("the kernel's queue of events was full");
		return;
	}
	if (ev->wd < 0 || !dirs_has(dirs, wd))
		return;
	if ((ev->mask & (IN_IGNORED | IN_UNMOUNT | IN_MOVE_SELF)) != 0) {
		const char *path = dirs_path(dirs, wd, &root);

		is_root = path != NULL && *path == '\0';
		if ((ev->mask & IN_IGNORED) != 0)
			dirs_del(dirs, wd);
		if (is_root)
			calls->roots_changed();
		return;
	}
	if (ev->name[0] != '\0')
		on_name(wd, ev);
}

/* Create, write and close of one file often come in a row: one look is enough. */
static bool
same_file(const struct ino_event *a, const struct ino_event *b)
{
	return a->wd == b->wd && ((a->mask | b->mask) & IN_ISDIR) == 0 &&
	       a->name[0] != '\0' && strcmp(a->name, b->name) == 0;
}

static size_t
ino_drain(void)
{
	static char buf[BUFFER] __attribute__((aligned(8)));
	ssize_t n = read(in, buf, sizeof buf);
	size_t at = 0, len = n > 0 ? (size_t)n : 0;
	struct ino_event ev, next;
	int r = ino_next(buf, len, &at, &ev);

	while (r > 0) {
		r = ino_next(buf, len, &at, &next);
		if (r <= 0 || !same_file(&ev, &next))
			on_event(&ev);
		else
			next.mask |= ev.mask;
		ev = next;
	}
	if (r < 0)
		calls->lost("the kernel's events are of an unknown form");
	return len;
}

/* Watch the directory `name` in fd. Returns its number. */
static uint32_t
watch_at(int fd, const char *name, uint32_t mask)
{
	int wd = fchdir(fd) == 0 ? inotify_add_watch(in, name, mask) : -1;

	if (wd >= 0)
		return (uint32_t)wd;
	if (errno != ENOSPC && errno != ENOMEM)
		return DIR_NONE;
	unwatched++;
	unwatched_why =
	    errno == ENOMEM ? "no memory" : "fs.inotify.max_user_watches is too small";
	if (unwatched_next == UNWATCHED_MAX)
		unwatched_next = 0;
	return UNWATCHED_FIRST + unwatched_next++;
}

static int
ino_root_came(size_t number, struct err *e)
{
	/* the table is const for everybody else; dir is the backend's own field */
	struct root *r = &roots->all[number];
	struct stat st;
	uint32_t wd;
	int fd = safe_open_abs(r->path, O_RDONLY);

	if (fd < 0)
		return err_sys(e, "open %s", r->path);
	if (fstat(fd, &st) != 0 || st.st_ino != r->ino || st.st_dev != r->dev) {
		close(fd);
		return err_set(e, ERR_AGAIN, "%s changed meanwhile", r->path);
	}
	wd = watch_at(fd, ".", MASK_ROOT);
	close(fd);
	if (wd == DIR_NONE)
		return err_sys(e, "inotify_add_watch %s", r->path);
	dirs_set(dirs, wd, DIRS_ROOT | (uint32_t)number, "", st.st_ino);
	r->dir = wd;
	return 0;
}

static void
ino_root_went(size_t number)
{
	uint32_t root;
	const struct root *r = &roots->all[number];

	cache_clear(root_cache);
	cache_clear(dir_cache);
	if (dirs_path(dirs, r->dir, &root) != NULL && root == number) {
		if (r->dir < UNWATCHED_FIRST)
			(void)inotify_rm_watch(in, (int)r->dir);
		dirs_del(dirs, r->dir);
	}
}

static void
ino_dir_path(uint32_t dir, int fd, char *buf, size_t size)
{
	uint32_t root = 0;
	const char *path = dirs_path(dirs, dir, &root), *top;
	size_t n, k;

	(void)fd; /* known by name */
	if (path == NULL || root >= roots->count || roots->all[root].path == NULL) {
		(void)snprintf(buf, size, "?");
		return;
	}
	top = roots->all[root].path;
	n = strlen(path);
	k = strlen(top);
	if (n + k + 2 <= size)
		(void)snprintf(buf, size, "%s%s%s", top, n > 0 ? "/" : "", path);
	else
		(void)snprintf(buf, size, "...%s",
			       path + (n > size - 4 ? n - (size - 4) : 0));
}

static bool
excluded(uint32_t dir, const char *name)
{
	char path[4096];
	size_t n;

	if (conf->watch_exclude[0] == '\0')
		return false;
	ino_dir_path(dir, -1, path, sizeof path);
	n = strlen(path);
	(void)snprintf(path + n, sizeof path - n, "/%s", name);
	return roots_excluded(conf, path);
}

static int
ino_dir_enter(uint32_t dir, const char *name, struct stat *st, uint32_t *dir_out)
{
	struct stat *dst;
	uint32_t wd;
	int base = event_dir(dir, &dst), fd;

	if (base < 0)
		return -1;
	if (excluded(dir, name)) {
		errno = ECANCELED;
		return -1;
	}
	fd = safe_open_dir(base, name, O_PATH);
	if (fd < 0)
		return -1;
	/* in this order: what st tells was so when the watch was there */
	wd = watch_at(fd, ".", MASK);
	if (wd == DIR_NONE || fstat(fd, st) != 0) {
		close(fd);
		return -1;
	}
	dirs_set(dirs, wd, dir, name, st->st_ino);
	*dir_out = wd;
	return fd;
}

/* As lstat, and EXDEV where something is mounted. */
static int
stat_here(int fd, const char *name, struct stat *st)
{
	struct statx x;
	struct stat above;
	bool crossed;

	if (statx(fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS,
		  &x) != 0)
		return -1;
	memset(st, 0, sizeof *st);
	st->st_dev = makedev(x.stx_dev_major, x.stx_dev_minor);
	st->st_ino = x.stx_ino;
	st->st_mode = x.stx_mode;
	st->st_nlink = x.stx_nlink;
	st->st_uid = x.stx_uid;
	st->st_ctim.tv_sec = x.stx_ctime.tv_sec;
	st->st_ctim.tv_nsec = x.stx_ctime.tv_nsec;
	if ((x.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0) /* since 5.8 */
		crossed = (x.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
	else
		crossed = fstat(fd, &above) != 0 || above.st_dev != st->st_dev;
	errno = EXDEV;
	return crossed ? -1 : 0;
}

/*
 * Two names may be swapped between the watch and the look: then the number stands for
 * what the look saw, and events tell of both: each was moved into a watched directory,
 * or out of all of them.
 */
static int
ino_dir_watch(uint32_t dir, int fd, const char *name, struct stat *st, uint32_t *dir_out)
{
	uint32_t wd;

	if (excluded(dir, name)) {
		errno = ECANCELED;
		return -1;
	}
	/* added to what is watched there: a root keeps its own */
	wd = watch_at(fd, name, MASK | IN_MASK_ADD);
	if (wd == DIR_NONE)
		return -1;
	if (stat_here(fd, name, st) != 0) {
		if (wd < UNWATCHED_FIRST && !dirs_has(dirs, wd))
			(void)inotify_rm_watch(in, (int)wd);
		return -1;
	}
	dirs_set(dirs, wd, dir, name, st->st_ino);
	*dir_out = wd;
	return 0;
}

static void
ino_hold(uint32_t dir)
{
	(void)
	    dir; /* a watch descriptor is not used twice; one that is gone has no path */
}

/* Directories without a watch get a new number when they are entered, or a watch. Those
 * that are roots keep theirs. */
static void
ino_rescan_begins(void)
{
	uint32_t i, root;

	for (i = 0; i < unwatched_next; i++) {
		const char *path = dirs_path(dirs, UNWATCHED_FIRST + i, &root);

		if (path == NULL || *path != '\0')
			dirs_del(dirs, UNWATCHED_FIRST + i);
	}
	unwatched = 0;
	for (i = 0; i < roots->count; i++)
		if (roots->all[i].path != NULL && roots->all[i].dir >= UNWATCHED_FIRST)
			unwatched++;
}

static void
ino_state(struct backend_state *out)
{
	out->dirs = dirs_count(dirs);
	out->unwatched = unwatched;
	out->why = unwatched_why;
}

const struct backend backend_inotify = {
    .name = "inotify",
    .crawls = true,
    .open = ino_open,
    .close = ino_close,
    .fd = ino_fd,
    .pending = ino_pending,
    .drain = ino_drain,
    .root_came = ino_root_came,
    .root_went = ino_root_went,
    .dir_open = ino_dir_open,
    .dir_enter = ino_dir_enter,
    .dir_watch = ino_dir_watch,
    .dir_path = ino_dir_path,
    .dir_hold = ino_hold,
    .dir_release = ino_hold,
    .round_end = ino_round_end,
    .rescan_begins = ino_rescan_begins,
    .state = ino_state,
};
