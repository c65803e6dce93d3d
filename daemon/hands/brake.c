/*
 * brake - the list of domains whose mail waits in the MTA
 *
 * Job:     the verb BRAKE: the whole list anew, whatever stood there; never half a list,
 *          one at a time, the last one asked for wins. At a stop the list is emptied:
 *          nobody would ever lift a brake then.
 * Touches: brake_file, and for Postfix the compiled map beside it.
 *
 * The file is written beside, synced and renamed, mode 0644: Exim stops all mail when
 * it cannot read it. An entry "!box@domain" lets this one recipient through (a probe).
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "job.h"
#include "log.h"
#include "mtaq.h"
#include "text.h"
#include "verbs.h"
#include "xmem.h"

#define COMPILE_TIMEOUT_S 30

/* The list that is being made the MTA's, and the one that was asked for meanwhile. */
static struct {
	bool busy;
	uint64_t asked;
	const struct mtaq *mta;
	char fresh[300], path[300];
} now;
static struct {
	bool any;
	uint64_t asked;
	char *domains;
	size_t len;
} next;
static bool stopped;

/* An address as a map's key: a plain local part only; others wait for the release. */
static bool
good_address(const char *s)
{
	const char *at = strrchr(s, '@');

	return at != NULL && at != s && at - s < 65 && text_is_domain(at + 1) &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789."
			 "-_+=") == (size_t)(at - s);
}

/* "host" or "host:port" of the settings; false: there is none, or it cannot be one. */
static bool
smarthost(char *host, size_t size, unsigned *port)
{
	const char *conf = hands_conf()->brake_smarthost, *colon = strchr(conf, ':');
	size_t n = colon == NULL ? strlen(conf) : (size_t)(colon - conf);
	int64_t v = 25;

	if (n == 0 || n >= size ||
	    (colon != NULL && !text_to_i64(colon + 1, 1, 65535, &v)))
		return false;
	memcpy(host, conf, n);
	host[n] = '\0';
	*port = (unsigned)v;
	for (size_t i = 0; i < n; i++)
		host[i] = (char)tolower((unsigned char)host[i]);
	return text_is_domain(host);
}

/* Which lines a file takes. */
enum lines {
	LINES_BRAKE = 1, /* domains that wait, recipients that are let through */
	LINES_RELAY = 2, /* domains that go by the smarthost */
	LINES_WAIT = 4,  /* those wait as well: no smarthost for now */
};

/* false: this one cannot stand in the list. */
static bool
write_entry(FILE *f, const struct mtaq *mta, const char *word, unsigned lines)
{
	char host[254];
	unsigned port;
	bool brake = (lines & LINES_BRAKE) != 0;

	switch (word[0]) {
	case '!':
		if (brake && mta->pass_line != NULL && good_address(word + 1))
			mta->pass_line(f, word + 1);
		return true;
	case '>':
		if (!text_is_domain(word + 1))
			return false;
		/* without a smarthost that works it waits */
		if ((lines & LINES_WAIT) != 0 || !smarthost(host, sizeof(host), &port)) {
			if (brake)
				mta->brake_line(f, word + 1);
		} else if ((lines & LINES_RELAY) != 0) {
			mta->relay_line(f, word + 1, host, port);
		}
		return true;
	default:
		if (!text_is_domain(word))
			return false;
		if (brake)
			mta->brake_line(f, word);
		return true;
	}
}

/* One entry that is unfit shall not keep the others from the MTA. */
static void
write_list(FILE *f, const struct mtaq *mta, const void *domains, size_t len,
	   unsigned lines)
{
	struct strings s = strings_of(domains, len);
	unsigned unfit = 0;
	const char *word;
	char shown[300];

	fprintf(f, "# written by mailbrake: mail to these domains %s\n",
		(lines & LINES_BRAKE) != 0 ? "waits" : "goes by another server");
	while ((word = strings_next(&s)) != NULL)
		if (!write_entry(f, mta, word, lines) && unfit++ == 0)
			(void)text_safe(shown, sizeof(shown), word);
	if (unfit > 0)
		log_warn_rate("brake_unfit", 600,
			      "brake_entries_left_out=%u first=\"%s\"", unfit, shown);
}

static const char *
replace(const char *fresh, const struct mtaq *mta, const void *domains, size_t len,
	unsigned lines)
{
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	bool ok;

	if (f == NULL) {
		if (fd >= 0)
			close(fd);
		return "brake_file cannot be written";
	}
	write_list(f, mta, domains, len, lines);
	ok = fflush(f) == 0 && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
	return fclose(f) == 0 && ok ? NULL : "brake_file cannot be written";
}

/* Does the MTA's list name anything? */
static bool
list_holds(const char *path)
{
	FILE *f = fopen(path, "rbe");
	char line[400];
	bool any = false;

	while (f != NULL && !any && fgets(line, sizeof(line), f) != NULL)
		any = line[0] != '#' && line[0] != '\n';
	if (f != NULL)
		fclose(f);
	return any;
}

/*
 * Exim's second file, before the first: a domain that is in both waits. One that is only
 * in the second now may be to wait from here on: then the first holds all of them before
 * the second lets go of any, so that no moment has it in neither.
 */
