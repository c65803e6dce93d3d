/*
 * setaside - take a file out of its account's reach, and put it back
 *
 * Job:     TAKE: the very inode whose descriptor judge sends, into
 *          state_dir/set-aside (root's alone); PUTBACK: to where it was, with
 *          owner, mode, times and attributes, never over another file.
 * Touches: that folder, the folder the file lies in.
 * Source:  measured against an owner who swaps names all the time: renameat2
 *          without replacing, then compare the inode; FS_IMMUTABLE stops a writer
 *          that still has the file open.
 *
 * The account owns the folder the file lies in and may change it at any moment. No path
 * is followed through a link, and what was moved is looked at again before it is kept.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "aside.h"
#include "log.h"
#include "text.h"
#include "verbs.h"

#define COPY_MAX (1LL << 30) /* bytes of a file copied from another file system */
#define DISPLACED_MAX 100    /* names tried for something that could not go back */

/* The folder, made when it is not there; it must be ours alone: judge owns what is above.
 */
static int
open_folder(struct err *e)
{
	char path[512];
	struct stat st;
	int fd;

	snprintf(path, sizeof path, "%s/set-aside", hands_conf()->state_dir);
	(void)mkdir(path, 0700);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "%s", path);
	if (fstat(fd, &st) != 0 || st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
		close(fd);
		return err_set(e, ERR_DENIED, "%s is not a folder of root's alone", path);
	}
	return fd;
}

static int
open_dir_strictly(const char *dir, struct err *e)
{
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
			       .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	char part[PATH_MAX], *next, *at;
	int fd, below;

	fd = (int)syscall(SYS_openat2, AT_FDCWD, dir, &how, sizeof how);
	if (fd >= 0 || errno != ENOSYS)
		return fd >= 0 ? fd : err_sys(e, "%s", dir);
	/* before Linux 5.6: part by part */
	if (!text_copy(part, sizeof part, dir))
		return err_set(e, ERR_INPUT, "path too long");
	fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (at = strtok_r(part, "/", &next); fd >= 0 && at != NULL;
	     at = strtok_r(NULL, "/", &next)) {
		below = openat(fd, at, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(fd);
		fd = below;
	}
	return fd >= 0 ? fd : err_sys(e, "%s", dir);
}

/* The folder a path lies in, and its last part (borrowed from path). */
static int
open_parent(const char *path, const char **name_out, struct err *e)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');

	if (path[0] != '/' || slash == NULL || slash[1] == '\0')
		return err_set(e, ERR_INPUT, "no path of a file");
	snprintf(dir, sizeof dir, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	*name_out = slash + 1;
	return open_dir_strictly(dir, e);
}

static int
rename_new(int from, const char *old, int to, const char *new)
{
	return (int)syscall(SYS_renameat2, from, old, to, new, RENAME_NOREPLACE);
}

static bool
is_inode(int dir, const char *name, uint64_t dev, uint64_t ino)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == dev &&
	       st.st_ino == ino;
}

/* false: this file system cannot. */
static bool
immutable(int fd, bool on)
{
	int flags;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0)
		return false;
	flags = on ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
	return ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
}

static int
copy_bytes(int from, int to, struct err *e)
{
	static char buf[65536];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(from, buf, sizeof buf, at)) > 0) {
		if (pwrite(to, buf, (size_t)n, at) != n)
			return err_sys(e, "copy");
		at += n;
		if (at > COPY_MAX)
			return err_set(e, ERR_INPUT,
				       "larger than %lld bytes, on another file system",
				       COPY_MAX);
	}
	if (n < 0)
		return err_sys(e, "copy");
	return fsync(to) == 0 ? 0 : err_sys(e, "fsync");
}

