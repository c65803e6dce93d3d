/*
 * php_eval - expressions
 *
 * Job:     the value of an expression where it is known, its taint in any case. Each
 *          operand is looked at once; where walking (not running), the value is left
 *          at the node for php_show().
 * Touches: nothing.
 */
#include <stdlib.h>
#include <string.h>
#include "php_chosen.h"
#include "php_walk.h"

static struct val
number(const struct node *n)
{
	char text[40];
	size_t i, len = 0;
	struct val v;
	char *end;
	long long ll;

	for (i = 0; i < n->len && len < sizeof(text) - 1; i++)
		if (n->s[i] != '_')
			text[len++] = n->s[i];
	text[len] = 0;
	if (len > 1 && text[0] == '0' && (text[1] | 32) == 'b')
		ll = strtoll(text + 2, &end, 2);
	else if (len > 1 && text[0] == '0' && (text[1] | 32) == 'o')
		ll = strtoll(text + 2, &end, 8);
	else if (len > 1 && text[0] == '0' && (text[1] | 32) == 'x')
		ll = strtoll(text + 2, &end, 16);
	else
		ll = strtoll(text, &end,
			     len > 1 && text[0] == '0' && text[1] != '.' ? 8 : 10);
	if (*end == '.' || *end == 'e' || *end == 'E')
		php_v_dbl(&v, strtod(text, NULL));
	else
		php_v_int(&v, ll);
	return v;
}

/* a && b, a || b, a ?? b */
static struct val
logical(struct php *p, struct node *n)
{
	struct node *k;
	struct val v = php_eval(p, n->kid);
	uint32_t taint = v.taint;
	bool all = true;

	for (k = n->kid->next; k != NULL; k = k->next) {
		struct val one;
		bool done;

		done = k->join == O_ANDAND ? known(&v) && !php_truthy(&v)
		       : k->join == O_OROR ? known(&v) && php_truthy(&v)
					   : known(&v) && v.t != V_NULL;
		if (p->concrete && done && all)
			break;
		p->cond++;
		one = php_eval(p, k);
		p->cond--;
		taint |= one.taint;
		all = all && known(&v);
		if (k->join == O_COAL)
			v = (known(&v) && v.t != V_NULL) ||
				    (php_chosen(&v) && !(one.taint & TA_REQUESTED))
				? v
				: one;
		else if (all && known(&one))
			php_v_bool(&v, k->join == O_ANDAND
					   ? php_truthy(&v) && php_truthy(&one)
					   : php_truthy(&v) || php_truthy(&one));
		else
			all = false;
		if (p->concrete && !all && k->join != O_COAL)
			break;
	}
	if (!all || (p->concrete == 0 && n->op != O_COAL)) {
		if (!all && !(n->op == O_COAL && php_chosen(&v)))
			v = php_unknown(0);
	} else if (n->op != O_COAL && known(&v)) {
		php_v_bool(&v, php_truthy(&v));
	}
	v.taint = n->op == O_COAL ? taint : 0;
	return v;
}

/* A literal among the operands, or in a concatenation that is one. */
static bool
has_literal(const struct node *n)
{
	const struct node *k, *l;

	for (k = n->kid; k != NULL; k = k->next) {
		if (k->kind == N_LIT)
			return true;
		if (k->kind == N_CHAIN && k->op == O_CAT)
			for (l = k->kid; l != NULL; l = l->next)
				if (l->kind == N_LIT)
					return true;
	}
	return false;
}

static struct val
chain(struct php *p, struct node *n)
{
	struct node *k = n->kid;
	struct val v, one, first PHP_UNSET;
	uint32_t taint;
	bool bits, joins, was = false;

	if (n->op == O_ANDAND || n->op == O_OROR || n->op == O_COAL)
		return logical(p, n);
	bits = n->op == O_XOR || n->op == O_AND || n->op == O_OR;
	if (bits) {
		p->bits++;
		was = p->bit_strings;
		p->bit_strings = was || has_literal(n);
	}
	v = php_eval(p, k);
	joins = n->op == O_CAT && p->concrete == 0 && v.t == V_STR;
	if (joins)
		first = v;
	taint = v.taint | (n->op == O_CAT && php_is_url(&v) ? TA_URL : 0);
	for (k = k->next; k != NULL; k = k->next) {
		one = php_eval(p, k);
		taint |= one.taint & ~(uint32_t)TA_URL;
		if (n->op == O_CAT && k->next == NULL && php_is_prog(&one))
			taint |= TA_PROG;
		if (!known(&v) || !known(&one) || !php_binary(p, k->join, &v, &one))
			v = php_unknown(0);
	}
	if (bits) {
		p->bits--;
		p->bit_strings = was;
	}
	switch (n->op) {
	case O_EQ:
	case O_NEQ:
	case O_NEQ2:
	case O_SAME:
	case O_NSAME:
	case O_LT:
	case O_GT:
	case O_LE:
	case O_GE:
	case O_BSLASH:
		taint = 0;
		break;
	case O_CAT:
		taint = php_joined_nodes(p, n->kid, taint);
		break;
	default:
		taint = php_bare(taint);
		if (n->op != O_XOR && n->op != O_AND && n->op != O_OR)
			taint &= ~(uint32_t)TA_LIST;
	}
	v.taint = taint;
	if (joins)
		php_of_prefix(p, &first, &v);
	return v;
}

