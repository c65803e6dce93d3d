/*
 * mtlog - the MTA's log, read
 *
 * Job:     join lines: cwd to submission by pid, outcome to submission by queue id. See
 *          mtlog.h.
 * Touches: its own tables.
 */
#include "mtlog.h"

#include <stdlib.h>

#include "mt_grammar.h"
#include "text.h"
#include "xmem.h"

#define NONE UINT32_MAX
#define BUCKETS 65536

/* What is remembered of a message in flight. */
struct flight {
	char id[28], user[36], auth[80], sender[100], cwd[160];
	int64_t uid;
	uint32_t next;
	bool used, submitted, named, local_client;
};

struct process {
	uint64_t pid;
	wall_t time;
	char cwd[256];
};

struct mtlog {
	enum mtlog_mta mta;
	struct stamp_base base;
	struct mtlog_counts counts;
	struct flight *flight;
	uint32_t *bucket;
	uint32_t fresh; /* entries below were used at least once */
	uint32_t hand;  /* the next to be forgotten when full */
	uint32_t spare; /* list of given-back entries */
	struct process process[MTLOG_PIDS];
};

struct mtlog *
mtlog_new(enum mtlog_mta mta, wall_t now)
{
	struct mtlog *m = xcalloc(1, sizeof(*m));

	m->mta = mta;
	m->base.now = now;
	m->base.cache_key = -1;
	m->flight = xcalloc(MTLOG_IDS, sizeof(*m->flight));
	m->bucket = xcalloc(BUCKETS, sizeof(*m->bucket));
	for (unsigned i = 0; i < BUCKETS; i++)
		m->bucket[i] = NONE;
	m->spare = NONE;
	return m;
}

void
mtlog_free(struct mtlog **mp)
{
	struct mtlog *m = *mp;

	*mp = NULL;
	if (m == NULL)
		return;
	free(m->flight);
	free(m->bucket);
	free(m);
}

void
mtlog_set_now(struct mtlog *m, wall_t now)
{
	m->base.now = now;
}

struct mtlog_counts
mtlog_counts(const struct mtlog *m)
{
	return m->counts;
}

static uint32_t
bucket_of(struct slice id)
{
	return (uint32_t)(text_hash(id.s, id.len) >> 32) % BUCKETS;
}

static uint32_t *
flight_link(struct mtlog *m, struct slice id)
{
	uint32_t *at = &m->bucket[bucket_of(id)];

	while (*at != NONE && !slice_is(id, m->flight[*at].id))
		at = &m->flight[*at].next;
	return at;
}

static struct flight *
flight_find(struct mtlog *m, struct slice id)
{
	uint32_t i = *flight_link(m, id);

	return i == NONE ? NULL : &m->flight[i];
}

static void
flight_drop(struct mtlog *m, struct slice id)
{
	uint32_t *at = flight_link(m, id), i = *at;

	if (i == NONE)
		return;
	*at = m->flight[i].next;
	m->flight[i].used = false;
	m->flight[i].next = m->spare;
	m->spare = i;
}

static struct flight *
flight_new(struct mtlog *m, struct slice id)
{
	uint32_t *at, i;

	if (id.len >= sizeof(m->flight[0].id))
		return NULL;
	flight_drop(m,
		    id); /* short queue ids come again: the new message is another one */
	if (m->spare == NONE && m->fresh == MTLOG_IDS) {
		struct flight *old = &m->flight[m->hand];

		m->hand = (m->hand + 1) % MTLOG_IDS;
		flight_drop(m, (struct slice){old->id, strlen(old->id)});
	}
	if (m->spare != NONE) {
		i = m->spare;
		m->spare = m->flight[i].next;
	} else {
		i = m->fresh++;
	}
	memset(&m->flight[i], 0, sizeof(m->flight[i]));
	slice_copy(m->flight[i].id, sizeof(m->flight[i].id), id);
	m->flight[i].uid = -1;
	m->flight[i].used = true;
	at = &m->bucket[bucket_of(id)];
	m->flight[i].next = *at;
	*at = i;
	return &m->flight[i];
}

