/*
 * holds - the list of accounts none of whose mail goes
 *
 * Job:     the verb HOLDS: the whole list anew; never half a list. When the daemon is
 *          stopped nobody stands in it: nobody would ever lift a hold then.
 * Touches: the list of held_list.h, which Exim reads, and the wrapper without judge.
 *
 * To freeze takes a program's time for each message; this is one file for all of them,
 * so that nothing leaves while the freezing goes on. Written as brake.c writes its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "held_list.h"
#include "log.h"
#include "mtaq.h"
#include "text.h"
#include "verbs.h"

static bool stopped;

static const char *
write_list(const char *path, const void *uids, size_t len)
{
	char fresh[330];
	struct strings s = strings_of(uids, len);
	const char *uid;
	int64_t n;
	FILE *f;
	int fd;
	bool ok;

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return strerror(errno);
	if ((f = fdopen(fd, "w")) == NULL) {
		close(fd);
		return strerror(ENOMEM);
	}
	fprintf(f, "# written by mailbrake: no mail of these uids goes\n");
	while ((uid = strings_next(&s)) != NULL)
		if (text_to_i64(uid, 1, UINT32_MAX - 1, &n))
			fprintf(f, "%" PRId64 ":\n", n);
	ok = fflush(f) == 0 && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
	if (fclose(f) != 0 || !ok || rename(fresh, path) != 0)
		return strerror(errno);
	return NULL;
}

static void
list_path(char *path, size_t size)
{
	held_list_path(path, size, hands_conf()->brake_file);
}

void
verb_holds(struct msg *m)
{
	const struct mtaq *mta = mtaq_find(hands_conf()->mta);
	const char *why = NULL;
	char path[320];
	struct m_holds h;
	struct err e;

	if (m_holds_get(m, &h, &e) != 0) {
		hands_done(0, false, -1, e.text);
		return;
	}
	list_path(path, sizeof(path));
	if (stopped)
		why = "the daemon stops";
	else
		why = write_list(path, h.uids, h.uids_len);
	if (why == NULL && h.freed != 0 && mta != NULL && mta->holds_uids)
		queue_kick(); /* what waited only because of the list */
	hands_done(h.asked, why == NULL, why == NULL ? 0 : -1, why == NULL ? "" : why);
}

void
holds_stop(void)
{
	char path[320];
	struct err e;

	if (stopped)
		return;
	stopped = true;
	list_path(path, sizeof(path));
	if (held_list_stop(path, wall_s(clock_wall()), &e) != 0)
		log_warn("holds_not_emptied error=\"%s\"", e.text);
}
