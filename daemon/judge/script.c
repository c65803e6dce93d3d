/*
 * script - one script's history with strangers, in fixed memory
 *
 * Job:     see script.h.
 * Touches: nothing but the struct it is given.
 */
#include "script.h"

#include <stddef.h>
#include <string.h>

#include "place_hash.h"

#define DAY 86400
#define CREDIT_S 60  /* a copy to the owner explains a customer's mail for so long */
#define OWED_S 120   /* ... and a customer's mail that went before it */
#define CREDIT_MAX 3 /* more copies are not saved up */
#define PAIR_S 5     /* where no script is named, only what goes out together is a pair */
#define SLOT_HOURS 8
#define AT_HOURS 3
#define LIST_HOURS 7 /* a list keeps its time better than people do */
#define BULK_RCPTS 3
#define MET_KEEP_H 48

static const int64_t window_s[SCRIPT_WINDOWS] = {60, 600, 3600, DAY};

uint64_t
script_key(const char *path)
{
	uint64_t h = 14695981039346656037ULL;

	for (const unsigned char *p = (const unsigned char *)path; *p; p++)
		h = (h ^ *p) * 1099511628211ULL;
	return h ^ (h >> 29);
}

void
script_hour_of(int64_t wall_s, unsigned *wday_out, unsigned *hour_out)
{
	int64_t hours = wall_s / 3600;

	if (hours < 0)
		hours = 0;
	*hour_out = (unsigned)(hours % 24);
	*wday_out = (unsigned)((hours / 24 + 4) % 7);
}

static bool
slot_near(uint32_t hours, unsigned hour, unsigned near)
{
	for (unsigned d = 0; d <= near; d++) {
		if (hour + d < 24 && (hours >> (hour + d) & 1))
			return true;
		if (hour >= d && (hours >> (hour - d) & 1))
			return true;
	}
	return false;
}

/* Weekdays it was ever active on. */
unsigned
script_weekdays(const struct script *s)
{
	unsigned n = 0;

	for (unsigned d = 0; d < 7; d++)
		n += s->slots[d] != 0;
	return n;
}

static bool
in_slot(const struct script *s, int64_t wall_s, unsigned near)
{
	unsigned wday, hour;
	uint32_t all = 0;

	script_hour_of(wall_s, &wday, &hour);
	for (unsigned d = 0; d < 7; d++)
		all |= s->slots[d];
	if (script_weekdays(s) >= 4 && slot_near(all, hour, near))
		return true;
	if (slot_near(s->slots[wday], hour, near))
		return true;
	/* across midnight */
	if (hour < near && (s->slots[(wday + 6) % 7] >> (24 + hour - near)) != 0)
		return true;
	if (hour + near >= 24 &&
	    (s->slots[(wday + 1) % 7] & ((1U << (hour + near - 23)) - 1)) != 0)
		return true;
	return false;
}

bool
script_in_slot(const struct script *s, int64_t wall_s)
{
	return in_slot(s, wall_s, script_bursty(s) ? LIST_HOURS : SLOT_HOURS);
}

bool
script_at_slot(const struct script *s, int64_t wall_s)
{
	return in_slot(s, wall_s, AT_HOURS);
}

bool
script_subjects_alike(const struct script *s)
{
	return s->stranger_msgs >= 20 &&
	       s->subject_msgs >= s->stranger_msgs - s->stranger_msgs / 5;
}

uint32_t
script_novel(const struct script *s, int64_t now_s)
{
	return slide_get(&s->novel_1h, now_s, 3600);
}

bool
script_frequent(const struct script *s)
{
	return s->active_days >= 5 && s->active_hours >= 4 * s->active_days &&
	       script_weekdays(s) >= 4;
}

bool
script_bursty(const struct script *s)
{
	return script_weekdays(s) <= 3 && s->usual[2] >= 20 &&
	       (s->usual[2] >= s->usual[3] / 3 || script_subjects_alike(s));
}

bool
script_bulk_usual(const struct script *s)
{
	return s->stranger_msgs >= 5 && s->equal_msgs >= s->stranger_msgs / 2;
}

