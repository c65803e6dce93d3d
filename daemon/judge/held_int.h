/*
 * held_int - between the files of held
 *
 * Job:     the directory and an open message as they are in memory, and what
 *          held.c (write, remove), held_read.c (open, walk), held_count.c
 *          (quota) and held_io.c (bytes) share.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_HELD_INT_H
#define MAILBRAKE_HELD_INT_H

#include <pthread.h>

#include "held.h"

#define HELD_TMP_PREFIX \
	".new-" /* of a file that has no id yet, where it must have a name */

/* What one account holds: open addressing, a power of two of slots. */
struct usage {
	bool used;
	uid_t uid;
	uint64_t messages, bytes;
};

struct held_dir {
	int fd;
	pthread_mutex_t lock; /* for all below */
	bool counted;         /* by the first held_scan */
	int64_t last_us;      /* time part of the last id given */
	uint64_t messages, bytes;
	struct usage *slots;
	size_t slot_count, slot_used;
};

struct held {
	struct held_head head;
	char *strings;
	uint64_t offset;
	int fd;
};

/* ERR_AGAIN when the disk is full, ERR_SYS otherwise; errno says. */
int held_write_err(struct err *e, const char *what);
/* All of len bytes at `at`. */
int held_write_at(int fd, const void *p, size_t len, uint64_t at, struct err *e);
/* SHA-256 of size bytes of from at from_at as hex; with to >= 0 they are also written
 * there, at to_at. ERR_INPUT when there are fewer. */
int held_hash_copy(int from, uint64_t from_at, uint64_t size, int to, uint64_t to_at,
		   char hex[65], struct err *e);

/* May uid hold one more of so many bytes? ERR_AGAIN names the limit. Under the lock. */
int held_check_quota(struct held_dir *d, const struct conf *c, uid_t uid, uint64_t bytes,
		     struct err *e);
/* Count one; under the lock. */
void held_count_add(struct held_dir *d, uid_t uid, uint64_t bytes);
/* Take one back; takes the lock. */
void held_count_take_back(struct held_dir *d, uid_t uid, uint64_t bytes);

/* Open id and parse its head; the length of the file is checked, the body is not read. As
 * held_open. */
int held_open_head(struct held_dir *d, const char *id, struct held **out, struct err *e);

#endif
