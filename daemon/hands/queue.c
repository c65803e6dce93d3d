/*
 * queue - freeze, thaw, drop or deliver messages in the MTA's queue
 *
 * Job:     the verb QUEUE: exact ids, one program for thousands of them.
 * Touches: the MTA's queue, by the MTA's own program.
 *
 * An id that has not the form of one is refused before any program is run: "ALL" and
 * options never get there.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "job.h"
#include "log.h"
#include "loop.h"
#include "mtaq.h"
#include "subuid.h"
#include "text.h"
#include "verbs.h"

#define QUEUE_TIMEOUT_S 300
#define KICK_MS 500 /* a thaw is followed by another look at the queue after so long */
#define KICK_EVERY_MS 10000
#define KICK_TIMEOUT_S 3600 /* a queue run of Exim lasts as long as its deliveries */
#define PLACES 5            /* of job.h's: the rest is for releases and alerts */
#define PARKED 64 /* requests that wait for a place; judge sends far fewer at once */

/* Ids that are delivered one after the other, where one program takes one id. */
struct chain {
	uint64_t asked;
	const struct mtaq *mta;
	unsigned failed;
	struct strings left;
	char *ids;
};

const char *
mtaq_program(const char *const *candidates)
{
	for (; candidates != NULL && *candidates != NULL; candidates++)
		if (access(*candidates, X_OK) == 0)
			return *candidates;
	return NULL;
}

const struct mtaq *
mtaq_find(const char *setting)
{
	static const struct mtaq *const all[] = {&mtaq_postfix, &mtaq_exim};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(setting, all[i]->name) == 0 ||
		    (strcmp(setting, "auto") == 0 &&
		     mtaq_program(all[i]->program) != NULL))
			return all[i];
	return NULL;
}

/* --- places: a thousand freezes shall not keep one release waiting --- */

static unsigned running;
static struct parked {
	struct m_queue q; /* ids: a copy */
} parked[PARKED];
static size_t parked_first, parked_count;

static void begin(const struct m_queue *q);

static void
place_free(void)
{
	running--;
	while (parked_count > 0 && running < PLACES) {
		struct m_queue q = parked[parked_first].q;

		parked_first = (parked_first + 1) % PARKED;
		parked_count--;
		begin(&q);
		free((void *)(uintptr_t)q.ids);
	}
}

static const char *
park(const struct m_queue *q)
{
	struct m_queue *to;
	void *ids;

	if (parked_count == PARKED || (ids = malloc(q->ids_len)) == NULL)
		return "too many requests about the MTA's queue wait";
	to = &parked[(parked_first + parked_count++) % PARKED].q;
	*to = *q;
	to->ids = memcpy(ids, q->ids, q->ids_len);
	return NULL;
}

/* --- after a thaw --- */

static int kick_timer = -1;
static bool kicking, kick_again;
static mono_t kicked;

static void
on_kicked(void *arg, const struct job_end *end)
{
	(void)arg;
	kicking = false;
	if (kick_again)
		queue_kick();
	kick_again = false;
	if (!end->ran || end->timed_out || end->exit_code != 0)
		log_warn("kick exit=%d text=\"%s\"", end->exit_code, end->text);
}

static void
kick_due(void *arg)
{
	const struct mtaq *mta = mtaq_find(hands_conf()->mta);
	const char *argv[6] = {mta == NULL ? NULL : mtaq_program(mta->kick_program)};
	struct job_spec spec = job_plain(argv, KICK_TIMEOUT_S);
	struct err e;
	size_t i;

	(void)arg;
	kick_timer = -1;
	if (argv[0] == NULL)
		return;
	for (i = 0; i < 4; i++)
		argv[i + 1] = mta->kick[i];
	kicked = loop_now();
	kicking = job_start(&spec, on_kicked, NULL, &e) == 0;
}

/* Soon, but once for many thaws that come one after the other. */
void
queue_kick(void)
{
	int64_t ms = KICK_MS;

	kick_again |= kicking;
	if (kick_timer >= 0 || kicking)
		return;
	if (kicked.us != 0)
		ms = KICK_EVERY_MS - mono_diff_us(loop_now(), kicked) / 1000;
	kick_timer = loop_once(ms < KICK_MS ? KICK_MS : ms, kick_due, NULL);
}

/* --- many ids, one program --- */

