/*
 * roots - the directories that watch_roots names, as they are now
 *
 * Job:     see roots.h.
 * Touches: the file system (reads directories).
 */
#include "roots.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "safe.h"
#include "text.h"
#include "xmem.h"

#define LINKS_MAX 16

/* A link may be followed when root (or we ourselves) made it: /var/www -> /srv/www. */
static bool
ours(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

/*
 * path with the admin's links resolved, for the caller to free; NULL when a tenant's link
 * is in the way (EPERM) or it is not there. What happens to it afterwards is met by
 * opening the result without following any link.
 */
static char *
without_links(const char *path)
{
	char *now = xstrdup(path);
	size_t i, links = 0;

	for (i = 1; now[i - 1] != '\0'; i++) {
		char saved = now[i], *real, *longer;
		struct stat st;
		int r;

		if (saved != '/' && saved != '\0')
			continue;
		now[i] = '\0';
		r = lstat(now, &st);
		real = r == 0 && S_ISLNK(st.st_mode) && ours(&st) && links++ < LINKS_MAX
			   ? realpath(now, NULL)
			   : NULL;
		now[i] = saved;
		if (r == 0 && !S_ISLNK(st.st_mode))
			continue;
		if (real == NULL) {
			free(now);
			errno = r == 0 ? EPERM : ENOENT;
			return NULL;
		}
		longer = xcalloc(1, strlen(real) + strlen(now + i) + 1);
		memcpy(longer, real, strlen(real));
		memcpy(longer + strlen(real), now + i, strlen(now + i) + 1);
		free(real);
		free(now);
		now = longer;
		i = 0;
	}
	return now;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
	char **at;
	size_t count, room;
};

static void
add_name(struct roots *r, struct names *n, const char *path)
{
	char *real;

	if (n->count >= ROOTS_MAX) {
		r->full = true;
		return;
	}
	real = without_links(path);
	if (real == NULL) {
		if (errno == EPERM)
			r->refused++;
		return;
	}
	if (n->count == n->room) {
		n->room = n->room == 0 ? 64 : n->room * 2;
		n->at = xreallocarray(n->at, n->room, sizeof(char *));
	}
	n->at[n->count++] = real;
}

static void
expand(struct roots *r, const struct conf *c, struct names *n)
{
	const char *at = NULL;
	char pattern[1024];

	r->refused = 0;
	r->full = false;
	while (conf_list_next(c->watch_roots, &at, pattern, sizeof pattern)) {
		size_t len = strlen(pattern), i;
		glob_t g;

		while (len > 1 && pattern[len - 1] == '/')
			pattern[--len] = '\0';
		if (pattern[0] != '/' || glob(pattern, GLOB_NOSORT, NULL, &g) != 0)
			continue;
		for (i = 0; i < g.gl_pathc; i++)
			add_name(r, n, g.gl_pathv[i]);
		globfree(&g);
	}
	if (n->count > 1)
		qsort(n->at, n->count, sizeof(char *), by_name);
}

static bool
is_below(const char *path, const char *root)
{
	size_t n = strlen(root);

	if (n == 1)
		return true;
	return strncmp(path, root, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* What stands at path now; false: no directory, or a link appeared in it. */
static bool
look(const char *path, struct stat *st)
{
	int fd = safe_open_abs(path, O_PATH);
	bool good = fd >= 0 && fstat(fd, st) == 0;

	if (fd >= 0)
		close(fd);
	return good;
}

static struct root *
slot(struct roots *r, size_t *number_out)
{
	size_t i;

	for (i = 0; i < r->count && r->all[i].path != NULL; i++)
		continue;
	if (i == r->count) {
		r->all = xreallocarray(r->all, r->count + 64, sizeof *r->all);
		memset(r->all + r->count, 0, 64 * sizeof *r->all);
		r->count += 64;
	}
	*number_out = i;
	return &r->all[i];
}

/* One directory of the globs: known, changed or new. by_path: known ones, sorted. */
static void
take_root(struct roots *r, const char *path, const struct roots_calls *calls)
{
	struct root *old = NULL, *new;
	struct stat st;
	size_t i;

	if (!look(path, &st))
		return;
	for (i = 0; i < r->count && old == NULL; i++)
		if (r->all[i].path != NULL && strcmp(r->all[i].path, path) == 0)
			old = &r->all[i];
	if (old != NULL && old->watched && old->dev == st.st_dev &&
	    old->ino == st.st_ino) {
		old->seen = true;
		return;
	}
	if (old != NULL)
		return; /* swept as unseen, and found as new in the second pass */
	new = slot(r, &i);
	new->path = xstrdup(path);
	new->dev = st.st_dev;
	new->ino = st.st_ino;
	new->uid = st.st_uid;
	new->seen = true;
	r->live++;
	new->watched = calls->came(r, i);
	if (!r->all[i].watched) {
		free(r->all[i].path);
		memset(&r->all[i], 0, sizeof r->all[i]);
		r->live--;
	}
}

static void
sweep(struct roots *r, const struct roots_calls *calls)
{
	size_t i;

	for (i = 0; i < r->count; i++) {
		struct root *root = &r->all[i];

		if (root->path == NULL || root->seen)
			continue;
		calls->went(r, i);
		free(root->path);
		memset(root, 0, sizeof *root);
		r->live--;
	}
}

void
roots_refresh(struct roots *r, const struct conf *c, const struct roots_calls *calls)
{
	struct names n = {NULL, 0, 0};
	const char *last = NULL;
	size_t i, pass;

	expand(r, c, &n);
	for (i = 0; i < r->count; i++)
		r->all[i].seen = false;
	for (pass = 0; pass < 2; pass++) {
		for (i = 0, last = NULL; i < n.count; i++) {
			if (last != NULL && is_below(n.at[i], last))
				continue;
			last = n.at[i];
			take_root(r, n.at[i], calls);
		}
		sweep(r, calls);
	}
	for (i = 0; i < n.count; i++)
		free(n.at[i]);
	free(n.at);
}

int
roots_find(const struct roots *r, const char *path, const char **below_out)
{
	size_t i;

	for (i = 0; i < r->count; i++) {
		const char *rest;

		if (r->all[i].path == NULL || !is_below(path, r->all[i].path))
			continue;
		rest = path + strlen(r->all[i].path);
		while (*rest == '/')
			rest++;
		*below_out = rest;
		return (int)i;
	}
	return -1;
}

bool
roots_excluded(const struct conf *c, const char *path)
{
	const char *at = NULL;
	char pattern[1024];

	if (c->watch_exclude[0] == '\0')
		return false;
	while (conf_list_next(c->watch_exclude, &at, pattern, sizeof pattern)) {
		size_t len = strlen(pattern);

		while (len > 1 && pattern[len - 1] == '/')
			pattern[--len] = '\0';
		if (fnmatch(pattern, path, FNM_PATHNAME) == 0)
			return true;
	}
	return false;
}

void
roots_fini(struct roots *r)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		free(r->all[i].path);
	free(r->all);
	memset(r, 0, sizeof *r);
}
