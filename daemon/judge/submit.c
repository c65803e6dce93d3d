/*
 * submit - one message's way from the wrapper to its answer
 *
 * Job:     see submit.h.
 * Touches: its clients' connections, held mail (through held.h), the store.
 */
#include "submit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alert.h"
#include "claim.h"
#include "expect.h"
#include "files.h"
#include "form.h"
#include "hub.h"
#include "log.h"
#include "loop.h"
#include "own.h"
#include "pool.h"
#include "room.h"
#include "subuid.h"
#include "text.h"
#include "workers.h"
#include "xmem.h"

#define SUBMIT_FIRST_MS 2000 /* a client that connected and says nothing */
#define ACCEPT_MAX 64        /* taken at once */
#define DOMAINS_MAX 100
#define RCPTS_MAX 100   /* whose addresses are looked at */
#define REMEMBERED 4096 /* tokens of held messages, for wrappers that ask again */

struct client {
	struct client *next, **prev;
	struct seat seat;
	struct wire wire;
	uid_t uid;
	gid_t gid;
	pid_t pid;
	mono_t due; /* files are not waited for any longer */
	mono_t
	    head_due; /* nor is its head, when workers are there: its wrapper gives up */
	bool submitted, have_head, hurried, looked_up, holding, gone;
	bool nobody_reads;   /* no worker was there to read it */
	const char *refusal; /* to be told when its message has come */
	char login[33];
	uint64_t size, token, hurry, look;
	int64_t changed_us; /* of the file looked at, -1 not this account's */
	char *looked;       /* its path */
	int body;           /* the sealed memfd */
	char *cwd, *argv, *env, *script;
	size_t argv_len, env_len;
	struct job *job;
	/* what the worker told */
	bool head_ok;
	uint64_t rcpts, nowhere, subject_hash, body_hash;
	char from[320], subject[512], message_id[320], header_script[512];
	char *domains;
	size_t domains_len;
	uint64_t rcpt_hashes[RCPTS_MAX];
	size_t rcpt_hash_count;
	/* the answer */
	struct answer answer;
	bool own; /* judged as the account's own mail: nothing was counted */
	struct held_head held;
	struct err held_err;
	int held_result;
};

static struct client *clients;
static unsigned client_count;

static struct {
	uint32_t uid;
	uint64_t token;
} remembered[REMEMBERED];
static size_t remember_at;

static bool ticking;

static void decide(struct client *c);
static void maybe_decide(struct client *c);
static void tick_when_needed(void);

unsigned
submit_waiting(void)
{
	return client_count;
}

void
submit_remember(uint32_t uid, uint64_t token)
{
	if (token == 0)
		return;
	remembered[remember_at].uid = uid;
	remembered[remember_at].token = token;
	remember_at = (remember_at + 1) % REMEMBERED;
}

static bool
is_remembered(uint32_t uid, uint64_t token)
{
	size_t i;

	for (i = 0; token != 0 && i < REMEMBERED; i++)
		if (remembered[i].token == token && remembered[i].uid == uid)
			return true;
	return false;
}

/* --- coming and going --- */

static void
client_free(struct client *c)
{
	*c->prev = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	client_count--;
	room_take(&c->seat);
	if (c->holding)
		log_bug("client freed while it is held");
	wire_close(&c->wire);
	if (c->job != NULL)
		workers_forget(c->job);
	files_hurry_forget(c->hurry);
	files_changed_forget(c->look);
	if (c->body >= 0)
		link_fd_discard(c->body);
	free(c->cwd);
	free(c->argv);
	free(c->env);
	free(c->script);
	free(c->domains);
	free(c->looked);
	free(c);
}

/* The wrapper is gone: killed, or it gave up. What is being held stays held. */
static void
on_gone(struct wire *w, const struct err *e)
{
	struct client *c = w->arg;

	if (e->code == ERR_INPUT) {
		hub.count.bad_peers++;
		log_warn_rate("bad_wrapper", 60, "wrapper sent=\"%s\" uid=%u", e->text,
			      (unsigned)c->uid);
	}
	c->gone = true;
	if (!c->holding)
		client_free(c);
}

