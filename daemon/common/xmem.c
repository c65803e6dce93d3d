/*
 * xmem - memory that is there, or the process is not
 *
 * Job:     see xmem.h.
 * Touches: the heap.
 */
#include "xmem.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

void *
xcalloc(size_t n, size_t size)
{
	void *p = calloc(n == 0 ? 1 : n, size == 0 ? 1 : size);

	if (p == NULL)
		log_fatal(71, "out_of_memory bytes=%zu", n * size);
	return p;
}

void *
xreallocarray(void *p, size_t n, size_t size)
{
	void *q = reallocarray(p, n == 0 ? 1 : n, size == 0 ? 1 : size);

	if (q == NULL)
		log_fatal(71, "out_of_memory count=%zu size=%zu", n, size);
	return q;
}

void *
xmemdup(const void *p, size_t n)
{
	void *q = xcalloc(1, n);

	if (n > 0)
		memcpy(q, p, n);
	return q;
}

char *
xstrdup(const char *s)
{
	return xmemdup(s, strlen(s) + 1);
}
