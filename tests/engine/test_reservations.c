/*
 * Reservations that move, on a fake host: what is on both LUNs behind each verb, with peers, and with changes while
 * they are moved. And that the checks check.
 */
#include "reservations.h"

#include "dm-import/reservations/lun.h"

/* --- the ways through --- */

static void go_all_the_way(const struct way *way, unsigned paths, bool with_peer)
{
	host_test_begin(&pr_test, 1, paths);
	for (int i = 0; way->one_initiator && i < pr_test.world->disk_count; i++)
		pr_test.world->disks[i].nexus.initiator[strlen(pr_test.world->disks[i].nexus.initiator) - 1] = '0';
	pr_test.options.min_paths = 1;
	assert_int_equal(host_test_open(&pr_test), 0);
	host_test_must(&pr_test, VERB_CREATE);
	reserve_host(world_source(0), OWN_KEY, way);
	if (with_peer)
		peer_registers(world_source(0), &peer, PEER_KEY);
	host_test_must(&pr_test, VERB_PREPARE);
	expect_moved("prepared", SIDE_SOURCE);
	if (with_peer)
		peer_registers(world_destination(0), &peer, PEER_KEY);
	for (unsigned i = 0; i < lun_of(world_destination(0))->pr.count; i++)
		if (is_own(&lun_of(world_destination(0))->pr.registrations[i]))
			assert_int_equal(lun_of(world_destination(0))->pr.registrations[i].all_target_ports,
					 way->all_ports);
	host_test_must(&pr_test, VERB_SWITCH);
	expect_moved("on_destination", SIDE_DESTINATION);
	assert_int_equal(lun_of(world_destination(0))->pr.type, way->type);
	host_test_must(&pr_test, VERB_SWITCH_BACK);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_must(&pr_test, VERB_HELD_SWITCH);
	expect_moved("on_destination", SIDE_DESTINATION);
	world_finish_copy(pr_test.world, world_destination(0));
	host_test_must(&pr_test, VERB_COMMIT);
	host_test_expect(&pr_test, "committed", SIDE_DESTINATION);
	expect_none_of_ours(world_source(0));
	assert_int_not_equal(own_count(world_destination(0)), 0);
	assert_int_equal(lun_of(world_destination(0))->pr.type, way->type);
	assert_int_equal(has_key(world_source(0), PEER_KEY), with_peer);
	host_test_end(&pr_test);
}

/* Where only the holder's nexus writes, all paths have to be one for the array. */
static void every_type_every_way(void **state)
{
	static const enum pr_type types[] = { PR_WE, PR_EA, PR_WE_RO, PR_EA_RO, PR_WE_AR, PR_EA_AR };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		for (unsigned bits = 0; bits < 16; bits++) {
			bool exclusive = types[i] == PR_WE || types[i] == PR_EA;
			const struct way way = { .type = types[i],
						 .aptpl = bits & 1,
						 .all_ports = bits & 2,
						 .key_per_initiator = !exclusive && (bits & 4),
						 .one_initiator = exclusive };

			if (exclusive && (bits & 4))
				continue;
			go_all_the_way(&way, exclusive && !way.all_ports ? 1 : 3, bits & 8);
		}
}

/* The peer's key is ours: all nodes use the same. */
static void one_key_for_all_nodes(void **state)
{
	(void)state;
	begin(1, 2);
	reserve_host(world_source(0), OWN_KEY, &usual);
	peer_registers(world_source(0), &peer, OWN_KEY);
	host_test_must(&pr_test, VERB_PREPARE);
	peer_registers(world_destination(0), &peer, OWN_KEY);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_must(&pr_test, VERB_SWITCH);
	expect_moved("on_destination", SIDE_DESTINATION);
	host_test_must(&pr_test, VERB_CANCEL);
	host_test_expect(&pr_test, "cancelled", SIDE_SOURCE);
	expect_none_of_ours(world_destination(0));
	assert_true(has_key(world_destination(0), OWN_KEY));
	assert_int_equal(own_count(world_source(0)), 2);
	host_test_end(&pr_test);
}

