/*
 * held_io - held mail on disk: bytes
 *
 * Job:     see held.h and held_int.h.
 * Touches: the descriptors it is given.
 */
#include "held_int.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

#define COPY_BYTES (256u << 10)

/* Disk full is said as such: the sender is refused, and may come again. */
int
held_write_err(struct err *e, const char *what)
{
	if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) {
		char text[64];

		(void)snprintf(text, sizeof text, "%s", strerror(errno));
		return err_set(e, ERR_AGAIN, "held: %s: %s", what, text);
	}
	return err_sys(e, "held: %s", what);
}

int
held_write_at(int fd, const void *p, size_t len, uint64_t at, struct err *e)
{
	const char *b = p;

	while (len > 0) {
		ssize_t n = pwrite(fd, b, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0)
				errno = ENOSPC;
			return held_write_err(e, "write");
		}
		b += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/*
 * SHA-256 of size bytes of from at from_at; with to >= 0 they are also written there, at
 * to_at. ERR_INPUT when there are fewer.
 */
int
held_hash_copy(int from, uint64_t from_at, uint64_t size, int to, uint64_t to_at,
	       char hex[65], struct err *e)
{
	unsigned char md[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;
	uint8_t *buf = malloc(COPY_BYTES);
	uint64_t done = 0;
	int r = -1;

	if (buf == NULL)
		return err_set(e, ERR_AGAIN, "held: no memory");
	sha256_init(&ctx);
	while (done < size) {
		size_t want =
		    size - done < COPY_BYTES ? (size_t)(size - done) : COPY_BYTES;
		ssize_t n = pread(from, buf, want, (off_t)(from_at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_sys(e, "held: read");
			goto out;
		}
		if (n == 0) {
			err_set(e, ERR_INPUT, "held: the body ends at %llu of %llu bytes",
				(unsigned long long)done, (unsigned long long)size);
			goto out;
		}
		sha256_update(&ctx, (size_t)n, buf);
		if (to >= 0 && held_write_at(to, buf, (size_t)n, to_at + done, e) != 0)
			goto out;
		done += (uint64_t)n;
	}
	sha256_digest(&ctx, sizeof md, md);
	text_hex(hex, md, sizeof md);
	r = 0;
out:
	free(buf);
	return r;
}
