/*
 * form - the form of the bulk mail that is sent now
 *
 * Job:     see form.h.
 * Touches: nothing but the log.
 */
#include "form.h"

#include <stdio.h>
#include <string.h>

#include "log.h"
#include "own.h"
#include "text.h"

#define TELL_S 86400

static struct form list[FORM_MAX];
static wall_t told[FORM_MAX];
static unsigned count;

static struct form *
slot(int64_t uid)
{
	unsigned old = 0;

	for (unsigned i = 0; i < count; i++) {
		if (list[i].uid == uid)
			return &list[i];
		if (list[i].last.us < list[old].last.us)
			old = i;
	}
	if (count < FORM_MAX)
		old = count++;
	list[old] = (struct form){.uid = uid};
	told[old] = (wall_t){0};
	return &list[old];
}

/* The list of domains knows the domain of From as somebody else's, or nobody's. */
static bool
not_own(const char *login, const char *from)
{
	const char *at = strrchr(from, '@');
	char domain[256];
	const char *const one[] = {domain};
	size_t n;

	if (at == NULL || (n = strcspn(at + 1, "> \t,;)\"")) == 0 || n >= sizeof(domain))
		return false;
	memcpy(domain, at + 1, n);
	domain[n] = '\0';
	(void)text_lower(domain);
	return own_mail(login, 1, one, 1) == 0;
}

void
form_note(int64_t uid, const char *login, const char *checks, const char *from,
	  wall_t now)
{
	struct form *f = slot(uid);
	char all[256];

	(void)text_safe(all, sizeof(all) - 16, checks);
	if (not_own(login, from))
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%sfrom-not-own",
			 all[0] == '\0' ? "" : " ");
	f->looked++;
	if (all[0] == '\0')
		return;
	f->wanting++;
	f->last = now;
	(void)text_copy(f->checks, sizeof(f->checks), all);
	if (now.us - told[f - list].us < TELL_S * INT64_C(1000000))
		return;
	told[f - list] = now;
	log_info("bulk_form uid=%lld lacks=\"%s\"", (long long)uid, f->checks);
}

const struct form *
form_of(int64_t uid)
{
	for (unsigned i = 0; i < count; i++)
		if (list[i].uid == uid)
			return &list[i];
	return NULL;
}
