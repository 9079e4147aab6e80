/*
 * Fencing on a fake host: this host's, before, in and behind the switch; its end; that of peers; and the looks that an
 * agent takes between the verbs.
 */
#include "reservations.h"

/* --- fencing --- */

static void expect_fenced(void)
{
	const char *why = host_test_disagreement(&pr_test);

	if (why)
		fail_msg("%s\ncalls:\n%s", why, host_test_calls(&pr_test));
	for (unsigned i = 0; i < pr_test.members; i++) {
		expect_none_of_ours(world_source(i));
		expect_none_of_ours(world_destination(i));
		assert_true(member_pr(i)->fenced);
	}
}

/* What the agent of the peer that fenced this host does, there. */
static void peer_reserves(int lun)
{
	if (lun_of(lun)->pr.type)
		must_out(lun, &peer,
			 (struct pr_request){ .action = PR_RELEASE, .type = lun_of(lun)->pr.type, .key = PEER_KEY });
	reserve(lun, &peer, PEER_KEY, PR_WE_RO);
}

/* The cluster registers the host again on the LUN that its application is on. */
static void unfence(int lun)
{
	for (unsigned i = 0; i < pr_test.members; i++)
		register_host(lun + 2 * (int)i, OWN_KEY, &usual);
	mark_fenced(false);
}

static void fenced_before_the_switch(void **state)
{
	(void)state;
	for (int looks = 0; looks < 2; looks++) {
		begin_prepared(1);
		this_host_is_preempted();
		if (looks)
			assert_true(tend(LOOK_US));
		expect_error(host_test_run(&pr_test, VERB_SWITCH), ERR_PR_FENCED);
		expect_fenced();
		expect_error(host_test_run(&pr_test, VERB_HELD_SWITCH), ERR_PR_FENCED);
		expect_fenced();
		assert_string_equal(host_test_state(&pr_test), "prepared");
		peer_reserves(world_destination(0));
		unfence(world_source(0));
		if (looks)
			tend(LOOK_US);
		host_test_must(&pr_test, VERB_SWITCH);
		assert_false(member_pr(0)->fenced);
		expect_moved("on_destination", SIDE_DESTINATION);
		host_test_end(&pr_test);
	}
}

static void fenced_just_before_the_hold(void **state)
{
	(void)state;
	begin_prepared(1);
	before_the_hold(this_host_is_preempted, 1);
	expect_error(host_test_run(&pr_test, VERB_SWITCH), ERR_PR_FENCED);
	assert_string_equal(host_test_state(&pr_test), "prepared");
	expect_fenced();
	host_test_end(&pr_test);
}

static void this_host_is_preempted_everywhere(void)
{
	must_out(world_source(0), &peer,
		 (struct pr_request){ .action = PR_PREEMPT_AND_ABORT,
				      .type = PR_WE_RO,
				      .key = PEER_KEY,
				      .service_action_key = NEW_KEY });
	peer_preempts(world_destination(0), &peer, PEER_KEY, OWN_KEY);
	mark_fenced(true);
}

/* The look has seen the new key on the source, and registers it on the destination behind the preemption. */
static void fenced_while_registering(void **state)
{
	(void)state;
	begin_prepared(1);
	register_host(world_source(0), NEW_KEY, &usual);
	before_a_registration(this_host_is_preempted_everywhere);
	expect_error(host_test_run(&pr_test, VERB_SWITCH), ERR_PR_FENCED);
	assert_int_equal(hook_times, 0);
	expect_fenced();
	host_test_end(&pr_test);
}

/* The same in a look, which no hold follows that would compare once more. */
static void fenced_while_a_look_registers(void **state)
{
	(void)state;
	begin_prepared(1);
	register_host(world_source(0), NEW_KEY, &usual);
	before_a_registration(this_host_is_preempted_everywhere);
	assert_true(tend(LOOK_US));
	assert_int_equal(hook_times, 0);
	expect_fenced();
	host_test_end(&pr_test);
}

