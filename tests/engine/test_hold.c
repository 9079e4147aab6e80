/*
 * The held switch on a fake host: both directions, both ends, the lease, deaths while held, what is refused meanwhile,
 * and the report. The sweeps make every call fail.
 */
#include "engine_test.h"

#include "dm-import/core/engine.h"

enum { LEASE_MS = 2000 };

static struct host_test test;

static void begin(unsigned members)
{
	host_test_begin(&test, members, 2);
	assert_int_equal(host_test_open(&test), 0);
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
}

static int hold(enum side to, unsigned lease_ms)
{
	return host_test_ask(&test, (struct verb_request){ .verb = VERB_HOLD, .to = to, .lease_ms = lease_ms });
}

static int release(enum side to)
{
	return host_test_ask(&test, (struct verb_request){ .verb = VERB_RELEASE, .to = to });
}

static int ask(enum verb verb, struct import_request *members)
{
	return host_test_ask(&test, (struct verb_request){ .verb = verb, .import_id = "other", .members = members });
}

static void must_hold(enum side to)
{
	if (hold(to, LEASE_MS) < 0)
		fail_msg("hold: [%s] %s\n%s", error_name(test.err.code), test.err.detail, host_test_calls(&test));
}

static void expect_error(int rc, enum error_code code)
{
	assert_int_equal(rc, -1);
	assert_string_equal(error_name(test.err.code), error_name(code));
}

/* All maps of all pairs are held, with both tables in their slots, and the report says so without reading the host. */
static void expect_held(enum side from)
{
	struct json_object *report, *value = NULL;
	unsigned calls = test.world->calls;

	assert_string_equal(host_test_state(&test), "held");
	assert_int_equal(test.world->holds, 2 * test.members);
	assert_false(test.world->multipathd_running);
	report = host_test_report(&test);
	assert_true(json_object_object_get_ex(report, "hold", &value));
	assert_non_null(value);
	assert_true(json_object_object_get_ex(report, "active_path", &value));
	assert_string_equal(json_object_get_string(value), from == SIDE_SOURCE ? "Source" : "Destination");
	json_object_put(report);
	assert_int_equal(test.world->calls, calls);
	assert_string_equal(test.world->violations, "");
}

/* The field of "last_hold", as text; "" when there is none. */
static const char *last_hold(const char *field)
{
	struct json_object *report = host_test_report(&test), *note = NULL, *value = NULL;
	static char text[64];

	text[0] = '\0';
	assert_true(json_object_object_get_ex(report, "last_hold", &note));
	if (note && json_object_object_get_ex(note, field, &value) && value)
		snprintf(text, sizeof(text), "%s", json_object_get_string(value));
	json_object_put(report);
	return text;
}

static void release_to_the_new_side(void **state)
{
	(void)state;
	begin(3);
	must_hold(SIDE_DESTINATION);
	expect_held(SIDE_SOURCE);
	world_pass_time(test.world, 700000);
	host_test_must(&test, VERB_RELEASE);
	assert_non_null(strstr(json_object_to_json_string(test.result), "pauses_us"));
	host_test_expect(&test, "on_destination", SIDE_DESTINATION);
	assert_string_equal(last_hold("outcome"), "released");
	assert_in_range(atoi(last_hold("held_ms")), 700, 720);
	host_test_must(&test, VERB_RELEASE);
	assert_non_null(strstr(json_object_to_json_string(test.result), "unchanged"));
	must_hold(SIDE_SOURCE);
	expect_held(SIDE_DESTINATION);
	assert_int_equal(release(SIDE_SOURCE), 0);
	host_test_expect(&test, "prepared", SIDE_SOURCE);
	host_test_end(&test);
}

static void release_to_the_old_side(void **state)
{
	(void)state;
	begin(3);
	must_hold(SIDE_DESTINATION);
	assert_int_equal(release(SIDE_SOURCE), 0);
	assert_non_null(strstr(json_object_to_json_string(test.result), "held_ms"));
	host_test_expect(&test, "prepared", SIDE_SOURCE);
	assert_string_equal(last_hold("outcome"), "taken_back");
	host_test_must(&test, VERB_SWITCH);
	assert_string_equal(last_hold("outcome"), "");
	must_hold(SIDE_SOURCE);
	assert_int_equal(release(SIDE_DESTINATION), 0);
	host_test_expect(&test, "on_destination", SIDE_DESTINATION);
	host_test_end(&test);
}

