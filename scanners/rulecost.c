/*
 * rulecost - see rulecost.h
 *
 * Job:     switch on one rule, then one string, at a time, and take the time.
 * Touches: the files, CLOCK_PROCESS_CPUTIME_ID.
 */
#include "rulecost.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "rulesamples.h"

#define BYTES_MAX (4u << 20) /* hundreds of rules, one after another */
#define BYTES_RUN (1u << 20) /* fewer are scanned twice */
#define RUNS 3               /* of which the quickest counts: others' work only adds */

static struct {
	uint8_t *data;
	size_t end[65536], count, len, times;
} set;

static int
add_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *ext;
	ssize_t n;
	int fd;

	(void)ftw;
	if (type != FTW_F || st->st_size <= 0 || set.count == 65536 ||
	    set.len + (size_t)st->st_size > BYTES_MAX)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return 0;
	n = read(fd, set.data + set.len, (size_t)st->st_size);
	close(fd);
	ext = strrchr(path, '.');
	if (n > 0 && ext != NULL && strcmp(ext, ".b64") == 0)
		n = (ssize_t)sample_decode(set.data + set.len, (size_t)n);
	if (n > 0) {
		set.len += (size_t)n;
		set.end[set.count++] = set.len;
	}
	return 0;
}

static int
nothing(YR_SCAN_CONTEXT *ctx, int message, void *data, void *arg)
{
	(void)ctx;
	(void)message;
	(void)data;
	(void)arg;
	return CALLBACK_CONTINUE;
}

static double
cpu_ms(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Milliseconds for all files, set.times times. */
static double
scan_all(YR_SCANNER *s)
{
	double start = cpu_ms();
	size_t i, k, from;

	for (k = 0; k < set.times; k++)
		for (i = 0, from = 0; i < set.count; from = set.end[i++])
			(void)yr_scanner_scan_mem(s, set.data + from, set.end[i] - from);
	return cpu_ms() - start;
}

static double
quickest(YR_SCANNER *s)
{
	double ms, least = 0;
	int i;

	for (i = 0; i < RUNS; i++) {
		ms = scan_all(s);
		least = i == 0 || ms < least ? ms : least;
	}
	return least;
}

static double
cost_of(YR_RULES *y, YR_SCANNER *s, uint32_t rule, uint32_t string)
{
	uint32_t i;

	for (i = 0; i < y->num_strings; i++) {
		YR_STRING *str = &y->strings_table[i];

		if (str->rule_idx == rule && (string == UINT32_MAX || string == i))
			str->flags &= ~(uint32_t)STRING_FLAGS_DISABLED;
		else
			str->flags |= STRING_FLAGS_DISABLED;
	}
	return quickest(s);
}

struct row {
	uint32_t rule, string;
	double ms, string_ms;
};

static int
by_ms(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->ms < y->ms ? 1 : x->ms > y->ms ? -1 : 0;
}

static void
dearest_string(YR_RULES *y, YR_SCANNER *s, struct row *row)
{
	uint32_t i;

	for (i = 0; i < y->num_strings; i++) {
		double ms;

		if (y->strings_table[i].rule_idx != row->rule)
			continue;
		ms = cost_of(y, s, row->rule, i);
		if (ms > row->string_ms) {
			row->string_ms = ms;
			row->string = i;
		}
	}
}

static void
print_row(const struct rules *r, const struct row *row, double base, bool json)
{
	const double mb = (double)set.len * (double)set.times / 1e6;
	const char *name = r->info[row->rule].name;
	const char *str = row->string == UINT32_MAX
			      ? ""
			      : r->yara->strings_table[row->string].identifier;
	double ms = (row->ms - base) / mb, string_ms = (row->string_ms - base) / mb;

	if (json)
		printf("{\"rule\":\"%s\",\"ms_per_mb\":%.3f,\"string\":\"%s\","
		       "\"string_ms_per_mb\":%.3f}\n",
		       name, ms, str, string_ms > 0 ? string_ms : 0);
	else
		printf("%9.3f ms/MB  %-32s %s %.3f\n", ms, name, str,
		       string_ms > 0 ? string_ms : 0);
}

/* Twice the same without a rule: what lies between is what a figure may be off. */
static double
spread(YR_SCANNER *s)
{
	double a = quickest(s), b = quickest(s);

	return a > b ? a - b : b - a;
}

static void
print_exact(double ms, bool json)
{
	const double mb = (double)set.len * (double)set.times / 1e6;

	if (json)
		printf("{\"files\":%zu,\"bytes\":%zu,\"times\":%zu,\"runs\":%d,"
		       "\"exact_ms_per_mb\":%.3f}\n",
		       set.count, set.len, set.times, RUNS, ms / mb);
	else
		printf("%zu files, %zu bytes, %zu times over; the quickest of %d runs, "
		       "exact to about %.3f ms/MB\n",
		       set.count, set.len, set.times, RUNS, ms / mb);
}

int
rule_cost(struct rules *r, const char *dir, bool json)
{
	struct row *rows = calloc(r->count, sizeof *rows);
	YR_SCANNER *s = NULL;
	double base, exact;
	size_t i;

	set.data = malloc(BYTES_MAX);
	if (rows == NULL || set.data == NULL ||
	    yr_scanner_create(r->yara, &s) != ERROR_SUCCESS)
		return EX_OSERR;
	yr_scanner_set_callback(s, nothing, NULL);
	(void)nftw(dir, add_file, 32, FTW_PHYS);
	if (set.count == 0) {
		fprintf(stderr, "%s: no file to take the time on\n", dir);
		return EX_NOINPUT;
	}
	set.times = set.len < BYTES_RUN ? 2 : 1;
	(void)scan_all(s); /* caches warm */
	base = cost_of(r->yara, s, UINT32_MAX, 0);
	exact = spread(s);
	for (i = 0; i < r->count; i++)
		rows[i] = (struct row){(uint32_t)i, UINT32_MAX,
				       cost_of(r->yara, s, (uint32_t)i, UINT32_MAX), 0};
	qsort(rows, r->count, sizeof *rows, by_ms);
	for (i = 0; i < r->count; i++) {
		if (i < 12)
			dearest_string(r->yara, s, &rows[i]);
		print_row(r, &rows[i], base, json);
	}
	print_exact(exact, json);
	yr_scanner_destroy(s);
	free(rows);
	free(set.data);
	return 0;
}
