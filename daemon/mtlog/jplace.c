/*
 * jplace - where reading of the journal stopped, as a file keeps it
 *
 * Job:     see jplace.h.
 * Touches: nothing.
 */
#include "jplace.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

#define MARK "journal2 "

static uint64_t
sum_of(const char *s, size_t len)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * UINT64_C(1099511628211);
	return h;
}

bool
jplace_print(const struct jplace *p, char dst[JPLACE_SLOT])
{
	size_t n;

	memset(dst, 0, JPLACE_SLOT);
	if (p->cursor[0] == '\0' || strpbrk(p->cursor, " \n") != NULL)
		return false;
	snprintf(dst, JPLACE_SLOT, MARK "%" PRIu64 " %s ", p->number, p->cursor);
	n = strlen(dst);
	snprintf(dst + n, JPLACE_SLOT - n, "%016" PRIx64 "\n", sum_of(dst, n));
	return true;
}

static bool
parse_slot(const char *at, size_t len, struct jplace *out)
{
	char slot[JPLACE_SLOT + 1], again[JPLACE_SLOT], *end;
	const char *space;
	size_t n;

	memcpy(slot, at, len);
	slot[len] = '\0';
	if (strncmp(slot, MARK, sizeof(MARK) - 1) != 0)
		return false;
	space = strchr(slot + sizeof(MARK) - 1, ' ');
	if (space == NULL || (end = strchr(space + 1, ' ')) == NULL)
		return false;
	n = (size_t)(end - space - 1);
	if (n == 0 || n >= sizeof(out->cursor))
		return false;
	memcpy(out->cursor, space + 1, n);
	out->cursor[n] = '\0';
	if (sscanf(slot + sizeof(MARK) - 1, "%" SCNu64, &out->number) != 1)
		return false;
	/* the sum, and that nothing else stands there: as it would be written */
	return jplace_print(out, again) && strcmp(again, slot) == 0;
}

int
jplace_parse(const char *file, size_t len, struct jplace *out)
{
	struct jplace p;
	int found = 0;

	for (size_t at = 0; at < JPLACE_FILE && at < len; at += JPLACE_SLOT) {
		size_t n = len - at < JPLACE_SLOT ? len - at : JPLACE_SLOT;

		if (parse_slot(file + at, n, &p)) {
			if (found != 1 || p.number > out->number)
				*out = p;
			found = 1;
		} else if (found == 0 && n >= 7 && memcmp(file + at, "journal", 7) == 0) {
			found = -1;
		}
	}
	return found;
}