static const char *
replace_beside(const void *domains, size_t len)
{
	char fresh[320], path[320];
	const char *why = NULL;

	snprintf(path, sizeof(path), "%s" MTAQ_BESIDE, now.path);
	snprintf(fresh, sizeof(fresh), "%s" MTAQ_BESIDE, now.fresh);
	if (list_holds(path)) {
		why = replace(now.fresh, now.mta, domains, len, LINES_BRAKE | LINES_WAIT);
		if (why == NULL && rename(now.fresh, now.path) != 0)
			why = strerror(errno);
	}
	if (why == NULL)
		why = replace(fresh, now.mta, domains, len, LINES_RELAY);
	if (why == NULL && rename(fresh, path) != 0)
		why = strerror(errno);
	return why;
}

/* asked 0: nobody waits for it. */
static void
tell(uint64_t asked, bool ok, int64_t exit_code, const char *text)
{
	if (asked != 0)
		hands_done(asked, ok, exit_code, text);
	else if (!ok)
		log_warn("brake_not_emptied text=\"%s\"", text);
}

static void carry_out(uint64_t asked, const void *domains, size_t len);

static void
ended(bool ok, int64_t exit_code, const char *text)
{
	char *domains = next.domains;

	tell(now.asked, ok, exit_code, ok ? "" : text);
	now.busy = false;
	if (!next.any)
		return;
	next.any = false;
	next.domains = NULL;
	carry_out(next.asked, domains, next.len);
	free(domains);
}

static void
on_reloaded(void *arg, const struct job_end *end)
{
	(void)arg;
	ended(end->ran && !end->timed_out && end->exit_code == 0, end->exit_code,
	      end->text);
}

static void
on_compiled(void *arg, const struct job_end *end)
{
	char from[320], to[320];
	const char *argv[3] = {mtaq_program(now.mta->reloader), "reload", NULL};
	struct job_spec spec = job_plain(argv, COMPILE_TIMEOUT_S);
	struct err e;

	(void)arg;
	if (!end->ran || end->timed_out || end->exit_code != 0) {
		ended(false, end->exit_code, end->text);
		return;
	}
	/* the open map of a running daemon loses its last link: it opens the new one */
	snprintf(from, sizeof(from), "%s.db", now.fresh);
	snprintf(to, sizeof(to), "%s.db", now.path);
	if (rename(from, to) != 0 || rename(now.fresh, now.path) != 0)
		ended(false, -1, strerror(errno));
	else if (argv[0] == NULL)
		ended(false, -1, "there is no program that reloads the MTA");
	else if (job_start(&spec, on_reloaded, NULL, &e) != 0)
		ended(false, -1, e.text);
}

/* The compiled map first, then both names at once as nearly as rename(2) allows. */
static const char *
compile(struct err *e)
{
	char map[320];
	const char *argv[3] = {mtaq_program(now.mta->compiler), map, NULL};
	struct job_spec spec = job_plain(argv, COMPILE_TIMEOUT_S);

	if (argv[0] == NULL)
		return "postmap is not there";
	snprintf(map, sizeof(map), "hash:%s", now.fresh);
	return job_start(&spec, on_compiled, NULL, e) == 0 ? NULL : e->text;
}

static void
carry_out(uint64_t asked, const void *domains, size_t len)
{
	const char *why;
	struct err e;

	now.mta = mtaq_find(hands_conf()->mta);
	now.asked = asked;
	now.busy = true;
	(void)text_copy(now.path, sizeof(now.path), hands_conf()->brake_file);
	snprintf(now.fresh, sizeof(now.fresh), "%.290s.new", now.path);
	if (now.mta == NULL && len == 0) { /* nothing waits where there is no MTA */
		ended(true, 0, "");
		return;
	}
	why = now.mta == NULL ? "no MTA that could be braked" : NULL;
	if (why == NULL && now.mta->relay_beside)
		why = replace_beside(domains, len);
	if (why == NULL)
		why = replace(now.fresh, now.mta, domains, len,
			      now.mta->relay_beside ? LINES_BRAKE
						    : LINES_BRAKE | LINES_RELAY);
	if (why == NULL && now.mta->compiler != NULL) {
		if ((why = compile(&e)) == NULL)
			return;
	} else if (why == NULL && rename(now.fresh, now.path) != 0) {
		why = strerror(errno);
	}
	ended(why == NULL, why == NULL ? 0 : -1, why);
}

/* The last one asked for wins; one that it overtook is done with it. */
static void
want(uint64_t asked, const void *domains, size_t len)
{
	if (!now.busy) {
		carry_out(asked, domains, len);
		return;
	}
	if (next.any)
		tell(next.asked, true, 0, "");
	free(next.domains);
	next.domains = xcalloc(len + 1, 1);
	if (len > 0)
		memcpy(next.domains, domains, len);
	next.len = len;
	next.asked = asked;
	next.any = true;
}

void
verb_brake(struct msg *m)
{
	struct m_brake b;
	struct err e;

	if (m_brake_get(m, &b, &e) != 0)
		hands_done(0, false, -1, e.text);
	else if (stopped)
		hands_done(b.asked, false, -1, "the daemon stops");
	else
		want(b.asked, b.domains, b.domains_len);
}

void
brake_stop(void)
{
	char beside[320];

	if (stopped)
		return;
	stopped = true;
	snprintf(beside, sizeof(beside), "%s" MTAQ_BESIDE, hands_conf()->brake_file);
	if (mtaq_find(hands_conf()->mta) != NULL &&
	    (now.busy || list_holds(hands_conf()->brake_file) || list_holds(beside)))
		want(0, "", 0);
}
