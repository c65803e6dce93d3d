/*
 * explain - the facts, the row that fired, what would have had to be different
 *
 * Job:     engine_explain of account.h: one account as a screen of text and as a struct.
 * Touches: nothing.
 */
#include "acct.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

#define TRUSTS_SHOWN 4 /* trusted scripts; the others are counted */

struct screen {
	char *at;
	size_t left;
};

__attribute__((format(printf, 2, 3))) static void
put(struct screen *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(s->at, s->left, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= s->left)
		n = (int)s->left - 1;
	s->at += n;
	s->left -= (size_t)n;
}

static void
put_script(struct screen *out, const struct explanation *x)
{
	const struct facts *f = &x->facts;
	char name[200], span[32];

	if (f->standing == STAND_NONE)
		return;
	text_safe(name, sizeof(name), x->script[0] == '\0' ? "(names none)" : x->script);
	put(out, "last mail by  %s (%s%s)\n", name, standing_name(f->standing),
	    f->claimed ? ", its own claim" : "");
	if (f->script_age_s >= 0)
		put(out, "  file         %s old%s\n",
		    text_span(span, sizeof(span), f->script_age_s),
		    f->script_points > 0 ? ", with a finding" : "");
	put(out, "  recipients   %u in 1 min, %u in 10 min, %u in 1 h, %u in 24 h\n",
	    f->exposed[0], f->exposed[1], f->exposed[2], f->exposed[3]);
	if (f->standing == STAND_NEW || f->standing == STAND_BLIND)
		put(out,
		    "  new scripts  of the account together: %u in 24 h (limit %" PRId64
		    "), %u in 7 d (limit %" PRId64 ")\n",
		    f->new_24h, x->allowance_24h, f->new_7d, x->allowance_7d);
	else
		put(out,
		    "  may send     %" PRId64 " in 1 min, %" PRId64 " in 10 min, %" PRId64
		    " in 1 h, %" PRId64 " in 24 h; of the same text: at most %" PRId64
		    " in 1 h\n",
		    x->ceiling.exposed[0], x->ceiling.exposed[1], x->ceiling.exposed[2],
		    x->ceiling.exposed[3], x->ceiling.bulk_1h);
	if (f->due[2] > 0 && (f->excused || (f->batches && f->standing == STAND_KNOWN)))
		put(out,
		    "  due          %u of them in 1 h, %u in 24 h: to people it wrote to "
		    "within three days, who are due a message\n",
		    f->due[2], f->due[3]);
	put(out, "  decided by   %s: %s\n", reason_word(x->ruling.reason),
	    reason_says(x->ruling.reason));
	if (x->ruling.limit >= 0 && x->ruling.reason == REASON_REFUSALS)
		put(out, "               %.1f %% of answers, limit %.1f %%\n",
		    (double)x->ruling.value / 10000, (double)x->ruling.limit / 10000);
	else if (x->ruling.limit >= 0)
		put(out, "               %" PRId64 ", limit %" PRId64 "\n",
		    x->ruling.value, x->ruling.limit);
}

static void
put_trust(struct screen *out, const char *what, const char *name, int64_t left_s,
	  bool end)
{
	char span[32] = "ever";

	if (end)
		(void)text_span(span, sizeof(span), left_s);
	put(out, "trusted       %s%s%s (for %s)\n", what, name[0] == '\0' ? "" : " ",
	    name, span);
}

/* What an admin's scoped words take out, and for how long. */
static void
put_trusts(struct screen *out, const struct acct *a, int64_t now_s)
{
	unsigned shown = 0;
	char name[200];

	if (a->ceiling_trust_s > now_s)
		put_trust(out, "the ceiling", "", a->ceiling_trust_s - now_s,
			  a->ceiling_trust_s != INT64_MAX);
	for (unsigned i = 0; i < RULE_COUNT; i++)
		if (a->rule_trust_s[i] > now_s)
			put_trust(out, "rule", rule_name((enum rule)i),
				  a->rule_trust_s[i] - now_s,
				  a->rule_trust_s[i] != INT64_MAX);
	for (uint32_t i = 0; i < a->script_count; i++) {
		const struct script *s = a->scripts[i];

		if (s->trust_until_s <= now_s)
			continue;
		if (shown++ < TRUSTS_SHOWN)
			put_trust(out, "script", text_safe(name, sizeof(name), s->name),
				  s->trust_until_s - now_s,
				  s->trust_until_s != INT64_MAX);
	}
	if (shown > TRUSTS_SHOWN)
		put(out, "trusted       %u more scripts\n", shown - TRUSTS_SHOWN);
}

