/*
 * ctl_status - what works, what does not, and what is not watched
 *
 * Job:     the rows of `mailbrake status`. Degraded is loud: every part has a
 *          state of its own, and one that does not answer is "off", not "ok".
 * Touches: the state of judge's modules, by reading.
 */
#include "alert.h"
#include "ctl_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brakes.h"
#include "files.h"
#include "findings.h"
#include "direct.h"
#include "hub.h"
#include "mailq.h"
#include "mta.h"
#include "outcome.h"
#include "own.h"
#include "submit.h"
#include "text.h"
#include "reload.h"
#include "workers.h"

static void part(struct ctl *c, const char *name, const char *state, json_t *take_fields,
		 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static void
part(struct ctl *c, const char *name, const char *state, json_t *take_fields,
     const char *fmt, ...)
{
	json_t *row = take_fields == NULL ? json_object() : take_fields;
	char text[700];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	(void)json_object_set_new(row, "part", json_string(name));
	(void)json_object_set_new(row, "state", json_string(state));
	(void)json_object_set_new(row, "text", ctl_text(text));
	ctl_row(c, row);
}

static void
watch_part(struct ctl *c)
{
	json_t *f;

	if (!wire_up(&hub.watch) || !hub.sight.known) {
		part(c, "watch", "off", NULL,
		     "files are not watched: the process is not there");
		return;
	}
	f = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "backend",
		      hub.sight.backend, "dirs", ctl_num(hub.sight.dirs), "files_waiting",
		      ctl_num(hub.sight.files_waiting), "files_sent",
		      ctl_num(hub.sight.files_sent), "overflows",
		      ctl_num(hub.sight.overflows), "rescans", ctl_num(hub.sight.rescans),
		      "rescan_dirs_left", ctl_num(hub.sight.rescan_dirs_left),
		      "rescan_dirs_done", ctl_num(hub.sight.rescan_dirs_done), "dropped",
		      ctl_num(hub.sight.dropped));
	part(c, "watch",
	     hub.sight.degraded[0] != '\0'    ? "degraded"
	     : hub.sight.rescan_dirs_left > 0 ? "info"
					      : "ok",
	     f, "%s, %" PRIu64 " directories, %" PRIu64 " files waiting%s%s",
	     hub.sight.backend, hub.sight.dirs, hub.sight.files_waiting,
	     hub.sight.degraded[0] ? "; " : "", hub.sight.degraded);
	if (hub.sight.rescan_dirs_left > 0)
		part(c, "rescan", "info", NULL,
		     "%" PRIu64 " directories done, %" PRIu64 " left",
		     hub.sight.rescan_dirs_done, hub.sight.rescan_dirs_left);
}

static void
rules_part(struct ctl *c, const struct workers_state *s)
{
	const struct reload_state *r = reload_state();
	bool refused = r->problem[0] != '\0';
	char broken[64];

	(void)snprintf(broken, sizeof broken,
		       "%" PRIu64 " rule files with errors left out", s->rules_broken);
	part(c, "rules",
	     s->ready == 0                    ? "off"
	     : s->rules_broken > 0 || refused ? "degraded"
					      : "ok",
	     json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:s}", "rules", ctl_num(s->rules),
		       "rules_broken", ctl_num(s->rules_broken), "rules_skipped",
		       ctl_num(s->rules_skipped), "rules_version", s->rules_version,
		       "reloads", ctl_num(r->reloads), "reloads_refused",
		       ctl_num(r->refused), "reload_problem", r->problem),
	     "%" PRIu64 " rules, %s%s%s%s%s%s", s->rules,
	     s->rules_broken > 0 ? broken : "all rule files loaded",
	     s->rules_broken > 0 ? ": " : "", s->rules_broken > 0 ? s->problem : "",
	     s->rules_skipped > 0 ? "; rules of other makers that cannot be used were "
				    "left out, see `mailbrake rules check`"
				  : "",
	     refused ? "; the last `rules reload` was refused, the old rules stay: " : "",
	     refused ? r->problem : "");
}

