/*
 * account - the one place an account's state changes
 *
 * Job:     judge and count messages, take in files and outcomes, hear the admin's words,
 *          let holds end. See account.h.
 * Touches: heap, and the decision callback.
 */
#include "acct.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "xmem.h"

#define STEP_BACK_S 3600 /* less than this is disorder among events, not a set clock */

struct engine *
engine_new(const struct engine_conf *c, decision_fn on_decision, void *ctx)
{
	struct engine *e = xcalloc(1, sizeof(*e));

	e->conf = *c;
	e->on_decision = on_decision;
	e->ctx = ctx;
	e->slot_count = 1024;
	e->slots = xcalloc(e->slot_count, sizeof(*e->slots));
	e->crowd = acct_blank(UINT32_MAX);
	return e;
}

void
engine_free(struct engine **ep)
{
	struct engine *e = *ep;

	if (e == NULL)
		return;
	for (size_t i = 0; i < e->slot_count; i++)
		acct_free(e->slots[i]);
	acct_free(e->crowd);
	free(e->slots);
	free(e);
	*ep = NULL;
}

void
engine_salt(struct engine *e, uint64_t salt)
{
	e->salt = salt;
}

void
engine_configure(struct engine *e, const struct engine_conf *c)
{
	e->conf = *c;
}

void
engine_advance(struct engine *e, wall_t t)
{
	int64_t wall = wall_s(t), step = wall - e->wall_s;

	if (!e->started) {
		e->started = true;
		/* lived time starts well above 0, which means "never" in the records */
		e->now_s = e->start_s = wall > 1000000000 ? wall : 1000000000;
		e->wall_s = wall;
		return;
	}
	if (step < 0) {
		if (step < -STEP_BACK_S) {
			e->wall_s = wall;
			e->stats.time_jumps++;
		}
		return;
	}
	e->wall_s = wall;
	if (e->conf.jump_max_s > 0 && step > e->conf.jump_max_s) {
		step = e->conf.jump_max_s;
		e->stats.time_jumps++;
	}
	e->now_s += step;
}

/* " trust=script,ceiling,RULE": what an admin's scoped words took out; "" nothing. */
static void
trust_line(const struct facts *f, char *dst, size_t size)
{
	size_t n = 0;

	dst[0] = '\0';
	for (unsigned i = 0; i < RULE_COUNT + 2; i++) {
		bool told = i == 0   ? f->trusted_script
			    : i == 1 ? f->trusted_ceiling
				     : f->trusted_rule[i - 2];
		const char *name = i == 0   ? "script"
				   : i == 1 ? "ceiling"
					    : rule_name((enum rule)(i - 2));

		if (told && n < size)
			n += (size_t)snprintf(dst + n, size - n, "%s%s",
					      n == 0 ? " trust=" : ",", name);
	}
}

/* One line of facts, for the decision row: numbers and our own words only. */
static void
facts_line(const struct facts *f, const struct ruling *r, char *dst, size_t size)
{
	char trust[96];

	trust_line(f, trust, sizeof(trust));
	snprintf(
	    dst, size,
	    "points=%" PRId64 " script_points=%" PRId64
	    " standing=%s script_age_s=%" PRId64
	    " rcpts_1m=%u rcpts_10m=%u rcpts_1h=%u rcpts_24h=%u rcpts_7d=%u new_24h=%u "
	    "new_7d=%u new_own=%u new_msgs=%u new_equal=%u new_subject=%u exposed_1h=%u "
	    "usual_1h=%u bulk_24h=%u usual_bulk_1h=%u refused=%u answered=%u "
	    "msg_rcpts=%u old_names=%u again_1h=%u due_1h=%u due_24h=%u "
	    "value=%" PRId64 " limit=%" PRId64 "%s",
	    f->evidence_points, f->script_points, standing_name(f->standing),
	    f->script_age_s, f->rcpts[0], f->rcpts[1], f->rcpts[2], f->rcpts[3],
	    f->rcpts[4], f->new_24h, f->new_7d, f->new_own, f->new_msgs, f->new_equal,
	    f->new_subject, f->exposed[2], f->usual[2], f->bulk_24h, f->usual_bulk_1h,
	    f->refused, f->answered, f->msg_rcpts, f->old_names, f->again_1h, f->due[2],
	    f->due[3], r->value, r->limit, trust);
}

