/*
 * php_parse - what the halves of the parser share
 *
 * Job:     the parser's state; php_parse.c has operators, php_parse_prim.c what
 *          stands between them, php_parse_stmt.c statements, php_parse_decl.c
 *          functions and classes, php_parse_str.c string literals.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_PHP_PARSE_H
#define MAILBRAKE_PHP_PARSE_H

#include "php_int.h"

#define PARSE_DEPTH 180 /* of blocks and expressions in each other */

struct parser {
	struct php *p;
	struct source src;
	const struct tok *v; /* ends with T_END */
	uint32_t i, n;
	unsigned depth;
	bool bad;            /* the statement cannot be parsed */
	struct node *before; /* N_BLOCK of what is to be evaluated before the statement */
	struct node *before_last;
};

#define CHAIN_HEIGHT 120 /* of a()->b()->c(): split there */

/* A list of children that grows at its end. */
struct kids {
	struct node *first, *last;
};

static inline const struct tok *
peek(const struct parser *x)
{
	return &x->v[x->i];
}

static inline bool
is_op(const struct parser *x, enum op o)
{
	return x->v[x->i].t == T_OP && x->v[x->i].w == o;
}

static inline bool
is_word(const struct parser *x, enum word w)
{
	return x->v[x->i].t == T_NAME && x->v[x->i].w == w;
}

/* The token after the next; T_END stays. */
static inline const struct tok *
peek2(const struct parser *x)
{
	return x->i < x->n ? &x->v[x->i + 1] : &x->v[x->n];
}

static inline void
skip(struct parser *x)
{
	if (x->i < x->n)
		x->i++;
}

static inline bool
take_op(struct parser *x, enum op o)
{
	if (!is_op(x, o))
		return false;
	skip(x);
	return true;
}

static inline bool
take_word(struct parser *x, enum word w)
{
	if (!is_word(x, w))
		return false;
	skip(x);
	return true;
}

struct node *php_node(struct parser *x, enum node_kind kind);
/* Append kid to parent (NULL is left out); the parent's height follows. */
void php_kid(struct parser *x, struct node *parent, struct kids *k, struct node *kid);
/* The statement is broken: gives an N_NOP so that callers go on to their end. */
struct node *php_bad(struct parser *x);
void php_need(struct parser *x, enum op o);

/* A node of that kind around one kid. */
struct node *php_wrap(struct parser *x, enum node_kind kind, struct node *kid);

struct node *php_expr(struct parser *x, unsigned min);
struct node *php_primary(struct parser *x);
/* n and what follows it: (..) [..] ->a ::b ++ */
struct node *php_postfix(struct parser *x, struct node *n);
struct node *php_stmt(struct parser *x);
/* { statements }, or a statement. */
struct node *php_body(struct parser *x);
/* function already taken: [&] [name] (params) [use (..)] [: type] body. */
struct node *php_function(struct parser *x, bool arrow);
struct node *php_class(struct parser *x);
/* $a [= value], ..: appended to n. */
void php_members(struct parser *x, struct node *n, struct kids *k);
/* namespace, use, declare: to their ; or { */
struct node *php_declaration(struct parser *x);
/* The tokens from there to the end of a statement that could not be parsed. */
struct node *php_raw_stmt(struct parser *x, uint32_t from);
void php_end_stmt(struct parser *x);
/* A string token: N_LIT or N_INTERP. */
struct node *php_string(struct parser *x, const struct tok *t);
struct node *php_lit(struct parser *x, const char *s, uint32_t len);
struct node *php_var_node(struct parser *x, const char *s, uint32_t len);
struct node *php_name_node(struct parser *x, const struct tok *t);

#endif
