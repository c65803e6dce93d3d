/*
 * wire - a link in the loop
 *
 * Job:     receive every message of a link as it comes, send what had to
 *          wait when there is room, and tell when the peer is gone.
 * Touches: its link, the loop.
 */
#ifndef MAILBRAKE_WIRE_H
#define MAILBRAKE_WIRE_H

#include "link.h"

struct wire;
/* m is borrowed; m->fd is the handler's: take it (and set it to -1), or it is closed
 * after. */
typedef void (*wire_fn)(struct wire *w, struct msg *m);
/* The peer is gone or sent what it may not (e->code ERR_INPUT); the wire is closed
 * already. */
typedef void (*wire_gone_fn)(struct wire *w, const struct err *e);

struct wire {
	struct link link;
	wire_fn on_msg;
	wire_gone_fn on_gone;
	void *arg;
	bool flushing; /* the loop waits for room */
	bool paused;   /* nothing is read: see wire_pause */
	bool *alive;   /* while its handler runs: told false when the wire is closed */
};

/* Take fd. false: the loop is full; fd is closed. on_gone is not called for wire_close.
 */
bool wire_open(struct wire *w, int take_fd, enum role self, enum role peer,
	       size_t out_max, wire_fn on_msg, wire_gone_fn on_gone, void *arg);

/* Safe on a closed wire and inside its own handlers. */
void wire_close(struct wire *w);

bool wire_up(const struct wire *w);

/* As link_send; a closed wire is ERR_SYS. */
int wire_send(struct wire *w, const struct msg *m, struct err *e);

/* Stop and go: while held back, nothing is received and the peer meets its own bound. */
void wire_pause(struct wire *w, bool pause);

/* One buffer for messages on their way out; good until the next use. */
struct msg *wire_out(void);

#endif
