/*
 * policy_people - whom a script may write to
 *
 * Job:     see policy_int.h.
 * Touches: nothing.
 * Source:  the table in daemon/judge/DECISIONS.
 */
#include "policy_int.h"

/*
 * Who ships by hand writes to all who bought since, at once and at his own time: after a
 * sale to many. A thief of the customers' table may do the same in the script's name:
 * twice as many as ever are the bound, and beside them there is room for a usual hour.
 */
int64_t
policy_due(const struct facts *f, const struct engine_conf *c, unsigned window,
	   int64_t ceiling)
{
	bool honest = f->standing == STAND_KNOWN && !f->offended &&
		      f->evidence_points < c->suspicious_points;
	int64_t due = f->due[window];
	int64_t most = larger(30, 2 * (int64_t)f->usual_due_1h);

	if (!f->batches || !f->in_slot || !honest || due == 0)
		return ceiling;
	return larger(ceiling,
		      (due < most ? due : most) + (int64_t)f->usual[window] * 3 / 2 + 5);
}
