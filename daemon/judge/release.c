/*
 * release - what leaves the hold, and how
 *
 * Job:     see release.h.
 * Touches: held mail, the store, the link to hands.
 */
#include "release.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert.h"
#include "expect.h"
#include "hub.h"
#include "log.h"
#include "pool.h"
#include "submit.h"
#include "text.h"
#include "xmem.h"

#define AT_WORK_MAX 8 /* injections at once; hands bounds them too */
#define DAY_US 86400000000
#define EXPIRE_KEY "expire_wall_us"
#define EXPIRE_WARN_S (3 * 86400) /* told so long before held mail expires */

struct going {
	struct going *next;
	char id[HELD_ID];
	bool again, asked_hands;
	uint64_t asked;
	int64_t attempt;
	char state[16]; /* of the row, when it was read */
	release_fn fn;
	void *arg;
	/* opening and checking, on a pool thread */
	struct held *held;
	int open_result;
	struct err err;
};

static struct going *waiting, **waiting_last = &waiting, *at_work;
static unsigned at_work_count;
static uint32_t next_key =
    1U << 31; /* of the pool: releases do not wait for each other */
static uint64_t next_asked = 1ULL << 32; /* apart from alert's and set-aside's numbers */

static void next_ones(void);

static void
set_state(const char *id, const char *state, int64_t attempt, const char *result)
{
	struct err e;

	if (store_held_set_state(hub.store, id, state, attempt, result, clock_wall(),
				 &e) != 0)
		hub_store_warn(&e);
}

static void
unlink_going(struct going *g)
{
	struct going **at;

	for (at = &at_work; *at != NULL; at = &(*at)->next)
		if (*at == g) {
			*at = g->next;
			at_work_count--;
			return;
		}
}

static void
finish(struct going *g, bool ok, const char *result)
{
	unlink_going(g);
	held_close(&g->held);
	if (g->fn != NULL)
		g->fn(g->arg, g->id, ok, result);
	free(g);
	next_ones();
}

static bool
take_row(void *arg, const struct store_held *v)
{
	struct going *g = arg;

	g->attempt = v->attempt;
	(void)text_copy(g->state, sizeof g->state, v->state);
	return true;
}

/* Asked for twice: the second must not send it again. */
static bool
under_way(const struct going *me)
{
	const struct going *g;

	for (g = at_work; g != NULL; g = g->next)
		if (g != me && strcmp(g->id, me->id) == 0)
			return true;
	return false;
}

/* May it go? NULL: yes; else why not. */
static const char *
why_not(struct going *g)
{
	struct err e;
	int r;

	if (under_way(g))
		return "it is being released";
	r = store_held_get(hub.store, g->id, take_row, g, &e);

	if (r < 0)
		return "the database cannot be read";
	if (r == 0)
		return "there is no held message of that id";
	if (strcmp(g->state, "held") == 0)
		return NULL;
	if (strcmp(g->state, "unsure") == 0)
		return g->again ? NULL
				: "it may have been sent already (the daemon was killed "
				  "while sending it): look for it in the mail log, then "
				  "`release --again ID` or `discard ID`";
	if (strcmp(g->state, "releasing") == 0)
		return "it is being released";
	return "it is not held any more";
}

static void
ask_hands(struct going *g)
{
	const struct held_head *h = held_head(g->held);
	struct m_inject m = {.asked = g->asked,
			     .uid = h->uid,
			     .gid = h->gid,
			     .login = h->login,
			     .cwd = h->cwd,
			     .argv = h->argv,
			     .argv_len = h->argv_len,
			     .env = h->env,
			     .env_len = h->env_len};
	struct err e;

	g->attempt++;
	set_state(g->id, "releasing", g->attempt, "");
	/* on the disk before anything is sent, so that a crash is noticed */
	if (store_sync(hub.store, &e) != 0 || held_mark(hub.held, g->id, &e) != 0) {
		set_state(g->id, g->state, g->attempt, e.text);
		finish(g, false, "the disk cannot be written; nothing was sent");
		return;
	}
	if (m_inject_put(wire_out(), &m, &e) == 0) {
		wire_out()->fd = held_fd(g->held);
		if (wire_send(&hub.hands, wire_out(), &e) == 0) {
			g->asked_hands = true;
			expect_add(h->uid, h->rcpts, clock_mono());
			return;
		}
	}
	held_unmark(hub.held, g->id);
	set_state(g->id, g->state, g->attempt, e.text);
	finish(g, false, "hands is not there; nothing was sent; try again");
}

static void
open_work(void *arg)
{
	struct going *g = arg;

	g->open_result = held_open(hub.held, g->id, true, &g->held, &g->err);
}

