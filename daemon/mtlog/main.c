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
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf.h"
#include "follow.h"
#include "log.h"
#include "loop.h"
#include "mt_scan.h"
#include "mtlog.h"
#include "opener.h"
#include "owners.h"
#include "priv.h"
#include "qfile.h"
#include "text.h"
#include "wire.h"

#define TICK_MS 200       /* while lines come */
#define IDLE_TICK_MS 1000 /* when none came for QUIET_MS */
#define QUIET_MS 30000
#define EARS_MS 5000
#define OWNERS_MS 60000
#define STEPS 64           /* of FOLLOW_STEP bytes in one tick */
#define OUT_MAX (16 << 20) /* bytes that may wait for judge; then reading stops */
#define WARM_BYTES \
	(8 << 20)   /* read before the place we stopped at, for what is in flight */
#define LOGINS 1024 /* login names whose uid is remembered */

/* The paths opener.c is started with. */
enum { PATH_LOG, PATH_QUEUE, PATH_CPANEL, PATH_DIRECTADMIN, PATH_COUNT };

static struct self {
	struct conf conf;
	struct wire judge, parent;
	struct follow follow;
	struct mtlog *log;
	struct owners *owners;
	char file[256], why[256]; /* why: degraded, "" when all is well */
	int place_fd;
	char place[FOLLOW_TEXT]; /* as it was written down last */
	mono_t moved;            /* when that changed */
	bool started, warming;
	uint64_t not_told; /* outcomes that found no room: a fault of ours when not 0 */
	struct login {
		char name[36];
		int64_t uid;
		mono_t at;
	} login[LOGINS];
} self;

/* --- whose -----------------------------------------------------------------------------
 */

/* The uid of a login; -1 unknown. Asked of the system at most once a minute for one name.
 */
static int64_t
uid_of(const char *name)
{
	uint32_t h = 5381;
	struct login *l;
	struct passwd *pw;

	for (const char *p = name; *p != '\0'; p++)
		h = h * 33 + (unsigned char)*p;
	l = &self.login[h % LOGINS];
	if (strcmp(l->name, name) == 0 && l->name[0] != '\0' &&
	    mono_diff_us(loop_now(), l->at) < INT64_C(60000000))
		return l->uid;
	pw = getpwnam(name);
	if (text_copy(l->name, sizeof(l->name), name)) {
		l->uid = pw == NULL ? -1 : (int64_t)pw->pw_uid;
		l->at = loop_now();
	} else {
		l->name[0] = '\0';
	}
	return pw == NULL ? -1 : (int64_t)pw->pw_uid;
}

/*
 * The account of an event: the kernel's uid or login first; else the SMTP login, when it
 * is a system account or its domain is one account's by the panel's list.
 */
static int64_t
account_of(const struct mt_event *ev, char *user, size_t size)
{
	const char *owner;

	user[0] = '\0';
	if (ev->uid >= 0)
		return ev->uid;
	if (ev->user.s != NULL)
		return uid_of(slice_copy(user, size, ev->user));
	if (ev->auth.s == NULL)
		return -1;
	if ((owner = owners_find(self.owners, ev->auth)) != NULL) {
		(void)text_copy(user, size, owner);
		return uid_of(user);
	}
	slice_copy(user, size, ev->auth);
	return uid_of(user);
}

/* --- telling judge ---------------------------------------------------------------------
 */

/* One line of safe text: whatever stands in the log stays a text. */
static const char *
safe(char *dst, size_t size, struct slice s)
{
	return text_safe_n(dst, size, s.s == NULL ? "" : s.s, s.len);
}

/* The recipient's domain decides a provider: only what can be a domain is passed on. */
static const char *
domain(char *dst, size_t size, struct slice s)
{
	slice_copy(dst, size, s);
	if (s.len >= size ||
	    strspn(text_lower(dst), "abcdefghijklmnopqrstuvwxyz0123456789.-_") !=
		strlen(dst))
		dst[0] = '\0';
	return dst;
}

