/*
 * dns - names looked up, one after the other, within a time
 *
 * Job:     c-ares with a deadline over all: TXT, PTR, addresses.
 * Touches: the resolvers of /etc/resolv.conf, nobody else.
 * Limits:  DNS_TOTAL_MS for everything asked; after two questions that nobody answered
 *          no further one is asked.
 */
#ifndef MAILBRAKE_DNS_H
#define MAILBRAKE_DNS_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

#define DNS_TOTAL_MS 12000

enum dns_end {
	DNS_FOUND,
	DNS_NONE,  /* there is no such record */
	DNS_SILENT /* no resolver answered, or none is set */
};

/* What is found is given as text; it is foreign. */
typedef void (*dns_fn)(void *arg, const char *text, size_t len);

struct dns;
/* 0, or -1: the resolver library cannot begin. */
int dns_open(struct dns **out, struct err *e);
void dns_close(struct dns **d);

/* Each TXT record of a name, its strings joined. */
enum dns_end dns_txt(struct dns *d, const char *name, dns_fn fn, void *arg);
/* Each name an address (text, IPv4 or IPv6) points back to. */
enum dns_end dns_ptr(struct dns *d, const char *ip, dns_fn fn, void *arg);
/* Each address of a name, as text. */
enum dns_end dns_addr(struct dns *d, const char *name, dns_fn fn, void *arg);

#endif
