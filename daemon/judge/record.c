/*
 * record - one account's record as bytes, for the store
 *
 * Job:     engine_save, engine_load, engine_dirty of account.h.
 * Touches: heap.
 * Format:  "MB10", then fields in the order of walk_acct(): integers as LEB128 of their
 *          zigzag, strings as length and bytes, tables as count and rows; at the end 32
 *          bit FNV-1a of all before it. One function walks both ways, so what is written
 *          is what is read.
 */
#include "acct.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "xmem.h"

#define MAGIC "MB10"
#define SCRIPTS_MAX 10000 /* a record never holds more */

/* What can be read: the younger lacks what is marked "since" the older. */
static const struct {
	char magic[5];
	int version;
} formats[] = {{MAGIC, 10}, {"MBA9", 9}, {"MBA8", 8}};

struct walk {
	bool reading, bad;
	int version;
	uint8_t *data;       /* writing: grows */
	const uint8_t *from; /* reading */
	size_t len, room, at;
};

static void
put_byte(struct walk *w, uint8_t b)
{
	if (w->len == w->room) {
		w->room = w->room == 0 ? 1024 : w->room * 2;
		w->data = xreallocarray(w->data, w->room, 1);
	}
	w->data[w->len++] = b;
}

static void
walk_i64(struct walk *w, int64_t *v)
{
	uint64_t z = 0;

	if (!w->reading) {
		z = ((uint64_t)*v << 1) ^ (*v < 0 ? UINT64_MAX : 0);
		for (; z >= 0x80; z >>= 7)
			put_byte(w, (uint8_t)(z | 0x80));
		put_byte(w, (uint8_t)z);
		return;
	}
	for (unsigned shift = 0;; shift += 7) {
		uint8_t b;

		if (w->at >= w->len || shift > 63) {
			w->bad = true;
			*v = 0;
			return;
		}
		b = w->from[w->at++];
		z |= (uint64_t)(b & 0x7f) << shift;
		if (b < 0x80)
			break;
	}
	*v = (int64_t)(z >> 1) ^ -(int64_t)(z & 1);
}

static int64_t
walk_range(struct walk *w, int64_t v, int64_t min, int64_t max)
{
	walk_i64(w, &v);
	if (v < min || v > max) {
		w->bad = true;
		return min;
	}
	return v;
}

static void
walk_u32(struct walk *w, uint32_t *v)
{
	*v = (uint32_t)walk_range(w, *v, 0, UINT32_MAX);
}

static void
walk_u64(struct walk *w, uint64_t *v)
{
	int64_t i;

	memcpy(&i, v, sizeof(i));
	walk_i64(w, &i);
	memcpy(v, &i, sizeof(i));
}

/* A string of at most max - 1 bytes without NUL; NULL and "" are told apart. */
static void
walk_str(struct walk *w, char **s, size_t max)
{
	int64_t n = *s == NULL ? -1 : (int64_t)strlen(*s);

	n = walk_range(w, n, -1, (int64_t)max - 1);
	if (!w->reading) {
		for (int64_t i = 0; i < n; i++)
			put_byte(w, (uint8_t)(*s)[i]);
		return;
	}
	*s = NULL;
	if (n < 0 || w->bad)
		return;
	if ((size_t)n > w->len - w->at || memchr(w->from + w->at, 0, (size_t)n) != NULL) {
		w->bad = true;
		return;
	}
	*s = xcalloc((size_t)n + 1, 1);
	memcpy(*s, w->from + w->at, (size_t)n);
	w->at += (size_t)n;
}

static void
walk_slide(struct walk *w, struct slide *s)
{
	walk_u32(w, &s->epoch);
	walk_u32(w, &s->now);
	walk_u32(w, &s->before);
}

static void
walk_u32s(struct walk *w, uint32_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		walk_u32(w, &v[i]);
}

static void
walk_volume(struct walk *w, struct volume *v)
{
	walk_i64(w, &v->now_s);
	if (v->now_s < 0)
		w->bad = true;
	walk_u32s(w, v->b1m, 6);
	walk_u32s(w, v->b10m, 11);
	walk_u32s(w, v->b1h, 13);
	walk_u32s(w, v->b24h, 25);
	walk_u32s(w, v->b7d, 29);
}

static void
walk_hour(struct walk *w, struct hour *h)
{
	walk_i64(w, &h->at);
	if (h->at < 0 || h->at > INT64_C(1) << 40)
		w->bad = true;
	walk_u32s(w, h->b, 13);
}

static void
walk_mets(struct walk *w, struct met *m, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		walk_u32(w, &m[i].hash);
		walk_u32(w, &m[i].last_h);
	}
}

