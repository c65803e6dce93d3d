/*
 * policy_people - whom a script may write to
 *
 * Job:     see policy_int.h.
 * Touches: nothing.
 * Source:  the table in daemon/judge/DECISIONS.
 */
#include "policy_int.h"

/*
 * Who ships by hand writes to all who bought since, at once: after a sale day to many
 * times as many as ever. Each is due two messages within three days after the first, so
 * the account's own buyers are all a thief of its customers' table finds there; and
 * beside them there is room for a usual hour only.
 */
int64_t
policy_due(const struct facts *f, const struct engine_conf *c, unsigned window,
	   int64_t ceiling)
{
	bool honest = f->standing == STAND_KNOWN && !f->offended &&
		      f->evidence_points < c->suspicious_points;

	if (!f->batches || !honest || f->due[window] == 0)
		return ceiling;
	return larger(ceiling,
		      (int64_t)f->due[window] + (int64_t)f->usual[window] * 3 / 2 + 5);
}

/*
 * What goes around as a habit goes to people who had it before: of such as nobody met 7
 * of 8 of its usual hour at most (they may be estimates), and in a day, once it went out a
 * few times, half of its usual, however far the list itself may grow.
 */
bool
policy_too_strange(const struct facts *f, int64_t *limit, int64_t *value)
{
	bool young = f->few_days || (!f->rare_days && f->watched_for_s < 21 * 86400);

	if (!f->told || f->login || !(f->bursty || f->bulk_usual || f->bulk_habit))
		return false;
	*limit = larger(8, (int64_t)f->usual[2] * 7 / 8);
	*value = f->strange_1h;
	if (*value > *limit)
		return true;
	*limit = larger(8, (int64_t)f->usual[3] / (young ? 1 : 2));
	*value = f->strange_24h;
	return *value > *limit;
}
