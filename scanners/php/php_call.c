/*
 * php_call - calls: which function is meant, and what comes back
 *
 * Job:     names resolved where they were hidden; functions of the file run on known
 *          values, builtins computed; otherwise the taint of the arguments goes on.
 * Touches: nothing.
 */
#include <string.h>
#include "php_int.h"

#define CALLS_MAX 60      /* functions of the file run in each other */
#define RUN_STEPS 2400000 /* for one call from code that is walked */
#define RUN_FAILS 3       /* then it is not tried again; counted in the node's join */

struct args {
	struct val v[ARGS_MAX];
	struct node *n[ARGS_MAX];
	unsigned count;
	uint32_t taint;
	bool known; /* all of them */
};

static void
eval_args(struct php *p, struct node *first, struct args *a)
{
	struct node *k;

	a->count = 0;
	a->taint = 0;
	a->known = true;
	for (k = first; k != NULL; k = k->next) {
		struct val v = php_eval(p, k);

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

/* Arguments' taint goes to the parameters, to be met when the body is walked. */
static void
pass_taint(struct php *p, struct node *f, const struct args *a)
{
	struct node *k;
	unsigned i = 0;

	for (k = f->kid; k != NULL && k->kind == N_PARAM && i < a->count; k = k->next) {
		uint32_t t = a->v[i].taint & (TA_SHOWN | TA_OPAQUE | TA_TMP);

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

static struct node *
bind(struct php *p, struct node *f, struct scope *s, const struct val *a, unsigned n)
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
			at->v = a[i++];
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
		php_release(p, place);
		break;
	}
}

bool
php_run(struct php *p, struct node *f, const struct val *a, unsigned n, struct val *out)
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
	body = bind(p, f, s, a, n);
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

static struct val
unknown(uint32_t taint)
{
	struct val v;

	memset(&v, 0, sizeof(v));
	v.taint = taint;
	return v;
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
		ok = php_run(p, f, a->v, a->count, v);
		f->join = (uint8_t)(f->join + !ok);
		return ok;
	}
	if (max - was > RUN_STEPS)
		p->lim.loop_steps = was + RUN_STEPS;
	ok = php_run(p, f, a->v, a->count, v);
	if (!ok)
		f->join = (uint8_t)(p->loop_steps > p->lim.loop_steps ? RUN_FAILS
								      : f->join + 1);
	p->lim.loop_steps = max;
	return ok;
}

static struct val
call_own(struct php *p, struct node *f, const struct args *a, uint32_t ret_taint)
{
	struct val v;

	if (!p->concrete)
		pass_taint(p, f, a);
	if (a->known && has_body(f) && try_run(p, f, a, &v)) {
		v.taint |= ret_taint & ~(uint32_t)TA_OPAQUE;
		if (v.t == V_STR)
			v.flags |= VF_HID;
		return v;
	}
	return unknown(a->taint | ret_taint);
}

static bool
prefix(const struct val *v, const char *what)
{
	size_t n = strlen(what);

	return v->t == V_STR && v->len >= n && memcmp(v->u.s, what, n) == 0;
}

/* What an unknown result of a builtin carries of its arguments. */
static uint32_t
carried(unsigned w, const struct args *a)
{
	uint32_t t = a->taint;
	const char *trail;

	switch (w) {
	case W_STRLEN:
	case W_COUNT:
	case W_SIZEOF:
	case W_MD5:
	case W_SHA1:
	case W_CRC32:
	case W_INTVAL:
	case W_STRPOS:
	case W_STRIPOS:
	case W_STRRPOS:
	case W_IN_ARRAY:
	case W_IS_STRING:
	case W_IS_ARRAY:
	case W_IS_NUMERIC:
	case W_FUNCTION_EXISTS:
	case W_IS_CALLABLE:
	case W_PREG_MATCH:
	case W_STRCMP:
	case W_STRCASECMP:
	case W_STRNCMP:
	case W_SUBSTR_COUNT:
	case W_FILESIZE:
	case W_ROUND:
	case W_FLOOR:
	case W_CEIL:
	case W_ABS:
	case W_FEOF:
	case W_MAIL:
	case W_IS_UPLOADED_FILE:
		return 0;
	case W_EXPLODE:
	case W_SPLIT:
	case W_PREG_SPLIT:
	case W_FILE:
		return t | (t & TA_REQUESTED ? TA_LIST : 0);
	case W_BASE64_DECODE:
		return t & TA_REQUESTED ? t | TA_B64 : t | TA_OPAQUE;
	case W_GETENV: /* of HTTP_* it is the request */
		return t | (a->count > 0 && prefix(a->v, "HTTP_") ? TA_HEADER : TA_ENV);
	case W_GETALLHEADERS:
	case W_APACHE_REQUEST_HEADERS:
		return TA_HEADER;
	case W_FILTER_INPUT:
	case W_FILTER_INPUT_ARRAY:
		return TA_REQUEST;
	case W_CURL_EXEC:
		return TA_REMOTE;
	case W_OPENSSL_DECRYPT:
	case W_MCRYPT_DECRYPT:
		return t | TA_OPAQUE;
	default:
		break;
	}
	if (php_fn_decode(w, &trail) != NULL && trail != NULL && w != W_STRREV &&
	    w != W_URLDECODE && w != W_RAWURLDECODE)
		t |= TA_OPAQUE;
	return t;
}

/* file(), fopen(), file_get_contents(): this file, the request, an address. */
static struct val
opened(struct php *p, unsigned w, const struct args *a)
{
	struct val v = unknown(a->taint);
	const struct val *from = a->v;

	if (from->flags & VF_SELF) {
		php_v_str(&v, p->file.s, p->file.len);
		v.flags = VF_SELF;
		v.taint = TA_SELF;
		if (w != W_FILE_GET_CONTENTS)
			v.t = V_UNKNOWN;
	} else if (prefix(from, "php://input")) {
		v.taint = TA_INPUT;
		if (!p->concrete)
			p->f->input_reads++;
	} else if (prefix(from, "http://") || prefix(from, "https://") ||
		   prefix(from, "ftp://")) {
		v.taint = TA_REMOTE;
	} else if (from->how != NULL && prefix(from, "http")) {
		v.taint = TA_REMOTE;
	} else if ((from->taint & TA_REQUESTED) && !(from->taint & TA_TMP)) {
		v.taint = from->taint | TA_REMOTE;
	}
	return v;
}

static struct val
define(struct php *p, const struct args *a)
{
	struct val name, v = unknown(0);
	uint32_t id;

	if (a->count < 2 || a->v[0].t != V_STR)
		return v;
	name = a->v[0];
	p->kept++;
	id = php_intern(p, name.u.s, name.len, true);
	p->names.v[id].constant = php_alloc(p, sizeof(v));
	*p->names.v[id].constant = a->v[1];
	return v;
}

static struct val
constant(struct php *p, const struct args *a)
{
	uint32_t id;

	if (a->count < 1 || a->v[0].t != V_STR)
		return unknown(0);
	id = php_intern(p, a->v[0].u.s, a->v[0].len, true);
	return p->names.v[id].constant != NULL ? *p->names.v[id].constant : unknown(0);
}

/* array_push, array_pop, array_shift: they change their first argument. */
static struct val
by_reference(struct php *p, unsigned w, const struct args *a)
{
	struct var *at = a->count > 0 ? php_lvalue(p, a->n[0], true) : NULL;
	struct val v = unknown(a->taint);
	struct arr *arr;
	unsigned i;

	if (at == NULL)
		return v;
	p->kept += at->home != p->scope;
	at->v.taint |= a->taint;
	if (at->v.t != V_ARR || p->cond != 0) {
		at->v.t = V_UNKNOWN;
		return v;
	}
	php_arr_own(p, &at->v);
	arr = at->v.u.a;
	if (w == W_ARRAY_PUSH) {
		for (i = 1; i < a->count; i++)
			*php_arr_push(p, arr) = a->v[i];
		php_v_int(&v, arr->live);
		return v;
	}
	php_step(p, arr->n / 4 + 1);
	for (i = 0; i < arr->n; i++) {
		struct ent *e = &arr->e[w == W_ARRAY_POP ? arr->n - 1 - i : i];
		struct key k;

		if (e->dead)
			continue;
		v = e->v;
		k = e->k;
		(void)php_arr_del(arr, &k);
		if (w == W_ARRAY_SHIFT)
			at->v.t = V_UNKNOWN; /* the others are renumbered */
		return v;
	}
	return v;
}

/* call_user_func(_array)(f, ..): as a call of f. */
static struct val
indirect(struct php *p, unsigned w, struct args *a)
{
	struct val v[ARGS_MAX] PHP_UNSET;
	unsigned i, n = 0;

	if (a->count == 0)
		return unknown(0);
	if (w == W_CALL_USER_FUNC_ARRAY) {
		if (a->count < 2 || a->v[1].t != V_ARR)
			return unknown(a->taint);
		for (i = 0; i < a->v[1].u.a->n && n < ARGS_MAX; i++)
			if (!a->v[1].u.a->e[i].dead)
				v[n++] = a->v[1].u.a->e[i].v;
	} else {
		for (i = 1; i < a->count; i++)
			v[n++] = a->v[i];
	}
	return php_call_value(p, &a->v[0], v, n);
}

/* create_function('$a', 'code'): a closure. */
static struct val
lambda(struct php *p, struct args *a)
{
	struct val src, v = unknown(0), part;
	struct source code;
	struct php_facts none;
	struct toks t;
	struct node *tree;

	if (a->count < 2 || a->v[0].t != V_STR || a->v[1].t != V_STR)
		return unknown(a->taint);
	php_v_str(&src, "function(", 9);
	php_cat(p, &src, &a->v[0]);
	php_v_str(&part, "){", 2);
	php_cat(p, &src, &part);
	if (src.t == V_STR)
		php_cat(p, &src, &a->v[1]);
	php_v_str(&part, "};", 2);
	if (src.t != V_STR)
		return v;
	php_cat(p, &src, &part);
	if (src.t != V_STR)
		return v;
	code.s = src.u.s;
	code.len = src.len;
	p->kept++;
	php_step(p, code.len);
	memset(&none, 0, sizeof(none));
	t = php_lex(p, code, true, &none);
	tree = php_parse(p, code, &t);
	if (tree->kid != NULL && tree->kid->kind == N_EXPR &&
	    tree->kid->kid->kind == N_FUNC) {
		v.t = V_FUNC;
		v.u.f = tree->kid->kid;
	}
	return v;
}

static struct val
arguments(struct php *p)
{
	struct val v;
	struct node *k;

	php_v_arr(p, &v, 4);
	if (p->scope->func == NULL || !p->concrete)
		return unknown(0);
	for (k = p->scope->func->kid; k != NULL && k->kind == N_PARAM; k = k->next) {
		struct var *at = php_var(p, p->scope, k->id, false);

		if (at != NULL)
			*php_arr_push(p, v.u.a) = at->v;
	}
	return v;
}

/* Builtins that need more than their values; false: not one of them. */
static bool
special(struct php *p, unsigned w, struct args *a, struct val *out)
{
	switch (w) {
	case W_DEFINE:
		*out = define(p, a);
		return true;
	case W_CONSTANT:
		*out = constant(p, a);
		return true;
	case W_FILE_GET_CONTENTS:
	case W_FOPEN:
	case W_FILE:
		if (a->count == 0)
			return false;
		*out = opened(p, w, a);
		if (w == W_FILE && (out->taint & TA_REQUESTED))
			out->taint |= TA_LIST;
		return true;
	case W_ARRAY_PUSH:
	case W_ARRAY_POP:
	case W_ARRAY_SHIFT:
		*out = by_reference(p, w, a);
		return true;
	case W_CALL_USER_FUNC:
	case W_CALL_USER_FUNC_ARRAY:
	case W_FORWARD_STATIC_CALL:
		*out = indirect(p, w, a);
		return true;
	case W_CREATE_FUNCTION:
		*out = lambda(p, a);
		return true;
	case W_FUNC_GET_ARGS:
		*out = arguments(p);
		return true;
	default:
		return false;
	}
}

static struct val
builtin(struct php *p, unsigned w, struct args *a)
{
	struct val v = unknown(0);
	const char *trail = NULL;
	php_fn *fn;
	const struct trail *how;

	if (special(p, w, a, &v))
		return v;
	fn = php_fn_decode(w, &trail);
	if (fn == NULL)
		fn = php_fn_str(w);
	if (fn == NULL)
		fn = php_fn_text(w);
	if (fn == NULL)
		fn = php_fn_arr(w);
	if (fn == NULL || !a->known)
		return unknown(carried(w, a));
	how = a->count != 0 ? a->v[0].how : NULL;
	if (how == NULL && a->count > 2)
		how = a->v[2].how; /* str_replace */
	php_step(p, 4);
	if (!fn(p, a->v, a->count, &v))
		return unknown(carried(w, a));
	v.taint |= a->taint;
	if (v.t == V_STR) {
		v.flags |= VF_HID;
		if (trail != NULL)
			php_trail(p, &v, how, trail);
		else if (v.how == NULL)
			v.how = how;
	}
	if (trail != NULL && !p->concrete)
		p->f->decoders++;
	else if (!p->concrete && v.t == V_STR && w != W_STRTOLOWER && w != W_SPRINTF)
		p->f->folds++;
	return v;
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
			given.v[k].taint = a->taint & ~(uint32_t)TA_LIST;
		}
		pass_taint(p, f, &given);
	}
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
		return unknown(a->taint);
	id = !hidden && n != NULL ? php_name_id(p, n->kid, true)
				  : php_intern(p, s, len, true);
	f = p->names.v[id].func;
	w = !hidden && n != NULL ? n->kid->w : php_word(p, s, len);
	if (f != NULL && (!(f->flags & NF_METHOD) || i > 1))
		return call_own(p, f, a, p->names.v[id].taint);
	if (!p->concrete && a->taint != 0 && w != W_NONE)
		pass_to_callbacks(p, a);
	if (n != NULL && (!p->concrete || w == W_ASSERT || w == W_CREATE_FUNCTION))
		php_sink_call(p, n, w, a->v, a->n, a->count, hidden);
	return w == W_NONE ? unknown(a->taint) : builtin(p, w, a);
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
		if (a.known && php_run(p, f->u.f, a.v, a.count, &out))
			return out;
		return unknown(a.taint);
	}
	if (f->t != V_STR)
		return unknown(a.taint | f->taint);
	return by_name(p, NULL, f->u.s, f->len, &a, true);
}

