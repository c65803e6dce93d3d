/*
 * mailbody - see mailbody.h
 *
 * Job:     find the text of a message, normalise it, simhash it.
 * Touches: GMime.
 * Source:  Charikar, "Similarity estimation techniques from rounding
 *          algorithms" (simhash); FNV-1a.
 */
#include "mailbody.h"

#include <ctype.h>
#include <gmime/gmime.h>
#include <stdbool.h>
#include <string.h>

#include "mailhead.h"

#define WORDS_MIN 8 /* fewer say nothing */
#define WORD_MAX 32 /* longer ones are codes or links */
#define PARTS_MAX \
	100 /* "multipart/" in the bytes; beyond it the bytes are hashed as they lie */

static uint64_t
fnv(uint64_t h, const void *p, size_t len)
{
	const unsigned char *c = p;

	while (len-- > 0)
		h = (h ^ *c++) * UINT64_C(0x100000001b3);
	return h;
}
#define FNV_START UINT64_C(0xcbf29ce484222325)

/* FNV mixes its high bits poorly; simhash votes by bit (finaliser of MurmurHash3). */
static uint64_t
mix(uint64_t h)
{
	h ^= h >> 33;
	h *= UINT64_C(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ (h >> 33);
}

uint64_t
mail_subject_hash(const char *s)
{
	uint64_t h = FNV_START;
	bool any = false;

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (isdigit(c) != 0 || isspace(c) != 0)
			continue;
		c = (unsigned char)tolower(c);
		h = fnv(h, &c, 1);
		any = true;
	}
	return any ? h : 0;
}

struct simhash {
	int vote[64];
	uint64_t word[3];
	unsigned words;
};

static void
simhash_word(struct simhash *s, const unsigned char *w, size_t len)
{
	uint64_t h;
	unsigned i;

	s->word[s->words++ % 3] = fnv(FNV_START, w, len);
	if (s->words < 3)
		return;
	h = mix(s->word[(s->words - 1) % 3] ^ (s->word[(s->words - 2) % 3] * 3) ^
		(s->word[(s->words - 3) % 3] * 7));
	for (i = 0; i < 64; i++)
		s->vote[i] += (h >> i & 1) != 0 ? 1 : -1;
}

/* Words of letters only; a word with a digit, an @ or a :// in it is personal. */
static uint64_t
simhash_text(const unsigned char *p, size_t len)
{
	struct simhash s = {{0}, {0}, 0};
	unsigned char w[WORD_MAX];
	size_t n = 0, i;
	bool personal = false, tag = false;
	uint64_t out = 0;

	for (i = 0; i <= len; i++) {
		unsigned char c = i < len ? p[i] : ' ';

		if (c == '<')
			tag = true;
		if (tag) {
			tag = c != '>';
			c = ' ';
		}
		if (isalpha(c) != 0 || c >= 0x80) {
			if (n < WORD_MAX)
				w[n] = (unsigned char)tolower(c);
			n++;
		} else if (isspace(c) != 0 || c == ',' || c == '.') {
			if (n > 0 && n <= WORD_MAX && !personal)
				simhash_word(&s, w, n);
			n = 0;
			personal = false;
		} else if (isdigit(c) != 0 || c == '@' || c == '/' || c == '=' ||
			   c == ':')
			personal = true;
	}
	if (s.words < WORDS_MIN)
		return 0;
	for (i = 0; i < 64; i++)
		if (s.vote[i] > 0)
			out |= UINT64_C(1) << i;
	return out != 0 ? out : 1;
}

static bool
many_parts(const char *p, size_t len)
{
	const char *end = p + len;
	unsigned n = 0;

	while ((p = memmem(p, (size_t)(end - p), "ultipart/", 9)) != NULL) {
		if (++n > PARTS_MAX)
			return true;
		p += 9;
	}
	return false;
}

/* The first text part, looking through containers without recursion. */
static GMimePart *
text_part(GMimeMessage *m)
{
	GMimePartIter *it = g_mime_part_iter_new((GMimeObject *)m);
	GMimePart *found = NULL;
	unsigned n = 0;

	do {
		GMimeObject *o = g_mime_part_iter_get_current(it);
		GMimeContentType *t =
		    o != NULL ? g_mime_object_get_content_type(o) : NULL;

		if (o != NULL && GMIME_IS_PART(o) && t != NULL &&
		    g_mime_content_type_is_type(t, "text", "*"))
			found = (GMimePart *)o;
	} while (found == NULL && ++n < PARTS_MAX && g_mime_part_iter_next(it));
	g_mime_part_iter_free(it);
	return found;
}

static uint64_t
hash_part(GMimePart *part)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	GMimeStream *mem = g_mime_stream_mem_new();
	uint64_t h = 0;

	if (content != NULL && g_mime_data_wrapper_write_to_stream(content, mem) >= 0) {
		GByteArray *a = g_mime_stream_mem_get_byte_array((GMimeStreamMem *)mem);

		h = simhash_text(a->data, a->len);
	}
	g_object_unref(mem);
	return h;
}

uint64_t
mail_body_hash(const void *data, size_t head_len, size_t len)
{
	GMimeStream *stream;
	GMimeParser *parser;
	GMimeMessage *m;
	GMimePart *part;
	uint64_t h = 0;

	if (len - head_len > MAILHEAD_BODY_MAX)
		len = head_len + MAILHEAD_BODY_MAX;
	/* GMime recurses into parts and makes an object a field: both are a stranger's to
	 * choose */
	if (head_len > (64u << 10) || many_parts(data, len))
		return simhash_text((const unsigned char *)data + head_len,
				    len - head_len);
	stream = g_mime_stream_mem_new_with_buffer(data, len);
	parser = g_mime_parser_new_with_stream(stream);
	m = g_mime_parser_construct_message(parser, NULL);
	if (m != NULL) {
		part = text_part(m);
		if (part != NULL)
			h = hash_part(part);
		g_object_unref(m);
	}
	g_object_unref(parser);
	g_object_unref(stream);
	return h;
}
