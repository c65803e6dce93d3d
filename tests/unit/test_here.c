/*
 * test_here - addresses of this machine
 *
 * Job:     unit test of daemon/judge/here.c.
 * Touches: the kernel's list of addresses.
 */
#include "t.h"

#include "here.h"

int
main(void)
{
	T_CHECK(here_text("127.0.0.1"));
	T_CHECK(here_text("127.0.0.2"));
	T_CHECK(here_text("127.255.3.4"));
	T_CHECK(here_text("::1"));
	T_CHECK(here_text("::ffff:127.0.0.9"));
	T_CHECK(!here_text("192.0.2.7"));
	T_CHECK(!here_text("128.0.0.1"));
	T_CHECK(!here_text("2001:db8::1"));
	T_CHECK(!here_text("::ffff:192.0.2.7"));
	T_CHECK(!here_text(""));
	T_CHECK(!here_text("localhost"));
	return T_DONE();
}
