/*
 * php_control - if, loops, switch
 *
 * Job:     walk what may run, or run often; try to run loops whose inputs are known.
 * Touches: nothing.
 */
#include <string.h>
#include "php_side.h"
#include "php_walk.h"

#define TRY_STEPS 1500000 /* for one loop */
#define LISTED_STEPS 8    /* to see whether one of a list names a sink */

bool
php_same_place(const struct node *a, const struct node *b)
{
	if (a == NULL || b == NULL || a->kind != b->kind)
		return false;
	switch (a->kind) {
	case N_VAR:
	case N_LIT:
		return a->len == b->len && memcmp(a->s, b->s, a->len) == 0;
	case N_INDEX:
		return php_same_place(a->kid, b->kid) &&
		       php_same_place(a->kid->next, b->kid->next);
	default:
		return false;
	}
}

/* Constants, none of which PHP holds equal to another's text. *how_out: for php_apart(). */
static bool
constants(struct php *p, const struct val *list, bool strict, uint32_t *how_out)
{
	uint32_t i, n = 0;

	*how_out = TA_LISTED;
	if (list == NULL || list->t != V_ARR || (php_bare(list->taint) & TA_REQUESTED))
		return false;
	php_step(p, (uint64_t)list->u.a->n * LISTED_STEPS);
	for (i = 0; i < list->u.a->n; i++) {
		const struct val *v = &list->u.a->e[i].v;

		if (list->u.a->e[i].dead)
			continue;
		n++;
		if (v->t == V_STR && v->len > 0) {
			if (php_names_sink(v))
				*how_out |= TA_RISKY;
		} else if (!strict || v->t == V_UNKNOWN || v->t == V_ARR) {
			return false;
		}
	}
	return n > 0;
}

/* The same of an array's keys, which PHP compares as they are. */
static bool
constant_keys(struct php *p, const struct val *list, uint32_t *how_out)
{
	uint32_t i, n = 0;

	*how_out = TA_LISTED;
	if (list == NULL || list->t != V_ARR || (php_bare(list->taint) & TA_REQUESTED))
		return false;
	php_step(p, (uint64_t)list->u.a->n * LISTED_STEPS);
	for (i = 0; i < list->u.a->n; i++) {
		const struct ent *e = &list->u.a->e[i];
		struct val key = {.t = V_STR, .u.s = e->k.s, .len = e->k.len};

		if (e->dead)
			continue;
		n++;
		if (e->k.s != NULL && php_names_sink(&key))
			*how_out |= TA_RISKY;
	}
	return n > 0;
}

static bool
is_true(const struct node *n)
{
	return n != NULL && n->kind == N_NAME && n->len == 4 &&
	       strncasecmp(n->s, "true", 4) == 0;
}

struct node *
php_listed(struct php *p, struct node *cond, bool *not_out, uint32_t *how_out)
{
	struct node *k, *what, *list;
	bool miss = cond->kind == N_UNARY && cond->op == O_NOT;

	if (cond->kind == N_CHAIN && (cond->op == O_ANDAND || cond->op == O_OROR)) {
		for (k = cond->kid; k != NULL; k = k->next)
			if (k->kind != N_CHAIN &&
			    (what = php_listed(p, k, not_out, how_out)) != NULL &&
			    *not_out == (cond->op == O_OROR))
				return what;
		return NULL;
	}
	*not_out = miss;
	if (miss)
		cond = cond->kid;
	if (cond->kind != N_CALL || cond->kid->kind != N_NAME ||
	    (what = cond->kid->next) == NULL || (list = what->next) == NULL ||
	    !(cond->kid->w == W_IN_ARRAY
		  ? constants(p, list->v, is_true(list->next), how_out)
		  : cond->kid->w == W_ARRAY_KEY_EXISTS &&
			constant_keys(p, list->v, how_out)))
		return NULL;
	if (what->kind == N_CALL && what->kid->w == W_STRTOLOWER)
		what = what->kid->next;
	return what;
}

/* Does the statement leave what follows it? Not by break: where that is allowed, what
 * follows the loop is reached all the same. */
