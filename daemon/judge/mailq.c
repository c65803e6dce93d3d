/*
 * mailq - whose messages are in the MTA's queue
 *
 * Job:     see mailq.h. An open-addressed table by queue id; slots are
 *          reused in the order of a ring, so the oldest goes first.
 * Touches: the link to hands, the store.
 *
 * Each message has what it is (moving, frozen) and what it shall be. Where the two differ
 * and nobody was asked yet, ROUND_MS later hands is: the messages of one account in one
 * request. What a request did not achieve is asked again, later each time.
 */
#include "mailq.h"

#include <stdlib.h>
#include <string.h>

#include "alert.h"
#include "files.h"
#include "hub.h"
#include "log.h"
#include "loop.h"
#include "release.h"
#include "text.h"
#include "xmem.h"

#define BUCKETS 65536
#define OWNERS 65536 /* accounts whose numbers are this far apart share a bound */
#define NONE UINT32_MAX
#define ROUND_MS 100
#define RETRY_MS 500 /* doubled each time, up to: */
#define RETRY_MAX_MS 120000
#define NO_HANDS_MS 1000
#define DROPS_MAX 4096   /* discards that somebody waits for */
#define ASKED 3ULL << 32 /* apart from the numbers of other verbs */
#define ASKED_END 4ULL << 32

enum is { MOVING, FROZEN };
enum want { MOVE, FREEZE, DROP };

static struct node {
	char id[MAILQ_ID];
	uint32_t uid, rcpts, next;
	uint32_t older, newer; /* in its owner's list */
	wall_t t;
	mono_t due;         /* not asked again before */
	uint8_t is, want;   /* enum is, enum want */
	uint8_t tries, req; /* req: 1 + the request it is in, 0: none */
	uint8_t ticket;     /* enum expect_ticket */
	bool used, ours;    /* ours: it has a row; told by the hook or frozen by us;
			     * changed by set_ours */
	bool hooked; /* the MTA's hook was told to hold it: its line comes after a thaw */
} * nodes;           /* MAILQ_MAX, made when first needed */
static uint32_t heads[BUCKETS], ring;
static struct owner {
	uint32_t oldest, newest, count;
} * owners[2]; /* OWNERS each: of what is not ours, and of what is */
static uint32_t ours_count;
static bool rows_only; /* there may be rows of frozen mail that have no node */
static struct mailq_counts count;
static uint64_t next_asked = ASKED;
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

/* --- the table --- */

static uint32_t
bucket(const char *id)
{
	uint32_t h = 2166136261U;

	for (; *id != '\0'; id++)
		h = (h ^ (unsigned char)*id) * 16777619U;
	return h % BUCKETS;
}

static struct node *
find(const char *id)
{
	uint32_t i;

	if (nodes == NULL)
		return NULL;
	for (i = heads[bucket(id)]; i != NONE; i = nodes[i].next)
		if (strcmp(nodes[i].id, id) == 0)
			return &nodes[i];
	return NULL;
}

/* It is not yet as it shall be. */
static bool
differs(const struct node *n)
{
	return n->want == DROP || (n->want == FREEZE) != (n->is == FROZEN);
}

static void
set(struct node *n, enum is is, enum want want)
{
	count.frozen -= n->is == FROZEN;
	count.pending -= differs(n);
	n->is = (uint8_t)is;
	n->want = (uint8_t)want;
	count.frozen += n->is == FROZEN;
	count.pending += differs(n);
}

static struct owner *
owner_of(const struct node *n)
{
	return &owners[n->ours][n->uid % OWNERS];
}

static void
owner_add(struct node *n)
{
	struct owner *o = owner_of(n);
	uint32_t me = (uint32_t)(n - nodes);

	n->newer = NONE;
	n->older = o->newest;
	if (o->newest == NONE)
		o->oldest = me;
	else
		nodes[o->newest].newer = me;
	o->newest = me;
	o->count++;
	ours_count += n->ours;
}

static void
owner_take(struct node *n)
{
	struct owner *o = owner_of(n);

	if (n->older == NONE)
		o->oldest = n->newer;
	else
		nodes[n->older].newer = n->newer;
	if (n->newer == NONE)
		o->newest = n->older;
	else
		nodes[n->newer].older = n->older;
	o->count--;
	ours_count -= n->ours;
}

