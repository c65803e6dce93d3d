/*
 * sums - see sums.h
 *
 * Job:     a sorted table of hashes of paths and of contents.
 * Touches: heap.
 */
#include "sums.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "xmem.h"

struct row {
	uint64_t path;   /* FNV-1a of the path in the package */
	uint8_t sum[16]; /* the first half of the SHA-256 */
};

struct sums {
	struct row *row;
	size_t count, room;
};

struct sums *
sums_new(void)
{
	return xcalloc(1, sizeof(struct sums));
}

void
sums_free(struct sums **s)
{
	if (*s != NULL)
		free((*s)->row);
	free(*s);
	*s = NULL;
}

size_t
sums_count(const struct sums *s)
{
	return s->count;
}

static bool
half_sum(uint8_t out[16], const char *hex)
{
	size_t i;

	for (i = 0; i < 64; i++)
		if (isxdigit((unsigned char)hex[i]) == 0)
			return false;
	for (i = 0; i < 32; i++) {
		int c = tolower((unsigned char)hex[i]);
		int v = c <= '9' ? c - '0' : c - 'a' + 10;

		out[i / 2] = (uint8_t)(i % 2 == 0 ? v << 4 : out[i / 2] | v);
	}
	return true;
}

int
sums_add(struct sums *s, const char *text, size_t len, struct err *e)
{
	const char *at = text, *end = text + len, *eol;
	unsigned line = 1;

	for (; at < end; at = eol + 1, line++) {
		struct row r;
		const char *path = at + 66;
		size_t n;

		eol = memchr(at, '\n', (size_t)(end - at));
		if (eol == NULL)
			eol = end;
		n = (size_t)(eol - at);
		if (n == 0 || at[0] == '#')
			continue;
		if (n < 67 || at[64] != ' ' || (at[65] != ' ' && at[65] != '*') ||
		    !half_sum(r.sum, at))
			return err_set(e, ERR_INPUT,
				       "line %u: not \"SHA-256  path/in/package\"", line);
		if (path + 2 < eol && path[0] == '.' && path[1] == '/')
			path += 2;
		if (memchr(path, '/', (size_t)(eol - path)) == NULL)
			continue;
		if (s->count == SUMS_MAX)
			return err_set(e, ERR_INPUT, "line %u: more than %d files", line,
				       SUMS_MAX);
		if (s->count == s->room) {
			s->room = s->room == 0 ? 1024 : s->room * 2;
			s->row = xreallocarray(s->row, s->room, sizeof *s->row);
		}
		r.path = text_hash(path, (size_t)(eol - path));
		s->row[s->count++] = r;
	}
	return 0;
}

static int
by_path(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->path < y->path ? -1 : x->path > y->path;
}

void
sums_sort(struct sums *s)
{
	if (s->count > 0)
		qsort(s->row, s->count, sizeof *s->row, by_path);
}

/* The first row of this path; s->count when there is none. */
static size_t
first_row(const struct sums *s, uint64_t path)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->row[mid].path < path)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->count && s->row[low].path == path ? low : s->count;
}

bool
sums_changed(const struct sums *s, const char *path, const char *sha256)
{
	const char *at = strchr(path, '/');
	uint8_t sum[16];
	size_t i;

	if (s->count == 0 || strlen(sha256) != 64 || !half_sum(sum, sha256))
		return false;
	for (; at != NULL && strchr(at + 1, '/') != NULL; at = strchr(at + 1, '/')) {
		uint64_t h = text_hash(at + 1, strlen(at + 1));

		i = first_row(s, h);
		if (i == s->count)
			continue;
		for (; i < s->count && s->row[i].path == h; i++)
			if (memcmp(s->row[i].sum, sum, sizeof sum) == 0)
				return false;
		return true;
	}
	return false;
}
