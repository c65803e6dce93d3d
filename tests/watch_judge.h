/*
 * watch_judge - play judge to a real process watch
 *
 * Job:     start watch_main in a child over link_pair, take its files, remember for each
 *          inode what was in it when it came (size and a hash of its first bytes).
 * Touches: a child process, sockets.
 */
#ifndef MAILBRAKE_WATCH_JUDGE_H
#define MAILBRAKE_WATCH_JUDGE_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "conf.h"
#include "found.h"
#include "link.h"
#include "log.h"
#include "watch.h"
#include "xmem.h"

#define WJ_HEAD 256 /* bytes of a file that are hashed */
#define WJ_WANT 64
#define WJ_LONG_MS 60000 /* what never comes: no busy machine takes so long */

struct wj_file {
	uint64_t dev, ino, hash;
	int64_t at_us;    /* mono, when it came */
	int64_t event_us; /* mono, watch's word */
	uint32_t uid, cause, times;
	bool used;
};

struct wj {
	pid_t pid;
	struct link link, parent;
	struct wj_file *files; /* open addressing, a power of two */
	size_t room, count;
	uint64_t received, hurried, hurried_left, gone, gone_ino, asked, bad;
	uint64_t causes[4];
	struct m_sight sight;
	char backend[32], degraded[1024], last_path[8192];
	uint64_t last_dev, last_ino;
	bool greedy; /* give credits back at once */
	bool sated;  /* wants nothing that a walk finds */
	uint64_t founds, found_files, found_wanted;
	int work_us; /* what judge does for each file, when it is slow */
	/* files that begin with "T<mono us>": how long after that they came */
	int64_t delays[4096];
	size_t delay_count;
};

static inline uint64_t
wj_hash(const void *p, size_t n, uint64_t h)
{
	const unsigned char *b = p;

	while (n-- > 0)
		h = (h ^ *b++) * 0x100000001b3u;
	return h;
}

/* Size and first bytes as one number. */
static inline uint64_t
wj_content(int fd, uint64_t size)
{
	char buf[WJ_HEAD];
	ssize_t n = pread(fd, buf, sizeof buf, 0);

	return wj_hash(&size, sizeof size,
		       wj_hash(buf, n > 0 ? (size_t)n : 0, 0xcbf29ce484222325u));
}

static inline struct wj_file *
wj_find(const struct wj *j, uint64_t dev, uint64_t ino)
{
	size_t i = (size_t)((ino * 0x9e3779b97f4a7c15u) >> 20) & (j->room - 1);

	while (j->files[i].used && (j->files[i].ino != ino || j->files[i].dev != dev))
		i = (i + 1) & (j->room - 1);
	return &j->files[i];
}

static inline void
wj_grow(struct wj *j)
{
	struct wj_file *old = j->files;
	size_t n = j->room, i;

	j->room = n == 0 ? 4096 : n * 2;
	j->files = xcalloc(j->room, sizeof *j->files);
	for (i = 0; i < n; i++)
		if (old[i].used)
			*wj_find(j, old[i].dev, old[i].ino) = old[i];
	free(old);
}

static inline void
wj_send_want(struct wj *j, uint64_t n)
{
	static struct msg m;
	struct m_want v = {.count = n};

	if (m_want_put(&m, &v, NULL) != 0 || link_send(&j->link, &m, NULL) != 0)
		j->bad++;
}

static inline void
wj_delay(struct wj *j, int fd)
{
	char text[32] = "";

	if (pread(fd, text, sizeof text - 1, 0) > 0 && text[0] == 'T' &&
	    j->delay_count < 4096)
		j->delays[j->delay_count++] =
		    clock_mono().us - strtoll(text + 1, NULL, 10);
}

static inline void
wj_on_file(struct wj *j, struct msg *m)
{
	struct m_file f;
	struct wj_file *e;
	struct stat st;

	if (m_file_get(m, &f, NULL) != 0 || m->fd < 0 || fstat(m->fd, &st) != 0 ||
	    !S_ISREG(st.st_mode) || st.st_ino != f.ino ||
	    (fcntl(m->fd, F_GETFL) & O_ACCMODE) != O_RDONLY) {
		j->bad++;
		return;
	}
	if (j->count * 2 >= j->room)
		wj_grow(j);
	e = wj_find(j, f.dev, f.ino);
	if (!e->used) {
		j->count++;
		e->used = true;
		e->dev = f.dev;
		e->ino = f.ino;
	}
	e->hash = wj_content(m->fd, (uint64_t)st.st_size);
	wj_delay(j, m->fd);
	if (j->work_us > 0)
		usleep((useconds_t)j->work_us);
	e->at_us = clock_mono().us;
	e->event_us = f.event_us;
	e->uid = (uint32_t)f.uid;
	e->cause = (uint32_t)f.cause;
	e->times++;
	j->received++;
	j->causes[f.cause & 3]++;
	if (f.asked != 0)
		j->asked = f.asked;
	j->last_dev = f.dev;
	j->last_ino = f.ino;
	snprintf(j->last_path, sizeof j->last_path, "%s", f.path);
}

