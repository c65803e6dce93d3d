/*
 * postfix - one line of Postfix's maillog
 *
 * Job:     see mt_grammar.h.
 * Touches: nothing.
 * Source:  lines of Postfix 3.7; postfix src/global/log_adhoc.c (the order of to=,
 *          relay=, dsn=, status=), smtpd(8), pickup(8), qmgr(8), postsuper(1).
 *
 * Anyone on the machine can write to syslog under Postfix's name; with maillog_file
 * (postlogd) or the journal's trusted fields nobody can. Outcomes therefore never stand
 * alone: an account is only charged for a queue id that pickup or smtpd named before.
 */
#include "mt_grammar.h"

/* The end of what may be a queue id; NULL: none. */
static const char *
id_end(const struct cursor *c)
{
	const char *p = c->p;

	while (p < c->end &&
	       ((*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'z')))
		p++;
	return p - c->p < 5 || p - c->p > 20 ? NULL : p;
}

static bool
queue_id(struct cursor *c, struct slice *out)
{
	const char *p = id_end(c);

	if (p == NULL || c->end - p < 2 || p[0] != ':' || p[1] != ' ')
		return false;
	*out = slice_of(c->p, p);
	c->p = p + 2;
	return !slice_is(*out, "NOQUEUE") && !slice_is(*out, "warning") &&
	       !slice_is(*out, "fatal") && !slice_is(*out, "error") &&
	       !slice_is(*out, "panic") && !slice_is(*out, "statistics");
}

/* "<address>" with the quotes of the local part respected; false when it does not close.
 */
static bool
bracketed(struct cursor *c, struct slice *out)
{
	const char *from;

	if (!cursor_take(c, "<"))
		return false;
	from = c->p;
	if (cursor_take(c, "\"")) {
		while (c->p < c->end && *c->p != '"')
			c->p += *c->p == '\\' && c->p + 1 < c->end ? 2 : 1;
		if (c->p >= c->end)
			return false;
	}
	while (c->p < c->end && *c->p != '>')
		c->p++;
	*out = slice_of(from, c->p);
	return cursor_take(c, ">");
}

/* "name[ip]:port"; brackets may be missing ("local", "none"). */
static void
host_ip(struct slice s, struct mt_event *ev)
{
	const char *open = memchr(s.s, '[', s.len), *shut;
	struct cursor c;
	uint64_t port;

	if (open == NULL) {
		ev->host = s;
		return;
	}
	ev->host = slice_of(s.s, open);
	shut = memchr(open, ']', (size_t)(s.s + s.len - open));
	if (shut == NULL || memchr(open, '/', (size_t)(shut - open)) != NULL)
		return;
	ev->ip = slice_of(open + 1, shut);
	c = (struct cursor){shut + 1, s.s + s.len};
	if (cursor_take(&c, ":") && cursor_number(&c, &port))
		ev->port = (int)(port & 0xffff);
}

/* "key=value" up to ", " or the end; value may not contain ", ". */
static bool
pair(struct cursor *c, struct slice *key, struct slice *value)
{
	const char *eq = memchr(c->p, '=', (size_t)(c->end - c->p)), *to;

	if (eq == NULL || memchr(c->p, ' ', (size_t)(eq - c->p)) != NULL)
		return false;
	*key = slice_of(c->p, eq);
	to = memmem(eq, (size_t)(c->end - eq), ", ", 2);
	if (to == NULL)
		to = c->end;
	*value = slice_of(eq + 1, to);
	c->p = to < c->end ? to + 2 : to;
	return true;
}

