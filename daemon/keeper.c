/*
 * keeper - see keeper.h
 *
 * Job:     pipe in, file out.
 * Touches: compiled_dir, one pipe.
 */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "keepdir.h"
#include "log.h"
#include "paths.h"
#include "priv.h"
#include "text.h"

#define WAIT_S 300 /* the largest foreign rule set compiles in less */
/* of compiled.h's format: a magic of 8 bytes, then the key the file is named by */
#define MAGIC_LEN 8
#define KEY_LEN 32

static void
keep(int dir, int in)
{
	char name[2 * KEY_LEN + 1];
	unsigned char *buf = NULL;
	size_t len = 0, room = 0;
	struct err e;
	ssize_t n;

	for (;;) {
		if (room - len < 65536) {
			unsigned char *more;

			room = room == 0 ? 1 << 20 : room * 2;
			if (room > 2 * (size_t)KEEPDIR_BYTES_MAX ||
			    (more = realloc(buf, room)) == NULL)
				_exit(1);
			buf = more;
		}
		n = read(in, buf + len, room - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	/* nothing came: it was there already, or compiling failed */
	if (n < 0 || len < MAGIC_LEN + KEY_LEN)
		_exit(0);
	(void)text_hex(name, buf + MAGIC_LEN, KEY_LEN);
	if (keepdir_write(dir, name, buf, len, &e) != 0) {
		log_warn("compiled_rules kept=no error=\"%s\"", e.text);
		_exit(1);
	}
	log_info("compiled_rules kept=%s bytes=%zu", name, len);
	_exit(0);
}

static void
run(int dir, int in)
{
	struct err e;

	(void)alarm(WAIT_S);
	(void)prctl(PR_SET_PDEATHSIG, 0);
	dir = fcntl(dir, F_DUPFD, 5);
	in = fcntl(in, F_DUPFD, 5);
	if (dup2(in, 3) < 0 || dup2(dir, 4) < 0 || close_range(5, ~0U, 0) != 0 ||
	    priv_trim(0, &e) != 0)
		_exit(71);
	keep(4, 3);
}

void
keeper_start(const struct conf *c, int *dir_out, int *pipe_out)
{
	char path[512];
	int dir, ends[2];
	struct err e;
	pid_t pid;

	*dir_out = *pipe_out = -1;
	if (paths_compiled(path, sizeof path, c, &e) != 0 ||
	    (dir = keepdir_open(path, true, &e)) < 0) {
		log_warn("compiled_rules kept=no error=\"%s\"", e.text);
		return;
	}
	if (pipe(ends) != 0) {
		close(dir);
		return;
	}
	pid = fork();
	if (pid == 0)
		run(dir, ends[0]);
	close(ends[0]);
	if (pid < 0 || fcntl(dir, F_SETFD, 0) != 0) {
		close(dir);
		close(ends[1]);
		return;
	}
	*dir_out = dir;
	*pipe_out = ends[1];
}
