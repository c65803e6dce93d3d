/*
 * brakes_ctl - the commands providers, dossier and notice
 *
 * Job:     rows from the brakes, the counters of seven days, decisions and findings.
 * Every number comes from the store or from memory; what is not known is said to be
 * missing. Touches: the store and the brakes, by reading. Source:  the fields of the
 * rows: daemon/client/columns.def.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brakes.h"
#include "ctl_row.h"
#include "hub.h"
#include "reason.h"
#include "text.h"
#include "xmem.h"

#define WHO_MAX \
	64 /* accounts compared for one provider; the rest are in the sums only \
	    */

enum span { SPAN_1H, SPAN_24H, SPAN_7D, SPANS };
static const int64_t span_h[SPANS] = {1, 24, 168};

struct tally {
	uint64_t sent[SPANS], deferred[SPANS], bounced[SPANS], scope[SCOPE_COUNT];
	struct who {
		int64_t uid;
		uint64_t sent, failed, ip; /* of 24 h */
	} who[WHO_MAX];
	unsigned whos;
};

struct sum {
	struct tally *tally; /* provider_count of them */
	int64_t hour;
};

static struct who *
who_of(struct tally *t, int64_t uid)
{
	for (unsigned i = 0; i < t->whos; i++)
		if (t->who[i].uid == uid)
			return &t->who[i];
	if (t->whos == WHO_MAX)
		return NULL;
	t->who[t->whos].uid = uid;
	return &t->who[t->whos++];
}

static enum reply_scope
scope_of(const char *name)
{
	for (int i = 0; i < SCOPE_COUNT; i++)
		if (strcmp(name, reply_scope_name((enum reply_scope)i)) == 0)
			return (enum reply_scope)i;
	return SCOPE_UNKNOWN;
}

static bool
on_counter(void *arg, const struct store_counter *v)
{
	struct sum *s = arg;
	int id = provider_by_name(brakes_table(), v->provider);
	struct tally *t = id < 0 ? NULL : &s->tally[id];
	bool sent = strcmp(v->outcome, "sent") == 0;
	uint64_t n = (uint64_t)v->count;
	enum reply_scope scope = scope_of(v->scope);
	struct who *w;

	if (t == NULL)
		return true;
	for (int k = 0; k < SPANS; k++)
		if (s->hour - v->hour < span_h[k])
			*(sent                                  ? &t->sent[k]
			  : strcmp(v->outcome, "deferred") == 0 ? &t->deferred[k]
								: &t->bounced[k]) += n;
	if (s->hour - v->hour >= span_h[SPAN_24H])
		return true;
	if (!sent)
		t->scope[scope] += n;
	if ((w = who_of(t, v->uid)) != NULL) {
		w->sent += sent ? n : 0;
		w->failed += sent ? 0 : n;
		w->ip += scope == SCOPE_IP || scope == SCOPE_IP_THROTTLE ? n : 0;
	}
	return true;
}

/* Zeroed tallies of all providers, filled; NULL after the client was told why not. */
static struct tally *
tallies(struct ctl *c)
{
	struct sum s = {.hour = wall_s(clock_wall()) / 3600};
	struct err e;

	if (brakes_table() == NULL) {
		ctl_end(c, 69, "there is no table of mail providers");
		return NULL;
	}
	s.tally = xcalloc(provider_count(brakes_table()), sizeof(*s.tally));
	if (store_counter_each(hub.store, s.hour - span_h[SPAN_7D], on_counter, &s, &e) ==
	    0)
		return s.tally;
	free(s.tally);
	ctl_end(c, 71, "%s", e.text);
	return NULL;
}

/* The account with the most failures of 24 h; NULL when there is none. */
static const struct who *
worst(const struct tally *t)
{
	const struct who *w = NULL;

	for (unsigned i = 0; i < t->whos; i++)
		if (t->who[i].failed > 0 && (w == NULL || t->who[i].failed > w->failed))
			w = &t->who[i];
	return w;
}

