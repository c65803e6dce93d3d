/*
 * replay_sum - who would have been held, when, how much passed before and waited after
 *
 * Job:     the summary of `mailbrake replay`, per account and in all.
 * Touches: heap; the stream it is given.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "replay.h"
#include "text.h"
#include "xmem.h"

void
sum_init(struct sum *s)
{
	*s = (struct sum){.slot_count = 1024, .from_us = INT64_MAX};
	s->slots = xcalloc(s->slot_count, sizeof(*s->slots));
}

void
sum_fini(struct sum *s)
{
	free(s->slots);
}

static struct sum_account *
slot_for(struct sum_account *slots, size_t count, uint32_t uid)
{
	size_t i = (size_t)((uid * 2654435761U) >> 3) & (count - 1);

	while (slots[i].used && slots[i].uid != uid)
		i = (i + 1) & (count - 1);
	return &slots[i];
}

struct sum_account *
sum_account(struct sum *s, uint32_t uid, const char *user)
{
	struct sum_account *a = slot_for(s->slots, s->slot_count, uid);

	if (!a->used && (s->used + 1) * 2 > s->slot_count) {
		size_t count = s->slot_count * 2;
		struct sum_account *slots = xcalloc(count, sizeof(*slots));

		for (size_t i = 0; i < s->slot_count; i++)
			if (s->slots[i].used)
				*slot_for(slots, count, s->slots[i].uid) = s->slots[i];
		free(s->slots);
		s->slots = slots;
		s->slot_count = count;
		a = slot_for(s->slots, s->slot_count, uid);
	}
	if (!a->used) {
		a->used = true;
		a->uid = uid;
		s->used++;
	}
	if (user != NULL && user[0] != '\0')
		text_copy(a->user, sizeof(a->user), user);
	return a;
}

void
sum_answer(struct sum *s, const struct event *ev, const struct answer *ans)
{
	struct sum_account *a = sum_account(s, ev->uid, ev->user);
	bool held = ans->answer != ANSWER_PASS;

	a->state = ans->state;
	if (held) {
		a->held_messages++;
		a->held_rcpts += ev->rcpts;
	} else {
		a->passed_messages++;
		a->passed_rcpts += ev->rcpts;
	}
	s->labelled = s->labelled || ev->label != LABEL_NONE;
	if (ev->label == LABEL_GOOD) {
		a->good_messages++;
		a->good_delayed += held;
		a->good_delayed_rcpts += held ? ev->rcpts : 0;
	} else if (ev->label == LABEL_BAD) {
		a->bad_messages++;
		a->bad_passed += !held;
		a->bad_passed_rcpts += held ? 0 : ev->rcpts;
	}
}

void
json_put_str(FILE *out, const char *s)
{
	char safe[4096];

	text_utf8(safe, sizeof(safe), s, strlen(s));
	putc('"', out);
	for (const unsigned char *p = (const unsigned char *)safe; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			fprintf(out, "\\u%04x", *p);
		else
			putc(*p, out);
	}
	putc('"', out);
}

void
json_put_time(FILE *out, wall_t t)
{
	int64_t us = t.us % 1000000;

	fprintf(out, "%" PRId64, t.us / 1000000);
	if (us == 0)
		return;
	if (us % 1000 == 0)
		fprintf(out, ".%03" PRId64, us / 1000);
	else
		fprintf(out, ".%06" PRId64, us);
}

static void
add(struct sum_account *t, const struct sum_account *a)
{
	t->passed_messages += a->passed_messages;
	t->passed_rcpts += a->passed_rcpts;
	t->held_messages += a->held_messages;
	t->held_rcpts += a->held_rcpts;
	t->good_messages += a->good_messages;
	t->good_delayed += a->good_delayed;
	t->good_delayed_rcpts += a->good_delayed_rcpts;
	t->bad_messages += a->bad_messages;
	t->bad_passed += a->bad_passed;
	t->bad_passed_rcpts += a->bad_passed_rcpts;
	t->holds += a->holds;
}

static void
put_counts(const struct sum_account *a, bool labelled, FILE *out)
{
	fprintf(out,
		"\"passed_messages\":%" PRIu64 ",\"passed_rcpts\":%" PRIu64
		",\"held_messages\":%" PRIu64 ",\"held_rcpts\":%" PRIu64,
		a->passed_messages, a->passed_rcpts, a->held_messages, a->held_rcpts);
	if (!labelled)
		return;
	fprintf(out,
		",\"good_messages\":%" PRIu64 ",\"good_delayed_messages\":%" PRIu64
		",\"good_delayed_rcpts\":%" PRIu64 ",\"bad_messages\":%" PRIu64
		",\"bad_passed_messages\":%" PRIu64 ",\"bad_passed_rcpts\":%" PRIu64,
		a->good_messages, a->good_delayed, a->good_delayed_rcpts, a->bad_messages,
		a->bad_passed, a->bad_passed_rcpts);
}

/* Accounts in order of uid. The caller frees. */
static const struct sum_account **
sorted(const struct sum *s)
{
	const struct sum_account **list = xcalloc(s->used + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < s->slot_count; i++)
		if (s->slots[i].used)
			list[n++] = &s->slots[i];
	return list;
}

