/*
 * php_int - what the parts of the PHP analysis share
 *
 * Job:     the arena, tokens, syntax tree, values and the one context of a look.
 *          Included only by php*.c and by what fuzzes the parts. Order of work: php_lex,
 *          php_parse, php_walk (statements), php_eval (expressions), php_fn_*, php_print.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_PHP_INT_H
#define MAILBRAKE_PHP_INT_H

#include <setjmp.h>
#include "php.h"

/* --- words --- */
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

/* --- arena: php_arena.c --- */
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
	const void *sole; /* the one value that has it, if no other was given it */
};

/* --- tokens: php_lex.c --- */
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

/* --- tree: php_parse.c, php_parse_stmt.c --- */
enum node_kind {
	/* expressions; kids in the order given */
	N_NUM,    /* v */
	N_LIT,    /* s, len decoded; v */
	N_INTERP, /* parts */
	N_VAR,    /* s, len, id */
	N_VARVAR, /* name */
	N_ARRAY,  /* N_ITEM.. (also list()) */
	N_ITEM,   /* value [, key]; NF_REF, NF_SPREAD */
	N_INDEX,  /* base [, index] */
	N_PROP,   /* base, name (N_NAME or an expression) */
	N_SPROP,  /* class, N_VAR or expression */
	N_SCONST, /* class, name (N_NAME or an expression) */
	N_NAME,   /* s, len, w: constant, class, function */
	N_CALL,   /* callee, arguments.. */
	N_NEW,    /* class (N_NAME, expression, N_CLASS), arguments.. */
	N_CHAIN,  /* operands; join: operator before each but the first */
	N_ASSIGN, /* target, value; op */
	N_UNARY,  /* operand; op */
	N_INC,    /* operand; op; NF_POST */
	N_CAST,   /* operand; w */
	N_TERN,   /* condition, then, else; NF_SHORT: condition, else */
	N_KW,   /* w: isset empty exit print eval include.. clone throw yield; operands */
	N_FUNC, /* function, method, closure: N_PARAM.., body; s,len name; NF_ARROW */
	N_PARAM, /* s, len, id; [default]; NF_REF, NF_SPREAD */
	N_BTICK, /* N_INTERP or N_LIT */
	N_MATCH, /* subject, N_ITEM.. */
	/* statements */
	N_BLOCK,
	N_EXPR,    /* expression */
	N_ECHO,    /* expressions */
	N_HTML,    /* s, len */
	N_IF,      /* condition, statement [, condition, statement].. [, else] */
	N_WHILE,   /* condition, body */
	N_DO,      /* body, condition */
	N_FOR,     /* N_BLOCK, N_BLOCK, N_BLOCK, body */
	N_FOREACH, /* subject, value, body [, key] */
	N_SWITCH,  /* subject, N_CASE.. */
	N_CASE,    /* condition or N_NOP, statements.. */
	N_JUMP,    /* w: break continue return goto (s,len,id); [value] */
	N_LABEL,   /* s, len, id */
	N_GLOBAL,  /* N_VAR.. */
	N_STATIC,  /* N_VAR or N_ASSIGN.. */
	N_UNSET,   /* expressions */
	N_TRY,     /* blocks */
	N_CLASS,   /* s, len name; members */
	N_CONST,   /* N_ASSIGN of N_NAME.. */
	N_RAW,     /* s, len: text of what could not be parsed */
	N_NOP
};
enum {
	NF_PAREN = 1,
	NF_REF = 2,
	NF_SPREAD = 4,
	NF_POST = 8,
	NF_SHORT = 16,
	NF_ARROW = 32,
	NF_USE = 64,    /* a closure's use() parameter */
	NF_SEEN = 128,  /* its facts are counted */
	NF_SEEN2 = 256, /* its taint is counted */
	NF_DONE = 512,  /* a statement walked while following goto */
	NF_BUSY = 1024, /* a loop that could not be run */
	NF_ELSE = 2048,
	NF_METHOD = 4096,
	NF_CONSTV = 8192,  /* v belongs to the tree, not to the last walk */
	NF_SEEN3 = 16384,  /* that nothing has set it is counted */
	NF_ALLARGS = 32768 /* a function that was seen to ask for all its arguments */
};
#define HEIGHT_MAX 240

