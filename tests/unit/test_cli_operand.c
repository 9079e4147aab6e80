/* WWIDs and names of imports as people type them. */
#include "cli/run/operand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

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
		bool is_one = operand_is_wwid(cases[i].text, wwid, sizeof(wwid));

		if (is_one != (cases[i].wwid != NULL))
			fail_msg("'%s' is %sa WWID", cases[i].text, is_one ? "" : "not ");
		if (is_one)
			assert_string_equal(wwid, cases[i].wwid);
	}
	assert_true(operand_is_wwid(NAA, wwid, 34));
	assert_false(operand_is_wwid(NAA, wwid, 33));
}

static void import_names(void **state)
{
	static const char *const good[] = { "db1", "A", "a.b-c_9", ".a", "...", "-" };
	static const char *const bad[] = { "", ".", "..", "a/b", "a b", "ä", "a%2f", "a\n" };
	char name[66];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(operand_is_import_id(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(operand_is_import_id(bad[i]));
	snprintf(name, sizeof(name), "%064d", 0);
	assert_true(operand_is_import_id(name));
	snprintf(name, sizeof(name), "%065d", 0);
	assert_false(operand_is_import_id(name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wwids),
		cmocka_unit_test(import_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