static int
by_uid(const void *a, const void *b)
{
	const struct sum_account *const *x = a, *const *y = b;

	return ((*x)->uid > (*y)->uid) - ((*x)->uid < (*y)->uid);
}

static void
put_damage_json(const struct sum *s, FILE *out)
{
	bool first = true;

	fputs(",\"damaged\":{", out);
	for (unsigned d = REPLAY_FINE + 1; d < REPLAY_DAMAGES; d++) {
		if (s->damaged[d] == 0)
			continue;
		fprintf(out, "%s\"%s\":%" PRIu64, first ? "" : ",",
			replay_damage_word((enum replay_damage)d), s->damaged[d]);
		first = false;
	}
	putc('}', out);
}

static void
put_json(const struct sum *s, const struct order *o, const struct sum_account *total,
	 uint64_t held, uint64_t good_held, FILE *out)
{
	const struct sum_account **list = sorted(s);

	qsort(list, s->used, sizeof(*list), by_uid);
	fprintf(out,
		"{\"summary\":{\"lines\":%" PRIu64 ",\"submissions\":%" PRIu64
		",\"outcomes\":%" PRIu64 ",\"files\":%" PRIu64 ",\"admin\":%" PRIu64,
		s->lines, s->events[EVENT_SUBMISSION], s->events[EVENT_OUTCOME],
		s->events[EVENT_FILE], s->events[EVENT_ADMIN]);
	put_damage_json(s, out);
	fprintf(out,
		",\"ignored_lines\":%" PRIu64 ",\"foreign_lines\":%" PRIu64
		",\"orphaned_outcomes\":%" PRIu64 ",\"duplicates\":%" PRIu64
		",\"out_of_order\":%" PRIu64 ",\"late\":%" PRIu64
		",\"owners_changed\":%" PRIu64,
		s->ignored, s->foreign, s->orphaned, s->duplicates, o->disordered,
		o->late, s->owners_changed);
	if (s->from_us != INT64_MAX) {
		fputs(",\"from_t\":", out);
		json_put_time(out, (wall_t){s->from_us});
		fputs(",\"to_t\":", out);
		json_put_time(out, (wall_t){s->to_us});
	}
	fprintf(out, ",\"accounts\":%zu,\"accounts_held\":%" PRIu64, s->used, held);
	if (s->labelled)
		fprintf(out, ",\"good_accounts_held\":%" PRIu64, good_held);
	putc(',', out);
	put_counts(total, s->labelled, out);
	fputs(",\"per_account\":[", out);
	for (size_t i = 0; i < s->used; i++) {
		fprintf(out, "%s{\"uid\":%u,\"user\":", i == 0 ? "" : ",", list[i]->uid);
		json_put_str(out, list[i]->user);
		fprintf(out, ",\"state\":\"%s\",\"holds\":%" PRIu64 ",",
			state_name(list[i]->state), list[i]->holds);
		if (list[i]->holds > 0) {
			fputs("\"first_held_t\":", out);
			json_put_time(out, (wall_t){list[i]->first_held_us});
			fprintf(out, ",\"why\":\"%s\",", reason_word(list[i]->first_why));
		}
		put_counts(list[i], s->labelled, out);
		putc('}', out);
	}
	fputs("]}}\n", out);
	free(list);
}

