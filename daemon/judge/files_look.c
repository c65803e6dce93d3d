/*
 * files_look - one file, by its place, again
 *
 * Job:     ask watch to open a file once more, and give what comes to who asked.
 * Touches: the link to watch.
 */
#include "files_int.h"

#include <stdlib.h>
#include <unistd.h>

#include "hub.h"
#include "log.h"
#include "xmem.h"

struct look {
	struct look *next;
	uint64_t asked, dev, ino;
	void (*fn)(void *arg, int take_fd); /* NULL: when_fn, or nobody waits any more */
	void (*when_fn)(void *arg, int64_t changed_us);
	void *arg;
};

static struct look *looks;
static uint64_t next_asked = 1;

/* NULL: watch cannot be asked. */
static struct look *
ask_look(uint64_t uid, uint64_t dev, uint64_t ino, const char *path)
{
	struct m_look m = {
	    .uid = uid, .dev = dev, .ino = ino, .asked = next_asked, .path = path};
	struct look *l;
	struct err e;

	if (m_look_put(wire_out(), &m, &e) != 0 ||
	    wire_send(&hub.watch, wire_out(), &e) != 0)
		return NULL;
	l = xcalloc(1, sizeof *l);
	l->asked = next_asked++;
	l->dev = dev;
	l->ino = ino;
	l->next = looks;
	looks = l;
	return l;
}

void
files_look(uint64_t uid, uint64_t dev, uint64_t ino, const char *path,
	   void (*fn)(void *arg, int take_fd), void *arg)
{
	struct look *l = ask_look(uid, dev, ino, path);

	if (l == NULL) {
		fn(arg, -1);
		return;
	}
	l->fn = fn;
	l->arg = arg;
}

uint64_t
files_changed(uint64_t uid, const char *path, void (*fn)(void *arg, int64_t changed_us),
	      void *arg)
{
	struct look *l = ask_look(uid, 0, 0, path);

	if (l == NULL)
		return 0;
	l->when_fn = fn;
	l->arg = arg;
	return l->asked;
}

void
files_changed_forget(uint64_t handle)
{
	struct look *l;

	for (l = looks; handle != 0 && l != NULL; l = l->next)
		if (l->asked == handle && l->fn == NULL)
			l->when_fn = NULL;
}

/* Nobody waits for this one in looks, so what comes back is scanned as any file. */
void
files_again(uint64_t uid, uint64_t dev, uint64_t ino, const char *path)
{
	struct m_look m = {
	    .uid = uid, .dev = dev, .ino = ino, .asked = next_asked++, .path = path};
	struct err e;

	if (m_look_put(wire_out(), &m, &e) != 0 ||
	    wire_send(&hub.watch, wire_out(), &e) != 0)
		log_warn_rate("again", 60, "look_again error=\"%s\"", e.text);
}

bool
files_look_answer(uint64_t asked, uint64_t dev, uint64_t ino, int64_t changed_us,
		  int take_fd)
{
	struct look **at, *l;

	for (at = &looks; (l = *at) != NULL; at = &l->next) {
		if (l->asked != asked)
			continue;
		*at = l->next;
		if (take_fd >= 0 && (l->fn == NULL || l->dev != dev || l->ino != ino)) {
			close(take_fd);
			take_fd = -1;
		}
		if (l->fn != NULL)
			l->fn(l->arg, take_fd);
		else if (l->when_fn != NULL)
			l->when_fn(l->arg, changed_us);
		free(l);
		return true;
	}
	return false;
}

void
files_look_drop(void)
{
	while (looks != NULL)
		(void)files_look_answer(looks->asked, 0, 0, -1, -1);
}