static void registered_without_reservation(void **state)
{
	(void)state;
	begin(1, 2);
	register_host(world_source(0), OWN_KEY, &usual);
	host_test_must(&pr_test, VERB_PREPARE);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_must(&pr_test, VERB_SWITCH);
	expect_moved("on_destination", SIDE_DESTINATION);
	host_test_must(&pr_test, VERB_CANCEL);
	expect_none_of_ours(world_destination(0));
	host_test_end(&pr_test);
}

static void without_registrations_nothing_is_sent(void **state)
{
	(void)state;
	for (int unsupported = 0; unsupported < 2; unsupported++) {
		begin(1, 2);
		lun_of(world_source(0))->pr.unsupported = lun_of(world_destination(0))->pr.unsupported = unsupported;
		host_test_must(&pr_test, VERB_PREPARE);
		host_test_must(&pr_test, VERB_SWITCH);
		assert_false(tend(LOOK_US));
		host_test_must(&pr_test, VERB_SWITCH_BACK);
		host_test_must(&pr_test, VERB_CANCEL);
		host_test_expect(&pr_test, "cancelled", SIDE_SOURCE);
		assert_int_equal(calls_of("scsi.pr_out"), 0);
		host_test_end(&pr_test);
	}
}

static void group_of_four(void **state)
{
	(void)state;
	begin_prepared(4);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_must(&pr_test, VERB_SWITCH);
	expect_moved("on_destination", SIDE_DESTINATION);
	host_test_must(&pr_test, VERB_HELD_SWITCH_BACK);
	host_test_must(&pr_test, VERB_SWITCH);
	for (unsigned i = 0; i < 4; i++)
		world_finish_copy(pr_test.world, world_destination(i));
	host_test_must(&pr_test, VERB_COMMIT);
	host_test_expect(&pr_test, "committed", SIDE_DESTINATION);
	for (unsigned i = 0; i < 4; i++)
		expect_none_of_ours(world_source(i));
	host_test_end(&pr_test);
}

static void cancel_from_prepared(void **state)
{
	(void)state;
	begin_prepared(2);
	host_test_must(&pr_test, VERB_CANCEL);
	host_test_expect(&pr_test, "cancelled", SIDE_SOURCE);
	for (unsigned i = 0; i < 2; i++) {
		expect_none_of_ours(world_destination(i));
		assert_true(has_key(world_destination(i), PEER_KEY));
		assert_int_equal(own_count(world_source(i)), 2);
		assert_int_equal(lun_of(world_source(i))->pr.type, PR_WE_RO);
	}
	host_test_end(&pr_test);
}

/* The source gets what the destination has now. */
static void cancel_from_the_destination(void **state)
{
	(void)state;
	begin_prepared(1);
	host_test_must(&pr_test, VERB_SWITCH);
	register_host(world_destination(0), NEW_KEY, &usual);
	peer_registers(world_destination(0), &third, THIRD_KEY);
	host_test_must(&pr_test, VERB_CANCEL);
	host_test_expect(&pr_test, "cancelled", SIDE_SOURCE);
	expect_none_of_ours(world_destination(0));
	assert_int_equal(own_count(world_source(0)), 2);
	assert_true(has_key(world_source(0), NEW_KEY));
	assert_false(has_key(world_source(0), OWN_KEY));
	assert_int_equal(lun_of(world_source(0))->pr.type, PR_WE_RO);
	host_test_end(&pr_test);
}

static void another_type_on_the_destination(void **state)
{
	const struct way other = { .type = PR_EA_RO, .aptpl = true };

	(void)state;
	begin_prepared(1);
	host_test_must(&pr_test, VERB_SWITCH);
	must_out(world_destination(0), &path_of(world_destination(0), 0)->nexus,
		 (struct pr_request){ .action = PR_RELEASE, .type = PR_WE_RO, .key = OWN_KEY });
	reserve_host(world_destination(0), OWN_KEY, &other);
	host_test_must(&pr_test, VERB_SWITCH_BACK);
	assert_int_equal(lun_of(world_source(0))->pr.type, PR_EA_RO);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_end(&pr_test);
}