static void
when(wall_t t, char *dst, size_t size)
{
	time_t s = (time_t)(t.us / 1000000);
	struct tm tm;

	if (gmtime_r(&s, &tm) == NULL ||
	    strftime(dst, size, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		text_copy(dst, size, "?");
}

static void
put_text(const struct sum *s, const struct order *o, const struct sum_account *total,
	 uint64_t held, uint64_t good_held, FILE *out)
{
	const struct sum_account **list = sorted(s);
	char a[64], b[64];

	qsort(list, s->used, sizeof(*list), by_uid);
	if (held > 0)
		fprintf(out, "\n%-16s %-19s %-20s %10s %10s %10s\n", "ACCOUNT",
			"HELD AT (UTC)", "WHY", "PASSED", "HELD", "GOOD HELD");
	for (size_t i = 0; i < s->used; i++) {
		if (list[i]->holds == 0)
			continue;
		text_safe(a, sizeof(a), list[i]->user);
		if (a[0] == '\0')
			snprintf(a, sizeof(a), "%u", list[i]->uid);
		when((wall_t){list[i]->first_held_us}, b, sizeof(b));
		fprintf(out, "%-16s %-19s %-20s %10" PRIu64 " %10" PRIu64, a, b,
			reason_word(list[i]->first_why), list[i]->passed_rcpts,
			list[i]->held_rcpts);
		if (s->labelled)
			fprintf(out, " %10" PRIu64 "\n", list[i]->good_delayed);
		else
			fprintf(out, " %10s\n", "-");
	}
	if (s->from_us != INT64_MAX) {
		when((wall_t){s->from_us}, a, sizeof(a));
		when((wall_t){s->to_us}, b, sizeof(b));
		fprintf(out, "\n%s .. %s UTC\n", a, b);
	}
	fprintf(out,
		"%" PRIu64 " lines, %zu accounts, %" PRIu64 " would have been held\n"
		"passed %" PRIu64 " messages (%" PRIu64 " recipients), held %" PRIu64
		" (%" PRIu64 " recipients)\n",
		s->lines, s->used, held, total->passed_messages, total->passed_rcpts,
		total->held_messages, total->held_rcpts);
	if (s->labelled)
		fprintf(out,
			"good mail delayed: %" PRIu64 " of %" PRIu64
			" messages in %" PRIu64 " accounts; bad mail passed: %" PRIu64
			" of %" PRIu64 " messages (%" PRIu64 " recipients)\n",
			total->good_delayed, total->good_messages, good_held,
			total->bad_passed, total->bad_messages, total->bad_passed_rcpts);
	for (unsigned d = REPLAY_FINE + 1; d < REPLAY_DAMAGES; d++)
		if (s->damaged[d] > 0)
			fprintf(out, "damaged lines: %s %" PRIu64 "\n",
				replay_damage_word((enum replay_damage)d), s->damaged[d]);
	if (s->duplicates + o->disordered > 0)
		fprintf(out,
			"%" PRIu64 " duplicates left out, %" PRIu64
			" out of order (%" PRIu64 " too late to put right)\n",
			s->duplicates, o->disordered, o->late);
	free(list);
}

void
sum_print(const struct sum *s, const struct order *o, bool json, FILE *out)
{
	struct sum_account total = {0};
	uint64_t held = 0, good_held = 0;

	for (size_t i = 0; i < s->slot_count; i++) {
		const struct sum_account *a = &s->slots[i];

		if (!a->used)
			continue;
		add(&total, a);
		held += a->holds > 0;
		good_held += a->good_delayed > 0 && a->bad_messages == 0;
	}
	if (json)
		put_json(s, o, &total, held, good_held, out);
	else
		put_text(s, o, &total, held, good_held, out);
}
