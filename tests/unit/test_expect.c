/*
 * test_expect - messages that were judged and come by again
 *
 * Job:     unit test of daemon/judge/expect.c.
 * Touches: nothing.
 */
#include "t.h"

#include "expect.h"

int
main(void)
{
	mono_t t = {1000000000}, later;
	uint32_t uid;
	unsigned lost = 0;

	T_CHECK(!expect_take(1001, EXPECT_HOOK, 1, t));
	expect_add(1001, 3, t);
	T_CHECK(
	    !expect_take(1001, EXPECT_HOOK, 4, t)); /* no ticket for a larger message */
	T_CHECK(expect_take(1001, EXPECT_HOOK, 3, t));
	T_CHECK(!expect_take(1001, EXPECT_HOOK, 1, t));
	T_CHECK(expect_take(1001, EXPECT_LOG, 3, t)); /* each place once */
	expect_log_only(1001, 2, t);
	T_CHECK(!expect_take(1001, EXPECT_HOOK, 2, t));
	T_CHECK(expect_take(1001, EXPECT_LOG, 2, t));
	/* recipients do not add up once the messages they belong to have come */
	expect_add(1002, 500, t);
	T_CHECK(expect_take(1002, EXPECT_HOOK, 1, t));
	expect_add(1002, 1, t);
	T_CHECK(!expect_take(1002, EXPECT_HOOK, 400, t));
	expect_add(1003, 5, t);
	later = mono_after_ms(t, (EXPECT_S + 1) * 1000LL);
	T_CHECK(!expect_take(1003, EXPECT_HOOK, 1, later));
	/* a full table forgets, and then counts twice rather than never */
	for (uid = 5000; uid < 5000 + 2 * EXPECT_UIDS; uid++)
		expect_add(uid, 1, later);
	for (uid = 5000; uid < 5000 + 2 * EXPECT_UIDS; uid++)
		lost += !expect_take(uid, EXPECT_HOOK, 1, later);
	T_CHECK(lost >= EXPECT_UIDS);
	T_CHECK(lost < 2 * EXPECT_UIDS);
	return T_DONE();
}
