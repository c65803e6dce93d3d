/*
 * test_loop - one that rests is not looked at, and comes back
 *
 * Job:     pipes in the loop.
 * Touches: poll.
 */
#include "t.h"

#include <poll.h>
#include <unistd.h>

#include "loop.h"

static int called[2];
static int pipes[2][2];

static void
on_fd(void *arg, int fd, short revents)
{
	int *n = arg;

	T_CHECK((revents & POLLIN) != 0, "revents %d", revents);
	T_EQ(fd, pipes[n - called][0]);
	(*n)++;
	loop_rest(fd, true);
}

static void
stop(void *arg)
{
	(void)arg;
	loop_stop();
}

static void
run_ms(int64_t ms)
{
	(void)loop_once(ms, stop, NULL);
	loop_run();
}

static void
again(void *arg)
{
	const int *fd = arg;

	loop_rest(*fd, false);
}

int
main(void)
{
	for (int i = 0; i < 2; i++) {
		T_EQ(pipe(pipes[i]), 0);
		T_EQ(write(pipes[i][1], "x", 1), 1);
		T_CHECK(loop_add(pipes[i][0], POLLIN, on_fd, &called[i]), "full");
	}
	run_ms(30);
	T_EQ(called[0], 1); /* it was readable all the time, and rested */
	T_EQ(called[1], 1);
	(void)loop_once(5, again, &pipes[1][0]);
	run_ms(30);
	T_EQ(called[0], 1);
	T_EQ(called[1], 2);
	/* one is taken out while it rests: the other keeps its place */
	loop_del(pipes[0][0]);
	loop_rest(pipes[1][0], false);
	run_ms(30);
	T_EQ(called[0], 1);
	T_EQ(called[1], 3);
	loop_rest(pipes[0][0], false);
	T_CHECK(loop_add(pipes[0][0], POLLIN, on_fd, &called[0]), "full");
	run_ms(30);
	T_EQ(called[0], 2);
	T_EQ(called[1], 3);
	return T_DONE();
}
