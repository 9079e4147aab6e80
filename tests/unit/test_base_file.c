/*
 * base's errors and files: the table of codes, how an error is filled and told, and that a file is replaced whole or
 * not at all.
 */
#include "api/problem.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <signal.h>

#include <cmocka.h>

static char directory[64];

static int setup(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/test_base_file.XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	return system(command);
}

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void every_code_is_described(void **state)
{
	(void)state;
	for (int code = ERR_NONE + 1; code < ERR_COUNT; code++) {
		const char *name = error_name(code);

		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(name));
		assert_int_equal(error_from_name(name), code); /* so no name is there twice */
		assert_in_range(problem_http_status(code), 400, 599);
		assert_true(strlen(error_text(code)) > 0 && error_text(code)[strlen(error_text(code)) - 1] == '.');
		assert_true(strlen(error_remedy(code)) > 0);
	}
	assert_int_equal(error_from_name("no_such_name"), ERR_NONE);
	assert_string_equal(error_name(ERR_COUNT + 7), "internal");
}

static void error_says_what_device_and_why(void **state)
{
	struct error err;
	char text[512];

	(void)state;
	assert_int_equal(error_set_sys(&err, ERR_DM_FAILED, "mpatha", EBUSY, "cannot remove %s", "it"), -1);
	assert_int_equal(err.sys_errno, EBUSY);
	assert_string_equal(err.detail, "cannot remove it: Device or resource busy");
	error_format(&err, text, sizeof(text));
	assert_non_null(strstr(text, "[mpatha] cannot remove it: Device or resource busy"));
	assert_non_null(strstr(text, error_remedy(ERR_DM_FAILED)));
	assert_int_equal(error_set(NULL, ERR_IO, NULL, "nobody cares"), -1);
	for (size_t size = 1; size < sizeof(text); size++) {
		memset(text, '#', sizeof(text));
		error_format(&err, text, size);
		assert_true(strlen(text) < size);
	}
}

