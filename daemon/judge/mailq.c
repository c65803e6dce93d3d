/*
 * mailq - whose messages are in the MTA's queue
 *
 * Job:     see mailq.h: the wishes. Each message has what it is (moving, frozen) and what
 *          it shall be; mailq_ask.c brings the two together.
 * Touches: the rows of held mail.
 */
#include "mailq_int.h"

#include <string.h>

#include "files.h"
#include "hub.h"
#include "release.h"
#include "text.h"

void
mailq_want(struct mailq_node *n, enum mailq_wish w)
{
	n->tries = 0;
	n->due = (mono_t){0};
	mailq_set(n, (enum mailq_is)n->is, w);
	mailq_set_ours(n, true);
}

void
mailq_held(uint32_t uid, const char *id, uint32_t rcpts, wall_t t)
{
	struct mailq_node *n;

	mailq_add(uid, id, rcpts, t);
	if ((n = mailq_find(id)) == NULL) { /* no place: its row is taken up later */
		struct mailq_node row = {.uid = uid,
					 .rcpts = rcpts,
					 .t = t,
					 .is = MAILQ_FROZEN,
					 .want = MAILQ_FREEZE};

		if (id[0] == '\0' || !text_copy(row.id, sizeof row.id, id))
			return;
		mailq_put_row(&row);
		mailq.rows_only = true;
		return;
	}
	mailq_set(n, MAILQ_FROZEN, MAILQ_FREEZE);
	mailq_set_ours(n, true);
	n->hooked = true;
	mailq_put_row(n);
}

static bool
is_one(void *arg, const struct store_held *v)
{
	(void)v;
	*(bool *)arg = true;
	return false;
}

bool
mailq_holds(uint32_t uid)
{
	static const char *const states[] = {"frozen", "freezing"};
	bool found = false;
	struct err e;
	uint32_t i, s;

	if (mailq_ours_of(uid) > 0)
		for (i = mailq.owners[1][uid % MAILQ_OWNERS].oldest; i != MAILQ_NONE;
		     i = mailq.nodes[i].newer)
			if (mailq.nodes[i].uid == uid &&
			    mailq.nodes[i].want != MAILQ_MOVE)
				return true;
	for (s = 0; mailq.rows_only && !found && s < sizeof states / sizeof *states; s++)
		if (store_held_each(hub.store, uid, states[s], 1, is_one, &found, &e) !=
		    0) {
			hub_store_warn(&e);
			return true;
		}
	return found;
}

void
mailq_ticket_set(const char *id, unsigned ticket, uint64_t own)
{
	struct mailq_node *n = mailq_find(id);

	if (n == NULL)
		return;
	n->ticket = (uint8_t)ticket;
	n->forwards = own < UINT8_MAX ? (uint8_t)own : UINT8_MAX;
}

bool
mailq_forward(const char *id)
{
	struct mailq_node *n = mailq_find(id);

	if (n == NULL || n->forwards == 0)
		return false;
	n->forwards--;
	return true;
}

void
mailq_sent_on_set(const char *id)
{
	struct mailq_node *n = mailq_find(id);

	if (n != NULL)
		n->sent_on = true;
}

bool
mailq_sent_on(const char *id)
{
	const struct mailq_node *n = mailq_find(id);

	return n != NULL && n->sent_on;
}

unsigned
mailq_ticket(uint32_t uid, const char *id)
{
	const struct mailq_node *n = mailq_find(id);

	return n != NULL && n->uid == uid ? n->ticket : 0;
}

bool
mailq_knows(uint32_t uid, const char *id)
{
	const struct mailq_node *n = mailq_find(id);

	return n != NULL && n->uid == uid && (n->ours || n->hooked);
}

void
mailq_gone(const char *id)
{
	struct mailq_node *n = mailq_find(id);
	bool was_held;
	uint32_t uid;

	if (n == NULL)
		return;
	if (n->ours)
		mailq_set_row(id, n->want == MAILQ_DROP ? "discarded" : "released",
			      n->is == MAILQ_FROZEN
				  ? "it left the MTA's queue"
				  : "it left the MTA's queue before it was frozen");
	uid = n->uid;
	was_held = n->ours || n->want == MAILQ_DROP;
	mailq_unlink(n);
	mailq_tell(id, "discarded", "");
	if (was_held)
		mailq_reviewed(uid);
}

void
mailq_reviewed(uint32_t uid)
{
	if (engine_held(hub.engine, uid) && release_reviewed(uid, "admin"))
		files_recheck(uid); /* what caused it may have been removed meanwhile */
}

void
mailq_freeze(uint32_t uid)
{
	uint32_t i;

	for (i = 0; mailq.nodes != NULL && i < MAILQ_MAX; i++)
		if (mailq.nodes[i].used && mailq.nodes[i].uid == uid &&
		    mailq.nodes[i].want == MAILQ_MOVE)
			mailq_want(&mailq.nodes[i], MAILQ_FREEZE);
	mailq_soon();
}

void
mailq_let_move(struct mailq_node *n)
{
	n->kept = false;
	mailq_want(n, MAILQ_MOVE);
	if (mailq_differs(n) || n->req != 0)
		return;
	/* it was not frozen yet, and nobody is at it */
	mailq_set_row(n->id, "released", "it was not frozen yet");
	mailq_set_ours(n, false);
}

void
mailq_thaw(uint32_t uid)
{
	struct err e;
	uint32_t i;

	if (mailq.rows_only && store_held_each(hub.store, uid, "frozen", 0,
					       mailq_load_if_place, NULL, &e) != 0)
		hub_store_warn(&e);
	for (i = 0; mailq.nodes != NULL && i < MAILQ_MAX; i++) {
		struct mailq_node *n = &mailq.nodes[i];

		if (!n->used || n->uid != uid || n->want != MAILQ_FREEZE)
			continue;
		mailq_let_move(n);
	}
	mailq_soon();
}

void
mailq_pass(const char *id)
{
	const struct mailq_node *n = mailq_find(id);

	if (n != NULL && !n->ours)
		mailq_put_row_as(n, "released", "sent while its account is held");
}

struct letting {
	int64_t uid;
	wall_t since;
	bool go;
};

static bool
let_go_row(void *arg, const struct store_held *v)
{
	struct letting *l = arg;

	l->go = v->uid == l->uid && strcmp(v->state, "released") == 0 &&
		wall_s(v->state_t) >= wall_s(l->since);
	return false;
}

bool
mailq_let_go(uint32_t uid, const char *id, wall_t t)
{
	struct letting l = {.uid = uid, .since = t};
	struct err e;

	if (store_held_get(hub.store, id, let_go_row, &l, &e) < 0)
		hub_store_warn(&e);
	return l.go;
}

void
mailq_freeze_one(const char *id)
{
	struct mailq_node *n = mailq_find(id);

	if (n == NULL || n->want != MAILQ_MOVE)
		return;
	mailq_want(n, MAILQ_FREEZE);
	mailq_soon();
}
