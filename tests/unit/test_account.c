/* Whole stories through the engine: what leaves, what waits, what survives. */
#include "account.h"

#include <stdlib.h>

#include "t.h"

#define T0 1767225600

static struct decision last;
static unsigned decisions;

static void
on_decision(void *ctx, const struct decision *d)
{
	(void)ctx;
	last = *d;
	decisions++;
}

static struct engine *
fresh(int64_t jump_max_s)
{
	struct engine_conf c;

	engine_conf_defaults(&c);
	c.jump_max_s = jump_max_s;
	decisions = 0;
	return engine_new(&c, on_decision, NULL);
}

struct mail {
	int64_t t, age;
	uint32_t uid, rcpts;
	const char *script;
	uint64_t text; /* body and subject */
	int own;
};

static const char *login; /* of what send_one sends */
static uint64_t to;       /* the one address it goes to, 0 not told */
static bool claim;        /* ... and whether its script is a claim */

static enum verdict_answer
send_one(struct engine *e, struct mail m)
{
	struct answer a;
	struct submission s = {.t = wall_from_s(m.t),
			       .uid = m.uid == 0 ? 1001 : m.uid,
			       .user = "u",
			       .script = m.script,
			       .script_is_claim = claim,
			       .login = login,
			       .script_age_s = m.age,
			       .rcpts = m.rcpts == 0 ? 1 : m.rcpts,
			       .subject_hash = m.text,
			       .body_hash = m.text,
			       .rcpt_hashes = &to,
			       .rcpt_hash_count = to == 0 ? 0 : 1,
			       .own = m.own};

	engine_submission(e, &s, &a);
	return a.answer;
}

static void
file_event(struct engine *e, int64_t t, const char *path, int64_t points)
{
	struct file_fact f = {.t = wall_from_s(t),
			      .uid = 1001,
			      .user = "u",
			      .path = path,
			      .points = points,
			      .rules = "r",
			      .fresh = true};

	engine_file(e, &f);
}

/* A shop with a past: pairs of mail for two weeks. Returns the time after. */
static int64_t
shop(struct engine *e)
{
	int64_t t = T0;

	for (int i = 0; i < 14 * 12; i++, t += 7200) {
		T_EQ(send_one(e, (struct mail){t, 1000000, 0, 1, "/shop/index.php",
					       (uint64_t)i * 2 + 10, 0}),
		     ANSWER_PASS);
		send_one(e, (struct mail){t + 2, 1000000, 0, 1, "/shop/index.php",
					  (uint64_t)i * 2 + 11, 1});
	}
	return t;
}

static unsigned
flood(struct engine *e, int64_t t, int64_t gap, const char *script, int64_t age,
      bool same)
{
	unsigned left = 0;

	for (unsigned i = 0; i < 300; i++)
		left +=
		    send_one(e, (struct mail){t + i * gap, age, 0, 1, script,
					      same ? 7 : 1000000 + i, 0}) == ANSWER_PASS;
	return left;
}

static void
test_mailers(void)
{
	static const int64_t gaps[] = {0, 1, 60, 600, 3600};

	for (unsigned g = 0; g < 5; g++) {
		for (unsigned same = 0; same < 2; same++) {
			struct engine *e = fresh(0);
			int64_t t = shop(e);

			T_CHECK(flood(e, t, gaps[g], "/x.php", 60, same) <= 5, "gap %d",
				(int)gaps[g]);
			T_EQ(last.to, ACCT_HELD);
			T_EQ(last.why, REASON_NEW_SCRIPTS);
			engine_free(&e);
			e = fresh(0);
			t = shop(e);
			file_event(e, t, "/x.php", 100);
			T_EQ(flood(e, t, gaps[g], "/x.php", 60, same), 0);
			engine_free(&e);
			e = fresh(0);
			t = shop(e);
			T_CHECK(flood(e, t, gaps[g], NULL, -1, same) <= 5, "names none");
			engine_free(&e);
		}
	}
}

