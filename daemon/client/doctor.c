/*
 * doctor - `mailbrake doctor`: is everything installed as it must be?
 *
 * Job:     a table of checks, each one row with what to do about it; works
 *          without the daemon.
 * Touches: reads files and directories of the installation, runs
 *          `mailbrake-scan --tool check`, connects to the control socket.
 * Exits:   0 all is well (warnings aside), 78 something is bad.
 */
#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "link.h"
#include "paths.h"
#include "priv.h"
#include "text.h"

struct doctor {
	struct cli *c;
	struct table *table;
	int bad;
};

void
doctor_say(struct doctor *d, const char *check, const char *state, const char *fmt, ...)
{
	char text[800], utf8[800];
	json_t *row;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	d->bad += strcmp(state, "bad") == 0;
	row = json_pack("{s:s, s:s, s:s}", "check", check, "state", state, "text",
			text_utf8(utf8, sizeof utf8, text, strlen(text)));
	table_row(d->table, row);
	json_decref(row);
}

const struct conf *
doctor_conf(const struct doctor *d)
{
	return &d->c->conf;
}

/* --- accounts and groups --- */

static void
check_users(struct doctor *d)
{
	const struct conf *c = &d->c->conf;
	const char *names[] = {c->user_judge, c->user_watch, c->user_scan, c->user_mtlog};
	uid_t uids[4];
	gid_t gid;
	struct err e;
	size_t i, k, found = 0;

	for (i = 0; i < 4; i++) {
		uids[i] = (uid_t)-1;
		if (priv_lookup(names[i], &uids[i], &gid, &e) != 0)
			doctor_say(d, "users", "bad", "%s", e.text);
		else
			found++;
		for (k = 0; k < i; k++)
			if (uids[i] != (uid_t)-1 && uids[i] == uids[k])
				doctor_say(d, "users", "bad",
					   "%s and %s are the same account: one process "
					   "could act on the other",
					   names[k], names[i]);
	}
	if (found == 4)
		doctor_say(d, "users", "ok", "%s %s %s %s", names[0], names[1], names[2],
			   names[3]);
	if (c->admin_group[0] == '\0' || priv_group(c->admin_group, &gid, &e) == 0)
		doctor_say(d, "admins", "ok", "root%s%s",
			   c->admin_group[0] == '\0' ? "" : " and the group ",
			   c->admin_group);
	else
		doctor_say(d, "admins", "warn", "%s: only root may ask", e.text);
}

/* --- places --- */

static void
check_state_dir(struct doctor *d)
{
	const struct conf *c = &d->c->conf;
	struct statvfs v;
	struct stat st;
	uid_t uid = 0;
	gid_t gid;
	char room[32];

	if (stat(c->state_dir, &st) != 0) {
		doctor_say(d, "state", errno == EACCES ? "skipped" : "bad",
			   "%s: %s (state_dir)", c->state_dir, strerror(errno));
		return;
	}
	if (!S_ISDIR(st.st_mode) || (st.st_mode & 027) != 0)
		doctor_say(d, "state", "bad",
			   "%s: must be a directory of mode 0750 or 0700", c->state_dir);
	else if (priv_root() && priv_lookup(c->user_judge, &uid, &gid, NULL) == 0 &&
		 st.st_uid != uid)
		doctor_say(d, "state", "bad", "%s: owned by uid %u, must be %s",
			   c->state_dir, (unsigned)st.st_uid, c->user_judge);
	else
		doctor_say(d, "state", "ok", "%s", c->state_dir);
	if (statvfs(c->state_dir, &v) != 0)
		return;
	text_bytes(room, sizeof room, (uint64_t)v.f_bavail * v.f_frsize);
	if ((int64_t)(v.f_bavail * v.f_frsize) < 2 * c->held_free_min)
		doctor_say(d, "disk",
			   (int64_t)(v.f_bavail * v.f_frsize) < c->held_free_min ? "bad"
										 : "warn",
			   "%s free at %s: below held_free_min mail is refused", room,
			   c->state_dir);
	else if (v.f_files > 0 && v.f_favail < 10000)
		doctor_say(d, "disk", "warn", "%llu inodes free at %s",
			   (unsigned long long)v.f_favail, c->state_dir);
	else
		doctor_say(d, "disk", "ok", "%s free at %s", room, c->state_dir);
}

static void
check_socket(struct doctor *d, const char *name, bool everybody)
{
	const struct conf *c = &d->c->conf;
	char path[512];
	struct stat st;
	struct err e;
	int fd;

	(void)snprintf(path, sizeof path, "%s/%s", c->run_dir, name);
	if (stat(path, &st) != 0) {
		doctor_say(d, name, errno == EACCES ? "skipped" : "bad",
			   "%s: %s; is mailbraked running?", path, strerror(errno));
		return;
	}
	if (!S_ISSOCK(st.st_mode))
		doctor_say(d, name, "bad", "%s: not a socket", path);
	else if (everybody && (st.st_mode & 02) == 0)
		doctor_say(d, name, "bad",
			   "%s: sites cannot write to it, their mail is %s", path,
			   strcmp(c->submit_without_judge, "pass") == 0 ? "not checked"
									: "refused");
	else if (!everybody && (st.st_mode & 02) != 0)
		doctor_say(d, name, "bad", "%s: everybody may connect", path);
	else if (everybody) {
		doctor_say(d, name, "ok", "%s", path);
	} else if ((fd = link_connect(path, 2000, &e)) < 0) {
		doctor_say(d, name, access(path, W_OK) == 0 ? "bad" : "skipped", "%s",
			   e.text);
	} else {
		close(fd);
		doctor_say(d, name, "ok", "%s answers", path);
	}
}

int
cmd_doctor(struct cli *c, int argc, char **argv)
{
	struct doctor d = {.c = c};
	int code = cli_conf(c);
	char path[4096];
	struct err e;

	(void)argc;
	(void)argv;
	if (code != 0)
		return code;
	d.table = table_new(c, "doctor");
	if (paths_conf(path, sizeof path, c->conf_path, c->prefix, &e) == 0)
		doctor_say(&d, "config", "ok", "%s",
			   access(path, F_OK) == 0 ? path : "no file, using defaults");
	if (!priv_root())
		doctor_say(&d, "who", "warn",
			   "not root: what only root may see is not looked at");
	check_users(&d);
	doctor_sendmail(&d);
	doctor_rules(&d);
	check_state_dir(&d);
	check_socket(&d, "submit.sock", true);
	check_socket(&d, "ctl.sock", false);
	doctor_mta(&d);
	doctor_direct(&d);
	doctor_kernel(&d);
	doctor_unit(&d);
	table_free(&d.table);
	return d.bad > 0 ? EX_CONFIG : 0;
}
