/*
 * php_builtin - PHP's own functions
 *
 * Job:     computed on known values; otherwise what an unknown result carries of its
 *          arguments.
 * Touches: nothing.
 */
#include <string.h>
#include "php_side.h"

static bool
prefix(const struct val *v, const char *what)
{
	size_t n = strlen(what);

	return v->t == V_STR && v->len >= n && memcmp(v->u.s, what, n) == 0;
}

bool
php_is_url(const struct val *v)
{
	return prefix(v, "http://") || prefix(v, "https://") || prefix(v, "ftp://");
}

bool
php_is_prog(const struct val *v)
{
	return v->t == V_STR &&
	       ((v->len >= 4 && memcmp(v->u.s + v->len - 4, ".php", 4) == 0) ||
		(v->len >= 6 && memcmp(v->u.s + v->len - 6, ".phtml", 6) == 0));
}

bool
php_spelled(struct php *p, const struct val *format, struct val *out)
{
	uint32_t i;
	char *to;

	if (format->t != V_STR || format->len < 4 || format->len % 2 != 0 ||
	    format->len > 128)
		return false;
	for (i = 0; i < format->len; i += 2)
		if (format->u.s[i] != '\\')
			return false;
	to = php_raw(p, format->len / 2);
	for (i = 0; i < format->len; i += 2)
		to[i / 2] = format->u.s[i + 1];
	php_v_str(out, to, format->len / 2);
	out->flags = VF_HID;
	return true;
}

/* What comes out is as good as what went in. */
static bool
keeps(unsigned w)
{
	switch (w) {
	case W_TRIM:
	case W_SUBSTR:
	case W_STR_REPLACE:
	case W_STRREV:
	case W_JSON_DECODE:
	case W_UNSERIALIZE:
	case W_EXPLODE:
	case W_FGETS:
	case W_FREAD:
	case W_STREAM_GET_CONTENTS:
		return true;
	default:
		return php_word_flags(w) & WF_TRIG; /* decoders */
	}
}

/* A number, a yes or a sum: nothing of what it was made of. */
static bool
tells_nothing(unsigned w)
{
	switch (w) {
	case W_STRLEN:
	case W_COUNT:
	case W_SIZEOF:
	case W_MD5:
	case W_SHA1:
	case W_CRC32:
	case W_INTVAL:
	case W_STRPOS:
	case W_STRIPOS:
	case W_STRRPOS:
	case W_IN_ARRAY:
	case W_IS_STRING:
	case W_IS_ARRAY:
	case W_IS_NUMERIC:
	case W_FUNCTION_EXISTS:
	case W_IS_CALLABLE:
	case W_PREG_MATCH:
	case W_STRCMP:
	case W_STRCASECMP:
	case W_STRNCMP:
	case W_SUBSTR_COUNT:
	case W_FILESIZE:
	case W_ROUND:
	case W_FLOOR:
	case W_CEIL:
	case W_ABS:
	case W_FEOF:
	case W_MAIL:
	case W_IS_UPLOADED_FILE:
		return true;
	default:
		return false;
	}
}

