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
static struct ctl *waiters[WAITERS];
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
	struct ctl *c = waiters[i];

	waiters[i] = NULL;
	workers_state(&s);
	ctl_row(c,
		json_pack("{s:s, s:I, s:I, s:I, s:s, s:o}", "state", word, "rules",
			  (json_int_t)s.rules, "rules_broken", (json_int_t)s.rules_broken,
			  "rules_skipped", (json_int_t)s.rules_skipped, "rules_version",
			  s.rules_version, "text", ctl_text(text)));
	ctl_end(c, code, "%s", "");
}

static void
answer_all(const char *word, const char *text, int code)
{
	size_t i;

	for (i = 0; i < WAITERS; i++)
		if (waiters[i] != NULL)
			answer_one(i, word, text, code);
}

static void
too_late(void *arg)
{
	size_t i;

	for (i = 0; i < WAITERS; i++)
		if (waiters[i] == arg)
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
		ctl_end(c, 64, "rules reload is all the daemon knows");
		return;
	}
	for (i = 0; i < WAITERS && waiters[i] != NULL; i++)
		;
	if (i == WAITERS) {
		ctl_end(c, 75, "%d others wait for a reload", WAITERS);
		return;
	}
	waiters[i] = c;
	ctl_row(c, json_pack("{s:s}", "state", "asked"));
	(void)loop_once(WAIT_MS, too_late, c);
}

void
reload_forget(const struct ctl *c)
{
	size_t i;

	for (i = 0; i < WAITERS; i++)
		if (waiters[i] == c)
			waiters[i] = NULL;
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
	answer_all("refused", text, 1);
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
}

static void
on_gone(struct wire *w, const struct err *e)
{
	(void)w;
	(void)e;
	trial_up = false;
}

void
reload_peer(int take_fd)
{
	if (trial_up)
		wire_close(&trial);
	spoke = false;
	trial_up = wire_open(&trial, take_fd, ROLE_CLIENT, ROLE_SCANNER, MSG_MAX, on_msg,
			     on_gone, NULL);
}

void
reload_ended(int status)
{
	char text[100];

	if (spoke || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return;
	(void)snprintf(text, sizeof text, "the trial ended with %s %d",
		       WIFSIGNALED(status) ? "signal" : "exit",
		       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	refused(text);
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
	answer_all("in-force", text, 0);
}
