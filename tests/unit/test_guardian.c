/*
 * The guardian with real processes and false suspends: a hold's operations write into shared memory what they were
 * asked, in order, so that the test sees what the child did after its parent was killed.
 */
#include "dm-import/hold/guardian.h"

#include "base/cleanup.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

enum {
	MAPS = 3,
	FAR_MS = 600000,
	SOON_MS = 50,
	TIME_TO_RELEASE_MS = 500,
	LOG_SIZE = 4096,
	TURNS_MAX = 20000,
	TURN_MS = 10
};

/* What was asked: 'c' clear, 'r' resume, with the map's number: "c0c1c2r0r1r2". */
struct log {
	_Atomic unsigned used;
	_Atomic int fail_resumes; /* so many resumes fail first */
	char text[LOG_SIZE];
};

struct dm_suspend {
	int number;
};

static struct log *calls;
static struct dm_suspend holds_data[MAPS] = { { 0 }, { 1 }, { 2 } };
static struct dm_suspend *suspends[MAPS] = { &holds_data[0], &holds_data[1], &holds_data[2] };

static void note(char what, const struct dm_suspend *hold)
{
	unsigned at = atomic_fetch_add(&calls->used, 2);

	if (at + 2 < LOG_SIZE) {
		calls->text[at] = what;
		calls->text[at + 1] = (char)('0' + hold->number);
	}
}

static int false_resume(struct dm_suspend *hold)
{
	note('r', hold);
	return atomic_load(&calls->fail_resumes) > 0 && atomic_fetch_sub(&calls->fail_resumes, 1) > 0 ? EIO : 0;
}

static int false_clear(struct dm_suspend *hold)
{
	note('c', hold);
	return 0;
}

static const struct dm_port port = { .resume = false_resume, .clear_loaded = false_clear };

