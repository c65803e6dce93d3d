/*
 * own - which domains are an account's own
 *
 * Job:     see own.h.
 * Touches: the list's descriptor, log.
 */
#include "own.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account.h"
#include "log.h"
#include "opener.h"
#include "owners.h"

static struct owners *list;
static int paths;
static const char *fault;

int
own_start(const struct conf *c, struct err *e)
{
	const char *places[OWNERS_PLACES];

	list = owners_new();
	paths = owners_places(c, places);
	return paths == 0 ? 0 : opener_start(places, paths, e);
}

void
own_refresh(void)
{
	static struct stat before;
	struct stat st;
	enum opener_look look = OPENER_GONE;
	int fd = -1;

	/* asking the opener wakes it: only for what changed, or cannot be looked at */
	for (int i = 0; i < paths && fd < 0 && look != OPENER_SAME; i++)
		if ((look = opener_look(i, &before)) == OPENER_ASK)
			fd = opener_get(i);
	if (look == OPENER_SAME) {
		fault = NULL;
		return;
	}
	if (fd < 0) {
		/* gone for a moment, or for ever: what was known stays, and it is said */
		fault = owners_count(list) > 0 ? "it is not there any more" : NULL;
		return;
	}
	if (fstat(fd, &st) != 0 || !owners_believed(&st)) {
		fault = "others than root can write it";
		log_warn_rate("own_domains", 3600,
			      "own_domains not_read=\"others than root can write it\"");
		close(fd);
		return;
	}
	fault = NULL;
	if (st.st_ino == before.st_ino && st.st_dev == before.st_dev &&
	    st.st_size == before.st_size && st.st_mtim.tv_sec == before.st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == before.st_mtim.tv_nsec) {
		close(fd);
		return;
	}
	if (!owners_read(list, fd)) {
		fault = "it could not be read";
		log_warn_rate("own_domains", 3600, "own_domains not_read=\"%s\"", fault);
		return;
	}
	before = st;
	log_info("own_domains count=%u", owners_count(list));
	if (owners_full(list))
		log_warn("own_domains left_out=\"beyond %d domains or %d bytes\"",
			 OWNERS_MAX, OWNERS_BYTES);
}

int
own_mail(const char *login, uint64_t rcpts, const char *const *domains, size_t count)
{
	bool known = true;

	if (owners_count(list) == 0 || login == NULL || login[0] == '\0')
		return -1;
	if (rcpts > OWN_RCPTS_MAX || count == 0)
		return 0;
	for (size_t i = 0; i < count && known; i++) {
		char address[300];
		const char *owner = NULL;

		/* an account may have a panel serve any name; everybody's is nobody's */
		if (!engine_free_mail(domains[i]) && strlen(domains[i]) < 256) {
			address[0] = '@';
			memcpy(address + 1, domains[i], strlen(domains[i]) + 1);
			owner =
			    owners_find(list, (struct slice){address, strlen(address)});
		}
		known = owner != NULL && strcmp(owner, login) == 0;
	}
	return known;
}

const char *
own_fault(void)
{
	return fault;
}

unsigned
own_count(void)
{
	return owners_count(list);
}
