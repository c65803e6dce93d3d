/*
 * ctl_held - the commands about held mail
 *
 * Job:     held, show, release and discard.
 * Touches: held mail through release.h, the store by reading.
 * Source:  the fields of the rows: daemon/client/columns.def.
 */
#include <stdlib.h>
#include <string.h>

#include "ctl_choose.h"
#include "ctl_row.h"
#include "hub.h"
#include "loop.h"
#include "mailq.h"
#include "release.h"
#include "text.h"
#include "xmem.h"

#define DISCARD_STEP 32
#define HELD_STEP 64

static bool
held_row(void *arg, const struct store_held *v)
{
	struct ctl *c = arg;

	(void)text_copy(c->list_after, sizeof c->list_after, v->id);
	ctl_row(c,
		json_pack(
		    "{s:s, s:I, s:o, s:s, s:I, s:I, s:o, s:o, s:o, s:s, s:I, s:o, s:I}",
		    "id", v->id, "t", (json_int_t)wall_s(v->t), "login",
		    ctl_text(v->login), "state", v->state, "rcpts", (json_int_t)v->rcpts,
		    "size_bytes", (json_int_t)v->size, "claimed_from", ctl_text(v->from),
		    "claimed_subject", ctl_text(v->subject), "claimed_script",
		    ctl_text(v->script), "reason", v->reason, "uid", (json_int_t)v->uid,
		    "text", ctl_text(v->result), "attempt", (json_int_t)v->attempt));
	return true;
}

/* Some at a time, so that messages are judged in between, and no faster than the reader
 * takes them. */
static void
held_step(void *arg)
{
	struct ctl *c = arg;
	uint64_t before = c->rows;
	struct err e;

	c->step_timer = -1;
	if (!link_waiting(&c->wire.link) &&
	    store_held_open_after(hub.store, c->list_uid, c->list_after, HELD_STEP,
				  held_row, c, &e) != 0) {
		ctl_end(c, 71, "%s", e.text);
		return;
	}
	if (c->rows == before + HELD_STEP || link_waiting(&c->wire.link))
		c->step_timer = loop_once(1, held_step, c);
	else
		ctl_end_rows(c);
}

void
ctl_held(struct ctl *c, struct strings *args)
{
	const char *name = strings_next(args);

	c->list_uid = -1;
	if (name != NULL && (c->list_uid = ctl_account_arg(c, name)) < 0)
		return;
	held_step(c);
}

static bool
show_row(void *arg, const struct store_held *v)
{
	json_t **row = arg;

	*row =
	    json_pack("{s:s, s:o, s:I, s:s, s:I, s:s, s:I, s:I, s:I, s:o}", "id", v->id,
		      "login", ctl_text(v->login), "uid", (json_int_t)v->uid, "state",
		      v->state, "t", (json_int_t)wall_s(v->t), "reason", v->reason,
		      "rcpts", (json_int_t)v->rcpts, "size_bytes", (json_int_t)v->size,
		      "attempt", (json_int_t)v->attempt, "text", ctl_text(v->result));
	return false;
}

void
ctl_show(struct ctl *c, struct strings *args)
{
	const char *id = strings_next(args);
	const struct held_head *h;
	struct held *held = NULL;
	json_t *row = NULL;
	struct err e;
	int r;

	if (id != NULL && strcmp(id, "--raw") == 0)
		id = strings_next(args);
	if (id == NULL || !held_id_ok(id) ||
	    store_held_get(hub.store, id, show_row, &row, &e) != 1 || row == NULL) {
		ctl_end(c, 1, "there is no held message of that id");
		return;
	}
	r = held_open(hub.held, id, false, &held, &e);
	if (r == 1) {
		h = held_head(held);
		(void)json_object_set_new(row, "sha256", json_string(h->sha256));
		(void)json_object_set_new(row, "claimed_from", ctl_text(h->claimed_from));
		(void)json_object_set_new(row, "claimed_subject",
					  ctl_text(h->claimed_subject));
		(void)json_object_set_new(row, "claimed_script",
					  ctl_text(h->claimed_script));
		(void)json_object_set_new(row, "cwd", ctl_text(h->cwd));
		(void)json_object_set_new(row, "argv", ctl_list(h->argv, h->argv_len));
		(void)json_object_set_new(row, "domains",
					  ctl_list(h->domains, h->domains_len));
	}
	ctl_row_fd(c, row, r == 1 ? held_fd(held) : -1);
	held_close(&held);
	ctl_end_rows(c);
}

static void
left_row(void *arg, const char *id, const char *state, const char *why)
{
	struct ctl *c = arg;

	c->open_jobs--;
	c->failed += why[0] != '\0';
	ctl_row(c, json_pack("{s:s, s:s, s:o}", "id", id, "state", state, "text",
			     ctl_text(why)));
	if (c->open_jobs == 0 && c->all_asked)
		ctl_end(c, c->failed > 0 ? 1 : 0, "%s", "");
}

