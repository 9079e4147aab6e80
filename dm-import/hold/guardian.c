/*
 * The guardian's two sides; see guardian.h. They share one page (who decided the direction, and until when it may be
 * decided) and a socket pair: a byte from the child means ready, one from the parent means done or that the deadline
 * has moved, its end means that the parent is dead.
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
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { REPEAT_MS = 100, FILES_MAX = 4096, START_MS = 60000 };

enum phase { PHASE_HOLDING, PHASE_RELEASING, PHASE_REVERTING };

/* In one word, so that a deadline that moves and a revert that begins cannot miss each other. */
struct shared {
	_Atomic uint64_t decision; /* deadline in microseconds of CLOCK_MONOTONIC << 2 | phase */
	_Atomic uint64_t ended_us; /* when the guardian had released all maps for the first time; 0: it has not */
};

struct guardian {
	struct shared *shared;
	pid_t child;
	int socket;
};

struct watch {
	struct shared *shared;
	const struct dm_port *dm;
	struct dm_suspend *const *suspends;
	size_t count;
	int socket;
};

enum { BYTE_DONE = 'd', BYTE_MOVED = 'm' };
enum event { EVENT_DONE, EVENT_MOVED, EVENT_ORPHANED, EVENT_OVERDUE };

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t decision(uint64_t deadline_us, enum phase phase)
{
	return deadline_us << 2 | phase;
}

static enum phase phase_of(uint64_t decided)
{
	return (enum phase)(decided & 3);
}

/* From holding to another phase, or another deadline (0: the same). False when the phase was another already. */
static bool decide(struct shared *shared, enum phase phase, uint64_t deadline_us)
{
	uint64_t was = atomic_load(&shared->decision);

	while (phase_of(was) == PHASE_HOLDING)
		if (atomic_compare_exchange_strong(&shared->decision, &was,
						   decision(deadline_us ? deadline_us : was >> 2, phase)))
			return true;
	return false;
}

static int remaining_ms(const struct watch *watch)
{
	uint64_t now = now_us(), deadline_us = atomic_load(&watch->shared->decision) >> 2;

	return deadline_us > now ? (int)((deadline_us - now + 999) / 1000) : 0;
}

static enum event wait_for_parent(int socket, int timeout_ms)
{
	struct pollfd wait = { .fd = socket, .events = POLLIN };
	char byte;

	if (poll(&wait, 1, timeout_ms) == 0)
		return EVENT_OVERDUE;
	if (read(socket, &byte, 1) != 1)
		return EVENT_ORPHANED;
	return byte == BYTE_MOVED ? EVENT_MOVED : EVENT_DONE;
}

/* A resume that fails drops the new table and leaves the map held; the next one brings the old table back. */
static void resume_all(const struct watch *watch)
{
	for (size_t i = 0; i < watch->count; i++)
		if (watch->dm->resume(watch->suspends[i]) != 0)
			watch->dm->resume(watch->suspends[i]);
}

/* The direction is the parent's where it has decided; else it is back from now on, unless the deadline just moved. */
static bool may_release(const struct watch *watch, enum event event)
{
	uint64_t was = atomic_load(&watch->shared->decision);

	while (phase_of(was) == PHASE_HOLDING) {
		if (event == EVENT_OVERDUE && was >> 2 > now_us())
			return false;
		if (atomic_compare_exchange_strong(&watch->shared->decision, &was, decision(was >> 2, PHASE_REVERTING)))
			break;
	}
	return true;
}

static void release(const struct watch *watch)
{
	uint64_t none = 0;

	if (phase_of(atomic_load(&watch->shared->decision)) != PHASE_RELEASING)
		for (size_t i = 0; i < watch->count; i++)
			if (watch->dm->clear_loaded(watch->suspends[i]) != 0)
				watch->dm->clear_loaded(watch->suspends[i]);
	resume_all(watch);
	atomic_compare_exchange_strong(&watch->shared->ended_us, &none, now_us());
}

