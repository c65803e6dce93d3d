/*
 * ctl_account - the commands about accounts
 *
 * Job:     accounts, explain, hold, trust and forget.
 * Touches: the engine, the store by reading.
 * Source:  the fields of the rows: daemon/client/columns.def.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl_choose.h"
#include "ctl_row.h"
#include "log.h"
#include "direct.h"
#include "findings.h"
#include "form.h"
#include "hub.h"
#include "known_good.h"
#include "reason.h"
#include "release.h"
#include "text.h"

#define NAME_COLUMN 14 /* of engine_explain's text; lines that go on: one more */

struct account_walk {
	struct ctl *c;
	const char *state; /* NULL: all that are not clear; "all": every one */
};

static void
account_row(void *arg, uint32_t uid)
{
	struct account_walk *w = arg;
	static struct explanation x;
	uint64_t messages, bytes;

	if (!engine_explain(hub.engine, uid, &x))
		return;
	held_usage(hub.held, uid, &messages, &bytes);
	if (w->state == NULL && x.state == ACCT_CLEAR && x.facts.word == WORD_NONE &&
	    messages == 0)
		return;
	if (w->state != NULL && strcmp(w->state, "all") != 0 &&
	    strcmp(w->state, state_name(x.state)) != 0)
		return;
	ctl_row(w->c,
		json_pack("{s:o, s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:s, s:I, s:I}",
			  "login", ctl_text(hub_login(uid)), "uid", (json_int_t)uid,
			  "state", state_name(x.state), "word", word_name(x.facts.word),
			  "score", (json_int_t)x.facts.evidence_points, "rcpts_1h",
			  (json_int_t)x.facts.rcpts[2], "held_messages",
			  (json_int_t)messages, "since_t", (json_int_t)wall_s(x.since),
			  "reason", reason_says(x.reason), "held_bytes",
			  (json_int_t)bytes, "rcpts_24h", (json_int_t)x.facts.rcpts[3]));
}

void
ctl_accounts(struct ctl *c, struct strings *args)
{
	struct account_walk w = {c, strings_next(args)};

	engine_each(hub.engine, account_row, &w);
	ctl_end_rows(c);
}

static bool
explain_decision(void *arg, const struct store_decision *v)
{
	char name[80];

	(void)snprintf(name, sizeof name, "%s -> %s", v->from, v->to);
	ctl_row(arg, json_pack("{s:s, s:I, s:s, s:s, s:o, s:o}", "kind", "decision", "t",
			       (json_int_t)wall_s(v->t), "name", name, "value", v->reason,
			       "text", ctl_text(v->who), "facts", ctl_text(v->facts)));
	return true;
}

static bool
explain_finding(void *arg, const struct store_finding *v)
{
	const char *good =
	    known_good_finding((uint64_t)v->uid, v->path, v->sha256, v->rule);
	char text[600];

	(void)snprintf(text, sizeof text, "%s%s%s", v->rule, good != NULL ? ": " : "",
		       good != NULL ? good : "");
	ctl_row(arg, json_pack("{s:s, s:I, s:o, s:I, s:o}", "kind", "finding", "t",
			       (json_int_t)wall_s(v->t), "name", ctl_text(v->path),
			       "value", (json_int_t)(good != NULL ? 0 : v->points),
			       "text", ctl_text(text)));
	return true;
}

/*
 * The engine's screen, a row a line: "name         text"; a line that begins with blanks
 * goes on with what the one above it says.
 */
static void
explain_screen(struct ctl *c, const char *text)
{
	char name[NAME_COLUMN + 2], line[600];
	size_t n, i, wide;

	for (; *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		(void)snprintf(line, sizeof line, "%.*s", (int)n, text);
		wide = NAME_COLUMN + (line[0] == ' ');
		i = strlen(line) < wide ? strlen(line) : wide;
		memcpy(name, line, i);
		while (i > 0 && name[i - 1] == ' ')
			i--;
		name[i] = '\0';
		ctl_row(c, json_pack("{s:s, s:s, s:o}", "kind", "fact", "name", name,
				     "value",
				     ctl_text(strlen(line) < wide ? "" : line + wide)));
	}
}

/* What a sample of its bulk mail lacks; it never holds anything. */
static void
explain_form(struct ctl *c, int64_t uid)
{
	const struct form *f = form_of(uid);
	char text[400];

	if (f == NULL)
		return;
	(void)snprintf(text, sizeof text,
		       "%" PRIu64 " of %" PRIu64
		       " looked at lack something%s%s (mailbrake "
		       "lint FILE says more)",
		       f->wanting, f->looked, f->wanting == 0 ? "" : ": ", f->checks);
	ctl_row(c, json_pack("{s:s, s:s, s:o, s:s}", "kind", "fact", "name", "bulk mail",
			     "value", ctl_text(text), "checks", f->checks));
}

