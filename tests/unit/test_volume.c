#include "t.h"
#include "volume.h"

#define T0 1700000000

static void
test_volume(void)
{
	struct volume v = {0};

	T_EQ(volume_get(&v, T0, VOL_7D), 0);
	volume_add(&v, T0, 3);
	volume_add(&v, T0 + 30, 4);
	T_EQ(volume_get(&v, T0 + 30, VOL_1M), 7);
	T_EQ(volume_get(&v, T0 + 59, VOL_1M), 7);
	T_EQ(volume_get(&v, T0 + 200, VOL_1M), 0);
	T_EQ(volume_get(&v, T0 + 200, VOL_10M), 7);
	T_EQ(volume_get(&v, T0 + 3599, VOL_1H), 7);
	T_EQ(volume_get(&v, T0 + 3600 + 400, VOL_1H), 0);
	T_EQ(volume_get(&v, T0 + 86399, VOL_24H), 7);
	T_EQ(volume_get(&v, T0 + 86400 * 6, VOL_7D), 7);
	T_EQ(volume_get(&v, T0 + 86400 * 8, VOL_7D), 0);
	/* time that stands still or runs back loses nothing */
	volume_add(&v, T0 - 5000, 1);
	T_EQ(volume_get(&v, T0 + 30, VOL_1M), 8);
	volume_sub(&v, T0 + 31, 5);
	T_EQ(volume_get(&v, T0 + 31, VOL_1M), 3);
	T_EQ(volume_get(&v, T0 + 31, VOL_7D), 3);
	volume_sub(&v, T0 + 31, 500);
	T_EQ(volume_get(&v, T0 + 31, VOL_7D), 0);
	volume_add(&v, T0 + 40, UINT32_MAX);
	volume_add(&v, T0 + 40, UINT32_MAX);
	T_EQ(volume_get(&v, T0 + 40, VOL_24H), UINT32_MAX);
	volume_add(&v, T0 + INT64_C(86400) * 36500, 2);
	T_EQ(volume_get(&v, T0 + INT64_C(86400) * 36500, VOL_7D), 2);
}

/* One every ten minutes for a day: no window forgets what is younger than itself. */
static void
test_steady(void)
{
	struct volume v = {0};
	int64_t t = T0;

	for (int i = 0; i < 1000; i++, t += 600) {
		volume_add(&v, t, 1);
		T_CHECK(volume_get(&v, t, VOL_1H) >= (i < 6 ? (unsigned)i + 1 : 6), "%d",
			i);
		T_CHECK(volume_get(&v, t, VOL_24H) >= (i < 144 ? (unsigned)i + 1 : 144),
			"%d", i);
		T_CHECK(volume_get(&v, t, VOL_24H) <= 151, "%d", i);
	}
}

static void
test_slide(void)
{
	struct slide s = {0};

	slide_add(&s, T0 - T0 % 3600, 3600, 100);
	T_EQ(slide_get(&s, T0 - T0 % 3600 + 3599, 3600), 100);
	T_EQ(slide_get(&s, T0 - T0 % 3600 + 3600, 3600), 100);
	T_EQ(slide_get(&s, T0 - T0 % 3600 + 5400, 3600), 50);
	T_EQ(slide_get(&s, T0 - T0 % 3600 + 7200, 3600), 0);
	slide_sub(&s, T0 - T0 % 3600 + 10, 3600, 40);
	T_EQ(slide_get(&s, T0 - T0 % 3600 + 10, 3600), 60);
	slide_sub(&s, T0, 3600, 400);
	T_EQ(slide_get(&s, T0, 3600), 0);
}

static void
test_wilson(void)
{
	T_EQ(wilson_low_ppm(0, 0), 0);
	T_EQ(wilson_low_ppm(0, 100), 0);
	/* Wilson 1927; 10 of 20: 0.299, 50 of 100: 0.404 */
	T_CHECK(wilson_low_ppm(10, 20) / 1000 == 299, "%u", wilson_low_ppm(10, 20));
	T_CHECK(wilson_low_ppm(50, 100) / 1000 == 403, "%u", wilson_low_ppm(50, 100));
	T_CHECK(wilson_low_ppm(5, 3) <= 1000000, "more hits than samples");
}

/* An hour's count: nothing younger is missing, batches an hour apart do not add up. */
static void
test_hour(void)
{
	struct hour h = {0};
	int64_t t = 1000000200;

	for (int64_t i = 0; i < 300; i++)
		hour_add(&h, t + i, 1);
	T_EQ(hour_get(&h, t + 300), 300);
	T_EQ(hour_get(&h, t + 3600 - 1), 300);
	for (int64_t i = 0; i < 300; i++) {
		hour_add(&h, t + 3600 + i, 1);
		T_CHECK(hour_get(&h, t + 3600 + i) <= 302, "%u",
			hour_get(&h, t + 3600 + i));
	}
	/* nor do they when they are quick, wherever in five minutes they fall */
	for (int64_t phase = 0; phase < 300; phase += 7) {
		struct hour q = {0};

		hour_add(&q, t + phase, 300);
		hour_add(&q, t + phase + 3600, 300);
		T_EQ(hour_get(&q, t + phase + 3600), 300);
	}
	hour_sub(&h, t + 3900, 100);
	T_EQ(hour_get(&h, t + 3900), 200);
	hour_sub(&h, t + 3900, 1000);
	T_EQ(hour_get(&h, t + 3900), 0);
	hour_add(&h, t + 10, 5); /* the clock stood still: counted as now */
	T_EQ(hour_get(&h, t + 10), 5);
	T_EQ(hour_get(&h, t + 90000), 0);
}

int
main(void)
{
	test_volume();
	test_steady();
	test_slide();
	test_wilson();
	test_hour();
	return T_DONE();
}
