/*
 * php_apart - request data that something has made harmless for some sinks
 *
 * Job:     move taint apart and back; read the constant text around a quoted word: does
 *          it say a shell to run the word as a program?
 * Touches: nothing.
 */
#include <string.h>
#include "php_apart.h"

#define TEXT_MAX 512

/* In the text, for what is not constant. */
#define AT_QUOTED '\001'
#define AT_OTHER '\002'
#define AT_INSIDE '\003' /* what a quoted word follows in */

uint32_t
php_bare(uint32_t taint)
{
	return (taint & ~TA_APART) | ((taint & TA_ASIDE) >> TA_ASIDE_SHIFT);
}

uint32_t
php_unquoted(uint32_t taint)
{
	return taint & TA_QUOTED ? php_bare(taint) : taint;
}

uint32_t
php_apart(uint32_t taint, uint32_t how)
{
	uint32_t t = php_bare(taint), ours = t & TA_REQUESTED;

	return ours == 0 ? t : (t & ~ours) | ours << TA_ASIDE_SHIFT | how;
}

bool
php_runs_command(unsigned w)
{
	return w == W_SYSTEM || w == W_EXEC || w == W_PASSTHRU || w == W_SHELL_EXEC ||
	       w == W_POPEN || w == W_PROC_OPEN || w == W_PCNTL_EXEC ||
	       w == W_EXPECT_POPEN;
}

bool
php_only_joins(unsigned w)
{
	return w == W_SPRINTF || w == W_IMPLODE || w == W_JOIN;
}

void
php_unquote_args(struct args *a)
{
	unsigned i;

	a->taint = php_unquoted(a->taint);
	for (i = 0; i < a->count; i++)
		a->v[i].taint = php_unquoted(a->v[i].taint);
}

/* --- a command as a shell reads it --- */

struct command {
	char s[TEXT_MAX];
	size_t n;
	bool first, runs;
};

struct piece {
	const char *s;
	size_t n;
};

static bool
one_of(struct piece w, const char *const *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strlen(list[i]) == w.n && memcmp(list[i], w.s, w.n) == 0)
			return true;
	return false;
}
#define ONE_OF(w, list) one_of(w, list, sizeof(list) / sizeof((list)[0]))

/* The letters of the options after which it runs a text; NULL: no interpreter. */
static const char *
interpreter(struct piece w)
{
	static const char *const shells[] = {"sh",  "bash", "dash", "zsh",  "ksh", "mksh",
					     "ash", "csh",  "tcsh", "fish", "su"};
	static const char *const others[] = {"php",  "python", "perl", "ruby",
					     "node", "nodejs", "lua",  "pypy"};

	if (ONE_OF(w, shells))
		return "c";
	while (w.n > 2 &&
	       ((w.s[w.n - 1] >= '0' && w.s[w.n - 1] <= '9') || w.s[w.n - 1] == '.'))
		w.n--; /* php8.1 */
	return ONE_OF(w, others) ? "rceEBRp" : NULL;
}

/* What runs the rest of the line, or its next word. */
static bool
starter(struct piece w)
{
	static const char *const list[] = {
	    "sudo", "env",    "nohup",  "exec",    "command", "builtin",
	    "nice", "time",   "setsid", "ssh",     "awk",     "gawk",
	    "mawk", "source", ".",      "php-cgi", "doas",    "busybox"};

	return ONE_OF(w, list);
}

static bool
option(struct piece w, const char *letters)
{
	static const char *const longer[] = {"--eval", "--run", "--command"};
	size_t i;

	if (w.n < 2 || w.s[0] != '-')
		return false;
	if (w.s[1] == '-')
		return ONE_OF(w, longer);
	for (i = 1; i < w.n; i++)
		if (strchr(letters, w.s[i]) != NULL)
			return true;
	return false;
}

/* The state of reading: what stands before the place. */
struct reading {
	const char *letters; /* of the interpreter whose arguments these are */
	unsigned words;      /* of this command so far */
	bool starts;         /* the word before runs the next */
	bool quoted, piped, into, runs;
	bool unnamed; /* what the command is does not stand here */
	bool later;   /* not the first command */
	char quote;   /* the constant text has opened one */
};

static bool
ends_program(struct piece w)
{
	return (w.n >= 4 && memcmp(w.s + w.n - 4, ".php", 4) == 0) ||
	       (w.n >= 6 && memcmp(w.s + w.n - 6, ".phtml", 6) == 0);
}