/* A new file of these bytes at dir/name; its descriptor, or -1. Never over another. */
static int
copy_to(int from, int dir, const char *name, struct err *e)
{
	char proc[64];
	int fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, "a new file");
	snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
	if (copy_bytes(from, fd, e) != 0) {
		close(fd);
		return -1;
	}
	if (linkat(AT_FDCWD, proc, dir, name, AT_SYMLINK_FOLLOW) != 0) {
		err_sys(e, "%s", name);
		close(fd);
		return -1;
	}
	return fd;
}

/* Something else than asked for was moved: back with it, or keep it under another name.
 */
static void
undo_move(int from, const char *name, int to, const char *old)
{
	char kept[ASIDE_ID_MAX + 32];
	int i;

	if (rename_new(from, name, to, old) == 0)
		return;
	for (i = 0; i < DISPLACED_MAX; i++) {
		snprintf(kept, sizeof kept, "%s.displaced.%d", name, i);
		if (rename_new(from, name, from, kept) == 0)
			break;
	}
	log_warn("set_aside displaced=%s: its old name is taken", kept);
}

/* --- TAKE --- */

struct take {
	const struct m_take *q;
	int fd, folder, dir;
	const char *name;
	bool kept; /* copied, and the inode lies under hidden_name beside where it was */
	struct aside_was was;
};

static void
hidden_name(char *buf, size_t size, const char *id)
{
	snprintf(buf, size, ".mailbrake-%s", id);
}

/* 0: the inode is in the folder under its id; -1 with errno EXDEV or *e. */
static int
move_in(struct take *t, struct err *e)
{
	if (rename_new(t->dir, t->name, t->folder, t->q->id) != 0) {
		int code = errno;

		err_sys(e, "cannot be moved");
		errno = code;
		return -1;
	}
	if (is_inode(t->folder, t->q->id, t->q->dev, t->q->ino))
		return 0;
	undo_move(t->folder, t->q->id, t->dir, t->name);
	errno = 0;
	return err_set(e, ERR_INPUT, "another file took its name meanwhile");
}

/* Root reads what has no mode; without root we must be able to open it again. */
static mode_t
nobodys(void)
{
	return geteuid() == 0 ? 0 : 0400;
}

/* Another file system: keep a copy, then remove the name if it still is that inode. */
static int
copy_in(struct take *t, struct err *e)
{
	char hidden[ASIDE_ID_MAX + 16];
	struct stat st;
	int copy = copy_to(t->fd, t->folder, t->q->id, e);

	if (copy < 0)
		return -1;
	(void)fchmod(copy, nobodys());
	(void)immutable(copy, true);
	close(copy);
	/* its name as well is on the disk before the original's goes */
	if (fsync(t->folder) != 0)
		return err_sys(e, "fsync");
	/* under a name of ours it cannot be swapped unseen */
	hidden_name(hidden, sizeof hidden, t->q->id);
	if (rename_new(t->dir, t->name, t->dir, hidden) != 0)
		return err_sys(e, "cannot be moved");
	if (!is_inode(t->dir, hidden, t->q->dev, t->q->ino)) {
		undo_move(t->dir, hidden, t->dir, t->name);
		return err_set(e, ERR_INPUT, "another file took its name meanwhile");
	}
	/* with other names the inode lives on: this one is kept, so that it can be given
	 * back to all of them */
	t->kept = fstat(t->fd, &st) == 0 && st.st_nlink > 1;
	if (!t->kept)
		(void)unlinkat(t->dir, hidden, 0);
	return 0;
}

static void
remove_copy(int folder, const char *id)
{
	int fd = openat(folder, id, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0) {
		(void)immutable(fd, false);
		close(fd);
	}
	(void)unlinkat(folder, id, 0);
}

/* The inode is out of the way: take its power, whatever other names it has. */
static void
disarm(const struct take *t)
{
	if (fchmod(t->fd, nobodys()) != 0 || (geteuid() == 0 && fchown(t->fd, 0, 0) != 0))
		log_warn("set_aside id=%s not_disarmed errno=%d: its other names still "
			 "open it",
			 t->q->id, errno);
	if (!t->was.copied || t->kept)
		(void)immutable(t->fd, true);
}

