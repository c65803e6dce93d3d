/*
 * ctl - the verbs that ask the daemon
 *
 * Job:     one command over run_dir/ctl.sock, the rows that come back, and
 *          the exit code.
 * Touches: the control socket, standard output.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "link.h"
#include "text.h"

#define CONNECT_MS 5000
#define SILENCE_MS 120000 /* a release waits for the mail system */
#define SHOW_LINES 40

static struct msg msg; /* too large for the stack */

/* Connect; -1 after having said why, *code_out the exit code. */
static int
dial(struct cli *c, struct link *l, int *code_out)
{
	char path[512], safe[400];
	struct err e = {0};
	int fd;

	(void)snprintf(path, sizeof path, "%s/ctl.sock", c->conf.run_dir);
	fd = link_connect(path, CONNECT_MS, &e);
	if (fd >= 0) {
		link_init(l, fd, ROLE_CLI, ROLE_JUDGE, 1u << 20);
		return 0;
	}
	text_safe(safe, sizeof safe, e.text);
	if (access(path, W_OK) != 0 && errno == EACCES)
		*code_out = cli_fail(
		    c, EX_NOPERM, "not allowed: only root and the group %s may ask (%s)",
		    c->conf.admin_group, safe);
	else
		*code_out =
		    cli_fail(c, EX_UNAVAILABLE,
			     "the daemon does not answer (%s); is mailbraked running? "
			     "`mailbrake doctor` looks further",
			     safe);
	return -1;
}

static int
send_all(struct link *l, struct err *e)
{
	if (link_send(l, &msg, e) != 0)
		return -1;
	while (link_waiting(l)) {
		struct pollfd p = {.fd = l->fd, .events = POLLOUT};

		if (poll(&p, 1, CONNECT_MS) <= 0)
			return err_set(e, ERR_AGAIN, "it takes no command for %d s",
				       CONNECT_MS / 1000);
		if (link_flush(l, e) != 0)
			return -1;
	}
	return 0;
}

/* Give a row on; one that is no JSON object is the daemon's fault and ends it. */
static int
on_row(ctl_row_fn fn, void *arg, struct err *e)
{
	struct m_row row;
	json_error_t je;
	json_t *v;

	if (m_row_get(&msg, &row, e) != 0)
		return -1;
	v = json_loads(row.json, JSON_REJECT_DUPLICATES, &je);
	if (!json_is_object(v)) {
		json_decref(v);
		return err_set(e, ERR_INPUT, "a row is not a JSON object");
	}
	fn(arg, v, msg.fd);
	msg.fd = -1;
	json_decref(v);
	return 0;
}

static int
on_end(struct cli *c, ctl_row_fn fn, void *arg, struct err *e, int *code_out)
{
	struct m_end end;
	char safe[2100];

	if (m_end_get(&msg, &end, e) != 0)
		return -1;
	*code_out = end.exit_code > 125 ? EX_PROTOCOL : (int)end.exit_code;
	text_safe(safe, sizeof safe, end.text);
	fn(arg, NULL, -1);
	if (end.text[0] == '\0')
		return 0;
	(void)fflush(stdout);
	if (*code_out != 0 || c->json)
		fprintf(stderr, "mailbrake %s: %s\n", c->verb, safe);
	else
		printf("%s\n", safe);
	return 0;
}

/* Rows until END. 0, or -1 with *e. */
static int
receive(struct cli *c, struct link *l, ctl_row_fn fn, void *arg, int *code_out,
	struct err *e)
{
	for (;;) {
		struct pollfd p = {.fd = l->fd, .events = POLLIN};
		int r = poll(&p, 1, SILENCE_MS);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return err_set(e, ERR_AGAIN, "no word for %d s",
				       SILENCE_MS / 1000);
		r = link_recv(l, &msg, e);
		if (r < 0)
			return -1;
		if (r == 0)
			continue;
		if (msg.type == MSG_ROW)
			r = on_row(fn, arg, e);
		else if (msg.type == MSG_END)
			r = on_end(c, fn, arg, e, code_out);
		if (msg.fd >= 0)
			close(msg.fd);
		if (r < 0)
			return -1;
		if (msg.type == MSG_END)
			return 0;
	}
}

