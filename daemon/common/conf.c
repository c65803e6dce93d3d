/*
 * conf - the settings
 *
 * Job:     see conf.h.
 * Touches: the file conf_load is told.
 * Format:  `name = value` lines, # comments; no sections, no quotes.
 */
#include "conf.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

enum kind { KIND_NUM, KIND_BOOL, KIND_STR, KIND_WORD, KIND_LIST };

struct setting {
	const char *name, *def, *unit, *words, *text, *section;
	enum kind kind;
	size_t offset, size;
	int64_t num, min, max;
};

#define AT(name) offsetof(struct conf, name), sizeof(((struct conf *)0)->name)

/* A SECTION is a row without a name: it heads the rows that follow it. */
static const struct setting settings[] = {
#define SECTION(title) {NULL, "", "", "", "", title, KIND_STR, 0, 0, 0, 0, 0},
#define NUM(name, def, min, max, unit, text) \
	{#name, "", unit, "", text, NULL, KIND_NUM, AT(name), def, min, max},
#define BOOL(name, def, text) \
	{#name, "", "", "", text, NULL, KIND_BOOL, AT(name), def, 0, 1},
#define STR(name, def, text) \
	{#name, def, "", "", text, NULL, KIND_STR, AT(name), 0, 0, 0},
#define WORD(name, def, words, text) \
	{#name, def, "", words, text, NULL, KIND_WORD, AT(name), 0, 0, 0},
#define LIST(name, def, text) \
	{#name, def, "", "", text, NULL, KIND_LIST, AT(name), 0, 0, 0},
#include "conf.def"
};
#define SETTINGS (sizeof settings / sizeof settings[0])

static char *
at_str(struct conf *c, const struct setting *s)
{
	return (char *)c + s->offset;
}

static const char *
get_str(const struct conf *c, const struct setting *s)
{
	return (const char *)c + s->offset;
}

static void
set_num(struct conf *c, const struct setting *s, int64_t v)
{
	bool b = v != 0;

	if (s->kind == KIND_BOOL)
		memcpy((char *)c + s->offset, &b, sizeof b);
	else
		memcpy((char *)c + s->offset, &v, sizeof v);
}

static int64_t
get_num(const struct conf *c, const struct setting *s)
{
	int64_t v = 0;
	bool b = false;

	if (s->kind == KIND_BOOL) {
		memcpy(&b, (const char *)c + s->offset, sizeof b);
		return b;
	}
	memcpy(&v, (const char *)c + s->offset, sizeof v);
	return v;
}

void
conf_defaults(struct conf *c)
{
	size_t i;

	memset(c, 0, sizeof *c);
	for (i = 0; i < SETTINGS; i++) {
		const struct setting *s = &settings[i];

		if (s->name == NULL)
			continue;
		if (s->kind == KIND_NUM || s->kind == KIND_BOOL)
			set_num(c, s, s->num);
		else
			(void)text_copy(at_str(c, s), s->size, s->def);
	}
}

struct parse {
	struct conf *c;
	const char *text, *file;
	size_t len, pos;
	int line;
	bool too_long;
	bool listed[SETTINGS]; /* this LIST was named before: add */
	struct err *e;
	bool failed;
};

/* inih's reader: one line at a time, so that our errors can name it. */
static char *
read_line(char *buf, int size, void *arg)
{
	struct parse *p = arg;
	size_t n;

	if (p->failed || p->pos >= p->len || size <= 1)
		return NULL;
	const char *nl = memchr(p->text + p->pos, '\n', p->len - p->pos);
	n = nl == NULL ? p->len - p->pos : (size_t)(nl - (p->text + p->pos)) + 1;
	p->line++;
	if (n > (size_t)size - 1) {
		p->failed = true;
		err_set(p->e, ERR_INPUT,
			"%s: line %d: longer than %d bytes; a list may stand on several "
			"lines",
			p->file, p->line, size - 2);
		return NULL;
	}
	memcpy(buf, p->text + p->pos, n);
	buf[n] = '\0';
	if (strlen(buf) != n) {
		p->failed = true;
		err_set(p->e, ERR_INPUT, "%s: line %d: holds a NUL byte", p->file,
			p->line);
		return NULL;
	}
	p->pos += n;
	return buf;
}

/* Is value one of "a|b|c"? */
static bool
word_known(const char *words, const char *value)
{
	size_t n = strlen(value);
	const char *p = words;

	while (n > 0 && p != NULL && *p != '\0') {
		if (strncmp(p, value, n) == 0 && (p[n] == '|' || p[n] == '\0'))
			return true;
		p = strchr(p, '|');
		if (p != NULL)
			p++;
	}
	return false;
}

static int
set_list(struct parse *p, const struct setting *s, size_t i, const char *value)
{
	char *have = at_str(p->c, s);
	size_t used;

	if (!p->listed[i])
		have[0] = '\0';
	p->listed[i] = true;
	used = strlen(have);
	if (used + 1 + strlen(value) + 1 > s->size)
		return err_set(p->e, ERR_INPUT,
			       "%s: line %d: %s: more than %zu bytes in all", p->file,
			       p->line, s->name, s->size - 1);
	if (used > 0)
		have[used++] = ' ';
	(void)text_copy(have + used, s->size - used, value);
	return 0;
}

static int
set_value(struct parse *p, const struct setting *s, size_t i, const char *value)
{
	char shown[80];
	int64_t v;

	text_safe(shown, sizeof shown, value);
	switch (s->kind) {
	case KIND_NUM:
		if (!text_to_i64(value, INT64_MIN, INT64_MAX, &v))
			return err_set(
			    p->e, ERR_INPUT,
			    "%s: line %d: %s: \"%s\" is not a whole number of %s",
			    p->file, p->line, s->name, shown, s->unit);
		if (v < s->min || v > s->max)
			return err_set(p->e, ERR_INPUT,
				       "%s: line %d: %s: %lld is outside %lld..%lld %s",
				       p->file, p->line, s->name, (long long)v,
				       (long long)s->min, (long long)s->max, s->unit);
		set_num(p->c, s, v);
		return 0;
	case KIND_BOOL:
		if (!word_known("yes|no|true|false|on|off|1|0", value))
			return err_set(p->e, ERR_INPUT,
				       "%s: line %d: %s: \"%s\" is not yes or no",
				       p->file, p->line, s->name, shown);
		set_num(p->c, s, word_known("yes|true|on|1", value));
		return 0;
	case KIND_WORD:
		if (!word_known(s->words, value))
			return err_set(p->e, ERR_INPUT,
				       "%s: line %d: %s: \"%s\" is not one of %s",
				       p->file, p->line, s->name, shown, s->words);
		(void)text_copy(at_str(p->c, s), s->size, value);
		return 0;
	case KIND_STR:
		if (!text_copy(at_str(p->c, s), s->size, value))
			return err_set(p->e, ERR_INPUT,
				       "%s: line %d: %s: longer than %zu bytes", p->file,
				       p->line, s->name, s->size - 1);
		return 0;
	case KIND_LIST:
		return set_list(p, s, i, value);
	}
	return 0;
}

static int
on_value(void *arg, const char *section, const char *name, const char *value)
{
	struct parse *p = arg;
	char shown[80];
	size_t i;

	if (p->failed)
		return 1;
	if (section[0] != '\0') {
		p->failed = true;
		err_set(p->e, ERR_INPUT, "%s: line %d: there are no [sections] here",
			p->file, p->line);
		return 1;
	}
	for (i = 0; i < SETTINGS; i++)
		if (settings[i].name != NULL && strcmp(settings[i].name, name) == 0)
			break;
	if (i == SETTINGS) {
		p->failed = true;
		err_set(p->e, ERR_INPUT,
			"%s: line %d: there is no setting \"%s\"; `mailbrake config "
			"show` lists them",
			p->file, p->line, text_safe(shown, sizeof shown, name));
		return 1;
	}
	if (set_value(p, &settings[i], i, value) != 0)
		p->failed = true;
	return 1;
}

/* What hangs together and no single row can say. */
static int
check_whole(const struct conf *c, const char *file, struct err *e)
{
	if (c->suspicious_points > c->malicious_points)
		return err_set(
		    e, ERR_INPUT,
		    "%s: suspicious_points %lld is above malicious_points %lld", file,
		    (long long)c->suspicious_points, (long long)c->malicious_points);
	if (c->settle_ms > c->settle_max_ms)
		return err_set(e, ERR_INPUT,
			       "%s: settle_ms %lld is above settle_max_ms %lld", file,
			       (long long)c->settle_ms, (long long)c->settle_max_ms);
	return 0;
}

int
conf_parse(struct conf *c, const char *text, size_t len, const char *file, struct err *e)
{
	struct parse p = {.c = c, .text = text, .len = len, .file = file, .e = e};
	int bad;

	bad = ini_parse_stream(read_line, &p, on_value, &p);
	if (p.failed)
		return -1;
	if (bad != 0)
		return err_set(e, ERR_INPUT,
			       "%s: line %d: not of the form `name = value`", file, bad);
	return check_whole(c, file, e);
}

int
conf_load(struct conf *c, const char *path, struct err *e)
{
	struct stat st;
	char *text;
	ssize_t n;
	size_t got = 0;
	int fd, r;

	conf_defaults(c);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return err_sys(e, "%s", path);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > 1048576) {
		close(fd);
		return err_set(e, ERR_INPUT,
			       "%s: not a plain file of at most 1048576 bytes", path);
	}
	text = malloc((size_t)st.st_size + 1);
	if (text == NULL) {
		close(fd);
		return err_sys(e, "%s", path);
	}
	while (got < (size_t)st.st_size &&
	       (n = read(fd, text + got, (size_t)st.st_size - got)) > 0)
		got += (size_t)n;
	close(fd);
	text[got] = '\0';
	r = conf_parse(c, text, got, path, e);
	free(text);
	return r;
}

static int
prefix_one(char *path, size_t size, const char *dir, struct err *e)
{
	char old[256];

	if (path[0] != '/')
		return 0;
	(void)text_copy(old, sizeof old, path);
	if (strlen(dir) + strlen(old) + 1 > size)
		return err_set(e, ERR_INPUT, "%s%s: longer than %zu bytes", dir, old,
			       size - 1);
	(void)text_copy(path, size, dir);
	(void)text_copy(path + strlen(dir), size - strlen(dir), old);
	return 0;
}

int
conf_prefix(struct conf *c, const char *dir, struct err *e)
{
	if (dir == NULL || dir[0] == '\0')
		return 0;
	if (prefix_one(c->state_dir, sizeof c->state_dir, dir, e) != 0 ||
	    prefix_one(c->compiled_dir, sizeof c->compiled_dir, dir, e) != 0 ||
	    prefix_one(c->run_dir, sizeof c->run_dir, dir, e) != 0 ||
	    prefix_one(c->hook_dir, sizeof c->hook_dir, dir, e) != 0 ||
	    prefix_one(c->brake_file, sizeof c->brake_file, dir, e) != 0 ||
	    prefix_one(c->rules_local_dir, sizeof c->rules_local_dir, dir, e) != 0)
		return -1;
	return 0;
}

static void
print_value(const struct conf *c, const struct setting *s, FILE *out)
{
	char word[CONF_STR_MAX];
	const char *at = NULL;

	switch (s->kind) {
	case KIND_NUM:
		fprintf(out, "%s = %lld\n", s->name, (long long)get_num(c, s));
		break;
	case KIND_BOOL:
		fprintf(out, "%s = %s\n", s->name, get_num(c, s) ? "yes" : "no");
		break;
	case KIND_STR:
	case KIND_WORD:
		fprintf(out, "%s = %s\n", s->name, get_str(c, s));
		break;
	case KIND_LIST:
		if (get_str(c, s)[0] == '\0')
			fprintf(out, "%s =\n", s->name);
		while (conf_list_next(get_str(c, s), &at, word, sizeof word))
			fprintf(out, "%s = %s\n", s->name, word);
		break;
	}
}

void
conf_print(const struct conf *c, bool with_help, FILE *out)
{
	size_t i;

	for (i = 0; i < SETTINGS; i++) {
		const struct setting *s = &settings[i];

		if (s->name == NULL) {
			if (with_help)
				fprintf(out, "%s# --- %s ---\n", i == 0 ? "" : "\n",
					s->section);
			continue;
		}
		if (with_help) {
			fprintf(out, "\n# %s", s->text);
			if (s->kind == KIND_NUM)
				fprintf(out, " (%lld..%lld %s)", (long long)s->min,
					(long long)s->max, s->unit);
			if (s->kind == KIND_WORD)
				fprintf(out, " (%s)", s->words);
			fprintf(out, "\n");
		}
		print_value(c, s, out);
	}
}

void
conf_print_mdoc(FILE *out)
{
	size_t i;
	bool open = false;

	for (i = 0; i < SETTINGS; i++) {
		const struct setting *s = &settings[i];

		if (s->name == NULL) {
			fprintf(out, "%s.Ss %s\n.Bl -tag -width Ds\n",
				open ? ".El\n" : "", s->section);
			open = true;
			continue;
		}
		fprintf(out, ".It Ic %s\n%s.\n", s->name, s->text);
		if (s->kind == KIND_NUM)
			fprintf(out, "%lld to %lld %s, default %lld.\n",
				(long long)s->min, (long long)s->max, s->unit,
				(long long)s->num);
		else if (s->kind == KIND_BOOL)
			fprintf(out, "yes or no, default %s.\n", s->num ? "yes" : "no");
		else if (s->kind == KIND_WORD)
			fprintf(out, "One of %s, default %s.\n", s->words, s->def);
		else
			fprintf(out, "Default: %s\n",
				s->def[0] == '\0' ? "none." : s->def);
	}
	if (open)
		fprintf(out, ".El\n");
}

bool
conf_list_next(const char *list, const char **at, char *word, size_t size)
{
	const char *p = *at == NULL ? list : *at;
	size_t n;

	for (;;) {
		p += strspn(p, " \t");
		if (*p == '\0')
			return false;
		n = strcspn(p, " \t");
		if (n < size) {
			memcpy(word, p, n);
			word[n] = '\0';
			*at = p + n;
			return true;
		}
		p += n;
	}
}

bool
conf_differs(const struct conf *a, const struct conf *b, const char *names, char *out,
	     size_t size)
{
	const char *at = NULL;
	char name[64];
	size_t len = 0, i;

	out[0] = '\0';
	while (conf_list_next(names, &at, name, sizeof name)) {
		for (i = 0; i < SETTINGS; i++)
			if (settings[i].name != NULL &&
			    strcmp(settings[i].name, name) == 0)
				break;
		if (i < SETTINGS &&
		    memcmp(get_str(a, &settings[i]), get_str(b, &settings[i]),
			   settings[i].kind == KIND_NUM ? sizeof(int64_t)
			   : settings[i].kind == KIND_BOOL
			       ? sizeof(bool)
			       : strlen(get_str(a, &settings[i])) + 1) == 0)
			continue;
		(void)snprintf(out + len, size - len, "%s%s", len > 0 ? " " : "", name);
		len += strlen(out + len);
	}
	return len > 0;
}
