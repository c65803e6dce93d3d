/*
 * acct_table - where the records of accounts, scripts and findings are
 *
 * Job:     find, make, drop; every table has a maximum and says what happens when full.
 * Touches: heap.
 */
#include "acct.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "xmem.h"

static size_t
slot_of(uint32_t uid, size_t count)
{
	return (size_t)((uid * 2654435761U) >> 3) & (count - 1);
}

struct acct *
acct_find(const struct engine *e, uint32_t uid)
{
	for (size_t i = slot_of(uid, e->slot_count);; i = (i + 1) & (e->slot_count - 1)) {
		if (e->slots[i] == NULL)
			return NULL;
		if (e->slots[i]->uid == uid)
			return e->slots[i];
	}
}

static void
place(struct acct **slots, size_t count, struct acct *a)
{
	size_t i = slot_of(a->uid, count);

	while (slots[i] != NULL)
		i = (i + 1) & (count - 1);
	slots[i] = a;
}

void
acct_insert(struct engine *e, struct acct *a)
{
	if ((e->used + 1) * 2 > e->slot_count) {
		size_t count = e->slot_count * 2;
		struct acct **slots = xcalloc(count, sizeof(*slots));

		for (size_t i = 0; i < e->slot_count; i++)
			if (e->slots[i] != NULL)
				place(slots, count, e->slots[i]);
		free(e->slots);
		e->slots = slots;
		e->slot_count = count;
	}
	place(e->slots, e->slot_count, a);
	e->used++;
}

struct acct *
acct_blank(uint32_t uid)
{
	struct acct *a = xcalloc(1, sizeof(*a));

	a->uid = uid;
	return a;
}

static void
script_free(struct script *s)
{
	free(s->login);
	free(s->name);
	free(s);
}

void
acct_free(struct acct *a)
{
	if (a == NULL)
		return;
	for (uint32_t i = 0; i < a->script_count; i++)
		script_free(a->scripts[i]);
	for (uint32_t i = 0; i < a->finding_count; i++) {
		free(a->findings[i].path);
		free(a->findings[i].rules);
	}
	people_free(&a->buyers);
	free(a->scripts);
	free(a->findings);
	free(a->culprit);
	free(a->last_script);
	free(a);
}

void
acct_drop(struct engine *e, uint32_t uid)
{
	size_t mask = e->slot_count - 1, i = slot_of(uid, e->slot_count), j;

	while (e->slots[i] != NULL && e->slots[i]->uid != uid)
		i = (i + 1) & mask;
	if (e->slots[i] == NULL)
		return;
	acct_free(e->slots[i]);
	e->slots[i] = NULL;
	e->used--;
	for (j = (i + 1) & mask; e->slots[j] != NULL; j = (j + 1) & mask) {
		struct acct *a = e->slots[j];

		e->slots[j] = NULL;
		place(e->slots, e->slot_count, a);
	}
}

/* A uid that belongs to another user now is another account: nothing is inherited. */
static struct acct *
new_owner(struct engine *e, struct acct *a, const char *user)
{
	uint32_t uid = a->uid;
	struct decision d = {.t = wall_from_s(e->wall_s),
			     .uid = uid,
			     .user = user,
			     .from = a->state,
			     .to = ACCT_CLEAR,
			     .why = REASON_NEW_OWNER,
			     .facts = "",
			     .who = "policy",
			     .script = ""};

	acct_drop(e, uid);
	if (e->on_decision != NULL)
		e->on_decision(e->ctx, &d);
	return NULL;
}

struct acct *
acct_get(struct engine *e, uint32_t uid, const char *user, wall_t t)
{
	struct acct *a;
	bool other = false;

	engine_advance(e, t);
	a = acct_find(e, uid);
	if (a != NULL && user != NULL && user[0] != '\0' && a->user[0] != '\0' &&
	    strncmp(a->user, user, sizeof(a->user) - 1) != 0) {
		a = new_owner(e, a, user);
		other = true;
	}
	if (a == NULL && (int64_t)e->used >= e->conf.accounts_max) {
		e->stats.accounts_refused++;
		return e->crowd;
	}
	if (a == NULL) {
		a = acct_blank(uid);
		a->first_s = a->since_s = e->now_s;
		a->since_wall_s = e->wall_s;
		a->learn_from_s = other ? e->now_s : 0;
		acct_insert(e, a);
	}
	if (a->salt == 0)
		a->salt = e->salt ^ ((uint64_t)uid << 32 | uid);
	if (user != NULL && a->user[0] == '\0')
		text_copy(a->user, sizeof(a->user), user);
	a->dirty = true;
	return a;
}

static int
script_cmp(const struct script *s, uint64_t key, const char *name)
{
	if (s->key != key)
		return s->key < key ? -1 : 1;
	return strncmp(s->name, name, SCRIPT_NAME_MAX - 1);
}

