/*
 * opener - opens the log for a process that may not
 *
 * Job:     see opener.h.
 * Privilege: root, CAP_DAC_READ_SEARCH.
 */
#include "opener.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "postfix_file.h"
#include "priv.h"
#include "text.h"

/* What the peer asks. */
struct ask {
	uint64_t dev, ino; /* of an older file of path i; 0: not asked for */
	uint32_t i;
	char id[24]; /* of a message below path i; "": not asked for */
};

#define OLDER_MAX 4096 /* names of a folder that are looked at */

static char paths[OPENER_PATHS][512];
static int path_count;
static int peer = -1; /* -1: not root, open here */
static int news = -1; /* inotify; shared with the one who opens */
static bool news_of_log;

#define TOLD \
	1 /* in the place of an error, beside a descriptor: opener_news tells of it */

static int
open_path(const char *path)
{
	struct stat st;
	int fd;

	/* a log may be reached by a link in its folder's path, but is no link itself */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	return fd;
}

/* The one whose inode is asked for, among the names that begin like path. */
static int
open_older(const char *path, uint64_t dev, uint64_t ino)
{
	char dir[512], full[1024];
	const char *base = strrchr(path, '/');
	const struct dirent *d;
	struct stat st;
	int fd = -1, n;
	DIR *list;

	if (base == NULL)
		return -1;
	(void)snprintf(dir, sizeof dir, "%.*s/", (int)(base - path), path);
	base++;
	if ((list = opendir(dir)) == NULL)
		return -1;
	for (n = 0; fd < 0 && n < OLDER_MAX && (d = readdir(list)) != NULL; n++) {
		if (strncmp(d->d_name, base, strlen(base)) != 0 || d->d_ino != ino)
			continue;
		(void)snprintf(full, sizeof full, "%s%s", dir, d->d_name);
		if ((fd = open_path(full)) >= 0 &&
		    (fstat(fd, &st) != 0 || st.st_dev != dev || st.st_ino != ino)) {
			close(fd);
			fd = -1;
		}
	}
	closedir(list);
	if (fd < 0)
		errno = ENOENT;
	return fd;
}

static int
open_asked(const struct ask *a)
{
	char path[1024];

	if (a->i >= (uint32_t)path_count || paths[a->i][0] == '\0' ||
	    memchr(a->id, '\0', sizeof a->id) == NULL) {
		errno = ENOENT;
		return -1;
	}
	if (a->ino != 0)
		return open_older(paths[a->i], a->dev, a->ino);
	if (a->id[0] == '\0')
		return open_path(paths[a->i]);
	if (!postfix_file(path, sizeof path, paths[a->i], "incoming", a->id)) {
		errno = ENOENT;
		return -1;
	}
	return open_path(path);
}

/* Whoever writes here is on this machine, and writes this very inode. */
static bool
is_local(int fd)
{
	static const unsigned long not [] = {
	    NFS_SUPER_MAGIC, SMB_SUPER_MAGIC,      0xff534d42, /* cifs */
	    0xfe534d42,                                        /* smb2 */
	    V9FS_MAGIC,      FUSE_SUPER_MAGIC,     CEPH_SUPER_MAGIC,
	    AFS_SUPER_MAGIC, OVERLAYFS_SUPER_MAGIC};
	struct statfs sf;
	size_t i;

	if (fstatfs(fd, &sf) != 0)
		return false;
	for (i = 0; i < sizeof not / sizeof not [0]; i++)
		if ((unsigned long)sf.f_type == not [i])
			return false;
	return true;
}

/* Have opener_news tell of the file open at fd. The right to read it is asked for here.
 */
