/*
 * scan_pool - see scan_pool.h
 *
 * Job:     the workers of `mailbrake scan`.
 * Touches: fork, exec of mailbrake-scan, links.
 */
#include "scan_pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keepdir.h"
#include "link.h"
#include "paths.h"
#include "text.h"
#include "xmem.h"

#define FIRST_FD 3
#define START_MS 300000 /* a large foreign set compiles so long at most; see keeper.c */

struct flight {
	char *path; /* NULL: free */
	uint64_t size, tag;
};

struct worker {
	struct link link;
	unsigned in_flight;
	struct flight flight[POOL_DEPTH];
};

struct pool {
	int workers, alive;
	pid_t pid;
	pool_fn fn;
	void *arg;
	unsigned in_flight;
	struct msg in, out;
	char problem[2048], version[64];
	struct worker w[];
};

struct args {
	char *v[80];
	size_t n;
	char text[12][24];
	size_t texts;
};

static void
arg_add(struct args *a, const char *name, const char *value)
{
	if (a->n + 3 > sizeof a->v / sizeof a->v[0])
		return;
	a->v[a->n++] = xstrdup(name);
	if (value != NULL)
		a->v[a->n++] = xstrdup(value);
}

static void
arg_num(struct args *a, const char *name, int64_t value)
{
	char t[24];

	(void)snprintf(t, sizeof t, "%lld", (long long)value);
	arg_add(a, name, t);
}

static void
make_args(struct args *a, const struct pool_conf *c, bool compiled)
{
	size_t i;

	arg_add(a, "mailbrake-scan", NULL);
	arg_num(a, "--workers", c->workers);
	arg_num(a, "--link-fd", FIRST_FD);
	for (i = 0; i < c->rules_count && i < 16; i++)
		arg_add(a, "--rules", c->rules[i]);
	arg_num(a, "--cpu-ms", c->conf->scan_cpu_ms);
	arg_num(a, "--wall-ms", c->conf->scan_wall_ms);
	arg_num(a, "--size-max", c->conf->scan_size_max);
	arg_num(a, "--suspicious", c->conf->suspicious_points);
	arg_num(a, "--malicious", c->conf->malicious_points);
	if (compiled)
		arg_num(a, "--compiled-fd", FIRST_FD + c->workers);
}

/* In the child: the links to where the worker looks for them, nothing else open. */
static void
become_worker(const char *program, struct args *a, const int *fds, int n)
{
	int i, moved[POOL_WORKERS_MAX + 1];

	/* what is pressed on the terminal is for us, who then see them end in order */
	(void)setpgid(0, 0);
	for (i = 0; i < n; i++)
		moved[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, FIRST_FD + n);
	for (i = 0; i < n; i++)
		if (moved[i] < 0 || dup2(moved[i], FIRST_FD + i) < 0)
			_exit(71);
	execv(program, a->v);
	_exit(127);
}

/* The compiled rules of earlier starts: the daemon's directory, where we may see it. */
static int
compiled_dir(const struct conf *conf)
{
	char path[4096];
	struct err e;

	if (paths_compiled(path, sizeof path, conf, &e) != 0)
		return -1;
	return keepdir_open(path, geteuid() == 0, &e);
}

static int
start(struct pool *p, const struct pool_conf *c, struct err *e)
{
	struct args a = {{0}, 0, {{0}}, 0};
	int theirs[POOL_WORKERS_MAX + 1], pair[2], i, n = c->workers;
	char program[4096];
	size_t k;

	if (paths_worker(program, sizeof program, c->conf, e) != 0)
		return -1;
	theirs[n] = compiled_dir(c->conf);
	if (theirs[n] >= 0)
		n++;
	make_args(&a, c, n > c->workers);
	for (i = 0; i < c->workers; i++) {
		if (link_pair(pair, e) != 0)
			return -1;
		link_init(&p->w[i].link, pair[0], ROLE_CLIENT, ROLE_SCANNER,
			  (size_t)8 << 20);
		theirs[i] = pair[1];
	}
	p->pid = fork();
	if (p->pid < 0)
		return err_sys(e, "fork");
	if (p->pid == 0)
		become_worker(program, &a, theirs, n);
	for (i = 0; i < n; i++)
		close(theirs[i]);
	for (k = 0; k < a.n; k++)
		free(a.v[k]);
	return 0;
}

static int
await_ready(struct pool *p, int i, struct err *e)
{
	struct link *l = &p->w[i].link;
	struct pollfd pf = {l->fd, POLLIN, 0};
	struct m_ready r;
	int rc;

	while ((rc = link_recv(l, &p->in, e)) == 0)
		if (poll(&pf, 1, START_MS) == 0)
			return err_set(e, ERR_AGAIN,
				       "mailbrake-scan: not ready after %d s",
				       START_MS / 1000);
	if (rc < 0)
		return err_set(e, ERR_SYS, "mailbrake-scan ended before it was ready");
	if (p->in.type != MSG_READY || m_ready_get(&p->in, &r, e) != 0)
		return err_set(e, ERR_INPUT, "mailbrake-scan: an unfit first message");
	(void)text_safe(p->version, sizeof p->version, r.rules_version);
	if (r.broken > 0)
		(void)text_safe(p->problem, sizeof p->problem, r.problem);
	if (r.rules == 0)
		return err_set(e, ERR_INPUT, "no rules: %.280s", p->problem);
	return 0;
}

int
pool_new(struct pool **out, const struct pool_conf *c, pool_fn fn, void *arg,
	 struct err *e)
{
	struct pool *p = xcalloc(1, sizeof *p + sizeof p->w[0] * (size_t)c->workers);
	int i;

