/*
 * store - what must be known after a restart; the only SQL there is
 *
 * Job:     typed rows in and out of one SQLite file (WAL) that judge alone
 *          writes. Write-behind: a put is applied at once inside an open
 *          transaction (so reads see it) and committed by store_flush, in
 *          groups; a copy stays in memory until the commit worked. Disk full
 *          or any other refusal: the rows wait, bounded, and are tried again.
 *          Damage: the file is set aside, a new one is begun, mail goes on.
 * Touches: mailbrake.db, -wal and -shm in the directory it is told.
 * Source:  db/schema.sql; group commit of 100 rows is 25 times the rate of
 *          single ones here, FULL costs one fsync a group.
 *
 * Every put copies what it is given. In callbacks strings are borrowed until the callback
 * returns; a callback returns false to stop early and must not call the store. All
 * functions return 0, or -1 with ERR_STORE (ERR_AGAIN where said).
 */
#ifndef MAILBRAKE_STORE_H
#define MAILBRAKE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "err.h"

#define STORE_FILE "mailbrake.db"
#define STORE_VERSION 5               /* PRAGMA user_version of db/schema.sql */
#define STORE_GROUP_ROWS 100          /* a transaction is committed at so many rows ... */
#define STORE_GROUP_MS 8              /* ... or at this age */
#define STORE_RETRY_MS 1000           /* after a refused commit */
#define STORE_QUEUE_ROWS 100000       /* rows that may wait in memory */
#define STORE_QUEUE_BYTES (64u << 20) /* and bytes */

struct store;

enum store_state {
	STORE_OK,
	STORE_RETRYING, /* rows wait in memory: the last commit was refused */
};

struct store_status {
	enum store_state state;
	unsigned generation;    /* 1; one more each time a new database had to be begun */
	bool fresh;             /* the file did not exist when it was opened */
	uint64_t rows, commits; /* committed since it was opened */
	uint64_t waiting, waiting_bytes; /* rows in memory that are not committed yet */
	uint64_t lost;       /* rows refused because the queue was full, or by SQLite */
	uint64_t lost_clean; /* rows of clean files left out meanwhile: looked at again */
	bool files_full;     /* over store_files_bound: no clean files are kept */
	int64_t commit_us_max; /* slowest commit */
	char set_aside[256];   /* where the last damaged database went; "" none */
	uint64_t salvaged;     /* rows that could be read out of it */
	bool salvage_whole;    /* ... all there were, but the files seen */
	char problem[320];     /* the last refusal; "" none since it last worked */
};

/*
 * Open (or begin) dir/mailbrake.db, check it, bring it to STORE_VERSION. A damaged one is
 * renamed to mailbrake.db.damaged-TIME and a new one begun, with what can still be read
 * of the old one but the files seen: that succeeds, is logged and stands in store_status.
 * ERR_STORE: written by a newer program; ERR_SYS: cannot be created. Close with
 * store_close.
 */
int store_open(struct store **out, const char *dir, struct err *e);
/* Commit what can be committed and close; sets *s NULL. Says in the log what was lost. */
void store_close(struct store **s);

/* Commit when the open group is due (rows or age), or retry when that is due. 0 also when
 * there was nothing to do; -1: rows wait in memory (*e says why). Call it every round. */
int store_flush(struct store *s, mono_t now, struct err *e);
/* Milliseconds until store_flush has something to do; -1: nothing is open. */
int store_due_ms(const struct store *s, mono_t now);
/* Commit everything now, durably (fsynced). -1: not everything is on the disk. Before
 * anything that must be known after a crash: the state "releasing" before hands is asked.
 */
int store_sync(struct store *s, struct err *e);
/* Look whether the file on the disk is still a database (what is cached is forgotten
 * first): once a minute. A damaged one is set aside, see store_status.generation. */
int store_check(struct store *s, struct err *e);
void store_status(const struct store *s, struct store_status *out);

/* --- account --- */
struct store_account {
	int64_t uid;
	const char *login, *state, *word, *reason;
	wall_t until, since, changed;
	const void *record;
	size_t record_len;
};
/* Insert or replace. ERR_AGAIN (this and every put below): the queue is full, row
 * refused. */
int store_account_put(struct store *s, const struct store_account *v, struct err *e);
int store_account_drop(struct store *s, int64_t uid, struct err *e);
int store_account_each(struct store *s, bool (*fn)(void *, const struct store_account *),
		       void *arg, struct err *e);

