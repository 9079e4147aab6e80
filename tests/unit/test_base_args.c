/* The command line: every way to write an option, every way to get one wrong. */
#include "base/args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct option_spec specs[] = {
	{ "verbose", 'v', NULL, "" },
	{ "min-paths", 0, "n", "" },
	{ 0 },
};

static const struct option_spec common[] = {
	{ "output", 0, "json|text", "" },
	{ "help", 'h', NULL, "" },
	{ 0 },
};

static bool parse(struct args *args, const char *const *words)
{
	*args = (struct args){ .common = common };
	return args_parse(args, specs, false, &words);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void options_anywhere(void **state)
{
	static const struct {
		const char *words[6];
	} cases[] = {
		{ { "-v", "--min-paths", "4", "a", "b" } },
		{ { "a", "--min-paths=4", "b", "--verbose" } },
		{ { "--verbose", "a", "b", "--min-paths", "4" } },
	};
	struct args args;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(parse(&args, cases[i].words));
		assert_string_equal(args_option(&args, "verbose"), "");
		assert_string_equal(args_option(&args, "min-paths"), "4");
		assert_null(args_option(&args, "output"));
		assert_int_equal(args.operand_count, 2);
		assert_string_equal(args.operands[0], "a");
		assert_string_equal(args.operands[1], "b");
	}
}

static void values_may_look_like_options(void **state)
{
	struct args args;

	(void)state;
	assert_true(parse(&args, WORDS("--min-paths", "-1", "-")));
	assert_string_equal(args_option(&args, "min-paths"), "-1");
	assert_string_equal(args.operands[0], "-");
}

static void wrong_options(void **state)
{
	static const struct {
		const char *words[6];
		const char *error;
	} cases[] = {
		{ { "--nope" }, "unknown option '--nope'" },
		{ { "--verb" }, "unknown option '--verb'" },
		{ { "--" }, "unknown option '--'" },
		{ { "-x" }, "unknown option '-x'" },
		{ { "-vx" }, "unknown option '-vx'" },
		{ { "-v", "a", "--verbose" }, "option '--verbose' is given twice" },
		{ { "--min-paths", "1", "--min-paths=1" }, "option '--min-paths' is given twice" },
		{ { "--verbose=" }, "option '--verbose' takes no value" },
		{ { "--min-paths" }, "option '--min-paths' needs a value" },
		{ { "--min-paths=" }, "option '--min-paths' needs a value" },
		{ { "--min-paths", "" }, "option '--min-paths' needs a value" },
	};
	struct args args;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(parse(&args, cases[i].words));
		assert_string_equal(args.error, cases[i].error);
	}
}

static void stops_before_the_first_operand(void **state)
{
	const char *const *words = WORDS("--output", "json", "status", "--verbose");
	struct args args = { .common = common };

	(void)state;
	assert_true(args_parse(&args, NULL, true, &words));
	assert_string_equal(*words, "status");
	assert_int_equal(args.operand_count, 0);
	assert_string_equal(args_option(&args, "output"), "json");
}

static void operands_are_limited(void **state)
{
	const char *words[OPERANDS_MAX + 2] = { 0 };
	struct args args;

	(void)state;
	for (size_t i = 0; i < OPERANDS_MAX; i++)
		words[i] = "a";
	assert_true(parse(&args, words));
	words[OPERANDS_MAX] = "z";
	assert_false(parse(&args, words));
	assert_string_equal(args.error, "too many arguments from 'z' on");
}

static void long_words_are_cut_in_errors(void **state)
{
	char word[400] = "--";
	struct args args;

	(void)state;
	memset(word + 2, 'x', sizeof(word) - 3);
	assert_false(parse(&args, WORDS(word)));
	assert_int_equal(strlen(args.error), ARGS_ERROR_SIZE - 1);
}

/* Only the one that may; each value is there, in order, and no more of them than there is room for. */
static void options_that_repeat(void **state)
{
	const char *many[2 * OPTIONS_MAX + 3] = { 0 };
	const char *const *words = WORDS("--min-paths", "1", "-v", "--min-paths=2", "--min-paths", "1");
	struct args args = { .repeated = "min-paths" };
	size_t at = 0;

	(void)state;
	assert_true(args_parse(&args, specs, false, &words));
	assert_string_equal(args_next(&args, "min-paths", &at), "1");
	assert_string_equal(args_next(&args, "min-paths", &at), "2");
	assert_string_equal(args_next(&args, "min-paths", &at), "1");
	assert_null(args_next(&args, "min-paths", &at));
	words = WORDS("-v");
	assert_false(args_parse(&args, specs, false, &words));
	assert_string_equal(args.error, "option '--verbose' is given twice");

	args = (struct args){ .repeated = "min-paths" };
	for (size_t i = 0; i < OPTIONS_MAX; i++)
		many[2 * i] = "--min-paths", many[2 * i + 1] = "1";
	words = many;
	assert_true(args_parse(&args, specs, false, &words));
	words = WORDS("--min-paths=z");
	assert_false(args_parse(&args, specs, false, &words));
	assert_string_equal(args.error, "too many options from '--min-paths=z' on");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_anywhere),	cmocka_unit_test(values_may_look_like_options),
		cmocka_unit_test(wrong_options),	cmocka_unit_test(stops_before_the_first_operand),
		cmocka_unit_test(operands_are_limited), cmocka_unit_test(long_words_are_cut_in_errors),
		cmocka_unit_test(options_that_repeat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
