/*
 * policy - decide what happens to one account's mail
 *
 * Job:     facts of one account, its script and one message -> answer, state, reason.
 * Touches: nothing. No I/O, no clock, no allocation, no global.
 * Source:  the table in daemon/judge/DECISIONS; tests/unit/test_policy.c has one row per
 *          line of it.
 */
#include "policy_int.h"

#include <stddef.h>

void
engine_conf_defaults(struct engine_conf *c)
{
	*c = (struct engine_conf){
	    .weak_points = 25,
	    .suspicious_points = 50,
	    .malicious_points = 100,
	    .evidence_ttl_s = 2592000,
	    .unknown_rcpt_max = 5,
	    .young_script_s = 259200,
	    .learning_time_s = 604800,
	    .hard_cap_h = 10000,
	    .refusal_ppm = 300000,
	    .refusal_min = 30,
	    .hold_expire_s = 2592000,
	    .accounts_max = ACCOUNTS_MAX,
	    .scripts_max = 200,
	    .jump_max_s = 600,
	};
}

static bool
share_over(uint32_t part, uint32_t whole, unsigned percent)
{
	return (uint64_t)part * 100 > (uint64_t)whole * percent;
}

/* One person's business each: no list, no text sent to many. */
static bool
transactional(const struct facts *f, const struct engine_conf *c)
{
	if (f->new_multi || f->offended || f->evidence_points >= c->weak_points)
		return false;
	/* nobody can say that it is new, nor is it: its pace and its texts decide */
	if (f->standing == STAND_BLIND)
		return !f->no_hashes && !share_over(f->new_equal, f->new_msgs, 5);
	if (f->no_hashes)
		return false;
	if (f->new_msgs >= 3 && f->new_equal > 0 &&
	    share_over(f->new_equal, f->new_msgs, 20))
		return false;
	if (f->new_msgs >= 3 && share_over(f->new_subject, f->new_msgs, 50))
		return f->new_own > 0 && share_over(f->new_own, f->new_own_of, 20);
	return true;
}

void
policy_allowance(const struct facts *f, const struct engine_conf *c, int64_t *day_out,
		 int64_t *week_out)
{
	int64_t base = f->offended ? c->unknown_rcpt_max / 2 : c->unknown_rcpt_max;
	bool human = f->new_1m <= 6 && f->new_10m <= 20 && f->new_1h <= 40;
	bool own = f->new_own > 0 && share_over(f->new_own, f->new_own_of, 19);

	*day_out = *week_out = base;
	if (!transactional(f, c))
		return;
	*week_out = 2 * base;
	if (f->standing == STAND_BLIND && f->new_names <= 4 && f->new_1m <= 5 &&
	    f->new_10m <= 8 && f->new_1h <= 20) {
		*day_out = 16 * base;
		*week_out = 112 * base;
	}
	/* it went on for hours like one person's business each, so it may have a burst */
	if (f->standing == STAND_BLIND && f->new_names <= 4 && f->seen_hours &&
	    f->new_1m <= 12 && f->new_10m <= 25 && f->new_1h <= 60) {
		*day_out = 50 * base;
		*week_out = 300 * base;
	}
	if (!human)
		return;
	if (own) {
		*day_out = 12 * base;
		*week_out = 60 * base;
	} else if (f->settling && f->new_wave && f->new_own > 0) {
		*day_out = 2 * base;
	}
}

/* How many times its usual a script may reach, and what everyone may, per window. */
struct stretch {
	int64_t times[4]; /* in tenths */
	int64_t least[4];
};

/* A list that has one text each time sends many: whoever sends them, it is no issue. */
static int64_t
novel_limit(const struct facts *f)
{
	return f->bursty || f->rare_days ? larger(5, 3 * (int64_t)f->usual_novel_1h)
					 : larger(20, 10 * (int64_t)f->usual_novel_1h);
}