int
ctl_ask(struct cli *c, const char *verb, int argc, char **argv, ctl_row_fn fn, void *arg)
{
	static char args[65536];
	struct m_ctl ctl = {.verb = verb, .args = args};
	struct link l;
	struct err e = {0};
	char safe[400];
	int i, code = cli_conf(c);

	if (code != 0)
		return code;
	for (i = 1; i < argc; i++)
		if (!strings_add(args, sizeof args, &ctl.args_len, argv[i]))
			return cli_usage(c, "arguments of more than %zu bytes",
					 sizeof args);
	if (m_ctl_put(&msg, &ctl, &e) != 0)
		return cli_usage(c, "%s", e.text);
	if (dial(c, &l, &code) != 0)
		return code;
	if (send_all(&l, &e) == 0 && receive(c, &l, fn, arg, &code, &e) == 0) {
		link_fini(&l);
		return code;
	}
	link_fini(&l);
	return cli_fail(c, EX_UNAVAILABLE, "the daemon's answer broke off: %s",
			text_safe(safe, sizeof safe, e.text));
}

static void
print_row(void *arg, const json_t *row, int fd)
{
	if (fd >= 0)
		close(fd);
	if (row == NULL)
		table_flush(arg);
	else
		table_row(arg, row);
}

int
ctl_run(struct cli *c, const char *verb, int argc, char **argv)
{
	struct table *t = table_new(c, c->verb);
	int code = ctl_ask(c, verb, argc, argv, print_row, t);

	table_free(&t);
	return code;
}

int
cmd_ctl(struct cli *c, int argc, char **argv)
{
	return ctl_run(c, argv[0], argc, argv);
}

/* --- show --- */

struct show {
	struct cli *c;
	struct table *table;
	bool raw;
	int failed;
};

/* The very bytes. */
static int
copy_raw(int fd)
{
	char buf[65536];
	ssize_t n;

	while ((n = read(fd, buf, sizeof buf)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || fwrite(buf, 1, (size_t)n, stdout) != (size_t)n)
			return -1;
	}
	return fflush(stdout);
}

/* At most `lines` lines (0: all), safe for a terminal. */
static int
copy_safe(int fd, int lines, const char *before)
{
	char line[2000], safe[8192];
	FILE *f = fdopen(dup(fd), "r");
	int n = 0;

	if (f == NULL)
		return -1;
	while (fgets(line, sizeof line, f) != NULL) {
		if (lines > 0 && n++ >= lines) {
			printf("%s(more: mailbrake show --raw ID)\n", before);
			break;
		}
		line[strcspn(line, "\r\n")] = '\0';
		printf("%s%s\n", before, text_safe(safe, sizeof safe, line));
	}
	(void)fclose(f);
	return 0;
}

static void
show_row(void *arg, const json_t *row, int fd)
{
	struct show *s = arg;

	if (row == NULL) {
		table_flush(s->table);
		return;
	}
	if (s->raw) {
		if (fd < 0)
			s->failed = cli_fail(s->c, EX_UNAVAILABLE, "no message came");
		else if ((s->c->tty ? copy_safe(fd, 0, "") : copy_raw(fd)) != 0)
			s->failed = cli_fail(s->c, EX_IOERR, "%s", strerror(errno));
	} else {
		table_row(s->table, row);
		if (fd >= 0 && !s->c->json) {
			printf("\n");
			(void)copy_safe(fd, SHOW_LINES, "  | ");
		}
	}
	if (fd >= 0)
		close(fd);
}

int
cmd_show(struct cli *c, int argc, char **argv)
{
	struct show s = {.c = c};
	int code;

	if (strcmp(argv[1], "--raw") == 0) {
		s.raw = true;
		argv[1] = argv[0];
		argv++;
		argc--;
	}
	if (argc != 2)
		return cli_usage(c, "one ID is needed");
	s.table = table_new(c, "show");
	code = ctl_ask(c, "show", argc, argv, show_row, &s);
	table_free(&s.table);
	return code != 0 ? code : s.failed;
}
