/*
 * Calls that are given up: the caller goes on in time, the call goes on alone, and what it works on is freed once.
 */
#include "dm-import/system/tools/bounded.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FAR_MS = 60000, SOON_MS = 20, THREADS_LEFT_MAX = 64 };

/* What a call works on. It ends when the test opens the gate. */
struct call {
	int answer;
};

static atomic_bool gate;
static atomic_uint ended, released;

static void answer_at_once(void *argument)
{
	((struct call *)argument)->answer = 42;
}

static void wait_at_the_gate(void *argument)
{
	while (!atomic_load(&gate))
		poll(NULL, 0, 1);
	((struct call *)argument)->answer = 1;
	atomic_fetch_add(&ended, 1);
}

static void release(void *argument)
{
	free(argument);
	atomic_fetch_add(&released, 1);
}

static struct call *new_call(void)
{
	struct call *call = calloc(1, sizeof(*call));

	assert_non_null(call);
	return call;
}

static int begin(void **state)
{
	(void)state;
	atomic_store(&gate, false);
	atomic_store(&ended, 0);
	atomic_store(&released, 0);
	return 0;
}

static void expect_released(unsigned count)
{
	for (int i = 0; i < FAR_MS / 10 && atomic_load(&released) < count; i++)
		poll(NULL, 0, 10);
	assert_int_equal(atomic_load(&released), count);
	assert_int_equal(atomic_load(&ended), count);
}

static void it_ends_in_time(void **state)
{
	struct call *call = new_call();

	(void)state;
	assert_int_equal(sys_bounded(answer_at_once, call, release, FAR_MS), 0);
	assert_int_equal(call->answer, 42);
	assert_int_equal(atomic_load(&released), 0);
	free(call);
}

static void it_is_left_to_itself(void **state)
{
	(void)state;
	assert_int_equal(sys_bounded(wait_at_the_gate, new_call(), release, SOON_MS), ETIMEDOUT);
	assert_int_equal(atomic_load(&released), 0);
	atomic_store(&gate, true);
	expect_released(1);
}

/* A host whose array hangs is not filled with threads; when it answers again, all is as before. */
static void so_many_and_no_more(void **state)
{
	struct call *call = new_call();

	(void)state;
	for (unsigned i = 0; i < THREADS_LEFT_MAX; i++)
		assert_int_equal(sys_bounded(wait_at_the_gate, new_call(), release, 1), ETIMEDOUT);
	assert_int_equal(sys_bounded(answer_at_once, call, release, FAR_MS), EAGAIN);
	assert_int_equal(call->answer, 0);
	atomic_store(&gate, true);
	expect_released(THREADS_LEFT_MAX);
	assert_int_equal(sys_bounded(answer_at_once, call, release, FAR_MS), 0);
	free(call);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(it_ends_in_time, begin),
		cmocka_unit_test_setup(it_is_left_to_itself, begin),
		cmocka_unit_test_setup(so_many_and_no_more, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
