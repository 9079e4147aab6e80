/*
 * recover_device where a crash left something, where only a person can decide, and where it is refused.
 */
#include "recovery.h"

#include "dm-import/core/engine.h"

/* --- what a crash leaves --- */

/* Only in programs built with the leak sanitizer: dying processes free nothing. */
extern void __lsan_disable(void) __attribute__((weak));

/* The agent and its guardian die between the releases: one member is there, one is here and held. */
static void half_exchanged(void **state)
{
	const struct failure failure = { .kind = DIE_AFTER, .call = 1, .call_name = "dm.resume" };
	jmp_buf landing;

	(void)state;
	recovery_lead_to(1);
	world_begin(recovery_test.world, &failure);
	recovery_test.world->death = &landing;
	if (setjmp(landing) == 0) {
		host_test_run(&recovery_test, VERB_SWITCH);
		fail();
	}
	host_test_forget(&recovery_test);
	recovery_test.world->holds = 0;
	recovery_open_torn();
	recovery_dry_run_must_tell("verb_unfinished map_suspended map_suspended map_suspended");
	recovery_must();
	recovery_forgive("is in two maps");
	host_test_expect(&recovery_test, "on_destination", SIDE_DESTINATION);
	recovery_nothing_is_left();
	host_test_end(&recovery_test);
}

/* multipathd does not start any more. */
static void get_stuck(void)
{
	const struct failure failure = {
		.kind = FAIL_BEFORE, .call = 1, .call_name = "multipathd.start", .lasting = true
	};

	recovery_lead_to(1);
	world_begin(recovery_test.world, &failure);
	assert_int_equal(host_test_run(&recovery_test, VERB_SWITCH), -1);
}

static void stuck_verb_is_ended(void **state)
{
	(void)state;
	get_stuck();
	assert_string_equal(host_test_state(&recovery_test), "recovering");
	assert_int_equal(recovery_run(world_source_wwid(0), false), -1); /* it still does not start */
	assert_int_equal(recovery_test.err.code, ERR_MULTIPATHD_FAILED);
	assert_string_equal(host_test_state(&recovery_test), "recovering");
	recovery_dry_run_must_tell("verb_unfinished");
	recovery_must();
	host_test_expect(&recovery_test, "on_destination", SIDE_DESTINATION);
	recovery_nothing_is_left();
	host_test_end(&recovery_test);
}

/*
 * The process and its guardian die behind the n-th call of a verb, or the power is cut; nobody starts an agent. False:
 * there is no such call.
 */
static bool die_and_recover(const struct fake_world *start, int verb, enum failure_kind kind, unsigned call)
{
	const struct failure failure = { .kind = kind, .call = call };
	struct host_test *test = &recovery_test;
	const char *why, *state;
	jmp_buf landing;

	world_restore(test->world, start);
	test->options.leave_torn = false;
	assert_int_equal(host_test_open(test), 0);
	world_begin(test->world, &failure);
	test->world->death = &landing;
	if (setjmp(landing) == 0) {
		host_test_run(test, verb);
		host_test_close(test);
		return false;
	}
	host_test_forget(test);
	test->world->holds = 0;
	test->world->before_udev = recovery_check_at_boot;
	if (kind == POWER_CUT)
		world_reboot(test->world);
	world_begin(test->world, NULL);
	recovery_open_torn();
	recovery_must();
	recovery_forgive("is in two maps"); /* while a map was held, in the middle of an exchange */
	why = host_test_disagreement(test);
	if (why)
		fail_msg("%s, %s call %u: %s\ncalls:\n%s", verb_names[verb], failure_kind_names[kind], call, why,
			 host_test_calls(test));
	state = host_test_state(test);
	host_test_expect_side(test, strcmp(state, "on_destination") == 0 || strcmp(state, "committed") == 0
					    ? SIDE_DESTINATION
					    : SIDE_SOURCE);
	recovery_nothing_is_left();
	host_test_close(test);
	return true;
}

static void every_death_of_every_verb(void **state)
{
	static const struct {
		size_t scene;
		int verb;
	} rows[] = { { 0, VERB_PREPARE },	   { 0, VERB_CANCEL }, { 1, VERB_SWITCH },
		     { 1, VERB_HELD_SWITCH },	   { 1, VERB_CANCEL }, { 2, VERB_SWITCH_BACK },
		     { 2, VERB_HELD_SWITCH_BACK }, { 2, VERB_CANCEL }, { 2, VERB_COMMIT } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_world *start;

		recovery_lead_to(rows[i].scene);
		for (unsigned m = 0; m < RECOVERY_MEMBERS && rows[i].verb == VERB_COMMIT; m++)
			world_finish_copy(recovery_test.world, world_destination(m));
		host_test_close(&recovery_test);
		start = world_save(recovery_test.world);
		for (unsigned call = 1; die_and_recover(start, rows[i].verb, DIE_AFTER, call); call++)
			;
		for (unsigned call = 1; die_and_recover(start, rows[i].verb, POWER_CUT, call); call++)
			;
		world_free(start);
		host_test_end(&recovery_test);
	}
}

