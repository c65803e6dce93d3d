/*
 * notice - what the backend tells, turned into work
 *
 * Job:     a file becomes an entry of the queue, a directory that appeared an urgent
 *          walk, lost events a rescan of every root, a hint about roots another look at
 *          them.
 * Touches: everything the modules it calls touch.
 */
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "state.h"
#include "text.h"

#define ROOTS_AGAIN_MS 20 /* after a hint that a root is new, so that hints add up */
#define START_AGAIN_US 30000000
#define UNWATCHED_US 20000000 /* between two looks at what could not be watched */

static struct watch *w;
static int roots_timer = -1, glob_timer = -1, mounts = -1;

/* --- what the backend tells --- */

static int64_t
changed_us(const struct stat *st)
{
	return (int64_t)st->st_ctim.tv_sec * 1000000 + st->st_ctim.tv_nsec / 1000;
}

static void
on_again(uint32_t dir)
{
	struct walk_order o = {.dir = dir,
			       /* what we still have to read happened after that */
			       .since_us = w->quiet_us - NOTICE_SLACK_US,
			       .cause = CAUSE_RESCAN,
			       .flags = WALK_FILES | WALK_OWED};

	walk_add(w->walk, WALK_BACKGROUND, &o);
}

/* false: no room. */
static bool
put_seen(const struct seen *s)
{
	struct walk_order o = {.uid = s->uid,
			       .since_us = s->ctime_us - NOTICE_SLACK_US,
			       .cause = CAUSE_RESCAN,
			       .flags = WALK_FILES | WALK_OWED};
	uint32_t release;

	w->b->dir_hold(s->dir);
	switch (queue_put(w->queue, s, clock_mono(), &release)) {
	case QUEUE_NEW:
		return true;
	case QUEUE_MERGED:
		if (release == UINT32_MAX)
			return true;
		/* a third place: should the others be gone, the second is not forgotten
		 */
		o.dir = release;
		if (release != s->dir)
			walk_add(w->walk, WALK_BACKGROUND, &o);
		w->b->dir_release(release);
		return true;
	case QUEUE_FULL:
		break;
	}
	w->b->dir_release(s->dir);
	return false;
}

static bool
put(uint32_t dir, const char *name, const struct stat *st, enum file_cause cause,
    bool at_once)
{
	const struct seen s = {.dev = st->st_dev,
			       .ino = st->st_ino,
			       .uid = st->st_uid,
			       .dir = dir,
			       .name = name,
			       .ctime_us = changed_us(st),
			       .cause = cause,
			       .at_once = at_once};

	return put_seen(&s);
}

static void
on_file(uint32_t dir, const char *name, const struct stat *st, bool closed)
{
	struct walk_order o = {.dir = dir,
			       .uid = st->st_uid,
			       .since_us = changed_us(st) - NOTICE_SLACK_US,
			       .cause = CAUSE_RESCAN,
			       .flags = WALK_FILES | WALK_OWED};

	if (put(dir, name, st, CAUSE_EVENT, closed && !send_just_now(w, st)))
		return;
	w->deferred++;
	walk_add(w->walk, WALK_BACKGROUND, &o);
}

bool
notice_walked(const struct walk_found *f)
{
	if (f->cause == CAUSE_EVENT)
		return put(f->dir, f->name, f->st, f->cause, false);
	/* what judge may want must find room then */
	if (queue_room_background(w->queue, f->st->st_uid) == 0)
		return false;
	/* all or some of a directory: what is left out for its age is new, mostly */
	if (f->whole && ask_add(w, f))
		return true;
	return send_was(w, f->st) || put(f->dir, f->name, f->st, f->cause, false);
}

void
notice_wanted(const struct seen *s)
{
	(void)put_seen(s);
}

static void
on_subdir(uint32_t dir, const char *name, uint32_t uid)
{
	struct walk_order o = {.dir = dir,
			       .name = name,
			       .uid = uid,
			       .cause = CAUSE_EVENT,
			       .flags = WALK_FILES | WALK_DEEP | WALK_OWED};

	walk_add(w->walk, WALK_URGENT, &o);
}

/* Walk every root in the background for what changed since. */
static void
walk_roots(int64_t since_us, enum file_cause cause, unsigned flags)
{
	size_t i;

	walk_reset_done(w->walk, WALK_BACKGROUND);
	for (i = 0; i < w->roots.count; i++) {
		const struct root *r = &w->roots.all[i];
		struct walk_order o = {.dir = r->dir,
				       .uid = r->uid,
				       .since_us = since_us,
				       .cause = cause,
				       .flags = flags};

		if (r->path != NULL)
			walk_add(w->walk, WALK_BACKGROUND, &o);
	}
}

static void
rescan(int64_t since_us)
{
	if (w->rescanning) {
		if (!w->rescan_again || since_us < w->rescan_since_us)
			w->rescan_since_us = since_us;
		w->rescan_again = true;
		return;
	}
	w->rescanning = true;
	w->rescans++;
	w->rescan_began = clock_mono();
	w->rescan_began_us = clock_wall().us;
	if (w->b->rescan_begins != NULL)
		w->b->rescan_begins();
	walk_roots(since_us, CAUSE_RESCAN, WALK_FILES | WALK_DEEP | WALK_OWED);
}

/* What could not be watched is looked at again and again, the rest of the time is ours.
 */