/* true: the wrapper was told. */
static bool
answer(struct client *c, enum submit_answer a, const char *text)
{
	struct m_answer m = {.answer = a, .text = text};
	struct err e;
	bool told = !c->gone && m_answer_put(wire_out(), &m, &e) == 0 &&
		    wire_send(&c->wire, wire_out(), &e) == 0;

	if (a == SUBMIT_PASS)
		hub.count.passed++;
	else if (a == SUBMIT_HELD)
		hub.count.held++;
	else
		hub.count.refused++;
	return told;
}

static void
refuse(struct client *c, const char *text)
{
	log_warn_rate("refused", 1, "refused uid=%u size=%" PRIu64 " text=\"%s\"",
		      (unsigned)c->uid, c->size, text);
	(void)answer(c, SUBMIT_REFUSED, text);
	client_free(c);
}

/* --- holding --- */

static void
hold_work(void *arg)
{
	struct client *c = arg;

	c->held_result =
	    held_write(hub.held, &hub.conf, &c->held, c->body, c->size, &c->held_err);
}

static void
hold_row(const struct client *c, bool told)
{
	struct store_held row = {
	    .id = c->held.id,
	    .login = c->held.login,
	    .from = c->from,
	    .subject = c->subject,
	    .script = c->held.claimed_script,
	    .reason = reason_word(c->answer.reason),
	    .state = "held",
	    .result =
		told ? "" : "the sender gave up waiting; it may have sent it unchecked",
	    .uid = (int64_t)c->uid,
	    .rcpts = (int64_t)c->rcpts,
	    .size = (int64_t)c->size,
	    .t = c->held.t,
	    .state_t = c->held.t};
	struct err e;

	if (store_held_put(hub.store, &row, &e) != 0)
		hub_store_warn(&e);
}

static void
hold_done(void *arg)
{
	struct client *c = arg;
	char shown[200];
	bool told;

	c->holding = false;
	if (c->held_result != 0) {
		log_warn_rate("hold_failed", 10, "hold_failed uid=%u error=\"%s\"",
			      (unsigned)c->uid, c->held_err.text);
		if (c->held_err.code != ERR_AGAIN)
			alert_degraded("hold",
				       "Held mail cannot be written: %s. Messages that "
				       "would be held are refused to their sender.",
				       c->held_err.text);
		refuse(c, c->held_err.text);
		return;
	}
	submit_remember(c->uid, c->token);
	told = answer(c, SUBMIT_HELD, "");
	if (!told)
		hub.count.sender_gave_up++;
	hold_row(c, told);
	log_info("held id=%s uid=%u rcpts=%" PRIu64 " why=%s script=\"%s\"%s", c->held.id,
		 (unsigned)c->uid, c->rcpts, reason_word(c->answer.reason),
		 text_safe(shown, sizeof shown, c->held.claimed_script),
		 told ? "" : " sender_was_told=no");
	client_free(c);
}

static void
hold(struct client *c)
{
	struct held_head *h = &c->held;

	h->uid = c->uid;
	h->gid = c->gid;
	h->t = clock_wall();
	h->rcpts = c->rcpts;
	h->login = c->login;
	h->cwd = c->cwd;
	h->reason = reason_word(c->answer.reason);
	h->claimed_from = c->from;
	h->claimed_subject = c->subject;
	h->claimed_script = c->script;
	h->claimed_message_id = c->message_id;
	h->argv = c->argv;
	h->argv_len = c->argv_len;
	h->env = c->env;
	h->env_len = c->env_len;
	h->domains = c->domains == NULL ? "" : c->domains;
	h->domains_len = c->domains_len;
	h->token = c->token;
	c->holding = c->seat.busy = true;
	pool_run(c->uid, hold_work, hold_done, c);
}

/* --- judging --- */

static void
on_changed(void *arg, int64_t changed_us)
{
	struct client *c = arg;

	c->look = 0;
	c->looked_up = true;
	c->changed_us = changed_us;
	maybe_decide(c);
}

/* How old is the file it names? watch looks, while the rest is waited for anyway. */
static void
look_up(struct client *c, const char *path)
{
	c->looked = xstrdup(path);
	c->changed_us = -1;
	c->look = files_changed(c->uid, path, on_changed, c);
	c->looked_up = c->look == 0;
}

