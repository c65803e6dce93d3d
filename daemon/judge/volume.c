/*
 * volume - how much in how long, in fixed memory
 *
 * Job:     see volume.h.
 * Touches: nothing.
 */
#include "volume.h"

#include <math.h>
#include <string.h>

static const struct {
	int64_t window_s, bucket_s;
	unsigned count;
} windows[VOL_WINDOWS] = {
    [VOL_1M] = {60, 12, 6},         [VOL_10M] = {600, 60, 11},
    [VOL_1H] = {3600, 300, 13},     [VOL_24H] = {86400, 3600, 25},
    [VOL_7D] = {604800, 21600, 29},
};

static const uint32_t *
ring_of(const struct volume *v, enum vol_window w)
{
	const uint32_t *const rings[VOL_WINDOWS] = {v->b1m, v->b10m, v->b1h, v->b24h,
						    v->b7d};

	return rings[w];
}

static uint32_t *
ring_for(struct volume *v, enum vol_window w)
{
	uint32_t *const rings[VOL_WINDOWS] = {v->b1m, v->b10m, v->b1h, v->b24h, v->b7d};

	return rings[w];
}

/* Empty the buckets that time has passed over since the last event. */
static void
advance(struct volume *v, int64_t now_s)
{
	if (now_s <= v->now_s)
		return;
	for (unsigned w = 0; w < VOL_WINDOWS; w++) {
		uint32_t *ring = ring_for(v, (enum vol_window)w);
		int64_t from = v->now_s / windows[w].bucket_s;
		int64_t to = now_s / windows[w].bucket_s;
		unsigned n = windows[w].count;

		if (to - from >= (int64_t)n) {
			memset(ring, 0, n * sizeof(*ring));
			continue;
		}
		for (int64_t b = from + 1; b <= to; b++)
			ring[(uint64_t)b % n] = 0;
	}
	v->now_s = now_s;
}

static uint32_t
add_sat(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

void
volume_add(struct volume *v, int64_t now_s, uint32_t n)
{
	advance(v, now_s);
	for (unsigned w = 0; w < VOL_WINDOWS; w++) {
		uint32_t *b =
		    ring_for(v, (enum vol_window)w) +
		    (uint64_t)(v->now_s / windows[w].bucket_s) % windows[w].count;
		*b = add_sat(*b, n);
	}
}

void
volume_sub(struct volume *v, int64_t now_s, uint32_t n)
{
	advance(v, now_s);
	for (unsigned w = 0; w < VOL_WINDOWS; w++) {
		uint32_t *ring = ring_for(v, (enum vol_window)w);
		int64_t b = v->now_s / windows[w].bucket_s;
		uint32_t left = n;

		for (unsigned i = 0; i < windows[w].count && left > 0; i++) {
			uint32_t *at =
			    ring + (uint64_t)(b - (int64_t)i) % windows[w].count;
			uint32_t take = *at < left ? *at : left;

			*at -= take;
			left -= take;
		}
	}
}

uint32_t
volume_get(const struct volume *v, int64_t now_s, enum vol_window w)
{
	const uint32_t *ring = ring_of(v, w);
	int64_t last = v->now_s / windows[w].bucket_s;
	int64_t now = (now_s > v->now_s ? now_s : v->now_s) / windows[w].bucket_s;
	uint32_t sum = 0;

	for (unsigned i = 0; i < windows[w].count; i++) {
		int64_t b = last - (int64_t)i;

		if (b < 0 || now - b >= (int64_t)windows[w].count)
			break;
		sum = add_sat(sum, ring[(uint64_t)b % windows[w].count]);
	}
	return sum;
}

static void
slide_advance(struct slide *s, int64_t now_s, int64_t window_s)
{
	uint32_t epoch = (uint32_t)(now_s / window_s);

	if (epoch <= s->epoch)
		return;
	s->before = epoch == s->epoch + 1 ? s->now : 0;
	s->now = 0;
	s->epoch = epoch;
}

void
slide_add(struct slide *s, int64_t now_s, int64_t window_s, uint32_t n)
{
	slide_advance(s, now_s, window_s);
	s->now = add_sat(s->now, n);
}

void
slide_sub(struct slide *s, int64_t now_s, int64_t window_s, uint32_t n)
{
	slide_advance(s, now_s, window_s);
	if (s->now >= n) {
		s->now -= n;
	} else {
		n -= s->now;
		s->now = 0;
		s->before -= s->before < n ? s->before : n;
	}
}

uint32_t
slide_get(const struct slide *s, int64_t now_s, int64_t window_s)
{
	struct slide c = *s;
	uint64_t left;

	slide_advance(&c, now_s, window_s);
	left = (uint64_t)window_s -
	       (uint64_t)(now_s > 0 ? now_s % window_s : 0); /* of the bucket before */
	return add_sat(c.now,
		       (uint32_t)(((uint64_t)c.before * left + (uint64_t)window_s - 1) /
				  (uint64_t)window_s));
}

#define HOUR_BUCKETS 13
#define HOUR_BUCKET_S 300

static void
hour_advance(struct hour *h, int64_t now_s)
{
	int64_t to = now_s / HOUR_BUCKET_S;

	if (to <= h->at)
		return;
	if (to - h->at >= HOUR_BUCKETS)
		memset(h->b, 0, sizeof(h->b));
	else
		for (int64_t b = h->at + 1; b <= to; b++)
			h->b[(uint64_t)b % HOUR_BUCKETS] = 0;
	h->at = to;
}

void
hour_add(struct hour *h, int64_t now_s, uint32_t n)
{
	uint32_t *b;

	hour_advance(h, now_s);
	b = &h->b[(uint64_t)h->at % HOUR_BUCKETS];
	*b = add_sat(*b, n);
}

void
hour_sub(struct hour *h, int64_t now_s, uint32_t n)
{
	hour_advance(h, now_s);
	for (int64_t i = 0; i < HOUR_BUCKETS && i <= h->at && n > 0; i++) {
		uint32_t *b = &h->b[(uint64_t)(h->at - i) % HOUR_BUCKETS];
		uint32_t take = *b < n ? *b : n;

		*b -= take;
		n -= take;
	}
}

uint32_t
hour_get(const struct hour *h, int64_t now_s)
{
	int64_t at = now_s > h->at * HOUR_BUCKET_S ? now_s : h->at * HOUR_BUCKET_S;
	int64_t now = at / HOUR_BUCKET_S;
	uint32_t sum = 0;

	/* the oldest, half outside, is left out: a batch that went in its first seconds
	 * would count together with the one an hour later, or not, by chance */
	for (int64_t i = 0; i < HOUR_BUCKETS && i <= h->at; i++)
		if (now - (h->at - i) < HOUR_BUCKETS - 1)
			sum = add_sat(sum, h->b[(uint64_t)(h->at - i) % HOUR_BUCKETS]);
	return sum;
}

uint32_t
wilson_low_ppm(uint32_t hits, uint32_t n)
{
	const double z = 1.96;
	double p, d, low;

	if (n == 0)
		return 0;
	if (hits > n)
		hits = n;
	p = (double)hits / n;
	d = z * sqrt(p * (1 - p) / n + z * z / (4.0 * n * n));
	low = (p + z * z / (2.0 * n) - d) / (1 + z * z / n);
	return low <= 0 ? 0 : (uint32_t)(low * 1e6);
}