/* The orchestrator gave up on it: the host is put right where it is. */
static void forced_cancel_of_a_stuck_switch(void **state)
{
	(void)state;
	get_stuck();
	recovery_test.world->failure.kind = FAIL_NONE;
	assert_int_equal(host_test_ask(&recovery_test, (struct verb_request){ .verb = VERB_CANCEL, .force = true }), 0);
	recovery_dry_run_must_tell("multipathd_not_running");
	recovery_must();
	host_test_expect(&recovery_test, "cancelled", SIDE_DESTINATION);
	recovery_nothing_is_left();
	host_test_end(&recovery_test);
}

/* --- where only a person can decide --- */

static void swap_tables_by_hand(void)
{
	multipathd_stop(recovery_test.world);
	for (unsigned i = 0; i < RECOVERY_MEMBERS; i++) {
		char table[TABLE_SIZE];

		memcpy(table, recovery_live_map(i)->active, TABLE_SIZE);
		memcpy(recovery_live_map(i)->active, recovery_idle_map(i)->active, TABLE_SIZE);
		memcpy(recovery_idle_map(i)->active, table, TABLE_SIZE);
	}
	world_begin(recovery_test.world, NULL);
}

static const char two_contradictions[] = "side_contradicted side_contradicted";

/* Whoever looks at a volume is told what its import needs: the code of the first one's reason, "" without any. */
static const char *reason_of_volume(void)
{
	CLEANUP(volume_reports_free) struct volume_reports volumes = { 0 };

	assert_int_equal(engine_report_volumes(recovery_test.engine, &volumes, &recovery_test.err), 0);
	return volumes.list[0].reason.code == ERR_NONE ? "" : error_name(volumes.list[0].reason.code);
}

static void contradiction_is_left_to_a_person(void **state)
{
	static const int decisions[] = { VERB_SWITCH, VERB_SWITCH_BACK, VERB_CANCEL };
	static const char *const ends[] = { "on_destination", "prepared", "cancelled" };

	(void)state;
	for (size_t scene = 1; scene <= 2; scene++)
		for (size_t i = 0; i < ARRAY_SIZE(decisions); i++) {
			recovery_lead_to(scene);
			swap_tables_by_hand();
			recovery_must_leave_it_alone(two_contradictions, ERR_SIDE_CONTRADICTED, "needs_attention");
			host_test_close(&recovery_test);
			assert_int_equal(host_test_open(&recovery_test),
					 0); /* neither does the agent's start touch it */
			assert_string_equal(host_test_state(&recovery_test), "needs_attention");
			recovery_test.world->multipathd_running =
				true; /* the switch wants it, and it sees nothing new */
			host_test_must(&recovery_test, decisions[i]);
			host_test_expect(&recovery_test, ends[i], i == 0 ? SIDE_DESTINATION : SIDE_SOURCE);
			if (i < 2)
				recovery_nothing_is_left();
			host_test_end(&recovery_test);
		}
}

/* The person puts it right by hand instead. */
static void attention_ends(void **state)
{
	(void)state;
	for (size_t scene = 1; scene <= 2; scene++) {
		recovery_lead_to(scene);
		swap_tables_by_hand();
		recovery_must_leave_it_alone(two_contradictions, ERR_SIDE_CONTRADICTED, "needs_attention");
		assert_string_equal(reason_of_volume(), "side_contradicted");
		swap_tables_by_hand();
		recovery_must();
		assert_string_equal(recovery_codes(), "multipathd_not_running attention_stale");
		assert_string_equal(reason_of_volume(), "");
		host_test_expect(&recovery_test, recovery_scenes[scene].state, recovery_scenes[scene].side);
		host_test_end(&recovery_test);
	}
}

/* The journal is lost as well: there is no import that could be marked. */
static void contradiction_without_an_import(void **state)
{
	(void)state;
	recovery_lead_to(2);
	host_test_close(&recovery_test);
	recovery_remove_journal();
	swap_tables_by_hand();
	recovery_open_torn();
	recovery_must_leave_it_alone(two_contradictions, ERR_SIDE_CONTRADICTED, "");
	host_test_end(&recovery_test);
}

static void mixed_paths_are_left_to_a_person(void **state)
{
	char *table, *path;

	(void)state;
	recovery_lead_to(2);
	table = recovery_live_map(0)->active;
	path = strrchr(table, ':');
	while (*path != ' ')
		path--;
	snprintf(path, TABLE_SIZE - (size_t)(path - table), " 8:0 1");
	recovery_must_leave_it_alone("paths_mixed", ERR_PATHS_MIXED, "needs_attention");
	host_test_end(&recovery_test);
}

/*
 * Behind the cutover somebody removes the rules, and the host reboots with the source still mapped: the wrong LUN has
 * the name. What the message says to do leads to the end.
 */
