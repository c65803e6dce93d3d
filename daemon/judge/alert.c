/*
 * alert - tell the admin, once per incident
 *
 * Job:     see alert.h.
 * Touches: the store (incidents), the link to hands.
 */
#include "alert.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub.h"
#include "log.h"
#include "text.h"
#include "xmem.h"

#define INCIDENTS 2000 /* beyond it one is forgotten, see victim() */
#define RETRY_MIN_S 60
#define RETRY_MAX_S 3600

struct incident {
	char key[64];
	wall_t first, last, told; /* told: hands said so; .us 0: not yet */
	int64_t count, untold;
	char *subject, *body, *event; /* of the last time, waiting to be told */
	uint64_t asked;               /* hands is telling it; 0: no */
	int64_t telling;              /* how many times of untold that is */
	wall_t retry;
	int64_t retry_s; /* 0: the last try went well */
	bool left_out;   /* for alert_hour_max, since it was told last */
};

static struct incident incidents[INCIDENTS];
static size_t incident_count;
static wall_t hour_began;
static int64_t told_this_hour;
static uint64_t left_out; /* incidents that wait for another hour */
static struct alert_state state;

static bool
is_degraded(const struct incident *in)
{
	return strncmp(in->key, "degraded:", 9) == 0;
}

/* Which is forgotten of a full table: the one told longest ago of those whose every time
 * was told; else one that nobody hears of, which is said. Never the brake's own troubles
 * that wait: a tenant can make incidents. */
static struct incident *
victim(void)
{
	struct incident *told = NULL, *untold = NULL, *in;

	for (in = incidents; in < incidents + INCIDENTS; in++) {
		if (in->untold == 0 && in->asked == 0) {
			if (told == NULL || in->told.us < told->told.us)
				told = in;
		} else if (!is_degraded(in) &&
			   (untold == NULL || in->last.us < untold->last.us))
			untold = in;
	}
	if (told != NULL)
		return told;
	in = untold != NULL ? untold : incidents; /* degraded: are a handful of words */
	state.forgotten++;
	hub.count.alerts_left_out += !in->left_out;
	log_warn_rate("alert_forgotten", 60, "alert_forgotten key=%s: %d others wait",
		      in->key, INCIDENTS);
	return in;
}

static struct incident *
find(const char *key)
{
	struct incident *in;
	size_t i;

	for (i = 0; i < incident_count; i++) {
		in = &incidents[i];
		if (strcmp(in->key, key) == 0)
			return in;
	}
	in = incident_count < INCIDENTS ? &incidents[incident_count++] : victim();
	free(in->subject);
	free(in->body);
	free(in->event);
	left_out -= in->left_out;
	memset(in, 0, sizeof *in);
	(void)text_copy(in->key, sizeof in->key, key);
	in->first = clock_wall();
	return in;
}

static void
keep(const struct incident *in)
{
	struct store_incident row = {.key = in->key,
				     .text = in->subject == NULL ? "" : in->subject,
				     .t_first = in->first,
				     .t_last = in->last,
				     .t_told = in->told,
				     .count = in->count};
	struct err e;

	if (store_incident_put(hub.store, &row, &e) != 0)
		hub_store_warn(&e);
}

/* May one more be told in this hour? */
static bool
within_rate(struct incident *in, wall_t now)
{
	/* tenants can fill the hour; they must not silence the brake's own troubles */
	if (is_degraded(in))
		return true;
	if (now.us - hour_began.us >= 3600000000 || now.us < hour_began.us) {
		hour_began = now;
		told_this_hour = 0;
	}
	if (told_this_hour >= hub.conf.alert_hour_max) {
		/* it is tried each minute, and left out once */
		left_out += !in->left_out;
		hub.count.alerts_left_out += !in->left_out;
		in->left_out = true;
		return false;
	}
	told_this_hour++;
	return true;
}

/* Nobody was reached: it waits, and is tried again. */
static void
not_told(struct incident *in, const char *why)
{
	in->asked = 0;
	in->retry_s = in->retry_s == 0 ? RETRY_MIN_S : in->retry_s * 2;
	if (in->retry_s > RETRY_MAX_S)
		in->retry_s = RETRY_MAX_S;
	in->retry = (wall_t){clock_wall().us + in->retry_s * 1000000};
	state.failed++;
	(void)text_copy(state.fault, sizeof state.fault, why);
	log_warn("alert_not_told key=%s again_in_s=%" PRId64 " error=\"%s\"", in->key,
		 in->retry_s, why);
}

