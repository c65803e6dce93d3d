/*
 * journal - the mail lines of the systemd journal
 *
 * Job:     see journal.h.
 * Touches: the journal's files, by libsystemd; reads only.
 */
#include "journal.h"

#include "log.h"

#include "text.h"

#ifdef MB_JOURNAL

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>

#include "mt_scan.h"
#include "xmem.h"

#define TEXT_MAX 32768 /* bytes of one entry's text that are read */

/* Loaded when a journal is opened: with what it brings along it would cost every process
 * of the daemon a megabyte. */
/* clang-format off */
#define SD_FUNCTIONS(X) \
	X(add_match) \
	X(close) X(get_cursor) X(get_data) X(get_fd) X(get_realtime_usec) X(get_usage) \
	    X(next) X(open) X(open_directory) X(previous) X(previous_skip) X(process) \
		X(seek_cursor) X(seek_tail) X(set_data_threshold) X(test_cursor)
/* clang-format on */
static struct {
	bool there;
#define X(name) __typeof__(sd_journal_##name) *name;
	SD_FUNCTIONS(X)
#undef X
} sd;

static int
sd_load(struct err *e)
{
	void *lib, *at;

	if (sd.there)
		return 0;
	lib = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
	if (lib == NULL)
		return err_set(e, ERR_SYS, "journal: %s", dlerror());
#define X(name) \
	if ((at = dlsym(lib, "sd_journal_" #name)) == NULL) \
		return err_set(e, ERR_SYS, "journal: %s", dlerror()); \
	memcpy(&sd.name, &at, sizeof at);
	SD_FUNCTIONS(X)
#undef X
	sd.there = true;
	return 0;
}

struct journal {
	sd_journal *sd;
	uid_t uids[JOURNAL_UIDS];
	size_t uid_count;
	bool given; /* an entry: the cursor stands on it */
	struct journal_counts counts;
	char text[TEXT_MAX];
};

static int
sd_error(struct err *e, int rc, const char *what)
{
	errno = -rc;
	return err_sys(e, "journal: %s", what);
}

int
journal_open(struct journal **out, const char *dir, const uid_t *uids, size_t n,
	     struct err *e)
{
	struct journal *j;
	uint64_t bytes;
	int rc;

	*out = NULL;
	if (sd_load(e) != 0)
		return -1;
	j = xcalloc(1, sizeof *j);
	rc = dir != NULL ? sd.open_directory(&j->sd, dir, 0)
			 : sd.open(&j->sd, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
	if (rc < 0) {
		free(j);
		return sd_error(e, rc, "open");
	}
	j->uid_count = n > JOURNAL_UIDS ? JOURNAL_UIDS : n;
	memcpy(j->uids, uids, j->uid_count * sizeof *uids);
	/* (the descriptor is asked for so that new and rotated files are noticed) */
	if ((rc = sd.set_data_threshold(j->sd, TEXT_MAX)) < 0 ||
	    (rc = sd.add_match(j->sd, "SYSLOG_FACILITY=2", 0)) < 0 ||
	    (rc = sd.get_fd(j->sd)) < 0) {
		journal_close(&j);
		return sd_error(e, rc, "set up");
	}
	/* files that may not be read are left out without a word */
	if (sd.get_usage(j->sd, &bytes) < 0 || bytes == 0) {
		journal_close(&j);
		return err_set(e, ERR_SYS,
			       "no file of the journal can be read: is there a group "
			       "systemd-journal?");
	}
	*out = j;
	return 0;
}

void
journal_close(struct journal **jp)
{
	struct journal *j = *jp;

	*jp = NULL;
	if (j == NULL)
		return;
	sd.close(j->sd);
	free(j);
}

/* The value of a field; {NULL, 0}: not there. Lives until the next field is read. */
static struct slice
field(struct journal *j, const char *name)
{
	const void *data;
	size_t len, n = strlen(name) + 1;

	if (sd.get_data(j->sd, name, &data, &len) < 0 || len < n)
		return (struct slice){NULL, 0};
	return (struct slice){(const char *)data + n, len - n};
}

static bool
number(struct slice s, uint64_t *out)
{
	struct cursor c = {s.s, s.s + s.len};

	return s.s != NULL && cursor_number(&c, out) && c.p == c.end;
}

/* Written by the MTA or root, by the kernel's word. Else counted, and its writer named:
 * any account can do it, so it is no fault of ours. */
static bool
its_own(struct journal *j)
{
	uint64_t uid = UINT64_MAX;
	bool known = number(field(j, "_UID"), &uid);
	size_t i;

	if (known && uid == 0)
		return true;
	for (i = 0; known && i < j->uid_count; i++)
		if (j->uids[i] == uid)
			return true;
	j->counts.forged++;
	log_warn_rate("forged", 60, "mta_line_forged uid=%lld count=%llu", (long long)uid,
		      (unsigned long long)j->counts.forged);
	return false;
}

/* The entry we stand on. */
static void
give(struct journal *j, journal_fn fn, void *arg)
{
	struct journal_entry entry = {.pid = 0};
	static char ident[64];
	struct slice s = field(j, "SYSLOG_IDENTIFIER");
	uint64_t us;

	if (s.s == NULL || s.len >= sizeof ident ||
	    (!slice_begins(s, "postfix") && !slice_begins(s, "exim")))
		return;
	(void)slice_copy(ident, sizeof ident, s);
	entry.ident = (struct slice){ident, strlen(ident)};
	if (!its_own(j))
		return;
	(void)number(field(j, "_PID"), &entry.pid);
	if (sd.get_realtime_usec(j->sd, &us) < 0)
		return;
	entry.time.us = (int64_t)us;
	s = field(j, "MESSAGE");
	if (s.s == NULL)
		return;
	entry.text.len = s.len < sizeof j->text ? s.len : sizeof j->text;
	memcpy(j->text, s.s, entry.text.len);
	entry.text.s = j->text;
	fn(arg, &entry);
}

/* From up to `entries` before where we stand to the one we stand on now. */
static int
warm_up(struct journal *j, const char *until, unsigned entries, journal_fn warm,
	void *arg, struct err *e)
{
	int rc = sd.previous_skip(j->sd, entries);

	if (rc < 0)
		return sd_error(e, rc, "go back");
	/* "previous" stands on an entry already */
	for (; rc > 0; rc = sd.next(j->sd)) {
		j->given = true;
		give(j, warm, arg);
		if (until != NULL && sd.test_cursor(j->sd, until) > 0)
			return 0;
	}
	return rc < 0 ? sd_error(e, rc, "read") : 0;
}

int
journal_start(struct journal *j, const char *cursor, unsigned warm_entries,
	      journal_fn warm, void *arg, struct err *e)
{
	int rc;

	if (cursor == NULL) {
		rc = sd.seek_tail(j->sd);
		return rc < 0 ? sd_error(e, rc, "end")
			      : warm_up(j, NULL, warm_entries, warm, arg, e);
	}
	if ((rc = sd.seek_cursor(j->sd, cursor)) < 0 || (rc = sd.next(j->sd)) < 0)
		return sd_error(e, rc, "place of the last run");
	if (rc == 0) /* nothing there or after it */
		return 0;
	if (sd.test_cursor(j->sd, cursor) > 0)
		return warm_up(j, cursor, warm_entries, warm, arg, e);
	j->counts.lost++;
	rc = sd.previous(j->sd); /* the entry found is a new one */
	return rc < 0 ? sd_error(e, rc, "go back") : 0;
}

int
journal_step(struct journal *j, journal_fn fn, void *arg, struct err *e)
{
	int rc, n;

	if ((rc = sd.process(j->sd)) < 0)
		return sd_error(e, rc, "look for new files");
	for (n = 0; n < JOURNAL_STEP; n++) {
		if ((rc = sd.next(j->sd)) < 0)
			return sd_error(e, rc, "read");
		if (rc == 0)
			return 0;
		j->given = true;
		give(j, fn, arg);
	}
	return 1;
}

int
journal_fd(const struct journal *j)
{
	return sd.get_fd(j->sd);
}

bool
journal_where(struct journal *j, char cursor[JOURNAL_CURSOR])
{
	char *s;
	bool ok;

	if (!j->given || sd.get_cursor(j->sd, &s) < 0)
		return false;
	ok = text_copy(cursor, JOURNAL_CURSOR, s);
	free(s);
	return ok;
}

struct journal_counts
journal_counts(const struct journal *j)
{
	return j->counts;
}

#else

int
journal_open(struct journal **out, const char *dir, const uid_t *uids, size_t n,
	     struct err *e)
{
	(void)dir;
	(void)uids;
	(void)n;
	*out = NULL;
	return err_set(e, ERR_INPUT,
		       "the journal cannot be read: built without libsystemd");
}

void
journal_close(struct journal **j)
{
	*j = NULL;
}

int
journal_start(struct journal *j, const char *cursor, unsigned warm_entries,
	      journal_fn warm, void *arg, struct err *e)
{
	(void)j;
	(void)cursor;
	(void)warm_entries;
	(void)warm;
	(void)arg;
	return err_set(e, ERR_INPUT, "no journal");
}

int
journal_step(struct journal *j, journal_fn fn, void *arg, struct err *e)
{
	(void)j;
	(void)fn;
	(void)arg;
	return err_set(e, ERR_INPUT, "no journal");
}

int
journal_fd(const struct journal *j)
{
	(void)j;
	return -1;
}

bool
journal_where(struct journal *j, char cursor[JOURNAL_CURSOR])
{
	(void)j;
	(void)cursor;
	return false;
}

struct journal_counts
journal_counts(const struct journal *j)
{
	(void)j;
	return (struct journal_counts){0};
}

#endif
