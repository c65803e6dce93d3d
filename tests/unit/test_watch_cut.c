/*
 * test_watch_cut - directories whose names come in pieces, as a signal or a bad block cuts
 *
 * Job:     a watch over a temporary directory, in which each getdents(2) gives half.
 * Touches: temporary directories, child processes. Both backends at once.
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <sys/syscall.h>

#include "watch_frame.h"

#define FILES 40

struct raw {
	uint64_t ino;
	int64_t off;
	unsigned short reclen;
};

static bool bad_block; /* what follows the first half cannot be read */

/* Half of what came (one name of two), and the directory stands behind it. */
static long
half(int fd, const char *buf, long n)
{
	long at = 0;

	while (at < n / 2) {
		const struct raw *d = (const void *)(buf + at);

		at += d->reclen;
		if (at >= n / 2)
			(void)lseek(fd, d->off, SEEK_SET);
	}
	return at;
}

/* In the place of libc's: the watch that is started here asks through it. */
long
syscall(long number, ...)
{
	static long (*real)(long, ...);
	static bool cut_before;
	long a[6], n;
	va_list ap;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "syscall");
	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_getdents64 && bad_block && cut_before) {
		cut_before = false;
		errno = EIO;
		return -1;
	}
	n = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (number != SYS_getdents64 || n <= 0)
		return n;
	cut_before = true;
	return half((int)a[0], (const char *)a[1], n);
}

static const char *
file(int i)
{
	char name[64];

	snprintf(name, sizeof name, "home/a/www/d/file-%d.php", i);
	return at(name);
}

/* All are seen; and where the rest cannot be read, that is said. */
static void
all(void)
{
	int seen = 0;

	mkdir(at("home/a/www/d"), 0755);
	for (int i = 0; i < FILES; i++) {
		FILE *f = fopen(file(i), "w");

		T_CHECK(f != NULL && fputs("x", f) >= 0 && fclose(f) == 0);
	}
	start("");
	while (seen < FILES && wj_sees(&j, file(seen)))
		seen++;
	T_EQ(seen, FILES);
	T_EQ(wj_stop(&j), 0);
	bad_block = true;
	start_wanting("", WJ_WANT);
	for (int i = 0; i < 200 && strstr(j.degraded, "could not be walked") == NULL; i++)
		(void)wj_pump(&j, 50, 0);
	T_CHECK(strstr(j.degraded, "could not be walked") != NULL, "%s", j.degraded);
	(void)wj_stop(&j);
}

int
main(void)
{
	return both_backends("test_watch_cut", all);
}
