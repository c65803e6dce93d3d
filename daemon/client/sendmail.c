/*
 * mailbrake-sendmail - stands where sendmail was and asks before it sends
 *
 * Job:     standard input -> sealed memfd -> SUBMIT -> pass (become the real
 *          sendmail, which reads the memfd), held (exit 0: the daemon has the
 *          message on disk) or refused (77).
 * Privilege: none; runs as whoever sends.
 * Talks to: judge, over run_dir/submit.sock, for at most submit_timeout_ms.
 * Never:   cuts a message, changes an argument, waits for ever, exits with 75
 *          (PHP from 8.5 takes it for "sent", and the mail would be gone).
 * Exits:   0 sent or held; 69 too large; 71 no memory file; 74 standard input
 *          failed; 77 refused; 78 no real sendmail; else the real sendmail's own.
 *
 * The order matters. Descriptors first: php-fpm leaks its web client's connection, and
 * the client would wait as long as we do. Then the whole message: when the worker dies
 * meanwhile, what is left in the pipe looks like a whole message. Only then ask.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "conf.h"
#include "held_list.h"
#include "link.h"
#include "msg.h"
#include "paths.h"
#include "sendmail_args.h"
#include "sendmail_claim.h"
#include "text.h"

#ifndef CLOSE_RANGE_CLOEXEC
extern int close_range(unsigned first, unsigned last, int flags);
#endif

#define AGAIN_MS 20         /* before asking a daemon again that is being restarted */
#define ENV_VALUE_MAX 2048  /* bytes of one variable; longer ones are left out */
#define ENV_BYTES_MAX 16384 /* bytes of all of them */

/* What is kept of the environment: what the MTA reads when a held message is sent later
 * (Postfix makes a missing From: of NAME), then hints about the script. */
static const char *const env_kept[] = {"NAME",
				       "LOGNAME",
				       "USER",
				       "HOME",
				       "TZ",
				       "LANG",
				       "MAILBRAKE_SCRIPT",
				       "SCRIPT_FILENAME",
				       "PATH_TRANSLATED",
				       "REQUEST_URI",
				       "REMOTE_ADDR",
				       "HTTP_HOST"};

static struct conf conf;
static struct msg message;
static void (*sigpipe_was)(int);

static _Noreturn void __attribute__((format(printf, 2, 3)))
give_up(int code, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	fprintf(stderr, "mailbrake-sendmail: %s\n", text);
	exit(code);
}

/* Become the real sendmail with our arguments as they came. Does not return. */
static _Noreturn void
become_real(char **argv)
{
	struct stat real, self;

	if (stat(conf.sendmail_real, &real) != 0)
		give_up(EX_CONFIG, "sendmail_real %s: %s", conf.sendmail_real,
			strerror(errno));
	/* another MTA's package may have made the real name a link to ours */
	if (stat("/proc/self/exe", &self) == 0 && real.st_dev == self.st_dev &&
	    real.st_ino == self.st_ino)
		give_up(EX_CONFIG, "sendmail_real %s is this program itself",
			conf.sendmail_real);
	if (sigpipe_was != SIG_ERR)
		(void)signal(SIGPIPE, sigpipe_was);
	execv(conf.sendmail_real, argv);
	give_up(EX_CONFIG, "sendmail_real %s: %s", conf.sendmail_real, strerror(errno));
}

static _Noreturn void
become_real_with(int memfd, char **argv)
{
	if (lseek(memfd, 0, SEEK_SET) != 0 || dup2(memfd, STDIN_FILENO) < 0)
		give_up(EX_OSERR, "message could not be handed on: %s", strerror(errno));
	become_real(argv);
}

/* A file with a mistake in it must not stop mail: take each line that is good. */
static void
load_good_lines(const char *path)
{
	static struct conf last;
	char line[CONF_STR_MAX + 128];
	FILE *f = fopen(path, "re");

	conf_defaults(&conf);
	if (f == NULL)
		return;
	while (fgets(line, sizeof line, f) != NULL) {
		last = conf;
		if (conf_parse(&conf, line, strlen(line), path, NULL) != 0)
			conf = last;
	}
	fclose(f);
}

