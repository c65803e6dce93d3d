/*
 * php_layer - code within strings
 *
 * Job:     keep what was decoded as a layer, once; walk it if it is PHP.
 * Touches: nothing.
 */
#include <stdio.h>
#include <string.h>
#include "php_int.h"

static uint64_t
hash(const char *s, size_t n)
{
	uint64_t h = 1469598103934665603ull ^ n;
	size_t i;

	for (i = 0; i + 8 <= n; i += 8) {
		uint64_t w;

		memcpy(&w, s + i, 8);
		h = (h ^ w) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 29;
	}
	for (; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 1099511628211ull;
	return h;
}

static struct php_layer *
add(struct php *p, const struct val *v, enum php_layer_kind kind)
{
	uint64_t h = hash(v->u.s, v->len);
	size_t i, n = p->view.layer_count;
	struct php_layer *l;

	php_step(p, v->len / 32 + 4);
	for (i = 0; i < n; i++)
		if (p->layer_hash[i] == h) {
			if (p->layers[i].kind >= PHP_LAYER_DROP &&
			    kind < p->layers[i].kind)
				p->layers[i].kind = kind;
			return NULL;
		}
	p->f->layers++;
	if (n >= p->lim.layers || p->layer >= p->lim.depth) {
		php_note(p, PHP_STOP_LAYERS);
		return NULL;
	}
	if (p->layers == NULL) {
		p->layers = php_alloc(p, p->lim.layers * sizeof(*p->layers));
		p->layer_hash = php_alloc(p, p->lim.layers * sizeof(*p->layer_hash));
		p->view.layers = p->layers;
	}
	if (p->output + v->len > p->lim.output_bytes)
		php_stop(p, PHP_STOP_OUTPUT);
	p->output += v->len;
	p->kept++;
	l = &p->layers[n];
	p->layer_hash[n] = h;
	l->data = v->u.s;
	l->len = v->len;
	l->kind = kind;
	l->depth = p->layer + 1;
	p->view.layer_count = n + 1;
	if ((int64_t)l->depth > p->f->max_depth)
		p->f->max_depth = l->depth;
	return l;
}

/* "base64>gzinflate": first undone first. */
static void
write_how(struct php_layer *l, const struct trail *t)
{
	const char *names[12];
	unsigned n = 0;
	size_t at = 0;

	for (; t != NULL && n < 12; t = t->prev)
		names[n++] = t->name;
	while (n > 0 && at < sizeof(l->how)) {
		int w = snprintf(l->how + at, sizeof(l->how) - at, "%s%s",
				 at != 0 ? ">" : "", names[--n]);

		if (w < 0)
			break;
		at += (size_t)w;
	}
}

static void
walk(struct php *p, struct php_layer *l, bool in_php)
{
	struct source src = {l->data, (uint32_t)l->len};
	struct out o, marks = p->marks;
	struct scope *scope = p->scope, *globals = p->globals;
	unsigned concrete = p->concrete, cond = p->cond, loop = p->loop;
	bool own = l->kind >= PHP_LAYER_DROP;

	if (p->depth + 40 >= DEPTH_MAX) {
		php_note(p, PHP_STOP_NEST);
		return;
	}
	memset(&o, 0, sizeof(o));
	memset(&p->marks, 0, sizeof(p->marks));
	memset(&p->code_ret, 0, sizeof(p->code_ret));
	if (own)
		p->scope = p->globals = php_scope_new(p, NULL);
	p->concrete = p->cond = p->loop = 0;
	p->layer++;
	p->depth += 4;
	php_walk_source(p, src, in_php, &o);
	p->depth -= 4;
	p->layer--;
	p->concrete = concrete;
	p->cond = cond;
	p->loop = loop;
	p->scope = scope;
	p->globals = globals;
	p->marks = marks;
	l->text = o.p;
	l->text_len = o.n;
}

static bool
has_tag(const char *s, size_t n)
{
	const char *at = memmem(s, n, "<?", 2);

	return at != NULL && (memmem(s, n, "<?php", 5) != NULL ||
			      memmem(s, n, "<?=", 3) != NULL || (size_t)(at - s) < 64);
}

bool
php_looks_code(const char *s, size_t n)
{
	static const char *const signs[] = {"eval(",   "$_",  "function", "base64_decode",
					    "echo ",   "if(", "if (",     "@",
					    "return ", "=>"};
	size_t i, found = 0, look = n > 4096 ? 4096 : n;

	if (n < 12 || memchr(s, ';', look) == NULL || memchr(s, '$', look) == NULL)
		return false;
	for (i = 0; i < look; i++)
		if ((unsigned char)s[i] < 9)
			return false;
	for (i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		found += memmem(s, look, signs[i], strlen(signs[i])) != NULL;
	return found >= 2;
}

void
php_layer(struct php *p, const struct val *v, enum php_layer_kind kind, bool code)
{
	struct php_layer *l;
	struct val t = *v;
	const char *comma;

	if (t.t != V_STR || t.len < 4)
		return;
	if (kind == PHP_LAYER_DROP && !has_tag(t.u.s, t.len) &&
	    !(t.len > 2 && memcmp(t.u.s, "#!", 2) == 0))
		return;
	if (kind == PHP_LAYER_INCLUDE) { /* data:text/plain;base64,... */
		comma = memchr(t.u.s, ',', t.len);
		if (comma == NULL)
			return;
		t.len -= (uint32_t)(comma + 1 - t.u.s);
		if (comma - t.u.s > 7 && memcmp(comma - 7, ";base64", 7) == 0) {
			t.u.s = comma + 1;
			if (!php_base64(p, &t, &t))
				return;
			php_trail(p, &t, NULL, "base64");
		} else {
			t.u.s = comma + 1;
		}
	}
	l = add(p, &t, kind);
	if (l == NULL)
		return;
	write_how(l, t.how);
	if (kind == PHP_LAYER_DROP)
		p->f->dropped++;
	if (code || has_tag(t.u.s, t.len))
		walk(p, l, code);
}

void
php_keep(struct php *p, struct val *v)
{
	if (v->t != V_STR || v->len < 16 || (v->flags & VF_CODE))
		return;
	v->flags |= VF_CODE;
	if (has_tag(v->u.s, v->len))
		php_layer(p, v, PHP_LAYER_DECODED, false);
	else if (php_looks_code(v->u.s, v->len))
		php_layer(p, v, PHP_LAYER_DECODED, true);
	else if (v->len > 64 && memcmp(v->u.s, "#!", 2) == 0)
		php_layer(p, v, PHP_LAYER_DECODED, false);
}