static void
scan_part(struct ctl *c)
{
	int64_t p50 = 0, p99 = 0;
	struct workers_state s;
	bool timed = files_latency(&p50, &p99);
	json_t *f;

	workers_state(&s);
	f = json_pack(
	    "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I}",
	    "findings_forgotten", ctl_num(findings_forgotten()), "workers",
	    ctl_num(s.workers), "waiting", ctl_num(s.waiting), "files_seen",
	    ctl_num(hub.count.files_seen), "files_known", ctl_num(hub.count.files_known),
	    "files_scanned", ctl_num(s.files_done), "messages_read",
	    ctl_num(s.mails_done), "files_clean", ctl_num(hub.count.files_clean),
	    "files_suspicious", ctl_num(hub.count.files_suspicious), "files_malicious",
	    ctl_num(hub.count.files_malicious), "files_unscanned",
	    ctl_num(hub.count.files_unscanned), "lost", ctl_num(s.lost), "verdict_p50_us",
	    (json_int_t)p50, "verdict_p99_us", (json_int_t)p99);
	part(c, "scan",
	     s.ready == 0          ? "off"
	     : s.ready < s.workers ? "degraded"
				   : "ok",
	     f,
	     "%u of %u workers ready, %" PRIu64 " jobs waiting, %" PRIu64
	     " files unscanned%s%s",
	     s.ready, s.workers, s.waiting, hub.count.files_unscanned,
	     timed ? "" : ", no file looked at yet",
	     findings_forgotten() > 0 ? ", an account's weakest findings are forgotten "
					"(more than are kept of one)"
				      : "");
	rules_part(c, &s);
}

static void
store_part(struct ctl *c)
{
	struct store_status s;
	json_t *f;

	store_status(hub.store, &s);
	f = json_pack("{s:o, s:o, s:o, s:o, s:o, s:I}", "rows", ctl_num(s.rows),
		      "rows_waiting", ctl_num(s.waiting), "rows_lost", ctl_num(s.lost),
		      "rows_left_out_clean", ctl_num(s.lost_clean), "commits",
		      ctl_num(s.commits), "commit_us_max", (json_int_t)s.commit_us_max);
	if (s.problem[0] != '\0' || s.lost > 0)
		part(c, "store", "degraded", f,
		     "%" PRIu64 " rows wait, %" PRIu64 " lost: %s", s.waiting, s.lost,
		     s.problem);
	else if (s.files_full)
		part(c, "store", "degraded", f,
		     "the memory of clean files is full (files_known_bytes): %" PRIu64
		     " are scanned again each time",
		     s.lost_clean);
	else if (s.set_aside[0] != '\0')
		part(c, "store", "degraded", f, "a damaged database was set aside as %s",
		     s.set_aside);
	else
		part(c, "store", "ok", f, "%" PRIu64 " rows committed", s.rows);
}

static void
held_part(struct ctl *c)
{
	uint64_t messages = 0, bytes = 0;
	int64_t free_bytes = held_free_bytes(hub.held);
	char size[24], room[24];
	bool full = free_bytes >= 0 && free_bytes < hub.conf.held_free_min;

	held_usage(hub.held, (uid_t)-1, &messages, &bytes);
	part(c, "held", full || hub.count.unsure > 0 ? "degraded" : "ok",
	     json_pack("{s:o, s:o, s:I, s:o}", "held_messages", ctl_num(messages),
		       "held_bytes", ctl_num(bytes), "disk_free_bytes",
		       (json_int_t)free_bytes, "unsure", ctl_num(hub.count.unsure)),
	     "%" PRIu64 " messages, %s; %s free on its disk%s", messages,
	     text_bytes(size, sizeof size, bytes),
	     text_bytes(room, sizeof room, free_bytes < 0 ? 0 : (uint64_t)free_bytes),
	     full ? ": below held_free_min, mail that must be held is refused" : "");
}

