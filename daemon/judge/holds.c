/*
 * holds - the MTA's own list of the accounts that are held
 *
 * Job:     see holds.h.
 * Touches: the link to hands.
 */
#include "holds.h"

#include <stdio.h>

#include "alert.h"
#include "hub.h"
#include "log.h"
#include "loop.h"

#define SOON_MS 1
#define LIST_BYTES 120000 /* of ten thousand accounts and more */

static bool soon, freed_any, failed;

struct list {
	char *buf;
	size_t len;
	bool fits;
};

static void
add(void *ctx, uint32_t uid, enum acct_state state, const uint32_t rcpts[VOL_WINDOWS])
{
	struct list *l = ctx;
	char number[16];

	(void)rcpts;
	if (state != ACCT_HELD || uid == 0 || hub_is_ours(uid))
		return;
	snprintf(number, sizeof number, "%u", (unsigned)uid);
	l->fits &= strings_add(l->buf, LIST_BYTES, &l->len, number);
}

static void
tell(void *arg)
{
	static char buf[LIST_BYTES];
	struct list l = {.buf = buf, .fits = true};
	struct m_holds m = {
	    .asked = hub_asked(ASKED_HOLDS), .freed = freed_any, .uids = buf};
	struct err e;

	(void)arg;
	soon = false;
	engine_volumes(hub.engine, add, &l);
	if (!l.fits)
		alert_degraded("holds", "So many accounts are held that not all of them "
					"stand in the mail system's list: what they have "
					"queued is frozen message by message.");
	m.uids_len = l.len;
	if (m_holds_put(wire_out(), &m, &e) != 0 ||
	    wire_send(&hub.hands, wire_out(), &e) != 0) {
		log_warn_rate("holds", 60, "holds_not_told error=\"%s\"", e.text);
		failed = true;
		return;
	}
	freed_any = false;
}

void
holds_changed(bool freed)
{
	freed_any |= freed;
	if (soon)
		return;
	soon = true;
	(void)loop_once(SOON_MS, tell, NULL);
}

void
holds_minute(void)
{
	if (failed)
		holds_changed(false);
	failed = false;
}

void
holds_done(bool ok, const char *text)
{
	if (ok)
		return;
	failed = true;
	log_warn("holds_failed text=\"%s\"", text);
	alert_degraded("holds",
		       "The mail system's list of held accounts could not be written, so "
		       "what they have queued is frozen message by message: %s",
		       text);
}