/* All that was chosen is asked for; the answers come one by one. */
static void
release_chosen(struct ctl *c)
{
	size_t i;

	c->open_jobs += c->id_count;
	for (i = 0; i < c->id_count; i++)
		release_one(c->ids[i], false, left_row, c);
	free(c->ids);
	c->ids = NULL;
	c->all_asked = true;
	if (c->open_jobs == 0 && !c->ended)
		ctl_end(c, c->rows == 0 || c->failed > 0 ? 1 : 0, "%s",
			c->rows == 0 ? "no held message fits" : "");
}

static void
release_account(struct ctl *c, int64_t uid)
{
	struct err e;

	/* also what stayed frozen of an account that is not held, or not known */
	mailq_thaw((uint32_t)uid);
	if (engine_word(hub.engine, clock_wall(), (uint32_t)uid, WORD_RELEASE,
			SCOPE_ACCOUNT, NULL, (wall_t){0}, c->who, &e) != 0)
		return;
	hub.changed = true;
	ctl_row(c, json_pack("{s:o, s:I, s:s, s:s}", "login",
			     ctl_text(hub_login((uint64_t)uid)), "uid", (json_int_t)uid,
			     "state", ctl_state_of(uid), "text",
			     "its mail is judged anew; held mail is being sent"));
}

/*
 * USER ends the hold and sends what is held; USER with a choice sends what is chosen and
 * the account stays held; IDs send those. One USER a command.
 */
void
ctl_release(struct ctl *c, struct strings *args)
{
	struct choice choice = {.any = false};
	const char *name;
	bool again = false;
	int64_t uid = -1;
	int option;

	while ((name = strings_next(args)) != NULL && !c->ended) {
		if (strcmp(name, "--again") == 0) {
			again = true;
		} else if ((option = choice_option(c, &choice, name, args)) != 0) {
			if (option < 0)
				return;
		} else if (uid < 0 && hub_uid(name) >= 0) {
			uid = hub_uid(name);
		} else if (held_id_ok(name)) {
			c->open_jobs++;
			release_one(name, again, left_row, c);
		} else {
			(void)ctl_account_arg(c, name);
			if (!c->ended)
				ctl_end(c, 64, "one account at a time");
			return;
		}
	}
	if (choice.any && uid < 0) {
		ctl_end(c, 64, "name an account before --script, --subject and the like");
		return;
	}
	if (uid >= 0) {
		if (!choice.any)
			release_account(c, uid);
		ctl_choose(c, uid, &choice, release_chosen);
		return;
	}
	c->all_asked = true;
	if (c->open_jobs == 0 && !c->ended)
		ctl_end(c, c->rows == 0 || c->failed > 0 ? 1 : 0, "%s", "");
}

/* Some at a time, so that messages are answered in between. */
static void
discard_step(void *arg)
{
	struct ctl *c = arg;
	size_t n = c->id_count - c->id_next;

	c->step_timer = -1;
	if (n > DISCARD_STEP)
		n = DISCARD_STEP;
	release_discard(c->ids + c->id_next, n, left_row, c);
	c->id_next += n;
	if (c->id_next < c->id_count) {
		c->step_timer = loop_once(1, discard_step, c);
		return;
	}
	c->all_asked = true; /* the MTA's queue may still have to answer */
	if (c->open_jobs == 0 && !c->ended)
		ctl_end(c, c->rows == 0 || c->failed > 0 ? 1 : 0, "%s", "");
}

static void
discard_chosen(struct ctl *c)
{
	c->open_jobs += c->id_count;
	if (c->id_count == 0)
		ctl_end(c, 1, "no held message fits");
	else
		discard_step(c);
}

/* USER and a choice among its held messages: never all of them by one short word. */
static void
discard_of(struct ctl *c, int64_t uid, struct strings *args)
{
	struct choice choice = {.any = false};
	const char *name;

	while ((name = strings_next(args)) != NULL) {
		int option = choice_option(c, &choice, name, args);

		if (option < 0)
			return;
		if (option == 0) {
			ctl_end(c, 64,
				"either discard USER with --script and the like, or "
				"discard ID...");
			return;
		}
	}
	if (choice.any)
		ctl_choose(c, uid, &choice, discard_chosen);
	else
		ctl_end(c, 64,
			"choose messages with --script, --subject, --domain, --before or "
			"--after");
}

void
ctl_discard(struct ctl *c, struct strings *args)
{
	struct strings count = *args, rest = *args;
	const char *id = strings_next(&rest);
	size_t n = 0;

	if (id != NULL && !held_id_ok(id) && hub_uid(id) >= 0) {
		discard_of(c, hub_uid(id), &rest);
		return;
	}
	while (strings_next(&count) != NULL)
		n++;
	c->ids = xcalloc(n, sizeof *c->ids);
	while ((id = strings_next(args)) != NULL) {
		if (held_id_ok(id)) {
			c->open_jobs++;
			(void)text_copy(c->ids[c->id_count++], HELD_ID, id);
			continue;
		}
		c->open_jobs++;
		if (!mailq_drop(id, left_row, c))
			left_row(c, id, "missing",
				 "there is no held or frozen message of that id");
	}
	discard_step(c);
}
