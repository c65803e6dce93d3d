/*
 * provider_parse - the provider table's file, read and compiled
 *
 * Job:     the lines of rules/providers -> struct provider_table; a fault names its line.
 * Touches: the table file.
 * Source:  the format as the head of rules/providers documents it.
 */
#include "provider_impl.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"
#include "xmem.h"

struct parser {
	struct provider_table *t;
	const char *file;
	unsigned line;
	struct provider *provider; /* the stanza we are in, or NULL */
	struct row *row;
	struct err *e;
};

#define FAULT(p, ...) (fault_at((p), __VA_ARGS__))

static int fault_at(struct parser *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static int
fault_at(struct parser *p, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(p->e, ERR_INPUT, "%s:%u: %s", p->file, p->line, text);
}

/* The next blank-separated word, cut off *s; NULL at the end. */
static char *
word(char **s)
{
	char *w = *s + strspn(*s, " \t,"), *end;

	if (*w == '\0')
		return NULL;
	end = w + strcspn(w, " \t,");
	*s = *end == '\0' ? end : end + 1;
	*end = '\0';
	return w;
}

static bool
good_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n > 0 && n < 48 && s[n] == '\0';
}

static const char *const actions[] = {
    "wait",       "slow-down",  "delist", "fix-auth",     "fix-dns", "fix-content",
    "fix-sender", "clean-list", "split",  "ask-provider", "look"};

static const char *
known_action(const char *s)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(s, actions[i]) == 0)
			return actions[i];
	return NULL;
}

/* One alternative: "^", then pieces between '*', each with '~' for a word's edge. */
static int
compile_pattern(struct parser *p, char *s)
{
	struct provider_table *t = p->t;
	struct pattern *out;

	if (t->patterns == PATTERNS_MAX)
		return FAULT(p, "more than %d patterns", PATTERNS_MAX);
	out = &t->pattern[t->patterns];
	memset(out, 0, sizeof(*out));
	s = text_trim(s);
	if (*s == '^') {
		out->anchored = true;
		s++;
	}
	for (char *next = s; next != NULL; s = next) {
		struct piece *w = &out->piece[out->count];
		size_t n;

		if ((next = strchr(s, '*')) != NULL)
			*next++ = '\0';
		s = text_trim(s);
		n = strlen(s);
		if (n > 0 && s[0] == '~') {
			w->edge_before = true;
			s++;
			n--;
		}
		if (n > 0 && s[n - 1] == '~') {
			w->edge_after = true;
			n--;
		}
		if (n == 0 || n > 200)
			return FAULT(p, "a pattern's piece has %zu bytes, not 1..200", n);
		if (memchr(s, '~', n) != NULL)
			return FAULT(p, "a '~' inside \"%s\": a word's edge is at an end",
				     s);
		text_lower(s);
		w->s = s;
		w->len = (unsigned short)n;
		if (++out->count == PIECES_MAX && next != NULL)
			return FAULT(p, "more than %d pieces in a pattern", PIECES_MAX);
	}
	for (int i = 0; i < 2; i++) {
		const struct piece *w = &out->piece[0];
		size_t at = i == 0 ? 0 : w->len - 2u;

		out->pair[i] = w->len < 2 ? PAIR_BITS : pair_hash(w->s + at);
	}
	t->patterns++;
	return 0;
}

/* "a | b": adds alternatives; those of one row or provider must stand together. */
static int
add_patterns(struct parser *p, char *s, unsigned *first, unsigned *count)
{
	if (*count == 0)
		*first = p->t->patterns;
	else if (*first + *count != p->t->patterns)
		return FAULT(p, "lines of one kind must follow each other");
	for (char *next = s; next != NULL; s = next) {
		if ((next = strstr(s, " | ")) != NULL) {
			*next = '\0';
			next += 3;
		}
		if (compile_pattern(p, s) == -1)
			return -1;
		(*count)++;
	}
	return 0;
}