bool
script_is_bulk(const struct script *s, const struct script_msg *m)
{
	if (m->own)
		return false;
	if (m->rcpts >= BULK_RCPTS || m->equal_body || script_bulk_usual(s) ||
	    script_bursty(s))
		return true;
	if (!m->equal_subject)
		return false;
	/* the same subject again means something where it is not the script's way */
	if (m->no_body_hash)
		return s->subject_msgs < s->stranger_msgs / 2;
	return s->stranger_msgs >= 10 && s->subject_msgs < s->stranger_msgs / 5;
}

bool
script_batches(const struct script *s)
{
	return s->usual_due_1h >= 3 && s->usual_due_1h >= s->usual_due_24h / 3;
}

uint32_t
script_due(const struct script *s, unsigned window, int64_t now_s)
{
	return slide_get(&s->due[window], now_s, window_s[window]);
}

uint32_t
script_exposed(const struct script *s, unsigned window, int64_t now_s)
{
	return window == SCRIPT_1H
		   ? hour_get(&s->exposed_1h, now_s)
		   : slide_get(&s->exposed[window], now_s, window_s[window]);
}

void
script_explained(struct script *s, int64_t now_s)
{
	for (unsigned w = 0; w < SCRIPT_WINDOWS; w++)
		if (w != SCRIPT_1H)
			slide_sub(&s->exposed[w], now_s, window_s[w], 1);
	hour_sub(&s->exposed_1h, now_s, 1);
}

uint32_t
script_exposes(const struct script *s, int64_t now_s, const struct script_msg *m)
{
	if (m->own || m->met >= m->rcpts)
		return 0;
	if (m->rcpts == 1 && !m->unpaired && s->credit > 0 &&
	    now_s - s->credit_s <= (s->name[0] == '\0' ? PAIR_S : CREDIT_S))
		return 0;
	return m->rcpts - m->met;
}

static struct met *
met_table(const struct script *s, size_t *count_out)
{
	*count_out = s->login != NULL ? LOGIN_MET : SCRIPT_MET;
	return s->login != NULL ? s->login->met : (struct met *)(uintptr_t)s->met;
}

static struct met *
met_find(const struct script *s, uint32_t hash)
{
	size_t n;
	struct met *m = met_table(s, &n);

	for (size_t i = 0; i < n; i++)
		if (m[i].hash == hash)
			return &m[i];
	return NULL;
}

uint32_t
script_met(const struct script *s, uint64_t salt, const uint64_t *hashes, size_t count)
{
	uint32_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += met_find(s, place_hash(salt, hashes[i])) != NULL;
	return n;
}

void
script_meet(struct script *s, uint64_t salt, const uint64_t *hashes, size_t count,
	    int64_t now_s)
{
	uint32_t hour = (uint32_t)(now_s / 3600);
	size_t n, k = 0;
	struct met *all = met_table(s, &n);

	for (size_t i = 0; i < count; i++) {
		uint32_t h = place_hash(salt, hashes[i]);
		struct met *m = met_find(s, h);

		while (m == NULL && k < n && all[k].hash != 0 &&
		       hour - all[k].last_h < MET_KEEP_H)
			k++;
		if (m == NULL && k < n)
			m = &all[k++];
		if (m != NULL)
			*m = (struct met){h, hour};
	}
}

uint32_t
script_login_msgs(const struct script *s, unsigned window, int64_t now_s)
{
	return s->login == NULL
		   ? 0
		   : slide_get(&s->login->msgs[window], now_s, window_s[window]);
}

static uint32_t
grown(uint32_t usual, uint32_t peak, bool learned, int64_t days)
{
	uint64_t most = (uint64_t)usual + usual / 4 + 2;

	if (peak > usual)
		return learned && peak > most ? (uint32_t)most : peak;
	/* what it does no more fades: half in about 140 days */
	if (days > 200)
		days = 200;
	return usual - (uint32_t)((uint64_t)(usual - peak) * (uint64_t)days / 200);
}

