/*
 * rules - see rules.h
 *
 * Job:     check and compile the rule files; leave out what cannot be had.
 * Touches: libyara.
 * Source:  libyara's manual, "The C API".
 */
#include "rules.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiled.h"
#include "facts.h"
#include "php.h"
#include "relint.h"
#include "sums.h"
#include "text.h"
#include "xmem.h"
#include "yarasrc.h"

int
rules_start(struct err *e)
{
	int rc = yr_initialize();

	return rc == ERROR_SUCCESS ? 0 : err_set(e, ERR_SYS, "libyara: error %d", rc);
}

#define COMPLAINTS_MAX 64
#define ROUNDS_MAX 8 /* a rule left out may be named by others, and so on */

struct complaint {
	unsigned line;
	bool error;
	char text[400];
};

struct complaints {
	struct complaint c[COMPLAINTS_MAX];
	size_t count;
};

static void
on_compile(int level, const char *file, int line, const YR_RULE *rule, const char *text,
	   void *arg)
{
	struct complaints *all = arg;
	struct complaint *c = &all->c[all->count];

	(void)file;
	(void)rule;
	if (all->count == COMPLAINTS_MAX)
		return;
	all->count++;
	c->line = line > 0 ? (unsigned)line : 0;
	c->error = level == YARA_ERROR_LEVEL_ERROR;
	(void)text_safe(c->text, sizeof c->text, text);
}

