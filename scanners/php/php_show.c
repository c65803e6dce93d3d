/*
 * php_show - an expression as text, folded where its value is known
 *
 * Job:     the normalised form of one expression; literals that touch in a
 *          concatenation are joined.
 * Touches: nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "php_int.h"

static void
list(struct php *p, struct out *o, const struct node *n)
{
	for (; n != NULL; n = n->next) {
		if (n->flags & NF_SPREAD)
			php_out_str(p, o, "...");
		php_show(p, o, n);
		if (n->next != NULL)
			php_out(p, o, ",", 1);
	}
}

static bool
scalar(const struct val *v)
{
	return v != NULL &&
	       (v->t == V_STR || v->t == V_INT || v->t == V_BOOL || v->t == V_DBL);
}

/* Is the value to be shown instead of the expression? */
static bool
folded(const struct node *n)
{
	switch (n->kind) {
	case N_LIT:
		return true;
	case N_VAR:
		return scalar(n->v) && n->v->t == V_STR && (n->v->flags & VF_HID) &&
		       n->v->len <= 1024;
	case N_CHAIN:
	case N_INTERP:
	case N_CALL:
	case N_INDEX:
	case N_UNARY:
	case N_VARVAR:
	case N_TERN:
	case N_PROP:
	case N_SPROP:
	case N_CAST:
		return scalar(n->v) && !(n->v->flags & VF_SELF);
	case N_NAME:
		return scalar(n->v) && n->v->t == V_STR;
	default:
		return false;
	}
}

static void
value(struct php *p, struct out *o, const struct val *v)
{
	char text[40];

	switch (v->t) {
	case V_STR:
		php_out_lit(p, o, v->u.s, v->len);
		break;
	case V_BOOL:
		php_out_word(p, o, v->u.i ? "true" : "false", v->u.i ? 4 : 5);
		break;
	case V_DBL:
		snprintf(text, sizeof(text), "%.14G", v->u.d);
		php_out_word(p, o, text, strlen(text));
		break;
	default:
		snprintf(text, sizeof(text), "%" PRId64, v->u.i);
		php_out_word(p, o, text, strlen(text));
		break;
	}
}

static const struct val *
piece(const struct node *n)
{
	return folded(n) && n->v->t == V_STR ? n->v : NULL;
}

/* a.'b'.'c'.d: known neighbours as one literal. */
static void
joined(struct php *p, struct out *o, const struct node *n)
{
	while (n != NULL) {
		const struct val *v = piece(n);
		struct val all;

		if (v == NULL) {
			php_show(p, o, n);
			n = n->next;
		} else {
			all = *v;
			all.own = NULL;
			for (n = n->next;
			     n != NULL && (v = piece(n)) != NULL && all.t == V_STR;
			     n = n->next)
				php_cat(p, &all, v);
			if (all.t == V_STR)
				value(p, o, &all);
		}
		if (n != NULL)
			php_out(p, o, ".", 1);
	}
}

static void
chain(struct php *p, struct out *o, const struct node *n)
{
	const struct node *k;
	bool cat = true;

	for (k = n->kid->next; k != NULL; k = k->next)
		cat = cat && k->join == O_CAT;
	if (cat) {
		joined(p, o, n->kid);
		return;
	}
	for (k = n->kid; k != NULL; k = k->next) {
		if (k != n->kid)
			php_out_str(p, o,
				    k->join == O_BSLASH ? " instanceof "
							: php_op_text(k->join));
		php_show(p, o, k);
	}
}

/* The name called, in lower case, plain if it was hidden in a string. */
static void
callee(struct php *p, struct out *o, const struct node *n)
{
	const struct val *v = n->v;

	if (n->kind != N_NAME && v != NULL && v->t == V_STR && v->len != 0 &&
	    v->len <= 256) {
		php_out_lower(p, o, v->u.s, v->len);
		return;
	}
	if (n->kind == N_NAME)
		php_out_lower(p, o, n->s, n->len);
	else
		php_show(p, o, n);
}

static void
member(struct php *p, struct out *o, const struct node *n)
{
	const struct node *m = n->kid->next;

	if (n->kind == N_PROP)
		php_show(p, o, n->kid);
	else
		callee(p, o, n->kid);
	php_out_str(p, o, n->kind == N_PROP ? "->" : "::");
	if (m->kind == N_NAME)
		php_out(p, o, m->s, m->len);
	else if (m->v != NULL && m->v->t == V_STR && m->v->len <= 256)
		php_out(p, o, m->v->u.s, m->v->len);
	else
		php_show(p, o, m);
}

static void
show_index(struct php *p, struct out *o, const struct node *n)
{
	php_show(p, o, n->kid);
	php_out(p, o, "[", 1);
	if (n->kid->next != NULL)
		php_show(p, o, n->kid->next);
	php_out(p, o, "]", 1);
}

static void
item(struct php *p, struct out *o, const struct node *n)
{
	if (n->kid == NULL || n->kid->kind == N_NOP)
		return;
	if (n->kid->next != NULL) {
		php_show(p, o, n->kid->next);
		php_out_str(p, o, "=>");
	}
	php_show(p, o, n->kid);
}

