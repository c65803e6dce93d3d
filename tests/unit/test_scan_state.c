/*
 * test_scan_state - how far a scan came: there and back, and what is refused
 *
 * Job:     the file of `mailbrake scan --resume`, good, of another scan, and damaged.
 * Touches: a directory below /tmp.
 */
#include "t.h"

#include <stdlib.h>

/* Lives in the CLI, which unit tests do not link. */
#include "../../daemon/client/scan_state.c"

static char top[] = "/tmp/mailbrake-state.XXXXXX";
static char path[64], roots_a[] = "/home/a b/100%", roots_b[] = "/srv\n\xff";
static char *roots[] = {roots_a, roots_b, NULL};
static struct scan_state state, got;

static void
put(const char *text)
{
	FILE *f = fopen(path, "w");

	T_CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

static int
reads(struct err *e)
{
	got.rules_version = "v1";
	got.roots = roots;
	return scan_state_read(&got, path, e);
}

static void
test_there_and_back(void)
{
	struct err e;

	T_EQ(reads(&e), 0); /* no such file: a scan from the beginning */
	state = (struct scan_state){.rules_version = "v1", .roots = roots};
	T_EQ(scan_state_write(&state, path, &e), 0);
	T_EQ(reads(&e), 1);
	T_CHECK(!got.begun);
	state.begun = true;
	state.at_root = 1;
	(void)text_copy(state.at, sizeof state.at, "/srv\n\xff/d %41/\x1b[m.php");
	state.count = (struct scan_count){.files = 5,
					  .bytes = INT64_MAX,
					  .malicious = 3,
					  .suspicious = 2,
					  .unscanned = 1};
	T_EQ(scan_state_write(&state, path, &e), 0);
	T_EQ(reads(&e), 1);
	T_CHECK(got.begun);
	T_EQ(got.at_root, 1);
	T_STR(got.at, state.at);
	T_CHECK(memcmp(&got.count, &state.count, sizeof got.count) == 0);
	/* the longest path, every byte of it as %XX */
	memset(state.at, 1, sizeof state.at - 1);
	T_EQ(scan_state_write(&state, path, &e), 0);
	T_EQ(reads(&e), 1);
	T_STR(got.at, state.at);
}

#define ROOTS "root /home/a%20b/100%25\nroot /srv%0a%ff\n"

static void
test_refused(void)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
	    {"", "no state of a scan"},
	    {"nonsense\n", "no state of a scan"},
	    {"mailbrake-scan 2\n", "no state of a scan"},
	    {HEAD "rules v2\n" ROOTS, "other rules"},
	    {HEAD "rules v1\nroot /home/a%20b/100%25\n", "other paths"},
	    {HEAD "rules v1\nroot /home/other\n", "other paths"},
	    {HEAD "rules v1\n" ROOTS "root /more\n", "other paths"},
	    {HEAD "rules v1\nroot /home/a%2\n", "other paths"},
	    {HEAD "rules v1\nroot /home/a%zz\n", "other paths"},
	    {HEAD "rules v1\n" ROOTS "at 1\n", "a place"},
	    {HEAD "rules v1\n" ROOTS "at x /srv\n", "a place"},
	    {HEAD "rules v1\n" ROOTS "at -1 /srv\n", "a place"},
	    {HEAD "rules v1\n" ROOTS "at 0 /srv%00\n", "a place"},
	    {HEAD "rules v1\n" ROOTS "files many\n", "no number"},
	    {HEAD "rules v1\n" ROOTS "bytes -1\n", "no number"},
	    {HEAD "rules v1\n" ROOTS "files\n", "without a value"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct err e = {0};

		put(rows[i].text);
		T_EQ(reads(&e), -1);
		T_EQ(e.code, ERR_INPUT);
		T_CHECK(strstr(e.text, rows[i].why) != NULL, "row %zu: %s", i, e.text);
	}
}

static void
test_no_room(void)
{
	struct err e = {0};

	(void)snprintf(path, sizeof path, "%s/none/state", top);
	T_EQ(scan_state_write(&state, path, &e), -1);
	T_EQ(e.code, ERR_SYS);
}

int
main(void)
{
	if (mkdtemp(top) == NULL)
		return 1;
	(void)snprintf(path, sizeof path, "%s/state", top);
	test_there_and_back();
	test_refused();
	(void)unlink(path);
	test_no_room();
	(void)rmdir(top);
	return T_DONE();
}