static void
read_word(struct reading *r, struct piece w)
{
	static const char *const always[] = {"eval", "xargs", "-exec", "-execdir", "-ok"};
	bool quoted = memchr(w.s, AT_QUOTED, w.n) != NULL;
	bool inside = memchr(w.s, AT_INSIDE, w.n) != NULL;
	struct piece base = w;
	const char *slash = memrchr(w.s, '/', w.n), *letters;

	if (slash != NULL) {
		base.n -= (size_t)(slash + 1 - base.s);
		base.s = slash + 1;
	}
	if (quoted || inside)
		r->runs = r->runs || r->quote != 0; /* "'$(..)'" */
	if (r->into) {                              /* > name */
		r->runs = r->runs || (r->quoted && (quoted || ends_program(w)));
		r->quoted = r->quoted || quoted;
		r->into = false;
		return;
	}
	if (quoted)
		r->runs = r->runs || r->starts ||
			  (r->words == 0 && memchr(w.s, AT_OTHER, w.n) == NULL &&
			   (r->later || w.s[0] != AT_QUOTED));
	r->quoted = r->quoted || quoted || inside;
	letters = interpreter(base);
	r->runs = r->runs || ONE_OF(base, always) || (letters != NULL && r->piped) ||
		  (r->letters != NULL && option(w, r->letters));
	if (r->words == 0)
		r->unnamed = r->unnamed || w.s[0] == '-' || w.s[0] == '$' ||
			     memchr(w.s, '\\', w.n) != NULL || w.s[w.n - 1] == AT_OTHER;
	r->starts = letters != NULL || starter(base) ||
		    (r->unnamed && w.n == 2 && option(w, "cer"));
	if (letters != NULL)
		r->letters = letters;
	r->words++;
	r->piped = false;
}

/* Does the text have a shell run what is quoted in it? */
static bool
runs_quoted(const char *s, size_t n)
{
	struct reading r;
	size_t i = 0, from;

	memset(&r, 0, sizeof(r));
	while (i < n) {
		if (strchr(" \t\r\"'", s[i]) != NULL) {
			if (s[i] == '"' || s[i] == '\'')
				r.quote = r.quote == 0      ? s[i]
					  : r.quote == s[i] ? 0
							    : r.quote;
			/* s''h */
			if (strchr("\"'", s[i]) != NULL && i > 0 &&
			    strchr(" \t\r=", s[i - 1]) == NULL)
				r.unnamed = r.unnamed || r.words == 1;
			i++;
			continue;
		}
		if (strchr(";|&()`\n{}", s[i]) != NULL) {
			/* 2>&1 ends no command */
			if (s[i] == '&' && i > 0 && s[i - 1] == '>') {
				i++;
				continue;
			}
			r.piped = s[i] == '|' && r.quoted;
			r.later = true;
			r.words = 0;
			r.letters = NULL;
			r.starts = r.into = r.unnamed = false;
			i++;
			continue;
		}
		if (s[i] == '<' || s[i] == '>') {
			if (i + 2 < n && memcmp(s + i, "<<<", 3) == 0 && r.letters)
				r.runs = true;
			r.into = s[i] == '>';
			i++;
			continue;
		}
		for (from = i; i < n && strchr(" \t\r\"';|&()`\n{}<>", s[i]) == NULL; i++)
			;
		read_word(&r, (struct piece){s + from, i - from});
	}
	return r.runs && r.quoted;
}

static void
put(struct command *c, const char *s, size_t n)
{
	if (n > sizeof(c->s) - c->n) { /* too long to say */
		c->runs = true;
		n = sizeof(c->s) - c->n;
	}
	memcpy(c->s + c->n, s, n);
	c->n += n;
}

static void
put_val(struct command *c, const struct val *v)
{
	char mark = AT_OTHER;
	size_t i;

	if (v != NULL && v->t == V_STR) {
		put(c, v->u.s, v->len);
		return;
	}
	if (v != NULL && (v->taint & TA_QUOTED)) {
		mark = v->taint & TA_RISKY ? AT_QUOTED : AT_INSIDE;
		for (i = 0; i < c->n && strchr(" \t\r\n", c->s[i]) != NULL; i++)
			;
		c->first = c->first || (i == c->n && (v->taint & TA_RISKY));
	}
	put(c, &mark, 1);
}

