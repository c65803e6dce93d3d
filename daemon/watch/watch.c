/*
 * watch - the process that sees files change
 *
 * Job:     see watch.h. One poll loop: kernel events first, then directories that
 *          appeared, then what judge may be sent, then background walks in small paced
 *          steps.
 * Touches: everything the modules it calls touch.
 */
#include "watch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#include <linux/capability.h>

#include "conf_fd.h"
#include "log.h"
#include "loop.h"
#include "priv.h"
#include "state.h"
#include "text.h"
#include "xmem.h"

#define SIGHT_MS 5000
#define DRAIN_US 5000      /* of one round, for kernel events */
#define URGENT_US 4000     /* for directories that appeared */
#define BACKGROUND_US 3000 /* for rescans, of every */
#define BACKGROUND_EVERY_MS 10
#define HURRY_US 300000        /* at most, to read the kernel's queue for HURRY */
#define SEND_ROUND 512         /* files sent before the kernel is asked again */
#define HURRY_WALK_US 50000    /* of one HURRY, for walking */
#define HURRY_SECOND_US 200000 /* of all of them in one second */

/*
 * Each event that finds us asleep costs its writer a wake-up, dearer than the event. So
 * when they come as fast as this, the kernel's queue is left alone for a while.
 */
#define FLOOD_WAKES 32 /* by the kernel within FLOOD_US */
#define FLOOD_US 10000
#define FLOOD_BYTES 2048 /* of events in one rest: it goes on */
#define FLOOD_REST_MS 5

static struct watch self;
static int wake_timer = -1, sight_timer = -1, rest_timer = -1;
static bool background_rests;

/* --- one round of the loop --- */

static bool
longer_than(mono_t since, int64_t span_us)
{
	return mono_diff_us(clock_mono(), since) >= span_us;
}

static void
note_quiet(void)
{
	int64_t now_us = clock_wall().us; /* before the look: what comes after is later */

	if (self.b->pending() == 0)
		self.quiet_us = now_us;
}

/* Read what waits in the kernel, up to a number of bytes or a time. How many it was. */
static size_t
drain(size_t bytes, int64_t span_us)
{
	mono_t begin = clock_mono();
	size_t got = 0, n;

	do {
		n = self.b->drain();
		got += n;
	} while (n > 0 && got < bytes && !longer_than(begin, span_us));
	note_quiet();
	return got;
}

static void on_rested(void *arg);

static void
rest(bool please)
{
	if (please && rest_timer < 0)
		rest_timer = loop_once(FLOOD_REST_MS, on_rested, NULL);
	loop_rest(self.b->fd(), rest_timer >= 0);
}

static void
on_rested(void *arg)
{
	(void)arg;
	rest_timer = -1;
	rest(drain(SIZE_MAX, DRAIN_US) >= FLOOD_BYTES);
}

static void
on_kernel(void *arg, int fd, short revents)
{
	static mono_t since;
	static unsigned wakes;

	(void)arg;
	(void)fd;
	(void)revents;
	if (mono_diff_us(loop_now(), since) >= FLOOD_US) {
		since = loop_now();
		wakes = 0;
	}
	drain(SIZE_MAX, DRAIN_US);
	rest(++wakes >= FLOOD_WAKES);
}

static void
walk_urgent(void)
{
	mono_t begin = clock_mono();

	while (!longer_than(begin, URGENT_US) && walk_step(self.walk, WALK_URGENT, -1))
		continue;
	if (self.ready || walk_left(self.walk, WALK_URGENT, -1) > 0)
		return;
	self.ready = true;
	self.start_ms = (uint64_t)(mono_diff_us(clock_mono(), self.started) / 1000);
	log_info("watch_ready backend=%s roots=%zu ms=%llu", self.b->name,
		 self.roots.live, (unsigned long long)self.start_ms);
	sight_tell(&self, true);
}

static void
send_due(mono_t now)
{
	int i;

	for (i = 0; i < SEND_ROUND && self.credits > 0 && !link_waiting(self.judge);
	     i++) {
		struct entry *e =
		    queue_next(self.queue, now, self.credits > self.reserve);
		uint64_t before = self.sent;

		if (e == NULL || !send_entry(&self, e, now))
			break;
		self.credits -= self.sent - before;
	}
}

/* Background work yields the disk to everybody else (ioprio_set(2); libc has no name). */
static void
disk_class(int class)
{
	(void)syscall(SYS_ioprio_set, 1, 0, class << 13 | (class == 3 ? 0 : 4));
}

static void
walk_background(void)
{
	mono_t begin = clock_mono();

	ask_send(&self); /* what found no room before */
	notice_walks();
	if (background_rests || !self.ready ||
	    walk_left(self.walk, WALK_BACKGROUND, -1) == 0)
		return;
	disk_class(3);
	while (!longer_than(begin, BACKGROUND_US) && ask_room(&self) &&
	       walk_step(self.walk, WALK_BACKGROUND, -1))
		continue;
	disk_class(2);
	ask_send(&self);
	background_rests = true;
}

