/*
 * php - one look at a file
 *
 * Job:     set up, lex, and where it is worth it parse and walk; keep what was had
 *          when a limit ends the look.
 * Touches: nothing but the arena.
 */
#include <stdlib.h>
#include <string.h>
#include "php_int.h"
#include "php_lex.h"

#define SMALL_BYTES 2048 /* looked through whatever it says: it costs nothing */

void
php_limits_default(struct php_limits *l)
{
	l->input_bytes = (size_t)4 << 20;
	l->output_bytes = (size_t)8 << 20;
	l->memory_bytes = (size_t)64 << 20;
	l->steps = 4000000;
	l->loop_steps = 2500000;
	l->layers = 100;
	l->depth = 64;
}

struct php *
php_new(const struct php_limits *l)
{
	struct php *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->given = *l;
	if (p->given.input_bytes > INT32_MAX)
		p->given.input_bytes = INT32_MAX;
	p->arena.max = l->memory_bytes;
	php_words_init(p);
	php_texts_init(p);
	php_lex_classes(p->cls);
	return p;
}

void
php_free(struct php **p)
{
	if (*p == NULL)
		return;
	php_arena_free(&(*p)->arena);
	free(*p);
	*p = NULL;
}

void
php_stray_tags(struct php *p, bool likely)
{
	p->stray = likely;
}

_Noreturn void
php_stop(struct php *p, enum php_stop why)
{
	p->stop = why;
	longjmp(p->out_of_it, 1);
}

void
php_note(struct php *p, enum php_stop why)
{
	if (p->view.stop == PHP_STOP_NONE)
		p->view.stop = why;
}

static void
look(struct php *p, struct source src, bool in_php, struct out *o)
{
	struct toks t = php_lex(p, src, in_php, p->f);

	p->view.php = in_php || p->f->tags != 0;
	p->view.plain =
	    !p->view.php || (!p->trigger && p->f->image == 0 && src.len >= SMALL_BYTES);
	if (p->view.plain)
		return;
	p->globals = p->scope = php_scope_new(p, NULL);
	p->props = php_scope_new(p, NULL);
	if (memmem(src.s, src.len, "<form", 5) != NULL ||
	    memmem(src.s, src.len, "<FORM", 5) != NULL)
		php_see_fields(p, src.s, src.len);
	php_walk_tokens(p, src, &t, o);
}

/* Nothing on this stack frame changes after setjmp: all state is in *p. */
static void
guarded_look(struct php *p, bool in_php)
{
	if (setjmp(p->out_of_it) == 0)
		look(p, p->file, in_php, &p->top);
	else
		php_note(p, p->stop);
}

void
php_clear(struct php *p)
{
	size_t from = offsetof(struct php, out_of_it);
	unsigned i;

	php_arena_reset(&p->arena);
	memset((char *)p + from, 0, sizeof(*p) - from);
	p->lim = p->given;
	p->view.text = "";
	p->f = &p->view.facts;
	p->f->first_comment = -1;
	for (i = 0; i < 256; i++)
		p->byte[i] = (char)i;
}

static const struct php_view *
begin(struct php *p, const void *data, size_t len, bool in_php)
{
	struct source src;
	php_clear(p);
	if (len > p->lim.input_bytes) {
		len = p->lim.input_bytes;
		php_note(p, PHP_STOP_INPUT);
	}
	src.s = len != 0 ? data : "";
	src.len = (uint32_t)len;
	p->file = src;
	guarded_look(p, in_php);
	p->view.text = p->top.p != NULL ? p->top.p : "";
	p->view.text_len = p->top.n;
	if (!p->view.plain)
		php_facts_end(p);
	if (p->f->code_before_comment < 0)
		p->f->code_before_comment = 0;
	p->view.steps = p->steps;
	p->f->stop = (int64_t)p->view.stop;
	p->f->budget = p->view.stop != PHP_STOP_NONE;
	return &p->view;
}

const struct php_view *
php_look(struct php *p, const void *data, size_t len)
{
	return begin(p, data, len, false);
}

const struct php_view *
php_look_code(struct php *p, const void *data, size_t len)
{
	return begin(p, data, len, true);
}

const struct php_fact_row *
php_fact_rows(size_t *count_out)
{
	static const struct php_fact_row rows[] = {
#define FACT(name, meaning) {"php_" #name, meaning, offsetof(struct php_facts, name)},
#include "facts.def"
#undef FACT
	};

	*count_out = sizeof(rows) / sizeof(rows[0]);
	return rows;
}

const char *
php_stop_name(enum php_stop s)
{
	static const char *const names[PHP_STOP_COUNT] = {
	    "none", "input", "output", "memory", "steps", "layers", "nesting"};

	return s < PHP_STOP_COUNT ? names[s] : "unknown";
}