static uint32_t
judge(const struct command *c, uint32_t taint)
{
	if (c->runs || runs_quoted(c->s, c->n))
		return php_bare(taint);
	return (taint & TA_LISTED) || c->first ? taint : taint & ~TA_RISKY;
}

uint32_t
php_joined_nodes(const struct php *p, const struct node *from, uint32_t taint)
{
	struct command c;

	if (!(taint & TA_QUOTED))
		return taint;
	if (p->concrete) /* the nodes hold no values then */
		return php_bare(taint);
	c.n = 0;
	c.first = c.runs = false;
	for (; from != NULL; from = from->next)
		put_val(&c, from->v);
	return judge(&c, taint);
}

uint32_t
php_joined_pair(const struct val *a, const struct val *b, uint32_t taint)
{
	struct command c;

	if (!(taint & TA_QUOTED))
		return taint;
	c.n = 0;
	c.first = c.runs = false;
	put_val(&c, a);
	put_val(&c, b);
	return judge(&c, taint);
}

/* sprintf: each %.. is one of the arguments. */
static void
put_format(struct command *c, const struct args *a)
{
	const struct val *f = &a->v[0];
	unsigned next = 1, at;
	uint32_t i, k;

	for (i = 0; i < f->len; i++) {
		if (f->u.s[i] != '%') {
			put(c, f->u.s + i, 1);
			continue;
		}
		for (k = i + 1, at = 0;
		     k < f->len && k < i + 5 && f->u.s[k] >= '0' && f->u.s[k] <= '9'; k++)
			at = at * 10 + (unsigned)(f->u.s[k] - '0');
		if (k < f->len && f->u.s[k] == '$')
			i = k;
		else
			at = 0;
		while (i + 1 < f->len && strchr("%sdufFeExXcbo", f->u.s[i + 1]) == NULL)
			i++;
		i++;
		if (i < f->len && f->u.s[i] == '%')
			put(c, "%", 1);
		else if (at == 0)
			at = next++;
		if (at != 0)
			put_val(c, at < a->count ? &a->v[at] : NULL);
	}
}

uint32_t
php_joined_args(unsigned w, const struct args *a, uint32_t taint)
{
	const struct val *list, *glue;
	struct command c;
	uint32_t i;

	if (!(taint & TA_QUOTED))
		return taint;
	c.n = 0;
	c.first = c.runs = false;
	if (w == W_SPRINTF) {
		if (a->v[0].t != V_STR)
			return php_bare(taint);
		put_format(&c, a);
		return judge(&c, taint);
	}
	list = a->count > 1 && a->v[1].t == V_ARR ? &a->v[1] : &a->v[0];
	glue = list == &a->v[0] ? &a->v[1] : &a->v[0];
	if (list->t != V_ARR) /* its words are not known, but one is quoted */
		return taint;
	for (i = 0; i < list->u.a->n; i++) {
		if (list->u.a->e[i].dead)
			continue;
		if (c.n != 0 && a->count > 1)
			put_val(&c, glue);
		put_val(&c, &list->u.a->e[i].v);
	}
	return judge(&c, taint);
}

/* --- lists --- */

static bool
holds(const struct val *v, const char *s, size_t n)
{
	uint32_t i;

	for (i = 0; i + n <= v->len; i++)
		if (strncasecmp(v->u.s + i, s, n) == 0)
			return true;
	return false;
}

bool
php_names_sink(const struct val *word)
{
	static const char *const whole[] = {"popen",
					    "proc_open",
					    "create_function",
					    "call_user_func",
					    "array_map",
					    "array_filter",
					    "file_put_contents",
					    "base64_decode",
					    "unlink",
					    "preg_replace",
					    "extract",
					    "parse_str",
					    "include",
					    "require",
					    "mail"};
	static const char *const runs[] = {"system",   "exec", "shell_exec",
					   "passthru", "eval", "assert"};
	struct val name = {0};
	size_t i, n;

	if (word->len < 2)
		return true; /* a letter of one */
	if (holds(word, ".ph", 3) || holds(word, ".ht", 3))
		return true;
	for (i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		if (word->len == strlen(whole[i]) && holds(word, whole[i], word->len))
			return true;
	for (i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		n = strlen(runs[i]);
		php_v_str(&name, runs[i], n);
		if (holds(word, runs[i], n) || holds(&name, word->u.s, word->len))
			return true; /* the word, or a part of it */
	}
	return false;
}