static void
tell(struct engine *e, const struct acct *a, enum acct_state from, enum acct_state to,
     enum reason why, const char *facts, const char *who, bool observed)
{
	struct decision d = {.t = wall_from_s(e->wall_s),
			     .uid = a->uid,
			     .user = a->user,
			     .from = from,
			     .to = to,
			     .why = why,
			     .facts = facts,
			     .who = who,
			     .script = a->culprit == NULL ? "" : a->culprit,
			     .observed = observed,
			     .passed_messages = a->passed_messages,
			     .passed_rcpts = a->passed_rcpts,
			     .held_messages = a->held_messages,
			     .held_rcpts = a->held_rcpts};

	if (e->on_decision != NULL)
		e->on_decision(e->ctx, &d);
}

void
account_set(struct engine *e, struct acct *a, enum acct_state to, enum reason why,
	    const struct facts *f, const struct ruling *r, const char *who)
{
	enum acct_state from = a->state;
	char line[800] = "";

	a->dirty = true;
	if (f != NULL && r != NULL)
		facts_line(f, r, line, sizeof(line));
	a->state = to;
	a->reason = why;
	a->since_s = e->now_s;
	a->since_wall_s = e->wall_s;
	if (to == ACCT_HELD)
		a->last_held_s = e->now_s;
	tell(e, a, from, to, why, line, who, false);
}

void
account_review(struct engine *e, struct acct *a, const struct facts *f,
	       const struct ruling *r, const char *script)
{
	char line[800];

	if (r->observed && (a->observed_s == 0 || e->now_s - a->observed_s >= 86400)) {
		a->observed_s = e->now_s;
		facts_line(f, r, line, sizeof(line));
		tell(e, a, a->state, ACCT_HELD, r->reason, line, "policy", true);
	}
	if (r->state == a->state || a->state == ACCT_HELD)
		return;
	if (r->state == ACCT_HELD) {
		free(a->culprit);
		a->culprit = script == NULL ? NULL : xstrdup(script);
	}
	if (r->state == ACCT_CLEAR && f->offended)
		return;
	account_set(e, a, r->state, r->reason, f, r, "policy");
}

/* What the held state still needs to end by itself. */
static void
expire(struct engine *e, struct acct *a)
{
	if (a->word != WORD_NONE && a->word_until_s <= e->now_s) {
		bool held = a->word == WORD_HOLD;

		a->word = WORD_NONE;
		a->word_until_s = 0;
		account_set(e, a, held ? ACCT_CLEAR : a->state, REASON_WORD_ENDED, NULL,
			    NULL, "clock");
	}
	if (a->state == ACCT_HELD && a->word != WORD_HOLD &&
	    e->now_s - a->last_held_s >= e->conf.hold_expire_s) {
		a->released_s = e->now_s;
		memset(&a->fresh, 0, sizeof(a->fresh));
		a->evidence_exposed = 0;
		account_set(e, a, ACCT_WATCHED, REASON_EXPIRED, NULL, NULL, "clock");
	}
}

/* How often it went to strangers within a week, this time included; 0 for no hash. */
static uint32_t
seen_times(struct seen *ring, int64_t now_s, uint64_t hash)
{
	uint32_t h = (uint32_t)(hash ^ (hash >> 32)), hour = (uint32_t)(now_s / 3600);
	unsigned oldest = 0;

	if (hash == 0)
		return 0;
	if (h == 0)
		h = 1;
	for (unsigned i = 0; i < ACCT_SEEN; i++) {
		if (ring[i].hash == h) {
			if (hour - ring[i].last_h > WEEK_S / 3600)
				ring[i].times = 0;
			ring[i].last_h = hour;
			return ++ring[i].times;
		}
		/* of one hour, what went out once makes room for the next before a list's
		 */
		if (ring[i].last_h < ring[oldest].last_h ||
		    (ring[i].last_h == ring[oldest].last_h &&
		     ring[i].times < ring[oldest].times))
			oldest = i;
	}
	ring[oldest] = (struct seen){h, hour, 1};
	return 1;
}