void
notice_unwatched(void)
{
	struct backend_state s;
	int64_t rest_us = 4 * w->rescan_took_us;

	w->b->state(&s);
	if (s.unwatched == 0 || w->rescanning || !w->walked ||
	    mono_diff_us(clock_mono(), w->rescan_began) <
		(rest_us > UNWATCHED_US ? rest_us : UNWATCHED_US))
		return;
	rescan(w->rescan_began_us - NOTICE_SLACK_US);
}

static void
on_lost(const char *why)
{
	w->overflows++;
	log_warn_rate("lost", 60, "watch_lost why=\"%s\"", why);
	rescan(w->quiet_us - NOTICE_SLACK_US);
}

/* --- roots --- */

/*
 * A mark on a file system needs privileges that were given up, and is gone when it was
 * unmounted: the parent starts us again, and judge says since when. Not at once, so that
 * a root that comes and goes does not keep us starting.
 */
static void
start_again(const char *why)
{
	if (!w->b->needs_start || !w->ready ||
	    mono_diff_us(clock_mono(), w->started) < START_AGAIN_US)
		return;
	log_warn("watch_restart why=\"%s\"", why);
	w->restart = true;
	loop_stop();
}

static bool
root_came(struct roots *r, size_t number)
{
	struct root *root = &r->all[number];
	struct walk_order o = {
	    .uid = root->uid, .cause = CAUSE_EVENT, .flags = WALK_DEEP};
	struct err e;

	if (w->b->root_came(number, &e) != 0) {
		log_warn_rate("root", 60, "watch_root error=\"%s\"", e.text);
		w->root_refused = true;
		(void)text_copy(w->root_error, sizeof w->root_error, e.text);
		start_again(e.text);
		return false;
	}
	o.dir = root->dir;
	/* at start only the watches are set; what changed before is walked when judge
	 * says since when */
	if (w->ready)
		o.flags |= WALK_FILES | WALK_OWED;
	if (w->ready || w->b->crawls)
		walk_add(w->walk, WALK_URGENT, &o);
	return true;
}

static void
root_went(struct roots *r, size_t number)
{
	(void)r;
	w->b->root_went(number);
}

void
notice_refresh(void)
{
	static const struct roots_calls calls = {root_came, root_went};
	mono_t begin = clock_mono();

	w->roots_stale = false;
	loop_cancel(roots_timer);
	roots_timer = -1;
	roots_refresh(&w->roots, &w->conf, &calls);
	w->roots_looked = clock_mono();
	w->roots_took_us = mono_diff_us(w->roots_looked, begin);
}

/* Looking again at every hint would let one account keep us busy with mkdir. */
static bool
may_refresh(void)
{
	return mono_diff_us(clock_mono(), w->roots_looked) >= 10 * w->roots_took_us;
}

static void
on_roots_timer(void *arg)
{
	(void)arg;
	roots_timer = -1;
	notice_refresh();
}

static void
on_glob_timer(void *arg)
{
	(void)arg;
	notice_refresh();
	if (w->roots.unmounted)
		start_again("a watched file system was unmounted");
	sight_tell(w, true);
	w->calm = true;
}

static void
on_roots_changed(void)
{
	w->roots_stale = true;
	if (roots_timer < 0)
		roots_timer = loop_once(ROOTS_AGAIN_MS + 10 * w->roots_took_us / 1000,
					on_roots_timer, NULL);
}

static void
on_roots_fd(void *arg, int fd, short revents)
{
	(void)arg;
	(void)fd;
	(void)revents;
	if (roots_drain(&w->roots, &w->conf))
		on_roots_changed();
	if (w->roots.unmounted)
		start_again("a watched file system was unmounted");
}

/* The table of mounts changed (proc(5): poll tells). */
static void
on_mounts(void *arg, int fd, short revents)
{
	(void)arg;
	(void)fd;
	(void)revents;
	on_roots_changed();
}

/* Hints that wait in the kernel, and a look at the roots when one is owed. */
void
notice_hurry(void)
{
	if (w->roots.in >= 0)
		on_roots_fd(NULL, w->roots.in, POLLIN);
	if (w->roots_stale && may_refresh())
		notice_refresh();
}

void
notice_walks(void)
{
	if (w->ready && w->since_known && !w->walked) {
		w->walked = true;
		walk_roots(w->since_us, CAUSE_WALK, WALK_FILES | WALK_DEEP);
	}
	if (!w->rescanning || walk_left(w->walk, WALK_BACKGROUND, -1) > 0 ||
	    ask_waiting(w) > 0)
		return;
	w->rescanning = false;
	w->rescan_took_us = mono_diff_us(clock_mono(), w->rescan_began);
	if (w->rescan_again) {
		w->rescan_again = false;
		rescan(w->rescan_since_us);
	}
}

void
notice_conf(void)
{
	loop_cancel(glob_timer);
	glob_timer = loop_every(w->conf.watch_glob_s * 1000, on_glob_timer, NULL);
}

const struct backend_calls notice_calls = {on_file, on_subdir, on_again, on_lost,
					   on_roots_changed};

void
notice_init(struct watch *watch)
{
	w = watch;
}

bool
notice_start(void)
{
	mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (mounts >= 0)
		(void)loop_add(mounts, POLLPRI, on_mounts, NULL);
	notice_conf();
	return w->roots.in < 0 || loop_add(w->roots.in, POLLIN, on_roots_fd, NULL);
}

void
notice_fini(void)
{
	if (mounts >= 0)
		close(mounts);
	mounts = -1;
}