static void
tell(const struct mt_event *ev)
{
	static char user[128], auth[256], id[32], sender[400], whole[400], rcpt[256],
	    host[256], ip[64], text[2048], cwd[300];
	struct m_outcome m = {
	    .time_us = ev->time.us,
	    .kind = ev->kind,
	    .flags = (ev->own ? OUTCOME_OWN : 0u) |
		     (ev->answered ? OUTCOME_ANSWERED : 0u) |
		     (ev->bounce ? OUTCOME_BOUNCE : 0u) |
		     (ev->local_client ? OUTCOME_LOCAL_CLIENT : 0u) |
		     (ev->local ? OUTCOME_LOCAL : 0u),
	    .port = (uint64_t)ev->port,
	    .code = ev->answered ? (uint64_t)ev->code : 0,
	    .rcpts = ev->rcpts,
	    .size = ev->size,
	};
	struct err e;

	m.uid = account_of(ev, user, sizeof(user));
	m.user = user;
	m.auth = safe(auth, sizeof(auth), ev->auth);
	m.ip = safe(ip, sizeof(ip), ev->ip);
	m.queue_id = safe(id, sizeof(id), ev->queue_id);
	m.sender = safe(sender, sizeof(sender), ev->sender);
	m.rcpt = safe(whole, sizeof(whole), ev->rcpt);
	m.rcpt_domain = domain(rcpt, sizeof(rcpt), ev->rcpt_domain);
	m.host = ev->local ? "" : domain(host, sizeof(host), ev->host);
	m.enhanced = ev->answered ? ev->enhanced : "";
	m.text = safe(text, sizeof(text), ev->text);
	m.claimed_script =
	    safe(cwd, sizeof(cwd),
		 ev->claimed_script.s != NULL ? ev->claimed_script : ev->claimed_cwd);
	if (m_outcome_put(wire_out(), &m, &e) != 0 ||
	    wire_send(&self.judge, wire_out(), &e) != 0) {
		self.not_told++;
		log_warn_rate("not_told", 60, "outcome_not_told count=%llu error=\"%s\"",
			      (unsigned long long)self.not_told, e.text);
	}
}

/* The uid of a message that Postfix is taking in; -1: it did not come by sendmail(1). */
static int64_t
message_uid(const char *id)
{
	static char head[QFILE_MAX];
	int fd = opener_message(PATH_QUEUE, id);
	size_t have = 0, want = 65536;
	int64_t uid = -2;
	ssize_t n;

	if (fd < 0) {
		log_warn_rate("message", 600, "queue_file id=\"%.20s\" error=\"%s\"", id,
			      strerror(errno));
		return -1;
	}
	/* an envelope is rarely longer than the first step */
	for (; uid == -2 && want <= sizeof(head); want *= 8) {
		while (have < want &&
		       (n = pread(fd, head + have, want - have, (off_t)have)) > 0)
			have += (size_t)n;
		uid = qfile_uid(head, have, id);
		if (have < want)
			break;
	}
	close(fd);
	return uid < 0 ? -1 : uid;
}

/* An SMTP login's account, or that of a message in Postfix's queue. */
static void
whose_tell(struct msg *m)
{
	struct mt_event ev = {.uid = -1};
	char user[128], id[32];
	struct m_owner o = {.uid = -1};
	struct m_whose w;
	struct err e;

	if (m_whose_get(m, &w, &e) != 0)
		return;
	o.asked = w.asked;
	if (w.auth[0] != '\0') {
		ev.auth = (struct slice){w.auth, strlen(w.auth)};
		o.uid = account_of(&ev, user, sizeof(user));
	} else if (text_copy(id, sizeof(id), w.queue_id)) {
		o.uid = message_uid(id);
	}
	if (m_owner_put(wire_out(), &o, &e) != 0 ||
	    wire_send(&self.judge, wire_out(), &e) != 0)
		log_warn_rate("owner", 60, "owner_not_told error=\"%s\"", e.text);
}

static void
ears_tell(void)
{
	struct mtlog_counts c = {0};
	struct m_ears m = {.mta = self.conf.mta, .file = self.file};
	static char why[512];
	struct err e;

	if (self.log != NULL)
		c = mtlog_counts(self.log);
	(void)text_copy(why, sizeof(why), self.why);
	if (why[0] == '\0' && (self.not_told != 0 || self.follow.lost != 0))
		snprintf(why, sizeof(why),
			 "%llu outcomes were not told, %llu rotations not seen",
			 (unsigned long long)self.not_told,
			 (unsigned long long)self.follow.lost);
	m.lines = c.lines;
	m.damaged = c.damaged + self.follow.cut;
	m.behind_bytes = follow_behind(&self.follow);
	m.degraded = why;
	if (m_ears_put(wire_out(), &m, &e) != 0 ||
	    wire_send(&self.judge, wire_out(), &e) != 0)
		log_warn_rate("ears", 60, "ears_not_told error=\"%s\"", e.text);
}

