/*
 * php_scope - variables
 *
 * Job:     scopes, references, what an assignment changes; what is assigned in code
 *          that may not run is merged with what was there, its taint never lost.
 * Touches: nothing.
 */
#include <string.h>
#include "php_int.h"

struct scope *
php_scope_new(struct php *p, struct scope *up)
{
	struct scope *s = php_alloc(p, sizeof(*s));

	s->up = up;
	s->slots = 16;
	s->slot = php_alloc(p, s->slots * sizeof(struct var *));
	return s;
}

static uint32_t
place(const struct scope *s, uint32_t id)
{
	return (id * 2654435761u >> 7) & (s->slots - 1);
}

static void
widen(struct php *p, struct scope *s)
{
	struct var **old = s->slot;
	uint32_t i, n = s->slots;

	s->slots *= 2;
	s->slot = php_alloc(p, s->slots * sizeof(struct var *));
	for (i = 0; i < n; i++) {
		uint32_t at;

		if (old[i] == NULL)
			continue;
		at = place(s, old[i]->id);
		while (s->slot[at] != NULL)
			at = (at + 1) & (s->slots - 1);
		s->slot[at] = old[i];
	}
}

struct var *
php_var(struct php *p, struct scope *s, uint32_t id, bool make)
{
	uint32_t at;
	struct var *v;

	for (at = place(s, id); (v = s->slot[at]) != NULL; at = (at + 1) & (s->slots - 1))
		if (v->id == id)
			return v->link != NULL ? v->link : v;
	if (!make)
		return NULL;
	if (s->n * 2 >= s->slots) {
		widen(p, s);
		for (at = place(s, id); s->slot[at] != NULL;
		     at = (at + 1) & (s->slots - 1))
			;
	}
	v = php_alloc(p, sizeof(*v));
	v->id = id;
	v->home = s;
	v->v.t = V_NULL;
	p->kept += s != p->scope;
	s->slot[at] = v;
	s->n++;
	return v;
}

void
php_set(struct php *p, struct var *at, const struct val *v)
{
	uint32_t was = at->v.taint;

	p->kept += at->home != p->scope;
	if (v->t == V_ARR)
		v->u.a->shared = true;
	at->v = *v;
	if (p->cond != 0)
		at->v.taint |= was;
}

/* Where ->name and ::$name live: by the name alone. */
static struct var *
prop_var(struct php *p, struct node *name, bool make)
{
	struct val v;

	if (name->kind == N_NAME || name->kind == N_VAR)
		return php_var(p, p->props, php_intern(p, name->s, name->len, false),
			       make);
	if (name->v == NULL || name->v->t != V_STR)
		return NULL;
	v = *name->v;
	return php_var(p, p->props, php_intern(p, v.u.s, v.len, false), make);
}

/* The variable that a constant name means. */
static struct var *
named(struct php *p, struct scope *s, const struct val *name, bool make)
{
	struct val t = *name;

	if (!known(name) || !php_to_str(p, &t) || t.len > 4096)
		return NULL;
	return php_var(p, s, php_intern(p, t.u.s, t.len, false), make);
}

static bool
is_globals(struct php *p, struct node *n)
{
	struct val v;

	if (n->kind == N_VAR)
		return n->w == W_GLOBALS;
	if (n->kind != N_VARVAR)
		return false;
	v = php_eval(p, n->kid);
	return v.t == V_STR && v.len == 7 && memcmp(v.u.s, "GLOBALS", 7) == 0;
}

struct var *
php_lvalue(struct php *p, struct node *n, bool make)
{
	struct val v;

	switch (n->kind) {
	case N_VAR:
		return php_var(p, p->scope, n->id, make);
	case N_VARVAR:
		v = php_eval(p, n->kid);
		return named(p, p->scope, &v, make);
	case N_INDEX:
		if (n->kid->next == NULL || !is_globals(p, n->kid))
			return NULL;
		v = php_eval(p, n->kid->next);
		return named(p, p->globals, &v, make);
	case N_PROP:
		if (n->kid->next->kind != N_NAME)
			(void)php_eval(p, n->kid->next);
		return prop_var(p, n->kid->next, make);
	case N_SPROP:
		return prop_var(p, n->kid->next, make);
	default:
		return NULL;
	}
}

/* $s[3] = 'x' */
static void
set_byte(struct php *p, struct val *s, const struct val *key, const struct val *v)
{
	int64_t i = php_to_int(key);
	struct val t = *v;
	struct buf *o;

	if (i < 0 || i >= s->len || !php_to_str(p, &t) || t.len == 0) {
		s->t = V_UNKNOWN;
		return;
	}
	s->flags |= VF_HID;
	if (s->own != NULL && s->own->sole == s && s->u.s == s->own->p) {
		s->own->p[i] = t.u.s[0];
		return;
	}
	php_step(p, s->len / 16 + 1);
	o = php_alloc(p, sizeof(*o));
	o->p = php_raw(p, s->len);
	o->len = o->cap = s->len;
	o->sole = s;
	memcpy(o->p, s->u.s, s->len);
	o->p[i] = t.u.s[0];
	s->u.s = o->p;
	s->own = o;
}

