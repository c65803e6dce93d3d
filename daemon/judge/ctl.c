/*
 * ctl - the admin's commands
 *
 * Job:     see ctl.h. The table `verbs` is what can be asked.
 * Touches: everything judge owns, through its modules.
 * Source:  the fields of the rows: daemon/client/columns.def.
 */
#include "ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl_row.h"
#include "hub.h"
#include "log.h"
#include "loop.h"
#include "mailq.h"
#include "priv.h"
#include "release.h"
#include "text.h"
#include "xmem.h"

#define DISCARD_STEP 32
#define NAME_COLUMN 14 /* of engine_explain's text; lines that go on: one more */

static struct ctl *clients[CTL_CLIENTS];

/* --- rows
 * ------------------------------------------------------------------------------------ */

void
ctl_row_fd(struct ctl *c, json_t *take_row, int fd)
{
	struct m_row m;
	struct err e;
	char *text = take_row == NULL ? NULL : json_dumps(take_row, JSON_COMPACT);

	json_decref(take_row);
	if (text == NULL) {
		log_warn("ctl row=lost verb=%s", c->verb);
		return;
	}
	m.json = text;
	if (m_row_put(wire_out(), &m, &e) != 0) {
		log_warn("ctl row=lost verb=%s error=\"%s\"", c->verb, e.text);
	} else {
		wire_out()->fd = fd;
		if (wire_send(&c->wire, wire_out(), &e) != 0 && e.code != ERR_SYS)
			log_warn_rate("ctl", 10, "ctl row=lost error=\"%s\"", e.text);
		c->rows++;
	}
	free(text);
}

void
ctl_row(struct ctl *c, json_t *take_row)
{
	ctl_row_fd(c, take_row, -1);
}

json_t *
ctl_text(const char *s)
{
	char *buf;
	json_t *j;
	size_t n;

	if (s == NULL)
		return json_null();
	n = strlen(s);
	buf = xcalloc(n + 1, 3);
	j = json_string(text_utf8(buf, 3 * n + 1, s, n));
	free(buf);
	return j == NULL ? json_null() : j;
}

json_t *
ctl_list(const void *p, size_t len)
{
	struct strings s = strings_of(p, len);
	json_t *list = json_array();
	const char *one;

	while ((one = strings_next(&s)) != NULL)
		(void)json_array_append_new(list, ctl_text(one));
	return list;
}

static void
drop(struct ctl *c)
{
	size_t i;

	for (i = 0; i < CTL_CLIENTS; i++)
		if (clients[i] == c)
			clients[i] = NULL;
	release_forget(c);
	loop_cancel(c->step_timer);
	free(c->ids);
	ctl_files_forget(c);
	wire_close(&c->wire);
	free(c);
}

void
ctl_end(struct ctl *c, int exit_code, const char *fmt, ...)
{
	char text[600];
	struct m_end m = {.exit_code = (uint64_t)exit_code, .text = text};
	struct err e;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (m_end_put(wire_out(), &m, &e) == 0)
		(void)wire_send(&c->wire, wire_out(), &e);
	c->ended = true;
}

/* 0 when there were rows, else "nothing matched". */
static void
end_rows(struct ctl *c)
{
	ctl_end(c, c->rows > 0 ? 0 : 1, "%s", "");
}

/* The account an argument names; ends the command when there is none. */
static int64_t
account_arg(struct ctl *c, const char *name)
{
	int64_t uid = hub_uid(name);
	char shown[80];

	if (uid < 0)
		ctl_end(c, 1, "there is no account %s",
			text_safe(shown, sizeof shown, name));
	return uid;
}

/* --- accounts
 * ---------------------------------------------------------------------------------- */

struct account_walk {
	struct ctl *c;
	const char *state; /* NULL: all that are not clear; "all": every one */
};

