/*
 * yarasrc - the text of YARA rules, taken apart as far as we need it
 *
 * Job:     rules, their strings with modifiers, their conditions as tokens,
 *          for the prefilter and the lint. libyara has compiled the text
 *          already, so it is known to be well-formed; what is not understood
 *          is marked so, never guessed.
 * Touches: nothing.
 * Source:  YARA's manual, "Writing YARA rules".
 */
#ifndef MAILBRAKE_YARASRC_H
#define MAILBRAKE_YARASRC_H

#include <stdbool.h>
#include <stddef.h>

enum ytok_kind {
	YTOK_END,
	YTOK_WORD,   /* identifiers and keywords, dots included */
	YTOK_STRING, /* "text", quotes included */
	YTOK_REGEX,  /* /re/flags */
	YTOK_NUMBER, /* 10, 0x1f, 2MB, 1.5 */
	YTOK_VAR,    /* $a $a* #a @a !a */
	YTOK_OP, /* one of ( ) { } : = , [ ] and comparison operators of one or two bytes
		  */
};

struct ytok {
	enum ytok_kind kind;
	const char *at; /* in the source text */
	size_t len;
};

enum ystring_kind { YSTRING_TEXT, YSTRING_REGEX, YSTRING_HEX };

enum { /* ystring.mods */
       YMOD_NOCASE = 1,
       YMOD_WIDE = 2,
       YMOD_ASCII = 4,
       YMOD_FULLWORD = 8,
       YMOD_OTHER = 16, /* xor, base64: not to be found by their own bytes */
};

struct ystring {
	struct ytok name; /* "$a", or "$" */
	enum ystring_kind kind;
	const char *at; /* inside the quotes, slashes or braces */
	size_t len;
	bool re_nocase, re_dotall;
	unsigned mods;
};

struct yrule {
	const char *name;
	size_t name_len;
	const char *from, *to; /* the whole of it, modifiers and closing brace included */
	unsigned line;         /* of its name */
	bool private_rule, global;
	struct ytok *meta; /* the tokens of each section */
	size_t meta_count;
	struct ystring *strings;
	size_t string_count;
	struct ytok *cond;
	size_t cond_count;
};

struct yarasrc {
	struct yrule *rules;
	size_t count;
};

/* Take text (len bytes, borrowed as long as *out lives) apart. false: not understood as a
 * whole; *out holds the rules before that place. */
bool yarasrc_parse(struct yarasrc *out, const char *text, size_t len);
void yarasrc_free(struct yarasrc *s);

/*
 * The next `include "name"` at or after *pos: *from and *to are its place in text, *name
 * what stands between the quotes (all borrowed), *pos moves behind it. false: none is
 * left.
 */
struct yinclude {
	size_t from, to;
	const char *name;
	size_t name_len;
};
bool yarasrc_include(const char *text, size_t len, size_t *pos, struct yinclude *out);

bool ytok_is(const struct ytok *t, const char *word);

#endif