/* Answer FOUND: every file is wanted, or none (sated). */
static inline void
wj_on_found(struct wj *j, struct msg *m)
{
	static struct msg out;
	unsigned char bits[FOUND_FILES_MAX / 8] = {0};
	struct m_wanted w = {.files = bits};
	struct found_file f;
	struct found_dir d;
	struct m_found v;
	size_t at = 0, i = 0, end;
	const unsigned char *p;

	if (m_found_get(m, &v, NULL) != 0) {
		j->bad++;
		return;
	}
	for (p = v.files; at + sizeof d <= v.files_len;) {
		memcpy(&d, p + at, sizeof d);
		at += sizeof d;
		j->bad += d.count == 0;
		for (end = i + d.count; i < end && i < FOUND_FILES_MAX; i++) {
			if (at + sizeof f > v.files_len)
				break;
			memcpy(&f, p + at, sizeof f);
			at += sizeof f;
			j->bad += f.ino == 0;
			if (j->sated)
				continue;
			bits[i / 8] |= (unsigned char)(1u << i % 8);
			j->found_wanted++;
		}
		j->bad += i != end;
	}
	j->founds++;
	j->found_files += i;
	w.asked = v.asked;
	w.files_len = (i + 7) / 8;
	if (at != v.files_len || m_wanted_put(&out, &w, NULL) != 0 ||
	    link_send(&j->link, &out, NULL) != 0)
		j->bad++;
}

static inline void
wj_on_msg(struct wj *j, struct msg *m)
{
	struct m_hurried h;
	struct m_gone g;
	struct m_sight s;

	switch ((int)m->type) {
	case MSG_FILE:
		wj_on_file(j, m);
		break;
	case MSG_FOUND:
		wj_on_found(j, m);
		break;
	case MSG_HURRIED:
		if (m_hurried_get(m, &h, NULL) != 0)
			j->bad++;
		j->hurried = h.asked;
		j->hurried_left = h.left;
		break;
	case MSG_GONE:
		if (m_gone_get(m, &g, NULL) != 0)
			j->bad++;
		j->gone = g.asked;
		j->gone_ino = g.ino;
		break;
	case MSG_SIGHT:
		if (m_sight_get(m, &s, NULL) != 0)
			j->bad++;
		j->sight = s;
		snprintf(j->backend, sizeof j->backend, "%s", s.backend);
		snprintf(j->degraded, sizeof j->degraded, "%s", s.degraded);
		j->sight.backend = j->backend;
		j->sight.degraded = j->degraded;
		break;
	default:
		break;
	}
}

/* Take what comes for at most ms, or until nothing came for quiet_ms (0: the whole time).
 * Returns the files that came; -1: watch is gone. */
static inline long
wj_pump(struct wj *j, int ms, int quiet_ms)
{
	static struct msg m;
	mono_t end = mono_after_ms(clock_mono(), ms);
	long files = 0;
	uint64_t owe = 0;

	for (;;) {
		int64_t left = mono_diff_us(end, clock_mono()) / 1000;
		struct pollfd p = {j->link.fd, POLLIN, 0};
		int r;

		if (left < 0)
			left = 0;
		if (poll(&p, 1,
			 (int)(quiet_ms > 0 && quiet_ms < left ? quiet_ms : left)) <= 0)
			break;
		while ((r = link_recv(&j->link, &m, NULL)) > 0) {
			bool file = m.type == MSG_FILE;

			wj_on_msg(j, &m);
			if (m.fd >= 0)
				close(m.fd);
			files += file;
			owe += file;
			if (owe >= WJ_WANT / 4 && j->greedy) {
				wj_send_want(j, owe);
				owe = 0;
			}
		}
		if (r < 0)
			return -1;
		if (owe > 0 && j->greedy)
			wj_send_want(j, owe);
		owe = 0;
		if (ms > 0 && mono_diff_us(end, clock_mono()) <= 0)
			break;
	}
	return files;
}

