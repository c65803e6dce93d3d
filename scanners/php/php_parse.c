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

static struct node *
wrap(struct parser *x, enum node_kind kind, struct node *kid)
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

/* (a, b, ...$c, name: d): appended to n. */
static void
args(struct parser *x, struct node *n, struct kids *k)
{
	php_need(x, O_LPAR);
	while (!x->bad && !is_op(x, O_RPAR)) {
		bool spread = take_op(x, O_DOTS);
		struct node *a;

		if (spread && is_op(x, O_RPAR))
			break; /* f(...) */
		(void)take_op(x, O_AND);
		if (peek(x)->t == T_NAME && peek2(x)->t == T_OP &&
		    peek2(x)->w == O_COLON) {
			skip(x);
			skip(x);
		}
		a = php_expr(x, 0);
		if (spread)
			a->flags |= NF_SPREAD;
		php_kid(x, n, k, a);
		if (!take_op(x, O_COMMA))
			break;
	}
	php_need(x, O_RPAR);
}

/* [k => v, &$r, , ...$s]: array() and list() too. */
static struct node *
array(struct parser *x, enum op end)
{
	struct node *n = php_node(x, N_ARRAY), *item;
	struct kids k = {NULL, NULL};

	while (!x->bad && !is_op(x, end)) {
		struct kids ik = {NULL, NULL};
		struct node *a;

		item = php_node(x, N_ITEM);
		if (take_op(x, O_COMMA)) { /* list(, $b) */
			php_kid(x, item, &ik, php_node(x, N_NOP));
			php_kid(x, n, &k, item);
			continue;
		}
		if (take_op(x, O_DOTS))
			item->flags |= NF_SPREAD;
		if (take_op(x, O_AND))
			item->flags |= NF_REF;
		a = php_expr(x, 0);
		if (take_op(x, O_DARROW)) {
			struct node *v;

			if (take_op(x, O_AND))
				item->flags |= NF_REF;
			v = php_expr(x, 0);
			php_kid(x, item, &ik, v);
		}
		php_kid(x, item, &ik, a);
		php_kid(x, n, &k, item);
		if (!take_op(x, O_COMMA))
			break;
	}
	php_need(x, end);
	return n;
}

/* What follows ->: a name, $variable, {expression}. */
static struct node *
member(struct parser *x)
{
	const struct tok *t = peek(x);
	struct node *n;

	if (t->t == T_NAME) {
		skip(x);
		return php_name_node(x, t);
	}
	if (t->t == T_VAR) {
		skip(x);
		return php_var_node(x, x->src.s + t->off, t->len);
	}
	if (take_op(x, O_LBRC)) {
		n = php_expr(x, 0);
		php_need(x, O_RBRC);
		return n;
	}
	if (take_op(x, O_DOLLAR) && x->depth < PARSE_DEPTH) {
		x->depth++;
		n = wrap(x, N_VARVAR, member(x));
		x->depth--;
		return n;
	}
	return php_bad(x);
}

static struct node *
scope(struct parser *x, struct node *base)
{
	struct node *n;
	struct kids k = {NULL, NULL};
	bool prop = peek(x)->t == T_VAR || is_op(x, O_DOLLAR);

	n = php_node(x, prop ? N_SPROP : N_SCONST);
	php_kid(x, n, &k, base);
	php_kid(x, n, &k, member(x));
	return n;
}

/*
 * A chain of calls as long as some configuration files have it would be as deep as it is
 * long: the part so far becomes a statement of its own, before this one.
 */
static struct node *
split(struct parser *x, struct node *n)
{
	struct node *stmt = wrap(x, N_EXPR, n);

	if (x->before == NULL) {
		x->before = php_node(x, N_BLOCK);
		x->before->kid = stmt;
	} else {
		x->before_last->next = stmt;
	}
	x->before_last = stmt;
	if (x->before->height <= stmt->height)
		x->before->height = (uint8_t)(stmt->height + 1);
	return php_node(x, N_NOP);
}

