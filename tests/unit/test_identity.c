/*
 * The identity store: who presents what in each role, text and back, and every way to cut or flip a store's text, which
 * must be refused rather than half believed. The rules' effect is tested in tests/engine, where the fake udev
 * interprets them.
 */
#include "dm-import/core/identity.h"
#include "dm-import/store/identity_rules.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define S "360014051111111100004111811111111"
#define D "360014052222222200004111811122222"
#define S2 "36001405111111110"
#define D2 "36001405222222220"

static struct identity_store store_with(enum identity_role role)
{
	struct identity_store store = { 0 };

	assert_int_equal(identity_set(&store, "one", S, D, role, NULL), 0);
	return store;
}

static void test_present(void **state)
{
	static const struct {
		enum identity_role role;
		const char *wwid, *shown;
		bool hidden, retired;
	} cases[] = {
		{ IDENTITY_HIDDEN, S, S, false, false },	   { IDENTITY_HIDDEN, D, D, true, false },
		{ IDENTITY_EXCHANGED, S, D, true, false },	   { IDENTITY_EXCHANGED, D, S, false, false },
		{ IDENTITY_RETIRED, S, "retired-" S, true, true }, { IDENTITY_RETIRED, D, S, false, false },
		{ IDENTITY_RETIRED, S2, S2, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct identity_store store = store_with(cases[i].role);
		struct publication shown;

		identity_published(&store, cases[i].wwid, &shown);
		assert_string_equal(shown.wwid, cases[i].shown);
		assert_int_equal(shown.hidden, cases[i].hidden);
		assert_int_equal(shown.retired, cases[i].retired);
		identity_free(&store);
	}
}

static void test_generation_counts_changes(void **state)
{
	struct identity_store store = store_with(IDENTITY_HIDDEN);

	(void)state;
	assert_int_equal(store.records[0].generation, 1);
	identity_set(&store, "one", S, D, IDENTITY_HIDDEN, NULL);
	assert_int_equal(store.records[0].generation, 1);
	identity_set(&store, "one", S, D, IDENTITY_EXCHANGED, NULL);
	assert_int_equal(store.records[0].generation, 2);
	assert_int_equal(store.count, 1);
	identity_drop(&store, D);
	assert_int_equal(store.count, 0);
	identity_free(&store);
}

static void test_text_and_back(void **state)
{
	struct identity_store store = store_with(IDENTITY_EXCHANGED), again = { 0 };
	CLEANUP_FREE char *text = NULL;
	struct error err = { 0 };

	(void)state;
	identity_set(&store, "two", S2, D2, IDENTITY_RETIRED, NULL);
	text = identity_format(&store);
	assert_int_equal(identity_parse(text, &again, &err), 0);
	assert_int_equal(again.count, 2);
	assert_string_equal(again.records[1].import_id, "two");
	assert_string_equal(again.records[1].source_wwid, S2);
	assert_int_equal(again.records[0].role, IDENTITY_EXCHANGED);
	assert_int_equal(again.records[0].generation, store.records[0].generation);
	identity_free(&again);
	identity_free(&store);
}

static void refuse(const char *text)
{
	struct identity_store store = { 0 };
	struct error err = { 0 };

	if (identity_parse(text, &store, &err) == 0)
		fail_msg("believed: %s", text);
	assert_int_equal(err.code, ERR_STORE_DAMAGED);
	assert_null(store.records);
}

static void test_every_cut_is_refused(void **state)
{
	struct identity_store store = store_with(IDENTITY_HIDDEN);
	CLEANUP_FREE char *text = identity_format(&store);
	size_t length = strlen(text);

	(void)state;
	/* without the last newline it is still whole: the checksum covers what is in front of the last line */
	for (size_t cut = 0; cut < length - 1; cut++) {
		CLEANUP_FREE char *part = strndup(text, cut);

		refuse(part);
	}
	identity_free(&store);
}

static void test_every_flipped_bit_is_refused(void **state)
{
	struct identity_store store = store_with(IDENTITY_HIDDEN);
	CLEANUP_FREE char *text = identity_format(&store);
	size_t body = (size_t)(strstr(text, "end ") - text);

	(void)state;
	for (size_t i = 0; i < body; i++)
		for (int bit = 0; bit < 8; bit++) {
			text[i] = (char)(text[i] ^ (1 << bit));
			if (text[i])
				refuse(text);
			text[i] = (char)(text[i] ^ (1 << bit));
		}
	identity_free(&store);
}

static void test_store_without_its_last_line_is_refused(void **state)
{
	(void)state;
	refuse("");
	refuse("end 0 0000000000000000\n");
	refuse("pair one " S " " D " hidden 1\n");
}

static void test_wwid_form(void **state)
{
	static const char *const good[] = { S, "350060160bea01234" };
	static const char *const bad[] = { "",
					   "3",
					   "2" S,
					   S "0",
					   "35006016",
					   "360014051111111100004111811111x11",
					   "36001405AAAAAAAA00004111811111111",
					   "eui.0025385b71b00c4f" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(identity_wwid_valid(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(identity_wwid_valid(bad[i]));
}

/* A crash may leave some of the four files new and some old: then the last one must decide for both LUNs. */
static void test_rules_name_both_luns_in_every_role(void **state)
{
	(void)state;
	for (int role = IDENTITY_HIDDEN; role <= IDENTITY_RETIRED; role++) {
		struct identity_store store = store_with((enum identity_role)role);
		CLEANUP_FREE char *rules = identity_rules(&store);

		assert_non_null(strstr(rules, "ATTRS{wwid}==\"naa.60014051111111100004111811111111\""));
		assert_non_null(strstr(rules, "ATTRS{wwid}==\"naa.60014052222222200004111811122222\""));
		identity_free(&store);
	}
}

/* Rules are a copy of the store, and as little believed when they are not whole. */
static void test_rules_carry_the_store(void **state)
{
	struct identity_store store = store_with(IDENTITY_EXCHANGED), held = store_with(IDENTITY_HIDDEN), again;
	CLEANUP_FREE char *text = identity_format(&store);
	char *rules[] = { identity_rules(&store), identity_rules_held(&store, &held, "/run/marker") };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		CLEANUP_FREE char *same = NULL;

		assert_int_equal(identity_rules_parse(rules[i], &again, NULL), 0);
		same = identity_format(&again);
		assert_string_equal(same, text);
		identity_free(&again);
		free(rules[i]);
	}
	identity_free(&held);
	identity_free(&store);
}

static void refuse_rules(const char *text)
{
	struct identity_store store = { 0 };
	struct error err = { 0 };

	if (identity_rules_parse(text, &store, &err) == 0)
		fail_msg("believed: %s", text);
	assert_int_equal(err.code, ERR_STORE_DAMAGED);
	assert_null(store.records);
}

static void test_rules_that_are_not_whole_are_refused(void **state)
{
	struct identity_store store = store_with(IDENTITY_EXCHANGED);
	CLEANUP_FREE char *rules = identity_rules(&store);
	size_t length = strlen(rules), body = (size_t)(strstr(rules, "# whole ") - rules);

	(void)state;
	refuse_rules("");
	for (size_t cut = 0; cut < length - 1; cut++) {
		CLEANUP_FREE char *part = strndup(rules, cut);

		refuse_rules(part);
	}
	for (size_t i = 0; i < body; i++)
		for (int bit = 0; bit < 8; bit++) {
			rules[i] = (char)(rules[i] ^ (1 << bit));
			if (rules[i])
				refuse_rules(rules);
			rules[i] = (char)(rules[i] ^ (1 << bit));
		}
	identity_free(&store);
}

static void test_luns_in_a_damaged_text(void **state)
{
	static const char text[] =
		"pair one " S " 36001405222222220000411\nATTRS{wwid}==\"naa.60014052222222200004111811122222\" " S
		" naa.nonsense 0x" S2;
	struct lun_set set = { 0 };

	(void)state;
	assert_int_equal(lun_set_add_from(&set, text, NULL), 0);
	assert_int_equal(set.count, 2);
	assert_true(lun_set_has(&set, S));
	assert_true(lun_set_has(&set, D));
	lun_set_free(&set);
}

/* What is in a record gets into udev's rules, also where a person wrote it. */
static void test_bad_records_by_hand(void **state)
{
	static const char *const bad[] = {
		"pair one " S " " S " hidden 1\n",
		"pair one " S " " D " visible 1\n",
		"pair one nonsense " D " hidden 1\n",
		"pair one " S " " D " hidden 1\npair two " S " " D2 " hidden 1\n",
		"pair one " S " " D " hidden 1 and more\n",
		"pair one " S " " D " hidden 1x\n",
		"pair .. " S " " D " hidden 1\n",
		"pair -x " S " " D " hidden 1\n",
		"pair a/b " S " " D " hidden 1\n",
		"pair a\"b " S " " D " hidden 1\n",
		"pair $env{x} " S " " D " hidden 1\n",
		"pair a\\ " S " " D " hidden 1\n",
		"pair a\x1b[2J " S " " D " hidden 1\n",
		"pair \xe4 " S " " D " hidden 1\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct identity_store store = { 0 };
		struct error err = { 0 };

		if (identity_parse_records(bad[i], &store, &err) == 0)
			fail_msg("believed: %s", bad[i]);
		assert_int_equal(err.code, ERR_STORE_DAMAGED);
		assert_null(store.records);
	}
}

/* Records that a person wrote need no last line. */
static void test_records_by_hand(void **state)
{
	struct identity_store store = { 0 };

	(void)state;
	assert_int_equal(identity_parse_records("# from the journal\npair one " S " " D " exchanged 1\n", &store, NULL),
			 0);
	assert_int_equal(store.count, 1);
	assert_int_equal(store.records[0].role, IDENTITY_EXCHANGED);
	identity_free(&store);
	assert_int_equal(identity_parse_records("pair one " S " exchanged 1\n", &store, NULL), -1);
	assert_int_equal(identity_parse_records("pair one " S " " D " exchanged 1", &store, NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_present),
		cmocka_unit_test(test_generation_counts_changes),
		cmocka_unit_test(test_text_and_back),
		cmocka_unit_test(test_every_cut_is_refused),
		cmocka_unit_test(test_every_flipped_bit_is_refused),
		cmocka_unit_test(test_store_without_its_last_line_is_refused),
		cmocka_unit_test(test_wwid_form),
		cmocka_unit_test(test_rules_name_both_luns_in_every_role),
		cmocka_unit_test(test_rules_carry_the_store),
		cmocka_unit_test(test_rules_that_are_not_whole_are_refused),
		cmocka_unit_test(test_luns_in_a_damaged_text),
		cmocka_unit_test(test_bad_records_by_hand),
		cmocka_unit_test(test_records_by_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
