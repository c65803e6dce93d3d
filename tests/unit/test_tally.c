/* test_tally - who drives a provider's share of refusals up */
#include "tally.h"

#include "t.h"

static struct tally t;

static void
account(int64_t uid, uint64_t sent, uint64_t fault)
{
	t.who[t.whos++] =
	    (struct tally_who){.uid = uid, .sent = sent, .failed = fault, .fault = fault};
	t.fault += fault;
}

int
main(void)
{
	T_CHECK(tally_driver(&t, 30) == NULL && tally_worst(&t) == NULL, "nobody at all");
	account(1, 500, 9);
	T_EQ(tally_driver(&t, 30)->uid, 1);
	account(2, 3, 20); /* more, of fewer than 30 answers */
	T_CHECK(tally_driver(&t, 30) == NULL, "too few answers");
	T_EQ(tally_worst(&t)->uid, 2);
	account(3, 10, 31);
	T_EQ(tally_driver(&t, 30)->uid, 3);
	account(4, 10, 31); /* two alike: neither has over the half */
	T_CHECK(tally_driver(&t, 30) == NULL, "two alike");
	T_CHECK(tally_low_percent(0, 0) == 0 && tally_low_percent(1, 1) < 30, "few");
	T_CHECK(tally_low_percent(300000000000, 400000000000) > 74.9, "many");
	return T_DONE();
}
