/*
 * held - held mail on disk: write, open, remove, walk, count
 *
 * Job:     see held.h. The head is in held_head.c.
 * Threads: judge writes and opens on several; `lock` guards what is counted and
 *          the last id. A message is counted before it is written, so that two
 *          at once cannot pass the same quota.
 * Touches: state_dir/held/.
 */
#include "held.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "held_head.h"
#include "log.h"
#include "xmem.h"

#define COPY_BYTES (256u << 10)
#define TMP_PREFIX ".new-"

/* What one account holds: open addressing, a power of two of slots. */
struct usage {
	bool used;
	uid_t uid;
	uint64_t messages, bytes;
};

struct held_dir {
	int fd;
	pthread_mutex_t lock; /* for all below */
	bool counted;         /* by the first held_scan */
	int64_t last_us;      /* time part of the last id given */
	uint64_t messages, bytes;
	struct usage *slots;
	size_t slot_count, slot_used;
};

struct held {
	struct held_head head;
	char *strings;
	uint64_t offset;
	int fd;
};

/* --- counting
 * ---------------------------------------------------------------------------- */

static struct usage *
usage_slot(struct usage *slots, size_t count, uid_t uid)
{
	size_t i = ((size_t)uid * 2654435761u) & (count - 1);

	while (slots[i].used && slots[i].uid != uid)
		i = (i + 1) & (count - 1);
	return &slots[i];
}

/* NULL: HELD_UIDS accounts are counted already. */
static struct usage *
usage_of(struct held_dir *d, uid_t uid, bool make)
{
	struct usage *u = usage_slot(d->slots, d->slot_count, uid);
	size_t i;

	if (u->used || !make)
		return u->used ? u : NULL;
	if (d->slot_used >= HELD_UIDS)
		return NULL;
	if (d->slot_used * 2 >= d->slot_count) {
		struct usage *wider = xcalloc(d->slot_count * 2, sizeof *wider);

		for (i = 0; i < d->slot_count; i++)
			if (d->slots[i].used)
				*usage_slot(wider, d->slot_count * 2, d->slots[i].uid) =
				    d->slots[i];
		free(d->slots);
		d->slots = wider;
		d->slot_count *= 2;
		u = usage_slot(d->slots, d->slot_count, uid);
	}
	d->slot_used++;
	*u = (struct usage){.used = true, .uid = uid};
	return u;
}

static void
usage_add(struct held_dir *d, uid_t uid, uint64_t bytes)
{
	struct usage *u = usage_of(d, uid, true);

	d->messages++;
	d->bytes += bytes;
	if (u != NULL) {
		u->messages++;
		u->bytes += bytes;
	}
}

static void
usage_sub(struct held_dir *d, uid_t uid, uint64_t bytes)
{
	struct usage *u = usage_of(d, uid, false);

	d->messages -= d->messages > 0;
	d->bytes -= bytes < d->bytes ? bytes : d->bytes;
	if (u != NULL) {
		u->messages -= u->messages > 0;
		u->bytes -= bytes < u->bytes ? bytes : u->bytes;
	}
}

static void
usage_get(const struct held_dir *d, uid_t uid, uint64_t *messages_out,
	  uint64_t *bytes_out)
{
	const struct usage *u;

	if (uid == (uid_t)-1) {
		*messages_out = d->messages;
		*bytes_out = d->bytes;
		return;
	}
	u = usage_slot(d->slots, d->slot_count, uid);
	*messages_out = u->used ? u->messages : 0;
	*bytes_out = u->used ? u->bytes : 0;
}

void
held_usage(struct held_dir *d, uid_t uid, uint64_t *messages_out, uint64_t *bytes_out)
{
	(void)pthread_mutex_lock(&d->lock);
	usage_get(d, uid, messages_out, bytes_out);
	(void)pthread_mutex_unlock(&d->lock);
}

/* Take back what was counted. */
static void
uncount(struct held_dir *d, uid_t uid, uint64_t bytes)
{
	(void)pthread_mutex_lock(&d->lock);
	usage_sub(d, uid, bytes);
	(void)pthread_mutex_unlock(&d->lock);
}

