/*
 * php_walk - what the walkers of statements share
 *
 * Job:     text to where it goes (p->o), and bodies that may not run.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_PHP_WALK_H
#define MAILBRAKE_PHP_WALK_H

#include "php_int.h"

void php_line(struct php *p, const char *s);
/* The marks gathered, on lines of their own. */
void php_flush_marks(struct php *p);
void php_show_top(struct php *p, const struct node *n);
struct val php_eval_show(struct php *p, struct node *n);
/* kw(expr){ */
void php_head(struct php *p, const char *kw, struct node *n);
void php_tail(struct php *p);
/* Walk what may not run. */
void php_guarded(struct php *p, struct node *body);

void php_walk_if(struct php *p, struct node *n);
void php_walk_loop(struct php *p, struct node *n);
void php_walk_foreach(struct php *p, struct node *n);
void php_walk_switch(struct php *p, struct node *n);

/* What the condition finds in a list of constants by in_array(); NULL. *not_out: what it
 * does not find there. *how_out: as php_apart() wants it. */
struct node *php_listed(struct php *p, struct node *cond, bool *not_out,
			uint32_t *how_out);
/* The same variable, or the same element of one. */
bool php_same_place(const struct node *a, const struct node *b);

#endif