/* --- with peers --- */

static void the_holder_is_a_peer(void **state)
{
	(void)state;
	begin_with_holding_peer();
	assert_int_equal(own_count(world_destination(0)), 2);
	assert_int_equal(lun_of(world_destination(0))->pr.type, PR_NONE);
	expect_error(host_test_run(&pr_test, VERB_SWITCH), ERR_PR_NOT_RESERVED);
	host_test_expect(&pr_test, "prepared", SIDE_SOURCE);
	expect_error(host_test_run(&pr_test, VERB_HELD_SWITCH), ERR_PR_NOT_RESERVED);
	host_test_expect(&pr_test, "prepared", SIDE_SOURCE);
	peer_registers(world_destination(0), &peer, PEER_KEY);
	reserve(world_destination(0), &peer, PEER_KEY, PR_EA_RO);
	expect_error(host_test_run(&pr_test, VERB_SWITCH), ERR_PR_NOT_RESERVED);
	must_out(world_destination(0), &peer,
		 (struct pr_request){ .action = PR_RELEASE, .type = PR_EA_RO, .key = PEER_KEY });
	reserve(world_destination(0), &peer, PEER_KEY, PR_WE_RO);
	host_test_must(&pr_test, VERB_SWITCH);
	expect_moved("on_destination", SIDE_DESTINATION);
	host_test_must(&pr_test, VERB_CANCEL);
	expect_none_of_ours(world_destination(0));
	assert_int_equal(lun_of(world_destination(0))->pr.type, PR_WE_RO);
	assert_true(has_key(world_destination(0), PEER_KEY));
	host_test_end(&pr_test);
}

static void stranger_on_the_destination(void **state)
{
	(void)state;
	begin_reserved(1);
	peer_registers(world_destination(0), &third, THIRD_KEY);
	expect_error(host_test_run(&pr_test, VERB_PREPARE), ERR_DESTINATION_RESERVED);
	host_test_expect(&pr_test, "new", SIDE_SOURCE);
	expect_none_of_ours(world_destination(0));
	assert_true(has_key(world_destination(0), THIRD_KEY));
	clear(world_destination(0));
	host_test_must(&pr_test, VERB_PREPARE);
	peer_registers(world_destination(0), &third, THIRD_KEY);
	expect_error(host_test_run(&pr_test, VERB_SWITCH), ERR_DESTINATION_RESERVED);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_end(&pr_test);
}

static void whose_key_is_it(void **state)
{
	(void)state;
	for (int with_peer = 0; with_peer < 2; with_peer++) {
		begin(1, 2);
		reserve_host(world_source(0), OWN_KEY, &usual);
		if (with_peer)
			peer_registers(world_source(0), &peer, PEER_KEY);
		lun_of(world_source(0))->pr.no_full_status = lun_of(world_destination(0))->pr.no_full_status = true;
		expect_error(host_test_run(&pr_test, VERB_PREPARE), ERR_PRECHECK_FAILED);
		assert_non_null(strstr(json_object_to_json_string(pr_test.result), "pr_key_unknown"));
		assert_int_equal(calls_of("scsi.pr_out"), 0);
		if (with_peer)
			world_write_file(pr_test.world, "/var/run/cluster/fence_scsi.key", "a0001\n", 0600);
		else
			pr_test.world->settings.reservation_key = OWN_KEY;
		host_test_must(&pr_test, VERB_PREPARE);
		expect_moved("prepared", SIDE_SOURCE);
		if (with_peer)
			peer_registers(world_destination(0), &peer, PEER_KEY);
		host_test_must(&pr_test, VERB_SWITCH);
		expect_moved("on_destination", SIDE_DESTINATION);
		host_test_must(&pr_test, VERB_SWITCH_BACK);
		expect_moved("prepared", SIDE_SOURCE);
		host_test_must(&pr_test, VERB_CANCEL);
		expect_none_of_ours(world_destination(0));
		assert_int_equal(own_count(world_source(0)), 2);
		assert_int_equal(has_key(world_destination(0), PEER_KEY), with_peer);
		host_test_end(&pr_test);
	}
}

