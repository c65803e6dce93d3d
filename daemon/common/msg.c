/*
 * msg - messages between processes: the codec made from msg.def
 *
 * Job:     see msg.h.
 * Touches: nothing but the buffers given.
 */
#include "msg.h"

#include <string.h>

#include "log.h"

static const struct row {
	const char *name;
	enum role from, to;
	bool fd;
	size_t max;
} rows[MSG_TYPES] = {[MSG_NONE] = {"NONE", ROLE_ANY, ROLE_ANY, false, 0},
#define M(NAME, name, from, to, fds, max, text) \
	[MSG_##NAME] = {#NAME, ROLE_##from, ROLE_##to, fds, max},
		     MSG_TABLE(M)
#undef M
};

const char *
msg_name(unsigned type)
{
	return type > MSG_NONE && type < MSG_TYPES ? rows[type].name : "?";
}

bool
msg_allowed(unsigned type, enum role from, enum role to, size_t len, bool fd)
{
	const struct row *r;

	if (type <= MSG_NONE || type >= MSG_TYPES)
		return false;
	r = &rows[type];
	return (r->from == from || r->from == ROLE_ANY) &&
	       (r->to == to || r->to == ROLE_ANY) && len <= r->max && (r->fd || !fd);
}

static void
put_raw(struct msg *m, const void *p, size_t n)
{
	if (m->bad || n > rows[m->type].max - m->len) {
		m->bad = true;
		return;
	}
	if (n > 0)
		memcpy(m->body + m->len, p, n);
	m->len += n;
}

static void
put_bytes(struct msg *m, const void *p, size_t n)
{
	uint32_t len = (uint32_t)n;

	if (n > MSG_MAX) {
		m->bad = true;
		return;
	}
	put_raw(m, &len, sizeof len);
	put_raw(m, p, n);
}

static uint64_t
get_u64(struct msg *m)
{
	uint64_t v = 0;

	if (m->bad || m->len - m->pos < sizeof v) {
		m->bad = true;
		return 0;
	}
	memcpy(&v, m->body + m->pos, sizeof v);
	m->pos += sizeof v;
	return v;
}

static const void *
get_bytes(struct msg *m, size_t *len_out)
{
	uint32_t len = 0;
	const void *p;

	*len_out = 0;
	if (m->bad || m->len - m->pos < sizeof len) {
		m->bad = true;
		return "";
	}
	memcpy(&len, m->body + m->pos, sizeof len);
	m->pos += sizeof len;
	if (len > m->len - m->pos) {
		m->bad = true;
		return "";
	}
	p = m->body + m->pos;
	m->pos += len;
	*len_out = len;
	return p;
}

/* A string travels with its NUL, so that it can be used where it lies. */
static const char *
get_str(struct msg *m)
{
	size_t len;
	const char *s = get_bytes(m, &len);

	if (len == 0 || memchr(s, '\0', len) != s + len - 1) {
		m->bad = true;
		return "";
	}
	return s;
}

static void
put_str(struct msg *m, const char *s)
{
	put_bytes(m, s == NULL ? "" : s, s == NULL ? 1 : strlen(s) + 1);
}

#define PUT_U(name) put_raw(m, &v->name, sizeof v->name);
#define PUT_I(name) put_raw(m, &v->name, sizeof v->name);
#define PUT_S(name) put_str(m, v->name);
#define PUT_B(name) put_bytes(m, v->name, v->name##_len);
#define GET_U(name) v->name = get_u64(m);
#define GET_I(name) v->name = (int64_t)get_u64(m);
#define GET_S(name) v->name = get_str(m);
#define GET_B(name) v->name = get_bytes(m, &v->name##_len);

static int
put_end(const struct msg *m, struct err *e)
{
	if (!m->bad)
		return 0;
	return err_set(e, ERR_INPUT, "message %s is over its limit of %zu bytes",
		       rows[m->type].name, rows[m->type].max);
}

static int
get_end(const struct msg *m, struct err *e)
{
	if (m->bad)
		return err_set(e, ERR_INPUT, "message %s is damaged", msg_name(m->type));
	if (m->pos != m->len)
		return err_set(e, ERR_INPUT, "message %s has %zu bytes left over",
			       msg_name(m->type), m->len - m->pos);
	return 0;
}

#define M(NAME, name, from, to, fds, max, text) \
	int m_##name##_put(struct msg *m, const struct m_##name *v, struct err *e) \
	{ \
		m->type = MSG_##NAME; \
		m->fd = -1; \
		m->bad = false; \
		m->len = m->pos = 0; \
		MSG_##name(PUT_U, PUT_I, PUT_S, PUT_B) return put_end(m, e); \
	} \
	int m_##name##_get(struct msg *m, struct m_##name *v, struct err *e) \
	{ \
		if (m->type != MSG_##NAME) \
			log_bug("msg_type wanted=%s got=%s", #NAME, msg_name(m->type)); \
		m->bad = false; \
		m->pos = 0; \
		MSG_##name(GET_U, GET_I, GET_S, GET_B) return get_end(m, e); \
	}
MSG_TABLE(M)
#undef M

const char *
verdict_name(unsigned v)
{
	static const char *const name[] = {"clean", "suspicious", "malicious",
					   "unscanned"};

	return v < sizeof name / sizeof name[0] ? name[v] : "unscanned";
}

struct strings
strings_of(const void *p, size_t len)
{
	const char *s = p;

	if (len > 0 && s[len - 1] != '\0')
		len = 0;
	return (struct strings){s, len};
}

const char *
strings_next(struct strings *s)
{
	const char *now = s->at;
	size_t n;

	if (s->left == 0)
		return NULL;
	n = strlen(now) + 1;
	s->at += n;
	s->left -= n;
	return now;
}

size_t
strings_count(const void *p, size_t len)
{
	struct strings s = strings_of(p, len);
	size_t n = 0;

	while (strings_next(&s) != NULL)
		n++;
	return n;
}

bool
strings_add(char *buf, size_t size, size_t *len, const char *s)
{
	size_t n = strlen(s) + 1;

	if (n > size - *len)
		return false;
	memcpy(buf + *len, s, n);
	*len += n;
	return true;
}