static void
test_names_and_bcc(void)
{
	struct engine *e = fresh(0);
	int64_t t = shop(e);
	unsigned left = 0;
	struct engine_stats st;

	for (unsigned i = 0; i < 1000; i++) {
		char name[40];

		snprintf(name, sizeof(name), "/made-up/%u.php", i);
		left += send_one(e, (struct mail){t + i, -1, 0, 1, name, 5000 + i, 0}) ==
			ANSWER_PASS;
	}
	T_CHECK(left <= 5, "%u left", left);
	engine_stats(e, &st);
	T_CHECK(st.scripts <= 200, "%u scripts", (unsigned)st.scripts);
	engine_free(&e);
	e = fresh(0);
	t = shop(e);
	T_EQ(send_one(e, (struct mail){t, 60, 0, 3, "/y.php", 1, 0}), ANSWER_PASS);
	/* a message that would bring it above five is held whole */
	T_EQ(send_one(e, (struct mail){t, 60, 0, 500, "/y.php", 2, 0}), ANSWER_HOLD);
	engine_free(&e);
}

/* A mailer that sends the owner a copy of each of its messages explains nothing by it. */
static void
test_explained(void)
{
	struct engine *e = fresh(0);
	int64_t t = shop(e);
	unsigned left = 0;

	for (unsigned i = 0; i < 1000; i++) {
		left += send_one(e, (struct mail){t + 2 * i, 60, 0, 1, "/x.php",
						  9000 + 2 * i, 0}) == ANSWER_PASS;
		send_one(
		    e, (struct mail){t + 2 * i + 1, 60, 0, 1, "/x.php", 9001 + 2 * i, 1});
	}
	T_CHECK(left <= 10, "%u left", left);
	engine_free(&e);
	e = fresh(0);
	t = shop(e);
	for (left = 0; left < 300; left++) {
		if (send_one(e, (struct mail){t + 2 * left, 1000000, 0, 1,
					      "/shop/index.php", 9000 + 2 * left, 0}) !=
		    ANSWER_PASS)
			break;
		send_one(e, (struct mail){t + 2 * left + 1, 1000000, 0, 1,
					  "/shop/index.php", 9001 + 2 * left, 1});
	}
	T_CHECK(left <= 60, "%u left", left);
	engine_free(&e);
}

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

/* A monitor that tells one phone, its record saved and loaded on the way; and a bomb. */
static void
test_same_address(void)
{
	struct engine *e = fresh(0), *other = fresh(0);
	int64_t t = T0;
	unsigned left = 0;
	size_t len;
	void *rec;
	struct err err;

	engine_salt(e, 77);
	to = 4711;
	for (unsigned i = 0; i < 600; i++, t += 300)
		left += send_one(e, (struct mail){t, 60, 0, 1, "/mon.php", 7, 0}) ==
			ANSWER_PASS;
	T_EQ(left, 600);
	rec = engine_save(e, 1001, &len);
	T_EQ(engine_load(other, rec, len, &err), 0);
	free(rec);
	for (unsigned i = 0; i < 50; i++, t += 300)
		left += send_one(other, (struct mail){t, 60, 0, 1, "/mon.php", 7, 0}) ==
			ANSWER_PASS;
	T_EQ(left, 650);
	left = 0;
	for (unsigned i = 0; i < 600; i++, t++)
		left += send_one(e, (struct mail){t, 60, 0, 1, "/mon.php", 7, 0}) ==
			ANSWER_PASS;
	T_CHECK(left <= 60, "%u of a bomb left", left);
	engine_free(&e);
	/* to ten thousand people each is somebody new, whoever was met before */
	e = fresh(0);
	left = 0;
	for (unsigned i = 0; i < 600; i++) {
		to = i % 3 == 0 ? 4711 : 5000 + i;
		left += send_one(e, (struct mail){T0 + i, 60, 0, 1, "/mon.php", 7, 0}) ==
			ANSWER_PASS;
	}
	T_CHECK(left <= 8, "%u left, of them 5 to people", left);
	to = 0;
	engine_free(&e);
	engine_free(&other);
}