static int
parse_codes(struct parser *p, char *s)
{
	for (char *w; (w = word(&s)) != NULL;) {
		struct row *r = p->row;
		int lo = 0, hi = 0;
		char c, d;

		if (r->codes == RANGES_MAX)
			return FAULT(p, "more than %d code ranges", RANGES_MAX);
		if (sscanf(w, "%1dxx%c", &lo, &c) == 1 && strlen(w) == 3 && w[1] == 'x') {
			lo *= 100;
			hi = lo + 99;
		} else if (sscanf(w, "%3d-%3d%c", &lo, &hi, &d) != 2) {
			if (sscanf(w, "%3d%c", &lo, &d) != 1)
				return FAULT(p, "code \"%s\" is not 550, 450-459 or 5xx",
					     w);
			hi = lo;
		}
		if (lo < 200 || hi > 599 || lo > hi)
			return FAULT(p, "code \"%s\" is outside 200..599", w);
		r->code[r->codes++] = (struct code_range){lo, hi};
	}
	return 0;
}

static int
parse_enhanced(struct parser *p, char *s)
{
	for (char *w; (w = word(&s)) != NULL;) {
		struct row *r = p->row;
		struct enh_range g = {0, 0, 0, 999};
		char last[16], junk;

		if (r->enhs == RANGES_MAX)
			return FAULT(p, "more than %d enhanced ranges", RANGES_MAX);
		if (sscanf(w, "x.%3d.%15s", &g.subject, last) != 2 &&
		    sscanf(w, "%1d.%3d.%15s", &g.class, &g.subject, last) != 3)
			return FAULT(p, "enhanced code \"%s\"", w);
		if (strcmp(last, "*") != 0 &&
		    sscanf(last, "%3d-%3d%c", &g.lo, &g.hi, &junk) != 2) {
			if (sscanf(last, "%3d%c", &g.lo, &junk) != 1)
				return FAULT(p, "enhanced code \"%s\"", w);
			g.hi = g.lo;
		}
		r->enh[r->enhs++] = g;
	}
	return 0;
}

static int
parse_for(struct parser *p, char *s)
{
	for (char *w; (w = word(&s)) != NULL;) {
		int id = provider_by_name(p->t, w);

		if (id < 0)
			return FAULT(p, "provider \"%s\" is not declared above", w);
		if (p->row->for_mask == 0)
			p->row->first_provider = id;
		p->row->for_mask |= UINT64_C(1) << id;
	}
	return 0;
}

static int
parse_scope(struct parser *p, char *s)
{
	char *scope = word(&s), *action = word(&s);

	if (scope == NULL || action == NULL)
		return FAULT(p, "scope needs a scope and an action");
	if ((p->row->scope = reply_scope_of(scope)) == SCOPE_UNKNOWN)
		return FAULT(p, "scope \"%s\" is not known", scope);
	if ((p->row->action = known_action(action)) == NULL)
		return FAULT(p, "action \"%s\" is not known", action);
	return 0;
}

static int
row_key(struct parser *p, const char *key, char *s)
{
	struct row *r = p->row;

	if (strcmp(key, "for") == 0)
		return parse_for(p, s);
	if (strcmp(key, "scope") == 0)
		return parse_scope(p, s);
	if (strcmp(key, "code") == 0)
		return parse_codes(p, s);
	if (strcmp(key, "enh") == 0)
		return parse_enhanced(p, s);
	if (strcmp(key, "text") == 0)
		return add_patterns(p, s, &r->text_first, &r->text_count);
	if (strcmp(key, "not") == 0)
		return add_patterns(p, s, &r->not_first, &r->not_count);
	if (strcmp(key, "source") == 0)
		r->source = s;
	else if (strcmp(key, "example") == 0)
		r->example = s;
	else
		return FAULT(p, "\"%s\" is no key of a row", key);
	return 0;
}

static int
add_hosts(struct parser *p, char *s, struct host *list, unsigned *n, bool suffix)
{
	for (char *w; (w = word(&s)) != NULL;) {
		if (*n == HOSTS_MAX)
			return FAULT(p, "more than %d hosts", HOSTS_MAX);
		if (suffix != (w[0] == '.') || strlen(w) < 4 || strlen(w) > 253)
			return FAULT(
			    p, "\"%s\": an mx begins with a dot, a domain does not", w);
		text_lower(w);
		list[(*n)++] = (struct host){w, (int)(p->provider - p->t->provider)};
	}
	return 0;
}

