/* Who goes first of what waits behind a brake, who never, and who waits again. */
#include "brakes_int.h"

#include <string.h>

#include "hub.h"
#include "mt_event.h"
#include "t.h"

#define T0 1767225600
enum { CLEAN = 1001, WATCHED = 1002, HELD = 1003 };

static void
on_decision(void *ctx, const struct decision *d)
{
	(void)ctx;
	(void)d;
}

static void
waits(const char *id, const char *rcpt, int provider, int64_t uid)
{
	struct m_outcome o = {.queue_id = id, .rcpt = rcpt};

	brakes_wait_for(&o, provider, uid);
}

static void
tried(const char *id, const char *rcpt, enum mt_kind kind)
{
	struct m_outcome o = {.queue_id = id, .rcpt = rcpt, .kind = kind};

	brakes_wait_tried(&o);
}

/* The recipients that are let out now, one after the other, a blank behind each. */
static const char *
out(void)
{
	static char text[1000];
	char buf[1000];
	size_t len = 0, i;

	T_CHECK(brakes_wait_put(buf, sizeof buf, &len));
	for (i = 0; i < len; i++)
		text[i] = buf[i] == '\0' ? ' ' : buf[i];
	text[len] = '\0';
	return text;
}

static void
accounts(void)
{
	struct engine_conf c;
	struct file_fact f = {.t = wall_from_s(T0),
			      .uid = WATCHED,
			      .user = "w",
			      .path = "/home/w/x.php",
			      .points = 100,
			      .rules = "x"};
	struct err e;

	engine_conf_defaults(&c);
	hub.engine = engine_new(&c, on_decision, NULL);
	engine_file(hub.engine, &f);
	T_EQ(engine_word(hub.engine, wall_from_s(T0), HELD, WORD_HOLD, SCOPE_ACCOUNT,
			 NULL, (wall_t){0}, "t", &e),
	     0);
	T_CHECK(engine_held(hub.engine, HELD) && !engine_held(hub.engine, WATCHED) &&
		!engine_held(hub.engine, CLEAN));
}

static void
order(void)
{
	/* the oldest are those who may have caused the brake */
	waits("A1", "watched@p.test", 0, WATCHED);
	waits("A2", "held@p.test", 0, HELD);
	waits("A3", "nobody@p.test", 0, -1);
	waits("A4", "clean@p.test", 0, CLEAN);
	waits("A4", "clean@p.test", 0, CLEAN); /* said twice */
	waits("B1", "other@q.test", 1, CLEAN);
	T_EQ(brakes_waiting(0), 4);
	T_EQ(brakes_waiting(1), 1);
	T_EQ(brakes_wait_let_out(0, 1), 1);
	T_STR(out(), "!clean@p.test "); /* the probe is a clean account's */
	T_EQ(brakes_wait_let_out(0, 1), 1);
	T_STR(out(), "!watched@p.test !clean@p.test ");
	T_EQ(brakes_wait_let_out(0, 10), 1);
	T_CHECK(strstr(out(), "held@") == NULL); /* never, whatever is owed */
	T_CHECK(strstr(out(), "nobody@") != NULL);
	T_EQ(brakes_wait_let_out(0, 10), 0);
	T_CHECK(strstr(out(), "other@") == NULL); /* another provider's */
}

static void
again(void)
{
	uint64_t failed = brakes.count.failed;

	brakes_wait_force_due(); /* hands is not there: said, nobody forgotten */
	T_EQ(brakes.count.forced, 3);
	T_EQ(brakes.count.failed, failed + 1);
	T_EQ(brakes_waiting(0), 4);
	tried("A4", "clean@p.test",
	      MT_DEFER); /* it waits once more, and can be let out */
	T_CHECK(strstr(out(), "clean@") == NULL);
	T_EQ(brakes_waiting(0), 4);
	T_EQ(brakes_wait_let_out(0, 1), 1);
	tried("A4", "clean@p.test", MT_SENT);
	T_EQ(brakes_waiting(0), 3);
	tried("A4", "clean@p.test", MT_SENT); /* a second line */
	tried("ZZ", "x@p.test", MT_SENT);     /* a message nobody knows */
	T_EQ(brakes_waiting(0), 3);
	waits("A1", "watched2@p.test", 0, WATCHED);
	brakes_gone("A1"); /* both recipients of it */
	T_EQ(brakes_waiting(0), 2);
	brakes_wait_forget_all();
	T_EQ(brakes_waiting(0) + brakes_waiting(1), 0);
	T_STR(out(), "");
}

/* One account's flood pushes out the oldest, which go when the brake is lifted. */
static void
full(void)
{
	char id[32];
	unsigned i;

	waits("LET", "let@p.test", 0, CLEAN);
	T_EQ(brakes_wait_let_out(0, 1), 1);
	for (i = 0; i < BRAKES_WAITING + 10; i++) {
		snprintf(id, sizeof id, "F%u", i);
		waits(id, "x@p.test", 0, CLEAN);
	}
	T_EQ(brakes_waiting(0), BRAKES_WAITING);
	T_EQ(brakes.count.untracked, 11);
	T_CHECK(strstr(out(), "let@") != NULL); /* who is on the way is not pushed out */
	brakes_wait_forget_all();
	T_EQ(brakes.count.waiting, 0);
}

int
main(void)
{
	accounts();
	brakes_wait_init();
	order();
	again();
	full();
	engine_free(&hub.engine);
	return T_DONE();
}
