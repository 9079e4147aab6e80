/*
 * Prometheus' text as importcli reads it: what is of the format, and what is not, at every length.
 */
#include "cli/show/metrics_text.h"

#include "cli/screen/field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char whole[] = "# HELP a_total Words: \"quoted\" and more.\n# TYPE a_total counter\n"
			    "a_total{kind=\"x\",state=\"\"} 3\na_total{kind=\"q\\\"\\\\\\n\"} -1.5\n\n"
			    "# anything\n# TYPE b gauge\nb 1769854272.123\nlonely 1e3\n";

static void all_of_it(void **state)
{
	struct json_object *seen = metrics_parse(whole);

	(void)state;
	assert_non_null(seen);
	assert_string_equal(
		json_object_to_json_string_ext(seen, JSON_C_TO_STRING_PLAIN),
		"{\"metrics\":[{\"name\":\"a_total\",\"type\":\"counter\",\"help\":\"Words: \\\"quoted\\\" and "
		"more.\",\"samples\":[{\"labels\":{\"kind\":\"x\",\"state\":\"\"},\"value\":3},"
		"{\"labels\":{\"kind\":\"q\\\"\\\\\\n\"},\"value\":-1.5}]},"
		"{\"name\":\"b\",\"type\":\"gauge\",\"help\":\"\",\"samples\":[{\"labels\":{},\"value\":"
		"1769854272.123}]},"
		"{\"name\":\"lonely\",\"type\":\"untyped\",\"help\":\"\",\"samples\":[{\"labels\":{},"
		"\"value\":1e3}]}]}");
	json_object_put(seen);
}

static void what_is_none(void **state)
{
	static const char *const wrong[] = {
		"x",
		"x ",
		"x NaN\n",
		"x +Inf\n",
		"x 0x10\n",
		"x 12abc\n",
		" x 1\n",
		"{a=\"b\"} 1\n",
		"x{a} 1\n",
		"x{a=b} 1\n",
		"x{a=\"b} 1\n",
		"x{a=\"b\"1\n",
		"x{a=\"b\";} 1\n",
		"x{=\"b\"} 1\n",
		"x{a=\"b\n\"} 1\n",
		"x{a=\"b\\",
		"x{a=\"b\"}1\n",
		"<html>no</html>",
		"\xff\xfe 1\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct json_object *seen = metrics_parse(wrong[i]);

		if (seen)
			fail_msg("'%s' was taken for %s", wrong[i], json_object_to_json_string(seen));
	}
}

/* Nothing breaks, wherever the text ends. */
static void each_prefix(void **state)
{
	(void)state;
	for (size_t length = 0; length <= strlen(whole); length++) {
		char *part = strndup(whole, length); /* of its own, so that a sanitizer sees what is read behind it */

		json_object_put(metrics_parse(part));
		free(part);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it),
		cmocka_unit_test(what_is_none),
		cmocka_unit_test(each_prefix),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
