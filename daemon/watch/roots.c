/*
 * roots - the directories that watch_roots names, as they are now
 *
 * Job:     see roots.h.
 * Touches: the file system (reads directories), an inotify of its own.
 * Source:  glob(7), inotify(7).
 */
#include "roots.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events.h"
#include "safe.h"
#include "text.h"
#include "xmem.h"

#define LINKS_MAX 8
#define WATCHED_MAX 1048576 /* directories in which roots may appear */
#define PARENT_MASK \
	(IN_CREATE | IN_MOVED_TO | IN_MOVE_SELF | IN_DELETE_SELF | IN_ONLYDIR | \
	 IN_DONT_FOLLOW | IN_MASK_ADD)
#define ROOT_MASK \
	(IN_MOVE_SELF | IN_DELETE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW | IN_MASK_ADD)
#define COMPONENTS 63 /* bits of `awaited`; the last stands for every other name */

struct names {
	char **at;
	size_t count, room;
};

/* The components of all patterns, each with its bit in `awaited`. */
struct components {
	char names[COMPONENTS][256];
	size_t count;
};

struct expansion {
	struct roots *r;
	struct names found;
	struct names links; /* where links of accounts lead to */
	struct components *known;
	int depth; /* links followed */
};

void
roots_init(struct roots *r)
{
	memset(r, 0, sizeof *r);
	r->in = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

static uint64_t
bit_of(struct components *k, const char *component)
{
	size_t i;

	for (i = 0; i < k->count; i++)
		if (strcmp(k->names[i], component) == 0)
			return (uint64_t)1 << i;
	if (k->count == COMPONENTS ||
	    !text_copy(k->names[i], sizeof k->names[i], component))
		return (uint64_t)1 << COMPONENTS;
	k->count++;
	return (uint64_t)1 << i;
}

/* Every component of every pattern, always in the same order. */
static void
components_of(struct components *k, const struct conf *c)
{
	char pattern[1024];
	const char *at = NULL;

	k->count = 0;
	while (conf_list_next(c->watch_roots, &at, pattern, sizeof pattern)) {
		char *p = pattern, *next;

		for (; p != NULL; p = next) {
			next = strchr(p, '/');
			if (next != NULL)
				*next++ = '\0';
			if (*p != '\0')
				(void)bit_of(k, p);
		}
	}
}

/* Notice when one of these components appears in path, or path itself goes. */
static void
await(struct roots *r, const char *path, uint64_t bits, uint32_t mask)
{
	int wd = r->in < 0 ? -1 : inotify_add_watch(r->in, path, mask);

	if (wd < 0 || wd >= WATCHED_MAX)
		return;
	if ((size_t)wd >= r->awaited_count) {
		size_t n = (size_t)wd + 256;

		r->awaited = xreallocarray(r->awaited, n, sizeof *r->awaited);
		memset(r->awaited + r->awaited_count, 0,
		       (n - r->awaited_count) * sizeof *r->awaited);
		r->awaited_count = n;
	}
	r->awaited[wd] |= bits;
}

/* A link may be followed when root (or we ourselves) made it: /var/www -> /srv/www. */
static bool
ours(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

static void
add_name(struct names *n, const char *path)
{
	if (n->count == n->room) {
		n->room = n->room == 0 ? 64 : n->room * 2;
		n->at = xreallocarray(n->at, n->room, sizeof(char *));
	}
	n->at[n->count++] = xstrdup(path);
}

static void expand(struct expansion *x, const char *dir, const char *pattern);

/* dir/name is there and rest of the pattern goes on in it. */
static void
descend(struct expansion *x, const char *dir, const char *name, const char *rest)
{
	char path[PATH_MAX], *real;
	size_t n = strlen(dir), k = strlen(name);
	struct stat st;

	if (n + k + 2 > sizeof path)
		return;
	memcpy(path, dir, n);
	if (n > 1)
		path[n++] = '/';
	memcpy(path + n, name, k + 1);
	if (lstat(path, &st) != 0)
		return;
	if (S_ISLNK(st.st_mode)) {
		if (!ours(&st)) {
			real = *rest == '\0' && x->links.count < ROOTS_MAX
				   ? realpath(path, NULL)
				   : NULL;
			if (real != NULL)
				add_name(&x->links, real);
			free(real);
			return;
		}
		real = x->depth < LINKS_MAX ? realpath(path, NULL) : NULL;
		if (real == NULL || stat(real, &st) != 0 || !S_ISDIR(st.st_mode) ||
		    !text_copy(path, sizeof path, real)) {
			free(real);
			return;
		}
		free(real);
		x->depth++;
		expand(x, path, rest);
		x->depth--;
	} else if (S_ISDIR(st.st_mode)) {
		expand(x, path, rest);
	}
}

static void
match(struct expansion *x, const char *dir, const char *component, const char *rest)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	struct stat st;
	size_t matches = 0;
	bool tenant;

	if (d == NULL)
		return;
	tenant = fstat(dirfd(d), &st) == 0 && !ours(&st);
	while ((e = readdir(d)) != NULL) {
		if (e->d_type != DT_DIR && e->d_type != DT_LNK && e->d_type != DT_UNKNOWN)
			continue;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    fnmatch(component, e->d_name, FNM_PERIOD) != 0)
			continue;
		if (tenant && ++matches > ROOTS_TENANT_MAX) {
			x->r->cut++;
			break;
		}
		descend(x, dir, e->d_name, rest);
	}
	closedir(d);
}

