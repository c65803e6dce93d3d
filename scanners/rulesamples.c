/*
 * rulesamples - see rulesamples.h
 *
 * Job:     read, decode, scan, compare.
 * Touches: the sample files.
 */
#include "rulesamples.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "facts.h"
#include "sums.h"
#include "text.h"
#include "xmem.h"

#define WEB_UID 999999 /* of no account: a web server's for the samples */
#define DAY_US (INT64_C(86400) * 1000000)
#define NOW_US (INT64_C(20000) * DAY_US) /* any day; the same in each run */

/* Where a sample is offered: rules ask for names, places and times. */
static const struct engine_file places[] = {
    {.path = "/srv/www/sample.php"},
    {.path = "/srv/www/.htaccess"},
    {.path = "/srv/www/.user.ini"},
    {.path = "/srv/www/sample.asp"},
    {.path = "/srv/www/sample.jsp"},
    {.path = "/srv/www/sample.pl"},
    {.path = "/srv/www/sample.py"},
    {.path = "/srv/www/sample.sh"},
    {.path = "/srv/www/wp-content/uploads/2024/wp-login.php",
     .mtime_us = NOW_US - 90 * DAY_US,
     .ctime_us = NOW_US - DAY_US,
     .now_us = NOW_US,
     .mode = 0755,
     .uid = WEB_UID,
     .dir_uid = 1000},
    {.path = "/srv/www/.cache/picture.jpg.php"},
    {.path = "/srv/www/xkqtz.php"},
    {.path = "/srv/www/package/lib/stock.php"}, /* see list_package() */
};

struct run {
	const struct rules *r;
	struct scanengine *engine;
	struct sample_count *count;
	sample_fn fn;
	void *arg;
	uint8_t *data, *has; /* has: by rule, a sample of it was seen */
	struct engine_result a, b;
};

static int
value_of(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

size_t
sample_decode(uint8_t *data, size_t len)
{
	size_t i, n = 0;
	uint32_t bits = 0;
	unsigned have = 0;

	for (i = 0; i < len; i++) {
		int v = value_of(data[i]);

		if (v < 0 && (data[i] == '\n' || data[i] == '\r' || data[i] == ' '))
			continue;
		if (v < 0)
			break;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			data[n++] = (uint8_t)(bits >> have);
		}
	}
	return n;
}

/* The decoded bytes in run->data; 0 when there are none. */
static size_t
load(struct run *x, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	ssize_t n = -1;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = read(fd, x->data, SAMPLE_BYTES_MAX);
	close(fd);
	return n > 0 ? sample_decode(x->data, (size_t)n) : 0;
}

static bool
found(const struct engine_result *r, const char *rule)
{
	struct strings s = strings_of(r->findings, r->findings_len);
	const char *name;

	while ((name = strings_next(&s)) != NULL) {
		if (strcmp(name, rule) == 0)
			return true;
		(void)strings_next(&s);
		(void)strings_next(&s);
	}
	return false;
}

static void
scan_fast(struct run *x, size_t len, const struct engine_file *f)
{
	scanengine_prefilter(x->engine, true);
	scanengine_scan(x->engine, x->data, len, f, &x->a);
}

/* Every rule is asked: none is passed over because enough is known. */
static void
scan_slow(struct run *x, size_t len, const struct engine_file *f)
{
	scanengine_prefilter(x->engine, false);
	scanengine_scan(x->engine, x->data, len, f, &x->b);
}

static void
compare(struct run *x, const char *path)
{
	char text[200];

	if (x->a.verdict == x->b.verdict)
		return;
	(void)snprintf(text, sizeof text,
		       "%s with the prefilter, %s without: a fault of mailbrake-scan",
		       verdict_name(x->a.verdict), verdict_name(x->b.verdict));
	x->count->misses++;
	x->fn(x->arg, "differs", path, text);
}

static void
try_hit(struct run *x, const char *path, const char *rule, size_t len)
{
	char text[300];
	size_t i, k;

	for (i = 0; i < x->r->count; i++)
		if (strcmp(x->r->info[i].name, rule) == 0)
			break;
	if (i == x->r->count) {
		x->count->unknown++;
		return;
	}
	x->count->rules += x->has[i] == 0;
	x->has[i] = 1;
	for (k = 0; k < sizeof places / sizeof places[0]; k++) {
		scan_slow(x, len, &places[k]);
		if (!found(&x->b, rule))
			continue;
		x->count->hits++;
		scan_fast(x, len, &places[k]);
		compare(x, path);
		return;
	}
	x->count->misses++;
	(void)snprintf(text, sizeof text, "rule %s does not find its own sample", rule);
	x->fn(x->arg, "miss", path, text);
}

