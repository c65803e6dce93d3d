/*
 * reload - see reload.h
 *
 * Job:     the trial's one message, and those who wait for it.
 * Touches: the link to the trial.
 */
#include "reload.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alert.h"
#include "log.h"
#include "loop.h"
#include "text.h"
#include "wire.h"
#include "workers.h"

#define WAITERS 8
#define WAIT_MS 100000 /* the CLI gives up at 120 s */

static struct wire trial = {.link.fd = -1};
static bool trial_up, spoke;
static bool has_ended; /* the parent said so: end_status is its wait status */
static int end_status;
static uint64_t trials, trial_good; /* how many there were; the last good one's number */
static struct waiter {
	struct ctl *ctl;
	uint64_t
	    after; /* trials before it asked: what became of those is not its answer */
} waiters[WAITERS];
static struct reload_state state;

const struct reload_state *
reload_state(void)
{
	return &state;
}

/* --- who waits --- */

static void
answer_one(size_t i, const char *word, const char *text, int code)
{
	struct workers_state s;
	struct ctl *c = waiters[i].ctl;

	waiters[i].ctl = NULL;
	workers_state(&s);
	ctl_row(c,
		json_pack("{s:s, s:I, s:I, s:I, s:s, s:o}", "state", word, "rules",
			  (json_int_t)s.rules, "rules_broken", (json_int_t)s.rules_broken,
			  "rules_skipped", (json_int_t)s.rules_skipped, "rules_version",
			  s.rules_version, "text", ctl_text(text)));
	ctl_end(c, code, "%s", "");
}

/* Those who asked before this trial began. */
static void
answer_all(uint64_t number, const char *word, const char *text, int code)
{
	size_t i;

	for (i = 0; i < WAITERS; i++)
		if (waiters[i].ctl != NULL && waiters[i].after < number)
			answer_one(i, word, text, code);
}

static void
too_late(void *arg)
{
	size_t i;

	for (i = 0; i < WAITERS; i++)
		if (waiters[i].ctl == arg)
			answer_one(i, "unknown",
				   "no answer yet; `mailbrake status` shows what is in "
				   "force, the log why",
				   75);
}

void
reload_ctl(struct ctl *c, struct strings *args)
{
	const char *word = strings_next(args);
	size_t i;

	if (word == NULL || strcmp(word, "reload") != 0) {
		ctl_end(c, 64, "the daemon only takes `rules reload`");
		return;
	}
	for (i = 0; i < WAITERS && waiters[i].ctl != NULL; i++)
		;
	if (i == WAITERS) {
		ctl_end(c, 75, "%d others wait for a reload", WAITERS);
		return;
	}
	waiters[i].ctl = c;
	waiters[i].after = trials;
	ctl_row(c, json_pack("{s:s}", "state", "asked"));
	(void)loop_once(WAIT_MS, too_late, c);
}

void
reload_forget(const struct ctl *c)
{
	size_t i;

	for (i = 0; i < WAITERS; i++)
		if (waiters[i].ctl == c)
			waiters[i].ctl = NULL;
}

/* --- the trial --- */

static void
refused(const char *problem)
{
	char text[700];

	state.refused++;
	(void)text_safe(state.problem, sizeof state.problem, problem);
	(void)snprintf(text, sizeof text, "refused, the set in force stays: %s",
		       state.problem);
	log_warn("rules_refused problem=\"%s\"", state.problem);
	alert_degraded(
	    "rules",
	    "New rules were refused, those in force stay: %.400s\n"
	    "`mailbrake rules check` says more; then `mailbrake rules reload`.",
	    state.problem);
	answer_all(trials, "refused", text, 1);
}

static void
on_msg(struct wire *w, struct msg *m)
{
	struct m_ready r;
	struct err e;

	(void)w;
	if (m->type != MSG_READY || m_ready_get(m, &r, &e) != 0)
		return;
	spoke = true;
	state.reloads++;
	state.problem[0] = '\0';
	if (r.broken > 0)
		refused(r.problem);
	else
		trial_good = trials;
}

/* It has ended and all it said was read: one that said nothing failed. */
static void
conclude(void)
{
	char text[100];

	if (!has_ended || trial_up)
		return;
	has_ended = false;
	if (spoke || (WIFEXITED(end_status) && WEXITSTATUS(end_status) == 0))
		return;
	(void)snprintf(text, sizeof text, "the trial ended with %s %d",
		       WIFSIGNALED(end_status) ? "signal" : "exit",
		       WIFSIGNALED(end_status) ? WTERMSIG(end_status)
					       : WEXITSTATUS(end_status));
	refused(text);
}

static void
on_gone(struct wire *w, const struct err *e)
{
	(void)w;
	(void)e;
	trial_up = false;
	conclude();
}

/* The one before may have spoken and ended, and nobody had the time to read it. */
static void
finish_old(void)
{
	static struct msg m;
	struct err e;

	while (trial_up && link_recv(&trial.link, &m, &e) > 0) {
		on_msg(&trial, &m);
		if (m.fd >= 0)
			link_fd_discard(m.fd);
	}
	if (trial_up)
		wire_close(&trial);
	trial_up = false;
	conclude();
}

void
reload_peer(int take_fd)
{
	finish_old();
	spoke = has_ended = false;
	trials++;
	trial_up = wire_open(&trial, take_fd, ROLE_CLIENT, ROLE_SCANNER, MSG_MAX, on_msg,
			     on_gone, NULL);
}

void
reload_ended(int status)
{
	/* the parent's word may come before the trial's own, which says more */
	has_ended = true;
	end_status = status;
	conclude();
}

void
reload_in_force(void)
{
	struct workers_state s;
	char text[900];

	workers_state(&s);
	if (s.rules_broken > 0)
		alert_degraded("rules",
			       "%" PRIu64 " rule files have errors and are left out: %s\n"
			       "`mailbrake rules check` says more; then `mailbrake rules "
			       "reload`.",
			       s.rules_broken, s.problem);
	(void)snprintf(text, sizeof text, "in force: %" PRIu64 " rules%s%s", s.rules,
		       s.rules_broken > 0 ? "; left out: " : "",
		       s.rules_broken > 0 ? s.problem : "");
	answer_all(trial_good, "in-force", text, 0);
}
