/*
 * mailq_ask - have hands change the MTA's queue
 *
 * Job:     see mailq_int.h. Where what a message is and what it shall be differ, and
 *          nobody was asked yet, hands is, ROUND_MS later: the messages of one account in
 *          one request. What a request did not achieve is asked again, later each time.
 * Touches: the link to hands, the rows of held mail.
 */
#include "mailq_int.h"

#include "alert.h"
#include "hub.h"
#include "log.h"
#include "loop.h"
#include "text.h"
#include "xmem.h"

#include <string.h>

#define ROUND_MS 100
#define RETRY_MAX_MS 120000
#define NO_HANDS_MS 1000
#define DROPS_MAX 4096 /* discards that somebody waits for */

static int round_timer = -1;
static bool round_soon; /* it comes within ROUND_MS */

static struct request {
	uint64_t asked; /* 0: free */
	uint8_t want;
} requests[MAILQ_REQUESTS];

static struct waiter {
	char id[MAILQ_ID];
	mailq_fn fn;
	void *arg;
} * waiters;
static size_t waiter_count;

/* --- who waits for a discard --- */

void
mailq_tell(const char *id, const char *state, const char *why)
{
	size_t i;

	for (i = 0; i < waiter_count;) {
		struct waiter w = waiters[i];

		if (strcmp(w.id, id) != 0) {
			i++;
			continue;
		}
		waiters[i] = waiters[--waiter_count];
		w.fn(w.arg, id, state, why);
	}
}

void
mailq_forget(const void *arg)
{
	size_t i;

	for (i = 0; i < waiter_count;)
		if (waiters[i].arg == arg)
			waiters[i] = waiters[--waiter_count];
		else
			i++;
}

bool
mailq_drop(const char *id, mailq_fn fn, void *arg)
{
	struct mailq_node *n = mailq_find(id);

	if (n == NULL && mailq.rows_only) {
		mailq_load_row(id);
		n = mailq_find(id);
	}
	if (n == NULL || !n->ours || n->want != MAILQ_FREEZE || waiter_count == DROPS_MAX)
		return false;
	if (!wire_up(&hub.hands)) {
		fn(arg, id, mailq_row_state(n),
		   "the process that does it is not running");
		return true;
	}
	if (waiters == NULL)
		waiters = xcalloc(DROPS_MAX, sizeof *waiters);
	(void)text_copy(waiters[waiter_count].id, MAILQ_ID, id);
	waiters[waiter_count].fn = fn;
	waiters[waiter_count++].arg = arg;
	mailq_want(n, MAILQ_DROP);
	mailq_soon();
	return true;
}

/* --- asking --- */

static void
give_up(struct mailq_node *n, const char *why)
{
	mailq.count.failed++;
	log_warn("mailq_failed id=%s uid=%u was=%s error=\"%s\"", n->id, (unsigned)n->uid,
		 mailq_row_state(n), why);
	alert_degraded("mail-queue",
		       "A message in the MTA's queue could not be changed (%s): %s. "
		       "Look at it by hand.",
		       n->id, why);
	if (n->want == MAILQ_DROP)
		mailq_tell(n->id, n->is == MAILQ_FROZEN ? "frozen" : "released", why);
	mailq_set(n, (enum mailq_is)n->is,
		  n->is == MAILQ_FROZEN ? MAILQ_FREEZE : MAILQ_MOVE);
	if (n->is == MAILQ_FROZEN) {
		mailq_set_row(n->id, "frozen", why);
	} else {
		mailq_set_row(n->id, "released", "it could not be frozen");
		mailq_set_ours(n, false);
	}
}

static void finish(struct request *r, bool ok, const char *why);

static void
try_later(struct mailq_node *n, const char *why)
{
	int64_t ms;

	n->req = 0;
	if (!mailq_differs(n))
		return;
	ms = MAILQ_RETRY_MS << (++n->tries < 8 ? n->tries : 8);
	if (n->tries >= (n->want == MAILQ_DROP ? MAILQ_DROP_TRIES : MAILQ_TRIES))
		give_up(n, why);
	else
		n->due = mono_after_ms(loop_now(), ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS);
}

