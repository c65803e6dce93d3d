/*
 * owners - whose a mail domain is, by the panel's own list
 *
 * Job:     where the list lies; its "domain: login" lines -> the login of an SMTP user
 *          "box@domain", or of a domain.
 * Touches: the heap, a descriptor it is given.
 * Source:  cPanel /etc/userdomains, DirectAdmin /etc/virtual/domainowners, or an admin's
 *          own list in the same form.
 * Never:   believes a list that others than root can write.
 * Limits:  OWNERS_MAX domains; beyond that the rest is unknown (owners_full tells).
 */
#ifndef MAILBRAKE_OWNERS_H
#define MAILBRAKE_OWNERS_H

#include <stdbool.h>
#include <sys/stat.h>

#include "conf.h"
#include "mt_event.h"

#define OWNERS_MAX 65536
#define OWNERS_BYTES (8 << 20)
#define OWNERS_PLACES 3

struct owners;

struct owners *owners_new(void);
void owners_free(struct owners **o);

/* Where the list may lie by the setting own_domains, the first that is there counts.
 * Returns how many places (0: none is to be read); they point into c or live for ever. */
int owners_places(const struct conf *c, const char *places[OWNERS_PLACES]);

/* Is it only root, or an account we were started as ourselves, who can write it? */
bool owners_believed(const struct stat *st);

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
