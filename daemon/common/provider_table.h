/*
 * provider_table - what a mail provider's answer means
 *
 * Job:     (MX host, recipient domain) -> provider; (code, reply) -> scope, action hint
 *          and the name of the row that says so.
 * Touches: the table file when loading; a classification touches nothing, allocates
 *          nothing, knows no time, and costs at most (patterns x PROVIDER_TEXT_MAX) byte
 *          steps.
 * Source:  rules/providers, whose head documents the format; every row there cites its
 *          own.
 */
#ifndef MAILBRAKE_PROVIDER_TABLE_H
#define MAILBRAKE_PROVIDER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "err.h"

#define PROVIDER_TEXT_MAX \
	2048            /* bytes of a reply that are looked at; the rest is cut \
			 */
#define PROVIDER_MAX 64 /* providers in a table: one bit each */

/* Whom a refusal concerns; only IP and IP_THROTTLE may ever brake a provider. */
enum reply_scope {
	SCOPE_UNKNOWN,     /* no row fits: collected, so that the table can grow */
	SCOPE_IP,          /* our address is on a list or has a bad name */
	SCOPE_IP_THROTTLE, /* our address sends too fast for its name */
	SCOPE_DOMAIN,      /* one sender domain or address */
	SCOPE_CONTENT,     /* this message: spam, virus, size, form */
	SCOPE_AUTH,        /* SPF, DKIM, DMARC, PTR, TLS */
	SCOPE_RECIPIENT,   /* the mailbox or its domain */
	SCOPE_INCIDENT,    /* their trouble or the network's: wait */
	SCOPE_COUNT
};

/* "ip", "ip-throttle", ... as in the JSON. Static. */
const char *reply_scope_name(enum reply_scope scope);
/* SCOPE_UNKNOWN: no such word. */
enum reply_scope reply_scope_of(const char *name);

/* How the provider was known. A reply's text never is a reason to brake: anyone can write
 * it. */
enum provider_from {
	PROVIDER_FROM_NOTHING,
	PROVIDER_FROM_MX,
	PROVIDER_FROM_DOMAIN,
	PROVIDER_FROM_REPLY,
};

struct provider_table;

struct provider_verdict {
	const char
	    *provider;   /* "microsoft", "google", ..., or "other"; owned by the table */
	int provider_id; /* index into the table, -1 for other */
	enum provider_from from;
	enum reply_scope scope;
	const char *row;    /* stable name, or "unknown"; owned by the table */
	const char *action; /* hint: "delist", "wait", ...; owned by the table */
	int code;           /* of the reply, 0 when there is none */
	char enhanced[16];  /* "5.7.1", or "" */
};

/*
 * Read and compile the table. ERR_SYS: cannot be read. ERR_INPUT: "path:LINE: why". The
 * caller owns *out and gives it back with provider_table_free(), which sets the pointer
 * to NULL.
 */
int provider_table_load(const char *path, struct provider_table **out, struct err *e);
int provider_table_parse(const char *text, size_t len, const char *name,
			 struct provider_table **out, struct err *e);
void provider_table_free(struct provider_table **t);

/* dir/providers if dir is given, else MB_DATADIR/rules/providers, else ../rules/providers
 * beside the running program (a build tree). dst always terminated; false when none is
 * readable. */
bool provider_table_path(const char *dir, char *dst, size_t size);

/*
 * Load, then hold the table against its own examples: each must give its row, the row's
 * scope and its first provider; names are unique, every row cites a source. *faults_out
 * counts what failed, each told through say (one line, no newline). 0 when it could be
 * looked at.
 */
int provider_table_check(const char *path, void (*say)(void *arg, const char *line),
			 void *arg, unsigned *faults_out, struct err *e);

/* Provider by MX host (suffix), else by recipient domain; -1 when none. Either may be
 * NULL. */
int provider_find(const struct provider_table *t, const char *mx, const char *domain);
const char *provider_name(const struct provider_table *t, int id); /* "other" for -1 */
const char *provider_title(const struct provider_table *t, int id);
int provider_by_name(const struct provider_table *t, const char *name); /* -1: none */
unsigned provider_count(const struct provider_table *t);
unsigned provider_row_count(const struct provider_table *t);

/* The i-th recipient domain known for a provider, NULL after the last. */
const char *provider_domain(const struct provider_table *t, int id, unsigned i);

/*
 * Classify one answer. mx, domain: NULL or "" when not known. code: 0 to take it from the
 * reply. reply: as the MTA logged it (multi-line replies joined by newline, blank or a
 * literal \n). Cannot fail: what no row knows has scope SCOPE_UNKNOWN and row "unknown".
 */
void provider_classify(const struct provider_table *t, const char *mx, const char *domain,
		       int code, const char *reply, size_t len,
		       struct provider_verdict *out);

/* The text the rows are matched against, for --unknown lists and tests. Returns dst. */
char *provider_reply_text(char *dst, size_t size, int code, const char *reply,
			  size_t len);

#endif
