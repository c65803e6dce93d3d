/*
 * here - is an address one of this machine's
 *
 * Job:     tell a client of our own mail server that is on this machine from one that
 *          is not: 127/8, ::1, and every address an interface has, IPv4 in IPv6 too.
 * Touches: the kernel's list of addresses, read at most once a minute.
 * Limits:  HERE_MAX addresses; beyond them one is not known, said once an hour.
 */
#ifndef MAILBRAKE_HERE_H
#define MAILBRAKE_HERE_H

#include <stdbool.h>
#include <stdint.h>

#define HERE_MAX 4096

/* family: AF_INET (4 bytes) or AF_INET6 (16); any other is nowhere. */
bool here_address(int family, const uint8_t *address);
/* "127.0.0.2", "::1"; what is no address is not here. */
bool here_text(const char *address);

#endif
