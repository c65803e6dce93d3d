/*
 * exim - the queue of Exim
 *
 * Job:     see mtaq.h.
 * Touches: nothing.
 * Source:  Exim specification 5.2 (-M, -Mf, -Mt, -Mrm take many ids; -M goes past
 *          hold_domains), 14 (hold_domains). hold_domains = lsearch;FILE reads the file
 *          anew for each delivery; a file that Exim cannot read stops all mail, so it is
 *          replaced by rename and readable by everyone.
 */
#include <ctype.h>
#include <string.h>

#include "mta_places.h"
#include "mtaq.h"
#include "owner.h"
#include "verbs.h"

/* 1xUu5U-0001QX-0R, since 4.97 1xUu5U-00000001QX0-0R0a. */
static bool
good_id(const char *id)
{
	size_t n = strlen(id), second;

	if (n != 16 && n != 23)
		return false;
	second = n == 16 ? 13 : 18;
	for (size_t i = 0; i < n; i++) {
		bool dash = i == 6 || i == second;

		if (dash ? id[i] != '-' : !isalnum((unsigned char)id[i]))
			return false;
	}
	return true;
}

static int64_t
owner(const char *id)
{
	return owner_exim(hands_conf()->exim_spool_dir, id);
}

static void
brake_line(FILE *f, const char *domain)
{
	fprintf(f, "%s:\n", domain);
}

/*
 * One line a message: "Message ID is now frozen". Of one that is just being delivered it
 * says nothing; of one that left, "Spool data file for ID does not exist".
 */
static enum mtaq_fate
fate(const char *dir, const char *id, unsigned verb, const char **out)
{
	static const char *const good[][2] = {
	    [QUEUE_FREEZE] = {" is now frozen", " is already frozen"},
	    [QUEUE_THAW] = {" is no longer frozen", " is not frozen"},
	    [QUEUE_DROP] = {" has been removed", " has been removed"}};
	const char *at = strstr(*out, id);
	size_t i;

	(void)dir;
	if (at == NULL)
		return FATE_NOT;
	at += strlen(id);
	*out = at + strcspn(at, "\n");
	for (i = 0; i < 2; i++)
		if (strncmp(at, good[verb][i], strlen(good[verb][i])) == 0)
			return FATE_DONE;
	return strncmp(at, " does not exist", 15) == 0 ? FATE_GONE : FATE_NOT;
}

/* As route_data of a router takes it: the colon of a port is doubled. */
static void
relay_line(FILE *f, const char *domain, const char *host, unsigned port)
{
	fprintf(f, "%s: %s::%u\n", domain, host, port);
}

static const char *const programs[] = {MTA_EXIM, NULL};

const struct mtaq mtaq_exim = {
    .name = "exim",
    .program = programs,
    .good_id = good_id,
    .option = {[QUEUE_FREEZE] = "-Mf",
	       [QUEUE_THAW] = "-Mt",
	       [QUEUE_DROP] = "-Mrm",
	       [QUEUE_FORCE] = "-M"},
    .fate = fate,
    .owner = owner,
    .kick_program = programs,
    .kick = {"-q"},
    .brake_line = brake_line,
    .relay_line = relay_line,
    .relay_beside = true,
    .holds_uids = true,
};
