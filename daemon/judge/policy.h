/*
 * policy - decide what happens to one account's mail
 *
 * Job:     facts of one account, its script and one message -> answer, state, reason.
 * Touches: nothing. No I/O, no clock, no allocation, no global.
 * Source:  the table in daemon/judge/DECISIONS; tests/unit/test_policy.c has one row per
 *          line of it.
 */
#ifndef MAILBRAKE_POLICY_H
#define MAILBRAKE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "reason.h"

#define ACCOUNTS_MAX 20000 /* reason.h names it, too */

enum acct_state {
	ACCT_CLEAR,
	ACCT_WATCHED, /* something speaks against it; nothing is held */
	ACCT_HELD,    /* every message is held */
};

enum acct_word {
	WORD_NONE,
	WORD_TRUST,
	WORD_HOLD,
	WORD_RELEASE, /* an act, not a lasting word: ends a hold */
};

enum verdict_answer {
	ANSWER_PASS,
	ANSWER_HOLD,
};

/* How well a script is known. */
enum standing {
	STAND_NONE,    /* no message under judgement */
	STAND_NEW,     /* never sent to strangers before, and young or of unknown age */
	STAND_BLIND,   /* nothing is known: no age, and too early to say it never sent */
	STAND_DORMANT, /* an old file that was not seen sending to strangers yet */
	STAND_CHANGED, /* has a history, and its file changed since */
	STAND_KNOWN,   /* has a history */
};

enum rule {
	RULE_FLAGGED,
	RULE_EVIDENCE,
	RULE_NEW,
	RULE_CHANGED,
	RULE_USUAL,
	RULE_HARD_CAP,
	RULE_REFUSALS,
	RULE_COUNT
};

/* Settings of the engine; engine_conf_defaults() fills the shipped ones. */
struct engine_conf {
	bool observe;                  /* decide and record, pass everything */
	bool rule_observe[RULE_COUNT]; /* the same for one rule */
	int64_t weak_points;           /* a finding worth mentioning */
	int64_t suspicious_points;     /* a file of so many points is flagged */
	int64_t malicious_points;      /* ... and condemns the account's other mail */
	int64_t evidence_ttl_s;        /* how long a finding counts */
	int64_t unknown_rcpt_max; /* recipients new scripts of an account may address */
	int64_t young_script_s;   /* younger than this is young */
	int64_t learning_time_s;  /* rules that need history act after so long */
	int64_t hard_cap_h;       /* recipients of an account in an hour */
	int64_t refusal_ppm;      /* lower bound of the refused share that holds */
	int64_t refusal_min;      /* answers needed before it is judged */
	int64_t hold_expire_s;    /* a hold nobody reviewed ends after so long */
	int64_t accounts_max;     /* accounts in memory */
	int64_t scripts_max;      /* scripts remembered per account */
	int64_t jump_max_s;       /* a larger step of the clock is a jump, not time */
	bool blind; /* no file is watched (replay of a log): what is first seen is
		       presumed old */
};

void engine_conf_defaults(struct engine_conf *c);

/*
 * What is known when one message is judged. Counts include the message itself.
 * "Strangers" are recipients outside the account's own domains and owner; "exposed" are
 * strangers that no copy to the owner explains.
 */
