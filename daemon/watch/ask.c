/*
 * ask - which files of a walk are new to judge?
 *
 * Job:     see state.h. A batch is one FOUND message and beside it the places its files
 *          were found at. It is filled while directories are read (each stretch of one
 *          is a whole section of it, so that judge can know a section again), sent, and
 *          what judge wants of it goes into the queue.
 * Touches: the heap, judge's link.
 */
#include <stdlib.h>
#include <string.h>

#include "found.h"
#include "log.h"
#include "state.h"
#include "text.h"
#include "xmem.h"

#define ASK_BATCHES 8 /* messages judge has not answered yet */
#define ASK_FILES 256 /* a message with so many files is sent */
#define ASK_BODY (MSG_MAX - 64)

struct place {
	uint32_t name_at;
	uint32_t dir;
	uint8_t cause;
	bool taken; /* is in the queue already: somebody was in a hurry */
};

struct batch {
	struct batch *next;
	uint64_t asked;
	uint64_t step;        /* of its last section */
	size_t section;       /* where that begins in body */
	size_t files, places; /* room for */
	size_t len, room;
	unsigned char *body;
	struct place *place;
	char *names;
	size_t names_len, names_room;
};

struct ask {
	struct batch *filling;       /* or NULL */
	struct batch *first, **last; /* sent */
	size_t sent, waiting;
	uint64_t asked;
};

struct ask *
ask_new(void)
{
	struct ask *a = xcalloc(1, sizeof *a);

	a->last = &a->first;
	return a;
}

static void *
grown(void *p, size_t *room, size_t need, size_t size, size_t least)
{
	if (need <= *room)
		return p;
	*room = *room == 0 ? least : *room * 2;
	if (*room < need)
		*room = need;
	return xreallocarray(p, *room, size);
}

/* Begin another directory, or another stretch of one. */
static void
begin_section(struct watch *w, struct batch *b, const struct walk_found *f)
{
	const struct found_dir d = {
	    .dev = f->dir_st->st_dev, .ino = f->dir_st->st_ino, .part = f->part};

	b->section = b->len;
	b->step = f->step;
	memcpy(b->body + b->len, &d, sizeof d);
	b->len += sizeof d;
	w->b->dir_hold(f->dir);
}

bool
ask_add(struct watch *w, const struct walk_found *f)
{
	struct ask *a = w->ask;
	struct batch *b = a->filling;
	size_t n = strlen(f->name) + 1;
	struct found_dir d;
	struct found_file file = {.ino = f->st->st_ino,
				  .size = (uint64_t)f->st->st_size,
				  .ctime_us = (int64_t)f->st->st_ctim.tv_sec * 1000000 +
					      f->st->st_ctim.tv_nsec / 1000,
				  .name = text_hash(f->name, strlen(f->name)),
				  .ctime_ns = (uint32_t)(f->st->st_ctim.tv_nsec % 1000),
				  .uid = f->st->st_uid};

	/* a file mounted over a file */
	if (f->st->st_dev != f->dir_st->st_dev)
		return false;
	if (b == NULL)
		b = a->filling = xcalloc(1, sizeof *b);
	if (b->len + sizeof d + sizeof file > ASK_BODY || b->files == FOUND_FILES_MAX)
		return false;
	b->body = grown(b->body, &b->room, b->len + sizeof d + sizeof file, 1, 16384);
	b->place = grown(b->place, &b->places, b->files + 1, sizeof *b->place, 320);
	b->names = grown(b->names, &b->names_room, b->names_len + n, 1, 8192);
	if (b->files == 0 || b->step != f->step)
		begin_section(w, b, f);
	memcpy(b->body + b->len, &file, sizeof file);
	b->len += sizeof file;
	memcpy(&d, b->body + b->section, sizeof d);
	d.count++;
	memcpy(b->body + b->section, &d, sizeof d);
	b->place[b->files++] = (struct place){
	    .name_at = (uint32_t)b->names_len, .dir = f->dir, .cause = (uint8_t)f->cause};
	memcpy(b->names + b->names_len, f->name, n);
	b->names_len += n;
	a->waiting++;
	return true;
}

