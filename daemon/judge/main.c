/*
 * judge - the process that counts, decides and holds
 *
 * Job:     see judge.h. This file wires: settings, links, stores, timers.
 * Talks to: parent (CONF, PEER, CHILD, STOP), watch, scan workers, hands, mtlog,
 *          wrappers and admins; msg.def says who may say what.
 * Never:   opens a path it was told, parses contents, execs.
 */
#include "judge.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alert.h"
#include "brakes.h"
#include "conf_fd.h"
#include "ctl.h"
#include "direct.h"
#include "engine_conf.h"
#include "expect.h"
#include "files.h"
#include "hub.h"
#include "known_good.h"
#include "log.h"
#include "loop.h"
#include "holds.h"
#include "mailq.h"
#include "mta.h"
#include "outcome.h"
#include "own.h"
#include "pool.h"
#include "priv.h"
#include "proc.h"
#include "release.h"
#include "reload.h"
#include "submit.h"
#include "tally.h"
#include "text.h"
#include "workers.h"
#include "xmem.h"

#define TICK_MS 60000
#define SAVE_MS 2000   /* changed accounts go to the store so often */
#define SAVE_ROUND 200 /* accounts a time */

struct hub hub;

static int save_timer = -1, flush_timer = -1;
static unsigned store_generation; /* of the database that is in use */

/* --- names --- */

uint64_t
hub_asked(enum asked_space space)
{
	static uint32_t last[ASKED_SPACES];

	return (uint64_t)space << 32 | ++last[space];
}

const char *
hub_login(uint64_t uid)
{
	static struct {
		uint64_t uid;
		mono_t read;
		char login[33];
	} cache[256];
	size_t i = uid % (sizeof cache / sizeof cache[0]);
	mono_t now = clock_mono();
	const struct passwd *pw;

	if (cache[i].read.us != 0 && cache[i].uid == uid &&
	    mono_diff_us(now, cache[i].read) < 60000000)
		return cache[i].login;
	pw = getpwuid((uid_t)uid);
	cache[i].uid = uid;
	cache[i].read = now;
	(void)text_safe(cache[i].login, sizeof cache[i].login,
			pw == NULL ? "" : pw->pw_name);
	if (pw == NULL)
		(void)snprintf(cache[i].login, sizeof cache[i].login, "%llu",
			       (unsigned long long)uid);
	return cache[i].login;
}

bool
hub_is_ours(int64_t uid)
{
	return !hub.reduced && uid == (int64_t)geteuid();
}

int64_t
hub_uid_of_name(const char *name)
{
	const struct passwd *pw = name[0] == '\0' ? NULL : getpwnam(name);

	return pw == NULL ? -1 : (int64_t)pw->pw_uid;
}

int64_t
hub_uid(const char *name)
{
	const struct passwd *pw = getpwnam(name);
	int64_t n;

	if (pw != NULL)
		return pw->pw_uid;
	return text_to_i64(name, 0, UINT32_MAX - 1, &n) ? n : -1;
}

void
hub_store_warn(const struct err *e)
{
	log_warn_rate("store", 60, "store error=\"%s\"", e->text);
}

/* --- the engine and the store --- */

static void
engine_settings(struct engine_conf *ec)
{
	engine_conf_take(ec, &hub.conf);
	expect_own_max((uint64_t)hub.conf.unknown_rcpt_max);
}

static void
save_account(uint32_t uid)
{
	struct explanation *x = xcalloc(1, sizeof *x);
	struct store_account row = {.uid = uid, .changed = clock_wall()};
	size_t len = 0;
	void *record = engine_save(hub.engine, uid, &len);
	struct err e;

	if (record == NULL) {
		if (store_account_drop(hub.store, uid, &e) != 0)
			hub_store_warn(&e);
	} else if (engine_explain(hub.engine, uid, x)) {
		row.login = hub_login(uid);
		row.state = state_name(x->state);
		row.word = word_name(x->facts.word);
		row.reason = reason_word(x->reason);
		row.until = x->word_until;
		row.since = x->since;
		row.record = record;
		row.record_len = len;
		if (store_account_put(hub.store, &row, &e) != 0)
			hub_store_warn(&e);
	}
	free(record);
	free(x);
}

