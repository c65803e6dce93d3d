/*
 * word - what reaches an account beside its mail: files, outcomes, an admin's words
 *
 * Job:     engine_file, engine_outcome, engine_word, engine_reviewed of account.h.
 * Touches: heap, and the decision callback.
 */
#include "acct.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xmem.h"

static void
drop_finding(struct acct *a, struct finding *f)
{
	free(f->path);
	free(f->rules);
	*f = a->findings[--a->finding_count];
}

/* Full: the weakest finding goes, unless the new one is weaker. */
static struct finding *
make_finding(struct acct *a, const struct file_fact *f)
{
	struct finding *at = NULL;

	if (a->findings == NULL)
		a->findings = xcalloc(ACCT_FILES, sizeof(*a->findings));
	if (a->finding_count == ACCT_FILES) {
		at = &a->findings[0];
		for (uint32_t i = 1; i < a->finding_count; i++)
			if (a->findings[i].points < at->points)
				at = &a->findings[i];
		if (at->points >= f->points)
			return NULL;
		drop_finding(a, at);
	}
	at = &a->findings[a->finding_count++];
	*at = (struct finding){.key = script_key(f->path), .path = xstrdup(f->path)};
	if (strlen(at->path) >= SCRIPT_NAME_MAX)
		at->path[SCRIPT_NAME_MAX - 1] = '\0';
	return at;
}

/* A clean file that is new or changed. Many in an hour are a wave: a new site, an update.
 */
static void
note_fresh(struct engine *e, struct acct *a, const char *path)
{
	int64_t now = e->now_s;
	uint64_t key = script_key(path);
	struct script *s = acct_script(e, a, path, false);

	if (s != NULL) {
		script_note_change(s, now, e->conf.learning_time_s);
		s->fresh_s = now;
	}
	a->fresh_files[a->fresh_next % ACCT_FRESH].key = key;
	a->fresh_files[a->fresh_next % ACCT_FRESH].t_s = now;
	a->fresh_next++;
	slide_add(&a->files_1h, now, 3600, 1);
	if (slide_get(&a->files_1h, now, 3600) < WAVE_FILES)
		return;
	if (now - a->wave_to_s > 3600)
		a->wave_from_s = now - 3600;
	a->wave_to_s = now;
}

void
engine_file(struct engine *e, const struct file_fact *f)
{
	struct acct *a = acct_get(e, f->uid, f->user, f->t);
	struct finding *at;
	struct facts facts;
	struct ruling r;

	if (a == e->crowd)
		return;
	a->eyes = true;
	at = acct_finding(a, f->path);
	if (f->gone || f->points <= 0) {
		if (at != NULL)
			drop_finding(a, at);
	} else {
		if (at == NULL)
			at = make_finding(a, f);
		if (at != NULL) {
			free(at->rules);
			at->rules = xstrdup(f->rules == NULL ? "" : f->rules);
			at->points = f->points;
			at->t_s = e->now_s;
		}
	}
	if (!f->gone && f->fresh)
		note_fresh(e, a, f->path);
	facts_gather(e, a, NULL, &facts);
	if (facts.evidence_points < e->conf.suspicious_points) {
		a->evidence_s = 0;
		a->evidence_exposed = 0;
	} else if (a->evidence_s == 0) {
		a->evidence_s = e->now_s;
		a->evidence_exposed = 0;
	}
	r = policy_decide(&facts, &e->conf);
	account_review(e, a, &facts, &r, f->points > 0 ? f->path : NULL);
}

/* Replies that speak of the server's address, not of the account. */
static bool
not_its_fault(const struct outcome_fact *o)
{
	static const char *const words[] = {"block list",
					    "blocklist",
					    "blacklist",
					    "spamhaus",
					    "reputation",
					    "S3140",
					    "S3150",
					    "rate limit",
					    "our systems have detected",
					    "poor reputation",
					    "banned",
					    "IP address",
					    "TSS0",
					    "ip-",
					    "PTR",
					    "reverse DNS",
					    "SPF",
					    "DKIM",
					    "DMARC",
					    "authenticat"};

	if (o->not_its_fault)
		return true;
	if (o->text == NULL)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcasestr(o->text, words[i]) != NULL)
			return true;
	return false;
}

void
engine_outcome(struct engine *e, const struct outcome_fact *o)
{
	struct acct *a;

	if (o->kind == OUTCOME_DEFERRED ||
	    (o->kind == OUTCOME_BOUNCED && o->code / 100 == 4)) {
		engine_advance(e, o->t);
		return; /* greylisting and full queues are nobody's guilt */
	}
	a = acct_get(e, o->uid, o->user, o->t);
	if (a == e->crowd)
		return;
	if (o->kind == OUTCOME_SENT)
		slide_add(&a->sent_7d, e->now_s, WEEK_S, 1);
	else if (!not_its_fault(o))
		slide_add(&a->refused_7d, e->now_s, WEEK_S, 1);
}

void
engine_refusals(struct engine *e, uint32_t uid, uint32_t refused, uint32_t answered)
{
	struct acct *a = acct_find(e, uid);

	if (a == NULL || a == e->crowd ||
	    (a->released_s != 0 && e->now_s - a->released_s < 86400))
		return;
	a->at_one_refused = refused;
	a->at_one_answered = answered;
	a->at_one_s = e->now_s;
}

