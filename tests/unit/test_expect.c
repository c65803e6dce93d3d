/*
 * test_expect - messages that were judged and come by again
 *
 * Job:     unit test of daemon/judge/expect.c.
 * Touches: nothing.
 */
#include "t.h"

#include "expect.h"

/* A message to own domains is no ticket for one to strangers. */
static void
own_tickets(mono_t t)
{
	unsigned i;

	expect_add(900, 10, true, t);
	T_CHECK(expect_take(900, EXPECT_HOOK, 11, t) == EXPECT_NOT);
	T_CHECK(expect_take(900, EXPECT_HOOK, 10, t) == EXPECT_OWN);
	T_CHECK(expect_take(900, EXPECT_LOG, 10, t) == EXPECT_OWN);
	T_CHECK(!expect_delivered(900, EXPECT_OWN, true));
	T_CHECK(expect_delivered(900, EXPECT_OWN, false));
	/* the visitor's and the owner's mail of one form, in whatever order they come */
	expect_add(901, 1, true, t);
	expect_add(901, 1, false, t);
	T_CHECK(expect_take(901, EXPECT_LOG, 1, t) == EXPECT_COUNTED);
	T_CHECK(expect_take(901, EXPECT_LOG, 1, t) == EXPECT_OWN);
	T_CHECK(!expect_delivered(901, EXPECT_OWN, false));
	T_CHECK(!expect_delivered(901, EXPECT_COUNTED, true));
	T_CHECK(expect_delivered(901, EXPECT_OWN, false));
	/* the hook does not wait for the log, but only so far */
	for (i = 0; i < 2 * EXPECT_OWN_HOOK; i++) {
		expect_add(902, 1, true, t);
		T_EQ(expect_take(902, EXPECT_HOOK, 1, t),
		     i < EXPECT_OWN_HOOK ? EXPECT_OWN : EXPECT_NOT);
	}
	T_CHECK(!expect_delivered(902, EXPECT_OWN, true));
	T_CHECK(expect_take(902, EXPECT_HOOK, 1, t) == EXPECT_OWN);
}

int
main(void)
{
	mono_t t = {1000000000}, later;
	uint32_t uid;
	unsigned lost = 0;

	T_CHECK(!expect_take(1001, EXPECT_HOOK, 1, t));
	expect_add(1001, 3, false, t);
	T_CHECK(
	    !expect_take(1001, EXPECT_HOOK, 4, t)); /* no ticket for a larger message */
	T_CHECK(expect_take(1001, EXPECT_HOOK, 3, t));
	T_CHECK(!expect_take(1001, EXPECT_HOOK, 1, t));
	T_CHECK(expect_take(1001, EXPECT_LOG, 3, t)); /* each place once */
	expect_log_only(1001, 2, t);
	T_CHECK(!expect_take(1001, EXPECT_HOOK, 2, t));
	T_CHECK(expect_take(1001, EXPECT_LOG, 2, t));
	/* recipients do not add up once the messages they belong to have come */
	expect_add(1002, 500, false, t);
	T_CHECK(expect_take(1002, EXPECT_HOOK, 1, t));
	expect_add(1002, 1, false, t);
	T_CHECK(!expect_take(1002, EXPECT_HOOK, 400, t));
	expect_add(1003, 5, false, t);
	later = mono_after_ms(t, (EXPECT_S + 1) * 1000LL);
	T_CHECK(!expect_take(1003, EXPECT_HOOK, 1, later));
	/* a full table forgets, and then counts twice rather than never */
	for (uid = 5000; uid < 5000 + 2 * EXPECT_UIDS; uid++)
		expect_add(uid, 1, false, later);
	for (uid = 5000; uid < 5000 + 2 * EXPECT_UIDS; uid++)
		lost += !expect_take(uid, EXPECT_HOOK, 1, later);
	T_CHECK(lost >= EXPECT_UIDS);
	T_CHECK(lost < 2 * EXPECT_UIDS);
	own_tickets(later);
	return T_DONE();
}
