/*
 * follow - the lines of a log that grows, is renamed, or is cut
 *
 * Job:     see follow.h.
 * Touches: descriptors it is given; reads only.
 */
#include "follow.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

void
follow_init(struct follow *f, follow_open_fn open, follow_line_fn line, void *arg)
{
	memset(f, 0, sizeof(*f));
	f->open = open;
	f->line = line;
	f->arg = arg;
	f->now.fd = f->old.fd = -1;
}

static void
file_close(struct follow_file *k)
{
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
	k->len = 0;
	k->skipping = false;
}

void
follow_fini(struct follow *f)
{
	file_close(&f->now);
	file_close(&f->old);
}

/* Hash of the first n bytes (at most FOLLOW_HEAD); *n_out: how many there were. */
static uint64_t
head_of(int fd, uint64_t n, uint64_t *n_out)
{
	char buf[FOLLOW_HEAD];
	ssize_t got = pread(fd, buf, n > FOLLOW_HEAD ? FOLLOW_HEAD : (size_t)n, 0);

	*n_out = got < 0 ? 0 : (uint64_t)got;
	return text_hash(buf, got < 0 ? 0 : (size_t)got);
}

static bool
same_head(int fd, const struct follow_place *p)
{
	uint64_t n, h = head_of(fd, p->head_len, &n);

	return n == p->head_len && h == p->head;
}

/* What was read begins so; a longer beginning is hashed as the file grows to FOLLOW_HEAD.
 */
static void
note_head(struct follow_file *k)
{
	if (k->at.head_len < FOLLOW_HEAD && k->at.offset > k->at.head_len)
		k->at.head = head_of(k->fd, k->at.offset, &k->at.head_len);
}

static int
file_open(struct follow *f, const struct follow_place *older, struct follow_file *k,
	  struct err *e)
{
	struct stat st;
	int fd = f->open(f->arg, older);

	if (fd < 0)
		return err_sys(e, "open the log");
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(e, ERR_INPUT, "the log is not a regular file");
	}
	file_close(k);
	k->fd = fd;
	k->at =
	    (struct follow_place){.dev = (uint64_t)st.st_dev, .ino = (uint64_t)st.st_ino};
	return 0;
}

static uint64_t
size_of(int fd)
{
	struct stat st;

	return fd < 0 || fstat(fd, &st) != 0 || st.st_size < 0 ? 0 : (uint64_t)st.st_size;
}

/* Is this the file the place speaks of, uncut? */
static bool
is_place(const struct follow_file *k, const struct follow_place *p)
{
	return k->at.dev == p->dev && k->at.ino == p->ino &&
	       size_of(k->fd) >= p->offset && same_head(k->fd, p);
}

/* Without the NULs that a hole leaves at a line's beginning. */
static void
give(struct follow *f, follow_line_fn fn, const char *s, size_t n)
{
	while (n > 0 && *s == '\0') {
		s++;
		n--;
	}
	if (n > 0)
		fn(f->arg, s, n);
}

