/*
 * test_store - rows there and back, groups, bounds, migration
 *
 * Job:     unit test of db/.
 * Touches: a temporary directory; children of its own.
 */
#include "store_frame.h"

#include <signal.h>
#include <sys/stat.h>

static bool
see_account(void *arg, const struct store_account *v)
{
	(void)arg;
	T_EQ(v->uid, 1001);
	T_STR(v->login, "web1");
	T_STR(v->state, "held");
	T_EQ(v->record_len, 3);
	T_CHECK(memcmp(v->record, "a\0b", 3) == 0);
	return false;
}

static bool
see_decision(void *arg, const struct store_decision *v)
{
	int *n = arg;

	if ((*n)++ == 0) {
		T_STR(v->to, "held");
		T_STR(v->facts, "{\"rcpts\":6}");
		T_EQ(v->t.us, 5000001);
	}
	return true;
}

static bool
see_held(void *arg, const struct store_held *v)
{
	const char *state = arg;

	T_STR(v->id, "0123456789abcdef");
	T_STR(v->script, "/home/w/\xff\x01.php");
	T_STR(v->subject, "Hi \"there\"");
	T_STR(v->state, state);
	T_EQ(v->size, 1234);
	return true;
}

struct nth {
	struct store_finding last;
	int left, seen;
};

/* The first `left` of them, each behind the one before. */
static bool
take_some(void *arg, const struct store_finding *v)
{
	struct nth *n = arg;

	T_CHECK(v->uid > n->last.uid || v->dev > n->last.dev || v->ino > n->last.ino);
	T_EQ(v->gone.us, 0);
	n->last = (struct store_finding){.uid = v->uid, .dev = v->dev, .ino = v->ino};
	n->seen++;
	return --n->left > 0;
}

static void
put_finding(struct store *s, int64_t uid, uint64_t ino, int64_t points, wall_t gone)
{
	struct store_finding x = {.dev = 7,
				  .ino = ino,
				  .path = "/p",
				  .rule = "r",
				  .group = "g",
				  .points = points,
				  .uid = uid,
				  .t = {10},
				  .gone = gone,
				  .sha256 = "aa"};

	T_EQ(store_finding_put(s, &x, &e), 0);
}

/* Of one file, in parts, counted, and the least forgotten. */
static void
test_findings(void)
{
	struct store *s = must_open();
	struct nth all = {.last = {.uid = -1}}, one = {.last = {.uid = -1}};
	uint64_t n;
	int seen = 0;

	for (uint64_t i = 1; i <= 20; i++) {
		put_finding(s, 1001, i, (int64_t)(10 + i), (wall_t){i % 4 == 0 ? 5 : 0});
		put_finding(s, 1002, 100 + i, 50, (wall_t){0});
	}
	T_EQ(store_finding_of(s, 7, 4, false, count_finding, &seen, &e), 0);
	T_EQ(seen, 1);
	T_EQ(store_finding_of(s, 7, 4, true, count_finding, &seen, &e), 0);
	T_EQ(store_finding_of(s, 8, 1, false, count_finding, &seen, &e), 0);
	T_EQ(seen, 1);
	for (int part = 0; part < 7; part++) { /* 15 live ones, and 20 of the other */
		all.left = 5;
		T_EQ(store_finding_after(s, -1, &all.last, take_some, &all, &e), 0);
		T_EQ(all.seen, 5 * (part + 1));
	}
	T_EQ(store_finding_after(s, -1, &all.last, take_some, &all, &e), 0);
	T_EQ(all.seen, 35);
	one.left = 100;
	one.last.dev = UINT64_C(1) << 63;
	T_EQ(store_finding_after(s, 1001, &one.last, count_finding, &one.seen, &e), 0);
	T_EQ(one.seen, 15);
	T_EQ(store_finding_count(s, 1001, &n, &e), 0);
	T_EQ(n, 20);
	/* the five gone ones and the three weakest go */
	T_EQ(store_finding_trim(s, 1001, 8, &e), 0);
	T_EQ(store_finding_count(s, 1001, &n, &e), 0);
	T_EQ(n, 12);
	seen = 0;
	T_EQ(store_finding_of(s, 7, 3, true, count_finding, &seen, &e), 0);
	T_EQ(seen, 0);
	T_EQ(store_finding_of(s, 7, 5, true, count_finding, &seen, &e), 0);
	T_EQ(seen, 1);
	T_EQ(store_finding_count(s, 1002, &n, &e), 0);
	T_EQ(n, 20);
	store_close(&s);
}

static bool
sum_counter(void *arg, const struct store_counter *v)
{
	int64_t *n = arg;

	*n += v->count;
	return true;
}

