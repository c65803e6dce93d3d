/*
 * test_choose - the times an admin may name, and the slips that would choose everything
 */
#include <stdlib.h>
#include <time.h>

#include "ctl_choose.h"
#include "t.h"

int
main(void)
{
	static const wall_t now = {INT64_C(1800000000) * 1000000};
	static const struct {
		const char *text;
		int64_t want_s; /* -1: not understood */
	} row[] = {
	    {"90m", 1800000000 - 5400},
	    {"12h", 1800000000 - 43200},
	    {"1d", 1800000000 - 86400},
	    {"1000000000", 1000000000},
	    {"1799999999", 1799999999},
	    {"0", -1},
	    {"30", -1},
	    {"2026", -1},
	    {"999999999", -1},
	    {"-1", -1},
	    {"", -1},
	    {"yesterdayish", -1},
	    {"2w", 1800000000 - 1209600},
	    /* two hours before UTC, by TZ below */
	    {"2026-01-31", 1769817600 - 7200},
	    {"2026-01-31 18:00", 1769817600 - 7200 + 64800},
	    {"2026-01-31T18:00", 1769817600 - 7200 + 64800},
	    {"2026-01-31 18:00:30", 1769817600 - 7200 + 64830},
	    {"2026-01-31T18:00:30", 1769817600 - 7200 + 64830},
	    {"2026-01-31 ", -1},
	    {"2026-13-31", -1},
	};

	setenv("TZ", "TST-2", 1);
	tzset();
	T_EQ(choice_end_us("2026-01-31"), (1769817600 - 7200 + 86399) * INT64_C(1000000));
	T_EQ(choice_end_us("2026-01-31 18:00"),
	     (1769817600 - 7200 + 64800) * INT64_C(1000000));
	T_EQ(choice_end_us("2w"), -1);

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		int64_t us = choice_time_us(row[i].text, now);

		T_CHECK(us == (row[i].want_s < 0 ? -1 : row[i].want_s * 1000000),
			"\"%s\"", row[i].text);
	}
	return T_DONE();
}