struct batch {
	struct m_queue q; /* ids: a copy, of the account's own */
	const struct mtaq *mta;
	char *ids, *foreign;
	size_t foreign_len;
	int out_fd;
};

static void
batch_free(struct batch *b)
{
	if (b->out_fd >= 0)
		close(b->out_fd);
	free(b->ids);
	free(b->foreign);
	free(b);
}

/* Which of the ids it was not done for. */
static void
tell(const struct batch *b, const char *out, const char *text)
{
	static char not [MSG_MAX], gone[MSG_MAX];
	struct m_queued m = {.asked = b->q.asked,
			     .text = text,
			     .ids = not,
			     .gone = gone,
			     .foreign = b->foreign,
			     .foreign_len = b->foreign_len};
	struct strings s = strings_of(b->ids, b->q.ids_len);
	const char *id;

	while ((id = strings_next(&s)) != NULL)
		switch (b->mta->fate(hands_conf()->postfix_queue_dir, id,
				     (unsigned)b->q.verb, &out)) {
		case FATE_DONE:
			break;
		case FATE_NOT:
			(void)strings_add(not, sizeof not, &m.ids_len, id);
			break;
		case FATE_GONE:
			(void)strings_add(gone, sizeof gone, &m.gone_len, id);
			break;
		}
	hands_queued(&m);
}

static void
on_end(void *arg, const struct job_end *end)
{
	struct batch *b = arg;
	off_t size = lseek(b->out_fd, 0, SEEK_END);
	char *out = end->ran && size > 0 ? malloc((size_t)size + 1) : NULL;
	ssize_t n = out == NULL ? 0 : pread(b->out_fd, out, (size_t)size, 0);
	char last[200] = "";

	if (n > 0) {
		out[n] = '\0';
		text_safe_n(last, sizeof last, out, strcspn(out, "\n"));
	}
	/* an exit code other than 0 may be about one message of thousands */
	if (!end->ran)
		hands_done(b->q.asked, false, end->exit_code, end->text);
	else
		tell(b, n > 0 ? out : "", end->timed_out ? "timed out" : last);
	if (b->q.verb == QUEUE_THAW)
		queue_kick();
	free(out);
	batch_free(b);
	place_free();
}