static void
tell(struct incident *in)
{
	struct m_alert m = {
	    .asked = hub_asked(ASKED_ALERT), .subject = in->subject, .event = in->event};
	char body[8192], times[80] = "", others[160] = "";
	struct err e;

	if (in->count > 1)
		(void)snprintf(times, sizeof times,
			       "\nThis happened %" PRId64 " times so far.\n", in->count);
	left_out -= in->left_out;
	in->left_out = false;
	if (left_out > 0)
		(void)snprintf(others, sizeof others,
			       "\n%" PRIu64 " more alerts wait: in an hour at most "
			       "alert_hour_max are sent.\n",
			       left_out);
	(void)snprintf(body, sizeof body, "%s%s%s", in->body, times, others);
	m.body = body;
	if (m_alert_put(wire_out(), &m, &e) != 0 ||
	    wire_send(&hub.hands, wire_out(), &e) != 0) {
		not_told(in, e.text);
		return;
	}
	in->asked = m.asked;
	in->telling = in->untold;
	hub.count.alerts++;
	log_info("alert key=%s subject=\"%s\"", in->key, in->subject);
}

void
alert_done(uint64_t asked, int64_t exit_code, const char *text)
{
	size_t i;

	for (i = 0; i < incident_count && incidents[i].asked != asked; i++)
		;
	if (i == incident_count)
		return; /* forgotten meanwhile: the table was full */
	if (exit_code != ALERT_TOLD && exit_code != ALERT_PARTLY) {
		not_told(&incidents[i], text);
		return;
	}
	state.fault[0] = '\0';
	if (exit_code == ALERT_PARTLY)
		(void)text_copy(state.fault, sizeof state.fault, text);
	incidents[i].asked = 0;
	incidents[i].retry_s = 0;
	incidents[i].told = clock_wall();
	incidents[i].untold -= incidents[i].telling;
	keep(&incidents[i]);
}

void
alert_hands_gone(void)
{
	size_t i;

	for (i = 0; i < incident_count; i++)
		if (incidents[i].asked != 0)
			not_told(&incidents[i], "process hands ended while it told it");
}

struct alert_state
alert_state(void)
{
	return state;
}

/* Is this the time to tell of it? A new incident at once, a known one after its interval.
 */
static bool
due(const struct incident *in, wall_t now)
{
	if (in->asked != 0 || (in->retry_s > 0 && now.us < in->retry.us &&
			       in->retry.us - now.us <= RETRY_MAX_S * 1000000LL))
		return false;
	return in->untold > 0 &&
	       (in->told.us == 0 || now.us < in->told.us ||
		now.us - in->told.us >= hub.conf.alert_interval_s * 1000000);
}

/* take_event: a new reference, freed here. */
static void
raise_incident(const char *key, const char *subject, const char *body, json_t *take_event)
{
	struct incident *in = find(key);
	wall_t now = clock_wall();

	in->last = now;
	in->count++;
	in->untold++;
	free(in->subject);
	free(in->body);
	free(in->event);
	in->subject = xstrdup(subject);
	in->body = xstrdup(body);
	(void)json_object_set_new(take_event, "incident", json_string(key));
	(void)json_object_set_new(take_event, "count", json_integer(in->count));
	(void)json_object_set_new(take_event, "t_s", json_integer(wall_s(now)));
	in->event = json_dumps(take_event, JSON_COMPACT);
	json_decref(take_event);
	if (in->event == NULL)
		in->event = xstrdup("{}");
	if (due(in, now) && within_rate(in, now))
		tell(in);
}

