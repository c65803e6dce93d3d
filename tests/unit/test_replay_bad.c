/*
 * test_replay_bad - replay's bad input
 *
 * Job:     traces nobody should write: out of order, twice, years apart, a uid that
 *          belongs to somebody else now, no recipients and ten thousand, huge lines.
 * Touches: a file in a temporary directory, standard output while it runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t.h"

/* Lives in the CLI, which unit tests do not link: its parts are included. */
#include "../../daemon/client/replay.c"
#include "../../daemon/client/replay_event.c"
#include "../../daemon/client/replay_input.c"
#include "../../daemon/client/replay_log.c"
#include "../../daemon/client/replay_sum.c"

static char dir[] = "/tmp/test_replay_bad.XXXXXX", path[64], said[64];
static json_t *summary;    /* of the last run */
static unsigned held_told; /* ... and the decisions "to held" it told */

static FILE *
trace(void)
{
	FILE *f = fopen(path, "w");

	if (f == NULL)
		abort();
	return f;
}

static void
take_line(const char *line)
{
	json_t *o = json_loads(line, 0, NULL), *s = json_object_get(o, "summary");
	const char *to = json_string_value(json_object_get(o, "to"));

	held_told += to != NULL && strcmp(to, "held") == 0;
	if (s != NULL) {
		json_decref(summary);
		summary = json_incref(s);
	}
	json_decref(o);
}

