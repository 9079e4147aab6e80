/*
 * Fencing on a fake host: of this host before, during and after the switch; its end; of peers; and the polls of an
 * agent between the verbs.
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

/* What the agent on the peer that fenced this host does. */
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
	for (int polls = 0; polls < 2; polls++) {
		begin_prepared(1);
		this_host_is_preempted();
		if (polls)
			assert_true(poll_after(POLL_US));
		expect_error(host_test_run(&pr_test, VERB_SWITCH), ERR_PR_FENCED);
		expect_fenced();
		expect_error(host_test_run(&pr_test, VERB_HELD_SWITCH), ERR_PR_FENCED);
		expect_fenced();
		assert_string_equal(host_test_state(&pr_test), "prepared");
		peer_reserves(world_destination(0));
		unfence(world_source(0));
		if (polls)
			poll_after(POLL_US);
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

static void source_preempts(void)
{
	peer_preempts(world_source(0), &peer, PEER_KEY, OWN_KEY);
}

/* The application writes on the destination by then. The verb's last steps fence it there; no poll is needed. */
static void fenced_just_after_the_hold(void **state)
{
	(void)state;
	for (int held = 0; held < 2; held++) {
		begin_prepared(1);
		after_the_hold(source_preempts);
		host_test_must(&pr_test, held ? VERB_HELD_SWITCH : VERB_SWITCH);
		assert_int_equal(hook_times, 0);
		/* that is what a fence is for */
		assert_non_null(strstr(pr_test.world->violations, "reservation conflict"));
		pr_test.world->violations[0] = '\0';
		mark_fenced(true);
		expect_fenced();
		host_test_end(&pr_test);
	}
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

/* The poll has seen the new key on the source, and registers it on the destination after the preemption. */
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

/* The same in a poll, after which no hold compares once more. */
static void fenced_while_a_poll_registers(void **state)
{
	(void)state;
	begin_prepared(1);
	register_host(world_source(0), NEW_KEY, &usual);
	before_a_registration(this_host_is_preempted_everywhere);
	assert_true(poll_after(POLL_US));
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
	assert_true(poll_after(POLL_US));
	expect_fenced();
	expect_error(host_test_run(&pr_test, VERB_HOLD), ERR_PR_FENCED);
	host_test_must(&pr_test, VERB_CANCEL);
	expect_none_of_ours(world_source(0));
	expect_none_of_ours(world_destination(0));
	host_test_end(&pr_test);
}

/* A host that was fenced on the destination may go back, and cancel: it writes on neither side. */
static void fenced_after_the_switch(void **state)
{
	(void)state;
	for (int polls = 0; polls < 2; polls++)
		for (int held = 0; held < 2; held++) {
			begin_prepared(1);
			host_test_must(&pr_test, VERB_SWITCH);
			peer_preempts(world_destination(0), &peer, PEER_KEY, OWN_KEY);
			mark_fenced(true);
			if (polls) {
				assert_true(poll_after(POLL_US));
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

/* A peer fences this host on the peer's live LUN, which is the other LUN here. */
static void fenced_on_the_other_lun(void **state)
{
	(void)state;
	begin_prepared(1);
	poll_after(POLL_US);
	peer_preempts(world_destination(0), &peer, PEER_KEY, OWN_KEY);
	assert_true(poll_after(POLL_US));
	assert_int_equal(lun_of(world_source(0))->pr.type, PR_WE_AR);
	mark_fenced(true);
	assert_int_equal(own_count(world_source(0)), 0);
	assert_int_equal(own_count(world_destination(0)), 0);
	assert_true(member_pr(0)->fenced);
	host_test_end(&pr_test);
}

/* Fenced, and unfenced on the live LUN, between two polls of the agent: the reboot of a node. */
static void unfenced_before_the_agent_polls(void **state)
{
	(void)state;
	begin_prepared(1);
	host_test_close(&pr_test);
	peer_preempts(world_source(0), &peer, PEER_KEY, OWN_KEY);
	peer_preempts(world_destination(0), &peer, PEER_KEY, OWN_KEY);
	unfence(world_source(0));
	assert_int_equal(host_test_open(&pr_test), 0);
	poll_after(POLL_US);
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
	assert_true(poll_after(POLL_US));
	expect_fenced();
	host_test_close(&pr_test);
	assert_int_equal(host_test_open(&pr_test), 0);
	assert_true(member_pr(0)->fenced);
	poll_after(POLL_US);
	expect_fenced();
	expect_error(host_test_run(&pr_test, VERB_SWITCH), ERR_PR_FENCED);
	peer_reserves(world_destination(0));
	unfence(world_source(0));
	host_test_close(&pr_test);
	assert_int_equal(host_test_open(&pr_test), 0);
	poll_after(POLL_US);
	assert_false(member_pr(0)->fenced);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_end(&pr_test);
}

/* Polls are cheap, and a poll that finds no change reports none; else the agent would poll again at once. */
static void polls_are_quiet(void **state)
{
	(void)state;
	begin_prepared(1);
	poll_after(POLL_US);
	world_begin(pr_test.world, NULL);
	for (int i = 0; i < 8; i++)
		assert_false(poll_after(POLL_US));
	assert_int_equal(calls_of("scsi.pr_read"), 0);
	assert_int_equal(calls_of("scsi.pr_watch_read"), 16);
	for (int i = 0; i < 30; i++)
		assert_false(poll_after(POLL_US));
	assert_in_range(calls_of("scsi.pr_read"), 4, 12);
	this_host_is_preempted();
	assert_true(poll_after(POLL_US));
	assert_false(poll_after(POLL_US));
	assert_false(poll_after(POLL_US));
	expect_fenced();
	host_test_end(&pr_test);
}

/* --- peers --- */

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
		poll_after(POLL_US);
		peer_preempts(live, &peer, PEER_KEY, THIRD_KEY);
		assert_true(has_key(other, THIRD_KEY));
		assert_true(poll_after(POLL_US));
		assert_false(has_key(other, THIRD_KEY));
		assert_true(has_key(other, PEER_KEY));
		expect_moved(switched ? "on_destination" : "prepared", switched ? SIDE_DESTINATION : SIDE_SOURCE);
		host_test_end(&pr_test);
	}
}

/* Unregister, as an agent of a peer does at its commit or cancel. */
static void peer_unregisters(int lun, uint64_t key)
{
	must_out(lun, &third,
		 (struct pr_request){ .action = PR_REGISTER_AND_IGNORE, .service_action_key = key, .aptpl = true });
}

static void peers_that_unregister_are_left_alone(void **state)
{
	(void)state;
	begin_prepared(1);
	host_test_must(&pr_test, VERB_SWITCH);
	peer_registers(world_source(0), &third, THIRD_KEY);
	peer_registers(world_destination(0), &third, THIRD_KEY);
	poll_after(POLL_US);
	peer_unregisters(world_destination(0), LEAVING); /* it cancels: the source stays */
	for (int i = 0; i < 4; i++)
		poll_after(POLL_US);
	peer_unregisters(world_destination(0), 0);
	for (int i = 0; i < 12; i++)
		poll_after(POLL_US);
	assert_true(has_key(world_source(0), THIRD_KEY));
	expect_moved("on_destination", SIDE_DESTINATION);
	host_test_end(&pr_test);
}

/* Its keys go from both LUNs; ours stay, and the last host's commit leaves nothing on the source. */
static void a_peer_unregisters_first(void **state)
{
	(void)state;
	begin_reserved(1);
	peer_registers(world_destination(0), &peer, PEER_KEY);
	host_test_must(&pr_test, VERB_PREPARE);
	host_test_must(&pr_test, VERB_SWITCH);
	peer_registers(world_source(0), &peer, 0);
	peer_registers(world_destination(0), &peer, 0);
	for (int i = 0; i < 12; i++)
		poll_after(POLL_US);
	expect_moved("on_destination", SIDE_DESTINATION);
	world_finish_copy(pr_test.world, world_destination(0));
	host_test_must(&pr_test, VERB_COMMIT);
	expect_none_of_ours(world_source(0));
	assert_int_equal(lun_of(world_source(0))->pr.count, 0);
	assert_int_equal(lun_of(world_source(0))->pr.type, PR_NONE);
	host_test_end(&pr_test);
}

/* A fenced host leaves its reservation to all registrants; only the new holder's host changes it back. */
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
			poll_after(POLL_US);
		assert_int_equal(lun_of(world_destination(0))->pr.type, mine ? PR_WE_RO : PR_WE_AR);
		if (mine)
			expect_moved("prepared", SIDE_SOURCE);
		host_test_end(&pr_test);
	}
}

/* One host is fenced while another unregisters; TransportIDs distinguish them. */
static void fenced_while_another_unregisters(void **state)
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
		poll_after(POLL_US);
		peer_unregisters(world_destination(0), LEAVING);
		peer_preempts(world_destination(0), &path_of(world_destination(0), 0)->nexus, OWN_KEY, PEER_KEY);
		poll_after(POLL_US);
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
	poll_after(POLL_US);
	peer_preempts(world_source(0), &peer, PEER_KEY, THIRD_KEY);
	poll_after(POLL_US * 7 / 2);
	assert_true(has_key(world_destination(0), THIRD_KEY));
	poll_after(POLL_US);
	assert_true(has_key(world_destination(0), THIRD_KEY));
	host_test_end(&pr_test);
}

