/*
 * place_hash - where in a table something stands, keyed
 *
 * Job:     the finaliser of MurmurHash3, twice, with a salt: which two share a place
 *          nobody outside can say.
 * Touches: nothing.
 */
#ifndef MAILBRAKE_PLACE_HASH_H
#define MAILBRAKE_PLACE_HASH_H

#include <stdint.h>

/* Never 0, which means a free place. */
static inline uint32_t
place_hash(uint64_t salt, uint64_t h)
{
	for (unsigned i = 0; i < 2; i++) {
		h = (h ^ salt) * UINT64_C(0xff51afd7ed558ccd);
		h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
		h ^= h >> 33;
	}
	return (uint32_t)h == 0 ? 1 : (uint32_t)h;
}

#endif