static void
account_row(void *arg, uint32_t uid)
{
	struct account_walk *w = arg;
	static struct explanation x;
	uint64_t messages, bytes;

	if (!engine_explain(hub.engine, uid, &x))
		return;
	held_usage(hub.held, uid, &messages, &bytes);
	if (w->state == NULL && x.state == ACCT_CLEAR && x.facts.word == WORD_NONE &&
	    messages == 0)
		return;
	if (w->state != NULL && strcmp(w->state, "all") != 0 &&
	    strcmp(w->state, state_name(x.state)) != 0)
		return;
	ctl_row(w->c,
		json_pack("{s:o, s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:s, s:I, s:I}",
			  "login", ctl_text(hub_login(uid)), "uid", (json_int_t)uid,
			  "state", state_name(x.state), "word", word_name(x.facts.word),
			  "score", (json_int_t)x.facts.evidence_points, "rcpts_1h",
			  (json_int_t)x.facts.rcpts[2], "held_messages",
			  (json_int_t)messages, "since_t", (json_int_t)wall_s(x.since),
			  "reason", reason_says(x.reason), "held_bytes",
			  (json_int_t)bytes, "rcpts_24h", (json_int_t)x.facts.rcpts[3]));
}

static void
do_accounts(struct ctl *c, struct strings *args)
{
	struct account_walk w = {c, strings_next(args)};

	engine_each(hub.engine, account_row, &w);
	end_rows(c);
}

static bool
explain_decision(void *arg, const struct store_decision *v)
{
	char name[80];

	(void)snprintf(name, sizeof name, "%s -> %s", v->from, v->to);
	ctl_row(arg, json_pack("{s:s, s:I, s:s, s:s, s:o, s:o}", "kind", "decision", "t",
			       (json_int_t)wall_s(v->t), "name", name, "value", v->reason,
			       "text", ctl_text(v->who), "facts", ctl_text(v->facts)));
	return true;
}

static bool
explain_finding(void *arg, const struct store_finding *v)
{
	ctl_row(arg,
		json_pack("{s:s, s:I, s:o, s:I, s:o}", "kind", "finding", "t",
			  (json_int_t)wall_s(v->t), "name", ctl_text(v->path), "value",
			  (json_int_t)v->points, "text", ctl_text(v->rule)));
	return true;
}

/*
 * The engine's screen, a row a line: "name         text"; a line that begins with blanks
 * goes on with what the one above it says.
 */
static void
explain_screen(struct ctl *c, const char *text)
{
	char name[NAME_COLUMN + 2], line[600];
	size_t n, i, wide;

	for (; *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		(void)snprintf(line, sizeof line, "%.*s", (int)n, text);
		wide = NAME_COLUMN + (line[0] == ' ');
		i = strlen(line) < wide ? strlen(line) : wide;
		memcpy(name, line, i);
		while (i > 0 && name[i - 1] == ' ')
			i--;
		name[i] = '\0';
		ctl_row(c, json_pack("{s:s, s:s, s:o}", "kind", "fact", "name", name,
				     "value",
				     ctl_text(strlen(line) < wide ? "" : line + wide)));
	}
}

static void
do_explain(struct ctl *c, struct strings *args)
{
	static struct explanation x;
	int64_t uid = account_arg(c, strings_next(args));
	struct err e;

	if (uid < 0)
		return;
	if (!engine_explain(hub.engine, (uint32_t)uid, &x)) {
		ctl_end(c, 1, "account %s was never seen", hub_login((uint64_t)uid));
		return;
	}
	ctl_row(c,
		json_pack("{s:s, s:I, s:o, s:s, s:o}", "kind", "account", "t",
			  (json_int_t)wall_s(x.since), "name",
			  ctl_text(hub_login((uint64_t)uid)), "value",
			  state_name(x.state), "text", ctl_text(reason_says(x.reason))));
	explain_screen(c, x.text);
	if (store_finding_each(hub.store, uid, true, explain_finding, c, &e) != 0 ||
	    store_decision_each(hub.store, uid, 20, explain_decision, c, &e) != 0) {
		ctl_end(c, 71, "%s", e.text);
		return;
	}
	end_rows(c);
}

static const char *
state_of(int64_t uid)
{
	static struct explanation x;

	return engine_explain(hub.engine, (uint32_t)uid, &x) ? state_name(x.state)
							     : "unknown";
}