/* "host mx[ip] said: 550 ... (in reply to X command)" and its kin. */
static void
status_text(struct slice s, struct mt_event *ev)
{
	static const char *const own[] = {"delivery temporarily suspended", "mailbrake",
					  "4.7.0 mailbrake", "deferred transport"};
	const char *p, *tail;

	ev->text = s;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (slice_begins(s, own[i])) {
			ev->own = true;
			return;
		}
	if (slice_begins(s, "host ")) {
		if ((p = slice_find(s, " said: ")) != NULL)
			p += 7;
		else if ((p = slice_find(s, " refused to talk to me: ")) != NULL)
			p += 24;
		if (p == NULL)
			return;
		s = slice_of(p, s.s + s.len);
		if ((tail = slice_find(s, " (in reply to ")) != NULL)
			s.len = (size_t)(tail - s.s);
		answer_parse(s, ev);
	} else if (ev->kind == MT_SENT) {
		answer_parse(s, ev);
	}
}

static enum mt_line
outcome_kind(struct slice status, struct mt_event *ev)
{
	if (slice_is(status, "sent"))
		ev->kind = MT_SENT;
	else if (slice_is(status, "deferred"))
		ev->kind = MT_DEFER;
	else if (slice_is(status, "bounced") || slice_is(status, "expired"))
		ev->kind = MT_BOUNCE;
	else
		return MT_NOTHING; /* deliverable, undeliverable (verify), SOFTBOUNCE */
	return MT_EVENT;
}

/* to=<..>, [orig_to=<..>,] relay=.., delay=.., dsn=.., status=word (text) */
static enum mt_line
delivery(struct cursor *c, struct mt_event *ev)
{
	struct slice key, value, dsn = {NULL, 0};
	enum mt_line rc;

	if (!bracketed(c, &ev->rcpt) || !cursor_take(c, ", "))
		return MT_DAMAGED;
	ev->rcpt_domain = slice_domain(ev->rcpt);
	if (cursor_take(c, "orig_to=")) {
		if (!bracketed(c, &value) || !cursor_take(c, ", "))
			return MT_DAMAGED;
		ev->orig_domain = slice_plain_domain(value);
	}
	while (!cursor_take(c, "status=")) {
		if (!pair(c, &key, &value))
			return MT_DAMAGED;
		if (slice_is(key, "relay"))
			host_ip(value, ev);
		else if (slice_is(key, "dsn"))
			dsn = value;
	}
	if (!cursor_word(c, &value) || (rc = outcome_kind(value, ev)) != MT_EVENT)
		return MT_NOTHING;
	ev->local =
	    ev->kind == MT_SENT && (ev->ip.s == NULL || slice_begins(ev->ip, "127."));
	if (cursor_take(c, "(") && c->end > c->p && c->end[-1] == ')')
		status_text(slice_of(c->p, c->end - 1), ev);
	if (ev->answered && ev->enhanced[0] == '\0' && dsn.len < sizeof(ev->enhanced))
		slice_copy(ev->enhanced, sizeof(ev->enhanced), dsn);
	return MT_EVENT;
}

/* status=sent (forwarded as 03F51AD8786), by local(8) alone */
static void
forwarded(struct mt_event *ev)
{
	struct cursor c = {ev->text.s, ev->text.s + ev->text.len};

	if (ev->kind == MT_SENT && ev->text.s != NULL &&
	    cursor_take(&c, "forwarded as ") && id_end(&c) == c.end)
		ev->forwarded_as = slice_of(c.p, c.end);
}

/* uid=2001 from=<bounce@a.test> */
static enum mt_line
pickup(struct cursor *c, struct mt_event *ev)
{
	uint64_t uid;

	if (!cursor_take(c, "uid=") || !cursor_number(c, &uid) ||
	    !cursor_take(c, " from="))
		return MT_NOTHING;
	if (uid > UINT32_MAX || !bracketed(c, &ev->sender))
		return MT_DAMAGED;
	ev->uid = (int64_t)uid;
	return MT_PART;
}

