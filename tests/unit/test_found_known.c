/*
 * test_found_known - a directory that was known is known again, until anything changes
 *
 * Job:     unit test of daemon/judge/found_known.c with a real store and real files.
 * Touches: a temporary directory.
 */
#include "t.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "found_known.h"
#include "msg.h"

static char dir[] = "/tmp/mailbrake-test-found-XXXXXX";
static struct store *s;
static struct err e;
static uint64_t rules = 77;

/* One directory's section, as watch makes it. */
static unsigned char body[65536];
static size_t len;

static void
add(uint64_t dev, uint64_t dir_ino, uint32_t part, const struct found_file *f,
    uint32_t count)
{
	const struct found_dir d = {dev, dir_ino, part, count};

	memcpy(body + len, &d, sizeof d);
	memcpy(body + len + sizeof d, f, count * sizeof *f);
	len += sizeof d + count * sizeof *f;
}

static struct found_job
check(void)
{
	struct found_job j = {.files = body, .len = len};
	int rc, rounds = 0;

	while ((rc = found_check(&j, s, rules, 0, &e)) == 0 && rounds < 10000)
		rounds++;
	T_EQ(rc, 1);
	return j;
}

static void
verdict(uint64_t dev, const struct found_file *f, enum verdict v)
{
	struct store_file row = {.dev = dev,
				 .ino = f->ino,
				 .size = f->size,
				 .ctime_us = f->ctime_us,
				 .rules = rules,
				 .verdict = (int)v,
				 .path = v == VERDICT_CLEAN ? NULL : "/p"};

	T_EQ(store_file_put(s, &row, &e), 0);
}

/* Forget the rows, so that only the digest can know. */
static void
drop(uint64_t dev, const struct found_file *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		T_EQ(store_file_drop(s, dev, f[i].ino, &e), 0);
}

static void
test_digest(void)
{
	struct found_file f[40];
	struct found_job j;
	uint32_t i;

	for (i = 0; i < 40; i++)
		f[i] = (struct found_file){.ino = 100 + i,
					   .size = i,
					   .ctime_us = 5000 + i,
					   .name = i * 7,
					   .uid = 1001};
	len = 0;
	add(1, 50, 0, f, 20);
	add(1, 50, 1, f + 20, 20);
	T_EQ(check().wanted, 40);
	for (i = 0; i < 39; i++)
		verdict(1, &f[i], i % 2 == 0 ? VERDICT_CLEAN : VERDICT_MALICIOUS);
	verdict(1, &f[39], VERDICT_UNSCANNED);
	j = check();
	T_EQ(j.wanted, 1); /* "not looked at" is no verdict */
	T_EQ(j.bits[4], 0x80);
	/* the first part is known as a whole now, the second is not */
	drop(1, f, 20);
	T_EQ(check().wanted, 1);
	verdict(1, &f[39], VERDICT_CLEAN);
	T_EQ(check().wanted, 0);
	drop(1, f + 20, 20);
	j = check();
	T_EQ(j.wanted, 0);
	T_EQ(j.count, 40);
	/* any other thing about a file, and the row is asked for */
	for (i = 0; i < 6; i++) {
		struct found_file g = f[3], *p = &f[3];

		if (i == 0)
			p->ino++;
		else if (i == 1)
			p->size++;
		else if (i == 2)
			p->ctime_us++;
		else if (i == 3)
			p->ctime_ns++;
		else if (i == 4)
			p->uid++;
		else
			p->name++;
		len = 0;
		add(1, 50, 0, f, 20);
		T_CHECK(check().wanted == 20, "field %u", i);
		f[3] = g;
	}
	/* one more, one less, another order, another place */
	len = 0;
	add(1, 50, 0, f, 19);
	T_EQ(check().wanted, 19);
	len = 0;
	add(1, 51, 0, f, 20);
	add(2, 50, 0, f, 20);
	add(1, 50, 2, f, 20);
	T_EQ(check().wanted, 60);
	len = 0;
	add(1, 50, 0, f, 20);
	T_EQ(check().wanted, 0);
	/* other rules; an admin's word; and what was known then is not known again */
	rules++;
	T_EQ(check().wanted, 20);
	rules--;
	T_EQ(check().wanted, 0);
	found_forget(s);
	T_EQ(check().wanted, 20);
}

