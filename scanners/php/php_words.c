/*
 * php_words - names the analysis knows
 *
 * Job:     name in any case -> enum word, by one hash; operators' texts.
 * Touches: nothing.
 */
#include <string.h>
#include "php_int.h"

static const struct {
	const char *text;
	uint16_t flags;
	uint8_t len;
} words[W__N] = {
    {"", 0, 0},
#define WORD(id, text, flags) {text, flags, sizeof(text) - 1},
#include "words.def"
#undef WORD
};

static const char opers[O_COUNT][4] = {
    "",
#define OPER(id, text) text,
#include "opers.def"
#undef OPER
};

static unsigned char
lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static uint32_t
hash(const char *s, size_t len)
{
	uint32_t h = (uint32_t)len;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ (lower(s[i]) | 0u)) * 0x01000193u;
	return h ^ h >> 15;
}

void
php_words_init(struct php *p)
{
	unsigned w;

	memset(p->word_slot, 0, sizeof(p->word_slot));
	for (w = 1; w < W__N; w++) {
		uint32_t at = hash(words[w].text, words[w].len) % WORD_SLOTS;

		while (p->word_slot[at] != 0)
			at = (at + 1) % WORD_SLOTS;
		p->word_slot[at] = (uint16_t)w;
	}
	memset(p->op_first, 0, sizeof(p->op_first));
	for (w = O_COUNT - 1; w > 0; w--) {
		p->op_next[w] = p->op_first[(unsigned char)opers[w][0]];
		p->op_first[(unsigned char)opers[w][0]] = (uint8_t)w;
	}
}

unsigned
php_word(const struct php *p, const char *s, size_t len)
{
	uint32_t at;
	unsigned w;
	size_t i;

	if (len == 0 || len > 32)
		return W_NONE;
	for (at = hash(s, len) % WORD_SLOTS; (w = p->word_slot[at]) != 0;
	     at = (at + 1) % WORD_SLOTS) {
		if (words[w].len != len)
			continue;
		for (i = 0; i < len && lower(s[i]) == (unsigned char)words[w].text[i];
		     i++)
			;
		if (i == len)
			return w;
	}
	return W_NONE;
}

const char *
php_word_text(unsigned w)
{
	return words[w].text;
}

unsigned
php_new_name(unsigned w)
{
	switch (w) {
	case W_HTTP_GET_VARS:
		return W_U_GET;
	case W_HTTP_POST_VARS:
		return W_U_POST;
	case W_HTTP_COOKIE_VARS:
		return W_U_COOKIE;
	case W_HTTP_POST_FILES:
		return W_U_FILES;
	case W_HTTP_SERVER_VARS:
		return W_U_SERVER;
	default:
		return w;
	}
}

unsigned
php_word_flags(unsigned w)
{
	return words[w].flags;
}

unsigned
php_op_at(const struct php *p, const char *s, size_t len, unsigned *n_out)
{
	unsigned o = p->op_first[(unsigned char)s[0]];

	for (; o != O_NONE; o = p->op_next[o]) {
		const char *t = opers[o];

		if ((t[1] != 0 && (len < 2 || t[1] != s[1])) ||
		    (t[1] != 0 && t[2] != 0 && (len < 3 || t[2] != s[2])))
			continue;
		*n_out = t[1] == 0 ? 1 : t[2] == 0 ? 2 : 3;
		return o;
	}
	return O_NONE;
}

const char *
php_op_text(unsigned op)
{
	return opers[op];
}

static void
grow_slots(struct php *p, struct names *n)
{
	uint32_t i, slots = n->slots == 0 ? 256 : n->slots * 2;
	uint32_t *slot = php_alloc(p, slots * sizeof(*slot));

	p->kept++;

	for (i = 1; i < n->n; i++) {
		uint32_t at = n->v[i].hash & (slots - 1);

		while (slot[at] != 0)
			at = (at + 1) & (slots - 1);
		slot[at] = i;
	}
	n->slot = slot;
	n->slots = slots;
}

static bool
same(const struct name *n, const char *s, size_t len, bool fold)
{
	size_t i;

	if (n->len != len)
		return false;
	if (!fold)
		return memcmp(n->s, s, len) == 0;
	for (i = 0; i < len && (unsigned char)n->s[i] == lower(s[i]); i++)
		;
	return i == len;
}

static void
add_name(struct php *p, struct names *n, const char *s, size_t len, uint32_t h)
{
	if (n->n + 1 >= n->cap) {
		uint32_t cap = n->cap == 0 ? 128 : n->cap * 2;
		struct name *v = php_alloc(p, cap * sizeof(*v));

		p->kept++;

		if (n->n != 0)
			memcpy(v, n->v, n->n * sizeof(*v));
		n->v = v;
		n->cap = cap;
		if (n->n == 0)
			n->n = 1;
	}
	n->v[n->n].s = s;
	n->v[n->n].len = (uint32_t)len;
	n->v[n->n].hash = h;
}

static uint32_t
name_hash(const char *s, size_t len, bool fold)
{
	uint32_t h = 2166136261u;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ (fold ? lower(s[i]) : (unsigned char)s[i])) * 0x01000193u;
	return h ^ h >> 15;
}

uint32_t
php_find(const struct php *p, const char *s, size_t len, bool fold)
{
	const struct names *n = &p->names;
	uint32_t h = name_hash(s, len, fold), at;

	if (n->slots == 0)
		return 0;
	for (at = h & (n->slots - 1); n->slot[at] != 0; at = (at + 1) & (n->slots - 1))
		if (n->v[n->slot[at]].hash == h && same(&n->v[n->slot[at]], s, len, fold))
			return n->slot[at];
	return 0;
}

uint32_t
php_intern(struct php *p, const char *s, size_t len, bool fold)
{
	struct names *n = &p->names;
	uint32_t h = name_hash(s, len, fold), at;
	size_t i;

	if (n->n * 2 >= n->slots)
		grow_slots(p, n);
	for (at = h & (n->slots - 1); n->slot[at] != 0; at = (at + 1) & (n->slots - 1))
		if (n->v[n->slot[at]].hash == h && same(&n->v[n->slot[at]], s, len, fold))
			return n->slot[at];
	p->kept++;
	if (fold) {
		char *low = php_raw(p, len + 1);

		for (i = 0; i < len; i++)
			low[i] = (char)lower(s[i]);
		low[len] = 0;
		s = low;
	}
	add_name(p, n, s, len, h);
	n->slot[at] = n->n;
	return n->n++;
}
