/*
 * cond - see cond.h
 *
 * Job:     conditions to postfix programs, and their run from the end: a part that
 *          cannot change the answer any more is stepped over.
 * Touches: nothing.
 */
#include "cond.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "xmem.h"

#define DEEP 64 /* nesting of a condition; beyond it: not understood */
#define CAN_TRUE 1u
#define CAN_FALSE 2u
#define CAN_BOTH 3u

enum op {
	OP_CONST, /* n: CAN_* */
	OP_SEEN,  /* n: string */
	OP_COUNT, /* n: string; cmp, value: its count compared */
	OP_MORE,  /* n, m: strings; cmp: their counts compared */
	OP_OF,    /* n: first of list, m: how many in it, value: how many needed */
	OP_FACT,  /* n: fact; cmp, value */
	OP_SIZE,  /* cmp, value */
	OP_RULE,  /* n: rule */
	OP_NOT,
	OP_AND, /* n: how many parts stand before it */
	OP_OR,
};

enum cmp { CMP_LT, CMP_LE, CMP_GT, CMP_GE, CMP_EQ, CMP_NE };

struct step {
	enum op op;
	enum cmp cmp;
	unsigned n, m;
	unsigned span; /* steps it ends: itself and all its parts */
	int64_t value;
};

struct cond {
	struct step *step;
	size_t count;
	unsigned *list; /* string numbers of OP_OF */
	size_t list_count;
	bool unread; /* a part is not understood */
};

struct parser {
	const struct yrule *rule;
	unsigned base;
	cond_fact_fn fact;
	cond_rule_fn find_rule;
	void *arg;
	struct cond *out;
};

static void parse_or(struct parser *p, size_t from, size_t to, unsigned deep);

static void
emit(struct parser *p, struct step s)
{
	struct cond *c = p->out;

	if ((c->count & (c->count - 1)) == 0)
		c->step = xreallocarray(c->step, c->count == 0 ? 1 : c->count * 2,
					sizeof *c->step);
	s.span = 1;
	if (s.op == OP_NOT || s.op == OP_AND || s.op == OP_OR) {
		unsigned parts = s.op == OP_NOT ? 1 : s.n;

		while (parts-- > 0)
			s.span += c->step[c->count - s.span].span;
	}
	c->step[c->count++] = s;
}

static void
emit_const(struct parser *p, unsigned can)
{
	emit(p, (struct step){.op = OP_CONST, .n = can});
}

static void
emit_unread(struct parser *p)
{
	p->out->unread = true;
	emit_const(p, CAN_BOTH);
}

/* "$a" or "$a*" against a string's name; "#a" and the like by their letters too. */
static bool
names(const struct ytok *t, const struct ystring *s)
{
	size_t n = t->len - 1, k = s->name.len - 1;

	if (t->at[t->len - 1] == '*')
		return k >= n - 1 && memcmp(t->at + 1, s->name.at + 1, n - 1) == 0;
	return k == n && memcmp(t->at + 1, s->name.at + 1, n) == 0;
}

static int
string_number(const struct parser *p, const struct ytok *t)
{
	size_t i;

	for (i = 0; t->len > 1 && i < p->rule->string_count; i++)
		if (names(t, &p->rule->strings[i]))
			return (int)(p->base + i);
	return -1;
}

static bool
number(const struct ytok *t, int64_t *out)
{
	char buf[32];
	char *end;

	if (t->kind != YTOK_NUMBER || t->len >= sizeof buf)
		return false;
	memcpy(buf, t->at, t->len);
	buf[t->len] = '\0';
	*out = strtoll(buf, &end, buf[0] == '0' && buf[1] == 'x' ? 16 : 10);
	if (strcmp(end, "KB") == 0)
		*out *= 1024;
	else if (strcmp(end, "MB") == 0)
		*out *= 1048576;
	else if (*end != '\0')
		return false;
	return true;
}

static bool
comparison(const struct ytok *t, enum cmp *out)
{
	static const char *const ops[] = {"<", "<=", ">", ">=", "==", "!="};
	size_t i;

	for (i = 0; i < sizeof ops / sizeof ops[0]; i++)
		if (ytok_is(t, ops[i])) {
			*out = (enum cmp)i;
			return true;
		}
	return false;
}

static bool
compare(int64_t a, enum cmp cmp, int64_t b)
{
	switch (cmp) {
	case CMP_LT:
		return a < b;
	case CMP_LE:
		return a <= b;
	case CMP_GT:
		return a > b;
	case CMP_GE:
		return a >= b;
	case CMP_EQ:
		return a == b;
	case CMP_NE:
		break;
	}
	return a != b;
}

static void
of_string(struct parser *p, struct step *s, size_t k)
{
	struct cond *c = p->out;

	c->list = xreallocarray(c->list, c->list_count + 1, sizeof *c->list);
	c->list[c->list_count++] = p->base + (unsigned)k;
	s->m++;
}

