/*
 * prefilter - see prefilter.h
 *
 * Job:     build the database and the conditions, ask them.
 * Touches: Hyperscan.
 */
#include "prefilter.h"

#include <hs.h>
#include <stdlib.h>
#include <string.h>

#include "compiled.h"
#include "cond.h"
#include "xmem.h"
#include "yarasrc.h"

#define EXPR_MAX 16384

struct prefilter {
	hs_database_t *db;
	hs_scratch_t *scratch;
	struct cond **cond;     /* by rule */
	size_t rules, findable; /* findable: those libyara has, first */
	uint8_t *seen, *always; /* by string; always: what a pass begins with */
	uint8_t *maybe, *before,
	    *hidden;    /* by rule; hidden: private, no finding of its own */
	uint8_t *named; /* by rule: others hang on its answer */
	size_t strings;
	size_t *string_rule; /* by string: its rule and its identifier */
	char **string_name;
	size_t len;  /* of the last pass */
	bool all;    /* the last pass failed: everything may be there */
	size_t look; /* number of LOOK_RULE, or SIZE_MAX */
	bool global; /* a global rule decides over the others: none is sure by itself */
	bool not_understood; /* a file could not be taken apart: libyara sees all */
};

/* The expressions while they are collected. */
struct build {
	char **expr;
	unsigned *flags, *id;
	unsigned count, room;
	struct prefilter *p;
	const struct yarasrc *src; /* the file being read */
	size_t first_rule;
	bool kept; /* the database is there already: no expressions are needed */
};

static const struct prefilter_facts *fact_names;

static int
fact_number(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < fact_names->count; i++)
		if (strlen(fact_names->names[i]) == len &&
		    memcmp(fact_names->names[i], name, len) == 0)
			return (int)i;
	return -1;
}

static int
rule_number(void *arg, const char *name, size_t len)
{
	const struct build *b = arg;
	size_t i;

	for (i = 0; i < b->p->rules - b->first_rule; i++)
		if (b->src->rules[i].name_len == len &&
		    memcmp(b->src->rules[i].name, name, len) == 0)
			break;
	if (i == b->p->rules - b->first_rule)
		return -1;
	b->p->named[b->first_rule + i] = 1;
	return (int)(b->first_rule + i);
}

/* Every rule a condition names, alone or as "name*", in whatever form: libyara must answer
 * for it. */
static void
mark_named(struct build *b, const struct yrule *r)
{
	size_t i, k;

	for (k = 0; k < r->cond_count; k++) {
		const struct ytok *t = &r->cond[k];

		if (t->kind != YTOK_WORD)
			continue;
		(void)rule_number(b, t->at, t->len);
		if (k + 1 == r->cond_count || !ytok_is(&t[1], "*"))
			continue;
		for (i = 0; i < b->p->rules - b->first_rule; i++)
			if (b->src->rules[i].name_len >= t->len &&
			    memcmp(b->src->rules[i].name, t->at, t->len) == 0)
				b->p->named[b->first_rule + i] = 1;
	}
}

static void
add_expression(struct build *b, const char *expr, unsigned flags, unsigned id)
{
	if (b->count == b->room) {
		b->room = b->room == 0 ? 256 : b->room * 2;
		b->expr = xreallocarray(b->expr, b->room, sizeof *b->expr);
		b->flags = xreallocarray(b->flags, b->room, sizeof *b->flags);
		b->id = xreallocarray(b->id, b->room, sizeof *b->id);
	}
	b->expr[b->count] = xstrdup(expr);
	b->flags[b->count] = flags;
	b->id[b->count++] = id;
}

static void
cannot(struct prefilter *p, size_t id)
{
	p->always[id] = 1;
}

static void
add_string(struct build *b, const struct ystring *s)
{
	struct prefilter *p = b->p;
	char expr[EXPR_MAX];
	unsigned flags;
	size_t id = p->strings++;
	int i, n = 1;

	p->always = xreallocarray(p->always, p->strings, 1);
	p->always[id] = 0;
	p->string_rule =
	    xreallocarray(p->string_rule, p->strings, sizeof *p->string_rule);
	p->string_rule[id] = p->rules;
	p->string_name = xreallocarray(p->string_name, p->strings, sizeof(char *));
	p->string_name[id] = xcalloc(s->name.len + 1, 1);
	memcpy(p->string_name[id], s->name.at, s->name.len);
	for (i = 0; i < n && !b->kept; i++) {
		hs_expr_info_t *info = NULL;
		hs_compile_error_t *bad = NULL;

		n = prefilter_expression(s, i, expr, sizeof expr, &flags);
		if (n == 0 ||
		    hs_expression_info(expr, flags, &info, &bad) != HS_SUCCESS) {
			cannot(p, id);
			hs_free_compile_error(bad);
			return;
		}
		free(info);
		add_expression(b, expr, flags, (unsigned)id);
	}
}