/* What an unknown result of a builtin carries of its arguments. */
static uint32_t
carried(unsigned w, const struct args *a)
{
	uint32_t t = a->taint & ~(uint32_t)(TA_URL | TA_PROG);
	const char *trail;

	if (tells_nothing(w))
		return 0;
	if ((t & TA_FAR) && !keeps(w)) /* honest programs make something of it */
		t &= ~(uint32_t)(TA_FAR | TA_REMOTE);
	switch (w) {
	case W_ESCAPESHELLARG: /* one word, whatever is in it */
		return php_apart(t, TA_QUOTED | TA_RISKY);
	case W_CHR: /* a program put together letter by letter */
		return t | TA_OPAQUE;
	case W_TRIM:
	case W_RTRIM:
	case W_STR_REPLACE:
		return a->taint;
	case W_SPRINTF:
		return php_joined_args(w, a, t) |
		       (a->count > 0 && php_is_url(a->v) ? TA_URL : 0);
	case W_IMPLODE:
	case W_JOIN:
		return php_joined_args(w, a, t);
	case W_TEMPNAM:
	case W_SYS_GET_TEMP_DIR:
		return t | TA_TEMP;
	case W_APCU_FETCH: /* whoever put it there */
	case W_APC_FETCH:
		return TA_OPAQUE;
	case W_EXIF_READ_DATA: /* whoever made the picture wrote it */
	case W_WP_REMOTE_GET:
	case W_WP_REMOTE_POST:
		return TA_REMOTE;
	case W_EXPLODE:
	case W_SPLIT:
	case W_PREG_SPLIT:
	case W_FILE:
		return t | (t & TA_REQUESTED ? TA_LIST : 0);
	case W_BASE64_DECODE:
		return t & TA_REQUESTED ? t | TA_B64 : t | TA_OPAQUE;
	case W_GETENV: /* of HTTP_* it is the request */
		if (a->count > 0 && prefix(a->v, "QUERY_STRING"))
			return t | TA_GET;
		return t | (a->count > 0 && prefix(a->v, "HTTP_") ? TA_HEADER : TA_ENV);
	case W_GETALLHEADERS:
	case W_APACHE_REQUEST_HEADERS:
		return TA_HEADER;
	case W_FILTER_INPUT:
	case W_FILTER_INPUT_ARRAY:
		return TA_REQUEST;
	case W_CURL_EXEC:
	case W_CURL_MULTI_GETCONTENT:
		return TA_REMOTE;
	case W_FSOCKOPEN:
	case W_PFSOCKOPEN:
	case W_STREAM_SOCKET_CLIENT:
	case W_SOCKET_CREATE:
		return TA_OPENED;
	case W_FGETS:
	case W_FREAD:
	case W_STREAM_GET_CONTENTS: /* the other end says it, not this program */
		return t & TA_OPENED ? TA_REMOTE : t;
	case W_OPENSSL_DECRYPT:
	case W_MCRYPT_DECRYPT:
		return t | TA_OPAQUE;
	default:
		break;
	}
	if (php_fn_decode(w, &trail) != NULL && trail != NULL && w != W_STRREV &&
	    w != W_URLDECODE && w != W_RAWURLDECODE)
		t |= TA_OPAQUE;
	return t;
}

/* .. of what is listed: another word may have come of it, which no list has named. */
static uint32_t
result_taint(unsigned w, const struct args *a)
{
	uint32_t t = carried(w, a);

	if (!(t & TA_LISTED) || php_only_joins(w) || w == W_STRTOLOWER || w == W_TRIM)
		return t;
	if (php_word_flags(w) & WF_TRIG) /* a decoder */
		return php_bare(t);
	return t | TA_RISKY;
}

/* file(), fopen(), file_get_contents(): this file, the request, an address. */
static struct val
opened(struct php *p, unsigned w, const struct args *a)
{
	struct val v = php_unknown(a->taint);
	const struct val *from = a->v;

	v.taint |= php_held(p, a->n[0], from);
	if (w == W_FOPEN && php_is_prog(from))
		v.taint |= TA_PROG;
	if (w == W_FOPEN && a->count > 1 && a->v[1].t == V_STR && a->v[1].len > 0 &&
	    a->v[1].u.s[0] != 'r')
		php_opens(p, a->n[0], from);

	if (from->flags & VF_SELF) {
		php_v_str(&v, p->file.s, p->file.len);
		v.flags = VF_SELF;
		v.taint = TA_SELF;
		if (w != W_FILE_GET_CONTENTS)
			v.t = V_UNKNOWN;
	} else if (prefix(from, "php://input")) {
		v.taint = TA_INPUT;
		if (!p->concrete)
			p->f->input_reads++;
	} else if (php_is_url(from) || (from->taint & TA_URL)) {
		v.taint = TA_REMOTE | (from->taint & ~(uint32_t)TA_URL);
		if (from->t != V_STR)
			v.taint |= TA_FAR;
	} else if (from->how != NULL && prefix(from, "http")) {
		v.taint = TA_REMOTE;
	} else if ((from->taint & TA_REQUESTED) && !(from->taint & TA_TMP)) {
		v.taint = from->taint | TA_REMOTE;
	}
	return v;
}

static struct val
define(struct php *p, const struct args *a)
{
	struct val name, v = php_unknown(0);
	uint32_t id;

	if (a->count < 2 || a->v[0].t != V_STR)
		return v;
	name = a->v[0];
	p->kept++;
	id = php_intern(p, name.u.s, name.len, true);
	p->names.v[id].constant = php_alloc(p, sizeof(v));
	*p->names.v[id].constant = a->v[1];
	return v;
}

static struct val
constant(struct php *p, const struct args *a)
{
	uint32_t id;

	if (a->count < 1 || a->v[0].t != V_STR)
		return php_unknown(0);
	id = php_intern(p, a->v[0].u.s, a->v[0].len, true);
	return p->names.v[id].constant != NULL ? *p->names.v[id].constant
					       : php_unknown(0);
}

/* What is taken out of argument `from` is written to argument `to`. Always false: what
 * the call returns is for others to say. */