static json_t *
num(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *
scopes(const struct tally *t)
{
	json_t *o = json_object();

	for (int i = 0; i < SCOPE_COUNT; i++)
		if (t->scope[i] != 0)
			(void)json_object_set_new(
			    o, reply_scope_name((enum reply_scope)i), num(t->scope[i]));
	return o;
}

/* "12 of 340 failed" in words and numbers for one span. */
static void
put_span(json_t *row, const struct tally *t, enum span k, const char *suffix)
{
	static const char *const name[] = {"sent", "deferred", "refused"};
	const uint64_t value[] = {t->sent[k], t->deferred[k], t->bounced[k]};
	uint64_t all = value[0] + value[1] + value[2];
	char key[32];

	for (int i = 0; i < 3; i++) {
		snprintf(key, sizeof(key), "%s_%s", name[i], suffix);
		(void)json_object_set_new(row, key, num(value[i]));
	}
	snprintf(key, sizeof(key), "failed_percent_%s", suffix);
	(void)json_object_set_new(
	    row, key,
	    all == 0 ? json_null()
		     : json_real((double)(all - value[0]) * 100 / (double)all));
}

static void
provider_row(struct ctl *c, int id, const struct tally *t)
{
	const struct brake *b = brakes_of(id);
	const struct who *w = worst(t);
	char cause[120] = "";
	json_t *row = json_object();

	if (w != NULL && w->uid >= 0)
		snprintf(cause, sizeof(cause), "%s: %" PRIu64 " of %" PRIu64 " failed",
			 hub_login((uint64_t)w->uid), w->failed, w->failed + w->sent);
	(void)json_object_set_new(row, "provider",
				  json_string(provider_name(brakes_table(), id)));
	(void)json_object_set_new(row, "state", json_string(brake_state_name(b->state)));
	(void)json_object_set_new(
	    row, "since_t",
	    b->since.us == 0 ? json_null() : json_integer((json_int_t)wall_s(b->since)));
	(void)json_object_set_new(row, "until_t",
				  !brake_holds(b) || b->until.us == 0
				      ? json_null()
				      : json_integer((json_int_t)wall_s(b->until)));
	(void)json_object_set_new(
	    row, "cause",
	    json_string(brake_holds(b) ? brake_cause_name(b->cause) : "none"));
	(void)json_object_set_new(row, "waiting", num(brakes_waiting(id)));
	put_span(row, t, SPAN_1H, "1h");
	put_span(row, t, SPAN_24H, "24h");
	put_span(row, t, SPAN_7D, "7d");
	(void)json_object_set_new(row, "scopes_24h", scopes(t));
	(void)json_object_set_new(row, "top_cause", ctl_text(cause));
	(void)json_object_set_new(row, "relapses", num(b->relapses));
	ctl_row(c, row);
}

static void
unknown_rows(struct ctl *c)
{
	const struct brake_unknown *u;
	unsigned n = brakes_unknown(&u);

	for (unsigned i = 0; i < n; i++)
		ctl_row(c, json_pack("{s:o, s:o, s:i, s:I, s:I, s:o}", "kind",
				     json_string("unknown"), "provider",
				     ctl_text(u[i].provider), "code", u[i].code, "count",
				     (json_int_t)u[i].count, "t",
				     (json_int_t)wall_s(u[i].last), "text",
				     ctl_text(u[i].text)));
	ctl_end(c, n == 0 ? 1 : 0, n == 0 ? "every refusal so far was understood" : "%s",
		"");
}

void
ctl_providers(struct ctl *c, struct strings *args)
{
	const char *arg = strings_next(args), *name = strings_next(args);
	struct tally *t;
	unsigned shown = 0;
	int id;

	if (arg != NULL && strcmp(arg, "--unknown") == 0) {
		unknown_rows(c);
		return;
	}
	if ((t = tallies(c)) == NULL)
		return;
	if (arg != NULL && (strcmp(arg, "brake") == 0 || strcmp(arg, "lift") == 0)) {
		if (name == NULL || (id = provider_by_name(brakes_table(), name)) < 0) {
			free(t);
			ctl_end(c, 64, "%s which provider?", arg);
			return;
		}
		(void)brakes_word(id, strcmp(arg, "brake") == 0 ? BRAKE_HOLD : BRAKE_LIFT,
				  c->who);
		arg = name;
	}
	for (unsigned i = 0; i < provider_count(brakes_table()); i++) {
		uint64_t all =
		    t[i].sent[SPAN_7D] + t[i].deferred[SPAN_7D] + t[i].bounced[SPAN_7D];

		if (arg != NULL ? strcmp(arg, provider_name(brakes_table(), (int)i)) != 0
				: all == 0 && !brake_holds(brakes_of((int)i)))
			continue;
		provider_row(c, (int)i, &t[i]);
		shown++;
	}
	free(t);
	ctl_end(c, shown == 0 ? 1 : 0,
		shown == 0 ? "no mail went to a known provider in seven days" : "%s", "");
}

/* --- dossier
 * ------------------------------------------------------------------------------- */

static void fact(struct ctl *c, const char *kind, wall_t t, const char *name,
		 json_t *take_value, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));

