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
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock.h"
#include "scan_walk.h"
#include "text.h"

#define SHOW_US 200000
#define BAR 24     /* shorter, or none, on a narrow terminal */
#define COLUMNS 80 /* when the terminal does not tell */

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

/* A line that the terminal wraps could not be drawn over. */
static size_t
columns(void)
{
	struct winsize w;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col
									 : COLUMNS;
}

/* "[###.....] " of at most the width given, or nothing. */
static void
draw_bar(char *out, size_t width, uint64_t done, uint64_t total)
{
	size_t i, n = width < BAR + 3 ? width : BAR + 3;

	out[0] = '\0';
	if (n < 9)
		return;
	n -= 3;
	out[0] = '[';
	for (i = 0; i < n; i++)
		out[i + 1] = i < (total == 0 ? n : done * n / total) ? '#' : '.';
	memcpy(out + n + 1, "] ", 3);
}

static void
draw(const char *line, uint64_t done, uint64_t total)
{
	size_t width = columns() - 1, len = strlen(line);
	char bar[BAR + 4] = "";

	if (total > 0)
		draw_bar(bar, width > len ? width - len : 0, done, total);
	fprintf(stderr, "\r\033[K%s%.*s", bar, (int)width, line);
}

void
progress_show(struct progress *p, const struct scan_count *c)
{
	char bytes[32], left[32], found[96], line[256];
	mono_t now;
	uint64_t total;
	double s, rate;

	if (p == NULL || mono_diff_us(now = clock_mono(), p->shown) < SHOW_US)
		return;
	p->shown = now;
	total = atomic_load(&p->total);
	s = (double)mono_diff_us(now, p->start) / 1e6;
	rate = s > 0 ? (double)(c->files - p->done) / s : 0;
	(void)text_bytes(bytes, sizeof bytes, c->bytes);
	(void)snprintf(found, sizeof found, "%llu malicious, %llu suspicious",
		       (unsigned long long)c->malicious,
		       (unsigned long long)c->suspicious);
	if (!atomic_load(&p->counted) || total < c->files || rate < 1) {
		(void)snprintf(line, sizeof line, "%llu files  %.0f/s  %s  %s  counting",
			       (unsigned long long)c->files, rate, bytes, found);
		total = 0;
	} else {
		(void)text_span(left, sizeof left,
				(int64_t)((double)(total - c->files) / rate) + 1);
		(void)snprintf(line, sizeof line,
			       "%llu of %llu files  %.0f/s  %s  %s  %s left",
			       (unsigned long long)c->files, (unsigned long long)total,
			       rate, bytes, found, left);
	}
	draw(line, c->files, total);
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
