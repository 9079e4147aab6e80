/*
 * importcli's command line: every way to write an option, every way to get one wrong, and WWIDs and names as people
 * type them.
 */
#include "cli/args.h"

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

static bool parse(struct args *args, const char *const *words)
{
	*args = (struct args){ 0 };
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
	struct args args = { 0 };

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

#define NAA "68ccf09800e8fa24ea37a1bc49d9f6b8"
#define NAA8 "50060160bea01234"

static void wwids(void **state)
{
	static const struct {
		const char *text, *wwid; /* NULL: not one */
	} cases[] = {
		{ "3" NAA, "3" NAA },
		{ NAA, "3" NAA },
		{ "naa." NAA, "3" NAA },
		{ "NAA." NAA, "3" NAA },
		{ "68CCF09800E8FA24EA37A1BC49D9F6B8", "3" NAA },
		{ "3" NAA8, "3" NAA8 },
		{ NAA8, "3" NAA8 },
		{ "3333333333333333", "33333333333333333" },
		{ "", NULL },
		{ "3", NULL },
		{ "naa.", NULL },
		{ "2" NAA, NULL },
		{ "3" NAA "0", NULL },
		{ "33" NAA, NULL },
		{ "3" NAA8 "00", NULL },
		{ "68ccf09800e8fa24ea37a1bc49d9f6b", NULL },
		{ "g8ccf09800e8fa24ea37a1bc49d9f6b8", NULL },
		{ "mpatha", NULL },
		{ "3 8ccf09800e8fa24ea37a1bc49d9f6b8", NULL },
	};
	char wwid[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool is_one = args_wwid(cases[i].text, wwid, sizeof(wwid));

		if (is_one != (cases[i].wwid != NULL))
			fail_msg("'%s' is %sa WWID", cases[i].text, is_one ? "" : "not ");
		if (is_one)
			assert_string_equal(wwid, cases[i].wwid);
	}
	assert_true(args_wwid(NAA, wwid, 34));
	assert_false(args_wwid(NAA, wwid, 33));
}

static void import_names(void **state)
{
	static const char *const good[] = { "db1", "A", "a.b-c_9", ".a", "...", "-" };
	static const char *const bad[] = { "", ".", "..", "a/b", "a b", "ä", "a%2f", "a\n" };
	char name[66];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(args_import_id(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(args_import_id(bad[i]));
	snprintf(name, sizeof(name), "%064d", 0);
	assert_true(args_import_id(name));
	snprintf(name, sizeof(name), "%065d", 0);
	assert_false(args_import_id(name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_anywhere),
		cmocka_unit_test(values_may_look_like_options),
		cmocka_unit_test(wrong_options),
		cmocka_unit_test(stops_before_the_first_operand),
		cmocka_unit_test(operands_are_limited),
		cmocka_unit_test(long_words_are_cut_in_errors),
		cmocka_unit_test(wwids),
		cmocka_unit_test(import_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
