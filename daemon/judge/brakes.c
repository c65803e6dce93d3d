/*
 * brakes - every provider's brake
 *
 * Job:     see brakes.h. brake_step (provider.c) decides; brakes_*.c carry it out.
 * Touches: the store.
 */
#include "brakes_int.h"

#include <stdio.h>
#include <string.h>

#include "alert.h"
#include "hub.h"
#include "log.h"
#include "loop.h"
#include "mt_event.h"

#define TICK_MS 1000 /* while something is braked, or not told yet */
#define OLD_S 7200   /* an event older than this is history, not a signal */

static int tick_timer = -1;
static bool tick_slow; /* later than TICK_MS */

struct brakes brakes;

const struct provider_table *
brakes_table(void)
{
	return brakes.table;
}

const struct brake *
brakes_of(int provider)
{
	return &brakes.desk[provider].brake;
}

uint64_t
brakes_waiting(int provider)
{
	return brakes.desk[provider].waiting;
}

struct brakes_counts
brakes_counts(void)
{
	return brakes.count;
}

static void
conf_now(struct brake_conf *c)
{
	*c = brake_defaults;
	c->list_count = (unsigned)hub.conf.brake_list_count;
	c->rate_count = (unsigned)hub.conf.brake_rate_count;
	c->list_s = hub.conf.brake_list_s;
	c->rate_s = hub.conf.brake_rate_s;
	c->probe_s = hub.conf.brake_probe_s;
	c->pace_s = hub.conf.brake_pace_s;
}

static void
changed(int provider, enum brake_state from, const char *who)
{
	const struct brake *b = &brakes.desk[provider].brake;
	char facts[300];
	struct store_decision row = {.t = clock_wall(),
				     .uid = -1,
				     .subject = provider_name(brakes.table, provider),
				     .from = brake_state_name(from),
				     .to = brake_state_name(b->state),
				     .reason = brake_cause_name(b->cause),
				     .who = who,
				     .facts = facts};
	struct err e;

	snprintf(facts, sizeof(facts), "hold_s=%lld relapses=%u waiting=%llu row=%s",
		 (long long)b->hold_s, b->relapses,
		 (unsigned long long)brakes.desk[provider].waiting,
		 brakes.desk[provider].samples == 0
		     ? "none"
		     : brakes.desk[provider]
			   .sample[(brakes.desk[provider].samples - 1) % BRAKES_SAMPLES]
			   .row);
	log_info("provider name=%s from=%s to=%s why=%s %s", row.subject, row.from,
		 row.to, row.reason, facts);
	if (store_decision_add(hub.store, &row, &e) != 0)
		hub_store_warn(&e);
	if (b->state == BRAKE_BRAKED)
		alert_degraded(row.subject,
			       "Mail to %s waits: it refuses this server's address (%s). "
			       "mailbrake dossier %s",
			       provider_title(brakes.table, provider), row.reason,
			       row.subject);
	brakes_keep();
	brakes.list_changed = true;
}

static void
step(int provider, enum brake_event what, wall_t t, const char *who)
{
	struct brake *b = &brakes.desk[provider].brake;
	enum brake_state from = b->state;
	struct brake_conf c;

	conf_now(&c);
	if (brake_step(b, &c, what, t))
		changed(provider, from, who);
	brakes.any |= brake_holds(b);
}

bool
brakes_word(int provider, enum brake_event word, const char *who)
{
	enum brake_state from = brakes.desk[provider].brake.state;

	step(provider, word, clock_wall(), who);
	if (brakes.list_changed)
		brakes_push();
	return brakes.desk[provider].brake.state != from;
}

/* A remote server's answer that was not "taken". */
static void
refused(const struct m_outcome *o, const struct provider_verdict *v, int64_t uid)
{
	enum brake_event what = v->scope == SCOPE_IP            ? BRAKE_LIST
				: v->scope == SCOPE_IP_THROTTLE ? BRAKE_RATE
								: BRAKE_OTHER;

	if (what != BRAKE_OTHER)
		brakes_seen_sample(o, v, uid);
	step(v->provider_id, what, (wall_t){o->time_us}, "mailbrake");
}

void
brakes_conf_changed(void)
{
	brakes.list_changed = true;
}

void
brakes_outcome(const struct m_outcome *o, const struct provider_verdict *v, int64_t uid)
{
	int64_t age_s = wall_s(clock_wall()) - o->time_us / 1000000;
	int id;

	if (brakes.table == NULL)
		return;
	if ((o->flags & OUTCOME_OWN) != 0) {
		id = brakes_list_provider(o->rcpt_domain);
		if (o->kind == MT_DEFER && id >= 0 && brake_holds(&brakes.desk[id].brake))
			brakes_wait_for(o, id, uid);
		return;
	}
	if ((o->flags & OUTCOME_ANSWERED) != 0 && v->scope == SCOPE_UNKNOWN &&
	    o->code >= 400)
		brakes_seen_unknown(o, v);
	/* what a text claims to be from is no ground for anything */
	if (v->provider_id < 0 || v->from == PROVIDER_FROM_REPLY || age_s > OLD_S)
		return;
	if (brakes_by_smarthost(o)) {
		brakes_wait_tried(o);
		return;
	}
	if (v->from == PROVIDER_FROM_MX)
		brakes_list_learn(o->rcpt_domain, v->provider_id);
	brakes_wait_tried(o);
	if (o->kind == MT_SENT)
		step(v->provider_id, BRAKE_TAKEN, (wall_t){o->time_us}, "mailbrake");
	else if ((o->flags & OUTCOME_ANSWERED) != 0)
		refused(o, v, uid);
}

void
brakes_tick(void)
{
	wall_t now = clock_wall();
	bool any = false;

	if (brakes.table == NULL)
		return;
	for (unsigned i = 0; i < provider_count(brakes.table); i++) {
		struct brake_desk *d = &brakes.desk[i];

		step((int)i, d->waiting == 0 ? BRAKE_EMPTY : BRAKE_TICK, now, "clock");
		any |= brake_holds(&d->brake);
		if (d->brake.owed > 0 && d->waiting > 0 &&
		    strcmp(hub.conf.mode, "observe") != 0)
			brake_let_out(&d->brake,
				      brakes_wait_let_out((int)i, d->brake.owed));
	}
	if (brakes.list_changed &&
	    (brakes.count.failing == 0 || mono_diff_us(loop_now(), brakes.retry_at) >= 0))
		brakes_push();
	if (brakes.keep_changed)
		brakes_keep();
	if (any && brakes.count.waiting > 0)
		brakes_wait_force_due();
	if (!any)
		brakes_wait_forget_all();
	brakes.any = any;
}

static void
on_tick(void *arg)
{
	(void)arg;
	tick_timer = -1;
	brakes_tick();
}

void
brakes_round(void)
{
	/* only a list that failed is to be told again */
	bool slow = !brakes.any && !brakes.keep_changed && brakes.count.failing > 0;
	int64_t ms = slow ? mono_diff_us(brakes.retry_at, loop_now()) / 1000 + 1 : 0;

	if (brakes.table == NULL ||
	    !(brakes.any || brakes.list_changed || brakes.keep_changed) ||
	    (tick_timer >= 0 && (slow || !tick_slow)))
		return;
	loop_cancel(tick_timer);
	tick_slow = slow;
	tick_timer = loop_once(ms > TICK_MS ? ms : TICK_MS, on_tick, NULL);
}

void
brakes_init(const struct provider_table *t)
{
	brakes.table = t;
	if (t == NULL)
		return;
	brakes_wait_init();
	brakes_list_init();
	brakes_restore();
	brakes.list_changed = true;
}