struct val;
struct node {
	uint8_t kind; /* enum node_kind */
	uint8_t op;   /* enum op */
	uint8_t join; /* enum op between it and the sibling before, in a chain */
	uint8_t height;
	uint16_t flags; /* NF_* */
	uint16_t w;     /* word of a name or variable */
	uint32_t len;
	uint32_t id;   /* interned name of a variable, function, label */
	const char *s; /* name, literal */
	struct node *kid, *next;
	struct val *v; /* last value known, see php_eval */
};

struct source {
	const char *s;
	uint32_t len;
};

/* Parse a whole source into an N_BLOCK. */
struct node *php_parse(struct php *p, struct source src, const struct toks *t);

/* --- values: php_value.c --- */
enum val_type { V_UNKNOWN, V_NULL, V_BOOL, V_INT, V_DBL, V_STR, V_ARR, V_FUNC };

struct trail { /* how a string was come by, newest first */
	const struct trail *prev;
	const char *name;
	unsigned n;
};

struct val {
	uint8_t t;     /* enum val_type */
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
	VF_HID = 1,    /* made by folding: stands nowhere in the source as it is */
	VF_SELF = 2,   /* the path of this file, or what is read from it */
	VF_CODE = 4,   /* looked at already whether it is a program */
	VF_TABLE = 8,  /* unknown, but one of the functions in u.a */
	VF_PREFIX = 16 /* unknown, but one of the file's functions that begin with u.s */
};

struct key {
	const char *s; /* NULL: i */
	uint32_t len;
	int64_t i;
};
struct ent {
	struct key k;
	struct val v;
	bool dead;
};
struct arr {
	struct ent *e;
	uint32_t n, cap, live;
	uint32_t *slot, slots; /* made when larger than a few */
	int64_t next;
	bool shared; /* another value has it too: copy before writing */
};

#define STR_BYTES ((uint32_t)4 << 20) /* a longer string is unknown */

static inline bool
known(const struct val *v)
{
	return v->t != V_UNKNOWN;
}

static inline struct val
php_unknown(uint32_t taint)
{
	return (struct val){.t = V_UNKNOWN, .taint = taint};
}

