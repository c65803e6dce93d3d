/*
 * files - a file's way from watch to a verdict
 *
 * Job:     see files.h.
 * Touches: the link to watch, the store.
 */
#include "files_int.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alert.h"
#include "ctl.h"
#include "found_known.h"
#include "hub.h"
#include "known_good.h"
#include "log.h"
#include "loop.h"
#include "mailq.h"
#include "release.h"
#include "subuid.h"
#include "text.h"
#include "workers.h"
#include "xmem.h"

#define SINCE_KEY "watch_since_us"
#define SINCE_MARGIN_US \
	120000000 /* files seen twice are known; files not seen are not \
		   */

/* File systems stamp with a clock that ticks every 4 ms or so: what changed so lately may
 * change again under the same stamp. */
#define RACY_US 100000

struct looked {
	struct looked *next, **prev;
	uint64_t seq; /* grows with every FILE */
	struct m_file file;
	char *path;
};

struct hurry {
	struct hurry *next;
	uint64_t asked, uid;
	uint64_t until_seq; /* 0: HURRIED has not come yet */
	uint64_t left;      /* files watch could not send at once: asked for again */
	bool again;
	void (*fn)(void *arg);
	void *arg;
};

static struct looked *under_way;
static struct hurry *hurries;
static uint64_t next_seq = 1, next_hurry = 1, credit_due;
static int64_t latency[1024];
static uint64_t latency_count;
static bool sight_news = true; /* SIGHT came since the position was kept */

/* --- hurry --- */

static bool
waits(const struct hurry *h)
{
	const struct looked *l;

	if (h->until_seq == 0)
		return true;
	for (l = under_way; l != NULL; l = l->next)
		if (l->file.uid == h->uid && l->seq <= h->until_seq &&
		    l->file.cause == CAUSE_EVENT)
			return true;
	return false;
}

static bool
ask_hurry(uint64_t uid, uint64_t asked)
{
	struct m_hurry m = {.uid = uid, .asked = asked};
	struct err e;

	return m_hurry_put(wire_out(), &m, &e) == 0 &&
	       wire_send(&hub.watch, wire_out(), &e) == 0;
}

static void
wake_hurries(void)
{
	struct hurry **at = &hurries, *h;

	while ((h = *at) != NULL) {
		if (waits(h)) {
			at = &h->next;
			continue;
		}
		if (h->again && ask_hurry(h->uid, h->asked)) {
			h->until_seq = 0;
			at = &h->next;
			continue;
		}
		*at = h->next;
		h->fn(h->arg);
		free(h);
		at = &hurries; /* fn may have changed the list */
	}
}

uint64_t
files_hurry(uint64_t uid, void (*fn)(void *arg), void *arg)
{
	struct hurry *h;

	if (!ask_hurry(uid, next_hurry)) {
		fn(arg);
		return 0;
	}
	h = xcalloc(1, sizeof *h);
	h->asked = next_hurry++;
	h->uid = uid;
	h->left = UINT64_MAX;
	h->fn = fn;
	h->arg = arg;
	h->next = hurries;
	hurries = h;
	return h->asked;
}

void
files_hurry_forget(uint64_t handle)
{
	struct hurry **at, *h;

	for (at = &hurries; (h = *at) != NULL; at = &h->next)
		if (h->asked == handle) {
			*at = h->next;
			free(h);
			return;
		}
}

static void
on_hurried(struct msg *m)
{
	struct m_hurried v;
	struct hurry *h;
	struct err e;

	if (m_hurried_get(m, &v, &e) != 0)
		return;
	for (h = hurries; h != NULL; h = h->next) {
		if (h->asked != v.asked)
			continue;
		h->until_seq = next_seq; /* every FILE that came before it */
		h->again = v.left > 0 && v.left < h->left;
		h->left = v.left;
	}
	wake_hurries();
}

/* --- the verdict --- */

