/*
 * here - is an address one of this machine's
 *
 * Job:     see here.h.
 * Touches: the kernel's list of addresses.
 */
#include "here.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"
#include "log.h"

#define READ_US 60000000

/* All as IPv6: IPv4 is ::ffff:a.b.c.d. */
static uint8_t list[HERE_MAX][16];
static unsigned count;

static void
map(uint8_t out[16], int family, const uint8_t *address)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

	if (family == AF_INET6) {
		memcpy(out, address, 16);
		return;
	}
	memcpy(out, prefix, 12);
	memcpy(out + 12, address, 4);
}

static void
add(const struct sockaddr *sa)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (sa == NULL || (sa->sa_family != AF_INET && sa->sa_family != AF_INET6))
		return;
	if (count == HERE_MAX) {
		log_warn_rate("here", 3600, "here left_out=\"beyond %d addresses\"",
			      HERE_MAX);
		return;
	}
	if (sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof v4);
		map(list[count++], AF_INET, (const uint8_t *)&v4.sin_addr);
	} else {
		memcpy(&v6, sa, sizeof v6);
		map(list[count++], AF_INET6, v6.sin6_addr.s6_addr);
	}
}

/* What was known stays when it cannot be read. */
static void
refresh(void)
{
	static mono_t read_at;
	mono_t now = clock_mono();
	struct ifaddrs *all, *one;

	if (read_at.us != 0 && mono_diff_us(now, read_at) < READ_US)
		return;
	read_at = now;
	if (getifaddrs(&all) != 0) {
		log_warn_rate("here", 3600, "here errno=%d", errno);
		return;
	}
	count = 0;
	for (one = all; one != NULL; one = one->ifa_next)
		add(one->ifa_addr);
	freeifaddrs(all);
}

bool
here_address(int family, const uint8_t *address)
{
	static const uint8_t loopback[16] = {[15] = 1},
			     net127[13] = {[10] = 0xff, [11] = 0xff, [12] = 127};
	uint8_t a[16];
	unsigned i;

	if (family != AF_INET && family != AF_INET6)
		return false;
	map(a, family, address);
	if (memcmp(a, net127, sizeof net127) == 0 || memcmp(a, loopback, 16) == 0)
		return true;
	refresh();
	for (i = 0; i < count; i++)
		if (memcmp(list[i], a, 16) == 0)
			return true;
	return false;
}

bool
here_text(const char *address)
{
	uint8_t a[16];

	if (inet_pton(AF_INET, address, a) == 1)
		return here_address(AF_INET, a);
	return inet_pton(AF_INET6, address, a) == 1 && here_address(AF_INET6, a);
}
