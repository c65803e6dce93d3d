/*
 * test_scan_names - a directory's names in order, in less memory than they need
 *
 * Job:     every name once and in order, whatever the limit; taking up after a name.
 * Touches: a temporary directory.
 */
#include "t.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../daemon/client/scan_names.c"

#define FILES 1000

static char top[] = "/tmp/test-names.XXXXXX";

/* Walk all passes; returns how many names came, and checks their order. */
static unsigned
walk(DIR *d, const char *after, bool inclusive, size_t limit, unsigned *passes)
{
	struct names n = {0};
	char last[256] = "";
	const char *name;
	unsigned char type;
	unsigned count = 0;

	*passes = 0;
	do {
		rewinddir(d);
		T_EQ(names_read(&n, d, *passes == 0 ? after : last,
				*passes == 0 && inclusive, limit),
		     0);
		T_CHECK(names_memory(&n) <= limit + 8192, "%zu bytes", names_memory(&n));
		while ((name = names_next(&n, &type)) != NULL) {
			T_CHECK(strcmp(last, name) < 0, "\"%s\" after \"%s\"", name,
				last);
			(void)snprintf(last, sizeof last, "%s", name);
			count++;
		}
		++*passes;
	} while (n.more && *passes < 10000);
	names_free(&n);
	return count;
}

int
main(void)
{
	unsigned i, passes;
	char name[300];
	int dir;
	DIR *d;

	T_CHECK(mkdtemp(top) != NULL, "mkdtemp");
	dir = open(top, O_RDONLY | O_DIRECTORY);
	d = opendir(top);
	T_CHECK(dir >= 0 && d != NULL, "%s", top);
	for (i = 0; i < FILES; i++) {
		(void)snprintf(name, sizeof name, "%08x%.*s", i * 2654435761U,
			       (int)(i % 240),
			       "..............................................."
			       "..............................................."
			       "..............................................."
			       "..............................................."
			       "............................................"
			       "............");
		close(openat(dir, name, O_CREAT | O_WRONLY, 0600));
	}
	T_EQ(walk(d, NULL, false, 16 << 20, &passes), FILES);
	T_EQ(passes, 1);
	T_EQ(walk(d, NULL, false, 65536, &passes), FILES);
	T_CHECK(passes > 3, "%u passes", passes);
	T_EQ(walk(d, NULL, false, 16384, &passes), FILES);
	(void)snprintf(name, sizeof name, "80");
	i = walk(d, name, false, 65536, &passes);
	T_CHECK(i > FILES / 3 && i < FILES * 2 / 3, "%u after the middle", i);
	T_EQ(walk(d, "~", true, 65536, &passes), 0);
	T_EQ(walk(d, "00000000", true, 65536, &passes), FILES);
	T_EQ(walk(d, "00000000", false, 65536, &passes), FILES - 1);
	rewinddir(d);
	for (struct dirent *ent; (ent = readdir(d)) != NULL;)
		(void)unlinkat(dir, ent->d_name, 0);
	closedir(d);
	close(dir);
	T_CHECK(rmdir(top) == 0, "%s", top);
	return T_DONE();
}
