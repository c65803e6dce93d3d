/*
 * php_sink_callback - functions that call what they are given
 *
 * Job:     which argument is the callback, what it names, and what reaches it.
 * Touches: nothing.
 * Source:  the manual of PHP, of each function.
 */
#include <string.h>
#include "php_chosen.h"
#include "php_sink.h"

/* The callback's place and its data's in functions that call back. */
static bool
callback(unsigned w, unsigned argc, unsigned *f_out, unsigned *data_out)
{
	switch (w) {
	case W_ARRAY_MAP:
	case W_CALL_USER_FUNC:
	case W_CALL_USER_FUNC_ARRAY:
	case W_REGISTER_SHUTDOWN_FUNCTION:
	case W_REGISTER_TICK_FUNCTION:
	case W_FORWARD_STATIC_CALL:
	case W_FORWARD_STATIC_CALL_ARRAY:
	case W_OB_START:
	case W_SET_ERROR_HANDLER:
	case W_SET_EXCEPTION_HANDLER:
	case W_SPL_AUTOLOAD_REGISTER:
	case W_HEADER_REGISTER_CALLBACK:
		*f_out = 0;
		*data_out = 1;
		return true;
	case W_ARRAY_FILTER:
	case W_ARRAY_WALK:
	case W_ARRAY_WALK_RECURSIVE:
	case W_ARRAY_REDUCE:
	case W_USORT:
	case W_UASORT:
	case W_UKSORT:
	case W_ITERATOR_APPLY:
		*f_out = 1;
		*data_out = 0;
		return true;
	case W_ARRAY_DIFF_UKEY:
	case W_ARRAY_UDIFF:
	case W_ARRAY_INTERSECT_UKEY:
	case W_ARRAY_UDIFF_ASSOC:
	case W_ARRAY_UDIFF_UASSOC:
	case W_ARRAY_DIFF_UASSOC:
	case W_ARRAY_UINTERSECT:
	case W_ARRAY_UINTERSECT_ASSOC:
	case W_ARRAY_UINTERSECT_UASSOC:
	case W_ARRAY_INTERSECT_UASSOC:
		*f_out = argc > 2 ? argc - 1 : 2; /* after all the arrays */
		*data_out = 0;
		return true;
	case W_PREG_REPLACE_CALLBACK:
	case W_MB_EREG_REPLACE_CALLBACK:
		*f_out = 1;
		*data_out = 2;
		return true;
	default:
		return false;
	}
}

static bool
hands_array(unsigned w)
{
	return w == W_CALL_USER_FUNC_ARRAY || w == W_FORWARD_STATIC_CALL_ARRAY;
}

static bool
runs_code(unsigned w)
{
	return w == W_ASSERT || w == W_SYSTEM || w == W_EXEC || w == W_PASSTHRU ||
	       w == W_SHELL_EXEC || w == W_EVAL || w == W_CREATE_FUNCTION ||
	       w == W_POPEN || w == W_PROC_OPEN;
}

void
php_named_sinks(struct php *p, const struct val *a, unsigned argc)
{
	unsigned i, k;

	for (i = 0; i < argc; i++) {
		const struct val *v = &a[i];
		unsigned w;

		if (v->t == V_ARR)
			for (k = 0; k < v->u.a->n && k < 8; k++)
				if (v->u.a->e[k].v.t == V_STR)
					php_named_sinks(p, &v->u.a->e[k].v, 1);
		if (v->t != V_STR || !runs_code(w = php_word(p, v->u.s, v->len)))
			continue;
		p->f->callback_sinks++;
		php_mark(p, "@@callback ", php_word_text(w), 0, 0);
	}
}

/* call_user_func(f, ..), call_user_func_array(f, [..]): as f(..). */
static void
handed(struct php *p, struct node *n, unsigned target, bool spread, struct val *a,
       struct node **an, unsigned argc)
{
	struct val v[6];
	struct node *vn[6];
	unsigned i, count = 0;

	if (target == W_NONE || target == W_CALL_USER_FUNC ||
	    target == W_CALL_USER_FUNC_ARRAY || target == W_FORWARD_STATIC_CALL_ARRAY ||
	    argc < 2)
		return;
	if (spread && a[1].t == V_ARR)
		for (i = 0; i < a[1].u.a->n && count < 6; i++) {
			v[count] = a[1].u.a->e[i].v;
			vn[count++] = an[1];
		}
	else
		for (i = 1; i < argc && count < 6; i++) {
			v[count] = a[i];
			vn[count++] = an[i];
		}
	php_sink_call(p, n, target, v, vn, count, true);
}

/* [object, 'method']: the request may have made the object or named the class, but not the method. */
static bool
names_method(const struct val *f)
{
	return f->t == V_ARR && f->u.a->n == 2 && f->u.a->e[1].v.t == V_STR &&
	       !(f->u.a->e[1].v.taint & TA_REQUESTED) &&
	       (f->u.a->e[0].v.t == V_UNKNOWN ||
		(f->u.a->e[0].v.taint & TA_REQUESTED) != 0);
}

/* f(...$_GET): the callback is among what the request spreads. */
static void
spread_sink(struct php *p, unsigned w, struct val *a, struct node **an, unsigned argc)
{
	unsigned i, cb, data;

	if (!callback(w, argc, &cb, &data))
		return;
	for (i = 0; i < argc && i <= cb; i++)
		if (an[i] != NULL && (an[i]->flags & NF_SPREAD) &&
		    php_tainted(p, an[i], &a[i], "call", 1, &p->f->taint_call))
			p->f->taint_call_args++;
}

void
php_callback_sink(struct php *p, struct node *n, unsigned w, struct val *a,
		  struct node **an, unsigned argc)
{
	unsigned cb = 0, data = 0, target;

	if ((w == W_FILTER_VAR || w == W_FILTER_VAR_ARRAY ||
	     w == W_SESSION_SET_SAVE_HANDLER) &&
	    !(n->flags & NF_SEEN))
		php_named_sinks(p, a, argc);
	spread_sink(p, w, a, an, argc);
	if (!callback(w, argc, &cb, &data) || cb >= argc)
		return;
	if (!(n->flags & NF_SEEN))
		php_named_sinks(p, &a[cb], 1);
	if (names_method(&a[cb]) || php_chosen(&a[cb]))
		return;
	if (php_tainted(p, an[cb], &a[cb], "call", 1, &p->f->taint_call) && data < argc)
		p->f->taint_call_args += (a[data].taint & TA_REQUESTED) != 0;
	if (a[cb].t == V_UNKNOWN && data < argc)
		php_given(p, n, a[data].taint);
	if (a[cb].t != V_STR)
		return;
	target = php_word(p, a[cb].u.s, a[cb].len);
	if (w == W_CALL_USER_FUNC || w == W_FORWARD_STATIC_CALL || hands_array(w)) {
		handed(p, n, target, hands_array(w), a, an, argc);
		return;
	}
	if (target == W_NONE || callback(target, argc, &cb, &cb))
		return;
	switch (target) {
	case W_ASSERT:
	case W_SYSTEM:
	case W_EXEC:
	case W_PASSTHRU:
	case W_SHELL_EXEC:
	case W_MAIL:
	case W_BASE64_DECODE:
	case W_CREATE_FUNCTION:
		if (data < argc)
			php_sink_call(p, n, target, &a[data], &an[data], 1, true);
		break;
	default:
		break;
	}
}
