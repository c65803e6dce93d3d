/* fuzz_lint - a message's form, as the mail worker looks at a sample */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lint_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_finding(void *arg, const struct lint_finding *f)
{
	size_t *n = arg;

	/* names are words: they are put into one line with blanks between */
	if (strpbrk(f->check, " \t\n") != NULL || strlen(f->text) > 400)
		abort();
	(*n)++;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = 0;

	if (lint_message((const char *)data, size, true, on_finding, &n) != n)
		abort();
	return 0;
}
