/*
 * zygote - see zygote.h
 *
 * Job:     fork, wait, answer for the dead, fork again.
 * Touches: fork, waitpid, the links.
 */
#include "zygote.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "lean.h"
#include "link.h"
#include "log.h"
#include "text.h"

#define QUICK_DEATHS_MAX 10 /* in a row, without a job done */

struct child {
	pid_t pid; /* 0: the peer closed this link */
	int fd;
	uint64_t jobs_at_start;
	unsigned quick_deaths;
};

static struct child child[ZYGOTE_WORKERS_MAX];
static struct worker_slot *slots;
static struct msg out;

/* On a socket in blocking state or not: the peer reads its answers. */
static void
send_out(int fd)
{
	struct pollfd p = {fd, POLLOUT, 0};
	struct msg_head h = {MSG_VERSION, (uint16_t)out.type, (uint32_t)out.len};
	struct iovec iov[2] = {{&h, sizeof h}, {out.body, out.len}};
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2};

	while (sendmsg(fd, &m, MSG_NOSIGNAL) < 0 && (errno == EAGAIN || errno == EINTR))
		if (poll(&p, 1, 10000) == 0)
			return; /* it does not read: its own time-out will tell it */
}

static void
say_ready(int fd, const struct rules *r)
{
	const struct m_ready v = {.rules = r->count,
				  .rules_version = r->version,
				  .broken = r->broken,
				  .skipped = r->skipped,
				  .problem = r->problem};

	if (m_ready_put(&out, &v, NULL) == 0)
		send_out(fd);
}

static void
why_dead(char *buf, size_t size, int status, const struct worker_conf *c,
	 const struct worker_slot *s)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF)
		(void)snprintf(buf, size,
			       "cpu: more than %d ms of processor time (scan_cpu_ms)",
			       s->cpu_ms);
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		(void)snprintf(buf, size, "time: more than %d ms (scan_wall_ms)",
			       c->wall_ms);
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		(void)snprintf(buf, size, "crash: a forbidden system call");
	else if (WIFSIGNALED(status))
		(void)snprintf(buf, size, "crash: signal %d", WTERMSIG(status));
	else
		(void)snprintf(buf, size, "crash: exit status %d", WEXITSTATUS(status));
}

/* Its time ran out; what it wrote before that is whole. */
static bool
budget(int status)
{
	return WIFSIGNALED(status) &&
	       (WTERMSIG(status) == SIGPROF || WTERMSIG(status) == SIGALRM);
}

static void
answer_for(int i, int status, const struct zygote_conf *c)
{
	struct worker_slot *s = &slots[i];
	char reason[128];

	why_dead(reason, sizeof reason, status, &c->worker, s);
	if (s->kind == SCAN_MAIL) {
		const struct m_head v = {.asked = s->asked,
					 .reason = reason,
					 .from = "",
					 .subject = "",
					 .message_id = "",
					 .claimed_script = "",
					 .lint = "",
					 .domains = ""};

		(void)m_head_put(&out, &v, NULL);
	} else {
		/* a worker that was taken over may have written anything here */
		bool found = atomic_load(&s->found) != 0 && budget(status) &&
			     s->findings_len <= sizeof s->findings &&
			     memchr(s->type, 0, sizeof s->type) != NULL &&
			     memchr(s->sha256, 0, sizeof s->sha256) != NULL;
		struct m_verdict v = {.asked = s->asked,
				      .verdict = VERDICT_UNSCANNED,
				      .type = found ? s->type : "",
				      .sha256 = found ? s->sha256 : "",
				      .reason = reason,
				      .size = s->size,
				      .score = found ? s->score : 0,
				      .findings = s->findings,
				      .findings_len = found ? s->findings_len : 0};

		if (v.score >= c->malicious_points)
			v.verdict = VERDICT_MALICIOUS;
		else if (v.score >= c->suspicious_points)
			v.verdict = VERDICT_SUSPICIOUS;
		(void)m_verdict_put(&out, &v, NULL);
	}
	atomic_store(&s->busy, 0);
	send_out(child[i].fd);
}

static void
start(int i, struct scanengine *en, const struct zygote_conf *c)
{
	const pid_t zygote = getpid();
	int k;

	child[i].jobs_at_start = atomic_load(&slots[i].jobs);
	child[i].pid = fork();
	if (child[i].pid < 0)
		log_fatal(71, "worker_fork error=%s", strerror(errno));
	if (child[i].pid > 0)
		return;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != zygote)
		_exit(0);
	for (k = 0; k < c->workers; k++)
		if (k != i && child[k].fd >= 0)
			close(child[k].fd);
	worker_main(child[i].fd, en, &c->worker, &slots[i]);
}

static void
drop(int i)
{
	close(child[i].fd);
	child[i].fd = -1;
	child[i].pid = 0;
}

/* Returns -1 when this worker cannot be kept alive. */
static int
on_death(int i, int status, struct scanengine *en, const struct zygote_conf *c)
{
	bool busy = atomic_load(&slots[i].busy) != 0;

	if (WIFEXITED(status) && !busy &&
	    (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 76)) {
		drop(i);
		return 0;
	}
	if (busy)
		answer_for(i, status, c);
	if (busy || atomic_load(&slots[i].jobs) != child[i].jobs_at_start)
		child[i].quick_deaths = 0;
	else if (++child[i].quick_deaths == QUICK_DEATHS_MAX) {
		drop(i);
		return -1;
	}
	start(i, en, c);
	return 0;
}

int
zygote_run(struct scanengine *en, const struct rules *rules, const struct zygote_conf *c)
{
	int i, status, left = c->workers, rc = 0;
	pid_t pid;

	slots = mmap(NULL, sizeof *slots * (size_t)c->workers, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (slots == MAP_FAILED)
		log_fatal(71, "worker_slots error=%s", strerror(errno));
	for (i = 0; i < c->workers; i++)
		child[i].fd = c->first_fd + i;
	for (i = 0; i < c->workers; i++) {
		say_ready(child[i].fd, rules);
		start(i, en, c);
	}
	/* compiling the rules went through most of what is linked; waiting needs little */
	(void)lean_drop_files();
	while (left > 0 && ((pid = waitpid(-1, &status, 0)) > 0 || errno == EINTR)) {
		for (i = 0; i < c->workers; i++) {
			if (pid <= 0 || child[i].pid != pid)
				continue;
			if (on_death(i, status, en, c) != 0)
				rc = 71;
			left -= child[i].pid == 0;
		}
	}
	return rc;
}