static bool
see_file(void *arg, const struct store_file *v)
{
	int *n = arg;

	(*n)++;
	T_STR(v->path, "/home/w/x\xff.php");
	T_STR(v->reason, "time");
	return true;
}

static void
rows_decision(struct store *s)
{
	struct store_decision d = {.t = {5000000},
				   .uid = 1001,
				   .subject = "web1",
				   .from = "clear",
				   .to = "watched",
				   .reason = "r",
				   .who = "mailbrake",
				   .facts = "{}"};

	T_EQ(store_decision_add(s, &d, &e), 0);
	d.t.us++;
	d.to = "held";
	d.facts = "{\"rcpts\":6}";
	T_EQ(store_decision_add(s, &d, &e), 0);
	T_ROWS(2, store_decision_each, s, 1001, 10, see_decision);
	T_ROWS(1, store_decision_each, s, -1, 1, see_decision);
	T_ROWS(0, store_decision_each, s, 1002, 10, count_decision);
}

static void
rows_held(struct store *s)
{
	struct store_held h = {.id = "0123456789abcdef",
			       .uid = 1001,
			       .login = "web1",
			       .size = 1234,
			       .rcpts = 2,
			       .subject = "Hi \"there\"",
			       .script = "/home/w/\xff\x01.php",
			       .state = "held"};

	T_EQ(store_held_put(s, &h, &e), 0);
	T_EQ(store_held_get(s, h.id, see_held, (void *)(uintptr_t) "held", &e), 1);
	T_EQ(store_held_set_state(s, h.id, "releasing", 1, "", (wall_t){9}, &e), 0);
	T_EQ(store_held_get(s, h.id, see_held, (void *)(uintptr_t) "releasing", &e), 1);
	T_EQ(store_held_get(s, "zzzzzzzzzzzzzzzz", see_held, NULL, &e), 0);
	T_ROWS(0, store_held_each, s, 1001, "held", 0, count_held);
	T_ROWS(1, store_held_each, s, 1001, NULL, 0, count_held);
	T_ROWS(1, store_held_each, s, -1, "releasing", 0, count_held);
	T_ROWS(1, store_held_each, s, -1, NULL, 5, count_held);
	T_ROWS(1, store_held_open_after, s, -1, "", 5, count_held);
	T_ROWS(1, store_held_open_after, s, 1001, "", 5, count_held);
	T_ROWS(0, store_held_open_after, s, 1002, "", 5, count_held);
	T_ROWS(0, store_held_open_after, s, -1, h.id, 5, count_held);
	T_ROWS(0, store_held_open_after, s, -1, "", 0, count_held);
	T_EQ(store_held_set_state(s, h.id, "released", 1, "", (wall_t){9}, &e), 0);
	T_ROWS(0, store_held_open_after, s, -1, "", 5, count_held);
}

static void
rows_file(struct store *s)
{
	struct store_file f = {.dev = UINT64_MAX,
			       .ino = 7,
			       .size = 10,
			       .ctime_us = -5,
			       .rules = ~0ull - 1},
			  g;
	char digest[STORE_DIGEST];

	T_EQ(store_file_put(s, &f, &e), 0);
	T_EQ(store_file_get(s, UINT64_MAX, 7, &g, &e), 1);
	T_EQ(g.ctime_us, -5);
	T_CHECK(g.rules == ~0ull - 1);
	T_EQ(store_file_get(s, 1, 7, &g, &e), 0);
	T_EQ(store_file_drop(s, UINT64_MAX, 7, &e), 0);
	T_EQ(store_file_get(s, UINT64_MAX, 7, &g, &e), 0);
	T_EQ(store_found_get(s, UINT64_MAX, 9, 1, digest, &e), 0);
	T_EQ(store_found_put(s, UINT64_MAX, 9, 1, "0123456789abcdef", &e), 0);
	T_EQ(store_found_get(s, UINT64_MAX, 9, 1, digest, &e), 1);
	T_EQ(memcmp(digest, "0123456789abcdef", sizeof digest), 0);
	T_EQ(store_found_get(s, UINT64_MAX, 9, 0, digest, &e), 0);
	f.verdict = 3;
	f.uid = 5;
	f.path = "/home/w/x\xff.php";
	f.reason = "time";
	T_EQ(store_file_put(s, &f, &e), 0);
	T_ROWS(1, store_file_each, s, -1, -1, see_file);
	T_ROWS(1, store_file_each, s, 5, 3, see_file);
	T_ROWS(0, store_file_each, s, 6, -1, see_file);
}

