/*
 * owners - whose a mail domain is, by the panel's own list
 *
 * Job:     see owners.h.
 * Touches: the heap, a descriptor it is given.
 * Source:  cPanel's /etc/userdomains: "shop.example: login", "*: nobody"; DirectAdmin's
 *          domainowners has the same form.
 */
#include "owners.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mt_scan.h"
#include "priv.h"
#include "text.h"
#include "xmem.h"

struct owner {
	const char *domain, *login;
};

struct owners {
	char *text;
	struct owner *list;
	unsigned count;
	bool full;
};

struct owners *
owners_new(void)
{
	return xcalloc(1, sizeof(struct owners));
}

void
owners_free(struct owners **op)
{
	struct owners *o = *op;

	*op = NULL;
	if (o == NULL)
		return;
	free(o->text);
	free(o->list);
	free(o);
}

static int
compare(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	return strcmp(x->domain, y->domain);
}

int
owners_places(const struct conf *c, const char *places[OWNERS_PLACES])
{
	if (strcmp(c->own_domains, "none") == 0)
		return 0;
	if (strcmp(c->own_domains, "auto") != 0) {
		places[0] = c->own_domains;
		return 1;
	}
	places[0] = "/etc/mailbrake/domains";
	places[1] = "/etc/userdomains";
	places[2] = "/etc/virtual/domainowners";
	return 3;
}

bool
owners_believed(const struct stat *st)
{
	return (st->st_uid == 0 || (!priv_root() && st->st_uid == geteuid())) &&
	       (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

bool
owners_read(struct owners *o, int take_fd)
{
	char *text = xcalloc(1, OWNERS_BYTES + 1), *next;
	struct owner *list = xcalloc(OWNERS_MAX, sizeof(*list));
	size_t got = 0;
	ssize_t n = 0;
	unsigned count = 0;

	while (got < OWNERS_BYTES &&
	       (n = read(take_fd, text + got, OWNERS_BYTES - got)) > 0)
		got += (size_t)n;
	close(take_fd);
	if (n < 0) {
		free(text);
		free(list);
		return false;
	}
	o->full = got == OWNERS_BYTES;
	for (char *s = text; s != NULL; s = next) {
		char *colon;

		if ((next = strchr(s, '\n')) != NULL)
			*next++ = '\0';
		if ((colon = strchr(s, ':')) == NULL || *s == '*' || *s == '#')
			continue;
		if (count == OWNERS_MAX) {
			o->full = true;
			break;
		}
		*colon = '\0';
		list[count].domain = text_lower(text_trim(s));
		list[count++].login = text_trim(colon + 1);
	}
	if (count > 0)
		qsort(list, count, sizeof(*list), compare);
	free(o->text);
	free(o->list);
	o->text = text;
	o->list = list;
	o->count = count;
	return true;
}

const char *
owners_find(const struct owners *o, struct slice address)
{
	char domain[256];
	struct slice d = slice_domain(address);
	struct owner key = {domain, NULL};
	const struct owner *hit;

	/* some logins are "box+shop.example" or "box/shop.example" */
	if (d.s == NULL && address.s != NULL) {
		const char *cut = memrchr(address.s, '+', address.len);

		if (cut == NULL)
			return NULL;
		d = slice_of(cut + 1, address.s + address.len);
	}
	if (o->count == 0 || d.s == NULL || d.len >= sizeof(domain))
		return NULL;
	text_lower(slice_copy(domain, sizeof(domain), d));
	hit = bsearch(&key, o->list, o->count, sizeof(*o->list), compare);
	return hit == NULL ? NULL : hit->login;
}

bool
owners_full(const struct owners *o)
{
	return o->full;
}

unsigned
owners_count(const struct owners *o)
{
	return o == NULL ? 0 : o->count;
}