static const struct stretch *
stretch_of(const struct facts *f, const struct engine_conf *c)
{
	static const struct stretch strict = {{10, 10, 10, 10}, {5, 5, 5, 5}};
	static const struct stretch changed = {{20, 20, 20, 30}, {5, 5, 5, 15}};
	static const struct stretch changed_busy = {{20, 30, 60, 100}, {5, 5, 8, 20}};
	static const struct stretch thin = {{20, 20, 30, 40}, {5, 6, 10, 40}};
	static const struct stretch dormant = {{30, 30, 60, 100}, {5, 8, 30, 120}};
	static const struct stretch claim = {{20, 20, 20, 20}, {5, 5, 5, 10}};
	static const struct stretch known = {{30, 30, 60, 100}, {5, 6, 8, 20}};
	static const struct stretch frequent = {{30, 30, 80, 100}, {5, 6, 8, 20}};
	static const struct stretch odd_hour = {{15, 15, 15, 20}, {5, 6, 8, 12}};
	static const struct stretch list = {{15, 15, 15, 15}, {5, 6, 8, 12}};
	static const struct stretch young_list = {{20, 20, 20, 20}, {5, 6, 8, 12}};

	if (f->evidence_points >= c->suspicious_points)
		return &strict;
	if (f->standing == STAND_CHANGED && f->changed_for_s < 86400)
		return f->frequent && f->in_slot && (!f->no_body || f->new_text)
			   ? &changed_busy
			   : &changed;
	if (f->standing == STAND_DORMANT && f->claimed)
		return &claim;
	if (f->standing == STAND_DORMANT)
		return f->script_age_s >= 30 * 86400 && !f->owner_only ? &dormant : &thin;
	if (!f->in_slot)
		return &odd_hour;
	if (f->bursty)
		return f->few_days || f->at_slot ? &young_list : &list;
	return f->frequent ? &frequent : &known;
}

/* In tenths: how far mail that is alike may go beyond the most of it before. */
static int64_t
bulk_tenths(const struct facts *f, const struct engine_conf *c)
{
	if (!f->in_slot || f->evidence_points >= c->suspicious_points)
		return 10;
	if (f->bursty && f->at_slot)
		return 20;
	if (f->standing == STAND_CHANGED)
		return 15;
	if (f->bulk_usual && f->frequent)
		return 40;
	return f->few_days ? 20 : 15;
}

struct ceiling
policy_ceiling(const struct facts *f, const struct engine_conf *c)
{
	const struct stretch *s = stretch_of(f, c);
	int64_t base = f->offended ? c->unknown_rcpt_max / 2 : c->unknown_rcpt_max;
	int64_t tenths = bulk_tenths(f, c);
	struct ceiling out;

	if (f->login)
		return policy_login_ceiling(f, c);
	for (unsigned w = 0; w < 4; w++) {
		int64_t t = f->no_hashes ? smaller(s->times[w], 40) : s->times[w];

		out.exposed[w] = larger(f->offended ? base : s->least[w],
					(int64_t)f->usual[w] * t / 10);
	}
	/* a list goes out as fast as the machine can; its hour is what counts */
	if (f->bursty || f->bulk_usual) {
		out.exposed[0] = larger(out.exposed[0], out.exposed[2]);
		out.exposed[1] = larger(out.exposed[1], out.exposed[2]);
	}
	/* orders come in bursts: a minute may bring what an hour brought before */
	if (s->times[2] >= 60 && f->standing == STAND_KNOWN) {
		out.exposed[0] = larger(out.exposed[0], f->usual[2]);
		out.exposed[1] = larger(out.exposed[1], 3 * (int64_t)f->usual[2]);
	}
	if (f->standing == STAND_KNOWN && f->new_text && f->usual[2] >= 2 && !f->offended)
		out.exposed[0] = larger(out.exposed[0], 6);
	/* changed today, and texts that are new each: an hour's orders in one minute */
	if (f->standing == STAND_CHANGED && f->new_text &&
	    (f->subjects_differ || f->novel_1h > 2) && !f->bursty && !f->bulk_usual)
		out.exposed[0] = smaller(out.exposed[0], larger(6, f->usual[2]));
	/* its owner hears of a good part of it: a sale day, not an injection */
	if (s->times[0] > 10 && f->own_24h > 0 &&
	    2 * (int64_t)f->own_24h >= f->exposed[3])
		out.exposed[3] = larger(out.exposed[3], (int64_t)f->usual[3] * 10 + 20);
	out.bulk_1h = larger(base, (int64_t)f->usual_bulk_1h * tenths / 10);
	out.bulk_24h = larger(base, (int64_t)f->usual_bulk_24h * tenths / 10);
	/* what goes around now and then: three times that, within reach of its hour */
	if (f->usual_bulk_1h >= 2 && tenths > 10)
		out.bulk_1h = larger(out.bulk_1h, smaller(3 * (int64_t)f->usual_bulk_1h,
							  3 * (int64_t)f->usual[2] / 2));
	/* small amounts vary more */
	if (f->bulk_habit && tenths > 10) {
		int64_t usual = f->usual_bulk_1h;

		out.bulk_1h = larger(out.bulk_1h,
				     larger(smaller(5 * usual + 10, 60), 2 * usual + 10));
		out.bulk_24h = larger(out.bulk_24h, 3 * (int64_t)f->usual_bulk_24h + 10);
		for (unsigned w = 0; w < 3 && s->times[0] > 20; w++)
			out.exposed[w] = larger(out.exposed[w], out.bulk_1h);
	}
	/* a text that is sent around where none was: its usual hour, and no more */
	if (f->bulk_1h >= 3 && f->usual_bulk_1h < 3 && !f->bulk_usual && !f->bursty)
		out.exposed[2] = larger(base, f->usual[2]);
	out.off_24h = larger(base, f->usual_bulk_1h);
	return out;
}

