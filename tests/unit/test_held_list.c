/*
 * test_held_list - who stands in the list of held accounts
 *
 * Job:     unit test of daemon/common/held_list.c.
 * Touches: one temporary file.
 */
#include "t.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "held_list.h"

#define NOW 1700000000

static char place[] = "/tmp/test_held_list.XXXXXX";

static bool
has(const char *text, uint32_t uid)
{
	FILE *f = fopen(place, "w");

	T_CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
	return held_list_has(place, uid, NOW);
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
	/* stopped: for as long as a restart takes, however often it is said */
	T_CHECK(has(list, 1001) && held_list_stop(place, NOW, &e) == 0);
	T_CHECK(held_list_stop(place, NOW + 20, &e) == 0);
	T_CHECK(held_list_has(place, 1001, NOW) && held_list_has(place, 70000, NOW + 30));
	T_CHECK(!held_list_has(place, 1001, NOW + 31));
	T_CHECK(!held_list_has(place, 1001, NOW - 1));
	T_CHECK(!held_list_has(place, 100, NOW) && !held_list_has(place, 0, NOW));
	T_CHECK(unlink(place) == 0);
	T_CHECK(held_list_stop(place, NOW, &e) == 0 && access(place, F_OK) != 0);
	snprintf(link, sizeof link, "%s.link", place); /* what a link names stays */
	T_CHECK(has(list, 1001) && symlink(place, link) == 0);
	T_CHECK(held_list_stop(link, NOW, &e) == 0 && held_list_has(place, 1001, NOW));
	T_CHECK(unlink(link) == 0);
	/* no new one can be written: emptied where it is */
	snprintf(link, sizeof link, "%s.new", place);
	T_CHECK(has(list, 1001) && mkdir(link, 0700) == 0);
	T_CHECK(held_list_stop(place, NOW, &e) == 0 && access(place, F_OK) == 0);
	T_CHECK(!held_list_has(place, 1001, NOW));
	T_CHECK(rmdir(link) == 0 && unlink(place) == 0);
	T_CHECK(!held_list_has(place, 1001, NOW));
	return T_DONE();
}