/* --- decision --- */
struct store_decision {
	int64_t id; /* filled by each */
	wall_t t;
	int64_t uid; /* -1: none */
	const char *subject, *from, *to, *reason, *who, *facts;
};
int store_decision_add(struct store *s, const struct store_decision *v, struct err *e);
/* Newest first, at most limit; uid -1: every account's. */
int store_decision_each(struct store *s, int64_t uid, int limit,
			bool (*fn)(void *, const struct store_decision *), void *arg,
			struct err *e);

/* --- held message --- */
struct store_held {
	const char *id, *login, *from, *subject, *script, *reason, *state, *result;
	int64_t uid, rcpts, size, attempt;
	wall_t t, state_t;
};
/* Insert or replace; durable group. */
int store_held_put(struct store *s, const struct store_held *v, struct err *e);
/* Change state, attempt and result; an id without a row changes nothing. */
int store_held_set_state(struct store *s, const char *id, const char *state,
			 int64_t attempt, const char *result, wall_t t, struct err *e);
/* Call fn with the row of id. 1 found, 0 not, -1. */
int store_held_get(struct store *s, const char *id,
		   bool (*fn)(void *, const struct store_held *), void *arg,
		   struct err *e);
/* Oldest first, at most limit (0: all); uid -1: all; state NULL: every state. */
int store_held_each(struct store *s, int64_t uid, const char *state, int limit,
		    bool (*fn)(void *, const struct store_held *), void *arg,
		    struct err *e);

/*
 * A part of what is not over (released, discarded): at most limit rows whose id comes
 * after `after` ("": from the first), in the order of ids, which is that of time. So that
 * a long list does not keep anybody waiting.
 */
int store_held_open_after(struct store *s, int64_t uid, const char *after, int limit,
			  bool (*fn)(void *, const struct store_held *), void *arg,
			  struct err *e);

/* --- file --- */
struct store_file {
	uint64_t dev, ino, size, rules; /* rules: hash of the rules version */
	int64_t ctime_us, score, uid;
	int verdict;        /* enum verdict */
	const char *path;   /* NULL when clean */
	const char *reason; /* NULL: none */
};
int store_file_put(struct store *s, const struct store_file *v, struct err *e);
/* 1: *v filled without path and reason (NULL); 0: not known; -1. 5 us. */
int store_file_get(struct store *s, uint64_t dev, uint64_t ino, struct store_file *v,
		   struct err *e);
int store_file_drop(struct store *s, uint64_t dev, uint64_t ino, struct err *e);
/*
 * When the database is larger than so many bytes (0: no bound) clean files are not kept
 * any more (ERR_AGAIN, counted as lost_clean): they are looked at again. store_check
 * looks, and takes out some that were kept, the lowest inodes first: where inodes are
 * never used twice those are the oldest, and most of them gone.
 */
void store_files_bound(struct store *s, uint64_t bytes);
/*
 * A directory (a part of it) whose files all had a verdict that holds: the digest of
 * them, STORE_DIGEST bytes. get: 1 found, 0 not, -1.
 */
#define STORE_DIGEST 16
int store_found_put(struct store *s, uint64_t dev, uint64_t ino, uint64_t part,
		    const void *digest, struct err *e);
int store_found_get(struct store *s, uint64_t dev, uint64_t ino, uint64_t part,
		    void *digest, struct err *e);
/* All parts of the directory. */
int store_found_drop(struct store *s, uint64_t dev, uint64_t ino, struct err *e);
/* Files that are not clean; uid -1: all; verdict -1: every other than clean. */
int store_file_each(struct store *s, int64_t uid, int verdict,
		    bool (*fn)(void *, const struct store_file *), void *arg,
		    struct err *e);

/* --- finding --- */
struct store_finding {
	uint64_t dev, ino;
	const char *path, *rule, *group, *sha256;
	int64_t points, uid;
	wall_t t, gone; /* gone.us 0: live */
};
/* Insert or replace (the first time of the same contents is kept); durable group. */
int store_finding_put(struct store *s, const struct store_finding *v, struct err *e);
/* Every live finding of the file is gone at t (removed, or found clean). */
int store_finding_gone(struct store *s, uint64_t dev, uint64_t ino, wall_t t,
		       struct err *e);
/* uid -1: all; live: only those. In the order of (uid, dev, ino). It sorts them all: for
 * an admin who asked, not for what a file's change sets off. */
int store_finding_each(struct store *s, int64_t uid, bool live,
		       bool (*fn)(void *, const struct store_finding *), void *arg,
		       struct err *e);