static void wrong_lun_behind_a_cutover(void **state)
{
	struct fake_world *world;

	(void)state;
	recovery_lead_to(3);
	world = recovery_test.world;
	host_test_close(&recovery_test);
	recovery_remove_rules();
	world_reboot(world);
	world_begin(world, NULL);
	assert_int_equal(host_test_open(&recovery_test), 0);
	assert_int_equal(recovery_run(world_source_wwid(0), false), -1);
	assert_int_equal(recovery_test.err.code, ERR_SIDE_CONTRADICTED);
	assert_string_equal(host_test_state(&recovery_test), "committed");
	for (unsigned i = 0; i < RECOVERY_MEMBERS; i++) {
		dm_destroy(world, recovery_live_map(i));
		world_unmap_lun(world, world_source(i));
	}
	recovery_must();
	for (unsigned i = 0; i < RECOVERY_MEMBERS; i++)
		recovery_live_map(i)->open_count = 1;
	world_begin(world, NULL);
	host_test_expect(&recovery_test, "committed", SIDE_DESTINATION);
	recovery_nothing_is_left();
	host_test_end(&recovery_test);
}

static void multipathd_waits_for_the_other_device(void **state)
{
	(void)state;
	recovery_two_imports(true);
	recovery_remove_rules_and_trigger();
	world_begin(recovery_test.world, NULL);
	assert_int_equal(recovery_run(world_source_wwid(0), false), -1);
	assert_int_equal(recovery_test.err.code, ERR_OTHER_DEVICE_FIRST);
	assert_non_null(strstr(recovery_test.err.detail, world_source_wwid(1)));
	assert_int_equal(recovery_actions(true), 1);
	assert_false(recovery_test.world->multipathd_running);
	assert_int_equal(recovery_run(world_source_wwid(1), false), 0);
	host_test_expect(&recovery_test, "on_destination", SIDE_DESTINATION);
	recovery_must();
	host_test_end(&recovery_test);
}

/* --- what is refused --- */

static void strangers(void **state)
{
	static const char *const malformed[] = { "", "mpatha", "36001405", "26006016000000000000000000000000a",
						 "36006016000000000000000000000000G" };

	(void)state;
	recovery_lead_to(1);
	for (int dry_run = 0; dry_run < 2; dry_run++) {
		for (size_t i = 0; i < ARRAY_SIZE(malformed); i++) {
			assert_int_equal(recovery_run(malformed[i], dry_run), -1);
			assert_int_equal(recovery_test.err.code, ERR_WWID_FORM);
			assert_null(recovery_test.result);
		}
		assert_int_equal(recovery_run("36001405aaaaaaaaaaaaaaaaaaaaaaa01", dry_run), -1);
		assert_int_equal(recovery_test.err.code, ERR_NOT_IMPORTED);
		assert_null(recovery_test.result);
	}
	host_test_end(&recovery_test);
}

static void held_import_is_released_first(void **state)
{
	(void)state;
	recovery_lead_to(1);
	host_test_must(&recovery_test, VERB_HOLD);
	for (int dry_run = 0; dry_run < 2; dry_run++) {
		assert_int_equal(recovery_run(world_source_wwid(0), dry_run), -1);
		assert_int_equal(recovery_test.err.code, ERR_IMPORT_HELD);
	}
	host_test_must(&recovery_test, VERB_RELEASE);
	recovery_nothing_is_left();
	host_test_end(&recovery_test);
}

/* Forgotten behind its cutover: the identities stay, and are looked after. */
static void device_of_a_deleted_import(void **state)
{
	(void)state;
	recovery_lead_to(3);
	host_test_must(&recovery_test, VERB_DELETE);
	recovery_nothing_is_left();
	recovery_remove_rules();
	recovery_scan_again();
	recovery_dry_run_must_tell("identity_files disks_left disks_left disks_left disks_left");
	recovery_must();
	assert_string_equal(json_object_get_string(json_object_object_get(recovery_test.result, "state")), "committed");
	host_test_expect(&recovery_test, "", SIDE_DESTINATION);
	recovery_nothing_is_left();
	host_test_end(&recovery_test);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_exchanged),
		cmocka_unit_test(every_death_of_every_verb),
		cmocka_unit_test(stuck_verb_is_ended),
		cmocka_unit_test(forced_cancel_of_a_stuck_switch),
		cmocka_unit_test(contradiction_is_left_to_a_person),
		cmocka_unit_test(attention_ends),
		cmocka_unit_test(contradiction_without_an_import),
		cmocka_unit_test(mixed_paths_are_left_to_a_person),
		cmocka_unit_test(wrong_lun_behind_a_cutover),
		cmocka_unit_test(multipathd_waits_for_the_other_device),
		cmocka_unit_test(strangers),
		cmocka_unit_test(held_import_is_released_first),
		cmocka_unit_test(device_of_a_deleted_import),
	};

	if (__lsan_disable)
		__lsan_disable();
	return cmocka_run_group_tests_name("recover_person", tests, NULL, NULL);
}
