/*
 * mailq - whose messages are in the MTA's queue
 *
 * Job:     see mailq.h. An open-addressed table by queue id; slots are
 *          reused in the order of a ring, so the oldest goes first.
 * Touches: the link to hands.
 */
#include "mailq.h"

#include <stdlib.h>
#include <string.h>

#include "hub.h"
#include "log.h"
#include "text.h"
#include "xmem.h"

#define BUCKETS 65536
#define NONE UINT32_MAX
#define BATCH_BYTES 100000 /* ids in one QUEUE message */

static struct node {
	struct mailq_entry e;
	bool used;
	uint32_t next;
} * nodes; /* MAILQ_MAX, made when first needed */
static uint32_t heads[BUCKETS], ring;
static struct mailq_counts count;
static uint64_t next_asked = 3ULL << 32; /* apart from the numbers of other verbs */

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
		if (strcmp(nodes[i].e.id, id) == 0)
			return &nodes[i];
	return NULL;
}

static void
unlink_node(struct node *n)
{
	uint32_t *at = &heads[bucket(n->e.id)], me = (uint32_t)(n - nodes);

	while (*at != me)
		at = &nodes[*at].next;
	*at = n->next;
	n->used = false;
	count.known--;
	count.frozen -= n->e.frozen;
}

static void
make_table(void)
{
	uint32_t i;

	nodes = xcalloc(MAILQ_MAX, sizeof *nodes);
	for (i = 0; i < BUCKETS; i++)
		heads[i] = NONE;
}

void
mailq_add(uint32_t uid, const char *id, uint32_t rcpts, wall_t t)
{
	struct node *n;
	uint32_t *head, tries;

	if (nodes == NULL)
		make_table();
	if (id[0] == '\0' || strlen(id) >= MAILQ_ID)
		return;
	if ((n = find(id)) != NULL)
		unlink_node(
		    n); /* a short id of Postfix comes again: the new owner counts */
	/* what is frozen is not forgotten for what merely passes through */
	for (tries = 0; tries < MAILQ_MAX / 2 && nodes[ring].used && nodes[ring].e.frozen;
	     tries++)
		ring = (ring + 1) % MAILQ_MAX;
	n = &nodes[ring];
	ring = (ring + 1) % MAILQ_MAX;
	if (n->used) {
		count.forgotten++;
		unlink_node(n);
	}
	memset(n, 0, sizeof *n);
	(void)text_copy(n->e.id, sizeof n->e.id, id);
	n->e.uid = uid;
	n->e.rcpts = rcpts;
	n->e.t = t;
	n->used = true;
	head = &heads[bucket(id)];
	n->next = *head;
	*head = ring == 0 ? MAILQ_MAX - 1 : ring - 1;
	count.known++;
}

/*
 * What we froze is held mail: it has a row, written before the freeze is asked for, so
 * that a restart knows what it has to thaw.
 */
static void
keep_row(const struct mailq_entry *q)
{
	struct store_held row = {.id = q->id,
				 .login = hub_login(q->uid),
				 .from = "",
				 .subject = "",
				 .script = "",
				 .reason = "held",
				 .state = "frozen",
				 .result =
				     "in the MTA's own queue; released with the account",
				 .uid = q->uid,
				 .rcpts = q->rcpts,
				 .t = q->t,
				 .state_t = clock_wall()};
	struct err e;

	if (store_held_put(hub.store, &row, &e) != 0)
		hub_store_warn(&e);
}

static void
end_row(const char *id, const char *state, const char *why)
{
	struct err e;

	if (store_held_set_state(hub.store, id, state, 0, why, clock_wall(), &e) != 0)
		hub_store_warn(&e);
}

void
mailq_gone(const char *id)
{
	struct node *n = find(id);

	if (n == NULL)
		return;
	if (n->e.frozen)
		end_row(id, "released", "it left the MTA's queue");
	unlink_node(n);
}

static void
send_queue(enum queue_verb verb, uint32_t uid, const char *ids, size_t len)
{
	struct m_queue m = {
	    .asked = next_asked++, .verb = verb, .uid = uid, .ids = ids, .ids_len = len};
	struct err e;

	if (len == 0)
		return;
	if (m_queue_put(wire_out(), &m, &e) != 0 ||
	    wire_send(&hub.hands, wire_out(), &e) != 0) {
		count.failed++;
		log_warn("queue verb=%u uid=%u error=\"%s\"", verb, uid, e.text);
	}
}

/* Every message of uid whose frozen is not `to`: set it so, a few thousand ids a message.
 */
static void
set_frozen(uint32_t uid, bool to)
{
	static char ids[BATCH_BYTES];
	size_t len = 0;
	uint32_t i;

	for (i = 0; nodes != NULL && i < MAILQ_MAX; i++) {
		struct node *n = &nodes[i];

		if (!n->used || n->e.uid != uid || n->e.frozen == to)
			continue;
		n->e.frozen = to;
		if (to)
			keep_row(&n->e);
		else
			end_row(n->e.id, "released", "thawed in the MTA's queue");
		count.frozen = to ? count.frozen + 1 : count.frozen - 1;
		if (!strings_add(ids, sizeof ids, &len, n->e.id)) {
			send_queue(to ? QUEUE_FREEZE : QUEUE_THAW, uid, ids, len);
			len = 0;
			(void)strings_add(ids, sizeof ids, &len, n->e.id);
		}
	}
	send_queue(to ? QUEUE_FREEZE : QUEUE_THAW, uid, ids, len);
}

void
mailq_freeze(uint32_t uid)
{
	set_frozen(uid, true);
}

void
mailq_thaw(uint32_t uid)
{
	set_frozen(uid, false);
}

void
mailq_freeze_one(const char *id)
{
	struct node *n = find(id);

	if (n == NULL || n->e.frozen)
		return;
	n->e.frozen = true;
	count.frozen++;
	keep_row(&n->e);
	send_queue(QUEUE_FREEZE, n->e.uid, n->e.id, strlen(n->e.id) + 1);
}

bool
mailq_drop(const char *id)
{
	struct node *n = find(id);

	if (n == NULL || !n->e.frozen)
		return false;
	send_queue(QUEUE_DROP, n->e.uid, n->e.id, strlen(n->e.id) + 1);
	end_row(id, "discarded", "");
	unlink_node(n);
	return true;
}

static bool
load_one(void *arg, const struct store_held *v)
{
	struct node *n;

	(void)arg;
	mailq_add((uint32_t)v->uid, v->id, (uint32_t)v->rcpts, v->t);
	if ((n = find(v->id)) != NULL && !n->e.frozen) {
		n->e.frozen = true;
		count.frozen++;
	}
	return true;
}

void
mailq_load(void)
{
	struct err e;

	if (store_held_each(hub.store, -1, "frozen", 0, load_one, NULL, &e) != 0)
		hub_store_warn(&e);
}

struct mailq_counts
mailq_counts(void)
{
	return count;
}

bool
mailq_done(uint64_t asked, bool ok, const char *text)
{
	if (asked < (3ULL << 32) || asked >= (4ULL << 32))
		return false;
	if (!ok) {
		count.failed++;
		log_warn("queue failed=\"%s\"", text);
	}
	return true;
}
