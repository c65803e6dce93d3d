/*
 * workers - work for the scan workers
 *
 * Job:     see workers.h.
 * Touches: the links to the workers.
 */
#include "workers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "budget.h"
#include "log.h"
#include "loop.h"
#include "pace.h"
#include "text.h"
#include "wire.h"
#include "xmem.h"

#define SET_MAX 64
#define WORKERS (2 * SET_MAX)
#define FILE_OVERHEAD_US 100 /* of a file beside what its worker counts */

static struct worker {
	struct wire wire;
	bool there, ready;
	char rules_version[80]; /* as its READY said */
	struct job *job;
} workers[WORKERS];

static struct jobs {
	struct job *first, **last;
	uint64_t count;
} files = {NULL, &files.first, 0}, mails = {NULL, &mails.first, 0},
  rest = {NULL, &rest.first, 0}; /* files of walks and rescans */
/* given up on: told in workers_round, so that workers_ask never answers before it returns
 */
static struct jobs failed = {NULL, &failed.first, 0};

static struct conf conf;
static uint64_t next_asked = 1;
static struct workers_state state;
static int set_in_force = -1;
static bool rules_untold; /* rules_fn is called when all of the set are ready */
static void (*rules_fn)(void);
static struct pace pace;
static int pace_timer = -1;

static void dispatch(void);

void
workers_init(const struct conf *c)
{
	size_t i;

	conf = *c;
	for (i = 0; i < WORKERS; i++)
		workers[i].wire.link.fd = -1;
}

void
workers_conf(const struct conf *c)
{
	conf = *c;
}

void
workers_on_rules(void (*fn)(void))
{
	rules_fn = fn;
}

static void
job_free(struct job *j)
{
	if (j->fd >= 0)
		close(j->fd);
	free(j->path);
	free(j->argv);
	free(j);
}

static void
push(struct jobs *q, struct job *j)
{
	j->next = NULL;
	*q->last = j;
	q->last = &j->next;
	q->count++;
}

static struct jobs *
queue_of(const struct job *j)
{
	return j->kind == SCAN_MAIL ? &mails : j->scan.background ? &rest : &files;
}

static struct job *
pop(struct jobs *q)
{
	struct job *j = q->first;

	if (j == NULL)
		return NULL;
	q->first = j->next;
	if (q->first == NULL)
		q->last = &q->first;
	q->count--;
	return j;
}

static void
finish(struct job *j, const struct m_verdict *v, const struct m_head *h)
{
	if (j->kind == SCAN_FILE)
		state.files_done++;
	else
		state.mails_done++;
	if (j->done != NULL)
		j->done(j, v, h);
	job_free(j);
}

/* No worker could answer: that is an answer of its own, never "clean". */
static void
finish_lost(struct job *j, const char *reason)
{
	struct m_verdict v = {.asked = j->asked,
			      .verdict = VERDICT_UNSCANNED,
			      .type = "",
			      .sha256 = "",
			      .reason = reason,
			      .findings = ""};
	struct m_head h = {.asked = j->asked,
			   .reason = reason,
			   .from = "",
			   .subject = "",
			   .message_id = "",
			   .claimed_script = "",
			   .lint = "",
			   .domains = ""};

	state.lost++;
	if (j->kind == SCAN_FILE)
		finish(j, &v, NULL);
	else
		finish(j, NULL, &h);
}

static void
again_or_lost(struct job *j, const char *reason)
{
	if (j->done != NULL && (int64_t)j->tries <= conf.scan_retries)
		push(queue_of(j), j);
	else
		finish_lost(j, reason);
}

/* --- one worker --- */

static struct job *
take_job(struct worker *w, uint64_t asked)
{
	struct job *j = w->job;

	if (j == NULL || j->asked != asked)
		return NULL;
	w->job = NULL;
	return j;
}

/* A crash may have been bad luck; a budget that ran out will run out again. */
static bool
worth_again(const char *reason)
{
	return strncmp(reason, "crash", 5) == 0 || strncmp(reason, "worker", 6) == 0;
}

/* One that was busy when other rules came into force finishes by its own. */
static bool
by_rules_in_force(const struct worker *w)
{
	return strcmp(w->rules_version, state.rules_version) == 0;
}

