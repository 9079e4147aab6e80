/*
 * recover_device: what a person can do to a device , each with the import in each state: a dry run tells
 * it and changes nothing, recovering repairs it, and finds nothing a second time. The engine runs meanwhile, or is
 * opened behind it. And recovering itself dies, or fails, at each of its calls.
 */
#include "recovery.h"

/* bits: recovery_scenes */
enum { NEW = 1, PREPARED = 2, ON_DESTINATION = 4, COMMITTED = 8, BOTH_HERE = PREPARED | ON_DESTINATION, ANY = 15 };

static unsigned combinations;

/* --- what persons do --- */

static void suspend(struct fake_map *map)
{
	map->suspended = true;
	map->suspended_since_us = recovery_test.world->now_us;
}

static void suspend_live(void)
{
	suspend(recovery_live_map(1));
}

static void suspend_idle(void)
{
	suspend(recovery_idle_map(0));
}

/* The other LUN's table: whoever resumes the map now has the application there. */
static void load_other(void)
{
	memcpy(recovery_live_map(0)->inactive, recovery_idle_map(0)->active, TABLE_SIZE);
}

static void load_other_and_suspend(void)
{
	load_other();
	suspend(recovery_live_map(0));
	suspend(recovery_live_map(1));
}

static void edit_rules(void)
{
	struct fake_file *file = world_file(recovery_test.world, "/etc/udev/rules.d/61-dm-import.rules");

	memcpy(strstr(file->text, "naa."), "NAA.", 4);
}

static void remove_store(void)
{
	world_remove_file(recovery_test.world, "/etc/dm-import/identity");
}

static void remove_store_and_rules(void)
{
	remove_store();
	recovery_remove_rules();
}

static void damage_store(void)
{
	recovery_damage("/etc/dm-import/identity");
}

/* Somebody lost two of them and ran the check at boot by hand. */
static void leave_boot_rules(void)
{
	CLEANUP_FREE char *text = NULL;
	bool well;

	world_remove_file(recovery_test.world, "/etc/udev/rules.d/11-dm-import.rules");
	recovery_damage("/etc/udev/rules.d/61-dm-import.rules");
	assert_int_equal(engine_boot_check(&recovery_test.options, &recovery_test.ports.host, &text, &well, NULL), 0);
	assert_true(well);
}

static void stop_multipathd(void)
{
	multipathd_stop(recovery_test.world);
}

/* A switch was killed together with its guardian, and the host went on. */
static void stop_multipathd_as_we_do(void)
{
	assert_int_equal(recovery_test.ports.multipathd.stop(recovery_test.world, NULL), 0);
	assert_non_null(world_file(recovery_test.world, "/run/dm-import/multipathd-held"));
}

static void stale_database(void)
{
	struct fake_disk *disk = &recovery_test.world->disks[0];

	for (int i = 0; i < recovery_test.world->disk_count; i++)
		if (recovery_test.world->disks[i].place == DISK_PRESENT &&
		    recovery_test.world->disks[i].lun == world_destination(1))
			disk = &recovery_test.world->disks[i];
	property_set(disk->properties, sizeof(disk->properties), "ID_SERIAL", "36000000000000000000000000000dead");
}

static void show_idle(void)
{
	property_set(recovery_idle_map(0)->properties, PROPERTIES_SIZE, "DM_IMPORT_HIDDEN", "");
	property_set(recovery_idle_map(0)->properties, PROPERTIES_SIZE, "SYSTEMD_READY", "1");
	recovery_idle_map(0)->no_node = false;
}

/* udev looks at the idle map without our rules, and kpartx makes its partition. */
static void show_idle_and_trigger(void)
{
	recovery_remove_rules();
	udev_reload(recovery_test.world);
	show_idle();
	udev_map_event(recovery_test.world, recovery_idle_map(0), true);
}

static void flush_idle(void)
{
	dm_destroy(recovery_test.world, recovery_idle_map(1));
}