/* What a release or the end of a hold forgives, and what it does not. */
static void
forgive(struct engine *e, struct acct *a)
{
	memset(&a->fresh, 0, sizeof(a->fresh));
	memset(&a->fresh_all, 0, sizeof(a->fresh_all));
	a->sent_7d = a->refused_7d = (struct slide){0};
	a->at_one_s = 0;
	a->evidence_exposed = 0;
	a->released_s = e->now_s;
	for (uint32_t i = 0; i < a->script_count; i++) {
		struct script *s = a->scripts[i];

		memset(s->exposed, 0, sizeof(s->exposed));
		s->strangers_1h = s->exposed_1h = s->bulk_1h = (struct hour){0};
		s->met_24h = (struct slide){0};
		s->bulk_24h = s->off_24h = (struct slide){0};
		if (s->standing == STAND_NEW && s->stranger_s != 0)
			s->stranger_s = e->now_s;
	}
}

static int
word_script(struct engine *e, struct acct *a, enum acct_word word, const char *path,
	    int64_t until_s, struct err *err)
{
	struct finding *f;

	if (path == NULL || path[0] == '\0')
		return err_set(err, ERR_INPUT, "trust for a script needs its path");
	if (word != WORD_TRUST && word != WORD_NONE)
		return err_set(err, ERR_INPUT, "a script can be trusted, not held");
	acct_script(e, a, path, true)->trust_until_s = word == WORD_TRUST ? until_s : 0;
	f = acct_finding(a, path);
	if (f != NULL)
		f->trust_until_s = word == WORD_TRUST ? until_s : 0;
	return 0;
}

static int
word_rule(struct acct *a, enum acct_word word, const char *name, int64_t until_s,
	  struct err *err)
{
	char names[200] = "";

	if (word != WORD_TRUST && word != WORD_NONE)
		return err_set(err, ERR_INPUT, "a rule can be trusted, not held");
	for (unsigned i = 0; i < RULE_COUNT; i++) {
		if (name == NULL || strcmp(rule_name((enum rule)i), name) != 0)
			continue;
		a->rule_trust_s[i] = word == WORD_TRUST ? until_s : 0;
		return 0;
	}
	for (unsigned i = 0; i < RULE_COUNT; i++)
		(void)snprintf(names + strlen(names), sizeof names - strlen(names), " %s",
			       rule_name((enum rule)i));
	return err_set(err, ERR_INPUT, "no such rule; there are:%s", names);
}

static void
word_account(struct engine *e, struct acct *a, enum acct_word word, int64_t until_s,
	     const char *who)
{
	switch (word) {
	case WORD_TRUST:
		a->word = WORD_TRUST;
		a->word_until_s = until_s;
		forgive(e, a);
		a->released_s = 0; /* trusted, so not an offender */
		account_set(e, a, ACCT_CLEAR, REASON_WORD_TRUSTED, NULL, NULL, who);
		break;
	case WORD_HOLD:
		a->word = WORD_HOLD;
		a->word_until_s = until_s;
		account_set(e, a, ACCT_HELD, REASON_WORD_HELD, NULL, NULL, who);
		break;
	case WORD_RELEASE:
		a->word = a->word == WORD_HOLD ? WORD_NONE : a->word;
		if (a->state != ACCT_HELD)
			break;
		forgive(e, a);
		account_set(e, a, ACCT_WATCHED, REASON_WORD_RELEASED, NULL, NULL, who);
		break;
	case WORD_NONE:
		if (a->word == WORD_HOLD && a->state == ACCT_HELD)
			account_set(e, a, ACCT_CLEAR, REASON_WORD_ENDED, NULL, NULL, who);
		a->word = WORD_NONE;
		break;
	}
}

int
engine_word(struct engine *e, wall_t t, uint32_t uid, enum acct_word word,
	    enum word_scope scope, const char *arg, wall_t until, const char *who,
	    struct err *err)
{
	struct acct *a;
	int64_t left, until_s;

	engine_advance(e, t);
	a = acct_find(e, uid);
	if (a == NULL && word != WORD_TRUST && word != WORD_HOLD)
		return err_set(err, ERR_INPUT, "uid %u was never seen", uid);
	a = acct_get(e, uid, NULL, t);
	if (a == e->crowd)
		return err_set(err, ERR_AGAIN, "the account table is full");
	left = wall_s(until) - e->wall_s;
	until_s = until.us == 0 ? INT64_MAX : e->now_s + (left > 0 ? left : 0);
	if (word != WORD_RELEASE && scope == SCOPE_SCRIPT)
		return word_script(e, a, word, arg, until_s, err);
	if (word != WORD_RELEASE && scope == SCOPE_RULE)
		return word_rule(a, word, arg, until_s, err);
	if (word != WORD_RELEASE && scope == SCOPE_CEILING) {
		a->ceiling_trust_s = word == WORD_TRUST ? until_s : 0;
		return 0;
	}
	word_account(e, a, word, until_s, who);
	return 0;
}

void
engine_reviewed(struct engine *e, wall_t t, uint32_t uid, const char *who)
{
	struct acct *a;
	bool by_file;

	engine_advance(e, t);
	a = acct_find(e, uid);
	if (a == NULL || a->state != ACCT_HELD || a->word == WORD_HOLD)
		return;
	by_file = a->reason == REASON_FLAGGED_SCRIPT || a->reason == REASON_WEAK_SCRIPT ||
		  a->reason == REASON_EVIDENCE_NEW || a->reason == REASON_EVIDENCE_VOLUME;
	if (!by_file || facts_evidence(e, a, NULL) >= e->conf.weak_points)
		return;
	a->dirty = true;
	forgive(e, a);
	account_set(e, a, ACCT_WATCHED, REASON_CLEARED, NULL, NULL, who);
}
