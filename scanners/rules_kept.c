/*
 * rules_kept - see rules.h
 *
 * Job:     what compiling the rules gave as bytes, and back.
 * Touches: libyara.
 * Format:  COMPILED_SOURCES: for each file its path and a zero, a byte (1: broken), its
 *          text without what was left out; then the count of rules left out (8 bytes)
 *          and the problem with a zero.
 */
#include <stdlib.h>
#include <string.h>

#include "compiled.h"
#include "rules.h"
#include "text.h"
#include "xmem.h"

struct memory {
	unsigned char *at;
	size_t len, room, done;
};

static size_t
write_memory(const void *from, size_t size, size_t count, void *arg)
{
	struct memory *m = arg;
	size_t n = size * count;

	if (m->room - m->len < n) {
		m->room = (m->len + n) * 2;
		m->at = xreallocarray(m->at, m->room, 1);
	}
	if (n > 0)
		memcpy(m->at + m->len, from, n);
	m->len += n;
	return count;
}

static size_t
read_memory(void *to, size_t size, size_t count, void *arg)
{
	struct memory *m = arg;
	size_t i;

	for (i = 0; i < count && m->len - m->done >= size; i++) {
		memcpy((unsigned char *)to + i * size, m->at + m->done, size);
		m->done += size;
	}
	return i;
}

void
rules_keep(struct rules *r)
{
	struct memory yara = {0}, s = {0};
	YR_STREAM stream = {&yara, NULL, write_memory};
	const uint64_t skipped = r->skipped;
	size_t i;

	for (i = 0; i < r->source_count; i++) {
		const struct rule_source *f = &r->source[i];
		const unsigned char broken = f->broken;

		(void)write_memory(f->path, strlen(f->path) + 1, 1, &s);
		(void)write_memory(&broken, 1, 1, &s);
		(void)write_memory(f->text, f->len, 1, &s);
	}
	(void)write_memory(&skipped, sizeof skipped, 1, &s);
	(void)write_memory(r->problem, strlen(r->problem) + 1, 1, &s);
	if (yr_rules_save_stream(r->yara, &stream) == ERROR_SUCCESS) {
		compiled_keep(r->compiled, COMPILED_SOURCES, s.at, s.len);
		compiled_keep(r->compiled, COMPILED_YARA, yara.at, yara.len);
	}
	free(yara.at);
	free(s.at);
}

/* Walk over COMPILED_SOURCES; into *r when take is true. The problem names paths, so with
 * one they must be the same. */
static bool
sources(struct rules *r, bool take)
{
	size_t len, at = 0, i;
	const char *p = compiled_part(r->compiled, COMPILED_SOURCES, &len);
	bool moved = false;
	uint64_t skipped;

	if (len == 0 || p[len - 1] != '\0')
		return false;
	for (i = 0; i < r->source_count; i++) {
		struct rule_source *f = &r->source[i];

		moved |= strcmp(p + at, f->path) != 0;
		at += strlen(p + at) + 1;
		if (len - at < f->len + 2)
			return false;
		if (take) {
			f->broken = p[at] != 0;
			r->broken += f->broken;
			memcpy(f->text, p + at + 1, f->len);
		}
		at += 1 + f->len;
	}
	if (len - at < sizeof skipped + 1)
		return false;
	memcpy(&skipped, p + at, sizeof skipped);
	at += sizeof skipped;
	if (p[at] != '\0' && moved)
		return false;
	if (take) {
		r->skipped = (unsigned)skipped;
		if (r->problem[0] == '\0')
			(void)text_copy(r->problem, sizeof r->problem, p + at);
	}
	return true;
}

bool
rules_from_kept(struct rules *r)
{
	struct memory m = {0};
	YR_STREAM stream = {&m, read_memory, NULL};

	if (!sources(r, false))
		return false;
	/* only read from; the stream has one type for both ways */
	m.at =
	    (unsigned char *)(uintptr_t)compiled_part(r->compiled, COMPILED_YARA, &m.len);
	if (yr_rules_load_stream(&stream, &r->yara) != ERROR_SUCCESS) {
		r->yara = NULL;
		return false;
	}
	(void)sources(r, true);
	return true;
}
