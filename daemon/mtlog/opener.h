/*
 * opener - opens the log for a process that may not
 *
 * Job:       a small process that keeps the right to read any file and uses it for a
 *            fixed list of paths only; its peer names one by its number and gets a
 *            descriptor. Beside them: a log's older file, by its inode; a message that
 *            Postfix is taking in, by its id.
 * Privilege: root, CAP_DAC_READ_SEARCH alone. The one who parses strangers' lines has
 *            none of it.
 * Talks to:  the process that started it, by messages of one size.
 * Never:     reads a log, takes a path from its peer, opens anything but a regular file
 *            for reading.
 */
#ifndef MAILBRAKE_OPENER_H
#define MAILBRAKE_OPENER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "err.h"

#define OPENER_PATHS 8

/*
 * Start it for these paths (n <= OPENER_PATHS; copied). Not root: none is needed, and
 * opener_get opens directly. Path 0 is the log: whenever it is opened, opener_news tells
 * from then on when the file opened is written, cut, renamed or removed.
 */
int opener_start(const char *const *path, int n, struct err *e);

/*
 * What path i is, as far as its name can be looked at without its rights; nobody is woken
 * for it. OPENER_SAME: the very file of `was`, unchanged since that fstat(2).
 */
enum opener_look { OPENER_SAME, OPENER_GONE, OPENER_ASK };
enum opener_look opener_look(int i, const struct stat *was);
/* Is path 0 still the file of that device and inode? Only when opener_news tells of it:
 * what others write may be known here late. */
bool opener_is(uint64_t dev, uint64_t ino);
/* Open path number i: a descriptor, or -1 with errno. Waits at most two seconds. */
int opener_get(int i);

/*
 * The file of device and inode beside path i, whose name begins with path i's ("mail.log"
 * is "mail.log.2" or "mail.log-20261122" now). -1, ENOENT: there is none any more.
 */
int opener_inode(int i, uint64_t dev, uint64_t ino);

/* Path i is Postfix's queue_directory: the message id, while it is taken in. */
int opener_message(int i, const char *id);

/* An inotify descriptor for the loop; -1: there is none. */
int opener_news_fd(void);
/* Does it tell of the file that was opened last for path 0? (Not on file systems whose
 * files others write: network file systems, overlays, FUSE.) */
bool opener_news(void);
/* Take what it tells. true: the file was renamed, removed, or its rights changed. */
bool opener_news_take(void);

#endif