static void
add_source(struct build *b, const struct rule_source *s)
{
	struct prefilter *p = b->p;
	struct yarasrc src;
	size_t i, k;

	p->not_understood |= !yarasrc_parse(&src, s->text, s->len);
	b->src = &src;
	b->first_rule = p->rules;
	for (i = 0; i < src.count; i++) {
		const struct yrule *r = &src.rules[i];
		unsigned base = (unsigned)p->strings;

		for (k = 0; k < r->string_count; k++)
			add_string(b, &r->strings[k]);
		p->cond = xreallocarray(p->cond, p->rules + 1, sizeof(struct cond *));
		p->cond[p->rules] = cond_new(r, base, fact_number, rule_number, b);
		mark_named(b, r);
		p->hidden = xreallocarray(p->hidden, p->rules + 1, 1);
		p->named = xreallocarray(p->named, p->rules + 1, 1);
		p->named[p->rules] = r->global; /* the others of its file hang on it */
		p->hidden[p->rules] = r->private_rule;
		p->global |= r->global;
		if (r->name_len == strlen(LOOK_RULE) &&
		    memcmp(r->name, LOOK_RULE, r->name_len) == 0)
			p->look = p->rules;
		p->rules++;
	}
	yarasrc_free(&src);
}

static void
drop_expression(struct build *b, unsigned i)
{
	cannot(b->p, b->id[i]);
	free(b->expr[i]);
	b->count--;
	b->expr[i] = b->expr[b->count];
	b->flags[i] = b->flags[b->count];
	b->id[i] = b->id[b->count];
}

/* What Hyperscan refuses is taken out, one expression a try. */
static int
compile(struct build *b, struct err *e)
{
	hs_compile_error_t *bad = NULL;
	char text[200];

	while (b->count > 0) {
		const char *const *expr = (const char *const *)b->expr;

		if (hs_compile_multi(expr, b->flags, b->id, b->count, HS_MODE_BLOCK, NULL,
				     &b->p->db, &bad) == HS_SUCCESS)
			break;
		if (bad->expression < 0 || (unsigned)bad->expression >= b->count) {
			(void)strncat(memset(text, 0, sizeof text), bad->message,
				      sizeof text - 1);
			hs_free_compile_error(bad);
			return err_set(e, ERR_SYS, "hyperscan: %s", text);
		}
		drop_expression(b, (unsigned)bad->expression);
		hs_free_compile_error(bad);
	}
	if (b->p->db != NULL && hs_alloc_scratch(b->p->db, &b->p->scratch) != HS_SUCCESS)
		return err_set(e, ERR_SYS, "hyperscan: no memory for its scratch");
	return 0;
}

/* The rules' strings and conditions, in libyara's order; then those it never sees. */
static void
add_all(struct build *b, const struct rules *rules)
{
	struct prefilter *p = b->p;
	size_t i;

	for (i = 0; i < rules->source_count; i++)
		if (!rules->source[i].broken && !rules->source[i].look)
			add_source(b, &rules->source[i]);
	p->findable = p->rules;
	for (i = 0; i < rules->source_count; i++)
		if (!rules->source[i].broken && rules->source[i].look)
			add_source(b, &rules->source[i]);
	p->seen = xcalloc(p->strings + 1, 1);
	p->maybe = xcalloc(p->rules + 1, 1);
	p->before = xcalloc(p->rules + 1, 1);
	/* a rule libyara has and we have not must not be filtered away */
	p->not_understood |= p->findable != rules->count;
}

static bool
load_kept(struct prefilter *p, const struct compiled *c)
{
	const void *always, *db;
	size_t always_len, len;

	always = compiled_part(c, COMPILED_ALWAYS, &always_len);
	db = compiled_part(c, COMPILED_HS, &len);
	if (always_len != p->strings + 1)
		return false;
	if (len > 0 && (hs_deserialize_database(db, len, &p->db) != HS_SUCCESS ||
			hs_alloc_scratch(p->db, &p->scratch) != HS_SUCCESS))
		return false;
	if (p->strings > 0)
		memcpy(p->always, always, p->strings);
	return true;
}

static void
keep(const struct prefilter *p, struct compiled *c)
{
	uint8_t *always = xcalloc(p->strings + 1, 1);
	char *bytes = NULL;
	size_t len = 0;

	if (p->strings > 0)
		memcpy(always, p->always, p->strings);
	if (p->db == NULL || hs_serialize_database(p->db, &bytes, &len) == HS_SUCCESS) {
		compiled_keep(c, COMPILED_ALWAYS, always, p->strings + 1);
		compiled_keep(c, COMPILED_HS, bytes, len);
	}
	free(bytes);
	free(always);
}

static void
build_free(struct build *b)
{
	while (b->count > 0)
		free(b->expr[--b->count]);
	free(b->expr);
	free(b->flags);
	free(b->id);
}

