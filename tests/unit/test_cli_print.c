/*
 * What importcli prints: sizes at the edges of their units, times, bars, clipping, tables.
 */
#include "cli/screen/print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define expect_text(text, call) \
	do { \
		CLEANUP_BUF struct buf buf = { 0 }; \
		call; \
		assert_string_equal(buf_text(&buf), text); \
	} while (0)

static void sizes(void **state)
{
	(void)state;
	expect_text("0 B", print_size(&buf, 0));
	expect_text("1023 B", print_size(&buf, 1023));
	expect_text("1.00 KB", print_size(&buf, 1024));
	expect_text("1.00 GB", print_size(&buf, 1ULL << 30));
	expect_text("1.50 TB", print_size(&buf, 3ULL << 39));
	expect_text("1024.00 GB", print_size(&buf, (1ULL << 40) - 1));
	expect_text("16384.00 PB", print_size(&buf, UINT64_MAX));
}

static void times(void **state)
{
	(void)state;
	expect_text("0.0 ms", print_pause(&buf, 0));
	expect_text("14.2 ms", print_pause(&buf, 14211));
	expect_text("5000.0 ms", print_pause(&buf, 5000000));
	expect_text("999.9 ms", print_duration(&buf, 999900));
	expect_text("1.00 s", print_duration(&buf, 1000000));
	expect_text("59.99 s", print_duration(&buf, 59990000));
	expect_text("1 min 00 s", print_duration(&buf, 60000000));
	expect_text("61 min 05 s", print_duration(&buf, 3665000000));
}

static void bars(void **state)
{
	(void)state;
	expect_text("....", print_bar(&buf, 0, 4, false));
	expect_text("....", print_bar(&buf, 24, 4, false));
	expect_text("#...", print_bar(&buf, 25, 4, false));
	expect_text("###.", print_bar(&buf, 99, 4, false));
	expect_text("####", print_bar(&buf, 100, 4, false));
	expect_text("####", print_bar(&buf, 4000000000u, 4, false));
	expect_text("█░", print_bar(&buf, 50, 2, true));
	expect_text("", print_bar(&buf, 50, 0, true));
}

static void clipping(void **state)
{
	static const char text[] = "aä█b"; /* 1 + 2 + 3 + 1 bytes, 4 columns */
	static const size_t bytes[] = { 0, 1, 3, 6, 7, 7 };

	(void)state;
	for (size_t columns = 0; columns < sizeof(bytes) / sizeof(bytes[0]); columns++)
		assert_int_equal(print_clip(text, columns), bytes[columns]);
	assert_int_equal(print_clip("\x80\x80", 1), 2); /* stray continuation bytes take no column */
}

static void tables(void **state)
{
	CLEANUP_TABLE struct table table = { .columns = 3, .right = 1u << 1, .indent = 2 };
	static const char *const cells[] = { "Name", "Size", "Note", "ä", "1.00 GB", "x y", "longer", "2 B", "" };
	CLEANUP_BUF struct buf buf = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		table_cell(&table, "%s", cells[i]);
	table_print(&table, &buf);
	assert_string_equal(buf_text(&buf), "  Name       Size  Note\n"
					    "  ä       1.00 GB  x y\n"
					    "  longer      2 B  \n");
}

static void lists_of_words(void **state)
{
	struct json_object *array = json_tokener_parse("[\"sda\",\"sdb\"]");

	(void)state;
	expect_text("sda sdb", print_words(&buf, array));
	expect_text("-", print_words(&buf, NULL));
	expect_text("1 error", print_count(&buf, 1, "error"));
	expect_text("0 errors", print_count(&buf, 0, "error"));
	json_object_put(array);
}

/* An array's vendor string must not steer the administrator's terminal. */
static void control_characters(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	(void)state;
	assert_non_null(file);
	print_text(file, "a\033[2Jb\x7f\tä\n\r");
	fclose(file);
	assert_string_equal(text, "a?[2Jb??ä\n?");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(times),
		cmocka_unit_test(bars),
		cmocka_unit_test(clipping),
		cmocka_unit_test(tables),
		cmocka_unit_test(lists_of_words),
		cmocka_unit_test(control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