/* Start watch with this configuration text. want: first credits (0: none yet). */
static inline void
wj_start(struct wj *j, const char *conf_text, uint64_t want)
{
	static struct conf c;
	struct err e;
	int fds[2], pfds[2];
	struct rlimit rl = {65536, 65536};

	memset(j, 0, sizeof *j);
	wj_grow(j);
	(void)setrlimit(RLIMIT_NOFILE, &rl);
	conf_defaults(&c);
	if (conf_parse(&c, conf_text, strlen(conf_text), "test", &e) != 0) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
	if (link_pair(fds, &e) != 0 || link_pair(pfds, &e) != 0)
		exit(1);
	j->pid = fork();
	if (j->pid == 0) {
		struct link judge, parent;

		close(fds[0]);
		close(pfds[0]);
		log_init("watch", false);
		link_init(&judge, fds[1], ROLE_WATCH, ROLE_JUDGE, 1 << 20);
		link_init(&parent, pfds[1], ROLE_WATCH, ROLE_PARENT, 1 << 20);
		_exit(watch_main(&c, &judge, &parent));
	}
	close(fds[1]);
	close(pfds[1]);
	link_init(&j->link, fds[0], ROLE_JUDGE, ROLE_WATCH, 16 << 20);
	link_init(&j->parent, pfds[0], ROLE_PARENT, ROLE_WATCH, 1 << 20);
	j->greedy = true;
	if (want > 0)
		wj_send_want(j, want);
}

/* Everything is watched. */
static inline bool
wj_ready(struct wj *j)
{
	mono_t end = mono_after_ms(clock_mono(), WJ_LONG_MS);

	while (!j->sight.ready && clock_mono().us < end.us)
		if (wj_pump(j, 20, 0) < 0)
			return false;
	return j->sight.ready;
}

static inline void
wj_since(struct wj *j, int64_t ctime_us)
{
	static struct msg m;
	struct m_since v = {.ctime_us = ctime_us};

	if (m_since_put(&m, &v, NULL) != 0 || link_send(&j->link, &m, NULL) != 0)
		j->bad++;
}

/* HURRY, and take what comes until HURRIED. false: it did not come. */
static inline bool
wj_hurry(struct wj *j, uint32_t uid, uint64_t asked)
{
	static struct msg m;
	struct m_hurry v = {.uid = uid, .asked = asked};
	mono_t end = mono_after_ms(clock_mono(), WJ_LONG_MS);

	if (m_hurry_put(&m, &v, NULL) != 0 || link_send(&j->link, &m, NULL) != 0)
		return false;
	while (j->hurried != asked && clock_mono().us < end.us) {
		struct pollfd p = {j->link.fd, POLLIN, 0};

		(void)poll(&p, 1, 100);
		if (wj_pump(j, 0, 0) < 0)
			return false;
	}
	return j->hurried == asked;
}

static inline void
wj_look(struct wj *j, uint32_t uid, uint64_t dev, uint64_t ino, const char *path,
	uint64_t asked)
{
	static struct msg m;
	struct m_look v = {
	    .uid = uid, .dev = dev, .ino = ino, .path = path, .asked = asked};

	if (m_look_put(&m, &v, NULL) != 0 || link_send(&j->link, &m, NULL) != 0)
		j->bad++;
}

/* Stop it; returns its wait status. */
static inline int
wj_stop(struct wj *j)
{
	static struct msg m;
	struct m_stop v = {0};
	int status = -1;

	if (m_stop_put(&m, &v, NULL) == 0)
		(void)link_send(&j->parent, &m, NULL);
	(void)waitpid(j->pid, &status, 0);
	link_fini(&j->link);
	link_fini(&j->parent);
	free(j->files);
	return status;
}

/* Was this file seen with what it holds now? */
static inline bool
wj_has(const struct wj *j, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_NOFOLLOW);
	bool has = false;

	if (fd >= 0 && fstat(fd, &st) == 0) {
		const struct wj_file *f = wj_find(j, st.st_dev, st.st_ino);

		has = f->used && f->hash == wj_content(fd, (uint64_t)st.st_size);
	}
	if (fd >= 0)
		close(fd);
	return has;
}

/* The same, waiting for it: a busy machine takes its time. */
static inline bool
wj_sees(struct wj *j, const char *path)
{
	mono_t end = mono_after_ms(clock_mono(), WJ_LONG_MS);

	while (!wj_has(j, path) && clock_mono().us < end.us)
		if (wj_pump(j, 20, 0) < 0)
			return false;
	return wj_has(j, path);
}

#endif