int64_t
held_free_bytes(const struct held_dir *d)
{
	struct statvfs v;

	if (fstatvfs(d->fd, &v) != 0)
		return -1;
	return (int64_t)(v.f_bavail * v.f_frsize);
}

/* --- the directory
 * ----------------------------------------------------------------------- */

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

/* --- writing
 * ----------------------------------------------------------------------------- */

/* Disk full is said as such: the sender is refused, and may come again. */
static int
write_err(struct err *e, const char *what)
{
	if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) {
		char text[64];

		(void)snprintf(text, sizeof text, "%s", strerror(errno));
		return err_set(e, ERR_AGAIN, "held: %s: %s", what, text);
	}
	return err_sys(e, "held: %s", what);
}

static int
write_at(int fd, const void *p, size_t len, uint64_t at, struct err *e)
{
	const char *b = p;

	while (len > 0) {
		ssize_t n = pwrite(fd, b, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0)
				errno = ENOSPC;
			return write_err(e, "write");
		}
		b += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static void
hex_of(char *dst, const unsigned char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		dst[2 * i] = "0123456789abcdef"[p[i] >> 4];
		dst[2 * i + 1] = "0123456789abcdef"[p[i] & 15];
	}
	dst[2 * len] = '\0';
}

/*
 * SHA-256 of size bytes of from at from_at; with to >= 0 they are also written there, at
 * to_at. ERR_INPUT when there are fewer.
 */
static int
hash_copy(int from, uint64_t from_at, uint64_t size, int to, uint64_t to_at, char hex[65],
	  struct err *e)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	char *buf = malloc(COPY_BYTES);
	uint64_t done = 0;
	int r = -1;

	if (ctx == NULL || buf == NULL ||
	    EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1) {
		err_set(e, ERR_AGAIN, "held: no memory");
		goto out;
	}
	while (done < size) {
		size_t want =
		    size - done < COPY_BYTES ? (size_t)(size - done) : COPY_BYTES;
		ssize_t n = pread(from, buf, want, (off_t)(from_at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_sys(e, "held: read");
			goto out;
		}
		if (n == 0) {
			err_set(e, ERR_INPUT, "held: the body ends at %llu of %llu bytes",
				(unsigned long long)done, (unsigned long long)size);
			goto out;
		}
		if (EVP_DigestUpdate(ctx, buf, (size_t)n) != 1) {
			err_set(e, ERR_SYS, "held: sha256");
			goto out;
		}
		if (to >= 0 && write_at(to, buf, (size_t)n, to_at + done, e) != 0)
			goto out;
		done += (uint64_t)n;
	}
	if (EVP_DigestFinal_ex(ctx, md, NULL) != 1) {
		err_set(e, ERR_SYS, "held: sha256");
		goto out;
	}
	hex_of(hex, md, 32);
	r = 0;
out:
	EVP_MD_CTX_free(ctx);
	free(buf);
	return r;
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
	(void)snprintf(tmp, size, TMP_PREFIX "%s", id);
	fd = openat(d->fd, tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		tmp[0] = '\0';
		return write_err(e, "create");
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
	return r == 0 ? 0 : write_err(e, "link");
}

static int
check_quota(struct held_dir *d, const struct conf *c, uid_t uid, uint64_t bytes,
	    struct err *e)
{
	uint64_t messages, held_bytes;
	int64_t avail = held_free_bytes(d);

	usage_get(d, uid, &messages, &held_bytes);
	if (messages + 1 > (uint64_t)c->held_messages_max)
		return err_set(e, ERR_AGAIN,
			       "uid %u: %llu messages are held (held_messages_max %lld)",
			       (unsigned)uid, (unsigned long long)messages,
			       (long long)c->held_messages_max);
	if (held_bytes + bytes > (uint64_t)c->held_bytes_max)
		return err_set(e, ERR_AGAIN,
			       "uid %u: %llu bytes are held, %llu more would be above "
			       "held_bytes_max %lld",
			       (unsigned)uid, (unsigned long long)held_bytes,
			       (unsigned long long)bytes, (long long)c->held_bytes_max);
	if (avail >= 0 && (uint64_t)avail < bytes + (uint64_t)c->held_free_min)
		return err_set(e, ERR_AGAIN,
			       "%lld bytes are free, %llu would leave less than "
			       "held_free_min %lld",
			       (long long)avail, (unsigned long long)bytes,
			       (long long)c->held_free_min);
	if (usage_of(d, uid, true) == NULL)
		return err_set(e, ERR_AGAIN, "mail of %d accounts is held already",
			       HELD_UIDS);
	return 0;
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
	if (hash_copy(body_fd, 0, size, fd, offset, h->sha256, e) != 0 ||
	    held_format(h, &head, &len, e) != 0)
		return -1;
	r = len == offset ? write_at(fd, head, len, 0, e)
			  : err_set(e, ERR_INPUT, "held: head changed its length");
	free(head);
	if (r == 0 && fsync(fd) != 0)
		r = write_err(e, "fsync");
	return r;
}

/* Count it, if it may be held at all, and give it an id. */
static int
admit(struct held_dir *d, const struct conf *c, struct held_head *h, uint64_t size,
      struct err *e)
{
	int r;

	(void)pthread_mutex_lock(&d->lock);
	r = check_quota(d, c, h->uid, size, e);
	if (r == 0)
		r = next_id(d, h->id, h->t, e);
	if (r == 0)
		usage_add(d, h->uid, size);
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
		r = write_err(e, "fsync of the directory");
		(void)unlinkat(d->fd, h->id, 0);
		(void)fsync(d->fd);
	}
	if (fd >= 0)
		close(fd);
	if (r != 0)
		uncount(d, h->uid, size);
	return r;
}

