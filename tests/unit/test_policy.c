/* One row per line of daemon/judge/DECISIONS. */
#include "conf.h"
#include "engine_conf.h"
#include "policy.h"
#include "t.h"

#define KNOWN .standing = STAND_KNOWN
#define NEW .standing = STAND_NEW
#define BLIND .standing = STAND_BLIND
#define DORMANT .standing = STAND_DORMANT
#define CHANGED .standing = STAND_CHANGED
#define USUAL(a, b, c, d) .usual = {a, b, c, d}
#define SENT(a, b, c, d) .exposed = {a, b, c, d}, .msg_exposed = 1
/* what is answered */
#define PASS ANSWER_PASS, ACCT_CLEAR, REASON_OK
#define PASS_BUT(state, why) ANSWER_PASS, state, why
#define HOLD(why) ANSWER_HOLD, ACCT_HELD, why

static const struct {
	const char *line;
	struct facts f;
	enum verdict_answer answer;
	enum acct_state state;
	enum reason reason;
} rows[] = {
    {"nothing against it", {KNOWN, .in_slot = true}, PASS},
    {"mail to the owner", {KNOWN, .own = true}, PASS_BUT(ACCT_CLEAR, REASON_OWN)},
    {"an admin holds", {KNOWN, .word = WORD_HOLD}, HOLD(REASON_WORD_HELD)},
    {"an admin trusts, whatever is found",
     {KNOWN, .word = WORD_TRUST, .script_points = 200, .evidence_points = 200},
     PASS_BUT(ACCT_CLEAR, REASON_TRUSTED)},
    {"a trusted script",
     {NEW, .trusted_script = true, .new_24h = 500, .msg_exposed = 1},
     PASS_BUT(ACCT_CLEAR, REASON_TRUSTED)},
    {"a trusted script in a held account",
     {NEW, .trusted_script = true, .state = ACCT_HELD},
     HOLD(REASON_HELD)},
    {"the account is held", {KNOWN, .state = ACCT_HELD}, HOLD(REASON_HELD)},
    {"held: mail to the owner too",
     {KNOWN, .state = ACCT_HELD, .own = true},
     HOLD(REASON_HELD)},
    {"from a flagged script, message 0",
     {NEW, .script_points = 50, .evidence_points = 50},
     HOLD(REASON_FLAGGED_SCRIPT)},
    {"from a flagged script that was known",
     {KNOWN, .script_points = 100, .evidence_points = 100},
     HOLD(REASON_FLAGGED_SCRIPT)},
    {"just below flagged, known",
     {KNOWN, .script_points = 49, .evidence_points = 49},
     PASS},
    {"a weak finding on a new script",
     {NEW, .script_points = 25, .evidence_points = 25},
     HOLD(REASON_WEAK_SCRIPT)},
    {"flagged file elsewhere, new script",
     {NEW, .evidence_points = 50},
     HOLD(REASON_EVIDENCE_NEW)},
    {"flagged file elsewhere, new script, to the owner",
     {NEW, .evidence_points = 50, .own = true},
     PASS_BUT(ACCT_WATCHED, REASON_EVIDENCE_ALONE)},
    {"flagged file elsewhere, no script named",
     {BLIND, .evidence_points = 60},
     HOLD(REASON_EVIDENCE_NEW)},
    {"malicious file, a handful by a known script",
     {KNOWN, .evidence_points = 100, .evidence_exposed = 5, .msg_exposed = 1},
     PASS_BUT(ACCT_WATCHED, REASON_EVIDENCE_ALONE)},
    {"malicious file, above a handful",
     {KNOWN, .evidence_points = 100, .evidence_exposed = 6, .msg_exposed = 1},
     HOLD(REASON_EVIDENCE_VOLUME)},
    {"new scripts, the fifth recipient",
     {NEW, .new_24h = 5, .new_7d = 5, .msg_exposed = 1},
     PASS},
    {"new scripts, the sixth recipient",
     {NEW, .new_24h = 6, .new_7d = 6, .msg_exposed = 1},
     HOLD(REASON_NEW_SCRIPTS)},
    {"one message of 500, held whole",
     {NEW, .new_24h = 500, .new_7d = 500, .msg_exposed = 500, .new_multi = true},
     HOLD(REASON_NEW_SCRIPTS)},
    {"slow: the sixth in a week, all alike",
     {NEW, .new_24h = 1, .new_7d = 6, .new_msgs = 6, .new_equal = 5, .msg_exposed = 1},
     HOLD(REASON_NEW_SCRIPTS)},
    {"slow: one person's business each, one a day",
     {NEW, .new_24h = 1, .new_7d = 10, .new_msgs = 10, .msg_exposed = 1},
     PASS},
    {"slow: the eleventh in a week",
     {NEW, .new_24h = 1, .new_7d = 11, .new_msgs = 11, .msg_exposed = 1},
     HOLD(REASON_NEW_SCRIPTS)},
    {"unknown: one person's business each",
     {BLIND, .new_1m = 5, .new_10m = 8, .new_1h = 20, .new_24h = 80, .new_7d = 80,
      .new_msgs = 80, .new_subject = 79, .msg_exposed = 1},
     PASS},
    {"unknown: the sixth in a minute",
     {BLIND, .new_1m = 6, .new_10m = 6, .new_1h = 6, .new_24h = 6, .new_7d = 6,
      .new_msgs = 6, .msg_exposed = 1},
     HOLD(REASON_NEW_SCRIPTS)},
    {"unknown: nothing is known of the texts",
     {BLIND, .no_hashes = true, .new_1m = 1, .new_10m = 4, .new_1h = 6, .new_24h = 6,
      .new_7d = 6, .new_msgs = 6, .msg_exposed = 1},
     HOLD(REASON_NEW_SCRIPTS)},
    {"unknown: the owner is told of too many",
     {BLIND, .new_all_1m = 1, .new_all_1h = 121, .new_all_24h = 121},
     HOLD(REASON_NEW_SCRIPTS)},
    {"unknown: a burst of what went on for hours",
     {BLIND, .seen_hours = true, .new_1m = 6, .new_10m = 12, .new_1h = 30, .new_24h = 250,
      .new_7d = 900, .new_msgs = 900, .msg_exposed = 1},
     PASS},
    {"unknown: one text to six",
     {BLIND, .seen_hours = true, .new_1m = 1, .new_10m = 1, .new_1h = 3, .new_24h = 6,
      .new_7d = 6, .new_msgs = 6, .new_equal = 5, .msg_exposed = 1},
     HOLD(REASON_NEW_SCRIPTS)},
    {"a new site: orders, and the owner hears of them",
     {NEW, .settling = true, .new_24h = 20, .new_7d = 20, .new_1h = 3, .new_msgs = 20,
      .new_own = 6, .new_own_of = 20, .msg_exposed = 1},
     PASS},
    {"the same, but the text is one",
     {NEW, .settling = true, .new_24h = 20, .new_7d = 20, .new_1h = 3, .new_msgs = 20,
      .new_equal = 19, .new_own = 6, .new_own_of = 20, .msg_exposed = 1},
     HOLD(REASON_NEW_SCRIPTS)},
    {"the same, but no person is so fast",
     {NEW, .settling = true, .new_24h = 20, .new_7d = 20, .new_1m = 7, .new_10m = 20,
      .new_1h = 20, .new_msgs = 20, .new_own = 6, .new_own_of = 20, .msg_exposed = 1},
     HOLD(REASON_NEW_SCRIPTS)},
    {"released once: half of it",
     {NEW, .offended = true, .new_24h = 3, .new_7d = 3, .msg_exposed = 1},
     HOLD(REASON_NEW_SCRIPTS)},
    {"changed, as much as before",
     {CHANGED, USUAL(1, 2, 4, 20), SENT(1, 2, 4, 20)},
     PASS},
    {"changed, above its usual hour",
     {CHANGED, USUAL(1, 2, 4, 20), SENT(1, 2, 9, 20)},
     HOLD(REASON_CHANGED_SCRIPT)},
    {"known, a busy day of orders",
     {KNOWN, .frequent = true, .in_slot = true, USUAL(2, 3, 8, 60), SENT(3, 9, 40, 400)},
     PASS},
    {"known, far above its own history",
     {KNOWN, .frequent = true, .in_slot = true, USUAL(2, 3, 8, 60), SENT(3, 9, 65, 400)},
     HOLD(REASON_ABOVE_USUAL)},
    {"the same while learning",
     {KNOWN, .learning = true, .frequent = true, .in_slot = true, USUAL(2, 3, 8, 60),
      SENT(3, 9, 65, 400)},
     PASS},
    {"known, suddenly one text to many",
     {KNOWN, .frequent = true, .in_slot = true, USUAL(2, 3, 8, 60), SENT(3, 6, 6, 6),
      .bulk_1h = 6, .bulk_24h = 6},
     HOLD(REASON_ABOVE_USUAL)},
    {"known, the third of one text, within its usual hour",
     {KNOWN, .frequent = true, .in_slot = true, USUAL(2, 3, 8, 60), SENT(3, 6, 8, 8),
      .bulk_1h = 3, .bulk_24h = 3},
     PASS},
    {"known, the third of one text, above its usual hour",
     {KNOWN, .frequent = true, .in_slot = true, USUAL(2, 3, 8, 60), SENT(3, 6, 9, 9),
      .bulk_1h = 3, .bulk_24h = 3},
     HOLD(REASON_ABOVE_USUAL)},
    {"a newsletter at its time, grown by a quarter",
     {KNOWN, .bulk_usual = true, .bursty = true, .in_slot = true,
      USUAL(60, 300, 400, 400), SENT(60, 300, 500, 500), .usual_bulk_1h = 400,
      .usual_bulk_24h = 400, .bulk_1h = 500, .bulk_24h = 500},
     PASS},
    {"the same list at another time, beyond its usual hour",
     {KNOWN, .bulk_usual = true, .bursty = true, USUAL(60, 300, 400, 400),
      SENT(60, 300, 401, 401), .usual_bulk_1h = 400, .usual_bulk_24h = 400,
      .bulk_1h = 401, .bulk_24h = 401, .off_24h = 401},
     HOLD(REASON_ABOVE_USUAL)},
    {"shipped at once to those who bought since",
     {KNOWN, .in_slot = true, .batches = true, USUAL(20, 20, 30, 60),
      SENT(200, 200, 200, 230), .due = {200, 200, 200, 200}, .usual_due_1h = 100},
     PASS},
    {"shipped at once to many times as many as ever",
     {KNOWN, .in_slot = true, .batches = true, USUAL(20, 20, 30, 60),
      SENT(200, 200, 200, 230), .due = {200, 200, 200, 200}, .usual_due_1h = 20},
     HOLD(REASON_ABOVE_USUAL)},
    {"the same, but in the week as many bought",
     {KNOWN, .in_slot = true, .batches = true, USUAL(20, 20, 30, 60),
      .rcpts = {200, 200, 200, 230, 800}, SENT(200, 200, 200, 230),
      .due = {200, 200, 200, 200}, .usual_due_1h = 20},
     PASS},
    {"to a few who are due it, where that is not its way",
     {KNOWN, .in_slot = true, USUAL(2, 2, 3, 6), SENT(28, 28, 28, 28),
      .due = {28, 28, 28, 28}},
     PASS},
    {"changed, and its usual batch besides",
     {CHANGED, .in_slot = true, .batches = true, USUAL(20, 20, 30, 60),
      SENT(49, 49, 49, 80), .due = {20, 20, 20, 20}, .usual_due_1h = 20},
     PASS},
    {"changed, and more than its usual batch",
     {CHANGED, .in_slot = true, .batches = true, USUAL(20, 20, 30, 60),
      SENT(70, 70, 70, 80), .due = {70, 70, 70, 70}, .usual_due_1h = 20},
     HOLD(REASON_CHANGED_SCRIPT)},
    {"shipped at once at another time than ever",
     {KNOWN, .batches = true, USUAL(20, 20, 30, 60), SENT(200, 200, 200, 230),
      .due = {200, 200, 200, 200}, .usual_due_1h = 50},
     HOLD(REASON_ABOVE_USUAL)},
    {"as many at once, where that is not its way",
     {KNOWN, .in_slot = true, USUAL(20, 20, 30, 60), SENT(200, 200, 200, 230),
      .due = {200, 200, 200, 200}},
     HOLD(REASON_ABOVE_USUAL)},
    {"as many at once, to people who are not due it",
     {KNOWN, .in_slot = true, .batches = true, USUAL(20, 20, 30, 60),
      SENT(200, 200, 200, 230), .due = {10, 10, 10, 10}},
     HOLD(REASON_ABOVE_USUAL)},
    {"shipped at once, released lately",
     {KNOWN, .in_slot = true, .batches = true, USUAL(20, 20, 30, 60),
      SENT(200, 200, 200, 230), .due = {200, 200, 200, 200}, .offended = true},
     HOLD(REASON_ABOVE_USUAL)},
    {"an admin lifted the ceiling",
     {KNOWN, .trusted_ceiling = true, .bulk_usual = true, USUAL(1, 1, 1, 1),
      SENT(9, 90, 900, 900)},
     PASS},
    {"silent for weeks, then bookings",
     {DORMANT, .script_age_s = 90 * 86400, SENT(1, 2, 12, 80)},
     PASS},
    {"the same, but only the sender says which script it is",
     {DORMANT, .claimed = true, .script_age_s = 90 * 86400, SENT(1, 2, 6, 6)},
     HOLD(REASON_ABOVE_USUAL)},
    {"old files, too much together on their first day",
     {DORMANT, .claimed = true, .old_24h = 51, SENT(1, 2, 3, 3)},
     HOLD(REASON_ABOVE_USUAL)},
    {"old files, the owner is told of too many",
     {DORMANT, .old_told_1m = 11, .old_told_1h = 11},
     HOLD(REASON_ABOVE_USUAL)},
    {"silent for weeks, then one text to many",
     {DORMANT, .script_age_s = 90 * 86400, SENT(1, 2, 6, 6), .bulk_1h = 6, .bulk_24h = 6},
     HOLD(REASON_ABOVE_USUAL)},
    {"hard cap, even while learning",
     {KNOWN, .learning = true, .rcpts = {0, 0, 10001, 10001, 10001}, .msg_exposed = 1},
     HOLD(REASON_HARD_CAP)},
    {"refusals, enough samples",
     {KNOWN, .answered = 30, .refused = 20, .refused_low_ppm = 488000, .msg_exposed = 1},
     HOLD(REASON_REFUSALS)},
    {"refusals, too few samples",
     {KNOWN, .answered = 29, .refused = 29, .refused_low_ppm = 880000, .msg_exposed = 1},
     PASS},
    {"evidence alone, no mail",
     {.evidence_points = 100},
     PASS_BUT(ACCT_WATCHED, REASON_EVIDENCE_ALONE)},
    {"a login: one message to a hundred",
     {KNOWN, .login = true, .login_msgs = {1, 1, 1, 1}, SENT(100, 100, 100, 100),
      USUAL(2, 2, 4, 20)},
     PASS},
    {"a login: more than people write",
     {KNOWN, .login = true, SENT(101, 101, 101, 101), USUAL(2, 2, 4, 20)},
     HOLD(REASON_ABOVE_USUAL)},
    {"a login: thirty messages in a minute, sixty in an hour",
     {KNOWN, .login = true, .login_msgs = {30, 40, 60, 120}, SENT(30, 40, 60, 120),
      USUAL(2, 2, 4, 20)},
     PASS},
    {"a login: more messages in a minute than people write",
     {KNOWN, .login = true, .login_msgs = {31, 31, 31, 31}, SENT(31, 31, 31, 31),
      USUAL(2, 2, 4, 20)},
     HOLD(REASON_ABOVE_USUAL)},
    {"a login: slow, and more in a day than people write",
     {KNOWN, .login = true, .login_msgs = {1, 1, 6, 121},
      .login_msgs_usual = {1, 2, 6, 30}, SENT(1, 1, 6, 121), USUAL(2, 2, 8, 40)},
     HOLD(REASON_ABOVE_USUAL)},
    {"a login: a busy desk, within four times its day",
     {KNOWN, .login = true, .login_msgs = {1, 1, 6, 121},
      .login_msgs_usual = {1, 2, 6, 31}, SENT(1, 1, 6, 121), USUAL(2, 2, 8, 40)},
     PASS},
    {"a list at its time: a seventh new text in an hour",
     {KNOWN, .in_slot = true, .at_slot = true, .bursty = true, .novel_1h = 7,
      .usual_novel_1h = 2, SENT(1, 6, 7, 7), USUAL(100, 300, 300, 300)},
     HOLD(REASON_ABOVE_USUAL)},
    {"a list at its time: one text, twice as many as before",
     {KNOWN, .in_slot = true, .at_slot = true, .bursty = true, .novel_1h = 1,
      SENT(100, 300, 600, 600), USUAL(100, 300, 300, 300)},
     PASS},
    {"a list in its hours, not at its time: one text, twice as many",
     {KNOWN, .in_slot = true, .bursty = true, .novel_1h = 1, SENT(100, 300, 600, 600),
      USUAL(100, 300, 300, 300)},
     HOLD(REASON_ABOVE_USUAL)},
    {"changed today, one person's business each: more than an hour's in a minute",
     {CHANGED, .in_slot = true, .frequent = true, .new_text = true,
      .subjects_differ = true, SENT(12, 12, 12, 12), USUAL(6, 9, 11, 40)},
     HOLD(REASON_CHANGED_SCRIPT)},
    {"new scripts: sixty times an hour to somebody they wrote to before",
     {NEW, .again_1h = 60, .again_24h = 600},
     PASS},
    {"new scripts: a bomb for one mailbox",
     {NEW, .again_1h = 61, .again_24h = 61},
     HOLD(REASON_NEW_SCRIPTS)},
    {"dormant scripts: a slow bomb for one mailbox",
     {DORMANT, .again_1h = 30, .again_24h = 601},
     HOLD(REASON_ABOVE_USUAL)},
    {"a login in its first week",
     {DORMANT, .login = true, .learning = true, SENT(250, 300, 500, 900)},
     PASS},
    {"a login in its first week, a stolen password",
     {DORMANT, .login = true, .learning = true, SENT(20, 200, 501, 501)},
     HOLD(REASON_ABOVE_USUAL)},
    {"malicious file, mail of a login",
     {DORMANT, .login = true, .evidence_points = 120, .evidence_exposed = 0,
      SENT(20, 20, 20, 20)},
     PASS_BUT(ACCT_WATCHED, REASON_EVIDENCE_ALONE)},
    {"many logins, each within its own",
     {DORMANT, .login = true, .login_all = {500, 1500}, SENT(5, 5, 5, 5)},
     PASS},
    {"many logins, too much together",
     {DORMANT, .login = true, .login_all = {501, 501}, SENT(5, 5, 5, 5)},
     HOLD(REASON_ABOVE_USUAL)},
    {"many logins beside a malicious file",
     {DORMANT, .login = true, .evidence_points = 120, .login_all = {51, 51},
      SENT(5, 5, 5, 5)},
     HOLD(REASON_ABOVE_USUAL)},
    {"the same, as many as they wrote before",
     {DORMANT, .login = true, .evidence_points = 120, .login_all = {90, 200},
      .login_usual = {90, 200}, SENT(5, 5, 5, 5)},
     PASS_BUT(ACCT_WATCHED, REASON_EVIDENCE_ALONE)},
    {"malicious file, a login at half of its pace",
     {DORMANT, .login = true, .evidence_points = 120, SENT(26, 26, 26, 26)},
     HOLD(REASON_ABOVE_USUAL)},
};