	p->workers = p->alive = c->workers;
	p->fn = fn;
	p->arg = arg;
	for (i = 0; i < c->workers; i++)
		p->w[i].link.fd = -1;
	if (start(p, c, e) != 0)
		goto fail;
	for (i = 0; i < c->workers; i++)
		if (await_ready(p, i, e) != 0)
			goto fail;
	*out = p;
	return 0;
fail:
	pool_free(&p);
	return -1;
}

const char *
pool_problem(const struct pool *p)
{
	return p->problem;
}

const char *
pool_rules_version(const struct pool *p)
{
	return p->version;
}

bool
pool_dead(const struct pool *p)
{
	return p->alive == 0;
}

bool
pool_room(const struct pool *p)
{
	return p->alive == 0 || p->in_flight < (unsigned)p->alive * POOL_DEPTH;
}

static void
answer(struct pool *p, uint64_t tag, const char *path, const char *reason, uint64_t size)
{
	const struct m_verdict v = {.verdict = VERDICT_UNSCANNED,
				    .type = "",
				    .sha256 = "",
				    .reason = reason,
				    .size = size,
				    .findings = ""};

	p->fn(p->arg, tag, path, &v);
}

static void
lose_worker(struct pool *p, struct worker *w)
{
	size_t i;

	if (w->link.fd < 0)
		return;
	link_fini(&w->link);
	p->alive--;
	for (i = 0; i < POOL_DEPTH; i++) {
		if (w->flight[i].path == NULL)
			continue;
		answer(p, w->flight[i].tag, w->flight[i].path, "the worker is gone",
		       w->flight[i].size);
		free(w->flight[i].path);
		w->flight[i].path = NULL;
		p->in_flight--;
	}
	w->in_flight = 0;
}

/* The worker with least to do. */
static struct worker *
idlest(struct pool *p)
{
	struct worker *best = NULL;
	int i;

	for (i = 0; i < p->workers; i++)
		if (p->w[i].link.fd >= 0 &&
		    (best == NULL || p->w[i].in_flight < best->in_flight))
			best = &p->w[i];
	return best;
}

static int64_t
ts_us(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000 + t->tv_nsec / 1000;
}

void
pool_give(struct pool *p, const char *path, int take_fd, const struct stat *st,
	  int64_t dir_uid, uint64_t tag)
{
	struct worker *w = idlest(p);
	struct m_scan job = {.kind = SCAN_FILE,
			     .size = (uint64_t)st->st_size,
			     .mtime_us = ts_us(&st->st_mtim),
			     .ctime_us = ts_us(&st->st_ctim),
			     .uid = st->st_uid,
			     .gid = st->st_gid,
			     .mode = st->st_mode,
			     .nlink = st->st_nlink,
			     .dir_uid = dir_uid,
			     .path = path,
			     .argv = ""};
	struct err e;
	size_t i;

	if (w == NULL) {
		answer(p, tag, path, "the workers are gone", job.size);
		close(take_fd);
		return;
	}
	for (i = 0; i + 1 < POOL_DEPTH && w->flight[i].path != NULL; i++)
		;
	job.asked = i;
	w->flight[i] = (struct flight){xstrdup(path), job.size, tag};
	w->in_flight++;
	p->in_flight++;
	if (m_scan_put(&p->out, &job, &e) != 0) {
		answer(p, tag, path, e.text, job.size);
		free(w->flight[i].path);
		w->flight[i].path = NULL;
		w->in_flight--;
		p->in_flight--;
	} else {
		p->out.fd = take_fd;
		if (link_send(&w->link, &p->out, &e) != 0)
			lose_worker(p, w);
	}
	close(take_fd);
}

static void
take_answers(struct pool *p, struct worker *w)
{
	struct m_verdict v;
	struct flight *f;
	struct err e;
	int rc;

	while ((rc = link_recv(&w->link, &p->in, &e)) > 0) {
		if (p->in.type != MSG_VERDICT || m_verdict_get(&p->in, &v, &e) != 0 ||
		    v.asked >= POOL_DEPTH || w->flight[v.asked].path == NULL) {
			rc = -1;
			break;
		}
		f = &w->flight[v.asked];
		p->fn(p->arg, f->tag, f->path, &v);
		free(f->path);
		f->path = NULL;
		w->in_flight--;
		p->in_flight--;
	}
	if (rc < 0)
		lose_worker(p, w);
}

bool
pool_wait(struct pool *p, int timeout_ms)
{
	struct pollfd pf[POOL_WORKERS_MAX];
	int i;

	if (p->in_flight == 0)
		return false;
	for (i = 0; i < p->workers; i++) {
		pf[i] = (struct pollfd){p->w[i].link.fd, POLLIN, 0};
		if (pf[i].fd >= 0 && link_waiting(&p->w[i].link))
			pf[i].events |= POLLOUT;
	}
	if (poll(pf, (nfds_t)p->workers, timeout_ms) <= 0)
		return true;
	for (i = 0; i < p->workers; i++) {
		if (pf[i].fd < 0 || pf[i].revents == 0)
			continue;
		if ((pf[i].revents & POLLOUT) != 0 &&
		    link_flush(&p->w[i].link, NULL) != 0)
			lose_worker(p, &p->w[i]);
		else if ((pf[i].revents & ~POLLOUT) != 0)
			take_answers(p, &p->w[i]);
	}
	return true;
}

void
pool_free(struct pool **pp)
{
	struct pool *p = *pp;
	int i;

	if (p == NULL)
		return;
	for (i = 0; i < p->workers; i++)
		lose_worker(p, &p->w[i]);
	if (p->pid > 0)
		while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
			;
	free(p);
	*pp = NULL;
}