static int set_up(void **state)
{
	(void)state;
	calls = mmap(NULL, sizeof(*calls), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return calls == MAP_FAILED ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	return munmap(calls, sizeof(*calls));
}

static struct guardian *start(unsigned deadline_ms)
{
	struct guardian *guardian = NULL;
	struct error err = { 0 };

	assert_int_equal(guardian_start(&guardian, &port, suspends, MAPS, deadline_ms, &err), 0);
	return guardian;
}

/* The same, and `act` before the deadline: on a slow machine, or under valgrind, with a later one until that works. */
static struct guardian *start_in_time(unsigned *deadline_ms, bool (*act)(struct guardian *guardian))
{
	struct guardian *guardian = start(*deadline_ms);

	while (!act(guardian)) {
		assert_int_equal(guardian_stop(guardian), GUARDIAN_REVERTED);
		atomic_store(&calls->used, 0);
		memset(calls->text, 0, sizeof(calls->text));
		*deadline_ms *= 2;
		assert_true(*deadline_ms < FAR_MS / 4);
		guardian = start(*deadline_ms);
	}
	return guardian;
}

static bool wait_for_calls(unsigned count)
{
	for (int i = 0; i < TURNS_MAX && atomic_load(&calls->used) < count * 2; i++)
		poll(NULL, 0, TURN_MS);
	return atomic_load(&calls->used) >= count * 2;
}

static void test_nothing_to_do(void **state)
{
	struct guardian *guardian = start(FAR_MS);

	(void)state;
	assert_true(guardian_release(guardian));
	assert_int_equal(guardian_stop(guardian), GUARDIAN_IDLE);
	assert_string_equal(calls->text, "");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* reaped */
	assert_int_equal(guardian_stop(NULL), GUARDIAN_IDLE);
}

static void test_late_while_holding_goes_back(void **state)
{
	struct guardian *guardian = start(SOON_MS);

	(void)state;
	assert_true(wait_for_calls(6));
	assert_false(guardian_release(guardian));
	assert_int_equal(guardian_stop(guardian), GUARDIAN_REVERTED);
	assert_memory_equal(calls->text, "c0c1c2r0r1r2", 12);
}

static void test_late_while_releasing_goes_forward(void **state)
{
	unsigned deadline_ms = TIME_TO_RELEASE_MS;
	struct guardian *guardian = start_in_time(&deadline_ms, guardian_release);

	(void)state;
	assert_true(wait_for_calls(3));
	assert_int_equal(guardian_stop(guardian), GUARDIAN_RELEASED);
	assert_memory_equal(calls->text, "r0r1r2", 6);
	assert_null(strchr(calls->text, 'c'));
}

/* A suspend of the parent that ends after the revert must not leave its map held. */
static void test_reverts_until_the_parent_is_done(void **state)
{
	struct guardian *guardian = start(SOON_MS);

	(void)state;
	assert_true(wait_for_calls(18));
	assert_int_equal(guardian_stop(guardian), GUARDIAN_REVERTED);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* and nothing after: it is gone */
}

/* Each time, since a guardian that was late has used the failure up. */
static bool fail_and_release(struct guardian *guardian)
{
	atomic_store(&calls->fail_resumes, 1);
	return guardian_release(guardian);
}

static void test_a_failed_resume_is_repeated(void **state)
{
	unsigned deadline_ms = TIME_TO_RELEASE_MS;
	struct guardian *guardian = start_in_time(&deadline_ms, fail_and_release);

	(void)state;
	assert_true(wait_for_calls(4));
	guardian_stop(guardian);
	assert_memory_equal(calls->text, "r0r0r1r2", 8);
}

/* A process that suspends, starts its guardian, says so, and is killed. */
static void kill_a_parent(bool releasing)
{
	int ends[2];
	char byte;
	pid_t parent;

	assert_int_equal(pipe(ends), 0);
	parent = fork();
	assert_true(parent >= 0);
	if (parent == 0) {
		struct guardian *guardian = NULL;

		if (guardian_start(&guardian, &port, suspends, MAPS, FAR_MS, NULL) < 0 ||
		    (releasing && !guardian_release(guardian)) || write(ends[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_string_equal(calls->text, "");
	kill(parent, SIGKILL);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	assert_int_equal(read(ends[0], &byte, 1), 0); /* the guardian has ended, too: the pipe has no writer left */
	close(ends[0]);
}

static void test_parent_killed_while_holding(void **state)
{
	(void)state;
	kill_a_parent(false);
	assert_string_equal(calls->text, "c0c1c2r0r1r2");
}

static void test_parent_killed_while_releasing(void **state)
{
	(void)state;
	kill_a_parent(true);
	assert_string_equal(calls->text, "r0r1r2");
}

/* The pid of this process's only child. */
static pid_t only_child(void)
{
	CLEANUP_FILE FILE *file = NULL;
	char path[64];
	int pid = -1;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	file = fopen(path, "re");
	if (!file || fscanf(file, "%d", &pid) != 1)
		return -1;
	return pid;
}

static void read_proc(pid_t pid, const char *name, char *ret, size_t size)
{
	CLEANUP_FILE FILE *file = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	file = fopen(path, "re");
	assert_non_null(file);
	ret[fread(ret, 1, size - 1, file)] = '\0';
}

static bool is_pending(pid_t pid, int signal)
{
	char text[4096];
	const char *field;

	read_proc(pid, "status", text, sizeof(text));
	field = strstr(text, "ShdPnd:");
	return field && strtoull(field + strlen("ShdPnd:"), NULL, 16) >> (signal - 1) & 1;
}

static void test_no_signal_but_kill_ends_it(void **state)
{
	const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGALRM, SIGUSR1, SIGRTMIN };
	struct guardian *guardian = start(FAR_MS);
	pid_t child = only_child();
	char text[4096];

	(void)state;
	if (child < 0) {
		guardian_stop(guardian);
		skip(); /* a kernel without /proc/.../children */
	}
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		kill(child, signals[i]);
		assert_true(is_pending(child, signals[i])); /* for ever: it is blocked */
	}
	read_proc(child, "comm", text, sizeof(text));
	assert_string_equal(text, "dm-import-guard\n");
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* they make mlockall a no-op */
	read_proc(child, "status", text, sizeof(text));
	assert_non_null(strstr(text, "VmLck:"));
	assert_null(strstr(text, "VmLck:\t       0 kB"));
#endif
	assert_int_equal(guardian_stop(guardian), GUARDIAN_IDLE);
	assert_string_equal(calls->text, "");
}

static bool move_far(struct guardian *guardian)
{
	return guardian_extend(guardian, FAR_MS);
}

static void test_a_moved_deadline_counts(void **state)
{
	unsigned deadline_ms = SOON_MS;
	struct guardian *guardian = start_in_time(&deadline_ms, move_far);

	(void)state;
	poll(NULL, 0, (int)deadline_ms + 4 * SOON_MS);
	assert_string_equal(calls->text, "");
	assert_true(guardian_holds(guardian));
	assert_true(guardian_extend(guardian, SOON_MS)); /* shorter works, too */
	assert_true(wait_for_calls(6));
	assert_false(guardian_holds(guardian));
	assert_false(guardian_extend(guardian, FAR_MS));
	assert_int_equal(guardian_stop(guardian), GUARDIAN_REVERTED);
}

static void test_it_says_when_it_released(void **state)
{
	struct guardian *guardian = start(FAR_MS);
	struct timespec before, after;
	uint64_t ended_us;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(guardian_ended_us(guardian), 0);
	assert_true(guardian_extend(guardian, SOON_MS));
	for (int i = 0; i < TURNS_MAX && !guardian_ended_us(guardian); i++)
		poll(NULL, 0, TURN_MS);
	clock_gettime(CLOCK_MONOTONIC, &after);
	ended_us = guardian_ended_us(guardian);
	assert_in_range(ended_us, (uint64_t)before.tv_sec * 1000000, (uint64_t)after.tv_sec * 1000000 + 1000000);
	guardian_stop(guardian);
}

/* Somebody kills the guardian: the parent sees it and can release by itself. */
static void test_its_death_is_seen(void **state)
{
	struct guardian *guardian = start(FAR_MS);
	pid_t child = only_child();

	(void)state;
	if (child < 0) {
		guardian_stop(guardian);
		skip();
	}
	kill(child, SIGKILL);
	for (int i = 0; i < TURNS_MAX && guardian_holds(guardian); i++)
		poll(NULL, 0, TURN_MS);
	assert_false(guardian_holds(guardian));
	assert_false(guardian_extend(guardian, FAR_MS));
	guardian_stop(guardian);
	assert_string_equal(calls->text, "");
}

/* A connection that the agent closes ends, although a guardian was made while it was open. */
static void test_it_keeps_no_connection_open(void **state)
{
	struct guardian *guardian;
	int ends[2];
	char byte;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	guardian = start(FAR_MS);
	close(ends[0]);
	assert_int_equal(recv(ends[1], &byte, 1, MSG_DONTWAIT), 0);
	close(ends[1]);
	guardian_stop(guardian);
}

/* Its deadline is now, more or less; sooner, when it was late more often than in time: how long the sleep takes, and
 * the guardian needs to wake, is the machine's affair. */
static struct guardian *start_near_its_end(unsigned turn, bool sooner)
{
	struct timespec until = { .tv_nsec = (sooner ? 2000000 : 4000000) + (long)turn * 20000 };
	struct guardian *guardian = start(5);

	clock_nanosleep(CLOCK_MONOTONIC, 0, &until, NULL);
	return guardian;
}

/* When the deadline and a move of it meet, either the move fails or nothing was taken back. A guardian that the old
 * deadline woke may find that the parent has released meanwhile, and go forward with it. */
static void test_the_move_races_too(void **state)
{
	unsigned moved = 0, late = 0;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct guardian *guardian;
		bool extended;

		atomic_store(&calls->used, 0);
		memset(calls->text, 0, sizeof(calls->text));
		guardian = start_near_its_end(i, late > moved);
		extended = guardian_extend(guardian, FAR_MS);
		if (extended)
			assert_true(guardian_release(guardian));
		assert_int_equal(guardian_stop(guardian) == GUARDIAN_REVERTED, !extended);
		assert_int_equal(strchr(calls->text, 'c') != NULL, !extended);
		moved += extended;
		late += !extended;
	}
	print_message("moved %u times, late %u times\n", moved, late);
}

/* When the deadline and guardian_release meet, one of them wins and both sides know which. */
static void test_the_race_has_one_winner(void **state)
{
	unsigned forward = 0, back = 0;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct guardian *guardian;
		bool released, cleared;

		atomic_store(&calls->used, 0);
		memset(calls->text, 0, sizeof(calls->text));
		guardian = start_near_its_end(i, back > forward);
		released = guardian_release(guardian);
		assert_int_equal(guardian_stop(guardian) == GUARDIAN_REVERTED, !released);
		cleared = strchr(calls->text, 'c') != NULL;
		assert_int_equal(cleared, !released);
		forward += released;
		back += !released;
	}
	print_message("forward %u times, back %u times\n", forward, back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_to_do, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_late_while_holding_goes_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_late_while_releasing_goes_forward, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reverts_until_the_parent_is_done, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_failed_resume_is_repeated, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_parent_killed_while_holding, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_parent_killed_while_releasing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_signal_but_kill_ends_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_moved_deadline_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_it_says_when_it_released, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_its_death_is_seen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_it_keeps_no_connection_open, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_move_races_too, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_race_has_one_winner, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("guardian", tests, NULL, NULL);
}