static void
judge_part(struct ctl *c)
{
	const struct hub_counters *n = &hub.count;
	struct engine_stats st;
	char full[96];
	json_t *f;

	engine_stats(hub.engine, &st);
	f = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		      "messages_passed", ctl_num(n->passed), "messages_held",
		      ctl_num(n->held), "messages_refused", ctl_num(n->refused),
		      "messages_waiting", ctl_num(submit_waiting()), "heads_unread",
		      ctl_num(n->unchecked_head), "timed_out", ctl_num(n->timed_out),
		      "released", ctl_num(n->released), "discarded",
		      ctl_num(n->discarded), "bad_peers", ctl_num(n->bad_peers), "alerts",
		      ctl_num(n->alerts), "alerts_left_out", ctl_num(n->alerts_left_out),
		      "senders_gave_up", ctl_num(n->sender_gave_up));
	part(c, "judge", n->unchecked_head > 0 ? "degraded" : "ok", f,
	     "%s: %" PRIu64 " messages passed, %" PRIu64 " held, %" PRIu64 " refused%s",
	     hub.conf.mode, n->passed, n->held, n->refused,
	     n->unchecked_head > 0 ? "; some messages were not read in time" : "");
	(void)snprintf(full, sizeof full,
		       "; more than %d send mail, the others are only limited by "
		       "hard_cap_h",
		       ACCOUNTS_MAX);
	part(c, "accounts", st.accounts_refused > 0 ? "degraded" : "ok",
	     json_pack("{s:o, s:o, s:o}", "accounts", ctl_num(st.accounts),
		       "accounts_held", ctl_num(st.held), "accounts_watched",
		       ctl_num(st.watched)),
	     "%" PRIu64 " accounts, %" PRIu64 " watched, %" PRIu64 " held%s", st.accounts,
	     st.watched, st.held, st.accounts_refused > 0 ? full : "");
}

/* claims: events of a log that is only counted. */
static void
mtlog_part(struct ctl *c)
{
	struct outcome_counts n = outcome_counts();
	bool trusted = outcome_trusted();
	json_t *f;

	if (!wire_up(&hub.mtlog) || !hub.ears.known) {
		part(c, "mtlog", "off", NULL, "the mail log is not read");
		return;
	}
	f = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
		      "s:o}",
		      "mta", hub.ears.mta, "file", hub.ears.file, "lines",
		      ctl_num(hub.ears.lines), "lines_damaged", ctl_num(hub.ears.damaged),
		      "behind_bytes", ctl_num(hub.ears.behind_bytes), "lines_forged",
		      ctl_num(hub.ears.forged), "submissions", ctl_num(n.submissions),
		      "expected", ctl_num(n.expected), "bypassed", ctl_num(n.bypassed),
		      "unknown_owner", ctl_num(n.unknown_owner), "sent", ctl_num(n.sent),
		      "deferred", ctl_num(n.deferred), "bounced", ctl_num(n.bounced),
		      "claims", ctl_num(n.claims));
	if (strcmp(hub.ears.file, "none") == 0 && hub.ears.degraded[0] == '\0') {
		part(c, "mtlog", "unwatched", f,
		     "no mail log is read (mta_log): refusals and mail that bypasses the "
		     "wrapper are not seen");
		return;
	}
	part(c, "mtlog", hub.ears.degraded[0] || !trusted ? "degraded" : "ok", f,
	     "%s: %s, %" PRIu64 " lines%s%s%s", hub.ears.mta, hub.ears.file,
	     hub.ears.lines, hub.ears.degraded[0] ? "; " : "", hub.ears.degraded,
	     trusted ? ""
		     : "; any local user can write lines of it, so it is only counted "
		       "(maillog_file of Postfix, then mta_log_trust = yes)");
}

