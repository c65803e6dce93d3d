/*
 * worker - see worker.h
 *
 * Job:     SCAN in, VERDICT or HEAD out.
 * Touches: the link, the descriptors given, timers.
 */
#include "worker.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "budget.h"
#include "clock.h"
#include "link.h"
#include "log.h"
#include "lint_msg.h"
#include "mailhead.h"
#include "sandbox.h"
#include "text.h"

/* of a message is read: its header, and enough of its body to know its like again */
#define LINT_EVERY 4 /* of the messages that say they are bulk */
#define LINT_SAMPLE_BYTES (256u << 10)
#define MAIL_BYTES ((size_t)2 << 20)
#define KEEP_BYTES (4u << 20) /* of the buffer that stay resident between jobs */
#define WORK_MEMORY ((size_t)768 << 20)

struct worker {
	const struct worker_conf *conf;
	struct scanengine *engine;
	struct worker_slot *slot;
	struct link link;
	bool idle_class;
	int own_class; /* as ioprio_set wants it */
	timer_t cpu_timer;
	uint8_t *buf;
	size_t buf_size;
	struct engine_result result;
	struct mail_head head;
	struct msg in, out;
};

static void
wall_timer(int ms)
{
	const struct itimerval t = {
	    .it_value = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000}};

	(void)setitimer(ITIMER_REAL, &t, NULL);
}

/* Of the processor time itself: ITIMER_PROF counts the ticks it meets, and comes late
 * where other processes are there to be met instead. */
static void
cpu_timer(const struct worker *w, int ms)
{
	const struct itimerspec t = {
	    .it_value = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}};

	(void)timer_settime(w->cpu_timer, 0, &t, NULL);
}