static void
note_latency(const struct looked *l)
{
	int64_t us = mono_diff_us(clock_mono(), (mono_t){l->file.event_us});

	if (l->file.cause == CAUSE_EVENT && us >= 0)
		latency[latency_count++ % (sizeof latency / sizeof latency[0])] = us;
}

static void
count_verdict(const struct m_verdict *v)
{
	switch ((enum verdict)v->verdict) {
	case VERDICT_CLEAN:
		hub.count.files_clean++;
		break;
	case VERDICT_SUSPICIOUS:
		hub.count.files_suspicious++;
		break;
	case VERDICT_MALICIOUS:
		hub.count.files_malicious++;
		break;
	case VERDICT_UNSCANNED:
		hub.count.files_unscanned++;
		break;
	}
}

static void
looked_free(struct looked *l)
{
	*l->prev = l->next;
	if (l->next != NULL)
		l->next->prev = l->prev;
	free(l->path);
	free(l);
}

static bool
goes_by_itself(const struct looked *l, const struct m_verdict *v)
{
	return hub.conf.set_aside_points > 0 && v->score >= hub.conf.set_aside_points &&
	       strcmp(hub.conf.mode, "hold") == 0 && l->file.cause == CAUSE_EVENT &&
	       l->file.uid != 0 && files_may_go(l->path, v->type, l->file.mode);
}

static void
on_verdict(struct job *j, const struct m_verdict *v, const struct m_head *h)
{
	struct looked *l = j->arg;
	struct m_verdict counted;
	wall_t now = clock_wall();
	char shown[512], why[900];
	const char *good;

	(void)h;
	note_latency(l);
	files_keep_verdict(&l->file, v, now);
	good = v->findings_len == 0 ? NULL
				    : known_good_file(l->file.uid, l->path, v->sha256);
	if (good != NULL) {
		log_info("verdict_known_good score=%" PRId64 " uid=%" PRIu64
			 " path=\"%s\" why=\"%s\"",
			 v->score, l->file.uid, text_safe(shown, sizeof shown, l->path),
			 text_safe(why, sizeof why, good));
		counted = *v;
		counted.verdict = VERDICT_CLEAN;
		counted.score = 0;
		v = &counted;
	}
	count_verdict(v);
	files_tell_engine(&l->file, v, now);
	/* what an admin has just vouched for may be what the account is held for */
	if (l->file.cause == CAUSE_ASKED && v->score < hub.conf.weak_points &&
	    !mailq_holds((uint32_t)l->file.uid))
		engine_reviewed(hub.engine, now, (uint32_t)l->file.uid, "admin");
	if (v->verdict != VERDICT_CLEAN)
		log_info("verdict verdict=%s score=%" PRId64 " uid=%" PRIu64
			 " ms=%" PRId64 " path=\"%s\"%s%s",
			 verdict_name((unsigned)v->verdict), v->score, l->file.uid,
			 mono_diff_us(clock_mono(), (mono_t){l->file.event_us}) / 1000,
			 text_safe(shown, sizeof shown, l->path),
			 v->reason[0] ? " reason=" : "", v->reason);
	if (v->verdict == VERDICT_MALICIOUS || v->verdict == VERDICT_SUSPICIOUS)
		alert_file(l->file.uid, l->path, v);
	if (goes_by_itself(l, v))
		ctl_files_take(l->file.uid, l->file.dev, l->file.ino, l->path);
	credit_due += l->file.cause != CAUSE_ASKED; /* that one cost none */
	looked_free(l);
	wake_hurries();
}

/* --- what watch sends --- */

static bool
known(const struct m_file *f)
{
	/* an event may be a rename: its directory's does not change a file's ctime */
	return f->cause != CAUSE_ASKED && f->cause != CAUSE_EVENT &&
	       found_known(hub.store, files_rules_hash(), f->dev, f->ino, f->size,
			   f->ctime_us);
}