/* The agent's connections would stay open in here for as long as the hold lasts, whatever the agent closes. */
static void close_sockets(int but)
{
	long last = sysconf(_SC_OPEN_MAX);
	struct stat st;

	for (int fd = 0; fd < (last > 0 && last < FILES_MAX ? last : FILES_MAX); fd++)
		if (fd != but && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
			close(fd);
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

/* A suspend of the parent may end only after a revert: it releases again and again until the parent is done. */
static _Noreturn void guard(const struct watch *watch)
{
	bool released = false;

	prepare_child();
	close_sockets(watch->socket);
	if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0 || write(watch->socket, "r", 1) != 1)
		_exit(1);
	for (;;) {
		enum event event = wait_for_parent(watch->socket, released ? REPEAT_MS : remaining_ms(watch));

		if (event == EVENT_DONE)
			_exit(0);
		if (event == EVENT_MOVED || !may_release(watch, event))
			continue;
		release(watch);
		released = true;
		if (event == EVENT_ORPHANED)
			_exit(0);
	}
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

static int start_child(struct guardian *guardian, struct watch *watch)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	guardian->child = fork_blocked();
	if (guardian->child == 0) {
		close(ends[0]);
		watch->socket = ends[1];
		guard(watch);
	}
	close(ends[1]);
	guardian->socket = ends[0];
	return guardian->child < 0 ? -1 : 0;
}

/* The deadline begins here: to lock memory takes its time on a busy host, and nothing is held yet. */
static bool is_ready(struct guardian *guardian, unsigned deadline_ms)
{
	char byte;

	if (TEMP_FAILURE_RETRY(read(guardian->socket, &byte, 1)) == 1 && guardian_extend(guardian, deadline_ms))
		return true;
	errno = ENOMEM; /* it ended before it was ready: its memory could not be locked */
	return false;
}

int guardian_start(struct guardian **ret, const struct dm_port *dm, struct dm_suspend *const *suspends, size_t count,
		   unsigned deadline_ms, struct error *err)
{
	struct guardian *guardian = malloc(sizeof(*guardian));
	struct watch watch = { .dm = dm, .suspends = suspends, .count = count };

	if (!guardian)
		return error_no_memory(err);
	*guardian = (struct guardian){ .child = -1, .socket = -1 };
	guardian->shared =
		mmap(NULL, sizeof(*guardian->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	watch.shared = guardian->shared;
	if (guardian->shared != MAP_FAILED)
		atomic_store(&guardian->shared->decision,
			     decision(now_us() + UINT64_C(1000) * START_MS, PHASE_HOLDING));
	if (guardian->shared == MAP_FAILED || start_child(guardian, &watch) < 0 || !is_ready(guardian, deadline_ms)) {
		/* fork() says EAGAIN for too many processes */
		error_set_sys(err, errno == ENOMEM || errno == EAGAIN ? ERR_NO_MEMORY : ERR_IO, NULL, errno,
			      "cannot start the guardian of the hold");
		guardian_stop(guardian);
		return -1;
	}
	*ret = guardian;
	return 0;
}

bool guardian_release(struct guardian *guardian)
{
	return decide(guardian->shared, PHASE_RELEASING, 0);
}

bool guardian_extend(struct guardian *guardian, unsigned deadline_ms)
{
	if (!decide(guardian->shared, PHASE_HOLDING, now_us() + UINT64_C(1000) * deadline_ms))
		return false;
	return send(guardian->socket, &(char){ BYTE_MOVED }, 1, MSG_NOSIGNAL) == 1;
}

bool guardian_holds(const struct guardian *guardian)
{
	char byte;

	return phase_of(atomic_load(&guardian->shared->decision)) == PHASE_HOLDING &&
	       recv(guardian->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
}

uint64_t guardian_ended_us(const struct guardian *guardian)
{
	return atomic_load(&guardian->shared->ended_us);
}

enum guardian_outcome guardian_stop(struct guardian *guardian)
{
	enum guardian_outcome outcome = GUARDIAN_IDLE;

	if (!guardian)
		return outcome;
	if (guardian->socket >= 0) {
		send(guardian->socket, &(char){ BYTE_DONE }, 1,
		     MSG_NOSIGNAL); /* fails only when the child is gone already */
		if (guardian->child > 0)
			TEMP_FAILURE_RETRY(waitpid(guardian->child, NULL, 0));
		close(guardian->socket);
	}
	if (guardian->shared != MAP_FAILED) {
		if (phase_of(atomic_load(&guardian->shared->decision)) == PHASE_REVERTING)
			outcome = GUARDIAN_REVERTED;
		else if (guardian_ended_us(guardian))
			outcome = GUARDIAN_RELEASED;
		munmap(guardian->shared, sizeof(*guardian->shared));
	}
	free(guardian);
	return outcome;
}
