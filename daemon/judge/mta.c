/*
 * mta - the second sensor: what goes around the wrapper
 *
 * Job:     see mta.h.
 * Touches: its connections, the engine.
 */
#include "mta.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "expect.h"
#include "here.h"
#include "hub.h"
#include "log.h"
#include "loop.h"
#include "mailq.h"
#include "milter.h"
#include "mta_request.h"
#include "outcome.h"
#include "own.h"
#include "priv.h"
#include "sockdiag.h"
#include "subuid.h"
#include "text.h"
#include "xmem.h"

#define ACCEPT_MAX 64      /* connections taken at once */
#define FIRST_ACCOUNT 1000 /* uids below are the system's own */

static struct asker {
	int fd;
	bool used;
	uid_t uid;
	bool speaks_milter;
	bool waiting; /* for OWNER with this number */
	uint64_t asked;
	struct milter milter;
	struct mta_request req; /* what is asked now */
	size_t len;
	char *buf; /* MTA_REQUEST_MAX + 1 */
} askers[MTA_CLIENTS];
static uint64_t last_asked;
static struct mta_counts count;

struct mta_counts
mta_counts(void)
{
	return count;
}

static void
drop(struct asker *a)
{
	loop_del(a->fd);
	close(a->fd);
	free(a->buf);
	memset(a, 0, sizeof *a);
}

/*
 * Whose message is it? The submitter by the MTA's word when it came by its sendmail; the
 * owner of the socket, by the kernel's, when it came by SMTP from this machine (but a
 * webmail's mail is its user's who logged in); or an enum owner_code. named: by mtlog's
 * word. *here_out: the client is on this machine.
 */
static int64_t
whose(const struct mta_request *r, uid_t mta_uid, int64_t named, bool *here_out)
{
	uint32_t uid;
	struct err e;
	bool found =
	    r->client.family != 0 && sockdiag_uid(&r->client, &r->server, &uid, &e) == 1;

	*here_out = found || here_address(r->client.family, r->client.addr);
	if (found && uid != mta_uid && (named < 0 || uid >= FIRST_ACCOUNT))
		return subuid_account(uid);
	if (named >= 0 || r->kind == MTA_MILTER)
		return named;
	/* -bs: SMTP on standard input has no connection, and a true submitter */
	if (r->client.family == 0 && r->ouid >= 0)
		return r->ouid > UINT32_MAX ? OWNER_NONE
					    : (int64_t)subuid_account((uint32_t)r->ouid);
	return OWNER_NONE;
}

/* An MTA that is told so holds it. */
struct judged {
	bool hold;
	bool passes;    /* an account's, and goes though the account is held */
	int64_t uid;    /* below 0: nobody knows whose, and there is no row */
	uint32_t rcpts; /* 0: not an account's */
	wall_t t;
};

/* From this machine, and nobody can say whose: a client that hung up before it could be
 * asked for, a message whose first lines tell nothing. */
static bool
hold_nameless(const struct mta_request *r)
{
	if (strcmp(hub.conf.mode, "observe") == 0)
		return false;
	count.held_nameless++;
	log_warn_rate("mta_hold_nameless", 10, "mta_hold uid=unknown id=%s count=%llu",
		      r->id, (unsigned long long)count.held_nameless);
	return true;
}

/* Whom it is to, where the MTA's protocol tells: what an account's own mail is. */
struct to {
	char domain[MILTER_TO][MILTER_TO_LEN];
	const char *domains[MILTER_TO];
	uint64_t hashes[MILTER_TO];
};

static void
tell_to(const struct mta_request *r, struct submission *s, struct to *to)
{
	size_t n;

	if (r->rcpts == 0 || r->rcpts > MILTER_TO)
		return;
	for (n = 0; n < r->rcpts; n++) {
		const char *at = strrchr(r->to[n], '@');

		/* an old way of routing: it may go elsewhere than its domain says */
		if (at == NULL || at[1] == '\0' || strpbrk(r->to[n], "%!\"") != NULL)
			return;
		(void)text_copy(to->domain[n], sizeof to->domain[n], at + 1);
		to->domains[n] = text_lower(to->domain[n]);
		to->hashes[n] = address_hash(hub.rcpt_key, r->to[n], strlen(r->to[n]));
	}
	s->domains = to->domains;
	s->rcpt_hashes = to->hashes;
	s->domain_count = s->rcpt_hash_count = n;
	s->own = own_mail(s->user, r->rcpts, to->domains, n);
}

/* A message that was judged before: where its recipients are told, an own one's ticket is
 * for own ones alone. */
