/*
 * php_exec - run decoders
 *
 * Job:     statements on known values, as PHP would, until something that matters is
 *          not known (F_FAIL) or the budget for running is spent. Only pure functions
 *          are computed; nothing leaves the evaluator.
 * Touches: nothing.
 */
#include <string.h>
#include "php_int.h"

#define VAIN_MAX 8 /* a loop that computes nothing known is no decoder */

static enum flow
truth(struct php *p, struct node *n, bool *out)
{
	struct val v = php_eval(p, n);

	if (!known(&v))
		return F_FAIL;
	*out = php_truthy(&v);
	return F_ON;
}

/* After a body: does the loop go on? */
static bool
leaves(struct php *p, enum flow *flow)
{
	if (php_tired(p) || p->vain > VAIN_MAX)
		*flow = F_FAIL;
	if (*flow == F_ON || *flow == F_CONTINUE) {
		*flow = F_ON;
		return false;
	}
	if (*flow == F_BREAK)
		*flow = F_ON;
	return true;
}

static enum flow
list_eval(struct php *p, struct node *n)
{
	struct node *k;

	for (k = n->kid; k != NULL; k = k->next) {
		struct val v = php_eval(p, k);

		p->vain += !known(&v) || n->kind == N_ECHO;
	}
	return F_ON;
}

static bool
is_var(const struct node *n, uint32_t id)
{
	return n->kind == N_VAR && n->id == id;
}

/* Only chr, ord, constants, operators and $s[$i]? */
static bool
of_one_byte(struct php *p, const struct node *n, uint32_t s, uint32_t i)
{
	const struct node *k = n->kid;

	php_step(p, 1);
	switch (n->kind) {
	case N_NUM:
	case N_LIT:
		return true;
	case N_INDEX:
		return is_var(k, s) && k->next != NULL && is_var(k->next, i);
	case N_CALL:
		if (k->kind != N_NAME || (k->w != W_CHR && k->w != W_ORD))
			return false;
		k = k->next;
		break;
	case N_CHAIN:
	case N_UNARY:
		break;
	default:
		return false;
	}
	for (; k != NULL; k = k->next)
		if (!of_one_byte(p, k, s, i))
			return false;
	return true;
}

/*
 * for ($i = 0; $i < strlen($s); $i++) $s[$i] = f($s[$i]): by a table of 256, for it is
 * common and the strings are long. False: not of that form, nothing done.
 */
static bool
byte_map(struct php *p, struct node *cond, struct node *step, struct node *body)
{
	struct node *c = cond->kid, *set = body, *len;
	struct var *s, *i;
	struct val one;
	unsigned char map[256];
	char *to;
	uint32_t k, n;
	unsigned b;

	while (set != NULL && set->kind == N_BLOCK && set->kid != NULL &&
	       set->kid->next == NULL)
		set = set->kid;
	if (c == NULL || c->next != NULL || c->kind != N_CHAIN || c->op != O_LT ||
	    set == NULL || set->kind != N_EXPR || step->kid == NULL ||
	    step->kid->kind != N_INC || step->kid->op != O_INC)
		return false;
	set = set->kid;
	len = c->kid->next;
	if (c->kid->kind != N_VAR || len->next != NULL || len->kind != N_CALL ||
	    len->kid->kind != N_NAME || len->kid->w != W_STRLEN ||
	    len->kid->next == NULL || len->kid->next->kind != N_VAR ||
	    !is_var(step->kid->kid, c->kid->id))
		return false;
	if (set->kind != N_ASSIGN || set->op != O_SET || set->kid->kind != N_INDEX ||
	    !of_one_byte(p, set->kid, len->kid->next->id, c->kid->id) ||
	    !of_one_byte(p, set->kid->next, len->kid->next->id, c->kid->id))
		return false;
	s = php_var(p, p->scope, len->kid->next->id, false);
	i = php_var(p, p->scope, c->kid->id, false);
	if (s == NULL || i == NULL || s == i || s->v.t != V_STR || i->v.t != V_INT ||
	    i->v.u.i != 0)
		return false;
	one = s->v;
	for (b = 0; b < 256; b++) {
		struct val v;

		s->v.u.s = p->byte + b;
		s->v.len = 1;
		s->v.own = NULL;
		v = php_eval(p, set->kid->next);
		if (v.t != V_STR || v.len == 0) {
			s->v = one;
			return false;
		}
		map[b] = (unsigned char)v.u.s[0];
	}
	s->v = one;
	n = one.len;
	php_step(p, n / 8);
	p->kept += s->home != p->scope;
	to = php_raw(p, n);
	for (k = 0; k < n; k++)
		to[k] = (char)map[(unsigned char)one.u.s[k]];
	s->v.u.s = to;
	s->v.own = NULL;
	php_trail(p, &s->v, one.how, "bytes");
	i->v.u.i = n;
	return true;
}

static enum flow
run_for(struct php *p, struct node *n)
{
	struct node *init = n->kid, *cond = init->next, *step = cond->next,
		    *body = step->next, *k;
	enum flow flow = F_ON;
	bool go = true;

	(void)list_eval(p, init);
	if (byte_map(p, cond, step, body))
		return F_ON;
	for (;;) {
		for (k = cond->kid; k != NULL; k = k->next)
			if (truth(p, k, &go) == F_FAIL)
				return F_FAIL;
		if (!go)
			return F_ON;
		flow = php_exec(p, body);
		if (leaves(p, &flow))
			return flow;
		(void)list_eval(p, step);
	}
}