static void
put_all(struct screen *out, const struct acct *a, int64_t now_s,
	const struct explanation *x, uint32_t uid, int64_t age_s)
{
	const struct facts *f = &x->facts;
	enum reason why = x->state == ACCT_CLEAR ? x->ruling.reason : x->reason;
	char user[80], file[200], rules[120], span[32];

	put(out, "account       %s (uid %u)\n", text_safe(user, sizeof(user), x->user),
	    uid);
	put(out, "state         %s for %s: %s (%s)\n", state_name(x->state),
	    text_span(span, sizeof(span), age_s), reason_says(x->reason),
	    reason_word(x->reason));
	if (x->culprit[0] != '\0' && x->state != ACCT_CLEAR)
		put(out, "caused by     %s\n", text_safe(file, sizeof(file), x->culprit));
	if (f->word != WORD_NONE)
		put(out, "admin's word  %s\n", word_name(f->word));
	put_trusts(out, a, now_s);
	put(out,
	    "mail          %" PRIu64 " passed (%" PRIu64 " recipients), %" PRIu64
	    " held (%" PRIu64 " recipients)\n",
	    x->passed_messages, x->passed_rcpts, x->held_messages, x->held_rcpts);
	put(out,
	    "recipients    %u in 1 h, %u in 24 h, %u in 7 d outside its own domains\n",
	    f->rcpts[2], f->rcpts[3], f->rcpts[4]);
	put(out, "answers       mail servers refused %u of %u in 7 d\n", f->refused,
	    f->answered);
	if (x->worst_file[0] != '\0')
		put(out, "worst file    %s: %" PRId64 " points (%s)\n",
		    text_safe(file, sizeof(file), x->worst_file), f->evidence_points,
		    text_safe(rules, sizeof(rules), x->worst_rules));
	put_script(out, x);
	if (reason_differs(why)[0] != '\0')
		put(out, "would pass if %s\n", reason_differs(why));
}

bool
engine_explain(const struct engine *e, uint32_t uid, struct explanation *x)
{
	const struct acct *a = acct_find(e, uid);
	const struct finding *worst;
	struct screen out = {x->text, sizeof(x->text)};

	if (a == NULL)
		return false;
	*x = (struct explanation){.state = a->state, .reason = a->reason};
	text_copy(x->user, sizeof(x->user), a->user);
	x->facts = a->facts;
	if (a->facts.standing == STAND_NONE)
		facts_gather(e, a, NULL, &x->facts);
	x->facts.evidence_points = facts_evidence(e, a, &worst);
	x->ruling = a->ruling;
	x->since = wall_from_s(a->since_wall_s);
	if (a->state == ACCT_HELD && a->word != WORD_HOLD)
		x->hold_ends = wall_from_s(e->wall_s + e->conf.hold_expire_s -
					   (e->now_s - a->last_held_s));
	if (a->word != WORD_NONE && a->word_until_s != INT64_MAX)
		x->word_until = wall_from_s(e->wall_s + a->word_until_s - e->now_s);
	text_copy(x->culprit, sizeof(x->culprit), a->culprit == NULL ? "" : a->culprit);
	text_copy(x->script, sizeof(x->script),
		  a->last_script == NULL ? "" : a->last_script);
	if (worst != NULL) {
		text_copy(x->worst_file, sizeof(x->worst_file), worst->path);
		text_copy(x->worst_rules, sizeof(x->worst_rules), worst->rules);
	}
	x->scripts = a->script_count;
	x->files = a->finding_count;
	x->passed_messages = a->passed_messages;
	x->passed_rcpts = a->passed_rcpts;
	x->held_messages = a->held_messages;
	x->held_rcpts = a->held_rcpts;
	x->ceiling = policy_ceiling(&x->facts, &e->conf);
	policy_allowance(&x->facts, &e->conf, &x->allowance_24h, &x->allowance_7d);
	put_all(&out, a, e->now_s, x, uid, e->wall_s - a->since_wall_s);
	return true;
}
