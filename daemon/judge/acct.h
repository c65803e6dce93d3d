/*
 * acct - the record of one account, and the engine around it (inside of account.h)
 *
 * Job:     the structs that account.c, facts.c, record.c and explain.c share. Nobody else
 *          includes this.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_ACCT_H
#define MAILBRAKE_ACCT_H

#include "account.h"
#include "people.h"
#include "script.h"
#include "volume.h"

#define ACCT_SEEN 32   /* bodies and subjects remembered for likeness */
#define ACCT_FILES 64  /* live findings */
#define ACCT_DOMAINS 4 /* the account's own domains, learnt */
#define ACCT_FRESH 96  /* fresh files remembered until they send */
#define WEEK_S 604800
#define OWN_1H 300 /* mail to the owner: beyond so many in an hour it is strangers' */
#define SETTLING_S 1209600 /* a new account settles in for two weeks */
#define OFFENDED_S 2592000 /* a released account is judged harder for 30 days */
#define WAVE_FILES 10      /* clean files in one hour: a migration, a new site */
#define WAVE_SCRIPTS 3     /* new scripts born within two hours of each other: the same */

/* A body or subject that went to strangers. */
struct seen {
	uint32_t hash;
	uint32_t last_h; /* lived hours */
	uint32_t times;
};

/* A live finding. */
struct finding {
	uint64_t key; /* of the path */
	int64_t points;
	int64_t t_s; /* lived */
	int64_t trust_until_s;
	char *path, *rules;
};

struct acct {
	uint32_t uid;
	bool dirty;
	uint64_t salt; /* of the addresses its scripts remember */
	bool eyes;     /* an age or a file of it was ever told */
	char user[64];
	enum acct_state state;
	enum reason reason;
	int64_t first_s, since_s; /* lived */
	int64_t learn_from_s; /* lived; its history begins here, 0 with the engine's */
	int64_t since_wall_s;
	int64_t last_held_s; /* lived; last message that was held */
	int64_t released_s;  /* lived; 0 never */
	int64_t observed_s;  /* lived; last decision that was only observed */
	enum acct_word word;
	int64_t word_until_s; /* lived; INT64_MAX no end */
	int64_t ceiling_trust_s, rule_trust_s[RULE_COUNT];
	char *culprit;
	struct volume rcpts;     /* strangers */
	struct volume fresh_all; /* strangers of new scripts, explained or not */
	struct volume fresh;     /* exposed by new scripts */
	struct slide msgs_24h;
	struct slide names_24h; /* scripts first met while nothing is known of them */
	struct slide old_names; /* 24 h: old files that wrote to strangers first */
	struct slide old_24h;   /* exposed by dormant scripts on their first day */
	struct slide old_told_1m, old_told_1h,
	    old_told_24h;                 /* explained, of all dormant scripts */
	struct slide login_1h, login_24h; /* strangers of all logins */
	struct slide own_1h;              /* mail to the owner */
	struct slide again_1h, again_24h; /* of unproven and dormant scripts, to addresses
					     they had written to before */
	struct people buyers;             /* strangers its scripts wrote to */
	struct slide new_own, new_msgs, new_equal, new_subject; /* 7 days */
	struct slide sent_7d, refused_7d;
	uint32_t at_one_refused, at_one_answered; /* engine_refusals */
	int64_t at_one_s;                         /* lived; when it was said, 0 never */
	struct slide files_1h;                    /* clean fresh files */
	int64_t multi_s; /* lived; a new script addressed several strangers */
	int64_t wave_from_s, wave_to_s; /* lived; files */
	int64_t births_wall_s;          /* new scripts born around then */
	uint32_t births;
	int64_t evidence_s; /* lived; since there is evidence, 0 none */
	uint32_t evidence_exposed;
	struct seen bodies[ACCT_SEEN], subjects[ACCT_SEEN];
	uint32_t own_domains[ACCT_DOMAINS];
	struct {
		uint64_t key;
		int64_t t_s; /* lived */
	} fresh_files[ACCT_FRESH];
	uint32_t fresh_next;
	struct script **scripts; /* sorted by key, then name */
	uint32_t script_count, script_room;
	struct finding *findings;
	uint32_t finding_count;
	uint64_t passed_messages, passed_rcpts, held_messages, held_rcpts;
	/* the last message, for explain; not saved */
	struct facts facts;
	struct ruling ruling;
	char *last_script;
};

struct engine {
	struct engine_conf conf;
	decision_fn on_decision;
	void *ctx;
	struct acct **slots; /* open addressing by uid; power of two */
	size_t slot_count, used;
	int64_t now_s, wall_s; /* lived time, and the wall time it belongs to */
	int64_t start_s;       /* lived time of the first event ever */
	bool started;
	size_t dirty_at;
	uint64_t salt;      /* for new accounts */
	struct acct *crowd; /* everyone beyond accounts_max */
	struct engine_stats stats;
};

/* acct_table.c: where records are. */
struct acct *acct_find(const struct engine *e, uint32_t uid);
struct acct *acct_get(struct engine *e, uint32_t uid, const char *user, wall_t t);
void acct_drop(struct engine *e, uint32_t uid);
struct acct *acct_blank(uint32_t uid);
void acct_free(struct acct *a);
void acct_insert(struct engine *e, struct acct *a);
struct script *acct_script(struct engine *e, struct acct *a, const char *name, bool make);
void acct_script_insert(struct acct *a, struct script *s);
struct finding *acct_finding(const struct acct *a, const char *path);

/* facts.c: gather; msg NULL: no message under judgement. */
struct judged {
	const struct submission *s;
	struct script *script;
	struct script_msg msg;
	uint32_t exposed;
};
/* Whom the account met of the message's recipients; before facts_gather. */
void facts_people(const struct acct *a, struct judged *j, int64_t now_s);
void facts_gather(const struct engine *e, const struct acct *a, const struct judged *j,
		  struct facts *out);
int64_t facts_evidence(const struct engine *e, const struct acct *a,
		       const struct finding **worst_out);
enum standing facts_standing(const struct engine *e, const struct acct *a,
			     const struct script *s);
bool facts_in_wave(const struct acct *a, const struct script *s, int64_t now_s,
		   int64_t wall);

/* account.c: the one place a state changes. f and r may be NULL in account_set. */
void account_review(struct engine *e, struct acct *a, const struct facts *f,
		    const struct ruling *r, const char *script);
void account_set(struct engine *e, struct acct *a, enum acct_state to, enum reason why,
		 const struct facts *f, const struct ruling *r, const char *who);

/* Lived time from wall time; see account.h. */
void engine_advance(struct engine *e, wall_t t);

#endif
