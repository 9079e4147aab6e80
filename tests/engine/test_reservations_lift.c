/*
 * The source's reservation lifted for the array and put back, on a fake host; and what the report says of it.
 */
#include "reservations.h"

static int lift(bool lifted)
{
	return host_test_ask(&pr_test, (struct verb_request){ .verb = VERB_RESERVATION, .lifted = lifted });
}

/* It is so already: nothing is sent, and the result says so. */
static void lift_again(bool lifted)
{
	size_t sent = calls_of("scsi.pr_out");

	assert_int_equal(lift(lifted), 0);
	assert_string_equal(json_object_to_json_string_ext(pr_test.result, JSON_C_TO_STRING_PLAIN),
			    "{\"unchanged\":true}");
	assert_int_equal(calls_of("scsi.pr_out"), sent);
}

static void lift_now(bool lifted)
{
	assert_int_equal(lift(lifted), 0);
	assert_null(strstr(json_object_to_json_string(pr_test.result), "unchanged"));
}

static void expect_lifted(void)
{
	for (int i = 0; i < 12; i++)
		tend(LOOK_US);
	assert_int_equal(lun_of(world_source(0))->pr.type, PR_NONE);
	assert_int_equal(own_count(world_source(0)), 2);
	assert_int_equal(lun_of(world_destination(0))->pr.type, PR_WE_RO);
}

static void lifted_and_put_back(void **state)
{
	(void)state;
	begin_prepared(1);
	lift_again(false);
	lift_now(true);
	expect_lifted();
	lift_again(true);
	host_test_must(&pr_test, VERB_SWITCH);
	expect_lifted();
	host_test_expect(&pr_test, "on_destination", SIDE_DESTINATION);
	lift_now(false);
	lift_again(false);
	expect_moved("on_destination", SIDE_DESTINATION);
	lift_now(true);
	host_test_close(&pr_test);
	assert_int_equal(host_test_open(&pr_test), 0);
	expect_lifted();
	host_test_must(&pr_test, VERB_SWITCH_BACK);
	expect_moved("prepared", SIDE_SOURCE);
	host_test_end(&pr_test);
}

static void cancel_puts_back_what_was_lifted(void **state)
{
	(void)state;
	for (int switched = 0; switched < 2; switched++) {
		begin_prepared(1);
		if (switched)
			host_test_must(&pr_test, VERB_SWITCH);
		assert_int_equal(lift(true), 0);
		host_test_must(&pr_test, VERB_CANCEL);
		host_test_expect(&pr_test, "cancelled", SIDE_SOURCE);
		assert_int_equal(lun_of(world_source(0))->pr.type, PR_WE_RO);
		assert_int_equal(own_count(world_source(0)), 2);
		expect_none_of_ours(world_destination(0));
		host_test_end(&pr_test);
	}
}

/* Of two members one is lifted already, or neither was ever reserved. */
static void lifted_where_there_is_something(void **state)
{
	(void)state;
	begin(2, 2);
	reserve_host(world_source(0), OWN_KEY, &usual);
	reserve_host(world_source(1), OWN_KEY, &usual);
	host_test_must(&pr_test, VERB_PREPARE);
	world_begin(pr_test.world,
		    &(struct failure){ .kind = FAIL_BEFORE, .call = 2, .call_name = "scsi.pr_out", .sys_errno = EIO });
	assert_int_equal(lift(true), -1);
	assert_int_equal(lun_of(world_source(0))->pr.type, PR_NONE);
	assert_int_equal(lun_of(world_source(1))->pr.type, PR_WE_RO);
	host_test_close(&pr_test);
	assert_int_equal(host_test_open(&pr_test), 0);
	assert_int_not_equal(member_pr(0)->lifted, PR_NONE);
	lift_now(true);
	lift_again(true);
	host_test_end(&pr_test);
	begin(1, 2);
	host_test_must(&pr_test, VERB_PREPARE);
	lift_again(true);
	lift_again(false);
	host_test_end(&pr_test);
}

