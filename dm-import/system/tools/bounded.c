/*
 * A call that ends in time whatever the kernel does: it is made by a thread of its own, which is left to itself when
 * the time is over. The last of the two to let go of the call frees it.
 */
#include "bounded.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

enum { LEFT_MAX = 64 }; /* threads that still wait for the kernel */

struct bounded {
	void (*run)(void *argument);
	void (*release)(void *argument);
	void *argument;
	pthread_cond_t ended;
	bool done, left;
};

/* One for all: it is held for moments only. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned left_count;

static void bounded_free(struct bounded *bounded)
{
	pthread_cond_destroy(&bounded->ended);
	free(bounded);
}

static void *run_bounded(void *context)
{
	struct bounded *bounded = context;
	void (*release)(void *argument) = bounded->release;
	void *argument = bounded->argument;
	bool left;

	bounded->run(argument);
	pthread_mutex_lock(&mutex);
	bounded->done = true;
	left = bounded->left;
	left_count -= left;
	pthread_cond_signal(&bounded->ended);
	pthread_mutex_unlock(&mutex);
	if (left) {
		bounded_free(bounded);
		release(argument);
	}
	return NULL;
}

static int start_thread(struct bounded *bounded)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;
	int rc;

	if (pthread_attr_init(&attributes) != 0)
		return ENOMEM;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the threads that expect them */
	rc = pthread_create(&thread, &attributes, run_bounded, bounded);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return rc;
}

static struct bounded *bounded_new(void (*run)(void *argument), void *argument, void (*release)(void *argument))
{
	struct bounded *bounded = calloc(1, sizeof(*bounded));
	pthread_condattr_t attributes;

	if (!bounded)
		return NULL;
	*bounded = (struct bounded){ .run = run, .release = release, .argument = argument };
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&bounded->ended, &attributes);
	pthread_condattr_destroy(&attributes);
	return bounded;
}

/* Whether the call ended; where not, it is its thread's from now on. */
static bool wait_for_end(struct bounded *bounded, uint64_t deadline_us)
{
	const struct timespec until = { .tv_sec = (time_t)(deadline_us / 1000000),
					.tv_nsec = (long)(deadline_us % 1000000) * 1000 };
	bool done;

	pthread_mutex_lock(&mutex);
	while (!bounded->done && pthread_cond_timedwait(&bounded->ended, &mutex, &until) == 0)
		;
	done = bounded->done;
	bounded->left = !done;
	left_count += !done;
	pthread_mutex_unlock(&mutex);
	return done;
}

static bool too_many_left(void)
{
	bool many;

	pthread_mutex_lock(&mutex);
	many = left_count >= LEFT_MAX;
	pthread_mutex_unlock(&mutex);
	return many;
}

int sys_bounded(void (*run)(void *argument), void *argument, void (*release)(void *argument), unsigned timeout_ms)
{
	uint64_t deadline_us = clock_mono_us() + (uint64_t)timeout_ms * 1000;
	struct bounded *bounded;
	int rc;

	if (too_many_left())
		return EAGAIN;
	bounded = bounded_new(run, argument, release);
	if (!bounded)
		return ENOMEM;
	rc = start_thread(bounded);
	if (rc != 0) {
		bounded_free(bounded);
		return rc;
	}
	if (!wait_for_end(bounded, deadline_us))
		return ETIMEDOUT;
	bounded_free(bounded);
	return 0;
}