/* --- reading
 * ----------------------------------------------------------------------------- */

/* Open id and parse its head; the length of the file is checked, the body is not read. */
static int
open_held(struct held_dir *d, const char *id, struct held **out, struct err *e)
{
	struct held *m;
	struct stat st;
	char *buf;
	ssize_t n;
	int fd, r;

	*out = NULL;
	if (!held_id_ok(id))
		return err_set(e, ERR_INPUT, "not the id of a held message");
	fd = openat(d->fd, id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "held %s", id);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(e, ERR_INPUT, "held %s: not a plain file", id);
	}
	buf = xcalloc(1, HELD_HEAD_MAX);
	n = pread(fd, buf, HELD_HEAD_MAX, 0);
	m = xcalloc(1, sizeof *m);
	m->fd = fd;
	r = n < 0 ? err_sys(e, "held %s", id)
		  : held_parse(buf, (size_t)n, &m->head, &m->strings, &m->offset, e);
	free(buf);
	if (r == 0 && strcmp(m->head.id, id) != 0)
		r = err_set(e, ERR_INPUT, "held %s: its head says %s", id, m->head.id);
	if (r == 0 && (uint64_t)st.st_size != m->offset + m->head.size)
		r = err_set(e, ERR_INPUT,
			    "held %s: body of %lld bytes, its head says %llu", id,
			    (long long)st.st_size - (long long)m->offset,
			    (unsigned long long)m->head.size);
	if (r == 0 && lseek(fd, (off_t)m->offset, SEEK_SET) < 0)
		r = err_sys(e, "held %s", id);
	if (r != 0) {
		held_close(&m);
		return -1;
	}
	*out = m;
	return 1;
}

int
held_open(struct held_dir *d, const char *id, bool verify, struct held **out,
	  struct err *e)
{
	int r = open_held(d, id, out, e);
	struct held *m = *out;
	char hex[65];

	if (r != 1 || !verify)
		return r;
	if (hash_copy(m->fd, m->offset, m->head.size, -1, 0, hex, e) == 0) {
		if (strcmp(hex, m->head.sha256) == 0)
			return 1;
		err_set(e, ERR_INPUT, "held %s: the body is not what was held (SHA-256)",
			id);
	}
	held_close(out);
	return -1;
}

const struct held_head *
held_head(const struct held *m)
{
	return &m->head;
}

int
held_fd(const struct held *m)
{
	return m->fd;
}

uint64_t
held_offset(const struct held *m)
{
	return m->offset;
}

