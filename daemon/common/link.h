/*
 * link - one end of a SEQPACKET connection to a known kind of peer
 *
 * Job:     send and receive messages with descriptors; refuse what msg.def
 *          does not allow between these two roles; queue what does not fit
 *          into the socket yet, up to a bound.
 * Touches: its descriptor.
 */
#ifndef MAILBRAKE_LINK_H
#define MAILBRAKE_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "msg.h"

/*
 * How descriptors that a peer should not have sent are closed; NULL: close(). A process
 * that a stranger may not hold up sets it, since the last close() of a strange descriptor
 * can wait (a TCP socket with SO_LINGER, a file system of the stranger's own).
 */
extern void (*link_discard)(int take_fd);
void link_fd_discard(int take_fd);

struct link_out; /* a message that waits for room */

struct link {
	int fd; /* -1: closed */
	enum role self, peer;
	struct link_out *out_first, **out_last;
	size_t out_bytes, out_max;
};

/* Take fd (made non-blocking and close-on-exec). out_max: bytes that may wait for room.
 */
void link_init(struct link *l, int take_fd, enum role self, enum role peer,
	       size_t out_max);

/* Close the descriptor and forget what waits. Safe on a closed link. */
void link_fini(struct link *l);

/*
 * Send *m; m->fd (or -1) is borrowed: it is duplicated when the message has to wait.
 * 0 sent or waiting; ERR_AGAIN when more than out_max waits already (nothing was sent);
 * ERR_SYS when the peer is gone; ERR_INPUT when msg.def forbids it (ours to mend).
 */
int link_send(struct link *l, const struct msg *m, struct err *e);

/* Something waits for room: poll for POLLOUT, then call link_flush. */
bool link_waiting(const struct link *l);

/* Send what waits. 0; ERR_SYS when the peer is gone. */
int link_flush(struct link *l, struct err *e);

/*
 * Receive one message into *m. 1: there is one (m->fd is the caller's to close, or -1);
 * 0: none now; -1: the peer is gone (ERR_SYS) or sent what it may not (ERR_INPUT): close
 * it.
 */
int link_recv(struct link *l, struct msg *m, struct err *e);

/* A connected pair, both ends close-on-exec, with room for at least one largest message.
 */
int link_pair(int fds_out[2], struct err *e);

/* Listen at path (replacing a dead socket there), mode bits as given; type: SOCK_SEQPACKET
 * for links, SOCK_STREAM for the MTA. Returns the fd or -1. */
int link_listen(const char *path, int type, unsigned mode, struct err *e);

/* Connect to the socket at path, waiting at most timeout_ms. Returns the fd or -1. */
int link_connect(const char *path, int timeout_ms, struct err *e);

/* Who is at the other end, by the kernel's word (SO_PEERCRED), from when it connected. */
int link_peer(int fd, uid_t *uid_out, gid_t *gid_out, pid_t *pid_out, struct err *e);

#endif
