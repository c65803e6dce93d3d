/*
 * ctl_choose - which held messages of an account are meant, and for how long a word holds
 *
 * Job:     the options of release, discard, trust and forget.
 * Touches: held mail by reading, the store by reading.
 */
#ifndef MAILBRAKE_CTL_CHOOSE_H
#define MAILBRAKE_CTL_CHOOSE_H

#include "ctl_row.h"

#define CHOICE_UNIX_MIN INT64_C(1000000000) /* 2001 */

/* A choice among an account's held messages; "" and no has_: whatever it is. */
struct choice {
	char script[512], subject[256]; /* globs; the subject's without regard to case */
	char domain[256];               /* glob; every recipient must be of such */
	int64_t after_us, before_us;    /* held since, held until */
	bool has_after, has_before;
	bool any; /* there is an option at all */
};

/*
 * Take the option args stands at ("--script", ...; its value follows). 1 taken, 0 it is
 * none of a choice, -1 its value is missing or wrong (said and ended).
 */
int choice_option(struct ctl *c, struct choice *ch, const char *name,
		  struct strings *args);

/*
 * Find what is chosen, some at a time; then fn(c): its ids are c->ids, c->id_count of
 * them. The connection may go meanwhile: ctl_choose_forget.
 */
void ctl_choose(struct ctl *c, int64_t uid, const struct choice *ch,
		void (*fn)(struct ctl *c));
void ctl_choose_forget(struct ctl *c);

/*
 * A time in an admin's words: "90m", "12h", "3d" (so long before now), seconds since
 * 1970 (from CHOICE_UNIX_MIN on: a bare "30" is a slip, and would choose everything), or
 * "2026-01-31 18:00" of the server's clock; a day alone is its begin. Microseconds; -1:
 * not understood.
 */
int64_t choice_time_us(const char *text, wall_t now);
/* The end of what is named: "2026-01-31" the whole day, "2026-01-31 18:00" that time, of
 * the server's clock. Microseconds; -1: not understood. */
int64_t choice_end_us(const char *text);
/* A span: "90m", "12h", "3d", "2w", "600s". Seconds; -1: not understood. */
int64_t choice_span_s(const char *text);

#endif
