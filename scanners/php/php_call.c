/*
 * php_call - calls: which function is meant
 *
 * Job:     names resolved where they were hidden; then php_run.c for the file's own
 *          functions, php_builtin.c for PHP's.
 * Touches: nothing.
 */
#include <string.h>
#include <strings.h>
#include "php_chosen.h"
#include "php_sink.h"

static void
eval_args(struct php *p, unsigned w, struct node *first, struct args *a)
{
	struct node *k;

	a->count = 0;
	a->taint = 0;
	a->known = true;
	for (k = first; k != NULL; k = k->next) {
		struct val v = php_eval(p, k);

		if ((v.taint & TA_UNSET) && k->kind == N_VAR && !p->concrete &&
		    (k != first || w == W_NONE)) /* perhaps set by the call */
			(void)php_var(p, p->scope, k->id, true);
		a->taint |= v.taint;
		a->known = a->known && known(&v) && !(k->flags & NF_SPREAD);
		if (a->count < ARGS_MAX) {
			a->v[a->count] = v;
			a->n[a->count++] = k;
		} else {
			a->known = false;
		}
	}
}

/* A function of the file named or given to a builtin may get its other arguments. */
static void
pass_to_callbacks(struct php *p, const struct args *a)
{
	struct args given PHP_UNSET;
	unsigned i, k;

	for (i = 0; i < a->count; i++) {
		const struct val *v = &a->v[i];
		struct node *f = NULL;
		uint32_t id = 0;

		if (php_chosen(v))
			(void)php_call_chosen(p, v, a);

		if (v->t == V_ARR && v->u.a->n > 0 && v->u.a->n <= 4)
			v = &v->u.a->e[v->u.a->n - 1].v;
		if (v->t == V_FUNC)
			f = v->u.f;
		else if (v->t == V_STR && v->len > 0 && v->len <= 64)
			id = php_find(p, v->u.s, v->len, true);
		if (id != 0)
			f = p->names.v[id].func;
		if (f == NULL)
			continue;
		given.count = 2;
		given.taint = 0;
		for (k = 0; k < 2; k++) {
			memset(&given.v[k], 0, sizeof(given.v[k]));
			given.v[k].taint = php_bare(a->taint) & ~(uint32_t)TA_LIST;
		}
		php_pass_taint(p, f, &given);
	}
}

/* An object that is called runs __invoke(): which object does not matter. */
static void
pass_to_invoke(struct php *p, const struct args *a)
{
	uint32_t id = php_find(p, "__invoke", 8, true);
	struct args given PHP_UNSET;

	if (id == 0 || p->names.v[id].func == NULL || p->concrete)
		return;
	given.count = 1;
	given.taint = 0;
	memset(&given.v[0], 0, sizeof(given.v[0]));
	given.v[0].taint = php_bare(a->taint) & ~(uint32_t)TA_LIST;
	php_pass_taint(p, p->names.v[id].func, &given);
}

/* Call what a string names. hidden: it did not stand there as a name. */
static struct val
by_name(struct php *p, struct node *n, const char *s, uint32_t len, struct args *a,
	bool hidden)
{
	uint32_t id, i;
	unsigned w;
	struct node *f;

	if (len > 0 && s[0] == '\\') {
		s++;
		len--;
	}
	for (i = len; i > 1; i--) /* Class::method */
		if (s[i - 1] == ':' && s[i - 2] == ':') {
			s += i;
			len -= i;
			break;
		}
	if (len > 256)
		return php_unknown(a->taint);
	id = !hidden && n != NULL ? php_name_id(p, n->kid, true)
				  : php_intern(p, s, len, true);
	f = p->names.v[id].func;
	w = !hidden && n != NULL ? n->kid->w : php_word(p, s, len);
	if (f != NULL && (!(f->flags & NF_METHOD) || i > 1))
		return php_call_own(p, f, a, p->names.v[id].taint);
	if (f == NULL && w == W_NONE && hidden && n != NULL && !p->concrete)
		php_given(p, n, a->taint); /* a name, but nobody's that is known */
	if (!php_only_joins(w) && !php_runs_command(w))
		php_unquote_args(a);
	if (!p->concrete && a->taint != 0 && w != W_NONE) {
		pass_to_callbacks(p, a);
		if (a->count > 0 && (!known(&a->v[0]) || a->v[0].t == V_ARR))
			pass_to_invoke(p, a);
	}
	if (n != NULL && (!p->concrete || w == W_ASSERT || w == W_CREATE_FUNCTION))
		php_sink_call(p, n, w, a->v, a->n, a->count, hidden);
	return w == W_NONE ? php_unknown(a->taint) : php_builtin(p, w, a);
}

