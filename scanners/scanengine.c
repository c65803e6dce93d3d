/*
 * scanengine - see scanengine.h
 *
 * Job:     one buffer through gate, prefilter, libyara and score.
 * Touches: libyara, libcrypto.
 */
#include "scanengine.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "gate.h"
#include "php.h"
#include "prefilter.h"
#include "score.h"
#include "sums.h"

#define FACTS_MAX 256

/* The integer facts, ours first, then php's: their names, their values now, and what the
 * scanner was last told (telling costs a hash look-up each). */
struct fact_values {
	const char *name[FACTS_MAX];
	int64_t value[FACTS_MAX], told[FACTS_MAX];
	size_t own, count;
};

struct scanengine {
	const struct rules *rules;
	struct fact_values facts;
	struct prefilter *prefilter;
	struct php *php;
	char *condensed; /* CONDENSED_BYTES of it */
	struct engine_conf conf;
	struct gate *gate;
	YR_SCANNER *scanner;
	EVP_MD *sha256;
	EVP_MD_CTX *digest;
	int *string;  /* by libyara's string: the prefilter's number */
	uint8_t *hit; /* by rule: found in this file already */
	/* of the file being looked at */
	const struct engine_file *file;
	struct engine_result *r;
	struct score score;
};

void
scanengine_free(struct scanengine **en)
{
	struct scanengine *x = *en;

	if (x == NULL)
		return;
	gate_free(&x->gate);
	prefilter_free(&x->prefilter);
	php_free(&x->php);
	if (x->scanner != NULL)
		yr_scanner_destroy(x->scanner);
	EVP_MD_CTX_free(x->digest);
	EVP_MD_free(x->sha256);
	free(x->condensed);
	free(x->hit);
	free(x->string);
	free(x);
	*en = NULL;
}

static int
name_facts(struct fact_values *v, struct err *e)
{
	const struct php_fact_row *row;
	size_t i, n;

#define FACT_INT(id, text) v->name[v->count++] = #id;
#define FACT_STR(id, text)
	FACTS_TABLE
#undef FACT_INT
#undef FACT_STR
	v->own = v->count;
	row = php_fact_rows(&n);
	if (v->count + n > FACTS_MAX)
		return err_set(e, ERR_SYS, "engine: more than %d facts", FACTS_MAX);
	for (i = 0; i < n; i++)
		v->name[v->count++] = row[i].name;
	return 0;
}

#define LARGE_BYTES (256u << 10)   /* PHP of more is condensed first */
#define CONDENSED_BYTES (4u << 20) /* of more, even so, the rest is not looked at */

static int number_strings(struct scanengine *x, struct err *e);

static int
start_parts(struct scanengine *x, struct err *e)
{
	const struct prefilter_facts f = {x->facts.name, x->facts.count};
	struct php_limits l;

	if (prefilter_new(&x->prefilter, x->rules, &f, e) != 0 ||
	    number_strings(x, e) != 0)
		return -1;
	if (!x->conf.unwrap)
		return 0;
	php_limits_default(&l);
	x->php = php_new(&l);
	x->condensed = malloc(CONDENSED_BYTES); /* touched only when it is needed */
	return x->php != NULL && x->condensed != NULL
		   ? 0
		   : err_set(e, ERR_SYS, "engine: no memory");
}

int
scanengine_new(struct scanengine **out, const struct rules *rules,
	       const struct engine_conf *c, struct err *e)
{
	struct scanengine *x = calloc(1, sizeof *x);

	if (x == NULL)
		return err_set(e, ERR_SYS, "engine: no memory");
	x->rules = rules;
	facts_find_web_users();
	x->conf = *c;
	x->hit = calloc(rules->count + 1, 1);
	/* fetched now: later there is no file to fetch a provider from */
	x->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	x->digest = EVP_MD_CTX_new();
	if (x->hit == NULL || x->sha256 == NULL || x->digest == NULL ||
	    yr_scanner_create(rules->yara, &x->scanner) != ERROR_SUCCESS) {
		scanengine_free(&x);
		return err_set(e, ERR_SYS, "engine: no memory");
	}
	if (gate_new(&x->gate, c->magic_file, e) != 0 || name_facts(&x->facts, e) != 0 ||
	    start_parts(x, e) != 0) {
		scanengine_free(&x);
		return -1;
	}
	*out = x;
	return 0;
}