static int
take_file(struct take *t, struct err *e)
{
	char link[64], path[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (!aside_id_ok(t->q->id))
		return err_set(e, ERR_INPUT, "no id of a file");
	if (t->fd < 0 || fstat(t->fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_dev != t->q->dev || st.st_ino != t->q->ino || st.st_uid != t->q->uid)
		return err_set(e, ERR_INPUT, "it is not the file it was");
	if (geteuid() != 0 && st.st_uid != geteuid())
		return err_set(e, ERR_DENIED, "not root: cannot take another's file");
	if (st.st_nlink == 0)
		return err_set(e, ERR_INPUT, "it is removed already");
	/* where it is now, by the kernel's word, without links */
	snprintf(link, sizeof link, "/proc/self/fd/%d", t->fd);
	n = readlink(link, path, sizeof path - 1);
	if (n <= 0)
		return err_sys(e, "where it is");
	path[n] = '\0';
	if ((t->dir = open_parent(path, &t->name, e)) < 0)
		return -1;
	if (aside_look(t->fd, path, &t->was, e) != 0)
		return -1;
	t->was.copied = fstat(t->folder, &st) == 0 && st.st_dev != t->q->dev;
	if (aside_write(t->folder, t->q->id, &t->was, e) != 0)
		return -1;
	if (!t->was.copied && move_in(t, e) == 0) {
		disarm(t);
		return 0;
	}
	/* a bind mount of the same file system: EXDEV as well */
	if (!t->was.copied && errno == EXDEV) {
		t->was.copied = true;
		aside_forget(t->folder, t->q->id);
		if (aside_write(t->folder, t->q->id, &t->was, e) != 0)
			return -1;
	}
	if (t->was.copied && copy_in(t, e) == 0) {
		disarm(t);
		return 0;
	}
	if (t->was.copied)
		remove_copy(t->folder, t->q->id);
	aside_forget(t->folder, t->q->id);
	return -1;
}

void
verb_take(struct msg *m)
{
	static struct take t;
	struct m_take q;
	char shown[PATH_MAX], text[1024];
	struct err e;
	int r = -1;

	if (m_take_get(m, &q, &e) != 0) {
		hands_done(0, false, -1, e.text);
		return;
	}
	memset(&t, 0, sizeof t);
	t.q = &q;
	t.fd = m->fd;
	t.dir = -1;
	t.folder = open_folder(&e);
	if (t.folder >= 0)
		r = take_file(&t, &e);
	if (r == 0 && fsync(t.folder) != 0)
		log_warn("set_aside id=%s fsync errno=%d", q.id, errno);
	text_safe(shown, sizeof shown, r == 0 ? t.was.path : q.path);
	log_info("set_aside id=%s uid=%llu ok=%d path=\"%s\" text=\"%s\"", q.id,
		 (unsigned long long)q.uid, r == 0, shown, r == 0 ? "" : e.text);
	snprintf(text, sizeof text, "%s",
		 r != 0         ? e.text
		 : t.was.copied ? "copied away (another file system) and removed"
				: "moved away; nobody but root can open it");
	hands_done(q.asked, r == 0, r, text);
	if (t.dir >= 0)
		close(t.dir);
	if (t.folder >= 0)
		close(t.folder);
}

/* --- PUTBACK --- */

static bool
same_bytes(int a, int b)
{
	static char one[65536], two[65536];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(a, one, sizeof one, at)) > 0) {
		if (pread(b, two, sizeof two, at) != n ||
		    memcmp(one, two, (size_t)n) != 0)
			return false;
		at += n;
	}
	return n == 0 && pread(b, two, 1, at) == 0;
}

/*
 * A file that was copied away because it lies on another file system, and has other
 * names: its inode was left beside its place. 1: it is back, under all of them; 0: it is
 * not there or was changed, the copy must do; -1.
 */
