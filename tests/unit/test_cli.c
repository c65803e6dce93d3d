/*
 * test_cli - the mailbrake program against a daemon that is played here
 *
 * Job:     tables, JSON, exit codes, hostile text and damaged answers.
 * Touches: a temporary directory with a socket; runs build/mailbrake.
 */
#include "t.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "link.h"
#include "msg.h"

static char dir[] = "/tmp/mailbrake-test-cli-XXXXXX";
static char program[4096], sock[128];
static char out[1 << 20], said[65536];
static struct msg msg;

/* What the played daemon answers. */
struct script {
	const char *rows[4];
	const char *body; /* comes with the first row; NULL none */
	unsigned exit_code;
	const char *text;
	enum { FINE, HANG_UP, BAD_JSON, BAD_TYPE, BAD_BYTES } how;
	char seen_verb[64]; /* filled */
	char seen_args[256];
};

static void
send_row(struct link *l, const char *json, const char *body)
{
	struct m_row row = {.json = json};
	struct err e;
	int fd = -1;

	(void)m_row_put(&msg, &row, &e);
	if (body != NULL) {
		fd = memfd_create("body", MFD_CLOEXEC);
		T_CHECK(write(fd, "HEAD", 4) == 4 && write(fd, body, strlen(body)) > 0);
		T_CHECK(lseek(fd, 4, SEEK_SET) == 4); /* as a held message: not at 0 */
		msg.fd = fd;
	}
	T_CHECK(link_send(l, &msg, &e) == 0, "%s", e.text);
	if (fd >= 0)
		close(fd);
}

static void
play(int listener, struct script *s)
{
	struct m_end end = {.exit_code = s->exit_code,
			    .text = s->text == NULL ? "" : s->text};
	struct pollfd p = {.fd = listener, .events = POLLIN};
	struct m_ctl ctl;
	struct link l;
	struct err e;
	size_t i;

	if (poll(&p, 1, 60000) != 1)
		return;
	link_init(&l, accept4(listener, NULL, NULL, SOCK_CLOEXEC), ROLE_JUDGE, ROLE_CLI,
		  1 << 20);
	p.fd = l.fd;
	T_EQ(poll(&p, 1, 60000), 1);
	T_EQ(link_recv(&l, &msg, &e), 1);
	T_EQ(m_ctl_get(&msg, &ctl, &e), 0);
	(void)snprintf(s->seen_verb, sizeof s->seen_verb, "%s", ctl.verb);
	for (i = 0; i < ctl.args_len && i < sizeof s->seen_args - 1; i++)
		s->seen_args[i] = ((const char *)ctl.args)[i] == '\0'
				      ? '|'
				      : ((const char *)ctl.args)[i];
	for (i = 0; i < 4 && s->rows[i] != NULL; i++)
		send_row(&l, s->rows[i], i == 0 ? s->body : NULL);
	if (s->how == BAD_JSON)
		send_row(&l, "[1,2", NULL);
	if (s->how == BAD_BYTES)
		T_EQ(write(l.fd, "\1\0\27\0zz", 6), 6);
	if (s->how == BAD_TYPE) {
		struct msg_head h = {MSG_VERSION, MSG_STOP, 8};
		char raw[sizeof h + 8] = "";

		memcpy(raw, &h, sizeof h);
		T_CHECK(write(l.fd, raw, sizeof raw) > 0);
	}
	if (s->how == FINE) {
		(void)m_end_put(&msg, &end, &e);
		T_EQ(link_send(&l, &msg, &e), 0);
	}
	if (s->how != HANG_UP)
		usleep(1000);
	link_fini(&l);
}

static void
drain(int fd, char *buf, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used < size - 1 && (n = read(fd, buf + used, size - 1 - used)) > 0)
		used += (size_t)n;
	buf[used] = '\0';
	close(fd);
}