static bool
tell_of(const struct ask *a, int fd)
{
	char self[40];

	if (fd < 0 || news < 0 || a->i != 0 || a->ino != 0 || a->id[0] != '\0' ||
	    !is_local(fd))
		return false;
	(void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	return inotify_add_watch(news, self,
				 IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF) >=
	       0;
}

int
opener_news_fd(void)
{
	return news;
}

bool
opener_news(void)
{
	return news_of_log;
}

bool
opener_news_take(void)
{
	char buf[4096] __attribute__((aligned(8)));
	struct inotify_event ev;
	bool moved = false;
	ssize_t n, at;

	while ((n = read(news, buf, sizeof buf)) > 0)
		for (at = 0; at + (ssize_t)sizeof ev <= n;
		     at += (ssize_t)(sizeof ev + ev.len)) {
			memcpy(&ev, buf + at, sizeof ev);
			moved |= (ev.mask & ~(uint32_t)IN_MODIFY) != 0;
		}
	return moved;
}

static int
send_fd(int sock, int fd, bool told)
{
	int error = fd < 0 ? errno : told ? TOLD : 0;
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
	struct ask a;
	int fd, rc;

	for (;;) {
		ssize_t n = recv(sock, &a, sizeof a, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)sizeof a)
			_exit(0);
		fd = open_asked(&a);
		rc = send_fd(sock, fd, tell_of(&a, fd));
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
	news = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
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
		int sock = fcntl(pair[1], F_DUPFD_CLOEXEC, 5);
		int told = fcntl(news, F_DUPFD_CLOEXEC, 5);

		if (sock < 0 || dup2(sock, 3) < 0 || (told >= 0 && dup2(told, 4) < 0) ||
		    close_range(5, ~0U, 0) != 0)
			_exit(71);
		news = told < 0 ? -1 : 4;
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

static int
get(const struct ask *a)
{
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

	if (peer < 0) {
		fd = open_asked(a);
		if (a->i == 0 && a->ino == 0 && a->id[0] == '\0')
			news_of_log = tell_of(a, fd);
		return fd;
	}
	if (send(peer, a, sizeof *a, MSG_NOSIGNAL) != (ssize_t)sizeof *a ||
	    recvmsg(peer, &m, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(error))
		return -1;
	h = CMSG_FIRSTHDR(&m);
	if (h != NULL && h->cmsg_type == SCM_RIGHTS &&
	    h->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(h), sizeof(fd));
	if (a->i == 0 && a->ino == 0 && a->id[0] == '\0')
		news_of_log = fd >= 0 && error == TOLD;
	if (fd < 0)
		errno = error != 0 ? error : EPROTO;
	return fd;
}

enum opener_look
opener_look(int i, const struct stat *was)
{
	struct stat st;

	if (i < 0 || i >= path_count || lstat(paths[i], &st) != 0)
		return i >= 0 && i < path_count && errno == ENOENT ? OPENER_GONE
								   : OPENER_ASK;
	/* ctime: its rights may be others now */
	return st.st_ino == was->st_ino && st.st_dev == was->st_dev &&
		       st.st_size == was->st_size &&
		       st.st_mtim.tv_sec == was->st_mtim.tv_sec &&
		       st.st_mtim.tv_nsec == was->st_mtim.tv_nsec &&
		       st.st_ctim.tv_sec == was->st_ctim.tv_sec &&
		       st.st_ctim.tv_nsec == was->st_ctim.tv_nsec
		   ? OPENER_SAME
		   : OPENER_ASK;
}

bool
opener_is(uint64_t dev, uint64_t ino)
{
	struct stat st;

	return news_of_log && lstat(paths[0], &st) == 0 && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_dev == dev && (uint64_t)st.st_ino == ino;
}

int
opener_get(int i)
{
	struct ask a = {.i = (uint32_t)i};

	return get(&a);
}

int
opener_inode(int i, uint64_t dev, uint64_t ino)
{
	struct ask a = {.i = (uint32_t)i, .dev = dev, .ino = ino};

	return get(&a);
}

int
opener_message(int i, const char *id)
{
	struct ask a = {.i = (uint32_t)i};

	if (id[0] == '\0' || !text_copy(a.id, sizeof a.id, id)) {
		errno = ENOENT;
		return -1;
	}
	return get(&a);
}
