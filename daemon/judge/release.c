/*
 * release - what leaves the hold, and how
 *
 * Job:     see release.h.
 * Touches: held mail, the store, the link to hands.
 */
#include "release_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert.h"
#include "expect.h"
#include "files.h"
#include "hub.h"
#include "log.h"
#include "mailq.h"
#include "pool.h"
#include "text.h"
#include "xmem.h"

/* Injections at once; hands keeps the rest of JOBS_MAX for others. */
#define AT_WORK_MAX 6
/* Of one account: it can stop its own, and stops no other's. */
#define UID_AT_WORK_MAX 3

struct going {
	struct going *next;
	char id[HELD_ID];
	bool again, asked_hands;
	uint64_t asked;
	int64_t uid;
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

static void next_ones(void);

void
release_set_state(const char *id, const char *state, int64_t attempt, const char *result)
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
finish(struct going *g, const char *state, const char *why)
{
	unlink_going(g);
	held_close(&g->held);
	if (g->fn != NULL)
		g->fn(g->arg, g->id, state, why);
	free(g);
	next_ones();
}

static bool
take_row(void *arg, const struct store_held *v)
{
	struct going *g = arg;

	g->attempt = v->attempt;
	g->uid = v->uid;
	(void)text_copy(g->state, sizeof g->state, v->state);
	return true;
}

int
release_row(const char *id, struct release_row *out)
{
	struct going g = {.again = true};
	struct err e;
	int r = store_held_get(hub.store, id, take_row, &g, &e);

	out->attempt = g.attempt;
	(void)text_copy(out->state, sizeof out->state, g.state);
	return r;
}

bool
release_at_work(const char *id, int64_t *attempt)
{
	for (const struct going *g = at_work; g != NULL; g = g->next)
		if (strcmp(g->id, id) == 0) {
			*attempt = g->attempt;
			return true;
		}
	return false;
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

/* May it go? NULL: yes; else why not. g->state: what it is. */
static const char *
why_not(struct going *g)
{
	struct err e;
	int r;

	r = store_held_get(hub.store, g->id, take_row, g, &e);
	if (r < 0) {
		(void)text_copy(g->state, sizeof g->state, "held");
		return "the database cannot be read";
	}
	if (r == 0) {
		(void)text_copy(g->state, sizeof g->state, "missing");
		return "there is no held message of that id";
	}
	if (under_way(g))
		return "it is being released";
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
	release_set_state(g->id, "releasing", g->attempt, "");
	/* on the disk before anything is sent, so that a crash is noticed */
	if (store_sync(hub.store, &e) != 0 || held_mark(hub.held, g->id, &e) != 0) {
		release_set_state(g->id, g->state, g->attempt, e.text);
		finish(g, g->state, "the disk cannot be written; nothing was sent");
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
	release_set_state(g->id, g->state, g->attempt, e.text);
	finish(g, g->state, "the sending process is not running; nothing was sent");
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
		finish(g, g->state, why);
	else if (g->open_result == 1)
		ask_hands(g);
	else
		finish(g, g->state,
		       g->open_result == 0 ? "its file is missing" : g->err.text);
}

static unsigned
at_work_of(int64_t uid)
{
	const struct going *g;
	unsigned n = 0;

	for (g = at_work; g != NULL; g = g->next)
		n += g->uid == uid;
	return n;
}

/* The first whose account has room; NULL: none. It is not waiting any more. */
static struct going *
take_next(void)
{
	struct going **at, *g;
	int64_t full = -1; /* that has none: mostly all of one account wait */

	for (at = &waiting; (g = *at) != NULL; at = &g->next) {
		if (g->uid == full)
			continue;
		if (at_work_of(g->uid) >= UID_AT_WORK_MAX) {
			full = g->uid;
			continue;
		}
		*at = g->next;
		if (waiting_last == &g->next)
			waiting_last = at;
		return g;
	}
	return NULL;
}

static void
next_ones(void)
{
	static bool
	    here; /* finish calls this again: one loop, however many end at once */
	struct going *g;
	const char *why;

	if (here)
		return;
	here = true;
	while (at_work_count < AT_WORK_MAX && (g = take_next()) != NULL) {
		g->next = at_work;
		at_work = g;
		at_work_count++;
		if ((why = why_not(g)) != NULL) {
			finish(g, g->state, why);
			continue;
		}
		pool_run(next_key++, open_work, open_done, g);
	}
	here = false;
}

void
release_one(const char *id, bool again, release_fn fn, void *arg)
{
	struct going *g = xcalloc(1, sizeof *g);
	struct err e;

	(void)text_copy(g->id, sizeof g->id, id);
	g->again = again;
	g->asked = hub_asked(ASKED_RELEASE);
	/* whose it is decides when; a row that can't be read is said when its turn comes
	 */
	(void)store_held_get(hub.store, id, take_row, g, &e);
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

bool
release_reviewed(uint32_t uid, const char *who)
{
	uint64_t messages, bytes;

	held_usage(hub.held, uid, &messages, &bytes);
	/* the end of a hold thaws what is frozen: it has to be reviewed too */
	if (messages > 0 || mailq_holds(uid))
		return false;
	engine_reviewed(hub.engine, clock_wall(), uid, who);
	return true;
}

static void
remove_file(const char *id, uint32_t uid)
{
	struct err e;

	if (held_remove(hub.held, id, &e) < 0)
		log_warn("held_remove id=%s error=\"%s\"", id, e.text);
	if (release_reviewed(uid, "admin"))
		files_recheck(uid); /* what caused it may have been removed meanwhile */
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
		release_set_state(g->id, "unsure", g->attempt, result);
		hub.count.unsure++;
		log_warn("release_unsure id=%s", g->id);
		finish(g, "unsure", result);
		return true;
	}
	if (!ok) {
		(void)snprintf(result, sizeof result, "not sent (exit %" PRId64 "): %s",
			       exit_code, text);
		held_unmark(hub.held, g->id);
		release_set_state(g->id, "held", g->attempt, result);
		log_warn("release_failed id=%s uid=%u exit=%" PRId64 " text=\"%s\"",
			 g->id, (unsigned)uid, exit_code, text);
		finish(g, "held", result);
		return true;
	}
	release_set_state(g->id, "released", g->attempt, text);
	/* only when that is on the disk may the file go */
	if (store_sync(hub.store, &e) == 0)
		remove_file(g->id, uid);
	else
		hub_store_warn(&e);
	hub.count.released++;
	log_info("released id=%s uid=%u attempt=%" PRId64, g->id, (unsigned)uid,
		 g->attempt);
	finish(g, "released", "");
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
		release_set_state(g->id, "unsure", g->attempt,
				  "the sending process was killed");
		hub.count.unsure++;
		log_warn("release_unsure id=%s", g->id);
		finish(g, "unsure",
		       "the sending process was killed; it may have been sent");
		next = at_work; /* finish may have started others */
	}
}

/* --- discard --- */

void
release_discard(char (*ids)[HELD_ID], size_t n, release_fn fn, void *arg)
{
	struct release_row *was = xcalloc(n, sizeof *was); /* of those that are kept */
	struct err e;
	size_t i, kept = 0;
	const char *why;

	for (i = 0; i < n; i++) {
		struct going g = {.again = true};

		(void)text_copy(g.id, sizeof g.id, ids[i]);
		if ((why = why_not(&g)) != NULL) {
			fn(arg, ids[i], g.state, why);
			continue;
		}
		release_set_state(ids[i], "discarded", g.attempt, "");
		was[kept].attempt = g.attempt;
		(void)text_copy(was[kept].state, sizeof was[kept].state, g.state);
		memcpy(ids[kept++], g.id, HELD_ID);
	}
	if (kept > 0 && store_sync(hub.store, &e) != 0) {
		hub_store_warn(&e);
		for (i = 0; i < kept; i++) {
			/* what may have been sent already stays "unsure" */
			release_set_state(ids[i], was[i].state, was[i].attempt,
					  "could not be discarded");
			fn(arg, ids[i], was[i].state,
			   "the database cannot be written; nothing was discarded");
		}
		free(was);
		return;
	}
	free(was);
	for (i = 0; i < kept; i++) {
		struct held *held = NULL;
		uint32_t uid = UINT32_MAX;

		if (held_open(hub.held, ids[i], false, &held, &e) == 1)
			uid = held_head(held)->uid;
		held_close(&held);
		remove_file(ids[i], uid);
		hub.count.discarded++;
		log_info("discarded id=%s", ids[i]);
		fn(arg, ids[i], "discarded", "");
	}
}
