/*
 * wire - a link in the loop
 *
 * Job:     see wire.h.
 * Touches: its link, the loop.
 */
#include "wire.h"

#include <poll.h>
#include <unistd.h>

#include "loop.h"

#define BURST \
	64 /* messages of one peer in one round, so that none starves the others \
	    */

static struct msg in, outgoing;

struct msg *
wire_out(void)
{
	return &outgoing;
}

bool
wire_up(const struct wire *w)
{
	return w->on_msg != NULL && w->link.fd >= 0;
}

static void
gone(struct wire *w, const struct err *e)
{
	wire_close(w);
	if (w->on_gone != NULL)
		w->on_gone(w, e);
}

static void
set_events(struct wire *w)
{
	loop_events(w->link.fd,
		    (short)((w->paused ? 0 : POLLIN) | (w->flushing ? POLLOUT : 0)));
}

static void
on_ready(void *arg, int fd, short revents)
{
	struct wire *w = arg;
	bool alive = true;
	struct err e;
	int i, r = 0;

	(void)fd;
	if ((revents & POLLOUT) != 0) {
		if (link_flush(&w->link, &e) != 0) {
			gone(w, &e);
			return;
		}
		if (!link_waiting(&w->link)) {
			w->flushing = false;
			set_events(w);
		}
	}
	if ((revents & (POLLIN | POLLHUP | POLLERR)) == 0)
		return;
	/* a pause ends with the peer: what is left of it is read, and then the end */
	for (i = 0; i < BURST && (!w->paused || (revents & POLLHUP) != 0); i++) {
		r = link_recv(&w->link, &in, &e);
		if (r <= 0)
			break;
		w->alive = &alive;
		w->on_msg(w, &in);
		if (in.fd >= 0)
			link_fd_discard(in.fd);
		in.fd = -1;
		/* the handler closed the wire, and may have freed what it is part of */
		if (!alive)
			return;
		w->alive = NULL;
	}
	if (r < 0)
		gone(w, &e);
}

bool
wire_open(struct wire *w, int take_fd, enum role self, enum role peer, size_t out_max,
	  wire_fn on_msg, wire_gone_fn on_gone, void *arg)
{
	link_init(&w->link, take_fd, self, peer, out_max);
	w->on_msg = on_msg;
	w->on_gone = on_gone;
	w->arg = arg;
	w->flushing = w->paused = false;
	w->alive = NULL;
	if (loop_add(take_fd, POLLIN, on_ready, w))
		return true;
	link_fini(&w->link);
	return false;
}

void
wire_close(struct wire *w)
{
	if (!wire_up(w))
		return;
	if (w->alive != NULL)
		*w->alive = false;
	w->alive = NULL;
	loop_del(w->link.fd);
	link_fini(&w->link);
}

int
wire_send(struct wire *w, const struct msg *m, struct err *e)
{
	if (!wire_up(w))
		return err_set(e, ERR_SYS, "peer is not there");
	if (link_send(&w->link, m, e) != 0)
		return -1;
	if (link_waiting(&w->link) && !w->flushing) {
		w->flushing = true;
		set_events(w);
	}
	return 0;
}

void
wire_pause(struct wire *w, bool pause)
{
	w->paused = pause;
	if (wire_up(w))
		set_events(w);
}
