/*
 * rules_switch - libyara's strings switched off and on again
 *
 * Job:     what libyara need not look for in the file at hand.
 * Touches: the compiled rules, which are this process's own.
 * Source:  libyara/scan.c, yr_scan_verify_match, of 4.2.3 and of today: the flag that
 *          yr_rule_disable() sets on strings is asked for nowhere, and each atom that is
 *          met is verified all the same. The offset of a string that may stand at one place
 *          alone is asked for before that, so what is off may stand at none.
 */
#include <stdlib.h>

#include "rules.h"

#define NOWHERE INT64_MIN

struct rule_string {
	int64_t offset;
	uint32_t fixed; /* STRING_FLAGS_FIXED_OFFSET, or 0 */
};

int
rules_strings_start(struct rules *r, struct err *e)
{
	uint32_t i, n = r->yara != NULL ? r->yara->num_strings : 0;

	r->string = calloc(n + 1, sizeof *r->string);
	if (r->string == NULL)
		return err_set(e, ERR_SYS, "rules: no memory");
	for (i = 0; i < n; i++) {
		const YR_STRING *s = &r->yara->strings_table[i];

		r->string[i].offset = s->fixed_offset;
		r->string[i].fixed = s->flags & STRING_FLAGS_FIXED_OFFSET;
	}
	return 0;
}

void
rules_string_on(const struct rules *r, uint32_t i, bool on)
{
	const struct rule_string *was = &r->string[i];
	YR_STRING *s = &r->yara->strings_table[i];

	s->flags &= ~(uint32_t)STRING_FLAGS_FIXED_OFFSET;
	s->flags |= on ? was->fixed : (uint32_t)STRING_FLAGS_FIXED_OFFSET;
	s->fixed_offset = on ? was->offset : NOWHERE;
}