static void
try_benign(struct run *x, const char *path, size_t len)
{
	struct strings s;
	const char *rule;
	char text[600], safe[200];
	size_t at;

	scan_fast(x, len, &places[0]);
	scan_slow(x, len, &places[0]);
	compare(x, path);
	x->count->benign++;
	if (x->b.verdict == VERDICT_CLEAN)
		return;
	x->count->benign_hits++;
	(void)snprintf(text, sizeof text,
		       "an honest file is %s:", verdict_name(x->b.verdict));
	s = strings_of(x->b.findings, x->b.findings_len);
	while ((rule = strings_next(&s)) != NULL) {
		(void)strings_next(&s);
		(void)strings_next(&s);
		at = strlen(text);
		(void)snprintf(text + at, sizeof text - at, " %s",
			       text_safe(safe, sizeof safe, rule));
	}
	x->fn(x->arg, "benign", path, text);
}

static void
one(struct run *x, const char *dir, const char *name, bool hit)
{
	char path[4400], rule[256];
	size_t len;

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	(void)text_copy(rule, sizeof rule, name);
	rule[strcspn(rule, ".")] = '\0';
	len = load(x, path);
	if (len == 0) {
		x->count->misses++;
		x->fn(x->arg, "unreadable", path, "no base64 text can be read");
	} else if (hit)
		try_hit(x, path, rule, len);
	else
		try_benign(x, path, len);
}

static int
is_sample(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 4 && strcmp(d->d_name + n - 4, ".b64") == 0;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void
all(struct run *x, const char *top, const char *below, bool hit)
{
	struct dirent **list;
	char dir[4000];
	int i, n;

	(void)snprintf(dir, sizeof dir, "%s/%s", top, below);
	n = scandir(dir, &list, is_sample, by_name);
	if (n < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			x->fn(x->arg, "unreadable", dir, strerror(errno));
		return;
	}
	for (i = 0; i < n; i++) {
		one(x, dir, list[i]->d_name, hit);
		free(list[i]);
	}
	free(list);
}

/* The file a rule stands in, by its namespace (rules.c); NULL: not known. */
static const char *
file_of(const struct rules *r, const YR_RULE *rule)
{
	unsigned long i = strtoul(rule->ns->name, NULL, 10);

	return i < r->source_count ? r->source[i].path : NULL;
}

static void
without_sample(struct run *x, const char *rules_dir)
{
	char text[300];
	size_t i, n = strlen(rules_dir);

	while (n > 1 && rules_dir[n - 1] == '/')
		n--;
	for (i = 0; i < x->r->count; i++) {
		const YR_RULE *rule = &x->r->yara->rules_table[i];
		const char *path = file_of(x->r, rule);

		if (x->has[i] || RULE_IS_PRIVATE(rule) || path == NULL ||
		    strncmp(path, rules_dir, n) != 0 || path[n] != '/' ||
		    strrchr(path, '/') > path + strspn(path + n, "/") + n)
			continue;
		x->count->without++;
		(void)snprintf(text, sizeof text, "rule %s has no sample",
			       rule->identifier);
		x->fn(x->arg, "without", path, text);
	}
}

/* A package of which the sample's place is a file, with other contents. */
static void
list_package(const struct rules *r)
{
	char line[200];
	int n = snprintf(line, sizeof line, "%064d  package/lib/stock.php\n", 0);
	struct err e;

	if (sums_add(r->sums, line, (size_t)n, &e) == 0)
		sums_sort(r->sums);
}

int
rules_samples(const struct rules *r, const struct engine_conf *c, const char *dir,
	      const char *rules_dir, struct sample_count *count, sample_fn fn, void *arg,
	      struct err *e)
{
	struct engine_conf conf = *c;
	struct run *x = xcalloc(1, sizeof *x);
	int rc;

	x->r = r;
	x->count = count;
	x->fn = fn;
	x->arg = arg;
	conf.thorough = true; /* a rule is asked although enough is known */
	rc = scanengine_new(&x->engine, r, &conf, e);
	facts_add_web_user(WEB_UID);
	list_package(r);
	if (rc == 0) {
		x->data = xcalloc(SAMPLE_BYTES_MAX, 1);
		x->has = xcalloc(r->count + 1, 1);
		all(x, dir, "hit", true);
		all(x, dir, "benign", false);
		if (rules_dir != NULL)
			without_sample(x, rules_dir);
	}
	scanengine_free(&x->engine);
	free(x->data);
	free(x->has);
	free(x);
	return rc;
}
