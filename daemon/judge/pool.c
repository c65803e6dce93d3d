/*
 * pool - threads for what waits on the disk
 *
 * Job:     see pool.h.
 * Touches: threads, one eventfd in the loop.
 */
#include "pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "xmem.h"

struct task {
	struct task *next;
	pool_fn fn, done;
	void *arg;
	uint32_t key;
};

struct queue {
	struct task *first, **last;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static struct queue todo = {NULL, &todo.first}, ready = {NULL, &ready.first};
static struct task *running[POOL_THREADS];
static int close_pipe[2] = {-1, -1};
static unsigned open_tasks; /* handed over and not yet done; the loop's thread only */
static int wake_fd = -1;

static void
push(struct queue *q, struct task *t)
{
	t->next = NULL;
	*q->last = t;
	q->last = &t->next;
}

static struct task *
pop(struct queue *q)
{
	struct task *t = q->first;

	if (t == NULL)
		return NULL;
	q->first = t->next;
	if (q->first == NULL)
		q->last = &q->first;
	return t;
}

static bool
key_runs(uint32_t key)
{
	size_t i;

	for (i = 0; i < POOL_THREADS; i++)
		if (running[i] != NULL && running[i]->key == key)
			return true;
	return false;
}

/* The first task whose account has none running; the lock is held. */
static struct task *
next_task(size_t me)
{
	struct task **at, *t;

	for (at = &todo.first; (t = *at) != NULL; at = &t->next) {
		if (key_runs(t->key))
			continue;
		*at = t->next;
		if (t->next == NULL)
			todo.last = at;
		running[me] = t;
		return t;
	}
	return NULL;
}

static void *
work(void *number)
{
	size_t me = (size_t)(uintptr_t)number;
	const uint64_t one = 1;
	ssize_t ignored;

	for (;;) {
		struct task *t;

		pthread_mutex_lock(&lock);
		while ((t = next_task(me)) == NULL)
			pthread_cond_wait(&more, &lock);
		pthread_mutex_unlock(&lock);
		t->fn(t->arg);
		pthread_mutex_lock(&lock);
		running[me] = NULL;
		push(&ready, t);
		/* another task of this account may have waited for this one */
		if (todo.first != NULL)
			pthread_cond_broadcast(&more);
		pthread_mutex_unlock(&lock);
		ignored = write(wake_fd, &one, sizeof one);
		(void)ignored;
	}
	return NULL;
}

static void
on_ready(void *arg, int fd, short revents)
{
	struct task *t;
	uint64_t count;
	ssize_t ignored;

	(void)arg;
	(void)revents;
	ignored = read(fd, &count, sizeof count);
	(void)ignored;
	for (;;) {
		pthread_mutex_lock(&lock);
		t = pop(&ready);
		pthread_mutex_unlock(&lock);
		if (t == NULL)
			return;
		open_tasks--;
		t->done(t->arg);
		free(t);
	}
}

static void *
close_all(void *unused)
{
	int fd;

	(void)unused;
	while (read(close_pipe[0], &fd, sizeof fd) == (ssize_t)sizeof fd)
		(void)close(fd);
	return NULL;
}

void
pool_close(int take_fd)
{
	const struct linger off = {0, 0};

	/* a memfd has nothing to wait for */
	if (fcntl(take_fd, F_GET_SEALS) >= 0) {
		(void)close(take_fd);
		return;
	}
	(void)setsockopt(take_fd, SOL_SOCKET, SO_LINGER, &off, sizeof off);
	if (write(close_pipe[1], &take_fd, sizeof take_fd) != (ssize_t)sizeof take_fd)
		log_warn_rate("strange_fd", 60,
			      "strange_fd kept_open: the closing thread waits");
}

void
pool_start(void)
{
	sigset_t all, old;
	pthread_t id;
	int i, r;

	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake_fd < 0 || !loop_add(wake_fd, POLLIN, on_ready, NULL))
		log_fatal(71, "pool errno=%d", errno);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	for (i = 0; i < POOL_THREADS; i++)
		if ((r = pthread_create(&id, NULL, work, (void *)(uintptr_t)i)) != 0)
			log_fatal(71, "pool thread errno=%d", r);
	if (pipe2(close_pipe, O_CLOEXEC) != 0 ||
	    fcntl(close_pipe[1], F_SETFL, O_NONBLOCK) != 0 ||
	    (r = pthread_create(&id, NULL, close_all, NULL)) != 0)
		log_fatal(71, "pool pipe errno=%d", errno);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void
pool_run(uint32_t key, pool_fn fn, pool_fn done, void *arg)
{
	struct task *t = xcalloc(1, sizeof *t);

	t->fn = fn;
	t->done = done;
	t->arg = arg;
	t->key = key;
	open_tasks++;
	pthread_mutex_lock(&lock);
	push(&todo, t);
	pthread_mutex_unlock(&lock);
	pthread_cond_signal(&more);
}

void
pool_drain(void)
{
	struct pollfd p = {wake_fd, POLLIN, 0};

	while (open_tasks > 0) {
		(void)poll(&p, 1, 1000);
		on_ready(NULL, wake_fd, POLLIN);
	}
}
