/*
 * targets - where an account's own mail goes on to
 *
 * Job:     see targets.h.
 * Touches: nothing but its table.
 */
#include "targets.h"

#include <string.h>

#include "text.h"

#define PROBES 8

/* The addresses themselves, not hashes: a sender picks them, and would pick equal ones.
 */
struct target {
	char address[TARGETS_LENGTH]; /* "" unused */
	mono_t last;
};

static struct account {
	uint32_t uid, had; /* had: new ones, so far */
	bool used;
	mono_t last;
	struct target list[TARGETS];
} accounts[TARGETS_UIDS];

static struct account *
account_of(uint32_t uid)
{
	uint32_t h = uid * 2654435761U, i;
	struct account *oldest = NULL;

	for (i = 0; i < PROBES; i++) {
		struct account *a = &accounts[(h + i) % TARGETS_UIDS];

		if (a->used && a->uid == uid)
			return a;
		if (oldest == NULL || (!a->used && oldest->used) ||
		    (a->used == oldest->used && a->last.us < oldest->last.us))
			oldest = a;
	}
	memset(oldest, 0, sizeof *oldest);
	oldest->uid = uid;
	oldest->used = true;
	return oldest;
}

bool
targets_known(uint32_t uid, const char *address, mono_t now)
{
	struct account *a = account_of(uid);
	struct target *oldest = &a->list[0];
	char name[TARGETS_LENGTH];
	uint32_t i;

	a->last = now;
	if (address[0] == '\0' || !text_copy(name, sizeof name, address))
		return false;
	(void)text_lower(name);
	for (i = 0; i < TARGETS; i++) {
		struct target *t = &a->list[i];

		if (strcmp(t->address, name) == 0) {
			t->last = now;
			return true;
		}
		if (t->last.us < oldest->last.us)
			oldest = t;
	}
	memcpy(oldest->address, name, sizeof name);
	oldest->last = now;
	a->had += a->had <= TARGETS_FREE;
	return a->had <= TARGETS_FREE;
}
