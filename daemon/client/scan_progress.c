/*
 * scan_progress - see scan_progress.h
 *
 * Job:     the progress line.
 * Touches: standard error, one thread that only walks directories.
 */
#include "scan_progress.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "scan_walk.h"
#include "text.h"

#define SHOW_US 200000
#define BAR 24

struct progress {
	pthread_t thread;
	bool counting;
	_Atomic bool stop, counted;
	_Atomic uint64_t total;
	mono_t start, shown;
	uint64_t done;
	bool on_screen;
	struct walk walk;
};

static void *
count(void *arg)
{
	struct progress *p = arg;
	struct walk_entry ent;

	for (;;) {
		walk_next(&p->walk, &ent);
		if (ent.kind == WALK_END || atomic_load(&p->stop))
			break;
		atomic_fetch_add(&p->total, 1);
	}
	walk_fini(&p->walk);
	atomic_store(&p->counted, true);
	return NULL;
}

void
progress_start(struct progress **out, char **roots, uint64_t done)
{
	struct progress *p;

	*out = NULL;
	if (isatty(STDERR_FILENO) == 0 || (p = calloc(1, sizeof *p)) == NULL)
		return;
	p->start = clock_mono();
	p->done = done;
	walk_init(&p->walk, roots, true);
	p->counting = pthread_create(&p->thread, NULL, count, p) == 0;
	*out = p;
}

void
progress_show(struct progress *p, const struct scan_count *c)
{
	char bytes[32], left[32], bar[BAR + 1];
	mono_t now;
	uint64_t total, i, full;
	double s, rate;

	if (p == NULL || mono_diff_us(now = clock_mono(), p->shown) < SHOW_US)
		return;
	p->shown = now;
	total = atomic_load(&p->total);
	s = (double)mono_diff_us(now, p->start) / 1e6;
	rate = s > 0 ? (double)(c->files - p->done) / s : 0;
	(void)text_bytes(bytes, sizeof bytes, c->bytes);
	if (!atomic_load(&p->counted) || total < c->files || rate < 1) {
		fprintf(stderr,
			"\r\033[K%llu files  %.0f/s  %s  %llu malicious  counting",
			(unsigned long long)c->files, rate, bytes,
			(unsigned long long)c->malicious);
	} else {
		full = total == 0 ? BAR : c->files * BAR / total;
		for (i = 0; i < BAR; i++)
			bar[i] = i < full ? '#' : '.';
		bar[BAR] = '\0';
		(void)text_span(left, sizeof left,
				(int64_t)((double)(total - c->files) / rate) + 1);
		fprintf(stderr,
			"\r\033[K[%s] %llu of %llu files  %.0f/s  %s  %llu malicious  %s "
			"left",
			bar, (unsigned long long)c->files, (unsigned long long)total,
			rate, bytes, (unsigned long long)c->malicious, left);
	}
	p->on_screen = true;
}

void
progress_clear(struct progress *p)
{
	if (p == NULL || !p->on_screen)
		return;
	fprintf(stderr, "\r\033[K");
	p->on_screen = false;
}

void
progress_stop(struct progress **pp)
{
	struct progress *p = *pp;

	if (p == NULL)
		return;
	progress_clear(p);
	atomic_store(&p->stop, true);
	if (p->counting)
		(void)pthread_join(p->thread, NULL);
	free(p);
	*pp = NULL;
}
