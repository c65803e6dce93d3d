/*
 * link - one end of a SEQPACKET connection to a known kind of peer
 *
 * Job:     see link.h.
 * Touches: its descriptor.
 * Source:  unix(7), cmsg(3).
 */
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

struct link_out {
	struct link_out *next;
	int fd;
	struct msg_head head;
	uint8_t body[];
};

/* the most one datagram can bring (SCM_MAX_FD): none is left for the kernel to close */
#define FDS_READ 253
#define DRAIN_MAX 1000 /* datagrams thrown away when a connection is closed */

void (*link_discard)(int take_fd) = NULL;

void
link_fd_discard(int take_fd)
{
	if (link_discard != NULL)
		link_discard(take_fd);
	else
		(void)close(take_fd);
}

/* The one descriptor that may come; more are closed and make the message bad. */
static bool
take_fds(struct msghdr *mh, int *fd_out)
{
	struct cmsghdr *c;
	bool good = (mh->msg_flags & MSG_CTRUNC) == 0;

	*fd_out = -1;
	for (c = CMSG_FIRSTHDR(mh); c != NULL; c = CMSG_NXTHDR(mh, c)) {
		size_t i, n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (*fd_out < 0) {
				*fd_out = fd;
			} else {
				link_fd_discard(fd);
				good = false;
			}
		}
	}
	return good;
}

void
link_init(struct link *l, int take_fd, enum role self, enum role peer, size_t out_max)
{
	int flags = fcntl(take_fd, F_GETFL);

	memset(l, 0, sizeof *l);
	l->fd = take_fd;
	l->self = self;
	l->peer = peer;
	l->out_max = out_max;
	l->out_last = &l->out_first;
	(void)fcntl(take_fd, F_SETFL, flags | O_NONBLOCK);
	(void)fcntl(take_fd, F_SETFD, FD_CLOEXEC);
}

/*
 * What a stranger sent and nobody read: its descriptors are discarded like any other,
 * since the last close() of one can wait on whatever it is.
 */
