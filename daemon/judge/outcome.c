/*
 * outcome - what the MTA's log says
 *
 * Job:     see outcome.h.
 * Touches: the engine, the store's counters, the provider table.
 */
#include "outcome.h"

#include <string.h>

#include "alert.h"
#include "brakes.h"
#include "expect.h"
#include "forwards.h"
#include "here.h"
#include "hub.h"
#include "log.h"
#include "mailq.h"
#include "mta.h"
#include "mt_event.h"
#include "own.h"
#include "provider_table.h"
#include "subuid.h"
#include "tally.h"
#include "targets.h"
#include "text.h"

static struct provider_table *providers;
static struct outcome_counts count;

struct outcome_counts
outcome_counts(void)
{
	return count;
}

void
outcome_init(void)
{
	char path[512];
	struct err e;

	if (!provider_table_path(hub.conf.rules_dir, path, sizeof path) &&
	    !provider_table_path(NULL, path, sizeof path)) {
		log_warn("providers table=missing dir=%s", hub.conf.rules_dir);
		brakes_init(NULL);
		return;
	}
	if (provider_table_load(path, &providers, &e) != 0) {
		log_warn("providers error=\"%s\"", e.text);
		alert_degraded("providers",
			       "The table of mail providers cannot be read: %s", e.text);
	}
	brakes_init(providers);
}

/* The account an event belongs to: a uid, a login name, or a login of authenticated SMTP.
 */
static int64_t
owner(const struct m_outcome *o)
{
	int64_t uid = -1;

	if (o->uid >= 0)
		return o->uid > UINT32_MAX ? -1
					   : (int64_t)subuid_account((uint32_t)o->uid);
	if (o->user[0] != '\0')
		uid = hub_uid_of_name(o->user);
	if (uid < 0 && o->auth[0] != '\0')
		uid = hub_uid_of_name(o->auth);
	return uid;
}

/*
 * Exim writes its log itself, and the journal knows who wrote an entry (mtlog leaves out
 * what others wrote under the MTA's name). Else Postfix's goes through syslog unless
 * maillog_file is set, and a syslog line with Postfix's tag can be written by any local
 * user: such a log is a claim.
 */
bool
outcome_trusted(void)
{
	if (strcmp(hub.conf.mta_log_trust, "auto") != 0)
		return strcmp(hub.conf.mta_log_trust, "yes") == 0;
	return strcmp(hub.ears.mta, "exim") == 0 ||
	       strncmp(hub.ears.file, "journal", 7) == 0;
}

/*
 * Was the account held after t (of a log line, whole seconds)? The log is read a moment
 * later than it is written: what was queued just before a hold is told just after it.
 */
static bool
held_since(uint32_t uid, wall_t t)
{
	static struct explanation x;

	return engine_explain(hub.engine, uid, &x) && x.state == ACCT_HELD &&
	       wall_s(x.since) >= wall_s(t);
}

/* It was judged before this process or mtlog was started, and is in the queue still. */
static void
on_queued(const struct m_outcome *o, int64_t uid)
{
	static struct explanation x;

	if (uid <= 0 || hub_is_ours(uid) || mailq_knows((uint32_t)uid, o->queue_id))
		return;
	mailq_add((uint32_t)uid, o->queue_id, (uint32_t)o->rcpts, clock_wall());
	/* all but what an admin released during this hold; when it was queued is not
	 * told: a hold freezes what was in the queue before it too */
	if (engine_explain(hub.engine, (uint32_t)uid, &x) && x.state == ACCT_HELD &&
	    !mailq_let_go((uint32_t)uid, o->queue_id, x.since))
		mailq_freeze_one(o->queue_id);
}

/* Of a held account only what an admin released goes, by its ticket. */
static void
freeze_or_pass(uint32_t uid, const char *id, enum expect_ticket ticket, wall_t t)
{
	if (held_since(uid, ticket == EXPECT_COUNTED ? t : (wall_t){0}))
		mailq_freeze_one(id);
	else if (held_since(uid, (wall_t){0}))
		mailq_pass(id);
}

