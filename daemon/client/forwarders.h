/*
 * forwarders - which of our addresses forward to the large providers
 *
 * Job:     read the alias files of panels and MTAs; whoever forwards to Microsoft,
 *          Google or Yahoo sends them the spam his box receives, under this server's
 *          address.
 * Touches: the files, by reading; links are not followed, and at most FORWARD_BYTES of
 *          each.
 * Source:  cPanel /etc/valiases, DirectAdmin /etc/virtual/DOMAIN/aliases, aliases(5),
 *          virtual(5), ~/.forward.
 */
#ifndef MAILBRAKE_FORWARDERS_H
#define MAILBRAKE_FORWARDERS_H

#include "provider_table.h"

#define FORWARD_BYTES (1 << 20)

struct forwarder {
	const char *file;     /* borrowed for the call, like all here; foreign text */
	const char *address;  /* who forwards; "" for a .forward file */
	const char *target;   /* where to */
	const char *provider; /* whose the target is */
};

typedef void (*forwarder_fn)(void *arg, const struct forwarder *f);

/* root: "" or a directory that stands for "/". Returns how many were told; *unread_out
 * counts files that could not be read. */
unsigned forwarders_each(const struct provider_table *t, const char *root,
			 forwarder_fn fn, void *arg, unsigned *unread_out);

#endif
