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

#define STORE_NAME "brakes"

/* What is braked survives a restart: the MTA still holds it. */
void
brakes_keep(void)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	struct err e;

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
	}
	if (fclose(f) == 0 && store_kv_put(hub.store, STORE_NAME, text, n, &e) != 0)
		hub_store_warn(&e);
	free(text);
}

void
brakes_restore(void)
{
	char text[8192], name[64];
	size_t n = 0;
	struct err e;

	if (store_kv_get(hub.store, STORE_NAME, text, sizeof(text) - 1, &n, &e) != 1)
		return;
	text[n < sizeof(text) - 1 ? n : sizeof(text) - 1] = '\0';
	for (char *p = text, *nl; *p != '\0'; p = nl + 1) {
		int state, cause, id;
		long long since, until, hold;
		unsigned relapses, pace;

		if ((nl = strchr(p, '\n')) == NULL)
			break;
		if (sscanf(p, "%63s %d %d %lld %lld %lld %u %u", name, &state, &cause,
			   &since, &until, &hold, &relapses, &pace) != 8 ||
		    (id = provider_by_name(brakes.table, name)) < 0 || state < 0 ||
		    state > BRAKE_PACED || cause < 0 || cause > BRAKE_BY_ADMIN)
			continue;
		brakes.desk[id].brake =
		    (struct brake){.state = (enum brake_state)state,
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
}
