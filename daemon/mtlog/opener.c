/*
 * opener - opens the log for a process that may not
 *
 * Job:     see opener.h.
 * Privilege: root, CAP_DAC_READ_SEARCH.
 */
#include "opener.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "priv.h"
#include "text.h"

static char paths[OPENER_PATHS][512];
static int path_count;
static int peer = -1; /* -1: not root, open here */

static int
open_log(int i)
{
	struct stat st;
	int fd;

	if (i < 0 || i >= path_count || paths[i][0] == '\0') {
		errno = ENOENT;
		return -1;
	}
	/* a log may be reached by a link in its folder's path, but is no link itself */
	fd = open(paths[i], O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	return fd;
}

static int
send_fd(int sock, int fd)
{
	int error = fd < 0 ? errno : 0;
	struct iovec iov = {&error, sizeof(error)};
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
		control.h.cmsg_level = SOL_SOCKET;
		control.h.cmsg_type = SCM_RIGHTS;
		control.h.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.h), &fd, sizeof(fd));
	}
	return sendmsg(sock, &m, MSG_NOSIGNAL) == (ssize_t)sizeof(error) ? 0 : -1;
}

static void
serve(int sock)
{
	unsigned char which;
	int fd, rc;

	for (;;) {
		ssize_t n = recv(sock, &which, 1, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n != 1)
			_exit(0);
		fd = open_log(which);
		rc = send_fd(sock, fd);
		if (fd >= 0)
			close(fd);
		if (rc != 0)
			_exit(0);
	}
}

int
opener_start(const char *const *path, int n, struct err *e)
{
	int pair[2];
	pid_t pid;
	struct timeval two = {2, 0};

	path_count = n > OPENER_PATHS ? OPENER_PATHS : n;
	for (int i = 0; i < path_count; i++)
		if (!text_copy(paths[i], sizeof(paths[i]), path[i]))
			return err_set(e, ERR_INPUT, "a log's path has over 511 bytes");
	if (!priv_root())
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return err_sys(e, "socketpair");
	if ((pid = fork()) < 0) {
		close(pair[0]);
		close(pair[1]);
		return err_sys(e, "fork");
	}
	if (pid == 0) {
		int sock = fcntl(pair[1], F_DUPFD_CLOEXEC, 3);

		if (sock < 0 || dup2(sock, 3) < 0 || close_range(4, ~0U, 0) != 0)
			_exit(71);
		signal(SIGTERM, SIG_DFL);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (priv_trim(UINT64_C(1) << CAP_DAC_READ_SEARCH, e) != 0)
			_exit(71);
		serve(3);
	}
	close(pair[1]);
	peer = pair[0];
	if (setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &two, sizeof(two)) != 0)
		return err_sys(e, "SO_RCVTIMEO");
	return 0;
}

int
opener_get(int i)
{
	unsigned char which = (unsigned char)i;
	int error = 0, fd = -1;
	struct iovec iov = {&error, sizeof(error)};
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	struct cmsghdr *h;

	if (peer < 0)
		return open_log(i);
	if (send(peer, &which, 1, MSG_NOSIGNAL) != 1 ||
	    recvmsg(peer, &m, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(error))
		return -1;
	h = CMSG_FIRSTHDR(&m);
	if (h != NULL && h->cmsg_type == SCM_RIGHTS &&
	    h->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(h), sizeof(fd));
	if (fd < 0)
		errno = error != 0 ? error : EPROTO;
	return fd;
}
