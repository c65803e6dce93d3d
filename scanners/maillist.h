/*
 * maillist - whom an address list addresses
 *
 * Job:     count the recipients of a header field or of one argument, as many as the MTA
 *          that reads the most in it; tell their domains and hashes.
 * Touches: nothing.
 * Source:  RFC 5322 (address lists); what Postfix 3.7 and Exim 4.96 made of lists that
 * are none by it: tests/unit/test_scan_mail.c.
 */
#ifndef MAILBRAKE_MAILLIST_H
#define MAILBRAKE_MAILLIST_H

#include <stddef.h>

#include "mailhead.h"

/*
 * Add what the list p names to h: rcpts, rcpts_nowhere, domains, rcpt_hashes,
 * rcpts_unclear. It is split at commas and semicolons outside quotes, comments and angle
 * brackets; "name:" of a group is no address. Linear, no recursion, no allocation.
 */
void mail_list_read(struct mail_head *h, const char *p, size_t len);

#endif