static void forget_path(void)
{
	char *reply = NULL, command[64];
	struct fake_disk *disks[DISKS_MAX];

	world_table_disks(recovery_test.world, recovery_live_map(0)->active, disks);
	snprintf(command, sizeof(command), "del path %s", disks[1]->name);
	assert_int_equal(recovery_test.ports.multipathd.command(recovery_test.world, command, &reply, NULL), 0);
	free(reply);
}

static void rename_live(void)
{
	dm_rename_map(recovery_test.world, recovery_live_map(0), "mine");
}

/* multipathd makes a map of the retired LUN where it asks for no properties. */
static void scan_and_map_again(void)
{
	struct fake_world *world = recovery_test.world;
	struct fake_disk *disk = &world->disks[0];
	char name[WWID_SIZE], uuid[UUID_SIZE], table[TABLE_SIZE];

	recovery_scan_again();
	snprintf(name, sizeof(name), "retired-%s", world_source_wwid(0));
	snprintf(uuid, sizeof(uuid), "mpath-%s", name);
	snprintf(table, sizeof(table), "0 2097152 multipath 0 0 1 1 service-time 0 1 1 %u:%u 1", disk->major,
		 disk->minor);
	assert_int_equal(disk->lun, world_source(0));
	dm_create(world, name, uuid, table);
}

static void everything_at_once(void)
{
	stop_multipathd_as_we_do();
	load_other_and_suspend();
	recovery_remove_rules_and_trigger();
	rename_live();
}

struct doing_of_a_person {
	const char *name;
	void (*act)(void);
	unsigned scenes;
	const char *findings; /* recovery_codes, in the order of looking */
	bool behind_our_back; /* only while no engine is open, which knows better */
	const char *state;    /* afterwards, when it is not as before */
	const char *broken;   /* an invariant, until it is repaired */
	unsigned refused;     /* scenes: no agent starts before it is repaired */
};

static const struct doing_of_a_person doings[] = {
	{ "live map suspended", suspend_live, ANY, .findings = "map_suspended" },
	{ "idle map suspended", suspend_idle, BOTH_HERE, .findings = "map_suspended" },
	{ "table loaded", load_other, BOTH_HERE, .findings = "table_loaded" },
	{ "table loaded and suspended", load_other_and_suspend, BOTH_HERE, .findings = "map_suspended map_suspended" },
	{ "rules removed", recovery_remove_rules, ANY, .findings = "identity_files" },
	{ "rules edited", edit_rules, ANY, .findings = "identity_files" },
	{ "store removed, rules there", remove_store, ANY, .findings = "identity_files", .refused = ANY },
	{ "store damaged, rules there", damage_store, ANY, .findings = "identity_files", .refused = ANY },
	{ "store and rules removed", remove_store_and_rules, ANY, .findings = "identity_missing identity_missing",
	  .behind_our_back = true, .refused = BOTH_HERE | COMMITTED },
	{ "store and rules damaged", recovery_damage_all, ANY, .findings = "identity_missing identity_missing",
	  .behind_our_back = true, .refused = ANY },
	{ "store and rules older", recovery_older_identities, ON_DESTINATION | COMMITTED,
	  .findings = "identity_missing identity_missing", .behind_our_back = true, .refused = ANY },
	{ "rules of a boot left", leave_boot_rules, ANY, .findings = "boot_rules identity_files",
	  .behind_our_back = true },
	{ "multipathd stopped", stop_multipathd, ANY, .findings = "multipathd_not_running" },
	{ "multipathd left stopped by us", stop_multipathd_as_we_do, ANY, .findings = "multipathd_not_running" },
	{ "rules removed, udev triggered", recovery_remove_rules_and_trigger, BOTH_HERE | COMMITTED,
	  .findings = "identity_wrong identity_files multipathd_not_running" },
	{ "udev's database stale", stale_database, BOTH_HERE | COMMITTED, .findings = "identity_wrong" },
	{ "idle map visible", show_idle, BOTH_HERE, .findings = "not_hidden", .broken = "shows the content" },
	{ "rules removed, idle map triggered", show_idle_and_trigger, BOTH_HERE,
	  .findings = "identity_files not_hidden not_hidden", .broken = "368ccf" },
	{ "idle map flushed", flush_idle, BOTH_HERE, .findings = "map_incomplete" },
	{ "multipathd told to forget a path", forget_path, ANY, .findings = "map_incomplete" },
	{ "live map renamed", rename_live, NEW | BOTH_HERE, .findings = "map_renamed" },
	{ "source scanned again", recovery_scan_again, COMMITTED,
	  .findings = "disks_left disks_left disks_left disks_left" },
	{ "source scanned again, and mapped", scan_and_map_again, COMMITTED,
	  .findings = "disks_left disks_left disks_left disks_left" },
	{ "journal removed", recovery_remove_journal, NEW | PREPARED, .findings = "import_missing",
	  .behind_our_back = true, .state = "new" },
	{ "journal removed", recovery_remove_journal, ON_DESTINATION, .findings = "import_missing",
	  .behind_our_back = true },
	{ "journal removed", recovery_remove_journal, COMMITTED, .findings = "", .behind_our_back = true, .state = "" },
	{ "all at once", everything_at_once, BOTH_HERE,
	  .findings = "map_suspended map_suspended identity_wrong identity_files multipathd_not_running map_renamed" },
};