struct val
php_call_value(struct php *p, const struct val *f, struct val *v, unsigned n)
{
	struct args a PHP_UNSET;
	struct val out;
	unsigned i;

	a.taint = 0;
	a.count = n > ARGS_MAX ? ARGS_MAX : n;
	a.known = true;
	for (i = 0; i < a.count; i++) {
		a.v[i] = v[i];
		a.n[i] = NULL;
		a.taint |= v[i].taint;
		a.known = a.known && known(&v[i]);
	}
	if (f->t == V_FUNC) {
		if (a.known && php_run(p, f->u.f, NULL, a.v, a.count, &out))
			return out;
		return php_unknown(php_bare(a.taint) | php_returned(f->u.f));
	}
	if (f->t != V_STR)
		return php_unknown(php_bare(a.taint | f->taint));
	return by_name(p, NULL, f->u.s, f->len, &a, true);
}

/* What a closure has of the variables around it, it may return. */
static uint32_t
used_taint(struct php *p, const struct node *f)
{
	const struct node *k;
	uint32_t t = 0;

	for (k = f->kid; k != NULL && k->kind == N_PARAM; k = k->next) {
		const struct var *at =
		    k->flags & NF_USE ? php_var(p, p->scope, k->id, false) : NULL;

		t |= at != NULL ? at->v.taint & TA_SHOWN : 0;
	}
	return t;
}

/* $f(..), 'name'(..), $a[0](..), (function(){..})(..) */
static struct val
through_value(struct php *p, struct node *n)
{
	struct val f = php_eval(p, n->kid);
	struct args a PHP_UNSET;

	eval_args(p, W_NONE, n->kid->next, &a);
	if (f.t == V_STR)
		return by_name(p, n, f.u.s, f.len, &a, true);
	if (f.t == V_FUNC)
		return php_call_own(p, f.u.f, &a,
				    used_taint(p, f.u.f) | php_returned(f.u.f));
	if (f.t == V_ARR && f.u.a->n == 2 && f.u.a->e[1].v.t == V_STR)
		return by_name(p, n, f.u.a->e[1].v.u.s, f.u.a->e[1].v.len, &a, true);
	if (php_chosen(&f))
		return php_call_chosen(p, &f, &a);
	if (!p->concrete)
		php_sink_dynamic(p, n, &f, php_bare(a.taint));
	if (a.taint != 0) {
		pass_to_invoke(p, &a);
		php_give_closures(p, a.taint);
	}
	return php_unknown(php_bare(a.taint) | php_closures_return(p));
}

/* What a request of WordPress's own is asked for. */
static bool
asks_request(const struct val *m)
{
	static const char *const list[] = {"get_param",        "get_params",
					   "get_json_params",  "get_body_params",
					   "get_query_params", "get_file_params"};
	size_t i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (m->len == strlen(list[i]) &&
		    strncasecmp(m->u.s, list[i], m->len) == 0)
			return true;
	return false;
}

/* A method that no class of the file has: of PHP's own classes, or a library's. */
static struct val
elsewhere(struct php *p, struct node *n, const struct val *m, const struct val *base,
	  const struct args *a)
{
	uint32_t t = php_bare(a->taint | base->taint);

	if (n->kid->kind == N_PROP && a->taint != 0)
		php_stored(p, n->kid->kid, m, a->taint);
	if (m->len == 10 && strncasecmp(m->u.s, "getMessage", 10) == 0)
		t |= p->thrown;
	if (asks_request(m))
		t |= TA_REQUEST;
	return php_unknown(t);
}