/* To one it wrote to before: a mailbox as much as an unproven script, unless its usual
 * hours add up to more; a known script whose job fails every minute, all day. */
static void
test_known_bomb(void)
{
	enum { BOMB, HELPDESK, CRON, SCRIPT_BOMB, KINDS };
	static const unsigned gap[] = {31, 62, 60, 15};

	for (unsigned k = 0; k < KINDS; k++) {
		struct engine *e = fresh(0);
		bool box = k == BOMB || k == HELPDESK;
		/* what its usual hour allows: no bound but the day's is tested here */
		unsigned left = 0, burst = k == HELPDESK ? 40 : k == SCRIPT_BOMB ? 20 : 1;
		struct mail m = {T0, 0, 0, 1, box ? NULL : "/s.php", 0, 0};

		login = box ? "box@a.test" : NULL;
		for (unsigned i = 0; i < 8 * 14; i++) {
			m.t = T0 + (int64_t)i * 10800;
			m.age = box ? -1 : 30 * 86400 + m.t - T0;
			m.text = 10 + i;
			to = 1000 + (box ? i : i % 3);
			T_EQ(send_one(e, m), ANSWER_PASS);
			to = 4711;
			for (unsigned j = 0; i % 8 == 3 && j < burst; j++) {
				m.t += 60;
				T_EQ(send_one(e, m), ANSWER_PASS);
			}
		}
		to = 4711;
		m.text = 7;
		for (unsigned i = 0; i < 86400 / gap[k]; i++) {
			m.t += gap[k];
			left += send_one(e, m) == ANSWER_PASS;
		}
		if (k == BOMB)
			T_CHECK(left <= 700, "%u left", left);
		else if (k == SCRIPT_BOMB)
			T_CHECK(left > 600 && left <= 2000, "%u left", left);
		else
			T_EQ(left, 86400 / gap[k]);
		engine_free(&e);
	}
	login = NULL;
	to = 0;
}

/* The shop's script, which was there before T0, to one buyer. */
static unsigned
shop_sends(struct engine *e, int64_t t, uint64_t buyer, uint64_t text)
{
	struct mail m = {t, 1000000 + t - T0, 0, 1, "/shop/index.php", text, 0};
	unsigned left;

	to = buyer;
	left = send_one(e, m) == ANSWER_PASS;
	to = 0;
	return left;
}

/* Orders of one day to people never met, by one script; the first buyer's address and how
 * many. Returns how many left. */
static unsigned
orders(struct engine *e, int64_t day, uint64_t first, unsigned n)
{
	unsigned left = 0;

	for (unsigned i = 0; i < n; i++)
		left +=
		    shop_sends(e, T0 + day * 86400 + 16 * 3600 + (int64_t)i * 57600 / n,
			       first + i, first * 3 + i);
	return left;
}

/* A message to each of them, two seconds apart, when the shop opens; each its own text,
 * or all the same. */
static unsigned
batch(struct engine *e, int64_t day, uint64_t first, unsigned n, uint64_t text)
{
	unsigned left = 0;

	for (unsigned i = 0; i < n; i++)
		left +=
		    shop_sends(e, T0 + day * 86400 + 9 * 3600 + 2 * (int64_t)i, first + i,
			       text == 0 ? UINT64_C(1) << 40 | first << 8 | i : text);
	return left;
}

