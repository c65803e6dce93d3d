/*
 * php_read - what is read: variables, elements, members, names, strings
 *
 * Job:     the value a place holds where it is known, its taint in any case.
 * Touches: nothing.
 */
#include <string.h>
#include "php_chosen.h"
#include "php_walk.h"

/* Variables that are there of themselves. */
static bool
given(const struct node *n)
{
	return n->w == W_THIS || (n->len == 4 && (memcmp(n->s, "argv", 4) == 0 ||
						  memcmp(n->s, "argc", 4) == 0));
}

/* register_globals made the fields of a form, and whatever else came, variables. */
static uint32_t
never_set(struct php *p, const struct node *n)
{
	if (p->concrete)
		return 0;
	if ((p->f->taint_extract != 0 || p->f->taint_varvar != 0) && !given(n))
		return TA_REQUEST; /* the request sets what it likes */
	if (p->scope != p->globals)
		return 0;
	return (php_is_field(p, n) ? TA_REQUEST : 0u) |
	       (p->f->includes == 0 && !given(n) ? TA_UNSET : 0u);
}

struct val
php_read_var(struct php *p, struct node *n)
{
	struct scope *s;
	struct var *at;
	struct val v;

	switch (n->w) {
	case W_U_GET:
	case W_U_POST:
	case W_U_REQUEST:
	case W_U_COOKIE:
	case W_U_FILES:
	case W_HTTP_RAW_POST_DATA:
		return php_unknown(php_source(p, n, NULL));
	case W_U_SERVER:
	case W_GLOBALS:
		return php_unknown(0);
	default:
		break;
	}
	at = php_var(p, p->scope, n->id, false);
	for (s = p->scope; at == NULL && s->up != NULL && s->func != NULL &&
			   s->func->flags & NF_ARROW;) { /* it sees what is around it */
		s = s->up;
		at = php_var(p, s, n->id, false);
	}
	if (at == NULL)
		return php_unknown(never_set(p, n));
	if (at->v.own != NULL && !p->peek)
		at->v.own->sole = NULL;
	if (at->v.t == V_ARR && !p->peek)
		at->v.u.a->shared = true;
	p->peek = false;
	v = at->v;
	if (v.t == V_NULL && !p->concrete) /* not set here: perhaps elsewhere */
		v.t = V_UNKNOWN;
	return v;
}

/* What is at a place, to be handed on: null is not known, an array is shared. */
static struct val
held(const struct var *at)
{
	struct val v = at->v;

	if (v.t == V_NULL)
		v.t = V_UNKNOWN;
	if (v.t == V_ARR)
		v.u.a->shared = true;
	return v;
}

struct val
php_read_varvar(struct php *p, struct node *n)
{
	struct val name = php_eval(p, n->kid), v;
	struct var *at;
	struct node as;

	if (php_bare(name.taint) & TA_REQUESTED && !p->concrete &&
	    !(n->flags & NF_SEEN)) {
		n->flags |= NF_SEEN;
		p->f->taint_varvar++;
	}
	if (name.t == V_STR && name.len > 1 && name.u.s[0] == '_') { /* ${'_GET'} */
		memset(&as, 0, sizeof(as));
		as.kind = N_VAR;
		as.w = (uint16_t)php_word(p, name.u.s, name.len);
		as.id = php_intern(p, name.u.s, name.len, false);
		v = php_read_var(p, &as);
		return v;
	}
	at = php_lvalue(p, n, false);
	if (at == NULL)
		return php_unknown(name.taint);
	return held(at);
}

/* What a superglobal's name is behind $x or ${'_PO'.'ST'}; W_NONE if it is none. */
static unsigned
super(struct php *p, struct node *n)
{
	struct val v;

	if (n->kind == N_VAR)
		return n->w;
	if (n->kind == N_INDEX && n->kid->next != NULL && n->kid->kind == N_VAR &&
	    n->kid->w == W_GLOBALS)
		v = php_eval(p, n->kid->next);
	else if (n->kind == N_VARVAR)
		v = php_eval(p, n->kid);
	else
		return W_NONE;
	return v.t == V_STR ? php_word(p, v.u.s, v.len) : W_NONE;
}

