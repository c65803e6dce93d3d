/*
 * lint_msg - is a message in the form that providers ask of bulk mail?
 *
 * Job:     bytes of one message -> findings, each with the rule's source. It judges form
 *          only.
 * Touches: nothing.
 * Source:  RFC 5322 (3.6 the header fields that may stand once), RFC 2045, RFC 8058
 *          (one-click unsubscribe), the bulk sender rules of Google, Yahoo (2024) and
 *          Microsoft (2025).
 */
#ifndef MAILBRAKE_LINT_MSG_H
#define MAILBRAKE_LINT_MSG_H

#include <stdbool.h>
#include <stddef.h>

#define LINT_BYTES_MAX (8 << 20) /* of a message that are looked at */

struct lint_finding {
	const char *check;    /* "from-missing"; static */
	const char *severity; /* "error": refused by some, "warn": costs reputation,
				 "info"; static */
	const char *source;   /* static */
	const char *text;     /* our own words and numbers only; lives for the call */
};

typedef void (*lint_fn)(void *arg, const struct lint_finding *f);

/* bulk: judge it as bulk mail even if it does not say so. Returns the number of findings.
 */
unsigned lint_message(const char *data, size_t len, bool bulk, lint_fn fn, void *arg);

#endif
