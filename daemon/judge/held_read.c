/*
 * held_read - held mail on disk: open, check, walk
 *
 * Job:     see held.h and held_int.h.
 * Touches: state_dir/held/.
 */
#include "held_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xmem.h"

/* Open id and parse its head; the length of the file is checked, the body is not read. */
int
held_open_head(struct held_dir *d, const char *id, struct held **out, struct err *e)
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
	int r = held_open_head(d, id, out, e);
	struct held *m = *out;
	char hex[65];

	if (r != 1 || !verify)
		return r;
	if (held_hash_copy(m->fd, m->offset, m->head.size, -1, 0, hex, e) == 0) {
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
		if (clean &&
		    strncmp(de->d_name, HELD_TMP_PREFIX, strlen(HELD_TMP_PREFIX)) == 0)
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
		int r = held_open_head(d, ids[i], &m, &why);

		good += r == 1;
		if (r == 1 && count) {
			(void)pthread_mutex_lock(&d->lock);
			held_count_add(d, m->head.uid, m->head.size);
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
