/*
 * walk - read directories in small steps, accounts in turn
 *
 * Job:     see walk.h.
 * Touches: the backend (which touches the file system).
 * Source:  getdents(2).
 */
#include "walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "safe.h"
#include "xmem.h"

#define BUFFER 32768 /* about a thousand names a step */
#define UID_SLOTS 1024
#define MARK_SLOTS 16384

struct dirent64_raw {
	uint64_t ino;
	int64_t off;
	unsigned short reclen;
	unsigned char type;
	char name[];
};

struct job {
	struct job *below;     /* the account's stack */
	struct job *mark_next; /* jobs that may be ordered again */
	int64_t since_us, cookie;
	uint32_t dir, part;
	uint8_t cause, flags;
	bool held;   /* dir is a reference of ours (and not an order's parent) */
	bool marked; /* in the table of marks */
	bool again;  /* was ordered again while being walked */
	char name[];
};

struct stack {
	struct job *top;
	size_t count;
};

struct account {
	struct account *hash_next, *prev, *next;
	struct stack stack;
	size_t owed; /* of them with WALK_OWED */
	uint32_t uid;
};

struct line {
	struct account *by_uid[UID_SLOTS];
	struct account *turn;
	size_t accounts, jobs;
	uint64_t done;
	struct job *marks[MARK_SLOTS];
};

struct walk {
	const struct backend *b;
	walk_file_fn file;
	uint64_t dropped, steps;
	uint64_t dev; /* of the file system asked last how its directories are */
	bool dev_known, dev_plain;
	struct line lines[WALK_LINES];
};

struct walk *
walk_new(const struct backend *b, walk_file_fn file)
{
	struct walk *w = xcalloc(1, sizeof *w);

	w->b = b;
	w->file = file;
	return w;
}

static struct account *
account_find(const struct line *l, uint32_t uid)
{
	struct account *a = l->by_uid[uid % UID_SLOTS];

	while (a != NULL && a->uid != uid)
		a = a->hash_next;
	return a;
}

static struct account *
account_get(struct line *l, uint32_t uid)
{
	struct account *a = account_find(l, uid);

	if (a != NULL)
		return a;
	a = xcalloc(1, sizeof *a);
	a->uid = uid;
	a->hash_next = l->by_uid[uid % UID_SLOTS];
	l->by_uid[uid % UID_SLOTS] = a;
	if (l->turn == NULL) {
		a->prev = a->next = l->turn = a;
	} else {
		a->next = l->turn;
		a->prev = l->turn->prev;
		a->prev->next = a;
		l->turn->prev = a;
	}
	l->accounts++;
	return a;
}

static void
account_drop(struct line *l, struct account *a)
{
	struct account **p = &l->by_uid[a->uid % UID_SLOTS];

	while (*p != a)
		p = &(*p)->hash_next;
	*p = a->hash_next;
	if (l->turn == a)
		l->turn = a->next == a ? NULL : a->next;
	a->prev->next = a->next;
	a->next->prev = a->prev;
	l->accounts--;
	free(a);
}

static void
push(struct line *l, uint32_t uid, struct job *j)
{
	struct account *a = account_get(l, uid);

	j->below = a->stack.top;
	a->stack.top = j;
	a->stack.count++;
	a->owed += (j->flags & WALK_OWED) != 0;
	l->jobs++;
}

static struct job *
pop(struct line *l, struct account *a)
{
	struct job *j = a->stack.top;

	a->stack.top = j->below;
	a->owed -= (j->flags & WALK_OWED) != 0;
	l->jobs--;
	if (--a->stack.count == 0)
		account_drop(l, a);
	return j;
}

static void
mark(struct line *l, struct job *j)
{
	j->mark_next = l->marks[j->dir % MARK_SLOTS];
	l->marks[j->dir % MARK_SLOTS] = j;
	j->marked = true;
}

static struct job *
mark_find(const struct line *l, uint32_t dir)
{
	struct job *j = l->marks[dir % MARK_SLOTS];

	while (j != NULL && j->dir != dir)
		j = j->mark_next;
	return j;
}

