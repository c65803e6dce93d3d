/*
 * brakes_ctl - the command providers
 *
 * Job:     rows from the brakes and the counters of seven days, and an admin's word.
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
#include "forwards.h"
#include "hub.h"
#include "tally.h"
#include "text.h"

/* The tallies of all providers; NULL after the client was told why not. */
static struct tally *
tallies(struct ctl *c)
{
	struct tally *t;
	struct err e;

	if (brakes_table() == NULL) {
		ctl_end(c, 69, "there is no table of mail providers");
		return NULL;
	}
	if ((t = tally_all(&e)) == NULL)
		ctl_end(c, 71, "%s", e.text);
	return t;
}

/* "ip 12, content 3" */
static json_t *
scope_words(const struct tally *t)
{
	char text[200] = "";
	size_t n = 0;

	for (int i = 0; i < SCOPE_COUNT && n < sizeof(text); i++)
		if (t->scope[i] != 0)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %" PRIu64,
					      n == 0 ? "" : ", ",
					      reply_scope_name((enum reply_scope)i),
					      t->scope[i]);
	return json_string(text);
}

static json_t *
scopes(const struct tally *t)
{
	json_t *o = json_object();

	for (int i = 0; i < SCOPE_COUNT; i++)
		if (t->scope[i] != 0)
			(void)json_object_set_new(o,
						  reply_scope_name((enum reply_scope)i),
						  ctl_num(t->scope[i]));
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
		(void)json_object_set_new(row, key, ctl_num(value[i]));
	}
	snprintf(key, sizeof(key), "failed_percent_%s", suffix);
	(void)json_object_set_new(
	    row, key,
	    all == 0 ? json_null()
		     : json_real((double)(all - value[0]) * 100 / (double)all));
	snprintf(key, sizeof(key), "failed_low_percent_%s", suffix);
	(void)json_object_set_new(row, key,
				  json_real(tally_low_percent(all - value[0], all)));
}

static void
provider_row(struct ctl *c, int id, const struct tally *t)
{
	const struct brake *b = brakes_of(id);
	const struct tally_who *d = tally_driver(t, (uint64_t)hub.conf.refusal_min);
	const struct tally_who *w = d != NULL ? d : tally_worst(t);
	char cause[160] = "";
	json_t *row = json_object();

	if (d != NULL && d->uid >= 0)
		snprintf(cause, sizeof(cause),
			 "%s: %" PRIu64 " of %" PRIu64 " refused, %.0f %% at least",
			 hub_login((uint64_t)d->uid), d->fault, d->fault + d->sent,
			 tally_low_percent(d->fault, d->fault + d->sent));
	else if (w != NULL && w->uid >= 0)
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
	(void)json_object_set_new(row, "waiting", ctl_num(brakes_waiting(id)));
	put_span(row, t, SPAN_1H, "1h");
	put_span(row, t, SPAN_24H, "24h");
	put_span(row, t, SPAN_7D, "7d");
	(void)json_object_set_new(row, "scopes_24h", scopes(t));
	(void)json_object_set_new(row, "by_scope", scope_words(t));
	(void)json_object_set_new(row, "driver",
				  d == NULL || d->uid < 0
				      ? json_null()
				      : ctl_text(hub_login((uint64_t)d->uid)));
	(void)json_object_set_new(row, "top_cause", ctl_text(cause));
	(void)json_object_set_new(row, "relapses", ctl_num(b->relapses));
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
			ctl_end(c, 64,
				"name a provider, e.g. mailbrake providers %s microsoft",
				arg);
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

/* --- forwards: what `mailbrake forwarders` asks for */

static void
forward_row(struct ctl *c, const char *address, int provider, struct forward_count n)
{
	struct forward_count all = forwards_all(provider);
	uint64_t sum = all.sent + all.failed, mine = n.sent + n.failed;

	ctl_row(c, json_pack("{s:s, s:o, s:I, s:I, s:f, s:f}", "provider",
			     provider_name(brakes_table(), provider), "target",
			     ctl_text(address), "sent", (json_int_t)n.sent, "failed",
			     (json_int_t)n.failed, "share_percent",
			     sum == 0 ? 0.0 : (double)mine * 100 / (double)sum,
			     "failed_percent",
			     mine == 0 ? 0.0 : (double)n.failed * 100 / (double)mine));
}

void
ctl_forwards(struct ctl *c, struct strings *args)
{
	const struct forward *f;

	(void)args;
	for (unsigned i = 0; brakes_table() != NULL && i < provider_count(brakes_table());
	     i++)
		if (forwards_forwarded((int)i).sent + forwards_forwarded((int)i).failed >
		    0)
			forward_row(c, NULL, (int)i, forwards_forwarded((int)i));
	for (unsigned i = 0; (f = forwards_get(i)) != NULL; i++)
		forward_row(c, f->address, f->provider, f->n);
	ctl_end(c, 0, "%s", "");
}