static void
on_wake(void *arg)
{
	(void)arg;
	wake_timer = -1;
	background_rests = false;
}

/* When to come back though nothing happens; -1: never. */
static int64_t
wake_ms(mono_t now)
{
	int64_t ms = -1;
	mono_t due;

	if (walk_left(self.walk, WALK_URGENT, -1) > 0)
		return 0;
	if (self.credits > 0 && !link_waiting(self.judge)) {
		if (queue_due(self.queue, &due))
			ms = due.us <= now.us ? 0 : (due.us - now.us + 999) / 1000;
		if (queue_waiting_background(self.queue) > 0 &&
		    self.credits > self.reserve)
			ms = 0;
	}
	if (self.ready && walk_left(self.walk, WALK_BACKGROUND, -1) > 0 &&
	    (ms < 0 || ms > BACKGROUND_EVERY_MS))
		ms = BACKGROUND_EVERY_MS;
	return ms;
}

/* What happened is told a little later; nothing happened, and we sleep. */
static void
on_sight(void *arg)
{
	struct backend_state s;

	(void)arg;
	sight_timer = -1;
	notice_unwatched();
	sight_tell(&self, true);
	self.b->state(&s);
	self.calm = s.unwatched == 0;
}

static void
round_end(void *arg)
{
	int64_t ms;
	mono_t now;

	(void)arg;
	note_quiet();
	walk_urgent();
	now = clock_mono();
	send_due(now);
	walk_background();
	self.b->round_end();
	loop_events(self.judge->fd, link_waiting(self.judge) ? POLLIN | POLLOUT : POLLIN);
	loop_cancel(wake_timer);
	wake_timer = -1;
	ms = wake_ms(now);
	if (ms >= 0)
		wake_timer = loop_once(ms, on_wake, NULL);
	if (!self.calm && sight_timer < 0)
		sight_timer = loop_once(SIGHT_MS, on_sight, NULL);
	self.calm = false;
}

/* --- messages --- */

/*
 * How long this HURRY may walk: an account that made a million directories and asks for
 * its mail again and again gets what it deserves, the others their turn.
 */
static int64_t
hurry_span(mono_t now)
{
	static mono_t second;
	static int64_t spent;

	if (mono_diff_us(now, second) >= 1000000) {
		second = now;
		spent = 0;
	}
	spent += HURRY_WALK_US;
	return spent <= HURRY_SECOND_US ? HURRY_WALK_US : HURRY_WALK_US / 50;
}

/*
 * Everything the account had closed before judge asked is in the kernel's queue by now:
 * read that much, walk what it made, send what waits.
 */
static void
on_hurry(const struct m_hurry *h)
{
	struct m_hurried v = {.uid = h->uid, .asked = h->asked};
	static struct msg out;
	uint32_t uid = (uint32_t)h->uid;
	mono_t begin = clock_mono();
	int64_t span = 0;
	struct entry *e;
	struct err err;
	int i;

	(void)drain(self.b->pending(), HURRY_US);
	notice_hurry();
	ask_hurry(&self, uid);
	if (walk_owed(self.walk, uid) > 0)
		span = hurry_span(begin);
	begin = clock_mono();
	while (walk_owed(self.walk, uid) > 0 && !longer_than(begin, span))
		if (!walk_step(self.walk, WALK_URGENT, uid) &&
		    !walk_step(self.walk, WALK_BACKGROUND, uid))
			break;
	ask_hurry(&self, uid);
	for (i = 0; i < HURRY_FILES && (e = queue_next_uid(self.queue, uid)) != NULL; i++)
		if (!send_entry(&self, e, begin))
			break;
	v.left = queue_waiting_uid(self.queue, uid) + walk_owed(self.walk, uid) +
		 (uid == 0 ? 0 : walk_owed(self.walk, 0)) + !self.ready +
		 self.roots_stale;
	if (m_hurried_put(&out, &v, &err) == 0 && !send_msg(&self, &out))
		log_warn_rate("hurried", 60,
			      "watch_hurried uid=%u error=\"link is full\"", uid);
}

static void
on_conf(struct msg *m)
{
	static struct conf new;
	struct err e;
	int fd = m->fd;

	m->fd = -1;
	if (fd < 0 || conf_fd_take(fd, &new, &e) != 0) {
		log_warn("watch_conf error=\"%s\" kept=old",
			 fd < 0 ? "no descriptor" : e.text);
		return;
	}
	/* these two are the backend's from its start on */
	if (strcmp(self.conf.watch_backend, new.watch_backend) != 0 ||
	    strcmp(self.conf.watch_exclude, new.watch_exclude) != 0) {
		self.restart = true;
		loop_stop();
	}
	self.conf = new;
	queue_set(self.queue, new.settle_ms, new.settle_max_ms, new.queue_uid_max);
	notice_conf();
	notice_refresh();
	sight_tell(&self, true);
}