static void
rows_finding(struct store *s)
{
	struct store_finding x = {.dev = 1,
				  .ino = 2,
				  .path = "/p",
				  .rule = "r1",
				  .group = "g",
				  .points = 60,
				  .uid = 1001,
				  .t = {10},
				  .sha256 = "aa"};

	T_EQ(store_finding_put(s, &x, &e), 0);
	x.rule = "r2";
	T_EQ(store_finding_put(s, &x, &e), 0);
	T_ROWS(2, store_finding_each, s, 1001, true, count_finding);
	T_EQ(store_finding_gone(s, 1, 2, (wall_t){20}, &e), 0);
	T_ROWS(0, store_finding_each, s, -1, true, count_finding);
	T_ROWS(2, store_finding_each, s, -1, false, count_finding);
}

static void
rows_others(struct store *s)
{
	struct store_counter c = {.hour = 480000,
				  .uid = 1001,
				  .provider = "microsoft",
				  .scope = "ip",
				  .outcome = "bounced",
				  .count = 2};
	struct store_trust t = {
	    .uid = 1001, .kind = "script", .key = "/a.php", .who = "root"};
	struct store_incident i = {.key = "hold:1001", .text = "x", .count = 1};
	struct store_aside a = {.id = "1-2", .path = "/p", .state = "away", .uid = 1001};
	char buf[8];
	size_t len;
	int64_t sum = 0;

	T_EQ(store_counter_add(s, &c, &e), 0);
	T_EQ(store_counter_add(s, &c, &e), 0);
	T_EQ(store_counter_each(s, 480000, sum_counter, &sum, &e), 0);
	T_EQ(sum, 4);
	T_EQ(store_trust_put(s, &t, &e), 0);
	T_EQ(store_trust_drop(s, 1001, "script", "/a.php", &e), 0);
	T_EQ(store_incident_put(s, &i, &e), 0);
	i.key = "hold:1002";
	i.t_last.us = 9000000;
	T_EQ(store_incident_put(s, &i, &e), 0);
	T_EQ(store_aside_put(s, &a, &e), 0);
	T_EQ(store_kv_put(s, "log", "0123456789", 10, &e), 0);
	T_EQ(store_kv_get(s, "log", buf, sizeof buf, &len, &e), 1);
	T_EQ(len, 10);
	T_CHECK(memcmp(buf, "01234567", 8) == 0);
	T_EQ(store_kv_get(s, "none", buf, sizeof buf, &len, &e), 0);
}

/* What is there when the store is opened again, and what is pruned of it. */
static void
rows_again(void)
{
	struct store *s = must_open();
	struct store_status st;

	store_status(s, &st);
	T_CHECK(!st.fresh);
	T_EQ(st.generation, 1);
	T_EQ(store_account_each(s, see_account, NULL, &e), 0);
	T_ROWS(2, store_incident_each, s, count_incident);
	T_EQ(store_prune(s, (wall_t){5000001}, &e), 0);
	T_ROWS(1, store_incident_each, s, count_incident);
	T_ROWS(1, store_decision_each, s, -1, 10, see_decision);
	T_ROWS(0, store_finding_each, s, -1, false, count_finding);
	store_close(&s);
}

static void
test_rows(void)
{
	struct store *s = must_open();
	struct store_status st;

	store_status(s, &st);
	T_CHECK(st.fresh);
	/* what was put is seen before it is committed */
	T_EQ(put_account(s, 1001, "clear"), 0);
	T_EQ(put_account(s, 1001, "held"), 0);
	T_EQ(store_account_each(s, see_account, NULL, &e), 0);
	rows_decision(s);
	rows_held(s);
	rows_file(s);
	rows_finding(s);
	rows_others(s);
	T_CHECK(store_due_ms(s, clock_mono()) >= 0);
	T_EQ(store_sync(s, &e), 0);
	T_EQ(store_due_ms(s, clock_mono()), -1);
	store_close(&s);
	T_CHECK(s == NULL);
	rows_again();
}

/* Group by rows and by age. */
static void
test_group(void)
{
	struct store *s;
	struct store_status st;
	mono_t now = clock_mono();
	int i;

	s = open_anew();
	T_EQ(store_check(s, &e), 0);
	for (i = 0; i < 250; i++) {
		T_EQ(put_account(s, i, "clear"), 0);
		now = clock_mono();
		/* not yet due by age: only the count commits */
		now.us -= 1000000;
		T_EQ(store_flush(s, now, &e), 0);
	}
	store_status(s, &st);
	T_EQ(st.commits, 2);
	T_EQ(st.rows, 200);
	T_EQ(st.waiting, 50);
	now = mono_after_ms(clock_mono(), STORE_GROUP_MS);
	T_EQ(store_due_ms(s, now), 0);
	T_EQ(store_flush(s, now, &e), 0);
	store_status(s, &st);
	T_EQ(st.waiting, 0);
	T_EQ(st.waiting_bytes, 0);
	store_close(&s);
}

