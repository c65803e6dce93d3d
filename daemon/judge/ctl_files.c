/*
 * ctl_files - files with findings, set aside and put back
 *
 * Job:     the rows of `mailbrake files`; and, through watch and hands, moving a file
 *          out of its account's reach and back.
 * Touches: the store; watch opens the file again, hands moves it.
 */
#include "ctl_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "files.h"
#include "hub.h"
#include "known_good.h"
#include "log.h"
#include "subuid.h"
#include "text.h"
#include "xmem.h"

/* What set-aside and put-back wait for: one at a time a connection. */
struct aside {
	struct aside *next;
	struct ctl *c; /* NULL: it went away */
	uint64_t asked, dev, ino;
	int64_t uid;
	bool found, back, sent; /* sent: hands was asked */
	char id[48], path[4096];
};

static struct aside *asides;

/* --- files
 * -------------------------------------------------------------------------------------
 */

struct one_file {
	struct ctl *c;
	json_t *row, *rules;
	uint64_t dev, ino;
	int64_t score;
	bool any;
};

static void
put_file(struct one_file *f)
{
	const char *verdict = f->score >= hub.conf.malicious_points    ? "malicious"
			      : f->score >= hub.conf.suspicious_points ? "suspicious"
								       : "clean";

	if (!f->any)
		return;
	(void)json_object_set_new(f->row, "verdict", json_string(verdict));
	(void)json_object_set_new(f->row, "score", json_integer((json_int_t)f->score));
	(void)json_object_set_new(f->row, "rules", f->rules);
	ctl_row(f->c, f->row);
	f->any = false;
}

static bool
add_finding(void *arg, const struct store_finding *v)
{
	struct one_file *f = arg;
	const char *good;
	char id[48];

	if (f->any && (f->dev != v->dev || f->ino != v->ino))
		put_file(f);
	if (!f->any) {
		(void)snprintf(id, sizeof id, "%" PRIx64 "-%" PRIx64, v->dev, v->ino);
		f->any = true;
		f->dev = v->dev;
		f->ino = v->ino;
		f->score = 0;
		f->rules = json_array();
		f->row = json_pack("{s:s, s:I, s:o, s:s, s:o, s:s, s:I}", "id", id, "t",
				   (json_int_t)wall_s(v->t), "login",
				   ctl_text(hub_login((uint64_t)v->uid)), "state",
				   v->gone.us == 0 ? "live" : "gone", "path",
				   ctl_text(v->path), "sha256", v->sha256, "uid",
				   (json_int_t)v->uid);
	}
	good = known_good_finding((uint64_t)v->uid, v->path, v->sha256, v->rule);
	if (good == NULL)
		f->score += v->points;
	else
		(void)json_object_set_new(f->row, "known_good", ctl_text(good));
	(void)json_array_append_new(f->rules, ctl_text(v->rule));
	return true;
}

static bool
unscanned_row(void *arg, const struct store_file *v)
{
	char id[48];

	(void)snprintf(id, sizeof id, "%" PRIx64 "-%" PRIx64, v->dev, v->ino);
	ctl_row(arg, json_pack("{s:s, s:o, s:s, s:s, s:o, s:o, s:I}", "id", id, "login",
			       ctl_text(hub_login((uint64_t)v->uid)), "state", "live",
			       "verdict", "unscanned", "path", ctl_text(v->path),
			       "reason", ctl_text(v->reason), "uid", (json_int_t)v->uid));
	return true;
}

void
ctl_files(struct ctl *c, struct strings *args)
{
	const char *name = strings_next(args);
	struct one_file f = {.c = c};
	int64_t uid = -1;
	struct err e;

	if (name != NULL && (uid = ctl_account_arg(c, name)) < 0)
		return;
	if (store_finding_each(hub.store, uid, true, add_finding, &f, &e) != 0) {
		ctl_end(c, 71, "%s", e.text);
		return;
	}
	put_file(&f);
	if (store_file_each(hub.store, uid, VERDICT_UNSCANNED, unscanned_row, c, &e) !=
	    0) {
		ctl_end(c, 71, "%s", e.text);
		return;
	}
	ctl_end_rows(c);
}

/* --- set aside, put back --- */

/* -1: said in the log. */
static int
keep_state(const struct aside *a, const char *state, const char *result)
{
	struct store_aside row = {.id = a->id,
				  .path = a->path,
				  .state = state,
				  .result = result,
				  .uid = a->uid,
				  .dev = a->dev,
				  .ino = a->ino,
				  .t = clock_wall()};
	struct err e;

	if (store_aside_put(hub.store, &row, &e) == 0)
		return 0;
	hub_store_warn(&e);
	return -1;
}

