/*
 * An import's record in the journal: all that it holds is read back, and what is no record of an import is refused.
 */
#include "dm-import/store/import_record.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define S "360014051111111100004111811111111"
#define D "360014052222222200004111811122222"

/* Each field has another value than one of zeros has. */
static const char good[] =
	"{ \"format\": 1, \"id\": \"one\", \"state\": \"held\", \"doing\": \"to_source\", \"created_ms\": 2, "
	"\"updated_ms\": 3, \"min_paths\": 4, \"forced\": 1, \"by_hold\": 1, \"session_state\": \"Synchronized\", "
	"\"session_percent\": 5, \"hold_outcome\": \"released\", \"hold_to_destination\": 1, \"hold_lease_ms\": 6, "
	"\"hold_since_ms\": 7, \"hold_held_ms\": 8, \"attention\": \"pr_fenced\", \"attention_device\": \"sda\", "
	"\"attention_detail\": \"why\", \"members\": [ { \"source_wwid\": \"" S "\", \"destination_wwid\": \"" D
	"\", \"name\": \"mpatha\", \"size_bytes\": 9, \"exchanged\": 1, \"pause_us\": 10, \"live_fails\": 1, "
	"\"idle_fails\": 1, \"registered\": 1, \"fenced\": 1, \"reservation_lifted\": 3 } ] }";

/* Whether it is a record; *ret_again, if wanted, is the record of what was read. */
static bool reads(struct json_object *record, struct json_object **ret_again)
{
	struct import *import = calloc(1, sizeof(*import));
	bool is_record = import_read_record(record, import);

	if (is_record && ret_again)
		*ret_again = import_record(import);
	import_free(import);
	return is_record;
}

static void all_fields_are_read_back(void **state)
{
	struct json_object *record = json_tokener_parse(good), *again = NULL;

	(void)state;
	assert_true(reads(record, &again));
	assert_string_equal(json_object_to_json_string(again), json_object_to_json_string(record));
	json_object_put(record);
	json_object_put(again);
}

/* The good record with one value changed; NULL: without it. */
static void refused_with(const char *key, const char *value)
{
	struct json_object *record = json_tokener_parse(good);

	if (value)
		json_object_object_add(record, key, json_tokener_parse(value));
	else
		json_object_object_del(record, key);
	if (reads(record, NULL))
		fail_msg("%s: %s was taken", key, value ? value : "nothing");
	json_object_put(record);
}

static void what_is_none_is_refused(void **state)
{
	(void)state;
	refused_with("format", "2");
	refused_with("format", NULL);
	refused_with("state", "\"nowhere\"");
	refused_with("state", NULL);
	refused_with("doing", "\"nothing at all\"");
	refused_with("doing", "\"nothing\"");
	refused_with("members", NULL);
	refused_with("members", "{}");
	refused_with("members", "[]");
	refused_with("members", "[ {} ]");
	refused_with("members", "[ { \"source_wwid\": \"" S "\", \"destination_wwid\": \"" S "0\" } ]");
}

static void as_many_members_as_an_import_may_have(void **state)
{
	struct json_object *record = json_tokener_parse(good), *members = json_object_object_get(record, "members");
	struct json_object *member = json_object_array_get_idx(members, 0);

	(void)state;
	while (json_object_array_length(members) < MEMBERS_MAX)
		json_object_array_add(members, json_object_get(member));
	assert_true(reads(record, NULL));
	json_object_array_add(members, json_object_get(member));
	assert_false(reads(record, NULL));
	json_object_put(record);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_fields_are_read_back),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(as_many_members_as_an_import_may_have),
	};

	return cmocka_run_group_tests_name("import_record", tests, NULL, NULL);
}