/* Over the bound clean files are not kept, found ones are; room is made again. */
static void
test_files_bound(void)
{
	struct store_file f = {.dev = 1, .rules = 1ull << 60, .size = 1ull << 40}, g;
	struct store_status st;
	struct store *s;
	uint64_t i;

	s = open_anew();
	for (i = 1; i <= 12000; i++) {
		f.ino = i;
		f.ctime_us = (int64_t)i << 30;
		T_EQ(store_file_put(s, &f, &e), 0);
	}
	T_EQ(store_found_put(s, 1, 1, 0, "0123456789abcdef", &e), 0);
	T_EQ(store_check(s, &e), 0);
	store_status(s, &st);
	T_CHECK(!st.files_full);
	store_files_bound(s, 400000);
	T_EQ(store_check(s, &e), 0);
	store_status(s, &st);
	T_CHECK(st.files_full);
	f.ino = 20000;
	T_EQ(store_file_put(s, &f, &e), -1);
	T_EQ(e.code, ERR_AGAIN);
	store_status(s, &st);
	T_EQ(st.lost_clean, 1);
	f.verdict = 2;
	f.path = "/p";
	T_EQ(store_file_put(s, &f, &e), 0);
	/* the lowest went first; what was found stays however often */
	T_EQ(store_file_get(s, 1, 1, &g, &e), 0);
	T_EQ(store_file_get(s, 1, 12000, &g, &e), 1);
	for (i = 0; i < 5; i++)
		T_EQ(store_check(s, &e), 0);
	store_status(s, &st);
	T_CHECK(!st.files_full);
	T_EQ(store_file_get(s, 1, 20000, &g, &e), 1);
	f.verdict = 0;
	f.path = NULL;
	f.ino = 1;
	T_EQ(store_file_put(s, &f, &e), 0);
	T_EQ(store_file_get(s, 1, 1, &g, &e), 1);
	store_close(&s);
}

/* What version 1 left behind is brought to the shape of a new one, with its rows. */
static void
test_migration(void)
{
	static const char shape[] =
	    "SELECT m.type,m.name,p.name,p.type,p.pk FROM sqlite_schema m "
	    "LEFT JOIN pragma_table_info(m.name) p WHERE m.name NOT LIKE 'sqlite_%' "
	    "ORDER BY 1,2,3; PRAGMA user_version";
	static char fresh[32768], migrated[32768], out[256];
	char read_v1[sizeof __FILE__ + 32], *slash;
	struct store *s;
	struct store_status st;

	s = open_anew();
	store_close(&s);
	shell(shape, fresh, sizeof fresh);
	begin_anew();
	(void)snprintf(read_v1, sizeof read_v1, ".read %s", __FILE__);
	slash = strrchr(read_v1, '/');
	T_CHECK(slash != NULL);
	(void)snprintf(slash, sizeof read_v1 - (size_t)(slash - read_v1),
		       "/store_v1.sql");
	shell(read_v1, out, sizeof out);
	shell("PRAGMA user_version", out, sizeof out);
	T_STR(out, "1\n");
	s = must_open();
	store_status(s, &st);
	T_EQ(st.generation, 1);
	T_CHECK(!st.fresh);
	T_EQ(accounts(s), 1);
	T_ROWS(2, store_decision_each, s, 1001, 10, count_decision);
	T_EQ(store_prune(s, (wall_t){1700000000500000}, &e), 0);
	T_ROWS(1, store_decision_each, s, 1001, 10, count_decision);
	T_EQ(put_account(s, 1002, "clear"), 0);
	store_close(&s);
	shell(shape, migrated, sizeof migrated);
	T_STR(migrated, fresh);
}

/* A database of a newer program is left alone; nothing else stops the start. */
static void
test_newer(void)
{
	struct store *s = NULL;
	char out[64];

	begin_anew();
	shell("create table x(a); pragma user_version=99", out, sizeof out);
	T_EQ(store_open(&s, dir, &e), -1);
	T_EQ(e.code, ERR_STORE);
	T_CHECK(strstr(e.text, "newer") != NULL, "%s", e.text);
	T_EQ(store_open(&s, "/nonexistent/dir", &e), -1);
	T_EQ(e.code, ERR_SYS);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	test_findings();
	begin_anew();
	test_rows();
	test_group();
	test_files_bound();
	test_migration();
	test_newer();
	begin_anew();
	T_EQ(rmdir(dir), 0);
	return T_DONE();
}