static int
provider_key(struct parser *p, const char *key, char *s)
{
	struct provider_table *t = p->t;

	if (strcmp(key, "mx") == 0)
		return add_hosts(p, s, t->mx, &t->mxs, true);
	if (strcmp(key, "domain") == 0)
		return add_hosts(p, s, t->domain, &t->domains, false);
	if (strcmp(key, "hint") == 0)
		return add_patterns(p, s, &p->provider->hint_first,
				    &p->provider->hint_count);
	if (strcmp(key, "title") == 0)
		p->provider->title = s;
	else
		return FAULT(p, "\"%s\" is no key of a provider", key);
	return 0;
}

/* A row is whole when it says what, why and how one knows. */
static int
finish(struct parser *p)
{
	struct row *r = p->row;

	if (r != NULL &&
	    (r->scope == SCOPE_UNKNOWN || r->source == NULL || r->example == NULL))
		return FAULT(p, "row %s (line %u) lacks scope, source or example",
			     r->name, r->line);
	if (r != NULL && r->codes == 0 && r->enhs == 0 && r->text_count == 0)
		return FAULT(p, "row %s (line %u) matches everything", r->name, r->line);
	if (p->provider != NULL && p->provider->title == NULL)
		return FAULT(p, "provider %s has no title", p->provider->name);
	p->row = NULL;
	p->provider = NULL;
	return 0;
}

static int
begin(struct parser *p, const char *kind, char *name)
{
	struct provider_table *t = p->t;

	if (finish(p) == -1)
		return -1;
	if (!good_name(name))
		return FAULT(p, "name \"%s\": use a-z 0-9 and -", name);
	if (strcmp(kind, "provider") == 0) {
		if (provider_by_name(t, name) >= 0 || strcmp(name, "other") == 0)
			return FAULT(p, "provider %s is there twice", name);
		if (t->providers == PROVIDER_MAX)
			return FAULT(p, "more than %d providers", PROVIDER_MAX);
		p->provider = &t->provider[t->providers++];
		p->provider->name = name;
		return 0;
	}
	for (unsigned i = 0; i < t->rows; i++)
		if (strcmp(t->row[i].name, name) == 0)
			return FAULT(p, "row %s is there twice", name);
	if (t->rows == ROWS_MAX)
		return FAULT(p, "more than %d rows", ROWS_MAX);
	p->row = &t->row[t->rows++];
	p->row->name = name;
	p->row->line = p->line;
	p->row->first_provider = -1;
	return 0;
}

static int
parse_line(struct parser *p, char *s)
{
	char *key, *rest;

	s = text_trim(s);
	if (*s == '\0' || *s == '#')
		return 0;
	key = s;
	rest = s + strcspn(s, " \t");
	if (*rest == '\0')
		return FAULT(p, "\"%s\" without a value", key);
	*rest = '\0';
	rest = text_trim(rest + 1);
	if (strcmp(key, "provider") == 0 || strcmp(key, "row") == 0)
		return begin(p, key, rest);
	if (p->row != NULL)
		return row_key(p, key, rest);
	if (p->provider != NULL)
		return provider_key(p, key, rest);
	return FAULT(p, "\"%s\" before any provider or row", key);
}

static int
sort_hosts(struct parser *p, struct host *list, unsigned n)
{
	if (n > 0)
		qsort(list, n, sizeof(*list), host_compare);
	for (unsigned i = 1; i < n; i++)
		if (strcmp(list[i - 1].name, list[i].name) == 0)
			return err_set(p->e, ERR_INPUT, "%s: %s is there twice", p->file,
				       list[i].name);
	return 0;
}

int
provider_table_parse(const char *text, size_t len, const char *name,
		     struct provider_table **out, struct err *e)
{
	struct provider_table *t = xcalloc(1, sizeof(*t));
	struct parser p = {.t = t, .file = name, .e = e};
	int rc = 0;

