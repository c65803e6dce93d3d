/*
 * sight - say what is watched and what is not
 *
 * Job:     gather SIGHT, and send it when it changed.
 * Touches: judge's link.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "state.h"
#include "text.h"

struct words {
	char text[1024];
	size_t len;
};

static void __attribute__((format(printf, 2, 3)))
say(struct words *d, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (d->len > 0 && d->len + 3 < sizeof d->text) {
		memcpy(d->text + d->len, "; ", 3);
		d->len += 2;
	}
	va_start(ap, fmt);
	n = vsnprintf(d->text + d->len, sizeof d->text - d->len, fmt, ap);
	va_end(ap);
	d->len += n < 0 ? 0 : (size_t)n;
	if (d->len >= sizeof d->text)
		d->len = sizeof d->text - 1;
}

static void
degraded(const struct watch *w, const struct backend_state *s, struct words *d)
{
	d->text[0] = '\0';
	d->len = 0;
	if (w->roots.live == 0)
		say(d, "watch_roots name no directory: nothing is watched");
	if (w->why_inotify[0] != '\0')
		say(d, "inotify instead of fanotify: %s", w->why_inotify);
	if (s->unwatched > 0)
		say(d, "%" PRIu64 " directories are not watched: %s", s->unwatched,
		    s->why);
	if (w->roots.full)
		say(d, "more than %d watch_roots: the rest is not watched", ROOTS_MAX);
	if (w->roots.refused > 0)
		say(d, "%zu watch_roots are links made by an account: not followed",
		    w->roots.refused);
	if (w->roots.cut > 0)
		say(d,
		    "%zu directories hold more than %d watch_roots: the rest is not "
		    "watched",
		    w->roots.cut, ROOTS_TENANT_MAX);
	if (w->refused > 0)
		say(d, "%" PRIu64 " files could not be opened for want of rights",
		    w->refused);
	if (w->busy > 0)
		say(d, "%" PRIu64 " files could not be opened", w->busy);
	if (walk_dropped(w->walk) > 0)
		say(d, "%" PRIu64 " directories could not be walked",
		    walk_dropped(w->walk));
}

void
sight_tell(struct watch *w, bool now_please)
{
	static struct msg last, out;
	static char last_degraded[1024];
	struct backend_state s = {0, 0, ""};
	struct words d;
	struct m_sight v;
	struct err e;
	bool changed;

	w->b->state(&s);
	degraded(w, &s, &d);
	changed = strcmp(d.text, last_degraded) != 0;
	if (!now_please && !changed)
		return;
	v = (struct m_sight){.backend = w->b->name,
			     .ready = w->ready,
			     .dirs = s.dirs,
			     .files_waiting = queue_waiting(w->queue) + ask_waiting(w),
			     .files_sent = w->sent,
			     .overflows = w->overflows,
			     .rescans = w->rescans,
			     .rescan_dirs_left = walk_left(w->walk, WALK_BACKGROUND, -1),
			     .rescan_dirs_done = walk_done(w->walk, WALK_BACKGROUND),
			     .dropped = w->deferred + walk_dropped(w->walk),
			     .start_ms = w->start_ms,
			     .degraded = d.text};
	if (m_sight_put(&out, &v, &e) != 0 ||
	    (out.len == last.len && memcmp(out.body, last.body, out.len) == 0))
		return;
	if (changed && d.len > 0)
		log_warn("sight_degraded backend=%s text=\"%s\"", w->b->name, d.text);
	if (!send_msg(w, &out))
		return;
	(void)text_copy(last_degraded, sizeof last_degraded, d.text);
	last.len = out.len;
	memcpy(last.body, out.body, out.len);
}
