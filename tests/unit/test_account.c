/* What an account lives through: an admin's words, holds that end, clocks, a restart. */
#include "engine_frame.h"

static void
test_words(void)
{
	struct engine *e = fresh(0);
	int64_t t = shop(e);
	struct err err;
	struct explanation x;

	flood(e, t, 1, "/x.php", 60, true);
	t += 1000;
	T_EQ(send_one(e, (struct mail){t, 1000000, 0, 1, "/shop/index.php", 3, 0}),
	     ANSWER_HOLD);
	T_CHECK(engine_explain(e, 1001, &x), "seen");
	T_CHECK(strstr(x.text, "new-script") != NULL && strstr(x.text, "/x.php") != NULL,
		"%s", x.text);
	T_EQ(engine_word(e, wall_from_s(t), 1001, WORD_RELEASE, SCOPE_ACCOUNT, NULL,
			 (wall_t){0}, "admin", &err),
	     0);
	T_EQ(last.to, ACCT_WATCHED);
	T_EQ(send_one(e, (struct mail){t, 1000000, 0, 1, "/shop/index.php", 4, 0}),
	     ANSWER_PASS);
	/* again: judged harder */
	T_CHECK(flood(e, t + 10, 1, "/x.php", 60, true) <= 2, "after release");
	T_EQ(engine_word(e, wall_from_s(t), 1001, WORD_TRUST, SCOPE_ACCOUNT, NULL,
			 wall_from_s(t + 90000), "admin", &err),
	     0);
	T_EQ(flood(e, t + 400, 1, "/x.php", 60, true), 300);
	/* the word runs out, loudly */
	decisions = 0;
	engine_tick(e, wall_from_s(t + 90001));
	T_EQ(decisions, 1);
	T_EQ(last.why, REASON_WORD_ENDED);
	T_EQ(engine_word(e, wall_from_s(t), 1001, WORD_TRUST, SCOPE_RULE, "nonsense",
			 (wall_t){0}, "admin", &err),
	     -1);
	T_EQ(engine_word(e, wall_from_s(t), 4711, WORD_RELEASE, SCOPE_ACCOUNT, NULL,
			 (wall_t){0}, "admin", &err),
	     -1);
	T_EQ(engine_word(e, wall_from_s(t), 1001, WORD_HOLD, SCOPE_ACCOUNT, NULL,
			 (wall_t){0}, "admin", &err),
	     0);
	T_EQ(engine_word(e, wall_from_s(t), 1001, WORD_NONE, SCOPE_ACCOUNT, NULL,
			 (wall_t){0}, "admin", &err),
	     0);
	T_EQ(last.why, REASON_WORD_ENDED);
	T_CHECK(engine_explain(e, 1001, &x) && x.state == ACCT_CLEAR,
		"forget: judged anew");
	engine_free(&e);
}

static void
test_holds_end(void)
{
	struct engine *e = fresh(0);
	int64_t t = shop(e);

	file_event(e, t, "/x.php", 100);
	T_EQ(last.to, ACCT_WATCHED);
	T_EQ(send_one(e, (struct mail){t, 60, 0, 1, "/x.php", 1, 0}), ANSWER_HOLD);
	/* reviewed, but the file is still there */
	engine_reviewed(e, wall_from_s(t + 5), 1001, "admin");
	T_EQ(last.to, ACCT_HELD);
	file_event(e, t + 10, "/x.php", 0);
	engine_reviewed(e, wall_from_s(t + 20), 1001, "admin");
	T_EQ(last.to, ACCT_WATCHED);
	T_EQ(last.why, REASON_CLEARED);
	file_event(e, t + 30, "/y.php", 100);
	T_EQ(send_one(e, (struct mail){t + 31, 1, 0, 1, "/y.php", 1, 0}), ANSWER_HOLD);
	decisions = 0;
	engine_tick(e, wall_from_s(t + 2592000 + 60));
	T_EQ(decisions, 1);
	T_EQ(last.why, REASON_EXPIRED);
	engine_free(&e);
}

/* A clock set wrong, both ways, and a VM that slept change no state and empty no window.
 */
static void
test_clock(void)
{
	struct engine *e = fresh(600);
	unsigned before;

	for (int64_t t = T0; t < T0 + 86400; t += 60)
		engine_tick(e, wall_from_s(t));
	for (unsigned i = 0; i < 5; i++)
		T_EQ(send_one(e, (struct mail){T0 + 86400 + i, 60, 0, 1, "/x.php", 1, 0}),
		     ANSWER_PASS);
	before = decisions;
	engine_tick(e, wall_from_s(T0 + 86400 * 400));
	engine_tick(e, wall_from_s(T0 - 86400 * 400));
	engine_tick(e, wall_from_s(T0 + 86400 * 3));
	T_EQ(decisions, before);
	T_EQ(send_one(e, (struct mail){T0 + 86400 * 3 + 1, 60, 0, 1, "/x.php", 1, 0}),
	     ANSWER_HOLD);
	before = decisions;
	engine_tick(e, wall_from_s(T0 + 86400 * 4000));
	T_EQ(decisions, before);
	T_EQ(send_one(e, (struct mail){T0 + 86400 * 4000, 60, 0, 1, "/x.php", 1, 0}),
	     ANSWER_HOLD);
	engine_free(&e);
}

