/*
 * test_room - whose connection goes when there are too many
 *
 * Job:     unit test of daemon/judge/room.c.
 * Touches: nothing.
 */
#include "t.h"

#include "room.h"

static struct seat seats[64];

static struct seat *
come(unsigned i, uint32_t uid, bool refused)
{
	seats[i] = (struct seat){.uid = uid, .silent = true, .refused = refused};
	room_add(&seats[i]);
	return &seats[i];
}

/* An account beyond its share has a few places to be told in; the oldest silent goes. */
static void
test_one_account(void)
{
	unsigned i;

	(void)come(0, 1001, false);
	(void)come(1, 1002, true);
	for (i = 2; i < 2 + ROOM_REFUSALS; i++)
		(void)come(i, 1001, true);
	T_EQ(room_of(1001), 1);
	T_CHECK(room_excess(1001) == NULL);
	(void)come(i, 1001, true);
	seats[2].silent = false;
	T_CHECK(room_excess(1001) == &seats[3], "the oldest silent one");
	T_CHECK(room_excess(1002) == NULL);
	room_take(&seats[3]);
	T_CHECK(room_excess(1001) == NULL);
	for (unsigned k = 0; k <= i; k++)
		if (k != 3)
			room_take(&seats[k]);
}

/* Who has the most loses one, not who came last. */
static void
test_all(void)
{
	(void)come(0, 1002, false);
	for (unsigned i = 1; i < 6; i++)
		(void)come(i, 1001, false);
	(void)come(6, 1003, false);
	T_CHECK(room_victim() == &seats[1]);
	seats[1].silent = false;
	T_CHECK(room_victim() == &seats[2]);
	for (unsigned i = 1; i < 6; i++)
		seats[i].silent = false;
	seats[5].busy = true;
	T_CHECK(room_victim() == &seats[4], "the newest that nothing is written for");
	for (unsigned i = 1; i < 6; i++)
		seats[i].busy = true;
	T_CHECK(room_victim() == NULL);
	for (unsigned i = 0; i < 7; i++)
		room_take(&seats[i]);
	T_CHECK(room_victim() == NULL);
	T_EQ(room_of(1001), 0);
}

int
main(void)
{
	test_one_account();
	test_all();
	return T_DONE();
}