/*
 * "N of them", "any of ($a*, $b)", "all of .."; anything else is not understood: rules in
 * brackets, or none at all. A string that is named twice counts twice, as in libyara.
 */
static bool
parse_of(struct parser *p, const struct ytok *t, size_t n)
{
	struct step s = {.op = OP_OF, .n = (unsigned)p->out->list_count};
	size_t i, k;
	int64_t need = -1;

	if (n < 3 || !ytok_is(&t[1], "of"))
		return false;
	if (ytok_is(&t[0], "any"))
		need = 1;
	else if (!ytok_is(&t[0], "all") && (!number(&t[0], &need) || need < 1))
		return false;
	if (ytok_is(&t[2], "them"))
		for (k = 0; k < p->rule->string_count; k++)
			of_string(p, &s, k);
	for (i = 3; ytok_is(&t[2], "(") && i < n && !ytok_is(&t[i], ")"); i++) {
		if (ytok_is(&t[i], ","))
			continue;
		if (t[i].kind != YTOK_VAR)
			return false;
		for (k = 0; k < p->rule->string_count; k++)
			if (names(&t[i], &p->rule->strings[k]))
				of_string(p, &s, k);
	}
	if (s.m == 0)
		return false;
	s.value = need < 0 ? (int64_t)s.m : need;
	emit(p, s);
	return true;
}

static bool
parse_compare(struct parser *p, const struct ytok *t, size_t n)
{
	struct step s = {.op = OP_FACT};
	int k;

	if (n != 3 || !comparison(&t[1], &s.cmp))
		return false;
	if (t[0].kind == YTOK_VAR && t[0].at[0] == '#' && t[2].kind == YTOK_VAR &&
	    t[2].at[0] == '#') {
		int other = string_number(p, &t[2]);

		k = string_number(p, &t[0]);
		if (k < 0 || other < 0)
			return false;
		s.op = OP_MORE;
		s.n = (unsigned)k;
		s.m = (unsigned)other;
		emit(p, s);
		return true;
	}
	if (!number(&t[2], &s.value))
		return false;
	if (t[0].kind == YTOK_VAR && t[0].at[0] == '#') {
		k = string_number(p, &t[0]);
		s.op = OP_COUNT;
	} else if (ytok_is(&t[0], "filesize")) {
		k = 0;
		s.op = OP_SIZE;
	} else
		k = t[0].kind == YTOK_WORD ? p->fact(t[0].at, t[0].len) : -1;
	if (k < 0)
		return false;
	s.n = (unsigned)k;
	emit(p, s);
	return true;
}

static bool
parse_word(struct parser *p, const struct ytok *t)
{
	int k;

	if (ytok_is(t, "true") || ytok_is(t, "false")) {
		emit_const(p, ytok_is(t, "true") ? CAN_TRUE : CAN_FALSE);
		return true;
	}
	if ((k = p->fact(t->at, t->len)) >= 0) {
		emit(p, (struct step){.op = OP_FACT, .cmp = CMP_NE, .n = (unsigned)k});
		return true;
	}
	if ((k = p->find_rule(p->arg, t->at, t->len)) >= 0) {
		emit(p, (struct step){.op = OP_RULE, .n = (unsigned)k});
		return true;
	}
	return false;
}

/* One part between and/or: pushes exactly one value. */
static void
parse_term(struct parser *p, size_t from, size_t to, unsigned deep)
{
	const struct ytok *t = p->rule->cond + from;
	size_t n = to - from, i, depth = 0;
	int k;

	if (n == 0 || deep > DEEP) {
		emit_unread(p);
		return;
	}
	if (ytok_is(&t[0], "not")) {
		parse_term(p, from + 1, to, deep + 1);
		emit(p, (struct step){.op = OP_NOT});
		return;
	}
	if (ytok_is(&t[0], "(")) {
		for (i = 0; i < n; i++) {
			depth += ytok_is(&t[i], "(");
			if (ytok_is(&t[i], ")") && --depth == 0)
				break;
		}
		if (i == n - 1) {
			parse_or(p, from + 1, to - 1, deep + 1);
			return;
		}
	}
	if (t[0].kind == YTOK_VAR && t[0].at[0] == '$' &&
	    (n == 1 || ytok_is(&t[1], "at") || ytok_is(&t[1], "in")) &&
	    (k = string_number(p, &t[0])) >= 0) {
		emit(p, (struct step){.op = OP_SEEN, .n = (unsigned)k});
		return;
	}
	if (parse_of(p, t, n) || parse_compare(p, t, n) ||
	    (n == 1 && t[0].kind == YTOK_WORD && parse_word(p, &t[0])))
		return;
	emit_unread(p);
}

/*
 * Split [from, to) at `word` outside brackets; a part goes down to the next level. Last
 * part first: a run goes from the end, and who writes a rule begins with what excludes most.
 */