static unsigned
plain_op(unsigned op)
{
	static const unsigned char plain[O_COUNT] = {
	    [O_ADD_SET] = O_ADD, [O_SUB_SET] = O_SUB, [O_MUL_SET] = O_MUL,
	    [O_DIV_SET] = O_DIV, [O_CAT_SET] = O_CAT, [O_MOD_SET] = O_MOD,
	    [O_AND_SET] = O_AND, [O_OR_SET] = O_OR,   [O_XOR_SET] = O_XOR,
	    [O_SHL_SET] = O_SHL, [O_SHR_SET] = O_SHR, [O_POW_SET] = O_POW};

	return plain[op];
}

/* $_POST and its like, which are no variables here. */
static bool
of_request(const struct node *n)
{
	while (n->kind == N_INDEX)
		n = n->kid;
	return n->kind == N_VAR &&
	       (n->w == W_U_GET || n->w == W_U_POST || n->w == W_U_REQUEST ||
		n->w == W_U_COOKIE || n->w == W_U_FILES || n->w == W_U_SERVER);
}

static struct val
assigned(struct php *p, struct node *n)
{
	struct node *target = n->kid, *from = target->next;
	struct val v, old;
	struct var *a, *b;

	if ((n->flags & NF_REF) && target->kind == N_VAR && !of_request(from) &&
	    (b = php_lvalue(p, from, true)) != NULL &&
	    (a = php_var(p, p->scope, target->id, true)) != b) {
		v = php_eval(p, from);
		if (b->link == NULL)
			a->link = b;
		a->v = v;
		return v;
	}
	if (n->op == O_SET) {
		v = php_eval(p, from);
	} else {
		old = php_eval(p, target);
		v = php_eval(p, from);
		if (n->op == O_COAL_SET) {
			if (known(&old) && old.t != V_NULL)
				v = old;
		} else if (known(&old) && known(&v) &&
			   php_binary(p, plain_op(n->op), &old, &v)) {
			old.taint |= v.taint;
			v = old;
		} else {
			uint32_t both = v.taint | old.taint;

			both = n->op == O_CAT_SET ? php_joined_pair(&old, &v, both)
						  : php_bare(both);
			v = php_unknown(both);
		}
	}
	if (!p->concrete) {
		php_sink_assign(p, target, &v);
		if (v.how != NULL)
			php_keep(p, &v);
	}
	if (target->kind != N_VAR)
		(void)php_eval(p, target); /* its keys, for the text */
	php_assign(p, target, &v);
	return v;
}

static struct val
unary(struct php *p, struct node *n)
{
	bool word = n->op == O_TILDE && n->kid->kind == N_NAME && n->kid->len > 0 &&
		    (unsigned char)n->kid->s[0] >= 0x80;
	struct val v, out = php_unknown(0);
	uint32_t i, taint;
	char *to;

	p->bits += word;
	v = php_eval(p, n->kid);
	p->bits -= word;
	taint = v.taint;

	if (n->op == O_AND)
		return v;
	if (!known(&v) || v.t == V_FUNC) {
		out.taint = n->op == O_NOT ? 0 : php_bare(taint);
		return out;
	}
	switch (n->op) {
	case O_NOT:
		php_v_bool(&out, !php_truthy(&v));
		return out;
	case O_SUB:
		if (v.t == V_DBL)
			php_v_dbl(&out, -v.u.d);
		else if (v.t != V_ARR)
			php_v_int(&out, (int64_t)(0 - (uint64_t)php_to_int(&v)));
		break;
	case O_ADD:
		if (v.t != V_ARR)
			php_v_int(&out, php_to_int(&v));
		break;
	case O_TILDE:
		if (v.t == V_STR) {
			php_step(p, v.len / 16);
			to = php_raw(p, v.len);
			for (i = 0; i < v.len; i++)
				to[i] = (char)~(unsigned char)v.u.s[i];
			php_v_str(&out, to, v.len);
			php_trail(p, &out, v.how, "not");
		} else if (v.t == V_INT) {
			php_v_int(&out, ~v.u.i);
		}
		break;
	default:
		break;
	}
	out.taint = taint;
	return out;
}

