/*
 * submit - one message's way from the wrapper to its answer
 *
 * Job:     see submit.h.
 * Touches: its clients' connections.
 */
#include "submit_int.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "claim.h"
#include "files.h"
#include "hub.h"
#include "log.h"
#include "loop.h"
#include "room.h"
#include "subuid.h"
#include "text.h"
#include "workers.h"
#include "xmem.h"

#define SUBMIT_FIRST_MS 2000 /* a client that connected and says nothing */
#define ACCEPT_MAX 64        /* taken at once */

static struct client *clients;
static unsigned client_count;

static bool ticking;

static void tick_when_needed(void);

unsigned
submit_waiting(void)
{
	return client_count;
}

/* --- coming and going --- */

void
submit_free(struct client *c)
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
		submit_free(c);
}

/* true: the wrapper was told. */
bool
submit_answer(struct client *c, enum submit_answer a, const char *text)
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

void
submit_refuse(struct client *c, const char *text)
{
	log_warn_rate("refused", 1, "refused uid=%u size=%" PRIu64 " text=\"%s\"",
		      (unsigned)c->uid, c->size, text);
	(void)submit_answer(c, SUBMIT_REFUSED, text);
	submit_free(c);
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
		submit_refuse(c, c->refusal);
		return;
	}
	if (m_submit_get(m, &s, &e) != 0 || m->fd < 0 ||
	    strings_count(s.argv, s.argv_len) == 0 || !body_fit(c, m->fd, s.size)) {
		hub.count.bad_peers++;
		submit_refuse(c, "the submission is not of the form this version takes");
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
	if (submit_remembered(c->uid, c->token)) {
		(void)submit_answer(c, SUBMIT_HELD, "");
		submit_free(c);
		return;
	}
	copy = fcntl(c->body, F_DUPFD_CLOEXEC, 0);
	if (copy < 0) {
		submit_refuse(c, "too many messages at once");
		return;
	}
	scan.size = c->size;
	scan.uid = c->uid;
	scan.argv = c->argv;
	scan.argv_len = c->argv_len;
	scan.rcpt_key = hub.rcpt_key;
	scan.rcpt_key_len = sizeof hub.rcpt_key;
	c->job = workers_ask(&scan, copy, submit_on_head, c);
	c->hurry = files_hurry(c->uid, submit_on_hurried, c);
	claim_of_wrapper(&(struct claims){c->script, "", c->cwd}, path);
	if (path[0] != '\0')
		submit_look_up(c, path);
	/* not before: the above may have answered at once, and deciding frees the client
	 */
	c->submitted = true;
	submit_maybe_decide(c);
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
			submit_free(s->who);
		return;
	}
	if (client_count <= SUBMIT_CLIENTS)
		return;
	s = room_victim();
	if (s != NULL && s->silent)
		submit_free(s->who);
	else if (s != NULL)
		submit_refuse(s->who, "too many messages wait for an answer");
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
		submit_free(c);
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
			submit_free(c);
		else if (c->have_head || ws.ready == 0 ||
			 mono_diff_us(now, c->head_due) >= 0)
			submit_decide(c);
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