/* The wanted ones get their verdicts one by one; with the last the directory is known. */
static void
test_owed(void)
{
	struct found_file f[3] = {{.ino = 901, .size = 1, .ctime_us = 7},
				  {.ino = 902, .size = 2, .ctime_us = 8},
				  {.ino = 903, .size = 3, .ctime_us = 9}};
	uint32_t i;

	found_owed_drop();
	len = 0;
	add(4, 900, 0, f, 3);
	verdict(4, &f[1], VERDICT_CLEAN);
	T_EQ(check().wanted, 2);
	T_EQ(found_owed(), 2);
	found_kept(s, rules, 4, 901, 1, 7, true);
	found_kept(s, rules, 5, 903, 3, 9, true); /* of another device */
	drop(4, f, 3);
	T_EQ(check().wanted, 3);
	found_owed_drop();
	T_EQ(found_owed(), 0);
	verdict(4, &f[1], VERDICT_CLEAN);
	T_EQ(check().wanted, 2);
	found_kept(s, rules, 4, 901, 1, 7, true);
	found_kept(s, rules, 4, 903, 3, 9, true);
	T_EQ(found_owed(), 0);
	drop(4, f, 3);
	T_EQ(check().wanted, 0);
	/* one was not looked at; one changed before it was */
	for (i = 0; i < 2; i++) {
		f[0].ctime_us++;
		len = 0;
		add(4, 900, 0, f, 3);
		T_EQ(check().wanted, 3);
		found_kept(s, rules, 4, 901, 1, f[0].ctime_us, i == 1);
		found_kept(s, rules, 4, 902, 2, i == 1 ? 9 : 8, true);
		found_kept(s, rules, 4, 903, 3, 9, true);
		T_EQ(found_owed(), 0);
		T_EQ(check().wanted, 3);
		found_owed_drop();
	}
	/* two names of one file; the same directory asked for twice */
	f[1] = f[0];
	f[1].name = 5;
	len = 0;
	add(4, 910, 0, f, 2);
	add(4, 910, 0, f, 2);
	T_EQ(check().wanted, 4);
	T_EQ(found_owed(), 4);
	found_kept(s, rules, 4, 901, 1, f[0].ctime_us, true);
	T_EQ(found_owed(), 0);
	T_EQ(check().wanted, 0);
	/* a verdict that comes while the files are being listed does not close the list
	 */
	f[1] = (struct found_file){.ino = 904, .size = 4, .ctime_us = 10};
	struct found_job j = {.files = body};
	struct found_file many[32];

	for (i = 0; i < 32; i++)
		many[i] = (struct found_file){.ino = 1000 + i, .ctime_us = 11};
	len = 0;
	add(4, 920, 0, many, 32);
	j.len = len;
	T_EQ(found_check(&j, s, rules, 0, &e), 0);
	T_CHECK(j.count > 0 && j.count < 32, "%zu", j.count);
	for (i = 0; i < j.count; i++)
		found_kept(s, rules, 4, 1000 + i, 0, 11, true);
	while (found_check(&j, s, rules, 0, &e) == 0)
		continue;
	T_EQ(j.wanted, 32);
	T_CHECK(found_owed() > 0);
	T_EQ(check().wanted, 32); /* (asked for again) */
	for (i = 0; i < 32; i++)
		found_kept(s, rules, 4, 1000 + i, 0, 11, true);
	T_EQ(check().wanted, 0);
	T_EQ(found_owed(), 0);
}

/* Rules changed meanwhile: a digest is of one set of rules, all of it. */
static void
test_other_rules(void)
{
	struct found_file f[32];
	struct found_job j = {.files = body};
	uint32_t i;

	for (i = 0; i < 32; i++)
		f[i] = (struct found_file){.ino = 2000 + i, .ctime_us = 12};
	/* wanted by the old ones, looked at by the new ones, and back to the old */
	len = 0;
	add(4, 930, 0, f, 1);
	T_EQ(check().wanted, 1);
	rules++;
	verdict(4, &f[0], VERDICT_CLEAN);
	found_kept(s, rules, 4, 2000, 0, 12, true);
	T_EQ(found_owed(), 0);
	rules--;
	T_EQ(check().wanted, 1);
	/* in the middle of a walk's question */
	rules++;
	found_owed_drop();
	len = 0;
	add(4, 940, 0, f, 32);
	j.len = len;
	T_EQ(found_check(&j, s, rules, 0, &e), 0);
	T_CHECK(j.count > 0 && j.count < 32 && j.wanted == j.count - 1, "%zu", j.count);
	rules--;
	for (i = 0; i < 31; i++)
		verdict(4, &f[i], VERDICT_CLEAN);
	while (found_check(&j, s, rules, 0, &e) == 0)
		continue;
	T_EQ(j.count, 32);
	T_EQ(j.wanted, 1);
	T_EQ(j.bits[0], 0);
	T_EQ(j.bits[3], 0x80);
	T_EQ(found_owed(), 1);
	verdict(4, &f[31], VERDICT_CLEAN);
	found_kept(s, rules, 4, 2031, 0, 12, true);
	T_EQ(found_owed(), 0);
	drop(4, f, 32);
	T_EQ(check().wanted, 0); /* that one is whole */
	rules++;
	T_EQ(check().wanted, 32);
	rules--;
	found_owed_drop();
}

