/*
 * classify - the provider table over a stream of answers
 *
 * Job:     see classify.h. One JSON object a line in: mx, domain, code, reply; any may be
 *          missing, others are ignored. A line that is no such object gives
 *          {"error":...,"line":N} in its place; it never stops the rest.
 * Touches: the two streams.
 */
#include "classify.h"

#include <jansson.h>
#include <string.h>

#include "text.h"

#define LINE_MAX_BYTES 65536 /* a longer line is damaged; the rest of it is skipped */

static const char *
string_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s == NULL ? "" : s;
}

/* 550, "550", or absent: 0. */
static int
code_of(const json_t *o)
{
	const json_t *v = json_object_get(o, "code");
	int64_t n = 0;

	if (json_is_integer(v))
		n = json_integer_value(v);
	else if (json_is_real(v))
		n = (int64_t)(json_real_value(v) > 599 ? 0 : json_real_value(v));
	else if (json_is_string(v) && !text_to_i64(json_string_value(v), 0, 599, &n))
		n = 0;
	return n >= 200 && n <= 599 ? (int)n : 0;
}

static void
answer(const struct provider_verdict *v, FILE *out, bool json)
{
	const char *scope = reply_scope_name(v->scope);

	/* every word here comes from the table's own a-z0-9- names */
	if (json)
		fprintf(out,
			"{\"provider\":\"%s\",\"scope\":\"%s\",\"row\":\"%s\",\"action\":"
			"\"%s\","
			"\"code\":%d,\"enhanced\":\"%s\"}\n",
			v->provider, scope, v->row, v->action, v->code, v->enhanced);
	else
		fprintf(out, "%-14s %-12s %-24s %s\n", v->provider, scope, v->row,
			v->action);
}

static void
damaged(FILE *out, bool json, unsigned long line, const char *why)
{
	if (json)
		fprintf(out, "{\"error\":\"%s\",\"line\":%lu}\n", why, line);
	else
		fprintf(out, "line %lu: %s\n", line, why);
}

/* One line without its end; false when it was damaged. */
static bool
classify_line(const struct provider_table *t, const char *s, size_t len,
	      unsigned long line, FILE *out, bool json)
{
	struct provider_verdict v;
	json_error_t je;
	json_t *o = json_loadb(s, len, JSON_ALLOW_NUL, &je), *reply;

	if (o == NULL) { /* real replies are not always UTF-8 */
		static char clean[3 * LINE_MAX_BYTES + 1];

		text_utf8(clean, sizeof(clean), s, len);
		o = json_loads(clean, JSON_ALLOW_NUL, &je);
	}
	if (o == NULL || !json_is_object(o)) {
		damaged(out, json, line, o == NULL ? "not JSON" : "not an object");
		json_decref(o);
		return false;
	}
	reply = json_object_get(o, "reply");
	if (reply != NULL && !json_is_string(reply) && !json_is_null(reply)) {
		damaged(out, json, line, "reply is not a string");
		json_decref(o);
		return false;
	}
	provider_classify(t, string_of(o, "mx"), string_of(o, "domain"), code_of(o),
			  json_is_string(reply) ? json_string_value(reply) : "",
			  json_is_string(reply) ? json_string_length(reply) : 0, &v);
	answer(&v, out, json);
	json_decref(o);
	return true;
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
			damaged(out, json, line, "longer than 65536 bytes");
			bad++;
		} else if (!blank(buf, n) && !classify_line(t, buf, n, line, out, json)) {
			bad++;
		}
		n = 0;
		over = false;
	} while (c != EOF);
	return bad;
}