static void
fact(struct ctl *c, const char *kind, wall_t t, const char *name, json_t *take_value,
     const char *fmt, ...)
{
	char text[800];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ctl_row(c,
		json_pack("{s:s, s:o, s:o, s:o, s:o}", "kind", kind, "t",
			  t.us == 0 ? json_null() : json_integer((json_int_t)wall_s(t)),
			  "name", ctl_text(name), "value", take_value, "text",
			  ctl_text(text)));
}

static bool
dossier_finding(void *arg, const struct store_finding *f)
{
	fact(arg, "script", f->t, f->path, ctl_text(f->sha256),
	     "rule %s, %" PRId64 " points%s", f->rule, f->points,
	     f->gone.us != 0 ? ", no longer there" : "");
	return true;
}

static bool
dossier_decision(void *arg, const struct store_decision *d)
{
	char move[100];

	snprintf(move, sizeof(move), "%s -> %s", d->from, d->to);
	fact(arg, "measure", d->t, move, ctl_text(d->who), "%s: %s", d->reason, d->facts);
	return true;
}

static bool
count_held(void *arg, const struct store_held *h)
{
	uint64_t *n = arg;

	n[0]++;
	n[1] += (uint64_t)h->rcpts;
	return true;
}

/* One account: state, its files, what was done, what is held. */
static void
dossier_account(struct ctl *c, int64_t uid)
{
	static struct explanation x;
	uint64_t held[2] = {0, 0};
	struct err e;

	if (!engine_explain(hub.engine, (uint32_t)uid, &x))
		return;
	fact(c, "account", x.since, hub_login((uint64_t)uid), num(x.passed_messages),
	     "%" PRIu64 " messages to %" PRIu64 " recipients left, %" PRIu64
	     " to %" PRIu64 " were held back by rule \"%s\"",
	     x.passed_messages, x.passed_rcpts, x.held_messages, x.held_rcpts,
	     reason_says(x.reason));
	if (store_finding_each(hub.store, uid, false, dossier_finding, c, &e) != 0 ||
	    store_decision_each(hub.store, uid, 10, dossier_decision, c, &e) != 0 ||
	    store_held_each(hub.store, uid, "held", 0, count_held, held, &e) != 0) {
		hub_store_warn(&e);
		return;
	}
	if (held[0] != 0)
		fact(c, "held", (wall_t){0}, hub_login((uint64_t)uid), num(held[0]),
		     "%" PRIu64 " messages to %" PRIu64 " recipients are held now",
		     held[0], held[1]);
}

struct about {
	struct ctl *c;
	const char *subject;
};

/* Decisions about the provider itself stand under its name. */
static bool
about_provider(void *arg, const struct store_decision *d)
{
	const struct about *a = arg;

	return d->uid >= 0 || strcmp(d->subject, a->subject) != 0 ||
	       dossier_decision(a->c, d);
}

static void
dossier_samples(struct ctl *c, int id)
{
	const struct brake_sample *s;
	unsigned n = brakes_samples(id, &s);

	for (unsigned i = 0; i < n; i++)
		fact(c, "refusal", s[i].t, s[i].row, json_integer(s[i].code), "%s",
		     s[i].text);
	if (n == 0)
		fact(
		    c, "missing", (wall_t){0}, "refusal", json_null(),
		    "no refusal of this address by this provider since the daemon began");
}

static void
dossier_missing(struct ctl *c)
{
	static const char *const what[] = {"PTR", "SPF", "DKIM", "DMARC"};

	for (size_t i = 0; i < sizeof(what) / sizeof(what[0]); i++)
		fact(c, "missing", (wall_t){0}, what[i], json_null(),
		     "the daemon looks nothing up in the DNS: check it before you ask");
}

