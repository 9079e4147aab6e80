/*
 * The ways through an import on a fake host: every verb in its order, with 1, 3 and 16 members; each verb again; the
 * way back; reboots in between.
 */
#include "engine_test.h"

#include "dm-import/core/engine.h"

#include <inttypes.h>

static struct host_test test;

static void begin(unsigned members, unsigned paths)
{
	host_test_begin(&test, members, paths);
	assert_int_equal(host_test_open(&test), 0);
}

/* A verb changes what it should; the same verb once more is success and changes nothing. */
static void twice(int verb, const char *state, enum side side)
{
	char *before, *after;

	host_test_must(&test, verb);
	host_test_expect(&test, state, side);
	before = world_dump(test.world);
	host_test_must(&test, verb);
	after = world_dump(test.world);
	assert_string_equal(before, after);
	free(before);
	free(after);
	host_test_expect(&test, state, side);
}

static void finish_copies(void)
{
	for (unsigned i = 0; i < test.members; i++)
		world_finish_copy(test.world, world_destination(i));
}

static void import_and_commit(unsigned members, unsigned paths)
{
	begin(members, paths);
	twice(VERB_CREATE, "new", SIDE_SOURCE);
	twice(VERB_PREPARE, "prepared", SIDE_SOURCE);
	twice(VERB_SWITCH, "on_destination", SIDE_DESTINATION);
	finish_copies();
	twice(VERB_COMMIT, "committed", SIDE_DESTINATION);
	host_test_end(&test);
}

static void commit_of_1_member(void **state)
{
	(void)state;
	import_and_commit(1, 2);
}

static void commit_of_3_members(void **state)
{
	(void)state;
	import_and_commit(3, 4);
}

static void commit_of_16_members(void **state)
{
	(void)state;
	import_and_commit(16, 3);
}

static void cancel_of_16_members_on_destination(void **state)
{
	(void)state;
	begin(16, 2);
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	host_test_must(&test, VERB_SWITCH);
	twice(VERB_CANCEL, "cancelled", SIDE_SOURCE);
	host_test_end(&test);
}

static void there_back_there_and_commit(void **state)
{
	(void)state;
	begin(3, 2);
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	twice(VERB_SWITCH, "on_destination", SIDE_DESTINATION);
	twice(VERB_SWITCH_BACK, "prepared", SIDE_SOURCE);
	twice(VERB_SWITCH, "on_destination", SIDE_DESTINATION);
	finish_copies();
	twice(VERB_COMMIT, "committed", SIDE_DESTINATION);
	host_test_end(&test);
}

/* Cancel from each state that comes before commit, then delete, which leaves nothing of ours. */
static void cancel_and_delete_from_every_state(void **state)
{
	static const int way[] = { VERB_CREATE, VERB_PREPARE, VERB_SWITCH, VERB_SWITCH_BACK };

	(void)state;
	for (size_t length = 1; length <= ARRAY_SIZE(way); length++) {
		begin(2, 2);
		for (size_t i = 0; i < length; i++)
			host_test_must(&test, way[i]);
		twice(VERB_CANCEL, "cancelled", SIDE_SOURCE);
		host_test_must(&test, VERB_DELETE);
		host_test_expect(&test, "", SIDE_SOURCE);
		for (size_t i = 0; i < FILES_MAX; i++)
			if (test.world->files[i].text)
				assert_null(strstr(test.world->files[i].path, "rules.d"));
		host_test_end(&test);
	}
}

static void deleted_cancelled_import_can_be_made_again(void **state)
{
	(void)state;
	begin(1, 2);
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	host_test_must(&test, VERB_CANCEL);
	host_test_must(&test, VERB_DELETE);
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	host_test_must(&test, VERB_SWITCH);
	host_test_expect(&test, "on_destination", SIDE_DESTINATION);
	host_test_end(&test);
}

/* The engine is closed and the host power-cycled after each verb; side, names and state survive. */
static void reboot_after_every_verb(void **state)
{
	static const struct {
		int verb;
		const char *state;
		enum side side;
	} way[] = {
		{ VERB_CREATE, "new", SIDE_SOURCE },
		{ VERB_PREPARE, "prepared", SIDE_SOURCE },
		{ VERB_SWITCH, "on_destination", SIDE_DESTINATION },
		{ VERB_SWITCH_BACK, "prepared", SIDE_SOURCE },
		{ VERB_SWITCH, "on_destination", SIDE_DESTINATION },
		{ VERB_COMMIT, "committed", SIDE_DESTINATION },
	};

	(void)state;
	begin(2, 2);
	for (size_t i = 0; i < ARRAY_SIZE(way); i++) {
		if (way[i].verb == VERB_COMMIT)
			finish_copies();
		host_test_must(&test, way[i].verb);
		host_test_close(&test);
		world_reboot(test.world);
		assert_int_equal(host_test_open(&test), 0);
		host_test_expect(&test, way[i].state, way[i].side);
	}
	host_test_end(&test);
}

