/*
 * submit_hold - a message is held, then its sender is told
 *
 * Job:     see submit_int.h.
 * Touches: held mail (through held.h), the store.
 */
#include "submit_int.h"

#include <inttypes.h>
#include <stdlib.h>

#include "alert.h"
#include "hub.h"
#include "log.h"
#include "pool.h"
#include "text.h"

#define REMEMBERED 4096 /* tokens of held messages, for wrappers that ask again */

static struct {
	uint32_t uid;
	uint64_t token;
} remembered[REMEMBERED];
static size_t remember_at;

void
submit_remember(uint32_t uid, uint64_t token)
{
	if (token == 0)
		return;
	remembered[remember_at].uid = uid;
	remembered[remember_at].token = token;
	remember_at = (remember_at + 1) % REMEMBERED;
}

bool
submit_remembered(uint32_t uid, uint64_t token)
{
	size_t i;

	for (i = 0; token != 0 && i < REMEMBERED; i++)
		if (remembered[i].token == token && remembered[i].uid == uid)
			return true;
	return false;
}

static void
hold_work(void *arg)
{
	struct client *c = arg;

	c->held_result =
	    held_write(hub.held, &hub.conf, &c->held, c->body, c->size, &c->held_err);
}

static void
hold_row(const struct client *c, bool told)
{
	struct store_held row = {
	    .id = c->held.id,
	    .login = c->held.login,
	    .from = c->from,
	    .subject = c->subject,
	    .script = c->held.claimed_script,
	    .reason = reason_word(c->answer.reason),
	    .state = "held",
	    .result =
		told ? "" : "the sender gave up waiting; it may have sent it unchecked",
	    .uid = (int64_t)c->uid,
	    .rcpts = (int64_t)c->rcpts,
	    .size = (int64_t)c->size,
	    .t = c->held.t,
	    .state_t = c->held.t};
	struct err e;

	if (store_held_put(hub.store, &row, &e) != 0)
		hub_store_warn(&e);
}

static void
hold_done(void *arg)
{
	struct client *c = arg;
	char shown[200];
	bool told;

	c->holding = false;
	if (c->held_result != 0) {
		log_warn_rate("hold_failed", 10, "hold_failed uid=%u error=\"%s\"",
			      (unsigned)c->uid, c->held_err.text);
		if (c->held_err.code != ERR_AGAIN)
			alert_degraded("hold",
				       "Held mail cannot be written: %s. Messages that "
				       "would be held are refused to their sender.",
				       c->held_err.text);
		submit_refuse(c, c->held_err.text);
		return;
	}
	submit_remember(c->uid, c->token);
	told = submit_answer(c, SUBMIT_HELD, "");
	if (!told)
		hub.count.sender_gave_up++;
	hold_row(c, told);
	log_info("held id=%s uid=%u rcpts=%" PRIu64 " why=%s script=\"%s\"%s", c->held.id,
		 (unsigned)c->uid, c->rcpts, reason_word(c->answer.reason),
		 text_safe(shown, sizeof shown, c->held.claimed_script),
		 told ? "" : " sender_was_told=no");
	submit_free(c);
}

void
submit_hold(struct client *c)
{
	struct held_head *h = &c->held;

	h->uid = c->uid;
	h->gid = c->gid;
	h->t = clock_wall();
	h->rcpts = c->rcpts;
	h->login = c->login;
	h->cwd = c->cwd;
	h->reason = reason_word(c->answer.reason);
	h->claimed_from = c->from;
	h->claimed_subject = c->subject;
	h->claimed_script = c->script;
	h->claimed_message_id = c->message_id;
	h->argv = c->argv;
	h->argv_len = c->argv_len;
	h->env = c->env;
	h->env_len = c->env_len;
	h->domains = c->domains == NULL ? "" : c->domains;
	h->domains_len = c->domains_len;
	h->token = c->token;
	c->holding = c->seat.busy = true;
	pool_run(c->uid, hold_work, hold_done, c);
}
