/*
 * place - the directories, sockets and the lock of a daemon that starts
 *
 * Job:     see place.h.
 * Privilege: the parent's, before it trims them.
 * Never:   follows a link at the place itself.
 */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "link.h"
#include "priv.h"
#include "text.h"

/* user NULL: our own. */
static int
own_dir(const char *path, mode_t mode, const char *user, struct err *e)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	struct stat st;
	char part[300];
	size_t i;
	int fd;

	if (priv_root() && user != NULL && priv_lookup(user, &uid, &gid, e) != 0)
		return -1;
	for (i = 1; path[i] != '\0' && i < sizeof part; i++) {
		if (path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		(void)mkdir(part, 0755);
	}
	if (mkdir(path, mode) != 0 && errno != EEXIST)
		return err_sys(e, "%s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "%s", path);
	if (fstat(fd, &st) != 0 || ((st.st_uid != uid) && fchown(fd, uid, gid) != 0) ||
	    fchmod(fd, mode) != 0) {
		err_sys(e, "%s", path);
		close(fd);
		return -1;
	}
	close(fd);
	return 0;
}

static int
open_sockets(const struct conf *c, struct sockets *s, struct err *e)
{
	char path[300];
	gid_t gid = getegid();

	(void)snprintf(path, sizeof path, "%s/submit.sock", c->run_dir);
	if ((s->submit = link_listen(path, SOCK_SEQPACKET, 0666, e)) < 0)
		return -1;
	(void)snprintf(path, sizeof path, "%s/ctl.sock", c->run_dir);
	if ((s->ctl = link_listen(path, SOCK_SEQPACKET, 0660, e)) < 0)
		return -1;
	if (priv_root() &&
	    (priv_group(c->admin_group, &gid, e) != 0 || lchown(path, 0, gid) != 0))
		return err_sys(e, "%s", path);
	/* the MTA's hooks speak a line protocol over a stream (Exim's readsocket) */
	(void)snprintf(path, sizeof path, "%s/mta.sock", c->run_dir);
	return (s->mta = link_listen(path, SOCK_STREAM, 0666, e)) < 0 ? -1 : 0;
}

/* Only one daemon a run_dir: the lock lives as long as this process. */
static int
take_pidfile(const struct conf *c, struct err *e)
{
	char path[300], text[24];
	int fd, n;

	(void)snprintf(path, sizeof path, "%s/mailbraked.pid", c->run_dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return err_sys(e, "%s", path);
	if (lockf(fd, F_TLOCK, 0) != 0)
		return err_set(e, ERR_AGAIN, "%s: another mailbraked runs here", path);
	n = snprintf(text, sizeof text, "%d\n", (int)getpid());
	if (ftruncate(fd, 0) != 0 || write(fd, text, (size_t)n) != n)
		return err_sys(e, "%s", path);
	return 0;
}

int
place_take(const struct conf *c, struct sockets *s, struct err *e)
{
	char held[300];

	(void)snprintf(held, sizeof held, "%s/held", c->state_dir);
	if (own_dir(c->run_dir, 0755, NULL, e) != 0 ||
	    own_dir(c->state_dir, 0750, c->user_judge, e) != 0 ||
	    own_dir(held, 0700, c->user_judge, e) != 0)
		return -1;
	if (take_pidfile(c, e) != 0)
		return -1;
	return open_sockets(c, s, e);
}

void
place_notify_ready(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	size_t n;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    !text_copy(sa.sun_path, sizeof sa.sun_path, path))
		return;
	n = offsetof(struct sockaddr_un, sun_path) + strlen(path);
	if (path[0] == '@')
		sa.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (struct sockaddr *)&sa,
		     (socklen_t)n);
	close(fd);
}