static struct val
method(struct php *p, struct node *n)
{
	struct node *name = n->kid->kid->next, *f;
	struct val base = php_unknown(0), m = php_unknown(0);
	struct args a PHP_UNSET;
	uint32_t id;

	if (n->kid->kind == N_PROP || n->kid->kid->kind != N_NAME)
		base = php_eval(p, n->kid->kid);
	if (name->kind != N_NAME)
		m = php_eval(p, name);
	eval_args(p, W_NONE, n->kid->next, &a);
	if (name->kind == N_NAME)
		php_v_str(&m, name->s, name->len);
	if (php_chosen(&m)) {
		struct val v = php_call_chosen(p, &m, &a);

		v.taint |= php_bare(base.taint);
		return v;
	}
	if (m.t != V_STR || m.len > 256) {
		if (!p->concrete)
			php_sink_dynamic(p, n, &m, 0);
		return php_unknown(php_bare(a.taint | base.taint));
	}
	id = name->kind == N_NAME ? php_name_id(p, name, true)
				  : php_intern(p, m.u.s, m.len, true);
	f = p->names.v[id].func;
	if (!p->concrete)
		php_sink_method(p, n, name, a.v, a.n, a.count);
	if (a.count == 1 && m.len == 6 && memcmp(m.u.s, "format", 6) == 0 &&
	    php_spelled(p, a.v, &base))
		return base;
	if (base.t == V_FUNC && name->kind == N_NAME && m.len == 8)
		return php_call_own(p, base.u.f, &a, 0);
	if (f != NULL && (f->flags & NF_METHOD))
		return php_call_own(p, f, &a, p->names.v[id].taint);
	return elsewhere(p, n, &m, &base, &a);
}

/* (NAME)(..) calls what define() gave the name. */
static bool
is_constant(struct php *p, struct node *n)
{
	uint32_t id = php_name_id(p, n, true); /* first: it may move the names */

	return p->names.v[id].constant != NULL;
}

struct val
php_call(struct php *p, struct node *n)
{
	struct args a PHP_UNSET;

	switch (n->kid->kind) {
	case N_NAME:
		if (n->kid->flags & NF_PAREN && is_constant(p, n->kid))
			return through_value(p, n);
		p->peek = (n->kid->w == W_STRLEN || n->kid->w == W_COUNT) &&
			  n->kid->next != NULL && n->kid->next->kind == N_VAR;
		eval_args(p, n->kid->w, n->kid->next, &a);
		p->peek = false;
		return by_name(p, n, n->kid->s, n->kid->len, &a, false);
	case N_PROP: /* ($this->f)(..) calls what the property holds */
		if (n->kid->flags & NF_PAREN)
			return through_value(p, n);
		return method(p, n);
	case N_SCONST:
		return method(p, n);
	default:
		return through_value(p, n);
	}
}

/* The file's method of that name, whatever its class. */
static struct node *
method_named(struct php *p, const char *s, size_t len)
{
	uint32_t id = len <= 256 ? php_find(p, s, len, true) : 0;
	struct node *f = id != 0 ? p->names.v[id].func : NULL;

	return f != NULL && (f->flags & NF_METHOD) ? f : NULL;
}

/* What comes out of a cache, anybody may have put there. */
static uint32_t
stored_elsewhere(const struct node *class)
{
	static const char *const list[] = {"memcached", "memcache", "redis"};
	size_t i;

	for (i = 0; class->kind == N_NAME && i < sizeof(list) / sizeof(list[0]); i++)
		if (class->len == strlen(list[i]) &&
		    strncasecmp(class->s, list[i], class->len) == 0)
			return TA_OPAQUE;
	return 0;
}

struct val
php_create(struct php *p, struct node *n)
{
	struct val v = php_unknown(0), c;
	struct args a PHP_UNSET;
	struct node *f;

	if (n->kid->kind == N_CLASS) {
		php_walk(p, n->kid);
	} else if (n->kid->kind != N_NAME) {
		c = php_eval(p, n->kid);
		php_sink_new(p, n, &c);
	}
	eval_args(p, W_NONE, n->kid->next, &a);
	v.taint = php_bare(a.taint) | stored_elsewhere(n->kid);
	if (a.count == 0 || p->concrete)
		return v;
	if (n->kid->kind == N_NAME) {
		php_sink_made(p, n->kid->w, a.v, a.n, a.count);
		php_thrown(p, n->kid, a.taint);
		if (n->kid->w == W_SPLFILEOBJECT && a.v[0].t == V_STR &&
		    a.v[0].len == 11 && memcmp(a.v[0].u.s, "php://input", 11) == 0)
			v.taint |= TA_INPUT;
	}
	f = method_named(p, "__construct", 11);
	if (f == NULL && n->kid->kind == N_NAME) /* as PHP 4 had it */
		f = method_named(p, n->kid->s, n->kid->len);
	if (f != NULL && a.taint != 0)
		php_pass_taint(p, f, &a);
	return v;
}
