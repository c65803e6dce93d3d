/*
 * own - which domains are an account's own
 *
 * Job:     the list root keeps of domains and logins (the panel's, or an admin's) as a
 *          table; answers whether all of a message's recipients are its sender's own.
 * Touches: the list, through a small process that may open it and nothing else; log.
 * Source:  cPanel /etc/userdomains, DirectAdmin /etc/virtual/domainowners: lines of
 *          "domain: login". Plesk keeps it in its database: an admin writes it out.
 * Never:   believes a list others than root can write. What an account can write itself
 *          (its contact address, its headers) names anybody as its own.
 * Limits:  OWNERS_MAX domains (owners.h); beyond, the rest is nobody's, said once.
 */
#ifndef MAILBRAKE_OWN_H
#define MAILBRAKE_OWN_H

#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "err.h"

#define OWN_RCPTS_MAX 10 /* more at once is a list, whoever they are */

/* Before privileges are dropped: where the list may lie. */
int own_start(const struct conf *c, struct err *e);

/* Read the list when it changed; at the start, then once a minute. */
void own_refresh(void);

/*
 * Are all recipients of a message of this login its own? domains: each that was named,
 * once. 1 yes; 0 no; -1 there is no list, or it does not know the login.
 */
int own_mail(const char *login, uint64_t rcpts, const char *const *domains, size_t count);

/* For status: domains known, and what keeps the list from being read (NULL: nothing; what
 * was known stays). */
unsigned own_count(void);
const char *own_fault(void);

#endif
