/*
 * test_scan_rules - the shipped rules on their samples, with the prefilter and without
 *
 * Job:     each sample of tests/samples/hit is found by the rule it is named
 *          for, none of tests/samples/benign by any that counts, and the
 *          prefilter changes nothing but time.
 * Touches: rules/ and tests/samples/ (tests run from the top of the tree).
 */
#include "t.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>

#include "scanengine.h"
#include "msg.h"

static struct rules rules;
static struct scanengine *fast, *slow;
static struct engine_result a, b;
static unsigned char text[65536], raw[65536];

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
one(const char *path, const char *name, bool hit)
{
	struct engine_file f = {.path = "/srv/sample.php"};
	size_t len = load(path);

	T_CHECK(len > 0, "%s: empty", path);
	if (strncmp(name, "settings_", 9) == 0)
		f.path = "/srv/.htaccess";
	else if (strncmp(name, "shell_asp", 9) == 0)
		f.path = "/srv/sample.asp";
	scanengine_scan(fast, raw, len, &f, &a);
	scanengine_scan(slow, raw, len, &f, &b);
	T_CHECK(a.verdict == b.verdict, "%s: %d with the prefilter, %d without", name,
		(int)a.verdict, (int)b.verdict);
	if (hit) {
		T_CHECK(found(&b, name), "%s does not find its own sample", name);
		T_CHECK(a.verdict == VERDICT_MALICIOUS || a.verdict == VERDICT_SUSPICIOUS,
			"%s: %s, %d points", name, verdict_name(a.verdict), a.score);
	} else
		T_CHECK(a.verdict == VERDICT_CLEAN, "%s: %d points", name, a.score);
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

		if (ent->d_name[0] == '.')
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

int
main(void)
{
	static const char *const dirs[] = {"rules"};
	struct engine_conf c = {.suspicious_points = 50,
				.malicious_points = 100,
				.prefilter = true,
				.unwrap = true};
	struct err e;

	T_CHECK(rules_start(&e) == 0, "%s", e.text);
	T_CHECK(rules_load(&rules, dirs, 1, &e) == 0, "%s", e.text);
	T_EQ(rules.broken, 0);
	if (rules.count == 0)
		return T_DONE();
	T_CHECK(scanengine_new(&fast, &rules, &c, &e) == 0, "%s", e.text);
	c.prefilter = false;
	T_CHECK(scanengine_new(&slow, &rules, &c, &e) == 0, "%s", e.text);
	T_CHECK(all("tests/samples/hit", true) > 10, "samples are missing");
	T_CHECK(all("tests/samples/benign", false) > 2, "samples are missing");
	scanengine_free(&fast);
	scanengine_free(&slow);
	rules_fini(&rules);
	return T_DONE();
}