static enum expect_ticket
ticket_of(const struct submission *s)
{
	uint64_t own;

	expect_log_tells(outcome_trusted());
	if (s->domain_count > 0)
		return expect_take_told(s->uid, s->rcpts, s->own == 1, clock_mono());
	return expect_take(s->uid, EXPECT_HOOK, s->rcpts, &own, clock_mono());
}

static struct judged
judge(const struct mta_request *r, uid_t mta_uid, int64_t named)
{
	bool here;
	int64_t uid = whose(r, mta_uid, named, &here);
	struct submission s = {.t = clock_wall(),
			       .id = r->id,
			       .script_is_claim = true,
			       .script_age_s = -1,
			       .own = -1,
			       .size = r->size};
	struct judged j = {.uid = uid, .t = s.t};
	enum expect_ticket ticket;
	static struct to to;
	struct answer a;

	/* the MTA's own bounces, root's mail, and mail from outside are not an account's
	 */
	if (uid == (int64_t)mta_uid || uid == 0 || hub_is_ours(uid))
		return j;
	if (uid < 0) {
		count.unknown_uid++;
		count.unknown_login += r->auth[0] != '\0';
		/* every local message is such a one then; holding them would be worse */
		count.taken_out += uid == OWNER_TAKEN_OUT;
		j.hold = (uid == OWNER_SOMEBODY || (r->auth[0] == '\0' && here)) &&
			 hold_nameless(r);
		return j;
	}
	s.rcpts = r->rcpts == 0           ? 1
		  : r->rcpts > UINT32_MAX ? UINT32_MAX
					  : (uint32_t)r->rcpts;
	j.rcpts = s.rcpts;
	s.uid = (uint32_t)uid;
	s.user = hub_login((uint64_t)uid);
	tell_to(r, &s, &to);
	ticket = ticket_of(&s);
	/* of a held account only what an admin released goes */
	if (ticket == EXPECT_COUNTED ||
	    (ticket == EXPECT_OWN && !engine_held(hub.engine, (uint32_t)uid))) {
		count.expected++;
		j.passes = engine_held(hub.engine, (uint32_t)uid);
		return j;
	}
	count.bypassed++;
	s.script = r->script[0] == '\0' ? NULL : r->script;
	/* only from another machine: a script of the account that knows a password is
	 * still a script */
	s.login = r->auth[0] != '\0' && r->client.family != 0 && !here ? r->auth : NULL;
	engine_submission(hub.engine, &s, &a);
	hub.changed = true;
	/* its line in the log is this same message */
	expect_log_only(s.uid, s.rcpts, clock_mono());
	if (a.answer == ANSWER_PASS) {
		j.passes = engine_held(hub.engine, s.uid);
		return j;
	}
	count.held++;
	j.hold = true;
	log_info("mta_hold uid=%u id=%s rcpts=%u why=%s", (unsigned)s.uid, r->id,
		 (unsigned)s.rcpts, reason_word(a.reason));
	return j;
}

/* false: it could not be said, and the asker is gone. */
static bool
say(struct asker *a, const char *p, size_t len)
{
	if (len == 0 || send(a->fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len)
		return true;
	drop(a);
	return false;
}

/*
 * What Exim is told, and keeps with the message: HOLD or OK, whose it is, by whose hold
 * it will wait; "pass": by no hold. That is the submitter of a message by SMTP too.
 */
static void
exim_text(const struct judged *j, char *out, size_t size)
{
	char whose[24] = "";

	if (j->passes)
		(void)text_copy(whose, sizeof whose, " pass");
	else if (j->uid > 0)
		snprintf(whose, sizeof whose, " %" PRId64, j->uid);
	snprintf(out, size, "%s%s\n", j->hold ? "HOLD" : "OK", whose);
}

static bool
reply(struct asker *a, const struct judged *j)
{
	char out[MILTER_OUT], said[40];
	const char *text =
	    j->hold ? "action=HOLD mailbrake: held for review\n\n" : "action=DUNNO\n\n";
	bool hold = j->hold;

	exim_text(j, said, sizeof said);
	if (a->req.kind != MTA_POSTFIX)
		text = said;

	if (a->speaks_milter) {
		milter_next(&a->milter);
		return say(a, out, hold ? milter_hold(out) : milter_pass(out));
	}
	if (!say(a, text, strlen(text)))
		return false;
	if (a->req.kind != MTA_POSTFIX)
		drop(a); /* Exim asks once a connection; Postfix keeps it */
	return true;
}

/* Both directions are closed: the MTA's time was over, and it went on without us. */
static bool
hung_up(int fd)
{
	struct pollfd p = {.fd = fd};

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR)) != 0;
}

