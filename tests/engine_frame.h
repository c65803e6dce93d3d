/*
 * engine_frame - an engine of its own for a test, and a customer's past
 *
 * Job:     the engine begun anew, mail and files told to it, a shop that sends for two weeks.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_ENGINE_FRAME_H
#define MAILBRAKE_ENGINE_FRAME_H

#include "t.h"

#include <stdlib.h>

#include "account.h"

#define T0 1767225600

static struct decision last;
static unsigned decisions;

static inline void
on_decision(void *ctx, const struct decision *d)
{
	(void)ctx;
	last = *d;
	decisions++;
}

static inline struct engine *
fresh(int64_t jump_max_s)
{
	struct engine_conf c;

	engine_conf_defaults(&c);
	c.jump_max_s = jump_max_s;
	decisions = 0;
	return engine_new(&c, on_decision, NULL);
}

struct mail {
	int64_t t, age;
	uint32_t uid, rcpts;
	const char *script;
	uint64_t text; /* body and subject */
	int own;
};

static const char *login; /* of what send_one sends */
static uint64_t to;       /* the one address it goes to, 0 not told */
static bool claim;        /* ... and whether its script is a claim */

static inline enum verdict_answer
send_one(struct engine *e, struct mail m)
{
	struct answer a;
	struct submission s = {.t = wall_from_s(m.t),
			       .uid = m.uid == 0 ? 1001 : m.uid,
			       .user = "u",
			       .script = m.script,
			       .script_is_claim = claim,
			       .login = login,
			       .script_age_s = m.age,
			       .rcpts = m.rcpts == 0 ? 1 : m.rcpts,
			       .subject_hash = m.text,
			       .body_hash = m.text,
			       .rcpt_hashes = &to,
			       .rcpt_hash_count = to == 0 ? 0 : 1,
			       .own = m.own};

	engine_submission(e, &s, &a);
	return a.answer;
}

static inline bool
passes(struct engine *e, struct mail m)
{
	return send_one(e, m) == ANSWER_PASS;
}

static inline void
file_event(struct engine *e, int64_t t, const char *path, int64_t points)
{
	struct file_fact f = {.t = wall_from_s(t),
			      .uid = 1001,
			      .user = "u",
			      .path = path,
			      .points = points,
			      .rules = "r",
			      .fresh = true};

	engine_file(e, &f);
}

/* A shop with a past: pairs of mail for two weeks. Returns the time after. */
static inline int64_t
shop(struct engine *e)
{
	int64_t t = T0;

	for (int i = 0; i < 14 * 12; i++, t += 7200) {
		T_EQ(send_one(e, (struct mail){t, 1000000, 0, 1, "/shop/index.php",
					       (uint64_t)i * 2 + 10, 0}),
		     ANSWER_PASS);
		send_one(e, (struct mail){t + 2, 1000000, 0, 1, "/shop/index.php",
					  (uint64_t)i * 2 + 11, 1});
	}
	return t;
}

static inline unsigned
flood(struct engine *e, int64_t t, int64_t gap, const char *script, int64_t age,
      bool same)
{
	unsigned left = 0;

	for (unsigned i = 0; i < 300; i++)
		left += passes(e, (struct mail){t + i * gap, age, 0, 1, script,
						same ? 7 : 1000000 + i, 0});
	return left;
}

#endif
