/*
 * Creating an import with a bad request, or on LUNs that cannot be taken: each refusal has its code, and the host is
 * the same afterwards.
 */
#include "engine_test.h"

static struct host_test test;
static struct member_request members[MEMBERS_MAX];
static struct import_request request;

static int setup(void **state)
{
	(void)state;
	host_test_begin(&test, 2, 2);
	assert_int_equal(host_test_open(&test), 0);
	memset(members, 0, sizeof(members));
	request = (struct import_request){ .id = "test", .members = members, .member_count = 1 };
	for (unsigned i = 0; i < 2; i++) {
		snprintf(members[i].source_wwid, WWID_SIZE, "%s", world_source_wwid(i));
		snprintf(members[i].destination_wwid, WWID_SIZE, "%s", world_destination_wwid(i));
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_test_end(&test);
	return 0;
}

static int create(bool *ret_created)
{
	char id[IMPORT_ID_SIZE];

	test.err = (struct error){ 0 };
	return engine_import_create(test.engine, &request, NULL, id, ret_created, &test.err);
}

static void must_refuse(enum error_code code)
{
	char *before = world_dump(test.world), *after;
	bool created;

	assert_int_equal(create(&created), -1);
	if (test.err.code != code)
		fail_msg("expected %s, got %s: %s", error_name(code), error_name(test.err.code), test.err.detail);
	after = world_dump(test.world);
	assert_string_equal(before, after);
	assert_string_equal(test.world->violations, "");
	free(before);
	free(after);
}

static void bad_wwids(void **state)
{
	static const char *const bad[] = {
		"",
		"3",
		"36006016000000000000000000000000",   /* one digit short */
		"3600601600000000000000000000000001", /* one too many */
		"26006016000000000000000000000000a",  /* another designator type */
		"3600601600000000000000000000000zz",
		"36006016000000000000000000000000A",   /* multipath writes lower case */
		"360060160000000000000000000000001\"", /* would end the rule's string */
		"../../../etc/passwd",
		"3600601600000000 00000000000000001",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(members[0].source_wwid, WWID_SIZE, "%s", bad[i]);
		must_refuse(ERR_WWID_FORM);
		snprintf(members[0].source_wwid, WWID_SIZE, "%s", world_source_wwid(0));
		snprintf(members[0].destination_wwid, WWID_SIZE, "%s", bad[i]);
		must_refuse(ERR_WWID_FORM);
		snprintf(members[0].destination_wwid, WWID_SIZE, "%s", world_destination_wwid(0));
	}
}

static void bad_ids(void **state)
{
	static const char *const bad[] = { ".", "..", "-f", "a/b", "a b", "a\n", "a\"b", "\xc3\xa4", ".hidden" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(request.id, sizeof(request.id), "%s", bad[i]);
		must_refuse(ERR_VALUE_INVALID);
	}
}

static void bad_counts(void **state)
{
	(void)state;
	request.member_count = 0;
	must_refuse(ERR_VALUE_INVALID);
	request.member_count = test.options.max_members + 1;
	must_refuse(ERR_VALUE_INVALID);
	request.member_count = 1;
	request.min_paths = 65;
	must_refuse(ERR_VALUE_INVALID);
}

static void same_lun_on_both_sides(void **state)
{
	(void)state;
	memcpy(members[0].destination_wwid, members[0].source_wwid, WWID_SIZE);
	must_refuse(ERR_SAME_LUN);
}

/* As source twice, as destination twice, as both. */
static void lun_listed_twice(void **state)
{
	(void)state;
	request.member_count = 2;
	memcpy(members[1].source_wwid, members[0].source_wwid, WWID_SIZE);
	must_refuse(ERR_MEMBER_TWICE);
	snprintf(members[1].source_wwid, WWID_SIZE, "%s", world_source_wwid(1));
	memcpy(members[1].destination_wwid, members[0].destination_wwid, WWID_SIZE);
	must_refuse(ERR_MEMBER_TWICE);
	memcpy(members[1].destination_wwid, members[0].source_wwid, WWID_SIZE);
	must_refuse(ERR_MEMBER_TWICE);
	snprintf(members[1].destination_wwid, WWID_SIZE, "%s", world_destination_wwid(1));
	memcpy(members[1].source_wwid, members[0].destination_wwid, WWID_SIZE);
	must_refuse(ERR_MEMBER_TWICE);
}

static void unknown_source(void **state)
{
	(void)state;
	snprintf(members[0].source_wwid, WWID_SIZE, "%s", world_source_wwid(40));
	must_refuse(ERR_VOLUME_UNKNOWN);
}

static void source_without_a_map(void **state)
{
	int lun = world_lun(test.world, world_source_wwid(41), "DGC", "VRAID", 1 << 30);

	(void)state;
	world_paths(test.world, lun, 2);
	world_map_lun(test.world, lun);
	world_scan(test.world);
	snprintf(members[0].source_wwid, WWID_SIZE, "%s", world_source_wwid(41));
	must_refuse(ERR_SOURCE_NOT_MULTIPATH);
}

/* The destination is visible before the import, as an ordinary LUN with its own content, in use or not. */
static void show_destination(void)
{
	test.world->luns[world_destination(0)].forwards_to = -1;
	test.world->apps[0].destination = -1;
	world_map_lun(test.world, world_destination(0));
	world_scan(test.world);
}

static void destination_with_users(void **state)
{
	(void)state;
	show_destination();
	for (int i = 0; i < test.world->disk_count; i++)
		if (test.world->disks[i].lun == world_destination(0))
			world_add_user(test.world, test.world->disks[i].name, USER_MOUNT, "/srv/other");
	must_refuse(ERR_DESTINATION_IN_USE);
}

static void destination_with_an_open_map(void **state)
{
	struct fake_map *map;
	char *reply = NULL;

	(void)state;
	show_destination();
	for (int i = 0; i < test.world->disk_count; i++)
		if (test.world->disks[i].lun == world_destination(0))
			test.ports.multipathd.claim(test.world, test.world->disks[i].name, NULL);
	test.ports.multipathd.command(test.world, "reconfigure", &reply, NULL);
	free(reply);
	map = world_map(test.world, world_destination_wwid(0));
	assert_non_null(map);
	map->open_count = 1;
	must_refuse(ERR_DESTINATION_IN_USE);
}

static void second_import_on_the_same_luns(void **state)
{
	bool created;

	(void)state;
	assert_int_equal(create(&created), 0);
	snprintf(request.id, sizeof(request.id), "second");
	must_refuse(ERR_MEMBER_IN_IMPORT);
	snprintf(members[0].destination_wwid, WWID_SIZE, "%s", world_destination_wwid(1));
	must_refuse(ERR_MEMBER_IN_IMPORT);
	snprintf(members[0].source_wwid, WWID_SIZE, "%s", world_source_wwid(1));
	snprintf(members[0].destination_wwid, WWID_SIZE, "%s", world_destination_wwid(0));
	must_refuse(ERR_MEMBER_IN_IMPORT);
	snprintf(members[0].destination_wwid, WWID_SIZE, "%s", world_source_wwid(0));
	must_refuse(ERR_MEMBER_IN_IMPORT);
}

static void same_id_again(void **state)
{
	bool created = false;

	(void)state;
	assert_int_equal(create(&created), 0);
	assert_true(created);
	assert_int_equal(create(&created), 0);
	assert_false(created);
	request.member_count = 2;
	must_refuse(ERR_IMPORT_EXISTS);
}

/* After a cutover the LUNs carry each other's identities for good. */
static void luns_of_an_earlier_import(void **state)
{
	(void)state;
	test.members = 1;
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	host_test_must(&test, VERB_SWITCH);
	world_finish_copy(test.world, world_destination(0));
	host_test_must(&test, VERB_COMMIT);
	snprintf(request.id, sizeof(request.id), "again");
	snprintf(members[0].destination_wwid, WWID_SIZE, "%s", world_destination_wwid(1));
	must_refuse(ERR_IDENTITY_TAKEN);
	host_test_must(&test, VERB_DELETE);
	must_refuse(ERR_IDENTITY_TAKEN);
}

static void no_space_for_state(void **state)
{
	(void)state;
	test.world->free_bytes = 4096;
	must_refuse(ERR_NO_SPACE);
}

static void id_is_made_when_none_is_given(void **state)
{
	char first[IMPORT_ID_SIZE], second[IMPORT_ID_SIZE];
	bool created;

	(void)state;
	request.id[0] = '\0';
	assert_int_equal(engine_import_create(test.engine, &request, NULL, first, &created, &test.err), 0);
	assert_true(created);
	members[0] = members[1];
	assert_int_equal(engine_import_create(test.engine, &request, NULL, second, &created, &test.err), 0);
	assert_true(created);
	assert_string_not_equal(first, second);
}

static void damaged_files_are_named(void **state)
{
	static const char *const paths[] = { "/etc/dm-import/identity", "/var/lib/dm-import/journal" };
	bool created;

	(void)state;
	assert_int_equal(create(&created), 0);
	assert_int_equal(engine_import_session(test.engine, "test", "queued", 0, &test.err), 0);
	host_test_close(&test);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct fake_world *whole = world_save(test.world);
		struct fake_file *file = world_file(test.world, paths[i]);

		assert_non_null(file);
		file->text[strlen(file->text) / 2] ^= 1;
		assert_int_equal(host_test_open(&test), -1);
		assert_int_equal(test.err.code, ERR_STORE_DAMAGED);
		assert_string_equal(test.err.device, paths[i]);
		world_restore(test.world, whole);
		world_free(whole);
	}
	assert_int_equal(host_test_open(&test), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_WORLD(bad_wwids),
		WITH_WORLD(bad_ids),
		WITH_WORLD(bad_counts),
		WITH_WORLD(same_lun_on_both_sides),
		WITH_WORLD(lun_listed_twice),
		WITH_WORLD(unknown_source),
		WITH_WORLD(source_without_a_map),
		WITH_WORLD(destination_with_users),
		WITH_WORLD(destination_with_an_open_map),
		WITH_WORLD(second_import_on_the_same_luns),
		WITH_WORLD(same_id_again),
		WITH_WORLD(luns_of_an_earlier_import),
		WITH_WORLD(no_space_for_state),
		WITH_WORLD(id_is_made_when_none_is_given),
		WITH_WORLD(damaged_files_are_named),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
