/*
 * relint - see relint.h
 *
 * Job:     a small parser of expressions, and a walk over the tree.
 * Touches: nothing.
 */
#include "relint.h"

#include <ctype.h>
#include <string.h>

#define NODES_MAX 2048
#define DEPTH_MAX 64
#define REPEAT_INF 100000u
#define WIDE_MIN 200 /* bytes of a class that is as good as "anything" */

enum kind { SET, CAT, ALT, REP };

struct set {
	uint64_t bits[4];
};

struct node {
	enum kind kind;
	struct set set;    /* SET */
	unsigned min, max; /* REP */
	int child, next;   /* -1: none */
};

struct parser {
	const char *at, *end;
	bool nocase, dotall, bad;
	int depth, count;
	struct node node[NODES_MAX];
};

static void
set_add(struct set *s, unsigned c)
{
	s->bits[c >> 6 & 3] |= UINT64_C(1) << (c & 63);
}

static bool
set_has(const struct set *s, unsigned c)
{
	return (s->bits[c >> 6 & 3] >> (c & 63) & 1) != 0;
}

static void
set_or(struct set *s, const struct set *o)
{
	int i;

	for (i = 0; i < 4; i++)
		s->bits[i] |= o->bits[i];
}

static bool
set_meets(const struct set *a, const struct set *b)
{
	int i;

	for (i = 0; i < 4; i++)
		if ((a->bits[i] & b->bits[i]) != 0)
			return true;
	return false;
}

static unsigned
set_size(const struct set *s)
{
	unsigned c, n = 0;

	for (c = 0; c < 256; c++)
		n += set_has(s, c);
	return n;
}

static int
node_new(struct parser *p, enum kind kind)
{
	if (p->count == NODES_MAX) {
		p->bad = true;
		return 0;
	}
	p->node[p->count] = (struct node){.kind = kind, .child = -1, .next = -1};
	return p->count++;
}

/* \w and its like; false: c is none of them. */
static bool
class_of(char c, struct set *out)
{
	char low = (char)tolower((unsigned char)c);
	unsigned i;

	if (low != 'w' && low != 's' && low != 'd')
		return false;
	for (i = 0; i < 256; i++) {
		bool in = low == 'w'   ? isalnum((int)i) != 0 || i == '_'
			  : low == 's' ? i == ' ' || (i >= 9 && i <= 13)
				       : isdigit((int)i) != 0;

		if (in == (c == low))
			set_add(out, i);
	}
	return true;
}

/* The byte of an escape; *at stands on the letter after the backslash and moves behind.
 */
static unsigned
escaped(struct parser *p)
{
	char c = *p->at++;
	unsigned v = 0, i;

	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'r':
		return '\r';
	case 'f':
		return '\f';
	case 'a':
		return '\a';
	case 'x':
		for (i = 0; i < 2 && p->at < p->end && isxdigit((unsigned char)*p->at);
		     i++, p->at++)
			v = v * 16 +
			    (unsigned)(isdigit((unsigned char)*p->at)
					   ? *p->at - '0'
					   : tolower((unsigned char)*p->at) - 'a' + 10);
		return v & 255;
	default:
		return (unsigned char)c;
	}
}

static void
add_byte(const struct parser *p, struct set *s, unsigned c)
{
	set_add(s, c);
	if (p->nocase && c < 128 && isalpha((int)c) != 0) {
		set_add(s, (unsigned)tolower((int)c));
		set_add(s, (unsigned)toupper((int)c));
	}
}

/* After "[". */
static void
bracket(struct parser *p, struct set *s)
{
	bool negated = p->at < p->end && *p->at == '^', first = true;
	unsigned last = 0, c, i;
	bool can_range = false;

	p->at += negated;
	for (; p->at < p->end && (*p->at != ']' || first); first = false) {
		c = (unsigned char)*p->at++;
		if (c == '-' && can_range && p->at < p->end && *p->at != ']') {
			c = (unsigned char)*p->at++;
			if (c == '\\' && p->at < p->end)
				c = escaped(p);
			for (i = last; i <= c; i++)
				add_byte(p, s, i);
			can_range = false;
			continue;
		}
		if (c == '\\' && p->at < p->end) {
			if (class_of(*p->at, s)) {
				p->at++;
				can_range = false;
				continue;
			}
			c = escaped(p);
		}
		add_byte(p, s, c);
		last = c;
		can_range = true;
	}
	if (p->at >= p->end)
		p->bad = true;
	else
		p->at++;
	for (i = 0; negated && i < 4; i++)
		s->bits[i] = ~s->bits[i];
}

