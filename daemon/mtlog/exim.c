/*
 * exim - one line of Exim's mainlog
 *
 * Job:     see mt_grammar.h.
 * Touches: nothing.
 * Source:  Exim specification 53 (log files) and src/{receive,deliver}.c for the order
 *          of the fields; lines of Exim 4.96 with +pid +subject +received_recipients and
 *          cPanel's selectors.
 */
#include "mt_grammar.h"

/* Six, six or eleven, two or four base-62 digits: 1xUu5U-0001QX-0R, since 4.97 longer. */
static bool
queue_id(struct cursor *c, struct slice *out)
{
	static const int shape[2][3] = {{6, 6, 2}, {6, 11, 4}};

	for (int k = 0; k < 2; k++) {
		const int *n = shape[k];
		size_t len = (size_t)(n[0] + n[1] + n[2] + 2), at = 0;
		bool ok = (size_t)(c->end - c->p) >= len &&
			  ((size_t)(c->end - c->p) == len || c->p[len] == ' ');

		for (int part = 0; ok && part < 3; part++) {
			for (int i = 0; ok && i < n[part]; i++, at++)
				ok = (c->p[at] >= '0' && c->p[at] <= '9') ||
				     ((c->p[at] | 32) >= 'a' && (c->p[at] | 32) <= 'z');
			if (part < 2)
				ok = ok && c->p[at++] == '-';
		}
		if (!ok)
			continue;
		*out = slice_of(c->p, c->p + len);
		c->p += len;
		cursor_take(c, " ");
		return true;
	}
	return false;
}

/* Past a quoted string whose opening quote was just taken; to the end when it never
 * closes. */
static void
skip_quoted(struct cursor *c)
{
	while (c->p < c->end && *c->p != '"')
		c->p += *c->p == '\\' && c->p + 1 < c->end ? 2 : 1;
	if (c->p < c->end)
		c->p++;
}

/* An address up to a blank, the quotes of its local part respected. */
static struct slice
address(struct cursor *c)
{
	const char *from = c->p;
	struct slice s, rest;

	if (cursor_take(c, "\""))
		skip_quoted(c);
	cursor_word(c, &rest);
	s = slice_of(from, c->p);
	while (s.len > 0 && s.s[s.len - 1] == ' ')
		s.len--;
	return s;
}

/* "<...>" with quotes respected; the '<' was taken. */
static struct slice
bracketed(struct cursor *c)
{
	const char *from = c->p, *to;

	if (cursor_take(c, "\""))
		skip_quoted(c);
	while (c->p < c->end && *c->p != '>')
		c->p++;
	to = c->p;
	if (c->p < c->end)
		c->p++;
	return slice_of(from, to);
}

/* "name (helo) [ip]:port": what H= holds. A HELO with blanks ends reading (false). */
static bool
host_field(struct cursor *c, struct mt_event *ev)
{
	struct slice w;
	uint64_t port = 0;

	if (c->p < c->end && *c->p != '(' && *c->p != '[') {
		if (!cursor_word(c, &ev->host))
			return false;
	}
	if (cursor_take(c, "(")) {
		const char *shut = memchr(c->p, ')', (size_t)(c->end - c->p));

		if (shut == NULL || memchr(c->p, ' ', (size_t)(shut - c->p)) != NULL)
			return false;
		c->p = shut + 1;
		if (!cursor_take(c, " "))
			return false;
	}
	if (!cursor_take(c, "["))
		return true;
	w = slice_of(c->p, c->end);
	for (w.len = 0; c->p < c->end && *c->p != ']'; c->p++)
		w.len++;
	if (c->p >= c->end || w.len > 60)
		return false;
	ev->ip = w;
	c->p++;
	if (c->end - c->p >= 2 && c->p[0] == ':' && c->p[1] >= '0' && c->p[1] <= '9') {
		c->p++;
		cursor_number(c, &port);
		ev->port = (int)(port & 0xffff);
	}
	return true;
}

