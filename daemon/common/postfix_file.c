/*
 * postfix_file - where a message of Postfix's queue lies
 *
 * Job:     see postfix_file.h.
 * Touches: asks whether files are there.
 */
#include "postfix_file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool
postfix_id_ok(const char *id)
{
	size_t n = strlen(id);

	/* short ids are hex, long ones base 52 */
	return n >= 5 && n <= 20 &&
	       strspn(id,
		      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") ==
		   n;
}

bool
postfix_file(char *dst, size_t size, const char *dir, const char *queue, const char *id)
{
	int depth, n;

	if (!postfix_id_ok(id))
		return false;
	for (depth = 0; depth <= 2; depth++) {
		n = depth == 0 ? snprintf(dst, size, "%s/%s/%s", dir, queue, id)
		    : depth == 1
			? snprintf(dst, size, "%s/%s/%c/%s", dir, queue, id[0], id)
			: snprintf(dst, size, "%s/%s/%c/%c/%s", dir, queue, id[0], id[1],
				   id);
		if (n > 0 && (size_t)n < size && access(dst, F_OK) == 0)
			return true;
	}
	return false;
}
