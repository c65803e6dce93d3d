/*
 * classify - the provider table over a stream of answers
 *
 * Job:     see classify.h. One JSON object a line in: mx, domain, code, reply; others
 *          are ignored. A line that is no such object, or has a field of a wrong type,
 *          gives {"error":...,"line":N,"field":...} in its place; it never stops the
 *          rest. Without a code that of the reply counts; without either the answer
 *          carries an error too.
 * Touches: the two streams.
 */
#include "classify.h"

#include <jansson.h>
#include <string.h>

#include "text.h"

#define LINE_MAX_BYTES 65536 /* a longer line is damaged; the rest of it is skipped */

/* One line's fields; field, why: the first that is wrong. */
struct asked {
	const char *mx, *domain, *reply;
	size_t reply_len;
	int code; /* 0: none was given */
	const char *field, *why;
};

static const char *
wrong(struct asked *a, const char *field, const char *why)
{
	if (a->field == NULL) {
		a->field = field;
		a->why = why;
	}
	return "";
}

static const char *
string_of(struct asked *a, const json_t *o, const char *key, size_t *len)
{
	const json_t *v = json_object_get(o, key);

	*len = 0;
	if (v == NULL || json_is_null(v))
		return "";
	if (!json_is_string(v))
		return wrong(a, key, "not a string");
	*len = json_string_length(v);
	return json_string_value(v);
}

/* 550 or "550"; 0 is none. */
static int
code_of(struct asked *a, const json_t *o)
{
	const json_t *v = json_object_get(o, "code");
	int64_t n = 0;

	if (v == NULL || json_is_null(v))
		return 0;
	if (json_is_string(v) && json_string_length(v) == 0)
		return 0;
	if (json_is_integer(v))
		n = json_integer_value(v);
	else if (json_is_real(v) && json_real_value(v) >= 0 && json_real_value(v) < 1000)
		n = (int64_t)json_real_value(v);
	else if (!json_is_string(v) || !text_to_i64(json_string_value(v), 0, 999, &n))
		n = -1;
	if (n < 0)
		(void)wrong(a, "code", "not a number");
	else if (n != 0 && (n < 200 || n > 599))
		(void)wrong(a, "code", "not 200 to 599");
	return n >= 200 && n <= 599 ? (int)n : 0;
}

static void
answer(const struct provider_verdict *v, FILE *out, bool json, unsigned long line,
       bool no_code)
{
	const char *scope = reply_scope_name(v->scope);

	/* every word here comes from the table's own a-z0-9- names */
	if (json)
		fprintf(out,
			"{\"provider\":\"%s\",\"scope\":\"%s\",\"row\":\"%s\",\"action\":"
			"\"%s\",\"code\":%d,\"enhanced\":\"%s\"",
			v->provider, scope, v->row, v->action, v->code, v->enhanced);
	else
		fprintf(out, "%-14s %-12s %-24s %s", v->provider, scope, v->row,
			v->action);
	if (no_code && json)
		fprintf(out,
			",\"error\":\"there is no code, and the reply has none\","
			"\"line\":%lu,\"field\":\"code\"",
			line);
	else if (no_code)
		fprintf(out, "  (line %lu: code: there is none)", line);
	fputs(json ? "}\n" : "\n", out);
}

static void
damaged(FILE *out, bool json, unsigned long line, const char *field, const char *why)
{
	if (json && field != NULL)
		fprintf(out, "{\"error\":\"%s is %s\",\"line\":%lu,\"field\":\"%s\"}\n",
			field, why, line, field);
	else if (json)
		fprintf(out, "{\"error\":\"%s\",\"line\":%lu}\n", why, line);
	else
		fprintf(out, "line %lu: %s%s%s\n", line, field == NULL ? "" : field,
			field == NULL ? "" : " is ", why);
}

/* One line without its end; false when it was damaged. */
static bool
classify_line(const struct provider_table *t, const char *s, size_t len,
	      unsigned long line, FILE *out, bool json)
{
	struct provider_verdict v;
	struct asked a = {0};
	json_error_t je;
	json_t *o = json_loadb(s, len, JSON_ALLOW_NUL, &je);
	size_t unused;
	bool ok = false;

	if (o == NULL) { /* real replies are not always UTF-8 */
		static char clean[3 * LINE_MAX_BYTES + 1];

		text_utf8(clean, sizeof(clean), s, len);
		o = json_loads(clean, JSON_ALLOW_NUL, &je);
	}
	if (o == NULL || !json_is_object(o)) {
		damaged(out, json, line, NULL, o == NULL ? "not JSON" : "not an object");
		json_decref(o);
		return false;
	}
	a.mx = string_of(&a, o, "mx", &unused);
	a.domain = string_of(&a, o, "domain", &unused);
	a.code = code_of(&a, o);
	a.reply = string_of(&a, o, "reply", &a.reply_len);
	if (a.field != NULL) {
		damaged(out, json, line, a.field, a.why);
	} else {
		provider_classify(t, a.mx, a.domain, a.code, a.reply, a.reply_len, &v);
		ok = v.code != 0 || v.enhanced[0] != '\0';
		answer(&v, out, json, line, !ok);
	}
	json_decref(o);
	return ok;
}

static bool
blank(const char *s, size_t n)
{
	while (n > 0 && strchr(" \t\r", s[n - 1]) != NULL && s[n - 1] != '\0')
		n--;
	return n == 0;
}

unsigned long
classify_stream(const struct provider_table *t, FILE *in, FILE *out, bool json)
{
	static char buf[LINE_MAX_BYTES];
	unsigned long line = 0, bad = 0;
	size_t n = 0;
	bool over = false;
	int c;

	do {
		c = getc(in);
		if (c != '\n' && c != EOF) {
			if (n < sizeof(buf))
				buf[n++] = (char)c;
			else
				over = true;
			continue;
		}
		if (c == EOF && n == 0)
			break;
		line++;
		if (over) {
			damaged(out, json, line, NULL, "longer than 65536 bytes");
			bad++;
		} else if (!blank(buf, n) && !classify_line(t, buf, n, line, out, json)) {
			bad++;
		}
		n = 0;
		over = false;
	} while (c != EOF);
	return bad;
}
