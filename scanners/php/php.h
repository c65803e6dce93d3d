/*
 * php - what a piece of PHP does, seen through its disguise
 *
 * Job:     lex, parse, fold constants, unpack literal layers and follow request
 *          data into dangerous calls; give text and facts that rules can test.
 *          Nothing of the input is ever executed: an evaluator of pure
 *          functions works on constants, within the limits given.
 * Touches: nothing. No I/O, no clock, no global; memory from one bounded arena.
 * Source:  the PHP manual (lexical structure, operators, zlib, string functions).
 *
 * Use: php_new() once per worker, php_look() once per file, php_free() at the end.
 *
 * THE NORMALISED TEXT (php_view.text and php_layer.text)
 *   one statement a line; no comments; a single blank only where two words, or a word and
 * a literal, meet
 *     (`function f($a){`, `echo $x;`, `$a=$b.'c';`), none around operators;
 *   names of functions, classes and keywords in lower case, variables as written;
 *   what is constant is folded: 'a'.'b' is 'ab', chr(65) is 'A', base64_decode('..')
 *     is its result; a folded string is called by its name: $f('x') is system('x');
 *   strings in single quotes, ' and \ escaped with \, and @@ at the begin of a line of
 *     theirs (it is no mark); other bytes as they are; a
 *     literal above 8,192 bytes is cut there and ends in '...' inside the quotes;
 *   HTML between PHP is an echo of a literal; `@` is dropped; include_once/require/..
 *     stay as written;
 *   backticks are shell_exec(..); function bodies follow the main code.
 *   Lines that begin with @@ are marks made by the analysis, never by the file:
 *     @@taint SINK ARG SOURCES      request data reaches argument ARG (1..) of SINK
 *                                   e.g. `@@taint mail 1 POST`, `@@taint eval 1
 * COOKIE,B64`
 *     @@code SINK                   a constant string is run as code (it is a layer)
 *     @@opaque SINK                 something decoded that could not be resolved is run
 *     @@callback NAME               a code or command function is given as a callback
 *   SINK is a function name, or `eval`, `include`, `call` (a dynamic call), `backtick`.
 *   SOURCES are of GET POST COOKIE REQUEST FILES HEADER INPUT ENV REMOTE, and B64 when it
 *   was decoded on the way, LIST when it was split into a list.
 */
#ifndef MAILBRAKE_PHP_H
#define MAILBRAKE_PHP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct php_limits {
	size_t input_bytes;  /* more of the file is not read */
	size_t output_bytes; /* all normalised texts and decoded layers together */
	size_t memory_bytes; /* arena, all of it */
	uint64_t steps;      /* units of work: about 10 ns each */
	uint64_t loop_steps; /* of these, for running decoder loops and functions */
	unsigned layers;     /* kept; further ones are counted only */
	unsigned depth;      /* layers within layers */
};

/* Why a look ended before the end; the facts php_budget and php_stop tell rules. */
enum php_stop {
	PHP_STOP_NONE,
	PHP_STOP_INPUT,  /* longer than input_bytes: the rest was not read */
	PHP_STOP_OUTPUT, /* output_bytes reached */
	PHP_STOP_MEMORY, /* memory_bytes reached or the system has none */
	PHP_STOP_STEPS,  /* steps reached */
	PHP_STOP_LAYERS, /* more layers, or deeper, than the limits */
	PHP_STOP_NEST,   /* an expression or block nested beyond reason was cut */
	PHP_STOP_COUNT
};

/* How a layer was come by. */
enum php_layer_kind {
	PHP_LAYER_EVAL,    /* run: eval, assert, create_function, preg_replace /e */
	PHP_LAYER_INCLUDE, /* included from a data: address */
	PHP_LAYER_DROP,    /* written to a file */
	PHP_LAYER_DECODED, /* decoded and looks like code, use not seen */
	PHP_LAYER_LITERAL  /* a plain string that holds a whole program */
};

struct php_layer {
	const char *data; /* the bytes as decoded */
	size_t len;
	const char *text; /* normalised, NULL if it is not PHP */
	size_t text_len;
	enum php_layer_kind kind;
	unsigned depth; /* 1: found in the file itself */
	char how[96];   /* decoders in the order undone: "base64>gzinflate>rot13" */
};

struct php_facts {
#define FACT(name, meaning) int64_t name;
#include "facts.def"
#undef FACT
};

struct php_fact_row {
	const char *name; /* with its php_ prefix, as rules write it */
	const char *meaning;
	size_t offset; /* of the int64_t in struct php_facts */
};

struct php_view {
	bool php;         /* there is PHP in it */
	bool plain;       /* nothing of interest: text is empty, scan only the bytes */
	const char *text; /* normalised outermost code, "" if plain; not NUL-terminated */
	size_t text_len;
	const struct php_layer *layers;
	size_t layer_count;
	struct php_facts facts;
	enum php_stop stop;
	uint64_t steps; /* done */
};

struct php;

/* The limits that keep 1 MB of anything below the worker's 250 ms. */
void php_limits_default(struct php_limits *l);

/* Copies *l. NULL: no memory. */
struct php *php_new(const struct php_limits *l);
void php_free(struct php **p);

/*
 * Look at len bytes of data, which are borrowed until the next call. Always gives a view;
 * when a limit ended it early, view->stop says which and the view holds what was had.
 * Borrowed until the next php_look() or php_free().
 */
const struct php_view *php_look(struct php *p, const void *data, size_t len);

/* As php_look(), for code without an open tag (what eval would be given). */
const struct php_view *php_look_code(struct php *p, const void *data, size_t len);

/*
 * Are short open tags in the binary files that come next rather bytes that happen to be
 * so? Then one counts when what follows it could be code. Off at first; for files that no
 * web server runs as PHP.
 */
void php_stray_tags(struct php *p, bool likely);

/*
 * Copy data to out without the middles of what is long and says nothing: comments,
 * blanks, text between the tags, literals. Of more than cap bytes the first. in_php:
 * there is no open tag. The length; 0 when it could not be done. *all_code_out: no code
 * and no literal was left out.
 */
size_t php_condense(struct php *p, const void *data, size_t len, bool in_php, char *out,
		    size_t cap, bool *all_code_out);

/* "none", "input", ...; static. */
const char *php_stop_name(enum php_stop s);

/* The facts' names in declared order; *count_out rows, static. */
const struct php_fact_row *php_fact_rows(size_t *count_out);

#endif
