/*
 * submit_judge - what is known of a message, and what is to be done with it
 *
 * Job:     see submit_int.h.
 * Touches: the engine; scan workers and watch, by asking.
 */
#include "submit_int.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "alert.h"
#include "claim.h"
#include "expect.h"
#include "files.h"
#include "form.h"
#include "hub.h"
#include "log.h"
#include "own.h"
#include "text.h"
#include "workers.h"
#include "xmem.h"

#define DOMAINS_MAX 100

static void
on_changed(void *arg, int64_t changed_us)
{
	struct client *c = arg;

	c->look = 0;
	c->looked_up = true;
	c->changed_us = changed_us;
	submit_maybe_decide(c);
}

/* How old is the file it names? watch looks, while the rest is waited for anyway. */
void
submit_look_up(struct client *c, const char *path)
{
	c->looked = xstrdup(path);
	c->changed_us = -1;
	c->look = files_changed(c->uid, path, on_changed, c);
	c->looked_up = c->look == 0;
}

/* A fact about the file that was looked at, and only for that name; -1 unknown. */
static int64_t
script_age_s(const struct client *c, wall_t now)
{
	if (c->looked == NULL || !c->looked_up || c->changed_us < 0 ||
	    strcmp(c->looked, c->script) != 0)
		return -1;
	return now.us > c->changed_us ? (now.us - c->changed_us) / 1000000 : 0;
}

/*
 * Is it told of every recipient where it goes, so that two programs read the same? What
 * no worker read, what names more than we look at, what names no domain (the MTA's own is
 * put in), and local parts with signs that may be a way on (%, !, quotes) are no owner's.
 */
static bool
rcpts_sure(const struct client *c, size_t domains)
{
	return c->head_ok && domains < DOMAINS_MAX && c->nowhere == 0 &&
	       c->rcpt_hash_count == c->rcpts;
}

static void
ask_engine(struct client *c)
{
	const char *domains[DOMAINS_MAX];
	struct strings s =
	    strings_of(c->domains == NULL ? "" : c->domains, c->domains_len);
	struct submission sub = {.t = clock_wall(),
				 .uid = c->uid,
				 .user = c->login,
				 .script_is_claim = true,
				 .subject_hash = c->subject_hash,
				 .body_hash = c->body_hash,
				 .size = c->size,
				 .domains = domains,
				 .rcpt_hashes = c->rcpt_hashes,
				 .rcpt_hash_count = c->rcpt_hash_count};

	struct claims claims = {c->script, c->header_script, c->cwd};
	char *name = claim_name(&claims, c->uid);

	free(c->script);
	sub.script = c->script = name;
	sub.script_age_s = script_age_s(c, sub.t);
	sub.rcpts = c->rcpts > UINT32_MAX ? UINT32_MAX : (uint32_t)c->rcpts;
	while (sub.domain_count < DOMAINS_MAX &&
	       (domains[sub.domain_count] = strings_next(&s)) != NULL)
		sub.domain_count++;
	sub.own = !rcpts_sure(c, sub.domain_count)
		      ? 0
		      : own_mail(c->login, c->rcpts, domains, sub.domain_count);
	engine_submission(hub.engine, &sub, &c->answer);
	c->own = sub.own > 0 || c->answer.reason == REASON_OWN;
	hub.changed = true;
}

/*
 * No worker read it in time. Its recipients on the command line can be counted here;
 * those in its head cannot. When there is no worker at all, that is our trouble, and the
 * setting for a daemon that does not answer decides; else it is this message's.
 */