/* Tell who asked, and forget it. */
static void
answer(struct aside *a, bool ok, const char *text)
{
	struct aside **at;
	const char *state = !ok ? "failed" : a->back ? "back" : "away";

	for (at = &asides; *at != NULL; at = &(*at)->next)
		if (*at == a) {
			*at = a->next;
			break;
		}
	if (a->c != NULL) {
		ctl_row(a->c,
			json_pack("{s:s, s:o, s:s, s:o, s:o}", "id", a->id, "login",
				  ctl_text(hub_login((uint64_t)a->uid)), "state", state,
				  "path", ctl_text(a->path), "text", ctl_text(text)));
		ctl_end(a->c, ok ? 0 : 1, "%s", "");
	}
	free(a);
}

static void
finish(struct aside *a, bool ok, const char *text)
{
	const char *state = a->back ? "back" : "away";

	(void)keep_state(a, ok ? state : a->back ? "away" : "failed", text);
	answer(a, ok, text);
}

/* --- rows "asked" that nobody waits for: was the file moved? --- */

#define COMPARE_MAX 64 /* at once; the others a minute later */

static bool compare_due = true; /* a stop may have left some */

struct compare {
	struct aside *found[COMPARE_MAX];
	unsigned count;
};

static void
compared(void *arg, int take_fd)
{
	struct aside *a = arg;
	char shown[512];

	log_warn("set_aside_interrupted id=%s uid=%" PRId64 " path=\"%s\" %s", a->id,
		 a->uid, text_safe(shown, sizeof shown, a->path),
		 take_fd >= 0 ? "it is where it was" : "it is not there: put-back tells");
	(void)keep_state(a, take_fd >= 0 ? "failed" : "away",
			 take_fd >= 0 ? "interrupted; it is where it was"
				      : "interrupted; it is not where it was");
	if (take_fd >= 0)
		close(take_fd);
	free(a);
}

static bool
match_asked(void *arg, const struct store_aside *v)
{
	struct compare *found = arg;
	struct aside *a;

	if (strcmp(v->state, "asked") != 0)
		return true;
	for (a = asides; a != NULL; a = a->next)
		if (strcmp(a->id, v->id) == 0)
			return true; /* hands will say */
	a = xcalloc(1, sizeof *a);
	a->uid = v->uid;
	a->dev = v->dev;
	a->ino = v->ino;
	if (!text_copy(a->id, sizeof a->id, v->id) ||
	    !text_copy(a->path, sizeof a->path, v->path)) {
		free(a);
		return true;
	}
	found->found[found->count++] = a;
	return found->count < COMPARE_MAX;
}

void
ctl_files_tick(void)
{
	struct compare c = {.count = 0};
	struct err e;

	/* hands first: what it was asked before it went is done or not by then */
	if (!compare_due || !wire_up(&hub.watch) || !hub.sight.ready ||
	    !wire_up(&hub.hands))
		return;
	if (store_aside_each(hub.store, -1, NULL, match_asked, &c, &e) != 0)
		hub_store_warn(&e);
	else
		compare_due = c.count == COMPARE_MAX;
	for (unsigned i = 0; i < c.count; i++) {
		struct aside *a = c.found[i];

		files_look((uint64_t)a->uid, a->dev, a->ino, a->path, compared, a);
	}
}

void
ctl_files_hands_gone(void)
{
	struct aside *a, *next;

	for (a = asides; a != NULL; a = next) {
		next = a->next;
		if (!a->sent)
			continue;
		/* the row stays: nobody knows how far it came */
		compare_due = true;
		answer(a, false,
		       "the helper process restarted; run mailbrake files "
		       "in a minute to see the result");
	}
}

bool
ctl_done(uint64_t asked, bool ok, const char *text)
{
	struct aside *a;
	struct file_fact f = {.gone = true};
	struct err e;

	for (a = asides; a != NULL && a->asked != asked; a = a->next)
		;
	if (a == NULL)
		return false;
	if (ok && !a->back) {
		f.t = clock_wall();
		f.uid = subuid_account((uint32_t)a->uid);
		f.user = hub_login(f.uid);
		f.path = a->path;
		if (store_finding_gone(hub.store, a->dev, a->ino, f.t, &e) != 0)
			hub_store_warn(&e);
		engine_file(hub.engine, &f);
		hub.changed = true;
	}
	finish(a, ok, text);
	return true;
}

void
ctl_files_forget(const struct ctl *c)
{
	struct aside *a;

	for (a = asides; a != NULL; a = a->next)
		if (a->c == c)
			a->c = NULL;
}

