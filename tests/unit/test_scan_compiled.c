/*
 * test_scan_compiled - compiled rules kept for the next start
 *
 * Job:     what is loaded finds what was compiled; it is not loaded when a rule, a byte
 *          of the file, its owner or its mode differs.
 * Touches: a temporary directory.
 */
#include "t.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiled.h"
#include "keepdir.h"
#include "msg.h"
#include "scanengine.h"

static const char rule_a[] = "rule one { meta: weight = 70 group = \"mailer\" strings: "
			     "$a = \"explode_this\" $b = /eval\\s*\\(\\s*\\$x/ "
			     "condition: $a and $b }\n";
static const char rule_b[] =
    "rule two { meta: weight = 40 strings: $a = \"explode_this\" "
    "$x = \"abc\" xor condition: $a or ($x and filesize < 3) }\n";
static const char broken[] =
    "rule three { meta: weight = 1 strings: $a = \"x\" condition: $nothing }\n";
static const char sample[] = "<?php explode_this(1); eval ( $x );\n";

static char top[] = "/tmp/test-compiled.XXXXXX";
static char rules_dir[64], kept_dir[64];

static void
put(const char *name, const char *text)
{
	char path[200];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", rules_dir, name);
	f = fopen(path, "w");
	T_CHECK(f != NULL, "%s", path);
	if (f != NULL) {
		(void)fputs(text, f);
		(void)fclose(f);
	}
}

/* The first file of the directory; "" when there is none. */
static const char *
kept_file(void)
{
	static char path[400];
	struct dirent *ent;
	DIR *d = opendir(kept_dir);
	unsigned n = 0;

	path[0] = '\0';
	while (d != NULL && (ent = readdir(d)) != NULL)
		if (ent->d_name[0] != '.' && n++ == 0)
			(void)snprintf(path, sizeof path, "%s/%s", kept_dir, ent->d_name);
	if (d != NULL)
		closedir(d);
	return path;
}

/* One start and one scan. Returns whether the compiled form was found. */
static bool
run(struct engine_result *r, char *problem, size_t size)
{
	static struct rules rules;
	const char *dirs[] = {rules_dir};
	struct engine_conf c = {.suspicious_points = 50,
				.malicious_points = 100,
				.prefilter = true,
				.unwrap = true};
	struct engine_file f = {.path = "/srv/a.php"};
	int dir = open(kept_dir, O_RDONLY | O_DIRECTORY);
	struct compiled *k = compiled_new(dir, -1);
	struct scanengine *en = NULL;
	struct err e = {ERR_NONE, ""};
	bool found;

	memset(r, 0, sizeof *r);
	T_CHECK(rules_load_kept(&rules, dirs, 1, k, &e) == 0, "%s", e.text);
	T_CHECK(scanengine_new(&en, &rules, &c, &e) == 0, "%s", e.text);
	found = compiled_found(k);
	(void)compiled_write(k, &e);
	compiled_free(&k);
	(void)snprintf(problem, size, "%.300s", rules.problem);
	if (en != NULL)
		scanengine_scan(en, sample, sizeof sample - 1, &f, r);
	scanengine_free(&en);
	rules_fini(&rules);
	close(dir);
	return found;
}

