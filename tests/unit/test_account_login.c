/* Somebody who logged in: what people write, and a stolen password. */
#include "engine_frame.h"

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
			left += passes(e, (struct mail){t, -1, 0, 1, NULL, 9000 + i, 0});
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
		passed += passes(e, m);
	T_CHECK(passed <= 5, "%d", passed);
	engine_free(&e);
	/* a stolen password is known by its pace */
	e = fresh(0);
	login = "box@a.test";
	m = (struct mail){T0, -1, 0, 1, NULL, 0, 0};
	for (i = passed = 0; i < 2000; i++, m.t += i & 1)
		passed += passes(e, m);
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
			left +=
			    passes(e, (struct mail){t + i, -1, 0, 1, NULL, 9000 + i, 0});
		}
		login = NULL;
		T_CHECK(left <= (flagged ? 50 : 500), "%u left, flagged %d", left,
			flagged);
		engine_free(&e);
	}
}

int
main(void)
{
	test_stolen();
	test_login();
	test_many_logins();
	return T_DONE();
}
