/*
 * php_side - data that goes on by another way than a value
 *
 * Job:     what a function puts into a parameter by reference, what is kept in a file, a
 *          stream, the output's buffer, a container, an exception, and read from there.
 * Touches: nothing.
 */
#include <string.h>
#include <strings.h>
#include "php_side.h"

#define DATA (TA_SHOWN | TA_OPAQUE)

/* --- parameters by reference --- */

/* The parameter, with room for what is known of it. */
static struct val *
of_param(struct php *p, struct node *k)
{
	if (k->v == NULL)
		k->v = php_alloc(p, sizeof(*k->v));
	return k->v;
}

/* What the body has made of one that came from around a closure. */
static void
to_outside(struct var *up, const struct var *at)
{
	uint32_t more = at->v.taint & TA_PASSED & ~up->v.taint;

	if (at->v.t != up->v.t || more != 0 ||
	    (at->v.t == V_STR && (at->v.u.s != up->v.u.s || at->v.len != up->v.len)))
		up->v.t = V_UNKNOWN; /* the body may have run, or not */
	up->v.taint |= more;
}

void
php_refs_out(struct php *p, struct node *f, struct scope *around)
{
	struct node *k;

	for (k = f->kid; k != NULL && k->kind == N_PARAM; k = k->next) {
		const struct var *at;
		uint32_t t;

		if (!(k->flags & NF_REF) ||
		    (at = php_var(p, p->scope, k->id, false)) == NULL)
			continue;
		if (k->flags & NF_USE) {
			to_outside(php_var(p, around, k->id, true), at);
			continue;
		}
		t = at->v.taint & TA_PASSED & ~of_param(p, k)->taint;
		if (t & ~k->v->len) {
			k->v->len |= t;
			p->again = true;
		}
	}
}

void
php_refs_back(struct php *p, struct node *f, const struct args *a)
{
	struct node *k;
	unsigned i = 0;

	for (k = f->kid; k != NULL && k->kind == N_PARAM && i < a->count; k = k->next) {
		struct var *at;

		if (k->flags & NF_USE)
			break;
		if ((k->flags & NF_REF) && a->n[i] != NULL &&
		    (at = php_lvalue(p, a->n[i], true)) != NULL) {
			p->kept += at->home != p->scope;
			if (!known(&a->v[i]) || at->v.t == V_NULL)
				at->v.t = V_UNKNOWN;
			at->v.taint |= a->v[i].taint & ~(uint32_t)TA_UNSET;
			at->v.taint |= k->v != NULL ? k->v->len : 0u;
		}
		if (!(k->flags & NF_SPREAD))
			i++;
	}
}

/* --- what a closure returns --- */

void
php_returns(struct php *p, uint32_t taint)
{
	struct node *f = p->scope->func;
	uint32_t t = taint & (TA_PASSED & ~(uint32_t)(TA_UNSET | TA_PROG)), *at;

	if (f == NULL || t == 0)
		return;
	at = f->id != 0 ? &p->names.v[f->id].taint : &of_param(p, f)->len;
	if (t & ~*at) {
		*at |= t;
		p->again = true;
	}
}

uint32_t
php_returned(const struct node *closure)
{
	return closure->id == 0 && closure->v != NULL ? closure->v->len : 0;
}

/* --- files, streams, the output's buffer --- */

/* The name under which a path's holding is kept, 0 if it is not known. */
static uint32_t
path_id(struct php *p, const struct val *path, bool make)
{
	char name[260];

	if (path->t != V_STR || path->len == 0 || path->len >= 256)
		return 0;
	name[0] = '>'; /* paths share the table of names */
	memcpy(name + 1, path->u.s, path->len);
	if (!make)
		return php_find(p, name, path->len + 1u, false);
	if (php_find(p, name, path->len + 1u, false) == 0)
		return php_intern(
		    p, memcpy(php_raw(p, path->len + 1u), name, path->len + 1u),
		    path->len + 1u, false);
	return php_find(p, name, path->len + 1u, false);
}

static void
hold(struct php *p, struct var *at, uint32_t id, uint32_t t)
{
	if (at != NULL && (t & ~at->wrote)) {
		p->kept++;
		at->wrote |= t;
		p->again = p->again || p->scope != p->globals;
	}
	if (id != 0)
		p->names.v[id].taint |= t;
}

static struct var *
place_of(struct php *p, struct node *an)
{
	return an != NULL ? php_lvalue(p, an, false) : NULL;
}