static void
say_word(struct ctl *c, struct strings *args, enum acct_word word, const char *done)
{
	int64_t uid = account_arg(c, strings_next(args));
	const char *before;
	struct err e;

	if (uid < 0)
		return;
	before = state_of(uid);
	if (engine_word(hub.engine, clock_wall(), (uint32_t)uid, word, SCOPE_ACCOUNT,
			NULL, (wall_t){0}, c->who, &e) != 0) {
		ctl_end(c, 1, "%s", e.text);
		return;
	}
	hub.changed = true;
	ctl_row(c, json_pack("{s:o, s:I, s:s, s:s, s:s}", "login",
			     ctl_text(hub_login((uint64_t)uid)), "uid", (json_int_t)uid,
			     "from", before, "to", state_of(uid), "text", done));
	end_rows(c);
}

static void
do_hold(struct ctl *c, struct strings *args)
{
	say_word(c, args, WORD_HOLD, "its mail is held until release, trust or forget");
}

static void
do_trust(struct ctl *c, struct strings *args)
{
	say_word(c, args, WORD_TRUST,
		 "its mail passes; `mailbrake forget` takes that back");
}

static void
do_forget(struct ctl *c, struct strings *args)
{
	say_word(c, args, WORD_NONE, "no admin's word counts any more");
}

/* --- held mail
 * --------------------------------------------------------------------------------- */

static bool
held_row(void *arg, const struct store_held *v)
{
	ctl_row(arg,
		json_pack(
		    "{s:s, s:I, s:o, s:s, s:I, s:I, s:o, s:o, s:o, s:s, s:I, s:o, s:I}",
		    "id", v->id, "t", (json_int_t)wall_s(v->t), "login",
		    ctl_text(v->login), "state", v->state, "rcpts", (json_int_t)v->rcpts,
		    "size_bytes", (json_int_t)v->size, "claimed_from", ctl_text(v->from),
		    "claimed_subject", ctl_text(v->subject), "claimed_script",
		    ctl_text(v->script), "reason", v->reason, "uid", (json_int_t)v->uid,
		    "text", ctl_text(v->result), "attempt", (json_int_t)v->attempt));
	return true;
}

static bool
held_row_open(void *arg, const struct store_held *v)
{
	/* what was released or discarded is history, not held mail */
	if (strcmp(v->state, "released") == 0 || strcmp(v->state, "discarded") == 0)
		return true;
	return held_row(arg, v);
}

static void
do_held(struct ctl *c, struct strings *args)
{
	const char *name = strings_next(args);
	int64_t uid = -1;
	struct err e;

	if (name != NULL && (uid = account_arg(c, name)) < 0)
		return;
	if (store_held_each(hub.store, uid, NULL, 0, held_row_open, c, &e) != 0)
		ctl_end(c, 71, "%s", e.text);
	if (!c->ended)
		end_rows(c);
}

static bool
show_row(void *arg, const struct store_held *v)
{
	json_t **row = arg;

	*row =
	    json_pack("{s:s, s:o, s:I, s:s, s:I, s:s, s:I, s:I, s:I, s:o}", "id", v->id,
		      "login", ctl_text(v->login), "uid", (json_int_t)v->uid, "state",
		      v->state, "t", (json_int_t)wall_s(v->t), "reason", v->reason,
		      "rcpts", (json_int_t)v->rcpts, "size_bytes", (json_int_t)v->size,
		      "attempt", (json_int_t)v->attempt, "text", ctl_text(v->result));
	return false;
}

static void
do_show(struct ctl *c, struct strings *args)
{
	const char *id = strings_next(args);
	const struct held_head *h;
	struct held *held = NULL;
	json_t *row = NULL;
	struct err e;
	int r;

	if (id != NULL && strcmp(id, "--raw") == 0)
		id = strings_next(args);
	if (id == NULL || !held_id_ok(id) ||
	    store_held_get(hub.store, id, show_row, &row, &e) != 1 || row == NULL) {
		ctl_end(c, 1, "there is no held message of that id");
		return;
	}
	r = held_open(hub.held, id, false, &held, &e);
	if (r == 1) {
		h = held_head(held);
		(void)json_object_set_new(row, "sha256", json_string(h->sha256));
		(void)json_object_set_new(row, "claimed_from", ctl_text(h->claimed_from));
		(void)json_object_set_new(row, "claimed_subject",
					  ctl_text(h->claimed_subject));
		(void)json_object_set_new(row, "claimed_script",
					  ctl_text(h->claimed_script));
		(void)json_object_set_new(row, "cwd", ctl_text(h->cwd));
		(void)json_object_set_new(row, "argv", ctl_list(h->argv, h->argv_len));
		(void)json_object_set_new(row, "domains",
					  ctl_list(h->domains, h->domains_len));
	}
	ctl_row_fd(c, row, r == 1 ? held_fd(held) : -1);
	held_close(&held);
	end_rows(c);
}