static void
save_dirty(void *arg)
{
	uint32_t uid;
	int n;

	(void)arg;
	loop_cancel(save_timer);
	save_timer = -1;
	for (n = 0; n < SAVE_ROUND && engine_dirty(hub.engine, &uid); n++)
		save_account(uid);
	if (n == SAVE_ROUND)
		save_timer = loop_once(10, save_dirty, NULL);
}

/* Something changed an account: have it stored soon. */
static void
save_soon(void)
{
	if (save_timer < 0)
		save_timer = loop_once(SAVE_MS, save_dirty, NULL);
}

/* Set by on_decision: the engine is in the middle of it, so the record is saved after. */
static bool decided;

/* By an admin's word, or by time: then what waits still waits for one. */
static void
hold_ended(const struct decision *d)
{
	uint64_t frozen, messages, bytes;

	if (d->why != REASON_EXPIRED && strcmp(d->who, "clock") != 0) {
		mailq_thaw(d->uid);
		return;
	}
	frozen = mailq_keep(d->uid);
	held_usage(hub.held, d->uid, &messages, &bytes);
	if (frozen + messages == 0)
		return;
	log_info("hold_ended uid=%u held=%" PRIu64 " frozen=%" PRIu64, (unsigned)d->uid,
		 messages, frozen);
	alert_degraded("hold-ended",
		       "The hold of %s ended by its time. Nobody reviewed what it held: "
		       "%" PRIu64 " messages here and %" PRIu64 " in the mail system's "
		       "queue still wait. mailbrake held %s; then release or discard.",
		       hub_login(d->uid), messages, frozen, hub_login(d->uid));
}

static void
on_decision(void *ctx, const struct decision *d)
{
	struct store_decision row = {.t = d->t,
				     .uid = d->uid,
				     .subject = "account",
				     .from = state_name(d->from),
				     .to = state_name(d->to),
				     .reason = reason_word(d->why),
				     .who = d->who,
				     .facts = d->facts};
	struct err e;

	(void)ctx;
	log_info("decision uid=%u from=%s to=%s why=%s who=%s %s%s", (unsigned)d->uid,
		 row.from, row.to, row.reason, d->who, d->observed ? "observed=yes " : "",
		 d->facts);
	if (store_decision_add(hub.store, &row, &e) != 0)
		hub_store_warn(&e);
	alert_decision(d);
	decided = true;
	if (d->observed)
		return;
	if ((d->to == ACCT_HELD) != (d->from == ACCT_HELD))
		holds_changed(d->from == ACCT_HELD);
	if (d->to == ACCT_HELD && d->from != ACCT_HELD)
		expect_drop(d->uid);
	if (d->to == ACCT_HELD && d->from != ACCT_HELD)
		mailq_freeze(d->uid);
	else if (d->from == ACCT_HELD && d->to != ACCT_HELD)
		hold_ended(d);
}

static bool
load_account(void *arg, const struct store_account *v)
{
	uint64_t *bad = arg;
	struct err e;

	if (v->record_len > 0 &&
	    engine_load(hub.engine, v->record, v->record_len, &e) != 0) {
		(*bad)++;
		log_warn("account_record uid=%lld error=\"%s\"", (long long)v->uid,
			 e.text);
	}
	return true;
}

#define RCPT_KEY "rcpt_key"

static void
rcpt_key_keep(void)
{
	struct err e;

	if (store_kv_put(hub.store, RCPT_KEY, hub.rcpt_key, sizeof hub.rcpt_key, &e) != 0)
		hub_store_warn(&e);
}

