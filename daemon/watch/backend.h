/*
 * backend - how the kernel tells of changed files
 *
 * Job:     one interface over inotify and fanotify. A directory has a number; a backend
 *          can open it safely, name it, and watch what appears in it.
 * Touches: see the backends.
 */
#ifndef MAILBRAKE_BACKEND_H
#define MAILBRAKE_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "conf.h"
#include "err.h"
#include "roots.h"

#define DIR_NONE UINT32_MAX

/* What a backend tells while it drains. name and st are borrowed. */
struct backend_calls {
	/* A regular file was written, linked or renamed to here. closed: its writer has
	 * closed it, or renamed it to here. */
	void (*file)(uint32_t dir, const char *name, const struct stat *st, bool closed);
	/* A directory appeared here: it must be entered and walked. uid: its owner. */
	void (*subdir)(uint32_t dir, const char *name, uint32_t uid);
	/* What is in this directory could not be told apart: walk it. */
	void (*again)(uint32_t dir);
	/* Events were lost: everything that changed since the queue was last empty. */
	void (*lost)(const char *why);
	/* The watch_roots may be different now. */
	void (*roots_changed)(void);
};

struct backend_state {
	uint64_t dirs;      /* directories watched one by one; 0 for fanotify */
	uint64_t unwatched; /* directories that could not be watched */
	const char *why;    /* the reason of those; static */
};

struct backend {
	const char *name;
	bool crawls;    /* sees only directories that were entered: roots are crawled at
			     start */
	bool marks_all; /* sees a whole file system from root_came on: dir_enter opens for
			   reading, as nothing can be made before the watch is there */
	bool needs_start; /* roots on other file systems need a start with privileges */
	/* Privileged set-up. roots and c stay borrowed (c may change its contents). */
	int (*open)(const struct conf *c, const struct roots *roots,
		    const struct backend_calls *calls, struct err *e);
	void (*close)(void);
	/* To poll for reading. */
	int (*fd)(void);
	/* Bytes of events waiting in the kernel. */
	size_t (*pending)(void);
	/* Read one buffer and tell. Returns its bytes; 0: nothing waited. */
	size_t (*drain)(void);

	/* Watch root `number` (r->all[number]); fills its dir. Called before priv_drop,
	 * and after it for roots that came later. */
	int (*root_came)(size_t number, struct err *e);
	void (*root_went)(size_t number);

	/*
	 * Open directory `dir` (O_PATH or O_RDONLY); the fd is the caller's. -1: it is
	 * gone, swapped or unreachable (errno).
	 */
	int (*dir_open)(uint32_t dir, int flags, struct stat *st_out);
	/*
	 * Enter `name` in dir: open it (O_PATH), watch it. *dir_out is its number, held.
	 * To read it the caller opens it again, but for marks_all: what one opened before the watch was
	 * there may leave out what was made in between (btrfs does). -1: no directory,
	 * another file system, left out by watch_exclude (errno).
	 */
	int (*dir_enter)(uint32_t dir, const char *name, struct stat *st_out,
			 uint32_t *dir_out);
	/*
	 * Watch `name` in dir, which fd has open, without opening it: all that a crawl
	 * wants of most directories. *st_out is how it was once the watch was there.
	 * NULL: there is only dir_enter. -1: as dir_enter.
	 */
	int (*dir_watch)(uint32_t dir, int fd, const char *name, struct stat *st_out,
			 uint32_t *dir_out);
	/* Its absolute path, for people; cut at the front when too long. fd: of it, where
	 * the caller has it open, or -1. */
	void (*dir_path)(uint32_t dir, int fd, char *buf, size_t size);
	/* A number stays valid while held. */
	void (*dir_hold)(uint32_t dir);
	void (*dir_release)(uint32_t dir);
	/* Nothing opened for one round of the loop is kept past it. */
	void (*round_end)(void);
	/* All directories are about to be entered again; NULL: it does not matter. */
	void (*rescan_begins)(void);
	void (*state)(struct backend_state *out);
};

extern const struct backend backend_inotify;
extern const struct backend backend_fanotify;

#endif
