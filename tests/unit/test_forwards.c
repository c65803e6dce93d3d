/* test_forwards - forwarded mail by where it went, and its share of all mail there */
#include "forwards.h"

#include <stdio.h>

#include "t.h"

static void
outcome(const char *rcpt, int provider, int64_t uid, bool sent)
{
	struct m_outcome o = {.rcpt = rcpt};

	forwards_outcome(&o, provider, uid, sent);
}

int
main(void)
{
	char name[64];
	unsigned n = 0;

	outcome("box@gmail.com", 2, -1, true);
	outcome("Box@gmail.com", 2, -1, false);
	outcome("customer@gmail.com", 2, 1001, true);
	outcome("nobody@example.org", -1, -1, true);
	T_EQ(forwards_all(2).sent, 2);
	T_EQ(forwards_forwarded(2).sent, 1);
	T_EQ(forwards_forwarded(2).failed, 1);
	T_STR(forwards_get(0)->address, "box@gmail.com");
	T_EQ(forwards_get(0)->n.failed, 1);
	T_CHECK(forwards_get(1) == NULL, "an account's mail is no forwarded mail");
	/* a stranger can make up addresses: the table stays, the one with most mail too
	 */
	for (unsigned i = 0; i < 2 * FORWARDS_MAX; i++) {
		snprintf(name, sizeof(name), "u%u@gmail.com", i);
		outcome(name, 2, -1, true);
	}
	while (forwards_get(n) != NULL)
		n++;
	T_EQ(n, FORWARDS_MAX);
	T_STR(forwards_get(0)->address, "box@gmail.com");
	T_EQ(forwards_forwarded(2).sent, 1 + 2 * FORWARDS_MAX);
	return T_DONE();
}
