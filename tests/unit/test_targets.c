/*
 * test_targets - where an account's own mail goes on to
 *
 * Job:     unit test of daemon/judge/targets.c.
 * Touches: nothing.
 */
#include <string.h>

#include "t.h"

#include "targets.h"

int
main(void)
{
	mono_t t = {1000000000};
	char address[200];
	uint32_t i;

	T_CHECK(targets_known(1001, "owner@mail.test", t));
	T_CHECK(targets_known(1001, "Partner@mail.test", t));
	for (i = 0; i < 40; i++) { /* another one each time: each is new, but once */
		t = mono_after_ms(t, 1000);
		snprintf(address, sizeof address, "f%u@mail.test", i);
		T_CHECK(!targets_known(1001, address, t));
		T_CHECK(targets_known(1001, address, t));
		T_CHECK(targets_known(1001, "OWNER@mail.test", t));
	}
	/* forgotten for others, and no longer among the first */
	T_CHECK(!targets_known(1001, "partner@mail.test", t));
	/* another account's are its own */
	T_CHECK(targets_known(1002, "f1@mail.test", t));
	/* what is too long to be kept, and what is not told */
	memset(address, 'a', sizeof address - 1);
	address[sizeof address - 1] = '\0';
	T_CHECK(!targets_known(1003, address, t));
	T_CHECK(!targets_known(1003, "", t));
	/* a full table forgets whom it saw longest ago */
	for (i = 0; i < 4 * TARGETS_UIDS; i++)
		T_CHECK(targets_known(5000 + i, "x@mail.test", t));
	return T_DONE();
}
