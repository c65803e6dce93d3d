/*
 * sockdiag - which uid owns the other end of a local TCP connection
 *
 * Job:     see sockdiag.h.
 * Touches: a netlink socket of its own.
 */
#include "sockdiag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int
ask(int fd, const struct mta_end *client, const struct mta_end *server, struct err *e)
{
	struct {
		struct nlmsghdr h;
		struct inet_diag_req_v2 r;
	} q;
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	size_t n = client->family == AF_INET ? 4 : 16;

	memset(&q, 0, sizeof q);
	q.h.nlmsg_len = sizeof q;
	q.h.nlmsg_type = SOCK_DIAG_BY_FAMILY;
	q.h.nlmsg_flags = NLM_F_REQUEST;
	q.r.sdiag_family = (uint8_t)client->family;
	q.r.sdiag_protocol = IPPROTO_TCP;
	q.r.idiag_states = ~0U;
	q.r.id.idiag_sport = htons(client->port);
	q.r.id.idiag_dport = htons(server->port);
	memcpy(q.r.id.idiag_src, client->addr, n);
	memcpy(q.r.id.idiag_dst, server->addr, n);
	q.r.id.idiag_cookie[0] = q.r.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	if (sendto(fd, &q, sizeof q, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0)
		return err_sys(e, "sock_diag");
	return 0;
}

int
sockdiag_uid(const struct mta_end *client, const struct mta_end *server,
	     uint32_t *uid_out, struct err *e)
{
	union {
		struct nlmsghdr h;
		char bytes[4096];
	} a;
	struct inet_diag_msg m;
	ssize_t n;
	int fd;

	if (client->family == 0 || client->family != server->family ||
	    client->port == 0 || server->port == 0)
		return 0;
	fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd < 0)
		return err_sys(e, "sock_diag");
	if (ask(fd, client, server, e) != 0) {
		close(fd);
		return -1;
	}
	/* the kernel answers before sendto returns: this does not wait */
	n = recv(fd, &a, sizeof a, MSG_DONTWAIT);
	close(fd);
	if (n < (ssize_t)NLMSG_LENGTH(sizeof m) || !NLMSG_OK(&a.h, (unsigned)n) ||
	    a.h.nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return 0;
	memcpy(&m, NLMSG_DATA(&a.h), sizeof m);
	/* a closed one has no owner any more, and reads as uid 0 */
	if ((m.idiag_state != TCP_ESTABLISHED && m.idiag_state != TCP_CLOSE_WAIT) ||
	    m.idiag_inode == 0)
		return 0;
	*uid_out = m.idiag_uid;
	return 1;
}
