/*
 * queue - files that wait to be looked at: settled, once each, fair per account
 *
 * Job:     one entry per inode (dev, ino); an entry is due at once when the caller says
 *          so (closed, and not handed over a moment ago), else when the file was left
 *          alone for settle_ms, or settle_max_ms after the first event; accounts take
 *          turns, so that one who writes without end does not delay another; each
 *          account has a bound. Entries of walks (background) come after every event
 *          entry that is due.
 * Touches: the heap. Time is an argument.
 * Limits:  uid_max entries an account, less when many accounts wait (QUEUE_ALL in all),
 *          and QUEUE_BG_MAX background entries an account. QUEUE_FULL says so: the
 *          caller marks the directory for a later walk.
 */
#ifndef MAILBRAKE_QUEUE_H
#define MAILBRAKE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "msg.h"

#define QUEUE_ALL \
	400000 /* event entries of all accounts together, about 130 bytes each */
#define QUEUE_UID_LEAST 64 /* what an account may have waiting however many wait */
#define QUEUE_BG_MAX 2048  /* background entries of one account */
/* Entries of one account that are due at once within settle_ms: more at a time wait until
 * the account pauses for settle_ms (settle_max_ms at most, or until half its room is
 * taken), so that its bulk work is not scanned while it is under way. */
#define QUEUE_AT_ONCE 128
/* ... and in a burst: a sign of it much earlier. */
#define QUEUE_BURST 32
#define QUEUE_BURST_MS 20

/* A file somewhere: its inode, its owner, and the place it was seen at. */
struct seen {
	uint64_t dev, ino;
	uint32_t uid;
	uint32_t dir;     /* the backend's number of the directory */
	const char *name; /* borrowed */
	int64_t ctime_us;
	enum file_cause cause;
	bool sure;    /* of a walk: its room was asked for before, it is never refused */
	bool at_once; /* need not settle: the caller sees that it is not so every time */
};

struct entry {
	struct entry *hash_next, *prev, *next;
	uint64_t dev, ino;
	mono_t first, last, due;
	int64_t ctime_us; /* when it was seen first */
	size_t at;        /* place in the account's heap */
	uint32_t uid;
	uint32_t dir;
	uint32_t dir_before; /* another directory it was seen in; == dir: none */
	uint8_t cause;       /* enum file_cause */
	uint8_t tries;
	bool moved; /* seen at more than one place: should this one be gone, look there */
	bool at_once; /* was due at once: what comes after that does not put it off */
	char name[];
};

enum queue_put { QUEUE_NEW, QUEUE_MERGED, QUEUE_FULL };

struct queue;

/* Never NULL. */
struct queue *queue_new(int64_t settle_ms, int64_t settle_max_ms, int64_t uid_max);
void queue_free(struct queue **q);
/* New settings; what waits keeps the time it was given. */
void queue_set(struct queue *q, int64_t settle_ms, int64_t settle_max_ms,
	       int64_t uid_max);

/*
 * A file was seen. QUEUE_NEW: it waits, and holds s->dir until its entry is given back
 * (the caller counts references); QUEUE_MERGED: its inode waits already, and *dir_out is
 * a directory number the queue holds no more (one that was replaced, or s->dir itself);
 * QUEUE_FULL: nothing was kept.
 */
enum queue_put queue_put(struct queue *q, const struct seen *s, mono_t now,
			 uint32_t *dir_out);

/*
 * The next entry that is due, accounts in turn, events before background (which is only
 * given when `spare`). NULL: none. The caller owns it: entry_free or queue_back.
 */
struct entry *queue_next(struct queue *q, mono_t now, bool spare);
/* The next entry of this account, due or not, newest event first. NULL: none. */
struct entry *queue_next_uid(struct queue *q, uint32_t uid);
/* Put an entry back that could not be handled; due again after delay_ms. Takes it. */
void queue_back(struct queue *q, struct entry *take_e, mono_t now, int64_t delay_ms);
void entry_free(struct entry *e);

/* When the next event entry is due; false: none waits. */
bool queue_due(const struct queue *q, mono_t *due_out);
/* Entries waiting in all, and of one account. */
size_t queue_waiting(const struct queue *q);
size_t queue_waiting_uid(const struct queue *q, uint32_t uid);
size_t queue_waiting_background(const struct queue *q);
/* How many more background entries of this account there is room for. */
size_t queue_room_background(const struct queue *q, uint32_t uid);

#endif