/* What may follow a primary: indexes, members, calls, ++. */
static struct node *
postfix(struct parser *x, struct node *n)
{
	while (!x->bad && peek(x)->t == T_OP) {
		struct kids k = {NULL, NULL};
		struct node *up;
		unsigned o = peek(x)->w;

		if (o == O_LBRK ||
		    (o == O_LBRC && (n->kind == N_VAR || n->kind == N_INDEX ||
				     n->kind == N_PROP || n->kind == N_SPROP))) {
			skip(x);
			up = php_node(x, N_INDEX);
			php_kid(x, up, &k, n);
			if (!is_op(x, O_RBRK))
				php_kid(x, up, &k, php_expr(x, 0));
			php_need(x, o == O_LBRK ? O_RBRK : O_RBRC);
		} else if (o == O_ARROW || o == O_NARROW) {
			skip(x);
			if (n->height > CHAIN_HEIGHT)
				n = split(x, n);
			up = php_node(x, N_PROP);
			php_kid(x, up, &k, n);
			php_kid(x, up, &k, member(x));
		} else if (o == O_SCOPE) {
			skip(x);
			up = scope(x, n);
		} else if (o == O_LPAR) {
			up = php_node(x, N_CALL);
			php_kid(x, up, &k, n);
			args(x, up, &k);
		} else if (o == O_INC || o == O_DEC) {
			skip(x);
			up = wrap(x, N_INC, n);
			up->op = (uint8_t)o;
			up->flags |= NF_POST;
		} else {
			break;
		}
		n = up;
	}
	return n;
}

/* new X(..), new $x, new class(..) {..}: new already taken. */
static struct node *
new_expr(struct parser *x)
{
	struct node *n = php_node(x, N_NEW), *c;
	struct kids k = {NULL, NULL};
	const struct tok *t = peek(x);

	if (is_word(x, W_CLASS)) {
		struct kids none = {NULL, NULL};

		skip(x);
		if (is_op(x, O_LPAR))
			args(x, php_node(x, N_NEW), &none);
		php_kid(x, n, &k, php_class(x));
		return n;
	}
	if (t->t == T_NAME) {
		skip(x);
		c = php_name_node(x, t);
	} else if (t->t == T_VAR) {
		skip(x);
		c = php_var_node(x, x->src.s + t->off, t->len);
	} else if (take_op(x, O_LPAR)) {
		c = php_expr(x, 0);
		php_need(x, O_RPAR);
	} else if (take_op(x, O_DOLLAR)) {
		c = wrap(x, N_VARVAR, member(x));
	} else {
		return php_bad(x);
	}
	while (!x->bad && (is_op(x, O_LBRK) || is_op(x, O_ARROW) || is_op(x, O_SCOPE))) {
		struct kids ck = {NULL, NULL};
		struct node *up;

		if (take_op(x, O_LBRK)) {
			up = php_node(x, N_INDEX);
			php_kid(x, up, &ck, c);
			php_kid(x, up, &ck, php_expr(x, 0));
			php_need(x, O_RBRK);
		} else if (take_op(x, O_ARROW)) {
			up = php_node(x, N_PROP);
			php_kid(x, up, &ck, c);
			php_kid(x, up, &ck, member(x));
		} else {
			skip(x);
			up = scope(x, c);
		}
		c = up;
	}
	php_kid(x, n, &k, c);
	if (is_op(x, O_LPAR))
		args(x, n, &k);
	return n;
}