int
prefilter_new(struct prefilter **out, const struct rules *rules,
	      const struct prefilter_facts *facts, struct err *e)
{
	struct build b = {.p = xcalloc(1, sizeof *b.p)};
	int rc;

	b.kept = rules->compiled != NULL && compiled_found(rules->compiled);
	b.p->look = SIZE_MAX;
	fact_names = facts;
	add_all(&b, rules);
	if (b.kept) {
		if (load_kept(b.p, rules->compiled)) {
			*out = b.p;
			return 0;
		}
		prefilter_free(&b.p);
		compiled_spoil(rules->compiled);
		return prefilter_new(out, rules, facts, e);
	}
	rc = compile(&b, e);
	build_free(&b);
	if (rc != 0) {
		prefilter_free(&b.p);
		return -1;
	}
	if (rules->compiled != NULL)
		keep(b.p, rules->compiled);
	*out = b.p;
	return 0;
}

void
prefilter_free(struct prefilter **pp)
{
	struct prefilter *p = *pp;
	size_t i;

	if (p == NULL)
		return;
	for (i = 0; i < p->rules; i++)
		cond_free(&p->cond[i]);
	for (i = 0; i < p->strings; i++)
		free(p->string_name[i]);
	free(p->string_name);
	free(p->string_rule);
	free(p->cond);
	hs_free_scratch(p->scratch);
	hs_free_database(p->db);
	free(p->seen);
	free(p->always);
	free(p->maybe);
	free(p->hidden);
	free(p->named);
	free(p->before);
	free(p);
	*pp = NULL;
}

static int
on_seen(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
	void *arg)
{
	uint8_t *seen = arg;

	(void)from;
	(void)to;
	(void)flags;
	seen[id] = 1;
	return 0;
}

void
prefilter_pass(struct prefilter *p, const void *data, size_t len)
{
	p->len = len;
	p->all = p->not_understood || len > UINT32_MAX;
	if (p->all)
		return;
	if (p->strings > 0)
		memcpy(p->seen, p->always, p->strings);
	p->all = p->db != NULL && hs_scan(p->db, data, (unsigned)len, 0, p->scratch,
					  on_seen, p->seen) != HS_SUCCESS;
}

static uint8_t
ask(const struct prefilter *p, size_t i, const struct cond_env *env)
{
	enum cond_answer a = cond_ask(p->cond[i], env);

	return a == COND_SURE && p->global ? COND_MAYBE : (uint8_t)a;
}

bool
prefilter_decide(struct prefilter *p, const int64_t *values)
{
	const struct cond_env env = {p->seen, values, p->maybe, p->len};
	bool any = false;
	size_t i;

	if (p->all)
		return true;
	for (i = 0; i < p->findable; i++) {
		p->maybe[i] = ask(p, i, &env);
		any |= p->maybe[i] == COND_MAYBE && !p->hidden[i];
	}
	return any;
}

static bool
answered(const struct prefilter *p, size_t i)
{
	return p->before[i] == COND_MAYBE && cond_of_strings(p->cond[i]);
}

bool
prefilter_decide_new(struct prefilter *p, const int64_t *values)
{
	const struct cond_env env = {p->seen, values, p->maybe, p->len};
	bool any = false;
	size_t i;

	if (p->all)
		return true;
	memcpy(p->before, p->maybe, p->rules);
	/* in order, so that a rule another one names has its answer of now */
	for (i = 0; i < p->findable; i++) {
		p->maybe[i] = ask(p, i, &env);
		any |= p->maybe[i] == COND_MAYBE && !answered(p, i) && !p->hidden[i];
	}
	/* libyara has answered what hangs on the same bytes alone */
	for (i = 0; any && i < p->findable; i++)
		if (answered(p, i) && p->maybe[i] == COND_MAYBE && !p->hidden[i])
			p->maybe[i] = COND_NO;
	return any;
}

bool
prefilter_sure(const struct prefilter *p, size_t i)
{
	return !p->all && !p->not_understood && i < p->findable &&
	       p->maybe[i] == COND_SURE && !p->hidden[i];
}

bool
prefilter_maybe(const struct prefilter *p, size_t i)
{
	return p->all || p->not_understood || i >= p->rules || p->maybe[i] != 0 ||
	       p->named[i] != 0;
}

int
prefilter_string(const struct prefilter *p, size_t rule, const char *identifier)
{
	size_t i;
	int found = -1;

	for (i = 0; i < p->strings; i++)
		if (p->string_rule[i] == rule &&
		    strcmp(p->string_name[i], identifier) == 0) {
			if (found >= 0)
				return -1;
			found = (int)i;
		}
	return found;
}

bool
prefilter_seen(const struct prefilter *p, int id)
{
	return id < 0 || p->all || p->seen[id] != 0;
}

bool
prefilter_look(struct prefilter *p, const int64_t *values)
{
	const struct cond_env env = {p->seen, values, p->maybe, p->len};

	return p->all || p->look == SIZE_MAX ||
	       cond_ask(p->cond[p->look], &env) != COND_NO;
}
