/*
 * journal - the mail lines of the systemd journal
 *
 * Job:     entries of the mail facility in order, from where the last run stopped; only
 *          those that the kernel says the MTA or root wrote.
 * Touches: the journal's files, by libsystemd; reads only.
 * Source:  sd-journal(3); systemd.journal-fields(7): fields that begin with "_" are added
 *          by journald and cannot be set by who logs. _UID is from the sender's socket
 *          credentials.
 *
 * Any account can log as "postfix/smtp": such an entry carries that account's _UID and is
 * counted as forged, never read.
 */
#ifndef MAILBRAKE_JOURNAL_H
#define MAILBRAKE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "mt_event.h"

#define JOURNAL_STEP 2000 /* entries of one step */
#define JOURNAL_CURSOR 256
#define JOURNAL_UIDS 16

struct journal;

struct journal_entry {
	wall_t time; /* journald's, when it took the line */
	struct slice ident, text;
	uint64_t pid; /* 0: not told */
};
typedef void (*journal_fn)(void *arg, const struct journal_entry *entry);

struct journal_counts {
	uint64_t forged; /* entries with a mail program's name by somebody else */
	uint64_t
	    lost; /* the place of the last run is gone: entries were removed unread */
};

/*
 * Open the system's journal, or the one in directory dir. uids: who may speak beside
 * root (n <= JOURNAL_UIDS; copied). ERR_SYS; ERR_INPUT: built without libsystemd.
 */
int journal_open(struct journal **out, const char *dir, const uid_t *uids, size_t n,
		 struct err *e);
void journal_close(struct journal **j);

/*
 * Go to behind the entry of cursor, or to the end when it is NULL; the entries before
 * (at most warm_entries) are given to warm.
 */
int journal_start(struct journal *j, const char *cursor, unsigned warm_entries,
		  journal_fn warm, void *arg, struct err *e);

/* Give what is there. 1: there is more, come again at once; 0: no; -1 ERR_SYS. */
int journal_step(struct journal *j, journal_fn fn, void *arg, struct err *e);

/* Readable when there may be entries that were not given yet. */
int journal_fd(const struct journal *j);

/* Behind the entry given last: true and the cursor. */
bool journal_where(struct journal *j, char cursor[JOURNAL_CURSOR]);

struct journal_counts journal_counts(const struct journal *j);

#endif