/* A rule file may use any fact; libyara wants to know their names and types first. */
static int
define_facts(YR_COMPILER *yc)
{
	const struct php_fact_row *row;
	size_t i, n;

#define FACT_INT(name, text) \
	if (yr_compiler_define_integer_variable(yc, #name, 0) != ERROR_SUCCESS) \
		return -1;
#define FACT_STR(name, text) \
	if (yr_compiler_define_string_variable(yc, #name, "") != ERROR_SUCCESS) \
		return -1;
	FACTS_TABLE
#undef FACT_INT
#undef FACT_STR
	row = php_fact_rows(&n);
	for (i = 0; i < n; i++)
		if (yr_compiler_define_integer_variable(yc, row[i].name, 0) !=
		    ERROR_SUCCESS)
			return -1;
	return 0;
}

static int
new_compiler(YR_COMPILER **yc, struct complaints *c, struct err *e)
{
	if (yr_compiler_create(yc) != ERROR_SUCCESS)
		return err_set(e, ERR_SYS, "libyara: no memory for a compiler");
	yr_compiler_set_callback(*yc, on_compile, c);
	/* an include could name any file of the system */
	yr_compiler_set_include_callback(*yc, NULL, NULL, NULL);
	if (define_facts(*yc) != 0) {
		yr_compiler_destroy(*yc);
		return err_set(e, ERR_SYS, "libyara: facts cannot be defined");
	}
	return 0;
}

/* --- leaving a rule out --- */

static bool
has_meta(const struct yrule *r, const char *name, enum ytok_kind kind)
{
	size_t i;

	for (i = 0; i + 2 < r->meta_count; i++)
		if (ytok_is(&r->meta[i], name) && ytok_is(&r->meta[i + 1], "=") &&
		    r->meta[i + 2].kind == kind)
			return true;
	return false;
}

bool
rules_own_form(const struct yrule *r)
{
	return has_meta(r, "weight", YTOK_NUMBER) ||
	       (has_meta(r, "group", YTOK_STRING) && has_meta(r, "since", YTOK_STRING));
}

static void
blank(struct rule_source *s, size_t from, size_t to)
{
	for (; from < to; from++)
		if (s->text[from] != '\n')
			s->text[from] = ' ';
}

static void
cut(struct rules *r, struct rule_source *s, const struct yrule *y, const char *text)
{
	char name[200];

	(void)snprintf(name, sizeof name, "%.*s", (int)y->name_len, y->name);
	rules_note(r, NOTE_SKIPPED, s, y->line, name, text);
	r->skipped++;
	blank(s, (size_t)(y->from - s->text), (size_t)(y->to - s->text));
}

/* Rules that could keep libyara busy without bound; see relint.h. */
static void
cut_unbounded(struct rules *r, struct rule_source *s)
{
	struct yarasrc src;
	char text[400];
	size_t i, k;

	(void)yarasrc_parse(&src, s->text, s->len);
	for (i = 0; i < src.count; i++) {
		const struct yrule *y = &src.rules[i];

		for (k = 0; k < y->string_count; k++) {
			const struct ystring *x = &y->strings[k];
			struct relint l;

			if (x->kind != YSTRING_REGEX)
				continue;
			l = relint_look(x->at, x->len, x->re_nocase, x->re_dotall);
			if (!l.understood || l.states < RELINT_STATES_MAX)
				continue;
			(void)snprintf(
			    text, sizeof text,
			    "%.*s repeats a repeat (%llu states): it could "
			    "take minutes on a file made for it; write the "
			    "inner repeat with a fixed count, or end it with a "
			    "byte it cannot match itself",
			    (int)x->name.len, x->name.at, (unsigned long long)l.states);
			cut(r, s, y, text);
			break;
		}
	}
	yarasrc_free(&src);
}

/* The rule a line of the source lies in, or NULL. */
static const struct yrule *
rule_at(const struct rule_source *s, const struct yarasrc *src, unsigned line)
{
	const char *at = s->text, *end = s->text + s->len;
	size_t i;

	for (; line > 1 && at != NULL && at < end; line--) {
		at = memchr(at, '\n', (size_t)(end - at));
		at = at != NULL ? at + 1 : NULL;
	}
	if (at == NULL || line == 0)
		return NULL;
	/* the line may begin before the rule, or in its midst */
	for (i = 0; i < src->count; i++) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));

		if ((eol == NULL || src->rules[i].from < eol) && at < src->rules[i].to)
			return &src->rules[i];
	}
	return NULL;
}

/* An import of a module this libyara was built without. */
static bool
cut_import(struct rules *r, struct rule_source *s, const struct complaint *c)
{
	const char *at = s->text, *end = s->text + s->len, *eol;
	unsigned line;

	if (strncmp(c->text, "unknown module", 14) != 0)
		return false;
	for (line = 1; line < c->line && at != NULL; line++) {
		at = memchr(at, '\n', (size_t)(end - at));
		at = at != NULL ? at + 1 : NULL;
	}
	if (at == NULL || (eol = memchr(at, '\n', (size_t)(end - at))) == NULL)
		return false;
	rules_note(r, NOTE_SKIPPED, s, c->line, NULL, c->text);
	blank(s, (size_t)(at - s->text), (size_t)(eol - s->text));
	return true;
}

/* What libyara refuses of a foreign set, rule by rule. false: it cannot be helped so. */
static bool
cut_refused(struct rules *r, struct rule_source *s, const struct complaints *c)
{
	struct yarasrc src;
	bool ok = yarasrc_parse(&src, s->text, s->len);
	size_t i;

	for (i = 0; ok && i < c->count; i++) {
		const struct yrule *y = rule_at(s, &src, c->c[i].line);

		ok = !c->c[i].error || strncmp(c->c[i].text, "unknown module", 14) == 0 ||
		     (y != NULL && !rules_own_form(y) &&
		      strncmp(c->c[i].text, "syntax error", 12) != 0);
	}
	for (i = 0; ok && i < c->count; i++) {
		const struct yrule *y = rule_at(s, &src, c->c[i].line);

		if (c->c[i].error && !cut_import(r, s, &c->c[i]) && y != NULL &&
		    *y->from != ' ')
			cut(r, s, y, c->c[i].text);
	}
	yarasrc_free(&src);
	return ok && c->count < COMPLAINTS_MAX;
}

/* --- compiling --- */

static const char *
rule_name_at(const struct rule_source *s, const struct yarasrc *src, unsigned line,
	     char *buf, size_t size)
{
	const struct yrule *y = rule_at(s, src, line);

	if (y == NULL)
		return NULL;
	(void)snprintf(buf, size, "%.*s", (int)y->name_len, y->name);
	return buf;
}

/* What to do about it. */
static const char *
advice(const char *text)
{
	static const struct {
		const char *begins, *say;
	} rows[] = {
	    {"undefined identifier", ": no string, rule before this one, module or fact "
				     "(rules/README, FACTS) has "
				     "that name"},
	    {"unreferenced string", ": ask for it in the condition, or take it out"},
	    {"duplicated identifier", ": give one of the two another name"},
	    {"unknown module", ": take the import out, and what needs it"},
	    {"string \"",
	     ": give it four fixed bytes together (an atom), see rules/README"},
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strncmp(text, rows[i].begins, strlen(rows[i].begins)) == 0)
			return rows[i].say;
	return "";
}

static void
note_all(struct rules *r, const struct rule_source *s, const struct complaints *c)
{
	struct yarasrc src;
	char name[200], text[600];
	size_t i;

	(void)yarasrc_parse(&src, s->text, s->len);
	for (i = 0; i < c->count; i++) {
		const struct complaint *x = &c->c[i];

		if (s->look && !x->error)
			continue; /* libyara never runs these */
		(void)snprintf(text, sizeof text, "%s%s", x->text, advice(x->text));
		rules_note(r, x->error ? NOTE_ERROR : NOTE_WARNING, s, x->line,
			   rule_name_at(s, &src, x->line, name, sizeof name), text);
	}
	yarasrc_free(&src);
}

/*
 * A file's rules are a namespace of their own. It is named by place and last name, so
 * that a tree of rules compiles to the same wherever it lies.
 */
static int
add_source(YR_COMPILER *yc, const struct rules *r, const struct rule_source *s)
{
	const char *slash = strrchr(s->path, '/');
	char space[300];

	(void)snprintf(space, sizeof space, "%zu/%.255s", (size_t)(s - r->source),
		       slash != NULL ? slash + 1 : s->path);
	return yr_compiler_add_string(yc, s->text, space);
}

/* A compiler that met an error is spent, so each file is tried in one of its own first.
 */
static int
try_source(struct rules *r, struct rule_source *s, struct err *e)
{
	static struct complaints c; /* 25 kB */
	YR_COMPILER *yc;
	int errors = 0, round;

	if (s->broken)
		return 0;
	if (memchr(s->text, '\0', s->len) != NULL) {
		rules_note(r, NOTE_ERROR, s, 0, NULL, "is no text: a byte of it is zero");
		s->broken = true;
		return 0;
	}
	cut_unbounded(r, s);
	for (round = 0; round < ROUNDS_MAX; round++) {
		c.count = 0;
		if (new_compiler(&yc, &c, e) != 0)
			return -1;
		errors = add_source(yc, r, s);
		yr_compiler_destroy(yc);
		if (errors == 0 || !cut_refused(r, s, &c))
			break;
	}
	note_all(r, s, &c);
	s->broken = errors != 0;
	if (s->broken && c.count == 0)
		rules_note(r, NOTE_ERROR, s, 0, NULL, "cannot be compiled");
	return 0;
}

static void
note_rule(struct rule_info *info, YR_RULE *rule)
{
	YR_META *m;
	int64_t weight = -1, points = -1;

	*info = (struct rule_info){rule->identifier, "other", RULES_DEFAULT_WEIGHT};
	yr_rule_metas_foreach(rule, m)
	{
		if (m->type == META_TYPE_STRING && strcmp(m->identifier, "group") == 0)
			info->group = m->string;
		else if (m->type == META_TYPE_INTEGER &&
			 strcmp(m->identifier, "weight") == 0)
			weight = m->integer;
		else if (m->type == META_TYPE_INTEGER &&
			 strcmp(m->identifier, "score") == 0)
			points = m->integer;
	}
	if (weight < 0)
		weight = points;
	if (weight >= 0)
		info->points = weight > 1000 ? 1000 : (int)weight;
}

static int
compile_all(struct rules *r, struct err *e)
{
	static struct complaints c;
	YR_COMPILER *yc;
	size_t i;
	int rc;

	c.count = 0;
	if (new_compiler(&yc, &c, e) != 0)
		return -1;
	for (i = 0; i < r->source_count; i++) {
		const struct rule_source *s = &r->source[i];

		if (!s->broken && !s->look && add_source(yc, r, s) != 0) {
			yr_compiler_destroy(yc);
			return err_set(e, ERR_INPUT, "%s: %s", s->path, c.c[0].text);
		}
	}
	rc = yr_compiler_get_rules(yc, &r->yara);
	yr_compiler_destroy(yc);
	if (rc != ERROR_SUCCESS)
		return err_set(e, ERR_SYS, "libyara: error %d while compiling", rc);
	return 0;
}

static int
note_rules(struct rules *r, struct err *e)
{
	size_t i;

	r->count = r->yara->num_rules;
	if (r->count == 0) {
		yr_rules_destroy(r->yara);
		r->yara = NULL;
		return err_set(e, ERR_INPUT, "%s",
			       r->problem[0] != '\0' ? r->problem : "there is no rule");
	}
	r->info = xcalloc(r->count, sizeof *r->info);
	for (i = 0; i < r->count; i++)
		note_rule(&r->info[i], &r->yara->rules_table[i]);
	return 0;
}

static void
set_version(struct rules *r)
{
	unsigned char d[EVP_MAX_MD_SIZE] = {0};
	unsigned len = 0;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t i;

	if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1) {
		EVP_MD_CTX_free(ctx);
		(void)text_copy(r->version, sizeof r->version, "unknown");
		return;
	}
	(void)EVP_DigestUpdate(ctx, MB_VERSION, sizeof MB_VERSION);
	for (i = 0; i < r->source_count; i++)
		if (!r->source[i].broken)
			(void)EVP_DigestUpdate(ctx, r->source[i].text,
					       r->source[i].len + 1);
	(void)EVP_DigestUpdate(ctx, &r->sums_hash, sizeof r->sums_hash);
	(void)EVP_DigestFinal_ex(ctx, d, &len);
	EVP_MD_CTX_free(ctx);
	for (i = 0; i < 16; i++)
		(void)snprintf(r->version + 2 * i, 3, "%02x", d[i]);
}