static void
open_done(void *arg)
{
	struct going *g = arg;

	const char *why = why_not(g);

	/* what was true before its file was read may not be true any more */
	if (why != NULL)
		finish(g, false, why);
	else if (g->open_result == 1)
		ask_hands(g);
	else
		finish(g, false,
		       g->open_result == 0 ? "its file is missing" : g->err.text);
}

static void
next_ones(void)
{
	struct going *g;
	const char *why;

	while (at_work_count < AT_WORK_MAX && (g = waiting) != NULL) {
		waiting = g->next;
		if (waiting == NULL)
			waiting_last = &waiting;
		g->next = at_work;
		at_work = g;
		at_work_count++;
		if ((why = why_not(g)) != NULL) {
			finish(g, false, why);
			return; /* finish called us again */
		}
		pool_run(next_key++, open_work, open_done, g);
	}
}

void
release_one(const char *id, bool again, release_fn fn, void *arg)
{
	struct going *g = xcalloc(1, sizeof *g);

	(void)text_copy(g->id, sizeof g->id, id);
	g->again = again;
	g->asked = next_asked++;
	g->fn = fn;
	g->arg = arg;
	*waiting_last = g;
	waiting_last = &g->next;
	next_ones();
}

void
release_forget(const void *arg)
{
	struct going *g;

	for (g = waiting; g != NULL; g = g->next)
		if (g->arg == arg)
			g->fn = NULL;
	for (g = at_work; g != NULL; g = g->next)
		if (g->arg == arg)
			g->fn = NULL;
}

static void
maybe_reviewed(uint32_t uid)
{
	uint64_t messages, bytes;

	held_usage(hub.held, uid, &messages, &bytes);
	if (messages == 0)
		engine_reviewed(hub.engine, clock_wall(), uid, "admin");
}

static void
remove_file(const char *id, uint32_t uid)
{
	struct err e;

	if (held_remove(hub.held, id, &e) < 0)
		log_warn("held_remove id=%s error=\"%s\"", id, e.text);
	maybe_reviewed(uid);
}

bool
release_done(uint64_t asked, bool ok, int64_t exit_code, const char *text)
{
	struct going *g;
	uint32_t uid;
	struct err e;
	char result[600];

	for (g = at_work; g != NULL; g = g->next)
		if (g->asked == asked && g->asked_hands)
			break;
	if (g == NULL)
		return false;
	uid = held_head(g->held)->uid;
	if (!ok && exit_code > 128) { /* by a signal: what it did before is not known */
		(void)snprintf(
		    result, sizeof result,
		    "the mail system was killed while taking it (signal %" PRId64 "): %s",
		    exit_code - 128, text);
		set_state(g->id, "unsure", g->attempt, result);
		hub.count.unsure++;
		log_warn("release_unsure id=%s", g->id);
		finish(g, false, result);
		return true;
	}
	if (!ok) {
		(void)snprintf(result, sizeof result, "not sent (exit %" PRId64 "): %s",
			       exit_code, text);
		held_unmark(hub.held, g->id);
		set_state(g->id, "held", g->attempt, result);
		log_warn("release_failed id=%s uid=%u exit=%" PRId64 " text=\"%s\"",
			 g->id, (unsigned)uid, exit_code, text);
		finish(g, false, result);
		return true;
	}
	set_state(g->id, "released", g->attempt, text);
	/* only when that is on the disk may the file go */
	if (store_sync(hub.store, &e) == 0)
		remove_file(g->id, uid);
	else
		hub_store_warn(&e);
	hub.count.released++;
	log_info("released id=%s uid=%u attempt=%" PRId64, g->id, (unsigned)uid,
		 g->attempt);
	finish(g, true, "released");
	return true;
}

void
release_hands_gone(void)
{
	struct going *g, *next;

	for (g = at_work; g != NULL; g = next) {
		next = g->next;
		if (!g->asked_hands)
			continue;
		set_state(g->id, "unsure", g->attempt, "the sending process was killed");
		hub.count.unsure++;
		log_warn("release_unsure id=%s", g->id);
		finish(g, false,
		       "unsure: the sending process was killed; it may have been sent");
		next = at_work; /* finish may have started others */
	}
}

/* --- discard
 * -------------------------------------------------------------------------------- */

