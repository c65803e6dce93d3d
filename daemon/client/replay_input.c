/*
 * replay_input - lines from a plain, gzip or xz file
 *
 * Job:     see replay.h. Memory: two buffers of 256 kB and one line, whatever the file.
 * Touches: the file named, or standard input.
 */
#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "replay.h"
#include "xmem.h"

#define BUF 262144
#define XZ_MEM \
	(UINT64_C(256) << 20) /* more than `xz -9` needs; a hostile file gets no more */

enum packing { PLAIN, GZIP, XZ };

struct input {
	int fd;
	enum packing packing;
	off_t size, read;
	z_stream z;
	lzma_stream x;
	bool packed_end, eof;
	unsigned char *raw; /* packed bytes */
	size_t raw_len, raw_at;
	unsigned char *out; /* plain bytes */
	size_t out_len, out_at;
	char *line;
};

static ssize_t
fill_raw(struct input *in, struct err *e)
{
	ssize_t n;

	do
		n = read(in->fd, in->raw, BUF);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "read");
	in->raw_len = (size_t)n;
	in->raw_at = 0;
	in->read += n;
	return n;
}

static int
begin_unpack(struct input *in, struct err *e)
{
	in->z = (z_stream){0};
	in->x = (lzma_stream)LZMA_STREAM_INIT;
	if (in->packing == GZIP && inflateInit2(&in->z, 15 + 32) != Z_OK)
		return err_set(e, ERR_SYS, "zlib does not start");
	if (in->packing == XZ &&
	    lzma_stream_decoder(&in->x, XZ_MEM, LZMA_CONCATENATED) != LZMA_OK)
		return err_set(e, ERR_SYS, "liblzma does not start");
	return 0;
}

struct input *
input_open(const char *path, struct err *e)
{
	struct input *in = xcalloc(1, sizeof(*in));
	struct stat st;

	in->fd = strcmp(path, "-") == 0 ? dup(0) : open(path, O_RDONLY | O_CLOEXEC);
	if (in->fd < 0) {
		err_sys(e, "open");
		free(in);
		return NULL;
	}
	if (fstat(in->fd, &st) == 0 && S_ISREG(st.st_mode))
		in->size = st.st_size;
	in->raw = xcalloc(1, BUF);
	in->out = xcalloc(1, BUF);
	in->line = xcalloc(1, REPLAY_LINE_MAX + 1);
	if (fill_raw(in, e) < 0) {
		input_close(&in);
		return NULL;
	}
	if (in->raw_len >= 2 && in->raw[0] == 0x1f && in->raw[1] == 0x8b)
		in->packing = GZIP;
	else if (in->raw_len >= 6 && memcmp(in->raw,
					    "\xfd"
					    "7zXZ",
					    6) == 0)
		in->packing = XZ;
	if (begin_unpack(in, e) != 0)
		input_close(&in);
	return in;
}

static int
fill_gzip(struct input *in, struct err *e)
{
	int rc;

	in->z.next_in = in->raw + in->raw_at;
	in->z.avail_in = (uInt)(in->raw_len - in->raw_at);
	in->z.next_out = in->out;
	in->z.avail_out = BUF;
	rc = inflate(&in->z, Z_NO_FLUSH);
	in->raw_at = in->raw_len - in->z.avail_in;
	in->out_len = BUF - in->z.avail_out;
	if (rc == Z_STREAM_END) /* another member may follow */
		inflateReset(&in->z);
	else if (rc != Z_OK && rc != Z_BUF_ERROR)
		return err_set(e, ERR_INPUT, "the gzip data is damaged");
	in->packed_end = rc == Z_STREAM_END;
	return 0;
}

static int
fill_xz(struct input *in, struct err *e)
{
	lzma_ret rc;

	in->x.next_in = in->raw + in->raw_at;
	in->x.avail_in = in->raw_len - in->raw_at;
	in->x.next_out = in->out;
	in->x.avail_out = BUF;
	rc = lzma_code(&in->x, in->eof ? LZMA_FINISH : LZMA_RUN);
	in->raw_at = in->raw_len - in->x.avail_in;
	in->out_len = BUF - in->x.avail_out;
	in->packed_end = rc == LZMA_STREAM_END;
	if (rc != LZMA_OK && rc != LZMA_STREAM_END && rc != LZMA_BUF_ERROR)
		return err_set(e, ERR_INPUT, "the xz data is damaged");
	return 0;
}

/* More plain bytes: 1, or 0 at the end, -1 error. */
static int
fill(struct input *in, struct err *e)
{
	in->out_at = in->out_len = 0;
	while (in->out_len == 0) {
		if (in->raw_at == in->raw_len && !in->eof) {
			ssize_t n = fill_raw(in, e);

			if (n < 0)
				return -1;
			in->eof = n == 0;
		}
		if (in->raw_at == in->raw_len && in->eof && in->packing != XZ) {
			if (in->packing == GZIP && !in->packed_end)
				return err_set(e, ERR_INPUT,
					       "the gzip data is cut short");
			return 0;
		}
		if (in->packing == PLAIN) {
			unsigned char *swap = in->out;

			in->out = in->raw;
			in->raw = swap;
			in->out_at = in->raw_at;
			in->out_len = in->raw_len;
			in->raw_at = in->raw_len = 0;
			return 1;
		}
		if ((in->packing == GZIP ? fill_gzip(in, e) : fill_xz(in, e)) != 0)
			return -1;
		if (in->packing == XZ && in->out_len == 0 && in->eof) {
			if (!in->packed_end)
				return err_set(e, ERR_INPUT, "the xz data is cut short");
			return 0;
		}
	}
	return 1;
}

int
input_line(struct input *in, char **line, size_t *len, bool *too_long, struct err *e)
{
	size_t n = 0;

	*too_long = false;
	for (;;) {
		unsigned char *from, *nl;
		size_t have, take;

		if (in->out_at == in->out_len) {
			int rc = fill(in, e);

			if (rc < 0 || (rc == 0 && n == 0))
				return rc;
			if (rc == 0)
				break;
		}
		from = in->out + in->out_at;
		have = in->out_len - in->out_at;
		nl = memchr(from, '\n', have);
		take = nl == NULL ? have : (size_t)(nl - from);
		in->out_at += take + (nl != NULL);
		if (n + take > REPLAY_LINE_MAX) {
			take = REPLAY_LINE_MAX - n;
			*too_long = true;
		}
		memcpy(in->line + n, from, take);
		n += take;
		if (nl != NULL)
			break;
	}
	in->line[n] = '\0';
	*line = in->line;
	*len = n;
	return 1;
}

int
input_permille(const struct input *in)
{
	return in->size == 0 ? -1 : (int)(in->read * 1000 / in->size);
}

void
input_close(struct input **inp)
{
	struct input *in = *inp;

	if (in == NULL)
		return;
	if (in->packing == GZIP)
		inflateEnd(&in->z);
	if (in->packing == XZ)
		lzma_end(&in->x);
	close(in->fd);
	free(in->raw);
	free(in->out);
	free(in->line);
	free(in);
	*inp = NULL;
}