/* The array maps the source LUN again after the cutover: it must never become a path, before and after a reboot. */
static void source_that_comes_back_is_quarantined(void **state)
{
	static const char *const modes[] = { "strict", "greedy", "yes", "no" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		begin(1, 2);
		snprintf(test.world->settings.find_multipaths, sizeof(test.world->settings.find_multipaths), "%s",
			 modes[i]);
		host_test_must(&test, VERB_CREATE);
		host_test_must(&test, VERB_PREPARE);
		host_test_must(&test, VERB_SWITCH);
		finish_copies();
		host_test_must(&test, VERB_COMMIT);
		assert_null(world_disk(test.world, "sda"));
		world_scan(test.world); /* the array never unmapped it */
		assert_non_null(world_disk(test.world, "sda"));
		host_test_expect(&test, "committed", SIDE_DESTINATION);
		host_test_close(&test);
		world_reboot(test.world);
		assert_int_equal(host_test_open(&test), 0);
		host_test_expect(&test, "committed", SIDE_DESTINATION);
		host_test_end(&test);
	}
}

static void every_find_multipaths_mode_and_rule_style(void **state)
{
	static const char *const modes[] = { "strict", "greedy", "yes", "no" };

	(void)state;
	for (size_t i = 0; i < 12; i++) {
		host_test_begin(&test, 2, 2);
		snprintf(test.world->settings.find_multipaths, sizeof(test.world->settings.find_multipaths), "%s",
			 modes[i % 4]);
		test.world->settings.debian_rules = i < 4;
		test.world->settings.sg3_rules = i < 8;
		world_reboot(test.world);
		assert_int_equal(host_test_open(&test), 0);
		host_test_must(&test, VERB_CREATE);
		host_test_must(&test, VERB_PREPARE);
		host_test_must(&test, VERB_SWITCH);
		host_test_expect(&test, "on_destination", SIDE_DESTINATION);
		world_reboot(test.world);
		host_test_expect(&test, "on_destination", SIDE_DESTINATION);
		host_test_must(&test, VERB_CANCEL);
		host_test_expect(&test, "cancelled", SIDE_SOURCE);
		host_test_end(&test);
	}
}

static void user_friendly_name_stays(void **state)
{
	(void)state;
	host_test_begin(&test, 1, 2);
	test.world->settings.user_friendly_names = true;
	strcpy(test.world->apps[0].map, "mpatha");
	strcpy(test.world->users[0].device, "mpatha");
	world_reboot(test.world);
	assert_int_equal(host_test_open(&test), 0);
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	host_test_must(&test, VERB_SWITCH);
	host_test_expect(&test, "on_destination", SIDE_DESTINATION);
	world_reboot(test.world);
	host_test_expect(&test, "on_destination", SIDE_DESTINATION);
	host_test_end(&test);
}

/* Two imports side by side on one host: each verb of one leaves the other alone. */
static void second_import_beside_the_first(void **state)
{
	struct member_request member;
	struct import_request request = { .id = "other", .members = &member, .member_count = 1 };
	struct verb_request other = { .import_id = "other", .to = SIDE_DESTINATION };
	char id[IMPORT_ID_SIZE];
	bool created;

	(void)state;
	begin(2, 2);
	test.members = 1;
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	host_test_must(&test, VERB_SWITCH);
	snprintf(member.source_wwid, sizeof(member.source_wwid), "%s", world_source_wwid(1));
	snprintf(member.destination_wwid, sizeof(member.destination_wwid), "%s", world_destination_wwid(1));
	assert_int_equal(engine_import_create(test.engine, &request, NULL, id, &created, &test.err), 0);
	world_map_lun(test.world, world_destination(1));
	for (other.verb = VERB_PREPARE; other.verb <= VERB_SWITCH; other.verb++)
		assert_int_equal(host_test_ask(&test, other), 0);
	test.members = 2;
	host_test_expect(&test, "on_destination", SIDE_DESTINATION);
	test.members = 1;
	host_test_must(&test, VERB_CANCEL);
	host_test_expect(&test, "cancelled", SIDE_SOURCE);
	assert_int_equal(engine_find(test.engine, "other")->state, IMPORT_ON_DESTINATION);
	host_test_end(&test);
}

/* Nobody's I/O shows when the map serves again: the pause is the hold, and the switch goes on all the same. */
static void switch_under_idle_applications(void **state)
{
	struct json_object *pauses = NULL, *pause = NULL;

	(void)state;
	begin(1, 2);
	test.world->idle_applications = true;
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	host_test_must(&test, VERB_SWITCH);
	host_test_expect(&test, "on_destination", SIDE_DESTINATION);
	assert_true(json_object_object_get_ex(test.result, "pauses_us", &pauses));
	assert_true(json_object_object_get_ex(pauses, test.world->apps[0].map, &pause));
	assert_in_range(json_object_get_int64(pause), 1, 50000);
	host_test_end(&test);
}

