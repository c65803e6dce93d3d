/*
 * replay_event - one line of the neutral trace, and events in order
 *
 * Job:     JSON line -> struct event; a heap that puts events in order of time.
 * Touches: heap.
 * Format:  DESIGN's trace: submission, outcome, file and admin events, told apart by the
 *          fields only one of them has. Unknown fields are ignored.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "replay.h"
#include "text.h"
#include "xmem.h"

#define TIME_MAX INT64_C(4102444800) /* 2100-01-01 */
#define STRING_MAX 2048

const char *
replay_damage_word(enum replay_damage d)
{
	static const char *const words[REPLAY_DAMAGES] = {[REPLAY_FINE] = "fine",
#define WORD(sym, word) [REPLAY_##sym] = word,
							  REPLAY_DAMAGE_TABLE(WORD)
#undef WORD
	};

	return (unsigned)d < REPLAY_DAMAGES ? words[d] : "unknown";
}

struct event *
event_new(enum event_kind kind)
{
	struct event *ev = xcalloc(1, sizeof(*ev));

	ev->kind = kind;
	ev->script_age_s = -1;
	ev->own = -1;
	return ev;
}

void
event_free(struct event **evp)
{
	struct event *ev = *evp;

	if (ev == NULL)
		return;
	free(ev->user);
	free(ev->id);
	free(ev->script);
	free(ev->login);
	free(ev->text);
	for (size_t i = 0; i < ev->domain_count; i++)
		free(ev->domains[i]);
	free(ev->rcpt_hashes);
	free(ev);
	*evp = NULL;
}

uint64_t
event_hash(const char *s, size_t len)
{
	uint64_t h = text_hash(s, len);

	return h == 0 ? 1 : h;
}

uint32_t
event_uid_of_user(const char *user)
{
	return 0x80000000U | (uint32_t)(event_hash(user, strlen(user)) >> 33);
}

static char *
copy_str(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);
	const char *s = json_string_value(v);
	size_t n;
	char *c;

	if (s == NULL)
		return NULL;
	n = json_string_length(v);
	if (n > STRING_MAX)
		n = STRING_MAX;
	c = xcalloc(n + 1, 1);
	memcpy(c, s, n);
	return c;
}

/* A hash may be written as a string or as a number; either way it only has to be equal.
 */
static uint64_t
hash_value(const json_t *v)
{
	if (json_is_string(v) && json_string_length(v) > 0)
		return event_hash(json_string_value(v), json_string_length(v));
	if (json_is_integer(v)) {
		json_int_t i = json_integer_value(v);

		return event_hash((const char *)&i, sizeof(i));
	}
	return 0;
}

static uint64_t
hash_of(const json_t *o, const char *key)
{
	return hash_value(json_object_get(o, key));
}

/* Who gets it, as hashes of addresses: an optional field. Too many, or one that is none:
 * nothing is known of them. */
static void
take_rcpt_hashes(struct event *ev, const json_t *list)
{
	size_t n = json_array_size(list);

	if (n == 0 || n > REPLAY_RCPT_HASHES)
		return;
	ev->rcpt_hashes = xcalloc(n, sizeof(*ev->rcpt_hashes));
	for (size_t i = 0; i < n; i++) {
		uint64_t h = hash_value(json_array_get(list, i));

		if (h == 0)
			return;
		ev->rcpt_hashes[i] = h;
	}
	ev->rcpt_hash_count = n;
}

/* A number within limits: true; the field may be missing (*out untouched) or null. */
static bool
number(const json_t *o, const char *key, int64_t min, int64_t max, int64_t *out)
{
	const json_t *v = json_object_get(o, key);
	double d;

	if (v == NULL || json_is_null(v))
		return true;
	if (!json_is_number(v))
		return false;
	d = json_number_value(v);
	if (isnan(d))
		return false;
	*out = d <= (double)min ? min : d >= (double)max ? max : (int64_t)d;
	return true;
}

static void
take_domains(struct event *ev, const json_t *list)
{
	size_t n = json_array_size(list);

	for (size_t i = 0; i < n && ev->domain_count < REPLAY_DOMAINS; i++) {
		const char *s = json_string_value(json_array_get(list, i));
		char cut[256];

		if (s == NULL)
			continue;
		text_copy(cut, sizeof(cut), s);
		ev->domains[ev->domain_count++] = text_lower(xstrdup(cut));
	}
}