/* Judge what is asked, and answer. */
static void
decide(struct asker *a, int64_t named)
{
	struct judged j = judge(&a->req, a->uid, named);
	char id[sizeof a->req.id];
	bool told;

	(void)text_copy(id, sizeof id, a->req.id);
	told = !hung_up(a->fd);
	if (told)
		told = reply(a, &j);
	else
		drop(a);
	if (!j.hold) {
		/* a hold that comes before its line in the log (which does not say whose
		 * a message by SMTP is) freezes it all the same */
		if (told && j.rcpts > 0 && !j.passes)
			mailq_add((uint32_t)j.uid, id, j.rcpts, j.t);
		return;
	}
	if (!told) {
		count.late++;
		log_warn_rate("mta_late", 10, "mta_late id=%s count=%llu", id,
			      (unsigned long long)count.late);
	}
	if (j.uid < 0)
		return;
	if (told) {
		mailq_held((uint32_t)j.uid, id, j.rcpts, j.t);
		return;
	}
	mailq_add((uint32_t)j.uid, id, j.rcpts, j.t);
	mailq_freeze_one(id);
}

/* Ask mtlog whose it is; false: nobody to ask. */
static bool
ask_owner(struct asker *a)
{
	struct m_whose m = {
	    .asked = last_asked + 1, .queue_id = a->req.id, .auth = a->req.auth};
	struct err e;

	if (m_whose_put(wire_out(), &m, &e) != 0 ||
	    wire_send(&hub.mtlog, wire_out(), &e) != 0) {
		count.unasked++;
		log_warn_rate("mta_unasked", 60, "mta_unasked count=%llu error=\"%s\"",
			      (unsigned long long)count.unasked, e.text);
		return false;
	}
	a->asked = ++last_asked;
	a->waiting = true;
	loop_events(a->fd, 0); /* the next question waits its turn */
	return true;
}

/* The request is whole. */
static void
answer(struct asker *a)
{
	int64_t named = OWNER_NONE;

	count.asked++;
	if (a->req.auth[0] != '\0')
		named = hub_uid_of_name(a->req.auth);
	if (named < 0 && (a->req.auth[0] != '\0' || a->req.kind == MTA_MILTER) &&
	    ask_owner(a))
		return;
	decide(a, named);
}

/* --- what comes from the MTA --- */

/* One packet of len bytes at the buffer's start. */
static void
take_packet(struct asker *a, size_t len)
{
	char out[MILTER_OUT];
	size_t n;

	switch (milter_packet(&a->milter, a->buf, len, out, &n)) {
	case MILTER_GO_ON:
		break;
	case MILTER_SAY:
		(void)say(a, out, n);
		break;
	case MILTER_ASK:
		memset(&a->req, 0, sizeof a->req);
		a->req.kind = MTA_MILTER;
		a->req.ouid = -1;
		a->req.rcpts = a->milter.rcpts;
		memcpy(a->req.to, a->milter.to, sizeof a->req.to);
		(void)text_copy(a->req.id, sizeof a->req.id, a->milter.id);
		(void)text_copy(a->req.sender, sizeof a->req.sender, a->milter.sender);
		(void)text_copy(a->req.auth, sizeof a->req.auth, a->milter.auth);
		answer(a);
		break;
	case MILTER_WRONG:
		log_warn_rate("mta_request", 60,
			      "mta_request error=\"not the filter "
			      "protocol we speak\"");
		drop(a);
		break;
	case MILTER_BYE:
		drop(a);
		break;
	}
}

static void
take_request(struct asker *a, size_t len)
{
	struct err e;

	if (mta_request_parse(a->buf, len, &a->req, &e) != 0) {
		log_warn_rate("mta_request", 60, "mta_request error=\"%s\"", e.text);
		drop(a);
		return;
	}
	answer(a);
}

/*
 * It fills the buffer and has no end: nobody knows what it says, least of all that it may
 * pass. Who puts so much into a header wants to be heard by nobody.
 */
static void
too_long(struct asker *a)
{
	const char *text = a->len > 8 && memcmp(a->buf, "request=", 8) == 0
			       ? "action=HOLD mailbrake: held for review\n\n"
			       : "HOLD\n";

	log_warn_rate("mta_request", 60, "mta_request error=\"longer than %d bytes\"",
		      MTA_REQUEST_MAX);
	if (strcmp(hub.conf.mode, "observe") == 0)
		text = "";
	else
		count.held_nameless++;
	if (a->speaks_milter || say(a, text, strlen(text)))
		drop(a);
}