void
alert_file(uint64_t uid, const char *path, const struct m_verdict *v)
{
	struct strings s = strings_of(v->findings, v->findings_len);
	char subject[300], body[4096], shown[700], key[64], line[200];
	const char *login = hub_login(uid), *rule, *group, *points;
	size_t at = 0;
	json_t *event;

	text_safe(shown, sizeof shown, path);
	(void)snprintf(key, sizeof key, "file:%" PRIu64, uid);
	(void)snprintf(subject, sizeof subject, "%s file in account %s: %.200s",
		       verdict_name((unsigned)v->verdict), login, shown);
	body[0] = '\0';
	while ((rule = strings_next(&s)) != NULL && (group = strings_next(&s)) != NULL &&
	       (points = strings_next(&s)) != NULL &&
	       at + sizeof line < sizeof body / 2) {
		(void)snprintf(line, sizeof line, "  %s (%s, %s points)\n", rule, group,
			       points);
		(void)text_copy(body + at, sizeof body - at, line);
		at += strlen(line);
	}
	(void)snprintf(
	    body + at, sizeof body - at,
	    "File:     %s\nAccount:  %s (uid %" PRIu64 ")\nVerdict:  %s, %" PRId64
	    " points\nSHA-256:  %s\n\n%s\n\n  mailbrake explain %s\n  mailbrake files "
	    "%s\n  mailbrake known-good add --hash %s --reason TEXT      when the file "
	    "is "
	    "wanted\n",
	    shown, login, uid, verdict_name((unsigned)v->verdict), v->score, v->sha256,
	    strcmp(hub.conf.mode, "observe") == 0
		? "Its mail is judged with this from now on, but nothing is held (mode = "
		  "observe)."
		: "Its mail is judged with this from now on.",
	    login, login, v->sha256);
	event = json_pack("{s:s, s:I, s:s, s:s, s:I, s:s}", "event", "file", "uid",
			  (json_int_t)uid, "account", login, "verdict",
			  verdict_name((unsigned)v->verdict), "score",
			  (json_int_t)v->score, "path", shown);
	if (event != NULL)
		raise_incident(key, subject, body, event);
}

void
alert_decision(const struct decision *d)
{
	char subject[300], body[4096], key[64], script[600], waits[200], span[32];
	const char *login =
	    d->user != NULL && d->user[0] != '\0' ? d->user : hub_login(d->uid);
	json_t *event;

	if (d->to != ACCT_HELD || d->from == ACCT_HELD)
		return;
	text_safe(script, sizeof script, d->script);
	(void)snprintf(key, sizeof key, "hold:%u", (unsigned)d->uid);
	(void)snprintf(subject, sizeof subject, "%s account %s: %s",
		       d->observed ? "would hold mail of" : "holding mail of", login,
		       reason_says(d->why));
	(void)snprintf(waits, sizeof waits,
		       d->observed
			   ? "Nothing is held: mode or the rule is set to observe."
			   : "Held messages wait until you release or discard "
			     "them, at most %s (held_expire_s).",
		       text_span(span, sizeof span, hub.conf.held_expire_s));
	(void)snprintf(
	    body, sizeof body,
	    "Account:  %s (uid %u)\nReason:   %s: %s\nScript:   %s\nSent:     %" PRIu64
	    " messages, %" PRIu64 " recipients before\nDecided:  %s\nFacts:    %s\n\n"
	    "%s\n\n  mailbrake explain %s\n  mailbrake held %s\n  mailbrake release %s   "
	    "  "
	    "send what "
	    "waits and let mail flow\n  mailbrake discard ID...\n",
	    login, (unsigned)d->uid, reason_word(d->why), reason_says(d->why),
	    script[0] == '\0' ? "(not known)" : script, d->passed_messages,
	    d->passed_rcpts, d->who, d->facts, waits, login, login, login);
	event = json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:b}", "event", "hold",
			  "uid", (json_int_t)d->uid, "account", login, "reason",
			  reason_word(d->why), "script", script, "facts", d->facts, "who",
			  d->who, "observed", d->observed ? 1 : 0);
	if (event != NULL)
		raise_incident(key, subject, body, event);
}

void
alert_degraded(const char *key, const char *fmt, ...)
{
	char text[600], full[64];
	json_t *event;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	(void)snprintf(full, sizeof full, "degraded:%s", key);
	event =
	    json_pack("{s:s, s:s, s:s}", "event", "degraded", "what", key, "text", text);
	if (event != NULL)
		raise_incident(full, text, text, event);
}

static bool
restore_one(void *arg, const struct store_incident *v)
{
	struct incident *in = find(v->key);

	(void)arg;
	in->first = v->t_first;
	in->last = v->t_last;
	in->told = v->t_told;
	in->count = v->count;
	return true;
}

void
alert_restore(void)
{
	struct err e;

	if (store_incident_each(hub.store, restore_one, NULL, &e) != 0)
		hub_store_warn(&e);
}

void
alert_tick(void)
{
	wall_t now = clock_wall();
	size_t i;

	for (i = 0; i < incident_count; i++)
		if (due(&incidents[i], now) && incidents[i].body != NULL &&
		    within_rate(&incidents[i], now))
			tell(&incidents[i]);
}
