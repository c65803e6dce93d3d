/*
 * mta_request - what an MTA asks about a message it is about to accept
 *
 * Job:     parse one request of Exim's readsocket or of Postfix's policy
 *          delegation into the same struct.
 * Touches: nothing.
 * Format:  Exim, one line: `CHECK v=1 id=ID ouid=N cuid=N rc=N size=N
 *          from=B64 script=B64 auth=B64 host=ADDR:PORT iface=ADDR:PORT` (SMTP
 *          instead of CHECK for a message that came by SMTP); unknown keys are
 *          ignored. Postfix (SMTPD_POLICY_README): name=value lines and an
 *          empty one, first request=smtpd_access_policy.
 */
#ifndef MAILBRAKE_MTA_REQUEST_H
#define MAILBRAKE_MTA_REQUEST_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "milter.h"

#define MTA_REQUEST_MAX 65536 /* bytes */

struct mta_end {
	int family; /* AF_INET, AF_INET6, or 0: not told */
	uint8_t addr[16];
	uint16_t port;
};

struct mta_request {
	enum mta_kind { MTA_EXIM_LOCAL, MTA_EXIM_SMTP, MTA_POSTFIX, MTA_MILTER } kind;
	char id[64];
	int64_t ouid; /* who submitted it, by the MTA's word; -1: not told */
	uint64_t rcpts, size;
	char sender[320], script[512], auth[320]; /* claims; auth is the MTA's word */
	struct mta_end client, server;            /* the SMTP connection's two ends */
	char to[MILTER_TO]
	       [MILTER_TO_LEN]; /* envelope recipients, when they are told; "" */
};

/*
 * Bytes of a whole request at the start of p (len bytes), 0 when more is needed, -1 when
 * it can never become one (over MTA_REQUEST_MAX, a NUL).
 */
int64_t mta_request_whole(const char *p, size_t len);

/* Parse a whole request. ERR_INPUT names what is missing. */
int mta_request_parse(const char *p, size_t len, struct mta_request *out, struct err *e);

#endif
