/*
 * account - what is known of every account, and the one place its state changes
 *
 * Job:     count events into facts, ask policy_decide, remember the answer. Pure in the
 *          sense of DESIGN: time and facts are arguments; it touches the heap only.
 * Touches: heap. No clock, no file, no socket, no log: decisions go to a callback.
 *
 * Time: every event carries its wall time. Inside, windows run on lived time: a step
 * backwards stands still, a step forward longer than jump_max_s (a suspended VM, a clock
 * set wrong) counts as jump_max_s; neither empties a window nor ends a hold. jump_max_s 0
 * believes every step (replay of a trace).
 *
 * Bounds: accounts_max accounts (beyond it: counted together in one bucket, hard cap
 * only, engine_stats says so), scripts_max scripts an account (beyond it the least used
 * new one is dropped; new scripts have no allowance of their own, so nothing is won by
 * that), 64 live findings an account (beyond it the weakest is dropped).
 */
#ifndef MAILBRAKE_ACCOUNT_H
#define MAILBRAKE_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "err.h"
#include "policy.h"
#include "volume.h"

struct engine;

/* One message asks to leave. Strings are borrowed for the call. */
struct submission {
	wall_t t;
	uint32_t uid;
	const char *user;   /* login name; NULL unknown. Another name: another account */
	const char *id;     /* NULL allowed */
	const char *script; /* path; NULL unknown */
	bool script_is_claim; /* named by the sender, not seen by us */
	const char *login;    /* mailbox that logged in from another machine, by the MTA's
				 word; NULL none. Its mail is no script's */
	int64_t script_age_s; /* since created or last changed; -1 unknown */
	uint32_t rcpts;
	const char *const *domains; /* recipient domains, as many as are known */
	size_t domain_count;
	uint64_t subject_hash;       /* 0 unknown */
	uint64_t body_hash;          /* of the normalised body; 0 unknown */
	const uint64_t *rcpt_hashes; /* of the addresses; looked at when all are there */
	size_t rcpt_hash_count;
	int own; /* 1 all recipients are the account's own, 0 not, -1 unknown */
	uint64_t size;
};

struct answer {
	enum verdict_answer answer;
	enum reason reason;
	enum acct_state state; /* of the account, after it */
	bool observed;  /* would have been held, but a rule or the whole observes */
	char text[320]; /* one line for people; trusted text only */
};

/* What became of a message, from the MTA's log. */
struct outcome_fact {
	wall_t t;
	uint32_t uid;
	const char *user; /* NULL unknown */
	enum outcome_kind { OUTCOME_SENT, OUTCOME_DEFERRED, OUTCOME_BOUNCED } kind;
	unsigned code;      /* SMTP reply; 0 unknown */
	const char *text;   /* NULL unknown */
	bool not_its_fault; /* the provider table says ip, incident or auth scope */
};

/* A file of the account was looked at. */
struct file_fact {
	wall_t t;
	uint32_t uid;
	const char *user; /* NULL unknown */
	const char *path;
	int64_t points;    /* 0: clean; ends an earlier finding of the same path */
	const char *rules; /* words separated by spaces; NULL none */
	bool gone;         /* removed: ends a finding */
	bool fresh;        /* new or changed just now; false: met while walking */
};

/* Every state change; strings live until the callback returns. */
struct decision {
	wall_t t;
	uint32_t uid;
	const char *user; /* "" unknown */
	enum acct_state from, to;
	enum reason why;
	const char *facts;  /* one line, key=value, already safe to print */
	const char *who;    /* "policy", "clock", or the admin's name */
	const char *script; /* culprit, "" none; foreign text, not safe */
	bool observed;      /* the change was not made: observe mode */
	uint64_t passed_messages, passed_rcpts; /* since the account was first seen */
	uint64_t held_messages, held_rcpts;
};

typedef void (*decision_fn)(void *ctx, const struct decision *d);

struct engine *engine_new(const struct engine_conf *c, decision_fn on_decision,
			  void *ctx);
void engine_free(struct engine **e);
/* A secret number: what addresses are remembered by, in records made from now on. */
void engine_salt(struct engine *e, uint64_t salt);
/* New settings from now on; nothing already decided changes. */
void engine_configure(struct engine *e, const struct engine_conf *c);

/*
 * Points of the live finding on a path of the account, 0: none. A path that ends in a
 * slash is a directory: the worst file directly in it.
 */
int64_t engine_points(const struct engine *e, uint32_t uid, const char *path);