static enum flow
run_while(struct php *p, struct node *n)
{
	struct node *cond = n->kind == N_DO ? n->kid->next : n->kid;
	struct node *body = n->kind == N_DO ? n->kid : n->kid->next;
	enum flow flow;
	bool go = true;

	for (;;) {
		if (n->kind == N_WHILE && truth(p, cond, &go) == F_FAIL)
			return F_FAIL;
		if (!go)
			return F_ON;
		flow = php_exec(p, body);
		if (leaves(p, &flow))
			return flow;
		if (n->kind == N_DO && truth(p, cond, &go) == F_FAIL)
			return F_FAIL;
	}
}

static enum flow
run_foreach(struct php *p, struct node *n)
{
	struct node *value = n->kid->next, *body = value->next, *key = body->next;
	struct val v = php_eval(p, n->kid), k;
	enum flow flow;
	uint32_t i;
	const struct arr *a;

	if (v.t != V_ARR)
		return F_FAIL;
	v.u.a->shared = true;
	a = v.u.a;
	for (i = 0; i < a->n; i++) {
		if (a->e[i].dead)
			continue;
		php_assign(p, value, &a->e[i].v);
		if (key != NULL) {
			if (a->e[i].k.s != NULL)
				php_v_str(&k, a->e[i].k.s, a->e[i].k.len);
			else
				php_v_int(&k, a->e[i].k.i);
			php_assign(p, key, &k);
		}
		flow = php_exec(p, body);
		if (leaves(p, &flow))
			return flow;
	}
	return F_ON;
}

static enum flow
run_if(struct php *p, struct node *n)
{
	struct node *k = n->kid;
	bool go = false;

	while (k != NULL && k->next != NULL) {
		if (truth(p, k, &go) == F_FAIL)
			return F_FAIL;
		if (go)
			return php_exec(p, k->next);
		k = k->next->next;
	}
	return k != NULL ? php_exec(p, k) : F_ON;
}

static enum flow
run_switch(struct php *p, struct node *n)
{
	struct val v = php_eval(p, n->kid), c;
	struct node *k, *from = NULL;
	enum flow flow = F_ON;

	if (!known(&v))
		return F_FAIL;
	for (k = n->kid->next; k != NULL && from == NULL; k = k->next) {
		int eq;

		if (k->kid->kind == N_NOP)
			continue;
		c = php_eval(p, k->kid);
		eq = php_loose_eq(p, &v, &c);
		if (eq < 0)
			return F_FAIL;
		if (eq)
			from = k;
	}
	for (k = n->kid->next; k != NULL && from == NULL; k = k->next)
		if (k->kid->kind == N_NOP)
			from = k;
	for (; from != NULL && flow == F_ON; from = from->next)
		if (from->kid->next != NULL)
			flow = php_exec(p, from->kid->next);
	return flow == F_BREAK || flow == F_CONTINUE ? F_ON : flow;
}

/* The statement after a label in this list; NULL if it is not here. */
static struct node *
labelled(struct php *p, struct node *first, uint32_t id)
{
	for (; first != NULL; first = first->next) {
		php_step(p, 1);
		if (first->kind == N_LABEL && first->id == id)
			return first;
	}
	return NULL;
}

enum flow
php_exec_list(struct php *p, struct node *first)
{
	struct node *k = first;
	enum flow flow;

	while (k != NULL) {
		flow = php_exec(p, k);
		if (flow == F_GOTO) {
			k = labelled(p, first, p->ret_id);
			if (k == NULL || php_tired(p))
				return k == NULL ? F_GOTO : F_FAIL;
			continue;
		}
		if (flow != F_ON)
			return flow;
		k = k->next;
	}
	return F_ON;
}

static enum flow
run_jump(struct php *p, struct node *n)
{
	switch (n->w) {
	case W_BREAK:
	case W_CONTINUE:
		if (n->kid != NULL &&
		    !(n->kid->kind == N_NUM && n->kid->len == 1 && n->kid->s[0] == '1'))
			return F_FAIL; /* out of several loops: rare */
		return n->w == W_BREAK ? F_BREAK : F_CONTINUE;
	case W_RETURN:
		if (n->kid != NULL) {
			p->ret = php_eval(p, n->kid);
		} else {
			memset(&p->ret, 0, sizeof(p->ret));
			p->ret.t = V_NULL;
		}
		return F_RETURN;
	case W_GOTO:
		p->ret_id = n->id;
		return F_GOTO;
	default:
		return F_FAIL;
	}
}

static enum flow
run(struct php *p, struct node *n)
{
	switch (n->kind) {
	case N_BLOCK:
		return php_exec_list(p, n->kid);
	case N_EXPR:
	case N_ECHO:
	case N_UNSET:
		return list_eval(p, n);
	case N_IF:
		return run_if(p, n);
	case N_FOR:
		return run_for(p, n);
	case N_WHILE:
	case N_DO:
		return run_while(p, n);
	case N_FOREACH:
		return run_foreach(p, n);
	case N_SWITCH:
		return run_switch(p, n);
	case N_JUMP:
		return run_jump(p, n);
	case N_GLOBAL:
		php_globals(p, n);
		return F_ON;
	case N_STATIC:
		return list_eval(p, n);
	case N_TRY:
		return n->kid != NULL ? php_exec(p, n->kid) : F_ON;
	case N_FUNC:
	case N_CLASS:
	case N_LABEL:
	case N_NOP:
	case N_HTML:
		return F_ON;
	default:
		return F_FAIL;
	}
}

enum flow
php_exec(struct php *p, struct node *n)
{
	enum flow flow;

	php_step(p, 1);
	if (php_tired(p) || p->depth >= DEPTH_MAX)
		return F_FAIL;
	p->depth++;
	flow = run(p, n);
	p->depth--;
	return flow;
}
