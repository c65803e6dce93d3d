/*
 * rules_read - find the rule files and read them, with what they include
 *
 * Job:     rules_read, rules_drop_included and rules_note of rules.h.
 * Touches: the rule files.
 * Source:  YARA's manual, "Including files".
 *
 * libyara's own include would open any path; here an included file lies below the
 * directory of the one that names it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rules.h"
#include "sums.h"
#include "text.h"
#include "xmem.h"
#include "yarasrc.h"

#define INCLUDE_DEPTH 8

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
is_rule_file(const struct dirent *d)
{
	const char *dot = strrchr(d->d_name, '.');

	return d->d_name[0] != '.' && dot != NULL &&
	       (strcmp(dot, ".yar") == 0 || strcmp(dot, ".yara") == 0 ||
		strcmp(dot, ".sums") == 0);
}

/* The whole file with a NUL behind it; NULL and *e. */
static char *
read_file(const char *path, size_t *len_out, struct err *e)
{
	struct stat st;
	size_t have = 0;
	char *text;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		err_sys(e, "%s", path);
		return NULL;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_size > (off_t)RULES_FILE_BYTES_MAX) {
		close(fd);
		err_set(e, ERR_INPUT, "%s: not a file, or more than %u bytes", path,
			RULES_FILE_BYTES_MAX);
		return NULL;
	}
	text = xcalloc((size_t)st.st_size + 1, 1);
	while (have < (size_t)st.st_size) {
		ssize_t n = read(fd, text + have, (size_t)st.st_size - have);

		if (n < 0) {
			err_sys(e, "%s", path);
			free(text);
			close(fd);
			return NULL;
		}
		if (n == 0)
			break;
		have += (size_t)n;
	}
	close(fd);
	*len_out = have;
	return text;
}

/* --- one file with its includes --- */

struct reading {
	struct rules *r;
	struct rule_source *s;
	unsigned line, includes; /* line: of s->text, where the next byte goes */
};

static unsigned
lines_in(const char *p, size_t len)
{
	unsigned n = 0;

	for (; len > 0; p++, len--)
		n += *p == '\n';
	return n;
}

static void
append(struct reading *rd, const char *p, size_t len)
{
	struct rule_source *s = rd->s;

	s->text = xreallocarray(s->text, s->len + len + 1, 1);
	memcpy(s->text + s->len, p, len);
	s->len += len;
	s->text[s->len] = '\0';
	rd->line += lines_in(p, len);
}

static void
begin_part(struct reading *rd, const char *path, unsigned line)
{
	struct rule_source *s = rd->s;

	s->part = xreallocarray(s->part, s->part_count + 1, sizeof *s->part);
	s->part[s->part_count++] = (struct rule_part){rd->line, line, xstrdup(path)};
}

/* "a.yar" or "below/a.yar", beside the file that names it. */
static bool
include_path(char *out, size_t size, const char *from, const struct yinclude *in)
{
	const char *slash = strrchr(from, '/');
	int dir = slash != NULL ? (int)(slash - from) + 1 : 0;
	size_t i = 0;
	int n;

	/* YARA-Forge and others write ./name */
	if (in->name_len > 2 && in->name[0] == '.' && in->name[1] == '/')
		i = 2;
	if (in->name_len == 0 || in->name[i] == '/' || in->name[i] == '.' ||
	    memmem(in->name + i, in->name_len - i, "/.", 2) != NULL)
		return false;
	n = snprintf(out, size, "%.*s%.*s", dir, from, (int)(in->name_len - i),
		     in->name + i);
	return n > 0 && (size_t)n < size;
}

static int expand(struct reading *rd, const char *path, int depth, struct err *e);

static int
include(struct reading *rd, const char *from, const struct yinclude *in, int depth,
	struct err *e)
{
	struct rules *r = rd->r;
	char path[4096], shown[200];

	if (!include_path(path, sizeof path, from, in))
		return err_set(e, ERR_INPUT,
			       "include \"%s\": only a file below this one's directory",
			       text_safe(shown, sizeof shown, in->name));
	if (depth == INCLUDE_DEPTH || rd->includes++ == RULES_INCLUDES_MAX)
		return err_set(e, ERR_INPUT, "more than %d includes, or %d deep",
			       RULES_INCLUDES_MAX, INCLUDE_DEPTH);
	r->included =
	    xreallocarray(r->included, r->included_count + 1, sizeof *r->included);
	r->included[r->included_count++] = xstrdup(path);
	if (expand(rd, path, depth + 1, e) != 0)
		return -1;
	append(rd, "\n", 1);
	return 0;
}