static void switch_reports_the_pause_of_each_map(void **state)
{
	struct json_object *pauses = NULL, *pause = NULL;

	(void)state;
	begin(3, 2);
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	host_test_must(&test, VERB_SWITCH);
	assert_true(json_object_object_get_ex(test.result, "pauses_us", &pauses));
	assert_int_equal(json_object_object_length(pauses), 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(json_object_object_get_ex(pauses, test.world->apps[i].map, &pause));
		assert_in_range(json_object_get_int64(pause), 1, test.world->longest_suspend_us + 1000);
	}
	host_test_end(&test);
}

static unsigned host_looks(const struct fake_world *world)
{
	unsigned count = 0;

	for (const char *call = world->log; (call = strstr(call, "device.disks")); call++)
		count++;
	return count;
}

/* However many members: one look before anything is changed, one with the identities published, one at the end. */
static void switch_takes_3_looks_at_the_host(void **state)
{
	(void)state;
	begin(3, 2);
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	world_begin(test.world, NULL);
	host_test_must(&test, VERB_SWITCH);
	assert_int_equal(host_looks(test.world), 3);
	world_begin(test.world, NULL);
	host_test_must(&test, VERB_SWITCH_BACK);
	assert_int_equal(host_looks(test.world), 3);
	host_test_end(&test);
}

/* The administrator had the destination mapped and scanned before anybody said that it is one. */
static void map_older_than_the_import_is_hidden(void **state)
{
	(void)state;
	begin(1, 2);
	test.world->luns[test.world->apps[0].source].partition_table = false; /* kpartx would open the map */
	world_map_lun(test.world, world_destination(0));
	world_scan(test.world);
	assert_int_equal(test.ports.multipathd.claim(test.world, "sdc", NULL), 0);
	test.ports.device.settle(test.world, 1000, NULL);
	assert_false(world_map(test.world, world_destination_wwid(0))->no_node);
	test.world->violations[0] = '\0';
	host_test_must(&test, VERB_CREATE);
	assert_non_null(strstr(test.world->violations, "to systemd")); /* the map, not yet; its disks are hidden now */
	test.world->violations[0] = '\0';
	host_test_must(&test, VERB_PREPARE);
	test.world->violations[0] = '\0';
	assert_true(world_map(test.world, world_destination_wwid(0))->no_node);
	host_test_expect(&test, "prepared", SIDE_SOURCE);
	host_test_must(&test, VERB_SWITCH);
	host_test_expect(&test, "on_destination", SIDE_DESTINATION);
	host_test_end(&test);
}

static int stop_nothing(void *ctx, struct error *err)
{
	(void)ctx;
	(void)err;
	return 0;
}

static int clear_nothing(struct dm_suspend *hold)
{
	(void)hold;
	return 0;
}

/* The checks above can fail: an engine that leaves a step out is noticed. */
static void engine_that_does_not_stop_multipathd_is_caught(void **state)
{
	(void)state;
	begin(1, 2);
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	test.ports.multipathd.stop = stop_nothing;
	host_test_run(&test, VERB_SWITCH);
	assert_non_null(strstr(test.world->violations, "multipathd fails path"));
	host_test_end(&test);
}

static void engine_that_does_not_clear_tables_is_caught(void **state)
{
	const struct failure hung = { .kind = FAIL_BEFORE, .call = 1, .call_name = "dm.suspend", .sys_errno = EINTR };

	(void)state;
	begin(1, 2);
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	test.ports.dm.clear_loaded = clear_nothing;
	world_begin(test.world, &hung);
	host_test_run(&test, VERB_SWITCH);
	assert_non_null(host_test_disagreement(&test));
	host_test_end(&test);
}

static void refused_unchanged(int verb, const char *state, enum side side, enum error_code code, const char *step)
{
	char *before = world_dump(test.world), *after;

	assert_int_equal(host_test_run(&test, verb), -1);
	assert_int_equal(test.err.code, code);
	assert_string_equal(test.err.step, step);
	after = world_dump(test.world);
	assert_string_equal(before, after);
	free(before);
	free(after);
	host_test_expect(&test, state, side);
}

