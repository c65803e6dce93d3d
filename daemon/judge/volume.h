/*
 * volume - how much in how long, in fixed memory
 *
 * Job:     sliding counts over named windows, maxima that are slow to grow, and
 *          the lower confidence bound of a share.
 * Touches: nothing. Times are arguments: seconds of the engine's lived time.
 */
#ifndef MAILBRAKE_VOLUME_H
#define MAILBRAKE_VOLUME_H

#include <stdint.h>

/* The windows every volume keeps. */
enum vol_window { VOL_1M, VOL_10M, VOL_1H, VOL_24H, VOL_7D, VOL_WINDOWS };

/*
 * Exact to one bucket (12 s, 1 min, 5 min, 1 h, 6 h): a count never forgets anything
 * younger than its window and nothing older than the window and one bucket stays in it.
 */
struct volume {
	int64_t now_s;
	uint32_t b1m[6], b10m[11], b1h[13], b24h[25], b7d[29];
};

void volume_add(struct volume *v, int64_t now_s, uint32_t n);
/* Take n back from what was added last (a recipient that proved to be explained). */
void volume_sub(struct volume *v, int64_t now_s, uint32_t n);
uint32_t volume_get(const struct volume *v, int64_t now_s, enum vol_window w);

/*
 * A cheap window: this bucket and the one before it, the latter by the share that is
 * still inside. Exact while a burst lasts less than one window.
 */
struct slide {
	uint32_t epoch, now, before;
};

void slide_add(struct slide *s, int64_t now_s, int64_t window_s, uint32_t n);
void slide_sub(struct slide *s, int64_t now_s, int64_t window_s, uint32_t n);
uint32_t slide_get(const struct slide *s, int64_t now_s, int64_t window_s);

/*
 * One hour in buckets of 5 minutes, those only that are inside as a whole (55 minutes at
 * least): for what is held against "its usual hour". Batches an hour apart never add up.
 */
struct hour {
	int64_t at; /* newest bucket */
	uint32_t b[13];
};

void hour_add(struct hour *h, int64_t now_s, uint32_t n);
void hour_sub(struct hour *h, int64_t now_s, uint32_t n);
uint32_t hour_get(const struct hour *h, int64_t now_s);

/*
 * Lower bound (95 %, Wilson's score interval without continuity correction) of the share
 * of hits in n, in millionths; 0 for n = 0.
 */
uint32_t wilson_low_ppm(uint32_t hits, uint32_t n);

#endif