static void
set_ours(struct node *n, bool ours)
{
	if (n->ours == ours)
		return;
	owner_take(n);
	n->ours = ours;
	owner_add(n);
}

static void
unlink_node(struct node *n)
{
	uint32_t *at = &heads[bucket(n->id)], me = (uint32_t)(n - nodes);

	while (*at != me)
		at = &nodes[*at].next;
	*at = n->next;
	set(n, MOVING, MOVE);
	owner_take(n);
	n->used = false;
	count.known--;
}

static void
make_table(void)
{
	uint32_t i, ours;

	nodes = xcalloc(MAILQ_MAX, sizeof *nodes);
	for (i = 0; i < BUCKETS; i++)
		heads[i] = NONE;
	for (ours = 0; ours < 2; ours++) {
		owners[ours] = xcalloc(OWNERS, sizeof *owners[ours]);
		for (i = 0; i < OWNERS; i++)
			owners[ours][i].oldest = owners[ours][i].newest = NONE;
	}
}

static void tell_waiters(const char *id, bool ok, const char *result);

/* Forget n to make place; the row of what is frozen stays. */
static void
evict(struct node *n)
{
	count.forgotten++;
	rows_only |= n->ours;
	if (n->want == DROP)
		tell_waiters(n->id, false, "too many messages; try again");
	unlink_node(n);
}

/* Forget the oldest of uid, rather one that is not frozen. */
static bool
evict_of(uint32_t uid)
{
	unsigned ours;
	uint32_t i;

	for (ours = 0; ours < 2; ours++)
		for (i = owners[ours][uid % OWNERS].oldest; i != NONE; i = nodes[i].newer)
			if (nodes[i].uid == uid) {
				evict(&nodes[i]);
				return true;
			}
	return false;
}

static uint32_t
ours_of(uint32_t uid)
{
	return owners[1] == NULL ? 0 : owners[1][uid % OWNERS].count;
}

/* The next place of the ring; what is frozen is not forgotten for what is another's. */
static struct node *
place_for(uint32_t uid)
{
	if (owners[0][uid % OWNERS].count + ours_of(uid) >= MAILQ_UID_MAX ||
	    ours_count == MAILQ_MAX)
		(void)evict_of(uid);
	if (ours_count == MAILQ_MAX)
		return NULL;
	while (nodes[ring].used && nodes[ring].ours)
		ring = (ring + 1) % MAILQ_MAX;
	if (nodes[ring].used)
		evict(&nodes[ring]);
	return &nodes[ring];
}

void
mailq_add(uint32_t uid, const char *id, uint32_t rcpts, wall_t t)
{
	struct node *n;
	uint32_t *head;

	if (nodes == NULL)
		make_table();
	if (id[0] == '\0' || strlen(id) >= MAILQ_ID)
		return;
	if ((n = find(id)) != NULL)
		unlink_node(
		    n); /* a short id of Postfix comes again: the new owner counts */
	if ((n = place_for(uid)) == NULL) {
		count.forgotten++;
		return;
	}
	memset(n, 0, sizeof *n);
	(void)text_copy(n->id, sizeof n->id, id);
	n->uid = uid;
	n->rcpts = rcpts;
	n->t = t;
	n->used = true;
	head = &heads[bucket(id)];
	n->next = *head;
	*head = ring;
	ring = (ring + 1) % MAILQ_MAX;
	owner_add(n);
	count.known++;
}

/* --- the rows: what we freeze is held mail, and a restart must know of it --- */

static const char *
row_state(const struct node *n)
{
	if (n->want == DROP)
		return "discarding";
	if (n->want == MOVE)
		return "thawing";
	return n->is == FROZEN ? "frozen" : "freezing";
}

static void
put_row_as(const struct node *n, const char *state, const char *result)
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

static void
put_row(const struct node *n)
{
	put_row_as(n, row_state(n), "in the MTA's own queue; released with the account");
}

static void
set_row(const char *id, const char *state, const char *why)
{
	struct err e;

	if (store_held_set_state(hub.store, id, state, 0, why, clock_wall(), &e) != 0)
		hub_store_warn(&e);
}

/* --- who waits for a discard --- */

