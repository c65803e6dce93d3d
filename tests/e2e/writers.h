/*
 * writers - every way a file comes to be, for watch-oracle
 *
 * Job:     the table of them; the tree they write in.
 * Touches: the tree below writers_top.
 */
#ifndef MAILBRAKE_WRITERS_H
#define MAILBRAKE_WRITERS_H

#include <limits.h>
#include <stddef.h>

#define P (PATH_MAX + 64) /* room for a path below it */

struct writer {
	const char *name;
	void (*fn)(long n); /* writes n files */
	unsigned uid;       /* as this account, when root */
};

extern const struct writer writers[];
extern const size_t writers_count;
extern char writers_top[PATH_MAX / 2]; /* home/a/www is there before they begin */

/* A file that says what it is. */
void writers_file(const char *path, const char *kind, long i, int version);
/* Says what failed, and ends the process with 2. */
_Noreturn void writers_die(const char *what);

#endif