void php_v_str(struct val *v, const char *s, size_t n);
void php_v_int(struct val *v, int64_t i);
void php_v_bool(struct val *v, bool b);
void php_v_dbl(struct val *v, double d);
void php_v_arr(struct php *p, struct val *v, uint32_t cap);
/* A known scalar as a string; false for arrays and the unknown (v untouched). */
bool php_to_str(struct php *p, struct val *v);
int64_t php_to_int(const struct val *v);
double php_to_dbl(const struct val *v);
bool php_truthy(const struct val *v);
/* A string that ends in .php or the like. */
bool php_is_prog(const struct val *v);
/* A string that begins like an address to fetch. */
bool php_is_url(const struct val *v);
/* a .= b, both strings; unknown when it would be too long. */
void php_cat(struct php *p, struct val *a, const struct val *b);
bool php_key(struct php *p, const struct val *v, struct key *k_out);
struct val *php_arr_get(const struct arr *a, const struct key *k);
/* v becomes the owner of its array: then it may be written. */
void php_arr_own(struct php *p, struct val *v);
/* The element, made if not there. *a must be owned. */
struct val *php_arr_at(struct php *p, struct arr *a, const struct key *k);
struct val *php_arr_push(struct php *p, struct arr *a);
bool php_arr_del(struct arr *a, const struct key *k);
/* How two strings compare, as strcmp. */
int php_str_cmp(const struct val *a, const struct val *b);
/* ==, known values only: 1, 0, -1 unknown. */
int php_loose_eq(struct php *p, const struct val *a, const struct val *b);
int php_strict_eq(const struct val *a, const struct val *b);
/* Remember the decoder. */
void php_trail(struct php *p, struct val *v, const struct trail *prev, const char *name);

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
	TA_B64 = 512,      /* decoded on the way */
	TA_LIST = 1024,    /* split on the way */
	TA_OPAQUE = 2048,  /* a decoder's result that could not be resolved */
	TA_SELF = 4096,    /* the path of this file */
	TA_TMP = 8192,     /* tmp_name of an uploaded file */
	TA_OPENED = 16384, /* a stream */
	TA_UNSET = 32768,  /* a variable that nothing in the file has set */
	TA_URL = 65536,    /* begins with http:// or the like, the rest unknown */
	TA_TEMP = 131072,  /* a path below the directory for temporary files */
	TA_FAR = 262144,   /* TA_REMOTE only because of TA_URL, and whole as it came */
	TA_PROG = 524288,  /* a path that ends like a program's */
	TA_OWN =
	    1048576, /* what a function of the file made of constants, and could not be run */
	TA_REQUESTED = 255, /* any of the request */
	TA_SHOWN = 2047     /* those that have a name in marks */
};
/* Of the request, but set apart: php_apart.h. */
#define TA_ASIDE_SHIFT 21
#define TA_ASIDE ((uint32_t)TA_REQUESTED << TA_ASIDE_SHIFT)
#define TA_QUOTED ((uint32_t)1 << 29) /* a word between quotes of the shell */
#define TA_LISTED ((uint32_t)1 << 30) /* one of a list of constants */
#define TA_RISKY ((uint32_t)1 << 31)  /* the first word; or one may name a sink */
#define TA_APART (TA_ASIDE | TA_QUOTED | TA_LISTED | TA_RISKY)

/* --- names: php_words.c --- */
struct name {
	const char *s;
	uint32_t len, hash;
	struct node *func;    /* function or method declared by that name */
	struct node *label;   /* goto's target */
	struct val *constant; /* define() */
	uint32_t taint;       /* of what the function returns, the path holds */
	uint32_t given;       /* of all arguments the function was called with */
	uint16_t word;
};
struct names {
	struct name *v; /* id 0 is none */
	uint32_t n, cap;
	uint32_t *slot, slots;
};

/* --- variables: php_scope.c --- */
struct var {
	struct val v;
	struct var *link; /* global, or by reference: the one meant */
	struct scope *home;
	uint32_t id;
	uint32_t wrote; /* the taint of what was written to this path or stream */
};
struct saved { /* a value forgotten */
	struct var *at;
	struct val v;
	struct saved *next;
};
struct scope {
	struct scope *up; /* caller's, while a function is run or walked */
	struct var **slot;
	uint32_t slots, n;
	struct node *func;
};

/* --- output: php_print.c --- */
struct out {
	char *p;
	size_t n, cap;
	char last; /* last byte, for blanks between words */
};

/* --- what a long file is condensed by: php_condense.c --- */
enum php_long {
	PHP_LONG_COMMENT,
	PHP_LONG_MORE,
	PHP_LONG_BLANKS,
	PHP_LONG_HTML,
	PHP_LONG_LITERAL
};
struct cut {
	uint32_t from, to;
};

/* --- one look --- */
#define CLOSURES_MAX 48 /* remembered, php_keep_closure() */
struct php {
	struct php_limits given;
	struct arena arena;
	uint16_t word_slot[WORD_SLOTS];
	uint8_t cls[256];         /* C_* of php_lex.h */
	uint8_t op_next[O_COUNT]; /* the next beginning so */
	uint8_t op_first[256];    /* first operator beginning so */
	uint8_t text_first[256];  /* first text looked for in strings */
	bool stray;               /* php_stray_tags() */