static void
test_owner_changes(void)
{
	struct engine *e = fresh(0);
	struct answer a;
	struct submission s = {.t = wall_from_s(T0 + 100),
			       .uid = 1001,
			       .user = "another",
			       .script = "/z.php",
			       .script_age_s = 9000000,
			       .rcpts = 1};

	flood(e, T0, 1, "/x.php", 60, true);
	T_EQ(last.to, ACCT_HELD);
	engine_submission(e, &s, &a);
	T_EQ(a.answer, ANSWER_PASS);
	T_EQ(last.why, REASON_NEW_OWNER);
	engine_free(&e);
}

/* Saved at any point and loaded, it goes on as if it had never stopped. */
static void
test_restart(void)
{
	struct engine *e = fresh(0), *e2;
	int64_t t = shop(e);
	size_t len = 0, len2 = 0;
	void *bytes, *again;
	struct err err;
	uint32_t uid = 0;

	file_event(e, t, "/shop/other.php", 30);
	for (unsigned i = 0; i < 3; i++)
		send_one(e, (struct mail){t + i, 60, 0, 1, "/x.php", 1, 0});
	T_CHECK(engine_dirty(e, &uid) && uid == 1001, "dirty");
	bytes = engine_save(e, 1001, &len);
	T_CHECK(!engine_dirty(e, &uid), "saved");
	e2 = fresh(0);
	T_EQ(engine_load(e2, bytes, len, &err), 0);
	again = engine_save(e2, 1001, &len2);
	T_CHECK(len == len2 && memcmp(bytes, again, len) == 0, "%zu %zu", len, len2);
	T_EQ(flood(e, t + 3, 1, "/x.php", 63, true),
	     flood(e2, t + 3, 1, "/x.php", 63, true));
	for (size_t i = 0; i < len; i++) { /* every single damaged byte is seen */
		((unsigned char *)bytes)[i] ^= 0x41;
		T_EQ(engine_load(e2, bytes, len, &err), -1);
		((unsigned char *)bytes)[i] ^= 0x41;
	}
	for (size_t i = 0; i < len; i += 7)
		T_EQ(engine_load(e2, bytes, i, &err), -1);
	free(bytes);
	free(again);
	engine_free(&e);
	engine_free(&e2);
}

static void
test_table_full(void)
{
	struct engine_conf c;
	struct engine *e;
	struct engine_stats st;

	engine_conf_defaults(&c);
	c.accounts_max = 10;
	e = engine_new(&c, on_decision, NULL);
	for (uint32_t i = 0; i < 50; i++)
		T_EQ(send_one(e, (struct mail){T0, 60, 2000 + i, 1, "/x.php", 1, 0}),
		     ANSWER_PASS);
	engine_stats(e, &st);
	T_EQ(st.accounts, 10);
	T_EQ(st.accounts_refused, 40);
	engine_free(&e);
}

/* One provider refuses most of what an account sends there; the others take it all. */
static void
test_refused_at_one(void)
{
	struct engine *e = fresh(0);
	int64_t t = shop(e);
	struct mail m = {t + 10, 1000000, 0, 1, "/shop/index.php", 9000, 0};
	struct outcome_fact o = {.t = wall_from_s(t),
				 .uid = 1001,
				 .user = "u",
				 .kind = OUTCOME_SENT,
				 .code = 250};

	for (int i = 0; i < 500; i++)
		engine_outcome(e, &o);
	engine_refusals(e, 1001, 15, 29); /* too few */
	T_EQ(send_one(e, m), ANSWER_PASS);
	engine_refusals(e, 1001, 12, 40); /* 30 %, but not for sure */
	m.text++;
	T_EQ(send_one(e, m), ANSWER_PASS);
	engine_refusals(e, 1001, 36, 40);
	m.t += 7201; /* said too long ago */
	m.text++;
	T_EQ(send_one(e, m), ANSWER_PASS);
	engine_refusals(e, 1001, 36, 40);
	m.t += 10;
	m.text++;
	T_EQ(send_one(e, m), ANSWER_HOLD);
	T_EQ(last.why, REASON_REFUSALS);
	engine_free(&e);
}

int
main(void)
{
	test_words();
	test_holds_end();
	test_clock();
	test_owner_changes();
	test_restart();
	test_table_full();
	test_refused_at_one();
	return T_DONE();
}
