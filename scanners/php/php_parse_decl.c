/*
 * php_parse_decl - functions, classes, declarations
 *
 * Job:     parameters and bodies; types and modifiers are skipped.
 * Touches: nothing.
 */
#include <string.h>
#include "php_parse.h"

/* A type: ?A|B&C, skipped. */
static void
type(struct parser *x)
{
	while (is_op(x, O_QUEST) || peek(x)->t == T_NAME || is_op(x, O_OR) ||
	       (is_op(x, O_AND) && peek2(x)->t == T_NAME))
		skip(x);
}

static void
params(struct parser *x, struct node *n, struct kids *k, bool use)
{
	php_need(x, O_LPAR);
	while (!x->bad && !is_op(x, O_RPAR)) {
		struct node *a = php_node(x, N_PARAM);
		struct kids ak = {NULL, NULL};
		const struct tok *t;

		t = peek(x);
		if (!use && t->t == T_NAME &&
		    (t->w == W_PUBLIC || t->w == W_PROTECTED || t->w == W_PRIVATE ||
		     t->w == W_READONLY))
			a->flags |= NF_METHOD; /* a property, too */
		type(x);
		if (take_op(x, O_AND))
			a->flags |= NF_REF;
		if (take_op(x, O_DOTS))
			a->flags |= NF_SPREAD;
		t = peek(x);
		if (t->t != T_VAR) {
			x->bad = true;
			return;
		}
		skip(x);
		a->s = x->src.s + t->off;
		a->len = t->len;
		a->id = php_intern(x->p, a->s, a->len, false);
		if (use)
			a->flags |= NF_USE;
		if (take_op(x, O_SET))
			php_kid(x, a, &ak, php_expr(x, 4));
		php_kid(x, n, k, a);
		if (!take_op(x, O_COMMA))
			break;
	}
	php_need(x, O_RPAR);
}

struct node *
php_function(struct parser *x, bool arrow)
{
	struct node *n = php_node(x, N_FUNC);
	struct kids k = {NULL, NULL};
	const struct tok *t;
	bool own = true;

	(void)take_op(x, O_AND);
	t = peek(x);
	if (t->t == T_NAME) {
		skip(x);
		n->s = x->src.s + t->off;
		n->len = t->len;
		n->id = php_intern(x->p, n->s, n->len, true);
	}
	params(x, n, &k, false);
	if (take_word(x, W_USE))
		params(x, n, &k, true);
	if (take_op(x, O_COLON))
		type(x);
	if (arrow) {
		php_need(x, O_DARROW);
		n->flags |= NF_ARROW;
		php_kid(x, n, &k, php_expr(x, 4));
	} else if (is_op(x, O_LBRC)) {
		php_kid(x, n, &k, php_body(x));
	} else {
		php_end_stmt(x); /* abstract: another of that name is meant */
		own = false;
		php_kid(x, n, &k, php_node(x, N_BLOCK));
	}
	if (n->id != 0 && own && !x->bad && x->p->names.v[n->id].func == NULL)
		x->p->names.v[n->id].func = n;
	return n;
}

/* A property or constant: name [= value] [, ..]. */
void
php_members(struct parser *x, struct node *n, struct kids *k)
{
	do {
		const struct tok *t = peek(x);
		struct node *a, *target;
		struct kids ak = {NULL, NULL};

		if (t->t != T_VAR && t->t != T_NAME) {
			x->bad = true;
			return;
		}
		skip(x);
		target = t->t == T_VAR ? php_var_node(x, x->src.s + t->off, t->len)
				       : php_name_node(x, t);
		if (take_op(x, O_SET)) {
			a = php_node(x, N_ASSIGN);
			a->op = O_SET;
			php_kid(x, a, &ak, target);
			php_kid(x, a, &ak, php_expr(x, 4));
			php_kid(x, n, k, a);
		} else {
			php_kid(x, n, k, target);
		}
	} while (!x->bad && take_op(x, O_COMMA));
}

static void
class_member(struct parser *x, struct node *n, struct kids *k)
{
	const struct tok *t;

	for (;;) { /* modifiers and types */
		t = peek(x);
		if (t->t == T_NAME && (t->w == W_FUNCTION || t->w == W_CONST ||
				       t->w == W_USE || t->w == W_CASE))
			break;
		if (t->t != T_NAME && !is_op(x, O_QUEST) && !is_op(x, O_OR))
			break;
		skip(x);
	}
	if (take_word(x, W_FUNCTION)) {
		struct node *f = php_function(x, false);

		f->flags |= NF_METHOD;
		php_kid(x, n, k, f);
		return;
	}
	if (take_word(x, W_USE)) {
		while (peek(x)->t == T_NAME || is_op(x, O_COMMA))
			skip(x);
		if (is_op(x, O_LBRC))
			while (peek(x)->t != T_END && !take_op(x, O_RBRC))
				skip(x);
		else
			php_end_stmt(x);
		return;
	}
	if (take_word(x, W_CONST) || take_word(x, W_CASE))
		while (peek(x)->t == T_NAME && peek2(x)->t == T_NAME)
			skip(x); /* a typed constant */
	php_members(x, n, k);
	php_end_stmt(x);
}

struct node *
php_class(struct parser *x)
{
	struct node *n = php_node(x, N_CLASS);
	struct kids k = {NULL, NULL};
	const struct tok *t = peek(x);

	if (t->t == T_NAME && t->w != W_EXTENDS && t->w != W_IMPLEMENTS) {
		skip(x);
		n->s = x->src.s + t->off;
		n->len = t->len;
		n->w = t->w;
	}
	while (peek(x)->t == T_NAME || is_op(x, O_COMMA) || is_op(x, O_COLON))
		skip(x);
	php_need(x, O_LBRC);
	while (!x->bad && peek(x)->t != T_END && !is_op(x, O_RBRC)) {
		uint32_t from = x->i;

		if (take_op(x, O_SEMI))
			continue;
		class_member(x, n, &k);
		if (x->bad && x->depth < PARSE_DEPTH)
			php_kid(x, n, &k, php_raw_stmt(x, from));
	}
	(void)take_op(x, O_RBRC);
	return n;
}

/* Statements that only name things: to the ; or {. */
struct node *
php_declaration(struct parser *x)
{
	bool ns = is_word(x, W_NAMESPACE), declare = is_word(x, W_DECLARE);

	while (peek(x)->t != T_END && peek(x)->t != T_HTML && !is_op(x, O_SEMI) &&
	       !is_op(x, O_LBRC))
		skip(x);
	if ((ns || declare) && is_op(x, O_LBRC))
		return php_body(x);
	if (take_op(x, O_LBRC))
		while (peek(x)->t != T_END && !take_op(x, O_RBRC))
			skip(x);
	(void)take_op(x, O_SEMI);
	return php_node(x, N_NOP);
}
