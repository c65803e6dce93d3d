/*
 * files_found - what a walk came by: known, or to be sent?
 *
 * Job:     answer FOUND with WANTED, a few at a time, in order.
 * Touches: the store, the link to watch.
 */
#include "files_int.h"

#include <stdlib.h>
#include <string.h>

#include "found_known.h"
#include "hub.h"
#include "log.h"
#include "loop.h"
#include "workers.h"
#include "xmem.h"

#define SPAN_US 2000   /* of one round; who sends mail comes in between */
#define RULES_MS 100   /* between two looks whether the rules are there */
#define WAITING_MAX 16 /* more than watch asks for at once */

struct asked {
	struct asked *next;
	uint64_t asked;
	struct found_job job;
	unsigned char files[];
};

static struct asked *first, **last = &first;
static size_t waiting;
static int go_on_timer = -1;

static void
drop_first(void)
{
	struct asked *a = first;

	first = a->next;
	if (first == NULL)
		last = &first;
	waiting--;
	free(a);
}

void
files_found_drop(void)
{
	loop_cancel(go_on_timer);
	go_on_timer = -1;
	while (first != NULL)
		drop_first();
	found_owed_drop();
}

static void
answer(const struct asked *a)
{
	struct m_wanted v = {
	    .asked = a->asked, .files = a->job.bits, .files_len = (a->job.count + 7) / 8};
	struct err e;

	hub.count.files_seen += a->job.count - a->job.wanted;
	hub.count.files_known += a->job.count - a->job.wanted;
	if (m_wanted_put(wire_out(), &v, &e) != 0 ||
	    wire_send(&hub.watch, wire_out(), &e) != 0)
		log_warn_rate("wanted", 60, "wanted error=\"%s\"", e.text);
}

static void
go_on(void *arg)
{
	struct err e;
	int rc;

	(void)arg;
	go_on_timer = -1;
	/* before a worker has said which rules there are, nothing can be known by them */
	if (first != NULL && workers_rules_version()[0] == '\0') {
		go_on_timer = loop_once(RULES_MS, go_on, NULL);
		return;
	}
	while (first != NULL) {
		rc = found_check(&first->job, hub.store, files_rules_hash(), SPAN_US, &e);
		if (rc == 0) {
			go_on_timer = loop_once(1, go_on, NULL);
			return;
		}
		if (rc < 0) { /* it would wait for ever for its answer: begin anew */
			log_warn_rate("found", 60, "found error=\"%s\"", e.text);
			first->job.count = first->job.wanted = 0;
		}
		answer(first);
		drop_first();
	}
}

void
files_found(struct msg *m)
{
	struct m_found v;
	struct asked *a;
	struct err e;

	if (m_found_get(m, &v, &e) != 0 || waiting == WAITING_MAX) {
		log_warn_rate("found", 60, "watch sent an unfit FOUND");
		return;
	}
	a = xcalloc(1, sizeof *a + v.files_len);
	a->asked = v.asked;
	memcpy(a->files, v.files, v.files_len);
	a->job.files = a->files;
	a->job.len = v.files_len;
	*last = a;
	last = &a->next;
	waiting++;
	if (go_on_timer < 0)
		go_on(NULL);
}