	t->arena = xcalloc(1, len + 1);
	memcpy(t->arena, text, len);
	t->row = xcalloc(ROWS_MAX, sizeof(*t->row));
	t->pattern = xcalloc(PATTERNS_MAX, sizeof(*t->pattern));
	t->mx = xcalloc(HOSTS_MAX, sizeof(*t->mx));
	t->domain = xcalloc(HOSTS_MAX, sizeof(*t->domain));
	if (memchr(text, '\0', len) != NULL)
		rc = err_set(e, ERR_INPUT, "%s: a NUL byte in a text file", name);
	for (char *s = t->arena, *next; rc == 0 && s != NULL; s = next) {
		if ((next = strchr(s, '\n')) != NULL)
			*next++ = '\0';
		p.line++;
		rc = parse_line(&p, s);
	}
	if (rc == 0 && (rc = finish(&p)) == 0 && t->rows == 0)
		rc = err_set(e, ERR_INPUT, "%s: no rows", name);
	if (rc == 0 && (rc = sort_hosts(&p, t->mx, t->mxs)) == 0)
		rc = sort_hosts(&p, t->domain, t->domains);
	if (rc == -1)
		provider_table_free(&t);
	*out = t;
	return rc;
}

void
provider_table_free(struct provider_table **tp)
{
	struct provider_table *t = *tp;

	*tp = NULL;
	if (t == NULL)
		return;
	free(t->arena);
	free(t->row);
	free(t->pattern);
	free(t->mx);
	free(t->domain);
	free(t);
}

int
provider_table_load(const char *path, struct provider_table **out, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = -1;
	struct stat st;
	char *buf;
	size_t got = 0;
	ssize_t n;

	*out = NULL;
	if (fd == -1)
		return err_sys(e, "%s", path);
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_size > TABLE_BYTES_MAX) {
		close(fd);
		return err_set(e, ERR_INPUT, "%s: not a file of at most %d bytes", path,
			       TABLE_BYTES_MAX);
	}
	buf = xcalloc(1, (size_t)st.st_size + 1);
	while (got < (size_t)st.st_size &&
	       (n = read(fd, buf + got, (size_t)st.st_size - got)) > 0)
		got += (size_t)n;
	if (got != (size_t)st.st_size)
		err_sys(e, "%s: read", path);
	else
		rc = provider_table_parse(buf, got, path, out, e);
	free(buf);
	close(fd);
	return rc;
}

/* What stands before the reply in an example: "[mx.host]" or "[@domain]". */
static const char *
example_host(const char *s, char *buf, size_t size, bool *domain)
{
	const char *end;

	*domain = false;
	buf[0] = '\0';
	if (*s != '[' || (end = strchr(s, ']')) == NULL)
		return s;
	*domain = s[1] == '@';
	s += *domain ? 2 : 1;
	if ((size_t)(end - s) < size) {
		memcpy(buf, s, (size_t)(end - s));
		buf[end - s] = '\0';
	}
	return end + 1 + strspn(end + 1, " ");
}

int
provider_table_check(const char *path, void (*say)(void *arg, const char *line),
		     void *arg, unsigned *faults_out, struct err *e)
{
	struct provider_table *t;
	char host[256], mx[300], line[600];

	*faults_out = 0;
	if (provider_table_load(path, &t, e) == -1)
		return -1;
	for (unsigned i = 0; i < t->rows; i++) {
		const struct row *r = &t->row[i];
		struct provider_verdict v;
		bool domain;
		const char *reply = example_host(r->example, host, sizeof(host), &domain);
		int want = r->first_provider;

		snprintf(mx, sizeof(mx), "%s", domain ? "" : host);
		for (unsigned k = 0; host[0] == '\0' && want >= 0 && k < t->mxs; k++)
			if (t->mx[k].provider == want) {
				snprintf(mx, sizeof(mx), "mx%s", t->mx[k].name);
				break;
			}
		provider_classify(t, mx, domain ? host : "", 0, reply, strlen(reply), &v);
		if (v.row == r->name && v.scope == r->scope &&
		    (want < 0 ||
		     (v.provider_id >= 0 && (r->for_mask >> v.provider_id & 1))))
			continue;
		(*faults_out)++;
		snprintf(
		    line, sizeof(line),
		    "%s:%u: the example of row %s gives row %s, scope %s, provider %s",
		    path, r->line, r->name, v.row, reply_scope_name(v.scope), v.provider);
		say(arg, line);
	}
	provider_table_free(&t);
	return 0;
}
