/*
 * php_int - what the parts of the PHP analysis share
 *
 * Job:     the arena, tokens, syntax tree, values and the one context of a look.
 *          Included only by php*.c. Order of work: php_lex -> php_parse -> php_walk
 *          (statements) -> php_eval (expressions) -> php_fn_* (functions) -> php_print.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_PHP_INT_H
#define MAILBRAKE_PHP_INT_H

#include <setjmp.h>
#include "php.h"

/* --- words ------------------------------------------------------------------------ */
enum word {
	W_NONE,
#define WORD(id, text, flags) W_##id,
#include "words.def"
#undef WORD
	W__N
};
enum {
	WF_KW = 1,
	WF_FN = 2,
	WF_TRIG = 4,
	WF_GUARD = 8,
	WF_NONCE = 16,
	WF_I18N = 32,
	WF_FRAME = 64,
	WF_ENC = 128,
	WF_MAIL = 256
};
#define WORD_SLOTS 4096

/* --- arena: php_arena.c ---------------------------------------------------------------
 */
struct block {
	struct block *next;
	size_t size, used;
};

struct arena {
	struct block *first, *now;
	size_t held, max; /* bytes got from the system; at most */
};

/* A string that grows at its end; values share its front (php_str_cat). */
struct buf {
	char *p;
	size_t len, cap;
};

/* --- tokens: php_lex.c
 * ------------------------------------------------------------------ */
enum tok_type {
	T_END,
	T_HTML,  /* text between close and open tag */
	T_ECHO,  /* <?= */
	T_NAME,  /* identifier, keyword, namespaced name; w: word */
	T_VAR,   /* $name; off, len without the $; w: word of the name */
	T_NUM,   /* as written */
	T_STR,   /* single quotes or nowdoc: off, len of what is inside */
	T_DSTR,  /* double quotes or heredoc: inside; flag TF_* */
	T_BTICK, /* backticks: inside */
	T_CAST,  /* (type); w */
	T_OP,    /* w: operator code */
	T_HALT   /* what follows __halt_compiler(); */
};
enum {
	TF_ESC = 1,    /* holds a backslash */
	TF_INTERP = 2, /* holds $ or {$ */
	TF_HERE = 4,   /* heredoc or nowdoc: indentation may be removed */
	TF_SPACE = 8   /* unused blank for the printer */
};
struct tok {
	uint8_t t, flag;
	uint16_t w;
	uint32_t off, len;
};

enum op {
	O_NONE,
#define OPER(id, text) O_##id,
#include "opers.def"
#undef OPER
	O_COUNT
};

struct toks {
	struct tok *v;
	uint32_t n, cap;
};

/* what the lexer counts on the way; adds up over layers */
struct lex_stats {
	bool trigger;
};

/* --- tree: php_parse.c
 * -------------------------------------------------------------------- */
struct val;
struct node {
	uint8_t kind; /* enum node_kind */
	uint8_t op;   /* enum op, where it matters */
	uint16_t height;
	uint16_t flags; /* NF_* */
	uint16_t w;     /* word of a name or variable */
	const char *s;  /* name, literal, source */
	uint32_t len;
	uint32_t id; /* interned name of a variable, function, label */
	struct node *kid, *next;
	struct val *v; /* last value, set by php_eval in walking mode */
};

/* --- values: php_value.c
 * -------------------------------------------------------------------- */
enum val_type { V_UNKNOWN, V_NULL, V_BOOL, V_INT, V_DBL, V_STR, V_ARR, V_FUNC };

struct trail { /* how a string was come by, newest first */
	const struct trail *prev;
	const char *name;
	unsigned n;
};

struct arr;
struct val {
	uint8_t t;
	uint8_t flags; /* VF_* */
	uint32_t len;
	uint32_t taint; /* TA_* */
	const struct trail *how;
	union {
		int64_t i;
		double d;
		const char *s;
		struct arr *a;
		struct node *f; /* closure */
	} u;
	struct buf *own; /* a string at whose end there may be room */
};

enum {
	TA_GET = 1,
	TA_POST = 2,
	TA_COOKIE = 4,
	TA_REQUEST = 8,
	TA_FILES = 16,
	TA_HEADER = 32,
	TA_INPUT = 64,
	TA_ENV = 128,
	TA_REMOTE = 256,
	TA_B64 = 512,       /* decoded on the way */
	TA_LIST = 1024,     /* split on the way */
	TA_OPAQUE = 2048,   /* a decoder's result that could not be resolved */
	TA_SELF = 4096,     /* the path of this file */
	TA_TMP = 8192,      /* tmp_name of an uploaded file */
	TA_OPENED = 16384,  /* a stream */
	TA_REQUESTED = 255, /* any of the request */
	TA_SHOWN = 2047     /* those that have a name in marks */
};

/* --- output: php_print.c
 * ------------------------------------------------------------------ */
struct out {
	char *p;
	size_t n, cap;
	char last; /* last byte, for blanks between words */
};

/* --- one look
 * ----------------------------------------------------------------------------- */
struct php {
	struct php_limits lim;
	struct arena arena;
	uint16_t word_slot[WORD_SLOTS];
	uint8_t cls[256];      /* C_* of php_lex.h */
	uint8_t op_first[256]; /* first operator beginning so */

	/* of the look going on */
	jmp_buf out_of_it;
	struct php_view view;
	struct php_facts *f; /* &view.facts */
	uint64_t steps;
	size_t output; /* bytes of text and layers so far */
	enum php_stop stop;
	const char *src; /* the code being lexed */
	uint32_t src_len;
	bool trigger;
	struct php_layer *layers;
	size_t layer_cap;
};

/* End the look here: what was had stays. Does not return. */
_Noreturn void
php_stop(struct php *p, enum php_stop why);
/* A limit was met but the look goes on. */
void
php_note(struct php *p, enum php_stop why);
/* Count n units of work; ends the look when there were too many. */
static inline void
php_step(struct php *p, uint64_t n)
{
	p->steps += n;
	if (p->steps > p->lim.steps)
		php_stop(p, PHP_STOP_STEPS);
}

/* Zeroed, aligned to 8. Never NULL: ends the look instead. */
void *
php_alloc(struct php *p, size_t n);
/* As php_alloc(), not zeroed. */
char *
php_raw(struct php *p, size_t n);
void
php_arena_reset(struct arena *a);
void
php_arena_free(struct arena *a);

/* Fill the tables of *p: words, operators. */
void
php_words_init(struct php *p);
/* Word of a name in any case, W_NONE if it is not one we know. */
unsigned
php_word(const struct php *p, const char *s, size_t len);
const char *
php_word_text(unsigned w);
unsigned
php_word_flags(unsigned w);
const char *
php_op_text(unsigned op);

/* Lex p->src; in_php: no open tag needed. Sets p->trigger if worth a full look. */
struct toks
php_lex(struct php *p, bool in_php);

/* Print tokens as they are, one statement a line. */
void
php_print_flat(struct php *p, struct out *o, const struct toks *t);
void
php_out(struct php *p, struct out *o, const char *s, size_t n);
void
php_out_str(struct php *p, struct out *o, const char *s);
void
php_out_word(struct php *p, struct out *o, const char *s, size_t n);
void
php_out_lower(struct php *p, struct out *o, const char *s, size_t n);
void
php_print_tok(struct php *p, struct out *o, const char *src, const struct tok *t);
/* A literal in canonical form. */
void
php_out_lit(struct php *p, struct out *o, const char *s, size_t n);

#endif
