/*
 * loop - one poll(2) loop a process
 *
 * Job:     see loop.h.
 * Touches: poll, the monotonic clock.
 */
#include "loop.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>

#include "log.h"

static struct pollfd fds[LOOP_FDS];
static struct slot {
	loop_fn fn;
	void *arg;
	int fd; /* -1: deleted; poll has -1 for one that rests, too */
} slots[LOOP_FDS];
static size_t fd_count;

static struct timer {
	loop_timer_fn fn; /* NULL: free */
	void *arg;
	mono_t due;
	int64_t every_ms; /* 0: once */
} timers[LOOP_TIMERS];

static loop_timer_fn after_fn;
static void *after_arg;
static mono_t now;
static bool running;

static size_t
find(int fd)
{
	size_t i;

	for (i = 0; i < fd_count; i++)
		if (slots[i].fd == fd)
			return i;
	return fd_count;
}

bool
loop_add(int fd, short events, loop_fn fn, void *arg)
{
	if (fd_count == LOOP_FDS)
		return false;
	fds[fd_count].fd = fd;
	fds[fd_count].events = events;
	/* not seen by poll yet: nothing of an earlier round may be taken for it */
	fds[fd_count].revents = 0;
	slots[fd_count].fn = fn;
	slots[fd_count].arg = arg;
	slots[fd_count].fd = fd;
	fd_count++;
	return true;
}

void
loop_events(int fd, short events)
{
	size_t i = find(fd);

	if (i < fd_count)
		fds[i].events = events;
}

void
loop_rest(int fd, bool rests)
{
	size_t i = find(fd);

	if (i < fd_count)
		fds[i].fd = rests ? -1 : fd;
}

void
loop_del(int fd)
{
	size_t i = find(fd);

	if (i < fd_count)
		fds[i].fd = slots[i].fd = -1; /* taken out after the round, so that
						 indexes stay */
}

static int
timer_add(int64_t ms, int64_t every_ms, loop_timer_fn fn, void *arg)
{
	int i;

	for (i = 0; i < LOOP_TIMERS; i++) {
		if (timers[i].fn != NULL)
			continue;
		timers[i].fn = fn;
		timers[i].arg = arg;
		timers[i].due = mono_after_ms(clock_mono(), ms);
		timers[i].every_ms = every_ms;
		return i;
	}
	return -1;
}

int
loop_every(int64_t interval_ms, loop_timer_fn fn, void *arg)
{
	return timer_add(interval_ms, interval_ms, fn, arg);
}

int
loop_once(int64_t delay_ms, loop_timer_fn fn, void *arg)
{
	return timer_add(delay_ms, 0, fn, arg);
}

void
loop_cancel(int timer_id)
{
	if (timer_id >= 0 && timer_id < LOOP_TIMERS)
		timers[timer_id].fn = NULL;
}

void
loop_after_round(loop_timer_fn fn, void *arg)
{
	after_fn = fn;
	after_arg = arg;
}

mono_t
loop_now(void)
{
	return now.us == 0 ? clock_mono() : now;
}

/* Milliseconds until the next timer, rounded up; -1: there is none. */
static int
wait_ms(void)
{
	int64_t best = -1, left;
	size_t i;

	for (i = 0; i < LOOP_TIMERS; i++) {
		if (timers[i].fn == NULL)
			continue;
		left = (mono_diff_us(timers[i].due, clock_mono()) + 999) / 1000;
		if (left < 0)
			left = 0;
		if (best < 0 || left < best)
			best = left;
	}
	return best > 3600000 ? 3600000 : (int)best;
}

static void
run_timers(void)
{
	size_t i;

	for (i = 0; i < LOOP_TIMERS; i++) {
		loop_timer_fn fn = timers[i].fn;

		if (fn == NULL || mono_diff_us(timers[i].due, now) > 0)
			continue;
		if (timers[i].every_ms > 0)
			timers[i].due = mono_after_ms(now, timers[i].every_ms);
		else
			timers[i].fn = NULL;
		fn(timers[i].arg);
	}
}

static void
run_fds(void)
{
	size_t i, keep = 0, n = fd_count;

	for (i = 0; i < n; i++) {
		short revents = fds[i].revents;

		fds[i].revents = 0;
		if (fds[i].fd >= 0 && revents != 0)
			slots[i].fn(slots[i].arg, fds[i].fd, revents);
	}
	for (i = 0; i < fd_count; i++) {
		if (slots[i].fd < 0)
			continue;
		fds[keep] = fds[i];
		slots[keep++] = slots[i];
	}
	fd_count = keep;
}

void
loop_run(void)
{
	int r;

	running = true;
	while (running) {
		if (after_fn != NULL)
			after_fn(after_arg);
		if (!running)
			break;
		r = poll(fds, (nfds_t)fd_count, wait_ms());
		now = clock_mono();
		if (r < 0 && errno != EINTR)
			log_bug("poll errno=%d", errno);
		if (r > 0)
			run_fds();
		run_timers();
	}
}

void
loop_stop(void)
{
	running = false;
}
