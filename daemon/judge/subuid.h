/*
 * subuid - whose the uids of user namespaces are
 *
 * Job:     a user who has subordinate uids (subuid(5), newuidmap(1)) can run programs
 *          under any of them; to the kernel each is another uid, to us all of them are
 *          his account. Otherwise 65,536 of them would be 65,536 first messages.
 * Touches: /etc/subuid, which only root can write; read again when it changed.
 */
#ifndef MAILBRAKE_SUBUID_H
#define MAILBRAKE_SUBUID_H

#include <stddef.h>
#include <stdint.h>

#define SUBUID_MAX 20000 /* ranges that are kept; more are said in the log */

struct subuid_range {
	uint32_t first, count, owner;
};

/*
 * Read ranges out of the text of a subuid(5) file; lines that are none, that begin below
 * 1000 or whose user is not known to uid_of (-1) are left out. The ranges, sorted, are
 * the caller's to free; *count_out of them (NULL when 0). over_out: how many did not fit.
 */
struct subuid_range *subuid_parse(const char *text, size_t len,
				  int64_t (*uid_of)(const char *login), size_t *count_out,
				  size_t *over_out);

/* The owner of the range uid lies in, or uid itself. */
uint32_t subuid_find(const struct subuid_range *ranges, size_t count, uint32_t uid);

/* The account behind a uid the kernel named: by /etc/subuid, looked at once a minute. A
 * uid that has a login of its own is its own account. */
uint32_t subuid_account(uint32_t uid);

#endif