/* --- recovering --- */

static void must_be_well(const struct doing_of_a_person *doing, size_t scene)
{
	char names[RECOVERY_MEMBERS][NAME_SIZE];

	for (unsigned i = 0; i < RECOVERY_MEMBERS; i++)
		snprintf(names[i], NAME_SIZE, "%s", world_source_wwid(i));
	host_test_expect(&recovery_test, doing->state ? doing->state : recovery_scenes[scene].state,
			 recovery_scenes[scene].side);
	assert_null(world_file(recovery_test.world, "/run/dm-import/multipathd-held"));
	assert_null(world_file(recovery_test.world, "/run/udev/rules.d/61-dm-import_boot.rules"));
	for (unsigned i = 0; i < RECOVERY_MEMBERS; i++)
		assert_non_null(world_map(recovery_test.world, names[i]));
	if (recovery_scenes[scene].side == SIDE_DESTINATION && strcmp(recovery_scenes[scene].state, "committed") == 0)
		assert_null(world_disk(recovery_test.world, "sda"));
}

static void person_and_recovery(const struct doing_of_a_person *doing, size_t scene, bool agent_runs)
{
	recovery_lead_to(scene);
	if (!agent_runs)
		host_test_close(&recovery_test);
	doing->act();
	if (!agent_runs)
		recovery_open_torn();
	recovery_dry_run_must_tell(doing->findings);
	recovery_must();
	recovery_forgive(doing->broken);
	assert_string_equal(recovery_codes(), doing->findings);
	assert_int_equal(recovery_actions(false), 0);
	must_be_well(doing, scene);
	recovery_nothing_is_left();
	host_test_end(&recovery_test);
	combinations++;
}

static void each_doing_is_mended(void **state)
{
	const struct doing_of_a_person *doing = *state;

	for (size_t scene = 0; scene < RECOVERY_SCENES; scene++) {
		if (!(doing->scenes & 1u << scene))
			continue;
		if (!doing->behind_our_back)
			person_and_recovery(doing, scene, true);
		person_and_recovery(doing, scene, false);
	}
}

