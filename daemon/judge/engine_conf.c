/*
 * engine_conf - the engine's settings from mailbrake.conf
 *
 * Job:     see engine_conf.h.
 * Touches: nothing.
 */
#include "engine_conf.h"

#include <string.h>

void
engine_conf_take(struct engine_conf *out, const struct conf *c)
{
	const char *const modes[RULE_COUNT] = {
	    [RULE_FLAGGED] = c->rule_flagged,   [RULE_EVIDENCE] = c->rule_evidence,
	    [RULE_NEW] = c->rule_new,           [RULE_CHANGED] = c->rule_changed,
	    [RULE_USUAL] = c->rule_usual,       [RULE_HARD_CAP] = c->rule_hard_cap,
	    [RULE_REFUSALS] = c->rule_refusals,
	};

	engine_conf_defaults(out);
	out->observe = strcmp(c->mode, "observe") == 0;
	for (unsigned r = 0; r < RULE_COUNT; r++)
		out->rule_observe[r] = strcmp(modes[r], "observe") == 0;
	out->weak_points = c->weak_points;
	out->suspicious_points = c->suspicious_points;
	out->malicious_points = c->malicious_points;
	out->evidence_ttl_s = c->evidence_ttl_s;
	out->unknown_rcpt_max = c->unknown_rcpt_max;
	out->young_script_s = c->young_script_s;
	out->learning_time_s = c->learning_time_s;
	out->hard_cap_h = c->hard_cap_h;
	out->refusal_ppm = c->refusal_percent * 10000;
	out->refusal_min = c->refusal_min;
	out->hold_expire_s = c->held_expire_s;
}