static void
parse_split(struct parser *p, size_t from, size_t to, const char *word, enum op op,
	    unsigned deep)
{
	const struct ytok *c = p->rule->cond;
	size_t i, end = to, depth = 0;
	unsigned parts = 0;

	for (i = to;; i--) {
		if (i > from) {
			depth += ytok_is(&c[i - 1], ")");
			depth -= ytok_is(&c[i - 1], "(") && depth > 0;
			if (depth > 0 || c[i - 1].kind != YTOK_WORD ||
			    !ytok_is(&c[i - 1], word))
				continue;
		}
		if (op == OP_OR)
			parse_split(p, i, end, "and", OP_AND, deep);
		else
			parse_term(p, i, end, deep);
		parts++;
		if (i == from)
			break;
		end = i - 1;
	}
	if (parts > 1)
		emit(p, (struct step){.op = op, .n = parts});
}

static void
parse_or(struct parser *p, size_t from, size_t to, unsigned deep)
{
	parse_split(p, from, to, "or", OP_OR, deep);
}

struct cond *
cond_new(const struct yrule *r, unsigned string_base, cond_fact_fn fact,
	 cond_rule_fn rule, void *arg)
{
	struct parser p = {r,    string_base, fact,
			   rule, arg,         xcalloc(1, sizeof(struct cond))};

	parse_or(&p, 0, r->cond_count, 0);
	return p.out;
}

void
cond_free(struct cond **c)
{
	if (*c == NULL)
		return;
	free((*c)->step);
	free((*c)->list);
	free(*c);
	*c = NULL;
}

static unsigned
exactly(bool v)
{
	return v ? CAN_TRUE : CAN_FALSE;
}

static unsigned
run_of(const struct cond *c, const struct step *s, const struct cond_env *env)
{
	int64_t seen = 0;
	unsigned i;

	for (i = 0; i < s->m; i++)
		seen += env->seen[c->list[s->n + i]];
	return seen >= s->value ? CAN_BOTH : CAN_FALSE;
}

/* What is not seen is there 0 times; what is seen may be there, or not. */
static unsigned
run_more(const struct step *s, const struct cond_env *env)
{
	bool a = env->seen[s->n] != 0, b = env->seen[s->m] != 0;

	if (!a && !b)
		return exactly(compare(0, s->cmp, 0));
	if (!a && s->cmp == CMP_GT) /* none is not more than some */
		return CAN_FALSE;
	if (!b && s->cmp == CMP_LT)
		return CAN_FALSE;
	return CAN_BOTH;
}

static unsigned
run_step(const struct cond *c, const struct step *s, const struct cond_env *env)
{
	switch (s->op) {
	case OP_SEEN:
		return env->seen[s->n] ? CAN_BOTH : CAN_FALSE;
	case OP_COUNT:
		return env->seen[s->n] ? CAN_BOTH : exactly(compare(0, s->cmp, s->value));
	case OP_MORE:
		return run_more(s, env);
	case OP_OF:
		return run_of(c, s, env);
	case OP_FACT:
		return exactly(compare(env->facts[s->n], s->cmp, s->value));
	case OP_SIZE:
		return exactly(compare((int64_t)env->filesize, s->cmp, s->value));
	case OP_RULE:
		return env->rules[s->n] == COND_SURE    ? CAN_TRUE
		       : env->rules[s->n] == COND_MAYBE ? CAN_BOTH
							: CAN_FALSE;
	case OP_CONST:
	case OP_NOT:
	case OP_AND:
	case OP_OR:
		break;
	}
	return s->n;
}

static unsigned
swapped(unsigned v)
{
	return (v & CAN_TRUE ? CAN_FALSE : 0) | (v & CAN_FALSE ? CAN_TRUE : 0);
}

/* What the step at `at` can be, with its parts before it. */
static unsigned
run(const struct cond *c, size_t at, const struct cond_env *env)
{
	const struct step *s = &c->step[at];
	unsigned any, all, v, one, k;

	if (s->op == OP_NOT)
		return swapped(run(c, at - 1, env));
	if (s->op != OP_AND && s->op != OP_OR)
		return run_step(c, s, env);
	/* and: false if one can be, true if all can be; or: the mirror */
	any = s->op == OP_AND ? CAN_FALSE : CAN_TRUE;
	all = any ^ CAN_BOTH;
	for (v = all, k = 0; k < s->n && v != any; k++) {
		one = run(c, at - 1, env);
		at -= c->step[at - 1].span;
		if (one == any) /* certain: the others do not matter */
			v = any;
		else
			v |= one & any;
	}
	return v;
}

bool
cond_of_strings(const struct cond *c)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (c->step[i].op == OP_FACT || c->step[i].op == OP_RULE)
			return false;
	return !c->unread;
}

enum cond_answer
cond_ask(const struct cond *c, const struct cond_env *env)
{
	unsigned v = run(c, c->count - 1, env);

	return v == CAN_TRUE ? COND_SURE : v & CAN_TRUE ? COND_MAYBE : COND_NO;
}