/* A message the MTA took: if nobody asked us before, it went around the wrapper. */
static void
on_submit(const struct m_outcome *o)
{
	struct submission s = {.t = {o->time_us},
			       .id = o->queue_id,
			       .script_is_claim = true,
			       .script_age_s = -1,
			       .own = -1,
			       .size = o->size};
	int64_t uid = owner(o);
	enum expect_ticket ticket;
	uint64_t own;
	struct answer a;

	if ((o->flags & OUTCOME_OLD) != 0) {
		on_queued(o, uid);
		return;
	}
	count.submissions++;
	if ((o->flags & OUTCOME_BOUNCE) != 0 || uid == 0 || hub_is_ours(uid))
		return;
	if (uid < 0) {
		count.unknown_owner++;
		return;
	}
	s.uid = (uint32_t)uid;
	s.rcpts = o->rcpts == 0           ? 1
		  : o->rcpts > UINT32_MAX ? UINT32_MAX
					  : (uint32_t)o->rcpts;
	if (mailq_knows(s.uid, o->queue_id)) {
		/* judged by the MTA's hook already, held then, and thawed now */
		count.expected++;
		(void)expect_take(s.uid, EXPECT_LOG, s.rcpts, &own, clock_mono());
		return;
	}
	mailq_add(s.uid, o->queue_id, s.rcpts, s.t);
	ticket = expect_take(s.uid, EXPECT_LOG, s.rcpts, &own, clock_mono());
	if (ticket != EXPECT_NOT) {
		count.expected++;
		mailq_ticket_set(o->queue_id, ticket, own);
		freeze_or_pass(s.uid, o->queue_id, ticket, s.t);
		return;
	}
	count.bypassed++;
	s.user = hub_login((uint64_t)uid);
	s.script = o->claimed_script[0] == '\0' ? NULL : o->claimed_script;
	if (o->auth[0] != '\0' && o->ip[0] != '\0' && !here_text(o->ip))
		s.login = o->auth;
	engine_submission(hub.engine, &s, &a);
	hub.changed = true;
	log_info("bypass uid=%u queue_id=%s rcpts=%u answer=%s", (unsigned)s.uid,
		 o->queue_id, (unsigned)s.rcpts, answer_name(a.answer));
	if (a.answer != ANSWER_PASS)
		mailq_freeze_one(o->queue_id);
}

/* Where did a copy of a message that had a ticket go? */
enum went { WENT_OWN, WENT_FORWARDED, WENT_AWAY };

static enum went
went(const struct m_outcome *o, const char *login)
{
	/* what was given to a filter on this machine has not arrived */
	if (((o->flags & OUTCOME_LOCAL) != 0 && o->ip[0] == '\0') ||
	    own_mail(login, 1, &o->rcpt_domain, 1) != 0)
		return WENT_OWN;
	return mailq_sent_on(o->queue_id) || own_mail(login, 1, &o->orig_domain, 1) > 0
		   ? WENT_FORWARDED
		   : WENT_AWAY;
}

/* Postfix sends on what a .forward names under an id of its own: it is the account's as
 * the first was, with one of that one's copies that may go on. */
static void
sent_on(const struct m_outcome *o, uint32_t uid)
{
	wall_t t = {o->time_us};
	enum expect_ticket ticket = (enum expect_ticket)mailq_ticket(uid, o->queue_id);
	bool one = ticket == EXPECT_NOT || mailq_forward(o->queue_id);

	mailq_add(uid, o->forwarded_as, 1, t);
	mailq_ticket_set(o->forwarded_as, ticket == EXPECT_NOT ? EXPECT_COUNTED : ticket,
			 one);
	mailq_sent_on_set(o->forwarded_as);
	freeze_or_pass(uid, o->forwarded_as, ticket, t);
}

/*
 * A message that had a ticket was delivered (or never will be): what came in with the
 * ticket of a message to own domains, and went to others, is counted now. One copy from
 * each own recipient may go on to somebody, as the mailbox of an owner does who reads his
 * mail elsewhere; what goes on to more of them is a list, and mail to strangers. So is
 * what goes on to another one each time: see targets.h.
 */
static void
check_own(const struct m_outcome *o, int64_t uid)
{
	struct submission s = {.t = {o->time_us},
			       .uid = (uint32_t)uid,
			       .id = o->queue_id,
			       .script_is_claim = true,
			       .script_age_s = -1,
			       .own = -1,
			       .rcpts = 1};
	enum expect_ticket ticket;
	struct answer a;
	enum went to;
	bool counts;

	if (uid <= 0 || (o->flags & OUTCOME_OWN) != 0)
		return;
	if (o->forwarded_as[0] != '\0')
		sent_on(o, s.uid);
	ticket = (enum expect_ticket)mailq_ticket(s.uid, o->queue_id);
	if (ticket == EXPECT_NOT)
		return;
	s.user = hub_login((uint64_t)uid);
	to = went(o, s.user);
	if (to == WENT_FORWARDED && (!targets_known(s.uid, o->rcpt, clock_mono()) ||
				     !mailq_forward(o->queue_id))) {
		s.script = expect_own_script(s.uid);
		counts = expect_forwarded(s.uid);
	} else {
		counts = expect_delivered(s.uid, ticket, to != WENT_AWAY);
	}
	if (!counts)
		return;
	count.bypassed++;
	engine_submission(hub.engine, &s, &a);
	hub.changed = true;
	log_info("bypass uid=%u queue_id=%s rcpts=1 ticket=%s answer=%s", (unsigned)s.uid,
		 o->queue_id, to == WENT_FORWARDED ? "forwarded" : "own",
		 answer_name(a.answer));
	if (a.answer != ANSWER_PASS)
		mailq_freeze_one(o->queue_id);
}