static void
on_file(struct msg *m)
{
	static char good[16384];
	struct m_scan scan = {.kind = SCAN_FILE};
	struct m_file f;
	struct looked *l;
	struct err e;
	int fd = m->fd;

	if (m_file_get(m, &f, &e) != 0 || fd < 0) {
		log_warn_rate("watch_file", 60, "watch sent an unfit FILE");
		credit_due++;
		return;
	}
	if (f.cause == CAUSE_ASKED &&
	    files_look_answer(f.asked, f.dev, f.ino, f.ctime_us, fd)) {
		m->fd = -1;
		return;
	}
	hub.count.files_seen++;
	if (known(&f)) {
		hub.count.files_known++;
		credit_due++;
		return;
	}
	m->fd = -1;
	l = xcalloc(1, sizeof *l);
	l->seq = next_seq++;
	l->file = f;
	l->path = xstrdup(f.path);
	l->file.path = l->path;
	l->next = under_way;
	l->prev = &under_way;
	if (under_way != NULL)
		under_way->prev = &l->next;
	under_way = l;
	scan.background = f.cause == CAUSE_WALK || f.cause == CAUSE_RESCAN;
	scan.size = f.size;
	scan.mtime_us = f.mtime_us;
	scan.ctime_us = f.ctime_us;
	scan.uid = f.uid;
	scan.gid = f.gid;
	scan.mode = f.mode;
	scan.nlink = f.nlink;
	scan.dir_uid = f.dir_uid;
	scan.path = l->path;
	scan.argv = good;
	scan.argv_len = known_good_rules(f.uid, good, sizeof good);
	/* looked at this early it is not known by its stamp: a walk looks once more */
	if (clock_wall().us - f.ctime_us < RACY_US)
		l->file.ctime_us = -1;
	(void)workers_ask(&scan, fd, on_verdict, l);
}

struct place {
	const char *path;
	bool elsewhere;
};

static bool
seen_elsewhere(void *arg, const struct store_finding *v)
{
	struct place *p = arg;

	p->elsewhere = strcmp(v->path, p->path) != 0;
	return !p->elsewhere;
}

/* Was it renamed while watch was asked for its old name? */
static bool
only_renamed(const struct m_gone *g)
{
	struct place p = {g->path, false};
	struct err e;

	if (store_finding_of(hub.store, g->dev, g->ino, true, seen_elsewhere, &p, &e) !=
	    0)
		hub_store_warn(&e);
	return p.elsewhere;
}

static void
on_gone(struct msg *m)
{
	struct file_fact f = {.gone = true, .t = clock_wall()};
	struct store_file have;
	struct m_gone g;
	struct err e;

	if (m_gone_get(m, &g, &e) != 0)
		return;
	if (g.asked != 0)
		(void)files_look_answer(g.asked, g.dev, g.ino, -1, -1);
	if (store_file_get(hub.store, g.dev, g.ino, &have, &e) != 1)
		return;
	if (have.verdict != VERDICT_CLEAN) {
		if (only_renamed(&g))
			return;
		f.uid = subuid_account((uint32_t)g.uid);
		f.user = hub_login(f.uid);
		f.path = g.path;
		if (store_finding_gone(hub.store, g.dev, g.ino, f.t, &e) != 0)
			hub_store_warn(&e);
		engine_file(hub.engine, &f);
		(void)release_reviewed(f.uid, "files");
	}
	if (store_file_drop(hub.store, g.dev, g.ino, &e) != 0)
		hub_store_warn(&e);
}

