/*
 * php_walk - statements, each once
 *
 * Job:     walk code in order (following goto within a list), evaluate, print, and
 *          try to run loops whose inputs are known.
 * Touches: nothing.
 */
#include <string.h>
#include "php_side.h"
#include "php_walk.h"

void
php_line(struct php *p, const char *s)
{
	if (p->o != NULL)
		php_out_str(p, p->o, s);
}

void
php_flush_marks(struct php *p)
{
	if (p->marks.n == 0 || p->o == NULL)
		return;
	if (p->o->n != 0 && p->o->last != '\n')
		php_out_str(p, p->o, "\n");
	p->output -= p->marks.n;
	php_out(p, p->o, p->marks.p, p->marks.n);
	p->marks.n = 0;
	p->marks.last = 0;
}

void
php_show_top(struct php *p, const struct node *n)
{
	if (p->o != NULL)
		php_show(p, p->o, n);
}

struct val
php_eval_show(struct php *p, struct node *n)
{
	struct val v = php_eval(p, n);

	php_show_top(p, n);
	return v;
}

/* kw(expr){ */
void
php_head(struct php *p, const char *kw, struct node *n)
{
	php_line(p, kw);
	php_line(p, "(");
	(void)php_eval_show(p, n);
	php_line(p, "){\n");
	php_flush_marks(p);
}

void
php_tail(struct php *p)
{
	php_line(p, "}\n");
}

void
php_guarded(struct php *p, struct node *body)
{
	p->cond++;
	php_walk(p, body);
	p->cond--;
}

static void
jump(struct php *p, struct node *n)
{
	struct val v;

	if (p->o != NULL)
		php_out_str(p, p->o, php_word_text(n->w));
	if (n->w == W_GOTO && p->o != NULL) {
		php_out_word(p, p->o, n->s, n->len);
	} else if (n->kid != NULL) {
		php_line(p, " ");
		v = php_eval_show(p, n->kid);
		if (n->w == W_RETURN)
			php_returns(p, v.taint);
		if (n->w == W_RETURN && p->scope->func == NULL) {
			p->code_ret = v;
			if (v.how != NULL)
				php_keep(p, &v);
		}
	}
	php_line(p, ";\n");
	php_flush_marks(p);
}

void
php_globals(struct php *p, struct node *n)
{
	struct node *k;

	for (k = n->kid; k != NULL; k = k->next) {
		struct var **at, *g;
		uint32_t i;

		if (k->kind != N_VAR || p->scope == p->globals)
			continue;
		g = php_var(p, p->globals, k->id, false);
		if (g == NULL) {
			g = php_var(p, p->globals, k->id, true);
			if (p->f->includes == 0)
				g->v.taint |= TA_UNSET;
		}
		(void)php_var(p, p->scope, k->id, true);
		for (i = 0; i < p->scope->slots; i++) {
			at = &p->scope->slot[i];
			if (*at != NULL && (*at)->id == k->id && *at != g)
				(*at)->link = g;
		}
		php_step(p, p->scope->slots / 8);
	}
}

/* Expressions one after another: echo a, b; unset(..); global ..; static ..; const .. */
static void
several(struct php *p, struct node *n, const char *kw)
{
	struct node *k;

	php_line(p, kw);
	for (k = n->kid; k != NULL; k = k->next) {
		struct val v;

		if (p->o != NULL && p->o->last != ',')
			php_line(p, " ");
		v = php_eval_show(p, k);
		if (n->kind == N_ECHO)
			php_prints(p, v.taint);
		if (n->kind == N_ECHO && v.t == V_STR && v.how != NULL)
			php_keep(p, &v);
		if (k->next != NULL)
			php_line(p, ",");
	}
	php_line(p, ";\n");
	php_flush_marks(p);
	if (n->kind == N_GLOBAL)
		php_globals(p, n);
}

/* A method with something in it: a library's name over empty ones is no library. */
static bool
has_methods(const struct node *class)
{
	const struct node *k, *body;

	for (k = class->kid; k != NULL; k = k->next) {
		if (k->kind != N_FUNC)
			continue;
		for (body = k->kid; body != NULL && body->kind == N_PARAM;)
			body = body->next;
		if (body != NULL && body->kind == N_BLOCK && body->kid != NULL)
			return true;
	}
	return false;
}

