/*
 * aside - what is kept beside a file that was set aside, so that it can go back
 *
 * Job:     see aside.h.
 * Touches: the folder it is given, the file whose descriptor it is given.
 */
#include "aside.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "text.h"

#define NAME_MAX_WAS (ASIDE_ID_MAX + 8)
#define LINE_MAX_WAS (2 * (PATH_MAX + ASIDE_ATTR_MAX + 256) + 64)

bool
aside_id_ok(const char *id)
{
	size_t len = strlen(id), first = strspn(id, "0123456789abcdef");

	return len < ASIDE_ID_MAX && first > 0 && id[first] == '-' && first + 1 < len &&
	       strspn(id + first + 1, "0123456789abcdef") == len - first - 1;
}

static int64_t
ns(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct timespec
from_ns(int64_t v)
{
	struct timespec t = {v / 1000000000, v % 1000000000};

	if (t.tv_nsec < 0) {
		t.tv_sec--;
		t.tv_nsec += 1000000000;
	}
	return t;
}

static int
look_attrs(int fd, struct aside_was *out, struct err *e)
{
	char names[4096], *name;
	ssize_t n = flistxattr(fd, names, sizeof names), len;

	if (n < 0)
		return errno == ENOTSUP ? 0 : err_sys(e, "extended attributes");
	for (name = names; name < names + n; name += strlen(name) + 1) {
		struct aside_attr *a = &out->attr[out->attr_count];

		if (out->attr_count == ASIDE_ATTRS ||
		    !text_copy(a->name, sizeof a->name, name))
			return err_set(e, ERR_INPUT,
				       "more than %d extended attributes: left alone",
				       ASIDE_ATTRS);
		len = fgetxattr(fd, name, a->value, sizeof a->value);
		if (len < 0)
			return err_sys(e, "extended attribute %s", name);
		a->len = (size_t)len;
		out->attr_count++;
	}
	return 0;
}

int
aside_look(int fd, const char *path, struct aside_was *out, struct err *e)
{
	struct stat st;

	memset(out, 0, sizeof *out);
	if (fstat(fd, &st) != 0)
		return err_sys(e, "fstat");
	if (!text_copy(out->path, sizeof out->path, path))
		return err_set(e, ERR_INPUT, "path is longer than %d bytes", PATH_MAX);
	out->uid = st.st_uid;
	out->gid = st.st_gid;
	out->mode = st.st_mode & 07777;
	out->atime_ns = ns(st.st_atim);
	out->mtime_ns = ns(st.st_mtim);
	return look_attrs(fd, out, e);
}

static void
put_hex(FILE *f, const void *p, size_t len)
{
	const unsigned char *b = p;
	size_t i;

	for (i = 0; i < len; i++)
		fprintf(f, "%02x", b[i]);
}

static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decode hex up to a space or the end; the length, or -1. *s moves behind it. */
static ssize_t
get_hex(const char **s, void *out, size_t size)
{
	unsigned char *b = out;
	const char *p = *s;
	size_t n = 0;

	for (; *p != '\0' && *p != ' '; p += 2) {
		int hi = digit(p[0]), lo = hi < 0 ? -1 : digit(p[1]);

		if (lo < 0 || n == size)
			return -1;
		b[n++] = (unsigned char)(hi << 4 | lo);
	}
	*s = *p == ' ' ? p + 1 : p;
	return (ssize_t)n;
}

/* fd (-1: errno says why) is closed when there is none. */
static FILE *
stream_of(int fd, const char *mode, const char *name, struct err *e)
{
	FILE *f = fd < 0 ? NULL : fdopen(fd, mode);

	if (f == NULL) {
		err_sys(e, "%s", name);
		if (fd >= 0)
			close(fd);
	}
	return f;
}

/* One without its file is of a hands that was killed before it moved it, or after it had
 * put it back. */
static int
create(int dir, const char *id, const char *name)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	struct stat st;
	int fd = openat(dir, name, flags, 0600);

	if (fd >= 0 || errno != EEXIST)
		return fd;
	if (fstatat(dir, id, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	if (errno != ENOENT || unlinkat(dir, name, 0) != 0)
		return -1;
	return openat(dir, name, flags, 0600);
}

int
aside_write(int dir, const char *id, const struct aside_was *w, struct err *e)
{
	char name[NAME_MAX_WAS];
	size_t i;
	FILE *f;
	int fd;

	snprintf(name, sizeof name, "%s.was", id);
	fd = create(dir, id, name);
	if (fd < 0 && errno == EEXIST)
		return err_set(e, ERR_INPUT, "it is set aside already");
	if ((f = stream_of(fd, "w", name, e)) == NULL)
		return -1;
	fputs("mailbrake-aside 1\npath ", f);
	put_hex(f, w->path, strlen(w->path));
	fprintf(f,
		"\nuid %" PRIu64 "\ngid %" PRIu64 "\nmode %" PRIu64 "\natime %" PRId64
		"\nmtime %" PRId64 "\ncopied %d\n",
		w->uid, w->gid, w->mode, w->atime_ns, w->mtime_ns, w->copied);
	for (i = 0; i < w->attr_count; i++) {
		fputs("attr ", f);
		put_hex(f, w->attr[i].name, strlen(w->attr[i].name));
		fputc(' ', f);
		put_hex(f, w->attr[i].value, w->attr[i].len);
		fputc('\n', f);
	}
	fputs("end\n", f);
	if (fflush(f) != 0 || fsync(fd) != 0) {
		err_sys(e, "%s", name);
		(void)fclose(f);
		(void)unlinkat(dir, name, 0);
		return -1;
	}
	(void)fclose(f);
	return fsync(dir) == 0 ? 0 : err_sys(e, "fsync");
}

static bool
read_number(const char *line, const char *key, int64_t *out)
{
	size_t n = strlen(key);

	return strncmp(line, key, n) == 0 && line[n] == ' ' &&
	       text_to_i64(line + n + 1, INT64_MIN + 1, INT64_MAX, out);
}

/* One line into *w; false: it is none of ours. */
static bool
read_line(const char *line, struct aside_was *w)
{
	struct aside_attr *a = &w->attr[w->attr_count];
	int64_t v;
	ssize_t n;

	if (read_number(line, "uid", &v))
		w->uid = (uint64_t)v;
	else if (read_number(line, "gid", &v))
		w->gid = (uint64_t)v;
	else if (read_number(line, "mode", &v))
		w->mode = (uint64_t)v & 07777;
	else if (read_number(line, "atime", &v))
		w->atime_ns = v;
	else if (read_number(line, "mtime", &v))
		w->mtime_ns = v;
	else if (read_number(line, "copied", &v))
		w->copied = v != 0;
	else if (strncmp(line, "path ", 5) == 0) {
		line += 5;
		n = get_hex(&line, w->path, sizeof w->path - 1);
		if (n <= 0)
			return false;
		w->path[n] = '\0';
	} else if (strncmp(line, "attr ", 5) == 0 && w->attr_count < ASIDE_ATTRS) {
		line += 5;
		n = get_hex(&line, a->name, sizeof a->name - 1);
		if (n <= 0)
			return false;
		a->name[n] = '\0';
		n = get_hex(&line, a->value, sizeof a->value);
		if (n < 0)
			return false;
		a->len = (size_t)n;
		w->attr_count++;
	} else {
		return strcmp(line, "mailbrake-aside 1") == 0;
	}
	return true;
}

int
aside_read(int dir, const char *id, struct aside_was *out, struct err *e)
{
	static char line[LINE_MAX_WAS];
	char name[NAME_MAX_WAS];
	bool good = true, ended = false;
	FILE *f;
	int fd;

	memset(out, 0, sizeof *out);
	snprintf(name, sizeof name, "%s.was", id);
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if ((f = stream_of(fd, "r", name, e)) == NULL)
		return -1;
	while (good && !ended && fgets(line, sizeof line, f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		ended = strcmp(line, "end") == 0;
		good = ended || read_line(line, out);
	}
	(void)fclose(f);
	if (!good || !ended || out->path[0] != '/')
		return err_set(e, ERR_INPUT, "%s is damaged", name);
	return 0;
}

void
aside_forget(int dir, const char *id)
{
	char name[NAME_MAX_WAS];

	snprintf(name, sizeof name, "%s.was", id);
	(void)unlinkat(dir, name, 0);
}

int
aside_restore(int fd, const struct aside_was *w, struct err *e)
{
	struct timespec times[2] = {from_ns(w->atime_ns), from_ns(w->mtime_ns)};
	size_t i;

	/* chown clears set-id bits, chmod changes an ACL's mask: so in this order */
	if (geteuid() == 0 && fchown(fd, (uid_t)w->uid, (gid_t)w->gid) != 0)
		return err_sys(e, "owner");
	if (fchmod(fd, (mode_t)w->mode) != 0)
		return err_sys(e, "mode");
	for (i = 0; i < w->attr_count; i++)
		if (fsetxattr(fd, w->attr[i].name, w->attr[i].value, w->attr[i].len, 0) !=
		    0)
			return err_sys(e, "extended attribute %s", w->attr[i].name);
	if (futimens(fd, times) != 0)
		return err_sys(e, "times");
	return 0;
}