/* Those of one file. */
int store_finding_of(struct store *s, uint64_t dev, uint64_t ino, bool live,
		     bool (*fn)(void *, const struct store_finding *), void *arg,
		     struct err *e);
/*
 * Live ones of uid (-1: of all) in the order of (uid, dev, ino), from the first file
 * behind `after` on, whose uid, dev and ino are looked at; fn returning false ends it.
 */
int store_finding_after(struct store *s, int64_t uid, const struct store_finding *after,
			bool (*fn)(void *, const struct store_finding *), void *arg,
			struct err *e);
/* How many the account has, live or gone. */
int store_finding_count(struct store *s, int64_t uid, uint64_t *n_out, struct err *e);
/* Forget n of them: first the gone ones, then the weakest, of these the oldest. */
int store_finding_trim(struct store *s, int64_t uid, uint64_t n, struct err *e);

/* --- set aside --- */
struct store_aside {
	const char *id, *path, *state, *result;
	int64_t uid;
	uint64_t dev, ino;
	wall_t t;
};
int store_aside_put(struct store *s, const struct store_aside *v, struct err *e);
/* uid -1: all; id NULL: all. */
int store_aside_each(struct store *s, int64_t uid, const char *id,
		     bool (*fn)(void *, const struct store_aside *), void *arg,
		     struct err *e);

/* --- incident --- */
struct store_incident {
	const char *key, *text;
	wall_t t_first, t_last, t_told;
	int64_t count;
};
int store_incident_put(struct store *s, const struct store_incident *v, struct err *e);
/* Oldest first. */
int store_incident_each(struct store *s,
			bool (*fn)(void *, const struct store_incident *), void *arg,
			struct err *e);

/* --- counter --- */
struct store_counter {
	int64_t hour; /* hours since 1970 UTC */
	int64_t uid;  /* -1 unknown */
	const char *provider, *scope, *outcome;
	int64_t count;
};
/* Add v->count to the counter of this key. */
int store_counter_add(struct store *s, const struct store_counter *v, struct err *e);
/* hour >= since_hour, oldest first. */
int store_counter_each(struct store *s, int64_t since_hour,
		       bool (*fn)(void *, const struct store_counter *), void *arg,
		       struct err *e);

/* --- trust --- */
struct store_trust {
	int64_t uid; /* -1: every account */
	const char *kind, *key, *who;
	wall_t t, until;
	const char *reason; /* NULL is "" */
};
int store_trust_put(struct store *s, const struct store_trust *v, struct err *e);
int store_trust_drop(struct store *s, int64_t uid, const char *kind, const char *key,
		     struct err *e);
int store_trust_each(struct store *s, bool (*fn)(void *, const struct store_trust *),
		     void *arg, struct err *e);

/* --- single values --- */
int store_kv_put(struct store *s, const char *name, const void *value, size_t len,
		 struct err *e);
/* 1: at most size bytes copied to buf, *len_out is the whole length; 0: not there; -1. */
int store_kv_get(struct store *s, const char *name, void *buf, size_t size,
		 size_t *len_out, struct err *e);

/* --- tallies, for the report --- */
enum store_tally {
	TALLY_HOLDS,         /* reason of an account's hold; times, accounts */
	TALLY_HELD,          /* state of messages that were held; messages, recipients */
	TALLY_HELD_ACCOUNTS, /* login; messages held, recipients */
	TALLY_SENDERS,       /* uid as text; outcomes, those that were not "sent" */
	TALLY_PROVIDERS,     /* provider, "" none; outcomes, those that were not "sent" */
	TALLY_RULES,         /* rule; files it hit first in that time, accounts */
};
/*
 * The largest first, at most limit; of what happened since then, as far as it is
 * committed. On any thread: dir's database is opened for it alone.
 */
int store_tally_each(const char *dir, enum store_tally what, wall_t since, int limit,
		     bool (*fn)(void *, const char *name, int64_t count, int64_t part),
		     void *arg, struct err *e);

/* The same way: counters from that hour on, in no order; an account's messages that are
 * held, oldest first (of each id, script, subject, uid and t). */
int store_tally_counters(const char *dir, int64_t since_hour,
			 bool (*fn)(void *, const struct store_counter *), void *arg,
			 struct err *e);
int store_tally_held(const char *dir, int64_t uid,
		     bool (*fn)(void *, const struct store_held *), void *arg,
		     struct err *e);

/* Forget what ended before `before`: decisions, counters, findings that are gone,
 * incidents last seen before it, and rows of held messages that were released, discarded
 * or expired. */
int store_prune(struct store *s, wall_t before, struct err *e);

#endif