static void
class_stmt(struct php *p, struct node *n)
{
	struct node *k;

	php_line(p, "class ");
	if (p->o != NULL && n->s != NULL)
		php_out_lower(p, p->o, n->s, n->len);
	php_line(p, "{\n");
	if ((n->w == W_PHPMAILER || n->w == W_SMTP) && !(n->flags & NF_SEEN)) {
		n->flags |= NF_SEEN;
		p->f->phpmailer += has_methods(n);
	}
	for (k = n->kid; k != NULL; k = k->next) {
		struct val v;

		if (k->kind == N_ASSIGN) { /* a property's or constant's first value */
			struct var *at;

			v = php_eval(p, k->kid->next);
			if (p->o != NULL) {
				php_out_str(p, p->o,
					    k->kid->kind == N_VAR ? "$" : "const ");
				php_out(p, p->o, k->kid->s, k->kid->len);
				php_out_str(p, p->o, "=");
			}
			php_show_top(p, k->kid->next);
			php_line(p, ";\n");
			at = php_var(p, p->props,
				     php_intern(p, k->kid->s, k->kid->len, false), true);
			if (at->v.t == V_NULL)
				php_set(p, at, &v);
		} else {
			php_walk(p, k);
		}
	}
	php_tail(p);
}

/* __construct(private $a): the parameter is a property, too. */
static void
promote(struct php *p, const struct node *k, const struct val *v)
{
	struct var *at = php_var(p, p->props, k->id, true);

	if (at->v.t == V_NULL)
		at->v.t = V_UNKNOWN;
	if (v->taint & ~at->v.taint & (TA_SHOWN | TA_APART))
		p->again = true;
	at->v.taint |= v->taint;
}

void
php_walk_func(struct php *p, struct node *f)
{
	struct scope *was = p->scope;
	unsigned cond = p->cond, loop_was = p->loop;
	struct node *k;
	struct out o, *to = p->o;

	if (p->depth + 8 >= DEPTH_MAX) {
		php_note(p, PHP_STOP_NEST);
		return;
	}
	memset(&o, 0, sizeof(o));
	p->depth += 4;
	p->scope = php_scope_new(p, was);
	p->scope->func = f;
	p->cond = 1;
	p->loop = 0;
	for (k = f->kid; k != NULL && k->kind == N_PARAM; k = k->next) {
		struct var *at = php_var(p, p->scope, k->id, true);
		struct var *up = k->flags & NF_USE ? php_var(p, was, k->id, false) : NULL;

		at->v.t = V_UNKNOWN;
		if (k->v != NULL)
			at->v.taint = k->v->taint;
		if (up != NULL)
			at->v = up->v;
		if (k->flags & NF_METHOD)
			promote(p, k, &at->v);
	}
	f->flags |= NF_SEEN;
	if (to != NULL && f->id == 0)
		p->o = &o; /* a closure: its text is shown where it stands */
	if (k != NULL && f->flags & NF_ARROW) {
		php_line(p, "return ");
		php_returns(p, php_eval_show(p, k).taint);
		php_line(p, ";\n");
	} else if (k != NULL) {
		php_walk(p, k);
	}
	if (to != NULL && f->id == 0) {
		f->s = o.p;
		f->len = (uint32_t)o.n;
	}
	p->o = to;
	php_refs_out(p, f, was);
	p->scope = was;
	p->cond = cond;
	p->loop = loop_was;
	p->depth -= 4;
}

/* A declared function: its turn comes after the code around it. */
static void
later(struct php *p, struct node *f)
{
	if (p->func_n == p->func_cap) {
		uint32_t cap = p->func_cap == 0 ? 64 : p->func_cap * 2;
		struct node **v = php_alloc(p, cap * sizeof(struct node *));

		if (p->func_n != 0)
			memcpy(v, p->funcs, p->func_n * sizeof(struct node *));
		p->funcs = v;
		p->func_cap = cap;
	}
	p->funcs[p->func_n++] = f;
}

static void
html(struct php *p, struct node *n)
{
	if (!(n->flags & NF_SEEN)) {
		n->flags |= NF_SEEN;
		php_see_text(p, n->s, n->len);
	}
	if (p->o == NULL)
		return;
	php_out_str(p, p->o, "echo");
	php_out_lit(p, p->o, n->s, n->len);
	php_out_str(p, p->o, ";\n");
}

/* Statements in the order of their gotos. */
static void
follow(struct php *p, struct node *n)
{
	struct node *k, *cur, *scan = n->kid;

	for (k = n->kid; k != NULL; k = k->next) {
		k->flags &= (uint16_t)~NF_DONE;
		if (k->kind == N_LABEL)
			p->names.v[k->id].label = k;
	}
	for (cur = scan; cur != NULL;) {
		struct node *next = cur->next;

		cur->flags |= NF_DONE;
		php_walk(p, cur);
		if (cur->kind == N_JUMP && cur->w == W_GOTO)
			next = p->names.v[cur->id].label;
		while (next != NULL && next->kind == N_LABEL &&
		       !(next->flags & NF_DONE)) {
			next->flags |= NF_DONE;
			next = next->next;
		}
		if (next == NULL || next->flags & NF_DONE) {
			while (scan != NULL && scan->flags & NF_DONE)
				scan = scan->next;
			next = scan;
		}
		cur = next;
	}
}

