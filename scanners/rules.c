/*
 * rules - see rules.h
 *
 * Job:     find, read, check and compile the rule files.
 * Touches: the rule files, libyara.
 * Source:  libyara's manual, "The C API".
 */
#include "rules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "facts.h"
#include "php.h"
#include "text.h"
#include "xmem.h"

int
rules_start(struct err *e)
{
	int rc = yr_initialize();

	return rc == ERROR_SUCCESS ? 0 : err_set(e, ERR_SYS, "libyara: error %d", rc);
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
is_rule_file(const struct dirent *d)
{
	const char *dot = strrchr(d->d_name, '.');

	return d->d_name[0] != '.' && dot != NULL &&
	       (strcmp(dot, ".yar") == 0 || strcmp(dot, ".yara") == 0);
}

static int
read_source(struct rules *r, const char *path, struct err *e)
{
	struct rule_source *s;
	const char *name;
	struct stat st;
	size_t have = 0;
	int fd;

	if (r->source_count == RULES_FILES_MAX)
		return err_set(e, ERR_INPUT, "%s: more than %d rule files", path,
			       RULES_FILES_MAX);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_sys(e, "%s", path);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_size > (off_t)RULES_FILE_BYTES_MAX) {
		close(fd);
		return err_set(e, ERR_INPUT, "%s: not a file, or more than %u bytes",
			       path, RULES_FILE_BYTES_MAX);
	}
	r->source = xreallocarray(r->source, r->source_count + 1, sizeof *r->source);
	s = &r->source[r->source_count++];
	*s = (struct rule_source){.path = xstrdup(path),
				  .text = xcalloc((size_t)st.st_size + 1, 1)};
	while (have < (size_t)st.st_size) {
		ssize_t n = read(fd, s->text + have, (size_t)st.st_size - have);

		if (n <= 0)
			break;
		have += (size_t)n;
	}
	s->len = have;
	name = strrchr(path, '/');
	s->look = strcmp(name != NULL ? name + 1 : path, "look.yar") == 0;
	close(fd);
	return 0;
}

static int
read_dir(struct rules *r, const char *dir, bool must, struct err *e)
{
	struct dirent **list;
	struct stat st;
	char path[4096];
	int i, n;

	if (stat(dir, &st) == 0 && !S_ISDIR(st.st_mode))
		return read_source(r, dir, e);
	n = scandir(dir, &list, is_rule_file, by_name);
	if (n < 0)
		return must ? err_sys(e, "%s", dir) : 0;
	for (i = 0; i < n; i++) {
		struct err one;

		(void)snprintf(path, sizeof path, "%s/%s", dir, list[i]->d_name);
		if (read_source(r, path, &one) != 0) {
			r->broken++;
			if (r->problem[0] == '\0')
				(void)text_copy(r->problem, sizeof r->problem, one.text);
		}
		free(list[i]);
	}
	free(list);
	return 0;
}

struct complaint {
	const char *file;
	char text[1024];
};

static void
on_compile(int level, const char *file, int line, const YR_RULE *rule, const char *text,
	   void *arg)
{
	struct complaint *c = arg;
	char safe[600];

	(void)file;
	(void)rule;
	if (level != YARA_ERROR_LEVEL_ERROR || c->text[0] != '\0')
		return;
	(void)snprintf(c->text, sizeof c->text, "%s: line %d: %s", c->file, line,
		       text_safe(safe, sizeof safe, text));
}

