/*
 * forwarders - which of our addresses forward to the large providers
 *
 * Job:     see forwarders.h.
 * Touches: the files, by reading.
 */
#include "forwarders.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum form {
	FORM_COLON, /* address: target, target */
	FORM_BLANK, /* address target, target */
	FORM_LIST,  /* target, target */
};

static const struct place {
	const char *glob;
	enum form form;
} places[] = {
    {"/etc/valiases/*", FORM_COLON},      {"/etc/virtual/*/aliases", FORM_COLON},
    {"/etc/aliases", FORM_COLON},         {"/etc/exim/aliases", FORM_COLON},
    {"/etc/postfix/virtual", FORM_BLANK}, {"/etc/postfix/virtual_alias", FORM_BLANK},
    {"/home/*/.forward", FORM_LIST},      {"/root/.forward", FORM_LIST},
};

struct walk {
	const struct provider_table *t;
	forwarder_fn fn;
	void *arg;
	const char *file;
	unsigned told;
};

/* "a@b.test", also within quotes or brackets; pipes, files and :fail: are no target. */
static void
target(struct walk *w, const char *address, char *s)
{
	struct forwarder f = {.file = w->file, .address = address};
	char *end;
	int id;

	s += strspn(s, " \t\"<\\");
	end = s + strcspn(s, " \t\r\">;");
	*end = '\0';
	if (strchr("|/:", *s) != NULL || strchr(s, '@') == NULL)
		return;
	if ((id = provider_find(w->t, NULL, strrchr(s, '@') + 1)) < 0)
		return;
	f.target = s;
	f.provider = provider_name(w->t, id);
	w->told++;
	w->fn(w->arg, &f);
}

static void
targets(struct walk *w, const char *address, char *s)
{
	for (char *next = s; next != NULL; s = next) {
		if ((next = strchr(s, ',')) != NULL)
			*next++ = '\0';
		target(w, address, s);
	}
}

static void
one_line(struct walk *w, enum form form, char *line)
{
	char *cut;

	line += strspn(line, " \t");
	if (*line == '#' || *line == '\0')
		return;
	if (form == FORM_LIST) {
		targets(w, "", line);
		return;
	}
	cut = form == FORM_COLON ? strchr(line, ':') : line + strcspn(line, " \t");
	if (cut == NULL || *cut == '\0')
		return;
	*cut = '\0';
	targets(w, line, cut + 1);
}

/* A tenant's file may be anything: no link, no device, no waiting. */
static bool
one_file(struct walk *w, const char *path, enum form form)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	char *buf, *next;
	struct stat st;
	size_t got = 0;
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (buf = calloc(1, FORWARD_BYTES + 1)) == NULL) {
		close(fd);
		return false;
	}
	while (got < FORWARD_BYTES && (n = read(fd, buf + got, FORWARD_BYTES - got)) > 0)
		got += (size_t)n;
	close(fd);
	w->file = path;
	for (char *s = buf; s != NULL; s = next) {
		if ((next = strchr(s, '\n')) != NULL)
			*next++ = '\0';
		one_line(w, form, s);
	}
	free(buf);
	return got < FORWARD_BYTES;
}

unsigned
forwarders_each(const struct provider_table *t, const char *root, forwarder_fn fn,
		void *arg, unsigned *unread_out)
{
	struct walk w = {.t = t, .fn = fn, .arg = arg};
	char pattern[4200];

	*unread_out = 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		glob_t g;

		snprintf(pattern, sizeof(pattern), "%s%s", root, places[i].glob);
		if (glob(pattern, 0, NULL, &g) != 0)
			continue;
		for (size_t k = 0; k < g.gl_pathc; k++)
			*unread_out += !one_file(&w, g.gl_pathv[k], places[i].form);
		globfree(&g);
	}
	return w.told;
}