/* The ids, one a line, in a file that is only memory. */
static int
ids_file(const void *ids, size_t len)
{
	struct strings s = strings_of(ids, len);
	int fd = memfd_create("ids", MFD_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(dup(fd), "w");
	const char *id;

	if (f == NULL) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((id = strings_next(&s)) != NULL)
		fprintf(f, "%s\n", id);
	if (fclose(f) != 0 || lseek(fd, 0, SEEK_SET) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/*
 * Judge's word is a log's: a line can be forged, a short id comes again. What the queue's
 * own file says is another's is left alone. A file that says nothing (by SMTP), or is
 * gone, is the program's to tell. To deliver past a brake is of no account (uid 0).
 */
static bool
is_foreign(const struct mtaq *mta, const char *id, uint64_t uid)
{
	int64_t owner = mta->owner(id);

	return owner >= 0 && subuid_account((uint32_t)owner) != uid;
}

static void
part(struct batch *b, const struct m_queue *q)
{
	struct strings s = strings_of(q->ids, q->ids_len);
	const char *id;

	b->q.ids_len = 0;
	while ((id = strings_next(&s)) != NULL)
		if (q->verb != QUEUE_FORCE && is_foreign(b->mta, id, q->uid))
			(void)strings_add(b->foreign, q->ids_len, &b->foreign_len, id);
		else
			(void)strings_add(b->ids, q->ids_len, &b->q.ids_len, id);
	b->q.ids = b->ids;
}

static struct batch *
batch_new(const struct m_queue *q, const struct mtaq *mta)
{
	struct batch *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->q = *q;
	b->mta = mta;
	b->out_fd = memfd_create("queue", MFD_CLOEXEC);
	b->ids = malloc(q->ids_len);
	b->foreign = malloc(q->ids_len);
	if (b->out_fd < 0 || b->ids == NULL || b->foreign == NULL) {
		batch_free(b);
		return NULL;
	}
	part(b, q);
	return b;
}

static const char *
run(const struct m_queue *q, const struct mtaq *mta, struct err *e)
{
	static const char *argv[MTAQ_IDS_MAX + 4];
	struct strings s;
	struct job_spec spec;
	struct batch *b;
	const char *id;
	int n = 0, rc;

	if ((argv[n++] = mtaq_program(mta->program)) == NULL)
		return "the MTA's program is not there";
	if ((b = batch_new(q, mta)) == NULL)
		return "out of memory";
	if (b->q.ids_len == 0) {
		tell(b, "", "");
		batch_free(b);
		return NULL;
	}
	s = strings_of(b->ids, b->q.ids_len);
	spec = job_plain(argv, QUEUE_TIMEOUT_S);
	argv[n++] = mta->option[q->verb];
	if (mta->ids_on_stdin) {
		argv[n++] = "-";
		if ((spec.stdin_fd = ids_file(b->ids, b->q.ids_len)) < 0) {
			batch_free(b);
			return "no memory for the ids";
		}
	} else {
		while ((id = strings_next(&s)) != NULL && n < MTAQ_IDS_MAX + 2)
			argv[n++] = id;
	}
	argv[n] = NULL;
	spec.out_fd = b->out_fd;
	rc = job_start(&spec, on_end, b, e);
	if (spec.stdin_fd >= 0)
		close(spec.stdin_fd);
	if (rc == 0) {
		running++;
		return NULL;
	}
	batch_free(b);
	return e->text;
}

/* --- one process an id: probes and the steps of a release only --- */

static void chain_next(struct chain *c);

static void
on_link(void *arg, const struct job_end *end)
{
	struct chain *c = arg;

	c->failed += !end->ran || end->timed_out || end->exit_code != 0;
	chain_next(c);
}

static void
chain_next(struct chain *c)
{
	const char *id = strings_next(&c->left);
	const char *argv[4] = {mtaq_program(c->mta->force_program), c->mta->force_option,
			       id, NULL};
	struct job_spec spec = job_plain(argv, QUEUE_TIMEOUT_S);
	struct err e = {ERR_NONE, ""};

	if (id != NULL && argv[0] != NULL && job_start(&spec, on_link, c, &e) == 0)
		return;
	hands_done(c->asked, id == NULL && c->failed == 0, (int64_t)c->failed,
		   id != NULL       ? "could not be started"
		   : c->failed != 0 ? "some failed"
				    : "");
	free(c->ids);
	free(c);
	place_free();
}

static const char *
run_chain(const struct m_queue *q, const struct mtaq *mta)
{
	struct chain *c = calloc(1, sizeof(*c));

	if (c == NULL || (c->ids = malloc(q->ids_len)) == NULL) {
		free(c);
		return "out of memory";
	}
	memcpy(c->ids, q->ids, q->ids_len);
	c->left = strings_of(c->ids, q->ids_len);
	c->asked = q->asked;
	c->mta = mta;
	running++;
	chain_next(c);
	return NULL;
}

/* A place is free. */
static void
begin(const struct m_queue *q)
{
	const struct mtaq *mta = mtaq_find(hands_conf()->mta);
	const char *why;
	struct err e;

	why = mta == NULL                    ? "no MTA whose queue is known"
	      : mta->option[q->verb] != NULL ? run(q, mta, &e)
					     : run_chain(q, mta);
	if (why != NULL)
		hands_done(q->asked, false, -1, why);
}

void
verb_queue(struct msg *m)
{
	const struct mtaq *mta = mtaq_find(hands_conf()->mta);
	const char *why = NULL, *id;
	struct m_queue q;
	struct strings s;
	struct err e;
	size_t n = 0;

	if (m_queue_get(m, &q, &e) != 0) {
		hands_done(0, false, -1, e.text);
		return;
	}
	s = strings_of(q.ids, q.ids_len);
	if (mta == NULL)
		why = "no MTA whose queue is known";
	else if (q.verb > QUEUE_FORCE)
		why = "no such verb";
	while (why == NULL && (id = strings_next(&s)) != NULL)
		if (!mta->good_id(id) || ++n > MTAQ_IDS_MAX)
			why = "not an id of this MTA, or too many";
	if (why == NULL && n == 0)
		why = "no ids";
	if (why == NULL && running >= PLACES)
		why = park(&q);
	else if (why == NULL) {
		begin(&q);
		return;
	}
	if (why != NULL)
		hands_done(q.asked, false, -1, why);
}