/* It waits for a request; later_us: until then none, when it is not its time yet. */
static bool
may_ask(const struct mailq_node *n, mono_t now, int64_t *later_us)
{
	int64_t us;

	if (!n->used || n->req != 0 || !mailq_differs(n))
		return false;
	if ((us = mono_diff_us(n->due, now)) <= 0)
		return true;
	if (*later_us < 0 || us < *later_us)
		*later_us = us;
	return false;
}

/*
 * One request: messages of one account that want the same. false: there are none now;
 * *later_us: when there will be, -1: not before an answer or a new wish.
 */
static bool
ask(unsigned slot, int64_t *later_us)
{
	static char ids[MAILQ_BATCH * MAILQ_ID];
	static uint32_t
	    from; /* goes round, so that one account does not keep others out */
	static const uint8_t verb[] = {[MAILQ_MOVE] = QUEUE_THAW,
				       [MAILQ_FREEZE] = QUEUE_FREEZE,
				       [MAILQ_DROP] = QUEUE_DROP};
	struct m_queue m = {.ids = ids};
	struct mailq_node *first = NULL;
	mono_t now = loop_now();
	uint32_t i, taken = 0;
	struct err e;

	for (i = 0; i < MAILQ_MAX && taken < MAILQ_BATCH; i++) {
		struct mailq_node *n = &mailq.nodes[(from + i) % MAILQ_MAX];

		if (!may_ask(n, now, later_us) ||
		    (first != NULL && (n->uid != first->uid || n->want != first->want)))
			continue;
		if (first == NULL)
			first = n;
		(void)strings_add(ids, sizeof ids, &m.ids_len, n->id);
		n->req = (uint8_t)(slot + 1);
		taken++;
		mailq_put_row(n);
	}
	if (first == NULL)
		return false;
	from = (uint32_t)(first - mailq.nodes) + 1;
	m.asked = hub_asked(ASKED_QUEUE);
	m.verb = verb[first->want];
	m.uid = first->uid;
	requests[slot] = (struct request){.asked = m.asked, .want = first->want};
	/* the rows are on the disk before the MTA's queue changes */
	if (store_sync(hub.store, &e) != 0) {
		hub_store_warn(&e);
		/* frozen without a row it would stay so after a restart */
		if (first->want == MAILQ_FREEZE) {
			finish(&requests[slot], false, e.text);
			return true;
		}
	}
	if (m_queue_put(wire_out(), &m, &e) != 0 ||
	    wire_send(&hub.hands, wire_out(), &e) != 0)
		mailq_done(m.asked, false, e.text);
	return true;
}

static void
round_due(void *arg)
{
	int64_t later_us = -1;
	unsigned i;

	(void)arg;
	round_timer = -1;
	round_soon = false;
	if (mailq.count.pending == 0)
		return;
	if (!wire_up(&hub.hands)) {
		round_timer = loop_once(NO_HANDS_MS, round_due, NULL);
		return;
	}
	for (i = 0; i < MAILQ_REQUESTS; i++)
		if (requests[i].asked == 0 && !ask(i, &later_us))
			break;
	/* all requests under way: the next answer comes back here */
	if (i < MAILQ_REQUESTS && later_us >= 0 && !round_soon)
		round_timer = loop_once(later_us / 1000 + 1, round_due, NULL);
}

/* A little later, so that what comes together is asked for together. */
void
mailq_soon(void)
{
	if (round_soon || mailq.count.pending == 0)
		return;
	loop_cancel(round_timer);
	round_soon = true;
	round_timer = loop_once(ROUND_MS, round_due, NULL);
}

/* --- answers --- */