/* Twelve days of a shop that ships in the morning, then a sale to n. */
static struct engine *
shipping_shop(unsigned n)
{
	struct engine *e = fresh(0);

	engine_salt(e, 77);
	for (int64_t day = 0; day < 12; day++) {
		if (day > 0)
			T_EQ(batch(e, day, (uint64_t)day * 1000, 20, 0), 20);
		T_EQ(orders(e, day, (uint64_t)(day + 1) * 1000, 20), 20);
	}
	T_EQ(batch(e, 12, 12000, 20, 0), 20);
	T_EQ(orders(e, 12, 13000, n), n);
	return e;
}

/* The customers' table in a thief's hands, 4 a second in the evening, two to each. */
static unsigned
thief(struct engine *e, int64_t day, unsigned n)
{
	unsigned left = 0;

	for (unsigned i = 0; i < 2 * n; i++)
		left += shop_sends(e, T0 + day * 86400 + 20 * 3600 + i / 4, 13000 + i % n,
				   UINT64_C(1) << 41 | i);
	return left;
}

/* A message to each of the last 180 buyers, twice, 20 a second. */
static unsigned
to_buyers(struct engine *e, const char *script)
{
	unsigned left = 0;

	for (unsigned i = 0; i < 360; i++) {
		struct mail m = {T0 + 6 * 86400 + i / 20, -1, 0, 1, script, 10000 + i, 0};

		to = 5180 + i % 180;
		left += send_one(e, m) == ANSWER_PASS;
	}
	to = 0;
	return left;
}

/* A shop's first week, of which no age was ever told: its buyers are due two messages by
 * the script they bought from, and no third; of any other they are strangers. */
static void
test_due_blind(void)
{
	for (unsigned own = 0; own < 2; own++) {
		struct engine *e = fresh(0);
		unsigned left;

		engine_salt(e, 77);
		for (unsigned i = 0; i < 360; i++) {
			struct mail m = {T0 + 16 * 3600 + i / 60 * 86400 + i % 60 * 600,
					 -1,
					 0,
					 1,
					 "/shop/orders.php",
					 100 + i,
					 0};

			to = 5000 + i;
			T_EQ(send_one(e, m), ANSWER_PASS);
		}
		left = to_buyers(e, own ? "/shop/orders.php" : "/shop/uploads/x.php");
		if (own) {
			T_EQ(left, 360);
			left = to_buyers(e, "/shop/orders.php");
			T_CHECK(left <= 60, "a third: %u left", left);
		} else
			T_CHECK(left <= 5, "another's: %u left", left);
		engine_free(&e);
	}
}

/* The morning after a sale all of it is shipped. Who is due nothing is not written to as
 * freely, whoever has the customers' table, nor is one text sent to them all. */
static void
test_shipping(void)
{
	struct engine *e = shipping_shop(70), *other = fresh(0);
	void *bytes, *again;
	size_t len = 0, len2 = 0;
	struct err err;
	unsigned left;

	bytes = engine_save(e, 1001, &len);
	T_EQ(engine_load(other, bytes, len, &err), 0);
	again = engine_save(other, 1001, &len2);
	T_CHECK(len == len2 && memcmp(bytes, again, len) == 0, "%zu %zu", len, len2);
	free(bytes);
	free(again);
	T_EQ(batch(other, 13, 13000, 70, 0), 70);
	T_EQ(batch(e, 13, 13000, 70, 0), 70);
	engine_free(&other);
	engine_free(&e);
	e = shipping_shop(160); /* however many there are: twice as many as ever */
	left = batch(e, 13, 13000, 160, 0) + batch(e, 13, 13000, 160, 0);
	T_CHECK(left <= 80, "%u to the last buyers left", left);
	engine_free(&e);
	e = shipping_shop(160);
	left = batch(e, 13, 13000, 160, 7);
	T_CHECK(left <= 60, "%u of one text left", left);
	engine_free(&e);
	e = shipping_shop(160);
	left = 0;
	for (uint64_t day = 3; day < 9; day++) /* bought long ago */
		left += batch(e, 13, day * 1000, 20, 0);
	T_CHECK(left <= 60, "%u to old customers left", left);
	engine_free(&e);
	e = shipping_shop(160);
	left = batch(e, 13, 900000, 300, 0);
	T_CHECK(left <= 60, "%u to nobody it knows left", left);
	engine_free(&e);
	e = shipping_shop(160);
	left = thief(e, 13, 160);
	T_CHECK(left <= 80, "%u to the last buyers in the evening left", left);
	engine_free(&e);
}