void
release_discard(char (*ids)[HELD_ID], size_t n, release_fn fn, void *arg)
{
	struct err e;
	size_t i, kept = 0;
	const char *why;

	for (i = 0; i < n; i++) {
		struct going g = {.again = true};

		(void)text_copy(g.id, sizeof g.id, ids[i]);
		if ((why = why_not(&g)) != NULL) {
			fn(arg, ids[i], false, why);
			continue;
		}
		set_state(ids[i], "discarded", g.attempt, "");
		memcpy(ids[kept++], g.id, HELD_ID);
	}
	if (kept > 0 && store_sync(hub.store, &e) != 0) {
		hub_store_warn(&e);
		for (i = 0; i < kept; i++) {
			set_state(ids[i], "held", 0, "could not be discarded");
			fn(arg, ids[i], false,
			   "the database cannot be written; nothing was discarded");
		}
		return;
	}
	for (i = 0; i < kept; i++) {
		struct held *held = NULL;
		uint32_t uid = UINT32_MAX;

		if (held_open(hub.held, ids[i], false, &held, &e) == 1)
			uid = held_head(held)->uid;
		held_close(&held);
		remove_file(ids[i], uid);
		hub.count.discarded++;
		log_info("discarded id=%s", ids[i]);
		fn(arg, ids[i], true, "discarded");
	}
}

/* --- after a restart
 * ------------------------------------------------------------------------ */

struct recover {
	uint64_t adopted, unsure, removed, damaged, messages;
	char gone[64][HELD_ID]; /* to remove after the walk */
	size_t gone_count;
};

/*
 * The account of a held message is not known any more (the database was lost): what held
 * its mail is forgotten, so a person has to say that it may pass again.
 */
static void
hold_stranger(uint32_t uid)
{
	struct explanation *x = xcalloc(1, sizeof *x);
	struct err e;

	if (!engine_explain(hub.engine, uid, x) &&
	    engine_word(hub.engine, clock_wall(), uid, WORD_HOLD, SCOPE_ACCOUNT, NULL,
			(wall_t){0}, "restart", &e) != 0)
		log_warn("hold_stranger uid=%u error=\"%s\"", (unsigned)uid, e.text);
	free(x);
}

static void
adopt(const char *id, const struct held_head *h)
{
	bool going = held_marked(hub.held, id);
	struct store_held row = {
	    .id = id,
	    .login = h->login,
	    .from = h->claimed_from,
	    .subject = h->claimed_subject,
	    .script = h->claimed_script,
	    .reason = h->reason,
	    .state = going ? "unsure" : "held",
	    .result = going ? "it was being sent when its row was lost"
			    : "adopted from its file after a restart; its sender may not "
			      "have been told, and may have sent it unchecked",
	    .uid = (int64_t)h->uid,
	    .rcpts = (int64_t)h->rcpts,
	    .size = (int64_t)h->size,
	    .t = h->t,
	    .state_t = clock_wall()};
	struct err e;

	hub.count.unsure += going;
	if (store_held_put(hub.store, &row, &e) != 0)
		hub_store_warn(&e);
	hold_stranger(h->uid);
}

/* A database was begun anew while we ran: a message that hands has now keeps its state.
 */
static bool
adopt_one(void *arg, const char *id, const struct held_head *h, const char *problem)
{
	uint64_t *adopted = arg;
	struct going g = {.again = true};
	const struct going *w;
	struct err e;

	(void)problem;
	if (h == NULL || store_held_get(hub.store, id, take_row, &g, &e) == 1)
		return true;
	adopt(id, h);
	(*adopted)++;
	for (w = at_work; w != NULL; w = w->next)
		if (strcmp(w->id, id) == 0)
			set_state(id, "releasing", w->attempt, "");
	return true;
}

void
release_adopt(void)
{
	uint64_t adopted = 0;
	struct err e;

	if (held_scan(hub.held, adopt_one, &adopted, &e) < 0)
		hub_store_warn(&e);
	log_info("held_mail adopted=%" PRIu64, adopted);
}

static bool
recover_one(void *arg, const char *id, const struct held_head *h, const char *problem)
{
	struct recover *r = arg;
	struct going g = {.again = true};
	struct err e;

	if (h == NULL) {
		r->damaged++;
		log_warn("held_damaged id=%s problem=\"%s\" kept", id, problem);
		return true;
	}
	r->messages++;
	submit_remember(h->uid, h->token, id);
	if (store_held_get(hub.store, id, take_row, &g, &e) != 1) {
		adopt(id, h);
		r->adopted++;
	} else if (strcmp(g.state, "releasing") == 0 ||
		   (strcmp(g.state, "held") == 0 && held_marked(hub.held, id))) {
		set_state(id, "unsure", g.attempt,
			  "the daemon was killed while sending it");
		r->unsure++;
	} else if ((strcmp(g.state, "released") == 0 ||
		    strcmp(g.state, "discarded") == 0 ||
		    strcmp(g.state, "expired") == 0) &&
		   r->gone_count < 64) {
		(void)text_copy(r->gone[r->gone_count++], HELD_ID, id);
	}
	return true;
}

struct missing {
	uint64_t count;
	char id[64][HELD_ID];
};