static bool
own_words(struct slice text)
{
	static const char *const words[] = {"retry time not reached",
					    "domain is held",
					    "domain is in queue_domains",
					    "mailbrake",
					    "retry timeout exceeded",
					    "queue_smtp_domains",
					    "address is held",
					    "remote delivery deferred"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_begins(text, words[i]))
			return true;
	return false;
}

/* Exim appends " QT=28s DT=0s" after the text. */
static struct slice
cut_timings(struct slice s)
{
	for (int i = 0; i < 2; i++) {
		const char *blank = memrchr(s.s, ' ', s.len);
		struct slice w;

		if (blank == NULL)
			break;
		w = slice_of(blank + 1, s.s + s.len);
		if (!slice_begins(w, "DT=") && !slice_begins(w, "QT="))
			break;
		s.len = (size_t)(blank - s.s);
	}
	return s;
}

/* The text after ": " of a == or ** line: whose words are they? */
static void
failure_text(struct slice text, struct mt_event *ev)
{
	static const char mark[] = "SMTP error from remote mail server after ";
	static const char old[] = "SMTP error from remote mailer after ";
	struct cursor c = {text.s, text.s + text.len};
	struct slice rest;

	text = cut_timings(text);
	c.end = text.s + text.len;
	ev->text = text;
	if (!cursor_take(&c, mark) && !cursor_take(&c, old)) {
		ev->own = own_words(text);
		return;
	}
	/* "RCPT TO:<"x: 550 (S3150)"@a.test>: 450 ...": the address is no answer */
	while (c.p < c.end && !(c.p + 1 < c.end && c.p[0] == ':' && c.p[1] == ' ')) {
		if (*c.p++ == '<')
			bracketed(&c);
	}
	if (!cursor_take(&c, ": "))
		return;
	if (cursor_take(&c, "host ")) { /* before 4.83 the host stood here */
		const char *shut = memmem(c.p, (size_t)(c.end - c.p), "]: ", 3);

		if (shut == NULL)
			return;
		if (ev->host.s == NULL) {
			struct cursor k = {c.p, shut + 1};

			host_field(&k, ev);
		}
		c.p = shut + 3;
	}
	rest = slice_of(c.p, c.end);
	answer_parse(rest, ev);
}

/*
 * Fields of a delivery line up to its free text: "(parent) <orig> F=<> P=<> R= T= S= H=
 * X= C=". A word that ends with a colon ends the fields; what follows is the failure's
 * text.
 */
static void
delivery_fields(struct cursor *c, struct mt_event *ev)
{
	struct slice w;

	while (c->p < c->end) {
		bool host = false;

		if (cursor_take(c, "<")) {
			struct slice orig = bracketed(c);

			ev->orig_domain = slice_plain_domain(orig);
			if (slice_domain(ev->rcpt).s == NULL)
				ev->rcpt = orig;
		} else if (cursor_take(c, "F=<")) {
			ev->sender = bracketed(c);
		} else if (cursor_take(c, "P=<")) {
			bracketed(c);
		} else if (cursor_take(c, "H=")) {
			if (!host_field(c, ev))
				return;
			host = true;
		} else if (cursor_take(c, "DN=\"")) {
			skip_quoted(c);
		} else if (cursor_take(c, "C=\"")) {
			const char *from = c->p;

			skip_quoted(c);
			w = slice_of(from, c->p);
			if (w.len > 0 && w.s[w.len - 1] == '"')
				w.len--;
			if (!answer_parse(w, ev))
				ev->text = w;
			return;
		} else {
			if (!cursor_word(c, &w))
				return;
			if (w.len > 0 && w.s[w.len - 1] == ':') {
				failure_text(slice_of(c->p, c->end), ev);
				return;
			}
			continue;
		}
		if (cursor_take(c, ": ")) {
			failure_text(slice_of(c->p, c->end), ev);
			return;
		}
		if (!cursor_take(c, " ") && c->p < c->end && !host)
			return;
	}
}

