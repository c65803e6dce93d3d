/*
 * script - one script's history with strangers, in fixed memory
 *
 * Job:     count what one script sends, learn its usual hour and its times of the week,
 *          and say how well it is known.
 * Touches: heap, for the name. Times are arguments: lived seconds for windows, wall
 *          seconds for ages and the time of the week.
 */
#ifndef MAILBRAKE_SCRIPT_H
#define MAILBRAKE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy.h"
#include "volume.h"

#define SCRIPT_NAME_MAX 512
#define SCRIPT_WINDOWS 4 /* 1 min, 10 min, 1 h, 24 h */
#define SCRIPT_1H 2

/*
 * Addresses it wrote to before, by a keyed hash: what goes there again is nobody new. A
 * place is given up when its address was not written to for two days, so a list that is
 * longer than the table does not wash out the few that get mail all the time.
 */
#define SCRIPT_MET 4
#define LOGIN_MET 64
struct met {
	uint32_t hash;   /* 0: free */
	uint32_t last_h; /* lived hours */
};

/* What only a mailbox has: the people it writes to, and messages instead of recipients,
 * for a person writes few however many they go to. */
struct login_past {
	struct met met[LOGIN_MET];
	struct slide msgs[SCRIPT_WINDOWS]; /* to strangers, one at least never met */
	uint32_t usual[SCRIPT_WINDOWS], peak[SCRIPT_WINDOWS];
};

struct script {
	uint64_t key;
	char *name; /* cut at SCRIPT_NAME_MAX - 1; "" for mail that names none */
	int64_t first_s, last_s; /* lived; first and last message */
	int64_t stranger_s;      /* lived; first message to strangers, 0 none */
	int64_t born_wall_s;     /* created or last changed, 0 unknown */
	int64_t changed_s; /* lived; last change noticed after it had a history, 0 none */
	int64_t fresh_s;   /* lived; a fresh file event named it, 0 none */
	int64_t trust_until_s;  /* lived; INT64_MAX no end, 0 none */
	enum standing standing; /* as judged at its first stranger */
	bool crowded;           /* then one of too many old files on one day: new */
	struct slide exposed[SCRIPT_WINDOWS]; /* [2] is not used: exposed_1h */
	struct hour exposed_1h, bulk_1h;
	struct slide bulk_24h, off_24h, own_24h;
	struct slide novel_1h; /* messages of a new subject that exposed somebody */
	uint32_t usual_novel_1h, peak_novel_1h;
	struct hour strangers_1h; /* explained or not */
	uint32_t usual_strangers_1h, peak_strangers_1h;
	uint32_t usual[SCRIPT_WINDOWS], usual_bulk_1h, usual_bulk_24h;
	uint32_t peak[SCRIPT_WINDOWS], peak_bulk_1h,
	    peak_bulk_24h; /* of the day not folded yet */
	uint32_t msgs, own_msgs, stranger_msgs, equal_msgs, subject_msgs;
	uint32_t own_before; /* of own_msgs: sent before its first stranger */
	uint32_t active_hours, active_days;
	int64_t day;        /* lived day of the peaks */
	int64_t hour;       /* lived hour last active */
	uint32_t day_hours; /* hours of that day's weekday, not folded yet: bit = hour */
	bool day_counted;   /* the day of the peaks is in active_days */
	uint32_t before_hours; /* of the day before that, not in slots yet either */
	uint8_t before_wday;
	uint8_t day_wday;
	uint8_t credit,
	    owed; /* copies to the owner not used up; strangers not explained */
	int64_t credit_s, owed_s; /* lived */
	uint32_t slots[7];        /* hours it was active in, by weekday (0 Sunday) */
	struct met met[SCRIPT_MET];
	struct slide met_24h; /* mail to them; not in the record: a restart begins anew */
	struct slide due[SCRIPT_WINDOWS]; /* recipients that were due a message */
	uint32_t usual_due_1h, usual_due_24h, peak_due_1h, peak_due_24h;
	struct login_past *login; /* NULL: no mailbox */
};

