/*
 * main - the process mtlog
 *
 * Job:     follow the MTA's log and tell judge each event in it.
 * Privilege: its own account, nothing more; opener.c opens the log for it.
 * Talks to: judge (OUTCOME, EARS), the parent (CONF, STOP).
 * Never:   decides, opens a path a line names, runs anything.
 * Exits:   0 asked to stop, or judge or the parent is gone; 71 could not start.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf.h"
#include "follow.h"
#include "journal.h"
#include "jplace.h"
#include "log.h"
#include "loop.h"
#include "mt_scan.h"
#include "mta_places.h"
#include "mtlog.h"
#include "opener.h"
#include "owners.h"
#include "priv.h"
#include "tell.h"
#include "text.h"
#include "whose.h"
#include "wire.h"

#define TICK_MS 200       /* after the log told of news; without such, while lines come */
#define IDLE_TICK_MS 1000 /* without news: when no line came for QUIET_MS */
#define QUIET_MS 30000
#define RENAMED_MS 120000 /* after a rename the name is looked at again, so long */
#define EARS_MS 5000      /* from a look at the log to EARS */
#define MINUTE_MS 60000
#define STEPS 64           /* of FOLLOW_STEP bytes in one tick */
#define OUT_MAX (16 << 20) /* bytes that may wait for judge; then reading stops */
#define WARM_BYTES \
	(8 << 20) /* read before the place we stopped at, for what is in flight */
#define WARM_ENTRIES 20000 /* the same of the journal */

static struct self {
	struct conf conf;
	struct wire judge, parent;
	struct follow follow;
	struct journal *journal; /* NULL: a file is followed */
	uid_t mta_uids[JOURNAL_UIDS];
	size_t mta_uid_count;
	struct mtlog *log;
	char file[256], why[256]; /* why: degraded, "" when all is well */
	int place_fd;
	int places;              /* where the list of own_domains may lie */
	char place[FOLLOW_TEXT]; /* as it was written down last */
	struct jplace cursor;    /* the same of the journal */
	mono_t moved;            /* when that changed */
	mono_t renamed;          /* when the log was renamed or removed; 0: never */
	int tick_timer, ears_timer;
	int journal_fd; /* in the loop; -1: none */
	bool started, warming;
	uint64_t not_told; /* outcomes that found no room: a fault of ours when not 0 */
} self;

/* --- telling judge ---------------------------------------------------------------------
 */

static void
tell(const struct mt_event *ev)
{
	self.not_told += !tell_outcome(&self.judge, ev, 0);
}

static void
tell_old(void *arg, const struct mt_event *ev)
{
	(void)arg;
	self.not_told += !tell_outcome(&self.judge, ev, OUTCOME_OLD);
}

/* When it differs from the last time. */
static void
ears_tell(void)
{
	static struct msg told, out;
	struct mtlog_counts c = {0};
	struct journal_counts jc = {0};
	struct m_ears m = {.mta = self.conf.mta, .file = self.file};
	static char why[512];
	struct err e;

	if (self.log != NULL)
		c = mtlog_counts(self.log);
	if (self.journal != NULL)
		jc = journal_counts(self.journal);
	(void)text_copy(why, sizeof(why), self.why);
	if (why[0] == '\0' &&
	    (self.not_told != 0 || self.follow.lost != 0 || jc.lost != 0))
		snprintf(why, sizeof(why),
			 "%llu outcomes were not told, %llu rotations not seen",
			 (unsigned long long)self.not_told,
			 (unsigned long long)(self.follow.lost + jc.lost));
	m.lines = c.lines;
	m.damaged = c.damaged + self.follow.cut;
	m.forged = jc.forged;
	m.behind_bytes = follow_behind(&self.follow);
	m.degraded = why;
	if (m_ears_put(&out, &m, &e) == 0 && out.len == told.len &&
	    memcmp(out.body, told.body, out.len) == 0)
		return;
	if (m_ears_put(&out, &m, &e) != 0 || wire_send(&self.judge, &out, &e) != 0) {
		log_warn_rate("ears", 60, "ears_not_told error=\"%s\"", e.text);
		return;
	}
	told.len = out.len;
	memcpy(told.body, out.body, out.len);
}

static void
on_ears(void *arg)
{
	(void)arg;
	self.ears_timer = -1;
	ears_tell();
}

/* --- when the log is looked at: when the kernel tells of news, and once a minute --- */

static void on_tick(void *arg);

static void
tick_in(int64_t ms)
{
	if (self.tick_timer < 0)
		self.tick_timer = loop_once(ms, on_tick, NULL);
}