/* A verdict is taken back by what a tenant can do: it costs his directory's digests. */
static void
test_forget_in(void)
{
	struct found_file f[32], other = {.ino = 3900, .ctime_us = 13};
	struct found_job j = {.files = body};
	unsigned char key[16];
	size_t key_len = 0;
	uint32_t i;

	for (i = 0; i < 32; i++) {
		f[i] = (struct found_file){.ino = 3000 + i, .ctime_us = 13};
		verdict(4, &f[i], VERDICT_CLEAN);
	}
	verdict(4, &other, VERDICT_CLEAN);
	len = 0;
	add(4, 950, 0, f, 16);
	add(4, 950, 1, f + 16, 16);
	add(4, 951, 0, &other, 1);
	T_EQ(check().wanted, 0);
	drop(4, f, 32);
	drop(4, &other, 1);
	T_EQ(check().wanted, 0);
	found_forget_in(s, 4, 950, 1);
	T_EQ(check().wanted, 32); /* both its parts, and no other's */
	found_owed_drop();
	/* while its files are listed: those seen before it are not known as a whole */
	for (i = 0; i < 32; i++)
		verdict(4, &f[i], VERDICT_CLEAN);
	len = 0;
	add(4, 950, 0, f, 32);
	j.len = len;
	T_EQ(found_check(&j, s, rules, 0, &e), 0);
	T_CHECK(j.count > 0 && j.count < 32 && j.wanted == 0, "%zu", j.count);
	found_forget_in(s, 4, 950, 1);
	verdict(4, &f[0], VERDICT_UNSCANNED);
	while (found_check(&j, s, rules, 0, &e) == 0)
		continue;
	T_EQ(check().wanted, 1);
	/* while another of its files is owed */
	verdict(4, &f[1], VERDICT_UNSCANNED);
	found_forget_in(s, 4, 950, 1);
	verdict(4, &f[0], VERDICT_CLEAN);
	found_kept(s, rules, 4, 3000, 0, 13, true);
	T_EQ(check().wanted, 1);
	found_owed_drop();
	/* links: everybody's, once; again only later, or with the next start */
	len = 0;
	add(4, 951, 0, &other, 1);
	T_EQ(check().wanted, 0);
	for (i = 0; i < 2; i++) {
		found_forget_in(s, 4, 950, 2);
		T_EQ(check().wanted, i == 0);
		verdict(4, &other, VERDICT_CLEAN);
		T_EQ(check().wanted, 0);
		drop(4, &other, 1);
	}
	T_EQ(check().wanted, 0);
	/* the next start finds no key it could use */
	T_EQ(store_kv_get(s, "found_key", key, sizeof key, &key_len, &e), 1);
	T_EQ(key_len, 1);
	found_forget(s);
	T_EQ(store_kv_get(s, "found_key", key, sizeof key, &key_len, &e), 1);
	T_EQ(key_len, 16);
	found_owed_drop();
}

/* More than are remembered: asked for once more, never taken for known. */
static void
test_owed_bound(void)
{
	static struct found_file f[1024];
	uint32_t i, d;

	for (i = 0; i < 1024; i++)
		f[i] = (struct found_file){.ino = 5000 + i, .ctime_us = 1};
	for (d = 0; d < FOUND_OWED / 1024 + 4; d++) {
		len = 0;
		add(6, 7000 + d, 0, f, 1024);
		T_EQ(check().wanted, 1024);
	}
	T_EQ(found_owed(), FOUND_OWED);
	for (i = 0; i < 1024; i++)
		found_kept(s, rules, 6, 5000 + i, 0, 1, true);
	T_EQ(found_owed(), 0);
	T_EQ(check().wanted, 1024); /* the last found no room */
	found_owed_drop();
}

static void
test_damaged(void)
{
	const struct found_file f[2] = {{.ino = 1}, {.ino = 2}};
	size_t i, whole;

	len = 0;
	add(1, 1, 0, f, 2);
	whole = len;
	for (i = 1; i < whole; i++) {
		struct found_job j = {.files = body, .len = i};

		T_EQ(found_check(&j, s, rules, 1000, &e), -1);
		T_EQ(e.code, ERR_INPUT);
	}
	len = 0;
	add(1, 1, 0, f, 0);
	T_EQ(found_check(&(struct found_job){.files = body, .len = len}, s, rules, 0, &e),
	     -1);
	/* more files than the answer has bits */
	memset(body, 0xff, 24);
	T_EQ(found_check(&(struct found_job){.files = body, .len = sizeof body}, s, rules,
			 0, &e),
	     -1);
}

/* --- real files --- */

static char tree[sizeof dir + 8];

