/*
 * address - see address.h
 *
 * Job:     see address.h.
 * Touches: nothing.
 */
#include "address.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include <nettle/hmac.h>

/* Those that say so themselves. */
static bool
drops_tags(const char *domain, size_t len)
{
	static const char *const names[] = {
	    "gmail.com",     "googlemail.com", "outlook.com", "hotmail.com",
	    "live.com",      "msn.com",        "icloud.com",  "me.com",
	    "mac.com",       "proton.me",      "pm.me",       "protonmail.com",
	    "protonmail.ch", "fastmail.com",   "fastmail.fm", "mailbox.org",
	    "posteo.de",     "posteo.net",     "yandex.ru",   "yandex.com"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strlen(names[i]) == len && strncasecmp(names[i], domain, len) == 0)
			return true;
	return false;
}

static void
add_lower(struct hmac_sha256_ctx *c, const char *p, size_t len)
{
	uint8_t part[64];

	for (size_t at = 0, n; at < len; at += n) {
		for (n = 0; n < sizeof part && at + n < len; n++) {
			unsigned char b = (unsigned char)p[at + n];

			part[n] = (uint8_t)(b >= 'A' && b <= 'Z' ? b + 32 : b);
		}
		hmac_sha256_update(c, n, part);
	}
}

uint64_t
address_hash(const unsigned char key[ADDRESS_KEY], const char *p, size_t len)
{
	struct hmac_sha256_ctx c;
	uint8_t digest[sizeof(uint64_t)];
	const char *at = len > 0 ? memrchr(p, '@', len) : NULL, *plus = NULL;
	size_t user = at == NULL ? len : (size_t)(at - p);
	uint64_t h;

	if (at != NULL && user > 0 && drops_tags(at + 1, len - user - 1))
		plus = memchr(p, '+', user);
	hmac_sha256_set_key(&c, ADDRESS_KEY, key);
	add_lower(&c, p, plus == NULL || plus == p ? user : (size_t)(plus - p));
	if (at != NULL)
		add_lower(&c, at, len - user);
	hmac_sha256_digest(&c, sizeof digest, digest);
	memcpy(&h, digest, sizeof h);
	return h == 0 ? 1 : h;
}
