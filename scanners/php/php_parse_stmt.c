/*
 * php_parse_stmt - statements, functions, classes
 *
 * Job:     a statement that cannot be parsed becomes N_RAW, its tokens printed as they
 *          are, up to the next ; or brace: what follows is still understood.
 * Touches: nothing.
 */
#include <string.h>
#include "php_parse.h"

static void
list(struct parser *x, struct node *n, struct kids *k, enum op end)
{
	while (!x->bad && !is_op(x, end)) {
		php_kid(x, n, k, php_expr(x, 0));
		if (!take_op(x, O_COMMA))
			break;
	}
}

void
php_end_stmt(struct parser *x)
{
	if (peek(x)->t == T_END || peek(x)->t == T_HTML || is_op(x, O_RBRC))
		return;
	php_need(x, O_SEMI);
}

static bool
at_end_word(const struct parser *x)
{
	if (peek(x)->t != T_NAME)
		return false;
	switch (peek(x)->w) {
	case W_ENDIF:
	case W_ENDWHILE:
	case W_ENDFOR:
	case W_ENDFOREACH:
	case W_ENDSWITCH:
	case W_ENDDECLARE:
	case W_ELSE:
	case W_ELSEIF:
	case W_CASE:
	case W_DEFAULT:
		return true;
	default:
		return false;
	}
}

/* A broken statement from token `from`: to the next ; or before a brace that ends a
 * block. */
struct node *
php_raw_stmt(struct parser *x, uint32_t from)
{
	struct node *n = php_node(x, N_RAW);
	struct out o;

	memset(&o, 0, sizeof(o));
	x->bad = false;
	x->p->f->broken++;
	if (x->i == from)
		skip(x);
	while (x->i < x->n &&
	       !(x->v[x->i - 1].t == T_OP &&
		 (x->v[x->i - 1].w == O_SEMI || x->v[x->i - 1].w == O_LBRC)) &&
	       !is_op(x, O_RBRC) && peek(x)->t != T_HTML)
		skip(x);
	php_print_flat(x->p, &o, x->src, x->v + from, x->i - from);
	n->s = o.p;
	n->len = (uint32_t)o.n;
	return n;
}

/* Statements up to } or, in the other syntax, a word that ends them. */
static struct node *
block(struct parser *x, bool words)
{
	struct node *n = php_node(x, N_BLOCK);
	struct kids k = {NULL, NULL};

	while (peek(x)->t != T_END && !is_op(x, O_RBRC) && !(words && at_end_word(x)) &&
	       !x->bad)
		php_kid(x, n, &k, php_stmt(x));
	return n;
}

struct node *
php_body(struct parser *x)
{
	struct node *n;

	if (!take_op(x, O_LBRC))
		return php_stmt(x);
	n = block(x, false);
	(void)take_op(x, O_RBRC); /* a missing one at the end is the file's, not ours */
	return n;
}

/* The body of a loop or if in either syntax. */
static struct node *
controlled(struct parser *x, enum word end)
{
	struct node *n;

	if (!take_op(x, O_COLON))
		return php_body(x);
	n = block(x, true);
	if (end != W_NONE && take_word(x, end))
		php_end_stmt(x);
	return n;
}

static struct node *
condition(struct parser *x)
{
	struct node *n;

	php_need(x, O_LPAR);
	n = php_expr(x, 0);
	php_need(x, O_RPAR);
	return n;
}

static struct node *
if_stmt(struct parser *x)
{
	struct node *n = php_node(x, N_IF);
	struct kids k = {NULL, NULL};
	bool colon = false;

	do {
		php_kid(x, n, &k, condition(x));
		colon |= is_op(x, O_COLON);
		php_kid(x, n, &k, controlled(x, W_NONE));
		if (take_word(x, W_ELSEIF))
			continue;
		if (!is_word(x, W_ELSE))
			break;
		skip(x);
		if (is_word(x, W_IF)) {
			skip(x);
			continue;
		}
		php_kid(x, n, &k, controlled(x, W_NONE));
		break;
	} while (!x->bad);
	if (colon && take_word(x, W_ENDIF))
		php_end_stmt(x);
	return n;
}