/* dir is a real directory; pattern is what is left, "" at the end. */
static void
expand(struct expansion *x, const char *dir, const char *pattern)
{
	char component[256];
	const char *end;
	size_t n;

	while (*pattern == '/')
		pattern++;
	if (*pattern == '\0') {
		await(x->r, dir, 0, ROOT_MASK);
		if (x->found.count < ROOTS_MAX)
			add_name(&x->found, dir);
		else
			x->r->full = true;
		return;
	}
	end = strchr(pattern, '/');
	n = end == NULL ? strlen(pattern) : (size_t)(end - pattern);
	if (n >= sizeof component)
		return;
	memcpy(component, pattern, n);
	component[n] = '\0';
	/* first the watch, then the look: what appears in between is told */
	await(x->r, dir, bit_of(x->known, component), PARENT_MASK);
	if (strpbrk(component, "*?[\\") != NULL)
		match(x, dir, component, pattern + n);
	else
		descend(x, dir, component, pattern + n);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
expand_all(struct roots *r, const struct conf *c, struct names *out,
	   struct names *links_out)
{
	static struct components known;
	struct expansion x = {.r = r, .known = &known};
	char pattern[1024];
	const char *at = NULL;

	r->cut = 0;
	r->full = false;
	components_of(&known, c);
	while (conf_list_next(c->watch_roots, &at, pattern, sizeof pattern))
		if (pattern[0] == '/')
			expand(&x, "/", pattern);
	*out = x.found;
	*links_out = x.links;
	if (out->count > 1)
		qsort(out->at, out->count, sizeof(char *), by_name);
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

/* The live root whose path is the first n bytes of path; NULL: none. */
static struct root *
find(const struct roots *r, const char *path, size_t n)
{
	size_t low = 0, high = r->order_count;

	while (low < high) {
		size_t mid = (low + high) / 2;
		struct root *root = &r->all[r->order[mid]];
		int d = strncmp(path, root->path == NULL ? "" : root->path, n);

		if (d == 0 && root->path != NULL)
			d = root->path[n] == '\0' ? 0 : -1;
		if (d == 0)
			return root;
		if (d < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

static int
by_path(const void *a, const void *b, void *arg)
{
	const struct roots *r = arg;

	return strcmp(r->all[*(const uint32_t *)a].path,
		      r->all[*(const uint32_t *)b].path);
}

static void
put_in_order(struct roots *r)
{
	size_t i;

	free(r->order);
	r->order = xcalloc(r->count + 1, sizeof *r->order);
	r->order_count = 0;
	for (i = 0; i < r->count; i++)
		if (r->all[i].path != NULL)
			r->order[r->order_count++] = (uint32_t)i;
	if (r->order_count > 1)
		qsort_r(r->order, r->order_count, sizeof *r->order, by_path, r);
}

/* A free number, from *hint on. */
static size_t
slot(struct roots *r, size_t *hint)
{
	while (*hint < r->count && r->all[*hint].path != NULL)
		++*hint;
	if (*hint == r->count) {
		r->all = xreallocarray(r->all, r->count + 256, sizeof *r->all);
		memset(r->all + r->count, 0, 256 * sizeof *r->all);
		r->count += 256;
	}
	return *hint;
}

/* First pass: which known roots are what they were. */
static void
still_there(struct roots *r, const char *path)
{
	struct root *root = find(r, path, strlen(path));
	struct stat st;

	if (root != NULL && look(path, &st))
		root->seen = root->dev == st.st_dev && root->ino == st.st_ino;
}

/* Second pass: what is new, or was found to be another directory. */
static void
new_root(struct roots *r, const char *path, const struct roots_calls *calls, size_t *hint)
{
	struct root *root;
	struct stat st;
	size_t i;

	if (!look(path, &st))
		return;
	i = slot(r, hint);
	root = &r->all[i];
	root->path = xstrdup(path);
	root->dev = st.st_dev;
	root->ino = st.st_ino;
	root->uid = st.st_uid;
	root->seen = true;
	r->live++;
	root->watched = calls->came(r, i);
	if (root->watched)
		return;
	free(root->path);
	memset(root, 0, sizeof *root);
	r->live--;
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
	struct names n, links;
	const char *last = NULL, *below;
	size_t i, keep = 0, hint = 0;

	expand_all(r, c, &n, &links);
	for (i = 0; i < n.count; i++) {
		/* not what lies below the one before it */
		if (last != NULL && is_below(n.at[i], last)) {
			free(n.at[i]);
			continue;
		}
		last = n.at[keep++] = n.at[i];
	}
	for (i = 0; i < r->count; i++)
		r->all[i].seen = false;
	for (i = 0; i < keep; i++)
		still_there(r, n.at[i]);
	sweep(r, calls);
	put_in_order(r);
	for (i = 0; i < keep; i++) {
		if (find(r, n.at[i], strlen(n.at[i])) == NULL)
			new_root(r, n.at[i], calls, &hint);
		free(n.at[i]);
	}
	free(n.at);
	put_in_order(r);
	/* public_html by another name is watched all the same */
	for (i = r->refused = 0; i < links.count; i++) {
		r->refused += roots_find(r, links.at[i], &below) < 0;
		free(links.at[i]);
	}
	free(links.at);
}

/* Would this name in a directory with these bits make a root, or lead to one? */
static bool
awaited(const struct roots *r, const struct conf *c, const struct ino_event *ev)
{
	static struct components known;
	uint64_t bits = ev->wd >= 0 && (size_t)ev->wd < r->awaited_count
			    ? r->awaited[ev->wd]
			    : (uint64_t)1 << COMPONENTS;
	size_t i;

	if ((bits & (uint64_t)1 << COMPONENTS) != 0)
		return true;
	components_of(&known, c);
	for (i = 0; i < known.count; i++)
		if ((bits & (uint64_t)1 << i) != 0 &&
		    fnmatch(known.names[i], ev->name, FNM_PERIOD) == 0)
			return true;
	return false;
}

bool
roots_drain(struct roots *r, const struct conf *c)
{
	static char buf[16384] __attribute__((aligned(8)));
	struct ino_event ev;
	bool changed = false;
	ssize_t n;

	while (r->in >= 0 && (n = read(r->in, buf, sizeof buf)) > 0) {
		size_t at = 0;

		while (ino_next(buf, (size_t)n, &at, &ev) > 0) {
			if ((ev.mask & (IN_Q_OVERFLOW | IN_MOVE_SELF | IN_DELETE_SELF |
					IN_UNMOUNT)) != 0)
				changed = true;
			else if ((ev.mask & IN_ISDIR) != 0 && !changed)
				changed = awaited(r, c, &ev);
			r->unmounted = r->unmounted || (ev.mask & IN_UNMOUNT) != 0;
			if ((ev.mask & IN_IGNORED) != 0 && ev.wd >= 0 &&
			    (size_t)ev.wd < r->awaited_count)
				r->awaited[ev.wd] = 0;
		}
	}
	return changed;
}

int
roots_find(const struct roots *r, const char *path, const char **below_out)
{
	const char *p = path;
	const struct root *root = find(r, path, *path == '/');
	size_t n = 1;

	if (*path == '/' && root != NULL) {
		*below_out = path + strspn(path, "/");
		return (int)(root - r->all);
	}
	while (*p == '/') {

		p = strchr(p + 1, '/');
		n = p == NULL ? strlen(path) : (size_t)(p - path);
		root = find(r, path, n);
		if (root != NULL) {
			*below_out = path + n + strspn(path + n, "/");
			return (int)(root - r->all);
		}
		if (p == NULL)
			break;
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
	free(r->order);
	free(r->awaited);
	if (r->in >= 0)
		close(r->in);
	memset(r, 0, sizeof *r);
	r->in = -1;
}