static void
test_rows(void)
{
	struct engine_conf c;

	engine_conf_defaults(&c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ruling r = policy_decide(&rows[i].f, &c);

		T_CHECK(r.answer == rows[i].answer && r.state == rows[i].state &&
			    r.reason == rows[i].reason,
			"%s: %s %s %s", rows[i].line, answer_name(r.answer),
			state_name(r.state), reason_word(r.reason));
	}
}

/* A rule that observes says what it would have done; the next rule still acts. */
static void
test_modes(void)
{
	struct engine_conf c;
	struct facts f = {
	    .standing = STAND_NEW, .new_24h = 9, .new_7d = 9, .msg_exposed = 1};
	struct ruling r;

	engine_conf_defaults(&c);
	c.rule_observe[RULE_NEW] = true;
	r = policy_decide(&f, &c);
	T_EQ(r.answer, ANSWER_PASS);
	T_EQ(r.observed, 1);
	T_EQ(r.reason, REASON_NEW_SCRIPTS);
	f.rcpts[2] = 20000;
	r = policy_decide(&f, &c);
	T_EQ(r.answer, ANSWER_HOLD);
	T_EQ(r.reason, REASON_HARD_CAP);
	c.observe = true;
	T_EQ(policy_decide(&f, &c).answer, ANSWER_PASS);
	c.observe = false;
	f.trusted_rule[RULE_HARD_CAP] = true;
	T_EQ(policy_decide(&f, &c).answer, ANSWER_PASS);
	/* an admin's hold is not a rule */
	c.observe = true;
	f.word = WORD_HOLD;
	T_EQ(policy_decide(&f, &c).answer, ANSWER_HOLD);
}

