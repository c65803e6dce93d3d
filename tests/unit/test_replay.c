#include "replay.h"

#include <string.h>

#include "t.h"

/* Lives in the CLI, which unit tests do not link: the parts under test are included. */
#include "../../daemon/client/replay_event.c"

static enum replay_damage
parse(const char *line, struct event **ev)
{
	*ev = NULL;
	return jsonl_event(line, strlen(line), ev);
}

static void
test_lines(void)
{
	static const struct {
		const char *line;
		enum replay_damage damage;
		enum event_kind kind;
	} rows[] = {
	    {"{\"t\":1,\"uid\":2,\"rcpts\":3}", REPLAY_FINE, EVENT_SUBMISSION},
	    {"{\"t\":1.5,\"uid\":2,\"id\":\"x\",\"outcome\":\"sent\"}", REPLAY_FINE,
	     EVENT_OUTCOME},
	    {"{\"t\":1,\"uid\":2,\"file\":\"/x\",\"points\":5,\"rules\":[\"a\",\"b\"]}",
	     REPLAY_FINE, EVENT_FILE},
	    {"{\"t\":1,\"uid\":2,\"word\":\"release\"}", REPLAY_FINE, EVENT_ADMIN},
	    {"admin {\"t\":1,\"uid\":2,\"word\":\"trust\"}", REPLAY_FINE, EVENT_ADMIN},
	    {"{\"event\":\"submission\",\"t\":1,\"uid\":2}", REPLAY_FINE,
	     EVENT_SUBMISSION},
	    {"{\"t\":1,\"uid\":2,\"rcpts\":3", REPLAY_NOT_JSON, 0},
	    {"[1]", REPLAY_NOT_OBJECT, 0},
	    {"{\"uid\":2,\"rcpts\":3}", REPLAY_NO_TIME, 0},
	    {"{\"t\":1e300,\"uid\":2,\"rcpts\":3}", REPLAY_BAD_TIME, 0},
	    {"{\"t\":-5,\"uid\":2,\"rcpts\":3}", REPLAY_BAD_TIME, 0},
	    {"{\"t\":1,\"uid\":-2,\"rcpts\":3}", REPLAY_NO_UID, 0},
	    {"{\"t\":1,\"rcpts\":3}", REPLAY_NO_UID, 0},
	    {"{\"t\":1,\"uid\":2,\"rcpts\":\"many\"}", REPLAY_BAD_VALUE, 0},
	    {"{\"t\":1,\"uid\":2,\"word\":\"explode\"}", REPLAY_BAD_VALUE, 0},
	    {"{\"t\":1,\"uid\":2}", REPLAY_UNKNOWN_EVENT, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct event *ev;

		T_CHECK(parse(rows[i].line, &ev) == rows[i].damage, "%s", rows[i].line);
		T_CHECK((ev != NULL) == (rows[i].damage == REPLAY_FINE), "%s",
			rows[i].line);
		T_CHECK(ev == NULL || ev->kind == rows[i].kind, "%s", rows[i].line);
		event_free(&ev);
	}
}

static void
test_fields(void)
{
	struct event *ev;

	T_EQ(
	    parse("{\"t\":1767225600.25,\"uid\":7,\"user\":\"b\\u00f6b\",\"script\":null,"
		  "\"rcpts\":10000,\"domains\":[\"A.Test\",4,\"b.test\"],\"own\":true,"
		  "\"body_hash\":17,\"label\":\"bad\",\"script_age_s\":1e30}",
		  &ev),
	    REPLAY_FINE);
	T_EQ(ev->t.us, INT64_C(1767225600250000));
	T_EQ(ev->rcpts, 10000);
	T_EQ(ev->domain_count, 2);
	T_STR(ev->domains[0], "a.test");
	T_CHECK(ev->script == NULL && ev->body_hash != 0 && ev->subject_hash == 0,
		"hashes");
	T_EQ(ev->own, 1);
	T_EQ(ev->label, LABEL_BAD);
	event_free(&ev);
	T_EQ(parse("{\"t\":1,\"uid\":7,\"domains\":[\"a\",\"b\"]}", &ev), REPLAY_FINE);
	T_EQ(ev->rcpts, 2);
	T_EQ(ev->own, -1);
	T_EQ(ev->script_age_s, -1);
	event_free(&ev);
}

static void
test_order(void)
{
	static struct order o;
	int64_t before = 0;
	unsigned n = 0;

	for (unsigned i = 0; i < 3000; i++) {
		struct event *ev = event_new(EVENT_ADMIN);

		/* shuffled within blocks of 100; one from years ago, one from years ahead
		 */
		ev->t = wall_from_s(1000000 + (i ^ 0x3f));
		if (i == 2000)
			ev->t = wall_from_s(5);
		if (i == 700)
			ev->t = wall_from_s(INT64_C(3000000000));
		ev = order_push_take(&o, ev);
		if (ev == NULL)
			continue;
		T_CHECK(ev->t.us >= before, "in order");
		before = ev->t.us;
		n++;
		event_free(&ev);
	}
	for (struct event *ev; (ev = order_pop(&o)) != NULL; n++) {
		T_CHECK(ev->t.us >= before, "in order");
		before = ev->t.us;
		event_free(&ev);
	}
	T_EQ(n, 3000);
	T_EQ(o.late, 1);
}

int
main(void)
{
	test_lines();
	test_fields();
	test_order();
	return T_DONE();
}
