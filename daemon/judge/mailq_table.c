/*
 * mailq_table - the messages that are known to be in the MTA's queue
 *
 * Job:     see mailq_int.h. An open-addressed table by queue id; slots are
 *          reused in the order of a ring, so the oldest goes first.
 * Touches: nothing.
 */
#include "mailq_int.h"

#include <string.h>

#include "text.h"
#include "xmem.h"

#define BUCKETS 65536

struct mailq mailq;
static uint32_t heads[BUCKETS], ring;

static uint32_t
bucket(const char *id)
{
	return (uint32_t)(text_hash(id, strlen(id)) >> 32) % BUCKETS;
}

struct mailq_node *
mailq_find(const char *id)
{
	uint32_t i;

	if (mailq.nodes == NULL)
		return NULL;
	for (i = heads[bucket(id)]; i != MAILQ_NONE; i = mailq.nodes[i].next)
		if (strcmp(mailq.nodes[i].id, id) == 0)
			return &mailq.nodes[i];
	return NULL;
}

/* It is not yet as it shall be. */
bool
mailq_differs(const struct mailq_node *n)
{
	return n->want == MAILQ_DROP ||
	       (n->want == MAILQ_FREEZE) != (n->is == MAILQ_FROZEN);
}

void
mailq_set(struct mailq_node *n, enum mailq_is is, enum mailq_wish want)
{
	mailq.count.frozen -= n->is == MAILQ_FROZEN;
	mailq.count.pending -= mailq_differs(n);
	n->is = (uint8_t)is;
	n->want = (uint8_t)want;
	mailq.count.frozen += n->is == MAILQ_FROZEN;
	mailq.count.pending += mailq_differs(n);
}

static struct mailq_owner *
owner_of(const struct mailq_node *n)
{
	return &mailq.owners[n->ours][n->uid % MAILQ_OWNERS];
}

static void
owner_add(struct mailq_node *n)
{
	struct mailq_owner *o = owner_of(n);
	uint32_t me = (uint32_t)(n - mailq.nodes);

	n->newer = MAILQ_NONE;
	n->older = o->newest;
	if (o->newest == MAILQ_NONE)
		o->oldest = me;
	else
		mailq.nodes[o->newest].newer = me;
	o->newest = me;
	o->count++;
	mailq.ours_count += n->ours;
}

static void
owner_take(struct mailq_node *n)
{
	struct mailq_owner *o = owner_of(n);

	if (n->older == MAILQ_NONE)
		o->oldest = n->newer;
	else
		mailq.nodes[n->older].newer = n->newer;
	if (n->newer == MAILQ_NONE)
		o->newest = n->older;
	else
		mailq.nodes[n->newer].older = n->older;
	o->count--;
	mailq.ours_count -= n->ours;
}

void
mailq_set_ours(struct mailq_node *n, bool ours)
{
	if (n->ours == ours)
		return;
	owner_take(n);
	n->ours = ours;
	owner_add(n);
}

void
mailq_unlink(struct mailq_node *n)
{
	uint32_t *at = &heads[bucket(n->id)], me = (uint32_t)(n - mailq.nodes);

	while (*at != me)
		at = &mailq.nodes[*at].next;
	*at = n->next;
	mailq_set(n, MAILQ_MOVING, MAILQ_MOVE);
	owner_take(n);
	n->used = false;
	mailq.count.known--;
}

static void
make_table(void)
{
	uint32_t i, ours;

	mailq.nodes = xcalloc(MAILQ_MAX, sizeof *mailq.nodes);
	for (i = 0; i < BUCKETS; i++)
		heads[i] = MAILQ_NONE;
	for (ours = 0; ours < 2; ours++) {
		mailq.owners[ours] = xcalloc(MAILQ_OWNERS, sizeof *mailq.owners[ours]);
		for (i = 0; i < MAILQ_OWNERS; i++)
			mailq.owners[ours][i].oldest = mailq.owners[ours][i].newest =
			    MAILQ_NONE;
	}
}

/* Forget n to make place; the row of what is frozen stays. */
static void
evict(struct mailq_node *n)
{
	mailq.count.forgotten++;
	mailq.rows_only |= n->ours;
	if (n->want == MAILQ_DROP)
		mailq_tell(n->id, "frozen", "too many messages; try again");
	mailq_unlink(n);
}

/* Forget the oldest of uid, rather one that is not frozen. */
static bool
evict_of(uint32_t uid)
{
	unsigned ours;
	uint32_t i;

	for (ours = 0; ours < 2; ours++)
		for (i = mailq.owners[ours][uid % MAILQ_OWNERS].oldest; i != MAILQ_NONE;
		     i = mailq.nodes[i].newer)
			if (mailq.nodes[i].uid == uid) {
				evict(&mailq.nodes[i]);
				return true;
			}
	return false;
}

uint32_t
mailq_ours_of(uint32_t uid)
{
	return mailq.owners[1] == NULL ? 0 : mailq.owners[1][uid % MAILQ_OWNERS].count;
}

/* The next place of the ring; what is frozen is not forgotten for what is another's. */
static struct mailq_node *
place_for(uint32_t uid)
{
	if (mailq.owners[0][uid % MAILQ_OWNERS].count + mailq_ours_of(uid) >=
		MAILQ_UID_MAX ||
	    mailq.ours_count == MAILQ_MAX)
		(void)evict_of(uid);
	if (mailq.ours_count == MAILQ_MAX)
		return NULL;
	while (mailq.nodes[ring].used && mailq.nodes[ring].ours)
		ring = (ring + 1) % MAILQ_MAX;
	if (mailq.nodes[ring].used)
		evict(&mailq.nodes[ring]);
	return &mailq.nodes[ring];
}

void
mailq_add(uint32_t uid, const char *id, uint32_t rcpts, wall_t t)
{
	struct mailq_node *n;
	uint32_t *head;

	if (mailq.nodes == NULL)
		make_table();
	if (id[0] == '\0' || strlen(id) >= MAILQ_ID)
		return;
	if ((n = mailq_find(id)) != NULL)
		mailq_unlink(
		    n); /* a short id of Postfix comes again: the new owner counts */
	if ((n = place_for(uid)) == NULL) {
		mailq.count.forgotten++;
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
	mailq.count.known++;
}