bool
engine_free_mail(const char *domain)
{
	static const char *const names[] = {
	    "gmail.com", "googlemail.com", "outlook.com",    "hotmail.com",
	    "live.com",  "yahoo.com",      "aol.com",        "icloud.com",
	    "gmx.de",    "gmx.net",        "web.de",         "mail.ru",
	    "yandex.ru", "proton.me",      "protonmail.com", "msn.com"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(names[i], domain) == 0)
			return true;
	return false;
}

/* Is every recipient the account's own? Where nobody says, by domains it was said of. */
static bool
is_own(struct acct *a, const struct submission *s)
{
	if (s->own == 0)
		return false;
	for (size_t d = 0; d < s->domain_count; d++) {
		uint32_t h = (uint32_t)script_key(s->domains[d]);
		bool known = false;
		unsigned empty = ACCT_DOMAINS;

		for (unsigned i = 0; i < ACCT_DOMAINS; i++) {
			known |= a->own_domains[i] == h;
			if (a->own_domains[i] == 0)
				empty = i;
		}
		if (s->own < 0 && !known)
			return false;
		if (s->own > 0 && !known && empty < ACCT_DOMAINS &&
		    !engine_free_mail(s->domains[d]))
			a->own_domains[empty] = h;
	}
	return s->own > 0 || s->domain_count > 0;
}

static void
note_age(const struct engine *e, struct script *s, int64_t age_s)
{
	int64_t born;

	if (age_s < 0)
		return;
	born = e->wall_s - age_s;
	if (s->born_wall_s != 0 && born > s->born_wall_s + 300)
		script_note_change(s, e->now_s, e->conf.learning_time_s);
	if (s->born_wall_s == 0 || born > s->born_wall_s + 300)
		s->born_wall_s = born == 0 ? -1 : born; /* 0 is unknown */
}

static void
note_birth(struct acct *a, const struct script *s)
{
	if (s->born_wall_s == 0)
		return;
	if (s->born_wall_s > a->births_wall_s - 7200 &&
	    s->born_wall_s < a->births_wall_s + 7200) {
		a->births++;
	} else if (a->births < 4) {
		a->births_wall_s = s->born_wall_s;
		a->births = 1;
	}
}

static void
count_told(struct acct *a, int64_t now, uint32_t n)
{
	slide_add(&a->old_told_1m, now, 60, n);
	slide_add(&a->old_told_1h, now, 3600, n);
	slide_add(&a->old_told_24h, now, 86400, n);
}

/* What the account's logins, and its dormant scripts, send together. */
static void
count_shared(struct acct *a, const struct judged *j, enum standing st, int64_t now)
{
	struct script *s = j->script;

	if (script_login(s)) {
		slide_add(&a->login_1h, now, 3600, j->msg.rcpts - j->msg.met);
		slide_add(&a->login_24h, now, 86400, j->msg.rcpts - j->msg.met);
		return;
	}
	if (st == STAND_DORMANT || st == STAND_NEW || st == STAND_BLIND) {
		slide_add(&a->again_1h, now, 3600, j->msg.met);
		slide_add(&a->again_24h, now, 86400, j->msg.met);
	}
	if (s->stranger_s == 0)
		s->crowded = a->facts.crowded;
	if (st != STAND_DORMANT || a->facts.trusted_script)
		return;
	if (s->stranger_s == 0)
		slide_add(&a->old_names, now, 86400, 1);
	if (s->usual[3] == 0)
		slide_add(&a->old_24h, now, 86400, j->exposed);
	count_told(a, now, j->msg.rcpts - j->msg.met - j->exposed);
}

/* Is every address told? */
static bool
all_told(const struct submission *s)
{
	return s->rcpts > 0 && s->rcpt_hash_count == s->rcpts;
}

/* Who gets what goes around bought nothing, nor did a list's readers, each of whose texts
 * may be his own. (Where no script is named all mail is one's: a shop's, perhaps.) */
static void
meet(struct acct *a, const struct judged *j, int64_t now)
{
	const struct submission *s = j->s;
	bool list = s->script != NULL && script_bursty(j->script);

	if (!j->msg.equal_body && j->msg.rcpts <= 2 && !list)
		people_meet(&a->buyers, a->salt, j->script->key, s->rcpt_hashes,
			    s->rcpt_hash_count, now);
}

