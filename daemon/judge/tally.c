/*
 * tally - what became of the mail to each provider, and by whose doing
 *
 * Job:     see tally.h: who is worst, and how sure that is.
 * Touches: nothing.
 */
#include "tally.h"

#include <stddef.h>

#include "volume.h"

const struct tally_who *
tally_worst(const struct tally *t)
{
	const struct tally_who *w = NULL;

	for (unsigned i = 0; i < t->whos; i++)
		if (t->who[i].failed > 0 && (w == NULL || t->who[i].failed > w->failed))
			w = &t->who[i];
	return w;
}

const struct tally_who *
tally_driver(const struct tally *t, uint64_t least)
{
	for (unsigned i = 0; i < t->whos; i++) {
		const struct tally_who *w = &t->who[i];

		if (w->fault + w->sent >= least && w->fault * 2 > t->fault)
			return w;
	}
	return NULL;
}

double
tally_low_percent(uint64_t part, uint64_t whole)
{
	while (whole > UINT32_MAX) {
		part /= 2;
		whole /= 2;
	}
	return wilson_low_ppm((uint32_t)part, (uint32_t)whole) / 10000.0;
}
