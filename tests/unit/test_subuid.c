/* test_subuid - ranges of subordinate uids, and the account behind each uid of them */
#include "t.h"

#include <stdlib.h>

#include "subuid.h"

static int64_t
uid_of(const char *login)
{
	return strcmp(login, "alice") == 0 ? 1001 : strcmp(login, "bob") == 0 ? 1002 : -1;
}

int
main(void)
{
	static const char text[] = "# comment\n"
				   "bob:165536:65536\n"
				   "alice:100000:65536\n"
				   "1003:300000:10\n"
				   "nobody-known:400000:10\n"
				   "alice:0:65536\n" /* root's own: never */
				   "alice:500000\n"
				   "alice:500000:-1\n"
				   "alice:4294967290:100\n"
				   "alice:600000:1:more\n"
				   "\n"
				   "alice:700000:1"; /* no newline at the end */
	struct subuid_range *r;
	size_t n, over, i, len = 0;
	char *big;

	r = subuid_parse(text, sizeof text - 1, uid_of, &n, &over);
	T_EQ(n, 4);
	T_EQ(over, 0);
	T_EQ(subuid_find(r, n, 99999), 99999);
	T_EQ(subuid_find(r, n, 100000), 1001);
	T_EQ(subuid_find(r, n, 165535), 1001);
	T_EQ(subuid_find(r, n, 165536), 1002);
	T_EQ(subuid_find(r, n, 231071), 1002);
	T_EQ(subuid_find(r, n, 231072), 231072);
	T_EQ(subuid_find(r, n, 300009), 1003);
	T_EQ(subuid_find(r, n, 300010), 300010);
	T_EQ(subuid_find(r, n, 400000), 400000);
	T_EQ(subuid_find(r, n, 0), 0);
	T_EQ(subuid_find(r, n, 1001), 1001);
	T_EQ(subuid_find(r, n, 700000), 1001);
	T_EQ(subuid_find(r, n, 600000), 600000);
	free(r);
	r = subuid_parse("", 0, uid_of, &n, &over);
	T_CHECK(r == NULL && n == 0);
	T_EQ(subuid_find(r, n, 5), 5);

	/* more lines than are kept */
	big = malloc((SUBUID_MAX + 5) * 32);
	T_CHECK(big != NULL);
	if (big == NULL)
		return T_DONE();
	for (i = 0; i < SUBUID_MAX + 5; i++)
		len += (size_t)snprintf(big + len, 32, "1003:%zu:10\n", 1000000 + 10 * i);
	r = subuid_parse(big, len, uid_of, &n, &over);
	T_EQ(n, SUBUID_MAX);
	T_EQ(over, 5);
	T_EQ(subuid_find(r, n, 1000000 + 10 * SUBUID_MAX - 1), 1003);
	free(r);
	free(big);
	return T_DONE();
}
