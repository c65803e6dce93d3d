/*
 * pool - threads for what waits on the disk
 *
 * Job:     see pool.h.
 * Touches: threads, one eventfd in the loop.
 */
#include "pool.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "xmem.h"

struct task {
	struct task *next;
	pool_fn fn, done;
	void *arg;
};

struct queue {
	struct task *first, **last;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static struct queue todo = {NULL, &todo.first}, ready = {NULL, &ready.first};
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

static void *
work(void *unused)
{
	const uint64_t one = 1;
	ssize_t ignored;

	(void)unused;
	for (;;) {
		struct task *t;

		pthread_mutex_lock(&lock);
		while ((t = pop(&todo)) == NULL)
			pthread_cond_wait(&more, &lock);
		pthread_mutex_unlock(&lock);
		t->fn(t->arg);
		pthread_mutex_lock(&lock);
		push(&ready, t);
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
		if ((r = pthread_create(&id, NULL, work, NULL)) != 0)
			log_fatal(71, "pool thread errno=%d", r);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void
pool_run(pool_fn fn, pool_fn done, void *arg)
{
	struct task *t = xcalloc(1, sizeof *t);

	t->fn = fn;
	t->done = done;
	t->arg = arg;
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
