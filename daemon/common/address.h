/*
 * address - one address as one number
 *
 * Job:     the keyed hash by which judgement knows an address again.
 * Touches: nothing.
 *
 * HMAC-SHA256 of the address in lower case, cut to 64 bits. Whoever knows the key can write
 * to a thousand people whose hashes are one, and pass for somebody who writes to one. So
 * judge makes the key once (hub.rcpt_key) and keeps it in the store; a scan worker is told
 * it with each message, and a worker that hostile mail has taken over could tell it on:
 * that one can also lie about how many recipients there are.
 *
 * A tag is left out where the provider is known to deliver user+tag to user: so many ways
 * to write one address are one address. Elsewhere a tagged address may be somebody else's,
 * and is another one.
 */
#ifndef MAILBRAKE_ADDRESS_H
#define MAILBRAKE_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

#define ADDRESS_KEY 16

/* Never 0. */
uint64_t address_hash(const unsigned char key[ADDRESS_KEY], const char *p, size_t len);

#endif
