/*
 * xmem - memory that is there, or the process is not
 *
 * Job:     allocation for daemons: out of memory ends the process with a
 *          message; the parent starts it again (STYLE: errors). The wrapper
 *          and the scan workers do not use it for what a peer can size.
 * Touches: the heap.
 */
#ifndef MAILBRAKE_XMEM_H
#define MAILBRAKE_XMEM_H

#include <stddef.h>

void *xcalloc(size_t n, size_t size);
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
void *xmemdup(const void *p, size_t n);

#endif
