/*
 * held_head - the text head of a held message's file
 *
 * Job:     see held_head.h.
 * Touches: nothing.
 * Format:  see held.h. Version 1.
 */
#include "held_head.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "msg.h"
#include "text.h"

#define MAGIC "mailbrake-held 1 "
#define MAGIC_LINE (sizeof MAGIC - 1 + 10 + 1) /* with the offset and its newline */
#define ALIGN 4096u

/* --- writing --- */

/* A JSON string, or {"base64": ...} for what is not UTF-8: the very bytes come back. */
static json_t *
exact(const char *s)
{
	json_t *v;
	size_t len;
	char *b64;

	if (s == NULL)
		s = "";
	v = json_string(s); /* NULL when it is not UTF-8 */
	if (v != NULL)
		return v;
	len = strlen(s);
	b64 = malloc(BASE64_TEXT(len));
	if (b64 == NULL)
		return NULL;
	base64_text(b64, s, len);
	v = json_pack("{s:s}", "base64", b64);
	free(b64);
	return v;
}

static json_t *
exact_list(const void *p, size_t len)
{
	struct strings s = strings_of(p, len);
	json_t *a = json_array();
	const char *one;

	while (a != NULL && (one = strings_next(&s)) != NULL)
		if (json_array_append_new(a, exact(one)) != 0) {
			json_decref(a);
			return NULL;
		}
	return a;
}

static json_t *
head_json(const struct held_head *h)
{
	return json_pack(
	    "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
	    "s:o, "
	    "s:o, s:o}",
	    "id", h->id, "uid", (json_int_t)h->uid, "gid", (json_int_t)h->gid, "t_us",
	    (json_int_t)h->t.us, "size_bytes", (json_int_t)h->size, "rcpts",
	    (json_int_t)h->rcpts, "token", (json_int_t)(h->token & INT64_MAX), "sha256",
	    h->sha256, "login", exact(h->login), "cwd", exact(h->cwd), "reason",
	    exact(h->reason), "claimed_from", exact(h->claimed_from), "claimed_subject",
	    exact(h->claimed_subject), "claimed_script", exact(h->claimed_script),
	    "claimed_message_id", exact(h->claimed_message_id), "argv",
	    exact_list(h->argv, h->argv_len), "env", exact_list(h->env, h->env_len),
	    "domains", exact_list(h->domains, h->domains_len));
}

int
held_format(const struct held_head *h, char **buf_out, size_t *len_out, struct err *e)
{
	json_t *v = head_json(h);
	char *text = v == NULL ? NULL : json_dumps(v, JSON_COMPACT | JSON_PRESERVE_ORDER);
	size_t len, whole;
	char *buf;

	json_decref(v);
	if (text == NULL)
		return err_set(e, ERR_AGAIN, "held: no memory for the head");
	len = strlen(text);
	whole = (MAGIC_LINE + len + 1 + ALIGN - 1) / ALIGN * ALIGN;
	if (whole > HELD_HEAD_MAX) {
		free(text);
		return err_set(
		    e, ERR_INPUT,
		    "held: arguments, environment and recipients' domains take "
		    "%zu bytes, at most %u",
		    len, HELD_HEAD_MAX);
	}
	buf = malloc(whole + 1);
	if (buf == NULL) {
		free(text);
		return err_set(e, ERR_AGAIN, "held: no memory for the head");
	}
	memset(buf, ' ', whole);
	(void)snprintf(buf, MAGIC_LINE + 1, MAGIC "%010zu\n", whole);
	memcpy(buf + MAGIC_LINE, text, len);
	buf[whole - 1] = '\n';
	free(text);
	*buf_out = buf;
	*len_out = whole;
	return 0;
}

/* --- reading --- */

/* Strings of a head on their way into one buffer. */
struct pool {
	char *buf;
	size_t size, used;
	const char *missing; /* the first field that was not as it must be */
};

/* The text of a string field, decoded, with its NUL, into the pool. NULL: not a string.
 */
static const char *
take(struct pool *p, const json_t *v)
{
	const char *s = json_string_value(v);
	char *at = p->buf + p->used;
	size_t len, n;

	if (s != NULL) {
		len = json_string_length(v);
		if (strlen(s) != len || len + 1 > p->size - p->used)
			return NULL;
		memcpy(at, s, len + 1);
		p->used += len + 1;
		return at;
	}
	if (!json_is_object(v) || json_object_size(v) != 1)
		return NULL;
	s = json_string_value(json_object_get(v, "base64"));
	len = s == NULL ? 0 : strlen(s);
	if (len == 0 || len % 4 != 0 || len / 4 * 3 + 1 > p->size - p->used)
		return NULL;
	if (!base64_bytes(at, &n, s, len) || n == 0 || memchr(at, '\0', n) != NULL)
		return NULL;
	at[n] = '\0';
	p->used += n + 1;
	return at;
}

static const char *
get_text(struct pool *p, const json_t *o, const char *name)
{
	const char *s = take(p, json_object_get(o, name));

	if (s == NULL && p->missing == NULL)
		p->missing = name;
	return s;
}

