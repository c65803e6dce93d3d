/*
 * scan_pool - workers of our own, and what they are at
 *
 * Job:     start mailbrake-scan, keep several files in flight at each worker,
 *          hand back every answer.
 * Touches: one child process, its links.
 */
#ifndef MAILBRAKE_SCAN_POOL_H
#define MAILBRAKE_SCAN_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "conf.h"
#include "err.h"
#include "msg.h"

#define POOL_WORKERS_MAX 64
#define POOL_DEPTH 24 /* files in flight at one worker */

struct pool_conf {
	const struct conf *conf;
	int workers;
	const char *const *rules; /* directories */
	size_t rules_count;
};

/* v is borrowed; path and tag are those of the file. */
typedef void (*pool_fn)(void *arg, uint64_t tag, const char *path,
			const struct m_verdict *v);

struct pool;

/* Start and wait until the rules are loaded. ERR_SYS, ERR_INPUT: *e says what is wrong.
 */
int pool_new(struct pool **out, const struct pool_conf *c, pool_fn fn, void *arg,
	     struct err *e);

/* "" or what is wrong with the rules that were left out; borrowed. */
const char *pool_problem(const struct pool *p);

/* The version of the rules the workers have; borrowed. */
const char *pool_rules_version(const struct pool *p);

/* Is there room for one more file? */
bool pool_room(const struct pool *p);

/* Give one file away (the fd is taken). There must be room. dir_uid: see
 * walk_entry. tag: the caller's own number
 * for it. */
void pool_give(struct pool *p, const char *path, int take_fd, const struct stat *st,
	       int64_t dir_uid, uint64_t tag);

/*
 * Wait at most timeout_ms for answers and call fn for each. false: nothing is in flight.
 * When the workers are gone for good every file in flight is answered as unscanned.
 */
bool pool_wait(struct pool *p, int timeout_ms);

/* The workers are gone for good: what is given away now is answered as unscanned. */
bool pool_dead(const struct pool *p);

void pool_free(struct pool **p);

#endif