/* base[..][..] = v: every level whose key is known is an array. */
static void
set_index(struct php *p, struct node *n, const struct val *v)
{
	struct node *path[16];
	struct val keys[16] PHP_UNSET;
	unsigned depth = 0, i;
	struct var *root;
	struct val *at, key;
	struct key k;

	while (n->kind == N_INDEX && depth < 16 && php_lvalue(p, n, false) == NULL) {
		path[depth++] = n;
		n = n->kid;
	}
	for (i = 0; i < depth; i++) /* first: they may read what is assigned to */
		if (path[i]->kid->next != NULL)
			keys[i] = php_eval(p, path[i]->kid->next);
	root = php_lvalue(p, n, true);
	if (root == NULL)
		return;
	if ((n->kind == N_PROP || n->kind == N_SPROP) && !p->concrete &&
	    (v->taint & ~root->v.taint & (TA_SHOWN | TA_APART)))
		p->again = true; /* for methods seen before */
	root->v.taint |= v->taint;
	p->kept += root->home != p->scope;
	for (at = &root->v; depth > 0; depth--) {
		struct node *idx = path[depth - 1]->kid->next;

		if (at->t == V_NULL || (at->t == V_STR && at->len == 0)) {
			uint32_t taint = at->taint;

			php_v_arr(p, at, 0);
			at->taint = taint;
		}
		if (idx != NULL) {
			key = keys[depth - 1];
			if (at->t == V_STR && known(&key) && depth == 1) {
				set_byte(p, at, &key, v);
				return;
			}
			if (!known(&key) || at->t != V_ARR || !php_key(p, &key, &k)) {
				at->taint |= v->taint;
				at->t = V_UNKNOWN;
				return;
			}
		} else if (at->t != V_ARR) {
			at->t = V_UNKNOWN;
			return;
		}
		php_arr_own(p, at);
		at = idx == NULL ? php_arr_push(p, at->u.a) : php_arr_at(p, at->u.a, &k);
		if (at->t == V_UNKNOWN && depth > 1)
			at->t = V_NULL;
		at->taint |= v->taint;
	}
	if (v->t == V_ARR)
		v->u.a->shared = true;
	*at = *v;
}

/* list($a, , 'k' => $b) = v */
static void
set_list(struct php *p, struct node *n, const struct val *v)
{
	struct node *item;
	int64_t i = 0;

	for (item = n->kid; item != NULL; item = item->next, i++) {
		struct val one, key;
		struct key k = {NULL, 0, i};
		struct val *at;

		if (item->kid == NULL || item->kid->kind == N_NOP)
			continue;
		memset(&one, 0, sizeof(one));
		one.taint = v->taint;
		if (item->kid->next != NULL) {
			key = php_eval(p, item->kid->next);
			if (!known(&key) || !php_key(p, &key, &k))
				k.i = -1;
		}
		if (v->t == V_ARR && (at = php_arr_get(v->u.a, &k)) != NULL)
			one = *at;
		php_assign(p, item->kid, &one);
	}
}

void
php_assign(struct php *p, struct node *target, const struct val *v)
{
	struct var *at;

	switch (target->kind) {
	case N_ARRAY:
		set_list(p, target, v);
		return;
	case N_INDEX:
		at = php_lvalue(p, target, true);
		if (at != NULL)
			php_set(p, at, v);
		else
			set_index(p, target, v);
		return;
	case N_PROP:
	case N_SPROP:
		at = php_lvalue(p, target, true);
		if (at != NULL) {
			uint32_t was = at->v.taint;

			php_set(p, at, v);
			at->v.taint |= was; /* another object's of that name */
			if (!p->concrete && (v->taint & ~was & (TA_SHOWN | TA_APART)))
				p->again = true; /* for methods seen before */
		}
		return;
	default:
		at = php_lvalue(p, target, true);
		if (at != NULL)
			php_set(p, at, v);
	}
}

/* The variable at the bottom of $a[..]->b. */
static struct node *
root_of(struct node *n)
{
	while (n->kind == N_INDEX)
		n = n->kid;
	return n;
}

static void
forget_one(struct php *p, struct node *n)
{
	struct var *v;
	struct node *item;

	if (n->kind == N_ARRAY) {
		for (item = n->kid; item != NULL; item = item->next)
			if (item->kid != NULL)
				forget_one(p, item->kid);
		return;
	}
	n = root_of(n);
	if (n->kind != N_VAR && n->kind != N_PROP && n->kind != N_SPROP)
		return;
	v = php_lvalue(p, n, false);
	if (v != NULL && v->v.t != V_UNKNOWN) {
		uint32_t taint = v->v.taint;
		struct saved *s = php_alloc(p, sizeof(*s));

		s->at = v;
		s->v = v->v;
		s->next = p->saved;
		p->saved = s;
		memset(&v->v, 0, sizeof(v->v));
		v->v.taint = taint;
	}
}

void
php_forget(struct php *p, struct node *n)
{
	struct node *k;

	php_step(p, 1);
	switch (n->kind) {
	case N_ASSIGN:
	case N_INC:
		forget_one(p, n->kid);
		break;
	case N_FOREACH:
		forget_one(p, n->kid->next);
		if (n->kid->next->next->next != NULL)
			forget_one(p, n->kid->next->next->next);
		break;
	case N_CALL: /* by reference: array_push, preg_match .. */
		if (n->kid->kind == N_NAME &&
		    (n->kid->w == W_ARRAY_PUSH || n->kid->w == W_ARRAY_POP ||
		     n->kid->w == W_ARRAY_SHIFT))
			for (k = n->kid->next; k != NULL; k = k->next)
				forget_one(p, k);
		break;
	case N_FUNC:
	case N_CLASS:
		return;
	default:
		break;
	}
	for (k = n->kid; k != NULL; k = k->next)
		php_forget(p, k);
}
