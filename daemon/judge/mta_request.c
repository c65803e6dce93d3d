/*
 * mta_request - what an MTA asks about a message it is about to accept
 *
 * Job:     see mta_request.h.
 * Touches: nothing.
 */
#include "mta_request.h"

#include <arpa/inet.h>
#include <string.h>

#include "base64.h"
#include "text.h"

int64_t
mta_request_whole(const char *p, size_t len)
{
	const char *nl = memchr(p, '\n', len);
	size_t i;

	if (memchr(p, '\0', len) != NULL)
		return -1;
	if (nl == NULL)
		return len > MTA_REQUEST_MAX ? -1 : 0;
	if (len < 8 || memcmp(p, "request=", 8) != 0)
		return nl - p + 1;
	for (i = 1; i < len; i++)
		if (p[i] == '\n' && p[i - 1] == '\n')
			return (int64_t)i + 1;
	return len > MTA_REQUEST_MAX ? -1 : 0;
}

/* Base64 into text: bytes that are no text stay as they are (text_safe comes later); NULs
 * end it. */
static void
decode(char *dst, size_t size, const char *s)
{
	unsigned char buf[1024];
	size_t n = strlen(s), got;

	dst[0] = '\0';
	if (n / 4 * 3 >= sizeof buf || !base64_bytes(buf, &got, s, n))
		return;
	buf[got] = '\0';
	(void)text_copy(dst, size, (const char *)buf);
}

static uint64_t
number(const char *s)
{
	int64_t n;

	return text_to_i64(s, 0, INT64_MAX, &n) ? (uint64_t)n : 0;
}

static void
address(struct mta_end *end, const char *s)
{
	if (strncasecmp(s, "ipv6:", 5) == 0)
		s += 5;
	if (inet_pton(AF_INET, s, end->addr) == 1)
		end->family = AF_INET;
	else if (inet_pton(AF_INET6, s, end->addr) == 1)
		end->family = AF_INET6;
}

/* ADDR:PORT; the port is after the last colon. */
static void
both(struct mta_end *end, const char *s)
{
	char addr[64];
	const char *colon = strrchr(s, ':');
	size_t n = colon == NULL ? strlen(s) : (size_t)(colon - s);

	if (n >= sizeof addr)
		return;
	memcpy(addr, s, n);
	addr[n] = '\0';
	address(end, addr);
	if (colon != NULL)
		end->port = (uint16_t)number(colon + 1);
}

static void
set_uid(struct mta_request *r, const char *v)
{
	int64_t n;

	if (text_to_i64(v, 0, UINT32_MAX - 1, &n))
		r->ouid = n;
}

static void
exim_field(struct mta_request *r, const char *k, const char *v)
{
	if (strcmp(k, "id") == 0)
		(void)text_copy(r->id, sizeof r->id, v);
	else if (strcmp(k, "ouid") == 0)
		set_uid(r, v);
	else if (strcmp(k, "rc") == 0)
		r->rcpts = number(v);
	else if (strcmp(k, "size") == 0)
		r->size = number(v);
	else if (strcmp(k, "from") == 0)
		decode(r->sender, sizeof r->sender, v);
	else if (strcmp(k, "script") == 0)
		decode(r->script, sizeof r->script, v);
	else if (strcmp(k, "auth") == 0)
		decode(r->auth, sizeof r->auth, v);
	else if (strcmp(k, "host") == 0)
		both(&r->client, v);
	else if (strcmp(k, "iface") == 0)
		both(&r->server, v);
}

static void
postfix_field(struct mta_request *r, const char *k, const char *v)
{
	if (strcmp(k, "queue_id") == 0)
		(void)text_copy(r->id, sizeof r->id, v);
	else if (strcmp(k, "recipient_count") == 0)
		r->rcpts = number(v);
	else if (strcmp(k, "size") == 0)
		r->size = number(v);
	else if (strcmp(k, "sender") == 0)
		(void)text_copy(r->sender, sizeof r->sender, v);
	else if (strcmp(k, "sasl_username") == 0)
		(void)text_copy(r->auth, sizeof r->auth, v);
	else if (strcmp(k, "client_address") == 0)
		address(&r->client, v);
	else if (strcmp(k, "client_port") == 0)
		r->client.port = (uint16_t)number(v);
	else if (strcmp(k, "server_address") == 0)
		address(&r->server, v);
	else if (strcmp(k, "server_port") == 0)
		r->server.port = (uint16_t)number(v);
}

/* Walk `name=value` words that end at one of the bytes in ends. */
static void
each_field(struct mta_request *r, const char *p, size_t len, const char *ends,
	   void (*fn)(struct mta_request *, const char *, const char *))
{
	char word[4096], *eq;
	size_t i = 0, n;

	while (i < len) {
		for (n = 0; i + n < len && strchr(ends, p[i + n]) == NULL; n++)
			;
		if (n > 0 && n < sizeof word) {
			memcpy(word, p + i, n);
			word[n] = '\0';
			if ((eq = strchr(word, '=')) != NULL) {
				*eq = '\0';
				fn(r, word, eq + 1);
			}
		}
		i += n + 1;
	}
}

int
mta_request_parse(const char *p, size_t len, struct mta_request *out, struct err *e)
{
	memset(out, 0, sizeof *out);
	out->ouid = -1;
	if (len >= 6 && memcmp(p, "CHECK ", 6) == 0) {
		out->kind = MTA_EXIM_LOCAL;
		each_field(out, p + 6, len - 6, " \n", exim_field);
	} else if (len >= 5 && memcmp(p, "SMTP ", 5) == 0) {
		out->kind = MTA_EXIM_SMTP;
		each_field(out, p + 5, len - 5, " \n", exim_field);
	} else if (len >= 8 && memcmp(p, "request=", 8) == 0) {
		out->kind = MTA_POSTFIX;
		each_field(out, p, len, "\n", postfix_field);
	} else {
		return err_set(e, ERR_INPUT, "not a request of Exim or Postfix");
	}
	if (out->kind == MTA_EXIM_LOCAL && out->ouid < 0)
		return err_set(e, ERR_INPUT, "CHECK without ouid");
	return 0;
}