/* client=name[ip]:port, sasl_method=PLAIN, sasl_username=box@a.test */
static enum mt_line
smtpd(struct cursor *c, struct mt_event *ev)
{
	struct slice key, value;

	if (!cursor_take(c, "client="))
		return MT_NOTHING;
	c->p -= 7;
	while (pair(c, &key, &value)) {
		if (slice_is(key, "client"))
			host_ip(value, ev);
		else if (slice_is(key, "sasl_username"))
			ev->auth = value;
	}
	ev->local_client = ev->auth.s == NULL &&
			   (slice_begins(ev->ip, "127.") || slice_is(ev->ip, "::1"));
	return MT_PART;
}

/* from=<..>, size=307, nrcpt=1 (queue active) */
static enum mt_line
qmgr(struct cursor *c, struct mt_event *ev)
{
	uint64_t size, rcpts;

	if (cursor_take(c, "removed")) {
		ev->kind = MT_DONE;
		return MT_EVENT;
	}
	if (!cursor_take(c, "from="))
		return MT_NOTHING;
	if (!bracketed(c, &ev->sender))
		return MT_DAMAGED;
	if (!cursor_take(c, ", size=") || !cursor_number(c, &size) ||
	    !cursor_take(c, ", nrcpt=") || !cursor_number(c, &rcpts))
		return MT_NOTHING; /* "status=expired, returned to sender" */
	ev->size = size;
	ev->rcpts = rcpts > 1000000 ? 1000000 : (unsigned)rcpts;
	ev->kind = MT_SUBMIT;
	return MT_EVENT;
}

static enum mt_line
postsuper(struct cursor *c, struct mt_event *ev)
{
	ev->text = slice_of(c->p, c->end);
	if (cursor_take(c, "placed on hold"))
		ev->kind = MT_FREEZE;
	else if (cursor_take(c, "released from hold"))
		ev->kind = MT_THAW;
	else if (cursor_take(c, "removed"))
		ev->kind = MT_DONE;
	else
		return MT_NOTHING;
	return MT_EVENT;
}

/* "hold: header Received: ...: text" and "milter-hold: ...": the message waits */
static enum mt_line
cleanup(struct cursor *c, struct mt_event *ev)
{
	ev->text = slice_of(c->p, c->end);
	if (!cursor_take(c, "hold: ") && !cursor_take(c, "milter-hold: "))
		return MT_NOTHING;
	ev->kind = MT_FREEZE;
	return MT_EVENT;
}

enum mt_line
postfix_text(struct slice ident, struct slice text, struct mt_event *ev)
{
	struct cursor c = {text.s, text.s + text.len};
	const char *slash = ident.s == NULL ? NULL : memrchr(ident.s, '/', ident.len);
	struct slice program;
	enum mt_line rc;

	if (slash == NULL || !slice_begins(ident, "postfix"))
		return MT_FOREIGN;
	program = slice_of(slash + 1, ident.s + ident.len);
	if (!queue_id(&c, &ev->queue_id))
		return MT_NOTHING;
	if (slice_is(program, "pickup"))
		return pickup(&c, ev);
	if (slice_is(program, "qmgr") || slice_is(program, "nqmgr"))
		return qmgr(&c, ev);
	if (slice_is(program, "smtpd"))
		return smtpd(&c, ev);
	if (slice_is(program, "cleanup"))
		return cleanup(&c, ev);
	if (slice_is(program, "postsuper"))
		return postsuper(&c, ev);
	if (!cursor_take(&c, "to="))
		return MT_NOTHING;
	if ((rc = delivery(&c, ev)) == MT_EVENT && slice_is(program, "local"))
		forwarded(ev);
	return rc;
}

enum mt_line
postfix_line(struct stamp_base *b, const char *line, size_t len, struct mt_event *ev,
	     uint64_t *pid_out)
{
	struct syslog_line sys;

	memset(ev, 0, sizeof(*ev));
	ev->uid = -1;
	*pid_out = 0;
	if (!syslog_split(b, line, len, &sys))
		return MT_FOREIGN;
	ev->time = sys.time;
	*pid_out = sys.pid;
	return postfix_text(sys.ident, sys.text, ev);
}