/* Made once; when it is lost, everybody an account wrote to is a stranger once more. */
static void
rcpt_key_load(void)
{
	struct err e;
	size_t len = 0;

	if (store_kv_get(hub.store, RCPT_KEY, hub.rcpt_key, sizeof hub.rcpt_key, &len,
			 &e) == 1 &&
	    len == sizeof hub.rcpt_key)
		return;
	if (getrandom(hub.rcpt_key, sizeof hub.rcpt_key, 0) !=
	    (ssize_t)sizeof hub.rcpt_key)
		log_fatal(71, "start error=\"getrandom: %s\"", strerror(errno));
	rcpt_key_keep();
}

static void
open_stores(void)
{
	struct engine_conf ec;
	struct store_status st;
	uint64_t bad = 0, salt;
	struct err e;

	if (store_open(&hub.store, hub.conf.state_dir, &e) != 0 ||
	    held_dir_open(&hub.held, hub.conf.state_dir, &e) != 0)
		log_fatal(71, "start error=\"%s\"", e.text);
	engine_settings(&ec);
	hub.engine = engine_new(&ec, on_decision, NULL);
	if (getrandom(&salt, sizeof salt, 0) != (ssize_t)sizeof salt)
		log_fatal(71, "start error=\"getrandom: %s\"", strerror(errno));
	engine_salt(hub.engine, salt);
	rcpt_key_load();
	if (store_account_each(hub.store, load_account, &bad, &e) != 0)
		hub_store_warn(&e);
	alert_restore();
	known_good_load();
	store_status(hub.store, &st);
	store_generation = st.generation;
	if (st.set_aside[0] != '\0')
		alert_degraded(
		    "database",
		    "The database was damaged and was set aside as %s; a new "
		    "one was begun with %llu rows read out of it%s. Held mail is "
		    "taken in again from its files; an account that has some "
		    "and whose row was lost is held until an admin says "
		    "otherwise. Look whether accounts lists what you expect.",
		    st.set_aside, (unsigned long long)st.salvaged,
		    st.salvage_whole ? "" : ", not all of them");
	if (bad > 0)
		alert_degraded("records",
			       "%llu account records could not be read and were left "
			       "out.",
			       (unsigned long long)bad);
	release_recover();
}

static void
save_each(void *arg, uint32_t uid)
{
	(void)arg;
	save_account(uid);
}

/* The store had to begin a new database while we ran: what is in memory and in held/ goes
 * into it. */
static void
check_reborn(void)
{
	struct store_status st;

	store_status(hub.store, &st);
	if (store_generation == st.generation)
		return;
	if (store_generation != 0) {
		alert_degraded("database",
			       "The database was damaged while in use and was set aside "
			       "as %s; a new one was begun from what is in memory.",
			       st.set_aside);
		rcpt_key_keep();
		engine_each(hub.engine, save_each, NULL);
		release_adopt();
	}
	store_generation = st.generation;
}

static void
flush_due(void *arg)
{
	struct err e;

	(void)arg;
	flush_timer = -1;
	if (store_flush(hub.store, clock_mono(), &e) != 0) {
		hub_store_warn(&e);
		alert_degraded("store",
			       "The database cannot be written: %s. Nothing is lost yet: "
			       "rows wait in memory.",
			       e.text);
	}
	check_reborn();
}

/* --- once a round, once a minute --- */

static void
after_round(void *arg)
{
	struct err e;
	int due;

	(void)arg;
	workers_round();
	files_round();
	brakes_round();
	if (decided) {
		/* a state, and an admin's word, must outlive a kill that comes now */
		decided = false;
		save_dirty(NULL);
		if (store_sync(hub.store, &e) != 0)
			hub_store_warn(&e);
	}
	if (hub.changed)
		save_soon();
	hub.changed = false;
	if (flush_timer < 0 && (due = store_due_ms(hub.store, clock_mono())) >= 0)
		flush_timer = loop_once(due < 1 ? 1 : due, flush_due, NULL);
}