/* --- changes behind the move --- */

/* Of ALL_TG_PT, Linux targets make an entry without the session for other ports: it fits the sessions that have none.
 */
static void an_entry_without_a_session(void **state)
{
	static const char *const sessions[] = { "iscsi:iqn.2004-10.example:a,i,0x00023d000001",
						"iscsi:iqn.2004-10.example:a,i,0x00023d000002" };
	int source = world_source(0);

	(void)state;
	for (int order = 0; order < 2; order++) {
		CLEANUP_INVENTORY struct inventory now = { 0 };
		struct fake_pr *pr;
		struct pr_lun lun;

		begin(1, 2);
		for (int i = 0; i < 2; i++)
			snprintf(path_of(source, i)->nexus.initiator, sizeof(path_of(source, i)->nexus.initiator), "%s",
				 sessions[i]);
		pr = &lun_of(source)->pr;
		pr->count = 2;
		pr->registrations[order] =
			(struct fake_registration){ OWN_KEY, "iscsi:iqn.2004-10.example:a", 0, true, false };
		pr->registrations[!order] = (struct fake_registration){ NEW_KEY, "", 0, true, false };
		snprintf(pr->registrations[!order].initiator, sizeof(pr->registrations[0].initiator), "%s",
			 sessions[1]);
		assert_int_equal(inventory_load(&pr_test.ports, &now, &pr_test.err), 0);
		assert_int_equal(pr_lun_read(pr_test.engine, &now, lun_of(source)->wwid, 0, 0, &lun, &pr_test.err), 0);
		assert_int_equal(lun.path_count, 2);
		for (size_t i = 0; i < lun.path_count; i++)
			assert_int_equal(lun.paths[i].key,
					 strcmp(lun.paths[i].nexus.initiator, sessions[1]) == 0 ? NEW_KEY : OWN_KEY);
		pr_lun_free(&lun);
		pr->count = 0;
		host_test_end(&pr_test);
	}
}

static void source_gets_another_key(void)
{
	register_host(world_source(0), NEW_KEY + hook_times, &usual);
}

static void source_gets_a_peer(void)
{
	peer_registers(world_source(0), &third, THIRD_KEY);
	peer_registers(world_destination(0), &third, THIRD_KEY);
}

static void source_is_cleared(void)
{
	clear(world_source(0));
	peer_registers(world_source(0), &peer, PEER_KEY);
}

static void peer_is_preempted(void)
{
	peer_preempts(world_source(0), &path_of(world_source(0), 0)->nexus, OWN_KEY, PEER_KEY);
}

static void changes_just_before_the_hold(void **state)
{
	static void (*const changes[])(void) = { source_gets_another_key, source_gets_a_peer, source_is_cleared,
						 peer_is_preempted };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		begin_prepared(1);
		before_the_hold(changes[i], 1);
		host_test_must(&pr_test, VERB_SWITCH);
		assert_int_equal(hook_times, 0);
		assert_int_equal(calls_of("multipathd.stop"), 2); /* taken back, and once more */
		expect_alike(0);
		host_test_expect(&pr_test, "on_destination", SIDE_DESTINATION);
		assert_int_equal(own_count(world_destination(0)), changes[i] == source_is_cleared ? 0 : 2);
		assert_int_equal(has_key(world_destination(0), THIRD_KEY), changes[i] == source_gets_a_peer);
		assert_int_equal(has_key(world_destination(0), PEER_KEY), changes[i] != peer_is_preempted);
		host_test_end(&pr_test);
	}
}

static void source_answers_no_more(void)
{
	lun_of(world_source(0))->unanswering = true;
}