struct facts {
	/* the account */
	enum acct_state state;
	enum reason state_reason; /* why it is in that state */
	enum acct_word word;
	int64_t evidence_points; /* the worst live file */
	int64_t watched_for_s;   /* since its first event */
	bool learning;           /* rules that need history do not act yet */
	bool offended;           /* was held and released within 30 days */
	bool eyes;               /* an age or a file of the account was ever told */
	bool settling;           /* new here, or many clean files arrived at once */
	uint32_t rcpts[5];       /* strangers addressed: 1 min, 10 min, 1 h, 24 h, 7 d */
	uint32_t msgs_24h;
	uint32_t evidence_exposed; /* exposed since the flagged file came */
	uint32_t refused,
	    answered; /* 7 days; permanent refusals, and all final answers */
	uint32_t refused_low_ppm;
	/* new scripts of the account together */
	uint32_t new_24h, new_7d; /* exposed */
	uint32_t new_1m, new_10m, new_1h;
	uint32_t new_all_1m, new_all_1h,
	    new_all_24h; /* their strangers, explained or not */
	/* dormant scripts of the account together */
	uint32_t old_names; /* 24 h: that wrote to strangers first, without this one */
	uint32_t old_24h;   /* exposed by those of them without a day before */
	uint32_t old_told_1m, old_told_1h,
	    old_told_24h; /* their strangers that copies to the owner explain */
	/* new, unknown and dormant scripts: mail to addresses they had written to before
	 */
	uint32_t again_1h, again_24h;
	/* one login: its messages to strangers in 1 min, 10 min, 1 h, 24 h */
	uint32_t login_msgs[4], login_msgs_usual[4];
	/* all logins of the account together: 1 h, 24 h */
	uint32_t login_all[2];
	uint32_t login_usual[2]; /* the sum of what each had at most before */
	uint32_t new_names; /* 24 h: scripts met without age or file, this one included */
	uint32_t new_own;   /* 7 days: mail of theirs to the owner */
	uint32_t new_own_of;  /* strangers' messages that is compared with */
	uint32_t new_msgs;    /* 7 days: mail of theirs to strangers */
	uint32_t new_equal;   /* 7 days: ... whose body was seen before */
	uint32_t new_subject; /* 7 days: ... whose subject was seen before */
	bool new_multi;       /* 7 days: one had several strangers */
	bool new_wave;        /* the script arrived together with many others */
	/* the script */
	enum standing standing;
	bool claimed;          /* its name is a claim */
	bool crowded;          /* one of too many old files that send first on one day */
	bool login;            /* no script: somebody logged in to the mail system */
	int64_t script_points; /* live finding on the script itself */
	int64_t script_age_s;  /* since created or changed; -1 unknown */
	bool frequent;         /* sends in many different hours */
	bool in_slot;          /* sends at this time of the week as a rule */
	bool at_slot;          /* the same to three hours */
	uint32_t novel_1h; /* where its subjects were always alike: those that are new */
	uint32_t usual_novel_1h; /* the most before */
	bool rare_days;          /* sends on three weekdays at most */
	bool subjects_differ;    /* hardly one of its subjects went out twice */
	bool no_body;            /* nothing is known about its body */
	bool no_hashes;          /* nothing is known about body or subject */
	bool new_text;   /* its body, or its subject where bodies are not told, is new */
	bool seen_hours; /* strangers in three hours or more, five or more of them */
	uint32_t exposed[4];                       /* exposed: 1 min, 10 min, 1 h, 24 h */
	uint32_t usual[4];                         /* the most of it before, in each */
	uint32_t strangers_1h, usual_strangers_1h; /* explained or not */
	uint32_t met_24h; /* its mail to addresses it had written to before */
	uint32_t msg_met; /* this message's */
	uint32_t due[4];  /* its recipients that were due a message (people.h), as exposed
			  */
	bool excused;     /* an unknown script's message to people who are due it */
	bool batches;     /* what is due goes out at once, as a rule */
	uint32_t usual_due_1h;
	uint32_t bulk_1h,
	    bulk_24h;     /* exposed by bulk-like mail: equal bodies, many recipients */
	uint32_t off_24h; /* the same outside the script's hours */
	uint32_t usual_bulk_1h, usual_bulk_24h;
	bool few_days;         /* was active on three days or fewer */
	bool bulk_habit;       /* sends mail that is alike on many days */
	bool owner_only;       /* wrote to the owner often, to strangers never */
	uint32_t own_24h;      /* its mail to the owner */
	int64_t changed_for_s; /* since its file changed; -1 it did not */
	bool bursty;           /* all it sends goes in a few hours */
	bool bulk_usual;       /* its mail has always been alike */
	bool trusted_script;   /* an admin's word with this scope */
	bool trusted_ceiling;
	bool trusted_rule[RULE_COUNT];
	/* the message */
	bool own;
	uint32_t msg_exposed;
	uint32_t msg_rcpts;
};

struct ruling {
	enum verdict_answer answer;
	enum acct_state state;
	enum reason reason;
	bool observed; /* a rule in observe mode fired: answer and state are as without it
			*/
	int64_t limit; /* what was exceeded, when the row has a number; else -1 */
	int64_t value;
};

/* Decide. Every input has an answer. */
struct ruling policy_decide(const struct facts *f, const struct engine_conf *c);

const char *state_name(enum acct_state s);  /* static */
const char *standing_name(enum standing s); /* static */
const char *word_name(enum acct_word w);    /* static */
const char *rule_name(enum rule r);         /* as an admin says it: "hard-cap"; static */
const char *answer_name(enum verdict_answer a); /* "pass", "hold", "refuse"; static */

/*
 * What a script may address: limits for exposed recipients per window, given its standing
 * and history. Used by policy_decide and by explain.
 */
struct ceiling {
	int64_t exposed[4]; /* 1 min, 10 min, 1 h, 24 h */
	int64_t bulk_1h, bulk_24h, off_24h;
};
struct ceiling policy_ceiling(const struct facts *f, const struct engine_conf *c);

/* What new scripts of the account may address together: in 24 h, and in 7 days. */
void policy_allowance(const struct facts *f, const struct engine_conf *c,
		      int64_t *day_out, int64_t *week_out);

#endif
