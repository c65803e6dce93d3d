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

static json_t *
num(uint64_t v)
{
	return json_integer((json_int_t)v);
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
		      hub.sight.backend, "dirs", num(hub.sight.dirs), "files_waiting",
		      num(hub.sight.files_waiting), "files_sent",
		      num(hub.sight.files_sent), "overflows", num(hub.sight.overflows),
		      "rescans", num(hub.sight.rescans), "rescan_dirs_left",
		      num(hub.sight.rescan_dirs_left), "rescan_dirs_done",
		      num(hub.sight.rescan_dirs_done), "dropped", num(hub.sight.dropped));
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

	part(c, "rules",
	     s->ready == 0                    ? "off"
	     : s->rules_broken > 0 || refused ? "degraded"
					      : "ok",
	     json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:s}", "rules", num(s->rules),
		       "rules_broken", num(s->rules_broken), "rules_skipped",
		       num(s->rules_skipped), "rules_version", s->rules_version,
		       "reloads", num(r->reloads), "reloads_refused", num(r->refused),
		       "reload_problem", r->problem),
	     "%" PRIu64 " rules, %" PRIu64 " files with errors left out%s%s%s%s%s",
	     s->rules, s->rules_broken, s->rules_broken ? ": " : "",
	     s->rules_broken ? s->problem : "",
	     s->rules_skipped > 0 ? "; some foreign rules are skipped, see `mailbrake "
				    "rules check`"
				  : "",
	     refused ? "; new ones were refused, the old ones stay: " : "",
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
	    "findings_forgotten", num(findings_forgotten()), "workers", num(s.workers), "waiting", num(s.waiting), "files_seen",
	    num(hub.count.files_seen), "files_known", num(hub.count.files_known),
	    "files_scanned", num(s.files_done), "messages_read", num(s.mails_done),
	    "files_clean", num(hub.count.files_clean), "files_suspicious",
	    num(hub.count.files_suspicious), "files_malicious",
	    num(hub.count.files_malicious), "files_unscanned",
	    num(hub.count.files_unscanned), "lost", num(s.lost), "verdict_p50_us",
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
	f = json_pack("{s:o, s:o, s:o, s:o, s:o, s:I}", "rows", num(s.rows),
		      "rows_waiting", num(s.waiting), "rows_lost", num(s.lost),
		      "rows_left_out_clean", num(s.lost_clean), "commits", num(s.commits),
		      "commit_us_max", (json_int_t)s.commit_us_max);
	if (s.problem[0] != '\0' || s.lost > 0)
		part(c, "store", "degraded", f,
		     "%" PRIu64 " rows wait, %" PRIu64 " lost: %s", s.waiting, s.lost,
		     s.problem);
	else if (s.files_full)
		part(c, "store", "degraded", f,
		     "files_known_bytes is reached: %" PRIu64
		     " clean files were not kept and are looked at again",
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
	     json_pack("{s:o, s:o, s:I, s:o}", "held_messages", num(messages),
		       "held_bytes", num(bytes), "disk_free_bytes",
		       (json_int_t)free_bytes, "unsure", num(hub.count.unsure)),
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
	json_t *f;

	engine_stats(hub.engine, &st);
	f = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		      "messages_passed", num(n->passed), "messages_held", num(n->held),
		      "messages_refused", num(n->refused), "messages_waiting",
		      num(submit_waiting()), "heads_unread", num(n->unchecked_head),
		      "timed_out", num(n->timed_out), "released", num(n->released),
		      "discarded", num(n->discarded), "bad_peers", num(n->bad_peers),
		      "alerts", num(n->alerts), "alerts_left_out",
		      num(n->alerts_left_out), "senders_gave_up", num(n->sender_gave_up));
	part(c, "judge", n->unchecked_head > 0 ? "degraded" : "ok", f,
	     "%s: %" PRIu64 " messages passed, %" PRIu64 " held, %" PRIu64 " refused%s",
	     hub.conf.mode, n->passed, n->held, n->refused,
	     n->unchecked_head > 0 ? "; some could not be read in time" : "");
	part(c, "accounts", st.accounts_refused > 0 ? "degraded" : "ok",
	     json_pack("{s:o, s:o, s:o}", "accounts", num(st.accounts), "accounts_held",
		       num(st.held), "accounts_watched", num(st.watched)),
	     "%" PRIu64 " accounts, %" PRIu64 " watched, %" PRIu64 " held%s", st.accounts,
	     st.watched, st.held,
	     st.accounts_refused > 0 ? "; the table is full (accounts_max)" : "");
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
		      num(hub.ears.lines), "lines_damaged", num(hub.ears.damaged),
		      "behind_bytes", num(hub.ears.behind_bytes), "lines_forged",
		      num(hub.ears.forged), "submissions", num(n.submissions), "expected",
		      num(n.expected), "bypassed", num(n.bypassed), "unknown_owner",
		      num(n.unknown_owner), "sent", num(n.sent), "deferred",
		      num(n.deferred), "bounced", num(n.bounced), "claims",
		      num(n.claims));
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
		    "the MTA has not asked about any message: mail around the wrapper is "
		    "seen when it has left (contrib/exim, contrib/postfix)");
	else
		part(c, "mta-hook",
		     m.unasked > 0 || m.full > 0 || m.taken_out > 0 || m.unknown_login > 0
			 ? "degraded"
			 : "ok",
		     json_pack(
			 "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "asked", num(m.asked), "expected", num(m.expected), "bypassed",
			 num(m.bypassed), "held", num(m.held), "unknown_uid",
			 num(m.unknown_uid), "unasked", num(m.unasked), "refused_peers",
			 num(m.refused_peers), "full", num(m.full), "late", num(m.late),
			 "held_nameless", num(m.held_nameless), "taken_out",
			 num(m.taken_out), "unknown_login", num(m.unknown_login)),
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
		     json_pack("{s:o, s:o, s:o}", "accounts", num(d.uids), "connections",
			       num(d.connections), "left_out", num(d.left_out)),
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
		     json_pack("{s:o}", "domains", num(own_count())), "%u domains%s%s",
		     own_count(), fault != NULL ? "; the list is as it was: " : "",
		     fault != NULL ? fault : "");
}