static void
left_row(void *arg, const char *id, bool ok, const char *result)
{
	struct ctl *c = arg;
	bool unsure = !ok && strncmp(result, "unsure", 6) == 0;

	c->open_jobs--;
	c->failed += !ok;
	ctl_row(c, json_pack("{s:s, s:s, s:o}", "id", id, "state",
			     ok       ? result
			     : unsure ? "unsure"
				      : "held",
			     "text", ctl_text(ok ? "" : result)));
	if (c->open_jobs == 0 && c->all_asked)
		ctl_end(c, c->failed > 0 ? 1 : 0, "%s", "");
}

static bool
release_of_account(void *arg, const struct store_held *v)
{
	struct ctl *c = arg;

	if (c->id_count < CTL_IDS_MAX)
		(void)text_copy(c->ids[c->id_count++], HELD_ID, v->id);
	return c->id_count < CTL_IDS_MAX;
}

static void
release_account(struct ctl *c, int64_t uid)
{
	struct err e;
	size_t i;

	if (engine_word(hub.engine, clock_wall(), (uint32_t)uid, WORD_RELEASE,
			SCOPE_ACCOUNT, NULL, (wall_t){0}, c->who, &e) == 0) {
		hub.changed = true;
		ctl_row(c, json_pack("{s:o, s:I, s:s, s:s}", "login",
				     ctl_text(hub_login((uint64_t)uid)), "uid",
				     (json_int_t)uid, "state", state_of(uid), "text",
				     "its mail is judged anew; held mail is being sent"));
	}
	c->id_count = 0;
	c->ids = xcalloc(CTL_IDS_MAX, sizeof *c->ids);
	if (store_held_each(hub.store, uid, "held", CTL_IDS_MAX, release_of_account, c,
			    &e) != 0)
		hub_store_warn(&e);
	c->open_jobs += c->id_count;
	for (i = 0; i < c->id_count; i++)
		release_one(c->ids[i], false, left_row, c);
	free(c->ids);
	c->ids = NULL;
}

static void
do_release(struct ctl *c, struct strings *args)
{
	const char *name;
	bool again = false;
	int64_t uid;

	while ((name = strings_next(args)) != NULL && !c->ended) {
		if (strcmp(name, "--again") == 0) {
			again = true;
		} else if (hub_uid(name) >= 0) {
			if ((uid = account_arg(c, name)) >= 0)
				release_account(c, uid);
		} else if (held_id_ok(name)) {
			c->open_jobs++;
			release_one(name, again, left_row, c);
		} else {
			(void)account_arg(c, name);
			return;
		}
	}
	c->all_asked = true;
	if (c->open_jobs == 0 && !c->ended)
		ctl_end(c, c->rows == 0 || c->failed > 0 ? 1 : 0, "%s", "");
}

/* Some at a time, so that messages are answered in between. */
static void
discard_step(void *arg)
{
	struct ctl *c = arg;
	size_t n = c->id_count - c->id_next;

	c->step_timer = -1;
	if (n > DISCARD_STEP)
		n = DISCARD_STEP;
	release_discard(c->ids + c->id_next, n, left_row, c);
	c->id_next += n;
	if (c->id_next < c->id_count)
		c->step_timer = loop_once(1, discard_step, c);
	else
		ctl_end(c, c->rows == 0 || c->failed > 0 ? 1 : 0, "%s", "");
}

static void
do_discard(struct ctl *c, struct strings *args)
{
	struct strings count = *args;
	const char *id;
	size_t n = 0;

	while (strings_next(&count) != NULL)
		n++;
	c->ids = xcalloc(n, sizeof *c->ids);
	while ((id = strings_next(args)) != NULL) {
		if (held_id_ok(id)) {
			c->open_jobs++;
			(void)text_copy(c->ids[c->id_count++], HELD_ID, id);
			continue;
		}
		c->open_jobs++;
		if (mailq_drop(id))
			left_row(c, id, true, "discarded");
		else
			left_row(c, id, false,
				 "there is no held or frozen message of that id");
	}
	discard_step(c);
}