/* What the agent's own start repairs is not left to anybody; together they repair everything. */
static void each_doing_is_mended_behind_a_start(void **state)
{
	const struct doing_of_a_person *doing = *state;

	for (size_t scene = 0; scene < RECOVERY_SCENES; scene++) {
		if (!(doing->scenes & 1u << scene))
			continue;
		recovery_lead_to(scene);
		host_test_close(&recovery_test);
		doing->act();
		world_begin(recovery_test.world, NULL);
		if (doing->refused & 1u << scene) {
			assert_int_equal(host_test_open(&recovery_test), -1);
			assert_int_equal(recovery_test.err.code, ERR_STORE_DAMAGED);
			recovery_open_torn();
			recovery_must();
			host_test_close(&recovery_test);
			recovery_test.options.leave_torn = false;
		}
		assert_int_equal(host_test_open(&recovery_test), 0);
		recovery_must();
		recovery_forgive(doing->broken);
		must_be_well(doing, scene);
		recovery_nothing_is_left();
		host_test_end(&recovery_test);
		combinations++;
	}
}

/* --- recovering fails, or dies, at each of its calls, and is run again --- */

static bool try_with_failure(const struct doing_of_a_person *doing, size_t scene, enum failure_kind kind, unsigned call,
			     const struct fake_world *broken)
{
	const struct failure failure = { .kind = kind, .call = call };
	jmp_buf landing;
	bool hit;

	world_restore(recovery_test.world, broken);
	recovery_open_torn();
	world_begin(recovery_test.world, &failure);
	recovery_test.world->death = &landing;
	if (setjmp(landing) == 0) {
		recovery_run(world_source_wwid(0), false);
		hit = recovery_test.world->failures[0] != '\0';
		host_test_close(&recovery_test);
	} else {
		hit = true;
		host_test_forget(&recovery_test);
		recovery_test.world->holds = 0;
	}
	recovery_forgive(doing->broken);
	assert_string_equal(recovery_test.world->violations, "");
	world_begin(recovery_test.world, NULL);
	recovery_open_torn();
	recovery_must();
	recovery_forgive(doing->broken);
	must_be_well(doing, scene);
	recovery_nothing_is_left();
	host_test_close(&recovery_test);
	combinations += hit;
	return hit;
}

static void recovering_fails_or_dies(void **state)
{
	static const enum failure_kind kinds[] = { FAIL_BEFORE, FAIL_AFTER, DIE_AFTER };
	const struct doing_of_a_person *doing = *state;

	for (size_t scene = 0; scene < RECOVERY_SCENES; scene++) {
		struct fake_world *broken;

		if (!(doing->scenes & 1u << scene))
			continue;
		recovery_lead_to(scene);
		host_test_close(&recovery_test);
		doing->act();
		broken = world_save(recovery_test.world);
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			for (unsigned call = 1; try_with_failure(doing, scene, kinds[i], call, broken); call++)
				;
		world_free(broken);
		host_test_end(&recovery_test);
	}
}

static size_t add(struct CMUnitTest *tests, size_t count, char (*names)[96], const char *how, CMUnitTestFunction body)
{
	for (size_t i = 0; i < ARRAY_SIZE(doings); i++, count++) {
		snprintf(names[count], sizeof(names[0]), "%s: %s, %s", doings[i].name, doings[i].findings, how);
		tests[count] = (struct CMUnitTest){ names[count], body, NULL, NULL, (void *)&doings[i] };
	}
	return count;
}

/* Only in programs built with the leak sanitizer: dying processes free nothing. */
extern void __lsan_disable(void) __attribute__((weak));

int main(void)
{
	static struct CMUnitTest swept[3 * ARRAY_SIZE(doings)];
	static char names[ARRAY_SIZE(swept)][96];
	size_t count = 0;
	int failed;

	if (__lsan_disable)
		__lsan_disable();
	count = add(swept, count, names, "repaired", each_doing_is_mended);
	count = add(swept, count, names, "behind a start", each_doing_is_mended_behind_a_start);
	count = add(swept, count, names, "recovering fails or dies", recovering_fails_or_dies);
	failed = _cmocka_run_group_tests("recover_device", swept, count, NULL, NULL);
	printf("# %u combinations\n", combinations);
	return failed;
}
