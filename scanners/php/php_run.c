/*
 * php_run - functions of the file
 *
 * Job:     run on known values; otherwise the taint of the arguments goes on to the body
 *          and what it returns.
 * Touches: nothing.
 */
#include <string.h>
#include "php_side.h"

#define CALLS_MAX 60      /* functions of the file run in each other */
#define RUN_STEPS 2400000 /* for one call from code that is walked */
#define RUN_FAILS 3       /* then it is not tried again; counted in the node's join */

void
php_pass_taint(struct php *p, struct node *f, const struct args *a)
{
	struct node *k;
	unsigned i;
	uint32_t all = 0;

	for (i = 0; i < a->count; i++)
		all |= a->v[i].taint & TA_SHOWN;
	if (f->id != 0 && (all & ~p->names.v[f->id].given)) {
		p->names.v[f->id].given |= all;
		p->again = p->again || (f->flags & NF_ALLARGS);
	}
	i = 0;
	for (k = f->kid; k != NULL && k->kind == N_PARAM && i < a->count; k = k->next) {
		uint32_t t = a->v[i].taint & TA_PASSED;

		if (k->flags & NF_USE)
			break;
		if (k->v == NULL)
			k->v = php_alloc(p, sizeof(*k->v));
		if (t & ~k->v->taint) {
			k->v->taint |= t;
			if (f->flags & NF_SEEN)
				p->again = true;
		}
		if (!(k->flags & NF_SPREAD))
			i++;
	}
}

/* A parameter by reference is the variable it was called with. */
static void
bind_ref(struct php *p, struct scope *s, struct var *at, struct node *an)
{
	struct var *target;

	p->scope = s->up;
	target = php_lvalue(p, an, true);
	p->scope = s;
	if (target == NULL || target == at)
		return;
	p->kept++;
	at->link = target;
}

static struct node *
bind(struct php *p, struct node *f, struct scope *s, const struct args *from,
     const struct val *a, unsigned n)
{
	struct node *k;
	unsigned i = 0;

	for (k = f->kid; k != NULL && k->kind == N_PARAM; k = k->next) {
		struct var *at = php_var(p, s, k->id, true);

		if (k->flags & NF_USE) {
			struct var *out = php_var(p, s->up, k->id, false);

			if (out == NULL)
				out = php_var(p, p->globals, k->id, false);
			if (out != NULL)
				at->v = out->v;
		} else if (i < n) {
			at->v = a[i];
			if ((k->flags & NF_REF) && from != NULL && from->n[i] != NULL)
				bind_ref(p, s, at, from->n[i]);
			i++;
		} else if (k->kid != NULL) {
			at->v = php_eval(p, k->kid);
		}
		if (at->v.t == V_ARR)
			at->v.u.a->shared = true;
	}
	return k;
}

/* The memory of a run whose only result is *out. */
static void
give_back(struct php *p, struct place place, struct val *out)
{
	char small[512];
	char *copy;
	const char *names[16];
	const struct trail *t;
	unsigned n = 0;

	switch (out->t) {
	case V_STR:
		if (out->len > sizeof(small))
			return;
		for (t = out->how; t != NULL && n < 16; t = t->prev)
			names[n++] = t->name;
		memcpy(small, out->u.s, out->len);
		php_release(p, place);
		copy = php_raw(p, out->len);
		memcpy(copy, small, out->len);
		out->u.s = copy;
		out->own = NULL;
		for (out->how = NULL; n > 0; n--)
			php_trail(p, out, out->how, names[n - 1]);
		break;
	case V_ARR:
	case V_FUNC:
		break;
	default:
		out->how = NULL;
		out->flags = 0;
		php_release(p, place);
		break;
	}
}

bool
php_run(struct php *p, struct node *f, const struct args *from, const struct val *a,
	unsigned n, struct val *out)
{
	struct scope *s, *was = p->scope;
	struct val ret = p->ret;
	unsigned cond = p->cond, loop = p->loop;
	struct node *body;
	enum flow flow;
	struct place place = php_place(p);
	unsigned vain = p->vain;
	uint64_t kept = p->kept;

	if (p->calls >= CALLS_MAX || p->loop_steps > p->lim.loop_steps)
		return false;
	s = php_scope_new(p, was);
	s->func = f;
	p->calls++;
	p->concrete++;
	p->cond = p->loop = p->vain = 0;
	memset(&p->ret, 0, sizeof(p->ret));
	p->ret.t = V_NULL;
	p->scope = s;
	body = bind(p, f, s, from, a, n);
	if (body == NULL) {
		flow = F_FAIL;
	} else if (f->flags & NF_ARROW) {
		p->ret = php_eval(p, body);
		flow = F_RETURN;
	} else {
		flow = php_exec(p, body);
	}
	*out = p->ret;
	p->scope = was;
	p->ret = ret;
	p->cond = cond;
	p->loop = loop;
	p->vain = vain;
	p->concrete--;
	p->calls--;
	if (p->kept == kept)
		give_back(p, place, out);
	return (flow == F_RETURN || flow == F_ON) && known(out);
}

static bool
has_body(const struct node *f)
{
	const struct node *k = f->kid;

	while (k != NULL && k->kind == N_PARAM)
		k = k->next;
	return k != NULL && (k->kind != N_BLOCK || k->kid != NULL);
}

/* Run it, if it has not failed too often, within a share of the budget. */
static bool
try_run(struct php *p, struct node *f, const struct args *a, struct val *v)
{
	uint64_t was = p->loop_steps, max = p->lim.loop_steps;
	bool ok;

	if (was >= max || f->join >= RUN_FAILS)
		return false;
	if (p->concrete) {
		ok = php_run(p, f, a, a->v, a->count, v);
		f->join = (uint8_t)(f->join + !ok);
		return ok;
	}
	if (max - was > RUN_STEPS)
		p->lim.loop_steps = was + RUN_STEPS;
	ok = php_run(p, f, a, a->v, a->count, v);
	if (!ok)
		f->join = (uint8_t)(p->loop_steps > p->lim.loop_steps ? RUN_FAILS
								      : f->join + 1);
	p->lim.loop_steps = max;
	return ok;
}

struct val
php_call_own(struct php *p, struct node *f, const struct args *a, uint32_t ret_taint)
{
	struct val v;

	if (!p->concrete)
		php_pass_taint(p, f, a);
	if (a->known && has_body(f) && try_run(p, f, a, &v)) {
		php_refs_back(p, f, a);
		v.taint |= ret_taint & ~(uint32_t)TA_OPAQUE;
		if (v.t == V_STR)
			v.flags |= VF_HID;
		return v;
	}
	php_refs_back(p, f, a);
	if (a->known && a->count > 0 && a->v[0].t == V_STR && a->v[0].len >= 8 &&
	    !(f->flags & NF_METHOD) && has_body(f))
		ret_taint |= TA_OWN;
	return php_unknown((a->taint & ~TA_RISKY) | ret_taint);
}
