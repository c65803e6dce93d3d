/*
 * forwards - mail that no account here sent, by where it went
 *
 * Job:     see forwards.h.
 * Touches: nothing.
 */
#include "forwards.h"

#include <string.h>
#include <strings.h>

#include "text.h"

static struct forward list[FORWARDS_MAX];
static unsigned count;
static struct forward_count all[PROVIDER_MAX], forwarded[PROVIDER_MAX];

static void
add(struct forward_count *n, bool sent)
{
	n->sent += sent;
	n->failed += !sent;
}

/* Found, or a new one in place of the one with the least mail. */
static struct forward *
slot(const char *address, int provider)
{
	struct forward *least = &list[0];

	for (unsigned i = 0; i < count; i++) {
		struct forward *f = &list[i];

		if (strcasecmp(f->address, address) == 0)
			return f;
		if (f->n.sent + f->n.failed < least->n.sent + least->n.failed)
			least = f;
	}
	if (count < FORWARDS_MAX)
		least = &list[count++];
	memset(least, 0, sizeof(*least));
	(void)text_copy(least->address, sizeof(least->address), address);
	least->provider = provider;
	return least;
}

void
forwards_outcome(const struct m_outcome *o, int provider, int64_t uid, bool sent)
{
	if (provider < 0 || provider >= PROVIDER_MAX)
		return;
	add(&all[provider], sent);
	if (uid >= 0 || (o->flags & OUTCOME_BOUNCE) != 0)
		return;
	add(&forwarded[provider], sent);
	if (strlen(o->rcpt) < sizeof(list[0].address))
		add(&slot(o->rcpt, provider)->n, sent);
}

const struct forward *
forwards_get(unsigned i)
{
	return i < count ? &list[i] : NULL;
}

struct forward_count
forwards_all(int provider)
{
	return all[provider];
}

struct forward_count
forwards_forwarded(int provider)
{
	return forwarded[provider];
}