/* What goes around the wrapper is held when the MTA asks before it accepts. */
static void
hook_part(struct ctl *c)
{
	struct mta_counts m = mta_counts();

	if (m.asked == 0)
		part(
		    c, "mta-hook", "unwatched", NULL,
		    "the mail system has not asked about any message: mail that bypasses "
		    "the wrapper is noticed only after it was sent; install contrib/exim "
		    "or contrib/postfix");
	else
		part(c, "mta-hook",
		     m.unasked > 0 || m.full > 0 || m.taken_out > 0 || m.unknown_login > 0
			 ? "degraded"
			 : "ok",
		     json_pack(
			 "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "asked", ctl_num(m.asked), "expected", ctl_num(m.expected),
			 "bypassed", ctl_num(m.bypassed), "held", ctl_num(m.held),
			 "unknown_uid", ctl_num(m.unknown_uid), "unasked",
			 ctl_num(m.unasked), "refused_peers", ctl_num(m.refused_peers),
			 "full", ctl_num(m.full), "late", ctl_num(m.late),
			 "held_nameless", ctl_num(m.held_nameless), "taken_out",
			 ctl_num(m.taken_out), "unknown_login", ctl_num(m.unknown_login)),
		     "the MTA asked about %" PRIu64 " messages: %" PRIu64
		     " went around the wrapper, %" PRIu64 " of them held; %" PRIu64
		     " from outside, or whose account is not known%s%s%s%s%s",
		     m.asked, m.bypassed, m.held, m.unknown_uid,
		     m.held_nameless > 0
			 ? "; some came from this machine and nobody knows whose they "
			   "are: they are held in the MTA's queue (`postqueue -p`, `exim "
			   "-bp`), and release does not thaw them"
			 : "",
		     m.unknown_login > 0
			 ? "; logins of mail domains that are in no list passed without "
			   "being counted (own_domains)"
			 : "",
		     m.unasked > 0 ? "; some passed because mtlog was not there to ask"
				   : "",
		     m.full > 0 ? "; some passed because too many asked at once" : "",
		     m.taken_out > 0
			 ? "; some passed because a header check takes out the "
			   "line that says whose they are (from userid)"
			 : "");
}

/* Not set up is no fault; it is said, as what is not seen. */
static void
direct_part(struct ctl *c)
{
	struct direct_counts d = direct_counts();

	if (!d.known)
		part(c, "direct-smtp", "unwatched", NULL,
		     "connections straight to remote mail ports are not seen: %s", d.why);
	else
		part(c, "direct-smtp", d.left_out > 0 ? "degraded" : "ok",
		     json_pack("{s:o, s:o, s:o}", "accounts", ctl_num(d.uids),
			       "connections", ctl_num(d.connections), "left_out",
			       ctl_num(d.left_out)),
		     "%" PRIu64
		     " accounts connected straight to remote mail ports, %" PRIu64
		     " times%s",
		     d.uids, d.connections,
		     d.left_out > 0 ? "; more accounts than are kept" : "");
}

/* No list is no fault; one that cannot be read any more stays as it was. */
static void
own_part(struct ctl *c)
{
	const char *fault = own_fault();

	if (own_count() > 0 || fault != NULL)
		part(c, "own-domains", fault != NULL ? "degraded" : "ok",
		     json_pack("{s:o}", "domains", ctl_num(own_count())),
		     "%u domains%s%s%s", own_count(),
		     fault != NULL ? "; cannot read the domain list (" : "",
		     fault != NULL ? fault : "",
		     fault != NULL ? "); the old one stays in use" : "");
}

static void
conf_part(struct ctl *c)
{
	if (hub.needs_restart[0] != '\0')
		part(c, "conf", "degraded", NULL,
		     "these settings were changed and need a restart of mailbraked: %s",
		     hub.needs_restart);
}