/* A fact about the file that was looked at, and only for that name; -1 unknown. */
static int64_t
script_age_s(const struct client *c, wall_t now)
{
	if (c->looked == NULL || !c->looked_up || c->changed_us < 0 ||
	    strcmp(c->looked, c->script) != 0)
		return -1;
	return now.us > c->changed_us ? (now.us - c->changed_us) / 1000000 : 0;
}

/*
 * Is it told of every recipient where it goes, so that two programs read the same? What
 * no worker read, what names more than we look at, what names no domain (the MTA's own is
 * put in), and local parts with signs that may be a way on (%, !, quotes) are no owner's.
 */
static bool
rcpts_sure(const struct client *c, size_t domains)
{
	return c->head_ok && domains < DOMAINS_MAX && c->nowhere == 0 &&
	       c->rcpt_hash_count == c->rcpts;
}

static void
ask_engine(struct client *c)
{
	const char *domains[DOMAINS_MAX];
	struct strings s =
	    strings_of(c->domains == NULL ? "" : c->domains, c->domains_len);
	struct submission sub = {.t = clock_wall(),
				 .uid = c->uid,
				 .user = c->login,
				 .script_is_claim = true,
				 .subject_hash = c->subject_hash,
				 .body_hash = c->body_hash,
				 .size = c->size,
				 .domains = domains,
				 .rcpt_hashes = c->rcpt_hashes,
				 .rcpt_hash_count = c->rcpt_hash_count};

	struct claims claims = {c->script, c->header_script, c->cwd};
	char *name = claim_name(&claims, c->uid);

	free(c->script);
	sub.script = c->script = name;
	sub.script_age_s = script_age_s(c, sub.t);
	sub.rcpts = c->rcpts > UINT32_MAX ? UINT32_MAX : (uint32_t)c->rcpts;
	while (sub.domain_count < DOMAINS_MAX &&
	       (domains[sub.domain_count] = strings_next(&s)) != NULL)
		sub.domain_count++;
	sub.own = !rcpts_sure(c, sub.domain_count)
		      ? 0
		      : own_mail(c->login, c->rcpts, domains, sub.domain_count);
	engine_submission(hub.engine, &sub, &c->answer);
	c->own = sub.own > 0 || c->answer.reason == REASON_OWN;
	hub.changed = true;
}

/*
 * No worker read it in time. Its recipients on the command line can be counted here;
 * those in its head cannot. When there is no worker at all, that is our trouble, and the
 * setting for a daemon that does not answer decides; else it is this message's.
 */
static void
count_without_head(struct client *c)
{
	struct strings s = strings_of(c->argv, c->argv_len);
	struct workers_state ws;
	const char *one = strings_next(&s);

	/* every word that is no option: rather too many than too few */
	for (c->rcpts = 0; (one = strings_next(&s)) != NULL;)
		c->rcpts += one[0] != '-';
	if (c->rcpts == 0)
		c->rcpts = 1;
	workers_state(&ws);
	c->nobody_reads =
	    ws.ready == 0 && strcmp(hub.conf.submit_without_judge, "pass") == 0;
	hub.count.unchecked_head++;
	alert_degraded("head",
		       "Messages were %s no scan worker read them in time; see "
		       "`mailbrake status`, part scan.",
		       c->nobody_reads || strcmp(hub.conf.mode, "observe") == 0
			   ? "passed although"
			   : "held because");
}

static void
decide(struct client *c)
{
	if (c->job != NULL) {
		workers_forget(c->job);
		c->job = NULL;
		hub.count.timed_out++;
	}
	files_hurry_forget(c->hurry);
	files_changed_forget(c->look);
	c->hurry = c->look = 0;
	if (!c->have_head)
		count_without_head(c);
	ask_engine(c);
	/* what was not read is not clean: a person looks at it */
	if (!c->head_ok && !c->nobody_reads && c->answer.answer == ANSWER_PASS &&
	    strcmp(hub.conf.mode, "observe") != 0) {
		c->answer.answer = ANSWER_HOLD;
		c->answer.reason = REASON_UNREADABLE;
	}
	if (c->answer.answer == ANSWER_HOLD) {
		hold(c);
	} else {
		if (c->own)
			expect_add_own(c->uid, c->rcpts, c->script, clock_mono());
		else
			expect_add(c->uid, c->rcpts, clock_mono());
		(void)answer(c, SUBMIT_PASS, "");
		client_free(c);
	}
}