static void
block(struct php *p, struct node *n)
{
	struct node *k;

	for (k = n->kid; k != NULL; k = k->next)
		if (k->kind == N_LABEL) {
			follow(p, n);
			return;
		}
	for (k = n->kid; k != NULL; k = k->next)
		php_walk(p, k);
}

static void
expression(struct php *p, struct node *n)
{
	struct val v = php_eval_show(p, n->kid);

	php_line(p, ";\n");
	php_flush_marks(p);
	if (v.t == V_STR && v.how != NULL && n->kid->kind != N_ASSIGN)
		php_keep(p, &v);
}

static void
statement(struct php *p, struct node *n)
{
	struct node *k;

	switch (n->kind) {
	case N_BLOCK:
		block(p, n);
		break;
	case N_EXPR:
		expression(p, n);
		break;
	case N_ECHO:
		several(p, n, "echo");
		break;
	case N_HTML:
		html(p, n);
		break;
	case N_IF:
		php_walk_if(p, n);
		break;
	case N_WHILE:
	case N_DO:
	case N_FOR:
		php_walk_loop(p, n);
		break;
	case N_FOREACH:
		php_walk_foreach(p, n);
		break;
	case N_SWITCH:
		php_walk_switch(p, n);
		break;
	case N_JUMP:
		jump(p, n);
		break;
	case N_GLOBAL:
		several(p, n, "global");
		break;
	case N_STATIC:
		several(p, n, "static");
		break;
	case N_UNSET:
		several(p, n, "unset");
		break;
	case N_CONST:
		for (k = n->kid; k != NULL; k = k->next)
			if (k->kind == N_ASSIGN) {
				uint32_t id = php_intern(p, k->kid->s, k->kid->len, true);
				struct val v = php_eval(p, k->kid->next);

				p->names.v[id].constant = php_alloc(p, sizeof(v));
				*p->names.v[id].constant = v;
			}
		break;
	case N_TRY:
		for (k = n->kid; k != NULL; k = k->next)
			php_guarded(p, k);
		break;
	case N_FUNC:
		if (n->id != 0)
			later(p, n);
		break;
	case N_CLASS:
		class_stmt(p, n);
		break;
	case N_RAW:
		if (p->o != NULL) {
			php_out(p, p->o, n->s, n->len);
			php_out_str(p, p->o, "\n");
		}
		break;
	default:
		break;
	}
}

void
php_walk(struct php *p, struct node *n)
{
	php_step(p, 1);
	if (p->depth >= DEPTH_MAX) {
		php_note(p, PHP_STOP_NEST);
		return;
	}
	p->depth++;
	statement(p, n);
	p->depth--;
}

static void
show_func(struct php *p, struct node *f)
{
	struct node *k;
	bool first = true;

	php_line(p, "function ");
	if (p->o != NULL)
		php_out_lower(p, p->o, p->names.v[f->id].s, p->names.v[f->id].len);
	php_line(p, "(");
	for (k = f->kid; k != NULL && k->kind == N_PARAM; k = k->next) {
		php_line(p, first ? "$" : ",$");
		if (p->o != NULL)
			php_out(p, p->o, k->s, k->len);
		first = false;
	}
	php_line(p, "){\n");
}

void
php_walk_source(struct php *p, struct source src, bool in_php, struct out *o)
{
	struct toks t;

	php_step(p, src.len / 16 + 1);
	t = php_lex(p, src, in_php, p->f);
	php_walk_tokens(p, src, &t, o);
}

void
php_walk_tokens(struct php *p, struct source src, const struct toks *t, struct out *o)
{
	struct node *tree;
	struct out *was = p->o;
	uint32_t from = p->func_n, i, round;
	bool again = p->again;

	p->kept++;
	p->again = false;
	tree = php_parse(p, src, t);
	p->o = o;
	php_walk(p, tree);
	for (i = from; i < p->func_n; i++) {
		show_func(p, p->funcs[i]);
		php_walk_func(p, p->funcs[i]);
		php_tail(p);
	}
	/* what was called before its taint was known, again: only new marks are printed
	 */
	for (round = 0; p->again && round < 3; round++) {
		uint32_t n = p->func_n;

		p->again = false;
		p->o = NULL;
		php_walk(p, tree);
		p->func_n = n;
		for (i = from; i < n; i++)
			php_walk_func(p, p->funcs[i]);
		p->o = o;
		php_flush_marks(p);
	}
	p->func_n = from;
	p->o = was;
	p->again = again;
}
