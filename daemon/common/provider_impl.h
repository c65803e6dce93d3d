/*
 * provider_impl - the compiled provider table, seen only by provider_*.c
 *
 * Job:     the structs the parser fills and the matcher reads.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_PROVIDER_IMPL_H
#define MAILBRAKE_PROVIDER_IMPL_H

#include "provider_table.h"
#include "reply.h"

/* Limits of the file: a table beyond them is refused with its line, never cut silently.
 */
#define TABLE_BYTES_MAX (1 << 20)
#define ROWS_MAX 2048
#define PATTERNS_MAX 8192
#define PIECES_MAX 12
#define HOSTS_MAX 8192
#define RANGES_MAX 12

/* "~a b*c": literal pieces in order; each may ask for a word's edge at either end. */
struct piece {
	const char *s;
	unsigned short len;
	bool edge_before, edge_after;
};

struct pattern {
	struct piece piece[PIECES_MAX];
	unsigned char count;
	bool anchored; /* the first piece begins the text */
	uint16_t
	    pair[2]; /* two byte pairs of the first piece: absent from a text, no match */
};

/* Which byte pairs a text has: most patterns are ruled out by one look. */
#define PAIR_BITS 4096
struct pairs {
	uint64_t bit[PAIR_BITS / 64];
};

static inline uint16_t
pair_hash(const char *s)
{
	unsigned a = (unsigned char)s[0], b = (unsigned char)s[1];

	return (uint16_t)((a * 61 + b) % PAIR_BITS);
}

struct code_range {
	int lo, hi;
};

/* x.7.606-649; class 0 is any, subject -1 is any. */
struct enh_range {
	int class, subject, lo, hi;
};

struct row {
	const char *name, *action, *source, *example;
	uint64_t for_mask; /* bit i: provider i; 0: generic */
	int first_provider;
	enum reply_scope scope;
	unsigned line;
	struct code_range code[RANGES_MAX];
	struct enh_range enh[RANGES_MAX];
	unsigned char codes, enhs;
	unsigned text_first, text_count; /* alternatives: one must match */
	unsigned not_first, not_count;   /* none of these may match */
};

/* One MX suffix (begins with a dot) or recipient domain. */
struct host {
	const char *name;
	int provider;
};

struct provider {
	const char *name, *title;
	unsigned hint_first, hint_count; /* reply texts that give the provider away */
};

struct provider_table {
	char *arena; /* the file's text; every string points into it */
	struct provider provider[PROVIDER_MAX];
	unsigned providers;
	struct row *row;
	unsigned rows;
	struct pattern *pattern;
	unsigned patterns;
	struct host *mx, *domain; /* sorted by name once parsed */
	unsigned mxs, domains;
};

/* Does the pattern occur in the text? Linear: pieces are taken leftmost, never again. */
bool pattern_match(const struct pattern *p, const char *text, size_t len);
void pairs_fill(struct pairs *q, const char *text, size_t len);

int host_compare(const void *a, const void *b);

#endif
