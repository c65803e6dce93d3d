/*
 * send - open a file safely and hand it to judge
 *
 * Job:     entry -> directory -> file -> FILE with its descriptor; LOOK -> FILE or GONE.
 * Touches: the file system (opens), judge's link.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "safe.h"
#include "state.h"
#include "text.h"

#define TRIES 8
#define PATH_SHOWN 7168 /* FILE holds 8,192 bytes in all */

static struct msg out;

bool
send_msg(struct watch *w, const struct msg *m)
{
	struct err e;

	if (link_send(w->judge, m, &e) == 0)
		return true;
	if (e.code != ERR_AGAIN)
		log_warn_rate("send", 60, "watch_send error=\"%s\"", e.text);
	return false;
}

static int64_t
us(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* File systems stamp with a clock that ticks every 4 ms or so: a file that was sent
 * within RACY_US of its last change may have changed again under the same stamp. */
#define RACY_US 100000

static struct sent *
sent_slot(const struct watch *w, const struct stat *st)
{
	return &w->last_sent[(st->st_ino ^ st->st_dev << 7) % SENT_SLOTS];
}

static void
remember(struct watch *w, const struct stat *st)
{
	struct sent *s = sent_slot(w, st);

	*s = (struct sent){.dev = st->st_dev,
			   .ino = st->st_ino,
			   .size = (uint64_t)st->st_size,
			   .ctime_us = us(st->st_ctim),
			   .at = clock_mono()};
	if (clock_wall().us - s->ctime_us < RACY_US)
		s->ctime_us = -1;
}

bool
send_was(const struct watch *w, const struct stat *st)
{
	const struct sent *s = sent_slot(w, st);

	return s->ino == st->st_ino && s->dev == st->st_dev &&
	       s->size == (uint64_t)st->st_size && s->ctime_us == us(st->st_ctim);
}

bool
send_just_now(const struct watch *w, const struct stat *st)
{
	const struct sent *s = sent_slot(w, st);

	return s->ino == st->st_ino && s->dev == st->st_dev &&
	       mono_diff_us(clock_mono(), s->at) < w->conf.settle_ms * 1000;
}

/* fd stays the caller's. dir: of its directory; NULL: not known. */
static bool
send_file(struct watch *w, int fd, const struct stat *st, const struct stat *dir,
	  enum file_cause cause, mono_t event, uint64_t asked, const char *path)
{
	struct m_file f = {.dev = st->st_dev,
			   .ino = st->st_ino,
			   .size = (uint64_t)st->st_size,
			   .mtime_us = us(st->st_mtim),
			   .ctime_us = us(st->st_ctim),
			   .uid = st->st_uid,
			   .gid = st->st_gid,
			   .mode = st->st_mode,
			   .nlink = st->st_nlink,
			   .dir_uid = dir != NULL ? (int64_t)dir->st_uid : -1,
			   .dir_ino = dir != NULL ? dir->st_ino : 0,
			   .cause = cause,
			   .event_us = event.us,
			   .asked = asked,
			   .path = path};
	struct err e;

	if (m_file_put(&out, &f, &e) != 0) {
		log_warn_rate("file", 60, "watch_file error=\"%s\"", e.text);
		return true; /* path is cut to fit: it is not the length */
	}
	out.fd = fd;
	if (!send_msg(w, &out))
		return false;
	remember(w, st);
	w->sent++;
	return true;
}

/* dir: of its directory, or -1. */
static void
place(const struct watch *w, const struct entry *e, int dir, char *buf, size_t size)
{
	size_t n;

	w->b->dir_path(e->dir, dir, buf, size - 258);
	n = strlen(buf);
	buf[n] = '/';
	(void)text_copy(buf + n + 1, size - n - 1, e->name);
}

static void
done(struct watch *w, struct entry *e)
{
	if (e->moved)
		w->b->dir_release(e->dir_before);
	w->b->dir_release(e->dir);
	entry_free(e);
}

/*
 * Not at its last place: gone, or only that name is (the newer of two links was removed,
 * or another file took it). Where it was seen elsewhere before, look there again.
 */
static void
gone(struct watch *w, struct entry *e)
{
	/* a link made or removed changes it too; with room for coarse clocks */
	struct walk_order o = {.uid = e->uid,
			       .since_us = e->ctime_us - 2000000,
			       .cause = CAUSE_RESCAN,
			       .flags = WALK_FILES | WALK_OWED};

	if (e->moved) {
		o.dir = e->dir;
		walk_add(w->walk, WALK_BACKGROUND, &o);
		o.dir = e->dir_before;
		walk_add(w->walk, WALK_BACKGROUND, &o);
	}
	done(w, e);
}

/* Later, or never when it was tried often enough. */
static void
later(struct watch *w, struct entry *e, mono_t now, const char *why)
{
	char path[PATH_SHOWN], shown[512];

	if (e->tries++ < TRIES) {
		queue_back(w->queue, e, now, 100 << e->tries);
		return;
	}
	w->busy++;
	place(w, e, -1, path, sizeof path);
	log_warn_rate("unopened", 60, "watch_unopened uid=%u why=\"%s\" path=%s", e->uid,
		      why, text_safe(shown, sizeof shown, path));
	done(w, e);
}

bool
send_entry(struct watch *w, struct entry *e, mono_t now)
{
	char path[PATH_SHOWN];
	struct stat st, dst;
	enum safe s = SAFE_GONE;
	int dir = w->b->dir_open(e->dir, O_PATH, &dst), fd = -1;
	bool taken;

	if (dir >= 0) {
		s = safe_open_file(dir, e->name, &fd, &st);
		if (s == SAFE_OK)
			place(w, e, dir, path, sizeof path);
		close(dir);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
		s = SAFE_FAILED;
	}
	switch (s) {
	case SAFE_OK:
		taken = send_file(w, fd, &st, &dst, (enum file_cause)e->cause, e->last, 0,
				  path);
		close(fd);
		if (!taken)
			queue_back(w->queue, e, now, 0);
		else if (st.st_ino == e->ino && st.st_dev == e->dev)
			done(w, e);
		else
			gone(w, e);
		return taken;
	case SAFE_GONE:
		gone(w, e);
		return true;
	case SAFE_KIND:
		done(w, e);
		return true;
	case SAFE_REFUSED:
		w->refused++;
		done(w, e);
		return true;
	case SAFE_BUSY:
		later(w, e, now, "its owner holds a lease on it");
		return true;
	case SAFE_FAILED:
		later(w, e, now, strerror(errno));
		return true;
	}
	return true;
}

/*
 * Open path safely below the root it lies in. SAFE_FAILED: it cannot be told whether it
 * is there, because its root is not.
 */
static enum safe
look_open(const struct watch *w, const char *path, int *fd_out, struct stat *st,
	  struct stat *dir_out, bool *dir_known_out)
{
	char below[PATH_SHOWN];
	const char *rest;
	char *name;
	int number = roots_find(&w->roots, path, &rest), root, dir;
	enum safe s = SAFE_GONE;
	const struct root *r;

	if (number < 0 || *rest == '\0' || !text_copy(below, sizeof below, rest))
		return SAFE_KIND;
	name = strrchr(below, '/');
	r = &w->roots.all[number];
	root = safe_open_abs(r->path, O_PATH);
	if (root < 0)
		return SAFE_FAILED;
	if (fstat(root, st) != 0 || st->st_ino != r->ino || st->st_dev != r->dev) {
		close(root);
		return SAFE_FAILED;
	}
	if (name != NULL)
		*name++ = '\0';
	dir = safe_open_dir(root, name == NULL ? "" : below, O_PATH);
	if (dir >= 0) {
		*dir_known_out = fstat(dir, dir_out) == 0;
		s = safe_open_file(dir, name == NULL ? below : name, fd_out, st);
		close(dir);
	} else if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) {
		s = SAFE_FAILED;
	}
	close(root);
	return s;
}

void
send_look(struct watch *w, const struct m_look *look, mono_t now)
{
	struct m_gone g = {.dev = look->dev,
			   .ino = look->ino,
			   .uid = look->uid,
			   .asked = look->asked,
			   .path = look->path};
	struct stat st, dst;
	struct err e;
	int fd = -1;
	bool same = false, dir_known = false;
	enum safe s = look_open(w, look->path, &fd, &st, &dst, &dir_known);

	/* not to be opened is not gone: whoever asked is told, the file is not named */
	if (s != SAFE_OK && s != SAFE_GONE)
		g.dev = g.ino = 0;
	if (s == SAFE_OK)
		same = st.st_uid == look->uid &&
		       (look->ino == 0 ||
			(st.st_ino == look->ino && st.st_dev == look->dev));
	if (same)
		(void)send_file(w, fd, &st, dir_known ? &dst : NULL, CAUSE_ASKED, now,
				look->asked, look->path);
	else if (m_gone_put(&out, &g, &e) == 0)
		(void)send_msg(w, &out);
	if (fd >= 0)
		close(fd);
}