static void
on_verdict(struct worker *w, struct msg *m)
{
	struct m_verdict v;
	struct job *j;
	struct err e;

	if (m_verdict_get(m, &v, &e) != 0 || v.verdict > VERDICT_UNSCANNED ||
	    (j = take_job(w, v.asked)) == NULL) {
		log_warn_rate("worker_answer", 60, "worker_answer unfit type=VERDICT");
		return;
	}
	/* one that died of it does not say what it used: all it may */
	if (j->scan.background)
		pace_cost(&pace,
			  FILE_OVERHEAD_US +
			      (v.cpu_us > 0 ? (int64_t)v.cpu_us
			       : v.verdict == VERDICT_UNSCANNED && v.reason[0] == 'c'
				   ? budget_ms(conf.scan_cpu_ms, j->scan.size) * 1000
				   : 0));
	if (j->kind == SCAN_FILE && !by_rules_in_force(w)) {
		/* it would be kept as the new rules' word, who never saw the file */
		j->tries = 0;
		push(queue_of(j), j);
	} else if (j->kind == SCAN_MAIL) /* the zygote answers for a child that died so */
		again_or_lost(j, v.reason);
	else if (v.verdict == VERDICT_UNSCANNED && worth_again(v.reason) &&
		 (int64_t)j->tries <= conf.scan_retries)
		push(queue_of(j), j);
	else
		finish(j, &v, NULL);
}

static void
on_head(struct worker *w, struct msg *m)
{
	struct m_head h;
	struct job *j;
	struct err e;

	if (m_head_get(m, &h, &e) != 0 || (j = take_job(w, h.asked)) == NULL ||
	    j->kind != SCAN_MAIL) {
		log_warn_rate("worker_answer", 60, "worker_answer unfit type=HEAD");
		return;
	}
	if (!h.ok && worth_again(h.reason) && (int64_t)j->tries <= conf.scan_retries)
		push(&mails, j);
	else
		finish(j, NULL, &h);
}

/* The other set's workers get no more work: their links are closed when they are idle. */
static void
retire_other_set(int set)
{
	size_t i;

	for (i = 0; i < WORKERS; i++)
		if ((int)(i / SET_MAX) != set && workers[i].there &&
		    workers[i].job == NULL) {
			wire_close(&workers[i].wire);
			workers[i].there = workers[i].ready = false;
		}
}

/* Whoever asks for the state right after it was told finds all of it in force. */
static void
tell_rules(void)
{
	size_t i, first = (size_t)set_in_force * SET_MAX;

	if (!rules_untold)
		return;
	for (i = first; i < first + SET_MAX; i++)
		if (workers[i].there && !workers[i].ready)
			return;
	rules_untold = false;
	if (rules_fn != NULL)
		rules_fn();
}

static void
on_worker_ready(struct worker *w, struct msg *m)
{
	int set = (int)((w - workers) / SET_MAX);
	struct m_ready r;
	struct err e;

	if (m_ready_get(m, &r, &e) != 0) {
		log_warn("worker_ready unfit error=\"%s\"", e.text);
		return;
	}
	w->ready = true;
	state.rules = r.rules;
	state.rules_broken = r.broken;
	state.rules_skipped = r.skipped;
	(void)text_safe(state.problem, sizeof state.problem, r.problem);
	rules_untold |=
	    set != set_in_force || strcmp(state.rules_version, r.rules_version) != 0;
	(void)text_safe(state.rules_version, sizeof state.rules_version, r.rules_version);
	(void)text_copy(w->rules_version, sizeof w->rules_version, state.rules_version);
	if (set != set_in_force) {
		set_in_force = set;
		log_info("rules version=%s rules=%llu broken=%llu "
			 "skipped=%llu%s%s",
			 state.rules_version, (unsigned long long)r.rules,
			 (unsigned long long)r.broken, (unsigned long long)r.skipped,
			 r.broken ? " problem=" : "", r.broken ? state.problem : "");
	}
	retire_other_set(set);
	tell_rules();
}

static void
on_msg(struct wire *wire, struct msg *m)
{
	struct worker *w = wire->arg;

	if (m->type == MSG_VERDICT)
		on_verdict(w, m);
	else if (m->type == MSG_HEAD)
		on_head(w, m);
	else if (m->type == MSG_READY)
		on_worker_ready(w, m);
	if (w->there && w->job == NULL && set_in_force >= 0 &&
	    (int)((w - workers) / SET_MAX) != set_in_force)
		retire_other_set(set_in_force);
	dispatch();
}

static void
on_gone(struct wire *wire, const struct err *e)
{
	struct worker *w = wire->arg;
	struct job *j = w->job;

	w->there = w->ready = false;
	w->job = NULL;
	if (e->code == ERR_INPUT)
		log_warn("worker sent=\"%s\" its_link=closed", e->text);
	if (j != NULL)
		again_or_lost(j, "worker ended");
	tell_rules();
	dispatch();
}