static void
on_news(void *arg, int fd, short revents)
{
	(void)arg;
	(void)fd;
	(void)revents;
	if (opener_news_take())
		self.renamed = loop_now();
	tick_in(TICK_MS);
}

/* One word of the journal is enough until it was read. */
static void
on_journal(void *arg, int fd, short revents)
{
	(void)arg;
	(void)revents;
	loop_rest(fd, true);
	tick_in(TICK_MS);
}

/* Would whatever comes next wake us? */
static bool
news_wake(void)
{
	if (!self.started)
		return false;
	if (self.journal != NULL)
		return self.journal_fd >= 0;
	return opener_news() && self.follow.old.fd < 0 &&
	       (self.renamed.us == 0 ||
		mono_diff_us(loop_now(), self.renamed) > RENAMED_MS * 1000);
}

/* --- reading ---------------------------------------------------------------------------
 */

static bool
have_parser(const char *line, size_t len)
{
	enum mtlog_mta mta;

	if (self.log != NULL)
		return true;
	if (strcmp(self.conf.mta, "exim") == 0)
		mta = MTLOG_EXIM;
	else if (strcmp(self.conf.mta, "postfix") == 0)
		mta = MTLOG_POSTFIX;
	else if (mtlog_guess(line, len, &mta) == 0)
		return false;
	self.log = mtlog_new(mta, clock_wall());
	(void)text_copy(self.conf.mta, sizeof(self.conf.mta),
			mta == MTLOG_EXIM ? "exim" : "postfix");
	return true;
}

static void
on_line(void *arg, const char *line, size_t len)
{
	struct mt_event ev;

	(void)arg;
	if (have_parser(line, len) && mtlog_line(self.log, line, len, &ev) == 1)
		tell(&ev);
}

/* What happened before we came: remembered, not told. */
static void
on_old_line(void *arg, const char *line, size_t len)
{
	struct mt_event ev;

	(void)arg;
	if (have_parser(line, len))
		(void)mtlog_line(self.log, line, len, &ev);
}

static bool
same_log(void *arg, const struct follow_place *now)
{
	(void)arg;
	return opener_is(now->dev, now->ino);
}

static int
open_log(void *arg, const struct follow_place *older)
{
	(void)arg;
	return older == NULL ? opener_get(OPEN_LOG)
			     : opener_inode(OPEN_LOG, older->dev, older->ino);
}

/* Write down where we are, when that changed. */
static void
place_keep(void)
{
	struct follow_places p = follow_where(&self.follow);
	char text[FOLLOW_TEXT] = "";

	follow_print(&p, text);
	if (memcmp(text, self.place, sizeof(text)) == 0)
		return;
	/* no place in a journal that was read before stays behind it */
	if (self.place[0] == '\0' && self.place_fd >= 0 &&
	    ftruncate(self.place_fd, FOLLOW_TEXT) != 0)
		log_warn_rate("place", 600, "place_not_kept error=\"%s\"",
			      strerror(errno));
	memcpy(self.place, text, sizeof(text));
	self.moved = loop_now();
	if (self.place_fd < 0)
		return;
	if (pwrite(self.place_fd, text, sizeof(text), 0) == (ssize_t)sizeof(text))
		return;
	self.place[0] = '\0'; /* once more the next time */
	log_warn_rate("place", 600, "place_not_kept error=\"%s\"", strerror(errno));
}

static bool
place_read(struct follow_places *p)
{
	char text[FOLLOW_TEXT + 1] = "";

	return self.place_fd >= 0 && pread(self.place_fd, text, FOLLOW_TEXT, 0) > 0 &&
	       follow_parse(text, p);
}

/* --- the journal --- */

static bool
have_journal_parser(const struct journal_entry *n)
{
	const char *line = slice_begins(n->ident, "exim")
			       ? "2026-01-01 00:00:00 "
			       : "Jan  1 00:00:00 h postfix/smtp[1]: ";

	return have_parser(line, strlen(line));
}

static void
on_entry(void *arg, const struct journal_entry *n)
{
	struct mt_event ev;

	(void)arg;
	if (have_journal_parser(n) &&
	    mtlog_entry(self.log, n->ident, n->text, n->time, n->pid, &ev) == 1)
		tell(&ev);
}

static void
on_old_entry(void *arg, const struct journal_entry *n)
{
	struct mt_event ev;

	(void)arg;
	if (have_journal_parser(n))
		(void)mtlog_entry(self.log, n->ident, n->text, n->time, n->pid, &ev);
}

