/*
 * php_chosen - one among the functions of the file
 *
 * Job:     $table[$x](..) of closures, 'cmd_' . $x of functions the file declares: the
 *          request chooses, but only among them; each gets the arguments' taint.
 * Touches: nothing.
 */
#include <string.h>
#include <strings.h>
#include "php_chosen.h"
#include "php_lex.h"

#define PREFIX_MIN 3
#define CHOICE_MAX 64

/* The function of the file that an element of a table is. */
static struct node *
function_of(struct php *p, const struct val *v)
{
	uint32_t id;

	if (v->t == V_FUNC)
		return v->u.f;
	id = v->t == V_STR && v->len > 0 && v->len <= 64
		 ? php_find(p, v->u.s, v->len, true)
		 : 0;
	return id != 0 ? p->names.v[id].func : NULL;
}

struct val
php_of_table(struct php *p, const struct val *table)
{
	struct val v = php_unknown(php_bare(table->taint));
	struct arr *a = table->u.a;
	uint32_t i;

	if (a->live == 0 || a->n > CHOICE_MAX || (v.taint & TA_REQUESTED))
		return v; /* .. or the request may have put another one in */
	for (i = 0; i < a->n; i++)
		if (!a->e[i].dead && function_of(p, &a->e[i].v) == NULL)
			return v;
	a->shared = true;
	v.flags = VF_TABLE;
	v.u.a = a;
	return v;
}

/* May a function of PHP that runs, writes or sends begin so? */
static bool
begins_sink(const char *s, uint32_t len)
{
	unsigned w;

	for (w = 1; w < W__N; w++) {
		const char *text = php_word_text(w);

		if ((php_word_flags(w) & WF_FN) && strncasecmp(text, s, len) == 0)
			return true;
	}
	return false;
}

static bool
has_prefix(const struct name *n, const char *s, uint32_t len)
{
	return n->func != NULL && n->len > len && strncasecmp(n->s, s, len) == 0;
}

void
php_of_prefix(struct php *p, const struct val *first, struct val *v)
{
	uint32_t i;

	if (first->t != V_STR || first->len < PREFIX_MIN || first->len > 40 ||
	    !(v->taint & TA_REQUESTED) || known(v))
		return;
	for (i = 0; i < first->len; i++)
		if (!(p->cls[(unsigned char)first->u.s[i]] & C_WORD))
			return;
	php_step(p, p->names.n / 16 + 1);
	for (i = 1; i < p->names.n; i++)
		if (has_prefix(&p->names.v[i], first->u.s, first->len))
			break;
	if (i >= p->names.n)
		return;
	php_step(p, W__N / 2);
	if (begins_sink(first->u.s, first->len))
		return;
	v->flags = VF_PREFIX;
	v->u.s = first->u.s;
	v->len = first->len;
}

bool
php_chosen(const struct val *f)
{
	return f->t == V_UNKNOWN && (f->flags & (VF_TABLE | VF_PREFIX)) != 0;
}

struct val
php_call_chosen(struct php *p, const struct val *f, const struct args *a)
{
	uint32_t t = php_bare(a->taint), i, n = 0;

	if (p->concrete)
		return php_unknown(t);
	if (f->flags & VF_TABLE) {
		const struct arr *all = f->u.a;

		php_step(p, (uint64_t)all->n * (a->count + 1));
		for (i = 0; i < all->n; i++) {
			struct node *one =
			    all->e[i].dead ? NULL : function_of(p, &all->e[i].v);

			if (one == NULL)
				continue;
			php_pass_taint(p, one, a);
			t |= php_returned(one) |
			     (one->id != 0 ? p->names.v[one->id].taint : 0u);
		}
		return php_unknown(t);
	}
	php_step(p, p->names.n / 16 + 1);
	for (i = 1; i < p->names.n && n < CHOICE_MAX; i++)
		if (has_prefix(&p->names.v[i], f->u.s, f->len)) {
			php_pass_taint(p, p->names.v[i].func, a);
			t |= p->names.v[i].taint;
			n++;
		}
	return php_unknown(t);
}
