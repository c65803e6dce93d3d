/*
 * watch_frame - a tree of its own for a test of process watch, on both backends
 *
 * Job:     a temporary directory with home/a/www, a watch over it, played judge to.
 * Touches: that directory, child processes. Both backends at once; without root (or a
 *          kernel for it) fanotify falls back to inotify, which is tested then.
 */
#ifndef MAILBRAKE_WATCH_FRAME_H
#define MAILBRAKE_WATCH_FRAME_H

#include "t.h"

#include <ftw.h>
#include <limits.h>

#include "watch_judge.h"

static char top[PATH_MAX];
static const char *backend;
static struct wj j;

static inline int
remove_one(const char *p, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(p);
}

/* A path below top; four may be at hand at once. */
static inline const char *
at(const char *name)
{
	static char buf[4][PATH_MAX * 2];
	static int n;
	char *p = buf[n++ & 3];

	snprintf(p, sizeof buf[0], "%s/%s", top, name);
	return p;
}

/* more: settings, a line each. */
static inline void
start_wanting(const char *more, uint64_t want)
{
	char conf[PATH_MAX + 512];
	snprintf(conf, sizeof conf,
		 "watch_roots = %s/home/*/www\nwatch_backend = %s\nsettle_ms = 30\n"
		 "user_watch = %u\n%s",
		 top, backend, geteuid() == 0 ? 64002 : 0, more);
	wj_start(&j, conf, want);
}

static inline void
start(const char *more)
{
	start_wanting(more, WJ_WANT);
	T_CHECK(wj_ready(&j), "degraded: %s", j.degraded);
}

static inline int
one_backend(const char *name, const char *which, void (*tests)(void))
{
	const char *t = getenv("TMPDIR");

	backend = which;
	snprintf(top, sizeof top, "%s/%s.XXXXXX", t == NULL ? "/tmp" : t, name);
	if (mkdtemp(top) == NULL || chmod(top, 0755) != 0)
		return 1;
	mkdir(at("home"), 0755);
	mkdir(at("home/a"), 0755);
	mkdir(at("home/a/www"), 0755);
	tests();
	(void)nftw(top, remove_one, 32, FTW_DEPTH | FTW_PHYS);
	return T_DONE();
}

/* What main returns. */
static inline int
both_backends(const char *name, void (*tests)(void))
{
	int status = -1, mine;
	pid_t pid = fork();

	if (pid == 0)
		exit(one_backend(name, "auto", tests));
	mine = one_backend(name, "inotify", tests);
	T_EQ(waitpid(pid, &status, 0), pid);
	T_EQ(status, 0);
	return mine != 0 || t_failed != 0;
}

#endif