/* --- the table and the connection
 * ---------------------------------------------------------------- */

static const struct verb {
	const char *name;
	int at_least;
	void (*run)(struct ctl *, struct strings *);
} verbs[] = {
    {"status", 0, ctl_status},     {"accounts", 0, do_accounts},
    {"explain", 1, do_explain},    {"hold", 1, do_hold},
    {"trust", 1, do_trust},        {"forget", 1, do_forget},
    {"held", 0, do_held},          {"show", 1, do_show},
    {"release", 1, do_release},    {"discard", 1, do_discard},
    {"files", 0, ctl_files},       {"set-aside", 1, ctl_set_aside},
    {"put-back", 1, ctl_put_back}, {"providers", 0, ctl_providers},
    {"dossier", 1, ctl_dossier},   {"notice", 1, ctl_notice},
};

static void
run(struct ctl *c, struct msg *m)
{
	struct m_ctl v;
	struct strings args;
	struct err e;
	size_t i;

	if (m_ctl_get(m, &v, &e) != 0) {
		ctl_end(c, 64, "%s", e.text);
		return;
	}
	for (i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (strcmp(verbs[i].name, v.verb) == 0)
			break;
	args = strings_of(v.args, v.args_len);
	if (i == sizeof verbs / sizeof verbs[0]) {
		ctl_end(c, 64, "the daemon does not know this command");
		return;
	}
	if ((int)strings_count(v.args, v.args_len) < verbs[i].at_least) {
		ctl_end(c, 64, "%s needs an argument", verbs[i].name);
		return;
	}
	(void)text_copy(c->verb, sizeof c->verb, verbs[i].name);
	verbs[i].run(c, &args);
}

static void
on_msg(struct wire *w, struct msg *m)
{
	struct ctl *c = w->arg;

	if (m->type == MSG_CTL && c->verb[0] == '\0' && !c->ended)
		run(c, m);
}

static void
on_gone(struct wire *w, const struct err *e)
{
	(void)e;
	drop(w->arg);
}

/* Root, ourselves (reduced form), or a member of admin_group; by the kernel's word. */
static bool
allowed(uid_t uid, gid_t gid)
{
	const struct passwd *pw;
	gid_t admin, groups[128];
	int i, n = 128;
	struct err e;

	if (uid == 0 || uid == geteuid())
		return true;
	if (priv_group(hub.conf.admin_group, &admin, &e) != 0)
		return false;
	if (gid == admin)
		return true;
	pw = getpwuid(uid);
	if (pw == NULL || getgrouplist(pw->pw_name, gid, groups, &n) < 0)
		return false;
	for (i = 0; i < n; i++)
		if (groups[i] == admin)
			return true;
	return false;
}

static void
on_connect(void *arg, int fd, short revents)
{
	struct ctl *c;
	uid_t uid;
	gid_t gid;
	pid_t pid;
	struct err e;
	size_t i;
	int conn;

	(void)arg;
	(void)revents;
	conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (conn < 0)
		return;
	for (i = 0; i < CTL_CLIENTS; i++)
		if (clients[i] == NULL)
			break;
	if (i == CTL_CLIENTS || link_peer(conn, &uid, &gid, &pid, &e) != 0) {
		close(conn);
		return;
	}
	c = xcalloc(1, sizeof *c);
	/* rows of a long list wait here until the reader took them */
	if (!wire_open(&c->wire, conn, ROLE_JUDGE, ROLE_CLI, 64U << 20, on_msg, on_gone,
		       c)) {
		free(c);
		return;
	}
	(void)text_copy(c->who, sizeof c->who, uid == 0 ? "root" : hub_login(uid));
	c->step_timer = -1;
	clients[i] = c;
	if (!allowed(uid, gid))
		ctl_end(c, 77, "only root and members of group %s may ask",
			hub.conf.admin_group);
}

void
ctl_listen(int listen_fd)
{
	if (!loop_add(listen_fd, POLLIN, on_connect, NULL))
		log_bug("ctl_listen");
}
