/* To people it wrote to before: a phone, a bomb for it, buyers who are due a message. */
#include "engine_frame.h"

/* A monitor that tells one phone, its record saved and loaded on the way; and a bomb. */
static void
test_same_address(void)
{
	struct engine *e = fresh(0), *other = fresh(0);
	int64_t t = T0;
	unsigned left = 0;
	size_t len;
	void *rec;
	struct err err;

	engine_salt(e, 77);
	to = 4711;
	for (unsigned i = 0; i < 600; i++, t += 300)
		left += passes(e, (struct mail){t, 60, 0, 1, "/mon.php", 7, 0});
	T_EQ(left, 600);
	rec = engine_save(e, 1001, &len);
	T_EQ(engine_load(other, rec, len, &err), 0);
	free(rec);
	for (unsigned i = 0; i < 50; i++, t += 300)
		left += passes(other, (struct mail){t, 60, 0, 1, "/mon.php", 7, 0});
	T_EQ(left, 650);
	left = 0;
	for (unsigned i = 0; i < 600; i++, t++)
		left += passes(e, (struct mail){t, 60, 0, 1, "/mon.php", 7, 0});
	T_CHECK(left <= 60, "%u of a bomb left", left);
	engine_free(&e);
	/* to ten thousand people each is somebody new, whoever was met before */
	e = fresh(0);
	left = 0;
	for (unsigned i = 0; i < 600; i++) {
		to = i % 3 == 0 ? 4711 : 5000 + i;
		left += passes(e, (struct mail){T0 + i, 60, 0, 1, "/mon.php", 7, 0});
	}
	T_CHECK(left <= 8, "%u left, of them 5 to people", left);
	to = 0;
	engine_free(&e);
	engine_free(&other);
}

/* To one it wrote to before: a mailbox as much as an unproven script, unless its usual
 * hours add up to more; a known script whose job fails every minute, all day. */
static void
test_known_bomb(void)
{
	enum { BOMB, HELPDESK, CRON, SCRIPT_BOMB, KINDS };
	static const unsigned gap[] = {31, 62, 60, 15};

	for (unsigned k = 0; k < KINDS; k++) {
		struct engine *e = fresh(0);
		bool box = k == BOMB || k == HELPDESK;
		/* what its usual hour allows: no bound but the day's is tested here */
		unsigned left = 0, burst = k == HELPDESK ? 40 : k == SCRIPT_BOMB ? 20 : 1;
		struct mail m = {T0, 0, 0, 1, box ? NULL : "/s.php", 0, 0};

		login = box ? "box@a.test" : NULL;
		for (unsigned i = 0; i < 8 * 14; i++) {
			m.t = T0 + (int64_t)i * 10800;
			m.age = box ? -1 : 30 * 86400 + m.t - T0;
			m.text = 10 + i;
			to = 1000 + (box ? i : i % 3);
			T_EQ(send_one(e, m), ANSWER_PASS);
			to = 4711;
			for (unsigned j = 0; i % 8 == 3 && j < burst; j++) {
				m.t += 60;
				T_EQ(send_one(e, m), ANSWER_PASS);
			}
		}
		to = 4711;
		m.text = 7;
		for (unsigned i = 0; i < 86400 / gap[k]; i++) {
			m.t += gap[k];
			left += passes(e, m);
		}
		if (k == BOMB)
			T_CHECK(left <= 700, "%u left", left);
		else if (k == SCRIPT_BOMB)
			T_CHECK(left > 600 && left <= 2000, "%u left", left);
		else
			T_EQ(left, 86400 / gap[k]);
		engine_free(&e);
	}
	login = NULL;
	to = 0;
}

/* The shop's script, which was there before T0, to one buyer. */
static unsigned
shop_sends(struct engine *e, int64_t t, uint64_t buyer, uint64_t text)
{
	struct mail m = {t, 1000000 + t - T0, 0, 1, "/shop/index.php", text, 0};
	unsigned left;

	to = buyer;
	left = passes(e, m);
	to = 0;
	return left;
}

/* Orders of one day to people never met, by one script; the first buyer's address and how
 * many. Returns how many left. */
static unsigned
orders(struct engine *e, int64_t day, uint64_t first, unsigned n)
{
	unsigned left = 0;

	for (unsigned i = 0; i < n; i++)
		left +=
		    shop_sends(e, T0 + day * 86400 + 16 * 3600 + (int64_t)i * 57600 / n,
			       first + i, first * 3 + i);
	return left;
}

/* A message to each of them, two seconds apart, when the shop opens; each its own text,
 * or all the same. */
static unsigned
batch(struct engine *e, int64_t day, uint64_t first, unsigned n, uint64_t text)
{
	unsigned left = 0;

	for (unsigned i = 0; i < n; i++)
		left +=
		    shop_sends(e, T0 + day * 86400 + 9 * 3600 + 2 * (int64_t)i, first + i,
			       text == 0 ? UINT64_C(1) << 40 | first << 8 | i : text);
	return left;
}

/* Twelve days of a shop that ships in the morning, then a sale to n. */
static struct engine *
shipping_shop(unsigned n)
{
	struct engine *e = fresh(0);

	engine_salt(e, 77);
	for (int64_t day = 0; day < 12; day++) {
		if (day > 0)
			T_EQ(batch(e, day, (uint64_t)day * 1000, 20, 0), 20);
		T_EQ(orders(e, day, (uint64_t)(day + 1) * 1000, 20), 20);
	}
	T_EQ(batch(e, 12, 12000, 20, 0), 20);
	T_EQ(orders(e, 12, 13000, n), n);
	return e;
}