/* Keywords that begin an expression; NULL if w is none of them. */
static struct node *
keyword(struct parser *x, unsigned w)
{
	struct node *n;
	struct kids k = {NULL, NULL};
	const struct tok *t2 = peek2(x);
	bool call = t2->t == T_OP && t2->w == O_LPAR;

	switch (w) {
	case W_ARRAY:
	case W_LIST:
		if (!call)
			return NULL;
		skip(x);
		skip(x);
		return array(x, O_RPAR);
	case W_ISSET:
	case W_EMPTY:
	case W_EVAL:
	case W_EXIT:
	case W_DIE:
		skip(x);
		n = php_node(x, N_KW);
		n->w = (uint16_t)w;
		if (is_op(x, O_LPAR))
			args(x, n, &k);
		return n;
	case W_INCLUDE:
	case W_INCLUDE_ONCE:
	case W_REQUIRE:
	case W_REQUIRE_ONCE:
	case W_PRINT:
	case W_CLONE:
	case W_THROW:
	case W_YIELD:
		skip(x);
		n = php_node(x, N_KW);
		n->w = (uint16_t)w;
		if (w == W_YIELD)
			(void)take_word(x, W_FROM);
		if (w != W_YIELD || !(is_op(x, O_SEMI) || is_op(x, O_RPAR)))
			php_kid(x, n, &k,
				php_expr(x, w == W_CLONE   ? 18
					    : w == W_THROW ? 0
							   : 4));
		if (w == W_YIELD && take_op(x, O_DARROW))
			php_kid(x, n, &k, php_expr(x, 4));
		return n;
	case W_NEW:
		skip(x);
		return new_expr(x);
	case W_STATIC:
		if (t2->t == T_NAME && (t2->w == W_FUNCTION || t2->w == W_FN)) {
			skip(x);
			skip(x);
			return php_function(x, t2->w == W_FN);
		}
		return NULL;
	case W_FUNCTION:
		skip(x);
		return php_function(x, false);
	case W_FN:
		if (!call)
			return NULL;
		skip(x);
		return php_function(x, true);
	default:
		return NULL;
	}
}

/* match (x) { a, b => c, default => d }: match already taken. */
static struct node *
match(struct parser *x)
{
	struct node *n = php_node(x, N_MATCH);
	struct kids k = {NULL, NULL};

	args(x, n, &k);
	php_need(x, O_LBRC);
	while (!x->bad && !is_op(x, O_RBRC)) {
		struct node *item = php_node(x, N_ITEM), *v;
		struct kids ik = {NULL, NULL};

		v = php_expr(x, 0);
		while (take_op(x, O_COMMA) && !is_op(x, O_DARROW))
			(void)php_expr(x, 0);
		php_need(x, O_DARROW);
		php_kid(x, item, &ik, php_expr(x, 0));
		php_kid(x, item, &ik, v);
		php_kid(x, n, &k, item);
		if (!take_op(x, O_COMMA))
			break;
	}
	php_need(x, O_RBRC);
	return n;
}

static struct node *
primary_op(struct parser *x, unsigned o)
{
	struct node *n;

	skip(x);
	switch (o) {
	case O_LPAR:
		n = php_expr(x, 0);
		php_need(x, O_RPAR);
		n->flags |= NF_PAREN;
		return n;
	case O_LBRK:
		return array(x, O_RBRK);
	case O_DOLLAR:
		if (x->depth++ >= PARSE_DEPTH)
			return php_bad(x);
		n = wrap(x, N_VARVAR, member(x));
		x->depth--;
		return n;
	default:
		return php_bad(x);
	}
}

static struct node *
primary(struct parser *x)
{
	const struct tok *t = peek(x);
	struct node *n;

	switch (t->t) {
	case T_VAR:
		skip(x);
		return php_var_node(x, x->src.s + t->off, t->len);
	case T_STR:
	case T_DSTR:
		skip(x);
		return php_string(x, t);
	case T_BTICK:
		skip(x);
		return wrap(x, N_BTICK, php_string(x, t));
	case T_NUM:
		skip(x);
		n = php_node(x, N_NUM);
		n->s = x->src.s + t->off;
		n->len = t->len;
		return n;
	case T_NAME:
		n = (php_word_flags(t->w) & WF_KW) ? keyword(x, t->w) : NULL;
		if (n != NULL)
			return n;
		skip(x);
		if (t->w == W_MATCH && is_op(x, O_LPAR)) {
			uint32_t save = x->i;

			n = match(x);
			if (!x->bad)
				return n;
			x->bad = false; /* a function called match */
			x->i = save;
		}
		return php_name_node(x, t);
	case T_OP:
		return primary_op(x, t->w);
	default:
		return php_bad(x);
	}
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
	n = wrap(x, o == O_INC || o == O_DEC ? N_INC : N_UNARY,
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
		n = wrap(x, N_CAST, php_expr(x, 18));
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
	return postfix(x, primary(x));
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