static void
dossier_provider(struct ctl *c, int id)
{
	const char *name = provider_name(brakes_table(), id);
	const struct brake *b = brakes_of(id);
	struct about a = {c, name};
	struct tally *all = tallies(c), *t;
	struct err e;

	if (all == NULL)
		return;
	t = &all[id];
	fact(c, "provider", b->since, name, json_string(brake_state_name(b->state)), "%s",
	     provider_title(brakes_table(), id));
	for (int k = 0; k < SPANS; k++)
		fact(c, "count", (wall_t){0},
		     k == SPAN_1H    ? "1 h"
		     : k == SPAN_24H ? "24 h"
				     : "7 d",
		     num(t->sent[k]),
		     "%" PRIu64 " sent, %" PRIu64 " deferred, %" PRIu64 " refused",
		     t->sent[k], t->deferred[k], t->bounced[k]);
	for (int i = 0; i < SCOPE_COUNT; i++)
		if (t->scope[i] != 0)
			fact(c, "scope", (wall_t){0},
			     reply_scope_name((enum reply_scope)i), num(t->scope[i]),
			     "refusals and deferrals of 24 h with this scope");
	fact(c, "waiting", (wall_t){0}, name, num(brakes_waiting(id)),
	     "messages wait in the mail system");
	dossier_samples(c, id);
	if (store_decision_each(hub.store, -1, 200, about_provider, &a, &e) != 0)
		hub_store_warn(&e);
	for (unsigned i = 0; i < t->whos; i++)
		if (t->who[i].uid > 0 && t->who[i].failed * 20 >= t->who[i].sent &&
		    t->who[i].failed > 0)
			dossier_account(c, t->who[i].uid);
	dossier_missing(c);
	free(all);
	ctl_end(c, 0, "%s", "");
}

void
ctl_dossier(struct ctl *c, struct strings *args)
{
	const char *arg = strings_next(args);
	int id = brakes_table() == NULL ? -1 : provider_by_name(brakes_table(), arg);
	int64_t uid;

	if (id >= 0) {
		dossier_provider(c, id);
		return;
	}
	if ((uid = hub_uid(arg)) < 0) {
		ctl_end(c, 1, "neither a provider nor an account");
		return;
	}
	dossier_account(c, uid);
	ctl_end(c, c->rows == 0 ? 1 : 0,
		c->rows == 0 ? "the account was never seen" : "%s", "");
}

/* --- notice
 * -------------------------------------------------------------------------------- */

static void line(struct ctl *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
line(struct ctl *c, const char *fmt, ...)
{
	char text[1200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ctl_row(c, json_pack("{s:o}", "text", ctl_text(text)));
}

/* The domains people know, not all of them. */
static void
some_domains(char *dst, size_t size, int id)
{
	const char *d;
	size_t n = 0;

	dst[0] = '\0';
	for (unsigned i = 0;
	     n + 60 < size && (d = provider_domain(brakes_table(), id, i)) != NULL; i++)
		if (strstr(d, ".com") != NULL &&
		    strchr(strstr(d, ".com") + 1, '.') == NULL)
			n += (size_t)snprintf(dst + n, size - n, "%s%s",
					      n == 0 ? "" : ", ", d);
}

void
ctl_notice(struct ctl *c, struct strings *args)
{
	const char *arg = strings_next(args);
	int id = brakes_table() == NULL ? -1 : provider_by_name(brakes_table(), arg);
	const struct brake *b;
	char since[40], until[40], domains[600];

	if (id < 0) {
		ctl_end(c, 64, "there is no such provider");
		return;
	}
	b = brakes_of(id);
	if (!brake_holds(b)) {
		ctl_end(c, 1, "mail to this provider flows: there is nothing to tell");
		return;
	}
	some_domains(domains, sizeof(domains), id);
	(void)text_span(since, sizeof(since), wall_s(clock_wall()) - wall_s(b->since));
	(void)text_span(until, sizeof(until),
			wall_s(b->until) > wall_s(clock_wall())
			    ? wall_s(b->until) - wall_s(clock_wall())
			    : 0);
	line(c, "Mail to %s is delayed.", provider_title(brakes_table(), id));
	line(c,
	     "Affected are messages to addresses of this provider%s%s and domains hosted "
	     "there.",
	     domains[0] != '\0' ? ": " : "", domains);
	line(c, "Since %s the provider %s our mail server's address.", since,
	     b->cause == BRAKE_BY_RATE ? "limits the mail it takes from"
				       : "refuses mail from");
	line(c, "Receiving mail works, from this provider too; mail to everybody else is "
		"sent as ever.");
	if (brakes_relayed(id))
		line(c, "Meanwhile another server of ours sends mail to this provider.");
	line(
	    c,
	    "%" PRIu64
	    " messages wait on our server. They are not lost and need not be sent again.",
	    brakes_waiting(id));
	line(c,
	     b->state == BRAKE_BRAKED
		 ? "The cause is being dealt with; the next try is in %s."
		 : "The provider is being tried again; waiting mail is sent in steps "
		   "(%s).",
	     b->state == BRAKE_BRAKED ? until : brake_state_name(b->state));
	ctl_end(c, 0, "%s", "");
}
