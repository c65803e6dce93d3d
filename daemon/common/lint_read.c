/*
 * lint_read - see lint_impl.h
 *
 * Job:     an own small reader of messages: the header's fields, a part's type, and the
 *          words by which findings are told.
 * Touches: nothing.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lint_impl.h"

void
lint_say(struct lint *l, const char *severity, const char *check, const char *source,
	 const char *fmt, ...)
{
	char text[300];
	struct lint_finding f = {check, severity, source, text};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	l->count++;
	l->fn(l->arg, &f);
}

const char *
lint_find(struct text t, const char *what)
{
	size_t n = strlen(what);

	for (size_t i = 0; i + n <= t.len; i++)
		if (strncasecmp(t.s + i, what, n) == 0)
			return t.s + i;
	return NULL;
}

bool
lint_is(struct text t, const char *s)
{
	return t.len == strlen(s) && strncasecmp(t.s, s, t.len) == 0;
}

bool
lint_begins(struct text t, const char *s)
{
	size_t n = strlen(s);

	while (t.len > 0 && isspace((unsigned char)*t.s)) {
		t.s++;
		t.len--;
	}
	return t.len >= n && strncasecmp(t.s, s, n) == 0;
}

unsigned
lint_fields(struct text in, struct field *out, unsigned max, struct text *body)
{
	const char *p = in.s, *end = in.s + in.len;
	unsigned n = 0;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p)), *stop, *colon;

		stop = nl == NULL ? end : nl;
		if (stop == p || (stop == p + 1 && *p == '\r')) {
			p = nl == NULL ? end : nl + 1;
			break;
		}
		if ((*p == ' ' || *p == '\t') && n > 0) {
			out[n - 1].value.len = (size_t)(stop - out[n - 1].value.s);
		} else if (n < max &&
			   (colon = memchr(p, ':', (size_t)(stop - p))) != NULL) {
			out[n].name = (struct text){p, (size_t)(colon - p)};
			out[n++].value =
			    (struct text){colon + 1, (size_t)(stop - colon - 1)};
		}
		p = nl == NULL ? end : nl + 1;
	}
	*body = (struct text){p, (size_t)(end - p)};
	return n;
}

const struct field *
lint_get(const struct field *f, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (lint_is(f[i].name, name))
			return &f[i];
	return NULL;
}

static struct text
trim(struct text t)
{
	while (t.len > 0 && isspace((unsigned char)t.s[0])) {
		t.s++;
		t.len--;
	}
	while (t.len > 0 && isspace((unsigned char)t.s[t.len - 1]))
		t.len--;
	return t;
}

struct part
lint_part(const struct field *f, unsigned n, struct text body)
{
	const struct field *type = lint_get(f, n, "Content-Type");
	const struct field *enc = lint_get(f, n, "Content-Transfer-Encoding");

	return (struct part){
	    type == NULL ? (struct text){"text/plain", 10} : trim(type->value),
	    enc == NULL ? (struct text){"7bit", 4} : trim(enc->value), body};
}

struct text
lint_parameter(struct text type, const char *name)
{
	const char *at = lint_find(type, name), *end = type.s + type.len, *stop;

	if (at == NULL)
		return (struct text){"", 0};
	at += strlen(name);
	if (at < end && *at == '"') {
		at++;
		stop = memchr(at, '"', (size_t)(end - at));
		return (struct text){at, (size_t)((stop == NULL ? end : stop) - at)};
	}
	for (stop = at; stop < end && *stop != ';' && !isspace((unsigned char)*stop);)
		stop++;
	return (struct text){at, (size_t)(stop - at)};
}
