/*
 * judge - the process that counts, decides and holds
 *
 * Job:     see judge.h. This file wires: settings, links, stores, timers.
 * Talks to: parent (CONF, PEER, CHILD, STOP), watch, scan workers, hands, mtlog,
 *          wrappers and admins; msg.def says who may say what.
 * Never:   opens a path it was told, parses contents, execs.
 */
#include "judge.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alert.h"
#include "brakes.h"
#include "conf_fd.h"
#include "ctl.h"
#include "direct.h"
#include "engine_conf.h"
#include "files.h"
#include "hub.h"
#include "keep.h"
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
#include "workers.h"

#define TICK_MS 60000

/* --- once a round, once a minute --- */

static void
after_round(void *arg)
{
	(void)arg;
	workers_round();
	files_round();
	brakes_round();
	keep_round();
}

static void
on_minute(void *arg)
{
	static unsigned minutes;
	struct err e;

	(void)arg;
	store_files_bound(hub.store, (uint64_t)hub.conf.files_known_bytes);
	keep_check();
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
	direct_minute();
	keep_minute();
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
	keep_settings(&ec);
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
	pool_drain();
	keep_all();
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
	keep_open();
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