static enum replay_damage
take_submission(struct event *ev, const json_t *o)
{
	const json_t *own = json_object_get(o, "own");
	const char *label = json_string_value(json_object_get(o, "label"));
	int64_t rcpts = -1;

	take_domains(ev, json_object_get(o, "domains"));
	take_rcpt_hashes(ev, json_object_get(o, "rcpt_hashes"));
	if (!number(o, "rcpts", 0, 1000000, &rcpts) ||
	    !number(o, "script_age_s", -1, INT64_C(1) << 33, &ev->script_age_s))
		return REPLAY_BAD_VALUE;
	if (rcpts < 0)
		rcpts = ev->domain_count > 0 ? (int64_t)ev->domain_count : 1;
	ev->rcpts = (uint32_t)rcpts;
	ev->script = copy_str(o, "script");
	ev->login = copy_str(o, "login");
	ev->subject_hash = hash_of(o, "subject_hash");
	ev->body_hash = hash_of(o, "body_hash");
	if (json_is_boolean(own))
		ev->own = json_is_true(own);
	if (label != NULL && strcmp(label, "good") == 0)
		ev->label = LABEL_GOOD;
	if (label != NULL && strcmp(label, "bad") == 0)
		ev->label = LABEL_BAD;
	return REPLAY_FINE;
}

static enum replay_damage
take_outcome(struct event *ev, const json_t *o)
{
	const char *word = json_string_value(json_object_get(o, "outcome"));
	int64_t code = 0;

	if (word == NULL || !number(o, "code", 0, 999, &code))
		return REPLAY_BAD_VALUE;
	if (strcmp(word, "sent") == 0)
		ev->outcome = OUTCOME_SENT;
	else if (strcmp(word, "deferred") == 0)
		ev->outcome = OUTCOME_DEFERRED;
	else if (strcmp(word, "bounced") == 0)
		ev->outcome = OUTCOME_BOUNCED;
	else
		return REPLAY_BAD_VALUE;
	ev->code = (unsigned)code;
	ev->text = copy_str(o, "reply");
	return REPLAY_FINE;
}

static enum replay_damage
take_file(struct event *ev, const json_t *o)
{
	const json_t *rules = json_object_get(o, "rules");
	char list[1024] = "";
	size_t at = 0;

	ev->script = copy_str(o, "file");
	if (ev->script == NULL || !number(o, "points", 0, 1000000, &ev->points))
		return REPLAY_BAD_VALUE;
	for (size_t i = 0; i < json_array_size(rules); i++) {
		const char *s = json_string_value(json_array_get(rules, i));
		size_t n = s == NULL ? 0 : strlen(s);

		if (n == 0 || at + n + 2 > sizeof(list))
			continue;
		if (at > 0)
			list[at++] = ' ';
		memcpy(list + at, s, n + 1);
		at += n;
	}
	ev->text = xstrdup(list);
	return REPLAY_FINE;
}

static enum replay_damage
take_admin(struct event *ev, const json_t *o)
{
	static const struct {
		const char *name;
		enum acct_word word;
	} words[] = {{"release", WORD_RELEASE},
		     {"trust", WORD_TRUST},
		     {"hold", WORD_HOLD},
		     {"forget", WORD_NONE}};
	const char *word = json_string_value(json_object_get(o, "word"));

	for (size_t i = 0; word != NULL && i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(words[i].name, word) == 0) {
			ev->word = words[i].word;
			return REPLAY_FINE;
		}
	return REPLAY_BAD_VALUE;
}

static enum replay_damage
take_common(struct event *ev, const json_t *o)
{
	const json_t *t = json_object_get(o, "t");
	const json_t *uid = json_object_get(o, "uid");
	double s = json_number_value(t);

	if (!json_is_number(t))
		return REPLAY_NO_TIME;
	if (!(s >= 0 && s <= (double)TIME_MAX))
		return REPLAY_BAD_TIME;
	ev->t.us = (int64_t)llround(s * 1e6);
	ev->user = copy_str(o, "user");
	ev->id = copy_str(o, "id");
	if (json_is_integer(json_object_get(o, "id")))
		ev->id = json_dumps(json_object_get(o, "id"), JSON_ENCODE_ANY);
	if (json_is_integer(uid) && json_integer_value(uid) >= 0 &&
	    json_integer_value(uid) < UINT32_MAX)
		ev->uid = (uint32_t)json_integer_value(uid);
	else if (uid == NULL && ev->user != NULL)
		ev->uid = event_uid_of_user(ev->user);
	else
		return REPLAY_NO_UID;
	return REPLAY_FINE;
}

