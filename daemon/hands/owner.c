/*
 * owner - whose a message in the MTA's queue is, by the MTA's own file
 *
 * Job:     see owner.h.
 * Touches: the MTA's queue files, read only.
 */
#include "owner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "mt_scan.h"
#include "postfix_file.h"
#include "qfile.h"

#define HEAD_MAX 65536 /* bytes of a file that are read */

/* The next line, without its end; false: there is no whole one. */
static bool
line_next(struct cursor *c, struct slice *out)
{
	const char *nl = memchr(c->p, '\n', (size_t)(c->end - c->p));

	if (nl == NULL)
		return false;
	*out = slice_of(c->p, nl);
	c->p = nl + 1;
	return true;
}

/* "-aclm NAME LENGTH" or "--aclm ...": the value is the LENGTH bytes below it. */
static bool
variable(struct cursor *c, struct slice line, struct slice *name, struct slice *value)
{
	struct cursor l = {line.s, line.s + line.len};
	uint64_t n;

	(void)(cursor_take(&l, "--") || cursor_take(&l, "-"));
	if (!cursor_take(&l, "aclm ") && !cursor_take(&l, "aclc "))
		return false;
	name->s = l.p;
	while (l.p < l.end && *l.p != ' ')
		l.p++;
	name->len = (size_t)(l.p - name->s);
	if (!cursor_take(&l, " ") || !cursor_number(&l, &n) || l.p != l.end ||
	    n >= (uint64_t)(c->end - c->p))
		return false;
	*value = slice_of(c->p, c->p + n);
	c->p += n + 1;
	return true;
}

/* "OK 2001" or "HOLD 2001" */
static int64_t
answer(struct slice s)
{
	struct cursor c = {s.s, s.s + s.len};
	uint64_t uid;

	if ((!cursor_take(&c, "OK ") && !cursor_take(&c, "HOLD ")) ||
	    !cursor_number(&c, &uid) || uid >= UINT32_MAX)
		return OWNER_UNKNOWN;
	return (int64_t)uid;
}

int64_t
owner_exim_head(const char *head, size_t len, const char *id, uid_t mta_uid)
{
	struct cursor c = {head, head + len}, l;
	struct slice line, name, value;
	uint64_t uid, gid;

	if (!line_next(&c, &line) || line.len != strlen(id) + 2 ||
	    memcmp(line.s, id, line.len - 2) != 0 || !line_next(&c, &line))
		return OWNER_UNKNOWN;
	l = (struct cursor){line.s, line.s + line.len};
	/* a login name has no blank, but what was set by -oMt may */
	while (l.end > l.p && l.end[-1] != ' ')
		l.end--;
	while (l.end > l.p && l.end[-1] == ' ')
		l.end--;
	while (l.end > l.p && l.end[-1] != ' ')
		l.end--;
	l = (struct cursor){l.end, line.s + line.len};
	if (!cursor_number(&l, &uid) || !cursor_take(&l, " ") ||
	    !cursor_number(&l, &gid) || l.p != l.end || uid >= UINT32_MAX)
		return OWNER_UNKNOWN;
	if (uid != mta_uid)
		return (int64_t)uid;
	/* sender, time and warnings; then a line a fact, up to the tree of recipients */
	for (int i = 0; i < 2; i++)
		if (!line_next(&c, &line))
			return OWNER_UNKNOWN;
	while (line_next(&c, &line) && line.len > 0 && line.s[0] == '-')
		if (variable(&c, line, &name, &value) && slice_is(name, "_mailbrake"))
			return answer(value);
	return OWNER_UNKNOWN;
}

/* Up to size bytes of a regular file; its length, or -1. *uid_out: who owns it. */
static ssize_t
read_head(const char *path, char *buf, size_t size, uid_t *uid_out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	ssize_t n = -1;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		*uid_out = st.st_uid;
		n = pread(fd, buf, size, 0);
	}
	close(fd);
	return n;
}

static const char *
spool(const char *dir)
{
	static const char *const usual[] = {"/var/spool/exim4", "/var/spool/exim"};

	if (strcmp(dir, "auto") != 0)
		return dir;
	return access(usual[0], X_OK) == 0 ? usual[0] : usual[1];
}

int64_t
owner_exim(const char *dir, const char *id)
{
	static char head[HEAD_MAX];
	char path[600];
	uid_t mta_uid;
	ssize_t n;

	dir = spool(dir);
	snprintf(path, sizeof(path), "%s/input/%s-H", dir, id);
	if ((n = read_head(path, head, sizeof(head), &mta_uid)) < 0) {
		/* split_spool_directory */
		snprintf(path, sizeof(path), "%s/input/%c/%s-H", dir, id[5], id);
		n = read_head(path, head, sizeof(head), &mta_uid);
	}
	if (n >= 0)
		return owner_exim_head(head, (size_t)n, id, mta_uid);
	snprintf(path, sizeof(path), "%s/input", dir);
	if (access(path, X_OK) != 0)
		log_warn_rate("owner", 600,
			      "queue_owner exim_spool_dir=\"%s\" error=\"%s\"", dir,
			      strerror(errno));
	return OWNER_GONE;
}

int64_t
owner_postfix(const char *dir, const char *id)
{
	static const char *const queues[] = {"deferred", "active", "hold", "incoming",
					     "maildrop"};
	static char head[HEAD_MAX];
	char path[600];
	uid_t mta_uid;
	int64_t uid;
	ssize_t n;

	for (size_t i = 0; i < sizeof(queues) / sizeof(*queues); i++) {
		if (!postfix_file(path, sizeof(path), dir, queues[i], id) ||
		    (n = read_head(path, head, sizeof(head), &mta_uid)) < 0)
			continue;
		uid = qfile_uid(head, (size_t)n, id);
		return uid >= 0 ? uid : OWNER_UNKNOWN;
	}
	return OWNER_GONE;
}