static unsigned
count_kept(void)
{
	DIR *d = opendir(kept_dir);
	struct dirent *ent;
	unsigned n = 0;

	while (d != NULL && (ent = readdir(d)) != NULL)
		n += ent->d_name[0] != '.';
	if (d != NULL)
		closedir(d);
	return n;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static bool
same(const struct engine_result *a, const struct engine_result *b)
{
	return a->score == b->score && a->findings_len == b->findings_len &&
	       memcmp(a->findings, b->findings, a->findings_len) == 0;
}

static void
edit(const char *path, off_t at, char c)
{
	int fd = open(path, O_WRONLY);

	T_CHECK(fd >= 0 && pwrite(fd, &c, 1, at) == 1, "%s", path);
	close(fd);
}

int
main(void)
{
	static struct engine_result fresh, r;
	char problem[400], again[400], path[400];
	struct stat st;
	struct err e;
	int fd;

	T_CHECK(rules_start(&e) == 0, "%s", e.text);
	T_CHECK(mkdtemp(top) != NULL, "mkdtemp");
	(void)snprintf(rules_dir, sizeof rules_dir, "%s/rules", top);
	(void)snprintf(kept_dir, sizeof kept_dir, "%s/kept", top);
	(void)mkdir(rules_dir, 0755);
	fd = keepdir_open(kept_dir, true, &e);
	T_CHECK(fd >= 0, "%s", e.text);
	close(fd);
	put("a.yar", rule_a);
	put("b.yar", rule_b);
	put("c.yar", broken);

	/* first start compiles and keeps, the second loads */
	T_CHECK(!run(&fresh, problem, sizeof problem), "found before anything was kept");
	T_EQ(fresh.score, 110);
	T_CHECK(strstr(problem, "c.yar:1: ") != NULL, "%s", problem);
	(void)snprintf(path, sizeof path, "%s", kept_file());
	T_CHECK(strlen(path) > 64, "nothing was kept: \"%s\"", path);
	T_CHECK(run(&r, again, sizeof again), "not found again");
	T_CHECK(same(&fresh, &r), "%d and %d points", fresh.score, r.score);
	T_STR(again, problem);
	T_CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0644, "%s", path);

	/* not of its sum: compiled anew, and the file is whole again */
	edit(path, st.st_size - 5, '!');
	T_CHECK(!run(&r, again, sizeof again), "a changed file was loaded");
	T_CHECK(same(&fresh, &r), "%d points", r.score);
	T_CHECK(run(&r, again, sizeof again), "not kept anew");
	T_CHECK(truncate(path, st.st_size / 2) == 0, "%s", path);
	T_CHECK(!run(&r, again, sizeof again), "half a file was loaded");

	/* somebody else could have written it */
	T_CHECK(run(&r, again, sizeof again), "not kept anew");
	T_CHECK(chmod(path, 0664) == 0, "%s", path);
	T_CHECK(!run(&r, again, sizeof again), "loaded what a group may write");
	T_CHECK(run(&r, again, sizeof again), "not kept anew");
	T_CHECK(chmod(kept_dir, 0777) == 0, "%s", kept_dir);
	T_CHECK(!run(&r, again, sizeof again), "loaded from where everybody may write");
	T_CHECK(keepdir_open(kept_dir, false, &e) < 0 && e.code == ERR_DENIED, "opened");
	T_CHECK(chmod(kept_dir, 0755) == 0, "%s", kept_dir);
	if (geteuid() == 0) {
		T_CHECK(chown(path, 65534, 65534) == 0, "%s", path);
		T_CHECK(!run(&r, again, sizeof again), "loaded another uid's file");
		T_CHECK(run(&r, again, sizeof again), "not kept anew");
		T_CHECK(chown(kept_dir, 65534, 65534) == 0, "%s", path);
		T_CHECK(!run(&r, again, sizeof again), "loaded from another's directory");
		T_CHECK(chown(kept_dir, 0, 0) == 0, "%s", path);
	}

	/* another rule, another key */
	put("b.yar", "rule two { meta: weight = 9 strings: $a = \"explode_this\" "
		     "condition: $a }\n");
	T_CHECK(!run(&r, again, sizeof again), "a changed rule was not compiled");
	T_EQ(r.score, 79);
	T_CHECK(run(&r, again, sizeof again), "not kept anew");
	T_EQ(r.score, 79);

	/* the oldest go */
	fd = keepdir_open(kept_dir, false, &e);
	for (int i = 0; i < 12; i++) {
		(void)snprintf(path, sizeof path, "%02x", i);
		T_CHECK(keepdir_write(fd, path, "x", 1, &e) == 0, "%s", e.text);
	}
	T_CHECK(keepdir_write(fd, "../aa", "x", 1, &e) != 0, "wrote above it");
	close(fd);
	T_EQ(count_kept(), KEEPDIR_FILES_MAX);
	(void)nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return T_DONE();
}
