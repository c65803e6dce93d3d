/*
 * conf_fd - the settings on their way from the parent to its children
 *
 * Job:     see conf_fd.h.
 * Touches: the descriptors it is given.
 */
#include "conf_fd.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "link.h"
#include "msg.h"

int
conf_fd_make(const struct conf *c, struct err *e)
{
	FILE *f;
	int fd, copy;

	fd = memfd_create("mailbrake.conf", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return err_sys(e, "memfd");
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	f = copy < 0 ? NULL : fdopen(copy, "w");
	if (f == NULL) {
		err_sys(e, "memfd");
		close(fd);
		return -1;
	}
	conf_print(c, false, f);
	if (fclose(f) != 0 ||
	    fcntl(fd, F_ADD_SEALS,
		  F_SEAL_SEAL | F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) != 0) {
		err_sys(e, "memfd");
		close(fd);
		return -1;
	}
	return fd;
}

int
conf_fd_take(int take_fd, struct conf *c, struct err *e)
{
	static char text[262144];
	ssize_t n = pread(take_fd, text, sizeof text, 0);

	close(take_fd);
	if (n < 0)
		return err_sys(e, "settings of the parent");
	if ((size_t)n == sizeof text)
		return err_set(e, ERR_INPUT, "settings of the parent are over %zu bytes",
			       sizeof text - 1);
	conf_defaults(c);
	return conf_parse(c, text, (size_t)n, "settings of the parent", e);
}

int
conf_fd_wait(int link_fd, struct conf *c, struct err *e)
{
	static struct msg first;
	struct pollfd p = {link_fd, POLLIN, 0};
	struct m_conf m;
	struct link l;
	int fd;

	link_init(&l, link_fd, ROLE_ANY, ROLE_PARENT, 0);
	if (poll(&p, 1, 10000) != 1 || link_recv(&l, &first, e) != 1)
		return err_set(e, ERR_SYS, "no settings came from the parent");
	fd = first.fd;
	if (first.type != MSG_CONF || m_conf_get(&first, &m, e) != 0 || fd < 0) {
		if (fd >= 0)
			close(fd);
		return err_set(e, ERR_INPUT, "the parent's first message is not CONF");
	}
	return conf_fd_take(fd, c, e);
}