static void
tell_waiters(const char *id, bool ok, const char *result)
{
	size_t i;

	for (i = 0; i < waiter_count;) {
		struct waiter w = waiters[i];

		if (strcmp(w.id, id) != 0) {
			i++;
			continue;
		}
		waiters[i] = waiters[--waiter_count];
		w.fn(w.arg, id, ok, result);
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

/* --- asking --- */

static void
give_up(struct node *n, const char *why)
{
	count.failed++;
	log_warn("mailq_failed id=%s uid=%u was=%s error=\"%s\"", n->id, (unsigned)n->uid,
		 row_state(n), why);
	alert_degraded("mail-queue",
		       "A message in the MTA's queue could not be changed (%s): %s. "
		       "Look at it by hand.",
		       n->id, why);
	if (n->want == DROP)
		tell_waiters(n->id, false, why);
	set(n, (enum is)n->is, n->is == FROZEN ? FREEZE : MOVE);
	if (n->is == FROZEN) {
		set_row(n->id, "frozen", why);
	} else {
		set_row(n->id, "released", "it could not be frozen");
		set_ours(n, false);
	}
}

static void finish(struct request *r, bool ok, const char *why);

static void
try_later(struct node *n, const char *why)
{
	int64_t ms;

	n->req = 0;
	if (!differs(n))
		return;
	ms = RETRY_MS << (++n->tries < 8 ? n->tries : 8);
	if (n->tries >= (n->want == DROP ? MAILQ_DROP_TRIES : MAILQ_TRIES))
		give_up(n, why);
	else
		n->due = mono_after_ms(loop_now(), ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS);
}

/* It waits for a request; later_us: until then none, when it is not its time yet. */
static bool
may_ask(const struct node *n, mono_t now, int64_t *later_us)
{
	int64_t us;

	if (!n->used || n->req != 0 || !differs(n))
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
	static const uint8_t verb[] = {
	    [MOVE] = QUEUE_THAW, [FREEZE] = QUEUE_FREEZE, [DROP] = QUEUE_DROP};
	struct m_queue m = {.ids = ids};
	struct node *first = NULL;
	mono_t now = loop_now();
	uint32_t i, taken = 0;
	struct err e;

	for (i = 0; i < MAILQ_MAX && taken < MAILQ_BATCH; i++) {
		struct node *n = &nodes[(from + i) % MAILQ_MAX];

		if (!may_ask(n, now, later_us) ||
		    (first != NULL && (n->uid != first->uid || n->want != first->want)))
			continue;
		if (first == NULL)
			first = n;
		(void)strings_add(ids, sizeof ids, &m.ids_len, n->id);
		n->req = (uint8_t)(slot + 1);
		taken++;
		put_row(n);
	}
	if (first == NULL)
		return false;
	from = (uint32_t)(first - nodes) + 1;
	m.asked = ++next_asked;
	m.verb = verb[first->want];
	m.uid = first->uid;
	requests[slot] = (struct request){.asked = m.asked, .want = first->want};
	/* the rows are on the disk before the MTA's queue changes */
	if (store_sync(hub.store, &e) != 0) {
		hub_store_warn(&e);
		/* frozen without a row it would stay so after a restart */
		if (first->want == FREEZE) {
			finish(&requests[slot], false, e.text);
			return true;
		}
	}
	if (m_queue_put(wire_out(), &m, &e) != 0 ||
	    wire_send(&hub.hands, wire_out(), &e) != 0)
		(void)mailq_done(m.asked, false, e.text);
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
	if (count.pending == 0)
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
static void
soon(void)
{
	if (round_soon || count.pending == 0)
		return;
	loop_cancel(round_timer);
	round_soon = true;
	round_timer = loop_once(ROUND_MS, round_due, NULL);
}

/* --- answers --- */

/* The queue has n as it was asked for. */
static void
confirmed(struct node *n, enum want asked)
{
	char id[MAILQ_ID];

	n->req = 0;
	n->tries = 0;
	if (asked == DROP) {
		uint32_t uid = n->uid;

		set_row(n->id, "discarded", "");
		(void)text_copy(id, sizeof id, n->id);
		unlink_node(n);
		tell_waiters(id, true, "discarded");
		if (release_reviewed(uid, "admin"))
			files_recheck(uid); /* as for what is held here */
		return;
	}
	set(n, asked == FREEZE ? FROZEN : MOVING, (enum want)n->want);
	if (differs(n))
		return; /* somebody changed his mind meanwhile */
	if (n->is == FROZEN) {
		set_row(n->id, "frozen",
			"in the MTA's own queue; released with the account");
	} else {
		set_row(n->id, "released", "thawed in the MTA's queue");
		set_ours(n, false);
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
		if (!nodes[i].used || nodes[i].req != slot)
			continue;
		if (ok)
			confirmed(&nodes[i], (enum want)want);
		else
			try_later(&nodes[i], why);
	}
	soon();
}

void
mailq_queued(struct msg *m)
{
	struct m_queued q;
	struct request *r;
	struct strings s;
	struct node *n;
	const char *id;
	struct err e;

	if (m_queued_get(m, &q, &e) != 0 || (r = request_of(q.asked)) == NULL)
		return;
	s = strings_of(q.gone, q.gone_len);
	while ((id = strings_next(&s)) != NULL)
		if ((n = find(id)) != NULL && n->req == (r - requests) + 1)
			mailq_gone(id);
	s = strings_of(q.ids, q.ids_len);
	while ((id = strings_next(&s)) != NULL)
		if ((n = find(id)) != NULL && n->req == (r - requests) + 1)
			try_later(n, q.text);
	finish(r, true, "");
}

bool
mailq_done(uint64_t asked, bool ok, const char *text)
{
	struct request *r;

	if (asked < (ASKED) || asked >= (ASKED_END))
		return false;
	if ((r = request_of(asked)) != NULL) {
		if (!ok)
			log_warn("queue failed=\"%s\"", text);
		finish(r, ok, text);
	}
	return true;
}

void
mailq_hands_gone(void)
{
	unsigned i;

	for (i = 0; i < MAILQ_REQUESTS; i++)
		if (requests[i].asked != 0)
			finish(&requests[i], false, "the process that does it ended");
}

/* --- wishes --- */

static void load_row(const char *id);
static bool load_if_place(void *arg, const struct store_held *v);

static void
want(struct node *n, enum want w)
{
	n->tries = 0;
	n->due = (mono_t){0};
	set(n, (enum is)n->is, w);
	set_ours(n, true);
}

void
mailq_held(uint32_t uid, const char *id, uint32_t rcpts, wall_t t)
{
	struct node *n;

	mailq_add(uid, id, rcpts, t);
	if ((n = find(id)) == NULL) { /* no place: its row is taken up later */
		struct node row = {
		    .uid = uid, .rcpts = rcpts, .t = t, .is = FROZEN, .want = FREEZE};

		if (id[0] == '\0' || !text_copy(row.id, sizeof row.id, id))
			return;
		put_row(&row);
		rows_only = true;
		return;
	}
	set(n, FROZEN, FREEZE);
	set_ours(n, true);
	n->hooked = true;
	put_row(n);
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

	if (ours_of(uid) > 0)
		for (i = owners[1][uid % OWNERS].oldest; i != NONE; i = nodes[i].newer)
			if (nodes[i].uid == uid && nodes[i].want != MOVE)
				return true;
	for (s = 0; rows_only && !found && s < sizeof states / sizeof *states; s++)
		if (store_held_each(hub.store, uid, states[s], 1, is_one, &found, &e) !=
		    0) {
			hub_store_warn(&e);
			return true;
		}
	return found;
}

void
mailq_ticket_set(const char *id, unsigned ticket)
{
	struct node *n = find(id);

	if (n != NULL)
		n->ticket = (uint8_t)ticket;
}

unsigned
mailq_ticket(uint32_t uid, const char *id)
{
	const struct node *n = find(id);

	return n != NULL && n->uid == uid ? n->ticket : 0;
}

bool
mailq_knows(uint32_t uid, const char *id)
{
	const struct node *n = find(id);

	return n != NULL && n->uid == uid && (n->ours || n->hooked);
}

void
mailq_gone(const char *id)
{
	struct node *n = find(id);

	if (n == NULL)
		return;
	if (n->ours)
		set_row(id, n->want == DROP ? "discarded" : "released",
			n->is == FROZEN ? "it left the MTA's queue"
					: "it left the MTA's queue before it was frozen");
	unlink_node(n);
	tell_waiters(id, true, "discarded");
}

void
mailq_freeze(uint32_t uid)
{
	uint32_t i;

	for (i = 0; nodes != NULL && i < MAILQ_MAX; i++)
		if (nodes[i].used && nodes[i].uid == uid && nodes[i].want == MOVE)
			want(&nodes[i], FREEZE);
	soon();
}

static void
let_move(struct node *n)
{
	want(n, MOVE);
	if (differs(n) || n->req != 0)
		return;
	/* it was not frozen yet, and nobody is at it */
	set_row(n->id, "released", "it was not frozen yet");
	set_ours(n, false);
}

void
mailq_thaw(uint32_t uid)
{
	struct err e;
	uint32_t i;

	if (rows_only &&
	    store_held_each(hub.store, uid, "frozen", 0, load_if_place, NULL, &e) != 0)
		hub_store_warn(&e);
	for (i = 0; nodes != NULL && i < MAILQ_MAX; i++) {
		struct node *n = &nodes[i];

		if (!n->used || n->uid != uid || n->want != FREEZE)
			continue;
		let_move(n);
	}
	soon();
}

void
mailq_pass(const char *id)
{
	const struct node *n = find(id);

	if (n != NULL && !n->ours)
		put_row_as(n, "released", "sent while its account is held");
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
	struct node *n = find(id);

	if (n == NULL || n->want != MOVE)
		return;
	want(n, FREEZE);
	soon();
}

bool
mailq_drop(const char *id, mailq_fn fn, void *arg)
{
	struct node *n = find(id);

	if (n == NULL && rows_only) {
		load_row(id);
		n = find(id);
	}
	if (n == NULL || !n->ours || n->want != FREEZE || waiter_count == DROPS_MAX)
		return false;
	if (!wire_up(&hub.hands)) {
		fn(arg, id, false, "the process that does it is not running");
		return true;
	}
	if (waiters == NULL)
		waiters = xcalloc(DROPS_MAX, sizeof *waiters);
	(void)text_copy(waiters[waiter_count].id, MAILQ_ID, id);
	waiters[waiter_count].fn = fn;
	waiters[waiter_count++].arg = arg;
	want(n, DROP);
	soon();
	return true;
}

/* --- rows without a node: after a restart, or when there was no place --- */

static bool
load_one(void *arg, const struct store_held *v)
{
	enum want w = strcmp(v->state, "thawing") == 0      ? MOVE
		      : strcmp(v->state, "discarding") == 0 ? DROP
							    : FREEZE;
	struct node *n;

	(void)arg;
	if (find(v->id) != NULL)
		return true;
	mailq_add((uint32_t)v->uid, v->id, (uint32_t)v->rcpts, v->t);
	if ((n = find(v->id)) != NULL) {
		set(n, strcmp(v->state, "freezing") == 0 ? MOVING : FROZEN, w);
		set_ours(n, true);
		n->hooked = true;
		n->due = mono_after_ms(clock_mono(), RETRY_MS); /* hands starts too */
	}
	return true;
}

/* Where there is place without forgetting what is frozen. */
static bool
load_if_place(void *arg, const struct store_held *v)
{
	if (ours_count >= MAILQ_MAX || ours_of((uint32_t)v->uid) >= MAILQ_UID_MAX)
		rows_only = true;
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
static void
load_row(const char *id)
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

	for (i = 0; nodes != NULL && ours_count > 0 && i < MAILQ_MAX; i++) {
		struct node *n = &nodes[i];

		if (!n->used || !n->ours || n->want != FREEZE)
			continue;
		if (!have || n->uid != last)
			ended = engine_explain(hub.engine, n->uid, &x) &&
				x.state != ACCT_HELD;
		have = true;
		last = n->uid;
		if (!ended)
			continue;
		let_move(n);
	}
}

void
mailq_load(void)
{
	static const char *const states[] = {"frozen", "freezing", "thawing",
					     "discarding"};
	struct err e;
	size_t i;

	rows_only = false;
	for (i = 0; i < sizeof states / sizeof *states; i++)
		if (store_held_each(hub.store, -1, states[i], 0, load_if_place, NULL,
				    &e) != 0) {
			hub_store_warn(&e);
			rows_only = true;
		}
	thaw_left_over();
	soon();
}

void
mailq_minute(void)
{
	if (rows_only)
		mailq_load();
	else
		thaw_left_over();
	soon();
}

struct mailq_counts
mailq_counts(void)
{
	return count;
}
