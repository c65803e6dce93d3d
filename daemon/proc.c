/*
 * proc - the processes of the daemon, and what keeps them running
 *
 * Job:     see proc.h. The table `procs` is the napkin: who runs, as whom.
 * Privilege: root, capabilities cut (see run_caps).
 * Talks to: its children, by writing only; it learns of them by SIGCHLD.
 * Never:   reads a byte from a peer, opens a user's path.
 */
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "conf_fd.h"
#include "held_list.h"
#include "link.h"
#include "log.h"
#include "loop.h"
#include "msg.h"
#include "paths.h"
#include "place.h"
#include "priv.h"
#include "text.h"

#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 30000
#define HEALTHY_S 60        /* a child that lived so long starts again at once */
#define STOP_GRACE_MS 10000 /* then SIGKILL */
#define WORKERS_MAX 64
#define LINK_OUT_MAX (4 * MSG_MAX)

enum slot { P_JUDGE, P_WATCH, P_HANDS, P_MTLOG, P_SCAN_A, P_SCAN_B, P_TRIAL, P_COUNT };

static struct proc {
	const char *name;
	enum role role;
	bool wanted;
	pid_t pid; /* 0: not running */
	mono_t started, next_start;
	int64_t backoff_ms;
	uint64_t restarts;
	struct link link; /* to the child; writing only */
} procs[P_COUNT] = {
    [P_JUDGE] = {.name = "judge", .role = ROLE_JUDGE, .wanted = true},
    [P_WATCH] = {.name = "watch", .role = ROLE_WATCH, .wanted = true},
    [P_HANDS] = {.name = "hands", .role = ROLE_HANDS, .wanted = true},
    [P_MTLOG] = {.name = "mtlog", .role = ROLE_MTLOG, .wanted = true},
    [P_SCAN_A] = {.name = "scan", .role = ROLE_SCANNER, .wanted = true},
    /* the other set of workers while rules are exchanged */
    [P_SCAN_B] = {.name = "scan", .role = ROLE_SCANNER},
    /* loads new rules and runs their samples before a set of workers has them */
    [P_TRIAL] = {.name = "trial", .role = ROLE_SCANNER},
};

static const uint64_t run_caps =
    1ULL << CAP_KILL | 1ULL << CAP_SETUID | 1ULL << CAP_SETGID | 1ULL << CAP_SETPCAP |
    1ULL << CAP_CHOWN | 1ULL << CAP_FOWNER | 1ULL << CAP_DAC_OVERRIDE;

static struct conf conf;
static const char *conf_file, *conf_dir_prefix;
static uint64_t generation;
static int conf_fd = -1; /* the sealed settings children get */
static struct sockets sockets = {-1, -1, -1};
static int exit_code;
static bool stopping;
static int due_timer = -1;
static bool trial_again, swap_due; /* asked for while one was under way */
static mono_t stop_by;
static struct msg out;

static int
use_conf(const struct conf *c, struct err *e)
{
	int fd = conf_fd_make(c, e);

	if (fd < 0)
		return -1;
	if (conf_fd >= 0)
		close(conf_fd);
	conf_fd = fd;
	conf = *c;
	generation++;
	return 0;
}

static void
tell_conf(struct proc *p)
{
	struct m_conf m = {.generation = generation};
	struct err e;

	if (p->role == ROLE_SCANNER || m_conf_put(&out, &m, &e) != 0)
		return;
	out.fd = conf_fd;
	if (link_send(&p->link, &out, &e) != 0)
		log_warn("tell_conf process=%s error=\"%s\"", p->name, e.text);
}

static void
tell_peer(enum slot s, uint64_t index, int fd)
{
	const struct proc *p = &procs[s];
	struct m_peer m = {.role = p->role,
			   .index = index,
			   .pid = (uint64_t)p->pid,
			   .restarts = p->restarts};
	struct err e;

	if (m_peer_put(&out, &m, &e) != 0)
		log_bug("tell_peer error=\"%s\"", e.text);
	out.fd = fd;
	if (link_send(&procs[P_JUDGE].link, &out, &e) != 0)
		log_warn("tell_peer process=%s error=\"%s\"", p->name, e.text);
}

