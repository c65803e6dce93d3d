/* Whom an account wrote to: who is due a message, and who is nobody it met. */
#include "people.h"

#include "t.h"

#define T0 1767225600
#define DAY 86400

static struct people_count
look(const struct people *p, uint64_t script, uint64_t who, int64_t t)
{
	struct people_count n;

	people_look(p, 7, script, &who, 1, t, &n);
	return n;
}

static void
meet(struct people *p, uint64_t script, uint64_t who, int64_t t)
{
	people_meet(p, 7, script, &who, 1, t);
}

/* An order is due its invoice and its shipping within three days, and nothing more. */
static void
test_due(void)
{
	struct people p = {0};
	struct people_count n = look(&p, 1, 4711, T0);

	T_EQ(n.due, 0);
	meet(&p, 1, 4711, T0);
	n = look(&p, 1, 4711, T0 + 60);
	T_CHECK(n.due == 1 && n.ours == 1, "%u %u", n.due, n.ours);
	n = look(&p, 2, 4711, T0 + 60); /* another script may have met him */
	T_CHECK(n.due == 1 && n.ours == 0, "%u %u", n.due, n.ours);
	T_EQ(look(&p, 1, 4712, T0 + 60).due, 0);
	T_EQ(look(&p, 1, 4711, T0 + 3 * DAY).due, 1);
	T_EQ(look(&p, 1, 4711, T0 + 4 * DAY).due, 0);
	meet(&p, 1, 4711, T0 + DAY);
	T_EQ(look(&p, 1, 4711, T0 + DAY).due, 1);
	meet(&p, 2, 4711, T0 + DAY);
	T_EQ(look(&p, 1, 4711, T0 + DAY).due, 0);
	/* it is the first message that begins the three days */
	meet(&p, 1, 4711, T0 + 4 * DAY);
	T_EQ(look(&p, 1, 4711, T0 + 4 * DAY).due, 1);
	people_free(&p);
}

/* However many buy: the table has its bound, and nobody is due what he was not met for. */
static void
test_many_buyers(void)
{
	struct people p = {0};
	unsigned due = 0;

	for (uint64_t i = 0; i < 20000; i++)
		meet(&p, 1, i, T0 + (int64_t)i);
	T_EQ(p.room, PEOPLE_MAX);
	for (uint64_t i = 0; i < 20000; i++)
		due += look(&p, 1, i, T0 + 20000).due;
	T_CHECK(due > PEOPLE_MAX / 2 && due <= PEOPLE_MAX, "%u", due);
	for (uint64_t i = 0; i < 20000; i++)
		T_EQ(look(&p, 1, 1000000 + i, T0 + 20000).due, 0);
	people_free(&p);
}

/* A record may say anything. */
static void
test_room(void)
{
	struct people p = {0};

	T_CHECK(people_room(&p, 0) && people_room(&p, 64) && people_room(&p, 256));
	T_CHECK(!people_room(&p, 1) && !people_room(&p, 128) && !people_room(&p, 512));
	T_CHECK(people_room(&p, PEOPLE_MAX) && !people_room(&p, PEOPLE_MAX * 4));
	people_free(&p);
}

int
main(void)
{
	test_due();
	test_many_buyers();
	test_room();
	return T_DONE();
}