/* Since 10. */
static void
walk_due(struct walk *w, struct script *s)
{
	for (unsigned i = 0; i < SCRIPT_WINDOWS; i++)
		walk_slide(w, &s->due[i]);
	walk_u32(w, &s->usual_due_1h);
	walk_u32(w, &s->usual_due_24h);
	walk_u32(w, &s->peak_due_1h);
	walk_u32(w, &s->peak_due_24h);
}

/* Since 10. Places that are free are written as one byte. */
static void
walk_people(struct walk *w, struct people *p)
{
	uint32_t room = (uint32_t)walk_range(w, p->room, 0, PEOPLE_MAX);

	if (w->reading && (w->bad || !people_room(p, room))) {
		w->bad = true;
		return;
	}
	for (uint32_t i = 0; i < room && !w->bad; i++) {
		struct person *x = &p->all[i];

		walk_u32(w, &x->hash);
		if (x->hash == 0)
			continue;
		x->day = (uint16_t)walk_range(w, x->day, 0, UINT16_MAX);
		x->by = (uint8_t)walk_range(w, x->by, 0, UINT8_MAX);
		x->more = (uint8_t)walk_range(w, x->more, 0, UINT8_MAX);
		p->used += w->reading;
	}
}

/* Since 9. */
static void
walk_met(struct walk *w, struct script *s)
{
	bool login = s->name != NULL && script_login(s);

	if (login && s->login == NULL)
		s->login = xcalloc(1, sizeof(*s->login));
	if (w->version < 9)
		return;
	walk_slide(w, &s->novel_1h);
	walk_u32(w, &s->usual_novel_1h);
	walk_u32(w, &s->peak_novel_1h);
	walk_mets(w, s->met, SCRIPT_MET);
	if (w->version >= 10)
		walk_due(w, s);
	if (!login)
		return;
	walk_mets(w, s->login->met, LOGIN_MET);
	for (unsigned i = 0; i < SCRIPT_WINDOWS; i++)
		walk_slide(w, &s->login->msgs[i]);
	walk_u32s(w, s->login->usual, SCRIPT_WINDOWS);
	walk_u32s(w, s->login->peak, SCRIPT_WINDOWS);
}

static void
walk_script(struct walk *w, struct script *s)
{
	walk_str(w, &s->name, SCRIPT_NAME_MAX);
	walk_u64(w, &s->key);
	walk_i64(w, &s->first_s);
	walk_i64(w, &s->last_s);
	walk_i64(w, &s->stranger_s);
	walk_i64(w, &s->born_wall_s);
	walk_i64(w, &s->changed_s);
	walk_i64(w, &s->fresh_s);
	walk_i64(w, &s->trust_until_s);
	s->standing = (enum standing)walk_range(w, s->standing, STAND_NONE, STAND_KNOWN);
	s->crowded = walk_range(w, s->crowded, 0, 1) != 0;
	for (unsigned i = 0; i < SCRIPT_WINDOWS; i++)
		walk_slide(w, &s->exposed[i]);
	walk_hour(w, &s->exposed_1h);
	walk_hour(w, &s->bulk_1h);
	walk_slide(w, &s->bulk_24h);
	walk_slide(w, &s->off_24h);
	walk_slide(w, &s->own_24h);
	walk_hour(w, &s->strangers_1h);
	walk_u32(w, &s->usual_strangers_1h);
	walk_u32(w, &s->peak_strangers_1h);
	walk_u32s(w, s->usual, SCRIPT_WINDOWS);
	walk_u32s(w, s->peak, SCRIPT_WINDOWS);
	walk_u32(w, &s->usual_bulk_1h);
	walk_u32(w, &s->usual_bulk_24h);
	walk_u32(w, &s->peak_bulk_1h);
	walk_u32(w, &s->peak_bulk_24h);
	walk_u32(w, &s->msgs);
	walk_u32(w, &s->own_msgs);
	walk_u32(w, &s->own_before);
	walk_u32(w, &s->stranger_msgs);
	walk_u32(w, &s->equal_msgs);
	walk_u32(w, &s->subject_msgs);
	walk_u32(w, &s->active_hours);
	walk_u32(w, &s->active_days);
	walk_i64(w, &s->day);
	walk_i64(w, &s->hour);
	walk_u32(w, &s->day_hours);
	s->day_counted = walk_range(w, s->day_counted, 0, 1) != 0;
	walk_u32(w, &s->before_hours);
	s->before_wday = (uint8_t)walk_range(w, s->before_wday, 0, 6);
	s->day_wday = (uint8_t)walk_range(w, s->day_wday, 0, 6);
	s->credit = (uint8_t)walk_range(w, s->credit, 0, 255);
	s->owed = (uint8_t)walk_range(w, s->owed, 0, 255);
	walk_i64(w, &s->credit_s);
	walk_i64(w, &s->owed_s);
	walk_u32s(w, s->slots, 7);
	walk_met(w, s);
}

