/*
 * test_held_list - who stands in the list of held accounts
 *
 * Job:     unit test of daemon/common/held_list.c.
 * Touches: one temporary file.
 */
#include "t.h"

#include <stdlib.h>
#include <unistd.h>

#include "held_list.h"

static char place[] = "/tmp/test_held_list.XXXXXX";

static bool
has(const char *text, uint32_t uid)
{
	FILE *f = fopen(place, "w");

	T_CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
	return held_list_has(place, uid);
}

int
main(void)
{
	static const char list[] = "# no mail of these uids goes\n1001:\n70000:\n";
	char path[64], link[sizeof place + 5];
	int fd = mkstemp(place);
	struct err e;

	T_CHECK(fd >= 0 && close(fd) == 0);
	held_list_path(path, sizeof path, "/etc/mailbrake/brake");
	T_STR(path, "/etc/mailbrake/brake.held");
	T_CHECK(has(list, 1001));
	T_CHECK(has(list, 70000));
	T_CHECK(!has(list, 100));
	T_CHECK(!has(list, 10011));
	T_CHECK(!has(list, 0));
	T_CHECK(!has("", 1001));
	T_CHECK(!has("#1001:\n", 1001));
	T_CHECK(!has("1001\n", 1001)); /* not a whole line of ours */
	T_CHECK(has("1001:", 1001));
	T_CHECK(!has("0:\n", 0)); /* root's mail is never held */
	T_CHECK(!has("4294968297:\n", 1001));
	T_CHECK(has(list, 1001) && held_list_empty(place, &e) == 0);
	T_CHECK(!held_list_has(place, 1001));
	T_CHECK(unlink(place) == 0);
	T_CHECK(held_list_empty(place, &e) == 0 && access(place, F_OK) != 0);
	snprintf(link, sizeof link, "%s.link", place); /* what a link names stays */
	T_CHECK(has(list, 1001) && symlink(place, link) == 0);
	T_CHECK(held_list_empty(link, &e) != 0 && held_list_has(place, 1001));
	T_CHECK(unlink(link) == 0 && unlink(place) == 0);
	T_CHECK(!held_list_has(place, 1001));
	return T_DONE();
}
