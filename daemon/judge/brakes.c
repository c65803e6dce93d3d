/*
 * brakes - every provider's brake, and the mail that waits behind it
 *
 * Job:     see brakes.h. brake_step (provider.c) decides; this file carries it out.
 * Touches: the link to hands, the store, the engine by reading.
 */
#include "brakes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert.h"
#include "hub.h"
#include "log.h"
#include "loop.h"
#include "mt_event.h"
#include "text.h"
#include "xmem.h"

#define TICK_MS 1000
#define ASKED_BASE (4ULL << 32) /* apart from the numbers of other verbs */
#define ASKED_END (5ULL << 32)
#define OLD_S 7200          /* an event older than this is history, not a signal */
#define POSTFIX_LAG_MS 3000 /* hands compiles the map and reloads: well below this */
#define LET_OUT_MS 180000   /* let out, but no outcome came: it waits again */
#define LIST_BYTES 60000
#define STORE_NAME "brakes"
#define NONE UINT32_MAX
#define BUCKETS 4096

/* One recipient of a message that waits for a braked provider. */
struct waiting {
	char id[32], rcpt[160];
	int provider;
	int64_t uid;
	bool used, let_out, forced;
	mono_t due; /* when it may be forced, then: when it was */
	uint32_t next;
};

static const struct provider_table *table;
static struct desk {
	struct brake brake;
	struct brake_sample sample[BRAKES_SAMPLES];
	unsigned samples; /* ever; the ring's place is samples % BRAKES_SAMPLES */
	uint64_t waiting;
} desk[PROVIDER_MAX];
static struct waiting *list;
static uint32_t head[BUCKETS], hand;
static struct learned {
	char domain[128];
	int provider;
} * learned;
static unsigned learned_count;
static struct brake_unknown unknown[BRAKES_UNKNOWN];
static unsigned unknown_count;
static struct brakes_counts count;
static uint64_t next_asked = ASKED_BASE;
static bool list_changed;

/* --- for the rows
 * ------------------------------------------------------------------------ */

const struct provider_table *
brakes_table(void)
{
	return table;
}

const struct brake *
brakes_of(int provider)
{
	return &desk[provider].brake;
}

uint64_t
brakes_waiting(int provider)
{
	return desk[provider].waiting;
}

unsigned
brakes_samples(int provider, const struct brake_sample **out)
{
	unsigned n = desk[provider].samples;

	*out = desk[provider].sample;
	return n < BRAKES_SAMPLES ? n : BRAKES_SAMPLES;
}

unsigned
brakes_unknown(const struct brake_unknown **out)
{
	*out = unknown;
	return unknown_count;
}

struct brakes_counts
brakes_counts(void)
{
	return count;
}

/* --- what waits
 * -------------------------------------------------------------------------- */

static uint32_t
bucket(const char *id)
{
	uint32_t h = 2166136261u;

	for (; *id != '\0'; id++)
		h = (h ^ (unsigned char)*id) * 16777619u;
	return (h ^ h >> 13) % BUCKETS;
}

static void
forget(struct waiting *w)
{
	uint32_t *at = &head[bucket(w->id)], me = (uint32_t)(w - list);

	while (*at != me)
		at = &list[*at].next;
	*at = w->next;
	w->used = false;
	desk[w->provider].waiting--;
	count.waiting--;
	list_changed |= w->let_out;
}

static struct waiting *
find(const char *id, const char *rcpt)
{
	for (uint32_t i = head[bucket(id)]; i != NONE; i = list[i].next)
		if (strcmp(list[i].id, id) == 0 && strcmp(list[i].rcpt, rcpt) == 0)
			return &list[i];
	return NULL;
}