static bool
row_without_file(void *arg, const struct store_held *v)
{
	struct missing *m = arg;
	struct held *held = NULL;
	struct err e;
	int r;

	if (strcmp(v->state, "held") != 0 && strcmp(v->state, "unsure") != 0)
		return true;
	r = held_open(hub.held, v->id, false, &held, &e);
	held_close(&held);
	if (r == 0 && m->count < 64)
		(void)text_copy(m->id[m->count++], HELD_ID, v->id);
	return m->count < 64;
}

void
release_recover(void)
{
	struct recover r = {0};
	struct missing m = {0};
	struct err e;
	size_t i;

	if (held_scan(hub.held, recover_one, &r, &e) < 0)
		alert_degraded("held", "Held mail cannot be read: %s", e.text);
	for (i = 0; i < r.gone_count; i++) {
		if (held_remove(hub.held, r.gone[i], &e) > 0)
			r.removed++;
	}
	if (store_held_each(hub.store, -1, NULL, 0, row_without_file, &m, &e) != 0)
		hub_store_warn(&e);
	for (i = 0; i < m.count; i++)
		set_state(m.id[i], "missing", 0, "its file was not there at a start");
	if (m.count > 0)
		alert_degraded("missing",
			       "%" PRIu64 " held messages have no file any more: "
			       "`mailbrake held` lists them as missing.",
			       m.count);
	if (r.unsure > 0)
		alert_degraded("unsure",
			       "%" PRIu64 " held messages may have been sent when the "
			       "daemon was killed: `mailbrake held` lists them as "
			       "unsure.",
			       r.unsure);
	hub.count.unsure += r.unsure;
	log_info("held_mail messages=%" PRIu64 " adopted=%" PRIu64 " unsure=%" PRIu64
		 " finished=%" PRIu64 " damaged=%" PRIu64 " missing=%" PRIu64,
		 r.messages, r.adopted, r.unsure, r.removed, r.damaged, m.count);
}

/* --- expiry
 * ---------------------------------------------------------------------------------- */

struct expiring {
	wall_t now;
	uint64_t soon;
	char id[64][HELD_ID];
	size_t count;
};

static bool
expire_one(void *arg, const struct store_held *v)
{
	struct expiring *x = arg;
	int64_t age_s = wall_s(x->now) - wall_s(v->t);

	if (age_s >= hub.conf.held_expire_s && x->count < 64)
		(void)text_copy(x->id[x->count++], HELD_ID, v->id);
	else if (age_s >= hub.conf.held_expire_s - EXPIRE_WARN_S)
		x->soon++;
	return x->count < 64;
}

/*
 * A clock that was set wrong must not end a hold: when wall time ran a day ahead of the
 * time that passed, nothing expires for a day, and the admin is told.
 */
static bool
clock_jumped(wall_t now)
{
	static mono_t last_mono, quiet_until;
	mono_t mono = clock_mono();
	int64_t last_us = 0, ahead_us;
	size_t len = 0;
	struct err e;

	if (store_kv_get(hub.store, EXPIRE_KEY, &last_us, sizeof last_us, &len, &e) !=
		1 ||
	    len != sizeof last_us)
		last_us = now.us;
	ahead_us =
	    now.us - last_us - (last_mono.us == 0 ? 0 : mono_diff_us(mono, last_mono));
	last_mono = mono;
	if (store_kv_put(hub.store, EXPIRE_KEY, &now.us, sizeof now.us, &e) != 0)
		hub_store_warn(&e);
	if (ahead_us > DAY_US) {
		quiet_until = mono_after_ms(mono, DAY_US / 1000);
		alert_degraded("clock",
			       "The clock is %" PRId64 " hours ahead of the time that "
			       "passed: no held mail expires for a day.",
			       ahead_us / 3600000000);
	}
	return mono_diff_us(mono, quiet_until) < 0;
}

void
release_expire(void)
{
	struct expiring x = {.now = clock_wall()};
	struct err e;
	size_t i;

	if (clock_jumped(x.now))
		return;
	if (store_held_each(hub.store, -1, "held", 0, expire_one, &x, &e) != 0)
		hub_store_warn(&e);
	for (i = 0; i < x.count; i++)
		set_state(x.id[i], "expired", 0, "nobody reviewed it in held_expire_s");
	if (x.count > 0 && store_sync(hub.store, &e) != 0) {
		hub_store_warn(&e);
		return;
	}
	for (i = 0; i < x.count; i++) {
		(void)held_remove(hub.held, x.id[i], &e);
		log_warn("expired id=%s", x.id[i]);
	}
	if (x.count > 0)
		alert_degraded("expired",
			       "%zu held messages were given up: nobody reviewed them in "
			       "held_expire_s (%" PRId64 " s).",
			       x.count, hub.conf.held_expire_s);
	if (x.soon > 0)
		alert_degraded("expires",
			       "%" PRIu64 " held messages will be given up within three "
			       "days: `mailbrake held` lists them.",
			       x.soon);
}
