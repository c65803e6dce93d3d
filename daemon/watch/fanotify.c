/*
 * fanotify - one mark a file system; ready at once whatever the tree
 *
 * Job:     the backend where the kernel (5.9) and the privileges (CAP_SYS_ADMIN at start)
 *          allow. A mark on the file system, not the mount: it sees writes from other
 *          mount namespaces too (CageFS, containers). Directories are resolved from their
 *          handles and cached. Never a permission event: a stopped listener would stop
 *          everybody's opens.
 * Touches: fanotify, the file system.
 * Source:  fanotify(7), open_by_handle_at(2).
 */
#include "backend.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "events.h"
#include "handles.h"
#include "log.h"
#include "safe.h"
#include "xmem.h"

#define MASK (FAN_CLOSE_WRITE | FAN_MOVED_TO | FAN_CREATE | FAN_ONDIR)
#define BUFFER 65536
#define CACHE 64   /* directories kept open during one round */
#define FS_MAX 256 /* file systems */
#define MOUNTS 8   /* places one file system is mounted at, with roots below */

struct mount {
	int id;      /* name_to_handle_at(2)'s mount id */
	size_t root; /* a root on it */
	int fd;      /* of that root, for reading, during one round; -1 */
};

static struct fs {
	uint64_t fsid;
	struct mount mounts[MOUNTS];
	size_t mount_count;
} fss[FS_MAX];
static size_t fs_count;

struct cached {
	uint32_t dir;
	bool used;
	int fd;
	struct stat st;
};

union big_handle {
	struct file_handle h;
	unsigned char room[sizeof(struct file_handle) + HANDLE_LEN_MAX];
};

static int fan = -1;
static pid_t me;
static const struct conf *conf;
static const struct roots *roots;
static const struct backend_calls *calls;
static struct handles *handles;
static uint32_t renames; /* of directories: what was found out before is checked again */
static struct cached cache[CACHE];

static int
fan_open(const struct conf *c, const struct roots *r, const struct backend_calls *bc,
	 struct err *e)
{
	fan = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK |
				FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS |
				FAN_REPORT_DFID_NAME,
			    O_RDONLY | O_CLOEXEC);
	if (fan < 0 && errno == EINVAL)
		return err_set(e, ERR_SYS,
			       "the kernel has no FAN_REPORT_DFID_NAME (before 5.9)");
	if (fan < 0)
		return err_sys(e, "fanotify_init");
	me = getpid();
	conf = c;
	roots = r;
	calls = bc;
	handles = handles_new();
	renames = 1;
	fs_count = 0;
	return 0;
}

static void
fan_round_end(void)
{
	size_t i, k;

	for (i = 0; i < CACHE; i++) {
		if (cache[i].used && cache[i].fd >= 0)
			close(cache[i].fd);
		cache[i].used = false;
	}
	for (i = 0; i < fs_count; i++) {
		for (k = 0; k < fss[i].mount_count; k++) {
			if (fss[i].mounts[k].fd >= 0)
				close(fss[i].mounts[k].fd);
			fss[i].mounts[k].fd = -1;
		}
	}
}

static void
fan_close(void)
{
	fan_round_end();
	if (fan >= 0)
		close(fan);
	fan = -1;
	handles_free(&handles);
}

static int
fan_fd(void)
{
	return fan;
}

/* Older kernels count 24 bytes an event whatever its length: reading more than was asked
 * does no harm. */
static size_t
fan_pending(void)
{
	int n = 0;

	return ioctl(fan, FIONREAD, &n) == 0 && n > 0 ? (size_t)n * 16 : 0;
}

/* A descriptor on the mount, for open_by_handle_at: a root that is on it. Kept for one
 * round only, so that the file system can be unmounted. */
