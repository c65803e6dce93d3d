/*
 * release_recover - held mail after a restart
 *
 * Job:     rows and files of held mail together again; what was being sent is unsure.
 * Touches: held mail, the store.
 */
#include "release_int.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alert.h"
#include "hub.h"
#include "log.h"
#include "submit.h"
#include "text.h"
#include "xmem.h"

struct recover {
	uint64_t adopted, unsure, removed, damaged, messages;
	char (*gone)[HELD_ID]; /* to remove after the walk: all, their rows go one day */
	size_t gone_count, gone_room;
};

/*
 * The account of a held message is not known any more (the database was lost): what held
 * its mail is forgotten, so a person has to say that it may pass again.
 */
static void
hold_stranger(uint32_t uid)
{
	struct explanation *x = xcalloc(1, sizeof *x);
	struct err e;

	if (!engine_explain(hub.engine, uid, x) &&
	    engine_word(hub.engine, clock_wall(), uid, WORD_HOLD, SCOPE_ACCOUNT, NULL,
			(wall_t){0}, "restart", &e) != 0)
		log_warn("hold_stranger uid=%u error=\"%s\"", (unsigned)uid, e.text);
	free(x);
}

static void
adopt(const char *id, const struct held_head *h)
{
	bool going = held_marked(hub.held, id);
	struct store_held row = {
	    .id = id,
	    .login = h->login,
	    .from = h->claimed_from,
	    .subject = h->claimed_subject,
	    .script = h->claimed_script,
	    .reason = h->reason,
	    .state = going ? "unsure" : "held",
	    .result = going ? "it was being sent when its row was lost"
			    : "adopted from its file after a restart; its sender may not "
			      "have been told, and may have sent it unchecked",
	    .uid = (int64_t)h->uid,
	    .rcpts = (int64_t)h->rcpts,
	    .size = (int64_t)h->size,
	    .t = h->t,
	    .state_t = clock_wall()};
	struct err e;

	hub.count.unsure += going;
	if (store_held_put(hub.store, &row, &e) != 0)
		hub_store_warn(&e);
	hold_stranger(h->uid);
}

/* A database was begun anew while we ran: a message that hands has now keeps its state.
 */
static bool
adopt_one(void *arg, const char *id, const struct held_head *h, const char *problem)
{
	uint64_t *adopted = arg;
	struct release_row row;
	int64_t attempt;

	(void)problem;
	if (h == NULL || release_row(id, &row) == 1)
		return true;
	adopt(id, h);
	(*adopted)++;
	if (release_at_work(id, &attempt))
		release_set_state(id, "releasing", attempt, "");
	return true;
}

void
release_adopt(void)
{
	uint64_t adopted = 0;
	struct err e;

	if (held_scan(hub.held, adopt_one, &adopted, &e) < 0)
		hub_store_warn(&e);
	log_info("held_mail adopted=%" PRIu64, adopted);
}

static bool
recover_one(void *arg, const char *id, const struct held_head *h, const char *problem)
{
	struct recover *r = arg;
	struct release_row row;

	if (h == NULL) {
		r->damaged++;
		log_warn("held_damaged id=%s problem=\"%s\" kept", id, problem);
		return true;
	}
	r->messages++;
	submit_remember(h->uid, h->token);
	if (release_row(id, &row) != 1) {
		adopt(id, h);
		r->adopted++;
	} else if (strcmp(row.state, "releasing") == 0 ||
		   (strcmp(row.state, "held") == 0 && held_marked(hub.held, id))) {
		release_set_state(id, "unsure", row.attempt,
				  "the daemon was killed while sending it");
		r->unsure++;
	} else if (strcmp(row.state, "released") == 0 ||
		   strcmp(row.state, "discarded") == 0 ||
		   strcmp(row.state, "expired") == 0) {
		if (r->gone_count == r->gone_room) {
			r->gone_room = r->gone_room * 2 + 64;
			r->gone = xreallocarray(r->gone, r->gone_room, sizeof *r->gone);
		}
		(void)text_copy(r->gone[r->gone_count++], HELD_ID, id);
	}
	return true;
}

struct missing {
	uint64_t count;
	char id[64][HELD_ID];
};

static bool
row_without_file(void *arg, const struct store_held *v)
{
	struct missing *m = arg;
	struct held *held = NULL;
	struct err e;
	int r;

	if (strcmp(v->state, "held") != 0 && strcmp(v->state, "unsure") != 0)
		return true;
	r = held_open(hub.held, v->id, false, &held, &e);
	held_close(&held);
	if (r == 0 && m->count < 64)
		(void)text_copy(m->id[m->count++], HELD_ID, v->id);
	return m->count < 64;
}

void
release_recover(void)
{
	struct recover r = {0};
	struct missing m = {0};
	struct err e;
	size_t i;

	if (held_scan(hub.held, recover_one, &r, &e) < 0)
		alert_degraded("held", "Held mail cannot be read: %s", e.text);
	for (i = 0; i < r.gone_count; i++) {
		if (held_remove(hub.held, r.gone[i], &e) > 0)
			r.removed++;
	}
	free(r.gone);
	if (store_held_each(hub.store, -1, NULL, 0, row_without_file, &m, &e) != 0)
		hub_store_warn(&e);
	for (i = 0; i < m.count; i++)
		release_set_state(m.id[i], "missing", 0,
				  "its file was not there at a start");
	if (m.count > 0)
		alert_degraded("missing",
			       "%" PRIu64 " held messages have no file any more: "
			       "`mailbrake held` lists them as missing.",
			       m.count);
	if (r.unsure > 0)
		alert_degraded("unsure",
			       "%" PRIu64 " held messages may have been sent when the "
			       "daemon was killed: `mailbrake held` lists them as "
			       "unsure.",
			       r.unsure);
	hub.count.unsure += r.unsure;
	log_info("held_mail messages=%" PRIu64 " adopted=%" PRIu64 " unsure=%" PRIu64
		 " finished=%" PRIu64 " damaged=%" PRIu64 " missing=%" PRIu64,
		 r.messages, r.adopted, r.unsure, r.removed, r.damaged, m.count);
}