/* replay without settings judges as the daemon does without any. */
static void
test_defaults(void)
{
	struct engine_conf plain, taken;
	static struct conf c;

	conf_defaults(&c);
	engine_conf_defaults(&plain);
	engine_conf_take(&taken, &c);
	T_EQ(taken.observe, plain.observe);
	for (unsigned r = 0; r < RULE_COUNT; r++)
		T_EQ(taken.rule_observe[r], plain.rule_observe[r]);
	T_EQ(taken.weak_points, plain.weak_points);
	T_EQ(taken.suspicious_points, plain.suspicious_points);
	T_EQ(taken.malicious_points, plain.malicious_points);
	T_EQ(taken.evidence_ttl_s, plain.evidence_ttl_s);
	T_EQ(taken.unknown_rcpt_max, plain.unknown_rcpt_max);
	T_EQ(taken.young_script_s, plain.young_script_s);
	T_EQ(taken.learning_time_s, plain.learning_time_s);
	T_EQ(taken.hard_cap_h, plain.hard_cap_h);
	T_EQ(taken.refusal_ppm, plain.refusal_ppm);
	T_EQ(taken.refusal_min, plain.refusal_min);
	T_EQ(taken.hold_expire_s, plain.hold_expire_s);
}

static void
test_reasons(void)
{
	for (unsigned i = 0; i < REASON_COUNT; i++) {
		enum reason r = (enum reason)i;

		T_CHECK(reason_says(r)[0] != '\0', "%u", i);
		T_EQ(reason_of_word(reason_word(r)), r);
	}
	T_EQ(reason_of_word("no such word"), REASON_COUNT);
}

int
main(void)
{
	test_rows();
	test_modes();
	test_defaults();
	test_reasons();
	return T_DONE();
}