static enum mt_line
delivery(struct cursor *c, enum mt_kind kind, struct mt_event *ev)
{
	bool special = c->p < c->end && strchr("|/>:", *c->p) != NULL;

	ev->kind = kind;
	if (!special) {
		ev->rcpt = address(c);
	} else {
		/* "|command with blanks <box@a.test> R=": the address follows */
		const char *lt = memmem(c->p, (size_t)(c->end - c->p), " <", 2);

		ev->local = true;
		if (lt == NULL)
			return MT_DAMAGED;
		c->p = lt + 1;
	}
	delivery_fields(c, ev);
	/* a mailbox or a program. What goes to a filter on this machine goes on from
	 * there: by its recipient's domain it is own, or it is a stranger's. */
	if (kind == MT_SENT && ev->ip.s == NULL)
		ev->local = true;
	ev->rcpt_domain = slice_domain(ev->rcpt);
	return ev->rcpt.len == 0 ? MT_DAMAGED : MT_EVENT;
}

/* The words of s, or only those with an "@". */
static unsigned
words(struct slice s, bool addresses)
{
	const char *end = s.s + s.len, *p, *stop;
	unsigned n = 0;

	for (p = s.s; p < end; p = stop) {
		while (p < end && *p == ' ')
			p++;
		stop = p < end ? memchr(p, ' ', (size_t)(end - p)) : end;
		if (stop == NULL)
			stop = end;
		n += p < stop &&
		     (!addresses || memchr(p, '@', (size_t)(stop - p)) != NULL);
	}
	return n;
}

/*
 * The recipients: the words after the first " for " behind the subject, which Exim quotes
 * (T="..", quotes in it escaped). Everything before " for " is the sender's to write, and
 * so is a recipient ("a for b"@x.test): rather too many than too few. A subject with more
 * than two addresses in it is none: a Message-ID began it.
 */
static unsigned
count_rcpts(struct slice line)
{
	const char *end = line.s + line.len, *p = line.s, *t;
	unsigned n = 0, hidden;

	if ((t = memmem(p, line.len, " T=\"", 4)) != NULL) {
		for (p = t + 4; p < end && *p != '"'; p++)
			p += *p == '\\';
		if (p > end)
			p = end;
		hidden = words(slice_of(t + 4, p), true);
		n = hidden > 2 ? hidden : 0;
	}
	p = memmem(p, (size_t)(end - p), " for ", 5);
	return p == NULL ? n : n + words(slice_of(p + 5, end), false);
}

/* "plain:box@a.test" or "plain:box@a.test:sender": the login. */
static struct slice
auth_id(struct slice w)
{
	const char *colon = memchr(w.s, ':', w.len), *second;

	if (colon == NULL)
		return (struct slice){NULL, 0};
	w = slice_of(colon + 1, w.s + w.len);
	if ((second = memchr(w.s, ':', w.len)) != NULL)
		w.len = (size_t)(second - w.s);
	return w;
}

static void
submission_fields(struct cursor *c, struct mt_event *ev)
{
	struct slice w, user = {NULL, 0};
	bool host = false;
	uint64_t n;

	while (c->p < c->end) {
		if (cursor_take(c, "H=")) {
			host = true;
			if (!host_field(c, ev))
				break;
			cursor_take(c, " ");
			continue;
		}
		if (cursor_take(c, "DN=\"")) {
			skip_quoted(c);
			cursor_take(c, " ");
			continue;
		}
		if (cursor_take(c, "S=")) {
			if (cursor_number(c, &n))
				ev->size = n;
			break; /* id= and T= come after it: free text */
		}
		if (!cursor_word(c, &w))
			break;
		if (slice_begins(w, "U="))
			user = slice_of(w.s + 2, w.s + w.len);
		else if (slice_begins(w, "A="))
			ev->auth = auth_id(slice_of(w.s + 2, w.s + w.len));
		else if (slice_begins(w, "id=") || slice_begins(w, "T="))
			break;
	}
	/* from the network U= is what an ident server said, not the kernel */
	if (!host)
		ev->user = user;
	else if (ev->auth.s == NULL &&
		 (slice_begins(ev->ip, "127.") || slice_is(ev->ip, "::1")))
		ev->local_client = true;
}