static void fenced_while_held(void **state)
{
	(void)state;
	begin_prepared(1);
	host_test_must(&pr_test, VERB_HOLD);
	this_host_is_preempted();
	expect_error(host_test_run(&pr_test, VERB_RELEASE), ERR_PR_CHANGED);
	assert_string_equal(host_test_state(&pr_test), "prepared");
	assert_true(tend(LOOK_US));
	expect_fenced();
	expect_error(host_test_run(&pr_test, VERB_HOLD), ERR_PR_FENCED);
	host_test_must(&pr_test, VERB_CANCEL);
	expect_none_of_ours(world_source(0));
	expect_none_of_ours(world_destination(0));
	host_test_end(&pr_test);
}

/* Whoever was fenced on the destination may go back, and cancel: it writes on neither side. */
static void fenced_behind_the_switch(void **state)
{
	(void)state;
	for (int looks = 0; looks < 2; looks++)
		for (int held = 0; held < 2; held++) {
			begin_prepared(1);
			host_test_must(&pr_test, VERB_SWITCH);
			peer_preempts(world_destination(0), &peer, PEER_KEY, OWN_KEY);
			mark_fenced(true);
			if (looks) {
				assert_true(tend(LOOK_US));
				expect_fenced();
			}
			host_test_must(&pr_test, held ? VERB_HELD_SWITCH_BACK : VERB_SWITCH_BACK);
			expect_fenced();
			assert_string_equal(host_test_state(&pr_test), "prepared");
			expect_error(host_test_run(&pr_test, VERB_SWITCH), ERR_PR_FENCED);
			unfence(world_source(0));
			peer_reserves(world_source(0));
			host_test_must(&pr_test, VERB_SWITCH);
			expect_moved("on_destination", SIDE_DESTINATION);
			host_test_end(&pr_test);
		}
}

static void cancel_when_fenced(void **state)
{
	(void)state;
	begin_prepared(2);
	host_test_must(&pr_test, VERB_SWITCH);
	for (unsigned i = 0; i < 2; i++)
		peer_preempts(world_destination(i), &peer, PEER_KEY, OWN_KEY);
	mark_fenced(true);
	host_test_must(&pr_test, VERB_CANCEL);
	assert_string_equal(host_test_state(&pr_test), "cancelled");
	for (unsigned i = 0; i < 2; i++) {
		expect_none_of_ours(world_source(i));
		expect_none_of_ours(world_destination(i));
		assert_int_equal(lun_of(world_source(i))->pr.type, PR_WE_AR);
		assert_true(has_key(world_source(i), PEER_KEY));
	}
	host_test_end(&pr_test);
}

/* A peer fences this host where that peer is: on the LUN that is the other one here. */
static void fenced_on_the_other_lun(void **state)
{
	(void)state;
	begin_prepared(1);
	tend(LOOK_US);
	peer_preempts(world_destination(0), &peer, PEER_KEY, OWN_KEY);
	assert_true(tend(LOOK_US));
	assert_int_equal(lun_of(world_source(0))->pr.type, PR_WE_AR);
	mark_fenced(true);
	assert_int_equal(own_count(world_source(0)), 0);
	assert_int_equal(own_count(world_destination(0)), 0);
	assert_true(member_pr(0)->fenced);
	host_test_end(&pr_test);
}

/* Fenced, unfenced on the live LUN, and all that while the agent did not look: the reboot of a node. */
static void unfenced_before_the_agent_looks(void **state)
{
	(void)state;
	begin_prepared(1);
	host_test_close(&pr_test);
	peer_preempts(world_source(0), &peer, PEER_KEY, OWN_KEY);
	peer_preempts(world_destination(0), &peer, PEER_KEY, OWN_KEY);
	unfence(world_source(0));
	assert_int_equal(host_test_open(&pr_test), 0);
	tend(LOOK_US);
	assert_int_equal(own_count(world_source(0)), 2);
	assert_int_equal(own_count(world_destination(0)), 2);
	host_test_must(&pr_test, VERB_SWITCH);
	host_test_expect(&pr_test, "on_destination", SIDE_DESTINATION);
	host_test_end(&pr_test);
}

