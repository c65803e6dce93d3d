/*
 * pool - threads for what waits on the disk
 *
 * Job:     run fn(arg) on one of a few threads, then done(arg) in the loop,
 *          so that one tenant's fsync never holds up another's answer.
 * Touches: threads, one eventfd in the loop.
 * Limits:  POOL_THREADS at work; the caller bounds what it hands over.
 */
#ifndef MAILBRAKE_POOL_H
#define MAILBRAKE_POOL_H

typedef void (*pool_fn)(void *arg);

#include <stdint.h>

#define POOL_THREADS 4

/* Start the threads and watch for their results in the loop. Dies when it cannot. */
void pool_start(void);

/*
 * arg belongs to the pool until done is called with it. key: whose work it is (a uid); of
 * one key one task runs at a time, so that the large mail of one account leaves room for
 * the others'.
 */
void pool_run(uint32_t key, pool_fn fn, pool_fn done, void *arg);

/* Close a descriptor that a stranger gave, on a thread of its own: it may take as long as
 * it likes. */
void pool_close(int take_fd);

/* Wait until nothing is left, calling done for each: before the process ends. */
void pool_drain(void);

#endif