static void
on_sight(struct msg *m)
{
	struct m_sight s;
	struct err e;

	if (m_sight_get(m, &s, &e) != 0)
		return;
	if (strcmp(hub.sight.degraded, s.degraded) != 0 && s.degraded[0] != '\0')
		log_warn("watch degraded=\"%s\"", s.degraded);
	hub.sight.known = true;
	sight_news = true;
	(void)text_safe(hub.sight.backend, sizeof hub.sight.backend, s.backend);
	(void)text_safe(hub.sight.degraded, sizeof hub.sight.degraded, s.degraded);
	hub.sight.ready = s.ready;
	hub.sight.dirs = s.dirs;
	hub.sight.files_waiting = s.files_waiting;
	hub.sight.files_sent = s.files_sent;
	hub.sight.overflows = s.overflows;
	hub.sight.rescans = s.rescans;
	hub.sight.rescan_dirs_left = s.rescan_dirs_left;
	hub.sight.rescan_dirs_done = s.rescan_dirs_done;
	hub.sight.dropped = s.dropped;
	hub.sight.start_ms = s.start_ms;
}

void
files_on_msg(struct wire *w, struct msg *m)
{
	(void)w;
	if (m->type == MSG_FILE)
		on_file(m);
	else if (m->type == MSG_GONE)
		on_gone(m);
	else if (m->type == MSG_SIGHT)
		on_sight(m);
	else if (m->type == MSG_HURRIED)
		on_hurried(m);
	else if (m->type == MSG_FOUND)
		files_found(m);
}

static void
grant(uint64_t count)
{
	struct m_want w = {.count = count};
	struct err e;

	if (m_want_put(wire_out(), &w, &e) != 0 ||
	    wire_send(&hub.watch, wire_out(), &e) != 0)
		log_warn_rate("want", 60, "want error=\"%s\"", e.text);
}

/* Where watch takes up: a little before the last time nothing was waiting. */
static void
tell_since(void)
{
	struct m_since m = {.ctime_us = 0};
	struct err e;
	size_t len;

	if (store_kv_get(hub.store, SINCE_KEY, &m.ctime_us, sizeof m.ctime_us, &len,
			 &e) != 1 ||
	    len != sizeof m.ctime_us)
		m.ctime_us = 0;
	if (m_since_put(wire_out(), &m, &e) != 0 ||
	    wire_send(&hub.watch, wire_out(), &e) != 0)
		log_warn("since error=\"%s\"", e.text);
}

/* While watch has nothing new to tell, an earlier time is as good: no file changed since,
 * and the walk that starts there looks at no more of them. Not a later one, of a clock that
 * was set back: what changes while we are stopped would lie before it. */
void
files_keep_since(void)
{
	static int64_t kept_us;
	int64_t us = clock_wall().us - SINCE_MARGIN_US;
	struct err e;

	if ((!sight_news && us >= kept_us) || !wire_up(&hub.watch) || !hub.sight.known ||
	    !hub.sight.ready || hub.sight.files_waiting > 0 ||
	    hub.sight.rescan_dirs_left > 0 || under_way != NULL)
		return;
	if (store_kv_put(hub.store, SINCE_KEY, &us, sizeof us, &e) != 0)
		hub_store_warn(&e);
	else {
		sight_news = false;
		kept_us = us;
	}
}

void
files_watch_up(void)
{
	struct hurry *h;

	credit_due = 0;
	files_look_drop();
	files_found_drop();
	tell_since();
	/* the old watch will not answer any more */
	for (h = hurries; h != NULL; h = h->next)
		if (h->until_seq == 0)
			h->until_seq = next_seq;
	grant(FILES_CREDIT);
	wake_hurries();
}

void
files_round(void)
{
	if (credit_due == 0 || !wire_up(&hub.watch))
		return;
	grant(credit_due);
	credit_due = 0;
}

static int
by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

bool
files_latency(int64_t *p50_us_out, int64_t *p99_us_out)
{
	static int64_t sorted[sizeof latency / sizeof latency[0]];
	size_t n = sizeof latency / sizeof latency[0];

	if (latency_count < n)
		n = (size_t)latency_count;
	if (n == 0)
		return false;
	memcpy(sorted, latency, n * sizeof sorted[0]);
	qsort(sorted, n, sizeof sorted[0], by_size);
	*p50_us_out = sorted[n / 2];
	*p99_us_out = sorted[n * 99 / 100];
	return true;
}
