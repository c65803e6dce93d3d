/*
 * test_scan_rules - the shipped rules on their samples, with the prefilter and without
 *
 * Job:     each sample of tests/samples/hit is found by the rule it is named for, none
 *          of tests/samples/benign by any that counts, and the prefilter changes nothing
 *          but time: the same rules with the same points.
 * Touches: rules/ and tests/samples/ (tests run from the top of the tree). With
 *          CORPUS=DIR also every file below DIR, as it is; CORPUS_PART=K/N: every N-th,
 *          from the K-th on. CORPUS_OUT=FILE: how each file ended.
 */
#include "t.h"

#include <dirent.h>
#include <ftw.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "msg.h"
#include "scanengine.h"

#define FILE_MAX (8u << 20)

static struct rules rules;
static struct scanengine *engine;
static struct engine_result with, without;
static unsigned char text[65536], raw[FILE_MAX];

/* Decode one stored sample; returns its bytes in raw. */
static size_t
load(const char *path)
{
	FILE *f = fopen(path, "rb");
	EVP_ENCODE_CTX *c = EVP_ENCODE_CTX_new();
	int n = 0, m = 0;
	size_t len;

	if (f == NULL || c == NULL)
		return 0;
	len = fread(text, 1, sizeof text, f);
	fclose(f);
	EVP_DecodeInit(c);
	(void)EVP_DecodeUpdate(c, raw, &n, text, (int)len);
	(void)EVP_DecodeFinal(c, raw + n, &m);
	EVP_ENCODE_CTX_free(c);
	return (size_t)(n + m);
}

static bool
found(const struct engine_result *r, const char *rule, const char *points)
{
	struct strings s = strings_of(r->findings, r->findings_len);
	const char *name, *p;

	while ((name = strings_next(&s)) != NULL) {
		(void)strings_next(&s);
		p = strings_next(&s);
		if (strcmp(name, rule) == 0 && (points == NULL || strcmp(p, points) == 0))
			return true;
	}
	return false;
}

/* Every finding of a is one of b. */
static bool
within(const struct engine_result *a, const struct engine_result *b, const char *name)
{
	struct strings s = strings_of(a->findings, a->findings_len);
	const char *rule, *points;
	bool all = true;

	while ((rule = strings_next(&s)) != NULL) {
		(void)strings_next(&s);
		points = strings_next(&s);
		if (!found(b, rule, points)) {
			printf("%s: %s (%s points) only %s the prefilter\n", name, rule,
			       points, a == &with ? "with" : "without");
			all = false;
		}
	}
	return all;
}

static void
scan_both(const char *name, size_t len, const struct engine_file *f)
{
	scanengine_prefilter(engine, true);
	scanengine_scan(engine, raw, len, f, &with);
	scanengine_prefilter(engine, false);
	scanengine_scan(engine, raw, len, f, &without);
	T_CHECK(with.verdict == without.verdict, "%s: %d with the prefilter, %d without",
		name, (int)with.verdict, (int)without.verdict);
	T_CHECK(within(&with, &without, name) && within(&without, &with, name),
		"%s: not the same findings", name);
}

static void
one(const char *path, const char *name, bool hit)
{
	struct engine_file f = {.path = "/srv/sample.php"};
	size_t len = load(path);

	T_CHECK(len > 0, "%s: empty", path);
	if (strncmp(name, "settings_", 9) == 0)
		f.path = "/srv/.htaccess";
	else if (strncmp(name, "shell_asp", 9) == 0)
		f.path = "/srv/sample.asp";
	/* a place and times that rules on facts alone speak of */
	scan_both(name, len,
		  &(struct engine_file){.path = "/srv/wp-content/uploads/.x/a1b2c3d4.php",
					.mtime_us = 1500000000000000,
					.ctime_us = 1700000000000000,
					.now_us = 1700000001000000,
					.mode = 0100755});
	scan_both(name, len, &f);
	if (hit) {
		T_CHECK(found(&without, name, NULL), "%s does not find its own sample",
			name);
		T_CHECK(with.score > 0, "%s: not a point", name);
		/* known good: told with no points, also where the facts alone suffice */
		f.good_rules = name;
		f.good_rules_len = strlen(name) + 1;
		scan_both(name, len, &f);
		T_CHECK(found(&with, name, "0"), "%s counts though it is known good",
			name);
	} else
		T_CHECK(with.verdict == VERDICT_CLEAN, "%s: %d points", name, with.score);
}