/* A row: does it fire, and with which numbers? limit_out and value_out may stay -1. */
typedef bool (*row_fn)(const struct facts *f, const struct engine_conf *c,
		       int64_t *limit_out, int64_t *value_out);

static bool
unproven(const struct facts *f)
{
	return f->standing == STAND_NEW || f->standing == STAND_BLIND;
}

static bool
row_word_held(const struct facts *f, const struct engine_conf *c, int64_t *limit,
	      int64_t *value)
{
	(void)c, (void)limit, (void)value;
	return f->word == WORD_HOLD;
}

static bool
row_trusted(const struct facts *f, const struct engine_conf *c, int64_t *limit,
	    int64_t *value)
{
	(void)c, (void)limit, (void)value;
	return f->word == WORD_TRUST || (f->trusted_script && f->state != ACCT_HELD);
}

static bool
row_held(const struct facts *f, const struct engine_conf *c, int64_t *limit,
	 int64_t *value)
{
	(void)c, (void)limit, (void)value;
	return f->state == ACCT_HELD;
}

static bool
row_flagged(const struct facts *f, const struct engine_conf *c, int64_t *limit,
	    int64_t *value)
{
	*limit = c->suspicious_points;
	*value = f->script_points;
	return f->standing != STAND_NONE && f->script_points >= c->suspicious_points;
}

static bool
row_weak(const struct facts *f, const struct engine_conf *c, int64_t *limit,
	 int64_t *value)
{
	*limit = c->weak_points;
	*value = f->script_points;
	return unproven(f) && !f->own && f->script_points >= c->weak_points;
}

static bool
row_evidence_new(const struct facts *f, const struct engine_conf *c, int64_t *limit,
		 int64_t *value)
{
	*limit = c->suspicious_points;
	*value = f->evidence_points;
	if (f->own || f->login || f->evidence_points < c->suspicious_points)
		return false;
	return unproven(f) || (f->standing == STAND_DORMANT &&
			       f->evidence_points >= c->malicious_points);
}

static bool
row_evidence_volume(const struct facts *f, const struct engine_conf *c, int64_t *limit,
		    int64_t *value)
{
	*limit = c->unknown_rcpt_max;
	*value = f->evidence_exposed;
	return f->standing != STAND_NONE && !f->own && !f->login &&
	       f->evidence_points >= c->malicious_points &&
	       f->evidence_exposed > c->unknown_rcpt_max;
}

/* Mail to one's own monitor's phone, not a bomb in somebody's mailbox. */
#define AGAIN_1H 60
#define AGAIN_24H 600
/* What a known script's job that fails every minute tells its owner, and a little. */
#define MINUTELY_24H 1500

/* The first of n pairs of a value and its limit that is over it. */
static bool
first_over(const int64_t (*pairs)[2], unsigned n, int64_t *limit, int64_t *value)
{
	for (unsigned i = 0; i < n; i++) {
		if (pairs[i][0] <= pairs[i][1])
			continue;
		*value = pairs[i][0];
		*limit = pairs[i][1];
		return true;
	}
	return false;
}

/*
 * A copy to the owner explains a customer's mail, but only as much as people buy: a
 * mailer may send the owner a copy of each of its own, too.
 */
static bool
too_much_explained(const struct facts *f, int64_t *limit, int64_t *value)
{
	bool alike = f->new_msgs >= 10 && share_over(f->new_equal, f->new_msgs, 80);
	bool old = f->standing == STAND_DORMANT;
	/* it may have a burst that nothing explains; with copies it is twice that */
	unsigned times = f->standing == STAND_BLIND ? 2 : 1;
	const int64_t pairs[6][2] = {{old ? f->old_told_1m : f->new_all_1m, 10 * times},
				     {old ? f->old_told_1h : f->new_all_1h, 60 * times},
				     {old ? f->old_told_24h : f->new_all_24h, 300},
				     {alike && !old ? f->new_all_24h : 0, 60},
				     {f->again_1h, AGAIN_1H},
				     {f->again_24h, AGAIN_24H}};

	if (!unproven(f) && !old)
		return false;
	return first_over(pairs, 6, limit, value);
}