static struct node *
for_stmt(struct parser *x)
{
	struct node *n = php_node(x, N_FOR);
	struct kids k = {NULL, NULL};
	unsigned i;

	php_need(x, O_LPAR);
	for (i = 0; i < 3; i++) {
		struct node *part = php_node(x, N_BLOCK);
		struct kids pk = {NULL, NULL};

		list(x, part, &pk, i == 2 ? O_RPAR : O_SEMI);
		php_need(x, i == 2 ? O_RPAR : O_SEMI);
		php_kid(x, n, &k, part);
	}
	php_kid(x, n, &k, controlled(x, W_ENDFOR));
	return n;
}

static struct node *
foreach_stmt(struct parser *x)
{
	struct node *n = php_node(x, N_FOREACH), *subject, *a, *key = NULL;
	struct kids k = {NULL, NULL};

	php_need(x, O_LPAR);
	subject = php_expr(x, 0);
	if (!take_word(x, W_AS))
		return php_bad(x);
	if (take_op(x, O_AND))
		n->flags |= NF_REF;
	a = php_expr(x, 0);
	if (take_op(x, O_DARROW)) {
		key = a;
		if (take_op(x, O_AND))
			n->flags |= NF_REF;
		a = php_expr(x, 0);
	}
	php_need(x, O_RPAR);
	php_kid(x, n, &k, subject);
	php_kid(x, n, &k, a);
	php_kid(x, n, &k, controlled(x, W_ENDFOREACH));
	php_kid(x, n, &k, key);
	return n;
}

static struct node *
switch_stmt(struct parser *x)
{
	struct node *n = php_node(x, N_SWITCH);
	struct kids k = {NULL, NULL};
	bool colon;

	php_kid(x, n, &k, condition(x));
	colon = take_op(x, O_COLON);
	if (!colon)
		php_need(x, O_LBRC);
	while (take_op(x, O_SEMI) || peek(x)->t == T_HTML)
		if (peek(x)->t == T_HTML)
			skip(x);
	while (!x->bad && (is_word(x, W_CASE) || is_word(x, W_DEFAULT))) {
		struct node *c = php_node(x, N_CASE), *b;
		struct kids ck = {NULL, NULL};

		if (take_word(x, W_CASE)) {
			php_kid(x, c, &ck, php_expr(x, 0));
		} else {
			skip(x);
			php_kid(x, c, &ck, php_node(x, N_NOP));
		}
		if (!take_op(x, O_COLON))
			php_need(x, O_SEMI);
		b = block(x, true);
		php_kid(x, c, &ck, b);
		php_kid(x, n, &k, c);
	}
	if (colon ? take_word(x, W_ENDSWITCH) : take_op(x, O_RBRC))
		(void)take_op(x, O_SEMI);
	return n;
}

static struct node *
try_stmt(struct parser *x)
{
	struct node *n = php_node(x, N_TRY);
	struct kids k = {NULL, NULL};

	php_kid(x, n, &k, php_body(x));
	while (!x->bad && (is_word(x, W_CATCH) || is_word(x, W_FINALLY))) {
		bool c = is_word(x, W_CATCH);

		skip(x);
		if (c) {
			php_need(x, O_LPAR);
			while (peek(x)->t == T_NAME || peek(x)->t == T_VAR ||
			       is_op(x, O_OR))
				skip(x);
			php_need(x, O_RPAR);
		}
		php_kid(x, n, &k, php_body(x));
	}
	return n;
}