/* Two slots of the file in turn: a crash tears one at most. */
static void
cursor_keep(void)
{
	struct jplace p = {.number = self.cursor.number + 1};
	char slot[JPLACE_SLOT];

	if (self.place_fd < 0 || !journal_where(self.journal, p.cursor) ||
	    strcmp(p.cursor, self.cursor.cursor) == 0)
		return;
	self.cursor = p;
	self.moved = loop_now();
	if (!jplace_print(&p, slot) ||
	    pwrite(self.place_fd, slot, sizeof(slot),
		   (off_t)(p.number % 2) * JPLACE_SLOT) != (ssize_t)sizeof(slot))
		log_warn_rate("place", 600, "place_not_kept error=\"%s\"",
			      strerror(errno));
}

/* The cursor of the last run; NULL: none. */
static const char *
cursor_read(void)
{
	char file[JPLACE_FILE];
	ssize_t n = self.place_fd < 0 ? 0 : pread(self.place_fd, file, sizeof(file), 0);
	int rc = jplace_parse(file, n < 0 ? 0 : (size_t)n, &self.cursor);

	if (rc < 0)
		log_warn("place=damaged what was logged since the last run is not read");
	if (rc <= 0)
		self.cursor = (struct jplace){.number = 0};
	return rc > 0 ? self.cursor.cursor : NULL;
}

static bool
is_journal(void)
{
	return strncmp(self.file, "journal", 7) == 0 &&
	       (self.file[7] == '\0' || self.file[7] == ':');
}

static int
start_journal(struct err *e)
{
	if (self.journal_fd >= 0)
		loop_del(self.journal_fd);
	self.journal_fd = -1;
	journal_close(&self.journal);
	if (journal_open(&self.journal, self.file[7] == ':' ? self.file + 8 : NULL,
			 self.mta_uids, self.mta_uid_count, e) != 0)
		return -1;
	if (journal_start(self.journal, cursor_read(), WARM_ENTRIES, on_old_entry, NULL,
			  e) != 0)
		return -1;
	self.journal_fd = journal_fd(self.journal);
	if (self.journal_fd >= 0 && !loop_add(self.journal_fd, POLLIN, on_journal, NULL))
		self.journal_fd = -1;
	return 0;
}

static int
start_file(struct err *e)
{
	struct follow_places p;

	follow_fini(&self.follow);
	follow_init(&self.follow, open_log, on_line, NULL);
	self.follow.same = same_log;
	return follow_start(&self.follow, place_read(&p) ? &p : NULL, WARM_BYTES,
			    on_old_line, e);
}

static void
start(void)
{
	struct err e;

	if ((is_journal() ? start_journal(&e) : start_file(&e)) != 0) {
		if (self.why[0] == '\0')
			log_warn("log_not_read file=\"%s\" error=\"%s\"", self.file,
				 e.text);
		snprintf(self.why, sizeof(self.why), "the log is not read: %.200s",
			 e.text);
		return;
	}
	self.started = true;
	self.why[0] = '\0';
	log_info("log_followed file=\"%s\" offset=%llu", self.file,
		 (unsigned long long)self.follow.now.at.offset);
	if (self.journal == NULL)
		place_keep();
	ears_tell(); /* first: which log it is decides whether its events may act */
	if (self.log != NULL)
		mtlog_each(self.log, tell_old, NULL);
}

/* true: there is more. */
static bool
tick_journal(void)
{
	struct err e;
	int more = 1;

	if (self.journal_fd >= 0)
		loop_rest(self.journal_fd, false);

	for (int i = 0; more == 1 && i < STEPS && !link_waiting(&self.judge.link); i++) {
		if ((more = journal_step(self.journal, on_entry, NULL, &e)) < 0) {
			log_warn("journal error=\"%s\"", e.text);
			self.started = false; /* opened anew at the next tick */
		}
		cursor_keep();
	}
	return more != 0;
}

/* true: there is more. */
static bool
tick_file(void)
{
	bool more = true;

	for (int i = 0; more && i < STEPS && !link_waiting(&self.judge.link); i++) {
		more = follow_step(&self.follow, loop_now());
		place_keep();
	}
	return more;
}

/* quiet: the kernel told of no news, so EARS is not worth a timer of its own. */
static void
look(bool quiet)
{
	bool more = false;

	self.tick_timer = -1;
	if (!self.started) {
		start();
	} else {
		if (self.log != NULL)
			mtlog_set_now(self.log, clock_wall());
		more = self.journal != NULL ? tick_journal() : tick_file();
	}
	if (self.ears_timer < 0 && !quiet)
		self.ears_timer = loop_once(EARS_MS, on_ears, NULL);
	if (more || !news_wake())
		tick_in(more || mono_diff_us(loop_now(), self.moved) <= QUIET_MS * 1000
			    ? TICK_MS
			    : IDLE_TICK_MS);
}

