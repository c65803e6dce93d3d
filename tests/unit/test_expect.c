/*
 * test_expect - messages that were judged and come by again
 *
 * Job:     unit test of daemon/judge/expect.c.
 * Touches: nothing.
 */
#include "t.h"

#include "expect.h"

static uint64_t own;

/* A message to own domains is a ticket for one of as many recipients, for few at once. */
static void
own_tickets(mono_t t)
{
	unsigned i;

	expect_own_max(5);
	expect_add_own(900, 3, "/a.php", t);
	T_CHECK(expect_take(900, EXPECT_HOOK, 4, &own, t) == EXPECT_NOT);
	T_CHECK(expect_take(900, EXPECT_HOOK, 3, &own, t) == EXPECT_OWN);
	T_EQ(own, 3);
	T_CHECK(expect_take(900, EXPECT_HOOK, 3, &own, t) == EXPECT_NOT);
	T_CHECK(expect_take(900, EXPECT_LOG, 3, &own, t) == EXPECT_OWN);
	T_CHECK(!expect_delivered(900, EXPECT_OWN, true));
	T_CHECK(expect_delivered(900, EXPECT_OWN, false));
	T_STR(expect_own_script(900), "/a.php");
	T_STR(expect_own_script(899), "");
	/* the visitor's and the owner's mail of one form, in whatever order they come */
	expect_add_own(901, 1, "", t);
	expect_add(901, 1, t);
	T_CHECK(expect_take(901, EXPECT_LOG, 1, &own, t) == EXPECT_COUNTED);
	T_CHECK(expect_take(901, EXPECT_LOG, 1, &own, t) == EXPECT_OWN);
	T_CHECK(!expect_delivered(901, EXPECT_OWN, false));
	T_CHECK(!expect_delivered(901, EXPECT_COUNTED, true));
	T_CHECK(expect_delivered(901, EXPECT_OWN, false));
	/* the hook does not wait for the log, but only so far */
	for (i = 0; i < 10; i++) {
		expect_add_own(902, 1, "", t);
		T_EQ(expect_take(902, EXPECT_HOOK, 1, &own, t),
		     i < 5 ? EXPECT_OWN : EXPECT_NOT);
	}
	T_CHECK(!expect_delivered(902, EXPECT_OWN, true));
	T_CHECK(expect_take(902, EXPECT_HOOK, 1, &own, t) == EXPECT_OWN);
	/* recipients are what counts, not messages */
	expect_add_own(903, 3, "", t);
	expect_add_own(903, 3, "", t);
	T_CHECK(expect_take(903, EXPECT_HOOK, 3, &own, t) == EXPECT_OWN);
	T_CHECK(expect_take(903, EXPECT_HOOK, 3, &own, t) == EXPECT_NOT);
	/* the log counts what aliases made of one own recipient */
	expect_add_own(904, 1, "", t);
	T_CHECK(expect_take(904, EXPECT_LOG, 40, &own, t) == EXPECT_OWN);
	T_EQ(own, 1);
	/* a hold makes void what was promised before */
	expect_add_own(905, 1, "", t);
	expect_add(905, 1, t);
	expect_drop(905);
	T_CHECK(expect_take(905, EXPECT_HOOK, 1, &own, t) == EXPECT_NOT);
	T_CHECK(expect_take(905, EXPECT_LOG, 1, &own, t) == EXPECT_NOT);
	expect_drop(906);
}

/* Where the hook is told whom it is to, and where the log tells nothing. */
static void
told(mono_t t)
{
	mono_t later = mono_after_ms(t, (EXPECT_OWN_S + 1) * 1000LL);
	unsigned i;

	expect_own_max(5);
	for (i = 0; i < 10; i++) {
		expect_add_own(920, 1, "", t);
		T_CHECK(expect_take_told(920, 1, false, t) == EXPECT_NOT);
		T_CHECK(expect_take_told(920, 1, true, t) == EXPECT_OWN);
	}
	expect_add(920, 1, t);
	T_CHECK(expect_take_told(920, 1, false, t) == EXPECT_COUNTED);
	/* an hour makes good what the log would have told of by then, where it is read */
	for (i = 0; i < 6; i++) {
		expect_add_own(921, 1, "", t);
		T_EQ(expect_take(921, EXPECT_HOOK, 1, &own, t),
		     i < 5 ? EXPECT_OWN : EXPECT_NOT);
	}
	expect_log_tells(false);
	expect_add_own(921, 1, "", later);
	T_CHECK(expect_take(921, EXPECT_HOOK, 1, &own, later) == EXPECT_NOT);
	T_CHECK(expect_take_told(921, 1, true, later) == EXPECT_OWN);
	expect_log_tells(true);
	expect_add_own(921, 1, "", later);
	T_CHECK(expect_take(921, EXPECT_HOOK, 1, &own, later) == EXPECT_OWN);
}

/* What goes on from an own recipient to many was counted by nobody. */
static void
forwards(mono_t t)
{
	expect_add_own(910, 1, "", t);
	T_CHECK(expect_take(910, EXPECT_LOG, 1, &own, t) == EXPECT_OWN);
	T_CHECK(expect_forwarded(910));
	expect_add(910, 1, t);
	T_CHECK(expect_take(910, EXPECT_LOG, 1, &own, t) == EXPECT_COUNTED);
	T_CHECK(!expect_forwarded(910));
	T_CHECK(expect_forwarded(910));
}

int
main(void)
{
	mono_t t = {1000000000}, later;
	uint32_t uid;
	unsigned lost = 0;

	T_CHECK(!expect_take(1001, EXPECT_HOOK, 1, &own, t));
	expect_add(1001, 3, t);
	T_CHECK(!expect_take(1001, EXPECT_HOOK, 4, &own,
			     t)); /* no ticket for a larger message */
	T_CHECK(expect_take(1001, EXPECT_HOOK, 3, &own, t));
	T_CHECK(!expect_take(1001, EXPECT_HOOK, 1, &own, t));
	T_CHECK(expect_take(1001, EXPECT_LOG, 3, &own, t)); /* each place once */
	expect_log_only(1001, 2, t);
	T_CHECK(!expect_take(1001, EXPECT_HOOK, 2, &own, t));
	T_CHECK(expect_take(1001, EXPECT_LOG, 2, &own, t));
	/* recipients do not add up once the messages they belong to have come */
	expect_add(1002, 500, t);
	T_CHECK(expect_take(1002, EXPECT_HOOK, 1, &own, t));
	expect_add(1002, 1, t);
	T_CHECK(!expect_take(1002, EXPECT_HOOK, 400, &own, t));
	expect_add(1003, 5, t);
	later = mono_after_ms(t, (EXPECT_S + 1) * 1000LL);
	T_CHECK(!expect_take(1003, EXPECT_HOOK, 1, &own, later));
	/* a full table forgets, and then counts twice rather than never */
	for (uid = 5000; uid < 5000 + 2 * EXPECT_UIDS; uid++)
		expect_add(uid, 1, later);
	for (uid = 5000; uid < 5000 + 2 * EXPECT_UIDS; uid++)
		lost += !expect_take(uid, EXPECT_HOOK, 1, &own, later);
	T_CHECK(lost >= EXPECT_UIDS);
	T_CHECK(lost < 2 * EXPECT_UIDS);
	own_tickets(later);
	forwards(later);
	told(later);
	return T_DONE();
}