static void
tell_child(enum slot s, int wait_status)
{
	const struct proc *p = &procs[s];
	struct m_child m = {.role = p->role,
			    .name = p->name,
			    .wait_status = (uint64_t)wait_status,
			    .restarts = p->restarts};
	struct err e;

	if (s == P_JUDGE || procs[P_JUDGE].pid == 0 || m_child_put(&out, &m, &e) != 0)
		return;
	(void)link_send(&procs[P_JUDGE].link, &out, &e);
}

/* --- starting --- */

static int64_t
worker_count(void)
{
	int64_t n = conf.scan_workers;

	if (n == 0) {
		n = sysconf(_SC_NPROCESSORS_ONLN);
		n = n < 3 ? 3 : n > 4 ? 4 : n;
	}
	/* one is kept for messages, so that mail never waits behind files; of three, one
	 * for files that change, which never wait behind a rescan's */
	return n < 2 ? 2 : n;
}

/* Make the pairs a child needs: ours_out go to the parent or judge, theirs_out to the
 * child. */
static int
make_pairs(enum slot s, int n, int *ours_out, int *theirs_out, struct err *e)
{
	int i, pair[2];

	for (i = 0; i < n; i++)
		ours_out[i] = theirs_out[i] = -1;
	for (i = 0; i < n; i++) {
		if (s == P_JUDGE && i > 0) {
			theirs_out[i] = i == 1   ? sockets.submit
					: i == 2 ? sockets.ctl
						 : sockets.mta;
			continue;
		}
		if (link_pair(pair, e) != 0)
			return -1;
		ours_out[i] = pair[0];
		theirs_out[i] = pair[1];
	}
	return 0;
}

static void
close_pairs(enum slot s, int n, const int *fds)
{
	int i;

	for (i = 0; i < n; i++)
		if (fds[i] >= 0 && !(s == P_JUDGE && i > 0))
			close(fds[i]);
}

/* After the fork: keep our end to the child, give judge its ends. */
static void
wire(enum slot s, int n, const int *ours)
{
	struct proc *p = &procs[s];
	int i, first = 0;

	if (p->role != ROLE_SCANNER) {
		link_init(&p->link, ours[0], ROLE_PARENT, p->role, LINK_OUT_MAX);
		tell_conf(p);
		first = 1;
	}
	for (i = first; s != P_JUDGE && i < n; i++) {
		tell_peer(s,
			  p->role == ROLE_SCANNER
			      ? (uint64_t)((int)(s - P_SCAN_A) * WORKERS_MAX + i)
			      : 0,
			  ours[i]);
		close(ours[i]);
	}
}

static void
not_started(struct proc *p)
{
	p->next_start = mono_after_ms(clock_mono(), BACKOFF_MAX_MS);
}

static void
start(enum slot s)
{
	struct proc *p = &procs[s];
	int ours[WORKERS_MAX], theirs[WORKERS_MAX];
	int n = s == P_TRIAL              ? 1
		: p->role == ROLE_SCANNER ? (int)worker_count()
		: s == P_JUDGE            ? 4
					  : 2;
	struct err e;
	pid_t pid;

	if (make_pairs(s, n, ours, theirs, &e) != 0) {
		close_pairs(s, n, theirs);
		close_pairs(P_WATCH, n, ours);
		log_warn("start process=%s error=\"%s\"", p->name, e.text);
		not_started(p);
		return;
	}
	pid = fork();
	if (pid == 0)
		child_run(&conf, p->role, p->name, s == P_TRIAL, theirs, n);
	close_pairs(s, n, theirs);
	if (pid < 0) {
		log_warn("fork process=%s errno=%d", p->name, errno);
		close_pairs(P_WATCH, n, ours);
		not_started(p);
		return;
	}
	p->pid = pid;
	p->started = clock_mono();
	log_info("started process=%s pid=%d restarts=%llu", p->name, (int)pid,
		 (unsigned long long)p->restarts);
	wire(s, n, ours);
}

/* It is to run and does not. The others are started after judge: it has their links. */
static bool
is_missing(int s)
{
	return procs[s].wanted && procs[s].pid == 0 &&
	       (s == P_JUDGE || procs[P_JUDGE].pid != 0);
}

static void on_due(void *arg);