static void agent_restarts(void **state)
{
	(void)state;
	begin_prepared(1);
	host_test_close(&pr_test);
	assert_int_equal(host_test_open(&pr_test), 0);
	assert_true(member_pr(0)->registered);
	assert_int_not_equal(engine_poll_every_ms(pr_test.engine), 0);
	host_test_close(&pr_test);
	this_host_is_preempted();
	assert_int_equal(host_test_open(&pr_test), 0);
	assert_true(tend(LOOK_US));
	expect_fenced();
	host_test_close(&pr_test);
	assert_int_equal(host_test_open(&pr_test), 0);
	assert_true(member_pr(0)->fenced);
	tend(LOOK_US);
	expect_fenced();
	expect_error(host_test_run(&pr_test, VERB_SWITCH), ERR_PR_FENCED);
	peer_reserves(world_destination(0));
	unfence(world_source(0));
	host_test_close(&pr_test);
	assert_int_equal(host_test_open(&pr_test), 0);
	tend(LOOK_US);
	assert_false(member_pr(0)->fenced);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_end(&pr_test);
}

/* Looks are cheap, and a look that finds nothing new says so: the agent would look again at once. */
static void looks_are_quiet(void **state)
{
	(void)state;
	begin_prepared(1);
	tend(LOOK_US);
	world_begin(pr_test.world, NULL);
	for (int i = 0; i < 8; i++)
		assert_false(tend(LOOK_US));
	assert_int_equal(calls_of("scsi.pr_read"), 0);
	assert_int_equal(calls_of("scsi.pr_watch_read"), 16);
	for (int i = 0; i < 30; i++)
		assert_false(tend(LOOK_US));
	assert_in_range(calls_of("scsi.pr_read"), 4, 12);
	this_host_is_preempted();
	assert_true(tend(LOOK_US));
	assert_false(tend(LOOK_US));
	assert_false(tend(LOOK_US));
	expect_fenced();
	host_test_end(&pr_test);
}

/* --- registered for the first time after prepare --- */

/* How many commands 30 seconds of looks cost, which find nothing new. */
static size_t commands_of_looks(void)
{
	world_begin(pr_test.world, NULL);
	for (int i = 0; i < 30; i++)
		assert_false(tend(LOOK_US));
	return calls_of("scsi.");
}

/* Of both LUNs, one command each, every ten seconds; or never more than once where the LUNs know no reservations. */
static void without_registrations_looks_are_few(void **state)
{
	(void)state;
	for (int unsupported = 0; unsupported < 2; unsupported++)
		for (int switched = 0; switched < 2; switched++) {
			begin(1, 2);
			lun_of(world_source(0))->pr.unsupported = unsupported;
			lun_of(world_destination(0))->pr.unsupported = unsupported;
			assert_int_equal(engine_poll_every_ms(pr_test.engine), 0);
			host_test_must(&pr_test, VERB_PREPARE);
			if (switched)
				host_test_must(&pr_test, VERB_SWITCH);
			assert_int_equal(engine_poll_every_ms(pr_test.engine), unsupported ? 0 : 10000);
			assert_int_equal(commands_of_looks(), unsupported ? 0 : 6);
			host_test_close(&pr_test);
			assert_int_equal(host_test_open(&pr_test), 0);
			assert_int_equal(engine_poll_every_ms(pr_test.engine), 10000); /* it does not know yet */
			tend(LOOK_US);
			assert_int_equal(engine_poll_every_ms(pr_test.engine), unsupported ? 0 : 10000);
			tend(10 * LOOK_US);
			assert_int_equal(commands_of_looks(), unsupported ? 0 : 6);
			host_test_must(&pr_test, VERB_CANCEL);
			assert_int_equal(engine_poll_every_ms(pr_test.engine), 0);
			host_test_end(&pr_test);
		}
}

/* Only the destination knows no reservations: nothing can be carried over, and looks stay few. */
static void without_registrations_on_a_destination_without(void **state)
{
	(void)state;
	begin(1, 2);
	lun_of(world_destination(0))->pr.unsupported = true;
	host_test_must(&pr_test, VERB_PREPARE);
	assert_int_equal(engine_poll_every_ms(pr_test.engine), 10000);
	assert_int_equal(commands_of_looks(), 3);
	host_test_end(&pr_test);
}

