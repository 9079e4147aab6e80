/*
 * recover_device on a host whose identities' files are damaged: what counts of them, whose word it takes, and when it
 * leaves the side to a person. The rest of what can be wrong is in test_recover_device.c.
 */
#include "recovery.h"

#include "dm-import/core/engine.h"

static const char store[] = "/etc/dm-import/identity";

/* The host came up with the damage; the checks at boot have run, and no agent starts. */
static void boot(void)
{
	host_test_forget(&recovery_test);
	world_reboot(recovery_test.world);
	world_begin(recovery_test.world, NULL);
	assert_int_equal(host_test_open(&recovery_test), -1);
	recovery_open_torn();
}

static void check_and_go_on(struct fake_world *world)
{
	CLEANUP_FREE char *text = NULL;
	struct error err = { 0 };
	bool well;

	(void)world;
	assert_int_equal(engine_boot_check(&recovery_test.options, &recovery_test.ports.host, &text, &well, &err), 0);
}

static void lead_to(size_t scene)
{
	recovery_lead_to(scene);
	recovery_test.world->before_udev = check_and_go_on;
}

static const char *detail_of(size_t finding)
{
	struct json_object *findings = json_object_object_get(recovery_test.result, "findings");

	return json_object_get_string(json_object_object_get(json_object_array_get_idx(findings, finding), "detail"));
}

static void agent_must_start(const char *state, enum side side)
{
	host_test_close(&recovery_test);
	recovery_test.options.leave_torn = false;
	assert_int_equal(host_test_open(&recovery_test), 0);
	host_test_expect(&recovery_test, state, side);
}

/* --- the rules count --- */

static void damaged_store_behind_a_boot(void **state)
{
	(void)state;
	for (int missing = 0; missing < 2; missing++) {
		lead_to(2);
		if (missing)
			world_remove_file(recovery_test.world, store);
		else
			recovery_damage(store);
		boot();
		host_test_expect_side(&recovery_test, SIDE_DESTINATION);
		recovery_dry_run_must_tell("identity_files");
		assert_non_null(strstr(detail_of(0), missing ? "is missing" : "checksum"));
		assert_non_null(strstr(detail_of(0), "rules are intact"));
		recovery_must();
		recovery_nothing_is_left();
		agent_must_start("on_destination", SIDE_DESTINATION);
		host_test_end(&recovery_test);
	}
}

/* One store of the backup before the switch: it is older than the rules, and so told. */
static void older_store(void **state)
{
	char *rules;

	(void)state;
	lead_to(2);
	rules = strdup(world_file(recovery_test.world, "/etc/udev/rules.d/11-dm-import.rules")->text);
	recovery_older_identities();
	world_write_file(recovery_test.world, "/etc/udev/rules.d/11-dm-import.rules", rules, 0644);
	boot();
	host_test_expect_side(&recovery_test, SIDE_DESTINATION);
	recovery_dry_run_must_tell("boot_rules identity_files");
	assert_non_null(strstr(detail_of(1), "older"));
	recovery_must();
	recovery_nothing_is_left();
	agent_must_start("on_destination", SIDE_DESTINATION);
	free(rules);
	host_test_end(&recovery_test);
}

/* Only in programs built with the leak sanitizer: dying processes free nothing. */
extern void __lsan_disable(void) __attribute__((weak));

static void cut_power_in_a_switch(const char *call)
{
	struct failure failure = { .kind = POWER_CUT, .call = 1 };
	jmp_buf landing;

	snprintf(failure.call_name, sizeof(failure.call_name), "%s", call);
	world_begin(recovery_test.world, &failure);
	recovery_test.world->death = &landing;
	if (setjmp(landing) == 0) {
		host_test_run(&recovery_test, VERB_SWITCH);
		fail();
	}
}

/* A switch is cut off by the power, and rules are lost: those of the boot would undo what ends it. */
static void torn_switch_under_rules_of_a_boot(void **state)
{
	static const char *const calls[] = { "dm.suspend", "multipathd.start" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		lead_to(1);
		cut_power_in_a_switch(calls[i]);
		recovery_test.world->failure.kind = FAIL_NONE;
		world_remove_file(recovery_test.world, "/etc/udev/rules.d/11-dm-import.rules");
		host_test_forget(&recovery_test);
		world_reboot(recovery_test.world);
		world_begin(recovery_test.world, NULL);
		recovery_open_torn();
		recovery_dry_run_must_tell("boot_rules verb_unfinished");
		recovery_must();
		recovery_nothing_is_left();
		host_test_expect(&recovery_test, "on_destination", SIDE_DESTINATION);
		host_test_must(&recovery_test, VERB_CANCEL);
		host_test_expect(&recovery_test, "cancelled", SIDE_SOURCE);
		host_test_end(&recovery_test);
	}
}