static const char *
at(const char *name)
{
	static char buf[2][256];
	static int n;
	char *p = buf[n++ & 1];

	(void)snprintf(p, sizeof buf[0], "%s/%s", tree, name);
	return p;
}

static void
write_file(const char *name, const char *text)
{
	FILE *f = fopen(at(name), "w");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
		exit(1);
}

/* Read the directory and ask; settle: give every file a clean verdict afterwards. */
static size_t
walk(bool settle)
{
	static const char *const names[] = {"a.php", "b.php", "c.php", "d.php"};
	struct found_file f[4];
	struct stat st, dst;
	uint32_t n = 0, i;
	size_t wanted;

	T_EQ(stat(tree, &dst), 0);
	for (i = 0; i < 4; i++) {
		if (lstat(at(names[i]), &st) != 0)
			continue;
		f[n++] =
		    (struct found_file){.ino = st.st_ino,
					.size = (uint64_t)st.st_size,
					.ctime_us = (int64_t)st.st_ctim.tv_sec * 1000000 +
						    st.st_ctim.tv_nsec / 1000,
					.ctime_ns = (uint32_t)(st.st_ctim.tv_nsec % 1000),
					.uid = st.st_uid,
					.name = i};
	}
	len = 0;
	add(dst.st_dev, dst.st_ino, 0, f, n);
	wanted = check().wanted;
	for (i = 0; settle && i < n; i++)
		verdict(dst.st_dev, &f[i], VERDICT_CLEAN);
	return wanted;
}

/* File systems stamp with a clock that ticks every 4 ms or so. */
static void
tick(void)
{
	const struct timespec t = {0, 20000000};

	(void)nanosleep(&t, NULL);
}

static void
test_files(void)
{
	struct stat before, after;
	struct timespec times[2];
	int i, same = 0;

	(void)snprintf(tree, sizeof tree, "%s/t", dir);
	T_EQ(mkdir(tree, 0700), 0);
	write_file("a.php", "one");
	write_file("b.php", "two");
	write_file("c.php", "six");
	T_EQ(walk(true), 3);
	T_EQ(walk(false), 0);
	T_EQ(walk(false), 0);
	tick();
	/* other contents of the same size, and the old time put back */
	T_EQ(stat(at("a.php"), &before), 0);
	write_file("a.php", "eno");
	times[0] = before.st_atim;
	times[1] = before.st_mtim;
	T_EQ(utimensat(AT_FDCWD, at("a.php"), times, 0), 0);
	T_EQ(walk(true), 1);
	T_EQ(walk(false), 0);
	tick();
	/* renamed over; a hard link; gone */
	write_file("d.php", "neu");
	T_EQ(rename(at("d.php"), at("b.php")), 0);
	T_EQ(walk(true), 1);
	T_EQ(walk(false), 0);
	tick();
	T_EQ(link(at("c.php"), at("d.php")), 0);
	T_EQ(walk(true), 2); /* both names of it */
	T_EQ(walk(false), 0);
	tick();
	T_EQ(unlink(at("d.php")), 0);
	T_EQ(walk(true), 1);
	T_EQ(walk(false), 0);
	/* gone, and a new one with its inode's number, as often as that happens */
	for (i = 0; i < 20 && same == 0; i++) {
		tick();
		T_EQ(stat(at("a.php"), &before), 0);
		T_EQ(unlink(at("a.php")), 0);
		write_file("a.php", "new");
		T_EQ(stat(at("a.php"), &after), 0);
		same += before.st_ino == after.st_ino;
		T_EQ(walk(true), 1);
		T_EQ(walk(false), 0);
	}
	for (i = 0; i < 3; i++)
		T_EQ(unlink(at((const char *[]){"a.php", "b.php", "c.php"}[i])), 0);
	T_EQ(rmdir(tree), 0);
}

/* What was known outlives a restart. */
static void
test_restart(void)
{
	const struct found_file f = {.ino = 5, .ctime_us = 9};

	len = 0;
	add(3, 3, 0, &f, 1);
	verdict(3, &f, VERDICT_CLEAN);
	T_EQ(check().wanted, 0);
	drop(3, &f, 1);
	store_close(&s);
	T_EQ(store_open(&s, dir, &e), 0);
	T_EQ(check().wanted, 0);
}

int
main(void)
{
	static const char *const tails[] = {"", "-wal", "-shm"};
	char p[sizeof dir + 32];

	if (mkdtemp(dir) == NULL || store_open(&s, dir, &e) != 0)
		return 1;
	test_digest();
	test_owed();
	test_other_rules();
	test_forget_in();
	test_owed_bound();
	test_damaged();
	test_files();
	test_restart();
	store_close(&s);
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(p, sizeof p, "%s/" STORE_FILE "%s", dir, tails[i]);
		(void)unlink(p);
	}
	T_EQ(rmdir(dir), 0);
	return T_DONE();
}