static void
wait_for(const struct m_outcome *o, int provider, int64_t uid)
{
	struct waiting *w;

	if (find(o->queue_id, o->rcpt) != NULL)
		return;
	w = &list[hand];
	if (w->used || strlen(o->queue_id) >= sizeof(w->id) ||
	    strlen(o->rcpt) >= sizeof(w->rcpt)) {
		if (w->used && !w->let_out)
			count.untracked++;
		if (!w->used || w->let_out)
			return;
		forget(w); /* the oldest: it goes when the brake is lifted */
	}
	hand = (hand + 1) % BRAKES_WAITING;
	memset(w, 0, sizeof(*w));
	(void)text_copy(w->id, sizeof(w->id), o->queue_id);
	(void)text_copy(w->rcpt, sizeof(w->rcpt), o->rcpt);
	w->provider = provider;
	w->uid = uid;
	w->used = true;
	w->next = head[bucket(w->id)];
	head[bucket(w->id)] = (uint32_t)(w - list);
	desk[provider].waiting++;
	count.waiting++;
}

void
brakes_gone(const char *queue_id)
{
	uint32_t i, next;

	if (list == NULL)
		return;
	for (i = head[bucket(queue_id)]; i != NONE; i = next) {
		next = list[i].next;
		if (strcmp(list[i].id, queue_id) == 0)
			forget(&list[i]);
	}
}

/* --- domains
 * ------------------------------------------------------------------------------ */

/* A domain that no table names, but whose mail went to the provider's MX. */
static void
learn(const char *domain, int provider)
{
	if (provider_find(table, NULL, domain) >= 0 ||
	    strlen(domain) >= sizeof(learned->domain))
		return;
	for (unsigned i = 0; i < learned_count; i++)
		if (strcmp(learned[i].domain, domain) == 0) {
			learned[i].provider = provider;
			return;
		}
	if (learned_count == BRAKES_LEARNED)
		return; /* those beyond it are not held; their refusals still count */
	(void)text_copy(learned[learned_count].domain, sizeof(learned->domain), domain);
	learned[learned_count++].provider = provider;
	list_changed |= brake_holds(&desk[provider].brake);
}

/* The provider of a message that was never tried because it is held: by its domain. */
static int
provider_of_domain(const char *domain)
{
	int id = provider_find(table, NULL, domain);

	for (unsigned i = 0; id < 0 && i < learned_count; i++)
		if (strcmp(learned[i].domain, domain) == 0)
			id = learned[i].provider;
	return id;
}

static bool
put_domains(int provider, char *buf, size_t *len)
{
	const char *d;
	bool fits = true;

	for (unsigned i = 0; (d = provider_domain(table, provider, i)) != NULL; i++)
		fits &= strings_add(buf, LIST_BYTES, len, d);
	for (unsigned i = 0; i < learned_count; i++)
		if (learned[i].provider == provider)
			fits &= strings_add(buf, LIST_BYTES, len, learned[i].domain);
	return fits;
}

void
brakes_push(void)
{
	static char buf[LIST_BYTES];
	struct m_brake m = {.asked = next_asked++, .domains = buf};
	struct err e;
	char pass[200];
	size_t len = 0;
	bool fits = true, off;

	list_changed = false;
	if (table == NULL || strcmp(hub.conf.mta, "none") == 0)
		return;
	/* switched off, or only observing: the MTA's list must be empty, not as it was */
	off = strcmp(hub.conf.mode, "observe") == 0 || !hub.conf.provider_brake;
	for (unsigned i = 0; !off && i < provider_count(table); i++)
		if (brake_holds(&desk[i].brake))
			fits &= put_domains((int)i, buf, &len);
	for (uint32_t i = 0; !off && count.waiting > 0 && i < BRAKES_WAITING; i++)
		if (list[i].used && list[i].let_out) {
			snprintf(pass, sizeof(pass), "!%s", list[i].rcpt);
			fits &= strings_add(buf, LIST_BYTES, &len, pass);
		}
	if (!fits)
		alert_degraded("brake-list", "The list of braked domains is full: some "
					     "domains are not held back.");
	m.domains_len = len;
	count.pushes++;
	if (m_brake_put(wire_out(), &m, &e) != 0 ||
	    wire_send(&hub.hands, wire_out(), &e) != 0) {
		count.failed++;
		list_changed = true;
		log_warn_rate("brake", 60, "brake_not_told error=\"%s\"", e.text);
	}
}

