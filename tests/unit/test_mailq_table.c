/* The table of queued messages: bounds by account, what is forgotten first, lists that agree. */
#include "mailq_int.h"

#include <stdio.h>
#include <string.h>

#include "t.h"

#define QUIET 7 /* some messages, long before the others */
#define LOUD 8
#define HELD 9

static void
add(uint32_t uid, char kind, unsigned n)
{
	char id[MAILQ_ID];

	snprintf(id, sizeof id, "%c%u", kind, n);
	mailq_add(uid, id, 1, (wall_t){1});
}

static struct mailq_node *
get(char kind, unsigned n)
{
	char id[MAILQ_ID];

	snprintf(id, sizeof id, "%c%u", kind, n);
	return mailq_find(id);
}

static unsigned
there(char kind, unsigned from, unsigned to)
{
	unsigned n = 0;

	for (unsigned i = from; i < to; i++)
		n += get(kind, i) != NULL;
	return n;
}

static void
freeze(struct mailq_node *n)
{
	mailq_set(n, MAILQ_FROZEN, MAILQ_FREEZE);
	mailq_set_ours(n, true);
}

/* An id that comes again is its new owner's; a node that goes leaves every list. */
static void
test_owners(void)
{
	char longest[MAILQ_ID + 8];

	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	mailq_add(1, longest, 1, (wall_t){1});
	mailq_add(1, "", 1, (wall_t){1});
	T_EQ(mailq.count.known, 0);
	add(1, 'a', 1);
	add(2, 'a', 1);
	T_EQ(mailq.count.known, 1);
	T_EQ(get('a', 1)->uid, 2);
	T_EQ(mailq.owners[0][1].count, 0);
	T_EQ(mailq.owners[0][2].count, 1);
	freeze(get('a', 1));
	T_EQ(mailq_ours_of(2), 1);
	T_EQ(mailq.owners[0][2].count, 0);
	T_EQ(mailq.count.frozen, 1);
	mailq_set(get('a', 1), MAILQ_FROZEN, MAILQ_MOVE);
	T_CHECK(mailq_differs(get('a', 1)));
	T_EQ(mailq.count.pending, 1);
	mailq_unlink(get('a', 1));
	T_CHECK(get('a', 1) == NULL);
	T_EQ(mailq.count.known + mailq.count.frozen + mailq.count.pending, 0);
	T_EQ(mailq_ours_of(2) + mailq.ours_count, 0);
}

/* One account's flood costs its own oldest, and of those not what is frozen. */
static void
test_flood(void)
{
	for (unsigned i = 0; i < 5; i++)
		add(QUIET, 'q', i);
	for (unsigned i = 0; i < 3; i++) {
		add(LOUD, 'l', i);
		freeze(get('l', i));
	}
	for (unsigned i = 3; i < MAILQ_UID_MAX + 100; i++)
		add(LOUD, 'l', i);
	T_EQ(mailq.owners[0][LOUD].count + mailq_ours_of(LOUD), MAILQ_UID_MAX);
	T_EQ(there('q', 0, 5), 5);
	T_EQ(there('l', 0, 3), 3);
	T_EQ(there('l', 3, 103), 0);
	T_EQ(there('l', 103, MAILQ_UID_MAX + 100), MAILQ_UID_MAX - 3);
	T_EQ(mailq.count.forgotten, 100);
}

/* When all is full what is frozen stays, whoever's the new ones are. */
static void
test_full(void)
{
	for (unsigned i = 0; i < 20; i++) {
		add(HELD, 'h', i);
		freeze(get('h', i));
	}
	for (uint32_t uid = 100; uid < 105; uid++)
		for (unsigned i = 0; i < MAILQ_UID_MAX; i++)
			add(uid, (char)('A' + uid - 100), i);
	T_EQ(mailq.count.known, MAILQ_MAX);
	T_EQ(there('h', 0, 20), 20);
	T_EQ(there('l', 0, 3), 3);
	T_EQ(mailq.count.frozen, 23);
	T_CHECK(mailq.rows_only == false);
}

int
main(void)
{
	test_owners();
	test_flood();
	test_full();
	return T_DONE();
}