static uint64_t
cpu_us(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* The kernel looks at the clock once a tick (1 to 10 ms), the end of a process costs some
 * too, and so does the one in its place (measured: 25 to 40 ms together). The budget is
 * the file's whole cost, so the timer comes a little before it.
 */
static int
within(int cpu_ms)
{
	return cpu_ms - (cpu_ms >= 252 ? 42 : cpu_ms / 6);
}

/* Send now or wait for room: the peer takes answers in its own time. */
static void
answer(struct worker *w)
{
	struct pollfd p = {w->link.fd, POLLOUT, 0};
	struct err e;

	if (link_send(&w->link, &w->out, &e) != 0)
		_exit(0); /* the peer is gone */
	while (link_waiting(&w->link)) {
		(void)poll(&p, 1, -1);
		if (link_flush(&w->link, &e) != 0)
			_exit(0);
	}
}

/*
 * Read the whole of fd, or its first `most` bytes, into the buffer. A file that shrinks
 * or grows meanwhile is read as it is found. Returns the bytes, or -1 with a reason.
 */
static ssize_t
read_all(struct worker *w, int fd, size_t most, const char **reason)
{
	size_t have = 0;

	while (have < most) {
		ssize_t n = pread(fd, w->buf + have, most - have, (off_t)have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			*reason = strerror(errno);
			return -1;
		}
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

static ssize_t
load(struct worker *w, int fd, bool whole, struct stat *st, const char **reason)
{
	ssize_t n;

	if (fd < 0 || fstat(fd, st) != 0) {
		*reason = "no descriptor";
		return -1;
	}
	if (!S_ISREG(st->st_mode)) {
		*reason = "not a regular file";
		return -1;
	}
	if (whole && st->st_size > (off_t)w->conf->size_max) {
		*reason = "larger than scan_size_max";
		return -1;
	}
	n = read_all(w, fd, whole || w->buf_size < MAIL_BYTES ? w->buf_size : MAIL_BYTES,
		     reason);
	if (whole && n > (ssize_t)w->conf->size_max) {
		*reason = "larger than scan_size_max";
		return -1;
	}
	return n;
}

static void
on_progress(void *arg, const struct engine_result *r)
{
	struct worker_slot *s = arg;

	if (r->findings_len == 0)
		return;
	atomic_store(&s->found, 0);
	s->score = r->score;
	s->findings_len = (uint32_t)r->findings_len;
	memcpy(s->findings, r->findings, r->findings_len);
	memcpy(s->sha256, r->sha256, sizeof s->sha256);
	(void)text_copy(s->type, sizeof s->type, r->type);
	atomic_store(&s->found, 1);
}

static void
scan_file(struct worker *w, const struct m_scan *job, int fd)
{
	const uint64_t cpu = cpu_us();
	const char *reason = NULL;
	struct engine_result *r = &w->result;
	struct m_verdict v = {.asked = job->asked, .verdict = VERDICT_UNSCANNED};
	struct stat st = {0};
	struct err e;
	ssize_t n = load(w, fd, true, &st, &reason);

	v.size = (uint64_t)st.st_size;
	w->slot->size = v.size;
	v.type = v.sha256 = "";
	v.reason = reason;
	v.findings = "";
	if (n >= 0) {
		const struct engine_file f = {.path = job->path,
					      .mtime_us = job->mtime_us,
					      .ctime_us = job->ctime_us,
					      .now_us = clock_wall().us,
					      .mode = (uint32_t)job->mode,
					      .uid = (int64_t)job->uid,
					      .dir_uid = (int64_t)job->dir_uid,
					      .good_rules = job->argv,
					      .good_rules_len = job->argv_len};

		scanengine_scan(w->engine, w->buf, (size_t)n, &f, r);
		v.verdict = r->verdict;
		v.score = r->score;
		v.size = (uint64_t)n;
		v.type = r->type;
		v.sha256 = r->sha256;
		v.reason = r->reason;
		v.findings = r->findings;
		v.findings_len = r->findings_len;
	}
	v.cpu_us = cpu_us() - cpu;
	if (m_verdict_put(&w->out, &v, &e) != 0) {
		v.findings_len = 0; /* cannot be: the engine bounds them */
		(void)m_verdict_put(&w->out, &v, NULL);
	}
	if (n > (ssize_t)KEEP_BYTES)
		(void)madvise(w->buf + KEEP_BYTES, w->buf_size - KEEP_BYTES,
			      MADV_DONTNEED);
}

/*
 * Background files are read in the idle class: whoever else wants the disk goes first.
 * libc has no name for the call; the sandbox lets it through for this process alone.
 */
static void
disk_class(struct worker *w, bool idle)
{
	if (w->idle_class == idle)
		return;
	w->idle_class = idle;
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
		      idle ? (int)IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0) : w->own_class);
}

/* The names of lint's checks, as far as they fit; what it only remarks is left out. */
struct lacks {
	char text[220];
	size_t len;
};

static void
on_lack(void *arg, const struct lint_finding *f)
{
	struct lacks *l = arg;
	size_t n = strlen(f->check);

	if (strcmp(f->severity, "info") == 0 || l->len + n + 2 > sizeof(l->text))
		return;
	if (l->len > 0)
		l->text[l->len++] = ' ';
	memcpy(l->text + l->len, f->check, n + 1);
	l->len += n;
}

/* Some of what says that it is bulk mail: is it in the form that providers ask for? */
static void
lint_some(struct worker *w, size_t n, struct m_head *v, struct lacks *l)
{
	const unsigned bulk =
	    MAIL_BULK_PRECEDENCE | MAIL_BULK_UNSUBSCRIBE | MAIL_BULK_LIST_ID;

	if ((v->bulk & bulk) == 0 || v->asked % LINT_EVERY != 0)
		return;
	(void)lint_message((const char *)w->buf,
			   n < LINT_SAMPLE_BYTES ? n : LINT_SAMPLE_BYTES, true, on_lack,
			   l);
	v->linted = 1;
	v->lint = l->text;
}

static void
scan_mail(struct worker *w, const struct m_scan *job, int fd)
{
	const char *reason = NULL;
	struct mail_head *h = &w->head;
	struct m_head v = {.asked = job->asked};
	struct lacks lacks = {.len = 0};
	struct stat st = {0};
	ssize_t n = load(w, fd, false, &st, &reason);

	v.reason = reason != NULL ? reason : "";
	v.from = v.subject = v.message_id = v.claimed_script = "";
	v.domains = v.lint = "";
	v.size = (uint64_t)st.st_size;
	if (job->rcpt_key_len != sizeof h->rcpt_key) {
		v.reason = "SCAN came without a key";
		n = -1;
	}
	if (n == (ssize_t)MAIL_BYTES && memmem(w->buf, MAIL_BYTES, "\n\n", 2) == NULL &&
	    memmem(w->buf, MAIL_BYTES, "\n\r\n", 3) == NULL) {
		v.reason = "its header is larger than 2 MiB";
		n = -1;
	}
	if (n >= 0) {
		memcpy(h->rcpt_key, job->rcpt_key, sizeof h->rcpt_key);
		mail_head_read(h, w->buf, (size_t)n, job->argv, job->argv_len);
		v.ok = h->ok;
		v.reason = h->reason;
		v.rcpts = h->rcpts;
		v.rcpts_nowhere = h->rcpts_nowhere;
		v.from = h->from;
		v.subject = h->subject;
		v.message_id = h->message_id;
		v.claimed_script = h->claimed_script;
		v.bulk = h->bulk;
		v.subject_hash = h->subject_hash;
		v.body_hash = h->body_hash;
		v.domains = h->domains;
		v.domains_len = h->domains_len;
		v.rcpt_hashes = h->rcpt_hashes;
		v.rcpt_hashes_len = h->rcpt_hash_count * sizeof h->rcpt_hashes[0];
		lint_some(w, (size_t)n, &v, &lacks);
	}
	(void)m_head_put(&w->out, &v, NULL);
}

static void
serve(struct worker *w)
{
	struct m_scan job;
	struct err e;

	if (m_scan_get(&w->in, &job, &e) != 0)
		_exit(76);
	w->slot->asked = job.asked;
	w->slot->kind = (uint32_t)job.kind;
	w->slot->size = job.size;
	w->slot->cpu_ms = (int32_t)budget_ms(w->conf->cpu_ms, job.size);
	atomic_store(&w->slot->found, 0);
	atomic_store(&w->slot->busy, 1);
	disk_class(w, job.background != 0);
	cpu_timer(w, within(w->slot->cpu_ms));
	wall_timer(w->conf->wall_ms);
	if (job.kind == SCAN_MAIL)
		scan_mail(w, &job, w->in.fd);
	else
		scan_file(w, &job, w->in.fd);
	cpu_timer(w, 0);
	wall_timer(0);
	if (w->in.fd >= 0)
		close(w->in.fd);
	/* idle when the answer is out: a death before it is answered for, and a second answer
	 * of one that died right after it has a number that nobody waits for */
	answer(w);
	atomic_store(&w->slot->busy, 0);
	atomic_fetch_add(&w->slot->jobs, 1);
}

void
worker_main(int link_fd, struct scanengine *en, const struct worker_conf *c,
	    struct worker_slot *slot)
{
	static struct worker w; /* two messages of 128 kB: not for the stack */
	struct pollfd p = {link_fd, POLLIN, 0};
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGPROF};
	struct err e;

	w.conf = c;
	w.engine = en;
	w.slot = slot;
	w.buf_size = c->size_max + 1;
	w.buf = mmap(NULL, w.buf_size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (w.buf == MAP_FAILED)
		log_fatal(71, "worker_memory bytes=%zu", w.buf_size);
	w.own_class = (int)syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0);
	if (w.own_class < 0)
		w.own_class = (int)IOPRIO_PRIO_VALUE(IOPRIO_CLASS_NONE, 0);
	if (timer_create(CLOCK_PROCESS_CPUTIME_ID, &ev, &w.cpu_timer) != 0)
		log_fatal(71, "worker_timer error=\"%s\"", strerror(errno));
	link_init(&w.link, link_fd, ROLE_SCANNER, ROLE_CLIENT, (size_t)4 << 20);
	if (sandbox_enter(WORK_MEMORY, &e) != 0)
		log_fatal(71, "sandbox error=%s", e.text);
	scanengine_on_progress(en, on_progress, slot);
	for (;;) {
		int rc = link_recv(&w.link, &w.in, &e);

		if (rc < 0)
			_exit(e.code == ERR_INPUT ? 76 : 0);
		if (rc == 0)
			(void)poll(&p, 1, -1);
		else
			serve(&w);
	}
}