/* One timer, for the one that is to be started next; while all run there is none. */
static void
plan(void)
{
	mono_t now = clock_mono();
	int64_t best = -1;
	int s;

	loop_cancel(due_timer);
	due_timer = -1;
	for (s = 0; s < P_COUNT; s++) {
		int64_t ms = mono_diff_us(procs[s].next_start, now) / 1000 + 1;

		if (is_missing(s) && (best < 0 || ms < best))
			best = ms < 1 ? 1 : ms;
	}
	if (best >= 0)
		due_timer = loop_once(best, on_due, NULL);
}

static void
start_due(void)
{
	mono_t now = clock_mono();
	int s;

	if (stopping)
		return;
	for (s = 0; s < P_COUNT; s++)
		if (is_missing(s) && mono_diff_us(procs[s].next_start, now) <= 0)
			start((enum slot)s);
	plan();
}

static void
on_due(void *arg)
{
	(void)arg;
	due_timer = -1;
	start_due();
}

/* --- ending --- */

static void
signal_all(int sig, bool judge_too)
{
	int s;

	for (s = judge_too ? 0 : 1; s < P_COUNT; s++)
		if (procs[s].pid > 0)
			(void)kill(procs[s].pid, sig);
}

/* The other set of workers; judge closes the links of the old one when it is ready. */
static void
swap(void)
{
	enum slot now = procs[P_SCAN_A].wanted ? P_SCAN_A : P_SCAN_B;
	enum slot next = now == P_SCAN_A ? P_SCAN_B : P_SCAN_A;

	swap_due = procs[next].pid != 0; /* the set before this one has work to finish */
	if (swap_due)
		return;
	procs[now].wanted = false;
	procs[next].wanted = true;
	procs[next].next_start = clock_mono();
	start_due();
}

static void
start_trial(void)
{
	trial_again = procs[P_TRIAL].pid != 0;
	if (trial_again)
		return;
	if (procs[P_JUDGE].pid == 0)
		swap(); /* nobody would hear of it; the workers say what is wrong */
	else
		start(P_TRIAL);
}

static void
trial_ended(int status)
{
	bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	tell_child(P_TRIAL, status);
	if (good)
		swap();
	else
		log_warn("rules_refused kept=old %s=%d",
			 WIFSIGNALED(status) ? "signal" : "exit",
			 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	if (trial_again)
		start_trial();
}

static void
ended(enum slot s, int status)
{
	struct proc *p = &procs[s];
	int64_t lived_ms = mono_diff_us(clock_mono(), p->started) / 1000;

	p->pid = 0;
	if (p->role != ROLE_SCANNER)
		link_fini(&p->link);
	if (stopping)
		return;
	if (s == P_TRIAL) {
		trial_ended(status);
		return;
	}
	if (!p->wanted) {
		log_info("retired process=%s", p->name);
		if (swap_due)
			swap();
		return;
	}
	p->restarts++;
	p->backoff_ms = lived_ms > HEALTHY_S * 1000          ? BACKOFF_MIN_MS
			: p->backoff_ms == 0                 ? BACKOFF_MIN_MS
			: p->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS
							     : p->backoff_ms * 2;
	p->next_start = mono_after_ms(clock_mono(), p->backoff_ms);
	log_warn("ended process=%s %s=%d lived_ms=%lld again_in_ms=%lld", p->name,
		 WIFSIGNALED(status) ? "signal" : "exit",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
		 (long long)lived_ms, (long long)p->backoff_ms);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 78) {
		/* a setting that cannot work: trying again will not help */
		exit_code = 78;
		stopping = true;
		loop_stop();
		return;
	}
	tell_child(s, status);
	/* the others hold links to a judge that is gone: they end, and start with new
	 * ones */
	if (s == P_JUDGE)
		signal_all(SIGTERM, false);
	plan();
}

static void
reap(void)
{
	int status, s;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (s = 0; s < P_COUNT; s++)
			if (procs[s].pid == pid)
				ended((enum slot)s, status);
}

/* --- signals --- */

static int
load(struct conf *c, struct err *e)
{
	if (conf_load(c, conf_file, e) != 0)
		return -1;
	return conf_prefix(c, conf_dir_prefix, e);
}