/* --- nothing counts for certain --- */

/* Behind a boot with it the LUNs are down: nobody but the journal tells a side, and it may be an old copy, too. */
static void nothing_is_whole_behind_a_boot(void **state)
{
	(void)state;
	for (size_t scene = 1; scene < RECOVERY_SCENES; scene++) {
		lead_to(scene);
		recovery_damage_all();
		boot();
		assert_null(recovery_live_map(0));
		recovery_must_leave_it_alone("store_damaged", ERR_STORE_DAMAGED, recovery_scenes[scene].state);
		assert_non_null(strstr(recovery_test.err.detail, "no copy of it is intact"));
		assert_int_equal(recovery_run(world_destination_wwid(1), false), -1);
		assert_int_equal(recovery_test.err.code, ERR_STORE_DAMAGED);
		host_test_end(&recovery_test);
	}
}

/* All of /etc is from before the last verb. */
static void old_copies_behind_a_boot(void **state)
{
	(void)state;
	for (size_t scene = 2; scene < RECOVERY_SCENES; scene++) {
		lead_to(scene);
		recovery_older_identities();
		boot();
		assert_null(recovery_live_map(0));
		recovery_must_leave_it_alone("store_damaged", ERR_STORE_DAMAGED, recovery_scenes[scene].state);
		assert_non_null(strstr(recovery_test.err.detail, "one of the two is an older copy"));
		host_test_end(&recovery_test);
	}
}

/* The host is up, and it is the journal that is old: the kernel agrees with the identities. */
static void old_journal(void **state)
{
	(void)state;
	lead_to(2);
	host_test_close(&recovery_test);
	recovery_older_journal();
	recovery_open_torn();
	recovery_must_leave_it_alone("side_contradicted side_contradicted", ERR_SIDE_CONTRADICTED, "needs_attention");
	host_test_end(&recovery_test);
}

/* Nobody uses the volumes, and somebody has flushed their maps: the journal is alone. */
static void nothing_shows_the_side(void **state)
{
	(void)state;
	lead_to(2);
	host_test_close(&recovery_test);
	recovery_damage_all();
	multipathd_stop(recovery_test.world);
	for (unsigned i = 0; i < RECOVERY_MEMBERS; i++)
		dm_destroy(recovery_test.world, recovery_live_map(i));
	recovery_open_torn();
	recovery_must_leave_it_alone("store_damaged", ERR_STORE_DAMAGED, "on_destination");
	host_test_end(&recovery_test);
}

static void must_not_know_it(void)
{
	for (int dry_run = 0; dry_run < 2; dry_run++) {
		assert_int_equal(recovery_run(world_source_wwid(0), dry_run), -1);
		assert_int_equal(recovery_test.err.code, ERR_STORE_DAMAGED);
		assert_string_equal(recovery_test.err.device, store);
		assert_null(recovery_test.result);
	}
	assert_null(world_file(recovery_test.world, "/var/lib/dm-import/journal"));
}

/* With the journal lost as well nobody knows even the import; nor, when the files are empty, its LUNs. */
static void nothing_at_all(void **state)
{
	(void)state;
	lead_to(2);
	host_test_close(&recovery_test);
	recovery_damage_all();
	recovery_remove_journal();
	recovery_open_torn();
	must_not_know_it();
	host_test_close(&recovery_test);
	recovery_remove_rules();
	world_write_file(recovery_test.world, store, "", 0600);
	recovery_open_torn();
	must_not_know_it();
	host_test_end(&recovery_test);
}

/* What is left of the files names a LUN of no import: writing them anew would let it come up as itself. */
static void a_pair_that_no_import_knows(void **state)
{
	char *text;

	(void)state;
	lead_to(2);
	host_test_close(&recovery_test);
	recovery_damage_all();
	text = world_file(recovery_test.world, store)->text;
	memcpy(text, "# 36001405ddddddddddddddddddddddddd ", 36);
	recovery_open_torn();
	recovery_must_leave_it_alone("store_damaged", ERR_STORE_DAMAGED, "on_destination");
	host_test_end(&recovery_test);
}

