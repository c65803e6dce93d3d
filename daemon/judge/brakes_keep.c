/*
 * brakes_keep - brakes over a restart
 *
 * Job:     their states as one value in the store, and back.
 * Touches: the store.
 */
#include "brakes_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub.h"
#include "xmem.h"

#define STORE_NAME "brakes"
#define KEPT_MAX 1048576 /* BRAKES_LEARNED lines and a line a provider */

/* What is braked survives a restart: the MTA still holds it. */
void
brakes_keep(void)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	struct err e;

	brakes.keep_changed = false;
	if (f == NULL)
		return;
	for (unsigned i = 0; i < provider_count(brakes.table); i++) {
		const struct brake *b = &brakes.desk[i].brake;

		if (b->state != BRAKE_CLEAR || b->relapses != 0)
			fprintf(f, "%s %d %d %lld %lld %lld %u %u\n",
				provider_name(brakes.table, (int)i), (int)b->state,
				(int)b->cause, (long long)b->since.us,
				(long long)b->until.us, (long long)b->hold_s, b->relapses,
				b->pace);
		if (brake_holds(b))
			brakes_list_write(f, (int)i);
	}
	if (fclose(f) == 0 && store_kv_put(hub.store, STORE_NAME, text, n, &e) != 0)
		hub_store_warn(&e);
	free(text);
}

/* "name state cause since until hold relapses pace" */
static void
restore_brake(const char *line)
{
	char name[64];
	int state, cause, id;
	long long since, until, hold;
	unsigned relapses, pace;

	if (sscanf(line, "%63s %d %d %lld %lld %lld %u %u", name, &state, &cause, &since,
		   &until, &hold, &relapses, &pace) != 8 ||
	    (id = provider_by_name(brakes.table, name)) < 0 || state < 0 ||
	    state > BRAKE_PACED || cause < 0 || cause > BRAKE_BY_ADMIN)
		return;
	brakes.desk[id].brake = (struct brake){.state = (enum brake_state)state,
					       .cause = (enum brake_cause)cause,
					       .since = {since},
					       .until = {until},
					       .hold_s = hold,
					       .relapses = relapses > 16 ? 16 : relapses,
					       .pace = pace > 1000 ? 1000 : pace};
	/* what waits is learnt anew from the log: probe first */
	if (state == BRAKE_PACED || state == BRAKE_PROBING)
		brakes.desk[id].brake.owed = 1;
}

void
brakes_restore(void)
{
	char *text = xcalloc(KEPT_MAX, 1), domain[254], name[64];
	size_t n = 0;
	struct err e;
	int id;

	if (store_kv_get(hub.store, STORE_NAME, text, KEPT_MAX - 1, &n, &e) == 1 &&
	    n < KEPT_MAX)
		for (char *p = text, *nl; (nl = strchr(p, '\n')) != NULL; p = nl + 1) {
			*nl = '\0';
			if (*p != '+')
				restore_brake(p);
			else if (sscanf(p, "+ %63s %253s", name, domain) == 2 &&
				 (id = provider_by_name(brakes.table, name)) >= 0)
				brakes_list_learn(domain, id);
		}
	free(text);
}
