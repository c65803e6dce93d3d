/*
 * bench_mtlog - lines a second of one core through a grammar
 *
 * Job:     repeat a log's lines N times through mtlog_line and say how fast it was.
 * Touches: the file named.
 * Usage:   bench_mtlog exim|postfix FILE [REPEAT]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mtlog.h"

int
main(int argc, char **argv)
{
	static char buf[1 << 24];
	struct mtlog *m;
	struct mt_event ev;
	size_t n;
	FILE *f = argc < 3 ? NULL : fopen(argv[2], "rb");
	long repeat = argc > 3 ? strtol(argv[3], NULL, 10) : 20;
	clock_t from;
	double s;

	if (f == NULL) {
		fprintf(stderr, "usage: bench_mtlog exim|postfix FILE [REPEAT]\n");
		return 64;
	}
	n = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	m = mtlog_new(argv[1][0] == 'e' ? MTLOG_EXIM : MTLOG_POSTFIX, clock_wall());
	from = clock(); /* processor time: what one core does */
	for (long i = 0; i < repeat; i++)
		for (char *p = buf, *end = buf + n, *nl; p < end; p = nl + 1) {
			if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL)
				nl = end;
			mtlog_line(m, p, (size_t)(nl - p), &ev);
		}
	s = (double)(clock() - from) / CLOCKS_PER_SEC;
	struct mtlog_counts c = mtlog_counts(m);

	printf("lines %llu events %llu foreign %llu damaged %llu seconds %.3f "
	       "lines_per_s %.0f\n",
	       (unsigned long long)c.lines, (unsigned long long)c.events,
	       (unsigned long long)c.foreign, (unsigned long long)c.damaged, s,
	       (double)c.lines / s);
	mtlog_free(&m);
	return 0;
}