bool
brakes_done(uint64_t asked, bool ok, const char *text)
{
	bool any = false;

	if (asked < ASKED_BASE || asked >= ASKED_END)
		return false;
	if (ok)
		return true;
	count.failed++;
	log_warn("brake_failed text=\"%s\"", text);
	for (unsigned i = 0; table != NULL && i < provider_count(table); i++)
		any |= brake_holds(&desk[i].brake);
	if (any) /* else nothing depends on it yet */
		alert_degraded(
		    "brake",
		    "The mail system did not take what a provider's brake needs: %s",
		    text);
	return true;
}

/* --- changes
 * ------------------------------------------------------------------------------ */

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

/* What is braked survives a restart: the MTA still holds it. */
static void
keep(void)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	struct err e;

	if (f == NULL)
		return;
	for (unsigned i = 0; i < provider_count(table); i++) {
		const struct brake *b = &desk[i].brake;

		if (b->state != BRAKE_CLEAR || b->relapses != 0)
			fprintf(f, "%s %d %d %lld %lld %lld %u %u\n",
				provider_name(table, (int)i), (int)b->state,
				(int)b->cause, (long long)b->since.us,
				(long long)b->until.us, (long long)b->hold_s, b->relapses,
				b->pace);
	}
	if (fclose(f) == 0 && store_kv_put(hub.store, STORE_NAME, text, n, &e) != 0)
		hub_store_warn(&e);
	free(text);
}

static void
restore(void)
{
	char text[8192], name[64];
	size_t n = 0;
	struct err e;

	if (store_kv_get(hub.store, STORE_NAME, text, sizeof(text) - 1, &n, &e) != 1)
		return;
	text[n < sizeof(text) - 1 ? n : sizeof(text) - 1] = '\0';
	for (char *p = text, *nl; *p != '\0'; p = nl + 1) {
		int state, cause, id;
		long long since, until, hold;
		unsigned relapses, pace;

		if ((nl = strchr(p, '\n')) == NULL)
			break;
		if (sscanf(p, "%63s %d %d %lld %lld %lld %u %u", name, &state, &cause,
			   &since, &until, &hold, &relapses, &pace) != 8 ||
		    (id = provider_by_name(table, name)) < 0 || state < 0 ||
		    state > BRAKE_PACED || cause < 0 || cause > BRAKE_BY_ADMIN)
			continue;
		desk[id].brake = (struct brake){.state = (enum brake_state)state,
						.cause = (enum brake_cause)cause,
						.since = {since},
						.until = {until},
						.hold_s = hold,
						.relapses = relapses > 16 ? 16 : relapses,
						.pace = pace > 1000 ? 1000 : pace};
		/* what waits is learnt anew from the log: probe first */
		if (state == BRAKE_PACED || state == BRAKE_PROBING)
			desk[id].brake.owed = 1;
	}
}

static void
changed(int provider, enum brake_state from, const char *who)
{
	const struct brake *b = &desk[provider].brake;
	char facts[300];
	struct store_decision row = {.t = clock_wall(),
				     .uid = -1,
				     .subject = provider_name(table, provider),
				     .from = brake_state_name(from),
				     .to = brake_state_name(b->state),
				     .reason = brake_cause_name(b->cause),
				     .who = who,
				     .facts = facts};
	struct err e;

	snprintf(facts, sizeof(facts), "hold_s=%lld relapses=%u waiting=%llu row=%s",
		 (long long)b->hold_s, b->relapses,
		 (unsigned long long)desk[provider].waiting,
		 desk[provider].samples == 0
		     ? "none"
		     : desk[provider]
			   .sample[(desk[provider].samples - 1) % BRAKES_SAMPLES]
			   .row);
	log_info("provider name=%s from=%s to=%s why=%s %s", row.subject, row.from,
		 row.to, row.reason, facts);
	if (store_decision_add(hub.store, &row, &e) != 0)
		hub_store_warn(&e);
	if (b->state == BRAKE_BRAKED)
		alert_degraded(row.subject,
			       "Mail to %s waits: it refuses this server's address (%s). "
			       "mailbrake dossier %s",
			       provider_title(table, provider), row.reason, row.subject);
	keep();
	list_changed = true;
}

static void
step(int provider, enum brake_event what, wall_t t, const char *who)
{
	struct brake *b = &desk[provider].brake;
	enum brake_state from = b->state;
	struct brake_conf c;

	conf_now(&c);
	if (brake_step(b, &c, what, t))
		changed(provider, from, who);
}