static int
on_message(struct msg *m, struct err *e)
{
	struct m_since since;
	struct m_want want;
	struct m_hurry hurry;
	struct m_look look;
	struct m_wanted wanted;

	switch ((int)m->type) {
	case MSG_SINCE:
		if (m_since_get(m, &since, e) != 0)
			return -1;
		self.since_us = since.ctime_us > NOTICE_SLACK_US
				    ? since.ctime_us - NOTICE_SLACK_US
				    : 0;
		self.since_known = true;
		return 0;
	case MSG_WANT:
		if (m_want_get(m, &want, e) != 0)
			return -1;
		self.since_known = true;
		self.credits += want.count;
		/* a walk must leave some for events that come meanwhile */
		if (self.credits / 4 > self.reserve)
			self.reserve = self.credits / 4 < 16 ? self.credits / 4 : 16;
		return 0;
	case MSG_WANTED:
		return m_wanted_get(m, &wanted, e) != 0 ? -1
							: ask_answer(&self, &wanted, e);
	case MSG_HURRY:
		if (m_hurry_get(m, &hurry, e) != 0)
			return -1;
		on_hurry(&hurry);
		return 0;
	case MSG_LOOK:
		if (m_look_get(m, &look, e) != 0)
			return -1;
		send_look(&self, &look, clock_mono());
		return 0;
	case MSG_CONF:
		on_conf(m);
		return 0;
	case MSG_STOP:
		loop_stop();
		return 0;
	default:
		return err_set(e, ERR_INPUT, "message %s is not for us",
			       msg_name(m->type));
	}
}

static void
on_link(void *arg, int fd, short revents)
{
	static struct msg m;
	struct link *l = arg;
	struct err e;
	int i, r = 0;

	(void)fd;
	if ((revents & POLLOUT) != 0 && link_flush(l, &e) != 0)
		r = -1;
	/* bounded, so that a talkative peer does not keep the kernel's queue waiting */
	for (i = 0; r >= 0 && i < 64 && (r = link_recv(l, &m, &e)) > 0; i++) {
		r = on_message(&m, &e);
		if (m.fd >= 0)
			close(m.fd);
		if (r == 0)
			continue;
	}
	if (r >= 0)
		return;
	log_info("watch_ends why=\"%s\"", e.text);
	loop_stop();
}

/* --- start --- */

/* Open a backend and give it the roots there are. strict: every root, or none. */
static int
try_backend(const struct backend *b, bool strict, struct err *e)
{
	self.b = b;
	if (b->open(&self.conf, &self.roots, &notice_calls, e) != 0)
		return -1;
	self.walk = walk_new(b, notice_walked);
	self.root_refused = false;
	roots_init(&self.roots);
	notice_refresh();
	if (!strict || !self.root_refused)
		return 0;
	walk_free(&self.walk);
	roots_fini(&self.roots);
	b->close();
	return err_set(e, ERR_SYS, "%s", self.root_error);
}

/* fanotify where it works for every root; else inotify, and why is told. */
static int
choose(const struct conf *c, struct err *e)
{
	if (strcmp(c->watch_backend, "inotify") != 0) {
		if (!priv_root())
			(void)snprintf(self.why_inotify, sizeof self.why_inotify,
				       "not started as root");
		else if (try_backend(&backend_fanotify, true, e) == 0)
			return 0;
		else
			(void)text_copy(self.why_inotify, sizeof self.why_inotify,
					e->text);
	}
	return try_backend(&backend_inotify, false, e);
}

static int
set_up(const struct conf *c, struct err *e)
{
	notice_init(&self);
	self.conf = *c;
	self.started = clock_mono();
	self.quiet_us = clock_wall().us;
	self.last_sent = xcalloc(SENT_SLOTS, sizeof *self.last_sent);
	self.ask = ask_new();
	self.queue = queue_new(c->settle_ms, c->settle_max_ms, c->queue_uid_max);
	if (choose(c, e) != 0)
		return -1;
	return priv_drop(c->user_watch, (uint64_t)1 << CAP_DAC_READ_SEARCH, e);
}

int
watch_main(const struct conf *c, struct link *judge, struct link *parent)
{
	struct err e;

	memset(&self, 0, sizeof self);
	self.judge = judge;
	self.parent = parent;
	if (set_up(c, &e) != 0) {
		log_warn("watch_start error=\"%s\"", e.text);
		return EX_OSERR;
	}
	if (!loop_add(judge->fd, POLLIN, on_link, judge) ||
	    (parent != NULL && !loop_add(parent->fd, POLLIN, on_link, parent)) ||
	    !notice_start() || !loop_add(self.b->fd(), POLLIN, on_kernel, NULL))
		log_bug("watch_loop full");
	loop_after_round(round_end, NULL);
	sight_tell(&self, true);
	loop_run();
	ask_free(&self);
	walk_free(&self.walk);
	queue_free(&self.queue);
	self.b->close();
	roots_fini(&self.roots);
	notice_fini();
	free(self.last_sent);
	return self.restart ? EX_TEMPFAIL : EX_OK;
}
