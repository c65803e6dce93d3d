/*
 * policy_int - parts of policy_decide (inside of policy.h)
 *
 * Job:     what policy*.c share. Nobody else includes this. The ones that return bool are
 *          rows: do they fire, and with which numbers.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_POLICY_INT_H
#define MAILBRAKE_POLICY_INT_H

#include "policy.h"

static inline int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static inline int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* policy_login.c: the ceiling of one login; all of an account together; its messages. */
struct ceiling policy_login_ceiling(const struct facts *f, const struct engine_conf *c);
bool policy_logins_over(const struct facts *f, const struct engine_conf *c,
			int64_t *limit, int64_t *value);
bool policy_login_msgs_over(const struct facts *f, const struct engine_conf *c,
			    int64_t *limit, int64_t *value);

/* policy_people.c: the ceiling of a window where what is due goes out at once. */
int64_t policy_due(const struct facts *f, const struct engine_conf *c, unsigned window,
		   int64_t ceiling);

#endif