static int
mount_fd(struct mount *m)
{
	const struct root *r = m->root < roots->count ? &roots->all[m->root] : NULL;
	struct stat st;

	if (m->fd >= 0)
		return m->fd;
	if (r == NULL || r->path == NULL) {
		errno = ENOENT;
		return -1;
	}
	m->fd = safe_open_abs(r->path, O_RDONLY);
	if (m->fd >= 0 && fstat(m->fd, &st) == 0 && st.st_dev == r->dev)
		return m->fd;
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
	calls->roots_changed();
	errno = ENOENT;
	return -1;
}

static int
open_handle(const struct handle *d, size_t mount, int flags)
{
	union big_handle h;
	int base = mount_fd(&fss[d->fs].mounts[mount]);

	if (base < 0)
		return -1;
	memset(&h, 0, sizeof h);
	h.h.handle_bytes = d->len;
	h.h.handle_type = d->type;
	memcpy(h.room + sizeof(struct file_handle), d->bytes, d->len);
	return open_by_handle_at(base, &h.h,
				 flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The absolute path of fd. A path longer than the kernel tells (PATH_MAX) is that of the
 * nearest directory above with one, and "/..." */
static bool
path_of(int fd, char *buf, size_t size)
{
	char self[40];
	ssize_t n;
	int at = fd, up;
	bool cut = false;

	for (;;) {
		(void)snprintf(self, sizeof self, "/proc/self/fd/%d", at);
		n = readlink(self, buf, size - 5);
		if (n >= 0 || errno != ENAMETOOLONG)
			break;
		up = openat(at, "../../../../../../../..",
			    O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (at != fd)
			close(at);
		at = up;
		cut = true;
		if (at < 0)
			return false;
	}
	if (at != fd)
		close(at);
	if (n <= 0 || buf[0] != '/')
		return false;
	buf[n] = '\0';
	if (cut)
		memcpy(buf + n, "/...", 5);
	return true;
}

/* Is path, or a directory above it, left out by watch_exclude? */
static bool
excluded(char *path)
{
	char *p;
	bool yes = false;

	if (conf->watch_exclude[0] == '\0')
		return false;
	for (p = path + 1; !yes && p != NULL && *p != '\0';) {
		p = strchr(p, '/');
		if (p != NULL)
			*p = '\0';
		yes = roots_excluded(conf, path);
		if (p != NULL)
			*p++ = '/';
	}
	return yes;
}

/* Find out whether the directory lies below a root now, by which mount. */
static bool
inside(struct handle *d)
{
	char path[PATH_MAX + 8];
	const char *below;
	size_t i;

	if (d->checked == renames)
		return d->inside;
	d->inside = false;
	for (i = 0; i < fss[d->fs].mount_count && !d->inside; i++) {
		int fd = open_handle(d, i, O_PATH);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
				return d->inside =
					   true; /* not known: the open will tell */
			continue;
		}
		if (path_of(fd, path, sizeof path) &&
		    roots_find(roots, path, &below) >= 0 && !excluded(path)) {
			d->inside = true;
			d->mount = (uint8_t)i;
		}
		close(fd);
	}
	d->checked = renames;
	return d->inside;
}

/* The same for one that was just entered (open at fd) from the one it lies in: beneath a
 * directory that is inside, on the same mount, it is inside; only its name may be left
 * out. A walk enters millions. */
static bool
inside_below(struct handle *d, const struct handle *parent, int fd)
{
	char path[PATH_MAX + 8];

	if (d->checked == renames || parent->checked != renames || !parent->inside)
		return inside(d);
	d->inside = conf->watch_exclude[0] == '\0' ||
		    (path_of(fd, path, sizeof path) && !excluded(path));
	d->mount = parent->mount;
	d->checked = renames;
	return d->inside;
}

static int
fan_dir_open(uint32_t dir, int flags, struct stat *st)
{
	struct handle *d = handles_at(handles, dir);
	int fd;

	if (d == NULL || !inside(d)) {
		errno = ENOENT;
		return -1;
	}
	fd = open_handle(d, d->mount, flags);
	if (fd >= 0 && fstat(fd, st) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Open for this round; borrowed. */
static int
round_dir(uint32_t dir)
{
	struct cached *c = &cache[dir % CACHE];

	if (c->used && c->dir == dir)
		return c->fd;
	if (c->used && c->fd >= 0)
		close(c->fd);
	c->used = true;
	c->dir = dir;
	c->fd = fan_dir_open(dir, O_PATH, &c->st);
	return c->fd;
}

static void
on_event(const struct fan_event *ev)
{
	struct handle *d;
	struct stat st;
	size_t i;
	int fd;

	for (i = 0; i < fs_count && fss[i].fsid != ev->fsid; i++)
		continue;
	if (i == fs_count || ev->pid == me || ev->name[0] == '\0')
		return;
	if ((ev->mask & FAN_ONDIR) != 0) {
		if ((ev->mask & FAN_MOVED_TO) == 0)
			return; /* what is made in a new directory tells of itself */
		renames++;
	}
	d = handles_get(handles, (uint32_t)i, ev->handle_type, ev->handle,
			ev->handle_len);
	if (d == NULL || !inside(d))
		return;
	fd = round_dir(d->number);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
			calls->again(d->number);
		return;
	}
	if (fstatat(fd, ev->name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			calls->again(d->number);
		return;
	}
	if (S_ISREG(st.st_mode))
		calls->file(d->number, ev->name, &st,
			    (ev->mask & (FAN_CLOSE_WRITE | FAN_MOVED_TO)) != 0);
	else if (S_ISDIR(st.st_mode))
		calls->subdir(d->number, ev->name, st.st_uid);
}

static size_t
fan_drain(void)
{
	static unsigned char buf[BUFFER] __attribute__((aligned(8)));
	ssize_t n = read(fan, buf, sizeof buf);
	size_t at = 0, len = n > 0 ? (size_t)n : 0;
	struct fan_event ev;
	int r;

	while ((r = fan_next(buf, len, &at, &ev)) > 0) {
		if ((ev.mask & FAN_Q_OVERFLOW) != 0)
			calls->lost("the kernel's queue of events was full");
		else if (ev.handle != NULL)
			on_event(&ev);
	}
	if (r < 0)
		calls->lost("the kernel's events are of an unknown form");
	return len;
}

static struct handle *
handle_of(int fd, size_t fs, int *mount_id_out)
{
	union big_handle h;

	memset(&h, 0, sizeof h);
	h.h.handle_bytes = HANDLE_LEN_MAX;
	if (name_to_handle_at(fd, "", &h.h, mount_id_out, AT_EMPTY_PATH) != 0)
		return NULL;
	return handles_get(handles, (uint32_t)fs, h.h.handle_type,
			   h.room + sizeof(struct file_handle), h.h.handle_bytes);
}

/* The file system fd is on, marked when it is new. */
static int
mark_fs(int fd, size_t *fs_out, struct err *e)
{
	struct statfs sf;
	uint64_t fsid;
	size_t i;

	if (fstatfs(fd, &sf) != 0)
		return err_sys(e, "fstatfs");
	memcpy(&fsid, &sf.f_fsid, sizeof fsid);
	for (i = 0; i < fs_count && fss[i].fsid != fsid; i++)
		continue;
	*fs_out = i;
	if (i < fs_count)
		return 0;
	if (fs_count == FS_MAX)
		return err_set(e, ERR_INPUT, "more than %d file systems", FS_MAX);
	if (fanotify_mark(fan, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, MASK, fd, NULL) != 0)
		return err_sys(e, "fanotify_mark (type 0x%lx)", (unsigned long)sf.f_type);
	memset(&fss[i], 0, sizeof fss[i]);
	fss[i].fsid = fsid;
	fs_count++;
	return 0;
}

/* Remember by which mount the root is reached. */
static void
add_mount(struct fs *fs, int id, size_t number)
{
	size_t i;

	for (i = 0; i < fs->mount_count; i++) {
		const struct root *r = &roots->all[fs->mounts[i].root];

		if (fs->mounts[i].id == id) {
			if (r->path == NULL)
				fs->mounts[i].root = number;
			return;
		}
	}
	if (i == MOUNTS)
		return;
	fs->mounts[i].id = id;
	fs->mounts[i].root = number;
	fs->mounts[i].fd = -1;
	fs->mount_count++;
}

static int
fan_root_came(size_t number, struct err *e)
{
	struct root *r = &roots->all[number];
	struct handle *d = NULL;
	struct stat st;
	size_t fs = 0;
	int fd = safe_open_abs(r->path, O_RDONLY), mount_id = 0, result = -1;

	if (fd < 0)
		return err_sys(e, "open %s", r->path);
	if (fstat(fd, &st) != 0 || st.st_ino != r->ino || st.st_dev != r->dev)
		err_set(e, ERR_AGAIN, "%s changed meanwhile", r->path);
	else if (mark_fs(fd, &fs, e) == 0) {
		d = handle_of(fd, fs, &mount_id);
		if (d == NULL)
			err_sys(e, "name_to_handle_at %s", r->path);
		else
			result = 0;
	}
	close(fd);
	if (result != 0)
		return -1;
	add_mount(&fss[fs], mount_id, number);
	handles_hold(handles, d->number);
	r->dir = d->number;
	renames++; /* what was outside may be inside now */
	return 0;
}

static void
fan_root_went(size_t number)
{
	size_t i, k, n;

	handles_release(handles, roots->all[number].dir);
	renames++;
	fan_round_end();
	for (i = 0; i < fs_count; i++) {
		for (k = 0; k < fss[i].mount_count; k++) {
			if (fss[i].mounts[k].root != number)
				continue;
			/* another root of the same device stands in */
			for (n = 0; n < roots->count; n++)
				if (n != number && roots->all[n].path != NULL &&
				    roots->all[n].dev == roots->all[number].dev)
					fss[i].mounts[k].root = n;
		}
	}
}

static void
fan_dir_path(uint32_t dir, int fd, char *buf, size_t size)
{
	struct stat st;
	char path[PATH_MAX + 8];
	int own = fd >= 0 ? -1 : fan_dir_open(dir, O_PATH, &st);
	int at = fd >= 0 ? fd : own;

	(void)snprintf(buf, size, "%s",
		       at >= 0 && path_of(at, path, sizeof path) ? path : "?");
	if (own >= 0)
		close(own);
}

static int
fan_dir_enter(uint32_t dir, const char *name, struct stat *st, uint32_t *dir_out)
{
	const struct handle *parent = handles_at(handles, dir);
	int base = round_dir(dir), fd, mount_id;
	struct handle *d;

	if (base < 0 || parent == NULL)
		return -1;
	fd = safe_open_dir(base, name, O_RDONLY);
	if (fd < 0)
		return -1;
	d = fstat(fd, st) == 0 ? handle_of(fd, parent->fs, &mount_id) : NULL;
	if (d != NULL && inside_below(d, parent, fd)) {
		handles_hold(handles, d->number);
		*dir_out = d->number;
		return fd;
	}
	close(fd);
	errno = ECANCELED;
	return -1;
}

static void
fan_hold(uint32_t dir)
{
	handles_hold(handles, dir);
}

static void
fan_release(uint32_t dir)
{
	handles_release(handles, dir);
}

static void
fan_state(struct backend_state *out)
{
	out->dirs = 0;
	out->unwatched = 0;
	out->why = "";
}

const struct backend backend_fanotify = {
    .name = "fanotify",
    .marks_all = true,
    .needs_start = true,
    .open = fan_open,
    .close = fan_close,
    .fd = fan_fd,
    .pending = fan_pending,
    .drain = fan_drain,
    .root_came = fan_root_came,
    .root_went = fan_root_went,
    .dir_open = fan_dir_open,
    .dir_enter = fan_dir_enter,
    .dir_path = fan_dir_path,
    .dir_hold = fan_hold,
    .dir_release = fan_release,
    .round_end = fan_round_end,
    .state = fan_state,
};
