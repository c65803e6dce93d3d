/*
 * dirs - the directories that inotify watches, as a tree by watch descriptor
 *
 * Job:     see dirs.h.
 * Touches: the heap.
 */
#include "dirs.h"

#include <stdlib.h>
#include <string.h>

#include "xmem.h"

#define PAGE_BITS 12
#define PAGE_NODES (1u << PAGE_BITS)
#define PAGES (1u << (32 - PAGE_BITS))

struct node {
	uint32_t parent;
	uint32_t ino;  /* low half */
	uint32_t name; /* offset in the page's names; 0: no node */
};

struct page {
	struct node nodes[PAGE_NODES];
	uint32_t used; /* nodes */
	uint32_t names_len, names_room, names_dead;
	char *names;
};

struct dirs {
	struct page **pages; /* PAGES pointers; untouched ones cost nothing */
	size_t count;
	char *path; /* of dirs_path */
	size_t path_room;
	uint32_t chain[DIRS_DEPTH_MAX];
};

struct dirs *
dirs_new(void)
{
	struct dirs *d = xcalloc(1, sizeof *d);

	d->pages = xcalloc(PAGES, sizeof(struct page *));
	return d;
}

static struct node *
find(const struct dirs *d, uint32_t n)
{
	struct page *p = d->pages[n >> PAGE_BITS];
	struct node *node = p == NULL ? NULL : &p->nodes[n & (PAGE_NODES - 1)];

	return node == NULL || node->name == 0 ? NULL : node;
}

static const char *
name_of(const struct dirs *d, uint32_t n, const struct node *node)
{
	return d->pages[n >> PAGE_BITS]->names + node->name;
}

/* Names of removed nodes are squeezed out when they are most of the page's. */
static void
names_pack(struct page *p)
{
	char *new = xcalloc(1, p->names_room);
	uint32_t len = 1, i;

	for (i = 0; i < PAGE_NODES; i++) {
		uint32_t n;

		if (p->nodes[i].name == 0)
			continue;
		n = (uint32_t)strlen(p->names + p->nodes[i].name) + 1;
		memcpy(new + len, p->names + p->nodes[i].name, n);
		p->nodes[i].name = len;
		len += n;
	}
	free(p->names);
	p->names = new;
	p->names_len = len;
	p->names_dead = 0;
}

static uint32_t
names_add(struct page *p, const char *name)
{
	uint32_t n = (uint32_t)strlen(name) + 1, at;

	if (p->names_len + n > p->names_room && p->names_dead > p->names_room / 2)
		names_pack(p);
	if (p->names_len + n > p->names_room) {
		p->names_room += p->names_room / 4 + n + 1024;
		p->names = xreallocarray(p->names, p->names_room, 1);
		if (p->names_len == 0)
			p->names[p->names_len++] = '\0';
	}
	at = p->names_len;
	memcpy(p->names + at, name, n);
	p->names_len += n;
	return at;
}

void
dirs_set(struct dirs *d, uint32_t n, uint32_t parent, const char *name, uint64_t ino)
{
	struct page **pp = &d->pages[n >> PAGE_BITS], *p = *pp;
	struct node *node;
	uint32_t old;

	if (p == NULL)
		p = *pp = xcalloc(1, sizeof *p);
	node = &p->nodes[n & (PAGE_NODES - 1)];
	old = node->name;
	node->parent = parent;
	node->ino = (uint32_t)ino;
	if (old != 0 && strcmp(p->names + old, name) == 0)
		return;
	node->name = 0;
	if (old != 0)
		p->names_dead += (uint32_t)strlen(p->names + old) + 1;
	else
		p->used++;
	d->count += old == 0;
	node->name = names_add(p, name);
}

void
dirs_del(struct dirs *d, uint32_t n)
{
	struct page *p = d->pages[n >> PAGE_BITS];
	struct node *node = find(d, n);

	if (node == NULL)
		return;
	p->names_dead += (uint32_t)strlen(p->names + node->name) + 1;
	memset(node, 0, sizeof *node);
	d->count--;
	if (--p->used > 0)
		return;
	d->pages[n >> PAGE_BITS] = NULL;
	free(p->names);
	free(p);
}

bool
dirs_has(const struct dirs *d, uint32_t n)
{
	return find(d, n) != NULL;
}

bool
dirs_same(const struct dirs *d, uint32_t n, uint64_t ino)
{
	const struct node *node = find(d, n);

	return node != NULL && node->ino == (uint32_t)ino;
}

size_t
dirs_count(const struct dirs *d)
{
	return d->count;
}

const char *
dirs_path(struct dirs *d, uint32_t n, uint32_t *root_out)
{
	size_t depth = 0, len = 1, at = 0;
	const struct node *node;

	for (;; n = node->parent) {
		node = find(d, n);
		if (node == NULL || depth == DIRS_DEPTH_MAX)
			return NULL;
		if ((node->parent & DIRS_ROOT) != 0)
			break;
		d->chain[depth++] = n;
		len += strlen(name_of(d, n, node)) + 1;
	}
	*root_out = node->parent & ~DIRS_ROOT;
	if (len > d->path_room) {
		d->path_room = len + 4096;
		d->path = xreallocarray(d->path, d->path_room, 1);
	}
	while (depth-- > 0) {
		const char *name = name_of(d, d->chain[depth], find(d, d->chain[depth]));
		size_t k = strlen(name);

		memcpy(d->path + at, name, k);
		at += k;
		if (depth > 0)
			d->path[at++] = '/';
	}
	d->path[at] = '\0';
	return d->path;
}

void
dirs_free(struct dirs **d)
{
	uint32_t i;

	if (*d == NULL)
		return;
	for (i = 0; i < PAGES; i++) {
		if ((*d)->pages[i] != NULL)
			free((*d)->pages[i]->names);
		free((*d)->pages[i]);
	}
	free((*d)->pages);
	free((*d)->path);
	free(*d);
	*d = NULL;
}