void
php_holds(struct php *p, struct node *an, const struct val *where, uint32_t taint)
{
	uint32_t t = php_bare(taint) & (TA_REQUESTED | TA_REMOTE | TA_B64);

	if (p->concrete || !(t & (TA_REQUESTED | TA_REMOTE)))
		return;
	hold(p, place_of(p, an), path_id(p, where, true), t);
	if (where->t != V_STR && (where->taint & TA_OPENED) == 0)
		hold(p, p->opened_var, p->opened_id, t);
}

uint32_t
php_held(struct php *p, struct node *an, const struct val *where)
{
	const struct var *at = place_of(p, an);
	uint32_t id = path_id(p, where, false);

	if (where->taint & TA_OPENED)
		return 0; /* the other end says it */
	return (at != NULL ? at->wrote : 0) | (id != 0 ? p->names.v[id].taint : 0);
}

void
php_opens(struct php *p, struct node *an, const struct val *path)
{
	if (p->concrete)
		return;
	p->opened_var = place_of(p, an);
	p->opened_id = path_id(p, path, true);
}

void
php_prints(struct php *p, uint32_t taint)
{
	struct args given PHP_UNSET;

	if (!p->buffered || p->concrete || !(taint & DATA))
		return;
	p->printed |= taint & DATA;
	if (p->printer == NULL)
		return;
	given.count = 1;
	given.taint = 0;
	memset(&given.v[0], 0, sizeof(given.v[0]));
	given.v[0].taint = php_bare(taint) & DATA;
	php_pass_taint(p, p->printer, &given);
}

void
php_buffers(struct php *p, const struct args *a)
{
	uint32_t id;

	if (p->concrete)
		return;
	p->buffered = true;
	if (a->count == 0)
		return;
	if (a->v[0].t == V_FUNC)
		p->printer = a->v[0].u.f;
	else if (a->v[0].t == V_STR && (id = php_find(p, a->v[0].u.s, a->v[0].len, true)))
		p->printer = p->names.v[id].func;
}

/* --- containers, exceptions --- */

/* A method that puts what it is given into its object. */
static bool
stores(const struct val *name)
{
	static const char *const list[] = {"push",   "enqueue",   "unshift", "append",
					   "attach", "offsetset", "insert",  "add"};
	size_t i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (name->len == strlen(list[i]) &&
		    strncasecmp(name->u.s, list[i], name->len) == 0)
			return true;
	return false;
}

void
php_stored(struct php *p, struct node *object, const struct val *method, uint32_t taint)
{
	uint32_t t = php_bare(taint) & DATA;
	struct var *at;

	if (p->concrete || t == 0 || !stores(method) ||
	    (at = php_lvalue(p, object, true)) == NULL)
		return;
	if (at->v.t == V_NULL)
		at->v.t = V_UNKNOWN;
	at->v.taint |= t;
}

/* new ArrayObject, new Exception: the name ends so. */
static bool
ends(const struct node *name, const char *with)
{
	size_t n = strlen(with);

	return name->len >= n && strncasecmp(name->s + name->len - n, with, n) == 0;
}

void
php_thrown(struct php *p, const struct node *class, uint32_t taint)
{
	if (!p->concrete && (ends(class, "exception") || ends(class, "error")))
		p->thrown |= php_bare(taint) & DATA;
}

/* --- closures kept for later --- */

void
php_keep_closure(struct php *p, struct node *f)
{
	if (p->closure_n < CLOSURES_MAX)
		p->closure[p->closure_n++] = f;
}

void
php_give_closures(struct php *p, uint32_t taint)
{
	struct args given PHP_UNSET;
	unsigned i;

	if (p->concrete || !(taint & TA_REQUESTED))
		return;
	given.count = 2;
	given.taint = 0;
	memset(given.v, 0, 2 * sizeof(given.v[0]));
	given.v[0].taint = given.v[1].taint = php_bare(taint) & DATA;
	php_step(p, 4 * p->closure_n);
	for (i = 0; i < p->closure_n; i++)
		php_pass_taint(p, p->closure[i], &given);
}

uint32_t
php_closures_return(const struct php *p)
{
	uint32_t t = 0;
	unsigned i;

	for (i = 0; i < p->closure_n; i++)
		t |= php_returned(p->closure[i]);
	return php_bare(t) & DATA;
}

uint32_t
php_magic(const struct php *p, const char *name)
{
	uint32_t id = php_find(p, name, strlen(name), true);

	if (id == 0 || p->names.v[id].func == NULL ||
	    !(p->names.v[id].func->flags & NF_METHOD))
		return 0;
	return php_bare(p->names.v[id].taint) & DATA;
}