static void registered_after_prepare(void **state)
{
	(void)state;
	for (int switched = 0; switched < 2; switched++)
		for (int with_peer = 0; with_peer < 2; with_peer++)
			for (int restarted = 0; restarted < 2; restarted++) {
				int live = switched ? world_destination(0) : world_source(0);
				int other = switched ? world_source(0) : world_destination(0);

				begin(1, 2);
				host_test_must(&pr_test, VERB_PREPARE);
				if (switched)
					host_test_must(&pr_test, VERB_SWITCH);
				tend(LOOK_US);
				if (with_peer) {
					peer_registers(live, &peer, PEER_KEY);
					peer_registers(other, &peer, PEER_KEY);
					for (int i = 0; i < 12; i++)
						tend(LOOK_US);
				}
				if (restarted) {
					host_test_close(&pr_test);
					assert_int_equal(host_test_open(&pr_test), 0);
				}
				reserve_host(live, OWN_KEY, &usual);
				for (int i = 0; i < 10 && own_count(other) == 0; i++)
					tend(LOOK_US);
				expect_moved(switched ? "on_destination" : "prepared",
					     switched ? SIDE_DESTINATION : SIDE_SOURCE);
				assert_true(member_pr(0)->registered);
				assert_int_equal(engine_poll_every_ms(pr_test.engine), 500);
				assert_int_equal(has_key(other, PEER_KEY), with_peer);
				host_test_end(&pr_test);
			}
}

/* Of two members one is registered: the other one is not looked at as often. */
static void one_member_is_registered(void **state)
{
	(void)state;
	begin(2, 2);
	reserve_host(world_source(0), OWN_KEY, &usual);
	host_test_must(&pr_test, VERB_PREPARE);
	assert_int_equal(engine_poll_every_ms(pr_test.engine), 500);
	tend(LOOK_US);
	world_begin(pr_test.world, NULL);
	for (int i = 0; i < 8; i++)
		assert_false(tend(LOOK_US));
	assert_int_equal(calls_of("scsi."), 16);
	reserve_host(world_source(1), OWN_KEY, &usual);
	for (int i = 0; i < 10 && own_count(world_destination(1)) == 0; i++)
		tend(LOOK_US);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_end(&pr_test);
}

/* --- looking after peers --- */

static void peers_fencing_is_finished(void **state)
{
	(void)state;
	for (int switched = 0; switched < 2; switched++) {
		int live, other;

		begin_prepared(1);
		if (switched)
			host_test_must(&pr_test, VERB_SWITCH);
		live = switched ? world_destination(0) : world_source(0);
		other = switched ? world_source(0) : world_destination(0);
		peer_registers(live, &third, THIRD_KEY);
		peer_registers(other, &third, THIRD_KEY);
		tend(LOOK_US);
		peer_preempts(live, &peer, PEER_KEY, THIRD_KEY);
		assert_true(has_key(other, THIRD_KEY));
		assert_true(tend(LOOK_US));
		assert_false(has_key(other, THIRD_KEY));
		assert_true(has_key(other, PEER_KEY));
		expect_moved(switched ? "on_destination" : "prepared", switched ? SIDE_DESTINATION : SIDE_SOURCE);
		host_test_end(&pr_test);
	}
}

/* Unregister, as an agent of a peer does at its commit or cancel. */
static void peer_leaves(int lun, uint64_t key)
{
	must_out(lun, &third,
		 (struct pr_request){ .action = PR_REGISTER_AND_IGNORE, .service_action_key = key, .aptpl = true });
}

static void peers_that_leave_are_left_alone(void **state)
{
	(void)state;
	begin_prepared(1);
	host_test_must(&pr_test, VERB_SWITCH);
	peer_registers(world_source(0), &third, THIRD_KEY);
	peer_registers(world_destination(0), &third, THIRD_KEY);
	tend(LOOK_US);
	peer_leaves(world_destination(0), LEAVING); /* it cancels: the source stays */
	for (int i = 0; i < 4; i++)
		tend(LOOK_US);
	peer_leaves(world_destination(0), 0);
	for (int i = 0; i < 12; i++)
		tend(LOOK_US);
	assert_true(has_key(world_source(0), THIRD_KEY));
	expect_moved("on_destination", SIDE_DESTINATION);
	host_test_end(&pr_test);
}