static void
unmark(struct line *l, struct job *j)
{
	struct job **p = &l->marks[j->dir % MARK_SLOTS];

	if (!j->marked)
		return;
	while (*p != j)
		p = &(*p)->mark_next;
	*p = j->mark_next;
	j->marked = false;
}

static struct job *
job_new(const struct walk_order *o)
{
	size_t n = o->name == NULL ? 1 : strlen(o->name) + 1;
	struct job *j = xcalloc(1, sizeof *j + n);

	if (o->name != NULL)
		memcpy(j->name, o->name, n);
	j->dir = o->dir;
	j->since_us = o->since_us;
	j->cause = (uint8_t)o->cause;
	j->flags = (uint8_t)o->flags;
	return j;
}

static void
job_free(struct walk *w, struct line *l, struct job *j)
{
	unmark(l, j);
	w->b->dir_release(j->dir);
	free(j);
}

void
walk_add(struct walk *w, enum walk_line line, const struct walk_order *o)
{
	struct line *l = &w->lines[line];
	struct job *j;

	if (o->name == NULL && (o->flags & WALK_DEEP) == 0 &&
	    (j = mark_find(l, o->dir)) != NULL) {
		j->again = j->again || j->cookie != 0;
		if (o->since_us < j->since_us)
			j->since_us = o->since_us;
		return;
	}
	if (walk_left(w, line, o->uid) >= WALK_UID_MAX) {
		w->dropped++;
		return;
	}
	j = job_new(o);
	w->b->dir_hold(j->dir);
	if (o->name == NULL && (o->flags & WALK_DEEP) == 0)
		mark(l, j);
	push(l, o->uid, j);
}

/* --- one step --- */

struct step {
	struct walk *w;
	enum walk_line line;
	struct job *j;
	uint32_t uid;
	struct stat st; /* of the directory */
	size_t pushed;
	bool full; /* stopped at j->cookie for want of room */
};

/*
 * A directory that changed its name or place keeps its files' times but gets a new one
 * itself: everything below it is looked at then. (So does one in which a file was made;
 * those are cheap: judge knows their verdicts.)
 */
static int64_t
since_below(const struct job *j, const struct stat *st)
{
	int64_t ctime =
	    (int64_t)st->st_ctim.tv_sec * 1000000 + st->st_ctim.tv_nsec / 1000;

	return ctime >= j->since_us ? 0 : j->since_us;
}

static bool
add_below(struct step *s, const char *name)
{
	struct walk_order o = {.dir = s->j->dir,
			       .name = name,
			       .uid = s->uid,
			       .since_us = s->j->since_us,
			       .cause = (enum file_cause)s->j->cause,
			       .flags = s->j->flags};
	struct job *j;

	if (walk_left(s->w, s->line, s->uid) >= WALK_UID_MAX) {
		if (s->pushed > 0)
			return false;
		s->w->dropped++; /* nothing above us will make room */
		return true;
	}
	j = job_new(&o);
	s->w->b->dir_hold(j->dir);
	push(&s->w->lines[s->line], s->uid, j);
	s->pushed++;
	return true;
}

static bool
still_there(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOMEM || err == EACCES ||
	       err == EIO;
}

/* safe_plain_dirs of its file system, asked once for each in turn. */
static bool
is_plain(struct walk *w, int fd, const struct stat *st)
{
	if (!w->dev_known || w->dev != st->st_dev)
		w->dev_plain = safe_plain_dirs(fd);
	w->dev = st->st_dev;
	w->dev_known = true;
	return w->dev_plain;
}

/*
 * Has this directory none below it? Its link count was taken after the watch was set: what
 * is made later tells of itself.
 */
static bool
is_leaf(struct walk *w, int fd, const struct stat *st)
{
	return st->st_nlink == 2 && is_plain(w, fd, st);
}

/*
 * Only its watch is wanted: set from here, and entered later only when there may be
 * something below. Nine of ten directories are leaves.
 */