/* It ends by itself, having kept its place; ended() starts it again. */
static void
ask_stop(struct proc *p)
{
	struct m_stop m = {0};
	struct err e;

	if (m_stop_put(&out, &m, &e) != 0 || link_send(&p->link, &out, &e) != 0)
		(void)kill(p->pid, SIGTERM);
}

static void
reload(void)
{
	struct conf fresh;
	struct conf before = conf;
	struct err e;
	char names[200];
	int s;

	if (load(&fresh, &e) != 0 || use_conf(&fresh, &e) != 0) {
		log_warn("reload_refused nothing_changed error=\"%s\"", e.text);
		return;
	}
	for (s = 0; s < P_COUNT; s++)
		if (procs[s].pid > 0)
			tell_conf(&procs[s]);
	if (conf_differs(&before, &conf, CONF_OF_START, names, sizeof names))
		log_warn("reload needs_restart=\"%s\"", names);
	if (procs[P_MTLOG].pid > 0 &&
	    conf_differs(&before, &conf, CONF_OF_MTLOG, names, sizeof names)) {
		log_info("reload process=mtlog starts_again_for=\"%s\"", names);
		ask_stop(&procs[P_MTLOG]);
	}
	start_trial();
	log_info("reloaded generation=%llu", (unsigned long long)generation);
}

static void
stop(void)
{
	struct m_stop m = {0};
	struct err e;
	int s;

	if (stopping)
		return;
	stopping = true;
	stop_by = mono_after_ms(clock_mono(), STOP_GRACE_MS);
	for (s = 0; s < P_COUNT; s++)
		if (procs[s].pid > 0 && procs[s].role != ROLE_SCANNER &&
		    m_stop_put(&out, &m, &e) == 0)
			(void)link_send(&procs[s].link, &out, &e);
	loop_stop();
}

static void
on_signal(void *arg, int fd, short revents)
{
	struct signalfd_siginfo si;

	(void)arg;
	(void)revents;
	while (read(fd, &si, sizeof si) == (ssize_t)sizeof si) {
		if (si.ssi_signo == SIGCHLD)
			reap();
		else if (si.ssi_signo == SIGHUP)
			reload();
		else
			stop();
	}
}

static void
wait_all(void)
{
	int s, left;

	do {
		reap();
		for (left = s = 0; s < P_COUNT; s++)
			left += procs[s].pid > 0;
		if (left > 0 && mono_diff_us(clock_mono(), stop_by) > 0) {
			log_warn("stop_grace_over left=%d", left);
			signal_all(SIGKILL, true);
		}
		if (left > 0)
			(void)poll(NULL, 0, 10);
	} while (left > 0);
}

/* Here, not in hands, which may be dead or hung. A parent that is killed ends no hold. */
static void
stop_held_list(void)
{
	char path[sizeof conf.brake_file + 16];
	struct err e;

	held_list_path(path, sizeof path, conf.brake_file);
	if (held_list_stop(path, wall_s(clock_wall()), &e) != 0)
		log_warn("holds_not_emptied error=\"%s\"", e.text);
}

int
proc_run(const struct conf *c, const char *conf_path, const char *prefix)
{
	sigset_t set;
	struct err e;
	int sfd, s;

	conf_file = conf_path;
	conf_dir_prefix = prefix;
	for (s = 0; s < P_COUNT; s++)
		procs[s].link.fd = -1;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	sfd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (sfd < 0)
		log_fatal(71, "signalfd errno=%d", errno);
	if (place_take(c, &sockets, &e) != 0 || use_conf(c, &e) != 0)
		log_fatal(e.code == ERR_INPUT ? 78 : 71, "start error=\"%s\"", e.text);
	if (!priv_root())
		log_warn("reduced uid=%u text=\"not root: all processes share one uid\"",
			 (unsigned)geteuid());
	if (priv_trim(run_caps, &e) != 0)
		log_fatal(71, "start error=\"%s\"", e.text);
	(void)loop_add(sfd, POLLIN, on_signal, NULL);
	start_due();
	place_notify_ready();
	loop_run();
	if (exit_code != 0) {
		stop_by = mono_after_ms(clock_mono(), 2000);
		signal_all(SIGTERM, true);
	}
	wait_all();
	if (exit_code == 0)
		stop_held_list();
	log_info("stopped");
	return exit_code;
}
