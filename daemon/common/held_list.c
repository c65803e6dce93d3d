/*
 * held_list - see held_list.h
 *
 * Job:     the list's place and form.
 * Touches: the list.
 */
#include "held_list.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "msg.h"
#include "text.h"

#define STOPPED "# stopped at "

void
held_list_path(char *path, size_t size, const char *brake_file)
{
	(void)snprintf(path, size, "%s.held", brake_file);
}

/* A line "UID:"; 0: it is another. It is changed. */
static int64_t
uid_of(char *line, size_t len)
{
	int64_t n;

	if (len > 0 && line[len - 1] == '\n')
		line[--len] = '\0';
	if (len == 0 || line[len - 1] != ':')
		return 0;
	line[len - 1] = '\0';
	return text_to_i64(line, 1, UINT32_MAX - 1, &n) ? n : 0;
}

bool
held_list_has(const char *path, uint32_t uid, int64_t now_s)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int64_t since;
	bool has = false, lately = false;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return false;
	while (!has && uid != 0 && (len = getline(&line, &size, f)) > 0) {
		if (sscanf(line, STOPPED "%" SCNd64, &since) == 1)
			lately = since <= now_s && since >= now_s - HELD_AFTER_S;
		else if (line[0] == '#')
			has = lately && uid_of(line + 1, (size_t)len - 1) == uid;
		else
			has = uid_of(line, (size_t)len) == uid;
	}
	free(line);
	fclose(f);
	return has;
}

static int
empty(const char *path, struct err *e)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "%s", path);
	return close(fd);
}

/* What becomes the list when it is whole. NULL: *e. */
static FILE *
begin(const char *fresh, struct err *e)
{
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (f == NULL) {
		err_sys(e, "%s", fresh);
		if (fd >= 0)
			close(fd);
	}
	return f;
}

static int
finish(FILE *f, const char *fresh, const char *path, struct err *e)
{
	bool ok = fflush(f) == 0 && fchmod(fileno(f), 0644) == 0 && fsync(fileno(f)) == 0;

	if (fclose(f) == 0 && ok && rename(fresh, path) == 0)
		return 0;
	err_sys(e, "%s", path);
	(void)unlink(fresh);
	return -1;
}

int
held_list_write(const char *path, const void *uids, size_t len, struct err *e)
{
	char fresh[400];
	struct strings s = strings_of(uids, len);
	const char *uid;
	int64_t n;
	FILE *f;

	(void)snprintf(fresh, sizeof fresh, "%s.new", path);
	if ((f = begin(fresh, e)) == NULL)
		return -1;
	fprintf(f, "# written by mailbrake: no mail of these uids goes\n");
	while ((uid = strings_next(&s)) != NULL)
		if (text_to_i64(uid, 1, UINT32_MAX - 1, &n))
			fprintf(f, "%" PRId64 ":\n", n);
	return finish(f, fresh, path, e);
}

/* The lines of `in` as remarks; are there any? */
static bool
write_remarks(FILE *in, FILE *out, int64_t now_s)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int64_t uid;
	bool any = false;

	fprintf(out, STOPPED "%" PRId64 "\n", now_s);
	while ((len = getline(&line, &size, in)) > 0)
		if ((uid = uid_of(line, (size_t)len)) != 0) {
			fprintf(out, "#%" PRId64 ":\n", uid);
			any = true;
		}
	free(line);
	return any;
}

int
held_list_stop(const char *path, int64_t now_s, struct err *e)
{
	char fresh[400];
	FILE *in = fopen(path, "re"), *out;
	int r = -1;
	bool broken;

	if (in == NULL)
		return errno == ENOENT ? 0 : err_sys(e, "%s", path);
	(void)snprintf(fresh, sizeof fresh, "%s.new", path);
	if ((out = begin(fresh, e)) != NULL && !write_remarks(in, out, now_s)) {
		r = 0; /* nobody stands in it: it is one of a stop already */
		(void)fclose(out);
		(void)unlink(fresh);
	} else if (out != NULL) {
		r = finish(out, fresh, path, e);
	}
	broken = ferror(in) != 0;
	fclose(in);
	return r == 0 && !broken ? 0 : empty(path, e);
}
