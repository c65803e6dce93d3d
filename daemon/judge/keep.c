/*
 * keep - the accounts: what the engine knows is in the store, what it decides is done
 *
 * Job:     see keep.h.
 * Touches: the store, held mail, the engine.
 */
#include "keep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "alert.h"
#include "engine_conf.h"
#include "expect.h"
#include "holds.h"
#include "hub.h"
#include "known_good.h"
#include "log.h"
#include "loop.h"
#include "mailq.h"
#include "release.h"
#include "xmem.h"

#define SAVE_MS 2000   /* changed accounts go to the store so often */
#define SAVE_ROUND 200 /* accounts a time */

static int save_timer = -1, flush_timer = -1;
static unsigned store_generation; /* of the database that is in use */

void
keep_settings(struct engine_conf *ec)
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

void
keep_minute(void)
{
	hub.changed = false;
	save_dirty(NULL);
}

void
keep_soon(void)
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
				     .subject = hub_login(d->uid),
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

void
keep_open(void)
{
	struct engine_conf ec;
	struct store_status st;
	uint64_t bad = 0, salt;
	struct err e;

	if (store_open(&hub.store, hub.conf.state_dir, &e) != 0 ||
	    held_dir_open(&hub.held, hub.conf.state_dir, &e) != 0)
		log_fatal(71, "start error=\"%s\"", e.text);
	keep_settings(&ec);
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

void
keep_check(void)
{
	struct err e;

	if (store_check(hub.store, &e) != 0)
		hub_store_warn(&e);
	check_reborn();
}

void
keep_round(void)
{
	struct err e;
	int due;

	if (decided) {
		/* a state, and an admin's word, must outlive a kill that comes now */
		decided = false;
		save_dirty(NULL);
		if (store_sync(hub.store, &e) != 0)
			hub_store_warn(&e);
	}
	if (hub.changed)
		keep_soon();
	hub.changed = false;
	if (flush_timer < 0 && (due = store_due_ms(hub.store, clock_mono())) >= 0)
		flush_timer = loop_once(due < 1 ? 1 : due, flush_due, NULL);
}

void
keep_all(void)
{
	struct err e;
	uint32_t uid;

	while (engine_dirty(hub.engine, &uid))
		save_account(uid);
	if (store_sync(hub.store, &e) != 0)
		log_warn("stop error=\"%s\"", e.text);
}