static void
walk_finding(struct walk *w, struct finding *f)
{
	walk_str(w, &f->path, SCRIPT_NAME_MAX);
	walk_str(w, &f->rules, 4096);
	walk_u64(w, &f->key);
	walk_i64(w, &f->points);
	walk_i64(w, &f->t_s);
	walk_i64(w, &f->trust_until_s);
	if (f->path == NULL || f->rules == NULL)
		w->bad = true;
}

static void
walk_state(struct walk *w, struct acct *a)
{
	a->state = (enum acct_state)walk_range(w, a->state, ACCT_CLEAR, ACCT_HELD);
	a->reason = (enum reason)walk_range(w, a->reason, REASON_OK, REASON_COUNT - 1);
	a->word = (enum acct_word)walk_range(w, a->word, WORD_NONE, WORD_HOLD);
	a->eyes = walk_range(w, a->eyes, 0, 1) != 0;
	walk_i64(w, &a->word_until_s);
	walk_i64(w, &a->first_s);
	walk_i64(w, &a->since_s);
	walk_i64(w, &a->since_wall_s);
	walk_i64(w, &a->learn_from_s);
	walk_i64(w, &a->last_held_s);
	walk_i64(w, &a->released_s);
	walk_i64(w, &a->observed_s);
	walk_i64(w, &a->ceiling_trust_s);
	for (unsigned i = 0; i < RULE_COUNT; i++)
		walk_i64(w, &a->rule_trust_s[i]);
	walk_str(w, &a->culprit, SCRIPT_NAME_MAX);
}

static void
walk_counts(struct walk *w, struct acct *a)
{
	walk_volume(w, &a->rcpts);
	walk_volume(w, &a->fresh);
	walk_volume(w, &a->fresh_all);
	walk_slide(w, &a->msgs_24h);
	walk_slide(w, &a->names_24h);
	walk_slide(w, &a->old_names);
	walk_slide(w, &a->old_24h);
	walk_slide(w, &a->old_told_1m);
	walk_slide(w, &a->old_told_1h);
	walk_slide(w, &a->old_told_24h);
	walk_slide(w, &a->login_1h);
	walk_slide(w, &a->login_24h);
	walk_slide(w, &a->own_1h);
	walk_slide(w, &a->new_own);
	walk_slide(w, &a->new_msgs);
	walk_slide(w, &a->new_equal);
	walk_slide(w, &a->new_subject);
	walk_slide(w, &a->sent_7d);
	walk_slide(w, &a->refused_7d);
	walk_slide(w, &a->files_1h);
	walk_i64(w, &a->multi_s);
	walk_i64(w, &a->wave_from_s);
	walk_i64(w, &a->wave_to_s);
	walk_i64(w, &a->births_wall_s);
	walk_u32(w, &a->births);
	walk_i64(w, &a->evidence_s);
	walk_u32(w, &a->evidence_exposed);
	for (unsigned i = 0; i < ACCT_SEEN; i++) {
		walk_u32(w, &a->bodies[i].hash);
		walk_u32(w, &a->bodies[i].last_h);
		walk_u32(w, &a->bodies[i].times);
		walk_u32(w, &a->subjects[i].hash);
		walk_u32(w, &a->subjects[i].last_h);
		walk_u32(w, &a->subjects[i].times);
	}
	walk_u32s(w, a->own_domains, ACCT_DOMAINS);
	for (unsigned i = 0; i < ACCT_FRESH; i++) {
		walk_u64(w, &a->fresh_files[i].key);
		walk_i64(w, &a->fresh_files[i].t_s);
	}
	walk_u32(w, &a->fresh_next);
	walk_u64(w, &a->passed_messages);
	walk_u64(w, &a->passed_rcpts);
	walk_u64(w, &a->held_messages);
	walk_u64(w, &a->held_rcpts);
	if (w->version < 9)
		return;
	walk_u64(w, &a->salt);
	walk_slide(w, &a->again_1h);
	walk_slide(w, &a->again_24h);
	if (w->version >= 10) {
		walk_people(w, &a->buyers);
	}
}

