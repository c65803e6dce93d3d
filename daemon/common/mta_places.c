/*
 * mta_places - where a mail system's log and programs are
 *
 * Job:     see mta_places.h.
 * Touches: asks whether a file is there, no more.
 */
#include "mta_places.h"

#include <string.h>
#include <unistd.h>

static const struct {
	const char *mta, *path;
} logs[] = {
    {"exim", "/var/log/exim_mainlog"},   {"exim", "/var/log/exim4/mainlog"},
    {"exim", "/var/log/exim/mainlog"},   {"exim", "/var/log/exim/main.log"},
    {"postfix", "/var/log/postfix.log"}, {"postfix", "/var/log/maillog"},
    {"postfix", "/var/log/mail.log"},
};

const char *
mta_places_log(const struct conf *c)
{
	if (strcmp(c->mta_log, "auto") != 0)
		return c->mta_log;
	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++)
		if ((strcmp(c->mta, "auto") == 0 || strcmp(c->mta, logs[i].mta) == 0) &&
		    access(logs[i].path, F_OK) == 0)
			return logs[i].path;
	if (access("/run/systemd/journal/socket", F_OK) == 0 &&
	    strcmp(c->mta, "exim") != 0)
		return "journal";
	return "none";
}

static bool
one_of(const char *const *paths, size_t count)
{
	while (count > 0 && access(paths[count - 1], X_OK) != 0)
		count--;
	return count > 0;
}

bool
mta_places_exim(void)
{
	static const char *const paths[] = {MTA_EXIM};

	return one_of(paths, sizeof(paths) / sizeof(paths[0]));
}

bool
mta_places_postfix(void)
{
	static const char *const paths[] = {MTA_POSTFIX("postqueue")};

	return one_of(paths, sizeof(paths) / sizeof(paths[0]));
}