static void
fill(struct slice *s, const char *from)
{
	if (s->s == NULL && from[0] != '\0')
		*s = (struct slice){from, strlen(from)};
}

static void
keep(struct flight *f, const struct mt_event *ev)
{
	if (ev->user.s != NULL)
		slice_copy(f->user, sizeof(f->user), ev->user);
	if (ev->auth.s != NULL)
		slice_copy(f->auth, sizeof(f->auth), ev->auth);
	if (ev->sender.s != NULL)
		slice_copy(f->sender, sizeof(f->sender), ev->sender);
	if (ev->uid >= 0)
		f->uid = ev->uid;
	f->local_client |= ev->local_client;
}

/* The owner's facts of the submission, onto an outcome. */
static void
lend(const struct flight *f, struct mt_event *ev)
{
	fill(&ev->user, f->user);
	fill(&ev->auth, f->auth);
	fill(&ev->sender, f->sender);
	fill(&ev->claimed_cwd, f->cwd);
	if (ev->uid < 0)
		ev->uid = f->uid;
	if (ev->kind == MT_SUBMIT)
		ev->local_client = f->local_client;
}

static struct process *
process_of(struct mtlog *m, uint64_t pid)
{
	return &m->process[pid % MTLOG_PIDS];
}

/* A claim only, and only of the same process within ten seconds. */
static void
join_cwd(struct mtlog *m, uint64_t pid, struct mt_event *ev)
{
	const struct process *p = process_of(m, pid);

	if (p->pid == pid && p->cwd[0] != '\0' && ev->user.s != NULL &&
	    ev->time.us - p->time.us <= 10000000 && ev->time.us >= p->time.us)
		fill(&ev->claimed_cwd, p->cwd);
}

static int
submit_exim(struct mtlog *m, uint64_t pid, struct mt_event *ev)
{
	struct flight *f = flight_new(m, ev->queue_id);

	join_cwd(m, pid, ev);
	if (f != NULL) {
		keep(f, ev);
		if (ev->claimed_cwd.s != NULL)
			slice_copy(f->cwd, sizeof(f->cwd), ev->claimed_cwd);
		f->submitted = true;
	}
	return 1;
}

/*
 * Postfix tells a submission in two lines: pickup or smtpd says whose, qmgr how much.
 * qmgr repeats its line at every retry: only the first one counts, and only when the
 * owner's line was seen.
 */
static int
submit_postfix(struct mtlog *m, struct mt_event *ev)
{
	struct flight *f = flight_find(m, ev->queue_id);

	if (f == NULL || f->submitted || !f->named) {
		if (f == NULL && ev->sender.len != 0)
			m->counts.orphaned++; /* (the MTA's own bounces have no sender) */
		return 0;
	}
	f->submitted = true;
	keep(f, ev);
	lend(f, ev);
	return 1;
}

/*
 * Postfix's local(8) sent a message on under a queue id that neither pickup nor smtpd
 * named: it is the same owner's. It is no submission of its own.
 */
static void
forwarded(struct mtlog *m, const struct mt_event *ev)
{
	const struct flight *f = flight_find(m, ev->queue_id);
	struct flight of, *on;

	if (f == NULL || slice_is(ev->forwarded_as, f->id))
		return;
	of = *f; /* it may be the one that is forgotten for the new one */
	if ((on = flight_new(m, ev->forwarded_as)) == NULL)
		return;
	memcpy(on->user, of.user, sizeof on->user);
	memcpy(on->auth, of.auth, sizeof on->auth);
	memcpy(on->sender, of.sender, sizeof on->sender);
	on->uid = of.uid;
	on->local_client = of.local_client;
	on->named = on->submitted = true;
}