static void
walk_tables(struct walk *w, struct acct *a)
{
	int64_t scripts = walk_range(w, a->script_count, 0, SCRIPTS_MAX);
	int64_t findings = walk_range(w, a->finding_count, 0, ACCT_FILES);

	for (int64_t i = 0; i < scripts && !w->bad; i++) {
		struct script *s = w->reading ? xcalloc(1, sizeof(*s)) : a->scripts[i];

		walk_script(w, s);
		if (!w->reading)
			continue;
		if (s->name == NULL || s->key != script_key(s->name) || w->bad) {
			w->bad = w->bad || s->name == NULL ||
				 strlen(s->name) < SCRIPT_NAME_MAX - 1;
		}
		if (w->bad) {
			free(s->login);
			free(s->name);
			free(s);
			return;
		}
		acct_script_insert(a, s);
	}
	if (w->reading && findings > 0)
		a->findings = xcalloc(ACCT_FILES, sizeof(*a->findings));
	for (int64_t i = 0; i < findings && !w->bad; i++) {
		if (w->reading)
			a->finding_count++;
		walk_finding(w, &a->findings[i]);
	}
}

static void
walk_acct(struct walk *w, struct acct *a, int64_t clock[3])
{
	char *user = w->reading ? NULL : a->user;

	walk_u32(w, &a->uid);
	walk_str(w, &user, sizeof(a->user));
	if (w->reading && user != NULL) {
		text_copy(a->user, sizeof(a->user), user);
		free(user);
	}
	for (unsigned i = 0; i < 3; i++)
		walk_i64(w, &clock[i]);
	walk_state(w, a);
	walk_counts(w, a);
	walk_tables(w, a);
}

static uint32_t
checksum(const uint8_t *p, size_t n)
{
	uint32_t h = 2166136261U;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 16777619U;
	return h;
}

void *
engine_save(struct engine *e, uint32_t uid, size_t *len_out)
{
	struct acct *a = acct_find(e, uid);
	struct walk w = {.version = formats[0].version};
	int64_t clock[3] = {e->now_s, e->wall_s, e->start_s};
	uint32_t sum;

	if (a == NULL)
		return NULL;
	for (const char *m = MAGIC; *m != '\0'; m++)
		put_byte(&w, (uint8_t)*m);
	walk_acct(&w, a, clock);
	sum = checksum(w.data, w.len);
	for (unsigned i = 0; i < 4; i++)
		put_byte(&w, (uint8_t)(sum >> (8 * i)));
	a->dirty = false;
	*len_out = w.len;
	return w.data;
}

/* Of a whole record its version; 0: damaged, or of a version that is not known. */
static int
whole(const uint8_t *p, size_t len)
{
	int version = 0;
	uint32_t sum;

	for (size_t i = 0; len >= 8 && i < sizeof(formats) / sizeof(*formats); i++)
		if (memcmp(p, formats[i].magic, 4) == 0)
			version = formats[i].version;
	if (version == 0)
		return 0;
	sum = (uint32_t)p[len - 4] | (uint32_t)p[len - 3] << 8 |
	      (uint32_t)p[len - 2] << 16 | (uint32_t)p[len - 1] << 24;
	return sum == checksum(p, len - 4) ? version : 0;
}

int
engine_load(struct engine *e, const void *data, size_t len, struct err *err)
{
	struct walk w = {.reading = true, .from = data, .at = 4};
	struct acct *a;
	int64_t clock[3] = {0};

	w.version = whole(data, len);
	if (w.version == 0)
		return err_set(err, ERR_INPUT,
			       "account record: damaged or of another version");
	w.len = len - 4;
	a = acct_blank(0);
	walk_acct(&w, a, clock);
	for (unsigned i = 0; i < 3; i++)
		w.bad |= clock[i] < 0 || clock[i] > INT64_C(1) << 40;
	if (w.bad || w.at != w.len) {
		acct_free(a);
		return err_set(err, ERR_INPUT, "account record: does not make sense");
	}
	acct_drop(e, a->uid);
	acct_insert(e, a);
	/* the engine's clock goes on from the newest record */
	if (!e->started || clock[0] > e->now_s) {
		e->now_s = clock[0];
		e->wall_s = clock[1];
	}
	if (!e->started || clock[2] < e->start_s)
		e->start_s = clock[2];
	e->started = true;
	return 0;
}

bool
engine_dirty(struct engine *e, uint32_t *uid_out)
{
	for (size_t i = 0; i < e->slot_count; i++) {
		size_t at = (e->dirty_at + i) & (e->slot_count - 1);

		if (e->slots[at] == NULL || !e->slots[at]->dirty)
			continue;
		e->dirty_at = at;
		*uid_out = e->slots[at]->uid;
		return true;
	}
	return false;
}
