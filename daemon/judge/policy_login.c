/*
 * policy_login - what somebody who logged in to the mail system may send
 *
 * Job:     see policy_int.h.
 * Touches: nothing.
 * Source:  the table in daemon/judge/DECISIONS.
 */
#include "policy_int.h"

static const int64_t login_least[4] = {100, 100, 120, 300};
static const int64_t login_first_week[4] = {250, 300, 500, 1500};
static const int64_t login_strict[4] = {25, 30, 50, 150};

/*
 * A person at a mail program: one message may go to a whole list of colleagues, and a
 * stolen password is known by its pace. In the first week nothing is known of anybody's
 * usual day.
 */
struct ceiling
policy_login_ceiling(const struct facts *f, const struct engine_conf *c)
{
	static const int64_t times[4] = {3, 3, 3, 4};
	bool strict = f->offended || f->evidence_points >= c->suspicious_points;
	struct ceiling out;

	for (unsigned w = 0; w < 4; w++) {
		int64_t n = strict        ? login_strict[w]
			    : f->learning ? login_first_week[w]
					  : login_least[w];

		out.exposed[w] =
		    larger(n, (int64_t)f->usual[w] * (strict ? 1 : times[w]));
	}
	out.bulk_1h = out.exposed[2];
	out.bulk_24h = out.off_24h = out.exposed[3];
	return out;
}

/* Mailboxes are made in a minute: what they send together, however many there are. */
bool
policy_logins_over(const struct facts *f, const struct engine_conf *c, int64_t *limit,
		   int64_t *value)
{
	bool flagged = f->evidence_points >= c->suspicious_points;

	for (unsigned i = 0; i < 2; i++) {
		int64_t least = 2 * login_strict[2 + i], usual = f->login_usual[i];

		if (flagged)
			*limit = larger(least / 2, usual);
		else if (f->offended)
			*limit = larger(5 * least / 2, usual);
		else
			*limit = larger((f->learning ? 25 : 5) * least, 3 * usual);
		*value = f->login_all[i];
		if (*value > *limit)
			return true;
	}
	return false;
}

/*
 * Spam from a stolen password is known by its messages: a person writes one to a whole
 * club, but not one every second, nor a hundred and twenty a day to people never met.
 */
bool
policy_login_msgs_over(const struct facts *f, const struct engine_conf *c, int64_t *limit,
		       int64_t *value)
{
	static const int64_t least[4] = {30, 40, 60, 120}, times[4] = {3, 3, 3, 4};
	bool strict = f->offended || f->evidence_points >= c->suspicious_points;

	for (unsigned w = 0; w < 4; w++) {
		int64_t usual = f->login_msgs_usual[w];

		if (strict)
			*limit = larger(least[w] / 2, usual);
		else
			*limit =
			    larger((f->learning ? 2 : 1) * least[w], times[w] * usual);
		*value = f->login_msgs[w];
		if (*value > *limit)
			return true;
	}
	return false;
}