static unsigned
all(const char *dir, bool hit)
{
	DIR *d = opendir(dir);
	struct dirent *ent;
	char path[1024], name[256];
	unsigned n = 0;

	while (d != NULL && (ent = readdir(d)) != NULL) {
		char *dot;

		/* of a context's rules test_context knows the place */
		if (ent->d_name[0] == '.' || strncmp(ent->d_name, "context_", 8) == 0)
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", dir, ent->d_name);
		(void)snprintf(name, sizeof name, "%s", ent->d_name);
		if ((dot = strchr(name, '.')) != NULL)
			*dot = '\0';
		one(path, name, hit);
		n++;
	}
	if (d != NULL)
		closedir(d);
	return n;
}

/* --- a directory of files as they are ------------------------------------------------
 */

static struct {
	unsigned number, part, parts, looked, hits;
	FILE *out;
	double slow_s;
} corpus = {.parts = 1};

static double
cpu_s(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
corpus_file(const char *path, const struct stat *st, int type, struct FTW *at)
{
	struct engine_file f = {.path = path,
				.mtime_us = (int64_t)st->st_mtim.tv_sec * 1000000,
				.ctime_us = (int64_t)st->st_ctim.tv_sec * 1000000,
				.now_us = (int64_t)time(NULL) * 1000000,
				.mode = st->st_mode};
	double before = cpu_s();
	size_t len;
	FILE *in;

	(void)at;
	if (type != FTW_F || !S_ISREG(st->st_mode) ||
	    corpus.number++ % corpus.parts != corpus.part)
		return 0;
	if ((in = fopen(path, "rb")) == NULL)
		return 0;
	len = fread(raw, 1, sizeof raw, in);
	(void)fclose(in);
	scan_both(path, len, &f);
	corpus.looked++;
	corpus.hits += without.findings_count > 0;
	if (cpu_s() - before > corpus.slow_s)
		corpus.slow_s = cpu_s() - before;
	if (corpus.out != NULL)
		fprintf(corpus.out, "%d %d %s\n", (int)with.verdict, with.score, path);
	return 0;
}

static void
corpus_run(const char *dir)
{
	const char *part = getenv("CORPUS_PART"), *out = getenv("CORPUS_OUT");
	double start = cpu_s();

	if (part != NULL && sscanf(part, "%u/%u", &corpus.part, &corpus.parts) == 2 &&
	    corpus.part >= 1 && corpus.part <= corpus.parts)
		corpus.part--;
	else
		corpus.part = 0, corpus.parts = 1;
	corpus.out = out != NULL ? fopen(out, "w") : NULL;
	T_CHECK(nftw(dir, corpus_file, 32, FTW_PHYS) == 0, "%s", dir);
	printf("%s: %u files alike with the prefilter and without, %u with findings, "
	       "%.0f s, longest %.2f s\n",
	       dir, corpus.looked, corpus.hits, cpu_s() - start, corpus.slow_s);
	T_CHECK(corpus.looked > 0, "%s: no files", dir);
	if (corpus.out != NULL)
		(void)fclose(corpus.out);
}

/* An archive of programs holds all words of a shell's page; on one page they accuse. */
static void
many_programs(void)
{
	static const char *const words[] = {
	    "disable_functions", "safe_mode", "php_uname", "posix_getpwuid",
	    "open_basedir",      "fileperms", "getmyuid",  "disk_free_space"};
	const struct engine_file f = {.path = "/srv/www/tool.phar.php"};
	size_t lines, i, n;

	for (lines = 100; lines <= 30000; lines *= 300) {
		n = (size_t)snprintf((char *)raw, sizeof raw, "<?php\n");
		for (i = 0; i < lines; i++)
			n += (size_t)snprintf((char *)raw + n, sizeof raw - n,
					      "$known['%s_%zu'] = strlen('%zu');\n",
					      words[i % 8], i, i);
		scan_both("many_programs", n, &f);
		T_CHECK((with.verdict == VERDICT_CLEAN) == (lines > 100),
			"%zu lines: verdict %d, %s", lines, (int)with.verdict,
			with.reason);
	}
}

int
main(void)
{
	static const char *const dirs[] = {"rules"};
	struct engine_conf c = {.suspicious_points = 50,
				.malicious_points = 100,
				.prefilter = true,
				.thorough = true,
				.unwrap = true};
	struct err e;

	T_CHECK(rules_start(&e) == 0, "%s", e.text);
	T_CHECK(rules_load(&rules, dirs, 1, &e) == 0, "%s", e.text);
	T_EQ(rules.broken, 0);
	if (rules.count == 0)
		return T_DONE();
	T_CHECK(scanengine_new(&engine, &rules, &c, &e) == 0, "%s", e.text);
	T_CHECK(all("tests/samples/hit", true) > 10, "samples are missing");
	T_CHECK(all("tests/samples/benign", false) > 2, "samples are missing");
	many_programs();
	if (getenv("CORPUS") != NULL)
		corpus_run(getenv("CORPUS"));
	scanengine_free(&engine);
	rules_fini(&rules);
	return T_DONE();
}
