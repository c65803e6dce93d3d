/*
 * findings - see findings.h
 *
 * Job:     see findings.h.
 * Touches: the store.
 */
#include "findings.h"

#include <inttypes.h>

#include "hub.h"
#include "log.h"

static struct kept {
	int64_t uid;
	uint64_t count; /* at least; one put again is counted again; 0: slot unused */
	uint64_t forgotten;
} kept[FINDINGS_UIDS];
static uint64_t forgotten;

static struct kept *
slot(int64_t uid)
{
	return &kept[(uint64_t)uid * UINT64_C(0x9e3779b97f4a7c15) % FINDINGS_UIDS];
}

void
findings_added(int64_t uid, uint64_t n)
{
	struct kept *k = slot(uid);
	struct err e;

	if (n == 0)
		return;
	if (k->uid != uid || k->count == 0)
		*k = (struct kept){.uid = uid, .count = FINDINGS_MAX};
	k->count += n;
	if (k->count <= FINDINGS_MAX)
		return;
	/* the true number: it costs a walk, and the next one comes after as many more as
	 * there is room for */
	if (store_finding_count(hub.store, uid, &k->count, &e) != 0) {
		hub_store_warn(&e);
		return;
	}
	k->count += k->count == 0;
	if (k->count + FINDINGS_TRIM / 8 <= FINDINGS_MAX)
		return;
	n = k->count + FINDINGS_TRIM - FINDINGS_MAX;
	if (store_finding_trim(hub.store, uid, n, &e) != 0) {
		hub_store_warn(&e);
		return;
	}
	k->count -= n;
	k->forgotten += n;
	forgotten += n;
	log_warn_rate("findings", 60, "findings uid=%" PRId64 " forgotten=%" PRIu64, uid,
		      k->forgotten);
}

uint64_t
findings_forgotten(void)
{
	return forgotten;
}

uint64_t
findings_forgotten_of(int64_t uid)
{
	struct kept *k = slot(uid);

	return k->uid == uid ? k->forgotten : 0;
}
