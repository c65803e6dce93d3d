/*
 * inject - send a held message as its owner
 *
 * Job:     become the owner and exec the real sendmail with the arguments and
 *          the body as they were taken; never through the wrapper, so that it
 *          cannot be held again.
 * Touches: one process a message.
 * Source:  measured with Exim 4.96 and Postfix 3.7: same uid, arguments,
 *          directory and NAME give the same envelope and headers.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "job.h"
#include "log.h"
#include "sendmail_args.h"
#include "verbs.h"

#define INJECT_TIMEOUT_S 120
#define ENV_MAX 8

struct inject {
	uint64_t asked;
	unsigned uid;
};

static void
on_end(void *arg, const struct job_end *end)
{
	struct inject *in = arg;
	char text[JOB_OUT_MAX + 100];
	bool ok = end->ran && !end->timed_out && end->exit_code == 0;

	snprintf(text, sizeof text, "%s%s",
		 end->timed_out ? "killed at its time-out, may have been sent: " : "",
		 end->text);
	log_info("injected asked=%llu uid=%u ok=%d exit=%d text=\"%s\"",
		 (unsigned long long)in->asked, in->uid, ok, end->exit_code, text);
	hands_done(in->asked, ok, end->exit_code, text);
	free(in);
}

/* The words of a list as a NULL-terminated vector; NULL: out of memory. Free the vector;
 * the words are the list's. */
static const char **
vector(const void *list, size_t len, int *count_out)
{
	struct strings s = strings_of(list, len);
	size_t n = strings_count(list, len);
	const char **v = calloc(n + 1, sizeof *v);
	const char *w;
	int i = 0;

	if (v == NULL)
		return NULL;
	while ((w = strings_next(&s)) != NULL)
		v[i++] = w;
	*count_out = i;
	return v;
}

static bool
harmless_word(const char *w)
{
	static const char *const fixed[] = {"-oi", "-oe", "-od"};
	size_t i;

	for (i = 0; i < sizeof fixed / sizeof *fixed; i++)
		if (strncmp(w, fixed[i], strlen(fixed[i])) == 0)
			return true;
	if (strcmp(w, "-bm") == 0)
		return true;
	if (w[1] != '\0' && strchr("fFrBNRV", w[1]) != NULL)
		return true;
	return w[1] != '\0' && strspn(w + 1, "tivmnGU") == strlen(w + 1);
}

/*
 * As root, only options that cannot make the MTA read another configuration, write a file
 * or run a queue: judge is not trusted with more than sending.
 */
static bool
harmless(int argc, const char *const *argv)
{
	int i;

	/* every word: the MTAs do not agree on where options end */
	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (argv[i][0] == '-' && !harmless_word(argv[i]))
			return false;
	return true;
}

static void
choose_env(const void *list, size_t len, uint64_t uid, const char **env)
{
	static const char *const kept[] = {
	    "NAME=", "LOGNAME=", "USER=", "HOME=", "TZ=", "LANG="};
	struct strings s = strings_of(list, len);
	const char *pair;
	size_t i, n = 0;

	env[n++] = JOB_PATH;
	while (uid != 0 && n < ENV_MAX - 1 && (pair = strings_next(&s)) != NULL)
		for (i = 0; i < sizeof kept / sizeof *kept; i++)
			if (strncmp(pair, kept[i], strlen(kept[i])) == 0) {
				env[n++] = pair;
				break;
			}
	env[n] = NULL;
}

/* What is wrong with a request; NULL: nothing. */
static const char *
fault(const struct m_inject *q, int fd, int argc, const char *const *argv)
{
	struct stat st;
	int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || flags < 0 ||
	    (flags & O_ACCMODE) != O_RDONLY)
		return "no readable file came with the request";
	if (argc < 1 || !sendmail_args_read(argc, (char *const *)(uintptr_t)argv).message)
		return "the arguments are not those of a message";
	if (q->uid >= UINT32_MAX || q->gid >= UINT32_MAX || q->login[0] == '\0')
		return "no owner";
	if (q->uid == 0 && !harmless(argc, argv))
		return "the arguments may not be used as root";
	return NULL;
}

void
verb_inject(struct msg *m)
{
	const char *env[ENV_MAX], **argv, *why;
	struct job_spec s = {.program = hands_conf()->sendmail_real,
			     .env = env,
			     .stdin_fd = m->fd,
			     .as_owner = true,
			     .timeout_s = INJECT_TIMEOUT_S};
	struct inject *in;
	struct m_inject q;
	struct err e;
	int argc = 0;

	if (m_inject_get(m, &q, &e) != 0) {
		hands_done(0, false, -1, e.text);
		return;
	}
	argv = vector(q.argv, q.argv_len, &argc);
	in = calloc(1, sizeof *in);
	why = argv == NULL || in == NULL ? "out of memory" : fault(&q, m->fd, argc, argv);
	if (why == NULL) {
		*in = (struct inject){q.asked, (unsigned)q.uid};
		choose_env(q.env, q.env_len, q.uid, env);
		s.argv = argv;
		s.uid = (uid_t)q.uid;
		s.gid = (gid_t)q.gid;
		s.login = q.login;
		s.cwd = q.cwd;
		if (job_start(&s, on_end, in, &e) == 0)
			in = NULL; /* on_end's */
		else
			why = e.text;
	}
	if (why != NULL)
		hands_done(q.asked, false, -1, why);
	free(in);
	free(argv);
}
