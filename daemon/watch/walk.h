/*
 * walk - read directories in small steps, accounts in turn
 *
 * Job:     two lines of work. Urgent: directories that appeared, walked at once, their
 *          files handed over as events. Background: rescans and first walks, paced by
 *          the caller. A step reads one buffer of names and keeps no descriptor; a
 *          directory that is not finished remembers its position; an urgent one that
 *          finds no room for its files goes on in the background.
 * Touches: the backend (which touches the file system).
 * Limits:  WALK_UID_MAX directories an account and line; beyond it the parent stays at
 *          its position until there is room; what can never get room is counted as
 *          dropped.
 */
#ifndef MAILBRAKE_WALK_H
#define MAILBRAKE_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend.h"
#include "msg.h"

#define WALK_UID_MAX 200000

enum walk_line { WALK_URGENT, WALK_BACKGROUND, WALK_LINES };
enum walk_flag {
	WALK_FILES = 1, /* hand over files */
	WALK_DEEP = 2,  /* enter the directories below */
	WALK_OWED =
	    4, /* stands for events that were seen or lost: counted by walk_owed */
};

/* A file that was found; all borrowed. */
struct walk_found {
	uint32_t dir;
	enum file_cause cause;
	const char *name;
	const struct stat *st, *dir_st;
	/* Every file of this stretch of the directory is handed over: none is left out
	 * for its age. part: 0, 1, ... along the directory. */
	bool whole;
	uint32_t part;
	uint64_t step; /* another number for each stretch that is read */
};

/* Takes a file that was found. false: no room now, ask again later. */
typedef bool (*walk_file_fn)(const struct walk_found *f);

struct walk_order {
	uint32_t dir;
	const char *name; /* below dir, to be entered; NULL: dir itself. Copied */
	uint32_t uid;     /* whose turn it takes */
	int64_t since_us; /* files whose ctime is older are left out; 0: all */
	enum file_cause cause;
	unsigned flags;
};

struct walk;

struct walk *walk_new(const struct backend *b, walk_file_fn file);
void walk_free(struct walk **w);

/* Order a walk. The same directory ordered twice (name NULL, not deep) is walked once,
 * again from its beginning. */
void walk_add(struct walk *w, enum walk_line line, const struct walk_order *o);

/* One step of one account's work. false: nothing could be done (none waits, or all of
 * it waits for room). uid: only this account's; -1: whose turn it is. */
bool walk_step(struct walk *w, enum walk_line line, int64_t uid);

/* Directories that wait in a line; uid -1: of all accounts. */
size_t walk_left(const struct walk *w, enum walk_line line, int64_t uid);
/* Directories with WALK_OWED that wait for this account, in both lines. */
size_t walk_owed(const struct walk *w, uint32_t uid);
/* Directories finished in a line since the last walk_reset_done. */
uint64_t walk_done(const struct walk *w, enum walk_line line);
void walk_reset_done(struct walk *w, enum walk_line line);
/* Directories that could not be walked for want of room, or could not be opened though
 * they are there. */
uint64_t walk_dropped(const struct walk *w);

#endif