static void
maybe_decide(struct client *c)
{
	if (c->submitted && c->have_head && c->hurried && c->looked_up && !c->holding)
		decide(c);
}

static void
on_head(struct job *j, const struct m_verdict *v, const struct m_head *h)
{
	struct client *c = j->arg;
	char why[200];

	(void)v;
	c->job = NULL;
	c->have_head = true;
	c->head_ok = h->ok != 0;
	if (!c->head_ok)
		log_warn_rate("head_unread", 60, "head_unread uid=%u reason=\"%s\"",
			      (unsigned)c->uid, text_safe(why, sizeof why, h->reason));
	c->rcpts = h->rcpts;
	c->nowhere = h->rcpts_nowhere;
	c->subject_hash = h->subject_hash;
	c->body_hash = h->body_hash;
	(void)text_utf8(c->from, sizeof c->from, h->from, strlen(h->from));
	(void)text_utf8(c->subject, sizeof c->subject, h->subject, strlen(h->subject));
	(void)text_utf8(c->message_id, sizeof c->message_id, h->message_id,
			strlen(h->message_id));
	(void)text_copy(c->header_script, sizeof c->header_script, h->claimed_script);
	if (h->linted != 0)
		form_note(c->uid, hub_login(c->uid), h->lint, c->from, clock_wall());
	c->domains = xmemdup(h->domains, h->domains_len);
	c->domains_len = h->domains_len;
	if (c->head_ok && h->rcpt_hashes_len <= sizeof c->rcpt_hashes &&
	    h->rcpt_hashes_len % sizeof c->rcpt_hashes[0] == 0) {
		memcpy(c->rcpt_hashes, h->rcpt_hashes, h->rcpt_hashes_len);
		c->rcpt_hash_count = h->rcpt_hashes_len / sizeof c->rcpt_hashes[0];
	}
	if (c->looked == NULL) {
		struct claims claims = {"", c->header_script, c->cwd};
		char path[PATH_MAX];

		claim_of_header(&claims, path);
		if (path[0] != '\0')
			look_up(c, path);
		else
			c->looked_up = true;
	}
	maybe_decide(c);
}

static void
on_hurried(void *arg)
{
	struct client *c = arg;

	c->hurried = true;
	c->hurry = 0;
	maybe_decide(c);
}

/* --- SUBMIT --- */

/* The body must be a sealed memfd of the size it says: then nobody can change it any
 * more. */
static bool
body_fit(struct client *c, int fd, uint64_t size)
{
	const int want = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & want) != want || fstat(fd, &st) != 0 ||
	    st.st_size < 0 || (uint64_t)st.st_size != size)
		return false;
	c->size = size;
	return (int64_t)size <= hub.conf.message_size_max;
}

static void
on_submit(struct client *c, struct msg *m)
{
	struct m_scan scan = {.kind = SCAN_MAIL, .path = ""};
	struct m_submit s;
	struct err e;
	char path[PATH_MAX];
	int copy;

	/* one message a connection; what comes after it changes nothing */
	if (c->submitted)
		return;
	c->seat.silent = false;
	if (c->refusal != NULL) {
		refuse(c, c->refusal);
		return;
	}
	if (m_submit_get(m, &s, &e) != 0 || m->fd < 0 ||
	    strings_count(s.argv, s.argv_len) == 0 || !body_fit(c, m->fd, s.size)) {
		hub.count.bad_peers++;
		refuse(c, "the submission is not of the form this version takes");
		return;
	}
	c->body = m->fd;
	m->fd = -1;
	c->token = s.token;
	c->cwd = xstrdup(s.cwd);
	c->argv = xmemdup(s.argv, s.argv_len);
	c->argv_len = s.argv_len;
	c->env = xmemdup(s.env, s.env_len);
	c->env_len = s.env_len;
	c->script = xstrdup(s.claimed_script);
	c->due = mono_after_ms(clock_mono(), hub.conf.hurry_ms);
	c->head_due = mono_after_ms(clock_mono(), hub.conf.submit_timeout_ms * 4 / 5);
	if (is_remembered(c->uid, c->token)) {
		(void)answer(c, SUBMIT_HELD, "");
		client_free(c);
		return;
	}
	copy = fcntl(c->body, F_DUPFD_CLOEXEC, 0);
	if (copy < 0) {
		refuse(c, "too many messages at once");
		return;
	}
	scan.size = c->size;
	scan.uid = c->uid;
	scan.argv = c->argv;
	scan.argv_len = c->argv_len;
	c->job = workers_ask(&scan, copy, on_head, c);
	c->hurry = files_hurry(c->uid, on_hurried, c);
	claim_of_wrapper(&(struct claims){c->script, "", c->cwd}, path);
	if (path[0] != '\0')
		look_up(c, path);
	/* not before: the above may have answered at once, and deciding frees the client
	 */
	c->submitted = true;
	maybe_decide(c);
}

