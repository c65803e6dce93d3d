/*
 * held_count - held mail on disk: how much of it, and for whom
 *
 * Job:     see held.h and held_int.h.
 * Touches: nothing.
 */
#include "held_int.h"

#include <stdlib.h>

#include "xmem.h"

static struct usage *
usage_slot(struct usage *slots, size_t count, uid_t uid)
{
	size_t i = ((size_t)uid * 2654435761u) & (count - 1);

	while (slots[i].used && slots[i].uid != uid)
		i = (i + 1) & (count - 1);
	return &slots[i];
}

/* NULL: HELD_UIDS accounts are counted already. */
static struct usage *
usage_of(struct held_dir *d, uid_t uid, bool make)
{
	struct usage *u = usage_slot(d->slots, d->slot_count, uid);
	size_t i;

	if (u->used || !make)
		return u->used ? u : NULL;
	if (d->slot_used >= HELD_UIDS)
		return NULL;
	if (d->slot_used * 2 >= d->slot_count) {
		struct usage *wider = xcalloc(d->slot_count * 2, sizeof *wider);

		for (i = 0; i < d->slot_count; i++)
			if (d->slots[i].used)
				*usage_slot(wider, d->slot_count * 2, d->slots[i].uid) =
				    d->slots[i];
		free(d->slots);
		d->slots = wider;
		d->slot_count *= 2;
		u = usage_slot(d->slots, d->slot_count, uid);
	}
	d->slot_used++;
	*u = (struct usage){.used = true, .uid = uid};
	return u;
}

void
held_count_add(struct held_dir *d, uid_t uid, uint64_t bytes)
{
	struct usage *u = usage_of(d, uid, true);

	d->messages++;
	d->bytes += bytes;
	if (u != NULL) {
		u->messages++;
		u->bytes += bytes;
	}
}

static void
usage_sub(struct held_dir *d, uid_t uid, uint64_t bytes)
{
	struct usage *u = usage_of(d, uid, false);

	d->messages -= d->messages > 0;
	d->bytes -= bytes < d->bytes ? bytes : d->bytes;
	if (u != NULL) {
		u->messages -= u->messages > 0;
		u->bytes -= bytes < u->bytes ? bytes : u->bytes;
	}
}

static void
usage_get(const struct held_dir *d, uid_t uid, uint64_t *messages_out,
	  uint64_t *bytes_out)
{
	const struct usage *u;

	if (uid == (uid_t)-1) {
		*messages_out = d->messages;
		*bytes_out = d->bytes;
		return;
	}
	u = usage_slot(d->slots, d->slot_count, uid);
	*messages_out = u->used ? u->messages : 0;
	*bytes_out = u->used ? u->bytes : 0;
}

void
held_usage(struct held_dir *d, uid_t uid, uint64_t *messages_out, uint64_t *bytes_out)
{
	(void)pthread_mutex_lock(&d->lock);
	usage_get(d, uid, messages_out, bytes_out);
	(void)pthread_mutex_unlock(&d->lock);
}

/* Take back what was counted. */
void
held_count_take_back(struct held_dir *d, uid_t uid, uint64_t bytes)
{
	(void)pthread_mutex_lock(&d->lock);
	usage_sub(d, uid, bytes);
	(void)pthread_mutex_unlock(&d->lock);
}

int
held_check_quota(struct held_dir *d, const struct conf *c, uid_t uid, uint64_t bytes,
		 struct err *e)
{
	uint64_t messages, held_bytes;
	int64_t avail = held_free_bytes(d);

	usage_get(d, uid, &messages, &held_bytes);
	if (messages + 1 > (uint64_t)c->held_messages_max)
		return err_set(e, ERR_AGAIN,
			       "uid %u: %llu messages are held (held_messages_max %lld)",
			       (unsigned)uid, (unsigned long long)messages,
			       (long long)c->held_messages_max);
	if (held_bytes + bytes > (uint64_t)c->held_bytes_max)
		return err_set(e, ERR_AGAIN,
			       "uid %u: %llu bytes are held, %llu more would be above "
			       "held_bytes_max %lld",
			       (unsigned)uid, (unsigned long long)held_bytes,
			       (unsigned long long)bytes, (long long)c->held_bytes_max);
	if (avail >= 0 && (uint64_t)avail < bytes + (uint64_t)c->held_free_min)
		return err_set(e, ERR_AGAIN,
			       "%lld bytes are free, %llu would leave less than "
			       "held_free_min %lld",
			       (long long)avail, (unsigned long long)bytes,
			       (long long)c->held_free_min);
	if (usage_of(d, uid, true) == NULL)
		return err_set(e, ERR_AGAIN, "mail of %d accounts is held already",
			       HELD_UIDS);
	return 0;
}
