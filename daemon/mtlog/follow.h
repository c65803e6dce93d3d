/*
 * follow - the lines of a log that grows, is renamed, or is cut
 *
 * Job:     every whole line once, in order, from where the last run stopped, through
 *          both kinds of rotation (rename, copytruncate), never an old line as a new
 *          one.
 * Touches: descriptors it is given; reads only.
 * Limits:  a line over FOLLOW_LINE bytes is cut there; one step reads at most
 *          FOLLOW_STEP bytes, so that a torrent of lines leaves its caller time for
 *          other things.
 *
 * Where we are is (device, inode, offset, hash of the first bytes): a file of the same
 * inode whose beginning changed is another file. A renamed file is read on for
 * FOLLOW_LINGER_S, because its writer keeps it open for a while.
 */
#ifndef MAILBRAKE_FOLLOW_H
#define MAILBRAKE_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "err.h"

#define FOLLOW_LINE 32768
#define FOLLOW_STEP (256 << 10)
#define FOLLOW_LINGER_S 60
#define FOLLOW_HEAD 128 /* bytes of the first line that are hashed */

struct follow_place {
	uint64_t dev, ino, offset;
	uint64_t head; /* hash of the first head_len bytes */
	uint64_t head_len;
};

/*
 * Open the log (older NULL), or the file it was rotated to (the one of older's device and
 * inode, whatever its name is now), read-only and non-blocking. The descriptor, or -1
 * with errno.
 */
typedef int (*follow_open_fn)(void *arg, const struct follow_place *older);
typedef void (*follow_line_fn)(void *arg, const char *line, size_t len);
/* Is the log's name still this file's, for certain? It is not opened again then. */
typedef bool (*follow_same_fn)(void *arg, const struct follow_place *now);

/* Where a run stopped: in the log, and in the renamed one while that is still read. */
struct follow_places {
	struct follow_place now, old; /* ino 0: none */
};

struct follow_file {
	int fd; /* -1: none */
	struct follow_place at;
	size_t len;    /* bytes of a line that is not whole yet */
	bool skipping; /* the rest of an over-long line */
	char buf[FOLLOW_LINE + 65536];
};

struct follow {
	follow_open_fn open;
	follow_same_fn same; /* NULL after follow_init: it is opened to see */
	follow_line_fn line;
	void *arg;
	struct follow_file now, old; /* the log; the renamed one, while it lingers */
	mono_t linger_until;
	uint64_t cut;      /* over-long lines */
	uint64_t restarts; /* copytruncates seen */
	uint64_t lost; /* rotations we cannot have read whole: compressed or removed */
};

void follow_init(struct follow *f, follow_open_fn open, follow_line_fn line, void *arg);
void follow_fini(struct follow *f);

/*
 * Begin. places: from the last run, or NULL: then at the end of the file, after having
 * given the last warm_bytes of it to `warm` (may be NULL) so that what is in flight is
 * known. 0; ERR_SYS when the log cannot be opened (try again later).
 */
int follow_start(struct follow *f, const struct follow_places *places, size_t warm_bytes,
		 follow_line_fn warm, struct err *e);

/* Give the lines that are there. true: there are more, come again at once. */
bool follow_step(struct follow *f, mono_t now);

/* To be remembered: everything before it was given to the line function. */
struct follow_places follow_where(const struct follow *f);

/* Bytes that are written but not read yet; of the log itself. */
uint64_t follow_behind(const struct follow *f);

/* Places as lines of text and back, with checksums: what a file keeps. One line (as
 * earlier versions wrote) is the log alone. */
#define FOLLOW_TEXT 256
void follow_print(const struct follow_places *p, char dst[FOLLOW_TEXT]);
bool follow_parse(const char *s, struct follow_places *out);

#endif
