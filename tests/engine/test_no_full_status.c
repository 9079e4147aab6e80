/*
 * LUNs without READ FULL STATUS, on one side or on both: the configuration, or the earlier state, says whose a key is.
 */
#include "reservations.h"

/* Bit 0: the source has none, bit 1: the destination. */
static void begin_without(int sides, bool switched)
{
	begin(1, 2);
	reserve_host(world_source(0), OWN_KEY, &usual);
	pr_test.world->settings.reservation_key = OWN_KEY;
	lun_of(world_source(0))->pr.no_full_status = sides & 1;
	lun_of(world_destination(0))->pr.no_full_status = sides & 2;
	host_test_must(&pr_test, VERB_PREPARE);
	if (switched)
		host_test_must(&pr_test, VERB_SWITCH);
	poll_after(POLL_US);
}

static void expect_not_fenced(bool switched)
{
	assert_false(member_pr(0)->fenced);
	assert_int_equal(own_count(world_source(0)), 2);
	assert_int_equal(own_count(world_destination(0)), 2);
	host_test_expect(&pr_test, switched ? "on_destination" : "prepared", switched ? SIDE_DESTINATION : SIDE_SOURCE);
}

/*
 * As mpathpersist does it: first multipathd gets the key, then path by path is registered; the agent polls each time.
 */
static void new_keys_follow(void **state)
{
	(void)state;
	for (int sides = 1; sides < 4; sides++)
		for (int switched = 0; switched < 2; switched++) {
			int live = switched ? world_destination(0) : world_source(0);
			int other = switched ? world_source(0) : world_destination(0);

			begin_without(sides, switched);
			world_begin(pr_test.world, NULL);
			pr_test.world->settings.reservation_key = NEW_KEY;
			for (int i = 0; i < 11; i++)
				poll_after(POLL_US);
			expect_not_fenced(switched);
			for (unsigned nth = 0; nth < 2; nth++) {
				register_path(live, nth, NEW_KEY, &usual);
				poll_after(POLL_US);
				expect_not_fenced(switched);
			}
			assert_false(has_key(live, OWN_KEY));
			assert_false(has_key(other, OWN_KEY));
			expect_moved(switched ? "on_destination" : "prepared",
				     switched ? SIDE_DESTINATION : SIDE_SOURCE);
			for (int i = 0; i < 30; i++)
				poll_after(POLL_US);
			assert_int_equal(calls_of("scsi.pr_out"), 2); /* one registration per path; no preemption */
			host_test_must(&pr_test, VERB_CANCEL);
			expect_none_of_ours(world_destination(0));
			assert_int_equal(own_count(world_source(0)), 2);
			host_test_end(&pr_test);
		}
}

/* A key that disappears is fencing all the same, whatever the configuration says by now. */
static void still_fenced(void **state)
{
	(void)state;
	for (int sides = 1; sides < 4; sides++)
		for (int renamed = 0; renamed < 2; renamed++) {
			begin_without(sides, true);
			peer_registers(world_source(0), &peer, PEER_KEY);
			peer_registers(world_destination(0), &peer, PEER_KEY);
			poll_after(POLL_US);
			if (renamed)
				pr_test.world->settings.reservation_key = NEW_KEY;
			peer_preempts(world_destination(0), &peer, PEER_KEY, OWN_KEY);
			mark_fenced(true);
			assert_true(poll_after(POLL_US));
			assert_true(member_pr(0)->fenced);
			expect_none_of_ours(world_source(0));
			expect_none_of_ours(world_destination(0));
			host_test_end(&pr_test);
		}
}

static void peers_are_preempted_without_abort(void **state)
{
	(void)state;
	for (int sides = 0; sides < 4; sides++) {
		begin_without(sides, true);
		peer_registers(world_source(0), &peer, PEER_KEY);
		peer_registers(world_destination(0), &peer, PEER_KEY);
		poll_after(POLL_US);
		lun_of(world_source(0))->pr.no_preempt_and_abort = true;
		peer_preempts(world_destination(0), &path_of(world_destination(0), 0)->nexus, OWN_KEY, PEER_KEY);
		poll_after(POLL_US);
		assert_false(has_key(world_source(0), PEER_KEY));
		expect_not_fenced(true);
		host_test_end(&pr_test);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_keys_follow),
		cmocka_unit_test(still_fenced),
		cmocka_unit_test(peers_are_preempted_without_abort),
	};

	return cmocka_run_group_tests_name("no-full-status", tests, NULL, NULL);
}