static uint32_t
script_place(const struct acct *a, uint64_t key, const char *name)
{
	uint32_t lo = 0, hi = a->script_count;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (script_cmp(a->scripts[mid], key, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void
acct_script_insert(struct acct *a, struct script *s)
{
	uint32_t at = script_place(a, s->key, s->name);

	if (a->script_count == a->script_room) {
		a->script_room = a->script_room == 0 ? 4 : a->script_room * 2;
		a->scripts =
		    xreallocarray(a->scripts, a->script_room, sizeof(*a->scripts));
	}
	memmove(a->scripts + at + 1, a->scripts + at,
		(a->script_count - at) * sizeof(*a->scripts));
	a->scripts[at] = s;
	a->script_count++;
}

/*
 * Room for one more: the script with the least history goes, the oldest of those first. A
 * tenant who makes up names drops his own made-up names by that, not the shop's history.
 */
static void
make_room(struct acct *a, int64_t max)
{
	uint32_t least = 0;

	if (a->script_count < (uint32_t)max)
		return;
	for (uint32_t i = 1; i < a->script_count; i++) {
		const struct script *s = a->scripts[i], *l = a->scripts[least];

		if (s->active_days < l->active_days ||
		    (s->active_days == l->active_days && s->last_s < l->last_s))
			least = i;
	}
	script_free(a->scripts[least]);
	memmove(a->scripts + least, a->scripts + least + 1,
		(a->script_count - least - 1) * sizeof(*a->scripts));
	a->script_count--;
}

struct script *
acct_script(struct engine *e, struct acct *a, const char *name, bool make)
{
	uint64_t key = script_key(name);
	uint32_t at = script_place(a, key, name);
	struct script *s;

	if (at < a->script_count && script_cmp(a->scripts[at], key, name) == 0)
		return a->scripts[at];
	if (!make)
		return NULL;
	make_room(a, e->conf.scripts_max);
	s = xcalloc(1, sizeof(*s));
	s->key = key;
	s->name = xmemdup(name, strlen(name) + 1);
	if (strlen(name) >= SCRIPT_NAME_MAX)
		s->name[SCRIPT_NAME_MAX - 1] = '\0';
	if (script_login(s))
		s->login = xcalloc(1, sizeof(*s->login));
	s->first_s = e->now_s;
	for (unsigned i = 0; i < ACCT_FRESH; i++)
		if (a->fresh_files[i].key == key && a->fresh_files[i].t_s != 0)
			s->fresh_s = a->fresh_files[i].t_s;
	acct_script_insert(a, s);
	return s;
}

/* Does path lie in dir ("/a/b/") itself, not below it? */
static bool
directly_in(const char *dir, size_t len, const char *path)
{
	return strncmp(path, dir, len) == 0 && strchr(path + len, '/') == NULL;
}

struct finding *
acct_finding(const struct acct *a, const char *path)
{
	uint64_t key = script_key(path);
	size_t len = strlen(path);
	struct finding *worst = NULL;

	for (uint32_t i = 0; i < a->finding_count; i++)
		if (a->findings[i].key == key &&
		    strncmp(a->findings[i].path, path, SCRIPT_NAME_MAX - 1) == 0)
			return &a->findings[i];
	/* only the directory is known: it may be any file there, so it is the worst one
	 */
	for (uint32_t i = 0; len > 0 && path[len - 1] == '/' && i < a->finding_count; i++)
		if (directly_in(path, len, a->findings[i].path) &&
		    (worst == NULL || a->findings[i].points > worst->points))
			worst = &a->findings[i];
	return worst;
}

bool
engine_held(const struct engine *e, uint32_t uid)
{
	const struct acct *a = acct_find(e, uid);

	return a != NULL && a->state == ACCT_HELD;
}

void
engine_volumes(const struct engine *e,
	       void (*fn)(void *ctx, uint32_t uid, enum acct_state state,
			  const uint32_t rcpts[VOL_WINDOWS]),
	       void *ctx)
{
	uint32_t rcpts[VOL_WINDOWS];
	size_t i;
	int w;

	for (i = 0; i < e->slot_count; i++) {
		const struct acct *a = e->slots[i];

		if (a == NULL)
			continue;
		for (w = 0; w < VOL_WINDOWS; w++)
			rcpts[w] = volume_get(&a->rcpts, e->now_s, (enum vol_window)w);
		fn(ctx, a->uid, a->state, rcpts);
	}
}

void
engine_each(const struct engine *e, void (*fn)(void *ctx, uint32_t uid), void *ctx)
{
	for (size_t i = 0; i < e->slot_count; i++)
		if (e->slots[i] != NULL)
			fn(ctx, e->slots[i]->uid);
}

void
engine_stats(const struct engine *e, struct engine_stats *out)
{
	*out = e->stats;
	out->accounts = e->used;
	out->watched = out->held = out->scripts = out->files = 0;
	out->bytes = sizeof(*e) + e->slot_count * sizeof(*e->slots);
	for (size_t i = 0; i < e->slot_count; i++) {
		const struct acct *a = e->slots[i];

		if (a == NULL)
			continue;
		out->watched += a->state == ACCT_WATCHED;
		out->held += a->state == ACCT_HELD;
		out->scripts += a->script_count;
		out->files += a->finding_count;
		out->bytes += sizeof(*a) +
			      a->script_count * (sizeof(struct script) + 96) +
			      a->buyers.room * sizeof(struct person) +
			      a->finding_count * (sizeof(struct finding) + 160);
	}
}
