/*
 * test_provider - one row per sentence of the manual about brakes
 */
#include "provider.h"
#include "t.h"

/* A story: events at seconds, and the state after each. */
struct step {
	int64_t s;
	enum brake_event what;
	enum brake_state want;
	unsigned owed;
};

static struct brake b;

static void
run(const char *name, const struct step *row, unsigned n)
{
	memset(&b, 0, sizeof(b));
	for (unsigned i = 0; i < n; i++) {
		brake_step(&b, &brake_defaults, row[i].what,
			   wall_from_s(1000000 + row[i].s));
		T_CHECK(b.state == row[i].want, "%s: step %u is %s", name, i,
			brake_state_name(b.state));
		T_CHECK(b.owed == row[i].owed, "%s: step %u owes %u", name, i, b.owed);
	}
}
#define RUN(name, ...) \
	do { \
		static const struct step rows[] = {__VA_ARGS__}; \
		run(name, rows, sizeof(rows) / sizeof(rows[0])); \
	} while (0)

int
main(void)
{
	RUN("four list texts an hour are not enough", {0, BRAKE_LIST, BRAKE_CLEAR, 0},
	    {1, BRAKE_LIST, BRAKE_CLEAR, 0}, {2, BRAKE_LIST, BRAKE_CLEAR, 0},
	    {3, BRAKE_LIST, BRAKE_CLEAR, 0}, {3603, BRAKE_LIST, BRAKE_CLEAR, 0});
	RUN("five list texts in an hour brake for two hours",
	    {0, BRAKE_LIST, BRAKE_CLEAR, 0}, {1, BRAKE_LIST, BRAKE_CLEAR, 0},
	    {2, BRAKE_LIST, BRAKE_CLEAR, 0}, {3, BRAKE_LIST, BRAKE_CLEAR, 0},
	    {4, BRAKE_LIST, BRAKE_BRAKED, 0}, {7203, BRAKE_TICK, BRAKE_BRAKED, 0},
	    {7204, BRAKE_TICK, BRAKE_PROBING, 1});
	RUN("three rate texts in an hour brake for thirty minutes",
	    {0, BRAKE_RATE, BRAKE_CLEAR, 0}, {1, BRAKE_RATE, BRAKE_CLEAR, 0},
	    {2, BRAKE_RATE, BRAKE_BRAKED, 0}, {1801, BRAKE_TICK, BRAKE_BRAKED, 0},
	    {1802, BRAKE_EMPTY, BRAKE_PROBING, 1});
	RUN("list and rate texts are counted apart", {0, BRAKE_LIST, BRAKE_CLEAR, 0},
	    {0, BRAKE_LIST, BRAKE_CLEAR, 0}, {0, BRAKE_LIST, BRAKE_CLEAR, 0},
	    {0, BRAKE_LIST, BRAKE_CLEAR, 0}, {1, BRAKE_RATE, BRAKE_CLEAR, 0},
	    {1, BRAKE_RATE, BRAKE_CLEAR, 0});
	RUN("other refusals and deliveries change nothing while clear",
	    {0, BRAKE_OTHER, BRAKE_CLEAR, 0}, {0, BRAKE_OTHER, BRAKE_CLEAR, 0},
	    {0, BRAKE_TAKEN, BRAKE_CLEAR, 0}, {1, BRAKE_EMPTY, BRAKE_CLEAR, 0});
	RUN("what was in flight when the brake fell neither lengthens nor lifts it",
	    {0, BRAKE_RATE, BRAKE_CLEAR, 0}, {0, BRAKE_RATE, BRAKE_CLEAR, 0},
	    {0, BRAKE_RATE, BRAKE_BRAKED, 0}, {1, BRAKE_RATE, BRAKE_BRAKED, 0},
	    {1, BRAKE_LIST, BRAKE_BRAKED, 0}, {1, BRAKE_TAKEN, BRAKE_BRAKED, 0},
	    {1800, BRAKE_TICK, BRAKE_PROBING, 1});
	RUN("a probe that is taken opens the road in steps",
	    {0, BRAKE_RATE, BRAKE_CLEAR, 0}, {0, BRAKE_RATE, BRAKE_CLEAR, 0},
	    {0, BRAKE_RATE, BRAKE_BRAKED, 0}, {1800, BRAKE_TICK, BRAKE_PROBING, 1},
	    {1810, BRAKE_TAKEN, BRAKE_PACED, 5}, {1869, BRAKE_TICK, BRAKE_PACED, 5},
	    {1870, BRAKE_TICK, BRAKE_PACED, 15}, {1930, BRAKE_TICK, BRAKE_PACED, 35},
	    {1931, BRAKE_EMPTY, BRAKE_CLEAR, 0});
	RUN("after the last step all flows, however much waits",
	    {0, BRAKE_RATE, BRAKE_CLEAR, 0}, {0, BRAKE_RATE, BRAKE_CLEAR, 0},
	    {0, BRAKE_RATE, BRAKE_BRAKED, 0}, {1800, BRAKE_TICK, BRAKE_PROBING, 1},
	    {1800, BRAKE_TAKEN, BRAKE_PACED, 5}, {1860, BRAKE_TICK, BRAKE_PACED, 15},
	    {1920, BRAKE_TICK, BRAKE_PACED, 35}, {1980, BRAKE_TICK, BRAKE_PACED, 75},
	    {2040, BRAKE_TICK, BRAKE_PACED, 155}, {2100, BRAKE_TICK, BRAKE_PACED, 315},
	    {2160, BRAKE_TICK, BRAKE_CLEAR, 0});
	RUN("a probe refused for our address closes it for twice as long",
	    {0, BRAKE_RATE, BRAKE_CLEAR, 0}, {0, BRAKE_RATE, BRAKE_CLEAR, 0},
	    {0, BRAKE_RATE, BRAKE_BRAKED, 0}, {1800, BRAKE_TICK, BRAKE_PROBING, 1},
	    {1801, BRAKE_RATE, BRAKE_BRAKED, 0}, {5400, BRAKE_TICK, BRAKE_BRAKED, 0},
	    {5401, BRAKE_TICK, BRAKE_PROBING, 1});
	T_EQ(b.relapses, 1);
	RUN("a relapse while paced closes it again", {0, BRAKE_RATE, BRAKE_CLEAR, 0},
	    {0, BRAKE_RATE, BRAKE_CLEAR, 0}, {0, BRAKE_RATE, BRAKE_BRAKED, 0},
	    {1800, BRAKE_TICK, BRAKE_PROBING, 1}, {1801, BRAKE_TAKEN, BRAKE_PACED, 5},
	    {1802, BRAKE_LIST, BRAKE_BRAKED, 0},
	    {1802 + 14400, BRAKE_TICK, BRAKE_PROBING, 1});
	RUN("a probe without a clear answer is repeated", {0, BRAKE_RATE, BRAKE_CLEAR, 0},
	    {0, BRAKE_RATE, BRAKE_CLEAR, 0}, {0, BRAKE_RATE, BRAKE_BRAKED, 0},
	    {1800, BRAKE_TICK, BRAKE_PROBING, 1}, {2699, BRAKE_TICK, BRAKE_PROBING, 1},
	    {2700, BRAKE_TICK, BRAKE_PROBING, 1});
	brake_let_out(&b, 1);
	T_EQ(b.owed, 0);
	brake_step(&b, &brake_defaults, BRAKE_OTHER, wall_from_s(1002800));
	brake_step(&b, &brake_defaults, BRAKE_TICK, wall_from_s(1002860));
	T_EQ(b.owed, 1); /* refused for its own reason: another one after a minute */
	RUN("an admin's brake stays until an admin lifts it",
	    {0, BRAKE_HOLD, BRAKE_BRAKED, 0}, {999999, BRAKE_TICK, BRAKE_BRAKED, 0},
	    {999999, BRAKE_LIST, BRAKE_BRAKED, 0}, {1000000, BRAKE_LIFT, BRAKE_CLEAR, 0},
	    {1000000, BRAKE_LIFT, BRAKE_CLEAR, 0});
	T_EQ(brake_holds(&b), 0);
	memset(&b, 0, sizeof(b));
	for (int i = 0; i < 40; i++) { /* relapses never exceed a day, and are forgiven */
		brake_step(&b, &brake_defaults, BRAKE_HOLD, wall_from_s(1));
		b.cause = BRAKE_BY_LIST;
		brake_step(&b, &brake_defaults, BRAKE_TICK, wall_from_s(2));
		brake_step(&b, &brake_defaults, BRAKE_LIST, wall_from_s(3));
		T_CHECK(b.hold_s <= 86400);
	}
	T_EQ(b.hold_s, 86400);
	b.state = BRAKE_CLEAR;
	b.since = wall_from_s(3);
	brake_step(&b, &brake_defaults, BRAKE_TICK, wall_from_s(3 + 86400));
	T_EQ(b.relapses, 0);
	return T_DONE();
}