/* Who was registered may have been fenced, and nobody can know; who was not goes on to the array that lives. */
static void the_array_that_is_left_dies(void **state)
{
	(void)state;
	begin_prepared(1);
	before_the_hold(source_answers_no_more, 1);
	expect_error(host_test_run(&pr_test, VERB_SWITCH), ERR_SCSI_FAILED);
	host_test_expect_side(&pr_test, SIDE_SOURCE);
	lun_of(world_source(0))->unanswering = false;
	host_test_end(&pr_test);

	begin(1, 2);
	host_test_must(&pr_test, VERB_PREPARE);
	before_the_hold(source_answers_no_more, 1);
	host_test_must(&pr_test, VERB_SWITCH);
	host_test_expect(&pr_test, "on_destination", SIDE_DESTINATION);
	lun_of(world_source(0))->unanswering = false;
	host_test_end(&pr_test);
}

static void changes_without_an_end(void **state)
{
	(void)state;
	begin_prepared(1);
	before_the_hold(source_gets_another_key, 99);
	expect_error(host_test_run(&pr_test, VERB_SWITCH), ERR_PR_CHANGED);
	host_test_expect(&pr_test, "prepared", SIDE_SOURCE);
	assert_int_equal(calls_of("multipathd.stop"), 3);
	expect_error(host_test_run(&pr_test, VERB_HELD_SWITCH), ERR_PR_CHANGED);
	host_test_expect(&pr_test, "prepared", SIDE_SOURCE);
	hook_times = 0;
	host_test_must(&pr_test, VERB_HELD_SWITCH);
	expect_moved("on_destination", SIDE_DESTINATION);
	host_test_end(&pr_test);
}

/* Changes on either LUN between the verbs, which a switch finds. */
static void changes_between_the_verbs(void **state)
{
	(void)state;
	begin_prepared(1);
	register_host(world_source(0), NEW_KEY, &usual);
	host_test_must(&pr_test, VERB_SWITCH);
	expect_moved("on_destination", SIDE_DESTINATION);
	assert_true(has_key(world_destination(0), NEW_KEY));
	host_test_must(&pr_test, VERB_SWITCH_BACK);
	source_is_cleared();
	host_test_must(&pr_test, VERB_SWITCH);
	host_test_expect(&pr_test, "on_destination", SIDE_DESTINATION);
	expect_none_of_ours(world_destination(0));
	assert_int_equal(lun_of(world_destination(0))->pr.type, PR_NONE);
	reserve_host(world_destination(0), OWN_KEY, &usual);
	host_test_must(&pr_test, VERB_SWITCH_BACK);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_end(&pr_test);
}

/* Told of an event the agent looks at once, and a crowd of them costs two looks a second. */
static void new_paths_by_event(void **state)
{
	int lun = world_destination(0);

	(void)state;
	begin(1, 2);
	reserve_host(world_source(0), OWN_KEY, &usual);
	host_test_must(&pr_test, VERB_PREPARE);
	host_test_must(&pr_test, VERB_SWITCH);
	tend(LOOK_US);
	hot_add_path(lun);
	world_scan(pr_test.world);
	engine_paths_changed(pr_test.engine);
	tend(0);
	assert_int_equal(own_count(lun), 3);
	world_begin(pr_test.world, NULL);
	for (int i = 0; i < 100; i++) {
		engine_paths_changed(pr_test.engine);
		tend(10000);
	}
	assert_in_range(calls_of("device.disks"), 1, 3);
	assert_in_range(calls_of("scsi.pr_watch_read"), 2, 22); /* two LUNs, ten times a second */
	host_test_must(&pr_test, VERB_CANCEL);
	expect_none_of_ours(lun);
	host_test_end(&pr_test);
}

/* A path is lost behind the prepare, whichever it is: the look during the hold goes through the other one. */
static void look_through_another_path(void **state)
{
	(void)state;
	for (size_t lost = 0; lost < 2; lost++) {
		begin(1, 2);
		reserve_host(world_source(0), OWN_KEY, &usual);
		host_test_must(&pr_test, VERB_PREPARE);
		path_of(world_source(0), lost)->probe_fails = true;
		host_test_must(&pr_test, VERB_SWITCH);
		path_of(world_source(0), lost)->probe_fails = false;
		host_test_must(&pr_test, VERB_CANCEL);
		host_test_end(&pr_test);
	}
}