static void
function(struct php *p, struct out *o, const struct node *n)
{
	const struct node *k;
	bool first = true;

	php_out_word(p, o, "function", 8);
	php_out_str(p, o, "(");
	for (k = n->kid; k != NULL && k->kind == N_PARAM; k = k->next) {
		php_out_str(p, o, first ? "$" : ",$");
		php_out(p, o, k->s, k->len);
		first = false;
	}
	php_out_str(p, o, "){\n");
	php_out(p, o, n->s != NULL ? n->s : "",
		n->s != NULL ? n->len : 0); /* as walked */
	php_out_str(p, o, "}");
}

static void
one_of(struct php *p, struct out *o, const struct node *n)
{
	switch (n->kind) {
	case N_ARRAY:
		php_out_str(p, o, "[");
		list(p, o, n->kid);
		php_out_str(p, o, "]");
		break;
	case N_CALL:
		callee(p, o, n->kid);
		php_out_str(p, o, "(");
		list(p, o, n->kid->next);
		php_out_str(p, o, ")");
		break;
	case N_NEW:
		php_out_word(p, o, "new", 3);
		php_out(p, o, " ", 1);
		callee(p, o, n->kid);
		php_out_str(p, o, "(");
		list(p, o, n->kid->next);
		php_out_str(p, o, ")");
		break;
	case N_KW:
		php_out_word(p, o, php_word_text(n->w), strlen(php_word_text(n->w)));
		php_out_str(p, o, "(");
		list(p, o, n->kid);
		php_out_str(p, o, ")");
		break;
	case N_BTICK:
		php_out_word(p, o, "shell_exec", 10);
		php_out_str(p, o, "(");
		php_show(p, o, n->kid);
		php_out_str(p, o, ")");
		break;
	case N_TERN:
		php_show(p, o, n->kid);
		php_out_str(p, o, n->flags & NF_SHORT ? "?:" : "?");
		php_show(p, o, n->kid->next);
		if (!(n->flags & NF_SHORT)) {
			php_out_str(p, o, ":");
			php_show(p, o, n->kid->next->next);
		}
		break;
	case N_MATCH:
		php_out_str(p, o, "match(");
		php_show(p, o, n->kid);
		php_out_str(p, o, "){");
		list(p, o, n->kid->next);
		php_out_str(p, o, "}");
		break;
	default:
		break;
	}
}

static void
plain(struct php *p, struct out *o, const struct node *n)
{
	switch (n->kind) {
	case N_NUM:
		php_out_word(p, o, n->s, n->len);
		break;
	case N_INTERP:
		joined(p, o, n->kid);
		break;
	case N_VAR:
		php_out_word(p, o, "$", 1);
		php_out(p, o, n->s, n->len);
		break;
	case N_VARVAR:
		php_out_str(p, o, "${");
		php_show(p, o, n->kid);
		php_out_str(p, o, "}");
		break;
	case N_ITEM:
		item(p, o, n);
		break;
	case N_INDEX:
		show_index(p, o, n);
		break;
	case N_PROP:
	case N_SPROP:
	case N_SCONST:
		member(p, o, n);
		break;
	case N_NAME:
		php_out_lower(p, o, n->s, n->len);
		break;
	case N_CHAIN:
		chain(p, o, n);
		break;
	case N_ASSIGN:
		plain(p, o, n->kid);
		php_out_str(p, o, php_op_text(n->op));
		php_show(p, o, n->kid->next);
		break;
	case N_UNARY:
		php_out_str(p, o, php_op_text(n->op));
		php_show(p, o, n->kid);
		break;
	case N_INC:
		if (!(n->flags & NF_POST))
			php_out_str(p, o, php_op_text(n->op));
		plain(p, o, n->kid);
		if (n->flags & NF_POST)
			php_out_str(p, o, php_op_text(n->op));
		break;
	case N_CAST:
		php_out_str(p, o, "(");
		php_out_str(p, o, php_word_text(n->w));
		php_out_str(p, o, ")");
		php_show(p, o, n->kid);
		break;
	case N_FUNC:
		function(p, o, n);
		break;
	default:
		one_of(p, o, n);
		break;
	}
}

/* A hidden superglobal: ${'_GET'} is $_GET. */
static bool
super(struct php *p, struct out *o, const struct node *n)
{
	const struct val *v;

	if (n->kind != N_VARVAR || (v = n->kid->v) == NULL || v->t != V_STR ||
	    v->len == 0 || v->len > 64)
		return false;
	php_out(p, o, "$", 1);
	php_out(p, o, v->u.s, v->len);
	return true;
}

void
php_show(struct php *p, struct out *o, const struct node *n)
{
	bool paren = (n->flags & NF_PAREN) && n->kind != N_VAR;

	php_step(p, 1);
	if (n->kind == N_NOP)
		return;
	if (super(p, o, n))
		return;
	if (folded(n) && n->v != NULL) {
		value(p, o, n->v);
		return;
	}
	if (paren)
		php_out(p, o, "(", 1);
	plain(p, o, n);
	if (paren)
		php_out(p, o, ")", 1);
}