/* Everybody's mail domain (gmail.com, ...): never an account's own. */
bool engine_free_mail(const char *domain);

/* Judge and count one message. */
void engine_submission(struct engine *e, const struct submission *s, struct answer *out);
void engine_outcome(struct engine *e, const struct outcome_fact *o);
/*
 * At one provider the account got so many final answers in 24 hours, and so many of them
 * were refusals by its own fault: judged like its refusals everywhere, by whichever share
 * is larger for sure, for two hours. Not within a day of a release.
 */
void engine_refusals(struct engine *e, uint32_t uid, uint32_t refused, uint32_t answered);
void engine_file(struct engine *e, const struct file_fact *f);

enum word_scope {
	SCOPE_ACCOUNT,
	SCOPE_SCRIPT, /* arg: its path */
	SCOPE_RULE, /* arg: "flagged", "evidence", "new", "changed", "usual", "hard-cap",
		       "refusals" */
	SCOPE_CEILING, /* arg NULL: history does not limit it, everything else does */
};

/*
 * An admin's word. until.us 0: no end. WORD_RELEASE ignores scope.
 * WORD_NONE takes a lasting word (of that scope) back. ERR_INPUT: unknown rule, scope
 * without arg, or an account never seen (trust and hold make its record).
 */
int engine_word(struct engine *e, wall_t t, uint32_t uid, enum acct_word word,
		enum word_scope scope, const char *arg, wall_t until, const char *who,
		struct err *err);

/*
 * All held mail of the account was reviewed (released or discarded). A hold whose cause
 * is gone (the flagged file was removed, scans clean, or is trusted) ends here.
 */
void engine_reviewed(struct engine *e, wall_t t, uint32_t uid, const char *who);

/* Let time pass: expiries. Call at least once a minute in a daemon. */
void engine_tick(struct engine *e, wall_t t);

/* The facts, the row and what would have had to be different. */
struct explanation {
	char user[64];
	struct facts facts;   /* of its last message (standing NONE: none yet) */
	struct ruling ruling; /* of that message */
	enum acct_state state;
	enum reason reason; /* why it is in that state */
	wall_t since;       /* in that state since */
	wall_t hold_ends;   /* 0: not held, or held by word without end */
	wall_t word_until;
	char culprit[512];       /* script that caused the state; foreign text */
	char script[512];        /* script of the last message; foreign text */
	char worst_file[512];    /* foreign text */
	char worst_rules[256];   /* foreign text */
	unsigned scripts, files; /* remembered */
	uint64_t passed_messages, passed_rcpts, held_messages, held_rcpts;
	struct ceiling ceiling;
	int64_t allowance_24h, allowance_7d;
	char text[2048]; /* the whole as a screen of text, safe to print */
};

/* false: the account was never seen. */
bool engine_explain(const struct engine *e, uint32_t uid, struct explanation *out);

/* It is held now. */
bool engine_held(const struct engine *e, uint32_t uid);

/* Call fn for every account, in no order; fn must not change the engine. */
void engine_each(const struct engine *e, void (*fn)(void *ctx, uint32_t uid), void *ctx);

/* What every account sent: strangers' addresses by window (volume.h). Cheap: for a view
 * of thousands of accounts. fn must not change the engine. */
void engine_volumes(const struct engine *e,
		    void (*fn)(void *ctx, uint32_t uid, enum acct_state state,
			       const uint32_t rcpts[VOL_WINDOWS]),
		    void *ctx);

struct engine_stats {
	uint64_t accounts, watched, held, scripts, files;
	uint64_t submissions, answered_pass, answered_hold;
	uint64_t accounts_refused; /* events that found the account table full */
	uint64_t time_jumps;
	uint64_t bytes; /* heap, about */
};
void engine_stats(const struct engine *e, struct engine_stats *out);

/*
 * One account's record, for the store: versioned, self-contained, survives a restart
 * exactly. engine_save: bytes on the heap (caller frees), NULL when the account was never
 * seen. engine_load: ERR_INPUT for bytes that are damaged or of another version; the
 * engine is then unchanged. engine_dirty: walks accounts changed since they were last
 * saved.
 */
void *engine_save(struct engine *e, uint32_t uid, size_t *len_out);
int engine_load(struct engine *e, const void *data, size_t len, struct err *err);
/* Next uid changed since its last engine_save; false when there is none. */
bool engine_dirty(struct engine *e, uint32_t *uid_out);

#endif