/* A rule file may use any fact; libyara wants to know their names and types first. */
static int
define_facts(YR_COMPILER *yc)
{
	const struct php_fact_row *row;
	size_t i, n;

#define FACT_INT(name, text) \
	if (yr_compiler_define_integer_variable(yc, #name, 0) != ERROR_SUCCESS) \
		return -1;
#define FACT_STR(name, text) \
	if (yr_compiler_define_string_variable(yc, #name, "") != ERROR_SUCCESS) \
		return -1;
	FACTS_TABLE
#undef FACT_INT
#undef FACT_STR
	row = php_fact_rows(&n);
	for (i = 0; i < n; i++)
		if (yr_compiler_define_integer_variable(yc, row[i].name, 0) !=
		    ERROR_SUCCESS)
			return -1;
	return 0;
}

static int
new_compiler(YR_COMPILER **yc, struct complaint *c, struct err *e)
{
	if (yr_compiler_create(yc) != ERROR_SUCCESS)
		return err_set(e, ERR_SYS, "libyara: no memory for a compiler");
	yr_compiler_set_callback(*yc, on_compile, c);
	/* an include could name any file of the system */
	yr_compiler_set_include_callback(*yc, NULL, NULL, NULL);
	if (define_facts(*yc) != 0) {
		yr_compiler_destroy(*yc);
		return err_set(e, ERR_SYS, "libyara: facts cannot be defined");
	}
	return 0;
}

/*
 * A compiler that met an error is spent, so each file is tried in one of its own first; a
 * file's rules are a namespace of their own, named by its path.
 */
static int
try_source(struct rules *r, struct rule_source *s, struct err *e)
{
	struct complaint c = {.file = s->path};
	YR_COMPILER *yc;
	int errors;

	if (new_compiler(&yc, &c, e) != 0)
		return -1;
	errors = memchr(s->text, '\0', s->len) != NULL
		     ? 1
		     : yr_compiler_add_string(yc, s->text, s->path);
	yr_compiler_destroy(yc);
	if (errors == 0)
		return 0;
	s->broken = true;
	r->broken++;
	if (c.text[0] == '\0')
		(void)snprintf(c.text, sizeof c.text, "%s: cannot be compiled", s->path);
	if (r->problem[0] == '\0')
		(void)text_copy(r->problem, sizeof r->problem, c.text);
	return 0;
}

static void
note_rule(struct rule_info *info, YR_RULE *rule)
{
	YR_META *m;
	int64_t weight = -1, points = -1;

	*info = (struct rule_info){rule->identifier, "other", RULES_DEFAULT_WEIGHT};
	yr_rule_metas_foreach(rule, m)
	{
		if (m->type == META_TYPE_STRING && strcmp(m->identifier, "group") == 0)
			info->group = m->string;
		else if (m->type == META_TYPE_INTEGER &&
			 strcmp(m->identifier, "weight") == 0)
			weight = m->integer;
		else if (m->type == META_TYPE_INTEGER &&
			 strcmp(m->identifier, "score") == 0)
			points = m->integer;
	}
	if (weight < 0)
		weight = points;
	if (weight >= 0)
		info->points = weight > 1000 ? 1000 : (int)weight;
}

static int
compile_all(struct rules *r, struct err *e)
{
	struct complaint c = {.file = "rules"};
	YR_COMPILER *yc;
	size_t i;
	int rc;

	if (new_compiler(&yc, &c, e) != 0)
		return -1;
	for (i = 0; i < r->source_count; i++) {
		const struct rule_source *s = &r->source[i];

		if (!s->broken && !s->look &&
		    yr_compiler_add_string(yc, s->text, s->path) != 0) {
			yr_compiler_destroy(yc);
			return err_set(e, ERR_INPUT, "%s", c.text);
		}
	}
	rc = yr_compiler_get_rules(yc, &r->yara);
	yr_compiler_destroy(yc);
	if (rc != ERROR_SUCCESS)
		return err_set(e, ERR_SYS, "libyara: error %d while compiling", rc);
	r->count = r->yara->num_rules;
	if (r->count == 0) {
		yr_rules_destroy(r->yara);
		r->yara = NULL;
		return err_set(e, ERR_INPUT, "%s",
			       r->problem[0] != '\0' ? r->problem : "there is no rule");
	}
	r->info = xcalloc(r->count, sizeof *r->info);
	for (i = 0; i < r->count; i++)
		note_rule(&r->info[i], &r->yara->rules_table[i]);
	return 0;
}

static void
set_version(struct rules *r)
{
	unsigned char d[EVP_MAX_MD_SIZE] = {0};
	unsigned len = 0;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t i;

	if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1) {
		EVP_MD_CTX_free(ctx);
		(void)text_copy(r->version, sizeof r->version, "unknown");
		return;
	}
	(void)EVP_DigestUpdate(ctx, MB_VERSION, sizeof MB_VERSION);
	for (i = 0; i < r->source_count; i++)
		if (!r->source[i].broken)
			(void)EVP_DigestUpdate(ctx, r->source[i].text,
					       r->source[i].len + 1);
	(void)EVP_DigestFinal_ex(ctx, d, &len);
	EVP_MD_CTX_free(ctx);
	for (i = 0; i < 16; i++)
		(void)snprintf(r->version + 2 * i, 3, "%02x", d[i]);
}

int
rules_load(struct rules *r, const char *const *dirs, size_t dir_count, struct err *e)
{
	size_t i;

	*r = (struct rules){0};
	for (i = 0; i < dir_count; i++)
		if (read_dir(r, dirs[i], i == 0, e) != 0)
			goto fail;
	for (i = 0; i < r->source_count; i++)
		if (try_source(r, &r->source[i], e) != 0)
			goto fail;
	if (compile_all(r, e) != 0)
		goto fail;
	set_version(r);
	return 0;
fail:
	rules_fini(r);
	return -1;
}

void
rules_fini(struct rules *r)
{
	size_t i;

	for (i = 0; i < r->source_count; i++) {
		free(r->source[i].path);
		free(r->source[i].text);
	}
	free(r->source);
	free(r->info);
	if (r->yara != NULL)
		yr_rules_destroy(r->yara);
	r->source = NULL;
	r->info = NULL;
	r->yara = NULL;
	r->source_count = r->count = 0;
}

const struct rule_info *
rules_info(const struct rules *r, const YR_RULE *rule)
{
	static const struct rule_info none = {"?", "other", 0};
	size_t i = (size_t)(rule - r->yara->rules_table);

	return i < r->count ? &r->info[i] : &none;
}
