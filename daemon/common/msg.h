/*
 * msg - messages between processes: the codec made from msg.def
 *
 * Job:     struct m_NAME, m_NAME_put() and m_NAME_get() for each row of msg.def.
 * Touches: nothing but the buffers given.
 * Wire:    one SEQPACKET datagram: struct msg_head, then the fields in order;
 *          numbers are 8 bytes in host order, strings and bytes have a 4 byte
 *          length before them. Both ends are the same machine; MSG_VERSION
 *          guards an upgrade in between.
 */
#ifndef MAILBRAKE_MSG_H
#define MAILBRAKE_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "msg.def"

#define MSG_VERSION 1
#define MSG_MAX 131072 /* body bytes; the largest of msg.def */

enum msg_type {
	MSG_NONE,
#define M(NAME, name, from, to, fds, max, text) MSG_##NAME,
	MSG_TABLE(M)
#undef M
	    MSG_TYPES
};

enum role {
	ROLE_PARENT,
	ROLE_WATCH,
	ROLE_JUDGE,
	ROLE_HANDS,
	ROLE_MTLOG,
	ROLE_SCANNER,
	ROLE_CLIENT,  /* whoever gives work to a scanner: judge, or `mailbrake scan` */
	ROLE_WRAPPER, /* mailbrake-sendmail, of any uid */
	ROLE_CLI,     /* mailbrake, of an admin */
	ROLE_ANY,
};

struct msg_head {
	uint16_t version, type;
	uint32_t len; /* body bytes */
};

/* A message being written or read. */
struct msg {
	enum msg_type type;
	int fd; /* received with it, or to be sent with it; -1: none. See link.h for who
		   owns */
	bool bad;
	size_t len, pos;
	uint8_t body[MSG_MAX];
};

/* fields, as struct members */
#define MSG_U(name) uint64_t name;
#define MSG_I(name) int64_t name;
#define MSG_S(name) const char *name;
#define MSG_B(name) \
	const void *name; \
	size_t name##_len;
#define M(NAME, name, from, to, fds, max, text) \
	struct m_##name { \
		MSG_##name(MSG_U, MSG_I, MSG_S, MSG_B) \
	}; \
	/* Write it as the whole of *m (m->fd is set to -1). ERR_INPUT when it does not \
	 * fit. */ \
	int m_##name##_put(struct msg *m, const struct m_##name *v, struct err *e); \
	/* Read it; ERR_INPUT when a field is damaged or bytes are left over. Borrowed \
	 * from m. */ \
	int m_##name##_get(struct msg *m, struct m_##name *v, struct err *e);
MSG_TABLE(M)
#undef M

/* "FILE" and so on; "?" for a number that is none. Static. */
const char *msg_name(unsigned type);

/* May `from` send this type to `to`? The table's word; fd: whether a descriptor came with
 * it. */
bool msg_allowed(unsigned type, enum role from, enum role to, size_t len, bool fd);

/* --- values several messages share --- */

enum file_cause { CAUSE_EVENT, CAUSE_WALK, CAUSE_RESCAN, CAUSE_ASKED };
enum scan_kind { SCAN_FILE, SCAN_MAIL };
enum verdict { VERDICT_CLEAN, VERDICT_SUSPICIOUS, VERDICT_MALICIOUS, VERDICT_UNSCANNED };
enum submit_answer { SUBMIT_PASS, SUBMIT_HELD, SUBMIT_REFUSED };
/* DONE.exit_code of an ALERT: mail and hooks all, some, none went well. */
enum alert_told { ALERT_TOLD, ALERT_PARTLY, ALERT_NOBODY };
/* OWNER.uid when it is no uid: not known; it cannot be known, but the message was handed in
 * here; the MTA takes out the line that says whose it is. */
enum owner_code { OWNER_NONE = -1, OWNER_SOMEBODY = -2, OWNER_TAKEN_OUT = -3 };
/* FORCE: deliver now, past a brake. */
enum queue_verb { QUEUE_FREEZE, QUEUE_THAW, QUEUE_DROP, QUEUE_FORCE };

/* OUTCOME.kind is enum mt_kind of mt_event.h; OUTCOME.flags are its booleans. */
enum outcome_flag {
	OUTCOME_OWN = 1,      /* our own doing: a brake, a hold, a retry time */
	OUTCOME_ANSWERED = 2, /* the remote server said it */
	OUTCOME_BOUNCE = 4,   /* a submission by the MTA itself */
	OUTCOME_LOCAL_CLIENT =
	    8,              /* a submission by SMTP from this machine, without login */
	OUTCOME_LOCAL = 16, /* delivered here */
	OUTCOME_OLD = 32,   /* a submission told before: it is in the queue still */
};

/* "clean", "suspicious", "malicious", "unscanned". Static. */
const char *verdict_name(unsigned v);

/*
 * Lists inside a bytes field: terminated strings one after the other ("a\0b\0"); an
 * argument vector, NAME=value pairs, or triples.
 */
struct strings {
	const char *at;
	size_t left;
};
/* Start reading; a list whose last string has no terminator reads as empty. */
struct strings strings_of(const void *p, size_t len);
/* The next one, or NULL at the end. Borrowed. */
const char *strings_next(struct strings *s);
size_t strings_count(const void *p, size_t len);
/* Append s and its NUL to buf (size bytes, *len used). false: it does not fit, nothing
 * added. */
bool strings_add(char *buf, size_t size, size_t *len, const char *s);

#endif
