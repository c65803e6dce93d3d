/*
 * files - a file's way from watch to a verdict
 *
 * Job:     take what watch sends, skip what is known, have the rest looked
 *          at, keep verdicts and findings, tell the engine and the admin.
 * Touches: the link to watch, the store.
 */
#ifndef MAILBRAKE_FILES_H
#define MAILBRAKE_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "msg.h"
#include "wire.h"

#define FILES_CREDIT 64 /* files of watch that may be on their way at once */

/* FILE, GONE, SIGHT, HURRIED of watch. */
void files_on_msg(struct wire *w, struct msg *m);

/* A (new) watch: grant it credit. */
void files_watch_up(void);

/* Once a minute: if nothing waits, remember that everything up to now was seen. */
void files_keep_since(void);

/* Once a round: give back the credit of what is done. */
void files_round(void);

/*
 * The account is about to send: have its waiting files looked at now. fn(arg) is called
 * once, when every file it had closed by now has a verdict, perhaps at once. Returns a
 * handle for files_hurry_forget, or 0 when fn was called already.
 */
uint64_t files_hurry(uint64_t uid, void (*fn)(void *arg), void *arg);
void files_hurry_forget(uint64_t handle);

/*
 * Have watch open one file again, to be sure it is the one that was scanned. fn is called
 * once with its descriptor (the caller's), or -1 when it is gone, changed hands, or watch
 * is not there.
 */
void files_look(uint64_t uid, uint64_t dev, uint64_t ino, const char *path,
		void (*fn)(void *arg, int take_fd), void *arg);

/*
 * When was the account's file at path created or last changed? fn is called once with its
 * ctime (which its owner cannot set), or -1 when it is no file of this account below the
 * watched roots. Returns a handle for files_changed_forget; 0: watch is not there, and fn
 * will not be called.
 */
uint64_t files_changed(uint64_t uid, const char *path,
		       void (*fn)(void *arg, int64_t changed_us), void *arg);
void files_changed_forget(uint64_t handle);

/* store_file.rules of a verdict that counts no more, with any rules. */
#define FILES_STALE 0

/* Have a file of an account looked at again, if it is still there and the same: an
 * admin's word on it changed. */
void files_again(uint64_t uid, uint64_t dev, uint64_t ino, const char *path);

/*
 * Are the files with findings still there? A removed file ends its finding, and a hold it
 * caused when the held mail was reviewed. Of one account now; uid -1: some of all, in
 * turn, once a minute.
 */
void files_recheck(int64_t uid);

/* Close to verdict, microseconds, of the last 1,024 files: median and 99th; false: none
 * yet. */
bool files_latency(int64_t *p50_us_out, int64_t *p99_us_out);

#endif