static int
expand(struct reading *rd, const char *path, int depth, struct err *e)
{
	struct yinclude in;
	size_t len = 0, pos = 0, done = 0;
	unsigned line = 1;
	char *text = read_file(path, &len, e);
	int rc = 0;

	if (text == NULL)
		return -1;
	if (rd->s->len + len > RULES_FILE_BYTES_MAX) {
		free(text);
		return err_set(e, ERR_INPUT,
			       "%s: more than %u bytes with what it includes", path,
			       RULES_FILE_BYTES_MAX);
	}
	begin_part(rd, path, 1);
	while (rc == 0 && yarasrc_include(text, len, &pos, &in)) {
		append(rd, text + done, in.from - done);
		line += lines_in(text + done, in.from - done);
		rc = include(rd, path, &in, depth, e);
		if (rc == 0)
			begin_part(rd, path, line);
		done = in.to;
	}
	if (rc == 0)
		append(rd, text + done, len - done);
	free(text);
	return rc;
}

static int
read_source(struct rules *r, const char *path, struct err *e)
{
	struct reading rd = {.r = r, .line = 1};
	const char *name;

	if (r->source_count == RULES_FILES_MAX)
		return err_set(e, ERR_INPUT, "%s: more than %d rule files", path,
			       RULES_FILES_MAX);
	r->source = xreallocarray(r->source, r->source_count + 1, sizeof *r->source);
	rd.s = &r->source[r->source_count++];
	*rd.s = (struct rule_source){.path = xstrdup(path), .text = xcalloc(1, 1)};
	name = strrchr(path, '/');
	rd.s->look = strcmp(name != NULL ? name + 1 : path, "look.yar") == 0;
	if (expand(&rd, path, 0, e) != 0) {
		rd.s->broken = true;
		rules_note(r, NOTE_ERROR, rd.s, rd.line, NULL, e->text);
		return rd.s->len == 0 && rd.includes == 0 ? -1 : 0;
	}
	return 0;
}

/* A list of checksums: a fault of it is a fault of the set. */
static void
read_sums(struct rules *r, const char *path)
{
	const struct rule_source s = {.path = (char *)(uintptr_t)path};
	struct err e;
	size_t len = 0, i;
	char *text = read_file(path, &len, &e);

	if (text == NULL || sums_add(r->sums, text, len, &e) != 0) {
		rules_note(r, NOTE_ERROR, &s, 0, NULL, e.text);
		r->broken++;
	}
	for (i = 0; i < len; i++)
		r->sums_hash = (r->sums_hash ^ (unsigned char)text[i]) * 1099511628211u;
	free(text);
}

int
rules_read(struct rules *r, const char *dir, bool must, struct err *e)
{
	struct dirent **list;
	struct stat st;
	char path[4096];
	struct err one;
	int i, n;

	if (stat(dir, &st) == 0 && !S_ISDIR(st.st_mode))
		return read_source(r, dir, e);
	n = scandir(dir, &list, is_rule_file, by_name);
	if (n < 0)
		return must || errno != ENOENT ? err_sys(e, "%s", dir) : 0;
	for (i = 0; i < n; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, list[i]->d_name);
		if (strcmp(strrchr(list[i]->d_name, '.'), ".sums") == 0)
			read_sums(r, path);
		else
			(void)read_source(r, path,
					  &one); /* its note says what is wrong */
		free(list[i]);
	}
	free(list);
	return 0;
}

void
rules_drop_included(struct rules *r)
{
	size_t i, k, n = 0;

	for (i = 0; i < r->source_count; i++) {
		struct rule_source *s = &r->source[i];

		for (k = 0; k < r->included_count; k++)
			if (strcmp(s->path, r->included[k]) == 0)
				break;
		if (k == r->included_count) {
			r->source[n++] = *s;
			continue;
		}
		for (k = 0; k < s->part_count; k++)
			free(s->part[k].path);
		free(s->part);
		free(s->path);
		free(s->text);
	}
	r->source_count = n;
}

void
rules_note(struct rules *r, enum note_kind kind, const struct rule_source *s,
	   unsigned line, const char *rule, const char *text)
{
	struct rule_note *n;
	const char *path = s->path;
	char safe[1000];
	size_t i;

	for (i = 0; line > 0 && i < s->part_count; i++)
		if (s->part[i].at <= line)
			path = s->part[i].path;
	for (i = s->part_count; line > 0 && i > 0; i--)
		if (s->part[i - 1].at <= line) {
			line = line - s->part[i - 1].at + s->part[i - 1].line;
			break;
		}
	if (kind == NOTE_ERROR && r->problem[0] == '\0')
		(void)snprintf(r->problem, sizeof r->problem, "%s:%u: %s", path, line,
			       text_safe(safe, sizeof safe, text));
	if (r->note_count == RULES_NOTES_MAX) {
		r->notes_lost++;
		return;
	}
	if ((r->note_count & (r->note_count - 1)) == 0)
		r->note = xreallocarray(
		    r->note, r->note_count == 0 ? 1 : r->note_count * 2, sizeof *r->note);
	n = &r->note[r->note_count++];
	*n = (struct rule_note){.kind = kind,
				.path = xstrdup(path),
				.rule = xstrdup(rule != NULL ? rule : ""),
				.text = xstrdup(text_safe(safe, sizeof safe, text)),
				.line = line};
}