static const void *
get_list(struct pool *p, const json_t *o, const char *name, size_t *len_out)
{
	const json_t *a = json_object_get(o, name);
	size_t begin = p->used, i;
	bool ok = json_is_array(a);

	for (i = 0; ok && i < json_array_size(a); i++)
		ok = take(p, json_array_get(a, i)) != NULL;
	if (!ok && p->missing == NULL)
		p->missing = name;
	*len_out = p->used - begin;
	return p->buf + begin;
}

static int64_t
get_num(struct pool *p, const json_t *o, const char *name, int64_t min, int64_t max)
{
	const json_t *v = json_object_get(o, name);
	int64_t n = json_is_integer(v) ? json_integer_value(v) : min - 1;

	if (n < min || n > max) {
		if (p->missing == NULL)
			p->missing = name;
		return min;
	}
	return n;
}

static void
get_all(struct pool *p, const json_t *o, struct held_head *h)
{
	const char *id, *sha;

	h->uid = (uid_t)get_num(p, o, "uid", 0, UINT32_MAX - 1);
	h->gid = (gid_t)get_num(p, o, "gid", 0, UINT32_MAX - 1);
	h->t.us = get_num(p, o, "t_us", 0, INT64_MAX);
	h->size = (uint64_t)get_num(p, o, "size_bytes", 0, INT64_MAX / 2);
	h->rcpts = (uint64_t)get_num(p, o, "rcpts", 0, INT64_MAX);
	h->token = json_object_get(o, "token") == NULL
		       ? 0
		       : (uint64_t)get_num(p, o, "token", 0, INT64_MAX);
	id = get_text(p, o, "id");
	if (held_id_ok(id))
		(void)text_copy(h->id, sizeof h->id, id);
	else if (p->missing == NULL)
		p->missing = "id";
	sha = get_text(p, o, "sha256");
	if (sha != NULL && strlen(sha) == 64 && strspn(sha, "0123456789abcdef") == 64)
		(void)text_copy(h->sha256, sizeof h->sha256, sha);
	else if (p->missing == NULL)
		p->missing = "sha256";
	h->login = get_text(p, o, "login");
	h->cwd = get_text(p, o, "cwd");
	h->reason = get_text(p, o, "reason");
	h->claimed_from = get_text(p, o, "claimed_from");
	h->claimed_subject = get_text(p, o, "claimed_subject");
	h->claimed_script = get_text(p, o, "claimed_script");
	h->claimed_message_id = get_text(p, o, "claimed_message_id");
	h->argv = get_list(p, o, "argv", &h->argv_len);
	h->env = get_list(p, o, "env", &h->env_len);
	h->domains = get_list(p, o, "domains", &h->domains_len);
}

/* The first line; 0 when it is not one of ours. */
static uint64_t
offset_of(const char *p, size_t len)
{
	char digits[11];
	int64_t v;

	if (len < MAGIC_LINE || memcmp(p, MAGIC, sizeof MAGIC - 1) != 0 ||
	    p[MAGIC_LINE - 1] != '\n')
		return 0;
	memcpy(digits, p + sizeof MAGIC - 1, 10);
	digits[10] = '\0';
	if (strspn(digits, "0123456789") != 10 ||
	    !text_to_i64(digits, ALIGN, HELD_HEAD_MAX, &v))
		return 0;
	return v % ALIGN == 0 ? (uint64_t)v : 0;
}

int
held_parse(const void *bytes, size_t len, struct held_head *h, char **buf_out,
	   uint64_t *offset_out, struct err *e)
{
	const char *p = bytes;
	uint64_t offset = offset_of(p, len);
	struct pool pool = {0};
	json_error_t je;
	size_t end;
	json_t *o;

	memset(h, 0, sizeof *h);
	*buf_out = NULL;
	if (offset == 0)
		return err_set(e, ERR_INPUT, "held: no head of version 1");
	if (offset > len || p[offset - 1] != '\n')
		return err_set(e, ERR_INPUT, "held: the head is cut off");
	for (end = offset - 1; end > MAGIC_LINE && p[end - 1] == ' '; end--)
		;
	o = json_loadb(p + MAGIC_LINE, end - MAGIC_LINE, JSON_REJECT_DUPLICATES, &je);
	if (o == NULL) {
		char safe[160];

		return err_set(e, ERR_INPUT, "held: head: %s",
			       text_safe(safe, sizeof safe, je.text));
	}
	/* what is decoded is never longer than its JSON */
	pool.size = offset;
	pool.buf = malloc(pool.size);
	if (pool.buf == NULL) {
		json_decref(o);
		return err_set(e, ERR_AGAIN, "held: no memory for the head");
	}
	get_all(&pool, o, h);
	json_decref(o);
	if (pool.missing != NULL) {
		free(pool.buf);
		memset(h, 0, sizeof *h);
		return err_set(e, ERR_INPUT, "held: head: field %s is not as it must be",
			       pool.missing);
	}
	*buf_out = pool.buf;
	*offset_out = offset;
	return 0;
}