/* A node that changes its key was not fenced. */
static void peers_that_change_their_key_are_left_alone(void **state)
{
	(void)state;
	begin_prepared(1);
	poll_after(POLL_US);
	peer_registers(world_source(0), &peer, THIRD_KEY);
	poll_after(POLL_US);
	poll_after(POLL_US);
	assert_true(has_key(world_destination(0), PEER_KEY));
	peer_registers(world_destination(0), &peer, THIRD_KEY);
	poll_after(POLL_US);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_end(&pr_test);
}

/* This host's own new key is copied by the next poll. */
static void new_keys_follow(void **state)
{
	(void)state;
	for (int switched = 0; switched < 2; switched++) {
		begin_prepared(1);
		if (switched)
			host_test_must(&pr_test, VERB_SWITCH);
		poll_after(POLL_US);
		register_host(switched ? world_destination(0) : world_source(0), NEW_KEY, &usual);
		assert_true(poll_after(POLL_US));
		assert_true(has_key(switched ? world_source(0) : world_destination(0), NEW_KEY));
		expect_moved(switched ? "on_destination" : "prepared", switched ? SIDE_DESTINATION : SIDE_SOURCE);
		host_test_end(&pr_test);
	}
}

/* The new path is in the live map before the agent sees it, and there is no event. */
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
			poll_after(POLL_US);
			hot_add_path(lun);
			world_scan(pr_test.world);
			for (int i = 0; i < 11 && own_count(lun) < 3; i++)
				poll_after(POLL_US);
			assert_int_equal(own_count(lun), 3);
			world_begin(pr_test.world, NULL);
			for (int i = 0; i < 30; i++)
				poll_after(POLL_US);
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
		cmocka_unit_test(fenced_just_after_the_hold),
		cmocka_unit_test(fenced_while_registering),
		cmocka_unit_test(fenced_while_a_poll_registers),
		cmocka_unit_test(fenced_while_held),
		cmocka_unit_test(fenced_after_the_switch),
		cmocka_unit_test(cancel_when_fenced),
		cmocka_unit_test(fenced_on_the_other_lun),
		cmocka_unit_test(unfenced_before_the_agent_polls),
		cmocka_unit_test(agent_restarts),
		cmocka_unit_test(polls_are_quiet),
		cmocka_unit_test(peers_fencing_is_finished),
		cmocka_unit_test(peers_that_unregister_are_left_alone),
		cmocka_unit_test(a_peer_unregisters_first),
		cmocka_unit_test(what_a_fenced_holder_left),
		cmocka_unit_test(fenced_while_another_unregisters),
		cmocka_unit_test(what_was_not_seen_is_not_acted_upon),
		cmocka_unit_test(peers_that_change_their_key_are_left_alone),
		cmocka_unit_test(new_keys_follow),
		cmocka_unit_test(later_paths_are_registered),
	};

	return cmocka_run_group_tests_name("fencing", tests, NULL, NULL);
}