static void
drain(struct link *l)
{
	union {
		char buf[CMSG_SPACE(FDS_READ * sizeof(int))];
		struct cmsghdr align;
	} control;
	int i, fd;

	(void)shutdown(l->fd, SHUT_RD);
	for (i = 0; i < DRAIN_MAX; i++) {
		char byte;
		struct iovec iov = {&byte, 1};
		struct msghdr mh = {.msg_iov = &iov,
				    .msg_iovlen = 1,
				    .msg_control = control.buf,
				    .msg_controllen = sizeof control.buf};
		ssize_t n = recvmsg(l->fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

		if (n < 0)
			return;
		(void)take_fds(&mh, &fd);
		if (fd >= 0)
			link_fd_discard(fd);
		else if (n == 0)
			return;
	}
}

void
link_fini(struct link *l)
{
	struct link_out *o;

	while ((o = l->out_first) != NULL) {
		l->out_first = o->next;
		if (o->fd >= 0)
			close(o->fd);
		free(o);
	}
	l->out_last = &l->out_first;
	l->out_bytes = 0;
	if (l->fd >= 0 && l->peer == ROLE_WRAPPER)
		drain(l);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

static int
send_one(int sock, const struct msg_head *head, const void *body, int fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov[2];
	struct msghdr mh;
	struct cmsghdr *c;
	ssize_t n;

	memset(&mh, 0, sizeof mh);
	memset(&control, 0, sizeof control);
	iov[0].iov_base = (void *)(uintptr_t)head;
	iov[0].iov_len = sizeof *head;
	iov[1].iov_base = (void *)(uintptr_t)body;
	iov[1].iov_len = head->len;
	mh.msg_iov = iov;
	mh.msg_iovlen = 2;
	if (fd >= 0) {
		mh.msg_control = control.buf;
		mh.msg_controllen = sizeof control.buf;
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof fd);
	}
	do
		n = sendmsg(sock, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

static int
queue(struct link *l, const struct msg_head *head, const struct msg *m, struct err *e)
{
	struct link_out *o;

	if (l->out_bytes + head->len > l->out_max)
		return err_set(e, ERR_AGAIN, "peer reads too slowly: %zu bytes wait",
			       l->out_bytes);
	o = malloc(sizeof *o + head->len);
	if (o == NULL)
		return err_set(e, ERR_AGAIN, "out of memory");
	o->next = NULL;
	o->fd = -1;
	if (m->fd >= 0 && (o->fd = fcntl(m->fd, F_DUPFD_CLOEXEC, 0)) < 0) {
		free(o);
		return err_sys(e, "dup");
	}
	o->head = *head;
	memcpy(o->body, m->body, head->len);
	*l->out_last = o;
	l->out_last = &o->next;
	l->out_bytes += head->len;
	return 0;
}

int
link_send(struct link *l, const struct msg *m, struct err *e)
{
	struct msg_head head = {MSG_VERSION, (uint16_t)m->type, (uint32_t)m->len};

	if (!msg_allowed(m->type, l->self, l->peer, m->len, m->fd >= 0))
		return err_set(e, ERR_INPUT, "message %s may not go there",
			       msg_name(m->type));
	if (l->fd < 0)
		return err_set(e, ERR_SYS, "link is closed");
	if (l->out_first != NULL)
		return queue(l, &head, m, e);
	if (send_one(l->fd, &head, m->body, m->fd) == 0)
		return 0;
	if (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS)
		return queue(l, &head, m, e);
	return err_sys(e, "send %s", msg_name(m->type));
}

bool
link_waiting(const struct link *l)
{
	return l->out_first != NULL;
}

int
link_flush(struct link *l, struct err *e)
{
	struct link_out *o;

	while ((o = l->out_first) != NULL) {
		if (send_one(l->fd, &o->head, o->body, o->fd) != 0) {
			if (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS)
				return 0;
			return err_sys(e, "send %s", msg_name(o->head.type));
		}
		l->out_bytes -= o->head.len;
		l->out_first = o->next;
		if (l->out_first == NULL)
			l->out_last = &l->out_first;
		if (o->fd >= 0)
			close(o->fd);
		free(o);
	}
	return 0;
}

int
link_recv(struct link *l, struct msg *m, struct err *e)
{
	union {
		char buf[CMSG_SPACE(FDS_READ * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msg_head head = {0, 0, 0};
	struct iovec iov[2] = {{&head, sizeof head}, {m->body, sizeof m->body}};
	struct msghdr mh;
	ssize_t n;
	bool good;

	memset(&mh, 0, sizeof mh);
	mh.msg_iov = iov;
	mh.msg_iovlen = 2;
	mh.msg_control = control.buf;
	mh.msg_controllen = sizeof control.buf;
	do
		n = recvmsg(l->fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0)
		return err_sys(e, "receive");
	good = take_fds(&mh, &m->fd);
	if (n == 0) {
		/* an empty datagram can bring a descriptor all the same */
		if (m->fd >= 0)
			link_fd_discard(m->fd);
		m->fd = -1;
		return err_set(e, ERR_SYS, "peer closed the connection");
	}
	m->bad = false;
	m->pos = 0;
	m->len = (size_t)n >= sizeof head ? (size_t)n - sizeof head : 0;
	m->type = (enum msg_type)(head.type < MSG_TYPES ? head.type : MSG_NONE);
	if (!good || (size_t)n < sizeof head || (mh.msg_flags & MSG_TRUNC) != 0 ||
	    head.len != m->len || head.version != MSG_VERSION ||
	    !msg_allowed(head.type, l->peer, l->self, m->len, m->fd >= 0)) {
		if (m->fd >= 0)
			link_fd_discard(m->fd);
		m->fd = -1;
		return err_set(e, ERR_INPUT,
			       "unfit message: type %u version %u (ours %u) length %zd",
			       head.type, head.version, MSG_VERSION, n);
	}
	return 1;
}

/* A largest message must fit, whatever the system's default is (unix(7): SO_SNDBUF). */
static void
make_room(int fd)
{
	int bytes = 4 * MSG_MAX;

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

int
link_pair(int fds_out[2], struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds_out) != 0)
		return err_sys(e, "socketpair");
	make_room(fds_out[0]);
	make_room(fds_out[1]);
	return 0;
}

static int
address(struct sockaddr_un *sa, const char *path, struct err *e)
{
	memset(sa, 0, sizeof *sa);
	sa->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof sa->sun_path)
		return err_set(e, ERR_INPUT, "socket path %s is longer than %zu bytes",
			       path, sizeof sa->sun_path - 1);
	memcpy(sa->sun_path, path, strlen(path) + 1);
	return 0;
}

int
link_listen(const char *path, int type, unsigned mode, struct err *e)
{
	struct sockaddr_un sa;
	struct stat st;
	int fd;

	if (address(&sa, path, e) != 0)
		return -1;
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		(void)unlink(path);
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(e, "socket");
	if (bind(fd, (struct sockaddr *)&sa, sizeof sa) != 0 || chmod(path, mode) != 0 ||
	    listen(fd, 1024) != 0) {
		err_sys(e, "listen at %s", path);
		close(fd);
		return -1;
	}
	return fd;
}

int
link_connect(const char *path, int timeout_ms, struct err *e)
{
	struct sockaddr_un sa;
	struct timeval tv = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
	int fd;

	if (address(&sa, path, e) != 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, "socket");
	make_room(fd);
	/* a full backlog makes connect() wait for SO_SNDTIMEO (unix(7)) */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
	if (connect(fd, (struct sockaddr *)&sa, sizeof sa) != 0) {
		err_sys(e, "connect to %s", path);
		close(fd);
		return -1;
	}
	return fd;
}

int
link_peer(int fd, uid_t *uid_out, gid_t *gid_out, pid_t *pid_out, struct err *e)
{
	struct ucred cred;
	socklen_t len = sizeof cred;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0 ||
	    len != sizeof cred)
		return err_sys(e, "SO_PEERCRED");
	*uid_out = cred.uid;
	*gid_out = cred.gid;
	*pid_out = cred.pid;
	return 0;
}
