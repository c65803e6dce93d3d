/*
 * files_keep - what becomes of a verdict
 *
 * Job:     into the store and to the engine: what was found in a file, and that what was
 *          found before is gone.
 * Touches: the store, the engine.
 */
#include "files_int.h"

#include <string.h>
#include <strings.h>

#include "findings.h"
#include "found_known.h"
#include "hub.h"
#include "release.h"
#include "subuid.h"
#include "text.h"
#include "workers.h"

/* a fresh file that nobody could look into (too large, too costly) is a weak sign by
 * itself */
#define UNSCANNED_POINTS 30
uint64_t
files_rules_hash(void)
{
	const char *p = workers_rules_version();

	return text_hash(p, strlen(p)) >> 1; /* SQLite's integers are signed */
}

static void
keep_findings(const struct m_file *l, const struct m_verdict *v, wall_t now)
{
	struct strings s = strings_of(v->findings, v->findings_len);
	const char *rule, *group, *points;
	uint64_t n = 0;
	struct err e;

	while ((rule = strings_next(&s)) != NULL && (group = strings_next(&s)) != NULL &&
	       (points = strings_next(&s)) != NULL) {
		struct store_finding f = {.dev = l->dev,
					  .ino = l->ino,
					  .path = l->path,
					  .rule = rule,
					  .group = group,
					  .sha256 = v->sha256,
					  .uid = (int64_t)l->uid,
					  .t = now};

		if (!text_to_i64(points, -100000, 100000, &f.points))
			continue;
		if (store_finding_put(hub.store, &f, &e) != 0)
			hub_store_warn(&e);
		n++;
	}
	findings_added((int64_t)l->uid, n);
}

/* The rules that hit, as words. */
static const char *
rule_words(const struct m_verdict *v)
{
	static char words[1024];
	struct strings s = strings_of(v->findings, v->findings_len);
	const char *rule;
	size_t at = 0;

	words[0] = '\0';
	while ((rule = strings_next(&s)) != NULL && strings_next(&s) != NULL &&
	       strings_next(&s) != NULL) {
		if (at + strlen(rule) + 2 > sizeof words)
			break;
		if (at > 0)
			words[at++] = ' ';
		(void)text_copy(words + at, sizeof words - at, rule);
		at += strlen(rule);
	}
	return words;
}

/* Its contents are a program's, by the worker's word for their type. */
static bool
is_program(const char *type)
{
	static const char *const words[] = {"php", "script", "perl", "python"};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strstr(type, words[i]) != NULL)
			return true;
	return false;
}

/* Files that cannot send mail (pictures, logs) are no scripts: the engine need not know
 * them. */
static bool
matters(const struct m_verdict *v)
{
	return v->score > 0 || is_program(v->type);
}

/* By its name the web server would run it. */
static bool
named_as_script(const char *path)
{
	static const char *const ends[] = {".php",  ".phtml", ".php5", ".php7", ".php8",
					   ".phar", ".inc",   ".cgi",  ".pl",   ".py"};
	size_t n = strlen(path), i, k;

	for (i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		k = strlen(ends[i]);
		if (n > k && strcasecmp(path + n - k, ends[i]) == 0)
			return true;
	}
	return false;
}

/* Below a directory that other programs write what outsiders sent into. */
static bool
outsiders_write(const char *path)
{
	static const char *const dirs[] = {"/maildir/", "/mail/", "/logs/"};

	for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++)
		if (strcasestr(path, dirs[i]) != NULL)
			return true;
	return false;
}

bool
files_may_go(const char *path, const char *type, uint64_t mode)
{
	return (named_as_script(path) || (is_program(type) && (mode & 0111) != 0)) &&
	       !outsiders_write(path);
}

void
files_tell_engine(const struct m_file *l, const struct m_verdict *v, wall_t now)
{
	uint32_t uid = subuid_account((uint32_t)l->uid);
	struct file_fact f = {.t = now,
			      .uid = uid,
			      .user = hub_login(uid),
			      .path = l->path,
			      .points = v->score,
			      .rules = rule_words(v),
			      .fresh = l->cause == CAUSE_EVENT};

	/* an account's file that root or the web server owns is nobody's evidence here */
	if (v->verdict == VERDICT_UNSCANNED && f.fresh && named_as_script(l->path))
		f.points = UNSCANNED_POINTS;
	if ((v->verdict != VERDICT_UNSCANNED || f.points > 0) && l->uid != 0 &&
	    (matters(v) || f.points > 0)) {
		engine_file(hub.engine, &f);
		if (f.points == 0)
			(void)release_reviewed(f.uid, "files");
	}
	hub.changed = true;
}

struct moved {
	const struct m_file *l;
	wall_t now;
};

/* A finding of this inode under another name: what was there is gone from there. */
static bool
moved_from(void *arg, const struct store_finding *v)
{
	const struct moved *m = arg;
	uint32_t uid = subuid_account((uint32_t)v->uid);
	struct file_fact f = {.t = m->now,
			      .uid = uid,
			      .user = hub_login(uid),
			      .path = v->path,
			      .gone = true};

	if (strcmp(v->path, m->l->path) != 0)
		engine_file(hub.engine, &f);
	return true;
}

void
files_keep_verdict(const struct m_file *l, const struct m_verdict *v, wall_t now)
{
	struct moved m = {l, now};
	struct store_file old = {.verdict = VERDICT_CLEAN},
			  f = {.dev = l->dev,
			       .ino = l->ino,
			       .size = l->size,
			       .rules = files_rules_hash(),
			       .ctime_us = l->ctime_us,
			       .score = v->score,
			       .uid = (int64_t)l->uid,
			       .verdict = (int)v->verdict,
			       .path = v->verdict == VERDICT_CLEAN ? NULL : l->path,
			       .reason = v->reason[0] == '\0' ? NULL : v->reason};
	struct err e;
	bool kept;

	if (store_file_get(hub.store, f.dev, f.ino, &old, &e) == 1 &&
	    old.verdict != VERDICT_CLEAN && v->verdict != VERDICT_UNSCANNED &&
	    store_finding_gone(hub.store, f.dev, f.ino, now, &e) != 0)
		hub_store_warn(&e);
	if (old.verdict != VERDICT_CLEAN &&
	    store_finding_of(hub.store, f.dev, f.ino, false, moved_from, &m, &e) != 0)
		hub_store_warn(&e);
	/* the same file, and its verdict holds no more (who opens a file for writing has
	 * it looked at again, and the second look may end by its budget) */
	if (v->verdict == VERDICT_UNSCANNED && old.verdict != VERDICT_UNSCANNED &&
	    old.ino == f.ino && old.ctime_us == f.ctime_us)
		found_forget_in(hub.store, l->dev, l->dir_ino, l->nlink);
	kept = store_file_put(hub.store, &f, &e) == 0;
	if (!kept)
		hub_store_warn(&e);
	keep_findings(l, v, now);
	found_kept(hub.store, f.rules, f.dev, f.ino, f.size, f.ctime_us,
		   kept && v->verdict != VERDICT_UNSCANNED);
}