void
ctl_explain(struct ctl *c, struct strings *args)
{
	static struct explanation x;
	int64_t uid = ctl_account_arg(c, strings_next(args));
	struct err e;

	if (uid < 0)
		return;
	if (!engine_explain(hub.engine, (uint32_t)uid, &x)) {
		ctl_end(c, 1, "no file and no mail of account %s was seen yet",
			hub_login((uint64_t)uid));
		return;
	}
	ctl_row(c,
		json_pack("{s:s, s:I, s:o, s:s, s:o}", "kind", "account", "t",
			  (json_int_t)wall_s(x.since), "name",
			  ctl_text(hub_login((uint64_t)uid)), "value",
			  state_name(x.state), "text", ctl_text(reason_says(x.reason))));
	explain_screen(c, x.text);
	if (direct_of((uint32_t)uid) > 0)
		ctl_row(c,
			json_pack("{s:s, s:s, s:o, s:I}", "kind", "fact", "name",
				  "direct", "value",
				  json_sprintf("%" PRIu64 " connections straight to "
					       "remote mail servers, past every check",
					       direct_of((uint32_t)uid)),
				  "connections", (json_int_t)direct_of((uint32_t)uid)));
	explain_form(c, uid);
	if (findings_forgotten_of(uid) > 0)
		ctl_row(
		    c, json_pack(
			   "{s:s, s:s, s:o}", "kind", "fact", "name", "findings", "value",
			   json_sprintf("%" PRIu64 " more, the weakest or gone ones, are "
					"not listed: %d are kept",
					findings_forgotten_of(uid), FINDINGS_MAX)));
	if (store_finding_each(hub.store, uid, true, explain_finding, c, &e) != 0 ||
	    store_decision_each(hub.store, uid, 20, explain_decision, c, &e) != 0) {
		ctl_end(c, 71, "%s", e.text);
		return;
	}
	ctl_end_rows(c);
}

const char *
ctl_state_of(int64_t uid)
{
	static struct explanation x;

	return engine_explain(hub.engine, (uint32_t)uid, &x) ? state_name(x.state)
							     : "unknown";
}

/* What a word is about, and until when. */
struct about {
	enum word_scope scope;
	const char *arg;
	wall_t until; /* 0: no end */
};

static bool
about_what(struct ctl *c, struct strings *args, struct about *out)
{
	const char *name, *value;
	int64_t span;

	*out = (struct about){.scope = SCOPE_ACCOUNT};
	while ((name = strings_next(args)) != NULL) {
		if (strcmp(name, "--ceiling") == 0) {
			out->scope = SCOPE_CEILING;
			continue;
		}
		value = strings_next(args);
		if (value == NULL) {
			ctl_end(c, 64, "an option needs a value");
			return false;
		}
		if (strcmp(name, "--script") == 0) {
			out->scope = SCOPE_SCRIPT;
			out->arg = value;
		} else if (strcmp(name, "--rule") == 0) {
			out->scope = SCOPE_RULE;
			out->arg = value;
		} else if (strcmp(name, "--for") == 0 &&
			   (span = choice_span_s(value)) > 0) {
			out->until.us = clock_wall().us + span * 1000000;
		} else {
			ctl_end(c, 64,
				"options are --script PATH, --rule NAME, --ceiling, "
				"--for 7d");
			return false;
		}
	}
	return true;
}

static void
say_word(struct ctl *c, struct strings *args, enum acct_word word, const char *done)
{
	static const char *const scopes[] = {"account", "script", "rule", "ceiling"};
	int64_t uid = ctl_account_arg(c, strings_next(args));
	struct about about;
	const char *before;
	char shown[200];
	struct err e;

	if (uid < 0 || !about_what(c, args, &about))
		return;
	before = ctl_state_of(uid);
	if (engine_word(hub.engine, clock_wall(), (uint32_t)uid, word, about.scope,
			about.arg, about.until, c->who, &e) != 0) {
		ctl_end(c, e.code == ERR_INPUT ? 64 : 1, "%s", e.text);
		return;
	}
	hub.changed = true;
	if (about.scope == SCOPE_SCRIPT)
		(void)release_reviewed((uint32_t)uid, c->who);
	log_info("word uid=%u word=%s scope=%s about=\"%s\" until=%" PRId64 " who=%s",
		 (unsigned)uid, word_name(word), scopes[about.scope],
		 text_safe(shown, sizeof shown, about.arg == NULL ? "" : about.arg),
		 wall_s(about.until), c->who);
	if (about.scope != SCOPE_ACCOUNT)
		done = word == WORD_TRUST
			   ? "trusted in this; the rest is judged as before"
			   : "not trusted in this any more";
	ctl_row(c, json_pack("{s:o, s:I, s:s, s:s, s:s}", "login",
			     ctl_text(hub_login((uint64_t)uid)), "uid", (json_int_t)uid,
			     "from", before, "to", ctl_state_of(uid), "text", done));
	ctl_end_rows(c);
}

void
ctl_hold(struct ctl *c, struct strings *args)
{
	say_word(c, args, WORD_HOLD, "its mail is held until release, trust or forget");
}

void
ctl_trust(struct ctl *c, struct strings *args)
{
	say_word(c, args, WORD_TRUST,
		 "its mail passes; `mailbrake forget` takes that back");
}

void
ctl_forget(struct ctl *c, struct strings *args)
{
	say_word(c, args, WORD_NONE,
		 "hold and trust removed; judged automatically again");
}
