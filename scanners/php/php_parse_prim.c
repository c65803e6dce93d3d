/*
 * php_parse_prim - what operators stand between
 *
 * Job:     literals, variables, calls, members, arrays, new, match and the words that
 *          stand in expressions.
 * Touches: nothing.
 */
#include <string.h>
#include "php_parse.h"

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
		n = php_wrap(x, N_VARVAR, member(x));
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
	struct node *stmt = php_wrap(x, N_EXPR, n);

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
struct node *
php_postfix(struct parser *x, struct node *n)
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
			up = php_wrap(x, N_INC, n);
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
		struct node *given = php_node(x, N_NEW);
		struct kids gk = {NULL, NULL};

		skip(x);
		if (is_op(x, O_LPAR))
			args(x, given, &gk);
		c = php_class(x);
		php_kid(x, n, &k, c);
		c->next = given->kid; /* what its constructor gets */
		if (n->height < given->height)
			n->height = given->height;
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
		c = php_wrap(x, N_VARVAR, member(x));
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
		n = php_wrap(x, N_VARVAR, member(x));
		x->depth--;
		return n;
	default:
		return php_bad(x);
	}
}

struct node *
php_primary(struct parser *x)
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
		return php_wrap(x, N_BTICK, php_string(x, t));
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