/* A stolen password, each text another: at any pace it is no person for long. */
static void
test_stolen(void)
{
	static const struct {
		int64_t gap, most;
	} paces[] = {{0, 30}, {1, 40}, {30, 60}, {600, 130}};

	for (unsigned p = 0; p < 4; p++) {
		struct engine *e = fresh(0);
		unsigned left = 0;
		int64_t t = T0;

		login = "box@a.test";
		for (unsigned i = 0; i < 14 * 8; i++, t += 10800)
			T_EQ(send_one(e, (struct mail){t, -1, 0, 1, NULL, 10 + i, 0}),
			     ANSWER_PASS);
		/* a club of sixty by one message is nobody's business */
		T_EQ(send_one(e, (struct mail){t, -1, 0, 60, NULL, 5, 0}), ANSWER_PASS);
		t += 86400;
		for (unsigned i = 0; i < 600; i++, t += paces[p].gap)
			left += send_one(e, (struct mail){t, -1, 0, 1, NULL, 9000 + i,
							  0}) == ANSWER_PASS;
		T_CHECK(left <= paces[p].most, "every %lld s: %u left",
			(long long)paces[p].gap, left);
		login = NULL;
		engine_free(&e);
	}
}

/* Somebody who logged in is no script, and no script can say that it is a login. */
static void
test_login(void)
{
	struct engine *e = fresh(0);
	struct mail m = {T0, -1, 0, 20, NULL, 100, 0};
	int i, passed;

	login = "box@a.test";
	for (i = 0; i < 5; i++, m.t += 600)
		T_EQ(send_one(e, m), ANSWER_PASS);
	m.script = "login:box@a.test";
	login = NULL;
	m.rcpts = 1;
	for (i = passed = 0; i < 50; i++, m.t++)
		passed += send_one(e, m) == ANSWER_PASS;
	T_CHECK(passed <= 5, "%d", passed);
	engine_free(&e);
	/* a stolen password is known by its pace */
	e = fresh(0);
	login = "box@a.test";
	m = (struct mail){T0, -1, 0, 1, NULL, 0, 0};
	for (i = passed = 0; i < 2000; i++, m.t += i & 1)
		passed += send_one(e, m) == ANSWER_PASS;
	T_CHECK(passed <= 300, "%d", passed);
	login = NULL;
	engine_free(&e);
}

/* Fifty mailboxes of one tenant are one sender, the more beside a malicious file. */
static void
test_many_logins(void)
{
	for (int flagged = 0; flagged < 2; flagged++) {
		struct engine *e = fresh(0);
		int64_t t = shop(e);
		unsigned left = 0;

		if (flagged)
			file_event(e, t, "/shell.php", 120);
		for (unsigned i = 0; i < 1000; i++) {
			char box[40];

			snprintf(box, sizeof(box), "box%u@a.test", i / 20);
			login = box;
			left += send_one(e, (struct mail){t + i, -1, 0, 1, NULL, 9000 + i,
							  0}) == ANSWER_PASS;
		}
		login = NULL;
		T_CHECK(left <= (flagged ? 50 : 500), "%u left, flagged %d", left,
			flagged);
		engine_free(&e);
	}
}