static void lease_ends(void **state)
{
	(void)state;
	begin(2);
	must_hold(SIDE_DESTINATION);
	assert_true(engine_holds(test.engine));
	world_pass_time(test.world, LEASE_MS * 1000 / 2);
	assert_false(engine_poll(test.engine, NULL));
	world_pass_time(test.world, LEASE_MS * 1000 / 2);
	assert_true(engine_poll(test.engine, NULL));
	assert_false(engine_holds(test.engine));
	host_test_expect(&test, "prepared", SIDE_SOURCE);
	assert_string_equal(last_hold("outcome"), "lease_expired");
	assert_in_range(atoi(last_hold("held_ms")), LEASE_MS, LEASE_MS + 20);
	expect_error(release(SIDE_DESTINATION), ERR_LEASE_EXPIRED);
	host_test_expect(&test, "prepared", SIDE_SOURCE);
	assert_int_equal(release(SIDE_SOURCE), 0);
	host_test_close(&test);
	assert_int_equal(host_test_open(&test), 0);
	assert_string_equal(last_hold("outcome"), "lease_expired");
	host_test_must(&test, VERB_HELD_SWITCH);
	host_test_expect(&test, "on_destination", SIDE_DESTINATION);
	host_test_end(&test);
}

/* Nothing polled: the release itself comes too late. */
static void late_release_changes_nothing(void **state)
{
	(void)state;
	begin(2);
	must_hold(SIDE_DESTINATION);
	world_pass_time(test.world, LEASE_MS * 1000);
	expect_error(release(SIDE_DESTINATION), ERR_LEASE_EXPIRED);
	host_test_expect(&test, "prepared", SIDE_SOURCE);
	host_test_end(&test);
}

static void lease_is_renewed(void **state)
{
	(void)state;
	begin(1);
	must_hold(SIDE_DESTINATION);
	world_pass_time(test.world, LEASE_MS * 900);
	assert_int_equal(hold(SIDE_DESTINATION, LEASE_NOT_GIVEN), 0);
	assert_non_null(strstr(json_object_to_json_string(test.result), "unchanged"));
	must_hold(SIDE_DESTINATION);
	assert_non_null(strstr(json_object_to_json_string(test.result), "renewed"));
	world_pass_time(test.world, LEASE_MS * 900);
	assert_false(engine_poll(test.engine, NULL));
	world_pass_time(test.world, LEASE_MS * 200);
	expect_error(hold(SIDE_DESTINATION, LEASE_MS), ERR_LEASE_EXPIRED);
	host_test_expect(&test, "prepared", SIDE_SOURCE);
	host_test_end(&test);
}

static void bad_leases_and_states(void **state)
{
	static const unsigned leases[] = { 0, 99, 30001, UINT_MAX - 1 };

	(void)state;
	host_test_begin(&test, 1, 2);
	assert_int_equal(host_test_open(&test), 0);
	host_test_must(&test, VERB_CREATE);
	expect_error(hold(SIDE_DESTINATION, LEASE_MS), ERR_STATE_WRONG);
	host_test_must(&test, VERB_PREPARE);
	world_begin(test.world, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(leases); i++)
		expect_error(hold(SIDE_DESTINATION, leases[i]), ERR_VALUE_INVALID);
	expect_error(hold(SIDE_SOURCE, LEASE_MS), ERR_STATE_WRONG);
	expect_error(release(SIDE_DESTINATION), ERR_STATE_WRONG);
	assert_int_equal(release(SIDE_SOURCE), 0);
	assert_int_equal(test.world->calls, 0);
	must_hold(SIDE_DESTINATION);
	expect_error(hold(SIDE_SOURCE, LEASE_MS), ERR_STATE_WRONG);
	expect_error(host_test_run(&test, VERB_SWITCH), ERR_STATE_WRONG);
	expect_error(host_test_run(&test, VERB_COMMIT), ERR_STATE_WRONG);
	expect_held(SIDE_SOURCE);
	host_test_end(&test);
}

/* Somebody exchanged the tables by hand: there is nothing to hold, and a hold of nothing must not begin. */
static void tables_exchanged_by_hand(void **state)
{
	struct fake_map *live, *idle;
	char table[TABLE_SIZE];

	(void)state;
	begin(1);
	live = world_map(test.world, world_source_wwid(0));
	idle = world_map(test.world, world_destination_wwid(0));
	memcpy(table, live->active, sizeof(table));
	memcpy(live->active, idle->active, sizeof(table));
	memcpy(idle->active, table, sizeof(table));
	expect_error(hold(SIDE_DESTINATION, LEASE_MS), ERR_STATE_WRONG);
	assert_false(engine_poll(test.engine, NULL));
	assert_string_equal(host_test_state(&test), "prepared");
	assert_true(test.world->multipathd_running);
	assert_int_equal(test.world->holds, 0);
	host_test_close(&test);
	world_free(test.world);
}

