/*
 * php_parse - expressions
 *
 * Job:     precedence climbing; what stands at one level of precedence is one flat
 *          chain, so that a million operands need no depth.
 * Touches: nothing.
 * Source:  PHP manual, "Operator precedence" (of PHP 5 and 7: + - . are one level).
 */
#include <stdlib.h>
#include <string.h>
#include "php_parse.h"

struct node *
php_node(struct parser *x, enum node_kind kind)
{
	struct node *n = php_alloc(x->p, sizeof(*n));

	n->kind = (uint8_t)kind;
	n->height = 1;
	return n;
}

void
php_kid(struct parser *x, struct node *parent, struct kids *k, struct node *kid)
{
	if (kid == NULL)
		return;
	if (k->last == NULL)
		k->first = parent->kid = kid;
	else
		k->last->next = kid;
	k->last = kid;
	if (kid->height >= HEIGHT_MAX) {
		php_note(x->p, PHP_STOP_NEST);
		x->bad = true;
	} else if (parent->height <= kid->height) {
		parent->height = (uint8_t)(kid->height + 1);
	}
}

struct node *
php_bad(struct parser *x)
{
	x->bad = true;
	return php_node(x, N_NOP);
}

void
php_need(struct parser *x, enum op o)
{
	if (!take_op(x, o))
		x->bad = true;
}

struct node *
php_wrap(struct parser *x, enum node_kind kind, struct node *kid)
{
	struct node *n = php_node(x, kind);
	struct kids k = {NULL, NULL};

	php_kid(x, n, &k, kid);
	return n;
}

struct node *
php_var_node(struct parser *x, const char *s, uint32_t len)
{
	struct node *n = php_node(x, N_VAR);

	n->s = s;
	n->len = len;
	n->w = (uint16_t)(len > 0 && (s[0] == '_' || s[0] == 'G' || s[0] == 'H' ||
				      s[0] == 't')
			      ? php_word(x->p, s, len)
			      : W_NONE);
	n->w = (uint16_t)php_new_name(n->w);
	n->id = php_intern(x->p, s, len, false);
	return n;
}

struct node *
php_name_node(struct parser *x, const struct tok *t)
{
	struct node *n = php_node(x, N_NAME);

	n->s = x->src.s + t->off;
	n->len = t->len;
	n->w = t->w;
	return n;
}

static struct node *
prefix_op(struct parser *x, unsigned o)
{
	struct node *n;

	skip(x);
	if (o == O_SILENT) {
		x->p->f->silence++;
		return php_expr(x, 18);
	}
	n = php_wrap(x, o == O_INC || o == O_DEC ? N_INC : N_UNARY,
		     php_expr(x, o == O_NOT ? 17 : 18));
	n->op = (uint8_t)o;
	return n;
}

static struct node *
unary(struct parser *x)
{
	const struct tok *t = peek(x);
	struct node *n;

	if (t->t == T_CAST) {
		skip(x);
		n = php_wrap(x, N_CAST, php_expr(x, 18));
		n->w = t->w;
		return n;
	}
	if (t->t == T_OP)
		switch (t->w) {
		case O_NOT:
		case O_TILDE:
		case O_ADD:
		case O_SUB:
		case O_AND:
		case O_INC:
		case O_DEC:
		case O_SILENT:
			return prefix_op(x, t->w);
		default:
			break;
		}
	return php_postfix(x, php_primary(x));
}