static bool
into(struct php *p, const struct args *a, unsigned to, unsigned from)
{
	struct var *at = a->count > to && !p->concrete && a->v[from].taint != 0
			     ? php_lvalue(p, a->n[to], true)
			     : NULL;

	if (at == NULL)
		return false;
	p->kept += at->home != p->scope;
	at->v.t = V_UNKNOWN;
	at->v.taint |= a->v[from].taint & ~(uint32_t)TA_UNSET;
	return false;
}

/* array_push, array_pop, array_shift: they change their first argument. */
static struct val
by_reference(struct php *p, unsigned w, const struct args *a)
{
	struct var *at = a->count > 0 ? php_lvalue(p, a->n[0], true) : NULL;
	struct val v = php_unknown(a->taint);
	struct arr *arr;
	unsigned i;

	if (at == NULL)
		return v;
	p->kept += at->home != p->scope;
	at->v.taint |= a->taint;
	if (at->v.t != V_ARR || p->cond != 0) {
		at->v.t = V_UNKNOWN;
		return v;
	}
	php_arr_own(p, &at->v);
	arr = at->v.u.a;
	if (w == W_ARRAY_PUSH) {
		for (i = 1; i < a->count; i++)
			*php_arr_push(p, arr) = a->v[i];
		php_v_int(&v, arr->live);
		return v;
	}
	php_step(p, arr->n / 4 + 1);
	for (i = 0; i < arr->n; i++) {
		struct ent *e = &arr->e[w == W_ARRAY_POP ? arr->n - 1 - i : i];
		struct key k;

		if (e->dead)
			continue;
		v = e->v;
		k = e->k;
		(void)php_arr_del(arr, &k);
		if (w == W_ARRAY_SHIFT)
			at->v.t = V_UNKNOWN; /* the others are renumbered */
		return v;
	}
	return v;
}

/* call_user_func(_array)(f, ..): as a call of f. */
static struct val
indirect(struct php *p, unsigned w, struct args *a)
{
	struct val v[ARGS_MAX] PHP_UNSET;
	unsigned i, n = 0;

	if (a->count == 0)
		return php_unknown(0);
	if (w == W_CALL_USER_FUNC_ARRAY || w == W_FORWARD_STATIC_CALL_ARRAY) {
		if (a->count < 2 || a->v[1].t != V_ARR)
			return php_unknown(a->taint);
		for (i = 0; i < a->v[1].u.a->n && n < ARGS_MAX; i++)
			if (!a->v[1].u.a->e[i].dead)
				v[n++] = a->v[1].u.a->e[i].v;
	} else {
		for (i = 1; i < a->count; i++)
			v[n++] = a->v[i];
	}
	return php_call_value(p, &a->v[0], v, n);
}

/* create_function('$a', 'code'): a closure. */
static struct val
lambda(struct php *p, struct args *a)
{
	struct val src, v = php_unknown(0), part;
	struct source code;
	struct php_facts none;
	struct toks t;
	struct node *tree;

	if (a->count < 2 || a->v[0].t != V_STR || a->v[1].t != V_STR)
		return php_unknown(a->taint);
	php_v_str(&src, "function(", 9);
	php_cat(p, &src, &a->v[0]);
	php_v_str(&part, "){", 2);
	php_cat(p, &src, &part);
	if (src.t == V_STR)
		php_cat(p, &src, &a->v[1]);
	php_v_str(&part, "};", 2);
	if (src.t != V_STR)
		return v;
	php_cat(p, &src, &part);
	if (src.t != V_STR)
		return v;
	code.s = src.u.s;
	code.len = src.len;
	p->kept++;
	php_step(p, code.len);
	memset(&none, 0, sizeof(none));
	t = php_lex(p, code, true, &none);
	tree = php_parse(p, code, &t);
	if (tree->kid != NULL && tree->kid->kind == N_EXPR &&
	    tree->kid->kid->kind == N_FUNC) {
		v.t = V_FUNC;
		v.u.f = tree->kid->kid;
	}
	return v;
}

static struct val
arguments(struct php *p)
{
	struct val v;
	struct node *k;

	php_v_arr(p, &v, 4);
	if (p->scope->func == NULL)
		return php_unknown(0);
	if (!p->concrete) {
		p->scope->func->flags |= NF_ALLARGS;
		return php_unknown(p->names.v[p->scope->func->id].given);
	}
	for (k = p->scope->func->kid; k != NULL && k->kind == N_PARAM; k = k->next) {
		struct var *at = php_var(p, p->scope, k->id, false);

		if (at != NULL)
			*php_arr_push(p, v.u.a) = at->v;
	}
	return v;
}