static void others_are_refused_meanwhile(void **state)
{
	struct member_request member;
	struct import_request request = { .id = "other", .members = &member, .member_count = 1 };
	char id[IMPORT_ID_SIZE];
	bool created;

	(void)state;
	host_test_begin(&test, 3, 2);
	assert_int_equal(host_test_open(&test), 0);
	test.members = 1;
	host_test_must(&test, VERB_CREATE);
	host_test_must(&test, VERB_PREPARE);
	snprintf(member.source_wwid, sizeof(member.source_wwid), "%s", world_source_wwid(1));
	snprintf(member.destination_wwid, sizeof(member.destination_wwid), "%s", world_destination_wwid(1));
	assert_int_equal(engine_import_create(test.engine, &request, NULL, id, &created, &test.err), 0);
	must_hold(SIDE_DESTINATION);
	expect_error(ask(VERB_PREPARE, NULL), ERR_IMPORT_HELD);
	expect_error(ask(VERB_CANCEL, NULL), ERR_IMPORT_HELD);
	expect_error(ask(VERB_REFRESH, NULL), ERR_IMPORT_HELD);
	expect_error(engine_import_delete(test.engine, "other", &test.err), ERR_IMPORT_HELD);
	expect_error(engine_import_session(test.engine, "other", "paused", 1, &test.err), ERR_IMPORT_HELD);
	expect_error(ask(VERB_PRECHECK, &request), ERR_IMPORT_HELD);
	snprintf(request.id, sizeof(request.id), "third");
	expect_error(engine_import_create(test.engine, &request, NULL, id, &created, &test.err), ERR_IMPORT_HELD);
	assert_int_equal(engine_import_session(test.engine, "test", "in_progress", 1, &test.err), 0);
	expect_held(SIDE_SOURCE);
	host_test_must(&test, VERB_RELEASE);
	host_test_expect(&test, "on_destination", SIDE_DESTINATION);
	host_test_end(&test);
}

/* The agent is killed; its guardian releases; the next agent undoes the rest. Or the guardian is dead, too. */
static void agent_dies_while_held(void **state)
{
	(void)state;
	for (int guarded = 0; guarded < 2; guarded++) {
		begin(2);
		must_hold(SIDE_DESTINATION);
		host_test_forget(&test);
		if (guarded)
			world_guardian(test.world);
		assert_int_equal(host_test_open(&test), 0);
		if (!guarded)
			world_begin(test.world, NULL); /* it was opened while maps were held, as intended here */
		host_test_expect(&test, "prepared", SIDE_SOURCE);
		assert_string_equal(last_hold("outcome"), "interrupted");
		expect_error(release(SIDE_DESTINATION), ERR_LEASE_EXPIRED);
		host_test_must(&test, VERB_HELD_SWITCH);
		host_test_expect(&test, "on_destination", SIDE_DESTINATION);
		host_test_end(&test);
	}
}

static void orderly_end_takes_back(void **state)
{
	(void)state;
	begin(2);
	must_hold(SIDE_DESTINATION);
	host_test_close(&test);
	assert_int_equal(test.world->holds, 0);
	assert_true(test.world->multipathd_running);
	assert_int_equal(host_test_open(&test), 0);
	host_test_expect(&test, "prepared", SIDE_SOURCE);
	assert_string_equal(last_hold("outcome"), "interrupted");
	host_test_end(&test);
}

static const char *const states[] = { "prepared", "on_destination" };

/* Two members, held on their way from this side. */
static void begin_held(enum side from)
{
	begin(2);
	if (from == SIDE_DESTINATION)
		host_test_must(&test, VERB_HELD_SWITCH);
	must_hold(other_side(from));
}

/*
 * Nothing confirmed that the new side has all the data: the host comes up on the old side, before any process of ours.
 */
static void power_is_cut_while_held(void **state)
{
	(void)state;
	for (enum side from = SIDE_SOURCE; from <= SIDE_DESTINATION; from++) {
		begin_held(from);
		host_test_forget(&test);
		world_reboot(test.world);
		host_test_expect_side(&test, from);
		assert_int_equal(host_test_open(&test), 0);
		host_test_expect(&test, states[from], from);
		assert_string_equal(last_hold("outcome"), "interrupted");
		host_test_end(&test);
	}
}

