/*
 * provider_table - what a mail provider's answer means
 *
 * Job:     look a provider up, match an answer against the rows. See provider_table.h.
 * Touches: nothing but the program's own link in /proc (provider_table_path).
 */
#include "provider_impl.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

static const char *const scope_name[SCOPE_COUNT] = {
    [SCOPE_UNKNOWN] = "unknown",         [SCOPE_IP] = "ip",
    [SCOPE_IP_THROTTLE] = "ip-throttle", [SCOPE_DOMAIN] = "domain",
    [SCOPE_CONTENT] = "content",         [SCOPE_AUTH] = "auth",
    [SCOPE_RECIPIENT] = "recipient",     [SCOPE_INCIDENT] = "incident",
};

const char *
reply_scope_name(enum reply_scope scope)
{
	return scope < SCOPE_COUNT ? scope_name[scope] : "unknown";
}

enum reply_scope
reply_scope_of(const char *name)
{
	for (int i = 0; i < SCOPE_COUNT; i++)
		if (strcmp(name, scope_name[i]) == 0)
			return (enum reply_scope)i;
	return SCOPE_UNKNOWN;
}

static bool
word_char(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

static const char *
piece_find(const struct piece *w, const char *text, const char *from, const char *end)
{
	const char *p = from;

	while ((size_t)(end - p) >= w->len &&
	       (p = memmem(p, (size_t)(end - p), w->s, w->len)) != NULL) {
		const char *after = p + w->len;

		if ((!w->edge_before || p == text || !word_char(p[-1])) &&
		    (!w->edge_after || after == end || !word_char(*after)))
			return p;
		p++;
	}
	return NULL;
}

bool
pattern_match(const struct pattern *p, const char *text, size_t len)
{
	const char *at = text, *end = text + len;

	for (unsigned i = 0; i < p->count; i++) {
		const struct piece *w = &p->piece[i];
		const char *hit = piece_find(w, text, at, end);

		if (hit == NULL || (i == 0 && p->anchored && hit != text))
			return false;
		at = hit + w->len;
	}
	return true;
}

void
pairs_fill(struct pairs *q, const char *text, size_t len)
{
	memset(q, 0, sizeof(*q));
	for (size_t i = 0; i + 1 < len; i++) {
		uint16_t h = pair_hash(text + i);

		q->bit[h / 64] |= UINT64_C(1) << (h % 64);
	}
}

static bool
pairs_allow(const struct pairs *q, const struct pattern *p)
{
	for (int i = 0; i < 2; i++) {
		uint16_t h = p->pair[i];

		if (h < PAIR_BITS && !(q->bit[h / 64] >> (h % 64) & 1))
			return false;
	}
	return true;
}

int
host_compare(const void *a, const void *b)
{
	const struct host *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int
host_lookup(const struct host *list, unsigned n, const char *name)
{
	struct host key = {.name = name};
	const struct host *h =
	    n == 0 ? NULL : bsearch(&key, list, n, sizeof(*list), host_compare);

	return h == NULL ? -1 : h->provider;
}

/* Lower case, without brackets, port and final dot; false when it is no host name. */
static bool
clean_host(char *dst, size_t size, const char *src)
{
	size_t n = 0;

	if (src == NULL)
		return false;
	for (; *src != '\0' && *src != '[' && *src != ':' && *src != ' '; src++) {
		if (n + 1 >= size)
			return false;
		dst[n++] = (char)tolower((unsigned char)*src);
	}
	while (n > 0 && dst[n - 1] == '.')
		n--;
	dst[n] = '\0';
	return n > 0;
}

static int
find_mx(const struct provider_table *t, const char *mx)
{
	char buf[300];
	int id;

	buf[0] = '.';
	if (!clean_host(buf + 1, sizeof(buf) - 1, mx))
		return -1;
	for (const char *p = buf; p != NULL; p = strchr(p + 1, '.'))
		if ((id = host_lookup(t->mx, t->mxs, p)) >= 0)
			return id;
	return -1;
}

static int
find_domain(const struct provider_table *t, const char *domain)
{
	char buf[300];

	if (!clean_host(buf, sizeof(buf), domain))
		return -1;
	return host_lookup(t->domain, t->domains, buf);
}

int
provider_find(const struct provider_table *t, const char *mx, const char *domain)
{
	int id = find_mx(t, mx);

	return id >= 0 ? id : find_domain(t, domain);
}

const char *
provider_name(const struct provider_table *t, int id)
{
	return id < 0 || (unsigned)id >= t->providers ? "other" : t->provider[id].name;
}

const char *
provider_title(const struct provider_table *t, int id)
{
	return id < 0 || (unsigned)id >= t->providers ? "other" : t->provider[id].title;
}

int
provider_by_name(const struct provider_table *t, const char *name)
{
	for (unsigned i = 0; i < t->providers; i++)
		if (strcmp(t->provider[i].name, name) == 0)
			return (int)i;
	return -1;
}

unsigned
provider_count(const struct provider_table *t)
{
	return t->providers;
}

unsigned
provider_row_count(const struct provider_table *t)
{
	return t->rows;
}

const char *
provider_domain(const struct provider_table *t, int id, unsigned i)
{
	for (unsigned k = 0; k < t->domains; k++)
		if (t->domain[k].provider == id && i-- == 0)
			return t->domain[k].name;
	return NULL;
}

static bool
code_fits(const struct row *w, const struct reply *r)
{
	if (w->codes == 0)
		return true;
	if (r->code == 0) /* no code was given: the enhanced code's class stands for it */
		return w->text_count != 0;
	for (unsigned i = 0; i < w->codes; i++)
		if (r->code >= w->code[i].lo && r->code <= w->code[i].hi)
			return true;
	return false;
}

static bool
enhanced_fits(const struct row *w, const struct reply *r)
{
	if (w->enhs == 0)
		return true;
	for (unsigned i = 0; i < w->enhs; i++) {
		const struct enh_range *g = &w->enh[i];

		if (r->enh[0] != 0 && (g->class == 0 || g->class == r->enh[0]) &&
		    (g->subject < 0 || g->subject == r->enh[1]) && r->enh[2] >= g->lo &&
		    r->enh[2] <= g->hi)
			return true;
	}
	return false;
}

static bool
any_match(const struct provider_table *t, unsigned first, unsigned count,
	  const struct reply *r, const struct pairs *q)
{
	for (unsigned i = first; i < first + count; i++)
		if (pairs_allow(q, &t->pattern[i]) &&
		    pattern_match(&t->pattern[i], r->text, r->len))
			return true;
	return false;
}

/* The first fitting row of a provider, or of the generic ones (-1). */
static const struct row *
find_row(const struct provider_table *t, const struct reply *r, const struct pairs *q,
	 int provider)
{
	for (unsigned i = 0; i < t->rows; i++) {
		const struct row *w = &t->row[i];

		if (provider < 0 ? w->for_mask != 0 : !(w->for_mask >> provider & 1))
			continue;
		if (!code_fits(w, r) || !enhanced_fits(w, r))
			continue;
		if (w->text_count != 0 &&
		    !any_match(t, w->text_first, w->text_count, r, q))
			continue;
		if (!any_match(t, w->not_first, w->not_count, r, q))
			return w;
	}
	return NULL;
}

static int
find_by_hint(const struct provider_table *t, const struct reply *r, const struct pairs *q)
{
	for (unsigned i = 0; i < t->providers; i++)
		if (any_match(t, t->provider[i].hint_first, t->provider[i].hint_count, r,
			      q))
			return (int)i;
	return -1;
}

void
provider_classify(const struct provider_table *t, const char *mx, const char *domain,
		  int code, const char *reply, size_t len, struct provider_verdict *out)
{
	struct reply r;
	struct pairs q;
	const struct row *w;
	int id;

	int hint;

	reply_read(&r, code, reply, len);
	pairs_fill(&q, r.text, r.len);
	out->from = PROVIDER_FROM_MX;
	if ((id = find_mx(t, mx)) < 0) {
		out->from = PROVIDER_FROM_DOMAIN;
		if ((id = find_domain(t, domain)) < 0)
			out->from = PROVIDER_FROM_NOTHING;
	}
	w = id < 0 ? NULL : find_row(t, &r, &q, id);
	/* an answer passed on by a gateway is read by the rows of whoever worded it */
	if (w == NULL && (hint = find_by_hint(t, &r, &q)) >= 0 && hint != id) {
		w = find_row(t, &r, &q, hint);
		if (id < 0) {
			id = hint;
			out->from = PROVIDER_FROM_REPLY;
		}
	}
	if (w == NULL)
		w = find_row(t, &r, &q, -1);
	out->provider_id = id;
	out->provider = provider_name(t, id);
	out->scope = w == NULL ? SCOPE_UNKNOWN : w->scope;
	out->row = w == NULL ? "unknown" : w->name;
	out->action = w == NULL ? "look" : w->action;
	out->code = r.code;
	out->enhanced[0] = '\0';
	if (r.enh[0] != 0)
		snprintf(out->enhanced, sizeof(out->enhanced), "%d.%d.%d", r.enh[0] % 10,
			 r.enh[1] % 1000, r.enh[2] % 1000);
}

char *
provider_reply_text(char *dst, size_t size, int code, const char *reply, size_t len)
{
	struct reply r;

	reply_read(&r, code, reply, len);
	return text_utf8(dst, size, r.text, r.len);
}

bool
provider_table_path(const char *dir, char *dst, size_t size)
{
	char exe[PATH_MAX];
	ssize_t n;
	char *cut;

	if (dir != NULL) {
		snprintf(dst, size, "%s/providers", dir);
		return access(dst, R_OK) == 0;
	}
	snprintf(dst, size, "%s/rules/providers", MB_DATADIR);
	if (access(dst, R_OK) == 0)
		return true;
	if ((n = readlink("/proc/self/exe", exe, sizeof(exe) - 1)) <= 0)
		return false;
	exe[n] = '\0';
	for (int up = 0; up < 4 && (cut = strrchr(exe, '/')) != NULL; up++) {
		char beside[PATH_MAX + 32];

		*cut = '\0';
		snprintf(beside, sizeof(beside), "%s/rules/providers", exe);
		if (access(beside, R_OK) == 0)
			return text_copy(dst, size, beside);
	}
	return false;
}
