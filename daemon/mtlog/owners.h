/*
 * owners - whose a mail domain is, by the panel's own list
 *
 * Job:     "domain: login" lines (cPanel /etc/userdomains, DirectAdmin
 * /etc/virtual/domainowners)
 *          -> the login of an SMTP user "box@domain".
 * Touches: the heap, a descriptor it is given.
 * Limits:  OWNERS_MAX domains; beyond that the rest is unknown (owners_full tells).
 */
#ifndef MAILBRAKE_OWNERS_H
#define MAILBRAKE_OWNERS_H

#include <stdbool.h>

#include "mt_event.h"

#define OWNERS_MAX 65536
#define OWNERS_BYTES (8 << 20)

struct owners;

struct owners *owners_new(void);
void owners_free(struct owners **o);

/* Read the list anew from take_fd (closed). false: it could not be read; the old one
 * stays. */
bool owners_read(struct owners *o, int take_fd);

/* The login for "box@domain", NULL when no list names the domain. Borrowed until the next
 * read. */
const char *owners_find(const struct owners *o, struct slice address);

bool owners_full(const struct owners *o);

/* Domains it knows. */
unsigned owners_count(const struct owners *o);

#endif