static bool
row_new(const struct facts *f, const struct engine_conf *c, int64_t *limit,
	int64_t *value)
{
	int64_t day, week;

	if (!unproven(f) || f->own)
		return false;
	if (too_much_explained(f, limit, value))
		return true;
	if (f->msg_exposed == 0)
		return false;
	policy_allowance(f, c, &day, &week);
	*limit = f->new_24h > day ? day : week;
	*value = f->new_24h > day ? f->new_24h : f->new_7d;
	return f->new_24h > day || f->new_7d > week;
}

/* Of old files a sender may pick the names: the sum counts, or one's own ceiling. */
static bool
dormant_over(const struct facts *f, const struct engine_conf *c, int64_t ceiling,
	     int64_t *limit, int64_t *value)
{
	if (too_much_explained(f, limit, value))
		return true;
	*limit = larger(10 * c->unknown_rcpt_max, ceiling);
	*value = f->old_24h;
	return f->msg_exposed > 0 && *value > *limit;
}

static bool
over_ceiling(const struct facts *f, const struct engine_conf *c, int64_t *limit,
	     int64_t *value)
{
	struct ceiling l = policy_ceiling(f, c);
	const int64_t pairs[8][2] = {{f->exposed[0], policy_due(f, c, 0, l.exposed[0])},
				     {f->exposed[1], policy_due(f, c, 1, l.exposed[1])},
				     {f->exposed[2], policy_due(f, c, 2, l.exposed[2])},
				     {f->exposed[3], policy_due(f, c, 3, l.exposed[3])},
				     {f->bulk_1h, l.bulk_1h},
				     {f->in_slot ? f->bulk_24h : 0, l.bulk_24h},
				     {f->off_24h, l.off_24h},
				     {f->novel_1h, novel_limit(f)}};

	if (f->trusted_ceiling || f->own)
		return false;
	if (f->login && policy_logins_over(f, c, limit, value))
		return true;
	if (f->standing == STAND_DORMANT && !f->login &&
	    dormant_over(f, c, l.exposed[3], limit, value))
		return true;
	if (f->login && f->msg_exposed > 0 && policy_login_msgs_over(f, c, limit, value))
		return true;
	/* however well the owner is told of it */
	*limit =
	    f->login ? l.exposed[2] : larger(60, 15 * (int64_t)f->usual_strangers_1h);
	*value = f->strangers_1h;
	if (*value > *limit)
		return true;
	/* nor may a day go to whom it wrote before, unless its usual hours add up to it */
	*limit = larger(f->login ? AGAIN_24H : MINUTELY_24H,
			48 * (int64_t)f->usual_strangers_1h);
	*value = f->met_24h;
	if (f->msg_met > 0 && *value > *limit)
		return true;
	if (f->msg_exposed == 0)
		return false;
	return first_over(pairs, 8, limit, value);
}

static bool
row_changed(const struct facts *f, const struct engine_conf *c, int64_t *limit,
	    int64_t *value)
{
	return f->standing == STAND_CHANGED && over_ceiling(f, c, limit, value);
}

static bool
row_hard_cap(const struct facts *f, const struct engine_conf *c, int64_t *limit,
	     int64_t *value)
{
	*limit = c->hard_cap_h;
	*value = f->rcpts[2];
	return f->standing != STAND_NONE && !f->own && f->rcpts[2] > c->hard_cap_h;
}

static bool
row_usual(const struct facts *f, const struct engine_conf *c, int64_t *limit,
	  int64_t *value)
{
	switch (f->standing) {
	case STAND_KNOWN:
	case STAND_DORMANT:
		return (f->login || !f->learning) && over_ceiling(f, c, limit, value);
	case STAND_NEW:
	case STAND_BLIND:
	case STAND_CHANGED:
	case STAND_NONE:
		break;
	}
	return false;
}

static bool
row_refusals(const struct facts *f, const struct engine_conf *c, int64_t *limit,
	     int64_t *value)
{
	*limit = c->refusal_ppm;
	*value = f->refused_low_ppm;
	return f->answered >= c->refusal_min && f->refused_low_ppm > c->refusal_ppm &&
	       !f->own;
}