/* The customers' table in a thief's hands, 4 a second in the evening, two to each. */
static unsigned
thief(struct engine *e, int64_t day, unsigned n)
{
	unsigned left = 0;

	for (unsigned i = 0; i < 2 * n; i++)
		left += shop_sends(e, T0 + day * 86400 + 20 * 3600 + i / 4, 13000 + i % n,
				   UINT64_C(1) << 41 | i);
	return left;
}

/* A message to each of the last 180 buyers, twice, 20 a second. */
static unsigned
to_buyers(struct engine *e, const char *script)
{
	unsigned left = 0;

	for (unsigned i = 0; i < 360; i++) {
		struct mail m = {T0 + 6 * 86400 + i / 20, -1, 0, 1, script, 10000 + i, 0};

		to = 5180 + i % 180;
		left += passes(e, m);
	}
	to = 0;
	return left;
}

/* A shop's first week, of which no age was ever told: its buyers are due two messages by
 * the script they bought from, and no third; of any other they are strangers. */
static void
test_due_blind(void)
{
	for (unsigned own = 0; own < 2; own++) {
		struct engine *e = fresh(0);
		unsigned left;

		engine_salt(e, 77);
		for (unsigned i = 0; i < 360; i++) {
			struct mail m = {T0 + 16 * 3600 + i / 60 * 86400 + i % 60 * 600,
					 -1,
					 0,
					 1,
					 "/shop/orders.php",
					 100 + i,
					 0};

			to = 5000 + i;
			T_EQ(send_one(e, m), ANSWER_PASS);
		}
		left = to_buyers(e, own ? "/shop/orders.php" : "/shop/uploads/x.php");
		if (own) {
			T_EQ(left, 360);
			left = to_buyers(e, "/shop/orders.php");
			T_CHECK(left <= 60, "a third: %u left", left);
		} else
			T_CHECK(left <= 5, "another's: %u left", left);
		engine_free(&e);
	}
}

/* The morning after a sale all of it is shipped. Who is due nothing is not written to as
 * freely, whoever has the customers' table, nor is one text sent to them all. */
static void
test_shipping(void)
{
	struct engine *e = shipping_shop(70), *other = fresh(0);
	void *bytes, *again;
	size_t len = 0, len2 = 0;
	struct err err;
	unsigned left;

	bytes = engine_save(e, 1001, &len);
	T_EQ(engine_load(other, bytes, len, &err), 0);
	again = engine_save(other, 1001, &len2);
	T_CHECK(len == len2 && memcmp(bytes, again, len) == 0, "%zu %zu", len, len2);
	free(bytes);
	free(again);
	T_EQ(batch(other, 13, 13000, 70, 0), 70);
	T_EQ(batch(e, 13, 13000, 70, 0), 70);
	engine_free(&other);
	engine_free(&e);
	e = shipping_shop(160); /* a quarter of the week's, though each is due two */
	left = batch(e, 13, 13000, 160, 0) + batch(e, 13, 13000, 160, 0);
	T_CHECK(left <= 210, "%u of 320 to the last buyers left", left);
	engine_free(&e);
	e = shipping_shop(160);
	left = batch(e, 13, 13000, 160, 7);
	T_CHECK(left <= 60, "%u of one text left", left);
	engine_free(&e);
	e = shipping_shop(160);
	left = 0;
	for (uint64_t day = 3; day < 9; day++) /* bought long ago */
		left += batch(e, 13, day * 1000, 20, 0);
	T_CHECK(left <= 60, "%u to old customers left", left);
	engine_free(&e);
	e = shipping_shop(160);
	left = batch(e, 13, 900000, 300, 0);
	T_CHECK(left <= 60, "%u to nobody it knows left", left);
	engine_free(&e);
	e = shipping_shop(160);
	left = thief(e, 13, 160);
	T_CHECK(left <= 190, "%u to the last buyers in the evening left", left);
	engine_free(&e);
}

/* A shop whose newsletter greets each by his name: its readers bought nothing, a thief in
 * the shop's script cannot write to them as to buyers. Returns how many left. */
static unsigned
readers_stolen(void)
{
	struct engine *e = fresh(0);
	unsigned left = 0;

	engine_salt(e, 77);
	for (int64_t day = 0; day < 24; day++) {
		if (day > 0)
			T_EQ(batch(e, day, (uint64_t)day * 1000, 20, 0), 20);
		T_EQ(orders(e, day, (uint64_t)(day + 1) * 1000, 20), 20);
		for (unsigned i = 0; day % 7 == 2 && i < 600; i++) {
			struct mail m = {T0 + day * 86400 + 18 * 3600 + i,
					 1000000 + day * 86400,
					 0,
					 1,
					 "/shop/news.php",
					 UINT64_C(1) << 42 | (uint64_t)day << 16 | i,
					 0};

			to = 500000 + i;
			left += !passes(e, m);
			to = 0;
		}
	}
	T_EQ(left, 0);
	for (unsigned i = 0; i < 1200; i++)
		left += shop_sends(e, T0 + 24 * 86400 + 9 * 3600 + i / 4,
				   500000 + i % 600, UINT64_C(1) << 43 | i);
	engine_free(&e);
	return left;
}

static void
test_readers(void)
{
	unsigned left = readers_stolen();

	T_CHECK(left <= 80, "%u of 1200 to a newsletter's readers left", left);
}

int
main(void)
{
	test_same_address();
	test_known_bomb();
	test_due_blind();
	test_shipping();
	test_readers();
	return T_DONE();
}
