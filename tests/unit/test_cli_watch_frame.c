/*
 * The screen of `import watch`: whatever the agent says and however small the terminal is, no line is wider and no
 * screen is higher than that. The looks are in tests/cli/golden.
 */
#include "cli/import/watch_frame.h"
#include "cli/screen/print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char import_text[] =
	"{\"id\":\"db1\",\"state\":\"needs_attention\",\"active_path\":\"Destination\","
	"\"session\":{\"state\":\"completed_with_errors\",\"percent\":100},"
	"\"attention\":{\"code\":\"x\",\"text\":\"A sentence that is rather long, longer than most terminals are wide, "
	"so that it must be clipped somewhere.\",\"remedy\":\"Do this.\"},"
	"\"members\":[{\"name\":\"mpatha\",\"dm_device\":\"dm-0\",\"size_bytes\":1073741824,\"pause_us\":1,"
	"\"active_path\":\"Destination\",\"destination_paths\":[\"sda\",\"sdb\"]},{},{},{},{},{},{},{},{}]}";

static size_t columns_of(const char *text)
{
	size_t columns = 0;

	while (print_clip(text, columns) < strlen(text))
		columns++;
	return columns;
}

static void check_sizes(struct json_object *import)
{
	struct frame_size size;

	for (size.rows = 1; size.rows < 30; size.rows++)
		for (size.columns = 1; size.columns < 130; size.columns += 3)
			for (unsigned utf8 = 0; utf8 < 2; utf8++) {
				struct frame frame;

				size.utf8 = utf8;
				frame_build(&frame, import, NULL, "a note", &size);
				assert_true(frame.count < size.rows || frame.count == 0);
				for (size_t i = 0; i < frame.count; i++)
					assert_true(columns_of(frame.lines[i].text) <= size.columns);
				frame_free(&frame);
			}
}

static void fits_every_terminal(void **state)
{
	struct json_object *import = json_tokener_parse(import_text);

	(void)state;
	assert_non_null(import);
	check_sizes(import);
	json_object_put(import);
}

static void takes_any_answer(void **state)
{
	static const char *const answers[] = {
		"{}",
		"[]",
		"1",
		"null",
		"{\"members\":{}}",
		"{\"members\":[null,1,\"x\",[]]}",
		"{\"session\":{\"percent\":-5}}",
		"{\"session\":[],\"attention\":\"x\",\"state\":{}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct json_object *import = json_tokener_parse(answers[i]);

		check_sizes(import);
		json_object_put(import);
	}
}

static void every_volume_is_shown_or_counted(void **state)
{
	struct json_object *import = json_tokener_parse(import_text);
	const struct frame_size high = { .columns = 80, .rows = 40 }, low = { .columns = 80, .rows = 14 };
	struct frame frame;

	(void)state;
	frame_build(&frame, import, NULL, NULL, &high);
	assert_int_equal(frame.count, 7 + 1 + 9); /* title, copy, job, problem and blanks; the heading; the volumes */
	frame_free(&frame);
	frame_build(&frame, import, NULL, NULL, &low);
	assert_int_equal(frame.count, 13);
	assert_string_equal(frame.lines[12].text, "and 5 more: importcli import show db1");
	frame_free(&frame);
	json_object_put(import);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fits_every_terminal),
		cmocka_unit_test(takes_any_answer),
		cmocka_unit_test(every_volume_is_shown_or_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
