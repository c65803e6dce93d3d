/*
 * replay_log - an MTA's log as events
 *
 * Job:     lines of an Exim main log, a Postfix syslog file, or a journal export of
 *          Postfix (journalctl -o export, or -o json) -> struct event, by the grammars
 *          of mtlog.
 * Touches: heap.
 * Source:  journal export: systemd's JOURNAL_EXPORT_FORMATS (fields as KEY=value lines,
 *          an empty line ends an entry; binary fields are not used by Postfix).
 *
 * Who sent: the login or uid the MTA had from the kernel, or the mailbox that logged in
 * over SMTP. Mail that came from elsewhere has no owner here and is left out.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mtlog.h"
#include "replay.h"
#include "text.h"
#include "xmem.h"

struct logread {
	struct mtlog *log;
	bool journal; /* lines of a journal export are being gathered */
	char message[8192], ident[80], host[80];
	int64_t stamp_us;
	unsigned pid;
	uint64_t ignored;
};

struct logread *
logread_new(const char *format, wall_t now)
{
	struct logread *l = xcalloc(1, sizeof(*l));

	l->log = mtlog_new(strcmp(format, "exim") == 0 ? MTLOG_EXIM : MTLOG_POSTFIX, now);
	return l;
}

void
logread_free(struct logread **lp)
{
	if (*lp == NULL)
		return;
	mtlog_free(&(*lp)->log);
	free(*lp);
	*lp = NULL;
}

static char *
dup_slice(struct slice s)
{
	char *c;

	if (s.s == NULL || s.len == 0)
		return NULL;
	c = xcalloc(s.len + 1, 1);
	memcpy(c, s.s, s.len);
	return c;
}

/* Whose it is; false: nobody's here. */
static bool
take_owner(struct event *ev, const struct mt_event *m)
{
	if (m->user.len > 0)
		ev->user = dup_slice(m->user);
	else if (m->auth.len > 0)
		ev->user = dup_slice(m->auth);
	if (m->uid >= 0 && m->uid < UINT32_MAX)
		ev->uid = (uint32_t)m->uid;
	else if (ev->user != NULL)
		ev->uid = event_uid_of_user(ev->user);
	else
		return false;
	return true;
}

static struct event *
submit_event(const struct mt_event *m)
{
	struct event *ev = event_new(EVENT_SUBMISSION);

	ev->rcpts = m->rcpts == 0 ? 1 : m->rcpts;
	ev->login = dup_slice(m->auth);
	if (m->claimed_script.len > 0)
		ev->script = dup_slice(m->claimed_script);
	else if (m->claimed_cwd.len > 0)
		ev->script = dup_slice(m->claimed_cwd);
	return ev;
}

static struct event *
outcome_event(const struct mt_event *m)
{
	struct event *ev = event_new(EVENT_OUTCOME);

	ev->outcome = m->kind == MT_SENT    ? OUTCOME_SENT
		      : m->kind == MT_DEFER ? OUTCOME_DEFERRED
					    : OUTCOME_BOUNCED;
	ev->code = m->code > 0 ? (unsigned)m->code : 0;
	ev->text = dup_slice(m->text);
	return ev;
}

static struct event *
event_of(struct logread *l, const struct mt_event *m)
{
	struct event *ev = NULL;

	if (m->kind == MT_SUBMIT && !m->bounce)
		ev = submit_event(m);
	else if ((m->kind == MT_SENT || m->kind == MT_DEFER || m->kind == MT_BOUNCE) &&
		 !m->own && !m->local)
		ev = outcome_event(m);
	if (ev == NULL || m->time.us <= 0 || !take_owner(ev, m)) {
		l->ignored++;
		event_free(&ev);
		return NULL;
	}
	ev->t = m->time;
	ev->id = dup_slice(m->queue_id);
	return ev;
}

static struct event *
feed(struct logread *l, const char *line, size_t len)
{
	struct mt_event m;

	if (mtlog_line(l->log, line, len, &m) != 1)
		return NULL;
	return event_of(l, &m);
}

/* A whole journal entry, as the syslog line it would have been. */
static struct event *
feed_entry(struct logread *l)
{
	char line[9216], day[40];
	time_t s = (time_t)(l->stamp_us / 1000000);
	struct tm tm;
	int n;

	if (l->message[0] == '\0' || l->stamp_us <= 0 || gmtime_r(&s, &tm) == NULL ||
	    strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return NULL;
	n = snprintf(line, sizeof(line), "%s.%06d+00:00 %s %s[%u]: %s", day,
		     (int)(l->stamp_us % 1000000), l->host[0] == '\0' ? "host" : l->host,
		     l->ident, l->pid, l->message);
	l->message[0] = l->ident[0] = '\0';
	l->stamp_us = 0;
	return n > 0 && (size_t)n < sizeof(line) ? feed(l, line, (size_t)n) : NULL;
}

static void
take_field(struct logread *l, const char *key, const char *value)
{
	int64_t n;

	if (strcmp(key, "MESSAGE") == 0)
		text_copy(l->message, sizeof(l->message), value);
	else if (strcmp(key, "SYSLOG_IDENTIFIER") == 0)
		text_copy(l->ident, sizeof(l->ident), value);
	else if (strcmp(key, "_HOSTNAME") == 0)
		text_copy(l->host, sizeof(l->host), value);
	else if (strcmp(key, "__REALTIME_TIMESTAMP") == 0 &&
		 text_to_i64(value, 0, INT64_MAX / 2, &n))
		l->stamp_us = n;
	else if (strcmp(key, "_PID") == 0 && text_to_i64(value, 0, UINT32_MAX, &n))
		l->pid = (unsigned)n;
}

static struct event *
feed_json(struct logread *l, const char *line, size_t len)
{
	json_t *o = json_loadb(line, len, JSON_ALLOW_NUL, NULL), *v;
	const char *key;

	json_object_foreach(o, key, v) if (json_is_string(v))
	    take_field(l, key, json_string_value(v));
	json_decref(o);
	return feed_entry(l);
}

struct event *
logread_line(struct logread *l, char *line, size_t len)
{
	char *eq;

	if (len > 1 && line[0] == '{')
		return feed_json(l, line, len);
	if (strncmp(line, "__CURSOR=", 9) == 0)
		l->journal = true;
	if (!l->journal)
		return len == 0 ? NULL : feed(l, line, len);
	if (len == 0)
		return feed_entry(l);
	eq = strchr(line, '=');
	if (eq != NULL) {
		*eq = '\0';
		take_field(l, line, eq + 1);
	}
	return NULL;
}

void
logread_end(const struct logread *l, struct sum *s)
{
	struct mtlog_counts c = mtlog_counts(l->log);

	s->damaged[REPLAY_LOG_DAMAGED] += c.damaged;
	s->foreign += c.foreign;
	s->ignored += l->ignored;
	s->orphaned += c.orphaned;
}
