/*
 * scan_state - see scan_state.h
 *
 * Job:     see scan_state.h.
 * Touches: the file named.
 */
#include "scan_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

#define HEAD "mailbrake-scan 1\n"
#define LINE_MAX_BYTES (3 * WALK_PATH + 64)

static void
put_path(FILE *f, const char *path)
{
	const unsigned char *p = (const unsigned char *)path;

	for (; *p != '\0'; p++)
		if (*p > 0x20 && *p < 0x7f && *p != '%')
			(void)fputc(*p, f);
		else
			fprintf(f, "%%%02x", *p);
}

/* In place. */
static bool
get_path(char *s)
{
	char *to = s;

	for (; *s != '\0'; s++) {
		char hex[3] = {0};
		char *end;

		if (*s != '%') {
			*to++ = *s;
			continue;
		}
		if (s[1] == '\0' || s[2] == '\0')
			return false;
		hex[0] = s[1];
		hex[1] = s[2];
		*to = (char)strtoul(hex, &end, 16);
		if (*end != '\0' || *to++ == '\0')
			return false;
		s += 2;
	}
	*to = '\0';
	return true;
}

int
scan_state_write(const struct scan_state *s, const char *path, struct err *e)
{
	const struct scan_count *c = &s->count;
	char temp[4096];
	FILE *f;
	int fd;
	size_t i;

	if ((size_t)snprintf(temp, sizeof temp, "%s.new", path) >= sizeof temp)
		return err_set(e, ERR_INPUT, "%s: path too long", path);
	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || (f = fdopen(fd, "w")) == NULL)
		return err_sys(e, "%s", temp);
	fprintf(f, HEAD "rules %s\n", s->rules_version);
	for (i = 0; s->roots[i] != NULL; i++) {
		fprintf(f, "root ");
		put_path(f, s->roots[i]);
		(void)fputc('\n', f);
	}
	if (s->begun) {
		fprintf(f, "at %zu ", s->at_root);
		put_path(f, s->at);
		(void)fputc('\n', f);
	}
	fprintf(
	    f,
	    "files %llu\nbytes %llu\nmalicious %llu\nsuspicious %llu\nunscanned %llu\n",
	    (unsigned long long)c->files, (unsigned long long)c->bytes,
	    (unsigned long long)c->malicious, (unsigned long long)c->suspicious,
	    (unsigned long long)c->unscanned);
	if (fflush(f) != 0 || fsync(fd) != 0) {
		err_sys(e, "%s", temp);
		(void)fclose(f);
		return -1;
	}
	if (fclose(f) != 0 || rename(temp, path) != 0)
		return err_sys(e, "%s", temp);
	return 0;
}

struct reader {
	struct scan_state *s;
	size_t roots;
	const char *trouble; /* or NULL */
};

static void
get_number(struct reader *r, const char *text, uint64_t *out)
{
	int64_t n = 0;

	if (!text_to_i64(text, 0, INT64_MAX, &n))
		r->trouble = "a count that is no number";
	*out = (uint64_t)n;
}

static void
get_at(struct reader *r, char *text)
{
	char *space = strchr(text, ' ');
	int64_t root = 0;

	if (space == NULL) {
		r->trouble = "a place that is none";
		return;
	}
	*space = '\0';
	if (!text_to_i64(text, 0, 1 << 20, &root) || !get_path(space + 1) ||
	    !text_copy(r->s->at, sizeof r->s->at, space + 1)) {
		r->trouble = "a place that is none";
		return;
	}
	r->s->at_root = (size_t)root;
	r->s->begun = true;
}

static void
get_line(struct reader *r, char *line)
{
	struct scan_count *c = &r->s->count;
	char *value = strchr(line, ' ');

	if (value == NULL) {
		r->trouble = "a line without a value";
		return;
	}
	*value++ = '\0';
	if (strcmp(line, "rules") == 0) {
		if (strcmp(value, r->s->rules_version) != 0)
			r->trouble = "a scan with other rules";
	} else if (strcmp(line, "root") == 0) {
		if (!get_path(value) || r->s->roots[r->roots] == NULL ||
		    strcmp(r->s->roots[r->roots++], value) != 0)
			r->trouble = "a scan of other paths";
	} else if (strcmp(line, "at") == 0)
		get_at(r, value);
	else if (strcmp(line, "files") == 0)
		get_number(r, value, &c->files);
	else if (strcmp(line, "bytes") == 0)
		get_number(r, value, &c->bytes);
	else if (strcmp(line, "malicious") == 0)
		get_number(r, value, &c->malicious);
	else if (strcmp(line, "suspicious") == 0)
		get_number(r, value, &c->suspicious);
	else if (strcmp(line, "unscanned") == 0)
		get_number(r, value, &c->unscanned);
}

int
scan_state_read(struct scan_state *s, const char *path, struct err *e)
{
	struct reader r = {.s = s};
	static char line[LINE_MAX_BYTES];
	FILE *f;

	s->begun = false;
	s->count = (struct scan_count){0};
	f = fopen(path, "re");
	if (f == NULL)
		return errno == ENOENT ? 0 : err_sys(e, "%s", path);
	if (fgets(line, sizeof line, f) == NULL || strcmp(line, HEAD) != 0)
		r.trouble = "no state of a scan";
	while (r.trouble == NULL && fgets(line, sizeof line, f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		get_line(&r, line);
	}
	if (r.trouble == NULL && s->roots[r.roots] != NULL)
		r.trouble = "a scan of other paths";
	(void)fclose(f);
	if (r.trouble != NULL)
		return err_set(e, ERR_INPUT, "%s: %s; remove it to begin anew", path,
			       r.trouble);
	return 1;
}