static void
on_minute(void *arg)
{
	static unsigned minutes;
	struct err e;

	(void)arg;
	store_files_bound(hub.store, (uint64_t)hub.conf.files_known_bytes);
	if (store_check(hub.store, &e) != 0)
		hub_store_warn(&e);
	check_reborn();
	tally_minute();
	engine_tick(hub.engine, clock_wall());
	holds_minute();
	mailq_minute();
	brakes_tick();
	alert_tick();
	known_good_tick();
	ctl_files_tick();
	files_keep_since();
	own_refresh();
	files_recheck(-1);
	save_soon();
	if (++minutes % 60 == 0)
		release_expire();
	if (minutes % 1440 == 2 &&
	    store_prune(hub.store,
			(wall_t){clock_wall().us - hub.conf.history_s * 1000000},
			&e) != 0)
		hub_store_warn(&e);
}

/* --- the parent --- */

static struct conf at_start;

static void
on_conf(struct msg *m)
{
	struct engine_conf ec;
	struct m_conf told;
	struct conf fresh;
	struct err e;
	int fd = m->fd;

	if (m_conf_get(m, &told, &e) != 0)
		return;
	m->fd = -1;
	if (fd < 0 || conf_fd_take(fd, &fresh, &e) != 0) {
		log_warn("conf error=\"%s\"", fd < 0 ? "no descriptor" : e.text);
		return;
	}
	log_info("settings generation=%llu", (unsigned long long)told.generation);
	hub.conf = fresh;
	(void)conf_differs(&at_start, &fresh, CONF_OF_START, hub.needs_restart,
			   sizeof hub.needs_restart);
	workers_conf(&fresh);
	engine_settings(&ec);
	engine_configure(hub.engine, &ec);
	brakes_conf_changed();
}

static void
on_hands(struct wire *w, struct msg *m)
{
	struct m_done d;
	struct err e;
	bool known = true;

	(void)w;
	if (m->type == MSG_QUEUED)
		mailq_queued(m);
	if (m->type == MSG_TRIES)
		direct_tries(m);
	if (m->type != MSG_DONE || m_done_get(m, &d, &e) != 0)
		return;
	switch ((enum asked_space)(d.asked >> 32)) {
	case ASKED_RELEASE:
		known = release_done(d.asked, d.ok != 0, d.exit_code, d.text);
		break;
	case ASKED_ASIDE:
		known = ctl_done(d.asked, d.ok != 0, d.text);
		break;
	case ASKED_QUEUE:
		mailq_done(d.asked, d.ok != 0, d.text);
		break;
	case ASKED_BRAKE:
		brakes_done(d.asked, d.ok != 0, d.text);
		break;
	case ASKED_ALERT:
		alert_done(d.asked, d.exit_code, d.text);
		break;
	case ASKED_HOLDS:
		holds_done(d.ok != 0, d.text);
		break;
	case ASKED_SPACES:
	default:
		known = false;
	}
	if (!known && d.ok == 0)
		log_warn("hands asked=%llu failed=\"%s\"", (unsigned long long)d.asked,
			 d.text);
}

static void
on_peer_gone(struct wire *w, const struct err *e)
{
	const char *name = w->arg;

	if (e->code == ERR_INPUT) {
		hub.count.bad_peers++;
		log_warn("peer=%s sent=\"%s\" its_link=closed", name, e->text);
	}
	if (w == &hub.hands)
		alert_hands_gone();
	if (w == &hub.hands)
		release_hands_gone();
	if (w == &hub.hands)
		mailq_hands_gone();
	if (w == &hub.hands)
		ctl_files_hands_gone();
	if (w == &hub.watch)
		hub.sight.known = false;
	if (w == &hub.mtlog)
		hub.ears.known = false;
}

static void
take_peer(struct wire *w, int fd, enum role peer, wire_fn fn, const char *name)
{
	struct err e = {ERR_SYS, "replaced"};

	if (wire_up(w)) {
		wire_close(w);
		w->arg = (void *)(uintptr_t)name;
		on_peer_gone(w, &e);
	}
	if (!wire_open(w, fd, ROLE_JUDGE, peer, 8 * MSG_MAX, fn, on_peer_gone,
		       (void *)(uintptr_t)name))
		log_warn("peer=%s loop is full", name);
}