static void
hash(struct scanengine *x, const void *data, size_t len)
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
add_finding(struct scanengine *x, const char *rule, const char *group, int points)
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

static bool
is_good(const struct engine_file *f, const char *rule)
{
	struct strings s = strings_of(f->good_rules, f->good_rules_len);
	const char *name;

	while ((name = strings_next(&s)) != NULL)
		if (strcmp(name, rule) == 0)
			return true;
	return false;
}

static int
on_match(YR_SCAN_CONTEXT *ctx, int message, void *data, void *arg)
{
	struct scanengine *x = arg;

	(void)ctx;
	if (message == CALLBACK_MSG_RULE_MATCHING) {
		const YR_RULE *rule = data;
		size_t i = (size_t)(rule - x->rules->yara->rules_table);

		if (i < x->rules->count && !x->hit[i]) {
			const struct rule_info *info = &x->rules->info[i];

			x->hit[i] = 1;
			add_finding(x, info->name, info->group,
				    is_good(x->file, info->name) ? 0 : info->points);
		}
	}
	return CALLBACK_CONTINUE;
}

/* Tell the scanner what changed since the last file. */
static int
tell_facts(struct scanengine *x)
{
	struct fact_values *v = &x->facts;
	int rc = ERROR_SUCCESS;
	size_t i;

	for (i = 0; i < v->count && rc == ERROR_SUCCESS; i++) {
		if (v->value[i] == v->told[i])
			continue;
		rc = yr_scanner_define_integer_variable(x->scanner, v->name[i],
							v->value[i]);
		v->told[i] = v->value[i];
	}
	return rc;
}

