/*
 * known_good - see known_good.h
 *
 * Job:     the list, its matching, its verb.
 * Touches: the store, files.h.
 */
#include "known_good.h"

#include <ctype.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "ctl_choose.h"
#include "files.h"
#include "found_known.h"
#include "hub.h"
#include "log.h"
#include "text.h"
#include "xmem.h"

#define KEY_MAX 4096
#define REASON_MAX 200
#define AGAIN_MAX 10000 /* files looked at again after one word */

enum kind { KIND_HASH, KIND_PATH, KIND_RULE, KINDS };
static const char *const kind_words[KINDS] = {"hash", "path", "rule"};
/* in the table; "script" is the judgement's */
static const char *const kind_stored[KINDS] = {"sha256", "path", "rule"};

static struct word {
	enum kind kind;
	int64_t uid; /* -1: every account */
	char *key, *who, reason[REASON_MAX];
	wall_t t, until; /* until.us 0: no end */
} words[KNOWN_GOOD_MAX];
static size_t count;

static bool
in_force(const struct word *w)
{
	return w->until.us == 0 || w->until.us > clock_wall().us;
}

static void
word_id(char id[9], const struct word *w)
{
	uint32_t h = 2166136261u ^ (uint32_t)w->kind ^ (uint32_t)(w->uid * 31);
	const char *p;

	for (p = w->key; *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * 16777619u;
	(void)snprintf(id, 9, "%08x", h);
}

/* --- matching --- */

/* "/dir/" is all below it; in a pattern no * crosses a slash. */
static bool
path_matches(const char *pattern, const char *path)
{
	size_t n = strlen(pattern);

	if (pattern[n - 1] == '/' && strpbrk(pattern, "*?[") == NULL)
		return strncmp(pattern, path, n) == 0;
	return fnmatch(pattern, path, FNM_PATHNAME | FNM_PERIOD) == 0;
}

static bool
matches(const struct word *w, uint64_t uid, const char *path, const char *sha256,
	const char *rule)
{
	if ((w->uid >= 0 && (uint64_t)w->uid != uid) || !in_force(w))
		return false;
	switch (w->kind) {
	case KIND_HASH:
		return strcmp(w->key, sha256) == 0;
	case KIND_PATH:
		return path_matches(w->key, path);
	case KIND_RULE:
		return rule != NULL && strcmp(w->key, rule) == 0;
	case KINDS:
		break;
	}
	return false;
}

const char *
known_good_finding(uint64_t uid, const char *path, const char *sha256, const char *rule)
{
	static char text[REASON_MAX + 80];
	char id[9];
	size_t i;

	for (i = 0; i < count; i++)
		if (matches(&words[i], uid, path, sha256, rule)) {
			word_id(id, &words[i]);
			(void)snprintf(text, sizeof text, "known good by its %s (%s): %s",
				       kind_words[words[i].kind], id, words[i].reason);
			return text;
		}
	return NULL;
}

const char *
known_good_file(uint64_t uid, const char *path, const char *sha256)
{
	return known_good_finding(uid, path, sha256, NULL);
}

size_t
known_good_rules(uint64_t uid, char *buf, size_t size)
{
	size_t i, len = 0;

	for (i = 0; i < count; i++)
		if (words[i].kind == KIND_RULE && in_force(&words[i]) &&
		    (words[i].uid < 0 || (uint64_t)words[i].uid == uid))
			(void)strings_add(buf, size, &len, words[i].key);
	return len;
}

/* --- what changes with a word --- */

struct place {
	uint64_t uid, dev, ino;
	char *path;
};

struct again {
	const struct word *w;
	struct place *place;
	size_t count;
};

static bool
collect(void *arg, const struct store_finding *v)
{
	struct again *a = arg;
	struct place *last = a->count > 0 ? &a->place[a->count - 1] : NULL;
	struct word open = *a->w;

	open.until.us = 0; /* also of a word that has just ended */
	if (!matches(&open, (uint64_t)v->uid, v->path, v->sha256, v->rule) ||
	    (last != NULL && last->dev == v->dev && last->ino == v->ino))
		return true;
	if ((a->count & (a->count - 1)) == 0)
		a->place = xreallocarray(a->place, a->count == 0 ? 1 : a->count * 2,
					 sizeof *a->place);
	a->place[a->count++] =
	    (struct place){(uint64_t)v->uid, v->dev, v->ino, xstrdup(v->path)};
	return a->count < AGAIN_MAX;
}

/* What is known of the file stands under another word: it is no answer any more. */
static void
unknow(const struct place *p)
{
	struct store_file f;
	struct err e;

	if (store_file_get(hub.store, p->dev, p->ino, &f, &e) != 1)
		return;
	f.rules = FILES_STALE;
	found_forget(hub.store);
	f.path = f.verdict == VERDICT_CLEAN ? NULL : p->path;
	if (store_file_put(hub.store, &f, &e) != 0)
		hub_store_warn(&e);
}

/* The files it speaks of are looked at again: their verdicts count with the word, or
 * without. Where watch cannot be asked now, files_recheck does it. */
static void
look_again(const struct word *w)
{
	struct again a = {.w = w};
	struct err e;
	size_t i;

	if (store_finding_each(hub.store, w->uid, true, collect, &a, &e) != 0)
		hub_store_warn(&e);
	for (i = 0; i < a.count; i++) {
		unknow(&a.place[i]);
		files_again(a.place[i].uid, a.place[i].dev, a.place[i].ino,
			    a.place[i].path);
		free(a.place[i].path);
	}
	free(a.place);
	if (a.count == AGAIN_MAX)
		log_warn(
		    "known_good looked_again=%d left_out=\"the files beyond keep the "
		    "verdict they have: say the word for less at a time\"",
		    AGAIN_MAX);
}

static struct store_trust
row_of(const struct word *w)
{
	return (struct store_trust){.uid = w->uid,
				    .kind = kind_stored[w->kind],
				    .key = w->key,
				    .who = w->who,
				    .reason = w->reason,
				    .t = w->t,
				    .until = w->until};
}

static void
note(const struct word *w, const char *what, const char *who)
{
	char key[300], reason[REASON_MAX * 4];

	log_info("known_good what=%s kind=%s uid=%" PRId64
		 " key=\"%s\" who=%s reason=\"%s\"",
		 what, kind_words[w->kind], w->uid, text_safe(key, sizeof key, w->key),
		 who, text_safe(reason, sizeof reason, w->reason));
}

static void
drop(size_t i, const char *what, const char *who)
{
	struct word w = words[i];
	struct err e;

	words[i] = words[--count];
	note(&w, what, who);
	look_again(&w); /* first: killed in between, the word ends once more */
	if (store_trust_drop(hub.store, w.uid, kind_stored[w.kind], w.key, &e) != 0)
		hub_store_warn(&e);
	free(w.key);
	free(w.who);
}

static bool
load_one(void *arg, const struct store_trust *v)
{
	size_t k;

	(void)arg;
	for (k = 0; k < KINDS && strcmp(v->kind, kind_stored[k]) != 0; k++)
		;
	if (k == KINDS || v->key[0] == '\0' || count == KNOWN_GOOD_MAX)
		return true;
	words[count] = (struct word){.kind = (enum kind)k,
				     .uid = v->uid,
				     .key = xstrdup(v->key),
				     .who = xstrdup(v->who),
				     .t = v->t,
				     .until = v->until};
	(void)text_copy(words[count].reason, REASON_MAX, v->reason);
	count++;
	return true;
}

void
known_good_load(void)
{
	struct err e;

	if (store_trust_each(hub.store, load_one, NULL, &e) != 0)
		hub_store_warn(&e);
}

void
known_good_tick(void)
{
	size_t i;

	for (i = count; i > 0; i--)
		if (!in_force(&words[i - 1]))
			drop(i - 1, "over", "clock");
}

/* --- the verb --- */

static void
word_row(struct ctl *c, const struct word *w, const char *text)
{
	char id[9];

	word_id(id, w);
	ctl_row(c,
		json_pack("{s:s, s:s, s:o, s:o, s:I, s:o, s:o, s:o, s:I, s:s}", "id", id,
			  "kind", kind_words[w->kind], "key", ctl_text(w->key), "login",
			  ctl_text(w->uid < 0 ? "*" : hub_login((uint64_t)w->uid)), "t",
			  (json_int_t)wall_s(w->t), "until_t",
			  w->until.us == 0 ? json_null()
					   : json_integer((json_int_t)wall_s(w->until)),
			  "reason", ctl_text(w->reason), "who", ctl_text(w->who), "uid",
			  (json_int_t)w->uid, "text", text));
}

static const char *
key_fault(enum kind k, char *key)
{
	const char *wild;

	if (k == KIND_HASH) {
		(void)text_lower(key);
		return strlen(key) == 64 && strspn(key, "0123456789abcdef") == 64
			   ? NULL
			   : "--hash takes the 64 hex digits of a SHA-256";
	}
	if (k == KIND_RULE)
		return key[0] != '\0' && strlen(key) < 128
			   ? NULL
			   : "--rule takes the name of a rule";
	wild = strpbrk(key, "*?[");
	if (key[0] != '/' || strstr(key, "/../") != NULL || strlen(key) >= KEY_MAX)
		return "--path takes a whole path, or a pattern of one";
	/* at least one whole directory must be named */
	if (wild != NULL ? memchr(key + 1, '/', (size_t)(wild - key) - 1) == NULL
			 : key[1] == '\0')
		return "--path needs a directory before the first * (not /* )";
	return NULL;
}

struct given {
	const char *key, *user, *how_long, *until, *reason;
	enum kind kind;
};

/* Options of add; what is wrong with them, or NULL. */
static const char *
read_options(struct given *g, struct strings *args)
{
	const char *opt, *value;
	size_t k;

	*g = (struct given){.kind = KINDS};
	while ((opt = strings_next(args)) != NULL) {
		if ((value = strings_next(args)) == NULL)
			return "an option without its value";
		for (k = 0; k < KINDS; k++)
			if (strncmp(opt, "--", 2) == 0 &&
			    strcmp(opt + 2, kind_words[k]) == 0)
				break;
		if (k < KINDS && g->kind != KINDS)
			return "one of --hash, --path and --rule";
		if (k < KINDS) {
			g->kind = (enum kind)k;
			g->key = value;
		} else if (strcmp(opt, "--user") == 0)
			g->user = value;
		else if (strcmp(opt, "--for") == 0)
			g->how_long = value;
		else if (strcmp(opt, "--until") == 0)
			g->until = value;
		else if (strcmp(opt, "--reason") == 0)
			g->reason = value;
		else
			return "options are --hash --path --rule --user --for --until "
			       "--reason";
	}
	if (g->kind == KINDS)
		return "one of --hash, --path and --rule is needed";
	if (g->reason == NULL || g->reason[0] == '\0')
		return "--reason TEXT is required";
	return g->how_long != NULL && g->until != NULL ? "give --for or --until, not both"
						       : NULL;
}

static const char *
fill(struct word *w, const struct given *g)
{
	const char *fault;
	int64_t s;

	*w = (struct word){.kind = g->kind, .uid = -1, .t = clock_wall()};
	if (!text_copy(w->reason, sizeof w->reason, g->reason))
		return "--reason is longer than 199 bytes";
	if (g->user != NULL && (w->uid = hub_uid(g->user)) < 0)
		return "--user: there is no such account";
	if (g->how_long != NULL) {
		if ((s = choice_span_s(g->how_long)) < 0)
			return "--for takes a number and s, m, h, d or w, as in 30d";
		w->until.us = w->t.us + s * 1000000;
	} else if (g->until != NULL) {
		w->until.us = choice_end_us(g->until);
		if (w->until.us <= w->t.us)
			return "--until takes a day to come, as in 2031-12-24";
	}
	w->key = xstrdup(g->key);
	fault = key_fault(w->kind, w->key);
	if (fault != NULL)
		free(w->key);
	return fault;
}

static void
add(struct ctl *c, struct strings *args)
{
	static const char *const says[KINDS] = {
	    "files of this very content do not count",
	    "whoever may write there is trusted: what lies there does not count",
	    "what this rule finds does not count"};
	struct store_trust row;
	struct given g;
	struct word w;
	struct err e;
	const char *fault = read_options(&g, args);
	size_t i;

	if (fault == NULL)
		fault = fill(&w, &g);
	if (fault != NULL) {
		ctl_end(c, 64, "%s", fault);
		return;
	}
	for (i = 0; i < count; i++)
		if (words[i].kind == w.kind && words[i].uid == w.uid &&
		    strcmp(words[i].key, w.key) == 0)
			break;
	if (i == KNOWN_GOOD_MAX) {
		free(w.key);
		ctl_end(c, 75, "there are %d exceptions already; end some first",
			KNOWN_GOOD_MAX);
		return;
	}
	if (i < count) {
		free(words[i].key);
		free(words[i].who);
	} else
		count++;
	w.who = xstrdup(c->who);
	words[i] = w;
	row = row_of(&w);
	if (store_trust_put(hub.store, &row, &e) != 0)
		hub_store_warn(&e);
	note(&w, "said", c->who);
	look_again(&w);
	word_row(c, &w, says[w.kind]);
	ctl_end(c, 0, "%s", "");
}

static void
end_words(struct ctl *c, struct strings *args)
{
	const char *want;
	char id[9];
	size_t i, missed = 0;

	while ((want = strings_next(args)) != NULL) {
		for (i = 0; i < count; i++) {
			word_id(id, &words[i]);
			if (strcmp(id, want) == 0)
				break;
		}
		if (i == count) {
			missed++;
			continue;
		}
		word_row(c, &words[i], "ended: its files are judged again");
		drop(i, "ended", c->who);
	}
	if (missed > 0)
		ctl_end(c, 1,
			"there is no such exception; `mailbrake known-good` lists them");
	else
		ctl_end_rows(c);
}

void
known_good_ctl(struct ctl *c, struct strings *args)
{
	const char *what = strings_next(args);
	size_t i;

	if (what != NULL && strcmp(what, "add") == 0)
		add(c, args);
	else if (what != NULL && strcmp(what, "end") == 0)
		end_words(c, args);
	else if (what != NULL && strcmp(what, "list") != 0)
		ctl_end(c, 64, "known-good takes list, add or end");
	else {
		for (i = 0; i < count; i++)
			word_row(c, &words[i], "");
		ctl_end_rows(c);
	}
}
