/*
 * fuzz_php_lex - small inputs through the lexer, the parser and the printer of tokens
 *
 * Job:     tokens lie within the source, one behind the other, and are what stands
 *          there; the rest of a source gives the rest of its tokens; what is counted
 *          and printed is bounded by the source; the tree is as deep as it says.
 *          A first byte ! is left out and means: no open tag is needed; ~: tags may
 *          stand by chance.
 * Touches: nothing.
 */
#include <strings.h>
#include "php_lex.h"
#include "php_part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_tok(const struct php *p, struct source src, const struct tok *t)
{
	const char *s = src.s + t->off, *text;

	HOLDS(t->t <= T_HALT && t->t != T_END);
	HOLDS(t->off <= src.len && t->len <= src.len - t->off);
	switch (t->t) {
	case T_NAME:
		HOLDS(t->len != 0 && (p->cls[(unsigned char)*s] & C_ALPHA));
		HOLDS(t->w < W__N);
		text = php_word_text(t->w);
		HOLDS(t->w == W_NONE ||
		      (strlen(text) == t->len && strncasecmp(text, s, t->len) == 0));
		break;
	case T_VAR:
		HOLDS(t->off != 0 && s[-1] == '$' && t->w < W__N);
		break;
	case T_NUM:
		HOLDS(t->len != 0 &&
		      (*s == '.' || (p->cls[(unsigned char)*s] & C_DIGIT)));
		break;
	case T_STR:
	case T_DSTR:
	case T_BTICK:
		if (t->flag & TF_HERE)
			break;
		HOLDS(t->off != 0);
		HOLDS(s[-1] == (t->t == T_STR ? '\'' : t->t == T_DSTR ? '"' : '`'));
		HOLDS(t->off + t->len == src.len || s[t->len] == s[-1]);
		break;
	case T_OP:
		HOLDS(t->w != O_NONE && t->w < O_COUNT);
		text = php_op_text(t->w);
		HOLDS(t->len == 0
			  ? t->w == O_SEMI
			  : strlen(text) == t->len && memcmp(text, s, t->len) == 0);
		break;
	default:
		break;
	}
}

static void
check_toks(const struct php *p, struct source src, const struct toks *t)
{
	uint32_t i, from = 0;

	HOLDS(t->n < t->cap && t->v[t->n].t == T_END);
	HOLDS(t->n <= 2 * (size_t)src.len + 1);
	for (i = 0; i < t->n; i++) {
		check_tok(p, src, &t->v[i]);
		HOLDS(t->v[i].off >= from);
		from = t->v[i].off + t->v[i].len;
	}
}

static void
check_facts(const struct php_facts *f, struct source src)
{
	int64_t len = src.len;

	HOLDS(f->code_bytes >= 0 && f->code_bytes <= len);
	HOLDS(f->comment_bytes >= 0 && f->comment_bytes <= len);
	HOLDS(f->string_bytes >= 0 && f->string_bytes <= len);
	HOLDS(f->longest_string <= f->string_bytes && f->longest_line <= len);
	HOLDS(f->lead_bytes >= 0 && f->lead_bytes <= len);
	HOLDS(f->tail_bytes >= 0 && f->tail_bytes <= len);
}

/* Where the token begins in the source; -1 where it cannot be told. */
static int64_t
begin_of(const struct tok *t)
{
	switch (t->t) {
	case T_NAME:
	case T_NUM:
	case T_OP:
		return t->off;
	case T_VAR:
		return (int64_t)t->off - 1;
	case T_STR:
	case T_DSTR:
	case T_BTICK:
		return t->flag & TF_HERE ? -1 : (int64_t)t->off - 1;
	default:
		return -1;
	}
}

/* The lexer of PHP has no memory: from any token on it gives the same tokens again. */
static void
check_rest(struct php *p, struct source src, const struct toks *t)
{
	struct php_facts none;
	struct source rest;
	struct toks u;
	uint32_t k, i = t->n / 2;
	int64_t from = i < t->n ? begin_of(&t->v[i]) : -1;

	if (from < 0 || memmem(src.s, src.len, "cript", 5) != NULL)
		return; /* within <script language=php> another tag closes */
	memset(&none, 0, sizeof(none));
	rest.s = src.s + from;
	rest.len = src.len - (uint32_t)from;
	u = php_lex(p, rest, true, &none);
	HOLDS(u.n == t->n - i);
	for (k = 0; k < u.n; k++) {
		HOLDS(u.v[k].t == t->v[i + k].t && u.v[k].w == t->v[i + k].w);
		HOLDS(u.v[k].off + from == t->v[i + k].off);
		HOLDS(u.v[k].len == t->v[i + k].len && u.v[k].flag == t->v[i + k].flag);
	}
}

/* The height of a tree: each node says at least that of its children. */
static uint64_t
check_tree(const struct node *n)
{
	const struct node *k;
	uint64_t count = 1;

	HOLDS(n->kind <= N_NOP && n->height <= HEIGHT_MAX);
	for (k = n->kid; k != NULL; k = k->next)
		count += check_tree(k);
	return count;
}

static void
parts(struct php *p, struct source src, bool in_php)
{
	struct toks t = php_lex(p, src, in_php, p->f);
	struct out o;

	check_toks(p, src, &t);
	check_facts(p->f, src);
	memset(&o, 0, sizeof(o));
	php_print_flat(p, &o, src, t.v, t.n);
	HOLDS(o.n == p->output && o.n <= 2 * (size_t)src.len + 12 * ((size_t)t.n + 1));
	(void)part_sum(0, o.p, o.n);
	HOLDS(o.n < 2 || (memcmp(o.p, "@@", 2) != 0 &&
			  memmem(o.p, o.n, "\n@@", 3) == NULL)); /* a mark's line */
	if (t.n % 4 == 1 && !p->stray) /* what a tag is depends on the whole file */
		check_rest(p, src, &t);
	HOLDS(check_tree(php_parse(p, src, &t)) <= 8 * (uint64_t)src.len + 64);
}

/* Nothing on this stack frame changes after setjmp. */
static void
guarded(struct php *p, bool in_php)
{
	if (setjmp(p->out_of_it) == 0)
		parts(p, p->file, in_php);
	else
		HOLDS(p->stop > PHP_STOP_INPUT && p->stop < PHP_STOP_COUNT);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct php *p;
	bool in_php = size > 0 && data[0] == '!', stray = size > 0 && data[0] == '~';

	if (p == NULL)
		p = part_engine(20000);
	if (size > PART_MAPPED)
		return 0;
	php_clear(p);
	php_stray_tags(p, stray);
	p->file.len = (uint32_t)(size - in_php - stray);
	p->file.s = part_copy(data + in_php + stray, p->file.len, 0);
	guarded(p, in_php);
	return 0;
}