/* The whole lines of the buffer; what is left moves to its beginning. */
static void
take_lines(struct follow *f, struct follow_file *k, follow_line_fn fn)
{
	const char *p = k->buf, *end = k->buf + k->len, *nl;

	while ((nl = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		size_t n = (size_t)(nl - p);

		if (!k->skipping)
			give(f, fn, p, n > FOLLOW_LINE ? FOLLOW_LINE : n);
		if (n > FOLLOW_LINE)
			f->cut++;
		k->skipping = false;
		p = nl + 1;
	}
	k->len = (size_t)(end - p);
	if (k->len > FOLLOW_LINE) {
		if (!k->skipping) {
			give(f, fn, p, FOLLOW_LINE);
			f->cut++;
		}
		k->skipping = true;
		k->len = 0;
	}
	if (k->len > 0)
		memmove(k->buf, p, k->len);
}

/* Over a hole of NULs (copytruncate under a writer that does not append). */
static void
skip_hole(struct follow_file *k)
{
	off_t data;

	if (k->len != 0)
		return;
	data = lseek(k->fd, (off_t)k->at.offset, SEEK_DATA);
	if (data > (off_t)k->at.offset)
		k->at.offset = (uint64_t)data;
}

/* Read to the end or the step's bound; true when the bound came first. */
static bool
drain(struct follow *f, struct follow_file *k, follow_line_fn fn)
{
	size_t budget = FOLLOW_STEP;

	if (k->fd < 0)
		return false;
	skip_hole(k);
	for (;;) {
		size_t room = sizeof(k->buf) - k->len;
		ssize_t n = pread(k->fd, k->buf + k->len, room, (off_t)k->at.offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		k->at.offset += (uint64_t)n;
		k->len += (size_t)n;
		take_lines(f, k, fn);
		if ((size_t)n >= budget)
			return true;
		budget -= (size_t)n;
	}
	note_head(k);
	return false;
}

/* The last bytes before the end, from the first whole line on. */
static void
warm_up(struct follow *f, size_t bytes, follow_line_fn warm)
{
	uint64_t size = size_of(f->now.fd), from = size > bytes ? size - bytes : 0;

	f->now.at.offset = from;
	f->now.skipping = from != 0;
	while (f->now.at.offset < size && drain(f, &f->now, warm))
		continue;
}

static void
start_at_end(struct follow *f, size_t warm_bytes, follow_line_fn warm)
{
	if (warm != NULL && warm_bytes > 0)
		warm_up(f, warm_bytes, warm);
	else
		f->now.at.offset = size_of(f->now.fd);
	note_head(&f->now);
}

/* The same before a place: its lines are known, what was in flight is not. */
static void
warm_place(struct follow *f, struct follow_file *k, const struct follow_place *p,
	   size_t bytes, follow_line_fn warm)
{
	uint64_t at = p->offset > bytes ? p->offset - bytes : 0;

	k->at = *p;
	if (warm == NULL)
		return;
	k->at.offset = at;
	k->skipping = at != 0;
	while (k->at.offset < p->offset) {
		size_t room = sizeof(k->buf) - k->len;
		uint64_t left = p->offset - k->at.offset;
		ssize_t n = pread(k->fd, k->buf + k->len,
				  left < room ? (size_t)left : room, (off_t)k->at.offset);

		if (n <= 0)
			break;
		k->at.offset += (uint64_t)n;
		k->len += (size_t)n;
		take_lines(f, k, warm);
	}
	k->at.offset = p->offset;
	k->len = 0;
	k->skipping = false;
}

/* The rest of the renamed one, wherever it is now; else it is lost, and counted. */
static void
resume_old(struct follow *f, const struct follow_place *place, size_t warm_bytes,
	   follow_line_fn warm)
{
	struct err ignored;

	if (file_open(f, place, &f->old, &ignored) == 0 && is_place(&f->old, place)) {
		warm_place(f, &f->old, place, warm_bytes, warm);
		return;
	}
	file_close(&f->old);
	f->lost++;
}

int
follow_start(struct follow *f, const struct follow_places *places, size_t warm_bytes,
	     follow_line_fn warm, struct err *e)
{
	if (file_open(f, NULL, &f->now, e) == -1)
		return -1;
	if (places == NULL) {
		start_at_end(f, warm_bytes, warm);
		return 0;
	}
	if (is_place(&f->now, &places->now)) {
		if (places->old.ino != 0) /* we ended while it still lingered */
			resume_old(f, &places->old, warm_bytes, warm);
		warm_place(f, &f->now, &places->now, warm_bytes, warm);
		return 0;
	}
	if (f->now.at.dev == places->now.dev && f->now.at.ino == places->now.ino) {
		f->restarts++; /* cut while we were away: what is there now came later */
		return 0;
	}
	/* the rest of the rotated one, then all of the new one */
	resume_old(f, &places->now, warm_bytes, warm);
	return 0;
}

/* copytruncate: the same inode, shorter than we were, or with another beginning. */
static void
see_truncation(struct follow *f)
{
	struct follow_file *k = &f->now;

	if (k->fd < 0 || (size_of(k->fd) >= k->at.offset &&
			  (k->at.head_len == 0 || same_head(k->fd, &k->at))))
		return;
	f->restarts++;
	k->len = 0;
	k->skipping = false;
	k->at = (struct follow_place){.dev = k->at.dev, .ino = k->at.ino};
}

/* rename: the name leads to another inode now. */
static void
see_rename(struct follow *f, mono_t now)
{
	struct stat st;
	int fd;

	if (f->same != NULL && f->now.fd >= 0 && f->same(f->arg, &f->now.at))
		return;
	fd = f->open(f->arg, NULL);
	if (fd < 0)
		return; /* between rename and create */
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (f->now.fd >= 0 && (uint64_t)st.st_ino == f->now.at.ino &&
	     (uint64_t)st.st_dev == f->now.at.dev)) {
		close(fd);
		return;
	}
	if (f->now.fd >= 0) {
		file_close(&f->old);
		memcpy(&f->old, &f->now, sizeof(f->old));
		f->linger_until = mono_after_ms(now, FOLLOW_LINGER_S * 1000);
	}
	f->now.fd = fd;
	f->now.len = 0;
	f->now.skipping = false;
	f->now.at =
	    (struct follow_place){.dev = (uint64_t)st.st_dev, .ino = (uint64_t)st.st_ino};
}

bool
follow_step(struct follow *f, mono_t now)
{
	if (f->old.fd >= 0) {
		if (drain(f, &f->old, f->line))
			return true;
		if (f->linger_until.us == 0)
			f->linger_until = mono_after_ms(now, FOLLOW_LINGER_S * 1000);
		if (mono_diff_us(now, f->linger_until) >= 0) {
			file_close(&f->old);
			f->linger_until.us = 0;
		}
	}
	see_truncation(f);
	if (drain(f, &f->now, f->line))
		return true;
	see_rename(f, now);
	return drain(f, &f->now, f->line);
}

/* A partial line is read again. */
static struct follow_place
place_of(const struct follow_file *k)
{
	struct follow_place p = k->at;

	p.offset -= k->len;
	return p;
}

struct follow_places
follow_where(const struct follow *f)
{
	struct follow_places p = {.now = place_of(&f->now)};

	if (f->old.fd >= 0)
		p.old = place_of(&f->old);
	return p;
}

uint64_t
follow_behind(const struct follow *f)
{
	uint64_t size = size_of(f->now.fd);

	return size > f->now.at.offset ? size - f->now.at.offset : 0;
}

static size_t
print_one(const struct follow_place *p, char *dst, size_t size)
{
	int n = snprintf(dst, size,
			 "1 %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIx64 " %" PRIu64 " ",
			 p->dev, p->ino, p->offset, p->head, p->head_len);

	n += snprintf(dst + n, size - (size_t)n, "%08" PRIx32 "\n",
		      (uint32_t)text_hash(dst, (size_t)n));
	return (size_t)n;
}

void
follow_print(const struct follow_places *p, char dst[FOLLOW_TEXT])
{
	/* a line is at most 116 bytes: five numbers and a sum */
	size_t n = print_one(&p->now, dst, FOLLOW_TEXT);

	if (p->old.ino != 0)
		(void)print_one(&p->old, dst + n, FOLLOW_TEXT - n);
}

static bool
parse_one(const char *s, struct follow_place *out)
{
	struct follow_place p;
	uint32_t sum;
	int n = 0;

	if (sscanf(s,
		   "1 %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNx64 " %" SCNu64
		   " %n%" SCNx32,
		   &p.dev, &p.ino, &p.offset, &p.head, &p.head_len, &n, &sum) != 6 ||
	    n <= 0 || sum != (uint32_t)text_hash(s, (size_t)n) ||
	    p.head_len > FOLLOW_HEAD)
		return false;
	*out = p;
	return true;
}

bool
follow_parse(const char *s, struct follow_places *out)
{
	const char *second = strchr(s, '\n');

	memset(out, 0, sizeof *out);
	if (!parse_one(s, &out->now))
		return false;
	if (second != NULL && !parse_one(second + 1, &out->old))
		memset(&out->old, 0, sizeof out->old);
	return true;
}