/* The array maps another LUN, or one of another size, where the kernel still tells of the one that it found there. */
static void lun_that_became_another_gets_no_io(void **state)
{
	static const struct probed others[] = {
		{ .wwid = "3600140599999999999999999999999" },
		{ .size_bytes = 1 << 20 },
		{ .size_bytes = 1ull << 50 },
	};
	struct fake_lun *source, *destination;

	(void)state;
	begin(1, 2);
	source = &test.world->luns[world_source(0)];
	destination = &test.world->luns[world_destination(0)];
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		destination->became = others[i];
		refused_unchanged(VERB_SWITCH, "prepared", SIDE_SOURCE, ERR_LUN_CHANGED, "probe");
	}
	destination->became = (struct probed){ 0 };
	host_test_must(&test, VERB_SWITCH);
	for (size_t i = 0; i < 2; i++) {
		source->became = others[i];
		refused_unchanged(VERB_SWITCH_BACK, "on_destination", SIDE_DESTINATION, ERR_LUN_CHANGED, "probe");
	}
	source->became = others[2]; /* a source that grew does not close the way back */
	host_test_must(&test, VERB_SWITCH_BACK);
	host_test_end(&test);
}

/* Before multipathd is stopped: behind that, nothing could be taken back without udevd. */
static void switch_without_udevd_is_refused(void **state)
{
	static const enum side sides[] = { SIDE_SOURCE, SIDE_DESTINATION };
	static const char *const states[] = { "prepared", "on_destination" };
	static const int verbs[] = { VERB_SWITCH, VERB_SWITCH_BACK };

	(void)state;
	begin(1, 2);
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		test.world->udevd_silent = true;
		refused_unchanged(verbs[i], states[i], sides[i], ERR_UDEV_FAILED, "check");
		assert_true(test.world->multipathd_running);
		test.world->udevd_silent = false;
		host_test_must(&test, verbs[i]);
	}
	host_test_end(&test);
}

/* A person's `multipath -F` takes every map that nobody has open. */
static void idle_map_that_somebody_flushed_is_made_again(void **state)
{
	static const int verbs[] = { VERB_SWITCH, VERB_SWITCH_BACK };

	(void)state;
	begin(1, 2);
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		struct fake_map *idle = world_map(test.world, world_destination_wwid(0));

		assert_int_equal(test.ports.dm.remove(test.world, idle->name, NULL), 0);
		assert_null(world_map(test.world, world_destination_wwid(0)));
		host_test_must(&test, verbs[i]);
		assert_true(world_map(test.world, world_destination_wwid(0))->no_node);
	}
	host_test_expect(&test, "prepared", SIDE_SOURCE);
	host_test_end(&test);
}

/* Its LUN was larger for a while, and multipathd has made the map so; the kernel would refuse that table. */
static void idle_map_of_another_length(void **state)
{
	struct fake_map *live, *idle;
	char table[TABLE_SIZE];
	uint64_t length;
	int behind;

	(void)state;
	begin(1, 2);
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	idle = world_map(test.world, world_destination_wwid(0));
	live = world_map(test.world, world_source_wwid(0));
	assert_int_equal(sscanf(idle->active, "0 %" SCNu64 " %n", &length, &behind), 1);
	snprintf(table, sizeof(table), "0 %" PRIu64 " %s", length + 16384, idle->active + behind);
	snprintf(idle->active, sizeof(idle->active), "%s", table);
	host_test_must(&test, VERB_SWITCH);
	snprintf(table, sizeof(table), "0 %" PRIu64 " multipath ", length);
	assert_memory_equal(live->active, table, strlen(table));
	host_test_expect(&test, "on_destination", SIDE_DESTINATION);
	host_test_end(&test);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(commit_of_1_member),
		cmocka_unit_test(commit_of_3_members),
		cmocka_unit_test(commit_of_16_members),
		cmocka_unit_test(cancel_of_16_members_on_destination),
		cmocka_unit_test(there_back_there_and_commit),
		cmocka_unit_test(cancel_and_delete_from_every_state),
		cmocka_unit_test(deleted_cancelled_import_can_be_made_again),
		cmocka_unit_test(reboot_after_every_verb),
		cmocka_unit_test(source_that_comes_back_is_quarantined),
		cmocka_unit_test(every_find_multipaths_mode_and_rule_style),
		cmocka_unit_test(user_friendly_name_stays),
		cmocka_unit_test(second_import_beside_the_first),
		cmocka_unit_test(switch_under_idle_applications),
		cmocka_unit_test(switch_reports_the_pause_of_each_map),
		cmocka_unit_test(switch_takes_3_looks_at_the_host),
		cmocka_unit_test(map_older_than_the_import_is_hidden),
		cmocka_unit_test(switch_without_udevd_is_refused),
		cmocka_unit_test(idle_map_that_somebody_flushed_is_made_again),
		cmocka_unit_test(idle_map_of_another_length),
		cmocka_unit_test(lun_that_became_another_gets_no_io),
		cmocka_unit_test(engine_that_does_not_stop_multipathd_is_caught),
		cmocka_unit_test(engine_that_does_not_clear_tables_is_caught),
	};

	return cmocka_run_group_tests_name("verbs", tests, NULL, NULL);
}