void
ask_send(struct watch *w)
{
	static struct msg out;
	struct ask *a = w->ask;
	struct batch *b = a->filling;
	struct m_found v;
	struct err e;

	if (b == NULL || a->sent == ASK_BATCHES || link_waiting(w->judge))
		return;
	b->asked = ++a->asked;
	v = (struct m_found){.asked = b->asked, .files = b->body, .files_len = b->len};
	if (m_found_put(&out, &v, &e) != 0)
		log_bug("ask: %s", e.text);
	if (!send_msg(w, &out))
		return; /* it stays, and no more is asked meanwhile */
	a->filling = NULL;
	*a->last = b;
	a->last = &b->next;
	a->sent++;
}

bool
ask_room(struct watch *w)
{
	const struct ask *a = w->ask;

	if (a->filling != NULL && a->filling->files >= ASK_FILES)
		ask_send(w);
	return a->filling == NULL || a->filling->files < ASK_FILES;
}

/* Bit i of what judge answered; NULL: every one. */
static bool
wanted(const struct m_wanted *v, size_t i)
{
	const unsigned char *bits;

	if (v == NULL)
		return true;
	bits = v->files;
	return (bits[i / 8] >> i % 8 & 1) != 0;
}

/* Put what is wanted of a batch into the queue: of one account, or (-1) of all. */
static void
take(struct batch *b, const struct m_wanted *v, int64_t uid)
{
	size_t at = 0, i = 0, end;
	struct found_file file;
	struct found_dir d;

	while (at < b->len) {
		memcpy(&d, b->body + at, sizeof d);
		at += sizeof d;
		for (end = i + d.count; i < end; i++, at += sizeof file) {
			struct place *p = &b->place[i];
			struct seen s = {.dev = d.dev,
					 .dir = p->dir,
					 .name = b->names + p->name_at,
					 .cause = (enum file_cause)p->cause,
					 .sure = true};

			memcpy(&file, b->body + at, sizeof file);
			if (p->taken || !wanted(v, i) ||
			    (uid >= 0 && file.uid != (uint64_t)uid))
				continue;
			p->taken = true;
			s.ino = file.ino;
			s.uid = file.uid;
			s.ctime_us = file.ctime_us;
			notice_wanted(&s);
		}
	}
}

static void
batch_free(struct watch *w, struct batch *b)
{
	size_t at = 0, i = 0;
	struct found_dir d;

	for (; at < b->len; i += d.count) {
		memcpy(&d, b->body + at, sizeof d);
		w->b->dir_release(b->place[i].dir);
		at += sizeof d + d.count * sizeof(struct found_file);
	}
	w->ask->waiting -= b->files;
	free(b->body);
	free(b->place);
	free(b->names);
	free(b);
}

int
ask_answer(struct watch *w, const struct m_wanted *v, struct err *e)
{
	struct ask *a = w->ask;
	struct batch *b = a->first;

	/* judge answers in order */
	if (b == NULL || b->asked != v->asked || v->files_len < (b->files + 7) / 8)
		return err_set(e, ERR_INPUT, "WANTED answers nothing that was asked");
	a->first = b->next;
	if (a->first == NULL)
		a->last = &a->first;
	a->sent--;
	take(b, v, -1);
	batch_free(w, b);
	return 0;
}

void
ask_hurry(struct watch *w, uint32_t uid)
{
	struct batch *b;

	for (b = w->ask->first; b != NULL; b = b->next)
		take(b, NULL, uid);
	if (w->ask->filling != NULL)
		take(w->ask->filling, NULL, uid);
}

size_t
ask_waiting(const struct watch *w)
{
	return w->ask->waiting;
}

void
ask_free(struct watch *w)
{
	struct ask *a = w->ask;
	struct batch *b;

	while ((b = a->first) != NULL) {
		a->first = b->next;
		batch_free(w, b);
	}
	if (a->filling != NULL)
		batch_free(w, a->filling);
	free(a);
	w->ask = NULL;
}