/* A message leaves: it becomes history. */
static void
count_passed(struct engine *e, struct acct *a, const struct judged *j, enum standing st)
{
	struct script *s = j->script;
	int64_t now = e->now_s;
	uint32_t explained;
	bool first = s->msgs == 0;

	a->passed_messages++;
	a->passed_rcpts += j->msg.rcpts;
	slide_add(&a->msgs_24h, now, 86400, 1);
	if (!j->msg.own)
		volume_add(&a->rcpts, now, j->msg.rcpts);
	if (j->msg.own)
		slide_add(&a->own_1h, now, 3600, j->msg.rcpts);
	else
		count_shared(a, j, st, now);
	if (s->stranger_s == 0 && !j->msg.own)
		s->standing = st;
	else if ((s->standing == STAND_BLIND || s->standing == STAND_NEW) &&
		 (st == STAND_NEW || st == STAND_DORMANT))
		s->standing = st;
	if (!j->msg.own && all_told(j->s))
		script_meet(s, a->salt, j->s->rcpt_hashes, j->s->rcpt_hash_count, now);
	if (j->msg.told && !j->msg.own && !script_login(s))
		meet(a, j, now);
	explained =
	    script_count(s, now, e->wall_s, &j->msg, j->exposed, e->conf.learning_time_s);
	if (st == STAND_DORMANT && explained > 0 && !script_login(s)) {
		if (s->usual[3] == 0)
			slide_sub(&a->old_24h, now, 86400, explained);
		count_told(a, now, explained);
	}
	if (a->evidence_s != 0 && !script_login(s)) {
		a->evidence_exposed += j->exposed;
		a->evidence_exposed -= a->evidence_exposed < explained ? 0 : explained;
	}
	/* what an admin trusts takes nothing from the others' allowance */
	if ((st != STAND_NEW && st != STAND_BLIND) || a->facts.trusted_script)
		return;
	if (first && st == STAND_BLIND)
		slide_add(&a->names_24h, now, 86400, 1);
	if (first)
		note_birth(a, s);
	if (j->msg.own) {
		/* only a script that came lately speaks for the new ones */
		if (s->fresh_s != 0 ||
		    (s->born_wall_s != 0 && e->wall_s - s->born_wall_s < SETTLING_S))
			slide_add(&a->new_own, now, WEEK_S, 1);
		volume_sub(&a->fresh, now, explained);
		return;
	}
	if (j->msg.excused)
		return;
	volume_add(&a->fresh, now, j->exposed);
	if (j->msg.met == j->msg.rcpts)
		return;
	volume_add(&a->fresh_all, now, j->msg.rcpts - j->msg.met);
	slide_add(&a->new_msgs, now, WEEK_S, 1);
	slide_add(&a->new_equal, now, WEEK_S, j->msg.equal_body);
	slide_add(&a->new_subject, now, WEEK_S, j->msg.equal_subject);
	if (j->msg.rcpts - j->msg.met > 2)
		a->multi_s = now;
}

static void
say(const struct acct *a, const struct ruling *r, struct answer *out)
{
	out->answer = r->answer;
	out->reason = r->reason;
	out->state = a->state;
	out->observed = r->observed;
	if (r->reason == REASON_HELD)
		snprintf(out->text, sizeof(out->text), "the account is held: %s",
			 reason_says(a->reason));
	else if (r->limit >= 0)
		snprintf(out->text, sizeof(out->text),
			 "%s (%" PRId64 ", limit %" PRId64 ")", reason_says(r->reason),
			 r->value, r->limit);
	else
		snprintf(out->text, sizeof(out->text), "%s", reason_says(r->reason));
}

/* The account table is full: nothing is remembered of this one but the sum of all such.
 */
static void
judge_crowd(struct engine *e, const struct submission *s, struct answer *out)
{
	struct ruling r = {.reason = REASON_NO_ROOM, .limit = -1, .value = -1};

	r.value = (int64_t)volume_get(&e->crowd->rcpts, e->now_s, VOL_1H) + s->rcpts;
	if (r.value > e->conf.hard_cap_h && !e->conf.observe) {
		r.limit = e->conf.hard_cap_h;
		r.answer = ANSWER_HOLD;
		r.reason = REASON_HARD_CAP;
	} else {
		volume_add(&e->crowd->rcpts, e->now_s, s->rcpts);
	}
	say(e->crowd, &r, out);
}

