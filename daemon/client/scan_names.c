/*
 * scan_names - see scan_names.h
 *
 * Job:     see scan_names.h.
 * Touches: readdir.
 *
 * When the memory is full the later half of the names is dropped and what comes after
 * the last one kept is not taken any more: the next pass begins there.
 */
#include "scan_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "xmem.h"

static int
by_bytes(const void *a, const void *b, void *bytes)
{
	const uint32_t *x = a, *y = b;
	const char *base = bytes;

	return strcmp(base + *x + 1, base + *y + 1);
}

static void
sort(struct names *n)
{
	if (n->count > 1) /* none: there is no array either */
		qsort_r(n->at, n->count, sizeof *n->at, by_bytes, n->bytes);
}

/* Keep the first half, in new memory of the same size. */
static void
halve(struct names *n)
{
	char *kept = xcalloc(1, n->room);
	size_t len = 0, i;

	sort(n);
	n->count /= 2;
	for (i = 0; i < n->count; i++) {
		const char *one = n->bytes + n->at[i];
		size_t size = strlen(one + 1) + 2;

		memcpy(kept + len, one, size);
		n->at[i] = (uint32_t)len;
		len += size;
	}
	free(n->bytes);
	n->bytes = kept;
	n->len = len;
	n->more = true;
}

static void
add(struct names *n, const char *name, unsigned char type)
{
	size_t size = strlen(name) + 2;

	if (n->len + size > n->room) {
		n->room = n->room == 0 ? 4096 : n->room * 2;
		n->bytes = xreallocarray(n->bytes, n->room, 1);
	}
	if (n->count == n->slots) {
		n->slots = n->slots == 0 ? 64 : n->slots * 2;
		n->at = xreallocarray(n->at, n->slots, sizeof *n->at);
	}
	n->at[n->count++] = (uint32_t)n->len;
	n->bytes[n->len] = (char)type;
	memcpy(n->bytes + n->len + 1, name, size - 1);
	n->len += size;
}

int
names_read(struct names *n, DIR *d, const char *after, bool inclusive, size_t limit)
{
	char ceiling[sizeof(((struct dirent *)0)->d_name)] = "";
	struct dirent *ent;
	int cmp;

	n->len = n->count = n->next = 0;
	n->more = false;
	for (errno = 0; (ent = readdir(d)) != NULL; errno = 0) {
		const char *name = ent->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (after != NULL &&
		    ((cmp = strcmp(name, after)) < 0 || (cmp == 0 && !inclusive)))
			continue;
		if (n->more && strcmp(name, ceiling) > 0)
			continue;
		/* growing doubles: half the limit is the last size that may be full */
		if (n->count > 16 &&
		    (n->len + sizeof ceiling + 2) * 2 + n->count * 2 * sizeof *n->at >
			limit) {
			halve(n);
			(void)text_copy(ceiling, sizeof ceiling,
					n->bytes + n->at[n->count - 1] + 1);
			if (strcmp(name, ceiling) > 0)
				continue;
		}
		add(n, name, ent->d_type);
	}
	cmp = errno;
	sort(n);
	return cmp;
}

const char *
names_next(struct names *n, unsigned char *type_out)
{
	const char *one;

	if (n->next == n->count)
		return NULL;
	one = n->bytes + n->at[n->next++];
	*type_out = (unsigned char)one[0];
	return one + 1;
}

size_t
names_memory(const struct names *n)
{
	return n->room + n->slots * sizeof *n->at;
}

void
names_free(struct names *n)
{
	free(n->bytes);
	free(n->at);
	*n = (struct names){0};
}
