/*
 * mailq_rows - the rows of frozen mail
 *
 * Job:     see mailq_int.h.
 * Touches: the store.
 */
#include "mailq_int.h"

#include <string.h>

#include "hub.h"
#include "text.h"

const char *
mailq_row_state(const struct mailq_node *n)
{
	if (n->want == MAILQ_DROP)
		return "discarding";
	if (n->want == MAILQ_MOVE)
		return "thawing";
	return n->is == MAILQ_FROZEN ? "frozen" : "freezing";
}

void
mailq_put_row_as(const struct mailq_node *n, const char *state, const char *result)
{
	struct store_held row = {.id = n->id,
				 .login = hub_login(n->uid),
				 .from = "",
				 .subject = "",
				 .script = "",
				 .reason = "held",
				 .state = state,
				 .result = result,
				 .uid = n->uid,
				 .rcpts = n->rcpts,
				 .t = n->t,
				 .state_t = clock_wall()};
	struct err e;

	if (store_held_put(hub.store, &row, &e) != 0)
		hub_store_warn(&e);
}

static const char *
frozen_text(bool kept)
{
	return kept ? "in the MTA's own queue; the hold ended by its time, nobody "
		      "reviewed it: release the account, or discard it"
		    : "in the MTA's own queue; released with the account";
}

void
mailq_put_row(const struct mailq_node *n)
{
	mailq_put_row_as(n, mailq_row_state(n), frozen_text(n->kept));
}

void
mailq_row_frozen(const struct mailq_node *n)
{
	mailq_set_row(n->id, "frozen", frozen_text(n->kept));
}

void
mailq_set_row(const char *id, const char *state, const char *why)
{
	struct err e;

	if (store_held_set_state(hub.store, id, state, 0, why, clock_wall(), &e) != 0)
		hub_store_warn(&e);
}

/* --- rows without a node: after a restart, or when there was no place --- */

static bool
load_one(void *arg, const struct store_held *v)
{
	enum mailq_wish w = strcmp(v->state, "thawing") == 0      ? MAILQ_MOVE
			    : strcmp(v->state, "discarding") == 0 ? MAILQ_DROP
								  : MAILQ_FREEZE;
	struct mailq_node *n;

	(void)arg;
	if (mailq_find(v->id) != NULL)
		return true;
	mailq_add((uint32_t)v->uid, v->id, (uint32_t)v->rcpts, v->t);
	if ((n = mailq_find(v->id)) != NULL) {
		mailq_set(n,
			  strcmp(v->state, "freezing") == 0 ? MAILQ_MOVING : MAILQ_FROZEN,
			  w);
		mailq_set_ours(n, true);
		n->hooked = true;
		n->kept = strcmp(v->result, frozen_text(true)) == 0;
		n->due =
		    mono_after_ms(clock_mono(), MAILQ_RETRY_MS); /* hands starts too */
	}
	return true;
}

/* Where there is place without forgetting what is frozen. */
bool
mailq_load_if_place(void *arg, const struct store_held *v)
{
	if (mailq.ours_count >= MAILQ_MAX ||
	    mailq_ours_of((uint32_t)v->uid) >= MAILQ_UID_MAX)
		mailq.rows_only = true;
	else
		(void)load_one(arg, v);
	return true;
}

static bool
load_frozen(void *arg, const struct store_held *v)
{
	return strcmp(v->state, "frozen") != 0 || load_one(arg, v);
}

/* One row, at the cost of another of its owner. */
void
mailq_load_row(const char *id)
{
	struct err e;

	if (store_held_get(hub.store, id, load_frozen, NULL, &e) < 0)
		hub_store_warn(&e);
}

/*
 * A hold ended and its thaw was not asked for (a kill in between), or was given up, or
 * had no node: whatever is frozen for an account that is not held any more shall move. An
 * account that is not known keeps it frozen: only a hold of an account freezes.
 */
static void
thaw_left_over(void)
{
	static struct explanation x;
	uint32_t i, last = 0;
	bool have = false, ended = false;

	for (i = 0; mailq.nodes != NULL && mailq.ours_count > 0 && i < MAILQ_MAX; i++) {
		struct mailq_node *n = &mailq.nodes[i];

		if (!n->used || !n->ours || n->kept || n->want != MAILQ_FREEZE)
			continue;
		if (!have || n->uid != last)
			ended = engine_explain(hub.engine, n->uid, &x) &&
				x.state != ACCT_HELD;
		have = true;
		last = n->uid;
		if (!ended)
			continue;
		mailq_let_move(n);
	}
}

/* What has no node is kept as well. */
static bool
keep_row(void *arg, const struct store_held *v)
{
	uint64_t *n = arg;
	struct mailq_node row = {.kept = true};

	if (mailq_find(v->id) == NULL && text_copy(row.id, sizeof row.id, v->id)) {
		mailq_row_frozen(&row);
		(*n)++;
	}
	return true;
}

uint64_t
mailq_keep(uint32_t uid)
{
	uint64_t kept = 0;
	struct err e;
	uint32_t i;

	for (i = 0; mailq.nodes != NULL && i < MAILQ_MAX; i++) {
		struct mailq_node *n = &mailq.nodes[i];

		if (!n->used || n->uid != uid || n->want != MAILQ_FREEZE)
			continue;
		n->kept = true;
		mailq_put_row(n);
		kept++;
	}
	if (mailq.rows_only &&
	    store_held_each(hub.store, uid, "frozen", 0, keep_row, &kept, &e) != 0)
		hub_store_warn(&e);
	return kept;
}

void
mailq_load(void)
{
	static const char *const states[] = {"frozen", "freezing", "thawing",
					     "discarding"};
	struct err e;
	size_t i;

	mailq.rows_only = false;
	for (i = 0; i < sizeof states / sizeof *states; i++)
		if (store_held_each(hub.store, -1, states[i], 0, mailq_load_if_place,
				    NULL, &e) != 0) {
			hub_store_warn(&e);
			mailq.rows_only = true;
		}
	thaw_left_over();
	mailq_soon();
}

void
mailq_minute(void)
{
	if (mailq.rows_only)
		mailq_load();
	else
		thaw_left_over();
	mailq_soon();
}

struct mailq_counts
mailq_counts(void)
{
	return mailq.count;
}