/* Run mailbrake with the played daemon; out and said hold what it printed. Exit code. */
static int
run(struct script *s, const char *const *args)
{
	const char *argv[16] = {program, "--prefix", dir};
	int o[2], er[2], status, n = 3, listener = -1;
	struct err e;
	pid_t pid;

	while (*args != NULL)
		argv[n++] = *args++;
	if (s != NULL) {
		listener = link_listen(sock, SOCK_SEQPACKET, 0600, &e);
		T_CHECK(listener >= 0, "%s", e.text);
	}
	T_CHECK(pipe2(o, O_CLOEXEC) == 0 && pipe2(er, O_CLOEXEC) == 0);
	pid = fork();
	if (pid == 0) {
		dup2(o[1], 1);
		dup2(er[1], 2);
		execv(program, (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	close(o[1]);
	close(er[1]);
	if (s != NULL)
		play(listener, s);
	drain(o[0], out, sizeof out);
	drain(er[0], said, sizeof said);
	T_EQ(waitpid(pid, &status, 0), pid);
	if (listener >= 0) {
		close(listener);
		(void)unlink(sock);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 200;
}

#define RUN(s, ...) run(s, (const char *const[]){__VA_ARGS__, NULL})

static void
test_table(void)
{
	struct script s = {
	    .rows = {"{\"id\":\"0123456789abcdef\",\"t\":0,\"login\":\"web1\",\"state\":"
		     "\"held\","
		     "\"rcpts\":12,\"size_bytes\":2048,\"claimed_subject\":"
		     "\"\\u001b]0;own\\u0007 \\u202e\\u009b2J h\\u00e9 "
		     "\\u4f60\",\"uid\":1001,"
		     "\"reason\":\"r\\nSecond\"}",
		     "{\"id\":\"0123456789abcdeg\",\"login\":\"w\",\"state\":\"held\"}"},
	    .text = "2 held messages"};

	T_EQ(RUN(&s, "held", "web1"), 0);
	T_STR(s.seen_verb, "held");
	T_STR(s.seen_args, "web1|");
	T_CHECK(strncmp(out, "ID ", 3) == 0, "%s", out);
	T_CHECK(strstr(out, "0123456789abcdef") != NULL && strstr(out, "2.0 kB") != NULL,
		"%s", out);
	T_CHECK(strchr(out, '\033') == NULL && strchr(out, '\007') == NULL);
	T_CHECK(strstr(out, "\xc2\x9b") == NULL && strstr(out, "\xe2\x80\xae") == NULL);
	T_CHECK(strstr(out, "h\xc3\xa9") != NULL, "%s", out);
	T_CHECK(strstr(out, "SCRIPT") == NULL, "a column nothing is in: %s", out);
	T_CHECK(strstr(out, "2 held messages\n") != NULL, "%s", out);
	/* three lines and what was said at the end */
	int lines = 0;
	for (const char *p = out; *p != '\0'; p++)
		lines += *p == '\n';
	T_EQ(lines, 4);
}

static void
test_json(void)
{
	struct script s = {.rows = {"{\"uid\":1,\"new_field\":[1,2]}"}, .text = "done"};

	T_EQ(RUN(&s, "accounts", "--json"), 0);
	T_STR(out, "{\"uid\":1,\"new_field\":[1,2]}\n");
	T_CHECK(strstr(said, "done") != NULL, "%s", said);
	s = (struct script){.rows = {"{\"uid\":1}"}};
	T_EQ(RUN(&s, "--json", "accounts", "all"), 0);
	T_STR(out, "{\"uid\":1}\n");
}

static void
test_codes(void)
{
	struct script nothing = {.exit_code = 1, .text = "no account \x1b[2Jx"};
	struct script denied = {.exit_code = 77, .text = "no"}, odd = {.exit_code = 300};
	struct script many = {.exit_code = 0};

	T_EQ(RUN(&nothing, "explain", "x"), 1);
	T_CHECK(strstr(said, "no account") != NULL && strchr(said, '\033') == NULL, "%s",
		said);
	T_EQ(RUN(&denied, "status"), 77);
	T_EQ(RUN(&odd, "status"), 76);
	T_EQ(RUN(&many, "release", "--", "a", "--json", ""), 0);
	T_STR(many.seen_args, "a|--json||");
	T_EQ(RUN(NULL, "status"), 69);
	T_CHECK(strstr(said, "mailbraked") != NULL, "%s", said);
	T_EQ(RUN(NULL, "held", "a", "b"), 64);
	T_EQ(RUN(NULL, "explain"), 64);
	T_EQ(RUN(NULL, "no-such-verb"), 64);
	T_EQ(RUN(NULL, "--conf"), 64);
	T_EQ(RUN(NULL, "status", "--prefix"), 64);
	T_EQ(RUN(NULL, "config", "shout"), 64);
	T_EQ(RUN(NULL, "--conf", "/nonexistent/mailbrake.conf", "config", "check"), 66);
	T_EQ(RUN(NULL, "status", "--help"), 0);
	T_EQ(RUN(NULL, "--version"), 0);
	T_EQ(RUN(NULL, "config", "show"), 0);
	T_CHECK(strstr(out, dir) != NULL, "the prefix stands before the paths");
}

static void
test_help(void)
{
	static const char *const verbs[] = {
#define VERB(name, fn, min, max, listed, args, help, more) name,
#define OWN(name, fn, listed, args, help, more) name,
#include "../../daemon/client/verbs.def"
	};
	int lines = 0, width = 0;

	T_EQ(RUN(NULL, "--help"), 0);
	for (const char *p = out; *p != '\0'; p++) {
		width = *p == '\n' ? 0 : width + 1;
		lines += *p == '\n';
		T_CHECK(width < 80, "line %d", lines + 1);
	}
	T_CHECK(lines <= 24, "%d lines", lines);
	T_CHECK(strstr(out, "  status ") != NULL && strstr(out, "  scan ") != NULL);
	for (unsigned i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		T_EQ(RUN(NULL, verbs[i], "--help"), 0);
		T_CHECK(strchr(out, '\n') != NULL && strlen(strchr(out, '\n')) > 10 &&
			    said[0] == '\0',
			"%s says nothing of itself", verbs[i]);
	}
}

static void
test_broken(void)
{
	struct script gone = {.rows = {"{\"uid\":1}"}, .how = HANG_UP};
	struct script json = {.how = BAD_JSON}, type = {.how = BAD_TYPE},
		      bytes = {.how = BAD_BYTES};

	T_EQ(RUN(&gone, "status"), 69);
	T_CHECK(strstr(said, "broke off") != NULL, "%s", said);
	T_EQ(RUN(&json, "status"), 69);
	T_EQ(RUN(&type, "status"), 69);
	T_EQ(RUN(&bytes, "status"), 69);
}

static void
test_show(void)
{
	static const char row[] =
	    "{\"id\":\"0123456789abcdef\",\"claimed_subject\":\"s\","
	    "\"argv\":[\"sendmail\",\"-t\\u001b\"]}";
	struct script s = {.rows = {row}, .body = "Subject: \x1b[2J\r\n\r\nbody \xff\n"};

	T_EQ(RUN(&s, "show", "0123456789abcdef"), 0);
	T_STR(s.seen_args, "0123456789abcdef|");
	T_CHECK(strstr(out, "subject    s\n") != NULL, "%s", out);
	T_CHECK(strstr(out, "argv       sendmail,-t\\x1b\n") != NULL ||
		    strstr(out, "argv       sendmail,-t\\x1B\n") != NULL,
		"%s", out);
	T_CHECK(strstr(out, "  | Subject: \\x1") != NULL && strchr(out, '\033') == NULL,
		"%s", out);
	T_EQ(RUN(&s, "show", "--raw", "0123456789abcdef"), 0);
	T_STR(out, s.body);
	s.body = NULL;
	T_EQ(RUN(&s, "show", "--raw", "0123456789abcdef"), 69);
}

int
main(int argc, char **argv)
{
	char name[256], *slash;
	ssize_t n = readlink("/proc/self/exe", program, sizeof program - 32);

	(void)argc;
	(void)argv;
	/* build/tests/unit/test_cli -> build/mailbrake */
	program[n < 0 ? 0 : n] = '\0';
	for (int i = 0; i < 3; i++)
		if ((slash = strrchr(program, '/')) != NULL)
			*slash = '\0';
	(void)snprintf(program + strlen(program), 32, "/mailbrake");
	(void)signal(SIGPIPE, SIG_IGN);
	if (mkdtemp(dir) == NULL)
		return 1;
	/* run_dir below the prefix */
	static const char *const parts[] = {"/run", "/run/mailbrake"};
	for (int i = 0; i < 2; i++) {
		(void)snprintf(name, sizeof name, "%s%s", dir, parts[i]);
		T_EQ(mkdir(name, 0700), 0);
	}
	(void)snprintf(sock, sizeof sock, "%s/run/mailbrake/ctl.sock", dir);
	test_table();
	test_json();
	test_codes();
	test_help();
	test_broken();
	test_show();
	for (int i = 1; i >= 0; i--) {
		(void)snprintf(name, sizeof name, "%s%s", dir, parts[i]);
		T_EQ(rmdir(name), 0);
	}
	T_EQ(rmdir(dir), 0);
	return T_DONE();
}