static int parse_alt(struct parser *p);

/* One thing that can be repeated; -1: it takes no byte (^ $ \b). */
static int
parse_one(struct parser *p)
{
	char c = *p->at++;
	int n, i;

	if (c == '^' || c == '$')
		return -1;
	if (c == '(') {
		if (p->at + 1 < p->end && p->at[0] == '?' && p->at[1] == ':')
			p->at += 2;
		if (++p->depth > DEPTH_MAX) {
			p->bad = true;
			return -1;
		}
		n = parse_alt(p);
		p->depth--;
		if (p->at < p->end && *p->at == ')')
			p->at++;
		else
			p->bad = true;
		return n;
	}
	n = node_new(p, SET);
	if (c == '[')
		bracket(p, &p->node[n].set);
	else if (c == '.') {
		for (i = 0; i < 4; i++)
			p->node[n].set.bits[i] = ~UINT64_C(0);
		if (!p->dotall)
			p->node[n].set.bits[0] &= ~(UINT64_C(1) << '\n');
	} else if (c == '\\' && p->at < p->end) {
		if (*p->at == 'b' || *p->at == 'B') {
			p->at++;
			return -1;
		}
		if (class_of(*p->at, &p->node[n].set))
			p->at++;
		else
			add_byte(p, &p->node[n].set, escaped(p));
	} else
		add_byte(p, &p->node[n].set, (unsigned char)c);
	return n;
}

static unsigned
number(struct parser *p, unsigned none)
{
	unsigned v = 0;
	bool any = false;

	for (; p->at < p->end && isdigit((unsigned char)*p->at); p->at++, any = true)
		v = v < REPEAT_INF ? v * 10 + (unsigned)(*p->at - '0') : REPEAT_INF;
	return !any ? none : v > REPEAT_INF ? REPEAT_INF : v;
}

/* * + ? {n} {n,} {,m} {n,m}, each perhaps lazy. false: there is none here. */
static bool
quantifier(struct parser *p, unsigned *min, unsigned *max)
{
	const char *was = p->at;

	*min = 0;
	*max = REPEAT_INF;
	if (p->at >= p->end)
		return false;
	if (*p->at == '+')
		*min = 1;
	else if (*p->at == '?')
		*max = 1;
	else if (*p->at == '{') {
		p->at++;
		*min = *max = number(p, 0);
		if (p->at < p->end && *p->at == ',') {
			p->at++;
			*max = number(p, REPEAT_INF);
		}
		if (p->at >= p->end || *p->at != '}') {
			p->at = was; /* a brace of the text */
			return false;
		}
	} else if (*p->at != '*')
		return false;
	p->at++;
	if (p->at < p->end && *p->at == '?')
		p->at++;
	return true;
}

static int
parse_cat(struct parser *p)
{
	int cat = node_new(p, CAT), last = -1;

	while (p->at < p->end && *p->at != '|' && *p->at != ')' && !p->bad) {
		int n = parse_one(p);
		unsigned min, max;

		while (quantifier(p, &min, &max)) {
			int rep;

			if (n < 0)
				continue;
			rep = node_new(p, REP);
			p->node[rep].child = n;
			p->node[rep].min = min;
			p->node[rep].max = max;
			n = rep;
		}
		if (n < 0 || p->bad)
			continue;
		if (last < 0)
			p->node[cat].child = n;
		else
			p->node[last].next = n;
		last = n;
	}
	return cat;
}

static int
parse_alt(struct parser *p)
{
	int alt = node_new(p, ALT), last = parse_cat(p);

	p->node[alt].child = last;
	while (p->at < p->end && *p->at == '|' && !p->bad) {
		int n;

		p->at++;
		n = parse_cat(p);
		p->node[last].next = n;
		last = n;
	}
	return alt;
}

