/*
 * bare_yara - read a file, let libyara look at it: nothing less can be a scan
 *
 * Job:     print microseconds a file, for each file named after the directory of rules.
 * Touches: the rules, the files.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "rules.h"

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

int
main(int argc, char **argv)
{
	static struct rules rules;
	const char *dirs[] = {argc > 1 ? argv[1] : "rules"};
	YR_SCANNER *sc;
	struct err e;
	int i;

	if (rules_start(&e) != 0 || rules_load(&rules, dirs, 1, &e) != 0 ||
	    yr_scanner_create(rules.yara, &sc) != ERROR_SUCCESS) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	yr_scanner_set_callback(sc, on_match, NULL);
	for (i = 2; i < argc; i++) {
		double begin = now_us();
		int fd = open(argv[i], O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof buf);

		if (n >= 0)
			(void)yr_scanner_scan_mem(sc, (const uint8_t *)buf, (size_t)n);
		if (fd >= 0)
			(void)close(fd);
		printf("%.1f\n", now_us() - begin);
	}
	yr_scanner_destroy(sc);
	rules_fini(&rules);
	return 0;
}