void
held_close(struct held **mp)
{
	struct held *m = *mp;

	if (m == NULL)
		return;
	close(m->fd);
	free(m->strings);
	free(m);
	*mp = NULL;
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
	known = open_held(d, id, &m, NULL) == 1;
	if (known) {
		uid = m->head.uid;
		size = m->head.size;
	}
	held_close(&m);
	if (unlinkat(d->fd, id, 0) != 0)
		return errno == ENOENT ? 0 : err_sys(e, "held %s", id);
	if (known)
		uncount(d, uid, size);
	/* no fsync: a file that comes back after a crash has a row that says it is finished */
	held_unmark(d, id);
	return 1;
}

static void
mark_name(char *name, size_t size, const char *id)
{
	(void)snprintf(name, size, "%s.going", id);
}

int
held_mark(struct held_dir *d, const char *id, struct err *e)
{
	char name[HELD_ID + 8];
	int fd;

	mark_name(name, sizeof name, id);
	fd = openat(d->fd, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(e, "held %s", name);
	close(fd);
	return fsync(d->fd) == 0 ? 0 : err_sys(e, "held: fsync of the directory");
}

void
held_unmark(struct held_dir *d, const char *id)
{
	char name[HELD_ID + 8];

	mark_name(name, sizeof name, id);
	(void)unlinkat(d->fd, name, 0);
}

bool
held_marked(struct held_dir *d, const char *id)
{
	char name[HELD_ID + 8];

	mark_name(name, sizeof name, id);
	return faccessat(d->fd, name, F_OK, 0) == 0;
}

/* --- walking
 * ----------------------------------------------------------------------------- */

static int
compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, HELD_ID);
}

/* Every id in the directory, sorted; clean: leftovers of interrupted writes are removed.
 */
static int
list_ids(struct held_dir *d, bool clean, char (**ids_out)[HELD_ID], size_t *count_out,
	 struct err *e)
{
	char(*ids)[HELD_ID] = NULL;
	size_t n = 0, room = 0;
	struct dirent *de;
	DIR *dir;
	int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "held");
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return err_sys(e, "held");
	}
	for (errno = 0; (de = readdir(dir)) != NULL; errno = 0) {
		if (clean && strncmp(de->d_name, TMP_PREFIX, strlen(TMP_PREFIX)) == 0)
			(void)unlinkat(d->fd, de->d_name, 0);
		if (!held_id_ok(de->d_name))
			continue;
		if (n == room) {
			room = room == 0 ? 256 : room * 2;
			ids = xreallocarray(ids, room, sizeof *ids);
		}
		memcpy(ids[n++], de->d_name, HELD_ID);
	}
	if (errno != 0) {
		err_sys(e, "held");
		closedir(dir);
		free(ids);
		return -1;
	}
	closedir(dir);
	if (n > 0)
		qsort(ids, n, sizeof *ids, compare_ids);
	*ids_out = ids;
	*count_out = n;
	return 0;
}

int64_t
held_scan(struct held_dir *d,
	  bool (*fn)(void *arg, const char *id, const struct held_head *h,
		     const char *problem),
	  void *arg, struct err *e)
{
	char(*ids)[HELD_ID] = NULL;
	bool go_on = true, count;
	int64_t good = 0;
	size_t n = 0, i;

	(void)pthread_mutex_lock(&d->lock);
	count = !d->counted;
	d->counted = true;
	if (count) {
		memset(d->slots, 0, d->slot_count * sizeof *d->slots);
		d->slot_used = 0;
		d->messages = d->bytes = 0;
	}
	(void)pthread_mutex_unlock(&d->lock);
	if (list_ids(d, count, &ids, &n, e) != 0)
		return -1;
	for (i = 0; i < n; i++) {
		struct held *m = NULL;
		struct err why = {0};
		int r = open_held(d, ids[i], &m, &why);

		good += r == 1;
		if (r == 1 && count) {
			(void)pthread_mutex_lock(&d->lock);
			usage_add(d, m->head.uid, m->head.size);
			(void)pthread_mutex_unlock(&d->lock);
		}
		/* counted to the end even when fn has seen enough */
		if (go_on && fn != NULL && r != 0)
			go_on = fn(arg, ids[i], r == 1 ? &m->head : NULL,
				   r == 1 ? NULL : why.text);
		held_close(&m);
	}
	free(ids);
	return good;
}