static bool
leaves(const struct node *n)
{
	const struct node *last = n;

	if (n->kind == N_BLOCK)
		for (last = n->kid; last != NULL && last->next != NULL; last = last->next)
			;
	if (last == NULL)
		return false;
	return (last->kind == N_JUMP && last->w == W_RETURN) ||
	       (last->kind == N_EXPR && last->kid->kind == N_KW &&
		(last->kid->w == W_EXIT || last->kid->w == W_DIE ||
		 last->kid->w == W_THROW));
}

/* if (0), if (false): what stands there excuses nothing. */
static bool
never(const struct node *cond)
{
	if (cond->kind == N_NAME)
		return cond->w == W_FALSE || cond->w == W_NULL;
	return (cond->kind == N_NUM && cond->v != NULL && !php_truthy(cond->v)) ||
	       (cond->kind == N_LIT && cond->len == 0);
}

/* The body; what the condition has found in a list is no longer the request's choice. */
static void
if_body(struct php *p, struct node *cond, struct node *body)
{
	bool miss, flat = p->cond == (p->scope->func != NULL);
	uint32_t how = 0, listed_how = p->listed_how;
	struct node *what = php_listed(p, cond, &miss, &how);
	struct var *at =
	    what != NULL && what->kind == N_VAR ? php_lvalue(p, what, false) : NULL;
	uint32_t was = at != NULL ? at->v.taint : 0;
	const struct node *around = p->listed;

	if (at != NULL && !miss)
		at->v.taint = php_apart(at->v.taint, how);
	if (what != NULL && what->kind == N_INDEX && !miss) {
		p->listed = what;
		p->listed_how = how;
	}
	p->dead += never(cond);
	php_guarded(p, body);
	p->dead -= never(cond);
	p->listed = around;
	p->listed_how = listed_how;
	if (at != NULL && !miss)
		at->v.taint |= was;
	if (at != NULL && miss && flat && body->next == NULL && leaves(body))
		at->v.taint = php_apart(at->v.taint, how);
}

void
php_walk_if(struct php *p, struct node *n)
{
	struct node *k = n->kid;
	bool more = false;

	while (k != NULL && k->next != NULL) {
		php_head(p, more ? "elseif" : "if", k);
		if_body(p, k, k->next);
		php_tail(p);
		k = k->next->next;
		more = true;
	}
	if (k != NULL) {
		php_line(p, "else{\n");
		php_guarded(p, k);
		php_tail(p);
	}
}

/* Run a loop on what is known before it: true if it came to its end. */
static bool
try_loop(struct php *p, struct node *n)
{
	uint64_t was = p->loop_steps, max = p->lim.loop_steps;
	enum flow flow = F_FAIL;

	if (was >= max || (n->flags & NF_BUSY))
		return false;
	if (max - was > TRY_STEPS)
		p->lim.loop_steps = was + TRY_STEPS;
	p->vain = 0;
	p->concrete++;
	flow = php_exec(p, n);
	p->concrete--;
	p->lim.loop_steps = max;
	if (flow == F_FAIL)
		n->flags |= NF_BUSY; /* not again when it is walked again */
	return flow == F_ON || flow == F_BREAK || flow == F_CONTINUE;
}

/*
 * Walk the body without the values it assigns: what it finds on its first turn is not
 * what it finds later. If the loop was run to its end, its results come back after.
 */
static void
loop_body(struct php *p, struct node *n, struct node *body, bool ran)
{
	struct saved *was = p->saved, *s;

	p->saved = NULL;
	php_forget(p, n);
	s = p->saved;
	p->saved = was;
	p->loop++;
	php_guarded(p, body);
	p->loop--;
	for (; ran && s != NULL; s = s->next) {
		uint32_t taint = s->at->v.taint;

		s->at->v = s->v;
		s->at->v.taint |= taint;
	}
}