/* Read the settings; take our own two options off the front of the arguments. */
static void
load_settings(int *argc, char **argv)
{
	const char *given = NULL, *prefix = NULL;
	char path[512];
	struct err e;
	int i;

	while (*argc > 2) {
		if (strcmp(argv[1], "--mailbrake-conf") == 0)
			given = argv[2];
		else if (strcmp(argv[1], "--mailbrake-prefix") == 0)
			prefix = argv[2];
		else
			break;
		for (i = 1; i + 2 <= *argc; i++)
			argv[i] = argv[i + 2];
		*argc -= 2;
	}
	if (paths_conf(path, sizeof path, given, prefix, &e) != 0)
		give_up(EX_USAGE, "%s", e.text);
	if (conf_load(&conf, path, &e) != 0)
		load_good_lines(path);
	if (prefix != NULL && conf_prefix(&conf, prefix, &e) != 0)
		give_up(EX_USAGE, "--mailbrake-prefix: %s", e.text);
}

/* 0, 1 and 2 are open from here on, so that nothing of ours becomes one of them. */
static void
open_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static void
write_all(int fd, const char *buf, size_t len)
{
	ssize_t n;

	for (; len > 0; buf += n, len -= (size_t)n) {
		n = write(fd, buf, len);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			give_up(EX_NOPERM, "no memory for the message: %s",
				strerror(errno));
	}
}

/*
 * All of standard input into a new memory file, sealed. On a terminal a line of "." ends
 * it where it would end it for the real sendmail; a pipe is read to its end.
 */