/* Only the host whose reservation it is lifts it; the others switch meanwhile. */
static void lifted_by_a_peer(void **state)
{
	(void)state;
	begin_with_holding_peer();
	peer_holds(world_destination(0));
	expect_error(lift(true), ERR_PR_NOT_HOLDER);
	must_out(world_source(0), &peer,
		 (struct pr_request){ .action = PR_RELEASE, .type = PR_WE_RO, .key = PEER_KEY });
	tend(LOOK_US);
	host_test_must(&pr_test, VERB_SWITCH);
	expect_lifted();
	host_test_expect(&pr_test, "on_destination", SIDE_DESTINATION);
	host_test_end(&pr_test);
}

/* All registrants are holders: the peer's lifting is not undone, the destination stays reserved, and all switch. */
static void all_registrants_lifted_by_a_peer(void **state)
{
	const struct way all = { .type = PR_WE_AR, .aptpl = true };

	(void)state;
	for (int switched = 0; switched < 2; switched++) {
		begin(1, 2);
		reserve_host(world_source(0), OWN_KEY, &all);
		peer_registers(world_source(0), &peer, PEER_KEY);
		host_test_must(&pr_test, VERB_PREPARE);
		peer_registers(world_destination(0), &peer, PEER_KEY);
		if (switched)
			host_test_must(&pr_test, VERB_SWITCH);
		must_out(world_source(0), &peer,
			 (struct pr_request){ .action = PR_RELEASE, .type = PR_WE_AR, .key = PEER_KEY });
		for (int i = 0; i < 12; i++)
			tend(LOOK_US);
		assert_int_equal(lun_of(world_source(0))->pr.type, PR_NONE);
		assert_int_equal(lun_of(world_destination(0))->pr.type, PR_WE_AR);
		if (!switched)
			host_test_must(&pr_test, VERB_SWITCH);
		host_test_expect(&pr_test, "on_destination", SIDE_DESTINATION);
		host_test_must(&pr_test, VERB_SWITCH_BACK);
		assert_int_equal(lun_of(world_source(0))->pr.type, PR_WE_AR);
		expect_moved("prepared", SIDE_SOURCE);
		host_test_end(&pr_test);
	}
}

/* Of the first member's reservations: "destination.type", as text. */
static const char *reported(const char *side, const char *field)
{
	struct json_object *report = host_test_report(&pr_test), *at = NULL;
	static char text[64];

	assert_true(json_object_object_get_ex(report, "members", &at));
	assert_true(json_object_object_get_ex(json_object_array_get_idx(at, 0), "reservations", &at));
	if (*side)
		assert_true(json_object_object_get_ex(at, side, &at));
	assert_true(json_object_object_get_ex(at, field, &at));
	snprintf(text, sizeof(text), "%s", at ? json_object_get_string(at) : "null");
	json_object_put(report);
	return text;
}

static void the_report_tells(void **state)
{
	(void)state;
	begin_prepared(1);
	assert_string_equal(reported("", "registered"), "true");
	assert_string_equal(reported("", "fenced"), "false");
	assert_string_equal(reported("destination", "type"), "write_exclusive_registrants_only");
	assert_string_equal(reported("destination", "registered_paths"), "2");
	assert_string_equal(reported("source", "holder_key"), "0xa0001");
	assert_int_equal(lift(true), 0);
	tend(LOOK_US);
	assert_string_equal(reported("source", "type"), "null");
	assert_string_equal(reported("", "source_reservation_lifted"), "true");
	assert_int_equal(lift(false), 0);
	this_host_is_preempted();
	tend(LOOK_US);
	assert_string_equal(reported("", "fenced"), "true");
	assert_string_equal(reported("destination", "registered_paths"), "0");
	assert_string_equal(reported("source", "holder_key"), "0xb0001");
	host_test_end(&pr_test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lifted_and_put_back),
		cmocka_unit_test(cancel_puts_back_what_was_lifted),
		cmocka_unit_test(lifted_where_there_is_something),
		cmocka_unit_test(lifted_by_a_peer),
		cmocka_unit_test(all_registrants_lifted_by_a_peer),
		cmocka_unit_test(the_report_tells),
	};

	return cmocka_run_group_tests_name("reservations_lift", tests, NULL, NULL);
}
