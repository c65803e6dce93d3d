/*
 * sendmail_claim - which script may have called us
 *
 * Job:     see sendmail_claim.h.
 * Touches: the environment, /proc.
 */
#include "sendmail_claim.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "text.h"

#define PARENTS 4   /* the shell of popen(3), the interpreter, and two more */
#define FDS_LOOK 24 /* PHP's leaked descriptors were 4 to 7 */

static bool
from_environment(char *dst, size_t size)
{
	static const char *const names[] = {"MAILBRAKE_SCRIPT", "SCRIPT_FILENAME",
					    "PATH_TRANSLATED"};
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++) {
		const char *v = getenv(names[i]);

		if (v != NULL && v[0] == '/' && text_copy(dst, size, v))
			return true;
	}
	return false;
}

static bool
is_script_name(const char *path)
{
	static const char *const ends[] = {".php", ".phtml", ".php5", ".php7", ".php8",
					   ".pl",  ".cgi",   ".py",   ".phar", ".inc"};
	size_t i, len = strlen(path), n;

	for (i = 0; i < sizeof ends / sizeof *ends; i++) {
		n = strlen(ends[i]);
		if (len > n && strcmp(path + len - n, ends[i]) == 0)
			return true;
	}
	return false;
}

static bool
read_link(const char *name, char *dst, size_t size)
{
	ssize_t n = readlink(name, dst, size - 1);

	if (n <= 0 || (size_t)n >= size - 1)
		return false;
	dst[n] = '\0';
	return true;
}

static bool
from_open_files(char *dst, size_t size)
{
	char name[64];
	int fd;

	for (fd = 3; fd < FDS_LOOK; fd++) {
		snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
		if (read_link(name, dst, size) && dst[0] == '/' && is_script_name(dst))
			return true;
	}
	dst[0] = '\0';
	return false;
}

static size_t
read_small(const char *name, char *buf, size_t size)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n <= 0)
		return 0;
	buf[n] = '\0';
	return (size_t)n;
}

/* The parent of pid, from the fourth field of /proc/PID/stat (proc(5)); 0: not known. */
static long
parent_of(long pid)
{
	char name[64], buf[1024];
	const char *p;
	int64_t ppid;
	size_t n;

	snprintf(name, sizeof name, "/proc/%ld/stat", pid);
	if (read_small(name, buf, sizeof buf) == 0)
		return 0;
	p = strrchr(buf, ')'); /* the name in brackets may hold anything */
	if (p == NULL || strlen(p) < 5)
		return 0;
	p += 4;
	n = strspn(p, "0123456789");
	buf[(size_t)(p - buf) + n] = '\0';
	return text_to_i64(p, 1, INT32_MAX, &ppid) ? (long)ppid : 0;
}

static bool
is_interpreter(const char *argv0)
{
	static const char *const names[] = {"php", "perl", "python", "ruby", "lsphp"};
	const char *slash = strrchr(argv0, '/');
	const char *base = slash != NULL ? slash + 1 : argv0;
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (strncmp(base, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* The script among the words of an interpreter's command line; NULL: none. */
static const char *
script_word(const char *buf, size_t len)
{
	const char *p = buf + strlen(buf) + 1, *end = buf + len;

	for (; p < end; p += strlen(p) + 1) {
		if (p[0] != '-')
			return *p == '\0' ? NULL : p;
		if (p[1] == 'r' || p[1] == 'R' || p[1] == 'B' || p[1] == 'e')
			return NULL; /* code on the command line */
		/* -d x=y and its like take the next word; -f and -F name the script */
		if (p[1] != '\0' && strchr("dczt", p[1]) != NULL && p[2] == '\0')
			p += strlen(p) + 1;
	}
	return NULL;
}

static bool
from_parents(const char *cwd, char *dst, size_t size)
{
	char name[64], buf[CLAIM_MAX], dir[CLAIM_MAX];
	const char *word;
	long pid = (long)getppid();
	size_t len;
	int i;

	for (i = 0; i < PARENTS && pid > 1; i++, pid = parent_of(pid)) {
		snprintf(name, sizeof name, "/proc/%ld/cmdline", pid);
		len = read_small(name, buf, sizeof buf);
		if (len == 0 || !is_interpreter(buf))
			continue;
		word = script_word(buf, len);
		if (word == NULL)
			return false;
		if (word[0] == '/')
			return text_copy(dst, size, word);
		snprintf(name, sizeof name, "/proc/%ld/cwd", pid);
		if (!read_link(name, dir, sizeof dir))
			(void)text_copy(dir, sizeof dir, cwd);
		len = (size_t)snprintf(dst, size, "%s/%s", dir, word);
		return len < size;
	}
	return false;
}

void
sendmail_claim_script(const char *cwd, char *dst, size_t size)
{
	dst[0] = '\0';
	if (!from_environment(dst, size) && !from_open_files(dst, size) &&
	    !from_parents(cwd, dst, size))
		dst[0] = '\0';
}
