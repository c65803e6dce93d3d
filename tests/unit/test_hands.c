/*
 * test_hands - the verbs of hands, spoken to over a link as judge speaks
 *
 * Job:     one hands process with a shell script for a sendmail; what it is told
 *          to do, what it refuses, and what it answers.
 * Touches: a directory below /tmp; processes.
 */
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conf.h"
#include "hands.h"
#include "link.h"
#include "t.h"
#include "text.h"

static char dir[] = "/tmp/mailbrake-hands.XXXXXX";
static struct link judge, parent;
static struct msg in, out;
static struct m_done done;

static void
write_file(const char *name, mode_t mode, const char *text)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "w");
	if (f == NULL)
		exit(2);
	fputs(text, f);
	fclose(f);
	(void)chmod(path, mode);
}

static const char *
read_file(const char *name)
{
	static char text[8192];
	char path[300];
	FILE *f;
	size_t n;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "r");
	if (f == NULL)
		return "(none)";
	n = fread(text, 1, sizeof text - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

/* The next DONE, or asked = 0 after ten seconds. */
static void
wait_done(void)
{
	struct pollfd p = {judge.fd, POLLIN, 0};
	struct err e;

	memset(&done, 0, sizeof done);
	done.text = "";
	while (poll(&p, 1, 60000) > 0) {
		if (link_recv(&judge, &in, &e) != 1)
			return;
		if (in.type == MSG_DONE) {
			(void)m_done_get(&in, &done, &e);
			return;
		}
	}
}

static void
inject(uint64_t asked, uint64_t uid, const char *login, const char *list, size_t len,
       int fd)
{
	static const char env[] = "NAME=Env Name\0LD_PRELOAD=/tmp/x\0TZ=UTC";
	struct m_inject q = {.asked = asked,
			     .uid = uid,
			     .gid = getgid(),
			     .login = login,
			     .cwd = dir,
			     .argv = list,
			     .argv_len = len,
			     .env = env,
			     .env_len = sizeof env};
	struct err e;

	(void)m_inject_put(&out, &q, &e);
	out.fd = fd;
	T_EQ(link_send(&judge, &out, &e), 0);
	wait_done();
	T_EQ(done.asked, asked);
}

#define ARGS(s) s, sizeof s

static int
body_fd(const char *name, off_t at)
{
	char path[300];
	int fd;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	(void)lseek(fd, at, SEEK_SET);
	return fd;
}

static void
injections(void)
{
	const struct passwd *pw = getpwuid(getuid());
	char login[64], want[600];
	int fd;

	(void)text_copy(login, sizeof login, pw->pw_name);
	write_file("held", 0600, "HEADline 1\r\n.\nline 2");
	fd = body_fd("held", 4);
	inject(1, getuid(), login, ARGS("/usr/sbin/sendmail\0-t\0-i\0-fa@b.test"), fd);
	T_EQ(done.ok, 1);
	T_EQ(done.exit_code, 0);
	T_STR(read_file("body"), "line 1\r\n.\nline 2"); /* as it lay, from the offset */
	snprintf(want, sizeof want, "-t -i -fa@b.test\n%s\n", dir);
	T_STR(read_file("args"), want);
	T_CHECK(strstr(read_file("env"), "LD_PRELOAD") == NULL);
	if (getuid() != 0)
		T_CHECK(strstr(read_file("env"), "NAME=Env Name") != NULL);
	close(fd);

	fd = body_fd("held", 0);
	inject(2, getuid(), login, ARGS("sendmail\0-bs"), fd);
	T_EQ(done.ok, 0);
	inject(3, getuid(), login, ARGS("sendmail\0rc67@b.test"), fd);
	T_EQ(done.ok, 0);
	T_EQ(done.exit_code, 67);
	T_STR(done.text, "no such user \\x1b[31m");
	inject(4, getuid(), login, ARGS("sendmail\0-i"), -1);
	T_EQ(done.ok, 0);
	if (getuid() == 0) {
		inject(5, 64123, "mailbrake-nobody-of-that-name", ARGS("sendmail\0-i"),
		       fd);
		T_EQ(done.ok, 0);
		T_EQ(done.exit_code, -1);
		T_CHECK(strstr(done.text, "account gone") != NULL, "%s", done.text);
		inject(6, 64123, "nobody", ARGS("sendmail\0-i"), fd);
		T_CHECK(strstr(done.text, "account gone") != NULL, "%s", done.text);
		inject(7, 0, "root", ARGS("sendmail\0-C\0/tmp/evil"), fd);
		T_EQ(done.ok, 0);
		inject(8, 0, "root", ARGS("sendmail\0-f\0a\0-C/tmp/evil"), fd);
		T_EQ(done.ok, 0);
		inject(9, 0, "root", ARGS("sendmail\0-tiC/tmp/evil"), fd);
		T_EQ(done.ok, 0);
	} else {
		inject(5, 0, "root", ARGS("sendmail\0-i"), fd);
		T_CHECK(strstr(done.text, "not root") != NULL, "%s", done.text);
	}
	close(fd);
}

static void
alert(uint64_t asked, const char *subject, const char *body)
{
	struct m_alert q = {asked, subject, body, "{\"event\":\"held\"}"};
	struct err e;

	(void)m_alert_put(&out, &q, &e);
	out.fd = -1;
	T_EQ(link_send(&judge, &out, &e), 0);
	wait_done();
	T_EQ(done.asked, asked);
}

static void
alerts(void)
{
	const char *mail;

	alert(20, "shop held\nBcc: victim@b.test", "one\n\x1b]0;x\x07\n.\nlast");
	T_EQ(done.ok, 1);
	mail = read_file("body");
	T_CHECK(strstr(mail, "\nBcc:") == NULL, "%s", mail);
	T_CHECK(strstr(mail, "To: admin@b.test, other@b.test\n") != NULL, "%s", mail);
	T_CHECK(strstr(mail, "\n\none\n\\x1b]0;x\\x07\n.\nlast\n") != NULL, "%s", mail);
	T_STR(read_file("event"), "{\"event\":\"held\"}\n");
	T_STR(read_file("text"),
	      "shop held\\x0aBcc: victim@b.test|one\n\\x1b]0;x\\x07\n.\nlast");
	alert(21, "gehalten: K\xc3\xb6nig", "x");
	T_CHECK(strstr(read_file("body"),
		       "Subject: =?UTF-8?B?Z2VoYWx0ZW46IEvDtm5pZw==?=") != NULL,
		"%s", read_file("body"));
	write_file("hooks/20-open", 0777, "#!/bin/sh\nexit 0\n");
	alert(22, "x", "x");
	T_EQ(done.ok, 0);
	T_EQ(done.exit_code, ALERT_PARTLY);
	T_CHECK(strstr(done.text, "20-open is not root's alone") != NULL, "%s",
		done.text);
	write_file("hooks/20-open", 0700, "#!/bin/sh\necho broken; exit 3\n");
	alert(23, "x", "x");
	T_CHECK(strstr(done.text, "exit 3 broken") != NULL, "%s", done.text);
}

static void
brake(uint64_t asked, const char *list, size_t len)
{
	struct m_brake q = {.asked = asked, .domains = list, .domains_len = len};
	struct err e;

	(void)m_brake_put(&out, &q, &e);
	T_EQ(link_send(&judge, &out, &e), 0);
	wait_done();
	T_EQ(done.asked, asked);
}

/* A hands process, with both links to it. */
static pid_t
start(const struct conf *c)
{
	static struct link to_judge, to_parent;
	int a[2], b[2];
	struct err e;
	pid_t pid;

	if (link_pair(a, &e) != 0 || link_pair(b, &e) != 0 || (pid = fork()) < 0)
		exit(2);
	if (pid == 0) {
		close(a[0]);
		close(b[0]);
		link_init(&to_judge, a[1], ROLE_HANDS, ROLE_JUDGE, MSG_MAX);
		link_init(&to_parent, b[1], ROLE_HANDS, ROLE_PARENT, MSG_MAX);
		_exit(hands_main(c, &to_judge, &to_parent));
	}
	close(a[1]);
	close(b[1]);
	link_init(&judge, a[0], ROLE_JUDGE, ROLE_HANDS, 4 * MSG_MAX);
	link_init(&parent, b[0], ROLE_PARENT, ROLE_HANDS, MSG_MAX);
	return pid;
}

static void
holds(uint64_t asked, const char *list, size_t len)
{
	struct m_holds q = {.asked = asked, .uids = list, .uids_len = len};
	struct err e;

	(void)m_holds_put(&out, &q, &e);
	T_EQ(link_send(&judge, &out, &e), 0);
	wait_done();
	T_EQ(done.asked, asked);
	T_EQ(done.ok, 1);
}

/* The list of held accounts: whole, numbers only, whatever stood there; never root. */
static void
held_list(void)
{
	holds(20, ARGS("64301\0"
		       "0\0*\0-1\0"
		       "64302: x\0"
		       "4294967295\0"
		       "64303"));
	T_CHECK(strstr(read_file("brake.held"), "\n64301:\n64303:\n") != NULL);
	T_CHECK(strchr(read_file("brake.held"), '*') == NULL);
	holds(21, ARGS("64303"));
	T_CHECK(strstr(read_file("brake.held"), "64301") == NULL);
}

/* What becomes of the list of braked domains when hands ends. */
static void
brakes_at_the_end(const struct conf *c, pid_t pid)
{
	struct m_stop stop = {0};
	struct err e;
	int status;

	held_list();
	brake(1, ARGS("braked.test\0!box@braked.test\0other.test"));
	T_EQ(done.ok, 1);
	T_CHECK(strstr(read_file("brake"), "\nbraked.test:\nother.test:\n") != NULL);
	/* what is no domain is left out, and nothing else with it */
	brake(2, ARGS("braked.test\0no domain\0a_b.test\0-c.test\0.d.test\0>e_f.test\0"
		      "other.test"));
	T_EQ(done.ok, 1);
	T_CHECK(strstr(read_file("brake"), "\nbraked.test:\nother.test:\n") != NULL);
	/* by the smarthost, waiting again, and back: each ends in one file only */
	for (int i = 0; i < 2; i++) {
		brake(10, ARGS(">relayed.test\0other.test"));
		T_EQ(done.ok, 1);
		T_CHECK(strstr(read_file("brake"), "relayed.test") == NULL);
		T_CHECK(strstr(read_file("brake.smarthost"), "relayed.test") != NULL);
		brake(11, ARGS("relayed.test\0other.test"));
		T_EQ(done.ok, 1);
		T_CHECK(strstr(read_file("brake"), "relayed.test:") != NULL);
		T_CHECK(strstr(read_file("brake.smarthost"), "relayed.test") == NULL);
	}
	link_fini(&judge); /* judge is gone: hands end, and new ones follow */
	T_EQ(waitpid(pid, &status, 0), pid);
	T_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	T_CHECK(strstr(read_file("brake"), "other.test:") != NULL);
	T_CHECK(strstr(read_file("brake.held"), "64303:") != NULL);
	link_fini(&parent);
	pid = start(c); /* the daemon stops: nobody would ever lift the brake */
	(void)m_stop_put(&out, &stop, &e);
	T_EQ(link_send(&parent, &out, &e), 0);
	T_EQ(waitpid(pid, &status, 0), pid);
	T_CHECK(strstr(read_file("brake"), "test") == NULL);
	/* that list is the parent's to end */
	T_CHECK(strstr(read_file("brake.held"), "\n64303:") != NULL);
	link_fini(&judge);
	link_fini(&parent);
	pid = start(c); /* the parent was killed */
	brake(3, ARGS("braked.test"));
	T_EQ(done.ok, 1);
	link_fini(&parent);
	T_EQ(waitpid(pid, &status, 0), pid);
	T_CHECK(strstr(read_file("brake"), "test") == NULL);
	link_fini(&judge);
}

int
main(void)
{
	static struct conf c;
	int status;
	char text[2048];
	pid_t pid;

	if (mkdtemp(dir) == NULL)
		return 2;
	(void)chmod(dir, 0755);
	snprintf(text, sizeof text, "%s/hooks", dir);
	(void)mkdir(text, 0755);
	snprintf(
	    text, sizeof text,
	    "#!/bin/sh\ncd %s\ncase \"$*\" in *rc67*) printf 'no such user \\033[31m';"
	    " exit 67;; esac\ncat >body\necho \"$*\" >args\necho \"$OLDPWD\" >>args\n"
	    "env >env\n",
	    dir);
	write_file("sendmail", 0755, text);
	snprintf(text, sizeof text,
		 "#!/bin/sh\ncat >%s/event\nprintf '%%s|%%s' \"$MAILBRAKE_SUBJECT\" "
		 "\"$MAILBRAKE_BODY\" >%s/text\n",
		 dir, dir);
	write_file("hooks/10-event", 0700, text);
	conf_defaults(&c);
	snprintf(c.sendmail_real, sizeof c.sendmail_real, "%s/sendmail", dir);
	snprintf(c.hook_dir, sizeof c.hook_dir, "%s/hooks", dir);
	(void)text_copy(c.alert_mail, sizeof c.alert_mail,
			"admin@b.test -Cx other@b.test");
	(void)text_copy(c.user_judge, sizeof c.user_judge, "root");
	(void)text_copy(c.mta, sizeof c.mta, "exim");
	(void)text_copy(c.brake_smarthost, sizeof c.brake_smarthost, "out.test:587");
	snprintf(c.brake_file, sizeof c.brake_file, "%s/brake", dir);
	pid = start(&c);
	injections();
	alerts();
	brakes_at_the_end(&c, pid);
	if (fork() == 0)
		execlp("rm", "rm", "-rf", dir, (char *)NULL);
	(void)wait(&status);
	return T_DONE();
}