/* The queue has n as it was asked for. */
static void
confirmed(struct mailq_node *n, enum mailq_wish asked)
{
	char id[MAILQ_ID];

	n->req = 0;
	n->tries = 0;
	if (asked == MAILQ_DROP) {
		uint32_t uid = n->uid;

		mailq_set_row(n->id, "discarded", "");
		(void)text_copy(id, sizeof id, n->id);
		mailq_unlink(n);
		mailq_tell(id, "discarded", "");
		mailq_reviewed(uid);
		return;
	}
	mailq_set(n, asked == MAILQ_FREEZE ? MAILQ_FROZEN : MAILQ_MOVING,
		  (enum mailq_wish)n->want);
	if (mailq_differs(n))
		return; /* somebody changed his mind meanwhile */
	if (n->is == MAILQ_FROZEN) {
		mailq_row_frozen(n);
	} else {
		mailq_set_row(n->id, "released", "thawed in the MTA's queue");
		mailq_set_ours(n, false);
		mailq_reviewed(n->uid);
	}
}

static struct request *
request_of(uint64_t asked)
{
	unsigned i;

	for (i = 0; i < MAILQ_REQUESTS; i++)
		if (requests[i].asked == asked && asked != 0)
			return &requests[i];
	return NULL;
}

/* The rest of a request's messages: all as asked, or none. */
static void
finish(struct request *r, bool ok, const char *why)
{
	uint8_t slot = (uint8_t)(r - requests) + 1, want = r->want;
	uint32_t i;

	r->asked = 0;
	for (i = 0; i < MAILQ_MAX; i++) {
		if (!mailq.nodes[i].used || mailq.nodes[i].req != slot)
			continue;
		if (ok)
			confirmed(&mailq.nodes[i], (enum mailq_wish)want);
		else
			try_later(&mailq.nodes[i], why);
	}
	mailq_soon();
}

/* The MTA's own file names another owner than the log did: it is left as it is. */
static void
another_s(struct mailq_node *n)
{
	char id[MAILQ_ID];

	mailq.count.foreign++;
	log_warn_rate("foreign", 10, "mailq_foreign id=%s uid=%u count=%llu", n->id,
		      (unsigned)n->uid, (unsigned long long)mailq.count.foreign);
	alert_degraded(
	    "foreign",
	    "The mail system's log says of a message (%s) that it is %s's, the "
	    "queue says it is not: a forged line, or an id that came again. It "
	    "was left alone.",
	    n->id, hub_login(n->uid));
	(void)text_copy(id, sizeof id, n->id);
	mailq_set_row(id, "released", "not this account's message: nothing was done");
	mailq_unlink(n);
	mailq_tell(id, "released", "not this account's message: nothing was done");
}

void
mailq_queued(struct msg *m)
{
	struct m_queued q;
	struct request *r;
	struct strings s;
	struct mailq_node *n;
	const char *id;
	struct err e;

	if (m_queued_get(m, &q, &e) != 0 || (r = request_of(q.asked)) == NULL)
		return;
	s = strings_of(q.gone, q.gone_len);
	while ((id = strings_next(&s)) != NULL)
		if ((n = mailq_find(id)) != NULL && n->req == (r - requests) + 1)
			mailq_gone(id);
	s = strings_of(q.foreign, q.foreign_len);
	while ((id = strings_next(&s)) != NULL)
		if ((n = mailq_find(id)) != NULL && n->req == (r - requests) + 1)
			another_s(n);
	s = strings_of(q.ids, q.ids_len);
	while ((id = strings_next(&s)) != NULL)
		if ((n = mailq_find(id)) != NULL && n->req == (r - requests) + 1)
			try_later(n, q.text);
	finish(r, true, "");
}

void
mailq_done(uint64_t asked, bool ok, const char *text)
{
	struct request *r;

	if ((r = request_of(asked)) == NULL)
		return;
	if (!ok)
		log_warn("queue failed=\"%s\"", text);
	finish(r, ok, text);
}

void
mailq_hands_gone(void)
{
	unsigned i;

	for (i = 0; i < MAILQ_REQUESTS; i++)
		if (requests[i].asked != 0)
			finish(&requests[i], false, "the process that does it ended");
}