/* Every site has thousands of old files; a sender may name any of them. */
static void
test_old_names(void)
{
	for (unsigned kind = 0; kind < 4; kind++) {
		struct engine *e = fresh(0);
		int64_t t = kind & 1 ? shop(e) : T0;
		unsigned left = 0;

		claim = kind & 2;
		for (unsigned i = 0; i < 10000; i++) {
			char name[40];

			snprintf(name, sizeof(name), "/lib/%u.php", i / 5);
			left +=
			    send_one(e, (struct mail){t + 8 * i, 300 * 86400, 0, 1, name,
						      5000 + i, 0}) == ANSWER_PASS;
		}
		claim = false;
		T_CHECK(left <= 45, "kind %u: %u left", kind, left);
		engine_free(&e);
	}
	/* an old shop that begins with what a shop has */
	static const char *const names[] = {"/index.php", "/wp-cron.php", "/contact.php"};
	struct engine *e = fresh(0);
	int64_t t = shop(e);

	claim = true;
	for (unsigned i = 0; i < 12; i++)
		T_EQ(send_one(e, (struct mail){t + 1800 * i, 300 * 86400, 0, 1,
					       names[i % 3], 5000 + i, 0}),
		     ANSWER_PASS);
	claim = false;
	engine_free(&e);
}

/* A panel lets a customer add any domain as its own. */
static void
test_too_much_own(void)
{
	struct engine *e = fresh(0);
	int64_t t = shop(e);
	unsigned left = 0;

	for (unsigned i = 0; i < 1000; i++)
		left += send_one(e, (struct mail){t + i, 60, 0, 1, "/x.php", 9000 + i,
						  1}) == ANSWER_PASS;
	T_CHECK(left <= 310, "%u left", left);
	engine_free(&e);
}

/* Beside a flagged file, copies to the owner explain nothing where none is named. */
static void
test_nameless_pairs(void)
{
	struct engine *e = fresh(0);
	int64_t t = T0;
	unsigned left = 0, i;

	for (i = 0; i < 14 * 12; i++, t += 7200) {
		send_one(e, (struct mail){t, -1, 0, 1, NULL, 10 + 2 * i, 0});
		send_one(e, (struct mail){t + 2, -1, 0, 1, NULL, 11 + 2 * i, 1});
	}
	file_event(e, t, "/shell.php", 60);
	t += 300000;
	for (i = 0; i < 50; i++, t += 20) {
		left += send_one(e, (struct mail){t, -1, 0, 1, NULL, 9000 + 2 * i, 0}) ==
			ANSWER_PASS;
		send_one(e, (struct mail){t + 2, -1, 0, 1, NULL, 9001 + 2 * i, 1});
	}
	T_CHECK(left <= 10, "%u left", left);
	engine_free(&e);
}

/* A known script that is changed before each message does not train its own limit up. */
static void
test_touched_script(void)
{
	struct engine *e = fresh(0);
	unsigned left = 0;
	int64_t t = T0;

	for (unsigned day = 0; day < 40; day++)
		for (unsigned i = 0; i < 40; i++, t += 2160) {
			T_EQ(send_one(e, (struct mail){t, 40000000, 0, 1,
						       "/shop/contact.php",
						       1000 + day * 40 + i, 0}),
			     ANSWER_PASS);
		}
	for (unsigned i = 0; i < 600; i++, t += 60) {
		file_event(e, t, "/shop/contact.php", 0);
		left += send_one(e, (struct mail){t + 1, -1, 0, 1, "/shop/contact.php",
						  90000 + i, 0}) == ANSWER_PASS;
	}
	T_CHECK(left <= 40, "%u of 600 left", left);
	engine_free(&e);
}

int
main(void)
{
	test_touched_script();
	test_mailers();
	test_login();
	test_same_address();
	test_known_bomb();
	test_shipping();
	test_due_blind();
	test_stolen();
	test_many_logins();
	test_old_names();
	test_too_much_own();
	test_nameless_pairs();
	test_refused_at_one();
	test_names_and_bcc();
	test_explained();
	test_words();
	test_holds_end();
	test_clock();
	test_owner_changes();
	test_restart();
	test_table_full();
	return T_DONE();
}
