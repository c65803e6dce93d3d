/*
 * clock - two kinds of time that do not mix
 *
 * Job:     see clock.h.
 * Touches: the clock.
 */
#include "clock.h"

#include <time.h>

static int64_t
now_us(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) != 0)
		return 0;
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

wall_t
clock_wall(void)
{
	return (wall_t){now_us(CLOCK_REALTIME)};
}

mono_t
clock_mono(void)
{
	return (mono_t){now_us(CLOCK_BOOTTIME)};
}