static void error_is_cut_where_it_is_too_long(void **state)
{
	struct error err;
	char text[1000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set_sys(&err, ERR_IO, text, EIO, "%s", text);
	assert_int_equal(strlen(err.device), sizeof(err.device) - 1);
	assert_int_equal(strlen(err.detail), sizeof(err.detail) - 1);
}

static void file_is_replaced_and_read(void **state)
{
	struct error err;
	struct stat info;
	char *text = NULL;
	size_t length = 0;

	(void)state;
	assert_int_equal(file_replace(path_of("a"), "one\0two", 7, 0640, &err), 0);
	assert_int_equal(stat(path_of("a"), &info), 0);
	assert_int_equal(info.st_mode & 07777, 0640);
	assert_int_equal(file_read(path_of("a"), 100, &text, &length, &err), 0);
	assert_int_equal(length, 7);
	assert_memory_equal(text, "one\0two", 8);
	free(text);
	assert_int_equal(file_replace(path_of("a"), "", 0, 0640, &err), 0);
	assert_int_equal(file_read(path_of("a"), 0, &text, &length, &err), 0);
	assert_int_equal(length, 0);
	free(text);
	assert_int_equal(access(path_of("a.new"), F_OK), -1);
}

/* Around the sizes at which the reader's memory grows. */
static void file_is_read_at_every_length(void **state)
{
	static char content[9000];
	size_t length;
	char *text;

	(void)state;
	memset(content, 'c', sizeof(content));
	for (size_t size = 4090; size < 8200; size += size < 4100 ? 1 : 512) {
		assert_int_equal(file_replace(path_of("a"), content, size, 0600, NULL), 0);
		assert_int_equal(file_read(path_of("a"), size, &text, &length, NULL), 0);
		assert_int_equal(length, size);
		assert_memory_equal(text, content, size);
		free(text);
	}
}

static void too_much_and_nothing_are_refused(void **state)
{
	char *text = (char *)"untouched";
	struct error err;

	(void)state;
	assert_int_equal(file_replace(path_of("a"), "12345", 5, 0600, &err), 0);
	assert_int_equal(file_read(path_of("a"), 4, &text, NULL, &err), -1);
	assert_int_equal(err.sys_errno, EFBIG);
	assert_int_equal(file_read(path_of("missing"), 4, &text, NULL, &err), -1);
	assert_int_equal(err.sys_errno, ENOENT);
	assert_string_equal(text, "untouched");
	assert_int_equal(file_remove(path_of("missing"), &err), 0);
	assert_int_equal(file_remove(path_of("a"), &err), 0);
	assert_int_equal(access(path_of("a"), F_OK), -1);
}

/* A disk that fills in the middle: RLIMIT_FSIZE makes the write fail as it would. */
static void failed_replacement_keeps_the_old_file(void **state)
{
	struct rlimit small = { .rlim_cur = 4096, .rlim_max = RLIM_INFINITY }, before;
	static char content[100000];
	struct error err;
	char *text;

	(void)state;
	assert_int_equal(file_replace(path_of("a"), "old", 3, 0600, &err), 0);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_equal(file_replace(path_of("a"), content, sizeof(content), 0600, &err), -1);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(err.sys_errno, EFBIG);
	assert_int_equal(file_read(path_of("a"), 10, &text, NULL, NULL), 0);
	assert_string_equal(text, "old");
	free(text);
	assert_int_equal(access(path_of("a.new"), F_OK), -1);
	assert_int_equal(file_replace(path_of("no/such/folder"), "x", 1, 0600, &err), -1);
	assert_int_equal(err.code, ERR_IO);
}

/* One write that the disk takes a part of only, and one of which it takes nothing. */
static void failed_append_is_cut_back(void **state)
{
	static const rlim_t sizes[] = { 3000, 2000 };
	static char content[4000], more[2000];
	struct rlimit small, before;
	struct error err;

	(void)state;
	memset(more, 'x', sizeof(more));
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	for (size_t i = 0; i < 2; i++) {
		struct stat info;

		assert_int_equal(file_replace(path_of("a"), content, 2000, 0600, &err), 0);
		small = (struct rlimit){ .rlim_cur = sizes[i], .rlim_max = before.rlim_max };
		setrlimit(RLIMIT_FSIZE, &small);
		assert_int_equal(file_append(path_of("a"), 2000, more, sizeof(more), &err), -1);
		setrlimit(RLIMIT_FSIZE, &before);
		assert_int_equal(err.code, i == 0 ? ERR_NO_SPACE : ERR_IO);
		assert_int_equal(stat(path_of("a"), &info), 0);
		assert_int_equal(info.st_size, 2000);
		assert_int_equal(file_append(path_of("a"), 2000, more, sizeof(more), &err), 0);
		assert_int_equal(stat(path_of("a"), &info), 0);
		assert_int_equal(info.st_size, 4000);
	}
}

/* Appending takes of them, and gives none back. */
static void reserved_blocks_stay(void **state)
{
	struct stat info;

	(void)state;
	assert_int_equal(file_replace(path_of("a"), "1", 1, 0600, NULL), 0);
	assert_int_equal(file_reserve(path_of("a"), 256 << 10, NULL), 0);
	assert_int_equal(stat(path_of("a"), &info), 0);
	assert_int_equal(info.st_size, 1);
	if (info.st_blocks < 512)
		skip(); /* this file system cannot reserve */
	assert_int_equal(file_append(path_of("a"), 1, "2", 1, NULL), 0);
	assert_int_equal(stat(path_of("a"), &info), 0);
	assert_int_equal(info.st_size, 2);
	assert_true(info.st_blocks >= 512);
}

static void directories_are_made_with_their_parents(void **state)
{
	struct stat info;

	(void)state;
	assert_int_equal(file_make_directories(path_of("x/y/z"), 0700, NULL), 0);
	assert_int_equal(stat(path_of("x/y/z"), &info), 0);
	assert_int_equal(info.st_mode & 07777, 0700);
	assert_int_equal(file_make_directories(path_of("x/y/z"), 0755, NULL), 0);
	assert_int_equal(stat(path_of("x/y/z"), &info), 0);
	assert_int_equal(info.st_mode & 07777, 0700);
	assert_int_equal(file_replace(path_of("file"), "", 0, 0600, NULL), 0);
	assert_int_equal(file_make_directories(path_of("file/below"), 0700, NULL), -1);
	assert_int_equal(file_make_parents(path_of("p/q/name"), 0700, NULL), 0);
	assert_int_equal(stat(path_of("p/q"), &info), 0);
	assert_int_equal(info.st_mode & 07777, 0700);
	assert_int_equal(stat(path_of("p/q/name"), &info), -1);
	assert_int_equal(file_make_parents("name", 0700, NULL), 0);
	assert_int_equal(file_make_parents("/name", 0700, NULL), 0);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_is_described),
		cmocka_unit_test(error_says_what_device_and_why),
		cmocka_unit_test(error_is_cut_where_it_is_too_long),
		IN_DIRECTORY(file_is_replaced_and_read),
		IN_DIRECTORY(file_is_read_at_every_length),
		IN_DIRECTORY(too_much_and_nothing_are_refused),
		IN_DIRECTORY(failed_append_is_cut_back),
		IN_DIRECTORY(reserved_blocks_stay),
		IN_DIRECTORY(failed_replacement_keeps_the_old_file),
		IN_DIRECTORY(directories_are_made_with_their_parents),
	};

	return cmocka_run_group_tests_name("base_file", tests, NULL, NULL);
}