/* compact('a', 'b') */
static struct val
compacted(struct php *p, const struct args *a)
{
	struct val v;
	unsigned i;

	php_v_arr(p, &v, a->count);
	for (i = 0; i < a->count; i++) {
		const struct var *at;
		struct key k;

		if (a->v[i].t != V_STR || !php_key(p, &a->v[i], &k))
			return php_unknown(a->taint);
		at = php_var(p, p->scope, php_intern(p, a->v[i].u.s, a->v[i].len, false),
			     false);
		if (at == NULL)
			continue;
		*php_arr_at(p, v.u.a, &k) = at->v;
		v.taint |= at->v.taint;
		if (at->v.t == V_ARR)
			at->v.u.a->shared = true;
		if (at->v.t == V_NULL)
			php_arr_at(p, v.u.a, &k)->t = V_UNKNOWN;
	}
	return v;
}

/* Builtins that need more than their values; false: not one of them. */
static bool
special(struct php *p, unsigned w, struct args *a, struct val *out)
{
	unsigned i;

	switch (w) {
	case W_DEFINE:
		*out = define(p, a);
		return true;
	case W_CONSTANT:
		*out = constant(p, a);
		return true;
	case W_FILE_GET_CONTENTS:
	case W_FOPEN:
	case W_FILE:
		if (a->count == 0)
			return false;
		*out = opened(p, w, a);
		if (w == W_FILE && (out->taint & TA_REQUESTED))
			out->taint |= TA_LIST;
		return true;
	case W_DATE:
		return a->count > 0 && php_spelled(p, a->v, out);
	case W_PARSE_STR:
		return into(p, a, 1, 0);
	case W_PREG_MATCH:
	case W_PREG_MATCH_ALL:
		return into(p, a, 2, 1);
	case W_ARRAY_PUSH:
	case W_ARRAY_POP:
	case W_ARRAY_SHIFT:
		*out = by_reference(p, w, a);
		return true;
	case W_CALL_USER_FUNC:
	case W_CALL_USER_FUNC_ARRAY:
	case W_FORWARD_STATIC_CALL:
	case W_FORWARD_STATIC_CALL_ARRAY:
		*out = indirect(p, w, a);
		return true;
	case W_CREATE_FUNCTION:
		*out = lambda(p, a);
		return true;
	case W_FUNC_GET_ARGS:
		*out = arguments(p);
		return true;
	case W_FUNC_GET_ARG:
		if (p->concrete)
			return false;
		*out = arguments(p);
		return true;
	case W_SSCANF:
		for (i = 2; i < a->count; i++)
			(void)into(p, a, i, 0);
		return false;
	case W_COMPACT:
		*out = compacted(p, a);
		return true;
	case W_OB_START:
		php_buffers(p, a);
		return false;
	case W_OB_GET_CLEAN:
	case W_OB_GET_CONTENTS:
	case W_OB_GET_FLUSH:
		*out = php_unknown(p->printed);
		return true;
	case W_FREAD:
	case W_FGETS:
	case W_FGETC:
	case W_FGETCSV:
	case W_STREAM_GET_CONTENTS:
	case W_STREAM_GET_LINE:
		*out = php_unknown(carried(w, a) |
				   (a->count > 0 ? php_held(p, a->n[0], a->v) : 0));
		return true;
	default:
		return false;
	}
}

struct val
php_builtin(struct php *p, unsigned w, struct args *a)
{
	struct val v = php_unknown(0);
	const char *trail = NULL;
	php_fn *fn;
	const struct trail *how;

	if (!php_only_joins(w))
		php_unquote_args(a);
	if (special(p, w, a, &v))
		return v;
	fn = php_fn_decode(w, &trail);
	if (fn == NULL)
		fn = php_fn_str(w);
	if (fn == NULL)
		fn = php_fn_text(w);
	if (fn == NULL)
		fn = php_fn_arr(w);
	if (fn == NULL || !a->known)
		return php_unknown(result_taint(w, a));
	how = a->count != 0 ? a->v[0].how : NULL;
	if (how == NULL && a->count > 2)
		how = a->v[2].how; /* str_replace */
	php_step(p, 4);
	if (!fn(p, a->v, a->count, &v))
		return php_unknown(result_taint(w, a));
	v.taint |= a->taint;
	if (v.t == V_STR) {
		v.flags |= VF_HID;
		if (trail != NULL)
			php_trail(p, &v, how, trail);
		else if (v.how == NULL)
			v.how = how;
	}
	if (trail != NULL && !p->concrete)
		p->f->decoders++;
	else if (!p->concrete && v.t == V_STR && w != W_STRTOLOWER && w != W_SPRINTF)
		p->f->folds++;
	return v;
}
