/*
 * The deadline as a POSIX timer that signals one thread; see deadline.h. It repeats, since a signal that arrives just
 * before the ioctl would otherwise be lost.
 */
#include "deadline.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

enum { REPEAT_MS = 50 };

static atomic_bool passed;
static timer_t timer;
static bool running;

static void on_deadline(int signal_number)
{
	(void)signal_number;
	atomic_store(&passed, true);
}

int deadline_start(unsigned ms, struct error *err)
{
	struct sigaction action = { .sa_handler = on_deadline }; /* no SA_RESTART: the ioctl shall end */
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN };
	struct itimerspec when = { .it_value = { ms / 1000, ms % 1000 * 1000000L },
				   .it_interval = { 0, REPEAT_MS * 1000000L } };
	sigset_t set;

	event._sigev_un._tid = gettid();
	atomic_store(&passed, false);
	sigemptyset(&action.sa_mask);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	if (sigaction(SIGRTMIN, &action, NULL) < 0 || pthread_sigmask(SIG_UNBLOCK, &set, NULL) != 0 ||
	    timer_create(CLOCK_MONOTONIC, &event, &timer) < 0)
		return error_set_sys(err, ERR_INTERNAL, NULL, errno, "cannot set the hold's deadline");
	running = true;
	if (timer_settime(timer, 0, &when, NULL) < 0)
		return error_set_sys(err, ERR_INTERNAL, NULL, errno, "cannot set the hold's deadline");
	return 0;
}

bool deadline_passed(void)
{
	return running && atomic_load(&passed);
}

void deadline_stop(void)
{
	if (running)
		timer_delete(timer);
	running = false;
}