/* The release is decided, and only the maps' release itself remains. */
static void release_without_power(enum side to)
{
	const struct failure failure = { .kind = POWER_CUT, .call = 1, .call_name = "dm.resume" };
	jmp_buf landing;

	world_begin(test.world, &failure);
	test.world->death = &landing;
	if (setjmp(landing) == 0) {
		release(to);
		fail_msg("the power stayed on\n%s", host_test_calls(&test));
	}
	host_test_forget(&test);
	world_begin(test.world, NULL);
	world_reboot(test.world);
}

/* It comes up on the new side. */
static void power_is_cut_at_the_release(void **state)
{
	(void)state;
	for (enum side from = SIDE_SOURCE; from <= SIDE_DESTINATION; from++) {
		enum side to = other_side(from);

		host_test_deaths_begin();
		begin_held(from);
		release_without_power(to);
		host_test_deaths_end();
		host_test_expect_side(&test, to);
		assert_int_equal(host_test_open(&test), 0);
		host_test_expect(&test, states[to], to);
		assert_string_equal(last_hold("outcome"), "released");
		host_test_end(&test);
	}
}

/* An array that needs a held switch does not forward: a switch back without a hold would lose the writes since. */
static void way_back_without_a_hold(void **state)
{
	const struct verb_request cancel = { .verb = VERB_CANCEL };

	(void)state;
	begin(1);
	host_test_must(&test, VERB_HELD_SWITCH);
	expect_error(host_test_run(&test, VERB_SWITCH_BACK), ERR_HOLD_NEEDED);
	expect_error(host_test_ask(&test, cancel), ERR_HOLD_NEEDED);
	must_hold(SIDE_SOURCE);
	expect_error(host_test_ask(&test, cancel), ERR_HOLD_NEEDED);
	assert_int_equal(release(SIDE_DESTINATION), 0);
	host_test_expect(&test, "on_destination", SIDE_DESTINATION);
	expect_error(host_test_ask(&test, cancel), ERR_HOLD_NEEDED);
	host_test_must(&test, VERB_HELD_SWITCH_BACK);
	host_test_must(&test, VERB_CANCEL);
	host_test_expect(&test, "cancelled", SIDE_SOURCE);
	host_test_end(&test);
}

static void cancel_while_held(void **state)
{
	(void)state;
	begin(2);
	must_hold(SIDE_DESTINATION);
	host_test_must(&test, VERB_CANCEL);
	host_test_expect(&test, "cancelled", SIDE_SOURCE);
	host_test_end(&test);
	begin(2);
	host_test_must(&test, VERB_SWITCH);
	must_hold(SIDE_SOURCE);
	host_test_must(&test, VERB_CANCEL);
	host_test_expect(&test, "cancelled", SIDE_SOURCE);
	host_test_end(&test);
}

static void system_files_refuse_a_hold(void **state)
{
	static const struct {
		enum user_kind kind;
		const char *name;
		bool refused;
	} users[] = {
		{ USER_MOUNT, "/var", true },
		{ USER_MOUNT, "/var/log", true },
		{ USER_MOUNT, "/etc", true },
		{ USER_MOUNT, "/run", true },
		{ USER_SWAP, "/dev/dm-9", true },
		{ USER_MOUNT, "/varnish", false },
		{ USER_MOUNT, "/var/lib/pg", false },
		{ USER_MOUNT, "/srv", false },
		{ USER_MOUNT, "/var/lib/dm-import", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		begin(1);
		world_add_user(test.world, test.world->apps[0].map, users[i].kind, users[i].name);
		if (users[i].refused) {
			expect_error(hold(SIDE_DESTINATION, LEASE_MS), ERR_PRECHECK_FAILED);
			assert_non_null(strstr(json_object_to_json_string(test.result), "hold_carries_system"));
			host_test_expect(&test, "prepared", SIDE_SOURCE);
		} else {
			must_hold(SIDE_DESTINATION);
		}
		host_test_end(&test);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(release_to_the_new_side),
		cmocka_unit_test(release_to_the_old_side),
		cmocka_unit_test(lease_ends),
		cmocka_unit_test(late_release_changes_nothing),
		cmocka_unit_test(lease_is_renewed),
		cmocka_unit_test(bad_leases_and_states),
		cmocka_unit_test(tables_exchanged_by_hand),
		cmocka_unit_test(others_are_refused_meanwhile),
		cmocka_unit_test(agent_dies_while_held),
		cmocka_unit_test(orderly_end_takes_back),
		cmocka_unit_test(power_is_cut_while_held),
		cmocka_unit_test(power_is_cut_at_the_release),
		cmocka_unit_test(way_back_without_a_hold),
		cmocka_unit_test(cancel_while_held),
		cmocka_unit_test(system_files_refuse_a_hold),
	};

	return cmocka_run_group_tests_name("hold", tests, NULL, NULL);
}
