/*
 * release_expire - held mail that nobody reviewed
 *
 * Job:     give it up after held_expire_s, loudly; a clock set wrong must not.
 * Touches: held mail, the store.
 */
#include "release_int.h"

#include <inttypes.h>
#include <string.h>

#include "alert.h"
#include "hub.h"
#include "log.h"
#include "text.h"

#define DAY_US 86400000000
#define EXPIRE_KEY "expire_wall_us"
#define EXPIRE_WARN_S (3 * 86400) /* told so long before held mail expires */

#define EXPIRE_ROUND 64 /* messages a time */

struct expiring {
	wall_t now;
	uint64_t soon;
	char id[EXPIRE_ROUND][HELD_ID];
	size_t count;
};

static bool
expire_one(void *arg, const struct store_held *v)
{
	struct expiring *x = arg;
	int64_t age_s = wall_s(x->now) - wall_s(v->t);

	if (age_s >= hub.conf.held_expire_s && x->count < EXPIRE_ROUND)
		(void)text_copy(x->id[x->count++], HELD_ID, v->id);
	else if (age_s >= hub.conf.held_expire_s - EXPIRE_WARN_S)
		x->soon++;
	return x->count < EXPIRE_ROUND;
}

/*
 * A clock that was set wrong must not end a hold: when wall time ran a day ahead of the
 * time that passed, nothing expires for a day, and the admin is told.
 */
static bool
clock_jumped(wall_t now)
{
	static mono_t last_mono, quiet_until;
	mono_t mono = clock_mono();
	int64_t last_us = 0, ahead_us;
	size_t len = 0;
	struct err e;

	if (store_kv_get(hub.store, EXPIRE_KEY, &last_us, sizeof last_us, &len, &e) !=
		1 ||
	    len != sizeof last_us)
		last_us = now.us;
	ahead_us =
	    now.us - last_us - (last_mono.us == 0 ? 0 : mono_diff_us(mono, last_mono));
	last_mono = mono;
	if (store_kv_put(hub.store, EXPIRE_KEY, &now.us, sizeof now.us, &e) != 0)
		hub_store_warn(&e);
	if (ahead_us > DAY_US) {
		quiet_until = mono_after_ms(mono, DAY_US / 1000);
		alert_degraded("clock",
			       "The system clock jumped %" PRId64 " hours ahead; held "
			       "mail will not expire for 24 hours.",
			       ahead_us / 3600000000);
	}
	return mono_diff_us(mono, quiet_until) < 0;
}

void
release_expire(void)
{
	struct expiring x = {.now = clock_wall()};
	struct err e;
	char span[32];
	size_t i;

	if (clock_jumped(x.now))
		return;
	if (store_held_each(hub.store, -1, "held", 0, expire_one, &x, &e) != 0)
		hub_store_warn(&e);
	for (i = 0; i < x.count; i++)
		release_set_state(x.id[i], "expired", 0,
				  "nobody reviewed it within held_expire_s");
	if (x.count > 0 && store_sync(hub.store, &e) != 0) {
		hub_store_warn(&e);
		return;
	}
	for (i = 0; i < x.count; i++) {
		(void)held_remove(hub.held, x.id[i], &e);
		log_warn("expired id=%s", x.id[i]);
	}
	if (x.count > 0)
		alert_degraded("expired",
			       "%zu held messages were deleted: nobody reviewed them "
			       "within held_expire_s (%s).",
			       x.count,
			       text_span(span, sizeof span, hub.conf.held_expire_s));
	if (x.soon > 0)
		alert_degraded("expires",
			       "%" PRIu64
			       " held messages will be deleted within three days "
			       "unless you release or discard them: `mailbrake held` "
			       "lists them.",
			       x.soon);
}