static int
compile_new(struct rules *r, struct err *e)
{
	/* that a file could not be read is not kept */
	const bool keep = r->compiled != NULL && r->problem[0] == '\0';
	size_t i;

	for (i = 0; i < r->source_count; i++) {
		if (try_source(r, &r->source[i], e) != 0)
			return -1;
		r->broken += r->source[i].broken;
	}
	if (compile_all(r, e) != 0)
		return -1;
	if (keep)
		rules_keep(r);
	return 0;
}

int
rules_load_kept(struct rules *r, const char *const *dirs, size_t dir_count,
		struct compiled *c, struct err *e)
{
	size_t i;

	*r = (struct rules){.compiled = c, .sums = sums_new()};
	for (i = 0; i < dir_count; i++)
		if (rules_read(r, dirs[i], i == 0, e) != 0)
			goto fail;
	rules_drop_included(r);
	sums_sort(r->sums);
	if (c != NULL && compiled_find(c, r) && !rules_from_kept(r))
		compiled_spoil(c);
	if ((r->yara == NULL && compile_new(r, e) != 0) || note_rules(r, e) != 0 ||
	    rules_strings_start(r, e) != 0)
		goto fail;
	set_version(r);
	return 0;
fail:
	if (r->problem[0] == '\0')
		(void)text_copy(r->problem, sizeof r->problem, e->text);
	return -1;
}

int
rules_load(struct rules *r, const char *const *dirs, size_t dir_count, struct err *e)
{
	return rules_load_kept(r, dirs, dir_count, NULL, e);
}

void
rules_fini(struct rules *r)
{
	size_t i, k;

	for (i = 0; i < r->source_count; i++) {
		for (k = 0; k < r->source[i].part_count; k++)
			free(r->source[i].part[k].path);
		free(r->source[i].part);
		free(r->source[i].path);
		free(r->source[i].text);
	}
	for (i = 0; i < r->included_count; i++)
		free(r->included[i]);
	for (i = 0; i < r->note_count; i++) {
		free(r->note[i].path);
		free(r->note[i].rule);
		free(r->note[i].text);
	}
	sums_free(&r->sums);
	free(r->included);
	free(r->note);
	free(r->source);
	free(r->info);
	free(r->string);
	r->string = NULL;
	if (r->yara != NULL)
		yr_rules_destroy(r->yara);
	r->included = NULL;
	r->note = NULL;
	r->source = NULL;
	r->info = NULL;
	r->yara = NULL;
	r->source_count = r->count = r->included_count = r->note_count = 0;
}
