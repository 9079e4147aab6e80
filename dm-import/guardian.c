/*
 * The guardian's two sides; see guardian.h. They share one page (who decided the direction) and a socket pair: a byte
 * from the child means ready, a byte from the parent means done, its end means that the parent is dead.
 *
 * The child comes from a process with threads: after fork() it makes only async-signal-safe calls. Signals are blocked
 * in it throughout, so that no handler of the parent runs in it and no stray signal ends it. Locking its memory also
 * copies every writable page that it shares with the parent, so that the parent's own writes during the hold find
 * their pages unshared and need no new memory.
 */
#include "guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { REPEAT_MS = 100 };

enum phase { PHASE_HOLDING, PHASE_RELEASING, PHASE_REVERTING };

struct shared {
	_Atomic int phase; /* leaves PHASE_HOLDING once, by compare-and-exchange */
	_Atomic bool intervened;
};

struct guardian {
	struct shared *shared;
	pid_t child;
	int socket;
};

struct watch {
	struct shared *shared;
	const struct dm_port *dm;
	struct dm_hold *const *holds;
	size_t count;
	int socket;
};

enum event { EVENT_DONE, EVENT_ORPHANED, EVENT_OVERDUE };

static enum event wait_for_parent(int socket, unsigned timeout_ms)
{
	struct pollfd wait = { .fd = socket, .events = POLLIN };
	char byte;

	if (poll(&wait, 1, (int)timeout_ms) == 0)
		return EVENT_OVERDUE;
	return read(socket, &byte, 1) == 1 ? EVENT_DONE : EVENT_ORPHANED;
}

/* A resume that fails drops the new table and leaves the map held; the next one brings the old table back. */
static void resume_all(const struct watch *watch)
{
	for (size_t i = 0; i < watch->count; i++)
		if (watch->dm->hold_resume(watch->holds[i]) != 0)
			watch->dm->hold_resume(watch->holds[i]);
}

static void release(const struct watch *watch)
{
	int phase = PHASE_HOLDING;

	atomic_store(&watch->shared->intervened, true);
	/* on failure `phase` is what somebody, the parent or an earlier round, decided before */
	atomic_compare_exchange_strong(&watch->shared->phase, &phase, PHASE_REVERTING);
	if (phase != PHASE_RELEASING)
		for (size_t i = 0; i < watch->count; i++)
			watch->dm->hold_clear(watch->holds[i]);
	resume_all(watch);
}

static void prepare_child(void)
{
	int oom = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	prctl(PR_SET_NAME, "dm-import-guard");
	setsid();
	if (oom >= 0) {
		/* best effort: without it the guardian is as likely a victim as others of its size */
		if (write(oom, "-1000", 5) < 0)
			errno = 0;
		close(oom);
	}
}

static _Noreturn void guard(const struct watch *watch, unsigned deadline_ms)
{
	enum event event;

	prepare_child();
	if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0 || write(watch->socket, "r", 1) != 1)
		_exit(1);
	event = wait_for_parent(watch->socket, deadline_ms);
	if (event != EVENT_DONE)
		release(watch);
	/* a suspend of the parent may have ended only after that: release again until the parent is done */
	while (event == EVENT_OVERDUE) {
		event = wait_for_parent(watch->socket, REPEAT_MS);
		if (event != EVENT_DONE)
			release(watch);
	}
	_exit(0);
}

/* fork() with all signals blocked in the child, and as they were in the parent. */
static pid_t fork_blocked(void)
{
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid != 0)
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static int start_child(struct guardian *guardian, struct watch *watch, unsigned deadline_ms)
{
	int ends[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	guardian->child = fork_blocked();
	if (guardian->child == 0) {
		close(ends[0]);
		watch->socket = ends[1];
		guard(watch, deadline_ms);
	}
	close(ends[1]);
	guardian->socket = ends[0];
	if (guardian->child < 0)
		return -1;
	if (TEMP_FAILURE_RETRY(read(ends[0], &byte, 1)) == 1)
		return 0;
	errno = ENOMEM; /* it ended before it was ready: its memory could not be locked */
	return -1;
}

int guardian_start(struct guardian **ret, const struct dm_port *dm, struct dm_hold *const *holds, size_t count,
		   unsigned deadline_ms, struct error *err)
{
	struct guardian *guardian = malloc(sizeof(*guardian));
	struct watch watch = { .dm = dm, .holds = holds, .count = count };

	if (!guardian)
		return error_no_memory(err);
	*guardian = (struct guardian){ .child = -1, .socket = -1 };
	guardian->shared =
		mmap(NULL, sizeof(*guardian->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	watch.shared = guardian->shared;
	if (guardian->shared == MAP_FAILED || start_child(guardian, &watch, deadline_ms) < 0) {
		error_set_sys(err, ERR_INTERNAL, NULL, errno, "cannot start the guardian of the hold");
		guardian_stop(guardian);
		return -1;
	}
	*ret = guardian;
	return 0;
}

bool guardian_release(struct guardian *guardian)
{
	int phase = PHASE_HOLDING;

	return atomic_compare_exchange_strong(&guardian->shared->phase, &phase, PHASE_RELEASING);
}

enum guardian_outcome guardian_stop(struct guardian *guardian)
{
	enum guardian_outcome outcome = GUARDIAN_IDLE;

	if (!guardian)
		return outcome;
	if (guardian->socket >= 0) {
		send(guardian->socket, "d", 1, MSG_NOSIGNAL); /* fails only when the child is gone already */
		if (guardian->child > 0)
			TEMP_FAILURE_RETRY(waitpid(guardian->child, NULL, 0));
		close(guardian->socket);
	}
	if (guardian->shared != MAP_FAILED) {
		if (atomic_load(&guardian->shared->intervened))
			outcome = atomic_load(&guardian->shared->phase) == PHASE_REVERTING ? GUARDIAN_REVERTED
											   : GUARDIAN_RELEASED;
		munmap(guardian->shared, sizeof(*guardian->shared));
	}
	free(guardian);
	return outcome;
}