/* What the buffer holds, up to a question that waits for its answer. */
static void
take(struct asker *a)
{
	int64_t whole;
	size_t len;

	while (a->used && !a->waiting && a->len > 0) {
		/* a packet begins with a length below 2^24, a request with a letter */
		a->speaks_milter |= a->buf[0] == '\0';
		whole = a->speaks_milter ? milter_whole(a->buf, a->len)
					 : mta_request_whole(a->buf, a->len);
		if (whole == 0)
			break;
		if (whole < 0) {
			drop(a);
			return;
		}
		len = (size_t)whole;
		if (a->speaks_milter)
			take_packet(a, len);
		else
			take_request(a, len);
		if (!a->used)
			return;
		memmove(a->buf, a->buf + len, a->len - len);
		a->len -= len;
	}
	if (a->used && !a->waiting && a->len == MTA_REQUEST_MAX)
		too_long(a);
}

static void
on_bytes(void *arg, int fd, short revents)
{
	struct asker *a = arg;
	ssize_t n;

	if (a->waiting) {
		if ((revents & (POLLHUP | POLLERR)) != 0)
			drop(a); /* it will not hear the answer: its time was over */
		return;
	}
	n = recv(fd, a->buf + a->len, MTA_REQUEST_MAX - a->len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(a);
		return;
	}
	a->len += (size_t)n;
	take(a);
}

void
mta_owner(struct msg *m)
{
	struct m_owner o;
	struct err e;
	size_t i;

	if (m_owner_get(m, &o, &e) != 0)
		return;
	for (i = 0; i < MTA_CLIENTS; i++) {
		struct asker *a = &askers[i];

		if (!a->used || !a->waiting || a->asked != o.asked)
			continue;
		a->waiting = false;
		decide(a, o.uid >= 0 ? (int64_t)subuid_account((uint32_t)o.uid) : o.uid);
		if (a->used) {
			loop_events(a->fd, POLLIN);
			take(a);
		}
		return;
	}
}

/* The uids of mta_users, looked up once a minute: any tenant can make us ask. */
static bool
may_ask(uid_t uid)
{
	static uid_t uids[16];
	static size_t count_uids;
	static mono_t read_at;
	mono_t now = clock_mono();
	const char *at = NULL;
	char name[64];
	gid_t gid;
	struct err e;
	size_t i;

	if (uid == 0 || uid == geteuid())
		return true;
	if (read_at.us == 0 || mono_diff_us(now, read_at) > 60000000) {
		read_at = now;
		count_uids = 0;
		while (count_uids < sizeof uids / sizeof uids[0] &&
		       conf_list_next(hub.conf.mta_users, &at, name, sizeof name))
			if (priv_lookup(name, &uids[count_uids], &gid, &e) == 0)
				count_uids++;
	}
	for (i = 0; i < count_uids; i++)
		if (uids[i] == uid)
			return true;
	return false;
}

/* true: one came, and there may be more. */
static bool
accept_one(int fd)
{
	uid_t uid;
	gid_t gid;
	pid_t pid;
	struct err e;
	size_t i;
	int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (conn < 0)
		return false;
	if (link_peer(conn, &uid, &gid, &pid, &e) != 0 || !may_ask(uid)) {
		count.refused_peers++;
		close(conn);
		return true;
	}
	for (i = 0; i < MTA_CLIENTS; i++)
		if (!askers[i].used)
			break;
	if (i == MTA_CLIENTS) {
		count.full++;
		log_warn_rate("mta_full", 60, "mta_full connections=%d count=%llu",
			      MTA_CLIENTS, (unsigned long long)count.full);
		close(conn);
		return true;
	}
	askers[i].fd = conn;
	askers[i].uid = uid;
	askers[i].used = true;
	askers[i].len = 0;
	askers[i].waiting = askers[i].speaks_milter = false;
	askers[i].buf = xcalloc(1, MTA_REQUEST_MAX + 1);
	if (!loop_add(conn, POLLIN, on_bytes, &askers[i]))
		drop(&askers[i]);
	return true;
}

/* Anybody can connect, and is sent away: many at once, so that the MTA's turn comes. */
static void
on_connect(void *arg, int fd, short revents)
{
	(void)arg;
	(void)revents;
	for (int i = 0; i < ACCEPT_MAX && accept_one(fd); i++)
		;
}

void
mta_listen(int listen_fd)
{
	if (!loop_add(listen_fd, POLLIN, on_connect, NULL))
		log_bug("mta_listen");
}