/* Its keys go from both LUNs; nothing of ours goes with them, and the last host's commit leaves nothing on the source.
 */
static void a_peer_leaves_first(void **state)
{
	(void)state;
	begin_reserved(1);
	peer_registers(world_destination(0), &peer, PEER_KEY);
	host_test_must(&pr_test, VERB_PREPARE);
	host_test_must(&pr_test, VERB_SWITCH);
	peer_registers(world_source(0), &peer, 0);
	peer_registers(world_destination(0), &peer, 0);
	for (int i = 0; i < 12; i++)
		tend(LOOK_US);
	expect_moved("on_destination", SIDE_DESTINATION);
	world_finish_copy(pr_test.world, world_destination(0));
	host_test_must(&pr_test, VERB_COMMIT);
	expect_none_of_ours(world_source(0));
	assert_int_equal(lun_of(world_source(0))->pr.count, 0);
	assert_int_equal(lun_of(world_source(0))->pr.type, PR_NONE);
	host_test_end(&pr_test);
}

/* A fenced host leaves its reservation to all registrants: the new holder's host makes of it what it was, no other. */
static void what_a_fenced_holder_left(void **state)
{
	(void)state;
	for (int mine = 0; mine < 2; mine++) {
		const struct pr_nexus *own;

		begin_prepared(1);
		own = &path_of(world_source(0), 0)->nexus;
		must_out(world_destination(0), own,
			 (struct pr_request){ .action = PR_RELEASE, .type = PR_WE_RO, .key = OWN_KEY });
		if (!mine) {
			must_out(world_source(0), own,
				 (struct pr_request){ .action = PR_RELEASE, .type = PR_WE_RO, .key = OWN_KEY });
			reserve(world_source(0), &peer, PEER_KEY, PR_WE_RO);
		}
		reserve(world_destination(0), &peer, PEER_KEY, PR_WE_AR);
		for (int i = 0; i < 12; i++)
			tend(LOOK_US);
		assert_int_equal(lun_of(world_destination(0))->pr.type, mine ? PR_WE_RO : PR_WE_AR);
		if (mine)
			expect_moved("prepared", SIDE_SOURCE);
		host_test_end(&pr_test);
	}
}

/* The one is fenced while the other leaves; by TransportIDs they are told apart. */
static void fenced_while_another_leaves(void **state)
{
	(void)state;
	for (int no_status = 0; no_status < 2; no_status++) {
		begin_prepared(1);
		host_test_must(&pr_test, VERB_SWITCH);
		peer_registers(world_source(0), &third, THIRD_KEY);
		peer_registers(world_destination(0), &third, THIRD_KEY);
		pr_test.world->settings.reservation_key = OWN_KEY;
		lun_of(world_source(0))->pr.no_full_status = no_status;
		lun_of(world_destination(0))->pr.no_full_status = no_status;
		tend(LOOK_US);
		peer_leaves(world_destination(0), LEAVING);
		peer_preempts(world_destination(0), &path_of(world_destination(0), 0)->nexus, OWN_KEY, PEER_KEY);
		tend(LOOK_US);
		assert_int_equal(has_key(world_source(0), PEER_KEY), no_status);
		assert_true(has_key(world_source(0), THIRD_KEY));
		host_test_expect(&pr_test, "on_destination", SIDE_DESTINATION);
		host_test_end(&pr_test);
	}
}

static void what_was_not_seen_is_not_acted_upon(void **state)
{
	(void)state;
	begin_prepared(1);
	peer_registers(world_source(0), &third, THIRD_KEY);
	peer_registers(world_destination(0), &third, THIRD_KEY);
	tend(LOOK_US);
	peer_preempts(world_source(0), &peer, PEER_KEY, THIRD_KEY);
	tend(LOOK_US * 7 / 2);
	assert_true(has_key(world_destination(0), THIRD_KEY));
	tend(LOOK_US);
	assert_true(has_key(world_destination(0), THIRD_KEY));
	host_test_end(&pr_test);
}