	/* of the look going on */
	jmp_buf out_of_it;
	struct php_limits lim;
	struct php_view view;
	struct php_facts *f; /* &view.facts */
	uint64_t steps, loop_steps;
	struct source longest; /* literal */
	uint64_t text_seen;    /* bits of php_facts.c */
	uint64_t kept;         /* counts what outlives the function being run */
	size_t output;         /* bytes of text and layers so far */
	enum php_stop stop;
	bool trigger;
	struct names names;
	struct source file; /* the whole input */
	struct scope *globals, *scope;
	struct saved *saved; /* php_forget() */
	struct scope *props; /* ->name and ::$name, whatever the object */
	struct out *o;       /* where text goes; NULL: nowhere */
	struct out top;      /* the text of the file itself */
	struct out marks;    /* for the end of the statement */
	unsigned concrete;   /* running, not walking */
	unsigned cond;       /* walking code that may not run */
	unsigned dead;       /* .. or that never does: if (0) */
	unsigned loop;       /* within this many loops */
	unsigned depth;      /* of eval and walk in each other */
	unsigned bits;       /* within operands of ^ & | .. */
	bool bit_strings;    /* .. of which one is a literal */
	bool fields;         /* php_see_fields() saw some */
	bool peek;           /* the variable's value is looked at, not handed on */
	char byte[256];      /* every string of one byte */
	unsigned vain;       /* statements run that gave nothing known */
	unsigned calls;      /* of functions run in each other */
	unsigned layer;      /* depth of the layer walked */
	const struct node
	    *listed;         /* what an if() around has found in a list of constants */
	uint32_t listed_how; /* .. as php_apart() has it */
	bool again;          /* taint grew behind the walk */
	bool cutting;        /* php_condense() wants to know what is long */
	uint32_t cut_tok;    /* tokens before the last comment */
	bool cut_code;       /* .. and left out some of a literal */
	struct cut *cut;
	uint32_t cut_n, cut_cap;
	struct php_layer *layers;
	size_t layer_cap;
	uint64_t *layer_hash;
	struct node **funcs; /* declared, to be walked */
	uint32_t func_n, func_cap;
	struct val code_ret; /* what the last code walked as a layer returned */
	struct val ret;      /* of the function being run */
	uint32_t ret_id;     /* its name, or the label of a goto */
	/* php_side.h */
	struct var *opened_var; /* the path opened last to be written, */
	uint32_t opened_id;     /* .. and where it is a constant */
	bool buffered;          /* ob_start() was called */
	uint32_t printed;       /* what is printed since */
	struct node *printer;   /* .. and the function that gets it */
	uint32_t thrown;        /* what exceptions carry */
	struct node *closure[CLOSURES_MAX];
	unsigned closure_n;
};

#define DEPTH_MAX 1200

/* End the look here: what was had stays. Does not return. */
_Noreturn void php_stop(struct php *p, enum php_stop why);
/* A limit was met but the look goes on. */
void php_note(struct php *p, enum php_stop why);

/* Zeroed, aligned to 8. Never NULL: ends the look instead. */
void *php_alloc(struct php *p, size_t n);
/* As php_alloc(), not zeroed. */
char *php_raw(struct php *p, size_t n);
/* Give back everything allocated since: only if nothing of it is still meant. */
struct place {
	struct block *block;
	size_t used;
};
struct place php_place(const struct php *p);
void php_release(struct php *p, struct place at);
/* The last allocation needs only this much. */
void php_shrink(struct php *p, char *at, size_t had, size_t now);
void php_arena_reset(struct arena *a);
void php_arena_free(struct arena *a);