static bool
row_evidence_alone(const struct facts *f, const struct engine_conf *c, int64_t *limit,
		   int64_t *value)
{
	*limit = c->suspicious_points;
	*value = f->evidence_points;
	return f->evidence_points >= c->suspicious_points;
}

/* The table of DECISIONS, from the top; the first row that fires decides. */
static const struct {
	row_fn fires;
	enum reason reason;
	enum rule rule; /* RULE_COUNT: not a rule of its own */
	enum verdict_answer answer;
	enum acct_state state;
} rows[] = {
    {row_word_held, REASON_WORD_HELD, RULE_COUNT, ANSWER_HOLD, ACCT_HELD},
    {row_trusted, REASON_TRUSTED, RULE_COUNT, ANSWER_PASS, ACCT_CLEAR},
    {row_held, REASON_HELD, RULE_COUNT, ANSWER_HOLD, ACCT_HELD},
    {row_flagged, REASON_FLAGGED_SCRIPT, RULE_FLAGGED, ANSWER_HOLD, ACCT_HELD},
    {row_weak, REASON_WEAK_SCRIPT, RULE_FLAGGED, ANSWER_HOLD, ACCT_HELD},
    {row_evidence_new, REASON_EVIDENCE_NEW, RULE_EVIDENCE, ANSWER_HOLD, ACCT_HELD},
    {row_evidence_volume, REASON_EVIDENCE_VOLUME, RULE_EVIDENCE, ANSWER_HOLD, ACCT_HELD},
    {row_new, REASON_NEW_SCRIPTS, RULE_NEW, ANSWER_HOLD, ACCT_HELD},
    {row_changed, REASON_CHANGED_SCRIPT, RULE_CHANGED, ANSWER_HOLD, ACCT_HELD},
    {row_usual, REASON_ABOVE_USUAL, RULE_USUAL, ANSWER_HOLD, ACCT_HELD},
    {row_hard_cap, REASON_HARD_CAP, RULE_HARD_CAP, ANSWER_HOLD, ACCT_HELD},
    {row_refusals, REASON_REFUSALS, RULE_REFUSALS, ANSWER_HOLD, ACCT_HELD},
    {row_evidence_alone, REASON_EVIDENCE_ALONE, RULE_COUNT, ANSWER_PASS, ACCT_WATCHED},
};

struct ruling
policy_decide(const struct facts *f, const struct engine_conf *c)
{
	struct ruling r = {.limit = -1, .value = -1};
	bool observed = false;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int64_t limit = -1, value = -1;

		if (rows[i].rule < RULE_COUNT && f->trusted_rule[rows[i].rule])
			continue;
		if (!rows[i].fires(f, c, &limit, &value))
			continue;
		if (!observed) {
			r.reason = rows[i].reason;
			r.limit = limit;
			r.value = value;
		}
		if (rows[i].rule < RULE_COUNT &&
		    (c->observe || c->rule_observe[rows[i].rule])) {
			observed = true; /* what it would have done is kept; look on */
			continue;
		}
		if (observed && rows[i].answer == ANSWER_PASS)
			break;
		r.reason = rows[i].reason;
		r.limit = limit;
		r.value = value;
		r.answer = rows[i].answer;
		r.state = rows[i].state;
		return r;
	}
	r.observed = observed;
	r.answer = ANSWER_PASS;
	if (!observed)
		r.reason = f->own && f->standing != STAND_NONE ? REASON_OWN : REASON_OK;
	r.state = observed ? ACCT_WATCHED : ACCT_CLEAR;
	return r;
}

const char *
state_name(enum acct_state s)
{
	static const char *const names[] = {"clear", "watched", "held"};

	return (unsigned)s < 3 ? names[s] : "unknown";
}

const char *
standing_name(enum standing s)
{
	static const char *const names[] = {"none",    "new",     "unknown",
					    "dormant", "changed", "known"};

	return (unsigned)s < 6 ? names[s] : "unknown";
}

const char *
word_name(enum acct_word w)
{
	static const char *const names[] = {"none", "trust", "hold", "release"};

	return (unsigned)w < 4 ? names[w] : "unknown";
}

const char *
rule_name(enum rule r)
{
	static const char *const names[RULE_COUNT] = {
	    "flagged", "evidence", "new", "changed", "usual", "hard-cap", "refusals"};

	return (unsigned)r < RULE_COUNT ? names[r] : "unknown";
}

const char *
answer_name(enum verdict_answer a)
{
	static const char *const names[] = {"pass", "hold", "refuse"};

	return (unsigned)a < 3 ? names[a] : "unknown";
}
