/*
 * brake - the list of domains whose mail waits in the MTA
 *
 * Job:     the verb BRAKE: the whole list anew, whatever stood there; never half a list,
 * one at a time, the last one asked for wins. At a stop the list is emptied: nobody would
 * ever lift a brake then. Touches: brake_file, and for Postfix the compiled map beside
 * it.
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

static const char *const env[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", NULL};

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
	return good_domain(host);
}

/* One entry: held, relayed say which kinds this file takes. */
static bool
write_entry(FILE *f, const struct mtaq *mta, const char *word, bool held, bool relayed)
{
	char host[254];
	unsigned port;

	switch (word[0]) {
	case '!':
		if (held && mta->pass_line != NULL && good_address(word + 1))
			mta->pass_line(f, word + 1);
		return true;
	case '>':
		if (!good_domain(word + 1))
			return false;
		/* without a smarthost that works it waits */
		if (!smarthost(host, sizeof(host), &port)) {
			if (held)
				mta->brake_line(f, word + 1);
		} else if (relayed) {
			mta->relay_line(f, word + 1, host, port);
		}
		return true;
	default:
		if (!good_domain(word))
			return false;
		if (held)
			mta->brake_line(f, word);
		return true;
	}
}

/* NULL, or what is wrong. */
static const char *
write_list(FILE *f, const struct mtaq *mta, const void *domains, size_t len, bool held,
	   bool relayed)
{
	struct strings s = strings_of(domains, len);
	const char *word;

	fprintf(f, "# written by mailbrake: mail to these domains %s\n",
		held ? "waits" : "goes by another server");
	while ((word = strings_next(&s)) != NULL)
		if (!write_entry(f, mta, word, held, relayed))
			return "an entry is no domain";
	return NULL;
}

static const char *
replace(const char *fresh, const struct mtaq *mta, const void *domains, size_t len,
	bool held, bool relayed)
{
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	const char *why;

	if (f == NULL)
		return "brake_file cannot be written";
	why = write_list(f, mta, domains, len, held, relayed);
	if (fflush(f) != 0 || fchmod(fd, 0644) != 0 || fsync(fd) != 0)
		why = "brake_file cannot be written";
	if (fclose(f) != 0 && why == NULL)
		why = "brake_file cannot be written";
	return why;
}

/* Exim's second file, before the first: a domain that is in both waits. */
static const char *
replace_beside(const void *domains, size_t len)
{
	char fresh[320], path[320];
	const char *why;

	snprintf(path, sizeof(path), "%s" MTAQ_BESIDE, now.path);
	snprintf(fresh, sizeof(fresh), "%s" MTAQ_BESIDE, now.fresh);
	why = replace(fresh, now.mta, domains, len, false, true);
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
	struct job_spec spec = {.program = argv[0],
				.argv = argv,
				.env = env,
				.stdin_fd = -1,
				.timeout_s = COMPILE_TIMEOUT_S};
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
	struct job_spec spec = {.program = argv[0],
				.argv = argv,
				.env = env,
				.stdin_fd = -1,
				.timeout_s = COMPILE_TIMEOUT_S};

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
	why = now.mta == NULL ? "no MTA that could be braked" : NULL;
	if (why == NULL && now.mta->relay_beside)
		why = replace_beside(domains, len);
	if (why == NULL)
		why = replace(now.fresh, now.mta, domains, len, true,
			      !now.mta->relay_beside);
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
