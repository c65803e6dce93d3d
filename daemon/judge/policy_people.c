/*
 * policy_people - whom a script may write to
 *
 * Job:     see policy_int.h.
 * Touches: nothing.
 * Source:  the table in daemon/judge/DECISIONS.
 */
#include "policy_int.h"

#define DUE_ANYBODY 30 /* people who are due a message, in an hour */

/*
 * Who ships by hand writes to all who bought since, at once and at his own time: after a
 * sale to many times as many as on another day. A thief of the customers' table may do
 * the same in the script's name. To some anybody may; to more, who always did so at once:
 * to twice as many as ever, or, since more have bought, to a quarter of what the account
 * wrote in a week. Beside them there is room for a usual hour.
 */
int64_t
policy_due(const struct facts *f, const struct engine_conf *c, unsigned window,
	   int64_t ceiling)
{
	bool honest = !f->offended && f->evidence_points < c->suspicious_points;
	int64_t due = f->due[window], most = DUE_ANYBODY;

	if (!f->in_slot || !honest || due == 0)
		return ceiling;
	/* by an update, or by somebody else: what it always had to send, besides */
	if (f->standing == STAND_CHANGED)
		return ceiling + smaller(due, larger(5, f->usual_due_1h));
	if (f->standing != STAND_KNOWN)
		return ceiling;
	if (f->batches)
		most = larger(
		    most, larger(2 * (int64_t)f->usual_due_1h, (int64_t)f->rcpts[4] / 4));
	return larger(ceiling,
		      (due < most ? due : most) + (int64_t)f->usual[window] * 3 / 2 + 5);
}