static int
tell_strings(struct scanengine *x, const struct file_facts *f)
{
	int rc = ERROR_SUCCESS;

#define FACT_INT(id, text)
#define FACT_STR(id, text) \
	if (rc == ERROR_SUCCESS) \
		rc = yr_scanner_define_string_variable(x->scanner, #id, f->id);
	FACTS_TABLE
#undef FACT_INT
#undef FACT_STR
	return rc;
}

static void
set_facts(struct scanengine *x, const struct file_facts *f, const struct php_facts *php)
{
	const struct php_fact_row *row;
	size_t i = 0, k, n;

#define FACT_INT(id, text) x->facts.value[i++] = f->id;
#define FACT_STR(id, text)
	FACTS_TABLE
#undef FACT_INT
#undef FACT_STR
	row = php_fact_rows(&n);
	for (k = 0; k < n; k++) {
		int64_t v = 0;

		if (php != NULL)
			memcpy(&v, (const char *)php + row[k].offset, sizeof v);
		x->facts.value[i++] = v;
	}
}

/*
 * Rules that cannot be true, and strings that are not there, are switched off: most of
 * libyara's time would go to them.
 */
static void
switch_rules(struct scanengine *x)
{
	YR_RULES *y = x->rules->yara;
	size_t i;

	for (i = 0; i < y->num_rules; i++) {
		bool on = !x->conf.prefilter || prefilter_maybe(x->prefilter, i);

		if (on)
			y->rules_table[i].flags &= ~RULE_FLAGS_DISABLED;
		else
			y->rules_table[i].flags |= RULE_FLAGS_DISABLED;
	}
	for (i = 0; i < y->num_strings; i++) {
		const YR_STRING *s = &y->strings_table[i];
		bool on =
		    (y->rules_table[s->rule_idx].flags & RULE_FLAGS_DISABLED) == 0 &&
		    (!x->conf.prefilter || prefilter_seen(x->prefilter, x->string[i]));

		rules_string_on(x->rules, (uint32_t)i, on);
	}
}

/* libyara's strings by the prefilter's numbers. A rule it knows under another number
 * would be switched off wrongly: then nothing is. */
static int
number_strings(struct scanengine *x, struct err *e)
{
	const YR_RULES *y = x->rules->yara;
	size_t i;

	x->string = calloc(y->num_strings + 1, sizeof *x->string);
	if (x->string == NULL)
		return err_set(e, ERR_SYS, "engine: no memory");
	for (i = 0; i < y->num_strings; i++)
		x->string[i] =
		    prefilter_string(x->prefilter, y->strings_table[i].rule_idx,
				     y->strings_table[i].identifier);
	return 0;
}

enum { VIEW_BYTES, VIEW_TEXT, VIEW_LAYER };

static void
run_yara(struct scanengine *x, const void *data, size_t len, const struct file_facts *f)
{
	int rc;

	switch_rules(x);
	rc = tell_facts(x);
	if (rc == ERROR_SUCCESS)
		rc = tell_strings(x, f);
	yr_scanner_set_callback(x->scanner, on_match, x);
	yr_scanner_set_flags(x->scanner, SCAN_FLAGS_REPORT_RULES_MATCHING);
	if (rc == ERROR_SUCCESS)
		rc = yr_scanner_scan_mem(x->scanner, data, len);
	if (rc != ERROR_SUCCESS) {
		x->r->verdict = VERDICT_UNSCANNED;
		if (rc == ERROR_INSUFFICIENT_MEMORY)
			(void)snprintf(x->r->reason, sizeof x->r->reason, "memory");
		else
			(void)snprintf(x->r->reason, sizeof x->r->reason,
				       "libyara error %d", rc);
	}
	x->r->score = score_sum(&x->score);
	if (x->conf.progress != NULL)
		x->conf.progress(x->conf.progress_arg, x->r);
}

/* Rules that are true by the facts alone need no look at the bytes. */
static void
take_sure(struct scanengine *x)
{
	size_t i;

	for (i = 0; i < x->rules->count; i++) {
		const struct rule_info *info = &x->rules->info[i];

		if (x->hit[i] || !prefilter_sure(x->prefilter, i))
			continue;
		x->hit[i] = 1;
		add_finding(x, info->name, info->group,
			    is_good(x->file, info->name) ? 0 : info->points);
	}
	x->r->score = score_sum(&x->score);
}

/* After a decision of the prefilter: what it is sure of, and libyara where it is not. */
static void
ask_rules(struct scanengine *x, bool undecided, const void *data, size_t len,
	  const struct file_facts *f)
{
	if (x->conf.prefilter)
		take_sure(x);
	if (undecided || !x->conf.prefilter)
		run_yara(x, data, len, f);
}

/* Enough is known: what is left could only add to it. */
static bool
enough(const struct scanengine *x)
{
	return x->r->verdict == VERDICT_UNSCANNED ||
	       (!x->conf.thorough && x->r->score >= x->conf.malicious_points);
}

static void
run_view(struct scanengine *x, int view, const void *data, size_t len,
	 const struct file_facts *f)
{
	if (enough(x))
		return;
	x->facts.value[0] = view; /* the first of FACTS_TABLE */
	prefilter_pass(x->prefilter, data, len);
	ask_rules(x, prefilter_decide(x->prefilter, x->facts.value), data, len, f);
}

/* The normalised text and each layer. */
static void
run_made(struct scanengine *x, const struct php_view *v, const struct file_facts *f)
{
	size_t i;

	if (v->text_len > 0)
		run_view(x, VIEW_TEXT, v->text, v->text_len, f);
	for (i = 0; i < v->layer_count; i++) {
		const struct php_layer *l = &v->layers[i];

		run_view(x, VIEW_LAYER, l->data, l->len, f);
		if (l->text != NULL && l->text_len > 0)
			run_view(x, VIEW_LAYER, l->text, l->text_len, f);
	}
}

/* A limit ended the look: where nothing was found, that is no "clean". */
static void
unseen(struct scanengine *x, const char *why)
{
	if (x->r->verdict == VERDICT_UNSCANNED ||
	    x->r->score >= x->conf.suspicious_points)
		return;
	x->r->verdict = VERDICT_UNSCANNED;
	(void)snprintf(x->r->reason, sizeof x->r->reason,
		       "PHP that cannot be looked through whole: %s", why);
}

/*
 * The bytes as they are; then, if that does not settle it and the PHP is worth it, the
 * bytes with the facts, the normalised text and each layer.
 */
static void
run_views(struct scanengine *x, const void *data, size_t len, bool php,
	  struct file_facts *f)
{
	const struct php_view *v;
	const char *stopped = NULL;
	bool look;

	set_facts(x, f, NULL);
	prefilter_pass(x->prefilter, data, len);
	look = php && x->php != NULL && prefilter_look(x->prefilter, x->facts.value);
	ask_rules(x, prefilter_decide(x->prefilter, x->facts.value), data, len, f);
	if (!look || enough(x))
		return;
	v = f->has_php ? php_look(x->php, data, len) : php_look_code(x->php, data, len);
	f->php_seen = 1;
	set_facts(x, f, &v->facts);
	ask_rules(x, prefilter_decide_new(x->prefilter, x->facts.value), data, len, f);
	if (v->stop != PHP_STOP_NONE)
		stopped = php_stop_name(v->stop);
	if (!v->plain)
		run_made(x, v, f);
	if (stopped != NULL)
		unseen(x, stopped);
}

/*
 * A large file's PHP without its padding: who writes a program into two megabytes of
 * comments wants the time for it to run out. When something of the code had to be left
 * out and nothing was found, the bytes as they are come after.
 */
static void
run_large(struct scanengine *x, const void *data, size_t len, struct file_facts *f)
{
	bool whole = false;
	size_t n = php_condense(x->php, data, len, !f->has_php, x->condensed,
				CONDENSED_BYTES, &whole);

	if (n > 0)
		run_views(x, x->condensed, n, true, f);
	if ((n > 0 && whole) || x->r->score >= x->conf.suspicious_points)
		return;
	if (n == CONDENSED_BYTES) { /* no end of code: what was not seen is not clean */
		unseen(x, "too much code");
		return;
	}
	f->php_seen = 0;
	run_views(x, data, len, true, f);
}

void
scanengine_scan(struct scanengine *en, const void *data, size_t len,
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
	en->file = file;
	en->score = (struct score){.rows = 0};
	hash(en, data, len);
	g = gate_ask(en->gate, data, len, file->path);
	r->type = g.type;
	if (!g.look)
		return;
	memset(en->hit, 0, en->rules->count);
	facts_of(&f, file);
	f.core_changed = sums_changed(en->rules->sums, file->path, r->sha256);
	f.filetype = g.type;
	f.has_php = g.php;
	if (en->php != NULL)
		php_stray_tags(en->php, f.php_ext == 0);
	if ((g.php || f.php_ext) && en->php != NULL && len > LARGE_BYTES)
		run_large(en, data, len, &f);
	else
		run_views(en, data, len, g.php || f.php_ext, &f);
	r->score = score_sum(&en->score);
	if (r->verdict == VERDICT_UNSCANNED)
		return;
	if (r->score >= en->conf.malicious_points)
		r->verdict = VERDICT_MALICIOUS;
	else if (r->score >= en->conf.suspicious_points)
		r->verdict = VERDICT_SUSPICIOUS;
}

void
scanengine_prefilter(struct scanengine *en, bool on)
{
	en->conf.prefilter = on;
}

void
scanengine_on_progress(struct scanengine *en, engine_progress_fn fn, void *arg)
{
	en->conf.progress = fn;
	en->conf.progress_arg = arg;
}
