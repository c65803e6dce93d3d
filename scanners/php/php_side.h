/*
 * php_side.h - data that goes on by another way than a value
 *
 * Job:     parameters by reference, returns of closures, what files, streams, buffers,
 *          containers and exceptions hold. All but what php_returned() and php_held()
 *          answer is remembered in the look, and nothing while code is run.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_PHP_SIDE_H
#define MAILBRAKE_PHP_SIDE_H

#include "php_apart.h"

/* At the end of a walk through f: what its body has put into parameters by reference. */
void php_refs_out(struct php *p, struct node *f, struct scope *around);
/* At a call of f: its arguments by reference get it. */
void php_refs_back(struct php *p, struct node *f, const struct args *a);
/* The function that is walked returns, or yields, this. */
void php_returns(struct php *p, uint32_t taint);
/* What a closure was seen to return. */
uint32_t php_returned(const struct node *closure);

/* Data is written to a path or a stream (an: its node, or NULL). */
void php_holds(struct php *p, struct node *an, const struct val *where, uint32_t taint);
/* What was written there. */
uint32_t php_held(struct php *p, struct node *an, const struct val *where);
/* A path is opened to be written: what is written next goes there. */
void php_opens(struct php *p, struct node *an, const struct val *path);
/* ob_start(..); echo. */
void php_buffers(struct php *p, const struct args *a);
void php_prints(struct php *p, uint32_t taint);

/* $o->push(..) and the like, of a class that is not in the file. */
void php_stored(struct php *p, struct node *object, const struct val *method,
		uint32_t taint);
/* new SomeException(..) */
void php_thrown(struct php *p, const struct node *class, uint32_t taint);

/* What a method of the file is known to return, whatever its class: offsetGet() .. */
uint32_t php_magic(const struct php *p, const char *name);

/* A closure that may be called from elsewhere; request data goes to what nothing names. */
void php_keep_closure(struct php *p, struct node *f);
void php_give_closures(struct php *p, uint32_t taint);
/* What any of them returns. */
uint32_t php_closures_return(const struct php *p);

#endif
