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
#include "mtaq.h"
#include "verbs.h"

#define QUEUE_TIMEOUT_S 300

static const char *const env[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", NULL};

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

static void
on_end(void *arg, const struct job_end *end)
{
	uint64_t *asked = arg;
	bool ok = end->ran && !end->timed_out && end->exit_code == 0;

	hands_done(*asked, ok, end->exit_code, end->timed_out ? "timed out" : end->text);
	free(asked);
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

static const char *
run(const struct m_queue *q, const struct mtaq *mta, struct err *e)
{
	static const char *argv[MTAQ_IDS_MAX + 4];
	struct strings s = strings_of(q->ids, q->ids_len);
	uint64_t *asked = malloc(sizeof(*asked));
	struct job_spec spec = {
	    .argv = argv, .env = env, .stdin_fd = -1, .timeout_s = QUEUE_TIMEOUT_S};
	const char *id;
	int n = 0, rc;

	if ((spec.program = mtaq_program(mta->program)) == NULL || asked == NULL) {
		free(asked);
		return "the MTA's program is not there";
	}
	argv[n++] = spec.program;
	argv[n++] = mta->option[q->verb];
	if (mta->ids_on_stdin) {
		argv[n++] = "-";
		if ((spec.stdin_fd = ids_file(q->ids, q->ids_len)) < 0) {
			free(asked);
			return "no memory for the ids";
		}
	} else {
		while ((id = strings_next(&s)) != NULL && n < MTAQ_IDS_MAX + 2)
			argv[n++] = id;
	}
	argv[n] = NULL;
	*asked = q->asked;
	rc = job_start(&spec, on_end, asked, e);
	if (spec.stdin_fd >= 0)
		close(spec.stdin_fd);
	if (rc == 0)
		return NULL;
	free(asked);
	return e->text;
}

/* --- one process an id: probes and the steps of a release only
 * --------------------------- */

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
	struct job_spec spec = {.program = argv[0],
				.argv = argv,
				.env = env,
				.stdin_fd = -1,
				.timeout_s = QUEUE_TIMEOUT_S};
	struct err e = {ERR_NONE, ""};

	if (id != NULL && argv[0] != NULL && job_start(&spec, on_link, c, &e) == 0)
		return;
	hands_done(c->asked, id == NULL && c->failed == 0, (int64_t)c->failed,
		   id != NULL       ? "could not be started"
		   : c->failed != 0 ? "some failed"
				    : "");
	free(c->ids);
	free(c);
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
	chain_next(c);
	return NULL;
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
	if (why == NULL)
		why = mta->option[q.verb] != NULL ? run(&q, mta, &e) : run_chain(&q, mta);
	if (why != NULL)
		hands_done(q.asked, false, -1, why);
}
