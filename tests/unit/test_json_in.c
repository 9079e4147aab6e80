/*
 * Bodies: what is JSON in the sense of RFC 8259 and what only json-c takes for it. tests/fuzz/fuzz_json.c asks the same
 * of many more.
 */
#include "agent/routes/json_in.h"
#include "agent/shared/utf8.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_good(void **state)
{
	static const char *const texts[] = {
		"",
		"{}",
		" {\t\"a\" : [ 1 , -0 , 2.5e+3 , 10E-1 ] ,\r\n \"b\":{}} ",
		"{\"a\":true,\"b\":false,\"c\":null}",
		"{\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\":\"[[[[[[[[[[\"}",
		"{\"\xc3\xa4\":\"\xf0\x9f\x98\x80\"}",
		"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CLEANUP_JSON struct json_object *body = NULL;

		if (json_in_parse(texts[i], strlen(texts[i]), &body, NULL) < 0)
			fail_msg("refused: %s", texts[i]);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text;
		enum error_code code;
	} cases[] = {
		{ "{\"a\":1.}", ERR_JSON_BROKEN },
		{ "{\"a\":.5}", ERR_JSON_BROKEN },
		{ "{\"a\":01}", ERR_JSON_BROKEN },
		{ "{\"a\":000}", ERR_JSON_BROKEN },
		{ "{\"a\":+1}", ERR_JSON_BROKEN },
		{ "{\"a\":1e}", ERR_JSON_BROKEN },
		{ "{\"a\":-}", ERR_JSON_BROKEN },
		{ "{\"a\":NaN}", ERR_JSON_BROKEN },
		{ "{\"a\":-Infinity}", ERR_JSON_BROKEN },
		{ "{\"a\":TRUE}", ERR_JSON_BROKEN },
		{ "{'a':1}", ERR_JSON_BROKEN },
		{ "{a:1}", ERR_JSON_BROKEN },
		{ "{\"a\":1,}", ERR_JSON_BROKEN },
		{ "{}//", ERR_JSON_BROKEN },
		{ "{}{}", ERR_JSON_BROKEN },
		{ "{\"a\":\"\n\"}", ERR_JSON_BROKEN },
		{ "{\"a\n\":1}", ERR_JSON_BROKEN },
		{ "{\"a\":\"\\x41\"}", ERR_JSON_BROKEN },
		{ "{\"a\":\"\xff\"}", ERR_JSON_BROKEN },
		{ "{\"a\":\"\xc0\xaf\"}", ERR_JSON_BROKEN },
		{ "{\"a\":\"\xed\xa0\x80\"}", ERR_JSON_BROKEN },
		{ "{\"a\":\"\xf4\x90\x80\x80\"}", ERR_JSON_BROKEN },
		{ "{\"a\":\"", ERR_JSON_BROKEN },
		{ "{\"a\":\"\\", ERR_JSON_BROKEN },
		{ "{\"a\":\"\xc3", ERR_JSON_BROKEN },
		{ "[[[[[[[[[]]]]]]]]]", ERR_JSON_TOO_DEEP },
		{ "[]", ERR_JSON_WRONG_TYPE },
		{ "7", ERR_JSON_WRONG_TYPE },
		{ "null", ERR_JSON_WRONG_TYPE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *body = NULL;
		struct error err = { 0 };
		size_t length = strlen(cases[i].text);
		/* without a NUL behind it, so that a sanitizer sees a read too far */
		CLEANUP_FREE char *text = malloc(length);

		memcpy(text, cases[i].text, length);
		if (json_in_parse(text, length, &body, &err) == 0 || err.code != cases[i].code)
			fail_msg("%s: %s", cases[i].text, error_name(err.code));
		assert_null(body);
	}
	assert_int_equal(json_in_parse("{}\0", 3, &(struct json_object *){ NULL }, NULL), -1);
}

static void test_utf8(void **state)
{
	(void)state;
	assert_true(utf8_is_valid("", 0));
	assert_true(utf8_is_valid("a\0b", 3));
	assert_true(utf8_is_valid("\xef\xbf\xbd", 3));
	assert_false(utf8_is_valid("\xef\xbf\xbd", 2)); /* what is behind the end does not count */
	assert_false(utf8_is_valid("\x80", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
