/*
 * Running helper programs: output, exit status, limits, and what the program inherits.
 */
#include "dm-import/system/tools/exec.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

struct run {
	int rc, status;
	char output[256];
	struct error err;
};

enum { FAR_MS = 600000 };

static struct run run(const char *script, unsigned timeout_ms)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct run result = { .status = -1 };

	result.rc = sys_exec(argv, timeout_ms, result.output, sizeof(result.output), &result.status, &result.err);
	return result;
}

static void test_output_and_status(void **state)
{
	struct run result = run("echo out; echo err >&2; exit 7", FAR_MS);

	(void)state;
	assert_int_equal(result.rc, 0);
	assert_int_equal(result.status, 7);
	assert_string_equal(result.output, "out\nerr\n");
	result = run("kill -TERM $$", FAR_MS);
	assert_int_equal(result.rc, 0);
	assert_int_equal(result.status, 128 + SIGTERM);
}

static void test_long_output_is_cut_and_does_not_block(void **state)
{
	struct run result = run("i=0; while [ $i -lt 5000 ]; do echo 0123456789012345678901234567890123456789; "
				"i=$((i+1)); done",
				FAR_MS);

	(void)state;
	assert_int_equal(result.rc, 0);
	assert_int_equal(result.status, 0);
	assert_int_equal(strlen(result.output), sizeof(result.output) - 1);
}

static void test_timeout_kills_it(void **state)
{
	struct run result = run("exec sleep 600", 200);

	(void)state;
	assert_int_equal(result.rc, -1);
	assert_int_equal(result.err.sys_errno, ETIMEDOUT);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* dead and reaped */
}

static void test_missing_program(void **state)
{
	const char *argv[] = { "no-such-program-anywhere", NULL };
	struct error err = { 0 };
	char output[8];
	int status;

	(void)state;
	assert_int_equal(sys_exec(argv, FAR_MS, output, sizeof(output), &status, &err), -1);
	assert_int_equal(err.sys_errno, ENOENT);
	assert_string_equal(err.device, argv[0]);
}

/* libdevmapper's control file is not O_CLOEXEC; helpers must not have it, nor our signal mask and environment. */
static void test_nothing_is_inherited(void **state)
{
	enum { FAR_FD = 200 };
	CLEANUP_FD int leaky = fcntl(STDERR_FILENO, F_DUPFD, FAR_FD);
	struct run result;
	sigset_t usr1;

	(void)state;
	assert_int_equal(leaky, FAR_FD);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	setenv("DM_IMPORT_SECRET", "1", 1);
	result = run(
		"[ -e /proc/$$/fd/200 ] && echo inherited; echo \"[$DM_IMPORT_SECRET]\"; grep SigBlk /proc/self/status",
		FAR_MS);
	sigprocmask(SIG_UNBLOCK, &usr1, NULL);
	assert_int_equal(result.rc, 0);
	assert_string_equal(result.output, "[]\nSigBlk:\t0000000000000000\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output_and_status),
		cmocka_unit_test(test_long_output_is_cut_and_does_not_block),
		cmocka_unit_test(test_timeout_kills_it),
		cmocka_unit_test(test_missing_program),
		cmocka_unit_test(test_nothing_is_inherited),
	};

	return cmocka_run_group_tests_name("sys_exec", tests, NULL, NULL);
}
