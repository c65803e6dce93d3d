/*
 * hands - the one process that acts as somebody else
 *
 * Job:     see hands.h. Receive a verb, check it, do it, answer DONE.
 * Privilege: root.
 * Talks to: judge (verbs, DONE), the parent (CONF, STOP).
 */
#include "hands.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf_fd.h"
#include "job.h"
#include "log.h"
#include "loop.h"
#include "text.h"
#include "verbs.h"
#include "wire.h"

#define LATE_MS 1000      /* how often time-outs are looked at while programs run */
#define STOP_WORD_MS 200  /* judge ended: the parent's STOP may be on its way */
#define STOP_WAIT_MS 5000 /* programs still running then are left to finish alone */
#define DONE_TEXT_MAX 3000

/* The closed table. */
static const struct verb {
	enum msg_type type;
	void (*run)(struct msg *m);
} verbs[] = {
    {MSG_INJECT, verb_inject},   {MSG_ALERT, verb_alert}, {MSG_TAKE, verb_take},
    {MSG_PUTBACK, verb_putback}, {MSG_QUEUE, verb_queue}, {MSG_BRAKE, verb_brake},
    {MSG_DIRECT, verb_direct},   {MSG_HOLDS, verb_holds},
};

static struct conf conf;
static int late_timer = -1;
static struct wire judge, parent;
static bool stopping, paused;
static mono_t stop_not_before;

const struct conf *
hands_conf(void)
{
	return &conf;
}

/* Judge's messages wait in the socket while no program can be started. */
static void
pause_when_full(void *arg)
{
	bool full = job_free() == 0;

	(void)arg;
	if (full != paused) {
		paused = full;
		wire_pause(&judge, full);
	}
	if (stopping && job_free() == JOBS_MAX &&
	    mono_diff_us(clock_mono(), stop_not_before) >= 0)
		loop_stop();
}

void
hands_done(uint64_t asked, bool ok, int64_t exit_code, const char *text)
{
	char safe[DONE_TEXT_MAX];
	struct m_done d = {.asked = asked, .ok = ok, .exit_code = exit_code};
	struct err e;

	d.text = safe;
	(void)text_copy(safe, sizeof safe, text);
	if (m_done_put(wire_out(), &d, &e) != 0 || wire_send(&judge, wire_out(), &e) != 0)
		log_warn(
		    "done_not_told asked=%llu ok=%d exit=%lld text=\"%s\" error=\"%s\"",
		    (unsigned long long)asked, ok, (long long)exit_code, safe, e.text);
}

void
hands_queued(const struct m_queued *q)
{
	struct err e;

	if (m_queued_put(wire_out(), q, &e) != 0 ||
	    wire_send(&judge, wire_out(), &e) != 0)
		log_warn("queued_not_told asked=%llu error=\"%s\"",
			 (unsigned long long)q->asked, e.text);
}

void
hands_tries(const struct m_tries *t)
{
	struct err e;

	if (m_tries_put(wire_out(), t, &e) != 0 || wire_send(&judge, wire_out(), &e) != 0)
		log_warn("tries_not_told error=\"%s\"", e.text);
}

static void
stop_waiting(void *arg)
{
	(void)arg;
	if (job_free() < JOBS_MAX)
		log_warn("stop programs_left=%d", JOBS_MAX - job_free());
	loop_stop();
}

static void
nothing(void *arg)
{
	(void)arg; /* only that the loop looks again */
}

/*
 * for_good: the parent says STOP or is gone. Else judge ended, or the parent ended us by
 * a signal because judge did: new hands are started beside a new judge.
 */
static void
stop(bool for_good)
{
	if (for_good) {
		brake_stop();
		stop_not_before = clock_mono();
	}
	if (stopping)
		return;
	stopping = true;
	if (!for_good) {
		stop_not_before = mono_after_ms(clock_mono(), STOP_WORD_MS);
		(void)loop_once(STOP_WORD_MS + 1, nothing, NULL);
	}
	(void)loop_once(STOP_WAIT_MS, stop_waiting, NULL);
}

/* Every request of judge begins with the number it asked under. */
static void
refuse(struct msg *m)
{
	uint64_t asked = 0;

	if (m->len >= sizeof asked)
		memcpy(&asked, m->body, sizeof asked);
	hands_done(asked, false, -1, "there are no hands for this here");
}

static void
on_judge(struct wire *w, struct msg *m)
{
	size_t i;

	(void)w;
	for (i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (verbs[i].type == m->type) {
			verbs[i].run(m);
			pause_when_full(NULL);
			return;
		}
	log_warn("unknown_verb type=%s", msg_name(m->type));
	refuse(m);
}

static void
on_parent(struct wire *w, struct msg *m)
{
	struct conf fresh;
	struct err e;

	(void)w;
	if (m->type == MSG_STOP) {
		stop(true);
	} else if (m->type == MSG_CONF) {
		if (m->fd < 0)
			log_warn("conf_refused error=\"no descriptor\"");
		else if (conf_fd_take(m->fd, &fresh, &e) == 0)
			conf = fresh;
		else
			log_warn("conf_refused error=\"%s\"", e.text);
		m->fd = -1;
	}
}

static void
on_gone(struct wire *w, const struct err *e)
{
	log_warn("peer_gone peer=%s error=\"%s\"", w == &judge ? "judge" : "parent",
		 e->text);
	stop(w == &parent);
}

static void
on_signal(void *arg, int fd, short revents)
{
	struct signalfd_siginfo si;

	(void)arg;
	(void)revents;
	while (read(fd, &si, sizeof si) == (ssize_t)sizeof si) {
		if (si.ssi_signo == SIGCHLD)
			job_reap();
		else
			stop(false);
	}
}

static void
on_late(void *arg)
{
	(void)arg;
	late_timer = -1;
	job_kill_late();
}

static void
after_round(void *arg)
{
	pause_when_full(arg);
	if (late_timer < 0 && job_free() < JOBS_MAX)
		late_timer = loop_once(LATE_MS, on_late, NULL);
}

static int
signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int
hands_main(const struct conf *c, struct link *judge_link, struct link *parent_link)
{
	const struct rlimit no_core = {0, 0};
	int sig_fd = signals();

	conf = *c;
	(void)setrlimit(RLIMIT_CORE, &no_core);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (sig_fd < 0 || !loop_add(sig_fd, POLLIN, on_signal, NULL) ||
	    !wire_open(&judge, judge_link->fd, ROLE_HANDS, ROLE_JUDGE,
		       (size_t)8 * MSG_MAX, on_judge, on_gone, NULL) ||
	    !wire_open(&parent, parent_link->fd, ROLE_HANDS, ROLE_PARENT, MSG_MAX,
		       on_parent, on_gone, NULL))
		log_fatal(EX_OSERR, "start error=\"no loop\"");
	judge_link->fd = parent_link->fd = -1;
	if (geteuid() != 0)
		log_warn("degraded hands_not_root only_uid=%u", (unsigned)geteuid());
	loop_after_round(after_round, NULL);
	loop_run();
	return 0;
}
