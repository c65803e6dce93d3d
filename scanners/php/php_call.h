/*
 * php_call - what the parts that handle calls share
 *
 * Job:     the arguments of a call, evaluated once.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_PHP_CALL_H
#define MAILBRAKE_PHP_CALL_H

#include "php_int.h"

struct args {
	struct val v[ARGS_MAX];
	struct node *n[ARGS_MAX];
	unsigned count;
	uint32_t taint;
	bool known; /* all of them */
};

/* What goes on with a value that is handed over. */
#define TA_PASSED \
	(TA_SHOWN | TA_OPAQUE | TA_OPENED | TA_TMP | TA_UNSET | TA_URL | TA_TEMP | \
	 TA_FAR | TA_PROG | TA_APART)

/* Arguments' taint goes to the parameters, to be met when the body is walked. */
void php_pass_taint(struct php *p, struct node *f, const struct args *a);
/* A function of the file: run if all is known; ret_taint: what its body returns. */
struct val php_call_own(struct php *p, struct node *f, const struct args *a,
			uint32_t ret_taint);
/* date('\a\b'): nothing but letters that stand for themselves. */
bool php_spelled(struct php *p, const struct val *format, struct val *out);
/* A function of PHP by its word. */
struct val php_builtin(struct php *p, unsigned w, struct args *a);

#endif
