/*
 * hub - what the files of judge share: names, numbers
 *
 * Job:     see hub.h.
 * Touches: the system's list of accounts, by name and by uid.
 */
#include "hub.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "log.h"
#include "text.h"

struct hub hub;

uint64_t
hub_asked(enum asked_space space)
{
	static uint32_t last[ASKED_SPACES];

	return (uint64_t)space << 32 | ++last[space];
}

const char *
hub_login(uint64_t uid)
{
	static struct {
		uint64_t uid;
		mono_t read;
		char login[33];
	} cache[256];
	size_t i = uid % (sizeof cache / sizeof cache[0]);
	mono_t now = clock_mono();
	const struct passwd *pw;

	if (cache[i].read.us != 0 && cache[i].uid == uid &&
	    mono_diff_us(now, cache[i].read) < 60000000)
		return cache[i].login;
	pw = getpwuid((uid_t)uid);
	cache[i].uid = uid;
	cache[i].read = now;
	(void)text_safe(cache[i].login, sizeof cache[i].login,
			pw == NULL ? "" : pw->pw_name);
	if (pw == NULL)
		(void)snprintf(cache[i].login, sizeof cache[i].login, "%llu",
			       (unsigned long long)uid);
	return cache[i].login;
}

bool
hub_is_ours(int64_t uid)
{
	return !hub.reduced && uid == (int64_t)geteuid();
}

int64_t
hub_uid_of_name(const char *name)
{
	const struct passwd *pw = name[0] == '\0' ? NULL : getpwnam(name);

	return pw == NULL ? -1 : (int64_t)pw->pw_uid;
}

int64_t
hub_uid(const char *name)
{
	const struct passwd *pw = getpwnam(name);
	int64_t n;

	if (pw != NULL)
		return pw->pw_uid;
	return text_to_i64(name, 0, UINT32_MAX - 1, &n) ? n : -1;
}

void
hub_store_warn(const struct err *e)
{
	log_warn_rate("store", 60, "store error=\"%s\"", e->text);
}