/* Fill the tables of *p: words, operators. */
void php_words_init(struct php *p);
/* Word of a name in any case, W_NONE if it is not one we know. */
unsigned php_word(const struct php *p, const char *s, size_t len);
/* $HTTP_POST_VARS, as PHP 4 called it, is $_POST: the word of today. */
unsigned php_new_name(unsigned w);
const char *php_word_text(unsigned w);
unsigned php_word_flags(unsigned w);
const char *php_op_text(unsigned op);
/* The longest operator s begins with, its length in *n_out; O_NONE. */
unsigned php_op_at(const struct php *p, const char *s, size_t len, unsigned *n_out);
/* The id of a name, made if new. fold: in lower case (functions, labels). */
uint32_t php_intern(struct php *p, const char *s, size_t len, bool fold);
/* The id of a name that is there; 0. */
uint32_t php_find(const struct php *p, const char *s, size_t len, bool fold);
/* The same of an N_NAME, remembered in it. A node is used with one kind of fold only. */
static inline uint32_t
php_name_id(struct php *p, struct node *n, bool fold)
{
	if (n->id == 0)
		n->id = php_intern(p, n->s, n->len, fold);
	return n->id;
}

/*
 * Lex; in_php: no open tag needed. Counts into f, sets p->trigger if worth a full look.
 * The list ends with a T_END that is not counted in n.
 */
struct toks php_lex(struct php *p, struct source src, bool in_php, struct php_facts *f);

/* Everything of the last look goes. */
void php_clear(struct php *p);
/* The lexer, where p->cutting, of what lies from s[from] to s[to]. */
void php_cut(struct php *p, enum php_long what, const char *s, uint32_t from,
	     uint32_t to);

/* Print n tokens as they are, one statement a line. */
void php_print_flat(struct php *p, struct out *o, struct source src, const struct tok *t,
		    uint32_t n);
void php_print_tok(struct php *p, struct out *o, const char *src, const struct tok *t);
void php_out(struct php *p, struct out *o, const char *s, size_t n);
void php_out_str(struct php *p, struct out *o, const char *s);
void php_out_word(struct php *p, struct out *o, const char *s, size_t n);
void php_out_lower(struct php *p, struct out *o, const char *s, size_t n);
/* A literal in canonical form. */
void php_out_lit(struct php *p, struct out *o, const char *s, size_t n);
/* An expression as it was last evaluated: php_show.c. */
void php_show(struct php *p, struct out *o, const struct node *n);

/* Count n units of work; ends the look when there were too many. */
static inline void
php_step(struct php *p, uint64_t n)
{
	p->steps += n;
	if (p->steps > p->lim.steps)
		php_stop(p, PHP_STOP_STEPS);
	if (p->concrete != 0)
		p->loop_steps += n;
}

/* Running has used what it may: what was run is unknown. */
static inline bool
php_tired(const struct php *p)
{
	return p->concrete != 0 && p->loop_steps > p->lim.loop_steps;
}

/* --- php_scope.c */
struct scope *php_scope_new(struct php *p, struct scope *up);
/* The variable; NULL if make is false and there is none. */
struct var *php_var(struct php *p, struct scope *s, uint32_t id, bool make);
/* Set: merges with what was there where the code may not run. */
void php_set(struct php *p, struct var *at, const struct val *v);
/* target = v; target any that can stand left of =. */
void php_assign(struct php *p, struct node *target, const struct val *v);
/* The variable a node means, NULL if it is not known which. */
struct var *php_lvalue(struct php *p, struct node *n, bool make);
/* Forget the values (not the taint) of everything assigned within n; onto p->saved. */
void php_forget(struct php *p, struct node *n);

/* --- php_read.c: values of what is read; php_eval() calls them by the node's kind */
struct val php_read_var(struct php *p, struct node *n);
struct val php_read_varvar(struct php *p, struct node *n);
struct val php_read_index(struct php *p, struct node *n);
struct val php_read_array(struct php *p, struct node *n);
struct val php_read_text(struct php *p, struct node *n);
struct val php_read_name(struct php *p, struct node *n);
struct val php_read_member(struct php *p, struct node *n);

/* --- php_eval.c */
struct val php_eval(struct php *p, struct node *n);
/* op on known values; false: unknown. */
bool php_binary(struct php *p, unsigned op, struct val *a, const struct val *b);

