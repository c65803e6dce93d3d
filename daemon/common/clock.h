/*
 * clock - two kinds of time that do not mix
 *
 * Job:     wall time (what people and files say) and monotonic time (what
 *          intervals are measured by), as structs so that mixing them does
 *          not compile (after bgpd's monotime.h).
 * Touches: the clock. Pure modules take the time as an argument instead.
 */
#ifndef MAILBRAKE_CLOCK_H
#define MAILBRAKE_CLOCK_H

#include <stdint.h>

typedef struct {
	int64_t us; /* microseconds since 1970-01-01 UTC */
} wall_t;

typedef struct {
	int64_t us; /* microseconds since some point; CLOCK_BOOTTIME, so suspend counts */
} mono_t;

wall_t clock_wall(void);
mono_t clock_mono(void);

static inline int64_t
wall_s(wall_t t)
{
	return t.us / 1000000;
}

static inline wall_t
wall_from_s(int64_t s)
{
	return (wall_t){s * 1000000};
}

/* a - b in microseconds. */
static inline int64_t
mono_diff_us(mono_t a, mono_t b)
{
	return a.us - b.us;
}

static inline mono_t
mono_after_ms(mono_t t, int64_t ms)
{
	return (mono_t){t.us + ms * 1000};
}

#endif