static int
inode_back(int dir, const char *name, int copy, const char *id, const struct aside_was *w,
	   struct err *e)
{
	char hidden[ASIDE_ID_MAX + 16], found[ASIDE_ID_MAX];
	struct stat st;
	int fd, r = -1;

	hidden_name(hidden, sizeof hidden, id);
	fd = openat(dir, hidden, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (snprintf(found, sizeof found, "%llx-%llx", (unsigned long long)st.st_dev,
		      (unsigned long long)st.st_ino),
	     strcmp(found, id) != 0) ||
	    !same_bytes(fd, copy)) {
		close(fd);
		return 0;
	}
	(void)immutable(fd, false);
	if (rename_new(dir, hidden, dir, name) != 0) {
		err_sys(e, "%s",
			errno == EEXIST ? "something else has its name now"
					: "cannot be moved");
		(void)immutable(fd, true);
	} else if (!is_inode(dir, name, st.st_dev, st.st_ino)) {
		undo_move(dir, name, dir, hidden);
		err_set(e, ERR_INPUT, "another file took its name meanwhile");
	} else if (aside_restore(fd, w, e) == 0)
		r = 1;
	else {
		(void)rename_new(dir, name, dir, hidden);
		(void)immutable(fd, true);
	}
	close(fd);
	return r;
}

static int
put_back(int folder, int fd, const char *id, const struct aside_was *w, struct err *e)
{
	const char *name;
	struct stat st;
	int dir = open_parent(w->path, &name, e), copy, r = -1;

	if (dir < 0)
		return -1;
	if (fstat(dir, &st) != 0 || (st.st_uid != w->uid && st.st_uid != 0)) {
		err_set(e, ERR_DENIED, "the folder it was in is another account's now");
	} else if (w->copied && (r = inode_back(dir, name, fd, id, w, e)) != 0) {
		r = r == 1 ? 0 : -1;
	} else if (w->copied) {
		r = -1;
		copy = copy_to(fd, dir, name, e);
		if (copy >= 0) {
			r = aside_restore(copy, w, e);
			close(copy);
			/* before the copy here goes */
			if (r == 0 && fsync(dir) != 0)
				r = err_sys(e, "fsync");
		}
	} else if (rename_new(folder, id, dir, name) != 0) {
		err_sys(e, "%s",
			errno == EEXIST ? "something else has its name now"
					: "cannot be moved");
	} else {
		r = aside_restore(fd, w, e);
		if (r != 0)
			(void)rename_new(dir, name, folder, id);
	}
	close(dir);
	return r;
}

void
verb_putback(struct msg *m)
{
	static struct aside_was was;
	struct m_putback q;
	char shown[PATH_MAX];
	struct err e;
	int r = -1, folder, fd = -1;

	if (m_putback_get(m, &q, &e) != 0) {
		hands_done(0, false, -1, e.text);
		return;
	}
	folder = open_folder(&e);
	if (folder >= 0 && !aside_id_ok(q.id))
		err_set(&e, ERR_INPUT, "no id of a file");
	else if (folder >= 0 && aside_read(folder, q.id, &was, &e) == 0) {
		if (was.uid != q.uid)
			err_set(&e, ERR_DENIED, "it is another account's");
		else if ((fd = openat(folder, q.id, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) <
			 0)
			err_sys(&e, "%s", q.id);
		else {
			(void)immutable(fd, false);
			r = put_back(folder, fd, q.id, &was, &e);
			if (r != 0)
				(void)immutable(fd, true);
		}
	}
	if (r == 0) {
		if (was.copied)
			remove_copy(folder, q.id);
		aside_forget(folder, q.id);
		(void)fsync(folder);
	}
	log_info("put_back id=%s ok=%d path=\"%s\" text=\"%s\"", q.id, r == 0,
		 text_safe(shown, sizeof shown, was.path), r == 0 ? "" : e.text);
	hands_done(q.asked, r == 0, r, r == 0 ? "as it was" : e.text);
	if (fd >= 0)
		close(fd);
	if (folder >= 0)
		close(folder);
}