static enum mt_line
submission(struct cursor *c, struct mt_event *ev)
{
	struct slice whole = slice_of(c->p, c->end);
	bool linked;

	ev->kind = MT_SUBMIT;
	ev->sender = address(c);
	if (ev->sender.len == 0)
		return MT_DAMAGED;
	if (slice_is(ev->sender, "<>"))
		ev->sender.len = 0;
	linked = cursor_take(c, "R=");
	if (linked) {
		struct slice w;

		cursor_word(c, &w);
	}
	ev->bounce = linked && ev->sender.len == 0;
	submission_fields(c, ev);
	ev->rcpts = count_rcpts(whole);
	return MT_EVENT;
}

static enum mt_line
about_message(struct cursor *c, struct mt_event *ev)
{
	static const struct {
		const char *words;
		enum mt_kind kind;
	} state[] = {
	    {"Completed", MT_DONE},    {"frozen by ", MT_FREEZE},
	    {"*** Frozen", MT_FREEZE}, {"Frozen", MT_FREEZE},
	    {"Unfrozen by ", MT_THAW}, {"unfrozen by ", MT_THAW},
	    {"removed by ", MT_DONE},  {"Removed by ", MT_DONE},
	};

	if (cursor_take(c, "<= ") || cursor_take(c, "(= "))
		return submission(c, ev);
	if (cursor_take(c, "=> ") || cursor_take(c, "-> ") || cursor_take(c, ">> "))
		return delivery(c, MT_SENT, ev);
	if (cursor_take(c, "== "))
		return delivery(c, MT_DEFER, ev);
	if (cursor_take(c, "** "))
		return delivery(c, MT_BOUNCE, ev);
	ev->text = slice_of(c->p, c->end);
	for (size_t i = 0; i < sizeof(state) / sizeof(state[0]); i++)
		if (cursor_take(c, state[i].words)) {
			ev->kind = state[i].kind;
			return MT_EVENT;
		}
	if (cursor_take(c, "F=<")) {
		ev->sender = bracketed(c);
		if (cursor_take(c, " rejected ")) {
			ev->kind = MT_REFUSED;
			return MT_EVENT;
		}
	}
	return MT_NOTHING;
}

static enum mt_line
cwd_line(struct cursor *c, struct mt_event *ev)
{
	struct cursor k = *c;
	uint64_t n;

	for (; k.p < k.end; k.p++) {
		const char *at = k.p;

		if (!cursor_take(&k, " ") || !cursor_number(&k, &n) ||
		    !cursor_take(&k, " args: ")) {
			k.p = at;
			continue;
		}
		ev->claimed_cwd = slice_of(c->p, at);
		return MT_CWD;
	}
	return MT_NOTHING;
}

enum mt_line
exim_line(struct stamp_base *b, const char *line, size_t len, struct mt_event *ev,
	  uint64_t *pid_out)
{
	struct cursor c = {line, line + len};
	struct syslog_line sys;

	memset(ev, 0, sizeof(*ev));
	ev->uid = -1;
	*pid_out = 0;
	if (!stamp_exim(b, &c, &ev->time)) {
		wall_t own;

		if (!syslog_split(b, line, len, &sys))
			return MT_FOREIGN;
		if (!slice_begins(sys.ident, "exim"))
			return MT_FOREIGN;
		ev->time = sys.time;
		*pid_out = sys.pid;
		c = (struct cursor){sys.text.s, sys.text.s + sys.text.len};
		if (stamp_exim(b, &c, &own))
			ev->time = own;
	}
	if (cursor_take(&c, "[") &&
	    (!cursor_number(&c, pid_out) || !cursor_take(&c, "] ")))
		return MT_NOTHING;
	if (cursor_take(&c, "cwd="))
		return cwd_line(&c, ev);
	if (!queue_id(&c, &ev->queue_id))
		return MT_NOTHING;
	return about_message(&c, ev);
}
