/*
 * agent.conf: what a person would read otherwise than the parser is refused, and storing the port leaves a file that
 * can be read. tests/fuzz/fuzz_config.c asks the same of many more.
 */
#include "agent/shared/config.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static char path[] = "/tmp/test-config-XXXXXX";

static int setup(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_file(const char *text, size_t length)
{
	assert_int_equal(file_replace(path, text, length, 0600, NULL), 0);
}

#define TEXT(text) text, sizeof(text) - 1
#define C50 "ccccccccccccccccccccccccccccccccccccccccccccccccc "

/* Each would have been read, and meant something else than it looks like. */
static const struct {
	const char *text;
	size_t length;
	const char *complaint;
} odd[] = {
	{ TEXT("[server]\naddress = ::1\n port = 50443\n"), "line 3: begins with a blank" },
	{ TEXT("[server]\nport = 8443\n\t\t[log]\nlevel = 1\n"), "line 3: begins with a blank" },
	{ TEXT("[server]\nport = 8443\n\0\n[log]\nlevel = 1\n"), "line 3: a control character" },
	{ TEXT("[server]\n\vport = 50443\n"), "line 2: a control character" },
	{ TEXT("[server]\rport = 8443\r\n"), "line 1: a control character" },
	{ TEXT("[server]\n# " C50 C50 C50 C50 "port = 50443\n"), "line 2: longer than" },
};

static void test_odd_lines_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		CLEANUP_FREE char *after = NULL;
		struct config config;
		struct error err = { 0 };
		size_t length;

		write_file(odd[i].text, odd[i].length);
		assert_int_equal(config_load(&config, path, &err), -1);
		assert_int_equal(err.code, ERR_CONFIG_INVALID);
		assert_non_null(strstr(err.detail, odd[i].complaint));
		assert_int_equal(config_store_port(path, 55443, &err), -1);
		assert_int_equal(err.code, ERR_CONFIG_INVALID);
		assert_int_equal(file_read(path, 1000, &after, &length, NULL), 0);
		assert_int_equal(length, odd[i].length);
		assert_memory_equal(after, odd[i].text, length);
	}
}

static void test_usual_lines_are_not(void **state)
{
	struct config config;

	(void)state;
	write_file(
		TEXT("\n  \n  # indented comment\n[server]\t; s\r\nport\t= 50443 ; why\r\naddress = ::1\n# \xc3\xa4"));
	assert_int_equal(config_load(&config, path, NULL), 0);
	assert_int_equal(config.port, 50443);
	assert_string_equal(config.address, "::1");
}

static void test_port_is_not_stored_where_the_rest_cannot_be_read(void **state)
{
	CLEANUP_FREE char *after = NULL;
	struct error err = { 0 };

	(void)state;
	write_file(TEXT("[server]\nport = 8443\nprot = 1\n"));
	assert_int_equal(config_store_port(path, 55443, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG_INVALID);
	assert_non_null(strstr(err.detail, "line 3"));
	assert_int_equal(file_read(path, 1000, &after, NULL, NULL), 0);
	assert_string_equal(after, "[server]\nport = 8443\nprot = 1\n");
}

static void test_port_may_be_what_is_wrong(void **state)
{
	CLEANUP_FREE char *after = NULL;

	(void)state;
	write_file(TEXT("[server]\nport = 443\n[log]\nlevel = 1"));
	assert_int_equal(config_store_port(path, 55443, NULL), 0);
	assert_int_equal(file_read(path, 1000, &after, NULL, NULL), 0);
	assert_string_equal(after, "[server]\nport = 55443\n[log]\nlevel = 1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_odd_lines_are_refused),
		cmocka_unit_test(test_usual_lines_are_not),
		cmocka_unit_test(test_port_is_not_stored_where_the_rest_cannot_be_read),
		cmocka_unit_test(test_port_may_be_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