/* Somebody wrote a record that gives an import's destination to another source: it is not made an import of. */
static void a_record_that_contradicts_an_import(void **state)
{
	static const char other[] = "36001405333333333000000000000000f";
	struct fake_world *world;
	char records[256], live[UUID_SIZE];
	int lun;

	(void)state;
	lead_to(2);
	world = recovery_test.world;
	host_test_close(&recovery_test);
	snprintf(world->settings.find_multipaths, sizeof(world->settings.find_multipaths), "no");
	lun = world_lun(world, other, "DGC", "VRAID", 1 << 20);
	world_paths(world, lun, 2);
	world_map_lun(world, lun);
	world_scan(world);
	snprintf(live, sizeof(live), "mpath-%s", other);
	assert_non_null(world_map_by_uuid(world, live));
	snprintf(records, sizeof(records), "pair mine %s %s hidden 1\n", other, world_destination_wwid(0));
	assert_int_equal(
		engine_boot_restore(&recovery_test.options, &recovery_test.ports.host, records, &recovery_test.err), 0);
	recovery_open_torn();
	assert_int_equal(recovery_run(other, false), -1);
	assert_int_equal(recovery_test.err.code, ERR_STORE_DAMAGED);
	assert_string_equal(recovery_codes(), "store_damaged");
	assert_int_equal(recovery_actions(true) + recovery_actions(false), 0);
	host_test_end(&recovery_test);
}

/* --- of two imports --- */

static void two_imports(bool both)
{
	recovery_two_imports(both);
	recovery_test.world->before_udev = check_and_go_on;
}

/* Each by itself; until all are there again no agent starts. */
static void one_import_and_then_the_other(void **state)
{
	(void)state;
	two_imports(true);
	host_test_close(&recovery_test);
	recovery_damage_all();
	recovery_open_torn();
	recovery_must();
	assert_string_equal(recovery_codes(), "identity_missing");
	recovery_nothing_is_left();
	host_test_close(&recovery_test);
	recovery_test.options.leave_torn = false;
	assert_int_equal(host_test_open(&recovery_test), -1);
	assert_non_null(strstr(recovery_test.err.detail, "import other"));
	recovery_open_torn();
	assert_int_equal(recovery_run(world_source_wwid(1), false), 0);
	agent_must_start("on_destination", SIDE_DESTINATION);
	host_test_end(&recovery_test);
}

/* Behind a boot the other's LUNs are kept down by rules that must not go, nor stay while this one changes sides. */
static void the_other_one_is_down(void **state)
{
	char live[UUID_SIZE];

	(void)state;
	two_imports(true);
	recovery_older_identities();
	boot();
	snprintf(live, sizeof(live), "mpath-%s", world_source_wwid(1));
	assert_null(world_map_by_uuid(recovery_test.world, live));
	assert_non_null(recovery_live_map(0));
	recovery_must_leave_it_alone("store_damaged", ERR_STORE_DAMAGED, "on_destination");
	assert_non_null(strstr(recovery_test.err.detail, "import other"));
	host_test_end(&recovery_test);
}

/* A destination that is still to come is to be hidden, whoever was recovered. */
static void the_other_one_is_only_created(void **state)
{
	struct publication shown;

	(void)state;
	two_imports(false);
	host_test_close(&recovery_test);
	recovery_damage_all();
	recovery_open_torn();
	recovery_must();
	identity_published(&recovery_test.engine->identities, world_destination_wwid(1), &shown);
	assert_true(shown.hidden);
	agent_must_start("on_destination", SIDE_DESTINATION);
	identity_published(&recovery_test.engine->identities, world_destination_wwid(1), &shown);
	assert_true(shown.hidden);
	host_test_end(&recovery_test);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(damaged_store_behind_a_boot),
		cmocka_unit_test(older_store),
		cmocka_unit_test(torn_switch_under_rules_of_a_boot),
		cmocka_unit_test(nothing_is_whole_behind_a_boot),
		cmocka_unit_test(old_copies_behind_a_boot),
		cmocka_unit_test(old_journal),
		cmocka_unit_test(nothing_shows_the_side),
		cmocka_unit_test(nothing_at_all),
		cmocka_unit_test(a_pair_that_no_import_knows),
		cmocka_unit_test(a_record_that_contradicts_an_import),
		cmocka_unit_test(one_import_and_then_the_other),
		cmocka_unit_test(the_other_one_is_down),
		cmocka_unit_test(the_other_one_is_only_created),
	};

	if (__lsan_disable)
		__lsan_disable();
	return cmocka_run_group_tests_name("recover_boot", tests, NULL, NULL);
}