/* --- php_call.c, php_run.c, php_builtin.c */
#define ARGS_MAX 24
/* Not cleared on entry, whatever the compiler is told: large, and filled before use. */
#define PHP_UNSET __attribute__((uninitialized))
struct val php_call(struct php *p, struct node *n);
/* new C(..): its constructor gets the arguments' taint. */
struct val php_create(struct php *p, struct node *n);
/* Call by name with values, for callbacks: unknown if it cannot be computed. */
struct val php_call_value(struct php *p, const struct val *f, struct val *a, unsigned n);
/* Run a function of the file on values; from: where they come from, for parameters by
 * reference, or NULL. */
struct args;
bool php_run(struct php *p, struct node *f, const struct args *from, const struct val *a,
	     unsigned n, struct val *out);

/* --- php_fn_*.c: functions computed on known values; false: not */
typedef bool php_fn(struct php *p, struct val *a, unsigned n, struct val *out);
php_fn *php_fn_str(unsigned w);
php_fn *php_fn_text(unsigned w);
php_fn *php_fn_arr(unsigned w);
php_fn *php_fn_decode(unsigned w, const char **trail_out);
bool php_base64(struct php *p, const struct val *in, struct val *out);

/* --- php_sink.c: facts and marks of a call, after its arguments are evaluated */
void php_sink_call(struct php *p, struct node *n, unsigned w, struct val *a,
		   struct node **an, unsigned argc, bool hidden);
/* An included path that is not plain PHP. */
bool php_odd_path(const struct val *v);
/* Facts of a call that need no taint. */
void php_facts_call(struct php *p, unsigned w, const struct val *a, unsigned argc);
void php_sink_method(struct php *p, struct node *n, const struct node *name,
		     struct val *a, struct node **an, unsigned argc);
void php_sink_kw(struct php *p, struct node *n, struct val *a);
/* given: the taint of its arguments */
void php_sink_dynamic(struct php *p, struct node *n, const struct val *f, uint32_t given);
void php_sink_backtick(struct php *p, struct node *n, const struct val *a);
void php_sink_new(struct php *p, struct node *n, const struct val *c);
/* new W(a..) of a class we know. */
void php_sink_made(struct php *p, unsigned w, struct val *a, struct node **an,
		   unsigned argc);
/* Remember the names of a page's form fields: register_globals makes them variables. */
void php_see_fields(struct php *p, const char *s, size_t len);
bool php_is_field(struct php *p, const struct node *n);
/* $_SERVER['..'] = .. and other targets worth a fact. */
void php_sink_assign(struct php *p, struct node *target, const struct val *v);
/* Request data: the taint of $_X[key]; counts the field. */
uint32_t php_source(struct php *p, struct node *n, const struct val *key);
void php_mark(struct php *p, const char *mark, const char *sink, unsigned arg,
	      uint32_t taint);
/* Strings of the code: what mailers have in them. */
void php_texts_init(struct php *p);
void php_see_text(struct php *p, const char *s, size_t len);

/* --- php_layer.c */
/* Code in a known string: walk it as a layer. code: no open tag needed. */
void php_layer(struct php *p, const struct val *v, enum php_layer_kind kind, bool code);
/* A decoded string that is kept: a layer if it looks like a program. */
void php_keep(struct php *p, struct val *v);
bool php_looks_code(const char *s, size_t n);

/* --- php_walk.c, php_control.c, php_exec.c */
void php_walk(struct php *p, struct node *n);
/* Walk a source: lex, parse, statements, then functions. */
void php_walk_source(struct php *p, struct source src, bool in_php, struct out *o);
void php_walk_tokens(struct php *p, struct source src, const struct toks *t,
		     struct out *o);
/* Facts known at the end: names, entropy. */
void php_facts_end(struct php *p);
/* global $a, $b; */
void php_globals(struct php *p, struct node *n);
void php_walk_func(struct php *p, struct node *f);
enum flow { F_ON, F_BREAK, F_CONTINUE, F_RETURN, F_GOTO, F_FAIL };
/* Run a statement; F_FAIL when something that matters is not known. */
enum flow php_exec(struct php *p, struct node *n);
enum flow php_exec_list(struct php *p, struct node *first);

#endif