bool
brakes_word(int provider, enum brake_event word, const char *who)
{
	enum brake_state from = desk[provider].brake.state;

	step(provider, word, clock_wall(), who);
	if (list_changed)
		brakes_push();
	return desk[provider].brake.state != from;
}

/* --- outcomes
 * ----------------------------------------------------------------------------- */

static void
remember_sample(const struct m_outcome *o, const struct provider_verdict *v, int64_t uid)
{
	struct desk *d = &desk[v->provider_id];
	struct brake_sample *s = &d->sample[d->samples++ % BRAKES_SAMPLES];

	s->t = (wall_t){o->time_us};
	s->uid = uid;
	s->code = (int)o->code;
	s->scope = v->scope;
	(void)text_copy(s->row, sizeof(s->row), v->row);
	(void)text_copy(s->text, sizeof(s->text), o->text);
}

static void
remember_unknown(const struct m_outcome *o, const struct provider_verdict *v)
{
	char text[320];
	struct brake_unknown *u = NULL;

	(void)provider_reply_text(text, sizeof(text), (int)o->code, o->text,
				  strlen(o->text));
	for (unsigned i = 0; i < unknown_count && u == NULL; i++)
		if (strcmp(unknown[i].text, text) == 0)
			u = &unknown[i];
	if (u == NULL && unknown_count < BRAKES_UNKNOWN)
		u = &unknown[unknown_count++];
	for (unsigned i = 0; u == NULL && i < BRAKES_UNKNOWN; i++)
		if (unknown[i].count <= 1) { /* full: one that came once makes room */
			u = &unknown[i];
			u->count = 0;
		}
	if (u == NULL)
		return;
	if (u->count++ == 0) {
		(void)text_copy(u->text, sizeof(u->text), text);
		(void)text_copy(u->provider, sizeof(u->provider), v->provider);
		u->code = (int)o->code;
		u->first = (wall_t){o->time_us};
	}
	u->last = (wall_t){o->time_us};
}

/* A remote server's answer that was not "taken". */
static void
refused(const struct m_outcome *o, const struct provider_verdict *v, int64_t uid)
{
	enum brake_event what = v->scope == SCOPE_IP            ? BRAKE_LIST
				: v->scope == SCOPE_IP_THROTTLE ? BRAKE_RATE
								: BRAKE_OTHER;

	if (what != BRAKE_OTHER)
		remember_sample(o, v, uid);
	step(v->provider_id, what, (wall_t){o->time_us}, "mailbrake");
}

void
brakes_conf_changed(void)
{
	list_changed = true;
}

void
brakes_outcome(const struct m_outcome *o, const struct provider_verdict *v, int64_t uid)
{
	int64_t age_s = wall_s(clock_wall()) - o->time_us / 1000000;
	struct waiting *w;
	int id;

	if (table == NULL)
		return;
	if ((o->flags & OUTCOME_OWN) != 0) {
		id = provider_of_domain(o->rcpt_domain);
		if (o->kind == MT_DEFER && id >= 0 && brake_holds(&desk[id].brake))
			wait_for(o, id, uid);
		return;
	}
	if ((o->flags & OUTCOME_ANSWERED) != 0 && v->scope == SCOPE_UNKNOWN &&
	    o->code >= 400)
		remember_unknown(o, v);
	/* what a text claims to be from is no ground for anything */
	if (v->provider_id < 0 || v->from == PROVIDER_FROM_REPLY || age_s > OLD_S)
		return;
	if (v->from == PROVIDER_FROM_MX)
		learn(o->rcpt_domain, v->provider_id);
	w = find(o->queue_id, o->rcpt);
	if (w != NULL && o->kind != MT_DEFER)
		forget(w);
	else if (w != NULL)
		w->let_out = w->forced = false;
	if (o->kind == MT_SENT)
		step(v->provider_id, BRAKE_TAKEN, (wall_t){o->time_us}, "mailbrake");
	else if ((o->flags & OUTCOME_ANSWERED) != 0)
		refused(o, v, uid);
}

/* --- letting out
 * --------------------------------------------------------------------------- */