/* Whose history this message is part of: a mailbox's, a script's, or what names none. */
static struct script *
script_of(struct engine *e, struct acct *a, const struct submission *s)
{
	const char *name = s->script == NULL ? "" : s->script;
	char login[SCRIPT_NAME_MAX];

	if (s->login != NULL && s->login[0] != '\0') {
		(void)snprintf(login, sizeof login, SCRIPT_LOGIN "%s", s->login);
		name = login;
	} else if (strncmp(name, SCRIPT_LOGIN, sizeof SCRIPT_LOGIN - 1) == 0) {
		name = ""; /* a claim cannot be a login */
	}
	return acct_script(e, a, name, true);
}

void
engine_submission(struct engine *e, const struct submission *s, struct answer *out)
{
	struct acct *a = acct_get(e, s->uid, s->user, s->t);
	struct judged j = {.s = s};

	e->stats.submissions++;
	*out = (struct answer){0};
	if (a == e->crowd) {
		judge_crowd(e, s, out);
		return;
	}
	expire(e, a);
	j.script = script_of(e, a, s);
	script_turn(j.script, e->now_s, e->conf.learning_time_s);
	note_age(e, j.script, s->script_age_s);
	a->eyes = a->eyes || s->script_age_s >= 0;
	j.msg = (struct script_msg){.rcpts = s->rcpts == 0 ? 1 : s->rcpts,
				    .own = is_own(a, s),
				    .no_body_hash = s->body_hash == 0};
	/* "own" is a domain that a panel let the customer add: only so much of it */
	if (j.msg.own &&
	    slide_get(&a->own_1h, e->now_s, 3600) + (uint64_t)j.msg.rcpts > OWN_1H)
		j.msg.own = false;
	if (!j.msg.own && all_told(s))
		j.msg.met = script_met(j.script, a->salt, s->rcpt_hashes, s->rcpts);
	/* beside a flagged file, whoever names nothing may send both */
	j.msg.unpaired = j.script->name[0] == '\0' &&
			 facts_evidence(e, a, NULL) >= e->conf.suspicious_points;
	/* the same text to somebody who had it before is no text sent around */
	if (!j.msg.own && j.msg.met < j.msg.rcpts) {
		uint32_t times = seen_times(a->bodies, e->now_s, s->body_hash);

		j.msg.equal_body = times > 1;
		j.msg.second = times == 2;
		j.msg.equal_subject =
		    seen_times(a->subjects, e->now_s, s->subject_hash) > 1;
		j.msg.new_subject = s->subject_hash != 0 && !j.msg.equal_subject;
	}
	j.msg.bulk = script_is_bulk(j.script, &j.msg);
	/* where all mail is a list's, the first counted already */
	if (j.msg.rcpts > 2 || script_bulk_usual(j.script) || script_bursty(j.script))
		j.msg.second = false;
	j.exposed = script_exposes(j.script, e->now_s, &j.msg);
	facts_people(a, &j, e->now_s);
	facts_gather(e, a, &j, &a->facts);
	j.msg.excused = a->facts.excused;
	a->ruling = policy_decide(&a->facts, &e->conf);
	free(a->last_script);
	a->last_script = xstrdup(j.script->name);
	account_review(e, a, &a->facts, &a->ruling, j.script->name);
	if (a->ruling.answer == ANSWER_PASS) {
		e->stats.answered_pass++;
		count_passed(e, a, &j, a->facts.standing);
	} else {
		e->stats.answered_hold++;
		a->held_messages++;
		a->held_rcpts += j.msg.rcpts;
		a->last_held_s = e->now_s;
	}
	say(a, &a->ruling, out);
}

void
engine_tick(struct engine *e, wall_t t)
{
	engine_advance(e, t);
	for (size_t i = 0; i < e->slot_count; i++)
		if (e->slots[i] != NULL)
			expire(e, e->slots[i]);
}
