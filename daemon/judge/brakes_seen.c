/*
 * brakes_seen - refusals that are shown
 *
 * Job:     the last refusals of our address by each provider, and those no row knows.
 * Touches: nothing.
 */
#include "brakes_int.h"

#include <string.h>

#include "text.h"

static struct brake_unknown unknown[BRAKES_UNKNOWN];
static unsigned unknown_count;

unsigned
brakes_samples(int provider, const struct brake_sample **out)
{
	unsigned n = brakes.desk[provider].samples;

	*out = brakes.desk[provider].sample;
	return n < BRAKES_SAMPLES ? n : BRAKES_SAMPLES;
}

unsigned
brakes_unknown(const struct brake_unknown **out)
{
	*out = unknown;
	return unknown_count;
}

void
brakes_seen_sample(const struct m_outcome *o, const struct provider_verdict *v,
		   int64_t uid)
{
	struct brake_desk *d = &brakes.desk[v->provider_id];
	struct brake_sample *s = &d->sample[d->samples++ % BRAKES_SAMPLES];
	const char *at = strrchr(o->sender, '@');

	s->t = (wall_t){o->time_us};
	s->uid = uid;
	s->code = (int)o->code;
	s->scope = v->scope;
	(void)text_copy(s->row, sizeof(s->row), v->row);
	(void)text_copy(s->text, sizeof(s->text), o->text);
	(void)text_copy(s->domain, sizeof(s->domain), at == NULL ? "" : at + 1);
}

void
brakes_seen_unknown(const struct m_outcome *o, const struct provider_verdict *v)
{
	char text[320];
	struct brake_unknown *u = NULL;

	(void)provider_reply_text(text, sizeof(text), (int)o->code, o->text,
				  strlen(o->text));
	for (unsigned i = 0; i < unknown_count && u == NULL; i++)
		if (strcmp(unknown[i].text, text) == 0)
			u = &unknown[i];
	if (u == NULL && unknown_count < BRAKES_UNKNOWN)
		u = &unknown[unknown_count++];
	for (unsigned i = 0; u == NULL && i < BRAKES_UNKNOWN; i++)
		if (unknown[i].count <= 1) { /* full: one that came once makes room */
			u = &unknown[i];
			u->count = 0;
		}
	if (u == NULL)
		return;
	if (u->count++ == 0) {
		(void)text_copy(u->text, sizeof(u->text), text);
		(void)text_copy(u->provider, sizeof(u->provider), v->provider);
		u->code = (int)o->code;
		u->first = (wall_t){o->time_us};
	}
	u->last = (wall_t){o->time_us};
}
