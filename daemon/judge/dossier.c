/*
 * dossier - the commands dossier and notice
 *
 * Job:     what a delisting form and a customer both need. Every number comes from the
 *          store or from memory; what is not known is said to be missing; the names in
 *          the DNS are looked up by mailbrake(1).
 * Touches: the store and the brakes, by reading.
 * Source:  the fields of the rows: daemon/client/columns.def.
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
#include "tally.h"
#include "text.h"

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
	fact(c, "account", x.since, hub_login((uint64_t)uid), ctl_num(x.passed_messages),
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
		fact(c, "held", (wall_t){0}, hub_login((uint64_t)uid), ctl_num(held[0]),
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
sample_row(struct ctl *c, const struct brake_sample *s)
{
	ctl_row(c, json_pack("{s:s, s:I, s:s, s:i, s:o, s:o}", "kind", "refusal", "t",
			     (json_int_t)wall_s(s->t), "name", s->row, "value", s->code,
			     "text", ctl_text(s->text), "domain", ctl_text(s->domain)));
}

static void
dossier_samples(struct ctl *c, int id)
{
	const struct brake_sample *s;
	unsigned n = brakes_samples(id, &s);

	for (unsigned i = 0; i < n; i++)
		sample_row(c, &s[i]);
	if (n == 0)
		fact(
		    c, "missing", (wall_t){0}, "refusal", json_null(),
		    "no refusal of this address by this provider since the daemon began");
}

static void
dossier_provider(struct ctl *c, int id)
{
	const char *name = provider_name(brakes_table(), id);
	const struct brake *b = brakes_of(id);
	struct about a = {c, name};
	struct tally *all = NULL, *t;
	struct err e;

	if ((all = tally_all(&e)) == NULL) {
		ctl_end(c, 71, "%s", e.text);
		return;
	}
	t = &all[id];
	fact(c, "provider", b->since, name, json_string(brake_state_name(b->state)), "%s",
	     provider_title(brakes_table(), id));
	for (int k = 0; k < SPANS; k++)
		fact(c, "count", (wall_t){0},
		     k == SPAN_1H    ? "1 h"
		     : k == SPAN_24H ? "24 h"
				     : "7 d",
		     ctl_num(t->sent[k]),
		     "%" PRIu64 " sent, %" PRIu64 " deferred, %" PRIu64 " refused",
		     t->sent[k], t->deferred[k], t->bounced[k]);
	for (int i = 0; i < SCOPE_COUNT; i++)
		if (t->scope[i] != 0)
			fact(c, "scope", (wall_t){0},
			     reply_scope_name((enum reply_scope)i), ctl_num(t->scope[i]),
			     "refusals and deferrals of 24 h with this scope");
	fact(c, "waiting", (wall_t){0}, name, ctl_num(brakes_waiting(id)),
	     "messages wait in the mail system");
	dossier_samples(c, id);
	if (store_decision_each(hub.store, -1, 200, about_provider, &a, &e) != 0)
		hub_store_warn(&e);
	for (unsigned i = 0; i < t->whos; i++)
		if (t->who[i].uid > 0 && t->who[i].failed * 20 >= t->who[i].sent &&
		    t->who[i].failed > 0)
			dossier_account(c, t->who[i].uid);
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
		ctl_end(c, 1, "there is no provider or account of that name");
		return;
	}
	dossier_account(c, uid);
	for (unsigned i = 0; brakes_table() != NULL && i < provider_count(brakes_table());
	     i++) {
		const struct brake_sample *s;
		unsigned n = brakes_samples((int)i, &s);

		for (unsigned k = 0; k < n; k++)
			if (s[k].uid == uid)
				sample_row(c, &s[k]);
	}
	ctl_end(c, c->rows == 0 ? 1 : 0,
		c->rows == 0 ? "the account was never seen" : "%s", "");
}

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
		ctl_end(c, 1,
			"mail to this provider is not held back: there is nothing to "
			"tell");
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