/* 0 goes first, 1 last; -1: not at all (its account is held). */
static int
rank(int64_t uid)
{
	static struct explanation x;
	static struct {
		int64_t uid;
		mono_t at;
		int rank;
	} cache[256];
	unsigned i = (unsigned)(uid & 255);

	if (uid < 0)
		return 1;
	if (cache[i].uid == uid && cache[i].at.us != 0 &&
	    mono_diff_us(loop_now(), cache[i].at) < 1000000)
		return cache[i].rank;
	cache[i].uid = uid;
	cache[i].at = loop_now();
	cache[i].rank = !engine_explain(hub.engine, (uint32_t)uid, &x) ? 0
			: x.state == ACCT_HELD                         ? -1
			: x.state == ACCT_CLEAR                        ? 0
								       : 1;
	return cache[i].rank;
}

/* Choose up to n that wait, the oldest of the clean accounts first. */
static unsigned
let_out(int provider, unsigned n)
{
	bool postfix = strcmp(hub.ears.mta, "postfix") == 0;
	unsigned done = 0;

	for (int want = 0; want <= 1 && done < n; want++)
		for (uint32_t k = 0; k < BRAKES_WAITING && done < n; k++) {
			struct waiting *w = &list[(hand + k) % BRAKES_WAITING];

			if (!w->used || w->let_out || w->provider != provider ||
			    rank(w->uid) != want)
				continue;
			w->let_out = true;
			w->forced = false;
			w->due = mono_after_ms(loop_now(), postfix ? POSTFIX_LAG_MS : 0);
			list_changed |= postfix;
			done++;
		}
	return done;
}

static void
send_force(const char *ids, size_t len)
{
	struct m_queue m = {.asked = next_asked++,
			    .verb = QUEUE_FORCE,
			    .uid = 0,
			    .ids = ids,
			    .ids_len = len};
	struct err e;

	if (len == 0)
		return;
	if (m_queue_put(wire_out(), &m, &e) != 0 ||
	    wire_send(&hub.hands, wire_out(), &e) != 0) {
		count.failed++;
		log_warn_rate("force", 60, "force_not_told error=\"%s\"", e.text);
	}
}

/* Those whose time has come are delivered; those of whom nothing was heard wait again. */
static void
force_due(void)
{
	static char ids[LIST_BYTES];
	size_t len = 0;

	for (uint32_t i = 0; i < BRAKES_WAITING; i++) {
		struct waiting *w = &list[i];

		if (!w->used || !w->let_out || mono_diff_us(loop_now(), w->due) < 0)
			continue;
		if (!w->forced && strings_add(ids, sizeof(ids), &len, w->id)) {
			w->forced = true;
			w->due = mono_after_ms(loop_now(), LET_OUT_MS);
			count.forced++;
		} else if (w->forced) {
			w->let_out = w->forced = false;
			list_changed = true;
		}
	}
	send_force(ids, len);
}

static void
on_tick(void *arg)
{
	wall_t now = clock_wall();
	bool any = false;

	(void)arg;
	for (unsigned i = 0; i < provider_count(table); i++) {
		struct desk *d = &desk[i];

		step((int)i, d->waiting == 0 ? BRAKE_EMPTY : BRAKE_TICK, now, "clock");
		any |= brake_holds(&d->brake);
		if (d->brake.owed > 0 && d->waiting > 0 &&
		    strcmp(hub.conf.mode, "observe") != 0)
			brake_let_out(&d->brake, let_out((int)i, d->brake.owed));
	}
	if (list_changed)
		brakes_push();
	if (any && count.waiting > 0)
		force_due();
	for (uint32_t i = 0; !any && count.waiting > 0 && i < BRAKES_WAITING; i++)
		if (list[i].used)
			forget(
			    &list[i]); /* all clear: the MTA's own queue runs take them */
}

void
brakes_init(const struct provider_table *t)
{
	table = t;
	if (t == NULL)
		return;
	list = xcalloc(BRAKES_WAITING, sizeof(*list));
	learned = xcalloc(BRAKES_LEARNED, sizeof(*learned));
	for (unsigned i = 0; i < BUCKETS; i++)
		head[i] = NONE;
	restore();
	list_changed = true;
	(void)loop_every(TICK_MS, on_tick, NULL);
}
