/* Mailers, whatever they call themselves: what leaves before the brake. */
#include "engine_frame.h"

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
		left += passes(e, (struct mail){t + i, -1, 0, 1, name, 5000 + i, 0});
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
		left += passes(
		    e, (struct mail){t + 2 * i, 60, 0, 1, "/x.php", 9000 + 2 * i, 0});
		send_one(
		    e, (struct mail){t + 2 * i + 1, 60, 0, 1, "/x.php", 9001 + 2 * i, 1});
	}
	T_CHECK(left <= 10, "%u left", left);
	engine_free(&e);
	e = fresh(0);
	t = shop(e);
	for (left = 0; left < 300; left++) {
		if (!passes(e, (struct mail){t + 2 * left, 1000000, 0, 1,
					     "/shop/index.php", 9000 + 2 * left, 0}))
			break;
		send_one(e, (struct mail){t + 2 * left + 1, 1000000, 0, 1,
					  "/shop/index.php", 9001 + 2 * left, 1});
	}
	T_CHECK(left <= 60, "%u left", left);
	engine_free(&e);
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
			left += passes(e, (struct mail){t + 8 * i, 300 * 86400, 0, 1,
							name, 5000 + i, 0});
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
		left += passes(e, (struct mail){t + i, 60, 0, 1, "/x.php", 9000 + i, 1});
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
		left += passes(e, (struct mail){t, -1, 0, 1, NULL, 9000 + 2 * i, 0});
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
		left += passes(
		    e, (struct mail){t + 1, -1, 0, 1, "/shop/contact.php", 90000 + i, 0});
	}
	T_CHECK(left <= 40, "%u of 600 left", left);
	engine_free(&e);
}

int
main(void)
{
	test_mailers();
	test_names_and_bcc();
	test_explained();
	test_old_names();
	test_too_much_own();
	test_nameless_pairs();
	test_touched_script();
	return T_DONE();
}