static void held_while_the_reservations_change(void **state)
{
	(void)state;
	begin_prepared(1);
	host_test_must(&pr_test, VERB_HOLD);
	source_gets_another_key();
	expect_error(host_test_run(&pr_test, VERB_RELEASE), ERR_PR_CHANGED);
	host_test_expect(&pr_test, "prepared", SIDE_SOURCE);
	host_test_must(&pr_test, VERB_HOLD);
	host_test_must(&pr_test, VERB_RELEASE);
	expect_moved("on_destination", SIDE_DESTINATION);
	host_test_end(&pr_test);
}

/* --- the checks check --- */

static int deaf_pr_out(void *ctx, const char *disk, const struct pr_request *request, struct error *err)
{
	(void)ctx, (void)disk, (void)request, (void)err;
	return 0;
}

static int empty_pr_read(void *ctx, const char *disk, struct pr_state *ret, struct error *err)
{
	(void)ctx, (void)disk, (void)err;
	*ret = (struct pr_state){ 0 };
	return 0;
}

/* A LUN that takes commands and does nothing is found out before the switch. */
static void control_commands_without_effect(void **state)
{
	(void)state;
	begin_reserved(1);
	pr_test.ports.scsi.pr_out = deaf_pr_out;
	expect_error(host_test_run(&pr_test, VERB_PREPARE), ERR_PR_FAILED);
	host_test_expect(&pr_test, "new", SIDE_SOURCE);
	host_test_end(&pr_test);
}

/* A switch that knows nothing of reservations, to a LUN that is reserved: the fake host notices. */
static void control_switch_without_registration(void **state)
{
	(void)state;
	begin_reserved(1);
	peer_registers(world_destination(0), &peer, PEER_KEY);
	reserve(world_destination(0), &peer, PEER_KEY, PR_WE_RO);
	pr_test.ports.scsi.pr_read = empty_pr_read;
	host_test_must(&pr_test, VERB_PREPARE);
	assert_string_equal(pr_test.world->violations, "");
	host_test_must(&pr_test, VERB_SWITCH);
	assert_non_null(strstr(pr_test.world->violations, "reservation conflict"));
	host_test_end(&pr_test);
}

/* A fenced host whose keys stay on the other LUN writes again behind a switch: the fake host notices. */
static void control_switch_of_a_fenced_host(void **state)
{
	(void)state;
	begin_prepared(1);
	pr_test.ports.scsi.pr_out = deaf_pr_out;
	this_host_is_preempted();
	pr_test.ports.scsi.pr_read = empty_pr_read;
	host_test_must(&pr_test, VERB_SWITCH);
	assert_non_null(strstr(pr_test.world->violations, "the fenced host writes"));
	host_test_end(&pr_test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_every_way),
		cmocka_unit_test(one_key_for_all_nodes),
		cmocka_unit_test(registered_without_reservation),
		cmocka_unit_test(without_registrations_nothing_is_sent),
		cmocka_unit_test(group_of_four),
		cmocka_unit_test(cancel_from_prepared),
		cmocka_unit_test(cancel_from_the_destination),
		cmocka_unit_test(another_type_on_the_destination),
		cmocka_unit_test(the_holder_is_a_peer),
		cmocka_unit_test(stranger_on_the_destination),
		cmocka_unit_test(whose_key_is_it),
		cmocka_unit_test(an_entry_without_a_session),
		cmocka_unit_test(changes_just_before_the_hold),
		cmocka_unit_test(the_array_that_is_left_dies),
		cmocka_unit_test(changes_without_an_end),
		cmocka_unit_test(changes_between_the_verbs),
		cmocka_unit_test(new_paths_by_event),
		cmocka_unit_test(look_through_another_path),
		cmocka_unit_test(held_while_the_reservations_change),
		cmocka_unit_test(control_commands_without_effect),
		cmocka_unit_test(control_switch_without_registration),
		cmocka_unit_test(control_switch_of_a_fenced_host),
	};

	return cmocka_run_group_tests_name("reservations", tests, NULL, NULL);
}
