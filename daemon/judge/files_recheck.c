/*
 * files_recheck - are the files with findings still there?
 *
 * Job:     a part of them once a minute, or one account's now: look for each again, and
 *          judge again what is FILES_STALE.
 * Touches: the store by reading, watch by files_look.
 */
#include "files.h"

#include <stdlib.h>
#include <unistd.h>

#include "hub.h"
#include "xmem.h"

#define RECHECK_FILES 64 /* looked for again at once */

/* It is there: nothing to do. Gone: on_gone has seen to it. */
static void
still_there(void *arg, int take_fd)
{
	(void)arg;
	if (take_fd >= 0)
		close(take_fd);
}

/* Where the round over all findings stands, and the files of this part of it. */
struct recheck {
	struct store_finding at;
	bool more;
	unsigned count;
	struct {
		uint64_t uid, dev, ino;
		char *path;
	} files[RECHECK_FILES];
};

static bool
recheck_one(void *arg, const struct store_finding *v)
{
	struct recheck *r = arg;

	if (r->count > 0 && r->files[r->count - 1].dev == v->dev &&
	    r->files[r->count - 1].ino == v->ino)
		return true; /* another rule's finding in it */
	if (r->count == RECHECK_FILES) {
		r->more = true;
		return false;
	}
	r->files[r->count].uid = (uint64_t)v->uid;
	r->files[r->count].dev = v->dev;
	r->files[r->count].ino = v->ino;
	r->files[r->count++].path = xstrdup(v->path);
	return true;
}

void
files_recheck(int64_t uid)
{
	static struct recheck round = {.at = {.uid = -1}}, one;
	struct recheck *r = uid < 0 ? &round : &one;
	struct err e;

	if (uid >= 0) /* before the first, as the store orders them */
		one.at = (struct store_finding){.dev = UINT64_C(1) << 63};

	r->count = 0;
	r->more = false;
	if (!wire_up(&hub.watch) || !hub.sight.ready)
		return;
	if (store_finding_after(hub.store, uid, &r->at, recheck_one, r, &e) != 0)
		hub_store_warn(&e);
	for (unsigned i = 0; i < r->count; i++) {
		struct store_file have;

		r->at.uid = (int64_t)r->files[i].uid;
		r->at.dev = r->files[i].dev;
		r->at.ino = r->files[i].ino;
		if (store_file_get(hub.store, r->at.dev, r->at.ino, &have, &e) == 1 &&
		    have.rules == FILES_STALE)
			files_again(r->files[i].uid, r->files[i].dev, r->files[i].ino,
				    r->files[i].path);
		else
			files_look(r->files[i].uid, r->files[i].dev, r->files[i].ino,
				   r->files[i].path, still_there, NULL);
		free(r->files[i].path);
	}
	if (!r->more)
		r->at = (struct store_finding){.uid = -1};
}