static void
on_tick(void *arg)
{
	(void)arg;
	look(false);
}

/* All of it in one wake-up. */
static void
on_minute(void *arg)
{
	(void)arg;
	whose_refresh(self.places);
	loop_cancel(self.tick_timer);
	look(true);
	if (self.ears_timer < 0)
		ears_tell();
}

/* --- the process -----------------------------------------------------------------------
 */

static void
on_message(struct wire *w, struct msg *m)
{
	(void)w;
	if (m->type == MSG_STOP)
		loop_stop();
	else if (m->type == MSG_WHOSE)
		tell_whose(&self.judge, m);
	/* CONF: which log is read changes by a restart of this process, which is cheap */
}

static void
on_gone(struct wire *w, const struct err *e)
{
	log_info("mtlog_ends why=\"%s\"", w == &self.judge ? "judge is gone" : e->text);
	loop_stop();
}

/* Who writes entries for the MTA; looked up while names can be. */
static void
mta_uids(const struct conf *c)
{
	const char *at = NULL;
	char name[64];
	gid_t gid;
	struct err e;

	while (self.mta_uid_count < JOURNAL_UIDS &&
	       conf_list_next(c->mta_users, &at, name, sizeof(name)))
		if (priv_lookup(name, &self.mta_uids[self.mta_uid_count], &gid, &e) == 0)
			self.mta_uid_count++;
}

/* Opened while we may: judge owns the folder. */
static void
place_open(const struct conf *c)
{
	char path[512];
	uid_t uid;
	gid_t gid;
	struct err e;

	snprintf(path, sizeof(path), "%s/mtlog.place", c->state_dir);
	self.place_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (self.place_fd < 0)
		log_warn("place_not_kept path=\"%s\" error=\"%s\"", path,
			 strerror(errno));
	else if (priv_root() && priv_lookup(c->user_mtlog, &uid, &gid, &e) == 0 &&
		 fchown(self.place_fd, uid, gid) != 0)
		log_warn("place_owner error=\"%s\"", strerror(errno));
}

static int
set_up(const struct conf *c, struct err *e)
{
	const char *paths[OPEN_OWNERS + OWNERS_PLACES] = {
	    [OPEN_LOG] = self.file, [OPEN_QUEUE] = c->postfix_queue_dir};

	if (!text_copy(self.file, sizeof(self.file), mta_places_log(c)))
		return err_set(e, ERR_INPUT, "mta_log is too long");
	place_open(c);
	mta_uids(c);
	self.places = owners_places(c, paths + OPEN_OWNERS);
	if (opener_start(paths, OPEN_OWNERS + self.places, e) != 0)
		return -1;
	return priv_drop_group(c->user_mtlog, is_journal() ? "systemd-journal" : NULL, 0,
			       e);
}

int
mtlog_main(const struct conf *c, struct link *judge, struct link *parent)
{
	struct err e;

	self.conf = *c;
	self.place_fd = self.tick_timer = self.ears_timer = self.journal_fd = -1;
	follow_init(&self.follow, open_log, on_line, NULL);
	if (set_up(c, &e) != 0) {
		log_warn("mtlog_start error=\"%s\"", e.text);
		return EX_OSERR;
	}
	if (!wire_open(&self.judge, judge->fd, ROLE_MTLOG, ROLE_JUDGE, OUT_MAX,
		       on_message, on_gone, NULL) ||
	    !wire_open(&self.parent, parent->fd, ROLE_MTLOG, ROLE_PARENT, 65536,
		       on_message, on_gone, NULL))
		log_bug("mtlog_loop full");
	if (strcmp(self.file, "none") == 0 || strcmp(c->mta, "none") == 0) {
		(void)text_copy(self.why, sizeof(self.why),
				strcmp(c->mta, "none") == 0
				    ? ""
				    : "no MTA log was found: set mta_log");
	} else {
		whose_refresh(self.places);
		if (opener_news_fd() >= 0 && !is_journal())
			(void)loop_add(opener_news_fd(), POLLIN, on_news, NULL);
		(void)loop_every(MINUTE_MS, on_minute, NULL);
		tick_in(TICK_MS);
		start();
	}
	ears_tell();
	loop_run();
	follow_fini(&self.follow);
	journal_close(&self.journal);
	mtlog_free(&self.log);
	whose_fini();
	return EX_OK;
}
