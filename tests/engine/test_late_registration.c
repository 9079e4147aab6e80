/*
 * A host that is registered for the first time after prepare, and how seldom the agent polls until then.
 */
#include "reservations.h"

/* The number of commands in 30 seconds of polls that find no change. */
static size_t commands_of_polls(void)
{
	world_begin(pr_test.world, NULL);
	for (int i = 0; i < 30; i++)
		assert_false(poll_after(POLL_US));
	return calls_of("scsi.");
}

/* One command to each of both LUNs, every ten seconds; or only once if the LUNs do not support reservations. */
static void without_registrations_polls_are_few(void **state)
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
			assert_int_equal(commands_of_polls(), unsupported ? 0 : 6);
			host_test_close(&pr_test);
			assert_int_equal(host_test_open(&pr_test), 0);
			assert_int_equal(engine_poll_every_ms(pr_test.engine), 10000); /* it does not know yet */
			poll_after(POLL_US);
			assert_int_equal(engine_poll_every_ms(pr_test.engine), unsupported ? 0 : 10000);
			poll_after(10 * POLL_US);
			assert_int_equal(commands_of_polls(), unsupported ? 0 : 6);
			host_test_must(&pr_test, VERB_CANCEL);
			assert_int_equal(engine_poll_every_ms(pr_test.engine), 0);
			host_test_end(&pr_test);
		}
}

/* Only the destination does not support reservations: nothing can be moved, and polls stay few. */
static void without_registrations_on_a_destination_without(void **state)
{
	(void)state;
	begin(1, 2);
	lun_of(world_destination(0))->pr.unsupported = true;
	host_test_must(&pr_test, VERB_PREPARE);
	assert_int_equal(engine_poll_every_ms(pr_test.engine), 10000);
	assert_int_equal(commands_of_polls(), 3);
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
				poll_after(POLL_US);
				if (with_peer) {
					peer_registers(live, &peer, PEER_KEY);
					peer_registers(other, &peer, PEER_KEY);
					for (int i = 0; i < 12; i++)
						poll_after(POLL_US);
				}
				if (restarted) {
					host_test_close(&pr_test);
					assert_int_equal(host_test_open(&pr_test), 0);
				}
				reserve_host(live, OWN_KEY, &usual);
				for (int i = 0; i < 10 && own_count(other) == 0; i++)
					poll_after(POLL_US);
				expect_moved(switched ? "on_destination" : "prepared",
					     switched ? SIDE_DESTINATION : SIDE_SOURCE);
				assert_true(member_pr(0)->registered);
				assert_int_equal(engine_poll_every_ms(pr_test.engine), 500);
				assert_int_equal(has_key(other, PEER_KEY), with_peer);
				host_test_end(&pr_test);
			}
}

/* One of two members is registered: the other is polled less often. */
static void one_member_is_registered(void **state)
{
	(void)state;
	begin(2, 2);
	reserve_host(world_source(0), OWN_KEY, &usual);
	host_test_must(&pr_test, VERB_PREPARE);
	assert_int_equal(engine_poll_every_ms(pr_test.engine), 500);
	poll_after(POLL_US);
	world_begin(pr_test.world, NULL);
	for (int i = 0; i < 8; i++)
		assert_false(poll_after(POLL_US));
	assert_int_equal(calls_of("scsi."), 16);
	reserve_host(world_source(1), OWN_KEY, &usual);
	for (int i = 0; i < 10 && own_count(world_destination(1)) == 0; i++)
		poll_after(POLL_US);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_end(&pr_test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_registrations_polls_are_few),
		cmocka_unit_test(without_registrations_on_a_destination_without),
		cmocka_unit_test(registered_after_prepare),
		cmocka_unit_test(one_member_is_registered),
	};

	return cmocka_run_group_tests_name("late_registration", tests, NULL, NULL);
}