static void
loop_head(struct php *p, struct node *n)
{
	struct node *k = n->kid;

	switch (n->kind) {
	case N_WHILE:
		php_head(p, "while", k);
		break;
	case N_FOR:
		php_line(p, "for(;");
		if (k->next->kid != NULL)
			(void)php_eval_show(p, k->next->kid);
		php_line(p, ";){\n");
		php_flush_marks(p);
		break;
	default:
		php_line(p, "do{\n");
		break;
	}
}

void
php_walk_loop(struct php *p, struct node *n)
{
	struct node *k = n->kid, *i;
	bool ran;

	if (n->kind == N_FOR) /* its first part runs in any case */
		for (i = k->kid; i != NULL; i = i->next) {
			(void)php_eval_show(p, i);
			php_line(p, ";\n");
		}
	ran = try_loop(p, n);
	loop_head(p, n);
	loop_body(p, n,
		  n->kind == N_DO      ? k
		  : n->kind == N_WHILE ? k->next
				       : k->next->next->next,
		  ran);
	if (n->kind == N_DO)
		(void)php_eval(p, k->next);
	if (n->kind == N_FOR)
		for (i = k->next->next->kid; i != NULL; i = i->next)
			(void)php_eval(p, i);
	php_tail(p);
}

/* foreach (['_GET', '_POST'] as $n) .. $$n: the name of request data stands for it. */
static uint32_t
names_request(struct php *p, const struct val *list)
{
	uint32_t i, n = 0;

	if (list->t != V_ARR || list->u.a->n > 8)
		return 0;
	for (i = 0; i < list->u.a->n; i++) {
		const struct val *v = &list->u.a->e[i].v;
		unsigned w = v->t == V_STR ? php_word(p, v->u.s, v->len) : W_NONE;

		n += w == W_U_GET || w == W_U_POST || w == W_U_REQUEST || w == W_U_COOKIE;
	}
	return n != 0 && n == list->u.a->live ? TA_REQUEST : 0;
}

/* foreach ($a as &$v): what the body has put into $v is in $a. */
static void
changed_by_ref(struct php *p, struct node *list, struct node *value)
{
	struct var *to = php_lvalue(p, list, false), *from = php_lvalue(p, value, false);

	if (to == NULL || from == NULL || !(from->v.taint & ~to->v.taint & TA_PASSED))
		return;
	p->kept += to->home != p->scope;
	to->v.t = V_UNKNOWN;
	to->v.taint |= from->v.taint & TA_PASSED;
}

void
php_walk_foreach(struct php *p, struct node *n)
{
	struct node *value = n->kid->next, *body = value->next, *key = body->next;
	struct val v, one;
	bool ran = false;

	php_line(p, "foreach(");
	v = php_eval_show(p, n->kid);
	php_line(p, " as ");
	if ((v.taint & TA_REQUESTED) && n->kid->kind == N_VAR && n->kid->w != W_NONE &&
	    !(n->flags & NF_SEEN)) {
		n->flags |= NF_SEEN;
		p->f->request_all++;
	}
	if (v.t == V_ARR)
		ran = try_loop(p, n);
	if (v.t == V_UNKNOWN)
		v.taint |= php_magic(p, "getiterator") | php_magic(p, "current");
	memset(&one, 0, sizeof(one));
	one.taint = (v.taint & ~(uint32_t)TA_LIST) | names_request(p, &v);
	php_assign(p, value, &one);
	if (key != NULL) {
		php_assign(p, key, &one);
		(void)php_eval_show(p, key);
		php_line(p, "=>");
	}
	(void)php_eval_show(p, value);
	php_line(p, "){\n");
	php_flush_marks(p);
	loop_body(p, n, body, ran);
	if (n->flags & NF_REF)
		changed_by_ref(p, n->kid, value);
	php_tail(p);
}

void
php_walk_switch(struct php *p, struct node *n)
{
	struct node *c;

	php_head(p, "switch", n->kid);
	for (c = n->kid->next; c != NULL; c = c->next) {
		php_line(p, "case ");
		if (c->kid->kind != N_NOP)
			(void)php_eval_show(p, c->kid);
		php_line(p, ":\n");
		if (c->kid->next != NULL)
			php_guarded(p, c->kid->next);
	}
	php_tail(p);
}