/* Its hours count from the day after tomorrow on: nobody makes midnight his own time. */
static void
turn_hours(struct script *s)
{
	s->slots[s->before_wday % 7] |= s->before_hours;
	s->before_hours = s->day_hours;
	s->before_wday = s->day_wday;
	s->day_hours = 0;
}

void
script_fold(struct script *s, int64_t learning_s)
{
	bool learned = s->stranger_s != 0 && s->last_s - s->stranger_s >= learning_s;

	for (unsigned w = 0; w < SCRIPT_WINDOWS; w++) {
		s->usual[w] = grown(s->usual[w], s->peak[w], learned, 1);
		s->peak[w] = 0;
		if (s->login == NULL)
			continue;
		s->login->usual[w] =
		    grown(s->login->usual[w], s->login->peak[w], learned, 1);
		s->login->peak[w] = 0;
	}
	s->usual_strangers_1h =
	    grown(s->usual_strangers_1h, s->peak_strangers_1h, learned, 1);
	s->peak_strangers_1h = 0;
	s->usual_due_1h = grown(s->usual_due_1h, s->peak_due_1h, learned, 1);
	s->usual_due_24h = grown(s->usual_due_24h, s->peak_due_24h, learned, 1);
	s->peak_due_1h = s->peak_due_24h = 0;
	s->usual_novel_1h = grown(s->usual_novel_1h, s->peak_novel_1h, learned, 1);
	s->peak_novel_1h = 0;
	s->usual_bulk_1h = grown(s->usual_bulk_1h, s->peak_bulk_1h, learned, 1);
	s->usual_bulk_24h = grown(s->usual_bulk_24h, s->peak_bulk_24h, learned, 1);
	s->peak_bulk_1h = s->peak_bulk_24h = 0;
	turn_hours(s);
}

void
script_note_change(struct script *s, int64_t now_s, int64_t learning_s)
{
	if (s->stranger_s == 0)
		return;
	/* once a day: who can change the file could train its usual up in an hour */
	if (s->changed_s == 0 || now_s - s->changed_s >= 86400)
		script_fold(s, learning_s);
	s->changed_s = now_s;
}

void
script_turn(struct script *s, int64_t now_s, int64_t learning_s)
{
	if (s->active_days == 0 || now_s / DAY == s->day)
		return;
	script_fold(s, learning_s);
	if (now_s / DAY - s->day >= 2)
		turn_hours(s);
	s->day = now_s / DAY;
	s->day_counted = false;
}

static void
count_active(struct script *s, int64_t now_s, int64_t wall_s)
{
	int64_t hour = now_s / 3600;
	unsigned wday, h;

	script_hour_of(wall_s, &wday, &h);
	if (wday != s->day_wday) {
		turn_hours(s);
	}
	if (!s->day_counted) {
		s->day = now_s / DAY;
		s->day_counted = true;
		s->active_days++;
	}
	s->day_wday = (uint8_t)wday;
	if (hour != s->hour) {
		s->hour = hour;
		s->active_hours++;
	}
	s->day_hours |= 1U << h;
}

static void
peak(uint32_t *p, uint32_t v)
{
	if (v > *p)
		*p = v;
}

/* A copy to the owner: explains the customer's mail just before it, or the next. */
static uint32_t
count_own(struct script *s, int64_t now_s, const struct script_msg *m)
{
	bool named = s->name[0] != '\0';

	s->own_msgs++;
	slide_add(&s->own_24h, now_s, DAY, 1);
	if (m->unpaired) {
		s->owed = s->credit = 0;
		return 0;
	}
	if (s->owed > 0 && now_s - s->owed_s <= (named ? OWED_S : PAIR_S)) {
		s->owed--;
		script_explained(s, now_s);
		return 1;
	}
	s->owed = 0;
	if (now_s - s->credit_s > CREDIT_S)
		s->credit = 0;
	if (s->credit < (named ? CREDIT_MAX : 1))
		s->credit++;
	s->credit_s = now_s;
	return 0;
}

