/*
 * state - what the parts of process watch share
 *
 * Job:     one struct, one instance (watch.c's); send.c and sight.c work on it.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_WATCH_STATE_H
#define MAILBRAKE_WATCH_STATE_H

#include "backend.h"
#include "link.h"
#include "queue.h"
#include "roots.h"
#include "walk.h"

#define HURRY_FILES 256 /* files sent for one HURRY */
#define SENT_SLOTS 16384
#define NOTICE_SLACK_US 2000000 /* file systems stamp with coarse clocks */

/* A file as it was handed over, so that a walk does not do it again, and when. */
struct sent {
	uint64_t dev, ino, size;
	int64_t ctime_us;
	mono_t at;
};

struct watch {
	struct conf conf;
	struct link *judge, *parent;
	const struct backend *b;
	struct roots roots;
	struct queue *queue;
	struct walk *walk;
	struct ask *ask;

	uint64_t credits; /* FILE messages judge still takes */
	uint64_t reserve; /* of them kept for events */
	bool ready;       /* every root was crawled */
	bool since_known, walked;
	int64_t since_us;
	bool rescanning, rescan_again;
	int64_t rescan_since_us;
	mono_t rescan_began;
	int64_t rescan_began_us, rescan_took_us; /* wall; how long the last one took */
	int64_t quiet_us; /* wall time when the kernel's queue was last empty */
	bool roots_stale;
	mono_t roots_looked;
	int64_t roots_took_us;
	bool root_refused; /* the backend could not take one */
	char root_error[160];

	struct sent *last_sent; /* SENT_SLOTS, by inode */
	bool
	    restart; /* only a new start, with its privileges, can see everything again */

	/* for SIGHT */
	mono_t started;
	uint64_t start_ms;
	uint64_t sent, overflows, rescans, refused, busy;
	uint64_t deferred; /* files over a bound, left to a walk */
	char why_inotify[160];
	bool calm; /* in this round nothing happened that SIGHT would tell of */
};

/* send.c: one entry to judge. false: judge takes no more now; the entry was put back. */
bool send_entry(struct watch *w, struct entry *take_e, mono_t now);
/* Was it handed over just as it is now, and would a later change show in its ctime? */
bool send_was(const struct watch *w, const struct stat *st);
/* Was this inode handed over less than settle_ms ago? Then its next change settles
 * first: a file that is written again and again is scanned that often at most. */
bool send_just_now(const struct watch *w, const struct stat *st);
/* Answer LOOK. */
void send_look(struct watch *w, const struct m_look *look, mono_t now);
/* Send one message; the link's own queue bounds it. false: it is full. */
bool send_msg(struct watch *w, const struct msg *m);

/* notice.c: what a backend calls, and what a walk calls for each file. */
extern const struct backend_calls notice_calls;
bool notice_walked(const struct walk_found *f);
/* A file of a walk that judge wants to see. s->sure is set, s->dir is held by the caller
 * too. */
void notice_wanted(const struct seen *s);
/* Remember the struct, before a backend is opened. */
void notice_init(struct watch *w);
/* Have the loop tell of mounts and new roots. false: the loop is full. */
bool notice_start(void);
void notice_fini(void);
/* New settings: how often the globs are looked up. */
void notice_conf(void);
/* Look the globs of watch_roots up. */
void notice_refresh(void);
/* For HURRY: take the hints that wait, and look the globs up if they ask for it. */
void notice_hurry(void);
/* Begin the first walk when it may begin, end a rescan that is done. */
void notice_walks(void);
/* What could not be watched is looked at again and again. */
void notice_unwatched(void);

/*
 * ask.c: what a background walk finds is not opened and sent at once: judge is asked
 * which of it is new to it, some hundred files in one message (FOUND, WANTED). Bounded:
 * ASK_BATCHES messages under way, and each account's queue.
 */
struct ask *ask_new(void);
void ask_free(struct watch *w);
/* May a background walk read on? Sends what is enough for a message. */
bool ask_room(struct watch *w);
/* Ask for this one. false: it cannot be asked for, send it. */
bool ask_add(struct watch *w, const struct walk_found *f);
/* Send what was added so far. */
void ask_send(struct watch *w);
/* Take judge's answer. ERR_INPUT: to nothing that was asked. */
int ask_answer(struct watch *w, const struct m_wanted *v, struct err *e);
/* This account's files are wanted now, whatever judge answers. */
void ask_hurry(struct watch *w, uint32_t uid);
/* Files judge is or will be asked for. */
size_t ask_waiting(const struct watch *w);

/* sight.c: SIGHT when it differs from the last one; always when `now_please`. */
void sight_tell(struct watch *w, bool now_please);

#endif