/* Replay the trace with standard output in a file; its exit code. */
static int
run_it(FILE *f)
{
	char name[] = "replay", fmt[] = "--format", jsonl[] = "jsonl", js[] = "--json";
	char *argv[] = {name, fmt, jsonl, js, path, NULL};
	static char line[1 << 16];
	int keep, rc;

	fclose(f);
	json_decref(summary);
	summary = NULL;
	held_told = 0;
	fflush(stdout);
	keep = dup(1);
	if (freopen(said, "w", stdout) == NULL)
		abort();
	rc = replay_main(5, argv);
	fflush(stdout);
	dup2(keep, 1);
	close(keep);
	f = fopen(said, "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		take_line(line);
	if (f != NULL)
		fclose(f);
	return rc;
}

static int64_t
got(const char *key)
{
	return json_integer_value(json_object_get(summary, key));
}

static int64_t
damaged(const char *word)
{
	return json_integer_value(
	    json_object_get(json_object_get(summary, "damaged"), word));
}

static void
mail(FILE *f, double t, const char *user, unsigned id, const char *more)
{
	fprintf(f, "{\"t\":%.3f,\"uid\":1001,\"user\":\"%s\",\"id\":\"m%u\"%s}\n", t,
		user, id, more);
}
#define T0 1767225600.0
#define SPAM ",\"script\":\"/x.php\",\"script_age_s\":60,\"rcpts\":1,\"body_hash\":\"b\""

/* The same mail in any order of the lines: the same number leaves. */
static void
test_disorder(void)
{
	FILE *f = trace();

	for (unsigned i = 0; i < 400; i++)
		mail(f, T0 + (double)(i ^ 0x1f), "a", i, SPAM);
	T_EQ(run_it(f), 0);
	T_EQ(got("submissions"), 400);
	T_EQ(got("passed_rcpts"), 5);
	T_EQ(held_told, 1);
}

static void
test_twice(void)
{
	FILE *f = trace();

	for (unsigned i = 0; i < 8; i++) {
		mail(f, T0 + i / 2, "a", i / 2, SPAM);
		mail(f, T0 + i / 2, "a", i / 2, SPAM);
	}
	T_EQ(run_it(f), 0);
	T_EQ(got("duplicates"), 12);
	T_EQ(got("passed_rcpts"), 4);
	T_EQ(held_told, 0);
}

/* Years between two lines, and one from long ago among today's: nobody is held for it. */
static void
test_years(void)
{
	FILE *f = trace();

	for (unsigned i = 0; i < 30; i++)
		mail(f, T0 + 400 * 86400.0 * i, "a", i, ",\"rcpts\":1");
	for (unsigned i = 0; i < 600; i++)
		mail(f, T0 + 400 * 86400.0 * 30, "a", 100 + i,
		     ",\"rcpts\":1,\"own\":true");
	mail(f, 5, "a", 5000, ",\"rcpts\":1");
	T_EQ(run_it(f), 0);
	T_EQ(got("submissions"), 631);
	T_EQ(got("late"), 1);
}

/* The account was removed and its uid given to another: nothing is inherited. */
static void
test_uid_again(void)
{
	FILE *f = trace();

	for (unsigned i = 0; i < 50; i++)
		mail(f, T0 + i, "a", i, SPAM);
	for (unsigned i = 0; i < 4; i++)
		mail(f, T0 + 100 + i, "b", 100 + i, SPAM);
	T_EQ(run_it(f), 0);
	T_EQ(got("passed_rcpts"), 5 + 4);
	T_EQ(got("held_rcpts"), 45);
}

static void
test_how_many(void)
{
	FILE *f = trace();

	mail(f, T0, "a", 1, ",\"script\":\"/x.php\",\"rcpts\":0,\"script_age_s\":9");
	mail(f, T0 + 1, "a", 2,
	     ",\"script\":\"/x.php\",\"rcpts\":10000,\"script_age_s\":9");
	mail(f, T0 + 2, "a", 3, ",\"rcpts\":-3");
	mail(f, T0 + 3, "a", 4, ",\"rcpts\":1e99");
	mail(f, T0 + 4, "a", 5, ",\"rcpts\":[1]");
	T_EQ(run_it(f), 0);
	T_EQ(damaged("bad_value"), 1);
	T_EQ(got("submissions"), 4);
	T_EQ(held_told, 1);
	T_CHECK(got("passed_rcpts") <= 1, "%lld left", (long long)got("passed_rcpts"));
}

static void
test_huge(void)
{
	FILE *f = trace();

	mail(f, T0, "a", 1, ",\"rcpts\":1");
	fputs("{\"t\":1,\"uid\":2,\"id\":\"", f);
	for (unsigned i = 0; i < 3 * REPLAY_LINE_MAX; i++)
		fputc('x', f);
	fputs("\"}\n", f);
	fprintf(f, "{\"t\":%.0f,\"uid\":1001,\"script\":\"/", T0 + 1);
	for (unsigned i = 0; i < REPLAY_LINE_MAX / 2; i++)
		fputc('y', f);
	fputs("\",\"rcpts\":1}\n", f);
	for (unsigned i = 0; i < 2000; i++)
		fputc('[', f);
	fputc('\n', f);
	mail(f, T0 + 2, "a", 2, ",\"rcpts\":1");
	T_EQ(run_it(f), 0);
	T_EQ(damaged("line_too_long"), 1);
	T_EQ(damaged("not_json"), 1);
	T_EQ(got("submissions"), 3);
}

/* Addresses are optional; what is no list of them, or does not match, says nothing. */
static void
test_rcpt_hashes(void)
{
	FILE *f = trace();

	for (unsigned i = 0; i < 40; i++)
		mail(f, T0 + 300 * i, "a", i, SPAM ",\"rcpt_hashes\":[\"mon\"]");
	T_EQ(run_it(f), 0);
	T_EQ(got("passed_rcpts"), 40);
	f = trace();
	for (unsigned i = 0; i < 40; i++)
		mail(f, T0 + 300 * i, "a", i,
		     i % 2 == 0 ? SPAM ",\"rcpt_hashes\":\"mon\""
				: SPAM ",\"rcpt_hashes\":[\"mon\",\"mon\"]");
	T_EQ(run_it(f), 0);
	T_EQ(got("passed_rcpts"), 5);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		abort();
	snprintf(path, sizeof(path), "%s/trace", dir);
	snprintf(said, sizeof(said), "%s/said", dir);
	test_disorder();
	test_twice();
	test_years();
	test_uid_again();
	test_how_many();
	test_huge();
	test_rcpt_hashes();
	json_decref(summary);
	unlink(path);
	unlink(said);
	rmdir(dir);
	return T_DONE();
}
