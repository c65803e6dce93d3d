/*
 * whose - the account behind an event, a login or a message
 *
 * Job:     uids of login names, SMTP logins by the list of own_domains, messages of
 *          Postfix's queue by their files.
 * Touches: the account database; files that opener.c opens.
 */
#ifndef MAILBRAKE_WHOSE_H
#define MAILBRAKE_WHOSE_H

#include "mt_event.h"

/* The paths opener.c is started with; from OPEN_OWNERS on, the places of owners.h. */
enum open_path { OPEN_LOG, OPEN_QUEUE, OPEN_OWNERS };

/*
 * The uid of an event's account, -1 unknown: the kernel's uid or login first; else the
 * SMTP login, when it is a system account or its domain is one account's by the list
 * of own_domains. user: the login it was found by, or "".
 */
int64_t whose_event(const struct mt_event *ev, char *user, size_t size);

/* The uid of a message that Postfix is taking in; OWNER_NONE: it did not come by
 * sendmail(1), or cannot be looked at; OWNER_SOMEBODY: its envelope is longer than is read;
 * OWNER_TAKEN_OUT: it did, and the line that names who handed it in is gone. */
int64_t whose_message(const char *id);

/* Read the list of own_domains when it changed, from the first of so many places that is
 * there. */
void whose_refresh(int places);
void whose_fini(void);

#endif
