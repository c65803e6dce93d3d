/*
 * found_known - is there a verdict of a file that holds?
 *
 * Job:     answer for one file by its row, for a whole directory (or a part of a large
 *          one) by one digest where it is as it was when all its files were known.
 * Touches: the store it is given.
 *
 * The digest is SHA-256, cut to 128 bits, of the directory's files as struct found_file
 * (inode, size, ctime to the nanosecond, owner, hash of the name), the version of the
 * rules, and a random key. A tenant chooses names and sizes, hardly his inodes, not the
 * ctime, and never learns the key; any change of a file changes its ctime. Only
 * directories all of whose files have a verdict (none "unscanned") by these rules are
 * kept. What takes a verdict back of a file that did not change itself forgets its
 * directory's digests, or all of them (a new key).
 */
#ifndef MAILBRAKE_FOUND_KNOWN_H
#define MAILBRAKE_FOUND_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "found.h"
#include "store.h"

/* Is there a verdict (other than "unscanned") by these rules of the file as it is? What
 * cannot be read is not known. */
bool found_known(struct store *s, uint64_t rules, uint64_t dev, uint64_t ino,
		 uint64_t size, int64_t ctime_us);

/* A FOUND message being answered. Zero it, set files and len (borrowed), call
 * found_check. */
struct found_job {
	const unsigned char *files;
	size_t len;
	/* the answer: a bit for each file, 1: wanted */
	unsigned char bits[FOUND_FILES_MAX / 8];
	size_t count, wanted; /* of files, so far */
	/* where it stands */
	size_t at, section;
	uint64_t rules;      /* it was begun with; with others it begins anew */
	uint64_t taken_back; /* verdicts, when the section was begun */
	uint32_t left;
	bool in_section, all_known;
	unsigned char digest[STORE_DIGEST];
	struct found_section *owed; /* in_section: files of it are wanted */
};

/*
 * Go on for about max_us, by these rules. 1: done; 0: call again; -1: the message is
 * damaged (ERR_INPUT).
 */
int found_check(struct found_job *j, struct store *s, uint64_t rules, int64_t max_us,
		struct err *e);

/*
 * The wanted files of a directory come one by one: when the last of them has a verdict
 * that holds, its digest is kept, so that the very next walk knows it as a whole. At most
 * FOUND_OWED files are remembered for that; what finds no room, or was not seen for
 * FOUND_OWED_S, is asked for file by file once more.
 */
#define FOUND_OWED 65536
#define FOUND_OWED_S 600
/* A verdict by these rules was kept. holds: it is not "unscanned". */
void found_kept(struct store *s, uint64_t rules, uint64_t dev, uint64_t ino,
		uint64_t size, int64_t ctime_us, bool holds);
/* Nothing that was wanted will come (watch is gone). */
void found_owed_drop(void);
/* Files that are owed. */
size_t found_owed(void);

/* No digest holds any more: before a verdict is taken back. */
void found_forget(struct store *s);
/*
 * The same for one file, when a tenant can cause it: only of this directory. Where the
 * file can be in others too (links) or its directory is not known (dir_ino 0) all of them
 * as above, at most once in FOUND_FORGET_S: a second time waits until then, or for the
 * next start; meanwhile the directory it was seen in asks for it.
 */
#define FOUND_FORGET_S 3600
void found_forget_in(struct store *s, uint64_t dev, uint64_t dir_ino, uint64_t nlink);

#endif
