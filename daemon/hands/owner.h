/*
 * owner - whose a message in the MTA's queue is, by the MTA's own file
 *
 * Job:     before a message is frozen, thawed or removed: is it the account's? What judge
 *          knows it has from a log, where a line can be forged and an id come again.
 * Touches: the MTA's queue files, read only.
 */
#ifndef MAILBRAKE_OWNER_H
#define MAILBRAKE_OWNER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* It came by SMTP, and nobody said whose it is; it is not there. */
enum { OWNER_UNKNOWN = -1, OWNER_GONE = -2 };

/*
 * The uid in the first len bytes of a -H file of Exim: the submitter's in its second
 * line; of a message by SMTP, where that is mta_uid, what judge answered when it was
 * accepted ("OK 2001", kept in acl_m_mailbrake). OWNER_UNKNOWN.
 * Format: Exim specification 57 (spool files).
 */
int64_t owner_exim_head(const char *head, size_t len, const char *id, uid_t mta_uid);

/* The same of a message in Exim's spool_directory, or Postfix's queue_directory dir.
 * "auto": the usual places. */
int64_t owner_exim(const char *dir, const char *id);
int64_t owner_postfix(const char *dir, const char *id);

#endif
