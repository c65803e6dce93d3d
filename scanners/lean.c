/*
 * lean - see lean.h
 *
 * Job:     see lean.h.
 * Touches: /proc/self/smaps, madvise.
 * Source:  proc(5), madvise(2): MADV_DONTNEED on a private mapping of a file forgets what
 *          was changed in it, so only what has "Anonymous: 0 kB" is dropped.
 */
#include "lean.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* "from-to r-xp offset dev inode path": is it a file's, and not writable? */
static int
is_code(const char *line, uint64_t *from, uint64_t *to)
{
	unsigned long inode;
	char rights[5];

	return sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*x %*s %lu", from, to, rights,
		      &inode) == 4 &&
	       inode != 0 && rights[1] == '-' && rights[3] == 'p';
}

unsigned long
lean_drop_files(void)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long dropped = 0;
	uint64_t from = 0, to = 0, a, b;
	int code = 0;
	char line[512];

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof line, f) != NULL) {
		if (line[0] >= 'A' && line[0] <= 'Z') {
			if (!code || strncmp(line, "Anonymous:", 10) != 0 ||
			    strtoul(line + 10, NULL, 10) != 0)
				continue;
			code = 0;
			if (madvise((void *)(uintptr_t)from, to - from, MADV_DONTNEED) ==
			    0)
				dropped += to - from;
		} else if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &a, &b) == 2) {
			code = is_code(line, &from, &to);
		}
	}
	(void)fclose(f);
	return dropped;
}
