/*
 * engine - see engine.h
 *
 * Job:     one buffer through gate, prefilter, libyara and score.
 * Touches: libyara, libcrypto.
 */
#include "engine.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "gate.h"
#include "score.h"

struct engine {
	const struct rules *rules;
	struct engine_conf conf;
	struct gate *gate;
	YR_SCANNER *scanner;
	EVP_MD *sha256;
	EVP_MD_CTX *digest;
	uint8_t *hit; /* by rule: found in this file already */
	/* of the file being looked at */
	struct engine_result *r;
	struct score score;
};

void
engine_free(struct engine **en)
{
	struct engine *x = *en;

	if (x == NULL)
		return;
	gate_free(&x->gate);
	if (x->scanner != NULL)
		yr_scanner_destroy(x->scanner);
	EVP_MD_CTX_free(x->digest);
	EVP_MD_free(x->sha256);
	free(x->hit);
	free(x);
	*en = NULL;
}

int
engine_new(struct engine **out, const struct rules *rules, const struct engine_conf *c,
	   struct err *e)
{
	struct engine *x = calloc(1, sizeof *x);

	if (x == NULL)
		return err_set(e, ERR_SYS, "engine: no memory");
	x->rules = rules;
	x->conf = *c;
	x->hit = calloc(rules->count + 1, 1);
	/* fetched now: later there is no file to fetch a provider from */
	x->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	x->digest = EVP_MD_CTX_new();
	if (x->hit == NULL || x->sha256 == NULL || x->digest == NULL ||
	    yr_scanner_create(rules->yara, &x->scanner) != ERROR_SUCCESS) {
		engine_free(&x);
		return err_set(e, ERR_SYS, "engine: no memory");
	}
	if (gate_new(&x->gate, c->magic_file, e) != 0) {
		engine_free(&x);
		return -1;
	}
	*out = x;
	return 0;
}

static void
hash(struct engine *x, const void *data, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char d[EVP_MAX_MD_SIZE];
	unsigned n = 0, i;

	x->r->sha256[0] = '\0';
	if (EVP_DigestInit_ex2(x->digest, x->sha256, NULL) != 1 ||
	    EVP_DigestUpdate(x->digest, data, len) != 1 ||
	    EVP_DigestFinal_ex(x->digest, d, &n) != 1)
		return;
	for (i = 0; i < n && i < 32; i++) {
		x->r->sha256[2 * i] = hex[d[i] >> 4];
		x->r->sha256[2 * i + 1] = hex[d[i] & 15];
	}
	x->r->sha256[2 * i] = '\0';
}

static void
add_finding(struct engine *x, const char *rule, const char *group, int points)
{
	struct engine_result *r = x->r;
	size_t before = r->findings_len;
	char num[16];

	score_add(&x->score, group, points);
	r->findings_count++;
	if (r->findings_count > ENGINE_FINDINGS_MAX)
		return;
	(void)snprintf(num, sizeof num, "%d", points);
	if (!strings_add(r->findings, sizeof r->findings, &r->findings_len, rule) ||
	    !strings_add(r->findings, sizeof r->findings, &r->findings_len, group) ||
	    !strings_add(r->findings, sizeof r->findings, &r->findings_len, num))
		r->findings_len = before;
}

static int
on_match(YR_SCAN_CONTEXT *ctx, int message, void *data, void *arg)
{
	struct engine *x = arg;

	(void)ctx;
	if (message == CALLBACK_MSG_RULE_MATCHING) {
		const YR_RULE *rule = data;
		size_t i = (size_t)(rule - x->rules->yara->rules_table);

		if (i < x->rules->count && !x->hit[i]) {
			const struct rule_info *info = &x->rules->info[i];

			x->hit[i] = 1;
			add_finding(x, info->name, info->group, info->points);
		}
	}
	return CALLBACK_CONTINUE;
}

static int
set_facts(YR_SCANNER *s, const struct file_facts *f)
{
	int rc = ERROR_SUCCESS;

#define FACT_INT(name, text) \
	if (rc == ERROR_SUCCESS) \
		rc = yr_scanner_define_integer_variable(s, #name, f->name);
#define FACT_STR(name, text) \
	if (rc == ERROR_SUCCESS) \
		rc = yr_scanner_define_string_variable(s, #name, f->name);
	FACTS_TABLE
#undef FACT_INT
#undef FACT_STR
	return rc;
}

static void
run_rules(struct engine *x, const void *data, size_t len, const struct file_facts *f)
{
	int rc = set_facts(x->scanner, f);

	yr_scanner_set_callback(x->scanner, on_match, x);
	yr_scanner_set_flags(x->scanner, SCAN_FLAGS_REPORT_RULES_MATCHING);
	if (rc == ERROR_SUCCESS)
		rc = yr_scanner_scan_mem(x->scanner, data, len);
	if (rc == ERROR_SUCCESS)
		return;
	x->r->verdict = VERDICT_UNSCANNED;
	if (rc == ERROR_INSUFFICIENT_MEMORY)
		(void)snprintf(x->r->reason, sizeof x->r->reason, "memory");
	else
		(void)snprintf(x->r->reason, sizeof x->r->reason, "libyara error %d", rc);
}

void
engine_scan(struct engine *en, const void *data, size_t len,
	    const struct engine_file *file, struct engine_result *r)
{
	struct gate_answer g;
	struct file_facts f;

	r->verdict = VERDICT_CLEAN;
	r->score = 0;
	r->reason[0] = '\0';
	r->findings_len = 0;
	r->findings_count = 0;
	en->r = r;
	en->score = (struct score){.rows = 0};
	hash(en, data, len);
	g = gate_ask(en->gate, data, len, file->path);
	r->type = g.type;
	if (!g.look && en->conf.prefilter)
		return;
	memset(en->hit, 0, en->rules->count);
	facts_of(&f, file->path, file->mtime_us, file->ctime_us, file->now_us,
		 file->mode);
	f.filetype = g.type;
	run_rules(en, data, len, &f);
	r->score = score_sum(&en->score);
	if (r->verdict == VERDICT_UNSCANNED)
		return;
	if (r->score >= en->conf.malicious_points)
		r->verdict = VERDICT_MALICIOUS;
	else if (r->score >= en->conf.suspicious_points)
		r->verdict = VERDICT_SUSPICIOUS;
}

void
engine_prefilter_stats(const struct engine *en, size_t *strings_out, size_t *left_out,
		       size_t *always_out)
{
	*strings_out = en->rules->yara->num_strings;
	*left_out = 0;
	*always_out = en->rules->count;
}