static struct node *
jump(struct parser *x, unsigned w)
{
	struct node *n = php_node(x, N_JUMP);
	struct kids k = {NULL, NULL};
	const struct tok *t = peek(x);

	n->w = (uint16_t)w;
	if (w == W_GOTO) {
		if (t->t != T_NAME)
			return php_bad(x);
		skip(x);
		n->s = x->src.s + t->off;
		n->len = t->len;
		n->id = php_intern(x->p, n->s, n->len, true);
	} else if (t->t != T_END && t->t != T_HTML && !is_op(x, O_SEMI) &&
		   !is_op(x, O_RBRC)) {
		php_kid(x, n, &k, php_expr(x, 0));
	}
	php_end_stmt(x);
	return n;
}

static struct node *
listed(struct parser *x, enum node_kind kind)
{
	struct node *n = php_node(x, kind);
	struct kids k = {NULL, NULL};

	if (kind == N_UNSET)
		php_need(x, O_LPAR);
	if (kind == N_CONST)
		php_members(x, n, &k);
	else
		list(x, n, &k, kind == N_UNSET ? O_RPAR : O_SEMI);
	if (kind == N_UNSET)
		php_need(x, O_RPAR);
	php_end_stmt(x);
	return n;
}

static struct node *
loop(struct parser *x, unsigned w)
{
	struct node *n = php_node(x, w == W_DO ? N_DO : N_WHILE);
	struct kids k = {NULL, NULL};

	if (w == W_DO) {
		php_kid(x, n, &k, php_body(x));
		if (!take_word(x, W_WHILE))
			return php_bad(x);
		php_kid(x, n, &k, condition(x));
		php_end_stmt(x);
	} else {
		php_kid(x, n, &k, condition(x));
		php_kid(x, n, &k, controlled(x, W_ENDWHILE));
	}
	return n;
}

/* A statement that a keyword begins; NULL: it is an expression after all. */
static struct node *
keyword_stmt(struct parser *x, unsigned w)
{
	const struct tok *t2 = peek2(x);
	bool name_next = t2->t == T_NAME || (t2->t == T_OP && t2->w == O_AND);

	switch (w) {
	case W_FUNCTION:
	case W_STATIC:
	case W_ENUM:
	case W_READONLY:
	case W_CONST:
		if (w == W_STATIC ? t2->t != T_VAR : !name_next)
			return NULL;
		break;
	case W_NAMESPACE:
	case W_USE:
	case W_DECLARE:
		return php_declaration(x);
	default:
		break;
	}
	skip(x);
	switch (w) {
	case W_IF:
		return if_stmt(x);
	case W_WHILE:
	case W_DO:
		return loop(x, w);
	case W_FOR:
		return for_stmt(x);
	case W_FOREACH:
		return foreach_stmt(x);
	case W_SWITCH:
		return switch_stmt(x);
	case W_TRY:
		return try_stmt(x);
	case W_ECHO:
		return listed(x, N_ECHO);
	case W_GLOBAL:
		return listed(x, N_GLOBAL);
	case W_STATIC:
		return listed(x, N_STATIC);
	case W_UNSET:
		return listed(x, N_UNSET);
	case W_CONST:
		return listed(x, N_CONST);
	case W_BREAK:
	case W_CONTINUE:
	case W_RETURN:
	case W_GOTO:
		return jump(x, w);
	case W_FUNCTION:
		return php_function(x, false);
	case W_ABSTRACT:
	case W_FINAL:
	case W_READONLY:
		return php_node(x, N_NOP);
	case W_CLASS:
	case W_INTERFACE:
	case W_TRAIT:
	case W_ENUM:
		return php_class(x);
	default:
		x->i--;
		return NULL;
	}
}