void
workers_peer(int take_fd, uint64_t index)
{
	struct worker *w;

	if (index >= WORKERS) {
		close(take_fd);
		return;
	}
	w = &workers[index];
	if (w->there) {
		struct err e = {ERR_SYS, "replaced"};

		wire_close(&w->wire);
		on_gone(&w->wire, &e);
	}
	w->there = wire_open(&w->wire, take_fd, ROLE_CLIENT, ROLE_SCANNER, 4 * MSG_MAX,
			     on_msg, on_gone, w);
}

/* --- the queue --- */

static void
give(struct worker *w, struct job *j)
{
	struct msg *m = wire_out();
	struct err e;

	j->tries++;
	w->job = j;
	if (m_scan_put(m, &j->scan, &e) == 0) {
		m->fd = j->fd;
		if (wire_send(&w->wire, m, &e) == 0)
			return;
	}
	log_warn_rate("worker_give", 60, "worker_give error=\"%s\"", e.text);
	w->job = NULL;
	j->lost = e.code == ERR_INPUT ? "name or arguments too long" : "worker ended";
	push(&failed, j);
}

void
workers_round(void)
{
	struct job *j;

	while ((j = pop(&failed)) != NULL)
		finish_lost(j, j->lost);
}

static bool
uid_at_work(uint64_t uid)
{
	size_t i;

	for (i = 0; i < WORKERS; i++)
		if (workers[i].job != NULL && workers[i].job->kind == SCAN_MAIL &&
		    workers[i].job->scan.uid == uid)
			return true;
	return false;
}

/* One message of an account at a time: its large ones must not stand before the others'.
 */
static struct job *
pop_mail(void)
{
	struct job **at, *j;

	for (at = &mails.first; (j = *at) != NULL; at = &j->next) {
		if (uid_at_work(j->scan.uid))
			continue;
		*at = j->next;
		if (j->next == NULL)
			mails.last = at;
		mails.count--;
		return j;
	}
	return NULL;
}

static void
on_pace(void *arg)
{
	(void)arg;
	pace_timer = -1;
	dispatch();
}

/* May a background file begin now? If not, a timer asks again. */
static bool
paced(void)
{
	int64_t us, cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (rest.count == 0)
		return false;
	us = pace_wait_us(&pace, clock_mono(), conf.scan_cpu_share, cpus < 1 ? 1 : cpus);
	if (us > 0 && pace_timer < 0)
		pace_timer = loop_once(us / 1000 + 1, on_pace, NULL);
	return us == 0;
}

static size_t
ready_in_set(size_t set)
{
	size_t i, n = 0;

	for (i = set * SET_MAX; i < (set + 1) * SET_MAX; i++)
		n += workers[i].ready;
	return n;
}

static struct job *
next_for(const struct worker *w)
{
	const size_t number = (size_t)(w - workers) % SET_MAX;
	struct job *j = pop_mail();

	if (j != NULL || number == 0)
		return j;
	j = pop(&files);
	if (j == NULL &&
	    (number > 1 || ready_in_set((size_t)(w - workers) / SET_MAX) < 3) && paced())
		j = pop(&rest);
	return j;
}

static void
dispatch(void)
{
	static bool busy;
	struct job *j;
	size_t i;

	if (busy) /* a job that is finished here may ask for another */
		return;
	busy = true;
	for (i = 0; i < WORKERS; i++) {
		struct worker *w = &workers[i];

		while (w->there && w->ready && by_rules_in_force(w) && w->job == NULL &&
		       (j = next_for(w)) != NULL) {
			if (j->done == NULL)
				job_free(j);
			else
				give(w, j);
		}
	}
	busy = false;
}

struct job *
workers_ask(const struct m_scan *scan, int take_fd, job_fn done, void *arg)
{
	struct job *j = xcalloc(1, sizeof *j);

	j->kind = scan->kind == SCAN_MAIL ? SCAN_MAIL : SCAN_FILE;
	j->asked = next_asked++;
	j->fd = take_fd;
	j->done = done;
	j->arg = arg;
	j->path = xstrdup(scan->path == NULL ? "" : scan->path);
	j->argv = xmemdup(scan->argv, scan->argv_len);
	j->scan = *scan;
	j->scan.asked = j->asked;
	j->scan.path = j->path;
	j->scan.argv = j->argv;
	push(queue_of(j), j);
	dispatch();
	return j;
}

void
workers_forget(struct job *j)
{
	j->done = NULL;
}

void
workers_state(struct workers_state *out)
{
	size_t i;

	state.workers = state.ready = 0;
	for (i = 0; i < WORKERS; i++) {
		state.workers += workers[i].there;
		state.ready += workers[i].ready;
	}
	state.waiting = files.count + rest.count + mails.count;
	*out = state;
}

const char *
workers_rules_version(void)
{
	return state.rules_version;
}