static int
outcome(struct mtlog *m, struct mt_event *ev)
{
	struct flight *f;

	if (ev->forwarded_as.s != NULL)
		forwarded(m, ev);
	f = flight_find(m, ev->queue_id);
	if (f != NULL)
		lend(f, ev);
	else if (ev->kind != MT_DONE)
		m->counts.orphaned++;
	if (ev->kind == MT_DONE && f != NULL) {
		/* what was lent must outlive the entry until the next line: it does, the
		 * entry is only marked as spare here and overwritten by a later one */
		flight_drop(m, ev->queue_id);
	}
	return 1;
}

/* One line, taken apart: join it with what is known. */
static int
take(struct mtlog *m, enum mt_line what, uint64_t pid, struct mt_event *ev)
{
	struct process *p;
	struct flight *f;
	int rc = 0;

	m->counts.lines++;
	switch (what) {
	case MT_NOTHING:
		return 0;
	case MT_FOREIGN:
		m->counts.foreign++;
		return 0;
	case MT_DAMAGED:
		m->counts.damaged++;
		return 0;
	case MT_CWD:
		p = process_of(m, pid);
		p->pid = pid;
		p->time = ev->time;
		slice_copy(p->cwd, sizeof(p->cwd), ev->claimed_cwd);
		return 0;
	case MT_PART:
		if ((f = flight_new(m, ev->queue_id)) != NULL) {
			keep(f, ev);
			f->named = true;
		}
		return 0;
	case MT_EVENT:
		if (ev->kind != MT_SUBMIT)
			rc = outcome(m, ev);
		else if (m->mta == MTLOG_EXIM)
			rc = submit_exim(m, pid, ev);
		else
			rc = submit_postfix(m, ev);
		break;
	}
	m->counts.events += rc == 1;
	return rc;
}

int
mtlog_line(struct mtlog *m, const char *line, size_t len, struct mt_event *ev)
{
	uint64_t pid;
	enum mt_line what;

	what = m->mta == MTLOG_EXIM ? exim_line(&m->base, line, len, ev, &pid)
				    : postfix_line(&m->base, line, len, ev, &pid);
	return take(m, what, pid, ev);
}

int
mtlog_entry(struct mtlog *m, struct slice ident, struct slice text, wall_t time,
	    uint64_t pid, struct mt_event *ev)
{
	char line[4096];
	size_t n = text.len < sizeof line ? text.len : sizeof line;
	uint64_t in_line = 0;
	enum mt_line what;

	if (m->mta == MTLOG_EXIM) { /* with its own stamp (log_file_path = syslog) */
		memcpy(line, text.s, n);
		what = exim_line(&m->base, line, n, ev, &in_line);
		return take(m, what, in_line, ev);
	}
	memset(ev, 0, sizeof *ev);
	ev->uid = -1;
	ev->time = time;
	what = postfix_text(ident, text, ev);
	return take(m, what, pid, ev);
}

void
mtlog_each(const struct mtlog *m, void (*fn)(void *arg, const struct mt_event *ev),
	   void *arg)
{
	uint32_t i;

	for (i = 0; i < m->fresh; i++) {
		const struct flight *f = &m->flight[i];
		struct mt_event ev = {.kind = MT_SUBMIT, .uid = -1, .time = m->base.now};

		if (!f->used || !f->submitted)
			continue;
		ev.queue_id = (struct slice){f->id, strlen(f->id)};
		lend(f, &ev);
		fn(arg, &ev);
	}
}

int
mtlog_guess(const char *line, size_t len, enum mtlog_mta *out)
{
	struct stamp_base b = {.cache_key = -1};
	struct cursor c = {line, line + len};
	struct syslog_line sys;
	wall_t t;

	if (stamp_exim(&b, &c, &t)) {
		*out = MTLOG_EXIM;
		return 1;
	}
	if (!syslog_split(&b, line, len, &sys))
		return 0;
	if (slice_begins(sys.ident, "exim")) {
		*out = MTLOG_EXIM;
		return 1;
	}
	if (slice_begins(sys.ident, "postfix") &&
	    memchr(sys.ident.s, '/', sys.ident.len)) {
		*out = MTLOG_POSTFIX;
		return 1;
	}
	return 0;
}
