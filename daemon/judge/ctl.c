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

#include "ctl_choose.h"
#include "ctl_row.h"
#include "hub.h"
#include "log.h"
#include "loop.h"
#include "mailq.h"
#include "priv.h"
#include "known_good.h"
#include "release.h"
#include "reload.h"
#include "text.h"
#include "xmem.h"

static struct ctl *clients[CTL_CLIENTS];

/* --- rows --- */

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
ctl_num(uint64_t n)
{
	return json_integer((json_int_t)n);
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
	mailq_forget(c);
	loop_cancel(c->step_timer);
	free(c->ids);
	ctl_choose_forget(c);
	ctl_files_forget(c);
	ctl_report_forget(c);
	reload_forget(c);
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

void
ctl_end_rows(struct ctl *c)
{
	ctl_end(c, c->rows > 0 ? 0 : 1, "%s", c->rows > 0 ? "" : "nothing to list");
}

int64_t
ctl_account_arg(struct ctl *c, const char *name)
{
	int64_t uid = hub_uid(name);
	char shown[80];

	if (uid < 0)
		ctl_end(c, 1, "there is no account %s",
			text_safe(shown, sizeof shown, name));
	return uid;
}

/* --- the table and the connection --- */

static const struct verb {
	const char *name;
	int at_least;
	void (*run)(struct ctl *, struct strings *);
} verbs[] = {
    {"status", 0, ctl_status},
    {"accounts", 0, ctl_accounts},
    {"explain", 1, ctl_explain},
    {"hold", 1, ctl_hold},
    {"trust", 1, ctl_trust},
    {"forget", 1, ctl_forget},
    {"held", 0, ctl_held},
    {"show", 1, ctl_show},
    {"release", 1, ctl_release},
    {"discard", 1, ctl_discard},
    {"files", 0, ctl_files},
    {"set-aside", 1, ctl_set_aside},
    {"put-back", 1, ctl_put_back},
    {"providers", 0, ctl_providers},
    {"dossier", 1, ctl_dossier},
    {"notice", 1, ctl_notice},
    {"forwards", 0, ctl_forwards},
    {"report", 0, ctl_report},
    {"top", 0, ctl_top},
    {"rules", 1, reload_ctl},
    {"known-good", 0, known_good_ctl},
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
