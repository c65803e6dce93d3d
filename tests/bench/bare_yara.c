/*
 * bare_yara - read a file, let libyara look at it: nothing less can be a scan
 *
 * Job:     print microseconds a file, for each file named after the directory of rules;
 *          with --whole first, beside it those of our whole look at the same bytes, with
 *          all that is done to unpack them.
 * Touches: the rules, the files.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rules.h"
#include "scanengine.h"

#define ROUNDS 3 /* of which the quickest counts: others' work only adds */

static char buf[4 << 20];

static double
now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int
on_match(YR_SCAN_CONTEXT *ctx, int message, void *data, void *arg)
{
	(void)ctx;
	(void)message;
	(void)data;
	(void)arg;
	return CALLBACK_CONTINUE;
}

static ssize_t
read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof buf);

	if (fd >= 0)
		(void)close(fd);
	return n;
}

static double
bare_us(YR_SCANNER *sc, const char *path)
{
	double begin = now_us();
	ssize_t n = read_file(path);

	if (n >= 0)
		(void)yr_scanner_scan_mem(sc, (const uint8_t *)buf, (size_t)n);
	return now_us() - begin;
}

static double
whole_us(struct scanengine *en, const char *path)
{
	static struct engine_result r;
	const struct engine_file f = {.path = path, .uid = -1, .dir_uid = -1};
	double begin = now_us();
	ssize_t n = read_file(path);

	if (n >= 0)
		scanengine_scan(en, buf, (size_t)n, &f, &r);
	return now_us() - begin;
}

/* Both in turn, the quickest of each. */
static void
beside(YR_SCANNER *sc, struct scanengine *en, const char *path)
{
	double bare = 0, whole = 0, us;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		us = bare_us(sc, path);
		bare = i == 0 || us < bare ? us : bare;
		us = whole_us(en, path);
		whole = i == 0 || us < whole ? us : whole;
	}
	printf("%.1f %.1f\n", bare, whole);
}

int
main(int argc, char **argv)
{
	static struct rules rules, ours; /* the engine switches rules and strings off */
	static char magic[4096];
	const struct engine_conf c = {.suspicious_points = 50,
				      .malicious_points = 100,
				      .prefilter = true,
				      .unwrap = true,
				      .magic_file = magic};
	const bool whole = argc > 1 && strcmp(argv[1], "--whole") == 0;
	const char *dirs[1];
	struct scanengine *en = NULL;
	YR_SCANNER *sc;
	struct err e;
	int i;

	argv += whole;
	argc -= whole;
	dirs[0] = argc > 1 ? argv[1] : "rules";
	(void)snprintf(magic, sizeof magic, "%s/types.magic", dirs[0]);
	if (rules_start(&e) != 0 || rules_load(&rules, dirs, 1, &e) != 0 ||
	    yr_scanner_create(rules.yara, &sc) != ERROR_SUCCESS ||
	    (whole && (rules_load(&ours, dirs, 1, &e) != 0 ||
		       scanengine_new(&en, &ours, &c, &e) != 0))) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	yr_scanner_set_callback(sc, on_match, NULL);
	for (i = 2; i < argc; i++)
		if (whole)
			beside(sc, en, argv[i]);
		else
			printf("%.1f\n", bare_us(sc, argv[i]));
	yr_scanner_destroy(sc);
	scanengine_free(&en);
	rules_fini(&rules);
	if (whole)
		rules_fini(&ours);
	return 0;
}