static void
count_without_head(struct client *c)
{
	struct strings s = strings_of(c->argv, c->argv_len);
	struct workers_state ws;
	const char *one = strings_next(&s);

	/* every word that is no option: rather too many than too few */
	for (c->rcpts = 0; (one = strings_next(&s)) != NULL;)
		c->rcpts += one[0] != '-';
	if (c->rcpts == 0)
		c->rcpts = 1;
	workers_state(&ws);
	c->nobody_reads =
	    ws.ready == 0 && strcmp(hub.conf.submit_without_judge, "pass") == 0;
	hub.count.unchecked_head++;
	alert_degraded("head",
		       "Messages were %s no scan worker read them in time; see "
		       "`mailbrake status`, part scan.",
		       c->nobody_reads || strcmp(hub.conf.mode, "observe") == 0
			   ? "passed although"
			   : "held because");
}

void
submit_decide(struct client *c)
{
	if (c->job != NULL) {
		workers_forget(c->job);
		c->job = NULL;
		hub.count.timed_out++;
	}
	files_hurry_forget(c->hurry);
	files_changed_forget(c->look);
	c->hurry = c->look = 0;
	if (!c->have_head)
		count_without_head(c);
	ask_engine(c);
	/* what was not read is not clean: a person looks at it */
	if (!c->head_ok && !c->nobody_reads && c->answer.answer == ANSWER_PASS &&
	    strcmp(hub.conf.mode, "observe") != 0) {
		c->answer.answer = ANSWER_HOLD;
		c->answer.reason = REASON_UNREADABLE;
	}
	if (c->answer.answer == ANSWER_HOLD) {
		submit_hold(c);
	} else {
		if (c->own)
			expect_add_own(c->uid, c->rcpts, c->script, clock_mono());
		else
			expect_add(c->uid, c->rcpts, clock_mono());
		(void)submit_answer(c, SUBMIT_PASS, "");
		submit_free(c);
	}
}

void
submit_maybe_decide(struct client *c)
{
	if (c->submitted && c->have_head && c->hurried && c->looked_up && !c->holding)
		submit_decide(c);
}

void
submit_on_head(struct job *j, const struct m_verdict *v, const struct m_head *h)
{
	struct client *c = j->arg;
	char why[200];

	(void)v;
	c->job = NULL;
	c->have_head = true;
	c->head_ok = h->ok != 0;
	if (!c->head_ok)
		log_warn_rate("head_unread", 60, "head_unread uid=%u reason=\"%s\"",
			      (unsigned)c->uid, text_safe(why, sizeof why, h->reason));
	c->rcpts = h->rcpts;
	c->nowhere = h->rcpts_nowhere;
	c->subject_hash = h->subject_hash;
	c->body_hash = h->body_hash;
	(void)text_utf8(c->from, sizeof c->from, h->from, strlen(h->from));
	(void)text_utf8(c->subject, sizeof c->subject, h->subject, strlen(h->subject));
	(void)text_utf8(c->message_id, sizeof c->message_id, h->message_id,
			strlen(h->message_id));
	(void)text_copy(c->header_script, sizeof c->header_script, h->claimed_script);
	if (h->linted != 0)
		form_note(c->uid, hub_login(c->uid), h->lint, c->from, clock_wall());
	c->domains = xmemdup(h->domains, h->domains_len);
	c->domains_len = h->domains_len;
	if (c->head_ok && h->rcpt_hashes_len <= sizeof c->rcpt_hashes &&
	    h->rcpt_hashes_len % sizeof c->rcpt_hashes[0] == 0) {
		memcpy(c->rcpt_hashes, h->rcpt_hashes, h->rcpt_hashes_len);
		c->rcpt_hash_count = h->rcpt_hashes_len / sizeof c->rcpt_hashes[0];
	}
	if (c->looked == NULL) {
		struct claims claims = {"", c->header_script, c->cwd};
		char path[PATH_MAX];

		claim_of_header(&claims, path);
		if (path[0] != '\0')
			submit_look_up(c, path);
		else
			c->looked_up = true;
	}
	submit_maybe_decide(c);
}

void
submit_on_hurried(void *arg)
{
	struct client *c = arg;

	c->hurried = true;
	c->hurry = 0;
	submit_maybe_decide(c);
}
