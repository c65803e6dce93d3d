/*
 * rulecost - see rulecost.h
 *
 * Job:     switch on one rule, then one string, at a time, and take the time; say on a
 *          terminal how far it is.
 * Touches: the files, CLOCK_PROCESS_CPUTIME_ID, standard error when it is a terminal.
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
#include "text.h"

#define BYTES_MAX (4u << 20) /* hundreds of rules, one after another */
#define CHUNK_BYTES 65536 /* small files are joined: each scan costs something itself */
#define PASS_BYTES (1u << 20) /* what is less is scanned again and again */
#define RUNS 3                /* of which the quickest counts: others' work only adds */
#define DEAREST 12            /* rules whose strings are taken one by one */
#define STRINGS_MAX 8         /* of each, by estimate */
#define TOTAL_MS 20000.0      /* what all of it may cost; files are left out for it */
#define FILE_S 2              /* longer than that a rule takes for no file */
#define SHOW_MS 200
#define BAR 24

static struct {
	uint8_t *data;
	size_t end[65536], count, len, times; /* count of joined ones */
	size_t files;
	int runs;
	bool slow; /* a file took FILE_S */
} set;

static struct {
	bool on;
	size_t done, total;
	double begun, shown; /* wall_ms() */
} progress;

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
		set.files++;
		if (set.count > 0 &&
		    set.len - (set.count > 1 ? set.end[set.count - 2] : 0) <= CHUNK_BYTES)
			set.count--;
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
ms_of(clockid_t clock)
{
	struct timespec t = {0};

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void
show(void)
{
	double now = ms_of(CLOCK_MONOTONIC), s;
	char bar[BAR + 1], left[32];
	size_t i;

	if (!progress.on || now - progress.shown < SHOW_MS || progress.done == 0)
		return;
	progress.shown = now;
	for (i = 0; i < BAR; i++)
		bar[i] = i < progress.done * BAR / progress.total ? '#' : '.';
	bar[BAR] = '\0';
	s = (now - progress.begun) / 1e3 * (double)(progress.total - progress.done) /
	    (double)progress.done;
	(void)text_span(left, sizeof left, (int64_t)s + 1);
	fprintf(stderr, "\r\033[K[%s] %zu of %zu rules  %s left", bar, progress.done,
		progress.total, left);
}

static void
start_progress(size_t total)
{
	progress.on = isatty(STDERR_FILENO) != 0;
	progress.total = total;
	progress.begun = ms_of(CLOCK_MONOTONIC);
}

static void
end_progress(void)
{
	if (progress.on)
		fprintf(stderr, "\r\033[K");
}

/* Milliseconds for all files, set.times times. */
static double
scan_all(YR_SCANNER *s)
{
	double start = ms_of(CLOCK_PROCESS_CPUTIME_ID);
	size_t i, k, from;

	for (k = 0; k < set.times; k++)
		for (i = 0, from = 0; i < set.count; from = set.end[i++]) {
			set.slow |=
			    yr_scanner_scan_mem(s, set.data + from, set.end[i] - from) ==
			    ERROR_SCAN_TIMEOUT;
			show();
		}
	return ms_of(CLOCK_PROCESS_CPUTIME_ID) - start;
}

/* Which rule (UINT32_MAX: none) is on, with all its strings or one. Private rules stay:
 * others ask them. */
static void
switch_on(const struct rules *r, uint32_t rule, uint32_t string)
{
	YR_RULES *y = r->yara;
	uint32_t i;

	for (i = 0; i < y->num_rules; i++)
		if (i == rule || RULE_IS_PRIVATE(&y->rules_table[i]))
			y->rules_table[i].flags &= ~RULE_FLAGS_DISABLED;
		else
			y->rules_table[i].flags |= RULE_FLAGS_DISABLED;
	for (i = 0; i < y->num_strings; i++)
		rules_string_on(r, i,
				y->strings_table[i].rule_idx == rule &&
				    (string == UINT32_MAX || string == i));
}

/*
 * What a rule adds to a look with none. Both are taken in turn: a machine that others use
 * is slower at one time than at another.
 */
static double
cost_of(const struct rules *r, YR_SCANNER *s, uint32_t rule, uint32_t string)
{
	double with = 0, without = 0, ms;
	int i;

	for (i = 0; i < set.runs; i++) {
		switch_on(r, UINT32_MAX, 0);
		ms = scan_all(s);
		without = i == 0 || ms < without ? ms : without;
		switch_on(r, rule, string);
		ms = scan_all(s);
		with = i == 0 || ms < with ? ms : with;
	}
	return with - without;
}

/*
 * Hundreds of rules over megabytes are minutes: fewer times, then every other part, until
 * all rules are done in TOTAL_MS, guessing from what a look with none takes.
 */
static void
fit(const struct rules *r, YR_SCANNER *s)
{
	double scans = 2 * (double)(r->count + DEAREST * STRINGS_MAX + 3), ms;
	size_t i, from;

	set.times = 1 + PASS_BYTES / set.len;
	switch_on(r, UINT32_MAX, 0);
	(void)scan_all(s); /* caches warm */
	ms = scan_all(s);
	while (set.times > 1 && ms * scans * RUNS > TOTAL_MS) {
		ms = ms / (double)set.times * (double)(set.times / 2);
		set.times /= 2;
	}
	set.runs = ms * scans * RUNS > TOTAL_MS ? 1 : RUNS;
	for (; ms * scans * set.runs > TOTAL_MS && set.count > 1; ms /= 2) {
		size_t n = 0, to = 0;

		for (i = 0, from = 0; i < set.count; from = set.end[i++])
			if (i % 2 == 0) {
				size_t len = set.end[i] - from;

				memmove(set.data + to, set.data + from, len);
				to += len;
				set.end[n++] = to;
			}
		set.count = n;
		set.len = to;
	}
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
dearest_string(const struct rules *r, YR_SCANNER *s, struct row *row)
{
	uint32_t i;

	for (i = 0; i < r->yara->num_strings; i++) {
		double ms;

		if (r->yara->strings_table[i].rule_idx != row->rule)
			continue;
		ms = cost_of(r, s, row->rule, i);
		if (ms > row->string_ms) {
			row->string_ms = ms;
			row->string = i;
		}
	}
}

static void
print_row(const struct rules *r, const struct row *row, bool json)
{
	const double mb = (double)set.len * (double)set.times / 1e6;
	const char *name = r->info[row->rule].name;
	const char *str = row->string == UINT32_MAX
			      ? ""
			      : r->yara->strings_table[row->string].identifier;
	double ms = row->ms > 0 ? row->ms / mb : 0;
	double string_ms = row->string_ms / mb;

	if (json)
		printf("{\"rule\":\"%s\",\"ms_per_mb\":%.3f,\"string\":\"%s\","
		       "\"string_ms_per_mb\":%.3f}\n",
		       name, ms, str, string_ms > 0 ? string_ms : 0);
	else
		printf("%9.3f ms/MB  %-32s %s %.3f\n", ms, name, str,
		       string_ms > 0 ? string_ms : 0);
}

/* What no rule at all is said to add: what a figure may be off. */
static double
spread(const struct rules *r, YR_SCANNER *s)
{
	double most = 0, ms;
	int i;

	for (i = 0; i < 5; i++) {
		ms = cost_of(r, s, UINT32_MAX, 0);
		ms = ms < 0 ? -ms : ms;
		most = ms > most ? ms : most;
	}
	return most;
}

static void
print_exact(double ms, bool json)
{
	const double mb = (double)set.len * (double)set.times / 1e6;

	if (json)
		printf("{\"files\":%zu,\"bytes\":%zu,\"times\":%zu,\"runs\":%d,"
		       "\"exact_ms_per_mb\":%.3f,\"timed_out\":%s}\n",
		       set.files, set.len, set.times, set.runs, ms / mb,
		       set.slow ? "true" : "false");
	else
		printf("%zu files, %zu bytes, %zu times over; the quickest of %d runs, "
		       "exact to about %.3f ms/MB\n",
		       set.files, set.len, set.times, set.runs, ms / mb);
	if (set.slow)
		printf("a rule took more than %d s for one file and was ended there\n",
		       FILE_S);
}

static void
measure(struct rules *r, YR_SCANNER *s, struct row *rows, bool json)
{
	double exact;
	size_t i;

	start_progress(r->count + DEAREST);
	fit(r, s);
	exact = spread(r, s);
	for (i = 0; i < r->count; i++) {
		rows[i] = (struct row){(uint32_t)i, UINT32_MAX,
				       cost_of(r, s, (uint32_t)i, UINT32_MAX), 0};
		progress.done++;
	}
	qsort(rows, r->count, sizeof *rows, by_ms);
	for (i = 0; i < r->count && i < DEAREST; i++) {
		dearest_string(r, s, &rows[i]);
		progress.done++;
	}
	end_progress();
	for (i = 0; i < r->count; i++)
		print_row(r, &rows[i], json);
	print_exact(exact, json);
}

int
rule_cost(struct rules *r, const char *dir, bool json)
{
	struct row *rows = calloc(r->count, sizeof *rows);
	YR_SCANNER *s = NULL;
	int rc = 0;

	set.data = malloc(BYTES_MAX);
	if (rows == NULL || set.data == NULL ||
	    yr_scanner_create(r->yara, &s) != ERROR_SUCCESS) {
		rc = EX_OSERR;
	} else {
		yr_scanner_set_callback(s, nothing, NULL);
		yr_scanner_set_timeout(s, FILE_S);
		(void)nftw(dir, add_file, 32, FTW_PHYS);
		if (set.count > 0) {
			measure(r, s, rows, json);
		} else {
			fprintf(stderr, "%s: no file to take the time on\n", dir);
			rc = EX_NOINPUT;
		}
	}
	if (s != NULL)
		yr_scanner_destroy(s);
	free(rows);
	free(set.data);
	return rc;
}
