/*
 * php_lex - what the two halves of the lexer share (php_lex.c, php_lex_str.c)
 *
 * Job:     the lexer's state and character classes.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_PHP_LEX_H
#define MAILBRAKE_PHP_LEX_H

#include "php_int.h"

enum {
	C_BLANK = 1,
	C_ALPHA = 2, /* begins a name */
	C_DIGIT = 4,
	C_WORD = 8, /* goes on with one */
	C_HEX = 16,
	C_UNDER = 32,
	C_QUOTE = 64 /* ends or bends a double-quoted string */
};

struct lexer {
	struct php *p;
	struct php_facts *f;
	const uint8_t *cls;
	const char *s;
	uint32_t len, at, open_at;
	bool in_php, script, closed, halted;
	bool binary;                /* an image, or NUL near its top */
	uint32_t stray_bytes, sign; /* see stray() */
	unsigned chrs, bits;        /* chr( calls; runs of short literals joined */
	struct toks t;
};

void php_lex_classes(uint8_t cls[256]);
/* Quote at x->at: one token of the whole string. */
void php_lex_quoted(struct lexer *x);
/* <<< at x->at: true if it was a heredoc. */
bool php_lex_heredoc(struct lexer *x);
/* #[ at x->at: true if it is an attribute; skipped then. */
bool php_lex_attr(struct lexer *x);
/* The comment from x->at ends before end. */
void php_lex_comment(struct lexer *x, uint32_t end);
/* Count and judge what was pushed. */
void php_lex_name(struct lexer *x, unsigned w);
void php_lex_num(struct lexer *x);
void php_lex_var(struct lexer *x);
void php_lex_call(struct lexer *x); /* ( comes next */
void php_lex_file(struct lexer *x);
void php_lex_push(struct lexer *x, unsigned type, unsigned flag, uint32_t off,
		  uint32_t len);

#endif