static struct val
increment(struct php *p, struct node *n)
{
	struct val v = php_eval(p, n->kid), was = v;

	if (v.t == V_INT || (v.t == V_NULL && p->concrete)) {
		int64_t i = v.t == V_INT ? v.u.i : 0;

		php_v_int(&v, (int64_t)((uint64_t)i + (n->op == O_INC ? 1 : UINT64_MAX)));
	} else if (v.t == V_STR && v.len >= 1 && v.len < 8 && n->op == O_INC &&
		   v.u.s[v.len - 1] >= 'A' && v.u.s[v.len - 1] < 'z' &&
		   v.u.s[v.len - 1] != 'Z') { /* 'a'++ is 'b' */
		char *to = php_raw(p, v.len);

		memcpy(to, v.u.s, v.len);
		to[v.len - 1]++;
		php_v_str(&v, to, v.len);
		v.flags = VF_HID;
	} else {
		v = php_unknown(v.taint);
	}
	v.taint = was.taint;
	php_assign(p, n->kid, &v);
	return n->flags & NF_POST ? was : v;
}

static struct val
cast(struct php *p, struct node *n)
{
	struct val v = php_eval(p, n->kid), out = php_unknown(v.taint);

	if (n->w == W_INT || n->w == W_INTEGER || n->w == W_FLOAT || n->w == W_DOUBLE ||
	    n->w == W_BOOL || n->w == W_BOOLEAN)
		out.taint = 0;
	if (!known(&v))
		return out;
	switch (n->w) {
	case W_INT:
	case W_INTEGER:
		php_v_int(&out, php_to_int(&v));
		break;
	case W_BOOL:
	case W_BOOLEAN:
		php_v_bool(&out, php_truthy(&v));
		break;
	case W_FLOAT:
	case W_DOUBLE:
		php_v_dbl(&out, php_to_dbl(&v));
		break;
	case W_STRING:
	case W_BINARY:
		if (php_to_str(p, &v))
			out = v;
		break;
	case W_ARRAY:
		if (v.t == V_ARR)
			return v;
		php_v_arr(p, &out, 1);
		out.taint = v.taint;
		if (v.t != V_NULL)
			*php_arr_push(p, out.u.a) = v;
		break;
	default:
		break;
	}
	return out;
}

static struct val
ternary(struct php *p, struct node *n)
{
	struct val c = php_eval(p, n->kid), a, b;
	struct node *second = n->kid->next;
	bool miss = false;
	uint32_t how = 0;

	if (p->concrete) {
		if (!known(&c))
			return php_unknown(c.taint);
		if (n->flags & NF_SHORT)
			return php_truthy(&c) ? c : php_eval(p, second);
		return php_eval(p, php_truthy(&c) ? second : second->next);
	}
	p->cond++;
	a = n->flags & NF_SHORT ? c : php_eval(p, second);
	if (!(n->flags & NF_SHORT) &&
	    php_same_place(php_listed(p, n->kid, &miss, &how), second) && !miss)
		a.taint = php_apart(a.taint, how);
	b = php_eval(p, n->flags & NF_SHORT ? second : second->next);
	p->cond--;
	if (known(&c)) {
		a = php_truthy(&c) ? a : b;
		return a;
	}
	if (php_chosen(&a) && b.taint == 0)
		return a;
	if (!known(&a) || (a.t == V_STR && a.len == 0))
		a = known(&a) && known(&b) ? b : php_unknown(a.taint);
	a.taint |= b.taint;
	if (known(&a) && !known(&b) && (b.taint & (TA_SHOWN | TA_APART)))
		a = php_unknown(a.taint);
	return a;
}