/* A node that takes another key is not one that was fenced. */
static void peers_that_change_their_key_are_left_alone(void **state)
{
	(void)state;
	begin_prepared(1);
	tend(LOOK_US);
	peer_registers(world_source(0), &peer, THIRD_KEY);
	tend(LOOK_US);
	tend(LOOK_US);
	assert_true(has_key(world_destination(0), PEER_KEY));
	peer_registers(world_destination(0), &peer, THIRD_KEY);
	tend(LOOK_US);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_end(&pr_test);
}

/* This host's own new key goes over with the next look. */
static void new_keys_follow(void **state)
{
	(void)state;
	for (int switched = 0; switched < 2; switched++) {
		begin_prepared(1);
		if (switched)
			host_test_must(&pr_test, VERB_SWITCH);
		tend(LOOK_US);
		register_host(switched ? world_destination(0) : world_source(0), NEW_KEY, &usual);
		assert_true(tend(LOOK_US));
		assert_true(has_key(switched ? world_source(0) : world_destination(0), NEW_KEY));
		expect_moved(switched ? "on_destination" : "prepared", switched ? SIDE_DESTINATION : SIDE_SOURCE);
		host_test_end(&pr_test);
	}
}

/* The new path is in the live map before the agent sees it, and no event tells of it. */
static void later_paths_are_registered(void **state)
{
	(void)state;
	for (int no_status = 0; no_status < 2; no_status++)
		for (int side = 0; side < 2; side++) {
			int lun = side == SIDE_SOURCE ? world_source(0) : world_destination(0);

			begin(1, 2);
			reserve_host(world_source(0), OWN_KEY, &usual);
			pr_test.world->settings.reservation_key = OWN_KEY;
			lun_of(world_source(0))->pr.no_full_status = no_status;
			lun_of(world_destination(0))->pr.no_full_status = no_status;
			host_test_must(&pr_test, VERB_PREPARE);
			host_test_must(&pr_test, VERB_SWITCH);
			tend(LOOK_US);
			hot_add_path(lun);
			world_scan(pr_test.world);
			for (int i = 0; i < 11 && own_count(lun) < 3; i++)
				tend(LOOK_US);
			assert_int_equal(own_count(lun), 3);
			world_begin(pr_test.world, NULL);
			for (int i = 0; i < 30; i++)
				tend(LOOK_US);
			assert_int_equal(own_count(lun), 3);
			assert_int_equal(calls_of("scsi.pr_out"), 0);
			host_test_expect(&pr_test, "on_destination", SIDE_DESTINATION);
			host_test_must(&pr_test, VERB_CANCEL);
			host_test_expect(&pr_test, "cancelled", SIDE_SOURCE);
			expect_none_of_ours(world_destination(0));
			host_test_end(&pr_test);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fenced_before_the_switch),
		cmocka_unit_test(fenced_just_before_the_hold),
		cmocka_unit_test(fenced_while_registering),
		cmocka_unit_test(fenced_while_a_look_registers),
		cmocka_unit_test(fenced_while_held),
		cmocka_unit_test(fenced_behind_the_switch),
		cmocka_unit_test(cancel_when_fenced),
		cmocka_unit_test(fenced_on_the_other_lun),
		cmocka_unit_test(unfenced_before_the_agent_looks),
		cmocka_unit_test(agent_restarts),
		cmocka_unit_test(looks_are_quiet),
		cmocka_unit_test(without_registrations_looks_are_few),
		cmocka_unit_test(without_registrations_on_a_destination_without),
		cmocka_unit_test(registered_after_prepare),
		cmocka_unit_test(one_member_is_registered),
		cmocka_unit_test(peers_fencing_is_finished),
		cmocka_unit_test(peers_that_leave_are_left_alone),
		cmocka_unit_test(a_peer_leaves_first),
		cmocka_unit_test(what_a_fenced_holder_left),
		cmocka_unit_test(fenced_while_another_leaves),
		cmocka_unit_test(what_was_not_seen_is_not_acted_upon),
		cmocka_unit_test(peers_that_change_their_key_are_left_alone),
		cmocka_unit_test(new_keys_follow),
		cmocka_unit_test(later_paths_are_registered),
	};

	return cmocka_run_group_tests_name("fencing", tests, NULL, NULL);
}
