/*
 * held - held mail on disk
 *
 * Job:     one file per held message, whole or not there at all, whatever
 *          happens; count them per account and refuse beyond the quota.
 * Touches: state_dir/held/ (0700, files 0600, judge's own user).
 * Format:  "mailbrake-held 1 OFFSET\n" (OFFSET: 10 digits), one JSON object,
 *          spaces, "\n"; at OFFSET (a multiple of 4096) the body begins, byte
 *          for byte as it was submitted, to the end of the file. JSON strings
 *          that are not UTF-8 are {"base64": "..."}.
 * Threads: held_write, held_open and held_remove may run on several at once.
 * Source:  promise 1 of the design: fsync, link, fsync of the directory, then
 *          the answer. Nothing is ever written over.
 */
#ifndef MAILBRAKE_HELD_H
#define MAILBRAKE_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "clock.h"
#include "conf.h"
#include "err.h"

#define HELD_ID 17                 /* bytes of an id with its NUL: 16 of [0-9a-z] */
#define HELD_HEAD_MAX (512u << 10) /* bytes before the body */
#define HELD_UIDS 65536 /* accounts with held mail that are counted one by one */

struct held_dir;

/* What a held message says of itself. Lists are terminated strings one after the other
 * (msg.h). When writing, all is borrowed from the caller; when read, it lives until
 * held_close. */
struct held_head {
	char id[HELD_ID];
	uid_t uid;
	gid_t gid;
	wall_t t;
	uint64_t size;  /* bytes of the body */
	uint64_t rcpts; /* recipients, counted from the message and argv */
	uint64_t token; /* the wrapper's, to ask again after a restart; 0: none; < 2^63 */
	char sha256[65]; /* of the body, hex */
	const char *login, *cwd, *reason;
	const char *claimed_from, *claimed_subject, *claimed_script, *claimed_message_id;
	const void *argv, *env, *domains;
	size_t argv_len, env_len, domains_len;
};

struct held; /* an open held message */

/* Open state_dir/held, making it (0700) when it is not there. Nothing is counted before
 * held_scan. ERR_SYS. Close with held_dir_close. */
int held_dir_open(struct held_dir **out, const char *state_dir, struct err *e);
void held_dir_close(struct held_dir **d);

/*
 * Hold size bytes of body_fd (read from offset 0, position not used). h->id and h->sha256
 * are filled. On 0 the message is on the disk for good. On -1 nothing is left behind:
 * ERR_AGAIN over the account's quota (held_messages_max, held_bytes_max) or less than
 * held_free_min would stay free or disk full, ERR_INPUT the body is shorter than size or
 * the head too large, ERR_SYS otherwise.
 */
int held_write(struct held_dir *d, const struct conf *c, struct held_head *h, int body_fd,
	       uint64_t size, struct err *e);

/*
 * Open a held message. verify: read the body and compare its SHA-256. 1: *out is the
 * caller's, its descriptor stands at the first byte of the body; 0: there is none of that
 * id; -1: ERR_INPUT damaged (head, length, or checksum) or no id, ERR_SYS.
 */
int held_open(struct held_dir *d, const char *id, bool verify, struct held **out,
	      struct err *e);
const struct held_head *held_head(const struct held *m);
/* The read-only descriptor, at the body; the message keeps it. */
int held_fd(const struct held *m);
/* Where in the file the body begins, bytes. */
uint64_t held_offset(const struct held *m);
void held_close(struct held **m);

/*
 * A message that is given to be sent carries a mark, on the disk before it is asked for
 * and until its file is removed or it was not sent: whatever else is lost, one that may
 * have been sent is never taken for one that was not. 0, -1 ERR_SYS; marked: true when it
 * carries one.
 */
int held_mark(struct held_dir *d, const char *id, struct err *e);
void held_unmark(struct held_dir *d, const char *id);
bool held_marked(struct held_dir *d, const char *id);

/* Remove for good (after release or discard). 1 removed, 0 was not there, -1 ERR_SYS. */
int held_remove(struct held_dir *d, const char *id, struct err *e);

/*
 * Walk every held message in the order of their ids (time). fn gets the head, or NULL and
 * problem for a file that is damaged (it is kept, and not counted). Heads are read,
 * bodies only checked for their length. The first walk, before anything is held, also
 * counts them and removes what an interrupted write left. Returns the number of messages
 * or -1 (ERR_SYS).
 */
int64_t held_scan(struct held_dir *d,
		  bool (*fn)(void *arg, const char *id, const struct held_head *h,
			     const char *problem),
		  void *arg, struct err *e);

/* Held of one account, or of all (uid (uid_t)-1). */
void held_usage(struct held_dir *d, uid_t uid, uint64_t *messages_out,
		uint64_t *bytes_out);

/* Free bytes on its file system; -1 unknown. */
int64_t held_free_bytes(const struct held_dir *d);

/* Is s an id? */
bool held_id_ok(const char *s);

/* Parse len bytes from the start of a file: the head into *h, strings into a buffer the
 * caller frees with free(*buf_out), *offset_out where the body begins. ERR_INPUT. Pure;
 * for held_open and the fuzzer. */
int held_parse(const void *p, size_t len, struct held_head *h, char **buf_out,
	       uint64_t *offset_out, struct err *e);

#endif
