/*
 * test_keeper - what comes through the pipe is a file of its own name, or nothing
 *
 * Job:     start the keeper, play the scan process.
 * Touches: a directory below /tmp; child processes.
 */
#include "t.h"

#include <dirent.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Lives in mailbraked, which unit tests do not link. */
#include "../../daemon/keeper.c"

static char top[] = "/tmp/mailbrake-keeper.XXXXXX";
static struct conf conf;

/* Give the keeper data so many times over and wait until it has ended. Its exit code. */
static int
give(const void *data, size_t len, unsigned times)
{
	int dir = -1, out = -1, status = -1;

	keeper_start(&conf, &dir, &out);
	T_CHECK(dir >= 0 && out >= 0);
	if (out < 0)
		return -1;
	for (size_t done = 0; done < len * times;) {
		size_t at = done % len;
		ssize_t n = write(out, (const char *)data + at, len - at);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	close(out);
	close(dir);
	T_CHECK(wait(&status) > 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Names in compiled_dir but . and .. */
static unsigned
files(void)
{
	struct dirent *ent;
	unsigned n = 0;
	DIR *d = opendir(conf.compiled_dir);

	while (d != NULL && (ent = readdir(d)) != NULL)
		n += ent->d_name[0] != '.' || strlen(ent->d_name) > 2;
	if (d != NULL)
		closedir(d);
	return n;
}

static void
test_kept(void)
{
	static unsigned char data[300000], got[sizeof data + 1];
	char path[700], name[2 * KEY_LEN + 1];
	FILE *f;

	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (unsigned char)(i * 7 + i / 251);
	for (size_t i = 0; i < KEY_LEN; i++)
		(void)snprintf(name + 2 * i, 3, "%02x", data[MAGIC_LEN + i]);
	T_EQ(give(data, sizeof data, 1), 0);
	T_EQ(files(), 1);
	(void)snprintf(path, sizeof path, "%s/%s", conf.compiled_dir, name);
	f = fopen(path, "r");
	T_CHECK(f != NULL, "named by its key: %s", path);
	if (f == NULL)
		return;
	T_EQ(fread(got, 1, sizeof got, f), sizeof data);
	T_CHECK(memcmp(got, data, sizeof data) == 0);
	fclose(f);
	/* the same once more takes its place */
	T_EQ(give(data, sizeof data, 1), 0);
	T_EQ(files(), 1);
}

static void
test_nothing(void)
{
	static const unsigned char data[MAGIC_LEN + KEY_LEN - 1];
	unsigned before = files();

	T_EQ(give("", 1, 0), 0);
	T_EQ(give(data, sizeof data, 1), 0);
	T_EQ(files(), before);
}

/* More than may be kept at all: the keeper ends, nothing is left of it. */
static void
test_too_much(void)
{
	static const unsigned char data[1 << 20];
	unsigned before = files();

	T_EQ(give(data, sizeof data, 2 * (KEEPDIR_BYTES_MAX >> 20) + 4), 1);
	T_EQ(files(), before);
}

/* A place that is no directory: said, and the rules are compiled at each start. */
static void
test_no_place(void)
{
	int dir = 0, out = 0;
	FILE *f;

	(void)snprintf(conf.compiled_dir, sizeof conf.compiled_dir, "%s/file", top);
	f = fopen(conf.compiled_dir, "w");
	T_CHECK(f != NULL && fclose(f) == 0);
	keeper_start(&conf, &dir, &out);
	T_EQ(dir, -1);
	T_EQ(out, -1);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

int
main(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	log_init("keeper", false);
	conf_defaults(&conf);
	if (mkdtemp(top) == NULL)
		return 1;
	(void)snprintf(conf.compiled_dir, sizeof conf.compiled_dir, "%s/compiled", top);
	test_kept();
	test_nothing();
	test_too_much();
	test_no_place();
	(void)nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return T_DONE();
}