/* The bytes it can begin with into *out; true: it may also be empty. */
static bool
first_of(const struct parser *p, int n, struct set *out)
{
	const struct node *x = &p->node[n];
	bool empty = false;
	int i;

	switch (x->kind) {
	case SET:
		set_or(out, &x->set);
		return false;
	case REP:
		return first_of(p, x->child, out) || x->min == 0;
	case ALT:
		for (i = x->child; i >= 0; i = p->node[i].next)
			empty |= first_of(p, i, out);
		return empty;
	case CAT:
		for (i = x->child; i >= 0; i = p->node[i].next)
			if (!first_of(p, i, out))
				return false;
		return true;
	}
	return true;
}

/* What can stand behind the nodes after n, and then follow. */
static struct set
behind(const struct parser *p, int n, const struct set *follow)
{
	struct set s = {{0}};
	int i;

	for (i = p->node[n].next; i >= 0; i = p->node[i].next)
		if (!first_of(p, i, &s))
			return s;
	set_or(&s, follow);
	return s;
}

struct cost {
	uint64_t states; /* of the repeats here */
	uint64_t nested; /* of repeats in repeats */
};

static struct cost walk(const struct parser *p, int n, const struct set *follow,
			struct relint *out);

static struct cost
walk_rep(const struct parser *p, const struct node *x, const struct set *follow,
	 struct relint *out)
{
	struct set first = {{0}}, inner = *follow;
	struct cost c;
	bool open;

	(void)first_of(p, x->child, &first);
	if (x->max > 1)
		set_or(&inner, &first);
	c = walk(p, x->child, &inner, out);
	if (x->max == REPEAT_INF && p->node[x->child].kind == SET &&
	    set_size(&p->node[x->child].set) >= WIDE_MIN)
		out->unbounded = true;
	if (x->max <= 1 || x->max == REPEAT_INF) /* one state, however often it turns */
		return c;
	/* after each round it may end or go on: does the next byte tell which? */
	open = x->max > x->min && set_meets(&first, follow);
	if (c.states > 1) {
		c.states *= x->max;
		if (c.states > c.nested)
			c.nested = c.states;
	} else if (open)
		c.states = x->max;
	if (c.states > REPEAT_INF)
		c.states = REPEAT_INF;
	return c;
}

static struct cost
walk(const struct parser *p, int n, const struct set *follow, struct relint *out)
{
	const struct node *x = &p->node[n];
	struct cost most = {1, 1};
	int i;

	if (x->kind == REP)
		return walk_rep(p, x, follow, out);
	if (x->kind == SET)
		return most;
	for (i = x->child; i >= 0; i = p->node[i].next) {
		const struct set after = x->kind == CAT ? behind(p, i, follow) : *follow;
		struct cost c = walk(p, i, &after, out);

		if (c.states > most.states)
			most.states = c.states;
		if (c.nested > most.nested)
			most.nested = c.nested;
	}
	return most;
}

/* Does a branch begin with a repeat of anything that may go on for long? */
static bool
leads(const struct parser *p, int n)
{
	const struct node *x = &p->node[n];
	int i;

	if (x->kind == ALT) {
		for (i = x->child; i >= 0; i = p->node[i].next)
			if (leads(p, i))
				return true;
		return false;
	}
	if (x->kind == CAT)
		return x->child >= 0 && leads(p, x->child);
	if (x->kind != REP)
		return false;
	if (p->node[x->child].kind != SET)
		return leads(p, x->child);
	return x->max == REPEAT_INF && set_size(&p->node[x->child].set) >= WIDE_MIN;
}

struct relint
relint_look(const char *re, size_t len, bool nocase, bool dotall)
{
	static struct parser p; /* 100 kB: not for the stack */
	struct relint out = {.states = 1};
	struct set none = {{0}};
	int root;

	p.at = re;
	p.end = re + len;
	p.nocase = nocase;
	p.dotall = dotall;
	p.bad = false;
	p.depth = p.count = 0;
	root = parse_alt(&p);
	if (p.bad || p.at != p.end)
		return out;
	out.understood = true;
	out.leading = leads(&p, root);
	out.states = walk(&p, root, &none, &out).nested;
	return out;
}
