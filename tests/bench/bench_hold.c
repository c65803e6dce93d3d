/*
 * bench_hold - what holding a message costs: the file, the row, the account
 *
 * Job:     hold N messages of SIZE bytes one after the other in DIR, then write N rows of
 *          clean files and N findings; print one JSON line each.
 * Touches: DIR.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "held.h"
#include "store.h"
#include "text.h"

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
print(const char *what, int64_t *us, size_t n)
{
	int64_t sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += us[i];
	qsort(us, n, sizeof *us, compare);
	printf("{\"what\":\"%s\",\"count\":%zu,\"p50_us\":%lld,\"p99_us\":%lld,"
	       "\"per_s\":%lld}\n",
	       what, n, (long long)us[n / 2], (long long)us[n * 99 / 100],
	       (long long)(sum > 0 ? (int64_t)n * 1000000 / sum : 0));
}

int
main(int argc, char **argv)
{
	struct held_head h = {.uid = 1001,
			      .gid = 1001,
			      .login = "web1",
			      .cwd = "/",
			      .reason = "bench",
			      .claimed_from = "a@b.test",
			      .claimed_subject = "s",
			      .claimed_script = "/x.php",
			      .argv = "sendmail\0-t\0",
			      .argv_len = 12};
	int64_t count = 2000, size = 5000, i, *us;
	struct held_dir *d = NULL;
	struct store *s = NULL;
	struct conf c;
	struct err e;
	char *body;
	mono_t t;
	int fd;

	if (argc < 2 || (argc > 2 && !text_to_i64(argv[2], 1, 1000000, &count)) ||
	    (argc > 3 && !text_to_i64(argv[3], 1, 1 << 30, &size))) {
		fprintf(stderr, "usage: bench_hold DIR [N [SIZE]]\n");
		return 64;
	}
	conf_defaults(&c);
	c.held_messages_max = count;
	c.held_free_min = 0;
	us = calloc((size_t)count, sizeof *us);
	body = calloc(1, (size_t)size);
	fd = memfd_create("body", MFD_CLOEXEC);
	if (us == NULL || body == NULL || write(fd, body, (size_t)size) != size ||
	    held_dir_open(&d, argv[1], &e) != 0 || store_open(&s, argv[1], &e) != 0 ||
	    held_scan(d, NULL, NULL, &e) < 0) {
		fprintf(stderr, "bench_hold: %s\n", e.text);
		return 71;
	}
	for (i = 0; i < count; i++) {
		t = clock_mono();
		h.t = clock_wall();
		if (held_write(d, &c, &h, fd, (uint64_t)size, &e) != 0) {
			fprintf(stderr, "bench_hold: %s\n", e.text);
			return 71;
		}
		us[i] = mono_diff_us(clock_mono(), t);
	}
	print("held_write", us, (size_t)count);
	for (i = 0; i < count; i++) {
		struct store_file f = {.dev = 1, .ino = (uint64_t)i * 2654435761u};

		t = clock_mono();
		(void)store_file_put(s, &f, &e);
		(void)store_flush(s, clock_mono(), &e);
		us[i] = mono_diff_us(clock_mono(), t);
	}
	print("clean_file_row", us, (size_t)count);
	for (i = 0; i < count; i++) {
		struct store_finding f = {.dev = 1,
					  .ino = (uint64_t)i,
					  .path = "/x",
					  .rule = "r",
					  .group = "g",
					  .sha256 = "",
					  .points = 1};

		t = clock_mono();
		(void)store_finding_put(s, &f, &e);
		(void)store_flush(s, clock_mono(), &e);
		us[i] = mono_diff_us(clock_mono(), t);
	}
	print("finding_row", us, (size_t)count);
	for (i = 0; i < count; i++) {
		struct store_file f;

		t = clock_mono();
		(void)store_file_get(s, 1, (uint64_t)i * 2654435761u, &f, &e);
		us[i] = mono_diff_us(clock_mono(), t);
	}
	print("file_lookup", us, (size_t)count);
	store_close(&s);
	held_dir_close(&d);
	return 0;
}