static void
conf_part(struct ctl *c)
{
	if (hub.needs_restart[0] != '\0')
		part(c, "conf", "degraded", NULL,
		     "changed since the start, and in force only after a restart: %s",
		     hub.needs_restart);
}

/* That nobody is told is the one thing an alert can't tell. */
static void
alert_part(struct ctl *c)
{
	struct alert_state a = alert_state();

	json_t *more = json_pack("{s:o, s:o}", "alerts", num(hub.count.alerts), "failed",
				 num(a.failed));

	if (a.fault[0] == '\0')
		part(c, "alerts", "ok", more, "%" PRIu64 " told by mail and hooks",
		     hub.count.alerts);
	else
		part(
		    c, "alerts", "degraded", more,
		    "the last alert did not go out whole: %s (one that reached nobody is "
		    "tried again)",
		    a.fault);
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
	     json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "braked", num(held),
		       "waiting", num(b.waiting), "untracked", num(b.untracked), "pushes",
		       num(b.pushes), "forced", num(b.forced), "failed", num(b.failed),
		       "failing", num(b.failing)),
	     "%u providers braked, %" PRIu64 " recipients wait%s", held, b.waiting,
	     b.failing > 0 ? "; the MTA did not take the last list, it is told again"
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
				 : "nothing can be released, frozen or told");
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
		     json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "queued", num(q.known),
			       "frozen", num(q.frozen), "pending", num(q.pending),
			       "forgotten", num(q.forgotten), "failed", num(q.failed),
			       "foreign", num(q.foreign)),
		     "%" PRIu64 " messages in the MTA's queue, %" PRIu64
		     " frozen, %" PRIu64 " being changed, %" PRIu64
		     " could not be changed, %" PRIu64 " forgotten, %" PRIu64
		     " another's than the log said",
		     q.known, q.frozen, q.pending, q.failed, q.forgotten, q.foreign);
	ctl_end(c, 0, "%s", "");
}
