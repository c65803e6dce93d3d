/*
 * reply - one SMTP answer, cut down to what its sender meant
 *
 * Job:     find the code and the enhanced code in an answer as MTAs log it, and give the
 *          rest in lower case on one line: continuation codes, the MTA's own words
 *          around it and mail addresses (a local part is anybody's text) are taken out.
 * Touches: nothing.
 * Source:  RFC 5321 4.2.1 (multi-line replies), RFC 3463 (enhanced codes).
 */
#ifndef MAILBRAKE_REPLY_H
#define MAILBRAKE_REPLY_H

#include <stddef.h>

struct reply {
	int code;   /* 200..599, 0 when there is none */
	int enh[3]; /* {5,7,1}; enh[0] is 0 when there is none */
	size_t len;
	char text[2048]; /* terminated */
};

/* code: what the caller knows already, or 0. Cannot fail; longer input is cut. */
void reply_read(struct reply *r, int code, const char *s, size_t len);

#endif