static void
on_msg(struct wire *w, struct msg *m)
{
	if (m->type == MSG_SUBMIT)
		on_submit(w->arg, m);
}

/*
 * One account that floods is refused: closing would let its mail pass unseen. It is told
 * when its message has come, so that the refusal is not lost with the connection; but
 * those that say nothing do not keep places from others.
 */
static void
make_room(struct client *c)
{
	struct seat *s;

	if (room_of(c->seat.uid) > (uint64_t)hub.conf.submit_uid_max) {
		c->refusal = "this account has too many messages waiting for an answer";
		c->seat.refused = true;
		while ((s = room_excess(c->seat.uid)) != NULL)
			client_free(s->who);
		return;
	}
	if (client_count <= SUBMIT_CLIENTS)
		return;
	s = room_victim();
	if (s != NULL && s->silent)
		client_free(s->who);
	else if (s != NULL)
		refuse(s->who, "too many messages wait for an answer");
}

/* true: one came, and there may be more. */
static bool
accept_one(int fd)
{
	struct client *c;
	struct err e;
	const struct passwd *pw;
	uid_t uid;
	int conn;

	conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (conn < 0) {
		if (errno == EMFILE || errno == ENFILE)
			log_warn_rate("accept", 60, "accept errno=%d", errno);
		return false;
	}
	c = xcalloc(1, sizeof *c);
	c->body = -1;
	if (link_peer(conn, &c->uid, &c->gid, &c->pid, &e) != 0) {
		close(conn);
		free(c);
		return true;
	}
	uid = c->uid;
	c->uid = subuid_account(uid);
	if (c->uid != uid && (pw = getpwuid(c->uid)) != NULL)
		c->gid = pw->pw_gid; /* a held message is sent by the account itself */
	c->due = mono_after_ms(clock_mono(), SUBMIT_FIRST_MS);
	c->next = clients;
	c->prev = &clients;
	if (clients != NULL)
		clients->prev = &c->next;
	clients = c;
	client_count++;
	c->seat = (struct seat){.uid = c->uid, .silent = true, .who = c};
	room_add(&c->seat);
	if (!wire_open(&c->wire, conn, ROLE_JUDGE, ROLE_WRAPPER, MSG_MAX, on_msg, on_gone,
		       c)) {
		client_free(c);
		return true;
	}
	(void)text_copy(c->login, sizeof c->login, hub_login(c->uid));
	make_room(c);
	tick_when_needed();
	return true;
}

/* Several at once, so that a queue one account fills is soon through. */
static void
on_connect(void *arg, int fd, short revents)
{
	(void)arg;
	(void)revents;
	for (int i = 0; i < ACCEPT_MAX && accept_one(fd); i++)
		;
}

static void
on_tick(void *arg)
{
	mono_t now = clock_mono();
	struct client *c, *next;
	struct workers_state ws;

	(void)arg;
	ticking = false;
	workers_state(&ws);
	for (c = clients; c != NULL; c = next) {
		next = c->next;
		if (c->holding || mono_diff_us(now, c->due) < 0)
			continue;
		if (!c->submitted)
			client_free(c);
		else if (c->have_head || ws.ready == 0 ||
			 mono_diff_us(now, c->head_due) >= 0)
			decide(c);
	}
	tick_when_needed();
}

/* An idle daemon does not wake up: the clock runs while somebody waits. */
static void
tick_when_needed(void)
{
	if (clients == NULL || ticking)
		return;
	ticking = loop_once(50, on_tick, NULL) >= 0;
}

void
submit_listen(int listen_fd)
{
	if (!loop_add(listen_fd, POLLIN, on_connect, NULL))
		log_bug("submit_listen");
}
