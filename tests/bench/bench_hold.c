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

/* What the four benches share: where it is held, and room for a time each. */
struct bench {
	struct held_dir *d;
	struct store *s;
	int64_t count, *us;
	struct err e;
};

static int
hold(struct bench *b, int64_t size)
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
	struct conf c;
	char *body = calloc(1, (size_t)size);
	int fd = memfd_create("body", MFD_CLOEXEC);

	conf_defaults(&c);
	c.held_messages_max = b->count;
	c.held_free_min = 0;
	if (body == NULL || write(fd, body, (size_t)size) != size)
		return err_sys(&b->e, "body");
	for (int64_t i = 0; i < b->count; i++) {
		mono_t t = clock_mono();

		h.t = clock_wall();
		if (held_write(b->d, &c, &h, fd, (uint64_t)size, &b->e) != 0)
			return -1;
		b->us[i] = mono_diff_us(clock_mono(), t);
	}
	print("held_write", b->us, (size_t)b->count);
	free(body);
	close(fd);
	return 0;
}

static void
put_files(struct bench *b)
{
	for (int64_t i = 0; i < b->count; i++) {
		struct store_file f = {.dev = 1, .ino = (uint64_t)i * 2654435761u};
		mono_t t = clock_mono();

		(void)store_file_put(b->s, &f, &b->e);
		(void)store_flush(b->s, clock_mono(), &b->e);
		b->us[i] = mono_diff_us(clock_mono(), t);
	}
	print("clean_file_row", b->us, (size_t)b->count);
}

static void
put_findings(struct bench *b)
{
	for (int64_t i = 0; i < b->count; i++) {
		struct store_finding f = {.dev = 1,
					  .ino = (uint64_t)i,
					  .path = "/x",
					  .rule = "r",
					  .group = "g",
					  .sha256 = "",
					  .points = 1};
		mono_t t = clock_mono();

		(void)store_finding_put(b->s, &f, &b->e);
		(void)store_flush(b->s, clock_mono(), &b->e);
		b->us[i] = mono_diff_us(clock_mono(), t);
	}
	print("finding_row", b->us, (size_t)b->count);
}

static void
get_files(struct bench *b)
{
	for (int64_t i = 0; i < b->count; i++) {
		struct store_file f;
		mono_t t = clock_mono();

		(void)store_file_get(b->s, 1, (uint64_t)i * 2654435761u, &f, &b->e);
		b->us[i] = mono_diff_us(clock_mono(), t);
	}
	print("file_lookup", b->us, (size_t)b->count);
}

int
main(int argc, char **argv)
{
	struct bench b = {.count = 2000};
	int64_t size = 5000;

	if (argc < 2 || (argc > 2 && !text_to_i64(argv[2], 1, 1000000, &b.count)) ||
	    (argc > 3 && !text_to_i64(argv[3], 1, 1 << 30, &size))) {
		fprintf(stderr, "usage: bench_hold DIR [N [SIZE]]\n");
		return 64;
	}
	b.us = calloc((size_t)b.count, sizeof *b.us);
	if (b.us == NULL || held_dir_open(&b.d, argv[1], &b.e) != 0 ||
	    store_open(&b.s, argv[1], &b.e) != 0 ||
	    held_scan(b.d, NULL, NULL, &b.e) < 0 || hold(&b, size) != 0) {
		fprintf(stderr, "bench_hold: %s\n", b.e.text);
		return 71;
	}
	put_files(&b);
	put_findings(&b);
	get_files(&b);
	store_close(&b.s);
	held_dir_close(&b.d);
	free(b.us);
	return 0;
}