static void
count_bulk(struct script *s, int64_t now_s, int64_t wall_s, uint32_t exposed)
{
	hour_add(&s->bulk_1h, now_s, exposed);
	slide_add(&s->bulk_24h, now_s, DAY, exposed);
	if (!script_in_slot(s, wall_s))
		slide_add(&s->off_24h, now_s, DAY, exposed);
	peak(&s->peak_bulk_1h, hour_get(&s->bulk_1h, now_s));
	peak(&s->peak_bulk_24h, slide_get(&s->bulk_24h, now_s, DAY));
}

static void
count_strangers(struct script *s, int64_t now_s, const struct script_msg *m)
{
	hour_add(&s->strangers_1h, now_s, m->rcpts);
	peak(&s->peak_strangers_1h, hour_get(&s->strangers_1h, now_s));
}

static void
count_novel(struct script *s, int64_t now_s)
{
	slide_add(&s->novel_1h, now_s, 3600, 1);
	peak(&s->peak_novel_1h, script_novel(s, now_s));
}

static void
count_login(struct script *s, int64_t now_s)
{
	for (unsigned w = 0; s->login != NULL && w < SCRIPT_WINDOWS; w++) {
		slide_add(&s->login->msgs[w], now_s, window_s[w], 1);
		peak(&s->login->peak[w], script_login_msgs(s, w, now_s));
	}
}

static void
count_people(struct script *s, int64_t now_s, const struct script_msg *m)
{
	for (unsigned w = 0; w < SCRIPT_WINDOWS && m->due > 0; w++)
		slide_add(&s->due[w], now_s, window_s[w], m->due);
	peak(&s->peak_due_1h, script_due(s, SCRIPT_1H, now_s));
	peak(&s->peak_due_24h, script_due(s, 3, now_s));
}

uint32_t
script_count(struct script *s, int64_t now_s, int64_t wall_s, const struct script_msg *m,
	     uint32_t exposed, int64_t learning_s)
{
	script_turn(s, now_s, learning_s);
	s->last_s = now_s;
	s->msgs++;
	if (m->own)
		return count_own(s, now_s, m);
	slide_add(&s->met_24h, now_s, DAY, m->met);
	if (m->met >= m->rcpts) {
		count_strangers(s, now_s, m);
		return 0;
	}
	if (s->stranger_s == 0) {
		s->stranger_s = now_s;
		s->own_before = s->own_msgs;
	}
	count_active(s, now_s, wall_s);
	s->stranger_msgs++;
	count_strangers(s, now_s, m);
	count_people(s, now_s, m);
	count_login(s, now_s);
	s->equal_msgs += m->equal_body || m->rcpts >= BULK_RCPTS;
	s->subject_msgs += m->equal_subject;
	if (exposed == 0) {
		if (s->credit > 0)
			s->credit--;
		return 0;
	}
	if (m->rcpts == 1 && !m->excused) {
		s->owed = (uint8_t)(now_s - s->owed_s > OWED_S ? 1
				    : s->owed < CREDIT_MAX     ? s->owed + 1
							       : CREDIT_MAX);
		s->owed_s = now_s;
	}
	if (m->new_subject)
		count_novel(s, now_s);
	for (unsigned w = 0; w < SCRIPT_WINDOWS; w++) {
		if (w == SCRIPT_1H)
			hour_add(&s->exposed_1h, now_s, exposed);
		else
			slide_add(&s->exposed[w], now_s, window_s[w], exposed);
		peak(&s->peak[w], script_exposed(s, w, now_s));
	}
	if (m->bulk)
		count_bulk(s, now_s, wall_s, exposed + m->second);
	return 0;
}

bool
script_login(const struct script *s)
{
	return strncmp(s->name, SCRIPT_LOGIN, sizeof SCRIPT_LOGIN - 1) == 0;
}

bool
script_entry_point(const char *path)
{
	static const char *const names[] = {
	    "wp-cron.php", "wp-login.php", "admin-ajax.php", "cron.php",
	    "index.php",   "artisan",      "cron.sh",        "xmlrpc.php"};
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(base, names[i]) == 0)
			return true;
	return strstr(path, "newsletter") != NULL || strstr(path, "/cron/") != NULL;
}