static bool
crawl_below(struct step *s, int fd, const char *name)
{
	struct walk_order o = {
	    .uid = s->uid, .cause = (enum file_cause)s->j->cause, .flags = s->j->flags};
	struct line *l = &s->w->lines[s->line];
	struct stat st;

	if (s->w->b->dir_watch(s->j->dir, fd, name, &st, &o.dir) != 0) {
		s->w->dropped += still_there(errno);
		return true;
	}
	if (is_leaf(s->w, fd, &st)) {
		l->done++;
		s->w->b->dir_release(o.dir);
	} else {
		push(l, s->uid, job_new(&o));
		s->pushed++;
	}
	return true;
}

static bool
below(struct step *s, int fd, const char *name, unsigned char type)
{
	const struct job *j = s->j;

	if ((j->flags & WALK_DEEP) == 0)
		return true;
	if ((j->flags & WALK_FILES) != 0 || type == DT_UNKNOWN ||
	    s->w->b->dir_watch == NULL ||
	    walk_left(s->w, s->line, s->uid) >= WALK_UID_MAX)
		return add_below(s, name);
	return crawl_below(s, fd, name);
}

static bool
on_entry(struct step *s, int fd, const struct dirent64_raw *d)
{
	const char *name = d->name;
	unsigned char type = d->type;
	struct stat st;
	struct walk_found f = {.dir = s->j->dir,
			       .cause = (enum file_cause)s->j->cause,
			       .name = name,
			       .st = &st,
			       .dir_st = &s->st,
			       .whole = s->j->since_us == 0,
			       .part = s->j->part,
			       .step = s->w->steps};
	int64_t ctime;

	if (name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0')))
		return true;
	if (type != DT_DIR && type != DT_REG && type != DT_UNKNOWN)
		return true;
	if (type == DT_REG && (s->j->flags & WALK_FILES) == 0)
		return true;
	if (type != DT_DIR && fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return true;
	if (type == DT_DIR || (type == DT_UNKNOWN && S_ISDIR(st.st_mode)))
		return below(s, fd, name, type);
	if (!S_ISREG(st.st_mode) || (s->j->flags & WALK_FILES) == 0)
		return true;
	ctime = (int64_t)st.st_ctim.tv_sec * 1000000 + st.st_ctim.tv_nsec / 1000;
	if (ctime < s->j->since_us)
		return true;
	return s->w->file(&f);
}

/*
 * Was that the last name, by the position behind it? ext4, or XFS and tmpfs, say it so. A
 * read that gave few names says nothing: a signal (a stop, a frozen control group) or a bad
 * block ends one early, and the next call goes on, or says what is wrong.
 */
static bool
is_last(struct step *s, int fd, int64_t off)
{
	return (off == INT64_MAX || off == INT32_MAX) && is_plain(s->w, fd, &s->st);
}

/*
 * Read about one buffer of names from the job's position; a directory that fits into one
 * is finished in one step. false: it is finished.
 */
static bool
read_some(struct step *s, int fd)
{
	static char buf[BUFFER] __attribute__((aligned(8)));
	long n, at, all = 0;
	int64_t off = 0;

	if (s->j->cookie != 0 && lseek(fd, s->j->cookie, SEEK_SET) < 0)
		s->j->cookie = s->j->part = 0;
	s->w->steps++;
	do {
		n = syscall(SYS_getdents64, fd, buf, sizeof buf);
		if (n < 0) {
			s->w->dropped++;
			return false;
		}
		for (at = 0; at < n;) {
			const struct dirent64_raw *d = (const void *)(buf + at);

			if (!on_entry(s, fd, d)) {
				s->full = true;
				return true;
			}
			s->j->cookie = off = d->off;
			at += d->reclen;
		}
		all += n;
		if (n > 0 && is_last(s, fd, off))
			return false;
	} while (n > 0 && all < BUFFER / 2);
	return n > 0;
}

/*
 * Open what the job stands for; a job with a name becomes one of the directory itself.
 * *leaf_out: only its watch was wanted and there is nothing below: fd is not for reading.
 */
static int
enter(struct step *s, bool *leaf_out)
{
	struct job *j = s->j;
	uint32_t dir;
	int path, fd;

	*leaf_out = false;
	if (j->name[0] == '\0') {
		fd = s->w->b->dir_open(j->dir, O_RDONLY, &s->st);
		if (fd >= 0 && (j->flags & WALK_FILES) == 0)
			s->uid = s->st.st_uid;
		return fd;
	}
	path = s->w->b->dir_enter(j->dir, j->name, &s->st, &dir);
	if (path < 0)
		return -1;
	s->w->b->dir_release(j->dir);
	j->dir = dir;
	j->name[0] = '\0';
	j->since_us = since_below(j, &s->st);
	s->uid = s->st.st_uid;
	*leaf_out = (j->flags & WALK_FILES) == 0 && is_leaf(s->w, path, &s->st);
	if (*leaf_out || s->w->b->marks_all)
		return path;
	fd = openat(path, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(path);
	return fd;
}

/* Put the rest of a directory back, below the ones found in it so far (depth first). */
static void
put_back(struct step *s)
{
	struct line *l = &s->w->lines[s->line];
	struct account *a = account_find(l, s->uid);
	struct job *j;
	size_t i;

	if (s->full && s->line == WALK_URGENT) {
		s->j->cause = CAUSE_RESCAN;
		push(&s->w->lines[WALK_BACKGROUND], s->uid, s->j);
		return;
	}
	if (s->pushed == 0 || a == NULL) {
		push(l, s->uid, s->j);
		return;
	}
	for (i = 1, j = a->stack.top; i < s->pushed; i++)
		j = j->below;
	s->j->below = j->below;
	j->below = s->j;
	a->stack.count++;
	a->owed += (s->j->flags & WALK_OWED) != 0;
	l->jobs++;
}

static bool
step_job(struct walk *w, enum walk_line line, struct account *a)
{
	struct step s = {.w = w, .line = line, .uid = a->uid};
	struct line *l = &w->lines[line];
	bool leaf;
	int fd;

	s.j = pop(l, a); /* a may be gone now */
	fd = enter(&s, &leaf);
	if (fd < 0 && still_there(errno))
		w->dropped++;
	if (fd >= 0) {
		bool more = !leaf && read_some(&s, fd);

		close(fd);
		if (!more && s.j->again) {
			s.j->again = false;
			s.j->cookie = s.j->part = 0;
			more = true;
		} else if (more) {
			s.j->part++;
		}
		if (more) {
			put_back(&s);
			return !s.full || line == WALK_URGENT;
		}
	}
	l->done++;
	job_free(w, l, s.j);
	return true;
}

bool
walk_step(struct walk *w, enum walk_line line, int64_t uid)
{
	struct line *l = &w->lines[line];
	struct account *a;
	size_t i, n = l->accounts;

	if (uid >= 0) {
		a = account_find(l, (uint32_t)uid);
		return a != NULL && step_job(w, line, a);
	}
	for (i = 0; i < n && l->turn != NULL; i++) {
		a = l->turn;
		l->turn = a->next;
		if (step_job(w, line, a))
			return true;
	}
	return false;
}

size_t
walk_left(const struct walk *w, enum walk_line line, int64_t uid)
{
	const struct account *a;

	if (uid < 0)
		return w->lines[line].jobs;
	a = account_find(&w->lines[line], (uint32_t)uid);
	return a == NULL ? 0 : a->stack.count;
}

size_t
walk_owed(const struct walk *w, uint32_t uid)
{
	size_t i, n = 0;

	for (i = 0; i < WALK_LINES; i++) {
		const struct account *a = account_find(&w->lines[i], uid);

		n += a == NULL ? 0 : a->owed;
	}
	return n;
}

uint64_t
walk_done(const struct walk *w, enum walk_line line)
{
	return w->lines[line].done;
}

void
walk_reset_done(struct walk *w, enum walk_line line)
{
	w->lines[line].done = 0;
}

uint64_t
walk_dropped(const struct walk *w)
{
	return w->dropped;
}

void
walk_free(struct walk **w)
{
	size_t i;

	if (*w == NULL)
		return;
	for (i = 0; i < WALK_LINES; i++)
		while ((*w)->lines[i].turn != NULL)
			job_free(*w, &(*w)->lines[i],
				 pop(&(*w)->lines[i], (*w)->lines[i].turn));
	free(*w);
	*w = NULL;
}
