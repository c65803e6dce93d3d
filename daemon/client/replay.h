/*
 * replay - parts of `mailbrake replay`, which judges an old log or a trace
 *
 * Job:     lines from files (plain, gz, xz, standard input) -> events -> put in order ->
 *          engine (daemon/judge/account.h) -> decisions, answers, a summary.
 * Touches: the files named, standard output and error. No daemon, no clock but for the
 *          progress bar.
 */
#ifndef MAILBRAKE_REPLAY_H
#define MAILBRAKE_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "account.h"
#include "err.h"

#define REPLAY_LINE_MAX 1048576 /* longer lines are damage */
#define REPLAY_DOMAINS 64       /* of one message; more are not looked at */
#define REPLAY_RCPT_HASHES 1000 /* the same */

/* Why a line could not be used. REPLAY_DAMAGE(symbol, word for the summary) */
#define REPLAY_DAMAGE_TABLE(D) \
	D(TOO_LONG, "line_too_long") \
	D(NOT_JSON, "not_json") \
	D(NOT_OBJECT, "not_an_object") \
	D(NO_TIME, "no_time") \
	D(BAD_TIME, "time_out_of_range") \
	D(NO_UID, "no_uid") \
	D(BAD_VALUE, "bad_value") \
	D(UNKNOWN_EVENT, "unknown_event") \
	D(LOG_DAMAGED, "log_line_damaged") \
	D(CUT_SHORT, "file_cut_short")

enum replay_damage {
	REPLAY_FINE,
#define REPLAY_DAMAGE_ENUM(sym, word) REPLAY_##sym,
	REPLAY_DAMAGE_TABLE(REPLAY_DAMAGE_ENUM)
#undef REPLAY_DAMAGE_ENUM
	    REPLAY_DAMAGES
};
const char *replay_damage_word(enum replay_damage d); /* static */

/* --- input.c: lines ------------------------------------------------------------------
 */

struct input;
/* Open path ("-": standard input); gz and xz are told by their first bytes. NULL with *e.
 */
struct input *input_open(const char *path, struct err *e);
/*
 * The next line without its newline, terminated, borrowed until the next call: 1; 0 at
 * the end; -1 with *e when reading or unpacking fails (what was read before stands). A
 * line of more than REPLAY_LINE_MAX bytes comes with *too_long true and its beginning.
 */
int input_line(struct input *in, char **line, size_t *len, bool *too_long, struct err *e);
/* How much of the file was read, 0..1000; -1 unknown (standard input). */
int input_permille(const struct input *in);
void input_close(struct input **in);

/* --- event: one line's meaning -------------------------------------------------------
 */

enum event_kind { EVENT_SUBMISSION, EVENT_OUTCOME, EVENT_FILE, EVENT_ADMIN, EVENT_KINDS };

enum event_label {
	LABEL_NONE,
	LABEL_GOOD,
	LABEL_BAD,
};

/* Heap; all strings and arrays belong to it. */
struct event {
	enum event_kind kind;
	uint64_t seq; /* order of reading, so that equal times keep it */
	wall_t t;
	uint32_t uid;
	char *user, *id, *script, *login, *text;
	char *domains[REPLAY_DOMAINS];
	size_t domain_count;
	uint64_t *rcpt_hashes; /* of the addresses, when all are told */
	size_t rcpt_hash_count;
	int64_t script_age_s, points;
	uint32_t rcpts;
	uint64_t subject_hash, body_hash;
	int own;
	enum event_label label;
	enum outcome_kind outcome;
	unsigned code;
	enum acct_word word;
};

struct event *event_new(enum event_kind kind);
void event_free(struct event **ev);

/* A uid for a login name where the log gives no number: stable, above 2^31. */
uint32_t event_uid_of_user(const char *user);
uint64_t event_hash(const char *s, size_t len);

/* One line of the neutral trace. REPLAY_FINE and *out (the caller's), or the damage. */
enum replay_damage jsonl_event(const char *line, size_t len, struct event **out);

/* One reader of an MTA's log for all its files, oldest first. format: "exim" or
 * "postfix". */
struct logread;
struct sum;
struct logread *logread_new(const char *format, wall_t now);
void logread_free(struct logread **lp);
/* The event this line completes (the caller's), or NULL. The line may be changed. */
struct event *logread_line(struct logread *l, char *line, size_t len);
/* Add what was left out to the summary. */
void logread_end(const struct logread *l, struct sum *s);

/* --- order.c: events in order of time ------------------------------------------------
 */

#define ORDER_EVENTS 512

/*
 * Traces are nearly in order. A heap of ORDER_EVENTS events puts them right; one that
 * comes later than that is judged at the time of the one before it and counted as late.
 */
struct order {
	struct event *heap[ORDER_EVENTS + 1];
	size_t count;
	uint64_t seq, disordered, late;
	int64_t last_us, newest_us;
};

/* Take ev; returns the event that is due now (the caller's), or NULL. */
struct event *order_push_take(struct order *o, struct event *ev);
/* After the last push: the rest, one by one; NULL at the end. */
struct event *order_pop(struct order *o);

/* --- sum.c: who, how many, how long --------------------------------------------------
 */

struct sum_account {
	uint32_t uid;
	bool used;
	char user[64];
	uint64_t passed_messages, passed_rcpts, held_messages, held_rcpts;
	uint64_t good_messages, good_delayed, good_delayed_rcpts;
	uint64_t bad_messages, bad_passed, bad_passed_rcpts;
	uint64_t holds;
	int64_t first_held_us;
	enum reason first_why;
	enum acct_state state;
};

struct sum {
	uint64_t lines, events[EVENT_KINDS], damaged[REPLAY_DAMAGES], duplicates, ignored;
	uint64_t owners_changed, foreign, orphaned;
	int64_t from_us, to_us;
	bool labelled;
	struct sum_account *slots;
	size_t slot_count, used;
};

void sum_init(struct sum *s);
void sum_fini(struct sum *s);
struct sum_account *sum_account(struct sum *s, uint32_t uid, const char *user);
void sum_answer(struct sum *s, const struct event *ev, const struct answer *a);
void sum_print(const struct sum *s, const struct order *o, bool json, FILE *out);

/* A string as JSON, quoted; foreign bytes become valid UTF-8. */
void json_put_str(FILE *out, const char *s);
/* Seconds with as many decimals as are needed. */
void json_put_time(FILE *out, wall_t t);

int replay_main(int argc, char **argv);

#endif
