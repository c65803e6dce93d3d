/*
 * test_pace - background work within its share
 *
 * Job:     work for an hour of made-up time takes its share of it, whatever a piece
 *          costs; nothing is saved up.
 * Touches: nothing.
 */
#include "t.h"

#include "pace.h"

/* Pieces of cost_us one after the other for span_us; returns the processor time used. */
static int64_t
run(struct pace *p, mono_t *now, int64_t span_us, int64_t cost_us, int64_t share,
    int64_t cpus)
{
	int64_t used = 0, end = now->us + span_us;

	while (now->us < end) {
		int64_t wait = pace_wait_us(p, *now, share, cpus);

		if (wait > 0) {
			now->us += wait;
			continue;
		}
		now->us += cost_us; /* one worker is at it so long */
		pace_cost(p, cost_us);
		used += cost_us;
	}
	return used;
}

int
main(void)
{
	static const struct {
		int64_t cost_us, share, cpus, want_percent; /* of one processor */
	} row[] = {
	    {300, 50, 1, 50},    {300, 25, 2, 50},    {300, 10, 4, 40},
	    {250000, 10, 1, 10}, {250000, 50, 1, 50}, {17, 1, 1, 1},
	    {300, 100, 1, 100},  {300, 50, 8, 100}, /* one after the other cannot use more
						       than one */
	};
	struct pace p = {0};
	mono_t now = {1000000};
	size_t i;

	for (i = 0; i < sizeof row / sizeof row[0]; i++) {
		int64_t used;

		p = (struct pace){0, now};
		used = run(&p, &now, 3600000000LL, row[i].cost_us, row[i].share,
			   row[i].cpus);
		T_CHECK(used >= row[i].want_percent * 35500000 &&
			    used <= row[i].want_percent * 36500000,
			"row %zu: %lld us", i, (long long)used);
	}
	/* a quiet hour buys nothing */
	p = (struct pace){0, now};
	now.us += 3600000000LL;
	T_EQ(pace_wait_us(&p, now, 10, 1), 0);
	pace_cost(&p, 1000);
	T_EQ(pace_wait_us(&p, now, 10, 1), 10001);
	/* a debt is paid by waiting, at the new share when it changes */
	now.us += 5000;
	T_EQ(pace_wait_us(&p, now, 10, 1), 5001);
	T_EQ(pace_wait_us(&p, now, 50, 1), 1001);
	T_EQ(pace_wait_us(&p, now, 100, 1), 0);
	/* bounded */
	for (i = 0; i < 1000; i++)
		pace_cost(&p, 250000);
	T_CHECK(pace_wait_us(&p, now, 100, 1) == 0, "100 percent waits for nothing");
	for (i = 0; i < 1000; i++)
		pace_cost(&p, 250000);
	T_CHECK(pace_wait_us(&p, now, 50, 1) <= 120000001, "a debt beyond its bound");
	now.us += 3600000000LL;
	T_EQ(pace_wait_us(&p, now, 1, 1), 0);
	return T_DONE();
}