/* Precedence of a binary operator, 0 if it is none; *o_out its code. */
static unsigned
precedence(const struct tok *t, unsigned *o_out)
{
	static const unsigned char table[O_COUNT] = {
	    [O_COAL] = 6,  [O_OROR] = 7,  [O_ANDAND] = 8, [O_OR] = 9,
	    [O_XOR] = 10,  [O_AND] = 11,  [O_EQ] = 12,    [O_NEQ] = 12,
	    [O_NEQ2] = 12, [O_SAME] = 12, [O_NSAME] = 12, [O_SPACESHIP] = 12,
	    [O_LT] = 13,   [O_GT] = 13,   [O_LE] = 13,    [O_GE] = 13,
	    [O_SHL] = 14,  [O_SHR] = 14,  [O_ADD] = 15,   [O_SUB] = 15,
	    [O_CAT] = 15,  [O_MUL] = 16,  [O_DIV] = 16,   [O_MOD] = 16,
	    [O_POW] = 19};

	if (t->t == T_OP) {
		*o_out = t->w;
		return table[t->w];
	}
	if (t->t != T_NAME)
		return 0;
	switch (t->w) {
	case W_OR:
		*o_out = O_OROR;
		return 1;
	case W_XOR:
		*o_out = O_NEQ;
		return 2;
	case W_AND:
		*o_out = O_ANDAND;
		return 3;
	case W_INSTANCEOF:
		*o_out = O_BSLASH;
		return 18;
	default:
		return 0;
	}
}

static bool
sets(const struct parser *x, const struct node *n)
{
	static const unsigned char set[O_COUNT] = {
	    [O_SET] = 1,     [O_ADD_SET] = 1, [O_SUB_SET] = 1, [O_MUL_SET] = 1,
	    [O_DIV_SET] = 1, [O_CAT_SET] = 1, [O_MOD_SET] = 1, [O_AND_SET] = 1,
	    [O_OR_SET] = 1,  [O_XOR_SET] = 1, [O_SHL_SET] = 1, [O_SHR_SET] = 1,
	    [O_POW_SET] = 1, [O_COAL_SET] = 1};

	return peek(x)->t == T_OP && set[peek(x)->w] &&
	       (n->kind == N_VAR || n->kind == N_VARVAR || n->kind == N_INDEX ||
		n->kind == N_PROP || n->kind == N_SPROP || n->kind == N_ARRAY);
}

static struct node *
assign(struct parser *x, struct node *left)
{
	struct node *n = php_node(x, N_ASSIGN);
	struct kids k = {NULL, NULL};

	n->op = (uint8_t)peek(x)->w;
	skip(x);
	if (n->op == O_SET && take_op(x, O_AND))
		n->flags |= NF_REF;
	php_kid(x, n, &k, left);
	php_kid(x, n, &k, php_expr(x, 4));
	return n;
}

static struct node *
ternary(struct parser *x, struct node *cond)
{
	struct node *n = php_node(x, N_TERN);
	struct kids k = {NULL, NULL};

	skip(x);
	php_kid(x, n, &k, cond);
	if (is_op(x, O_COLON))
		n->flags |= NF_SHORT;
	else
		php_kid(x, n, &k, php_expr(x, 4));
	php_need(x, O_COLON);
	php_kid(x, n, &k, php_expr(x, 6));
	return n;
}

/* Operators at and above min, from left to right. */
static struct node *
climb(struct parser *x, unsigned min)
{
	struct node *left = unary(x), *chain = NULL;
	struct kids k = {NULL, NULL};
	unsigned level = 0, prec, o = 0;

	while (!x->bad) {
		if (sets(x, left)) {
			left = assign(x, left);
			chain = NULL;
			continue;
		}
		if (min <= 5 && is_op(x, O_QUEST)) {
			left = ternary(x, left);
			chain = NULL;
			continue;
		}
		prec = precedence(peek(x), &o);
		if (prec == 0 || prec < min)
			break;
		skip(x);
		if (chain == NULL || level != prec) {
			chain = php_node(x, N_CHAIN);
			k.first = k.last = NULL;
			php_kid(x, chain, &k, left);
			level = prec;
		}
		left = php_expr(x, prec == 6 || prec == 19 ? prec : prec + 1);
		left->join = (uint8_t)o;
		php_kid(x, chain, &k, left);
		chain->op = (uint8_t)o;
		left = chain;
	}
	return left;
}

struct node *
php_expr(struct parser *x, unsigned min)
{
	struct node *n;

	if (x->bad)
		return php_node(x, N_NOP);
	if (x->depth >= PARSE_DEPTH) {
		php_note(x->p, PHP_STOP_NEST);
		return php_bad(x);
	}
	x->depth++;
	n = climb(x, min);
	x->depth--;
	return n;
}
