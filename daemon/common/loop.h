/*
 * loop - one poll(2) loop a process
 *
 * Job:     call back when a descriptor is ready or a time has come.
 * Touches: poll, the monotonic clock.
 * Limits:  LOOP_FDS descriptors, LOOP_TIMERS timers; loop_add says when full.
 */
#ifndef MAILBRAKE_LOOP_H
#define MAILBRAKE_LOOP_H

#include <stdbool.h>

#include "clock.h"

#define LOOP_FDS 4096
#define LOOP_TIMERS 64

/* revents as poll(2) gives them. */
typedef void (*loop_fn)(void *arg, int fd, short revents);
typedef void (*loop_timer_fn)(void *arg);

/* Watch fd for events (POLLIN, POLLOUT). false: LOOP_FDS are watched already. */
bool loop_add(int fd, short events, loop_fn fn, void *arg);
/* Change what fd is watched for. */
void loop_events(int fd, short events);
/* Leave it out of poll(2) for now, or no more. Watched for no events at all it would still
 * have us woken: for errors, and by kernel queues that wake whoever polls them. */
void loop_rest(int fd, bool rests);
/* Watch fd no more; call before closing it. */
void loop_del(int fd);

/* Call fn(arg) every interval_ms (>= 1), first after that time. Returns an id >= 0; -1:
 * full. */
int loop_every(int64_t interval_ms, loop_timer_fn fn, void *arg);
/* Call fn(arg) once after delay_ms. */
int loop_once(int64_t delay_ms, loop_timer_fn fn, void *arg);
/* Forget a timer; -1 is ignored. */
void loop_cancel(int timer_id);

/* Called after each round of events, before sleeping: for flushing and batching. */
void loop_after_round(loop_timer_fn fn, void *arg);

/* The time at which this round began: one clock reading a round. */
mono_t loop_now(void);

/* Run until loop_stop; signals that interrupt poll just begin another round. */
void loop_run(void);
void loop_stop(void);

#endif