static int
take_message(bool dot_ends, uint64_t *size_out)
{
	static char buf[65536];
	bool typed = dot_ends && isatty(STDIN_FILENO) == 1;
	uint64_t size = 0;
	ssize_t n;
	int fd = memfd_create("mailbrake-message", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		give_up(EX_OSERR, "memfd_create: %s", strerror(errno));
	for (;;) {
		n = read(STDIN_FILENO, buf, sizeof buf);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			give_up(EX_IOERR, "standard input: %s", strerror(errno));
		if (n == 0)
			break;
		size += (uint64_t)n;
		if (size > (uint64_t)conf.message_size_max)
			give_up(EX_UNAVAILABLE,
				"message is larger than message_size_max, %lld bytes; "
				"nothing was sent",
				(long long)conf.message_size_max);
		write_all(fd, buf, (size_t)n);
		if (typed && n == 2 && memcmp(buf, ".\n", 2) == 0)
			break;
	}
	if (fcntl(fd, F_ADD_SEALS,
		  F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
		give_up(EX_OSERR, "sealing the message: %s", strerror(errno));
	*size_out = size;
	return fd;
}

/* What we know of ourselves, as a SUBMIT in `message`. */
static void
write_submit(int argc, char **argv, const char *cwd, const char *script, uint64_t size,
	     uint64_t token)
{
	static char args[MSG_MAX], env[ENV_BYTES_MAX], pair[ENV_VALUE_MAX + 64];
	struct m_submit s = {
	    .size = size, .token = token, .cwd = cwd, .claimed_script = script};
	struct err e;
	size_t i, len = 0, env_len = 0;
	const char *v;

	for (i = 0; i < (size_t)argc; i++)
		if (!strings_add(args, sizeof args, &len, argv[i]))
			give_up(EX_UNAVAILABLE,
				"arguments are larger than %d bytes; nothing was sent",
				MSG_MAX);
	for (i = 0; i < sizeof env_kept / sizeof *env_kept; i++) {
		v = getenv(env_kept[i]);
		if (v == NULL || strlen(v) > ENV_VALUE_MAX)
			continue;
		snprintf(pair, sizeof pair, "%s=%s", env_kept[i], v);
		(void)strings_add(env, sizeof env, &env_len, pair);
	}
	s.argv = args;
	s.argv_len = len;
	s.env = env;
	s.env_len = env_len;
	if (m_submit_put(&message, &s, &e) != 0)
		give_up(EX_UNAVAILABLE,
			"arguments are larger than %d bytes; nothing was sent", MSG_MAX);
}

static int
left_ms(mono_t until)
{
	int64_t left = mono_diff_us(until, clock_mono()) / 1000;

	return left < 0 ? 0 : (int)left;
}

static bool
wait_for(int fd, short events, mono_t until)
{
	struct pollfd p = {fd, events, 0};
	int r;

	while ((r = poll(&p, 1, left_ms(until))) < 0 && errno == EINTR)
		continue;
	return r > 0;
}

/*
 * Send `message` with memfd and receive the answer into it. LATE: there is none within
 * the time, and none can come any more: the connection is shut before we look a last
 * time, so that the daemon either has delivered its answer or is told that it has not.
 * LOST: the daemon ended before it answered; it is being started again.
 */
enum asked { ANSWERED, LATE, LOST };

static enum asked
ask(struct link *l, int memfd, mono_t until)
{
	struct err e;
	int r;

	message.fd = memfd;
	r = link_send(l, &message, &e);
	message.fd = -1;
	while (r == 0 && link_waiting(l)) {
		if (!wait_for(l->fd, POLLOUT, until))
			return LATE;
		r = link_flush(l, &e);
	}
	if (r != 0) /* closed on us: perhaps with an answer before it */
		return link_recv(l, &message, &e) == 1 ? ANSWERED : LOST;
	while ((r = link_recv(l, &message, &e)) == 0 && wait_for(l->fd, POLLIN, until))
		continue;
	if (r == 0) {
		(void)shutdown(l->fd, SHUT_RDWR);
		return link_recv(l, &message, &e) == 1 ? ANSWERED : LATE;
	}
	if (r == 1)
		return ANSWERED;
	/* bytes that are no answer will not become one by asking again */
	return e.code == ERR_INPUT ? LATE : LOST;
}

/* Nobody answered. Who is held stays held: hands wrote the list before they ended. */
static _Noreturn void
without_judge(int memfd, char **argv)
{
	char list[sizeof conf.brake_file + 16];

	if (strcmp(conf.submit_without_judge, "refuse") == 0)
		give_up(EX_NOPERM, "refused: the mailbrake daemon does not answer");
	held_list_path(list, sizeof list, conf.brake_file);
	if (held_list_has(list, getuid(), wall_s(clock_wall())))
		give_up(EX_NOPERM, "refused: this account's mail is held, and the "
				   "mailbrake daemon does not answer");
	become_real_with(memfd, argv);
}

/* Never returns; the message goes where the answer says. */
static _Noreturn void
submit(int argc, char **argv, int memfd, uint64_t size, const char *cwd,
       const char *script)
{
	mono_t until = mono_after_ms(clock_mono(), conf.submit_timeout_ms);
	char path[sizeof conf.run_dir + 16], text[1024];
	struct m_answer a;
	struct link l;
	enum asked r;
	uint64_t token = 0;
	struct err e;
	int fd;

	snprintf(path, sizeof path, "%s/submit.sock", conf.run_dir);
	/* the same token each time: a message that was held already is not held again */
	if (getrandom(&token, sizeof token, GRND_NONBLOCK) != (ssize_t)sizeof token)
		token = 0;
	token &= INT64_MAX;
	while (left_ms(until) > 0) {
		fd = link_connect(path, left_ms(until), &e);
		if (fd < 0)
			break;
		write_submit(argc, argv, cwd, script, size, token);
		link_init(&l, fd, ROLE_WRAPPER, ROLE_JUDGE, (size_t)2 * MSG_MAX);
		r = ask(&l, memfd, until);
		link_fini(&l);
		if (r == LOST && token != 0) {
			(void)poll(NULL, 0, AGAIN_MS);
			continue;
		}
		if (r == ANSWERED && message.type == MSG_ANSWER &&
		    m_answer_get(&message, &a, &e) == 0) {
			if (a.answer == SUBMIT_PASS)
				become_real_with(memfd, argv);
			if (a.answer == SUBMIT_HELD)
				exit(EX_OK);
			if (a.answer == SUBMIT_REFUSED)
				give_up(EX_NOPERM, "refused: %s",
					text_safe(text, sizeof text, a.text));
		}
		break;
	}
	without_judge(memfd, argv);
}

int
main(int argc, char **argv)
{
	char cwd[CLAIM_MAX], script[CLAIM_MAX];
	struct sendmail_args args;
	uint64_t size;
	int memfd;

	if (argc < 1 || argv[0] == NULL)
		give_up(EX_USAGE, "called without a name");
	open_standard();
	if (getcwd(cwd, sizeof cwd) == NULL || cwd[0] != '/')
		(void)text_copy(cwd, sizeof cwd, "/");
	load_settings(&argc, argv);
	args = sendmail_args_read(argc, argv);
	if (!args.message) /* its descriptors are the caller's business, as before us */
		become_real(argv);
	sendmail_claim_script(cwd, script, sizeof script);
	(void)close_range(STDERR_FILENO + 1, ~0U, 0);
	sigpipe_was = signal(SIGPIPE, SIG_IGN);
	memfd = take_message(args.dot_ends, &size);
	submit(argc, argv, memfd, size, cwd, script);
}
