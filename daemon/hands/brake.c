/*
 * brake - the list of domains whose mail waits in the MTA
 *
 * Job:     the verb BRAKE: the whole list anew, whatever stood there; never half a list.
 * Touches: brake_file, and for Postfix the compiled map beside it.
 *
 * The file is written beside, synced and renamed, mode 0644: Exim stops all mail when
 * it cannot read it. An entry "!box@domain" lets this one recipient through (a probe).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "job.h"
#include "mtaq.h"
#include "text.h"
#include "verbs.h"

#define COMPILE_TIMEOUT_S 30

static const char *const env[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", NULL};

struct compile {
	uint64_t asked;
	const struct mtaq *mta;
	char fresh[300], path[300];
};

/* Letters, digits, dots and dashes: nothing that means something in a map or list. */
static bool
good_domain(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n < 254 && s[0] != '.' && s[0] != '-' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789.-") == n;
}

/* An address as a map's key: a plain local part only; others wait for the release. */
static bool
good_address(const char *s)
{
	const char *at = strrchr(s, '@');

	return at != NULL && at != s && at - s < 65 && good_domain(at + 1) &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789."
			 "-_+=") == (size_t)(at - s);
}

/* NULL, or what is wrong. */
static const char *
write_list(FILE *f, const struct mtaq *mta, const struct m_brake *b)
{
	struct strings s = strings_of(b->domains, b->domains_len);
	const char *word;

	fputs("# written by mailbrake: mail to these domains waits\n", f);
	while ((word = strings_next(&s)) != NULL) {
		if (word[0] == '!') {
			if (mta->pass_line != NULL && good_address(word + 1))
				mta->pass_line(f, word + 1);
		} else if (good_domain(word)) {
			mta->brake_line(f, word);
		} else {
			return "an entry is no domain";
		}
	}
	return NULL;
}

static const char *
replace(const char *fresh, const struct mtaq *mta, const struct m_brake *b)
{
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	const char *why;

	if (f == NULL)
		return "brake_file cannot be written";
	why = write_list(f, mta, b);
	if (fflush(f) != 0 || fchmod(fd, 0644) != 0 || fsync(fd) != 0)
		why = "brake_file cannot be written";
	if (fclose(f) != 0 && why == NULL)
		why = "brake_file cannot be written";
	return why;
}

static void
on_reloaded(void *arg, const struct job_end *end)
{
	struct compile *c = arg;
	bool ok = end->ran && !end->timed_out && end->exit_code == 0;

	hands_done(c->asked, ok, end->exit_code, ok ? "" : end->text);
	free(c);
}

static void
on_compiled(void *arg, const struct job_end *end)
{
	struct compile *c = arg;
	char from[320], to[320];
	const char *argv[3] = {mtaq_program(c->mta->reloader), "reload", NULL};
	struct job_spec spec = {.program = argv[0],
				.argv = argv,
				.env = env,
				.stdin_fd = -1,
				.timeout_s = COMPILE_TIMEOUT_S};
	bool ok = end->ran && !end->timed_out && end->exit_code == 0;
	struct err e;

	/* the open map of a running daemon loses its last link: it opens the new one */
	snprintf(from, sizeof(from), "%s.db", c->fresh);
	snprintf(to, sizeof(to), "%s.db", c->path);
	ok = ok && rename(from, to) == 0 && rename(c->fresh, c->path) == 0;
	if (ok && argv[0] != NULL && job_start(&spec, on_reloaded, c, &e) == 0)
		return;
	hands_done(c->asked, ok, end->exit_code, ok ? "" : end->text);
	free(c);
}

/* The compiled map first, then both names at once as nearly as rename(2) allows. */
static const char *
compile(uint64_t asked, const struct mtaq *mta, const char *fresh, const char *path,
	struct err *e)
{
	struct compile *c = calloc(1, sizeof(*c));
	char map[320];
	const char *argv[3] = {mtaq_program(mta->compiler), map, NULL};
	struct job_spec spec = {.program = argv[0],
				.argv = argv,
				.env = env,
				.stdin_fd = -1,
				.timeout_s = COMPILE_TIMEOUT_S};

	if (c == NULL || argv[0] == NULL) {
		free(c);
		return "postmap is not there";
	}
	snprintf(map, sizeof(map), "hash:%s", fresh);
	c->asked = asked;
	c->mta = mta;
	(void)text_copy(c->fresh, sizeof(c->fresh), fresh);
	(void)text_copy(c->path, sizeof(c->path), path);
	if (job_start(&spec, on_compiled, c, e) == 0)
		return NULL;
	free(c);
	return e->text;
}

void
verb_brake(struct msg *m)
{
	const struct mtaq *mta = mtaq_find(hands_conf()->mta);
	const char *path = hands_conf()->brake_file, *why;
	char fresh[300];
	struct m_brake b;
	struct err e;

	if (m_brake_get(m, &b, &e) != 0) {
		hands_done(0, false, -1, e.text);
		return;
	}
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	why = mta == NULL ? "no MTA that could be braked" : replace(fresh, mta, &b);
	if (why == NULL && mta->compiler != NULL) {
		if ((why = compile(b.asked, mta, fresh, path, &e)) == NULL)
			return;
	} else if (why == NULL && rename(fresh, path) != 0) {
		why = strerror(errno);
	}
	hands_done(b.asked, why == NULL, why == NULL ? 0 : -1, why == NULL ? "" : why);
}