static void
on_peer(struct msg *m)
{
	struct m_peer p;
	struct err e;
	int fd = m->fd;

	if (m_peer_get(m, &p, &e) != 0 || fd < 0)
		return;
	m->fd = -1;
	if (p.role == ROLE_SCANNER && p.index >= WORKERS_TRIAL) {
		reload_peer(fd);
	} else if (p.role == ROLE_SCANNER) {
		workers_peer(fd, p.index);
	} else if (p.role == ROLE_WATCH) {
		take_peer(&hub.watch, fd, ROLE_WATCH, files_on_msg, "watch");
		files_watch_up();
	} else if (p.role == ROLE_HANDS) {
		take_peer(&hub.hands, fd, ROLE_HANDS, on_hands, "hands");
		brakes_conf_changed(); /* what it was told last may not be done */
		holds_changed(false);
	} else if (p.role == ROLE_MTLOG) {
		take_peer(&hub.mtlog, fd, ROLE_MTLOG, outcome_on_msg, "mtlog");
	} else {
		close(fd);
	}
}

static void
on_child(struct msg *m)
{
	struct m_child c;
	struct err e;
	int status;

	if (m_child_get(m, &c, &e) != 0)
		return;
	status = (int)c.wait_status;
	if (c.role == ROLE_SCANNER && strcmp(c.name, "trial") == 0) {
		reload_ended(status);
		return;
	}
	if (c.restarts >= 3)
		alert_degraded(c.name,
			       "Process %s ended (%s %d) and was started again %llu "
			       "times.",
			       c.name, WIFSIGNALED(status) ? "signal" : "exit",
			       WIFSIGNALED(status) ? WTERMSIG(status)
						   : WEXITSTATUS(status),
			       (unsigned long long)c.restarts);
}

static void
finish(void)
{
	struct err e;
	uint32_t uid;

	pool_drain();
	while (engine_dirty(hub.engine, &uid))
		save_account(uid);
	if (store_sync(hub.store, &e) != 0)
		log_warn("stop error=\"%s\"", e.text);
	store_close(&hub.store);
	held_dir_close(&hub.held);
	engine_free(&hub.engine);
}

static void
on_parent(struct wire *w, struct msg *m)
{
	(void)w;
	if (m->type == MSG_CONF)
		on_conf(m);
	else if (m->type == MSG_PEER)
		on_peer(m);
	else if (m->type == MSG_CHILD)
		on_child(m);
	else if (m->type == MSG_STOP)
		loop_stop();
}

static void
on_parent_gone(struct wire *w, const struct err *e)
{
	(void)w;
	log_warn("parent gone=\"%s\"", e->text);
	loop_stop();
}

static void
on_term(int sig)
{
	(void)sig;
	loop_stop();
}

int
judge_main(const struct conf *c, struct link *parent)
{
	struct err e;

	hub.conf = at_start = *c;
	hub.started = clock_wall();
	hub.watch.link.fd = hub.hands.link.fd = hub.mtlog.link.fd = -1;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGTERM, on_term);
	hub.reduced = !priv_root();
	if (own_start(c, &e) != 0)
		log_fatal(78, "start error=\"%s\"", e.text);
	if (priv_drop(c->user_judge, 0, &e) != 0)
		log_fatal(78, "start error=\"%s\"", e.text);
	workers_init(c);
	workers_on_rules(reload_in_force);
	pool_start();
	link_discard = pool_close;
	open_stores();
	mailq_load();
	outcome_init();
	if (!wire_open(&hub.parent, parent->fd, ROLE_JUDGE, ROLE_PARENT, MSG_MAX,
		       on_parent, on_parent_gone, NULL))
		log_bug("parent link");
	submit_listen(CHILD_JUDGE);
	ctl_listen(CHILD_CTL);
	mta_listen(CHILD_MTA);
	direct_init();
	loop_after_round(after_round, NULL);
	own_refresh();
	(void)loop_every(TICK_MS, on_minute, NULL);
	loop_run();
	log_info("stopping");
	finish();
	return 0;
}