/* $f(..), 'name'(..), $a[0](..), (function(){..})(..) */
static struct val
through_value(struct php *p, struct node *n)
{
	struct val f = php_eval(p, n->kid);
	struct args a PHP_UNSET;

	eval_args(p, n->kid->next, &a);
	if (f.t == V_STR)
		return by_name(p, n, f.u.s, f.len, &a, true);
	if (f.t == V_FUNC)
		return call_own(p, f.u.f, &a, 0);
	if (f.t == V_ARR && f.u.a->n == 2 && f.u.a->e[1].v.t == V_STR)
		return by_name(p, n, f.u.a->e[1].v.u.s, f.u.a->e[1].v.len, &a, true);
	if (!p->concrete)
		php_sink_dynamic(p, n, &f);
	return unknown(a.taint);
}

static struct val
method(struct php *p, struct node *n)
{
	struct node *name = n->kid->kid->next, *f;
	struct val base = unknown(0), m = unknown(0);
	struct args a PHP_UNSET;
	uint32_t id;

	if (n->kid->kind == N_PROP || n->kid->kid->kind != N_NAME)
		base = php_eval(p, n->kid->kid);
	if (name->kind != N_NAME)
		m = php_eval(p, name);
	eval_args(p, n->kid->next, &a);
	if (name->kind == N_NAME)
		php_v_str(&m, name->s, name->len);
	if (m.t != V_STR || m.len > 256) {
		if (!p->concrete)
			php_sink_dynamic(p, n, &m);
		return unknown(a.taint | base.taint);
	}
	id = name->kind == N_NAME ? php_name_id(p, name, true)
				  : php_intern(p, m.u.s, m.len, true);
	f = p->names.v[id].func;
	if (!p->concrete)
		php_sink_method(p, n, name, a.v, a.n, a.count);
	if (base.t == V_FUNC && name->kind == N_NAME && m.len == 8)
		return call_own(p, base.u.f, &a, 0);
	if (f != NULL && (f->flags & NF_METHOD))
		return call_own(p, f, &a, p->names.v[id].taint);
	return unknown(a.taint | base.taint);
}

struct val
php_call(struct php *p, struct node *n)
{
	struct args a PHP_UNSET;

	switch (n->kid->kind) {
	case N_NAME:
		p->peek = (n->kid->w == W_STRLEN || n->kid->w == W_COUNT) &&
			  n->kid->next != NULL && n->kid->next->kind == N_VAR;
		eval_args(p, n->kid->next, &a);
		p->peek = false;
		return by_name(p, n, n->kid->s, n->kid->len, &a, false);
	case N_PROP:
	case N_SCONST:
		return method(p, n);
	default:
		return through_value(p, n);
	}
}