static struct val
element(struct php *p, const struct val *base, const struct val *key)
{
	struct key k;
	struct val *at, v;
	int64_t i;

	if (base->t == V_ARR && known(key) && php_key(p, key, &k)) {
		at = php_arr_get(base->u.a, &k);
		if (at == NULL) {
			v = php_unknown(base->taint);
			if (p->concrete)
				v.t = V_NULL; /* isset() of it is false */
			return v;
		}
		v = *at;
		if (v.t == V_ARR)
			v.u.a->shared = true;
		if (v.t == V_STR)
			v.flags |= VF_HID;
		return v;
	}
	if (base->t == V_STR && known(key) && key->t != V_ARR) {
		i = php_to_int(key);
		if (i < 0)
			i += base->len;
		if (i < 0 || i >= base->len) {
			v = php_unknown(base->taint);
			if (p->concrete)
				php_v_str(&v, "", 0); /* how decoders find their end */
			return v;
		}
		php_v_str(&v, p->byte + (unsigned char)base->u.s[i], 1);
		v.taint = base->taint;
		v.flags |= VF_HID;
		if (!p->concrete)
			p->f->folds++;
		return v;
	}
	if (base->t == V_ARR && !known(key) && !p->concrete) {
		v = php_of_table(p, base);
		v.taint |= key->taint & TA_OPAQUE;
		return v;
	}
	return php_unknown(php_bare(base->taint) | (key->taint & TA_OPAQUE));
}

struct val
php_read_index(struct php *p, struct node *n)
{
	struct val base, key = php_unknown(0), v;
	unsigned w;
	struct var *at;

	w = super(p, n->kid);
	if (n->kid->next != NULL)
		key = php_eval(p, n->kid->next);
	switch (w) {
	case W_U_GET:
	case W_U_POST:
	case W_U_REQUEST:
	case W_U_COOKIE:
	case W_U_FILES:
	case W_U_SERVER:
	case W_U_ENV: {
		struct node as = *n->kid;

		if (n->kid->kind == N_VARVAR)
			(void)php_eval(p, n->kid);
		as.w = (uint16_t)w;
		as.kind = N_VAR;
		v = php_unknown(php_source(p, &as, &key));
		if (p->listed != NULL && php_same_place(p->listed, n))
			v.taint = php_apart(v.taint, p->listed_how);
		if (w == W_U_SERVER && key.t == V_STR && key.len == 15 &&
		    memcmp(key.u.s, "SCRIPT_FILENAME", 15) == 0)
			v.flags = VF_SELF;
		if (as.flags & NF_SEEN)
			n->kid->flags |= NF_SEEN;
		return v;
	}
	case W_GLOBALS:
		at = php_lvalue(p, n, false);
		if (at == NULL)
			return php_unknown(key.taint);
		return held(at);
	default:
		p->peek = n->kid->kind == N_VAR;
		base = php_eval(p, n->kid);
		p->peek = false;
		v = element(p, &base, &key);
		if (base.t == V_UNKNOWN && !p->concrete)
			v.taint |= php_magic(p, "offsetget");
		return v;
	}
}

struct val
php_read_array(struct php *p, struct node *n)
{
	struct node *item;
	struct val v;
	uint32_t count = 0, taint = 0;
	bool lost = false;

	for (item = n->kid; item != NULL; item = item->next)
		count++;
	php_v_arr(p, &v, count);
	for (item = n->kid; item != NULL; item = item->next) {
		struct val one, key;
		struct key k;

		if (item->kid == NULL || item->kid->kind == N_NOP)
			continue;
		one = php_eval(p, item->kid);
		taint |= one.taint;
		if (item->flags & NF_SPREAD) {
			lost = true;
		} else if (item->kid->next == NULL) {
			*php_arr_push(p, v.u.a) = one;
		} else {
			key = php_eval(p, item->kid->next);
			if (known(&key) && php_key(p, &key, &k))
				*php_arr_at(p, v.u.a, &k) = one;
			else
				lost = true;
		}
	}
	if (lost)
		v.t = V_UNKNOWN;
	v.taint = taint;
	return v;
}

