/*
 * test_flagged_dir - a sender of which only the directory is known
 *
 * Job:     unit test of daemon/judge: without X-PHP-Originating-Script the wrapper
 *          tells a directory; a mailer found in it must not hide behind that.
 * Touches: nothing.
 */
#include "t.h"

#include "account.h"

static void
on_decision(void *ctx, const struct decision *d)
{
	(void)ctx;
	(void)d;
}

static struct answer
send_one(struct engine *e, int64_t t, uint32_t uid, const char *script)
{
	static const char *const domains[] = {"example.org"};
	struct submission s = {.t = wall_from_s(t),
			       .uid = uid,
			       .user = "u",
			       .script = script,
			       .script_is_claim = true,
			       .script_age_s = -1,
			       .rcpts = 1,
			       .domains = domains,
			       .domain_count = 1,
			       .own = -1};
	struct answer a;

	engine_submission(e, &s, &a);
	return a;
}

int
main(void)
{
	struct engine_conf c;
	struct file_fact f = {.t = wall_from_s(1000000),
			      .uid = 1,
			      .user = "u",
			      .path = "/home/u/public_html/x/m.php",
			      .points = 100,
			      .rules = "mailer",
			      .fresh = true};
	struct engine *e;
	struct answer a;

	engine_conf_defaults(&c);
	e = engine_new(&c, on_decision, NULL);
	engine_file(e, &f);
	a = send_one(e, 1000001, 1, "/home/u/public_html/x/");
	T_EQ(a.answer, ANSWER_HOLD);
	T_STR(reason_word(a.reason), "flagged-script");
	/* another account's directory of that name is another account's */
	a = send_one(e, 1000002, 2, "/home/u/public_html/x/");
	T_EQ(a.answer, ANSWER_PASS);
	engine_free(&e);
	/* not the directory above, nor one below */
	e = engine_new(&c, on_decision, NULL);
	engine_file(e, &f);
	a = send_one(e, 1000001, 1, "/home/u/public_html/");
	T_CHECK(a.reason != REASON_FLAGGED_SCRIPT, "%s", reason_word(a.reason));
	engine_free(&e);
	return T_DONE();
}