/* That nobody is told is the one thing an alert can't tell. */
static void
alert_part(struct ctl *c)
{
	struct alert_state a = alert_state();

	json_t *more =
	    json_pack("{s:o, s:o, s:o}", "alerts", ctl_num(hub.count.alerts), "failed",
		      ctl_num(a.failed), "forgotten", ctl_num(a.forgotten));
	char lost[120] = "";

	if (a.forgotten > 0)
		(void)snprintf(lost, sizeof lost,
			       "; %" PRIu64 " were forgotten before they were sent, too "
			       "many waited: see the log",
			       a.forgotten);

	if (a.fault[0] == '\0')
		part(c, "alerts", a.forgotten > 0 ? "degraded" : "ok", more,
		     "%" PRIu64 " sent by mail and hooks%s", hub.count.alerts, lost);
	else
		part(c, "alerts", "degraded", more,
		     "the last alert did not reach everybody: %s (if it reached nobody, "
		     "it "
		     "is sent again)%s",
		     a.fault, lost);
}

/* The list of what waits in the MTA: one that it did not take stays as it was. */
static void
brakes_part(struct ctl *c)
{
	struct brakes_counts b = brakes_counts();
	unsigned held = 0;

	if (brakes_table() == NULL)
		return;
	for (unsigned i = 0; i < provider_count(brakes_table()); i++)
		held += brake_holds(brakes_of((int)i));
	part(c, "brakes", b.failing > 0 ? "degraded" : "ok",
	     json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "braked", ctl_num(held),
		       "waiting", ctl_num(b.waiting), "untracked", ctl_num(b.untracked),
		       "pushes", ctl_num(b.pushes), "forced", ctl_num(b.forced), "failed",
		       ctl_num(b.failed), "failing", ctl_num(b.failing)),
	     "%u providers braked, %" PRIu64 " recipients wait%s", held, b.waiting,
	     b.failing > 0 ? "; could not update the mail system's brake list; will "
			     "retry"
			   : "");
}

void
ctl_status(struct ctl *c, struct strings *args)
{
	struct mailq_counts q = mailq_counts();

	(void)args;
	part(c, "mode", hub.reduced ? "degraded" : "ok",
	     json_pack("{s:s, s:s, s:I}", "version", MB_VERSION, "mode", hub.conf.mode,
		       "started_t", (json_int_t)wall_s(hub.started)),
	     "%s%s", hub.conf.mode,
	     hub.reduced ? "; reduced: not started as root, one uid for all processes"
			 : "");
	judge_part(c);
	watch_part(c);
	scan_part(c);
	held_part(c);
	store_part(c);
	part(c, "hands", wire_up(&hub.hands) ? "ok" : "off", NULL, "%s",
	     wire_up(&hub.hands) ? "releases, alerts and the mail queue"
				 : "hands is not running: no mail can be released and no "
				   "alert sent");
	mtlog_part(c);
	hook_part(c);
	direct_part(c);
	brakes_part(c);
	own_part(c);
	alert_part(c);
	conf_part(c);
	if (q.known > 0 || q.failed > 0)
		part(c, "mail-queue",
		     q.failed > 0 || q.forgotten > 0 || q.foreign > 0 ? "degraded" : "ok",
		     json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "queued",
			       ctl_num(q.known), "frozen", ctl_num(q.frozen), "pending",
			       ctl_num(q.pending), "forgotten", ctl_num(q.forgotten),
			       "failed", ctl_num(q.failed), "foreign",
			       ctl_num(q.foreign)),
		     "%" PRIu64 " messages in the MTA's queue, %" PRIu64
		     " frozen, %" PRIu64 " being changed, %" PRIu64
		     " could not be changed, %" PRIu64 " forgotten, %" PRIu64
		     " belong to others than the mail log said",
		     q.known, q.frozen, q.pending, q.failed, q.forgotten, q.foreign);
	ctl_end(c, 0, "%s", "");
}