struct val
php_read_text(struct php *p, struct node *n)
{
	struct node *k;
	struct val v, one, first PHP_UNSET;
	uint32_t taint = 0;
	bool all = true;

	php_v_str(&v, "", 0);
	for (k = n->kid; k != NULL; k = k->next) {
		one = php_eval(p, k);
		if (k == n->kid && p->concrete == 0)
			first = one;
		taint |= k == n->kid ? one.taint | (php_is_url(&one) ? TA_URL : 0)
				     : one.taint & ~(uint32_t)TA_URL;
		if (k->next == NULL && php_is_prog(&one))
			taint |= TA_PROG;
		if (one.t == V_ARR)
			php_v_str(&one, "Array", 5);
		all = all && known(&one) && php_to_str(p, &one);
		if (all) {
			php_cat(p, &v, &one);
			all = v.t == V_STR;
		}
	}
	if (!all)
		v = php_unknown(0);
	v.taint = php_joined_nodes(p, n->kid, taint);
	if (!p->concrete && n->kid != NULL)
		php_of_prefix(p, &first, &v);
	return v;
}

/*
 * A word that is no constant stood for itself before PHP 8, and attackers mix such words
 * into ^ & | of strings. Upper-case ones there may be real flags (E_ALL & ~E_NOTICE).
 */
static bool
bare(const struct php *p, const struct node *n)
{
	uint32_t i;

	if (n->len > 48 && n->len < 100000)
		return true; /* a blob without its quotes */
	if (p->bits == 0 || n->len > 64)
		return false;
	if (n->len == 1 || p->bit_strings || (unsigned char)n->s[0] >= 0x80)
		return true;
	for (i = 0; i < n->len; i++)
		if (n->s[i] >= 'a' && n->s[i] <= 'z')
			return true;
	return false;
}

struct val
php_read_name(struct php *p, struct node *n)
{
	struct val v = php_unknown(0);
	uint32_t id;

	switch (n->w) {
	case W_TRUE:
	case W_FALSE:
		php_v_bool(&v, n->w == W_TRUE);
		return v;
	case W_NULL:
		v.t = V_NULL;
		return v;
	case W_U__FILE__:
		v.flags = VF_SELF;
		return v;
	case W_U__LINE__:
		return v;
	case W_PHP_EOL:
		php_v_str(&v, "\n", 1);
		return v;
	case W_DIRECTORY_SEPARATOR:
		php_v_str(&v, "/", 1);
		return v;
	case W_PHP_OS:
		php_v_str(&v, "Linux", 5);
		return v;
	case W_PHP_INT_SIZE:
		php_v_int(&v, 8);
		return v;
	case W_ENT_QUOTES:
		php_v_int(&v, 3);
		return v;
	default:
		break;
	}
	id = php_name_id(p, n, true);
	if (p->names.v[id].constant != NULL)
		return *p->names.v[id].constant;
	if (bare(p, n)) {
		php_v_str(&v, n->s, n->len);
		v.flags = VF_HID;
	}
	return v;
}

struct val
php_read_member(struct php *p, struct node *n)
{
	struct val v, base = php_unknown(0);
	struct var *at;

	if (n->kind == N_PROP)
		base = php_eval(p, n->kid);
	if (n->kind == N_SCONST) {
		uint32_t id;

		if (n->kid->next->kind != N_NAME)
			return php_unknown(0);
		id = php_name_id(p, n->kid->next, true);
		return p->names.v[id].constant != NULL ? *p->names.v[id].constant
						       : php_unknown(0);
	}
	at = php_lvalue(p, n, false);
	if (at == NULL) { /* __get() is asked, whatever the class */
		uint32_t id = n->kind == N_PROP ? php_find(p, "__get", 5, true) : 0;

		return php_unknown(base.taint | (id != 0 ? p->names.v[id].taint : 0u));
	}
	v = held(at);
	v.taint |= base.taint;
	return v;
}
