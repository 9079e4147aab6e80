/*
 * The fake host itself: it behaves as kernel, udev and multipathd do where the engine depends on it, and its invariant
 * checks catch what they are for. Each wrong thing that an engine could do is done here once on purpose.
 */
#include "dm-import/store/identity_rules.h"

#include "engine_test.h"

#include "dm-import/core/identity.h"

static struct fake_world *world;
static struct ports ports;

static int setup(void **state)
{
	(void)state;
	world = world_new();
	world_ports(world, &ports);
	world_pairs(world, 1, 2);
	world_begin(world, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_free(world);
	return 0;
}

static void expect_violation(const char *text)
{
	if (!strstr(world->violations, text))
		fail_msg("expected \"%s\", got: %s", text, world->violations);
}

static void expect_none(void)
{
	if (world->violations[0])
		fail_msg("unexpected: %s", world->violations);
}

/* Install the rules that the engine would generate for the pair in this role. */
static void install_rules(enum identity_role role)
{
	struct identity_store store = { 0 };
	char path[128], *text;

	assert_int_equal(identity_set(&store, "test", world_source_wwid(0), world_destination_wwid(0), role, NULL), 0);
	text = identity_rules(&store);
	for (size_t i = 0; i < IDENTITY_RULE_FILES; i++) {
		snprintf(path, sizeof(path), "/etc/udev/rules.d/%s", identity_rule_files[i]);
		world_write_file(world, path, text, 0644);
	}
	free(text);
	identity_free(&store);
	udev_reload(world);
}

static const char *all_disks[] = { "sda", "sdb", "sdc", "sdd" };

/* Destination there, hidden, under a map of its own: what prepare leads to. */
static void prepare_by_hand(void)
{
	install_rules(IDENTITY_HIDDEN);
	world_map_lun(world, world_destination(0));
	world_scan(world);
	ports.multipathd.claim(world, "sdc", NULL);
	ports.device.settle(world, 1000, NULL);
	assert_non_null(world_map(world, world_destination_wwid(0)));
}

static void exchange_tables(void)
{
	char *live, *idle;
	struct dm_suspend *holds[2];

	assert_int_equal(ports.dm.table(world, world_source_wwid(0), &live, NULL), 0);
	assert_int_equal(ports.dm.table(world, world_destination_wwid(0), &idle, NULL), 0);
	assert_int_equal(ports.dm.load(world, world_source_wwid(0), idle, false, NULL), 0);
	assert_int_equal(ports.dm.load(world, world_destination_wwid(0), live, false, NULL), 0);
	assert_int_equal(ports.dm.suspend_prepare(world, world_source_wwid(0), &holds[0], NULL), 0);
	assert_int_equal(ports.dm.suspend_prepare(world, world_destination_wwid(0), &holds[1], NULL), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(ports.dm.suspend(holds[i]), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(ports.dm.resume(holds[i]), 0);
	for (int i = 0; i < 2; i++)
		ports.dm.suspend_free(holds[i]);
	free(live);
	free(idle);
}

static void exchange_by_hand(void)
{
	char *reply = NULL;

	prepare_by_hand();
	ports.multipathd.command(world, "forcequeueing daemon", &reply, NULL);
	free(reply);
	ports.multipathd.stop(world, NULL);
	install_rules(IDENTITY_EXCHANGED);
	ports.device.reidentify(world, all_disks, 4, 1000, NULL);
	exchange_tables();
	ports.multipathd.start(world, NULL);
}

static void quiet_host_breaks_nothing(void **state)
{
	(void)state;
	ports.device.settle(world, 1000, NULL);
	world_reboot(world);
	expect_none();
	assert_true(world->apps[0].writes > 2);
}

static void exchange_in_the_right_order_breaks_nothing(void **state)
{
	uint64_t source_writes;

	(void)state;
	exchange_by_hand();
	expect_none();
	source_writes = world->luns[world_source(0)].host_writes;
	ports.device.settle(world, 1000, NULL);
	assert_true(world->luns[world_destination(0)].host_writes > 0);
	assert_int_equal(world->luns[world_source(0)].host_writes, source_writes);
	world_reboot(world);
	expect_none();
	assert_int_equal(world->luns[world_source(0)].host_writes, source_writes);
	assert_int_equal(world->hold_handles, 0);
}

/* The rules keep what they keep of the live map from its next event on. */
static void show_live_maps(void)
{
	for (size_t i = 0; i < MAPS_MAX; i++) {
		char name[16];
		const char *names[] = { name };

		snprintf(name, sizeof(name), "dm-%u", world->maps[i].minor);
		if (world->maps[i].exists)
			ports.device.reidentify(world, names, 1, 1000, NULL);
	}
}

static void tables_before_identity_is_caught(void **state)
{
	(void)state;
	prepare_by_hand();
	show_live_maps();
	exchange_tables();
	expect_none();
	ports.device.settle(world, 1000, NULL);
	expect_violation("multipathd fails path");
}

static void tables_before_identity_and_a_check_by_udev_is_caught(void **state)
{
	(void)state;
	prepare_by_hand();
	exchange_tables();
	expect_violation("multipath -U fails path");
}

static void identity_while_multipathd_runs_is_caught(void **state)
{
	(void)state;
	prepare_by_hand();
	install_rules(IDENTITY_EXCHANGED);
	ports.device.reidentify(world, all_disks, 4, 1000, NULL);
	expect_violation("multipathd fails path");
}

static void switch_without_pass_through_is_caught(void **state)
{
	(void)state;
	world->luns[world_destination(0)].forwards_to = -1;
	exchange_by_hand();
	expect_violation("stale data");
}

static void going_back_after_the_copy_is_caught(void **state)
{
	(void)state;
	exchange_by_hand();
	world_finish_copy(world, world_destination(0));
	ports.device.settle(world, 1000, NULL);
	expect_none();
	ports.multipathd.stop(world, NULL);
	install_rules(IDENTITY_HIDDEN);
	ports.device.reidentify(world, all_disks, 4, 1000, NULL);
	exchange_tables();
	expect_violation("stale data");
}

static void destination_that_is_not_hidden_is_caught(void **state)
{
	(void)state;
	world_map_lun(world, world_destination(0));
	world_scan(world);
	expect_violation("sdc claims the live map's link");
	expect_violation("to systemd");
}

static void rules_that_udev_has_not_read_do_not_work(void **state)
{
	(void)state;
	install_rules(IDENTITY_HIDDEN);
	for (size_t i = 0; i < FILES_MAX; i++) {
		free(world->files[i].loaded);
		world->files[i].loaded = NULL;
	}
	world_map_lun(world, world_destination(0));
	world_scan(world);
	expect_violation("sdc claims the live map's link");
}

static void partition_of_the_idle_map_is_caught(void **state)
{
	(void)state;
	prepare_by_hand();
	expect_none();
	for (size_t i = 0; i < IDENTITY_RULE_FILES; i++) {
		char path[128];

		snprintf(path, sizeof(path), "/etc/udev/rules.d/%s", identity_rule_files[i]);
		world_remove_file(world, path);
	}
	udev_reload(world);
	udev_map_event(world, world_map(world, world_destination_wwid(0)), true);
	world_check(world);
	expect_violation("the partition of 368ccf098");
}

static void mixed_table_is_caught(void **state)
{
	(void)state;
	prepare_by_hand();
	ports.dm.load(world, world_source_wwid(0), "0 2097152 multipath 0 0 1 1 service-time 0 2 1 8:0 1 8:32 1", false,
		      NULL);
	expect_violation("mixes paths of two LUNs");
}

static void disk_in_two_maps_is_caught(void **state)
{
	struct dm_suspend *hold;

	(void)state;
	prepare_by_hand();
	ports.multipathd.stop(world, NULL);
	ports.dm.load(world, world_destination_wwid(0), "0 2097152 multipath 0 0 1 1 service-time 0 1 1 8:0 1", false,
		      NULL);
	ports.dm.suspend_prepare(world, world_destination_wwid(0), &hold, NULL);
	expect_none();
	ports.dm.resume(hold);
	ports.dm.suspend_free(hold);
	expect_violation("is in two maps");
}

static void call_inside_the_hold_is_caught(void **state)
{
	struct dm_suspend *hold;
	char *text;

	(void)state;
	ports.dm.suspend_prepare(world, world_source_wwid(0), &hold, NULL);
	ports.dm.suspend(hold);
	expect_none();
	ports.host.read(world, "/etc/multipath/wwids", &text, NULL);
	free(text);
	expect_violation("host.read was called while a map is held");
	ports.dm.resume(hold);
	ports.dm.suspend_free(hold);
}

static void hold_that_is_too_long_is_caught(void **state)
{
	struct dm_suspend *hold;

	(void)state;
	ports.dm.suspend_prepare(world, world_source_wwid(0), &hold, NULL);
	ports.dm.suspend(hold);
	world_pass_time(world, world->suspend_limit_us + 1);
	ports.dm.clear_loaded(hold);
	expect_violation("is held for too long");
	ports.dm.resume(hold);
	ports.dm.suspend_free(hold);
}

static void lost_paths_stall_or_fail(void **state)
{
	(void)state;
	world->disks[0].offline = world->disks[1].offline = true;
	world_check(world);
	expect_violation("I/O stalls");
	world_begin(world, NULL);
	ports.multipathd.stop(world, NULL);
	expect_violation("I/O error");
}

static void forced_queueing_survives_the_stop(void **state)
{
	char *reply;

	(void)state;
	ports.multipathd.command(world, "forcequeueing daemon", &reply, NULL);
	free(reply);
	ports.multipathd.stop(world, NULL);
	assert_true(world_table_queues(world_map(world, world_source_wwid(0))->active));
	ports.multipathd.start(world, NULL);
	ports.multipathd.stop(world, NULL);
	assert_false(world_table_queues(world_map(world, world_source_wwid(0))->active));
}

static void lower_queue_limit_is_caught(void **state)
{
	(void)state;
	world->luns[world_destination(0)].limits.max_io = 64 << 10;
	exchange_by_hand();
	expect_violation("over max size limit");
}

static void removed_live_map_is_caught(void **state)
{
	(void)state;
	dm_destroy(world, world_map(world, world_source_wwid(0)));
	world_check(world);
	expect_violation("is gone");
}

static void device_mapper_refuses_as_the_kernel_does(void **state)
{
	struct error err;
	struct dm_suspend *hold;

	(void)state;
	assert_int_equal(ports.dm.remove(world, world_source_wwid(0), &err), -1);
	assert_int_equal(err.sys_errno, EBUSY);
	assert_int_equal(ports.dm.remove(world, "missing", &err), 0);
	assert_int_equal(ports.dm.load(world, world_source_wwid(0), "0 2097152 linear 8:0 0", false, &err), -1);
	assert_int_equal(ports.dm.load(world, world_source_wwid(0),
				       "0 4194304 multipath 0 0 1 1 service-time 0 1 1 8:0 1", false, &err),
			 -1);
	assert_int_equal(err.sys_errno, EINVAL);
	assert_int_equal(ports.dm.load(world, world_source_wwid(0),
				       "0 2097152 multipath 0 0 1 1 service-time 0 1 1 8:240 1", false, &err),
			 -1);
	ports.dm.suspend_prepare(world, world_source_wwid(0), &hold, NULL);
	ports.dm.suspend(hold);
	assert_int_equal(ports.dm.message(world, world_source_wwid(0), "queue_if_no_path", &err), -1);
	assert_int_equal(err.sys_errno, EBUSY);
	ports.dm.resume(hold);
	ports.dm.suspend_free(hold);
	assert_int_equal(ports.dm.message(world, world_source_wwid(0), "fail_if_no_path", &err), 0);
	assert_false(world_table_queues(world_map(world, world_source_wwid(0))->active));
}

static void failures_come_where_they_are_told(void **state)
{
	const struct failure before = {
		.kind = FAIL_BEFORE, .call = 2, .call_name = "host.replace", .sys_errno = ENOSPC
	};
	const struct failure after = { .kind = FAIL_AFTER, .call = 1 };
	const struct failure lasting = { .kind = FAIL_BEFORE, .call = 1, .call_name = "dm.clear", .lasting = true };
	struct error err;

	(void)state;
	world_begin(world, &before);
	assert_int_equal(ports.host.replace(world, "/a", "1", 0600, &err), 0);
	assert_int_equal(ports.host.replace(world, "/a", "2", 0600, &err), -1);
	assert_int_equal(err.code, ERR_NO_SPACE);
	assert_string_equal(world_file(world, "/a")->text, "1");
	assert_int_equal(ports.host.replace(world, "/a", "3", 0600, &err), 0);
	world_begin(world, &after);
	assert_int_equal(ports.host.replace(world, "/a", "4", 0600, &err), -1);
	assert_string_equal(world_file(world, "/a")->text, "4");
	world_begin(world, &lasting);
	assert_int_equal(ports.dm.clear(world, world_source_wwid(0), &err), -1);
	assert_int_equal(ports.dm.clear(world, world_source_wwid(0), &err), -1);
	assert_string_equal(world->failures, "dm.clear #1 fails before");
}

static void death_leaves_the_host_as_it_was(void **state)
{
	const struct failure death = { .kind = DIE_AFTER, .call = 1, .call_name = "dm.suspend" };
	static struct dm_suspend *hold; /* static: it must survive the jump */
	jmp_buf landing;

	(void)state;
	ports.dm.suspend_prepare(world, world_source_wwid(0), &hold, NULL);
	world_begin(world, &death);
	world->death = &landing;
	if (setjmp(landing) == 0) {
		ports.dm.suspend(hold);
		fail_msg("the process lives");
	}
	assert_true(world_map(world, world_source_wwid(0))->suspended);
	world_guardian(world);
	assert_false(world_map(world, world_source_wwid(0))->suspended);
	assert_int_equal(world->holds, 0);
	ports.dm.suspend_free(hold);
}

static void saved_host_comes_back_whole(void **state)
{
	struct fake_world *saved = world_save(world);
	char *before = world_dump(world), *after;

	(void)state;
	exchange_by_hand();
	after = world_dump(world);
	assert_string_not_equal(before, after);
	free(after);
	world_restore(world, saved);
	after = world_dump(world);
	assert_string_equal(before, after);
	free(after);
	free(before);
	world_free(saved);
}

static void rules_of_both_distribution_styles_present_and_hide(void **state)
{
	(void)state;
	for (int style = 0; style < 3; style++) {
		world->settings.debian_rules = style == 0; /* always has sg3_utils' rules: multipath-tools needs them */
		world->settings.sg3_rules = style <= 1;
		world_reboot(world);
		exchange_by_hand();
		expect_none();
		world_reboot(world);
		expect_none();
		teardown(NULL);
		setup(NULL);
	}
}

static void retired_lun_gets_no_map(void **state)
{
	char presented[WWID_SIZE];

	(void)state;
	exchange_by_hand();
	ports.multipathd.stop(world, NULL);
	ports.dm.remove(world, world_destination_wwid(0), NULL);
	install_rules(IDENTITY_RETIRED);
	strcpy(world->settings.find_multipaths, "greedy");
	world_reboot(world);
	property_get(world_disk(world, "sda")->properties, "ID_SERIAL", presented, sizeof(presented));
	assert_int_equal(strncmp(presented, "retired-", 8), 0);
	for (size_t i = 0; i < MAPS_MAX; i++)
		if (world->maps[i].exists && strncmp(world->maps[i].uuid, "mpath-", 6) == 0)
			assert_string_equal(world->maps[i].name, world_source_wwid(0));
	expect_none();
}

static void rule_that_udev_would_not_read_is_caught(void **state)
{
	static const char *const bad[] = {
		"KERNEL==\"sd*\", ENVIRONMENT{X}=\"1\"\n",
		"KERNEL==\"sd*\", ENV{X}=\"$unknown{y}\"\n",
		"KERNEL==\"sd*\", GOTO=\"nowhere\"\n",
		"KERNEL==\"sd*\", ENV{X}=\"unterminated\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		world_begin(world, NULL);
		world_write_file(world, "/etc/udev/rules.d/90-bad.rules", bad[i], 0644);
		ports.device.reidentify(world, all_disks, 1, 1000, NULL);
		expect_violation("udev rule: ");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_WORLD(quiet_host_breaks_nothing),
		WITH_WORLD(exchange_in_the_right_order_breaks_nothing),
		WITH_WORLD(tables_before_identity_is_caught),
		WITH_WORLD(tables_before_identity_and_a_check_by_udev_is_caught),
		WITH_WORLD(identity_while_multipathd_runs_is_caught),
		WITH_WORLD(switch_without_pass_through_is_caught),
		WITH_WORLD(going_back_after_the_copy_is_caught),
		WITH_WORLD(destination_that_is_not_hidden_is_caught),
		WITH_WORLD(rules_that_udev_has_not_read_do_not_work),
		WITH_WORLD(partition_of_the_idle_map_is_caught),
		WITH_WORLD(mixed_table_is_caught),
		WITH_WORLD(disk_in_two_maps_is_caught),
		WITH_WORLD(call_inside_the_hold_is_caught),
		WITH_WORLD(hold_that_is_too_long_is_caught),
		WITH_WORLD(lost_paths_stall_or_fail),
		WITH_WORLD(forced_queueing_survives_the_stop),
		WITH_WORLD(lower_queue_limit_is_caught),
		WITH_WORLD(removed_live_map_is_caught),
		WITH_WORLD(device_mapper_refuses_as_the_kernel_does),
		WITH_WORLD(failures_come_where_they_are_told),
		WITH_WORLD(death_leaves_the_host_as_it_was),
		WITH_WORLD(saved_host_comes_back_whole),
		WITH_WORLD(rules_of_both_distribution_styles_present_and_hide),
		WITH_WORLD(retired_lun_gets_no_map),
		WITH_WORLD(rule_that_udev_would_not_read_is_caught),
	};

	return cmocka_run_group_tests_name("fake_world", tests, NULL, NULL);
}