static void
take(void *arg, int take_fd)
{
	struct aside *a = arg;
	struct m_take m = {.asked = a->asked,
			   .dev = a->dev,
			   .ino = a->ino,
			   .uid = (uint64_t)a->uid,
			   .id = a->id,
			   .path = a->path};
	struct err e;

	if (take_fd < 0) {
		finish(a, false, "the file is not there any more, or is another one now");
		return;
	}
	/* known on the disk first: what is moved and not known could not be put back */
	if (keep_state(a, "asked", "") != 0 || store_sync(hub.store, &e) != 0) {
		close(take_fd);
		finish(a, false, "the database cannot be written");
		return;
	}
	if (m_take_put(wire_out(), &m, &e) == 0) {
		wire_out()->fd = take_fd;
		if (wire_send(&hub.hands, wire_out(), &e) == 0) {
			a->sent = true;
			close(take_fd);
			return;
		}
	}
	close(take_fd);
	finish(a, false, e.text);
}

static bool
parse_id(const char *s, uint64_t *dev, uint64_t *ino)
{
	char *end;

	*dev = strtoull(s, &end, 16);
	if (end == s || *end != '-' || end[1] == '\0')
		return false;
	*ino = strtoull(end + 1, &end, 16);
	return *end == '\0';
}

static bool
match_finding(void *arg, const struct store_finding *v)
{
	struct aside *a = arg;

	a->found = text_copy(a->path, sizeof a->path, v->path);
	a->uid = v->uid;
	return false;
}

static bool
match_aside(void *arg, const struct store_aside *v)
{
	struct aside *a = arg;

	if (strcmp(v->state, "away") != 0)
		return true;
	a->found = text_copy(a->path, sizeof a->path, v->path);
	a->uid = v->uid;
	a->dev = v->dev;
	a->ino = v->ino;
	return false;
}

static struct aside *
begin(struct ctl *c, const char *id, bool back)
{
	struct aside *a = xcalloc(1, sizeof *a);
	struct err e;
	int r = -1;

	a->c = c;
	a->back = back;
	a->asked = hub_asked(ASKED_ASIDE);
	if (text_copy(a->id, sizeof a->id, id) && parse_id(id, &a->dev, &a->ino))
		r = back ? store_aside_each(hub.store, -1, id, match_aside, a, &e)
			 : store_finding_of(hub.store, a->dev, a->ino, true,
					    match_finding, a, &e);
	if (r != 0 || !a->found) {
		free(a);
		ctl_end(c, 1, "there is no such file; `mailbrake files` lists them");
		return NULL;
	}
	a->next = asides;
	asides = a;
	return a;
}

struct put_back_before {
	uint64_t dev, ino;
	const char *path;
	bool yes;
};

static bool
match_back(void *arg, const struct store_aside *v)
{
	struct put_back_before *b = arg;

	b->yes =
	    strcmp(v->state, "back") == 0 &&
	    ((v->dev == b->dev && v->ino == b->ino) || strcmp(v->path, b->path) == 0);
	return !b->yes;
}

void
ctl_files_take(uint64_t uid, uint64_t dev, uint64_t ino, const char *path)
{
	struct put_back_before b = {.dev = dev, .ino = ino, .path = path};
	struct aside *a;
	struct err e;
	char shown[512];

	for (a = asides; a != NULL; a = a->next)
		if (a->dev == dev && a->ino == ino)
			return;
	if (store_aside_each(hub.store, (int64_t)uid, NULL, match_back, &b, &e) != 0)
		hub_store_warn(&e);
	if (b.yes)
		return;
	a = xcalloc(1, sizeof *a);
	a->asked = hub_asked(ASKED_ASIDE);
	a->dev = dev;
	a->ino = ino;
	a->uid = (int64_t)uid;
	(void)snprintf(a->id, sizeof a->id, "%" PRIx64 "-%" PRIx64, dev, ino);
	if (!text_copy(a->path, sizeof a->path, path)) {
		free(a);
		return;
	}
	a->next = asides;
	asides = a;
	log_info("set_aside_by_itself id=%s uid=%" PRIu64 " path=\"%s\"", a->id, uid,
		 text_safe(shown, sizeof shown, path));
	files_look(uid, dev, ino, a->path, take, a);
}

void
ctl_set_aside(struct ctl *c, struct strings *args)
{
	struct aside *a = begin(c, strings_next(args), false);

	if (a != NULL)
		files_look((uint64_t)a->uid, a->dev, a->ino, a->path, take, a);
}

void
ctl_put_back(struct ctl *c, struct strings *args)
{
	struct aside *a = begin(c, strings_next(args), true);
	struct m_putback m;
	struct err e;

	if (a == NULL)
		return;
	m = (struct m_putback){
	    .asked = a->asked, .uid = (uint64_t)a->uid, .id = a->id, .path = a->path};
	if (m_putback_put(wire_out(), &m, &e) != 0 ||
	    wire_send(&hub.hands, wire_out(), &e) != 0)
		finish(a, false, e.text);
	else
		a->sent = true;
}
