/*
 * bench_cache - what the verdict cache costs for N files: bytes a file, seconds
 *
 * Usage:   bench_cache DIR N [N...]    a new store below DIR for each N
 * Job:     keep N clean files in directories of FILES; walk them as an unchanged tree,
 *          once file by file (and directories are learnt), once by directory.
 *          BENCH_SCATTERED=1: inodes in no order (the worst a file system can do).
 * Touches: DIR/mailbrake.db, removed at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "found_known.h"
#include "store.h"

#define FILES 11 /* in a directory: what Debian's web applications have on average */
#define DIRS_ASKED 24

static const char *dir;
static bool scattered; /* a directory's inodes lie anywhere */
static struct err e;

static double
cpu_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static off_t
path_of(char *buf, size_t size, const char *tail)
{
	struct stat st;

	(void)snprintf(buf, size, "%s/" STORE_FILE "%s", dir, tail);
	return stat(buf, &st) == 0 ? st.st_size : 0;
}

static void
begin_anew(void)
{
	static const char *const tails[] = {"", "-wal", "-shm"};
	char path[4096];

	for (size_t i = 0; i < 3; i++) {
		(void)path_of(path, sizeof path, tails[i]);
		(void)unlink(path);
	}
}

/* File i: what a file system and a scan would give. */
static struct found_file
file(uint64_t i)
{
	return (struct found_file){
	    .ino = scattered ? (i * 0x9e3779b97f4a7c15u) >> 24 : 1000000 + i + i / FILES,
	    .size = 1000 + i % 50000,
	    .ctime_us = 1760000000000000 + (int64_t)(i * 1000003 % 1000000000000),
	    .name = i * 2654435761u,
	    .uid = (uint32_t)(1000 + i / 20000)};
}

static void
keep(struct store *s, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		const struct found_file f = file(i);
		const struct store_file row = {.dev = 64769,
					       .ino = f.ino,
					       .size = f.size,
					       .rules = 0x6f1e2d3c4b5a6978,
					       .ctime_us = f.ctime_us,
					       .uid = f.uid};

		if (store_file_put(s, &row, &e) != 0 ||
		    store_flush(s, clock_mono(), &e) != 0)
			exit(1);
	}
}

/* Files that were not known. */
static uint64_t
walk(struct store *s, uint64_t n)
{
	static unsigned char body[131072];
	uint64_t wanted = 0, i = 0;

	while (i < n) {
		struct found_job j = {.files = body};

		for (int d = 0; d < DIRS_ASKED && i < n; d++) {
			struct found_dir head = {64769, 999999 + i / FILES * (FILES + 1),
						 0, 0};
			size_t at = j.len;

			for (j.len += sizeof head; head.count < FILES && i < n; i++) {
				const struct found_file f = file(i);

				memcpy(body + j.len, &f, sizeof f);
				j.len += sizeof f;
				head.count++;
			}
			memcpy(body + at, &head, sizeof head);
		}
		if (found_check(&j, s, 0x6f1e2d3c4b5a6978, INT64_MAX, &e) != 1 ||
		    store_flush(s, clock_mono(), &e) != 0)
			exit(1);
		wanted += j.wanted;
	}
	return wanted;
}

static void
one(uint64_t n)
{
	double t0, put, rows, dirs;
	off_t size, more;
	uint64_t wanted;
	struct store *s;
	char path[4096];

	begin_anew();
	if (store_open(&s, dir, &e) != 0)
		exit(1);
	t0 = cpu_s();
	keep(s, n);
	put = cpu_s() - t0;
	store_close(&s);
	size = path_of(path, sizeof path, "");
	if (store_open(&s, dir, &e) != 0)
		exit(1);
	t0 = cpu_s();
	wanted = walk(s, n);
	rows = cpu_s() - t0;
	store_close(&s);
	more = path_of(path, sizeof path, "") - size;
	if (store_open(&s, dir, &e) != 0)
		exit(1);
	t0 = cpu_s();
	wanted += walk(s, n);
	dirs = cpu_s() - t0;
	store_close(&s);
	begin_anew();
	printf("%10llu files: %5.1f bytes a file and %4.1f for its directory; kept in "
	       "%6.1f s; "
	       "known file by file in %6.1f s, by directory in %5.1f s (%.1f, %.1f, %.2f "
	       "us a "
	       "file)%s\n",
	       (unsigned long long)n, (double)size / (double)n, (double)more / (double)n,
	       put, rows, dirs, put * 1e6 / (double)n, rows * 1e6 / (double)n,
	       dirs * 1e6 / (double)n, wanted == 0 ? "" : "; NOT ALL WERE KNOWN");
	(void)fflush(stdout);
}

int
main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: bench_cache DIR N [N...]\n");
		return 64;
	}
	dir = argv[1];
	scattered = getenv("BENCH_SCATTERED") != NULL;
	for (int i = 2; i < argc; i++)
		one(strtoull(argv[i], NULL, 10));
	return 0;
}