/* Which event is it? By the one field no other has, or by a name some writers give. */
static int
kind_of(const json_t *o)
{
	static const char *const names[EVENT_KINDS] = {"submission", "outcome", "file",
						       "admin"};
	static const char *const keys[] = {"event", "type", "kind"};

	for (size_t k = 0; k < 3; k++) {
		const char *s = json_string_value(json_object_get(o, keys[k]));

		for (int i = 0; s != NULL && i < EVENT_KINDS; i++)
			if (strcmp(s, names[i]) == 0)
				return i;
	}
	if (json_object_get(o, "outcome") != NULL)
		return EVENT_OUTCOME;
	if (json_object_get(o, "file") != NULL)
		return EVENT_FILE;
	if (json_object_get(o, "word") != NULL)
		return EVENT_ADMIN;
	if (json_object_get(o, "rcpts") != NULL || json_object_get(o, "script") != NULL ||
	    json_object_get(o, "domains") != NULL || json_object_get(o, "id") != NULL)
		return EVENT_SUBMISSION;
	return -1;
}

static enum replay_damage
take(const json_t *o, struct event **out)
{
	static enum replay_damage (*const takers[EVENT_KINDS])(
	    struct event *, const json_t *) = {take_submission, take_outcome, take_file,
					       take_admin};
	struct event *ev;
	enum replay_damage d;
	int kind = kind_of(o);

	if (kind < 0)
		return json_object_get(o, "t") == NULL ? REPLAY_NO_TIME
						       : REPLAY_UNKNOWN_EVENT;
	ev = event_new((enum event_kind)kind);
	d = take_common(ev, o);
	if (d == REPLAY_FINE)
		d = takers[kind](ev, o);
	if (d == REPLAY_FINE)
		*out = ev;
	else
		event_free(&ev);
	return d;
}

enum replay_damage
jsonl_event(const char *line, size_t len, struct event **out)
{
	json_t *o;
	enum replay_damage d;
	size_t skip = 0;

	/* a word before the object, as in "file {...}", says nothing its fields do not
	 * say */
	while (skip < len && skip < 16 && line[skip] != '{')
		skip++;
	if (skip == len || line[skip] != '{')
		skip = 0;
	o = json_loadb(line + skip, len - skip, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
	if (o == NULL)
		return REPLAY_NOT_JSON;
	d = json_is_object(o) ? take(o, out) : REPLAY_NOT_OBJECT;
	json_decref(o);
	return d;
}

/* --- order ---------------------------------------------------------------------------
 */

static bool
before(const struct event *a, const struct event *b)
{
	return a->t.us != b->t.us ? a->t.us < b->t.us : a->seq < b->seq;
}

struct event *
order_pop(struct order *o)
{
	struct event *top, *last;
	size_t i = 0;

	if (o->count == 0)
		return NULL;
	top = o->heap[0];
	last = o->heap[--o->count];
	for (;;) {
		size_t c = 2 * i + 1;

		if (c >= o->count)
			break;
		if (c + 1 < o->count && before(o->heap[c + 1], o->heap[c]))
			c++;
		if (!before(o->heap[c], last))
			break;
		o->heap[i] = o->heap[c];
		i = c;
	}
	o->heap[i] = last;
	if (top->t.us < o->last_us) {
		o->late++;
		top->t.us = o->last_us;
	}
	o->last_us = top->t.us;
	return top;
}

struct event *
order_push_take(struct order *o, struct event *ev)
{
	size_t i = o->count++;

	ev->seq = o->seq++;
	if (ev->t.us < o->newest_us)
		o->disordered++;
	else
		o->newest_us = ev->t.us;
	for (; i > 0 && before(ev, o->heap[(i - 1) / 2]); i = (i - 1) / 2)
		o->heap[i] = o->heap[(i - 1) / 2];
	o->heap[i] = ev;
	return o->count > ORDER_EVENTS ? order_pop(o) : NULL;
}