static struct node *
simple(struct parser *x)
{
	const struct tok *t = peek(x), *t2 = peek2(x);
	struct node *n;
	struct kids k = {NULL, NULL};

	if (t->t == T_HTML) {
		skip(x);
		n = php_node(x, N_HTML);
		n->s = x->src.s + t->off;
		n->len = t->len;
		return n;
	}
	if (t->t == T_ECHO) {
		skip(x);
		return listed(x, N_ECHO);
	}
	if (t->t == T_NAME && t2->t == T_OP && t2->w == O_COLON && t->w != W_DEFAULT) {
		skip(x);
		skip(x);
		n = php_node(x, N_LABEL);
		n->s = x->src.s + t->off;
		n->len = t->len;
		n->id = php_intern(x->p, n->s, n->len, true);
		return n;
	}
	if (t->t == T_NAME && (php_word_flags(t->w) & WF_KW) &&
	    (n = keyword_stmt(x, t->w)) != NULL)
		return n;
	if (t->t == T_HALT) {
		x->i = x->n;
		return php_node(x, N_NOP);
	}
	n = php_node(x, N_EXPR);
	php_kid(x, n, &k, php_expr(x, 0));
	php_end_stmt(x);
	return n;
}

struct node *
php_stmt(struct parser *x)
{
	uint32_t from = x->i;
	unsigned depth = x->depth;
	struct node *n, *before = x->before, *last = x->before_last;

	if (take_op(x, O_SEMI))
		return php_node(x, N_NOP);
	if (depth >= PARSE_DEPTH) {
		php_note(x->p, PHP_STOP_NEST);
		return php_raw_stmt(x, from);
	}
	x->depth++;
	x->before = NULL;
	n = is_op(x, O_LBRC) ? php_body(x) : simple(x);
	x->depth = depth;
	if (x->bad)
		n = php_raw_stmt(x, from);
	if (x->before != NULL && x->before->height < HEIGHT_MAX - 2 &&
	    n->height < HEIGHT_MAX - 2) {
		x->before_last->next = n;
		if (x->before->height <= n->height)
			x->before->height = (uint8_t)(n->height + 1);
		n = x->before;
	}
	x->before = before;
	x->before_last = last;
	return n;
}

static bool
blank(const char *s, size_t n)
{
	while (n > 0 && (*s == ' ' || *s == '\n' || *s == '\r' || *s == '\t')) {
		s++;
		n--;
	}
	return n == 0;
}

/* Does it make an object, or call? A closure in it does not by itself. */
static bool
holds_call(const struct node *n)
{
	const struct node *k;

	if (n->kind == N_NEW || n->kind == N_CALL || n->kind == N_KW ||
	    n->kind == N_BTICK)
		return true;
	if (n->kind == N_FUNC)
		return false;
	for (k = n->kid; k != NULL; k = k->next) /* HEIGHT_MAX bounds it */
		if (holds_call(k))
			return true;
	return false;
}

/* Statements that do something by themselves: a file of declarations is somebody's part. */
static unsigned
doing(const struct node *n)
{
	const struct node *k;
	unsigned sum = 0;

	switch (n->kind) {
	case N_FUNC:
	case N_CLASS:
	case N_NOP:
		return 0;
	case N_CONST: /* since PHP 8.1 it may make an object */
		return holds_call(n);
	case N_HTML:
		return !blank(n->s, n->len);
	case N_BLOCK: /* of a namespace; the parser bounds how deep they nest */
		for (k = n->kid; k != NULL; k = k->next)
			sum += doing(k);
		return sum;
	default:
		return 1;
	}
}

struct node *
php_parse(struct php *p, struct source src, const struct toks *t)
{
	struct parser x;
	struct node *n;
	struct kids k = {NULL, NULL};

	memset(&x, 0, sizeof(x));
	x.p = p;
	x.src = src;
	x.v = t->v;
	x.n = t->n;
	n = php_node(&x, N_BLOCK);
	while (x.i < x.n) {
		if (is_op(&x, O_RBRC)) { /* one too many */
			skip(&x);
			continue;
		}
		php_kid(&x, n, &k, php_stmt(&x));
		x.bad = false;
	}
	if (src.s == p->file.s)
		p->f->main = doing(n);
	return n;
}