static void
count_hour(const struct m_outcome *o, int64_t uid, const char *provider,
	   const char *scope, const char *what)
{
	struct store_counter c = {.hour = o->time_us / 3600000000,
				  .uid = uid,
				  .provider = provider,
				  .scope = scope,
				  .outcome = what,
				  .count = 1};
	struct err e;

	if (store_counter_add(hub.store, &c, &e) != 0)
		hub_store_warn(&e);
	tally_counted();
}

static void
on_delivery(const struct m_outcome *o, enum outcome_kind kind, const char *what)
{
	struct provider_verdict v = {.provider = "other", .scope = SCOPE_UNKNOWN};
	struct outcome_fact f = {
	    .t = {o->time_us}, .kind = kind, .code = (unsigned)o->code, .text = o->text};
	int64_t uid = owner(o);

	if (kind != OUTCOME_DEFERRED)
		check_own(o, uid);
	if ((o->flags & OUTCOME_LOCAL) != 0)
		return;
	if (providers != NULL)
		provider_classify(providers, o->host, o->rcpt_domain, (int)o->code,
				  o->text, strlen(o->text), &v);
	brakes_outcome(o, &v, uid);
	/* our own brakes and holds are not the provider's word */
	if ((o->flags & OUTCOME_OWN) != 0)
		return;
	forwards_outcome(o, v.provider_id, uid, kind == OUTCOME_SENT);
	count_hour(o, uid, v.provider,
		   kind == OUTCOME_SENT ? "" : reply_scope_name(v.scope), what);
	if (uid <= 0)
		return;
	f.uid = (uint32_t)uid;
	f.user = hub_login((uint64_t)uid);
	f.not_its_fault = v.scope == SCOPE_IP || v.scope == SCOPE_IP_THROTTLE ||
			  v.scope == SCOPE_INCIDENT || v.scope == SCOPE_AUTH;
	engine_outcome(hub.engine, &f);
	hub.changed = true;
}

static void
on_outcome(struct msg *m)
{
	struct m_outcome o;
	struct err e;

	if (m_outcome_get(m, &o, &e) != 0)
		return;
	if (!outcome_trusted()) {
		count.claims++;
		return;
	}
	switch ((enum mt_kind)o.kind) {
	case MT_SUBMIT:
		on_submit(&o);
		break;
	case MT_SENT:
		count.sent++;
		on_delivery(&o, OUTCOME_SENT, "sent");
		break;
	case MT_DEFER:
		count.deferred++;
		on_delivery(&o, OUTCOME_DEFERRED, "deferred");
		break;
	case MT_BOUNCE:
		count.bounced++;
		on_delivery(&o, OUTCOME_BOUNCED, "bounced");
		break;
	case MT_DONE:
		mailq_gone(o.queue_id);
		brakes_gone(o.queue_id);
		break;
	case MT_FREEZE:
	case MT_THAW:
	case MT_REFUSED:
		break;
	}
}

static void
on_ears(struct msg *m)
{
	struct m_ears v;
	struct err e;

	if (m_ears_get(m, &v, &e) != 0)
		return;
	hub.ears.known = true;
	(void)text_safe(hub.ears.mta, sizeof hub.ears.mta, v.mta);
	(void)text_safe(hub.ears.file, sizeof hub.ears.file, v.file);
	(void)text_safe(hub.ears.degraded, sizeof hub.ears.degraded, v.degraded);
	hub.ears.lines = v.lines;
	hub.ears.damaged = v.damaged;
	hub.ears.forged = v.forged;
	hub.ears.behind_bytes = v.behind_bytes;
}

void
outcome_on_msg(struct wire *w, struct msg *m)
{
	(void)w;
	if (m->type == MSG_OUTCOME)
		on_outcome(m);
	else if (m->type == MSG_EARS)
		on_ears(m);
	else if (m->type == MSG_OWNER)
		mta_owner(m);
}
