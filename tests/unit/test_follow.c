/*
 * test_follow - rotation of both kinds, restarts, partial lines, holes
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "follow.h"
#include "t.h"
#include "text.h"

static char dir[] = "/tmp/mb-follow.XXXXXX";
static char path[64], rotated[64];
static char got[65536], warmed[65536];
static mono_t now = {1000000};

static int
open_log(void *arg, const struct follow_place *older)
{
	struct stat st;
	int fd;

	(void)arg;
	if (older == NULL)
		return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	fd = open(rotated, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && (fstat(fd, &st) != 0 || st.st_ino != older->ino)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void
collect(char *dst, const char *line, size_t len)
{
	size_t n = strlen(dst);

	snprintf(dst + n, 65536 - n, "%.*s|", len > 20 ? 20 : (int)len, line);
}

static void
on_line(void *arg, const char *line, size_t len)
{
	(void)arg;
	collect(got, line, len);
}

static void
on_warm(void *arg, const char *line, size_t len)
{
	(void)arg;
	collect(warmed, line, len);
}

static void
append(const char *file, const char *s)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_APPEND, 0600);

	T_CHECK(write(fd, s, strlen(s)) == (ssize_t)strlen(s));
	close(fd);
}

static struct follow f;

static void
steps(void)
{
	now.us += 1000000;
	while (follow_step(&f, now))
		continue;
}

static void
fresh(const struct follow_places *p)
{
	struct err e;

	follow_fini(&f);
	follow_init(&f, open_log, on_line, NULL);
	got[0] = warmed[0] = '\0';
	T_EQ(follow_start(&f, p, 1 << 20, on_warm, &e), 0);
}

static void
test_growth(void)
{
	append(path, "old1\nold2\npart");
	fresh(NULL);
	steps();
	T_STR(got, "");
	T_STR(warmed, "old1|old2|");
	append(path, "ial\nn1\n");
	steps();
	T_STR(got, "partial|n1|");
	append(path, "n2\nn3");
	steps();
	T_STR(got, "partial|n1|n2|");
}

static void
test_rename(void)
{
	int writer;

	got[0] = '\0';
	writer = open(path, O_WRONLY | O_APPEND);
	T_EQ(rename(path, rotated), 0);
	steps();
	append(path, "m1\n");
	T_EQ(write(writer, "+\nlate\n", 7), 7);
	steps();
	T_STR(got, "n3+|late|m1|");
	T_EQ(write(writer, "later\n", 6), 6); /* the writer still has the old one */
	append(path, "m2\n");
	steps();
	T_STR(got, "n3+|late|m1|later|m2|");
	close(writer);
	now.us += INT64_C(61000000);
	steps();
	T_EQ(f.old.fd, -1);
}

static void
test_copytruncate(void)
{
	got[0] = '\0';
	T_EQ(truncate(path, 0), 0);
	append(path, "c1\n");
	steps();
	T_STR(got, "c1|");
	/* cut and already longer than before: only its beginning tells */
	T_EQ(truncate(path, 0), 0);
	append(path, "d1 is longer than what was read before\nd2\n");
	steps();
	T_STR(got, "c1|d1 is longer than wh|d2|");
	/* a writer that does not append leaves a hole */
	T_EQ(truncate(path, 0), 0);
	T_EQ(truncate(path, 1 << 20), 0);
	append(path, "e1\n");
	steps();
	T_STR(got, "c1|d1 is longer than wh|d2|e1|");
	T_EQ(f.restarts, 3);
}

static void
test_restart(void)
{
	struct follow_places p;
	char text[FOLLOW_TEXT];
	int writer;

	T_EQ(truncate(path, 0), 0);
	append(path, "r1\nr2\n");
	fresh(NULL);
	append(path, "r3\npar");
	steps();
	follow_print(&(struct follow_places){.old.ino = UINT64_MAX}, text);
	p = follow_where(&f);
	follow_print(&p, text);
	T_CHECK(follow_parse(text, &p));
	append(path, "t\nr4\n");
	fresh(&p);
	steps();
	T_STR(warmed, "r1|r2|r3|");
	T_STR(got, "part|r4|");
	/* renamed while we were away */
	p = follow_where(&f);
	append(path, "r5\n");
	T_EQ(rename(path, rotated), 0);
	append(path, "s1\n");
	fresh(&p);
	steps();
	T_STR(got, "r5|s1|");
	/* cut while we were away */
	p = follow_where(&f);
	T_EQ(truncate(path, 0), 0);
	append(path, "u1\n");
	fresh(&p);
	steps();
	T_STR(got, "u1|");
	/* we ended while the renamed one was still written to */
	writer = open(path, O_WRONLY | O_APPEND);
	T_EQ(rename(path, rotated), 0);
	append(path, "v1\n");
	steps();
	p = follow_where(&f);
	follow_print(&p, text);
	T_CHECK(follow_parse(text, &p));
	T_EQ(write(writer, "late2\n", 6), 6);
	close(writer);
	append(path, "v2\n");
	fresh(&p);
	steps();
	T_STR(got, "late2|v2|");
	now.us += INT64_C(61000000);
	steps();
	T_EQ(f.lost, 0);
	/* gone twice: what can be read is read, and the gap is known */
	p = follow_where(&f);
	p.now.ino++;
	fresh(&p);
	steps();
	T_STR(got, "v1|v2|");
	T_EQ(f.lost, 1);
	text[5] ^= 1;
	T_CHECK(!follow_parse(text, &p));
	T_CHECK(!follow_parse("", &p));
}

static void
test_long(void)
{
	char *big = malloc(200001);

	memset(big, 'x', 200000);
	big[200000] = '\0';
	got[0] = '\0';
	append(path, big);
	steps();
	append(path, "tail\nshort\n");
	steps();
	T_STR(got, "xxxxxxxxxxxxxxxxxxxx|short|");
	T_EQ(f.cut, 1);
	free(big);
}

/* Places are kept with it: the published values of FNV-1a, for ever. */
static void
test_hash(void)
{
	T_EQ(text_hash("", 0), UINT64_C(0xcbf29ce484222325));
	T_EQ(text_hash("a", 1), UINT64_C(0xaf63dc4c8601ec8c));
	T_EQ(text_hash("foobar", 6), UINT64_C(0x85944171f73967e8));
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/log", dir);
	snprintf(rotated, sizeof(rotated), "%s/log.1", dir);
	follow_init(&f, open_log, on_line, NULL);
	test_growth();
	test_rename();
	test_copytruncate();
	test_restart();
	test_long();
	follow_fini(&f);
	unlink(path);
	unlink(rotated);
	rmdir(dir);
	test_hash();
	return T_DONE();
}