uint64_t script_key(const char *path);
/* Hours from Thursday 1970-01-01 00:00 UTC: weekday and hour. */
void script_hour_of(int64_t wall_s, unsigned *wday_out, unsigned *hour_out);

/* At its usual time: within 8 hours of an hour it was active in, 7 for a list. */
bool script_in_slot(const struct script *s, int64_t wall_s);
/* The same within 3 hours: the time a list keeps. */
bool script_at_slot(const struct script *s, int64_t wall_s);
/* Its subjects have always been alike; and how many new ones it had in the last hour. */
bool script_subjects_alike(const struct script *s);
uint32_t script_novel(const struct script *s, int64_t now_s);
/* Sends in many different hours. */
bool script_frequent(const struct script *s);
/* On how many weekdays it was active, as far as learnt; whether it is a list: on few of
 * them, and most of its day goes in one hour or under one subject. */
unsigned script_weekdays(const struct script *s);
bool script_bursty(const struct script *s);
/* Its mail has always been alike. */
bool script_bulk_usual(const struct script *s);

/* What is due goes out at once, when somebody at the shop has packed: a third of a day's
 * in an hour. */
bool script_batches(const struct script *s);
uint32_t script_due(const struct script *s, unsigned window, int64_t now_s);

/* Exposed recipients in one of its windows. */
uint32_t script_exposed(const struct script *s, unsigned window, int64_t now_s);

/* One stranger that was counted proved to be explained. */
void script_explained(struct script *s, int64_t now_s);

/* What a message counts as. */
struct script_msg {
	uint32_t rcpts;
	uint32_t met; /* of them, those it wrote to before */
	bool second;  /* of its text: the first is known for bulk only now */
	bool own, equal_body, equal_subject, no_body_hash, bulk;
	bool new_subject; /* told, and never seen before */
	bool unpaired;    /* a copy to the owner explains nothing here */
	bool told;        /* its recipients are */
	uint32_t due;     /* of rcpts: they are due a message */
	uint32_t ours;    /* of due: the same script met them */
	bool excused;     /* no exposure at all: nothing has to explain it */
};

/* How many of these addresses it wrote to before; and now it does. */
uint32_t script_met(const struct script *s, uint64_t salt, const uint64_t *hashes,
		    size_t count);
void script_meet(struct script *s, uint64_t salt, const uint64_t *hashes, size_t count,
		 int64_t now_s);

/* Messages of a mailbox to strangers in one of its windows. */
uint32_t script_login_msgs(const struct script *s, unsigned window, int64_t now_s);

/* Is this message bulk-like, for a script with this history? */
bool script_is_bulk(const struct script *s, const struct script_msg *m);

/*
 * How many recipients of m are exposed: not its own, not written to before, and not
 * explained by a copy to the owner within a minute before. Does not count anything.
 */
uint32_t script_exposes(const struct script *s, int64_t now_s,
			const struct script_msg *m);

/*
 * Count a message that passed. Returns how many strangers counted before it now proved to
 * be explained (0 or 1): a copy to the owner follows within 2 minutes.
 */
uint32_t script_count(struct script *s, int64_t now_s, int64_t wall_s,
		      const struct script_msg *m, uint32_t exposed, int64_t learning_s);

/* Before a message is judged: when the day has turned, what it sent until then is its
 * past. */
void script_turn(struct script *s, int64_t now_s, int64_t learning_s);

/* Take today's peaks into the usual ones; called by script_count when the day turns and
 * before a change is noted. After learning the usual grows by a quarter a day at most, so
 * that nobody trains it up. */
void script_fold(struct script *s, int64_t learning_s);

/* A file event or its age says the script changed at wall_s. */
void script_note_change(struct script *s, int64_t now_s, int64_t learning_s);

/* Mail of somebody who logged in to the mail system: "login:box@a.test". */
#define SCRIPT_LOGIN "login:"
bool script_login(const struct script *s);

/* A name every CMS or newsletter ships as an entry point. */
bool script_entry_point(const char *path);

#endif
