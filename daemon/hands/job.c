/*
 * job - run one program for a verb, without waiting for it
 *
 * Job:     see job.h.
 * Touches: processes; memory files.
 *
 * Output goes to a memory file of fixed size, not to a pipe: nobody has to read it while
 * the program runs, it cannot grow, and when this process is killed the program goes on
 * undisturbed instead of dying of SIGPIPE halfway through a message.
 */
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "loop.h"
#include "text.h"

/* What the child tells before it becomes the program; shared memory, one a job. */
struct note {
	bool failed;
	char text[200];
};

const char *const job_env[] = {JOB_PATH, "LANG=C", NULL};

struct job_spec
job_plain(const char *const *argv, int timeout_s)
{
	return (struct job_spec){.program = argv[0],
				 .argv = argv,
				 .env = job_env,
				 .stdin_fd = -1,
				 .timeout_s = timeout_s};
}

static struct job {
	pid_t pid; /* 0: free */
	int out_fd;
	mono_t until;
	bool killed;
	struct note *note;
	job_fn fn;
	void *arg;
} jobs[JOBS_MAX];

int
job_free(void)
{
	int i, n = 0;

	for (i = 0; i < JOBS_MAX; i++)
		n += jobs[i].pid == 0;
	return n;
}

static _Noreturn void __attribute__((format(printf, 2, 3)))
child_fails(struct note *note, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(note->text, sizeof note->text, fmt, ap);
	va_end(ap);
	note->failed = true;
	_exit(127);
}

/* For good, and checked: a set*id call that did nothing must not go unseen. */
static void
become_owner(const struct job_spec *s, struct note *note)
{
	const struct passwd *pw;
	uid_t r, e, saved;
	char number[24];

	if (geteuid() != 0) {
		if (s->uid != geteuid())
			child_fails(note, "not root: cannot become uid %u", s->uid);
		return;
	}
	errno = 0;
	pw = getpwnam(s->login);
	if (pw == NULL && errno != 0 && errno != ENOENT && errno != ESRCH)
		child_fails(note, "account %s could not be looked up: %s", s->login,
			    strerror(errno));
	(void)snprintf(number, sizeof number, "%u", (unsigned)s->uid);
	if (pw == NULL && strcmp(number, s->login) != 0)
		child_fails(note, "account gone: there is no %s", s->login);
	if (pw != NULL && pw->pw_uid != s->uid)
		child_fails(note, "account gone: %s is uid %u now, was %u", s->login,
			    pw->pw_uid, s->uid);
	/* a uid that never had a name is still the same owner */
	if ((pw != NULL ? initgroups(s->login, s->gid) : setgroups(0, NULL)) != 0 ||
	    setresgid(s->gid, s->gid, s->gid) != 0 ||
	    setresuid(s->uid, s->uid, s->uid) != 0 || getresuid(&r, &e, &saved) != 0 ||
	    r != s->uid || e != s->uid || saved != s->uid ||
	    (s->uid != 0 && setuid(0) == 0))
		child_fails(note, "cannot become uid %u: %s", s->uid, strerror(errno));
}

static _Noreturn void
child(const struct job_spec *s, int out_fd, struct note *note)
{
	const struct rlimit no_core = {0, 0};
	int in = s->stdin_fd, sig;
	sigset_t none;

	for (sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setrlimit(RLIMIT_CORE, &no_core);
	(void)setsid();
	if (in < 0)
		in = open("/dev/null", O_RDONLY);
	/* the two may not lie where they are put: main.c keeps 0, 1 and 2 open */
	if (in < 0 || dup2(in, 0) < 0 || dup2(out_fd, 1) < 0 || dup2(out_fd, 2) < 0)
		child_fails(note, "descriptors: %s", strerror(errno));
	(void)close_range(3, ~0U, 0);
	if (s->as_owner)
		become_owner(s, note);
	(void)umask(022);
	if ((s->cwd == NULL || s->cwd[0] != '/' || chdir(s->cwd) != 0) && chdir("/") != 0)
		child_fails(note, "cannot enter /: %s", strerror(errno));
	execve(s->program, (char *const *)(uintptr_t)s->argv,
	       (char *const *)(uintptr_t)s->env);
	child_fails(note, "%s: %s", s->program, strerror(errno));
}

static int
out_file(struct err *e)
{
	int fd = memfd_create("mailbrake-job", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return err_sys(e, "memfd_create");
	if (ftruncate(fd, JOB_OUT_MAX) != 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
		err_sys(e, "memory file");
		close(fd);
		return -1;
	}
	return fd;
}

int
job_start(const struct job_spec *s, job_fn fn, void *arg, struct err *e)
{
	struct note *note;
	struct job *j;
	int i, out;

	for (i = 0; i < JOBS_MAX && jobs[i].pid != 0; i++)
		continue;
	if (i == JOBS_MAX)
		return err_set(e, ERR_AGAIN, "%d programs run already", JOBS_MAX);
	j = &jobs[i];
	out = s->out_fd > 0 ? fcntl(s->out_fd, F_DUPFD_CLOEXEC, 3) : out_file(e);
	if (out < 0)
		return -1;
	note = mmap(NULL, sizeof *note, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (note == MAP_FAILED) {
		err_sys(e, "mmap");
		close(out);
		return -1;
	}
	j->pid = fork();
	if (j->pid == 0)
		child(s, out, note);
	if (j->pid < 0) {
		err_sys(e, "fork");
		j->pid = 0;
		(void)munmap(note, sizeof *note);
		close(out);
		return -1;
	}
	j->out_fd = out;
	j->note = note;
	j->until = mono_after_ms(clock_mono(), (int64_t)s->timeout_s * 1000);
	j->killed = false;
	j->fn = fn;
	j->arg = arg;
	return 0;
}

static void
ended(struct job *j, int status)
{
	char raw[JOB_OUT_MAX], text[JOB_OUT_MAX];
	struct job was = *j;
	struct job_end end;
	ssize_t n;

	end.ran = !was.note->failed;
	end.timed_out = was.killed;
	end.exit_code = !end.ran              ? -1
			: WIFSIGNALED(status) ? 128 + WTERMSIG(status)
					      : WEXITSTATUS(status);
	if (end.ran) {
		n = pread(was.out_fd, raw, sizeof raw, 0);
		n = n < 0 ? 0 : (ssize_t)strnlen(raw, (size_t)n);
		while (n > 0 && raw[n - 1] == '\n')
			n--;
		text_safe_n(text, sizeof text, raw, (size_t)n);
	} else {
		text_safe(text, sizeof text, was.note->text);
	}
	end.text = text;
	close(was.out_fd);
	(void)munmap(was.note, sizeof *was.note);
	memset(j, 0, sizeof *j); /* free before the call: it may start the next */
	was.fn(was.arg, &end);
}

void
job_reap(void)
{
	int status, i;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (i = 0; i < JOBS_MAX; i++)
			if (jobs[i].pid == pid) {
				ended(&jobs[i], status);
				break;
			}
}

void
job_kill_late(void)
{
	mono_t now = clock_mono();
	int i;

	for (i = 0; i < JOBS_MAX; i++)
		if (jobs[i].pid != 0 && !jobs[i].killed &&
		    mono_diff_us(now, jobs[i].until) > 0) {
			log_warn("job_late pid=%d", (int)jobs[i].pid);
			jobs[i].killed = true;
			(void)kill(jobs[i].pid, SIGKILL);
		}
}