static struct val
keyword(struct php *p, struct node *n)
{
	struct val v = php_unknown(0);
	struct node *k;

	memset(&p->code_ret, 0, sizeof(p->code_ret));
	for (k = n->kid; k != NULL; k = k->next) {
		v = php_eval(p, k);
		if (k == n->kid && (!p->concrete || (n->w == W_EVAL && v.t == V_STR)))
			php_sink_kw(p, n, &v);
	}
	switch (n->w) {
	case W_ISSET:
	case W_EMPTY:
		if (p->concrete && n->kid != NULL && known(&v) && n->kid->next == NULL) {
			bool yes = n->w == W_ISSET ? v.t != V_NULL : !php_truthy(&v);

			php_v_bool(&v, yes);
			return v;
		}
		return php_unknown(0);
	case W_EVAL:
		if (v.t == V_STR && known(&p->code_ret)) {
			struct val out = p->code_ret;

			memset(&p->code_ret, 0, sizeof(p->code_ret));
			return out;
		}
		return php_unknown(v.taint);
	case W_PRINT:
		php_prints(p, v.taint);
		return php_unknown(0);
	case W_CLONE:
		return v;
	case W_YIELD:
		if (!p->concrete)
			php_returns(p, v.taint);
		return php_unknown(v.taint & TA_REQUESTED);
	default:
		return php_unknown(0);
	}
}

static struct val
closure(struct php *p, struct node *n)
{
	struct val v = php_unknown(0);

	v.t = V_FUNC;
	v.u.f = n;
	if (!p->concrete) {
		if (!(n->flags & NF_SEEN))
			php_keep_closure(p, n);
		php_walk_func(p, n);
		v.len = php_returned(n);
	}
	return v;
}

static struct val
matched(struct php *p, struct node *n)
{
	struct node *k;
	uint32_t taint = 0;

	(void)php_eval(p, n->kid);
	p->cond++;
	for (k = n->kid->next; k != NULL; k = k->next) {
		if (k->kind != N_ITEM || k->kid == NULL)
			continue;
		taint |= php_eval(p, k->kid).taint;
		if (k->kid->next != NULL)
			(void)php_eval(p, k->kid->next);
	}
	p->cond--;
	return php_unknown(taint);
}

static struct val
evaluate(struct php *p, struct node *n)
{
	struct val v;

	switch (n->kind) {
	case N_NUM:
		p->kept++;
		n->v = php_alloc(p, sizeof(v));
		*n->v = number(n);
		n->flags |= NF_CONSTV | NF_SEEN;
		return *n->v;
	case N_INTERP:
		return php_read_text(p, n);
	case N_VAR:
		return php_read_var(p, n);
	case N_VARVAR:
		return php_read_varvar(p, n);
	case N_ARRAY:
		return php_read_array(p, n);
	case N_INDEX:
		return php_read_index(p, n);
	case N_PROP:
	case N_SPROP:
	case N_SCONST:
		return php_read_member(p, n);
	case N_NAME:
		return php_read_name(p, n);
	case N_CALL:
		return php_call(p, n);
	case N_NEW:
		return php_create(p, n);
	case N_CHAIN:
		return chain(p, n);
	case N_ASSIGN:
		return assigned(p, n);
	case N_UNARY:
		return unary(p, n);
	case N_INC:
		return increment(p, n);
	case N_CAST:
		return cast(p, n);
	case N_TERN:
		return ternary(p, n);
	case N_KW:
		return keyword(p, n);
	case N_FUNC:
		return closure(p, n);
	case N_BTICK:
		v = php_eval(p, n->kid);
		php_sink_backtick(p, n, &v);
		return php_unknown(0);
	case N_MATCH:
		return matched(p, n);
	default:
		return php_unknown(0);
	}
}

struct val
php_eval(struct php *p, struct node *n)
{
	struct val v;

	if (n->flags & NF_CONSTV) {
		if (!(n->flags & NF_SEEN) && !p->concrete) {
			n->flags |= NF_SEEN;
			php_see_text(p, n->s, n->len);
		}
		return *n->v;
	}
	php_step(p, 1);
	if (php_tired(p))
		return php_unknown(0);
	if (p->depth >= DEPTH_MAX) {
		php_note(p, PHP_STOP_NEST);
		return php_unknown(0);
	}
	p->depth++;
	v = evaluate(p, n);
	p->depth--;
	if (!p->concrete && n->kind != N_NUM) {
		if (known(&v) || v.taint != 0) {
			if (n->v == NULL)
				n->v = php_alloc(p, sizeof(v));
			*n->v = v;
		} else {
			n->v = NULL;
		}
	}
	return v;
}