static void
on_ears(void *arg)
{
	(void)arg;
	ears_tell();
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

static int
open_log(void *arg, const struct follow_place *older)
{
	(void)arg;
	return older == NULL ? opener_get(PATH_LOG)
			     : opener_inode(PATH_LOG, older->dev, older->ino);
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

static void
start(void)
{
	struct follow_places p;
	struct err e;

	follow_fini(&self.follow);
	follow_init(&self.follow, open_log, on_line, NULL);
	if (follow_start(&self.follow, place_read(&p) ? &p : NULL, WARM_BYTES,
			 on_old_line, &e) != 0) {
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
	place_keep();
	ears_tell();
}

static void
on_tick(void *arg)
{
	bool more = true, quiet = mono_diff_us(loop_now(), self.moved) > QUIET_MS * 1000;

	(void)arg;
	(void)loop_once(quiet ? IDLE_TICK_MS : TICK_MS, on_tick, NULL);
	if (!self.started) {
		start();
		return;
	}
	if (self.log != NULL)
		mtlog_set_now(self.log, clock_wall());
	for (int i = 0; more && i < STEPS && !link_waiting(&self.judge.link); i++) {
		more = follow_step(&self.follow, loop_now());
		place_keep();
	}
}

static void
on_owners(void *arg)
{
	static const int list[] = {PATH_CPANEL, PATH_DIRECTADMIN};

	(void)arg;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		int fd = opener_get(list[i]);

		if (fd >= 0) {
			(void)owners_read(self.owners, fd);
			return;
		}
	}
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
		whose_tell(m);
	/* CONF: which log is read changes by a restart of this process, which is cheap */
}

static void
on_gone(struct wire *w, const struct err *e)
{
	log_info("mtlog_ends why=\"%s\"", w == &self.judge ? "judge is gone" : e->text);
	loop_stop();
}

/* The first of the usual places that is there. */
static const char *
find_log(const struct conf *c)
{
	static const struct {
		const char *mta, *path;
	} usual[] = {
	    {"exim", "/var/log/exim_mainlog"},   {"exim", "/var/log/exim4/mainlog"},
	    {"exim", "/var/log/exim/mainlog"},   {"exim", "/var/log/exim/main.log"},
	    {"postfix", "/var/log/postfix.log"}, {"postfix", "/var/log/maillog"},
	    {"postfix", "/var/log/mail.log"},
	};

	if (strcmp(c->mta_log, "auto") != 0)
		return c->mta_log;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if ((strcmp(c->mta, "auto") == 0 || strcmp(c->mta, usual[i].mta) == 0) &&
		    access(usual[i].path, F_OK) == 0)
			return usual[i].path;
	return "none";
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
	const char *paths[PATH_COUNT] = {[PATH_LOG] = self.file,
					 [PATH_QUEUE] = c->postfix_queue_dir,
					 [PATH_CPANEL] = "/etc/userdomains",
					 [PATH_DIRECTADMIN] =
					     "/etc/virtual/domainowners"};

	if (!text_copy(self.file, sizeof(self.file), find_log(c)))
		return err_set(e, ERR_INPUT, "mta_log is too long");
	place_open(c);
	self.owners = owners_new();
	return opener_start(paths, PATH_COUNT, e) == 0 ? priv_drop(c->user_mtlog, 0, e)
						       : -1;
}

int
mtlog_main(const struct conf *c, struct link *judge, struct link *parent)
{
	struct err e;

	self.conf = *c;
	self.place_fd = -1;
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
	(void)loop_every(EARS_MS, on_ears, NULL);
	if (strcmp(self.file, "none") == 0 || strcmp(c->mta, "none") == 0) {
		(void)text_copy(self.why, sizeof(self.why),
				strcmp(c->mta, "none") == 0
				    ? ""
				    : "no MTA log was found: set mta_log");
	} else {
		on_owners(NULL);
		(void)loop_every(OWNERS_MS, on_owners, NULL);
		(void)loop_once(TICK_MS, on_tick, NULL);
		start();
	}
	ears_tell();
	loop_run();
	follow_fini(&self.follow);
	mtlog_free(&self.log);
	owners_free(&self.owners);
	return EX_OK;
}
