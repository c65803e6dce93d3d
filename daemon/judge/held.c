/*
 * held - held mail on disk: the directory, write, remove
 *
 * Job:     see held.h. The head is in held_head.c, reading in held_read.c.
 * Threads: judge writes and opens on several; `lock` guards what is counted and
 *          the last id. A message is counted before it is written, so that two
 *          at once cannot pass the same quota.
 * Touches: state_dir/held/.
 */
#include "held_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "held_head.h"
#include "xmem.h"

int
held_dir_open(struct held_dir **out, const char *state_dir, struct err *e)
{
	struct held_dir *d;
	char path[4096];
	struct stat st;
	int fd;

	*out = NULL;
	if (snprintf(path, sizeof path, "%s/held", state_dir) >= (int)sizeof path)
		return err_set(e, ERR_INPUT, "%s: path too long", state_dir);
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return err_sys(e, "%s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_sys(e, "%s", path);
	if (fstat(fd, &st) != 0 || st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
		close(fd);
		return err_set(e, ERR_DENIED, "%s: must be mode 0700 and owned by uid %u",
			       path, (unsigned)geteuid());
	}
	d = xcalloc(1, sizeof *d);
	d->fd = fd;
	(void)pthread_mutex_init(&d->lock, NULL);
	d->slot_count = 256;
	d->slots = xcalloc(d->slot_count, sizeof *d->slots);
	*out = d;
	return 0;
}

void
held_dir_close(struct held_dir **dp)
{
	struct held_dir *d = *dp;

	if (d == NULL)
		return;
	close(d->fd);
	(void)pthread_mutex_destroy(&d->lock);
	free(d->slots);
	free(d);
	*dp = NULL;
}

bool
held_id_ok(const char *s)
{
	size_t n = 0;

	if (s == NULL)
		return false;
	for (; s[n] != '\0'; n++)
		if (n >= HELD_ID - 1 ||
		    !((s[n] >= '0' && s[n] <= '9') || (s[n] >= 'a' && s[n] <= 'z')))
			return false;
	return n == HELD_ID - 1;
}

static void
base36(char *dst, size_t digits, uint64_t v)
{
	while (digits-- > 0) {
		dst[digits] = "0123456789abcdefghijklmnopqrstuvwxyz"[v % 36];
		v /= 36;
	}
}

/* 10 digits of microseconds (good until 2085), 6 of chance: in the order of time within a
 * run even when the clock steps back, not to be guessed, and unlike those of other runs.
 */
static int
next_id(struct held_dir *d, char id[HELD_ID], wall_t t, struct err *e)
{
	uint64_t r;

	if (getrandom(&r, sizeof r, 0) != (ssize_t)sizeof r)
		return err_sys(e, "getrandom");
	if (t.us <= d->last_us)
		t.us = d->last_us + 1;
	d->last_us = t.us;
	base36(id, 10, (uint64_t)t.us);
	base36(id + 10, 6, r);
	id[16] = '\0';
	return 0;
}

/* A file without a name, or, where the file system has none (or no /proc to give it one
 * later), one with a name that held_scan removes. tmp: its name, "" when it has none. */
static int
open_tmp(struct held_dir *d, const char *id, char *tmp, size_t size, struct err *e)
{
	int fd = -1;

	tmp[0] = '\0';
	if (access("/proc/self/fd", X_OK) == 0)
		fd = openat(d->fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	(void)snprintf(tmp, size, HELD_TMP_PREFIX "%s", id);
	fd = openat(d->fd, tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		tmp[0] = '\0';
		return held_write_err(e, "create");
	}
	return fd;
}

/* Give the file its name: never over another. */
static int
link_as(struct held_dir *d, int fd, const char *tmp, const char *id, struct err *e)
{
	char proc[64];
	int r;

	if (tmp[0] != '\0') {
		r = linkat(d->fd, tmp, d->fd, id, 0);
	} else {
		(void)snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
		r = linkat(AT_FDCWD, proc, d->fd, id, AT_SYMLINK_FOLLOW);
	}
	return r == 0 ? 0 : held_write_err(e, "link");
}

/* Body, head, fsync: everything but the name. */
static int
fill(int fd, struct held_head *h, int body_fd, uint64_t size, struct err *e)
{
	uint64_t offset;
	char *head;
	size_t len;
	int r;

	/* the hash has its length before it is known, so the head has */
	memset(h->sha256, '0', 64);
	h->sha256[64] = '\0';
	h->size = size;
	if (held_format(h, &head, &len, e) != 0)
		return -1;
	free(head);
	offset = len;
	if (held_hash_copy(body_fd, 0, size, fd, offset, h->sha256, e) != 0 ||
	    held_format(h, &head, &len, e) != 0)
		return -1;
	r = len == offset ? held_write_at(fd, head, len, 0, e)
			  : err_set(e, ERR_INPUT, "held: head changed its length");
	free(head);
	if (r == 0 && fsync(fd) != 0)
		r = held_write_err(e, "fsync");
	return r;
}

/* Count it, if it may be held at all, and give it an id. */
static int
admit(struct held_dir *d, const struct conf *c, struct held_head *h, uint64_t size,
      struct err *e)
{
	int r;

	(void)pthread_mutex_lock(&d->lock);
	r = held_check_quota(d, c, h->uid, size, e);
	if (r == 0)
		r = next_id(d, h->id, h->t, e);
	if (r == 0)
		held_count_add(d, h->uid, size);
	(void)pthread_mutex_unlock(&d->lock);
	return r;
}

int
held_write(struct held_dir *d, const struct conf *c, struct held_head *h, int body_fd,
	   uint64_t size, struct err *e)
{
	char tmp[HELD_ID + 8];
	int fd, r = -1;

	if (admit(d, c, h, size, e) != 0)
		return -1;
	fd = open_tmp(d, h->id, tmp, sizeof tmp, e);
	if (fd >= 0)
		r = fill(fd, h, body_fd, size, e);
	if (r == 0)
		r = link_as(d, fd, tmp, h->id, e);
	if (tmp[0] != '\0')
		(void)unlinkat(d->fd, tmp, 0);
	if (r == 0 && fsync(d->fd) != 0) {
		/* the sender will be told no: what could survive a crash must go */
		r = held_write_err(e, "fsync of the directory");
		(void)unlinkat(d->fd, h->id, 0);
		(void)fsync(d->fd);
	}
	if (fd >= 0)
		close(fd);
	if (r != 0)
		held_count_take_back(d, h->uid, size);
	return r;
}

int
held_remove(struct held_dir *d, const char *id, struct err *e)
{
	struct held *m = NULL;
	uint64_t size = 0;
	uid_t uid = 0;
	bool known;

	if (!held_id_ok(id))
		return err_set(e, ERR_INPUT, "not the id of a held message");
	/* for the count; a damaged one was not counted */
	known = held_open_head(d, id, &m, NULL) == 1;
	if (known) {
		uid = m->head.uid;
		size = m->head.size;
	}
	held_close(&m);
	if (unlinkat(d->fd, id, 0) != 0)
		return errno == ENOENT ? 0 : err_sys(e, "held %s", id);
	if (known)
		held_count_take_back(d, uid, size);
	/* no fsync: a file that comes back after a crash has a row that says it is
	 * finished */
	held_unmark(d, id);
	return 1;
}

int64_t
held_free_bytes(const struct held_dir *d)
{
	struct statvfs v;

	if (fstatvfs(d->fd, &v) != 0)
		return -1;
	return (int64_t)(v.f_bavail * v.f_frsize);
}
