/*
 * sockdiag - which uid owns the other end of a local TCP connection
 *
 * Job:     ask the kernel, while the connection stands.
 * Touches: a netlink socket of its own.
 * Source:  sock_diag(7), INET_DIAG exact look-up; 2.5 us here. Only sees this
 *          network namespace: the MTA must run in the same.
 */
#ifndef MAILBRAKE_SOCKDIAG_H
#define MAILBRAKE_SOCKDIAG_H

#include "mta_request.h"

/*
 * The uid that made the socket client -> server. 1 and *uid_out; 0: the kernel knows none
 * (not local, closed, another namespace); -1 ERR_SYS.
 */
int sockdiag_uid(const struct mta_end *client, const struct mta_end *server,
		 uint32_t *uid_out, struct err *e);

#endif
